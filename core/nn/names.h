/* SPDX-License-Identifier: MIT
 *
 * What files call our parameters: Hugging Face's names of each family and GGUF's, and which matrices lie in them
 * transposed or side by side.  Private to core/nn.
 */
#ifndef PM_NN_NAMES_H
#define PM_NN_NAMES_H

#include "nn/layout.h"

enum { NN_FUSED_NONE = 0, NN_FUSED_QKV }; /* q, k and v as one matrix, in this order */

typedef struct nn_place {
    const char *prefix; /* of the base model, which files may leave out; "" for heads */
    char name[128];     /* without the prefix */
    char other[128];    /* an older or another name of the same, or "" */
    int fused;
    bool transposed; /* [n_in x n_out] in the file (Conv1D) */
} nn_place;

/* Where Hugging Face's files of the family have a parameter; false where they have no such thing. */
bool nn_place_hf(const nn_config *c, const nn_param *p, nn_place *out);
bool nn_place_gguf(const nn_config *c, const nn_param *p, nn_place *out);

/* The number of the layer that a name belongs to, or -1. */
long nn_layer_of_name(nn_family family, bool is_gguf, const char *name);

/* Tensors of layers that are constants or caches, not parameters: causal masks, frequencies. */
bool nn_name_is_buffer(const char *name);

#endif
