/* SPDX-License-Identifier: MIT
 *
 * The files that an importer reads: what the job names, and what lies below the folders it names.
 */
#include <string.h>

#include "base/io.h"
#include "data/import_tools.h"

enum { MOST_LEVELS = 12 };

typedef bool (*wants_file)(const char *name);

const char *import_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool import_ends(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

pm_str import_stem(const char *path)
{
    const char *base = import_base_name(path);
    size_t len = strlen(base);
    if (import_ends(base, ".gz")) len -= 3;
    for (size_t k = len; k > 1; k--)
        if (base[k - 1] == '.') return (pm_str){base, k - 1};
    return (pm_str){base, len};
}

static pm_status add(import_files *f, const char *path, pm_err *err)
{
    if (!mem_grow(&f->path, &f->room, f->n + 1, sizeof *f->path))
        return err_set(err, PM_E_MEMORY, "no memory for the list of files");
    f->path[f->n++] = path;
    return PM_OK;
}

static pm_status walk(import_files *f, const char *dir, wants_file wants, int level, pm_err *err)
{
    char **name;
    size_t n;
    if (level > MOST_LEVELS)
        return err_set(err, PM_E_FORMAT, "%s: more than %d folders deep", dir, (int)MOST_LEVELS);
    pm_status s = io_list(dir, f->a, &name, &n, err);
    for (size_t k = 0; s == PM_OK && k < n; k++) {
        const char *path = io_join(f->a, dir, name[k]);
        if (!path) return err_set(err, PM_E_MEMORY, "%s: no memory", dir);
        if (io_is_dir(path))
            s = walk(f, path, wants, level + 1, err);
        else if (!wants || wants(name[k]))
            s = add(f, path, err);
    }
    return s;
}

pm_status import_files_of(const import_job *job, bool (*wants)(const char *name), import_files *out,
                          pm_err *err)
{
    memset(out, 0, sizeof *out);
    out->a = arena_open(0);
    pm_status s = out->a ? PM_OK : err_set(err, PM_E_MEMORY, "no memory for the list of files");
    for (size_t k = 0; s == PM_OK && k < job->n_inputs; k++) {
        const char *path = job->input[k];
        size_t before = out->n;
        if (!io_is_dir(path)) {
            s = add(out, path, err);
            continue;
        }
        s = walk(out, path, wants, 1, err);
        if (s == PM_OK && out->n == before)
            s = err_set(err, PM_E_FORMAT, "%s: found no file of this format in the folder", path);
    }
    if (s != PM_OK) import_files_close(out);
    return s;
}

void import_files_close(import_files *f)
{
    arena_close(f->a);
    mem_free(f->path);
    memset(f, 0, sizeof *f);
}
