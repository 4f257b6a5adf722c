/* SPDX-License-Identifier: MIT
 *
 * LoRA (Hu et al. 2021, section 4): W + (alpha / r) B A for chosen matrices, B zero at first.  Only A and B learn.
 */
#ifndef PM_NN_LORA_H
#define PM_NN_LORA_H

#include "nn/layout.h"

typedef struct nn_lora_param {
    size_t param;      /* of the layout */
    size_t at_a, at_b; /* offsets in the slabs below: A [rank x n_in], B [n_out x rank] */
} nn_lora_param;

typedef struct nn_lora {
    const nn_layout *layout;
    size_t rank;
    double alpha;
    uint32_t parts; /* mask of 1u << nn_part: NN_Q .. NN_DOWN */
    const nn_lora_param *param;
    size_t n, floats;
    float *value, *grad;
} nn_lora;

PM_MUST_USE pm_status nn_lora_open(const nn_layout *l, uint32_t parts, size_t rank, double alpha,
                                   uint64_t seed, arena *a, nn_lora *out, pm_err *err);
const nn_lora_param *nn_lora_find(const nn_lora *l,
                                  size_t param); /* NULL: that matrix has no adapter */
/* slab += adapters: afterwards they are part of the weights. */
void nn_lora_merge(const nn_lora *l, float *slab);

#endif
