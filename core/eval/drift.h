/* SPDX-License-Identifier: MIT
 *
 * Have the scores of a router moved?  Two-sample Kolmogorov-Smirnov, and an interval for a share.
 */
#ifndef PM_EVAL_DRIFT_H
#define PM_EVAL_DRIFT_H

#include <stddef.h>

/* sup |F_a - F_b| of two samples [n], [m], ascending, n and m >= 1; ties are passed together. */
double drift_ks(const double *a, size_t n, const double *b, size_t m);

/* P(D >= d) if both samples (of n and m prompts) came from one continuous distribution: the limit distribution with
 * Stephens' correction, lambda = (sqrt(e) + 0.12 + 0.11 / sqrt(e)) d, e = n m / (n + m); good from e of about 4 on, and
 * too large (careful) with ties.  Stephens 1970; Press et al., Numerical Recipes, 14.3. */
double drift_p(double d, double n, double m);

/* Wilson's interval of a share k / n at the level (0.95), n >= 1. */
void drift_share(size_t k, size_t n, double level, double *lo, double *hi);

#endif
