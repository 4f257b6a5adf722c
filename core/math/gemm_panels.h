/* SPDX-License-Identifier: MIT
 *
 * Large matrix products by the kernels of dense layers, packed on the fly: in bfloat16 where that is faster than
 * float32, in float32 otherwise.
 */
#ifndef PM_MATH_GEMM_PANELS_H
#define PM_MATH_GEMM_PANELS_H

#include "math/gemm_chain.h"

/* Is the product large and plain enough (alpha 1, beta 0 or 1), and are the kernels faster than BLIS? */
bool gemm_panels_suit(const compute *c, const gemm_job *g);
/* Same bits whatever the thread count.  Needs memory for op(b), and for op(a) if it is transposed. */
PM_MUST_USE pm_status gemm_panels(const compute *c, threads *pool, const gemm_job *g, pm_err *err);

#endif
