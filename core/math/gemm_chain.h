/* SPDX-License-Identifier: MIT
 *
 * Our own matrix product: every output cell is one chain of fused steps over the inner index.  Used for
 * ROWWISE, for few rows, for broadcast operands, and for everything when BLIS is left out.
 */
#ifndef PM_MATH_GEMM_CHAIN_H
#define PM_MATH_GEMM_CHAIN_H

#include "math/compute.h"

typedef struct gemm_job {
    const kernels *k;
    char ta, tb;
    float alpha, beta;
    pm_cmat a, b;
    pm_mat out;
    size_t inner;
    bool chain; /* by gemm_chain_block rather than by BLIS */
} gemm_job;

/* out[i][j] = fma(alpha a[i][p], b[p][j], ...) for p ascending, starting from beta out[i][j] (0 when beta is
 * 0, whatever out holds), for the block at (i0, j0).  alpha a[i][p] is rounded once. */
void gemm_chain_block(const gemm_job *g, size_t i0, size_t j0, size_t rows, size_t cols);

#endif
