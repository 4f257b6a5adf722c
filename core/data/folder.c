/* SPDX-License-Identifier: MIT
 *
 * A folder that is being written: its temporary place beside the target, its further files, and the moment at which
 * it takes its name.
 */
#include "config.h"

#include "data/folder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "data/folder_private.h"
#include "data/show.h"

enum { TEMPORARY_TRIES = 100 };

pm_status folder_no_memory(const folder *f, pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "%s: no memory for the folder", f->dir);
}

pm_status folder_path(folder *f, const char *name, bool may_pack, str *out, pm_err *err)
{
    str_clear(out);
    str_printf(out, "%s/%s%s", f->temporary, name, may_pack && f->o.gzip ? ".gz" : "");
    return out->failed ? folder_no_memory(f, err) : PM_OK;
}

pm_status folder_create(folder *f, const char *name, gz_out **out, pm_err *err)
{
    str path = STR_INIT;
    pm_status s = folder_path(f, name, true, &path, err);
    if (s == PM_OK) s = gz_out_open(str_text(&path), f->o.gzip, out, err);
    str_close(&path);
    return s;
}

/* ---- opening ---- */

/* A folder that may be replaced is a dataset, and flat: what is overwritten by mistake is then at least one. */
static pm_status check_replaced(const folder *f, char **file, size_t n, pm_err *err)
{
    bool is_dataset = false;
    for (size_t k = 0; k < n; k++) {
        const char *path = io_join(f->a, f->dir, file[k]);
        if (!path) return folder_no_memory(f, err);
        if (io_is_dir(path))
            return err_set(err, PM_E_ARG, "%s: holds the folder %s, so it is not overwritten",
                           f->dir, file[k]);
        is_dataset = is_dataset || strcmp(file[k], "prompts.jsonl") == 0 ||
                     strcmp(file[k], "prompts.jsonl.gz") == 0;
    }
    if (is_dataset) return PM_OK;
    return err_set(err, PM_E_ARG,
                   "%s: holds %s but no prompts.jsonl; only a dataset is overwritten", f->dir,
                   file[0]);
}

static pm_status check_target(const folder *f, pm_err *err)
{
    char **file;
    size_t n;
    if (!*f->dir) return err_set(err, PM_E_ARG, "found no name, wanted that of a new folder");
    if (!io_exists(f->dir)) return PM_OK;
    if (!io_is_dir(f->dir))
        return err_set(err, PM_E_ARG, "%s: exists and is no folder; a new or empty one is wanted",
                       f->dir);
    pm_status s = io_list(f->dir, f->a, &file, &n, err);
    if (s != PM_OK || !n) return s;
    if (f->o.overwrite) return check_replaced(f, file, n, err);
    return err_set(err, PM_E_ARG,
                   "%s: is not empty (%s); a new or empty folder is wanted, or --overwrite", f->dir,
                   file[0]);
}

static pm_status make_parent(const folder *f, pm_err *err)
{
    const char *slash = strrchr(f->dir, '/');
    if (!slash || slash == f->dir) return PM_OK;
    char *parent = arena_strndup(f->a, f->dir, (size_t)(slash - f->dir));
    return parent ? io_mkdir(parent, err) : folder_no_memory(f, err);
}

static pm_status make_temporary(folder *f, pm_err *err)
{
    size_t room = strlen(f->dir) + 48;
    char *path = arena_alloc(f->a, room, 1);
    if (!path) return folder_no_memory(f, err);
    for (int k = 0; k < TEMPORARY_TRIES; k++) { /* a dead process may have left its own */
        snprintf(path, room, "%s.tmp.%ld.%d", f->dir, (long)getpid(), k);
        if (mkdir(path, 0777) == 0) {
            f->temporary = path;
            return PM_OK;
        }
        if (errno != EEXIST) break;
    }
    return err_set(err, PM_E_IO, "%s: cannot make the folder: %s", path, strerror(errno));
}

static pm_status open_all(folder *f, const char *dir, pm_err *err)
{
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/') len--;
    f->dir = arena_strndup(f->a, dir, len);
    f->check.spare = arena_open(0);
    if (!f->dir || !f->check.spare || !ids_open(&f->prompts))
        return err_set(err, PM_E_MEMORY, "%s: no memory for the folder", dir);
    f->models = names_of(f->a);
    pm_status s = check_target(f, err);
    if (s == PM_OK) s = make_parent(f, err);
    if (s == PM_OK) s = make_temporary(f, err);
    return s == PM_OK ? folder_create(f, "prompts.jsonl", &f->prompt_file, err) : s;
}

pm_status folder_open(const char *dir, const folder_options *o, folder **out, pm_err *err)
{
    static const folder_options defaults = FOLDER_OPTIONS_DEFAULT;
    *out = NULL;
    folder *f = mem_alloc(1, sizeof *f);
    if (f) f->a = arena_open(0);
    if (!f || !f->a) {
        mem_free(f);
        return err_set(err, PM_E_MEMORY, "%s: no memory for the folder", dir);
    }
    f->o = o ? *o : defaults;
    pm_status s = open_all(f, dir, err);
    if (s != PM_OK) {
        folder_abandon(f);
        return s;
    }
    *out = f;
    return PM_OK;
}

/* ---- further members ---- */

