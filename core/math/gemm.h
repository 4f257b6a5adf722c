/* SPDX-License-Identifier: MIT
 *
 * Matrix products.  gemm.c is the only file that includes blis.h; BLIS runs with one thread inside our
 * pool, split over rows (or columns) of the output, never over the inner dimension.
 */
#ifndef PM_MATH_GEMM_H
#define PM_MATH_GEMM_H

#include "math/compute.h"

/* out = alpha op(a) op(b) + beta out.  pool may be NULL (caller's thread only).
 * Errors  PM_E_SHAPE with both shapes.  Same bits whatever the thread count.
 * hint PM_GEMM_BF16_OK: large products with alpha 1 and beta 0 or 1 by the kernels of dense layers (math/linear.h) where
 * those are faster: inputs rounded to bfloat16 on CPUs that multiply it faster, float32 on others; PM_E_MEMORY.
 * hint PM_GEMM_ROWWISE: own kernel, row i depends on row i of op(a) alone. */
PM_MUST_USE pm_status gemm(const compute *c, threads *pool, char ta, char tb, float alpha,
                           pm_cmat a, pm_cmat b, float beta, pm_mat out, pm_gemm_hint hint,
                           pm_err *err);

/* y = A x, threaded over rows: streams A once (BLIS never threads this). */
void gemv(const compute *c, threads *pool, pm_cmat a, const float *x, float *y);

/* Once, by compute_open, before anything else of BLIS: sets BLIS_ARCH_TYPE from the CPU's real features
 * unless the user chose a configuration that it can run. */
void gemm_blis_start(const cpu_features *cpu);
const char *gemm_blis_config(void); /* the name of the configuration in use, or "reference" */

#endif
