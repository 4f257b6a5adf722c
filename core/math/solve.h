/* SPDX-License-Identifier: MIT
 *
 * Solvers: Cholesky, ridge, symmetric eigenvalues, truncated SVD of sparse matrices.
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

/* Truncated SVD, see pm_linalg_service.svd_csr; 1 <= k <= min(n, v).  Beyond the rank (singular value below
 * 1e-5 of the largest) values and vectors are 0.
 *
 * Subspace iteration on the smaller side with k + 32 vectors, filtered by Chebyshev polynomials (Zhou and
 * Saad 2007), Cholesky QR twice, Rayleigh-Ritz; stops when no singular value moves by more than `tolerance`
 * (relative) between two rounds.  Same bits whatever the thread count.
 * Errors  PM_E_SHAPE, PM_E_ARG, PM_E_FORMAT (columns), PM_E_DIVERGED (no rest after 100 rounds), progress'. */
PM_MUST_USE pm_status solve_svd_csr(const compute *c, arena *scratch, const pm_csr *a, size_t k,
                                    double tolerance, uint64_t seed, float *singular, pm_mat right,
                                    solve_progress progress, void *arg, pm_err *err);

#endif
