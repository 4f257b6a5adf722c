/* SPDX-License-Identifier: MIT
 *
 * Large products of matrices that change with every call, as training has them: both sides are packed, in either
 * orientation, for the tiles of the dense layers (math/linear_kernels.h).
 *
 * float32, or bfloat16 inputs with float32 sums where the CPU multiplies them faster.  Sums over the inner dimension
 * are chains in ascending order, cut at fixed places: the same bits whatever the thread count.
 */
#ifndef PM_MATH_PRODUCT_H
#define PM_MATH_PRODUCT_H

#include "math/compute.h"

typedef struct product { /* out = op(a) op(b) (+ bias in every row) (+ out, if it adds) */
    char ta, tb;         /* 'N' or 'T' */
    pm_cmat a, b;
    pm_mat out;
    const float *bias; /* [out.cols] or NULL */
    bool adds;
    bool bf16_ok; /* inputs may be rounded where that is faster */
} product;

size_t product_room(
    void); /* bytes that one caller needs; 64-byte aligned; touched as far as shapes need */
void product_run(const compute *c, threads *pool, const product *p, void *room);
/* "avx512 f32": what multiplies. */
const char *product_name(const compute *c, bool bf16_ok);

#endif
