/* SPDX-License-Identifier: MIT
 *
 * The file's fixed points, shared by checkpoint_write.c and checkpoint_read.c.
 *
 *   8 bytes   length N of the header, little-endian
 *   N bytes   {"__metadata__":{"sha256":"<64 hex>","format":"pointsman.checkpoint/1"},"name":{...},...}
 *             padded with spaces so that the data begins at a multiple of 64
 *   data      tensors in order of their names, each at a multiple of 64.  The gaps are tensors too, called
 *             "_pad.N", because the format of safetensors allows no holes.
 */
#ifndef PM_PLUG_CHECKPOINT_FORMAT_H
#define PM_PLUG_CHECKPOINT_FORMAT_H

#include "base/io.h"
#include "plug/checkpoint.h"

#define CHECKPOINT_HEAD   "{\"__metadata__\":{\"sha256\":\""
#define CHECKPOINT_FORMAT "pointsman.checkpoint/1"
#define CHECKPOINT_DIGITS_AT                                                                       \
    (8 + sizeof CHECKPOINT_HEAD - 1) /* of the hash, from the file's start */
#define CHECKPOINT_ALIGN      ((size_t)64)
#define CHECKPOINT_MAX_HEADER ((size_t)100 << 20)
#define CHECKPOINT_PAD        "_pad."

typedef struct store_item {
    const char *name;
    pm_tensor t;
    size_t bytes;  /* of the data */
    size_t offset; /* from the start of the data */
} store_item;

struct pm_store {
    arena *a;
    store_item *item; /* reading: sorted by name, without the padding */
    size_t n, capacity;
    io_map map; /* reading */
    const char *path;
};

const char *checkpoint_dtype_name(pm_dtype t);     /* "F32"; NULL if unknown */
pm_dtype checkpoint_dtype_parse(const char *name); /* 0 if unknown */

/* Bytes of dim[0] * dim[1] * ... elements; false on overflow or an unknown type. */
bool checkpoint_bytes(const pm_tensor *t, size_t *out);

int checkpoint_compare(const void *a, const void *b); /* store_items by name */

#endif
