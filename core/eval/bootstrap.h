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

/* cluster [n]: equal numbers are drawn together; NULL: every prompt its own.  c NULL: caller's thread alone.
 *
 * Errors  PM_E_ARG: n = 0, resamples outside [1, 1000000], level outside (0, 1); PM_E_MEMORY.
 * Cost    O(resamples n); 2 bytes a cell. */
PM_MUST_USE pm_status bootstrap_draw(const bootstrap_spec *s, const compute *c,
                                     const uint64_t *cluster, size_t n, arena *a, bootstrap **out,
                                     pm_err *err);

#define BOOTSTRAP_LANES 8 /* columns of bootstrap_sums come in multiples of this */

const double *bootstrap_sizes(const bootstrap *b); /* [resamples] prompts in each resample */
/* [n] how often each prompt is in resample r. */
const uint16_t *bootstrap_times(const bootstrap *b, size_t r);

/* out [resamples x q], out[r][k] = sum over rows i of weight[r][row[i]] x[i][k].  x [n_rows x q] double,
 * q a multiple of BOOTSTRAP_LANES; row NULL: all n prompts in order.  Sums run in row order whatever the
 * thread count. */
void bootstrap_sums(const bootstrap *b, const compute *c, const double *x, size_t q,
                    const uint32_t *row, size_t n_rows, double *out);

/* Prompts drawn together; 1 <= clusters <= n. */
size_t bootstrap_clusters(const bootstrap *b);
/* [n] cluster of each prompt, numbered by first prompt. */
const uint32_t *bootstrap_cluster_of(const bootstrap *b);
/* bootstrap_sums of x that is summed over clusters already, [clusters x q]: O(clusters) a resample. */
void bootstrap_cluster_sums(const bootstrap *b, const compute *c, const double *x, size_t q,
                            double *out);
/* bootstrap_sums of all prompts, over clusters where that is less work.  False: no memory in scratch. */
PM_MUST_USE bool bootstrap_all_sums(const bootstrap *b, const compute *c, const double *x, size_t q,
                                    arena *scratch, double *out);

/* Percentile interval of v [resamples], which is sorted; values that are not finite are left out (NaN
 * interval if none remains).  Quantiles interpolate linearly (type 7, as numpy). */
void bootstrap_interval(const bootstrap *b, double *v, double *lo, double *hi);

/* Interval of the mean of x [n] (cells with NaN are left out), and of a ratio of means num / den. */
void bootstrap_mean(const bootstrap *b, const compute *c, const double *x, double *lo, double *hi);
void bootstrap_ratio(const bootstrap *b, const compute *c, const double *num, const double *den,
                     double *lo, double *hi);

#endif
