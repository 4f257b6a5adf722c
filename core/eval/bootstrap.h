/* SPDX-License-Identifier: MIT
 *
 * Paired, clustered percentile bootstrap (Efron & Tibshirani 1993, ch. 13): the same resamples of prompts
 * (or of whole clusters) for every policy, counter-based, so the thread count does not matter.
 */
#ifndef PM_EVAL_BOOTSTRAP_H
#define PM_EVAL_BOOTSTRAP_H

#include "base/mem.h"
#include "math/compute.h"

typedef struct bootstrap_spec {
    size_t resamples; /* 2000 */
    double level;     /* 0.95 */
    uint64_t seed;
    bool clustered; /* by eval_truth.cluster */
} bootstrap_spec;
#define BOOTSTRAP_DEFAULT                                                                          \
    {                                                                                              \
        2000, 0.95, 0, true                                                                        \
    }

/* Draw counts: weight [resamples x n] of uint16, how often each prompt is in each resample. */
typedef struct bootstrap bootstrap;
PM_MUST_USE pm_status bootstrap_draw(const bootstrap_spec *s, const uint64_t *cluster, size_t n,
                                     arena *a, bootstrap **out, pm_err *err);

/* Interval of the mean of x [n] (cells with NaN are left out), and of a ratio of means num / den. */
void bootstrap_mean(const bootstrap *b, const compute *c, const double *x, double *lo, double *hi);
void bootstrap_ratio(const bootstrap *b, const compute *c, const double *num, const double *den,
                     double *lo, double *hi);

#endif
