/* SPDX-License-Identifier: MIT
 *
 * Files over POSIX.  A written file is either the old one or the whole new one: content goes to a
 * temporary in the same folder, is flushed to disk, and takes the name in one step.
 */
#include "config.h"

#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP       ((size_t)64 << 10)
#define TEMPORARY_TRIES 100

static pm_status refuse(pm_err *err, const char *path, const char *what)
{
    return err_set(err, PM_E_IO, "%s: cannot %s: %s", path, what, strerror(errno));
}

static pm_status out_of_memory(pm_err *err, const char *path)
{
    return err_set(err, PM_E_MEMORY, "%s: out of memory", path);
}

/* ---- reading ---- */

pm_status io_map_open(const char *path, io_map *out, pm_err *err)
{
    *out = (io_map){"", 0, false};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return refuse(err, path, "open");
    struct stat st;
    pm_status s = PM_OK;
    if (fstat(fd, &st) != 0) {
        s = refuse(err, path, "read");
    } else if (!S_ISREG(st.st_mode)) {
        s = err_set(err, PM_E_IO, "%s: not a regular file, so it cannot be mapped", path);
    } else if (st.st_size > 0) {
        void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (at == MAP_FAILED) {
            s = refuse(err, path, "map");
        } else {
            *out = (io_map){at, (size_t)st.st_size, true};
        }
    }
    close(fd);
    return s;
}

void io_map_close(io_map *m)
{
    if (m->mapped) munmap((void *)(uintptr_t)m->at, m->len);
    *m = (io_map){"", 0, false};
}

void io_map_drop(const io_map *m)
{
    if (m->mapped) (void)madvise((void *)(uintptr_t)m->at, m->len, MADV_DONTNEED);
}

pm_status io_read(const char *path, size_t max_bytes, str *out, pm_err *err)
{
    str_clear(out);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return refuse(err, path, "open");
    pm_status s = PM_OK;
    for (;;) {
        if (!mem_grow(&out->at, &out->capacity, out->len + READ_STEP + 1, 1)) {
            s = out_of_memory(err, path);
            break;
        }
        ssize_t got = read(fd, out->at + out->len, READ_STEP);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            s = refuse(err, path, "read");
            break;
        }
        out->len += (size_t)got;
        out->at[out->len] = '\0';
        if (out->len > max_bytes) {
            s = err_set(err, PM_E_FORMAT, "%s: larger than the %zu bytes allowed here", path,
                        max_bytes);
            break;
        }
        if (got == 0) break;
    }
    close(fd);
    if (s != PM_OK) str_clear(out);
    return s;
}

pm_status io_line(FILE *stream, const char *name, size_t max_bytes, str *line, bool *more,
                  pm_err *err)
{
    str_clear(line);
    int c = 0;
    while ((c = getc_unlocked(stream)) != EOF && c != '\n') {
        if (line->len == max_bytes) {
            return err_set(err, PM_E_FORMAT, "%s: a line longer than %zu bytes", name, max_bytes);
        }
        char byte = (char)c;
        str_put(line, &byte, 1);
        if (line->failed) return out_of_memory(err, name);
    }
    if (c == EOF && ferror(stream)) return refuse(err, name, "read");
    *more = c != EOF || line->len > 0;
    if (line->len > 0 && line->at[line->len - 1] == '\r') line->at[--line->len] = '\0';
    return PM_OK;
}

/* ---- writing ---- */

struct io_out {
    FILE *file;
    char *path, *temporary; /* behind the struct, in one block */
};

pm_status io_out_open(const char *path, io_out **out, pm_err *err)
{
    *out = NULL;
    size_t len = strlen(path), room = len + 40;
    io_out *o = mem_alloc(1, sizeof *o + len + 1 + room);
    if (!o) return out_of_memory(err, path);
    o->path = (char *)(o + 1);
    o->temporary = o->path + len + 1;
    memcpy(o->path, path, len + 1);
    int fd = -1;
    for (int k = 0; k < TEMPORARY_TRIES && fd < 0; k++) { /* a dead process may have left its own */
        snprintf(o->temporary, room, k ? "%s.tmp.%ld.%d" : "%s.tmp.%ld", path, (long)getpid(), k);
        fd = open(o->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0 && errno != EEXIST) break;
    }
    if (fd >= 0) o->file = fdopen(fd, "wb");
    if (!o->file) {
        pm_status s = refuse(err, path, "create");
        if (fd >= 0) {
            close(fd);
            unlink(o->temporary);
        }
        mem_free(o);
        return s;
    }
    *out = o;
    return PM_OK;
}

FILE *io_out_file(io_out *o)
{
    return o->file;
}

/* Makes the new name itself durable.  Some file systems refuse to sync a folder: that is no
 * error. */
static void sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == path ? 1 : slash ? (size_t)(slash - path) : 1;
    char *folder = mem_alloc(len + 1, 1);
    if (!folder) return;
    memcpy(folder, slash ? path : ".", len);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    mem_free(folder);
}

pm_status io_out_commit(io_out *o, pm_err *err)
{
    bool stream_bad = ferror(o->file) != 0;
    bool written = fflush(o->file) == 0 && !stream_bad && fsync(fileno(o->file)) == 0;
    pm_status s = PM_OK;
    if (!written) s = refuse(err, o->path, "write");
    if (fclose(o->file) != 0 && s == PM_OK) s = refuse(err, o->path, "write");
    if (s == PM_OK && rename(o->temporary, o->path) != 0) s = refuse(err, o->path, "replace");
    if (s == PM_OK) {
        sync_folder(o->path);
    } else {
        unlink(o->temporary);
    }
    mem_free(o);
    return s;
}

