/* SPDX-License-Identifier: MIT
 *
 * What building and searching of sparse tables share.  Private to neighbours_sparse*.c.
 */
#ifndef PM_MATH_NEIGHBOURS_SPARSE_H
#define PM_MATH_NEIGHBOURS_SPARSE_H

#include "math/neighbours.h"

PM_MUST_USE pm_status sparse_check(const pm_csr *m, const char *what, pm_err *err);
/* out = v / |v|; false if all are zero. */
bool sparse_normalise(const float *v, size_t n, float *out);

#endif
