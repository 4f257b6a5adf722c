/* SPDX-License-Identifier: MIT
 *
 * What product.c asks of an instruction set to pack: pairs of rounded floats, and squares of words turned over.
 * Private to the floor; the same bits everywhere.
 */
#ifndef PM_MATH_PRODUCT_KERNELS_H
#define PM_MATH_PRODUCT_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum { PRODUCT_SIDE = 16 };

typedef struct product_kernels {
    /* to[i] = bf16(low[i]) | bf16(high[i]) << 16, nearest even. */
    void (*pairs)(const float *low, const float *high, size_t n, uint32_t *to);
    /* to[j][i] = from[i][j], a square of PRODUCT_SIDE words. */
    void (*turn)(const uint32_t *from, size_t ld_from, uint32_t *to, size_t ld_to);
} product_kernels;

#if defined(__x86_64__)
extern const product_kernels product_avx512;
#endif

#endif