pm_status folder_check_more(folder *f, pm_str more, const char *const *ours, const char *where,
                            pm_err *err)
{
    scan *c = &f->check;
    str_clear(&f->text);
    str_puts(&f->text, "{");
    str_put(&f->text, more.ptr, more.len);
    str_puts(&f->text, "}\n");
    size_t len = f->text.len - 1;
    for (int k = 0; k < SCAN_PAD; k++) str_puts(&f->text, "\n");
    if (f->text.failed) return folder_no_memory(f, err);
    arena_reset(c->spare);
    c->at = f->text.at;
    c->end = c->at + len;
    c->no_memory = false;
    bool object = scan_object(c);
    if (c->no_memory) return folder_no_memory(f, err);
    if (!object || c->at != c->end || memchr(more.ptr, '\n', more.len))
        return err_set(err, PM_E_ARG, "%s: further members: found %s, wanted members of JSON",
                       where, show_text(more).text);
    for (size_t k = 0; k < c->n_fields; k++)
        for (size_t i = 0; ours[i]; i++)
            if (pm_str_equal(c->field[k].key, ours[i]))
                return err_set(err, PM_E_ARG, "%s: further members: \"%s\" stands there already",
                               where, ours[i]);
    return PM_OK;
}

/* ---- further files ---- */

static bool is_plain_name(const char *name)
{
    size_t len = strlen(name);
    if (!len || len > 200 || name[0] == '.') return false;
    for (size_t k = 0; k < len; k++)
        if ((unsigned char)name[k] < 0x20 || name[k] == '/' || name[k] == 0x7f) return false;
    return true;
}

static bool is_taken(const char *name)
{
    static const char *const taken[] = {"prompts.jsonl", "models.json", "battles.jsonl",
                                        "embeddings.npy"};
    for (size_t k = 0; k < sizeof taken / sizeof *taken; k++) {
        size_t len = strlen(taken[k]);
        if (strncmp(name, taken[k], len) == 0 && (!name[len] || strcmp(name + len, ".gz") == 0))
            return true;
    }
    return false;
}

pm_status folder_text_file(folder *f, const char *name, pm_str text, pm_err *err)
{
    str path = STR_INIT;
    if (!is_plain_name(name) || is_taken(name))
        return err_set(err, PM_E_ARG, "%s: found the file name %s, wanted one of its own", f->dir,
                       show_text(pm_str_of(name)).text);
    pm_status s = folder_path(f, name, false, &path, err);
    if (s == PM_OK && io_exists(str_text(&path)))
        s = err_set(err, PM_E_ARG, "%s: the file %s is written twice", f->dir, name);
    if (s == PM_OK) s = io_write(str_text(&path), text.ptr, text.len, err);
    str_close(&path);
    return s;
}

/* ---- the end ---- */

static void close_all(folder *f)
{
    gz_out_abandon(f->prompt_file);
    gz_out_abandon(f->battle_file);
    if (f->embed_file) fclose(f->embed_file);
    folder_close_tables(f);
    ids_close(&f->prompts);
    mem_free(f->more);
    mem_free(f->has_vector);
    str_close(&f->line);
    str_close(&f->text);
    scan_close(&f->check);
    arena_close(f->check.spare);
    arena_close(f->a);
    mem_free(f);
}

void folder_abandon(folder *f)
{
    if (!f) return;
    pm_err ignored = PM_ERR_INIT; /* there is an earlier error to be told */
    if (f->temporary && io_remove_folder(f->temporary, &ignored) != PM_OK)
        log_line(LOG_WARN, "%s", err_text(&ignored));
    close_all(f);
}

static pm_status check_whole(const folder *f, pm_err *err)
{
    bool outcomes = f->n_battles > 0;
    for (size_t k = 0; k < f->n_tables; k++)
        outcomes = outcomes || strcmp(f->table[k].name, "scores") == 0 ||
                   strcmp(f->table[k].name, "losses") == 0;
    if (!f->prompts.n) return err_set(err, PM_E_FORMAT, "%s: found no prompt to write", f->dir);
    if (!outcomes)
        return err_set(err, PM_E_FORMAT,
                       "%s: found no score, no loss and no battle of the %zu prompts", f->dir,
                       f->prompts.n);
    if (f->models.n && f->prompts.n > ((size_t)1 << 31) / f->models.n)
        return err_set(err, PM_E_FORMAT, "%s: %zu prompts x %zu models are more than 2^31 cells",
                       f->dir, f->prompts.n, f->models.n);
    return PM_OK;
}

static pm_status close_stream(gz_out **file, pm_err *err)
{
    gz_out *o = *file;
    *file = NULL;
    return o ? gz_out_close(o, err) : PM_OK;
}

pm_status folder_finish(folder *f, pm_err *err)
{
    pm_status s = check_whole(f, err);
    if (s == PM_OK) s = close_stream(&f->prompt_file, err);
    if (s == PM_OK) s = close_stream(&f->battle_file, err);
    if (s == PM_OK) s = folder_write_models(f, err);
    if (s == PM_OK) s = folder_write_tables(f, err);
    if (s == PM_OK) s = folder_finish_embeddings(f, err);
    if (s == PM_OK && (s = io_move_folder(f->temporary, f->dir, f->o.overwrite, err)) == PM_OK)
        f->temporary = NULL;
    folder_abandon(f);
    return s;
}
