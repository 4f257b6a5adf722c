/* SPDX-License-Identifier: MIT
 *
 * The metadata of a GGUF file: keys with numbers, texts and arrays.  Private to core/nn; nn_source_text and its
 * sisters ask it.
 */
#ifndef PM_NN_GGUF_H
#define PM_NN_GGUF_H

#include "nn/source_parts.h"

typedef enum gguf_type { /* as the file says */
                         GGUF_U8 = 0,
                         GGUF_I8,
                         GGUF_U16,
                         GGUF_I16,
                         GGUF_U32,
                         GGUF_I32,
                         GGUF_F32,
                         GGUF_BOOL,
                         GGUF_STRING,
                         GGUF_ARRAY,
                         GGUF_U64,
                         GGUF_I64,
                         GGUF_F64,
                         GGUF_N_TYPES
} gguf_type;

typedef struct gguf_value {
    const char *key;
    gguf_type type, element; /* element: of an array */
    double number;           /* numbers and flags */
    pm_str text;             /* GGUF_STRING */
    size_t n;                /* GGUF_ARRAY */
    const unsigned char *at; /* its numbers in the file, unaligned */
    const pm_str *texts;     /* its strings */
    const void *aligned;     /* its 32-bit numbers, aligned */
} gguf_value;

struct gguf {
    gguf_value *value; /* [n], by key */
    size_t n;
    nn_tensor *t; /* [n_tensors], by name */
    size_t n_tensors;
};

/* Metadata and tensors of a file in memory, which must outlive them. */
PM_MUST_USE pm_status gguf_parse(const void *bytes, size_t len, const char *name, arena *a,
                                 gguf **out, pm_err *err);
const gguf_value *gguf_find(const gguf *g, const char *key); /* NULL: absent */

/* The model that the metadata describe; heads and biases are those of the tensors. */
PM_MUST_USE pm_status gguf_config(const nn_source *s, nn_config *out, pm_err *err);

#endif
