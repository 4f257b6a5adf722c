/* SPDX-License-Identifier: MIT
 *
 * Solvers: Cholesky, ridge, symmetric eigenvalues, truncated SVD of sparse matrices and projection on it.
 */
#ifndef PM_MATH_SOLVE_H
#define PM_MATH_SOLVE_H

#include "base/mem.h"
#include "math/compute.h"

/* In-place lower Cholesky of a symmetric positive definite [n x n] matrix in double.
 * Errors  PM_E_DIVERGED with the pivot's index when it is not positive definite. */
PM_MUST_USE pm_status solve_cholesky(double *a, size_t n, pm_err *err);
/* Solves L L' X = B in place, b [n x m] row-major. */
void solve_cholesky_apply(const double *l, size_t n, double *b, size_t m);

/* W = (X'X + lambda I)^-1 X'Y on centred columns; see pm_linalg_service.ridge.
 *
 * x [n x d] finite; y [n x m], NaN cells ignored column by column; weight [n] > 0 or NULL; lambda >= 0;
 * w_out [d x m]; intercept [m] = mean(y) - mean(x) W, means over the column's observed rows.
 * Sums are in double.  Columns observed on the same rows share one factorisation.
 * Errors  PM_E_SHAPE; PM_E_ARG (lambda, weights, x, a column without observation); PM_E_DIVERGED if the
 *         Gram matrix is singular.
 * Cost    O(n d^2 + d^3) for each pattern of observed rows.  Source  Hastie et al. 2009, eq. 3.44. */
PM_MUST_USE pm_status solve_ridge(const compute *c, arena *scratch, pm_cmat x, pm_cmat y,
                                  const float *weight, double lambda, pm_mat w_out,
                                  float *intercept, pm_err *err);

/* Eigenvalues (descending) and vectors (columns) of a symmetric [n x n] double matrix.  Householder
 * and implicit QL (Golub & Van Loan 8.3); `a` is overwritten by the vectors. */
PM_MUST_USE pm_status solve_eigen(double *a, size_t n, double *value, arena *scratch, pm_err *err);

typedef pm_status (*solve_progress)(void *arg, double done); /* nonzero stops the work */

/* What truncated SVD is asked for; see pm_linalg_service.svd. */
typedef struct svd_want {
    size_t k; /* 1 to the smaller side */
    bool is_randomised;
    double tolerance;                      /* exact: rest of singular values, relative */
    size_t oversampling, power_iterations; /* randomised */
    uint64_t seed;
    float *singular;         /* [k] descending */
    pm_mat right;            /* [cols x k] = V, or at == NULL: not asked */
    int8_t *right_i8;        /* [cols x k] V = scale times this, row by row, or NULL ... */
    float *scale;            /* ... [cols] */
    solve_progress progress; /* or NULL */
    void *arg;
} svd_want;

/* Truncated SVD of a sparse matrix.  Beyond the rank (singular value below 1e-5 of the largest) values and
 * vectors are 0.  Same bits whatever the thread count.
 *
 * Exact: subspace iteration on the smaller side with k + 32 vectors, filtered by Chebyshev polynomials (Zhou and
 * Saad 2007), Cholesky QR twice, Rayleigh-Ritz; stops when no singular value moves by more than `tolerance`
 * (relative) between two rounds.
 * Randomised: the leading eigenvectors in the block Krylov space [Y, A A' Y, .. (A A')^q Y], Y = A Omega with random
 * signs, q = power_iterations, of k + oversampling dimensions in all (Musco and Musco 2015, algorithm 2); then the SVD
 * of Q'A.  With A on its wider side, A' takes the place of A.  q = 0: Halko, Martinsson and Tropp 2011, algorithm 4.1.
 * Errors  PM_E_SHAPE, PM_E_ARG, PM_E_FORMAT (columns), PM_E_DIVERGED (exact: no rest after 100 rounds), progress'. */
PM_MUST_USE pm_status solve_svd(const compute *c, arena *scratch, const pm_csr *a,
                                const svd_want *want, pm_err *err);

/* out [rows x k] = A R with R [cols x k] = scale times `row`, row by row:
 * out[i][t] = chain over the entries e of row i, ascending, of fma(val[e] scale[col[e]], R[col[e]][t], sum).
 * Row i depends on row i of A alone, to the bit; the caller's thread. */
void solve_csr_i8(const compute *c, const pm_csr *a, const int8_t *row, const float *scale,
                  pm_mat out);

#endif
