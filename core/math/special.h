/* SPDX-License-Identifier: MIT
 *
 * Stable scalar and row functions: sigmoid, softmax, log-sum-exp, normal quantile, ranks, moments.
 */
#ifndef PM_MATH_SPECIAL_H
#define PM_MATH_SPECIAL_H

#include <stddef.h>
#include <stdint.h>

double special_sigmoid(double x);
double special_logsumexp(const double *x, size_t n);
void special_softmax(const double *x, size_t n, double *out);
double special_normal_quantile(double p); /* Acklam 2003 refined by one Halley step, 1e-15 */
double special_normal_cdf(double x);
double special_mean(const double *x, size_t n);         /* Neumaier sum */
double special_quantile(double *x, size_t n, double q); /* sorts x; linear interpolation (type 7) */
void special_ranks(const double *x, size_t n, double *rank,
                   uint32_t *scratch); /* average ranks from 1 */
double special_spearman(const double *a, const double *b, size_t n, double *scratch /* [2n] */,
                        uint32_t *index /* [n] */); /* NaN when one side is constant */

#endif
