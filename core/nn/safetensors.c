/* SPDX-License-Identifier: MIT
 *
 * Reading safetensors: 8 bytes with the length of a JSON header, the header, the data.  Nothing is read of the
 * data here; where tensors may lie is checked in base/tensors.c.  Files from elsewhere need not align their data.
 */
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/tensors.h"
#include "nn/source_parts.h"

#define MAX_HEADER ((size_t)64 << 20)

struct safetensors {
    nn_tensor *t;
    size_t n;
};

static pm_status header_of(const unsigned char *at, size_t len, const char *name, size_t *header,
                           pm_err *err)
{
    uint64_t n = 0;
    if (len < 8 + 2)
        return err_set(err, PM_E_FORMAT,
                       "%s: %zu bytes are too few for safetensors; is it cut off?", name, len);
    for (int i = 0; i < 8; i++) n |= (uint64_t)at[i] << 8 * i;
    if (n > MAX_HEADER)
        return err_set(err, PM_E_FORMAT,
                       "%s: header of %llu bytes; want at most %zu: is it a safetensors file?",
                       name, (unsigned long long)n, MAX_HEADER);
    if (n < 2 || n > len - 8)
        return err_set(err, PM_E_FORMAT,
                       "%s: header of %llu bytes in a file of %zu; is it cut off?", name,
                       (unsigned long long)n, len);
    if (at[8] != '{')
        return err_set(err, PM_E_FORMAT, "%s: the header does not begin with '{'", name);
    *header = (size_t)n;
    return PM_OK;
}

static pm_status tensors_of(safetensors *s, const tensor_entry *e, const unsigned char *data,
                            const char *file, pm_err *err)
{
    for (size_t i = 0; i < s->n; i++) {
        nn_tensor *t = &s->t[i];
        *t = (nn_tensor){.name = e[i].name,
                         .type = nn_type_parse(e[i].dtype),
                         .n_dims = e[i].n_dims,
                         .at = data + e[i].begin,
                         .bytes = e[i].end - e[i].begin};
        memcpy(t->dim, e[i].dim, sizeof t->dim);
        if (!t->name[0]) return err_set(err, PM_E_FORMAT, "%s: a tensor has no name", file);
    }
    if (s->n) qsort(s->t, s->n, sizeof *s->t, nn_tensor_order);
    return PM_OK;
}

pm_status safetensors_parse(const void *bytes, size_t len, const char *name, arena *a,
                            safetensors **out, pm_err *err)
{
    size_t header = 0;
    const json *j = NULL;
    pm_status st = header_of(bytes, len, name, &header, err);
    if (st != PM_OK) return st;
    const unsigned char *text = (const unsigned char *)bytes + 8;
    st = json_parse((const char *)text, header, a, &j, err);
    if (st != PM_OK) return err_wrap(err, st, "%s: header", name);
    safetensors *s = arena_alloc(a, 1, sizeof *s);
    tensor_entry *e = arena_alloc(a, j->n, sizeof *e);
    if (!s || !e) return err_set(err, PM_E_MEMORY, "%s: out of memory", name);
    size_t data = len - 8 - header;
    for (const json *m = j->child; m; m = m->next) {
        if (strcmp(m->key, "__metadata__") == 0) continue;
        st = tensor_entry_read(m, data, name, &e[s->n++], err);
        if (st != PM_OK) return st;
    }
    st = tensor_entries_cover(e, s->n, data, name, err);
    if (st != PM_OK) return st;
    s->t = arena_alloc(a, s->n, sizeof *s->t);
    if (!s->t) return err_set(err, PM_E_MEMORY, "%s: out of memory", name);
    st = tensors_of(s, e, text + header, name, err);
    if (st == PM_OK) *out = s;
    return st;
}

pm_status safetensors_open(const char *path, arena *a, safetensors **out, pm_err *err)
{
    const io_map *map = NULL;
    pm_status st = nn_map(path, a, &map, err);
    return st == PM_OK ? safetensors_parse(map->at, map->len, path, a, out, err) : st;
}

size_t safetensors_count(const safetensors *s)
{
    return s->n;
}

const nn_tensor *safetensors_at(const safetensors *s, size_t i)
{
    return i < s->n ? &s->t[i] : NULL;
}
