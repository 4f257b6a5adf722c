/* SPDX-License-Identifier: MIT
 *
 * Opening model files of any kind and finding tensors in them.
 */
#include "nn/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/source_parts.h"

static void unmap(void *map)
{
    io_map_close(map);
}

pm_status nn_map(const char *path, arena *a, const io_map **out, pm_err *err)
{
    io_map *map = arena_alloc(a, 1, sizeof *map);
    if (!map) return err_set(err, PM_E_MEMORY, "%s: out of memory", path);
    if (!io_is_file(path) && io_exists(path))
        return err_set(err, PM_E_IO, "%s: is not a regular file", path);
    pm_status st = io_map_open(path, map, err);
    if (st != PM_OK) return st;
    if (!arena_defer(a, unmap, map)) {
        io_map_close(map);
        return err_set(err, PM_E_MEMORY, "%s: out of memory", path);
    }
    *out = map;
    return PM_OK;
}

int nn_tensor_order(const void *a, const void *b)
{
    return strcmp(((const nn_tensor *)a)->name, ((const nn_tensor *)b)->name);
}

nn_shape_text nn_shape_of(const size_t *dim, size_t n_dims)
{
    nn_shape_text t = {"["};
    size_t at = 1;
    for (size_t d = 0; d < n_dims && d < 4; d++)
        at += (size_t)snprintf(t.text + at, sizeof t.text - at, "%s%zu", d ? ", " : "", dim[d]);
    snprintf(t.text + at, sizeof t.text - at, "]");
    return t;
}

static bool ends_with(const char *path, const char *end)
{
    size_t n = strlen(path), m = strlen(end);
    return n >= m && strcmp(path + n - m, end) == 0;
}

static pm_status open_alone(nn_source *s, pm_err *err)
{
    safetensors *one = NULL;
    s->kind = "safetensors";
    s->map = arena_alloc(s->a, 1, sizeof(const io_map *));
    if (!s->map) return err_set(err, PM_E_MEMORY, "%s: out of memory", s->path);
    pm_status st = nn_map(s->path, s->a, &s->map[0], err);
    if (st != PM_OK) return st;
    s->n_maps = 1;
    st = safetensors_parse(s->map[0]->at, s->map[0]->len, s->path, s->a, &one, err);
    if (st != PM_OK) return st;
    s->n = safetensors_count(one);
    s->t = arena_alloc(s->a, s->n, sizeof *s->t);
    if (!s->t) return err_set(err, PM_E_MEMORY, "%s: out of memory", s->path);
    for (size_t i = 0; i < s->n; i++) s->t[i] = *safetensors_at(one, i);
    return PM_OK;
}

pm_status nn_source_open(const char *path, arena *a, nn_source **out, pm_err *err)
{
    *out = NULL;
    nn_source *s = arena_alloc(a, 1, sizeof *s);
    if (!s) return err_set(err, PM_E_MEMORY, "%s: out of memory", path);
    s->a = a;
    s->path = arena_strdup(a, path);
    if (!s->path) return err_set(err, PM_E_MEMORY, "%s: out of memory", path);
    pm_status st;
    if (io_is_dir(path))
        st = nn_open_folder(s, err);
    else if (ends_with(path, ".gguf"))
        st = nn_open_gguf(s, err);
    else if (ends_with(path, ".safetensors"))
        st = open_alone(s, err);
    else if (!io_exists(path))
        st = err_set(err, PM_E_IO, "%s: there is no such file or folder", path);
    else
        st = err_set(err, PM_E_UNSUPPORTED,
                     "%s: want a folder with config.json and model.safetensors, a .safetensors or "
                     "a .gguf file",
                     path);
    if (st == PM_OK) *out = s;
    return st;
}

size_t nn_source_count(const nn_source *s)
{
    return s->n;
}

const nn_tensor *nn_source_at(const nn_source *s, size_t i)
{
    return i < s->n ? &s->t[i] : NULL;
}

const nn_tensor *nn_source_find(const nn_source *s, const char *name)
{
    nn_tensor key = {.name = name};
    return s->n ? bsearch(&key, s->t, s->n, sizeof *s->t, nn_tensor_order) : NULL;
}

const nn_config *nn_source_config(const nn_source *s)
{
    return s->config;
}

const char *nn_source_kind(const nn_source *s)
{
    return s->kind;
}

void nn_source_drop(const nn_source *s)
{
    for (size_t i = 0; i < s->n_maps; i++) io_map_drop(s->map[i]);
}
