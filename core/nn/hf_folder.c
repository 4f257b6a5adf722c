/* SPDX-License-Identifier: MIT
 *
 * A folder as Hugging Face lays it out: config.json beside model.safetensors, or beside several files and
 * model.safetensors.index.json, which says what lies where.
 */
#include <stdlib.h>
#include <string.h>

#include "nn/source_parts.h"

#define MAX_SHARDS ((size_t)4096)

typedef struct folder {
    nn_source *s;
    const char **shard; /* [n] names of files */
    safetensors **read; /* [n] */
    size_t n, capacity;
} folder;

static pm_status add_shard(folder *f, const char *name, size_t *which, pm_err *err)
{
    nn_source *s = f->s;
    for (*which = 0; *which < f->n; ++*which)
        if (strcmp(f->shard[*which], name) == 0) return PM_OK;
    if (!name[0] || strchr(name, '/') || name[0] == '.')
        return err_set(err, PM_E_FORMAT, "%s: '%.80s' is no name of a file beside the index",
                       s->path, name);
    if (f->n == f->capacity)
        return err_set(err, PM_E_FORMAT, "%s: more than %zu files of weights", s->path,
                       f->capacity);
    const char *path = io_join(s->a, s->path, name);
    if (!path) return err_set(err, PM_E_MEMORY, "%s: out of memory", s->path);
    pm_status st = nn_map(path, s->a, &s->map[f->n], err);
    if (st != PM_OK) return st;
    s->n_maps = f->n + 1;
    st = safetensors_parse(s->map[f->n]->at, s->map[f->n]->len, path, s->a, &f->read[f->n], err);
    if (st != PM_OK) return st;
    s->n += safetensors_count(f->read[f->n]);
    f->shard[f->n++] = name;
    return PM_OK;
}

static pm_status room_for(folder *f, size_t capacity, pm_err *err)
{
    nn_source *s = f->s;
    f->capacity = capacity;
    f->shard = arena_alloc(s->a, capacity, sizeof *f->shard);
    f->read = arena_alloc(s->a, capacity, sizeof *f->read);
    s->map = arena_alloc(s->a, capacity, sizeof *s->map);
    if (f->shard && f->read && s->map) return PM_OK;
    return err_set(err, PM_E_MEMORY, "%s: out of memory", s->path);
}

/* All tensors of all files, by name. */
static pm_status gather(folder *f, pm_err *err)
{
    nn_source *s = f->s;
    s->t = arena_alloc(s->a, s->n, sizeof *s->t);
    if (!s->t) return err_set(err, PM_E_MEMORY, "%s: out of memory", s->path);
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; k < safetensors_count(f->read[i]); k++)
            s->t[n++] = *safetensors_at(f->read[i], k);
    if (n) qsort(s->t, n, sizeof *s->t, nn_tensor_order);
    for (size_t i = 1; i < n; i++)
        if (strcmp(s->t[i - 1].name, s->t[i].name) == 0)
            return err_set(err, PM_E_FORMAT, "%s: tensor '%.80s' lies in two files", s->path,
                           s->t[i].name);
    return PM_OK;
}

static bool holds(const safetensors *s, const char *name)
{
    size_t lo = 0, hi = safetensors_count(s);
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int order = strcmp(name, safetensors_at(s, mid)->name);
        if (order == 0) return true;
        if (order > 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return false;
}

static pm_status read_index(folder *f, const char *path, pm_err *err)
{
    const json *j = NULL;
    pm_status st = json_read(path, f->s->a, &j, err);
    if (st != PM_OK) return st;
    const json *map = json_get(j, "weight_map");
    if (!map || map->kind != JSON_OBJECT || map->n == 0)
        return err_set(err, PM_E_FORMAT, "%s: has no weight_map of names to files", path);
    st = room_for(f, map->n < MAX_SHARDS ? map->n : MAX_SHARDS, err);
    for (const json *m = map->child; m && st == PM_OK; m = m->next) {
        size_t which = 0;
        if (m->kind != JSON_STRING)
            return err_set(err, PM_E_FORMAT, "%s: the file of '%.80s' is not a name", path, m->key);
        st = add_shard(f, m->text, &which, err);
        if (st != PM_OK) return st;
        if (!holds(f->read[which], m->key))
            return err_set(err, PM_E_FORMAT, "%s: '%.80s' should lie in %s, which does not hold it",
                           path, m->key, m->text);
    }
    if (st == PM_OK) st = gather(f, err);
    if (st != PM_OK) return st;
    if (f->s->n == map->n) return PM_OK;
    return err_set(err, PM_E_FORMAT, "%s: lists %zu tensors; its files hold %zu", path, map->n,
                   f->s->n);
}

static pm_status read_tensors(nn_source *s, pm_err *err)
{
    folder f = {.s = s};
    size_t which = 0;
    const char *one = io_join(s->a, s->path, "model.safetensors");
    const char *index = io_join(s->a, s->path, "model.safetensors.index.json");
    if (!one || !index) return err_set(err, PM_E_MEMORY, "%s: out of memory", s->path);
    if (!io_exists(one) && io_exists(index)) return read_index(&f, index, err);
    if (!io_exists(one))
        return err_set(err, PM_E_IO,
                       "%s: holds neither model.safetensors nor model.safetensors.index.json%s",
                       s->path,
                       io_exists(io_join(s->a, s->path, "pytorch_model.bin"))
                           ? " (pytorch_model.bin is a pickle and is not read)"
                           : "");
    pm_status st = room_for(&f, 1, err);
    if (st == PM_OK) st = add_shard(&f, "model.safetensors", &which, err);
    return st == PM_OK ? gather(&f, err) : st;
}

pm_status nn_open_folder(nn_source *s, pm_err *err)
{
    const json *j = NULL;
    s->kind = "safetensors";
    const char *path = io_join(s->a, s->path, "config.json");
    nn_config *config = arena_alloc(s->a, 1, sizeof *config);
    if (!path || !config) return err_set(err, PM_E_MEMORY, "%s: out of memory", s->path);
    if (io_exists(path) && !io_is_file(path)) /* to open a pipe would wait for its writer */
        return err_set(err, PM_E_IO, "%s: is not a regular file", path);
    pm_status st = json_read(path, s->a, &j, err);
    if (st == PM_OK) st = read_tensors(s, err);
    if (st == PM_OK) st = nn_config_of_folder(j, path, s, config, err);
    if (st == PM_OK) s->config = config;
    return st;
}
