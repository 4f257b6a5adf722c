/* SPDX-License-Identifier: MIT
 *
 * Writing safetensors: tensors sorted by name, each at a multiple of 8 as their element types need, all or nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/tensors.h"
#include "nn/source_parts.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "tensors are stored as they lie in memory");

#define HEAD_ALIGN 8

/* Wide elements first, as the reference implementation does: every tensor is aligned without holes. */
static int compare(const void *a, const void *b)
{
    const nn_tensor *x = *(const nn_tensor *const *)a, *y = *(const nn_tensor *const *)b;
    size_t one = 0, bx = 0, by = 0;
    (void)nn_type_block(x->type, &one, &bx);
    (void)nn_type_block(y->type, &one, &by);
    if (bx != by) return bx > by ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp((*(const nn_tensor *const *)a)->name, (*(const nn_tensor *const *)b)->name);
}

/* Puts them into the order of the file; a name twice is refused. */
static pm_status order_of(const nn_tensor **t, size_t n, pm_err *err)
{
    if (n) qsort(t, n, sizeof *t, compare_names);
    for (size_t i = 1; i < n; i++)
        if (strcmp(t[i - 1]->name, t[i]->name) == 0)
            return err_set(err, PM_E_ARG, "tensor '%.80s' is there twice", t[i]->name);
    if (n) qsort(t, n, sizeof *t, compare);
    return PM_OK;
}

static pm_status put_header(const nn_tensor **t, size_t n, const char *metadata, str *head,
                            pm_err *err)
{
    size_t at = 0;
    str_puts(head, "{");
    if (metadata) str_printf(head, "\"__metadata__\":%s%s", metadata, n ? "," : "");
    for (size_t i = 0; i < n; i++) {
        size_t bytes = 0;
        tensor_entry e = {.name = t[i]->name, .dtype = nn_type_name(t[i]->type)};
        e.n_dims = t[i]->n_dims;
        memcpy(e.dim, t[i]->dim, sizeof e.dim);
        size_t element = tensor_dtype_bytes(e.dtype);
        if (!element || e.n_dims > PM_MAX_DIMS || !tensor_bytes(element, e.dim, e.n_dims, &bytes) ||
            bytes != t[i]->bytes || (bytes && !t[i]->at) || bytes > SIZE_MAX - at)
            return err_set(err, PM_E_ARG,
                           "tensor '%.80s' of type %s with %zu bytes cannot be written", e.name,
                           e.dtype, t[i]->bytes);
        e.begin = at;
        e.end = at += bytes;
        if (i) str_puts(head, ",");
        tensor_entry_put(&e, head);
    }
    str_puts(head, "}");
    while (head->len % HEAD_ALIGN != 0 && !head->failed) str_puts(head, " ");
    if (head->failed) return err_set(err, PM_E_MEMORY, "out of memory for a header");
    return PM_OK;
}

static pm_status pour(FILE *f, const str *head, const nn_tensor **t, size_t n)
{
    uint64_t length = head->len;
    bool ok = fwrite(&length, 1, sizeof length, f) == sizeof length &&
              fwrite(head->at, 1, head->len, f) == head->len;
    for (size_t i = 0; i < n && ok; i++)
        ok = t[i]->bytes == 0 || fwrite(t[i]->at, 1, t[i]->bytes, f) == t[i]->bytes;
    return ok ? PM_OK : PM_E_IO;
}

pm_status safetensors_write(const char *path, const nn_tensor *t, size_t n,
                            const char *metadata_json, pm_err *err)
{
    str head = STR_INIT;
    io_out *o = NULL;
    const nn_tensor **order = mem_alloc(n, sizeof *order);
    if (!order) return err_set(err, PM_E_MEMORY, "%s: out of memory", path);
    for (size_t i = 0; i < n; i++) order[i] = &t[i];
    pm_status st = order_of(order, n, err);
    if (st == PM_OK) st = put_header(order, n, metadata_json, &head, err);
    if (st == PM_OK) st = io_out_open(path, &o, err);
    if (st == PM_OK) {
        st = pour(io_out_file(o), &head, order, n);
        if (st == PM_OK) {
            st = io_out_commit(o, err);
        } else {
            const char *why = strerror(errno);
            io_out_abandon(o);
            st = err_set(err, PM_E_IO, "%s: cannot write: %s", path, why);
        }
    }
    str_close(&head);
    mem_free(order);
    return st;
}
