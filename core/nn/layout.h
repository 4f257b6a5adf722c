/* SPDX-License-Identifier: MIT
 *
 * The parameters of a configuration, in one fixed order: what they are, their shapes, and what files of each family
 * call them.  All weights are [n_out x n_in] rows, as torch's Linear has them.
 */
#ifndef PM_NN_LAYOUT_H
#define PM_NN_LAYOUT_H

#include "base/mem.h"
#include "nn/config.h"

typedef enum nn_part {
    NN_TOKENS = 0, /* [n_vocab x width] */
    NN_POSITIONS,  /* [n_positions + position_offset x width] */
    NN_TYPES,      /* [n_types x width] */
    NN_EMBED_NORM, /* gain and shift [1 x width]; post-norm encoders */
    NN_Q,
    NN_K,
    NN_V,
    NN_O,
    NN_NORM_1, /* post-norm: after attention; norm_first: before it */
    NN_GATE,
    NN_UP,
    NN_DOWN,
    NN_NORM_2, /* post-norm: after the inner layer; norm_first: before it */
    NN_FINAL_NORM,
    NN_LM_DENSE,
    NN_LM_NORM, /* of NN_LM_MASKED */
    NN_LM_OUT,  /* NN_LM_OWN: weight; NN_LM_MASKED: the bias alone */
    NN_POOLER,
    NN_HEAD_DENSE,
    NN_HEAD_OUT,
    NN_N_PARTS
} nn_part;

enum { NN_NO_LAYER = -1 };

typedef struct nn_param {
    char name[64]; /* ours: "layer.3.q.weight": checkpoint names */
    nn_part part;
    int layer;         /* or NN_NO_LAYER */
    bool is_bias;      /* bias, or the shift of a norm */
    size_t rows, cols; /* vectors: 1 x n */
    size_t at;         /* offset in a slab of floats; multiples of 16 */
    bool decays;       /* under AdamW: matrices, not biases and norms */
} nn_param;

typedef struct nn_layout {
    const nn_config *config;
    const nn_param *param; /* [n] */
    size_t n;
    size_t floats;       /* of the slab, paddings (zeros) counted */
    size_t n_parameters; /* without paddings */
} nn_layout;

PM_MUST_USE pm_status nn_layout_of(const nn_config *c, arena *a, nn_layout *out, pm_err *err);
#define NN_NONE SIZE_MAX
size_t nn_layout_find(const nn_layout *l, nn_part part, int layer,
                      bool is_bias); /* index or NN_NONE */

/* Fresh weights: normal(0, init_std) for matrices, ones for gains, zeros for biases and shifts (as transformers'
 * _init_weights); parameter p draws from stream p of the seed. */
void nn_init(const nn_layout *l, uint64_t seed, float *slab);

#endif
