/* SPDX-License-Identifier: MIT
 *
 * The entries in the header of a safetensors file, {"NAME":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},...}:
 * read as if they came from an enemy, and written.  Which element types are welcome, and what else a file must keep
 * to, is for those who read it: plug/checkpoint.h, nn/source.h.
 */
#ifndef PM_BASE_TENSORS_H
#define PM_BASE_TENSORS_H

#include "base/err.h"
#include "base/json.h"
#include "base/str.h"

typedef struct tensor_entry {
    const char *name, *dtype; /* in the JSON document */
    size_t n_dims, dim[PM_MAX_DIMS];
    size_t begin, end; /* in the data that follow the header */
} tensor_entry;

/* Bytes of an element of "F32", "BF16", "I64" ...; 0: unknown. */
size_t tensor_dtype_bytes(const char *dtype);

/* element * dim[0] * dim[1] * ...; false on overflow. */
bool tensor_bytes(size_t element, const size_t *dim, size_t n_dims, size_t *out);

/* A JSON number that is a size: whole, not negative, exact in a double. */
bool tensor_take_size(const json *j, size_t *out);

/* One member of the header: a known type, at most PM_MAX_DIMS dimensions, as many bytes as they need, inside the
 * `data` bytes.  PM_E_FORMAT names file and entry. */
PM_MUST_USE pm_status tensor_entry_read(const json *j, size_t data, const char *file,
                                        tensor_entry *out, pm_err *err);

/* Sorts entries by place and wants them to follow each other without holes or overlaps from 0 to `data`. */
PM_MUST_USE pm_status tensor_entries_cover(tensor_entry *e, size_t n, size_t data, const char *file,
                                           pm_err *err);

/* "NAME":{...} without a comma. */
void tensor_entry_put(const tensor_entry *e, str *out);

#endif
