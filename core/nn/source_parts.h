/* SPDX-License-Identifier: MIT
 *
 * What the files behind nn_source share: the source itself, mapping, names in order.  Private to core/nn.
 */
#ifndef PM_NN_SOURCE_PARTS_H
#define PM_NN_SOURCE_PARTS_H

#include "base/io.h"
#include "nn/source.h"

typedef struct gguf gguf; /* gguf.h */

struct nn_source {
    arena *a;
    const char *path; /* for messages */
    const char *kind;
    nn_tensor *t; /* [n], by name */
    size_t n;
    const io_map **map; /* [n_maps] */
    size_t n_maps;
    const nn_config *config; /* or NULL */
    const gguf *meta;        /* or NULL */
};

/* A mapping that closes with the arena. */
PM_MUST_USE pm_status nn_map(const char *path, arena *a, const io_map **out, pm_err *err);

int nn_tensor_order(const void *a, const void *b); /* nn_tensors by name */

/* "[2, 3]" for messages. */
typedef struct nn_shape_text {
    char text[96];
} nn_shape_text;
nn_shape_text nn_shape_of(const size_t *dim, size_t n_dims);

/* PM_E_FORMAT names the tensor with a NaN or infinity among x [n], which are its elements from `at`. */
PM_MUST_USE pm_status nn_check_finite(const nn_tensor *t, size_t at, const float *x, size_t n,
                                      pm_err *err);

/* hf_folder.c, gguf.c: fill tensors, maps, config. */
PM_MUST_USE pm_status nn_open_folder(nn_source *s, pm_err *err);
PM_MUST_USE pm_status nn_open_gguf(nn_source *s, pm_err *err);

/* config_hf.c: what the configuration says when its file also holds weights: heads are those of `s`. */
PM_MUST_USE pm_status nn_config_of_folder(const json *j, const char *name, const nn_source *s,
                                          nn_config *out, pm_err *err);

#endif
