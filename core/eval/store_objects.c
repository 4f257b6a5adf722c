/* SPDX-License-Identifier: MIT
 *
 * Objects: files named by the SHA-256 of their bytes, written whole and then renamed into place.  Every use
 * verifies the hash, so a damaged object is an error for the caller to repair, never data.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/io.h"
#include "eval/store_private.h"
#include "math/mat.h"

static const char magic[8] = "PMMATRIX";

typedef struct matrix_head { /* little-endian, as every machine we build for */
    char magic[8];
    uint64_t rows, cols, reserved;
} matrix_head;

static bool is_hash(const char *hex)
{
    return strlen(hex) == 64 && strspn(hex, "0123456789abcdef") == 64;
}

char *store_object_path(const store *s, const char *hex, arena *a)
{
    return is_hash(hex) ? io_join(a, s->objects, hex) : NULL;
}

char *store_temporary(store *s, arena *a)
{
    char name[64];
    snprintf(name, sizeof name, "new-%u.tmp.%ld", s->n_temporaries++, (long)getpid());
    return io_join(a, s->objects, name);
}

void store_sweep(const char *objects)
{
    arena *a = arena_open(0);
    char **name;
    size_t n = 0;
    pm_err ignored = PM_ERR_INIT;
    if (a && io_list(objects, a, &name, &n, &ignored)) n = 0;
    for (size_t k = 0; k < n; k++) {
        const char *mark = strstr(name[k], ".tmp.");
        if (!mark) continue;
        char *end;
        long pid = strtol(mark + 5, &end, 10);
        bool is_dead = *end == '\0' && pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
        const char *path = is_dead ? io_join(a, objects, name[k]) : NULL;
        if (path) (void)unlink(path);
    }
    arena_close(a);
}

pm_status store_check_object(const store *s, const char *hex, pm_err *err)
{
    char found[65];
    arena *a = arena_open(0);
    const char *path = a ? store_object_path(s, hex, a) : NULL;
    pm_status status;
    if (!path)
        status =
            err_set(err, a ? PM_E_FORMAT : PM_E_MEMORY, "\"%.70s\" is not an object's name", hex);
    else if (!io_exists(path))
        status = err_set(err, PM_E_IO, "object %.8s is missing from %s", hex, s->objects);
    else
        status = sha256_file(path, found, err);
    if (!status && strcmp(found, hex) != 0)
        status = err_set(err, PM_E_FORMAT, "object %.8s is damaged: its content hashes to %.8s",
                         hex, found);
    arena_close(a);
    return status;
}

/* True if the object is there and whole. */
static bool is_whole(const store *s, const char *hex)
{
    pm_err ignored = PM_ERR_INIT;
    return store_check_object(s, hex, &ignored) == PM_OK;
}

pm_status store_put_file(store *s, const char *path, char hex[65], pm_err *err)
{
    pm_status status = sha256_file(path, hex, err);
    if (status) return status;
    if (is_whole(s, hex)) {
        (void)unlink(path);
        return PM_OK;
    }
    arena *a = arena_open(0);
    const char *to = a ? store_object_path(s, hex, a) : NULL;
    if (!to)
        status = err_set(err, PM_E_MEMORY, "%s", path);
    else if (rename(path, to) != 0)
        status = err_set(err, PM_E_IO, "%s: %s", to, strerror(errno));
    arena_close(a);
    return status;
}

static void hash_matrix(pm_cmat m, const matrix_head *head, char hex[65])
{
    sha256 h;
    sha256_init(&h);
    sha256_add(&h, head, sizeof *head);
    for (size_t r = 0; r < m.rows; r++) sha256_add(&h, pm_crow(m, r), m.cols * sizeof(float));
    sha256_hex(&h, hex);
}

static pm_status write_matrix(pm_cmat m, const matrix_head *head, const char *path, pm_err *err)
{
    io_out *o;
    pm_status s = io_out_open(path, &o, err);
    if (s) return s;
    FILE *f = io_out_file(o);
    bool fine = fwrite(head, sizeof *head, 1, f) == 1;
    for (size_t r = 0; r < m.rows && fine; r++)
        fine = m.cols == 0 || fwrite(pm_crow(m, r), m.cols * sizeof(float), 1, f) == 1;
    if (fine) return io_out_commit(o, err);
    int code = errno;
    io_out_abandon(o);
    return err_set(err, PM_E_IO, "%s: %s", path, strerror(code));
}

pm_status store_put_matrix(store *s, pm_cmat m, char hex[65], pm_err *err)
{
    matrix_head head = {.rows = m.rows, .cols = m.cols};
    memcpy(head.magic, magic, sizeof magic);
    hash_matrix(m, &head, hex);
    if (is_whole(s, hex)) return PM_OK;
    arena *a = arena_open(0);
    const char *path = a ? store_object_path(s, hex, a) : NULL;
    pm_status status = path ? write_matrix(m, &head, path, err)
                            : err_set(err, PM_E_MEMORY, "object %.8s", hex);
    arena_close(a);
    return status;
}

static pm_status read_matrix(const io_map *map, const char *hex, arena *a, pm_mat *out, pm_err *err)
{
    matrix_head head;
    char found[65];
    size_t cells, bytes;
    sha256_of(map->at, map->len, found);
    if (strcmp(found, hex) != 0)
        return err_set(err, PM_E_FORMAT, "object %.8s is damaged: its content hashes to %.8s", hex,
                       found);
    if (map->len < sizeof head) return err_set(err, PM_E_FORMAT, "object %.8s is no matrix", hex);
    memcpy(&head, map->at, sizeof head);
    bool fits = memcmp(head.magic, magic, sizeof magic) == 0 &&
                mem_size((size_t)head.rows, (size_t)head.cols, &cells) &&
                mem_size(cells, sizeof(float), &bytes) && map->len - sizeof head == bytes;
    if (!fits) return err_set(err, PM_E_FORMAT, "object %.8s is no matrix", hex);
    *out = mat_new(a, (size_t)head.rows, (size_t)head.cols);
    if (!out->at) return err_set(err, PM_E_MEMORY, "object %.8s", hex);
    memcpy(out->at, (const char *)map->at + sizeof head, bytes);
    return PM_OK;
}

pm_status store_get_matrix(store *s, const char *hex, arena *a, pm_mat *out, pm_err *err)
{
    io_map map;
    const char *path = store_object_path(s, hex, a);
    if (!path) return err_set(err, PM_E_FORMAT, "\"%.70s\" is not an object's name", hex);
    if (!io_exists(path))
        return err_set(err, PM_E_IO, "object %.8s is missing from %s", hex, s->objects);
    pm_status status = io_map_open(path, &map, err);
    if (status) return status;
    status = read_matrix(&map, hex, a, out, err);
    io_map_close(&map);
    return status;
}
