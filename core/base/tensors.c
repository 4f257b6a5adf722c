/* SPDX-License-Identifier: MIT
 *
 * Entries of safetensors headers, read and written.
 */
#include "base/tensors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

size_t tensor_dtype_bytes(const char *dtype)
{
    static const struct {
        const char name[5];
        unsigned char bytes;
    } known[] = {{"F32", 4}, {"F64", 8}, {"F16", 2}, {"BF16", 2}, {"I8", 1},
                 {"U8", 1},  {"I16", 2}, {"U16", 2}, {"I32", 4},  {"U32", 4},
                 {"I64", 8}, {"U64", 8}, {"BOOL", 1}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, dtype) == 0) return known[i].bytes;
    return 0;
}

bool tensor_bytes(size_t element, const size_t *dim, size_t n_dims, size_t *out)
{
    size_t total = element;
    for (size_t d = 0; d < n_dims; d++)
        if (!mem_size(total, dim[d], &total)) return false;
    *out = total;
    return true;
}

bool tensor_take_size(const json *j, size_t *out)
{
    if (!j || j->kind != JSON_NUMBER || !(j->number >= 0 && j->number <= 9007199254740992.0) ||
        j->number != floor(j->number))
        return false;
    *out = (size_t)j->number;
    return true;
}

static bool take_shape(const json *shape, tensor_entry *e)
{
    if (!shape || shape->kind != JSON_ARRAY || shape->n > PM_MAX_DIMS) return false;
    e->n_dims = shape->n;
    size_t d = 0;
    for (const json *x = shape->child; x; x = x->next)
        if (!tensor_take_size(x, &e->dim[d++])) return false;
    return true;
}

pm_status tensor_entry_read(const json *j, size_t data, const char *file, tensor_entry *out,
                            pm_err *err)
{
    const json *span = json_get(j, "data_offsets");
    size_t bytes = 0;
    *out = (tensor_entry){.name = j->key, .dtype = json_text(j, "dtype", "")};
    size_t element = tensor_dtype_bytes(out->dtype);
    if (j->kind != JSON_OBJECT || j->n != 3 || !element || !take_shape(json_get(j, "shape"), out))
        return err_set(err, PM_E_FORMAT,
                       "%s: entry '%.80s' has no known dtype and shape (dtype '%.20s'); want F32, "
                       "F16, BF16 ... and at most %d dimensions",
                       file, j->key, out->dtype, PM_MAX_DIMS);
    if (!span || span->kind != JSON_ARRAY || span->n != 2 ||
        !tensor_take_size(span->child, &out->begin) ||
        !tensor_take_size(span->child->next, &out->end) || out->end < out->begin || out->end > data)
        return err_set(err, PM_E_FORMAT, "%s: entry '%.80s' lies outside the %zu bytes of data",
                       file, j->key, data);
    if (!tensor_bytes(element, out->dim, out->n_dims, &bytes) || bytes != out->end - out->begin)
        return err_set(err, PM_E_FORMAT, "%s: entry '%.80s' has %zu bytes, not what its shape says",
                       file, j->key, out->end - out->begin);
    return PM_OK;
}

static int compare_place(const void *a, const void *b)
{
    const tensor_entry *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : (x->end > y->end ? 1 : strcmp(x->name, y->name));
}

pm_status tensor_entries_cover(tensor_entry *e, size_t n, size_t data, const char *file,
                               pm_err *err)
{
    size_t at = 0;
    if (n) qsort(e, n, sizeof *e, compare_place);
    for (size_t i = 0; i < n; i++) {
        if (e[i].begin != at)
            return err_set(err, PM_E_FORMAT, "%s: entry '%.80s' begins at %zu; want %zu", file,
                           e[i].name, e[i].begin, at);
        at = e[i].end;
    }
    if (at == data) return PM_OK;
    return err_set(err, PM_E_FORMAT, "%s: entries cover %zu of %zu bytes of data", file, at, data);
}

void tensor_entry_put(const tensor_entry *e, str *out)
{
    str_json(out, e->name, strlen(e->name));
    str_printf(out, ":{\"dtype\":\"%s\",\"shape\":[", e->dtype);
    for (size_t d = 0; d < e->n_dims; d++) str_printf(out, "%s%zu", d ? "," : "", e->dim[d]);
    str_printf(out, "],\"data_offsets\":[%zu,%zu]}", e->begin, e->end);
}
