/* SPDX-License-Identifier: MIT
 *
 * State and steps of the truncated SVD.  Private to solve_svd*.c.
 */
#ifndef PM_MATH_SOLVE_SVD_H
#define PM_MATH_SOLVE_SVD_H

#include "math/solve.h"

typedef struct svd {
    const compute *c;
    arena *scratch;
    size_t k, l;     /* asked, and in the block */
    size_t n_blocks; /* randomised: of the Krylov basis */
    const svd_want *want;
    /* The vectors a_o: index and value below `inner` (rows of A if that is not the smaller side). */
    size_t inner, outer;
    const uint64_t *start; /* [outer + 1] */
    const uint32_t *index;
    const float *value;
    bool is_left;      /* inner = rows of A: the block approximates left singular vectors */
    pm_mat y, z, next; /* [inner x l], ld padded */
    size_t n_parts; /* of the outer side, with about equal counts of values; fixed by the shape */
    size_t *part;   /* [n_parts + 1] */
    pm_mat *sum;    /* [n_parts] */
    double *gram, *square, *theta, *sigma; /* [l x l], [l x l], [l], [k] */
    pm_mat turn;                           /* [l x l] */
    uint8_t *dropped;                      /* [l] dependent columns of the block */
} svd;

bool svd_block(svd *s, pm_mat *m, size_t rows); /* [rows x l] of scratch */
bool svd_squares(svd *s);                       /* the matrices of [l x l] and vectors of [l] */
void svd_krylov_shape(svd *s, size_t *n_blocks);
pm_status svd_krylov(svd *s, size_t n_blocks,
                     pm_err *err); /* y [inner x k], near singular vectors; l = k */
pm_status svd_open(svd *s, const pm_csr *a, pm_err *err);
pm_status svd_report(const svd *s, double done, pm_err *err);
pm_status svd_sketch(svd *s, pm_mat z);          /* z = sum over o of a_o w_o', w_o random signs */
pm_status svd_apply(svd *s, pm_mat y, pm_mat z); /* z = M y */
pm_status svd_gram(svd *s, pm_mat x, pm_mat y);  /* gram = lower half of x'y */
pm_status svd_turn(svd *s, pm_mat *m, pm_err *err); /* m = m turn; swaps with next */
pm_status svd_orthonormal(svd *s, pm_err *err);     /* y: dependent columns become 0 */
pm_status svd_finish(svd *s, pm_err *err);          /* the other side, and what is asked for */

#endif