void io_out_abandon(io_out *o)
{
    if (!o) return;
    fclose(o->file);
    unlink(o->temporary);
    mem_free(o);
}

pm_status io_write(const char *path, const void *bytes, size_t len, pm_err *err)
{
    io_out *o = NULL;
    pm_status s = io_out_open(path, &o, err);
    if (s != PM_OK) return s;
    if (len > 0 && fwrite(bytes, 1, len, o->file) != len) {
        s = refuse(err, path, "write");
        io_out_abandon(o);
        return s;
    }
    return io_out_commit(o, err);
}

/* ---- folders ---- */

bool io_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool io_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool io_is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

pm_status io_mkdir(const char *path, pm_err *err)
{
    size_t len = strlen(path);
    char *part = mem_alloc(len + 1, 1);
    if (!part) return out_of_memory(err, path);
    pm_status s = PM_OK;
    for (size_t i = 1; i <= len && s == PM_OK; i++) {
        if (path[i] != '/' && path[i] != '\0') continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0777) == 0) continue;
        int why = errno; /* asking changes it */
        if (io_is_dir(part)) continue;
        errno = why == EEXIST ? ENOTDIR : why;
        s = refuse(err, part, "make the folder");
    }
    mem_free(part);
    return s;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

pm_status io_list(const char *dir, arena *a, char ***names, size_t *n, pm_err *err)
{
    *names = NULL;
    *n = 0;
    DIR *d = opendir(dir);
    if (!d) return refuse(err, dir, "list");
    char **found = NULL;
    size_t count = 0, capacity = 0;
    pm_status s = PM_OK;
    for (struct dirent *e = NULL; s == PM_OK && (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if (!mem_grow(&found, &capacity, count + 1, sizeof *found) ||
            !(found[count] = arena_strdup(a, e->d_name))) {
            s = out_of_memory(err, dir);
        } else {
            count++;
        }
    }
    closedir(d);
    if (s == PM_OK && !(*names = arena_alloc(a, count, sizeof **names)))
        s = out_of_memory(err, dir);
    if (s == PM_OK && count > 0) {
        qsort(found, count, sizeof *found, by_name);
        memcpy(*names, found, count * sizeof *found);
        *n = count;
    }
    mem_free(found);
    return s;
}

pm_status io_remove_folder(const char *path, pm_err *err)
{
    char **names;
    size_t n;
    arena *a = arena_open(0);
    if (!a) return out_of_memory(err, path);
    pm_status s = io_list(path, a, &names, &n, err);
    for (size_t k = 0; s == PM_OK && k < n; k++) {
        const char *file = io_join(a, path, names[k]);
        if (!file)
            s = out_of_memory(err, path);
        else if (io_is_dir(file))
            s = err_set(err, PM_E_IO, "%s: is a folder, wanted files only", file);
    }
    for (size_t k = 0; s == PM_OK && k < n; k++) {
        const char *file = io_join(a, path, names[k]);
        if (!file)
            s = out_of_memory(err, path);
        else if (unlink(file) != 0)
            s = refuse(err, file, "remove");
    }
    if (s == PM_OK && rmdir(path) != 0) s = refuse(err, path, "remove");
    arena_close(a);
    return s;
}

pm_status io_move_folder(const char *from, const char *to, bool replace, pm_err *err)
{
    size_t len = strlen(to);
    while (len > 1 && to[len - 1] == '/') len--;
    if (rename(from, to) == 0) { /* nothing there, or an empty folder */
        sync_folder(from);
        return PM_OK;
    }
    if (!replace || (errno != ENOTEMPTY && errno != EEXIST)) return refuse(err, to, "replace");
    char *old = mem_alloc(len + 40, 1);
    if (!old) return out_of_memory(err, to);
    snprintf(old, len + 40, "%.*s.old.%ld", (int)len, to, (long)getpid());
    pm_status s = PM_OK;
    if (rename(to, old) != 0) {
        s = refuse(err, to, "move away");
    } else if (rename(from, to) != 0) {
        s = refuse(err, to, "replace");
        (void)rename(old, to);
    } else {
        sync_folder(from);
        s = io_remove_folder(old, err);
    }
    mem_free(old);
    return s;
}

char *io_join(arena *a, const char *dir, const char *name)
{
    size_t nd = strlen(dir), nn = strlen(name);
    bool slash = nd > 0 && dir[nd - 1] != '/';
    char *path = arena_alloc(a, nd + slash + nn + 1, 1);
    if (!path) return NULL;
    memcpy(path, dir, nd);
    if (slash) path[nd] = '/';
    memcpy(path + nd + slash, name, nn);
    return path;
}

char *io_xdg(arena *a, io_place place)
{
    static const char *const variable[] = {"XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"};
    static const char *const standard[] = {".local/share", ".local/state", ".cache"};
    const char *given = getenv(variable[place]);
    if (given && given[0] == '/')
        return io_join(a, given, "pointsman"); /* relative: to be ignored */
    const char *home = getenv("HOME");
    if (!home || !home[0]) {
        const struct passwd *me = getpwuid(getuid());
        home = me && me->pw_dir ? me->pw_dir : "/";
    }
    char *base = io_join(a, home, standard[place]);
    return base ? io_join(a, base, "pointsman") : NULL;
}
