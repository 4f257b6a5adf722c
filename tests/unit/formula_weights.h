/* SPDX-License-Identifier: MIT
 *
 * Weights by a formula: numbers that look random and that tests/golden/formula.py makes to the same bits, so that whole
 * models are compared without storing them.  Not an initialisation for training: nn_init is.
 *
 *     number = 2 part + is_bias + 64 (layer + 1)                (NN_NO_LAYER = -1)
 *     u      = (high 24 bits of mix(number 2^40 + index)) 2^-23 - 1         in [-1, 1), exact
 *     matrix (rows > 1): u 2^-ceil(log2(cols) / 2);  gain: 1 + u / 16;  bias, shift: u / 16
 *
 * mix is the finaliser of SplitMix64 (Steele, Lea and Flood 2014).  A classification head of one output counts as a matrix.
 */
#ifndef PM_TEST_FORMULA_WEIGHTS_H
#define PM_TEST_FORMULA_WEIGHTS_H

#include "nn/layout.h"

static inline float formula_unit(uint64_t number, uint64_t index)
{
    uint64_t z = (number << 40) + index + 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (float)(int32_t)((int64_t)(z >> 40) - 8388608) / 8388608.0F;
}

static inline uint64_t formula_number(const nn_param *p)
{
    return 2 * (uint64_t)p->part + (p->is_bias ? 1 : 0) + 64 * (uint64_t)(p->layer + 1);
}

static inline bool formula_is_gain(const nn_param *p)
{
    bool norm = p->part == NN_EMBED_NORM || p->part == NN_NORM_1 || p->part == NN_NORM_2 ||
                p->part == NN_FINAL_NORM || p->part == NN_LM_NORM;
    return norm && !p->is_bias;
}

/* 2^-ceil(log2(cols) / 2), the largest power of two that is at most 1 / sqrt(cols). */
static inline float formula_scale(const nn_param *p)
{
    bool vector = p->rows == 1 && p->part != NN_HEAD_OUT;
    if (p->is_bias || vector) return 1.0F / 16.0F;
    float scale = 1.0F;
    for (size_t at_most = 1; at_most < p->cols; at_most *= 4) scale *= .5F;
    return scale;
}

static inline float formula_value(const nn_param *p, size_t index)
{
    float v = formula_unit(formula_number(p), index) * formula_scale(p);
    return formula_is_gain(p) ? 1.0F + v : v;
}

/* Element i (row * cols + col) of every parameter; paddings of the slab stay as they are. */
static inline void formula_fill(const nn_layout *l, float *slab)
{
    for (size_t p = 0; p < l->n; p++)
        for (size_t i = 0; i < l->param[p].rows * l->param[p].cols; i++)
            slab[l->param[p].at + i] = formula_value(&l->param[p], i);
}

/* Token t of a made-up text: below n_vocab, never one of the first `least` ids (paddings, marks). */
static inline uint32_t formula_token(uint64_t text, uint64_t t, uint32_t least, uint32_t n_vocab)
{
    float u = formula_unit(1u << 20, (text << 20) + t);
    return least + (uint32_t)((double)(u + 1.0F) * .5 * (double)(n_vocab - least));
}

#endif
