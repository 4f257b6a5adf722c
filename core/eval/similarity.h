/* SPDX-License-Identifier: MIT
 *
 * How near test prompts lie to what was learned from: the largest cosine of each to any training prompt, and their
 * mean S (RouteLLM, arXiv 2406.18665 v4, section 5: benchmark-dataset similarity).
 */
#ifndef PM_EVAL_SIMILARITY_H
#define PM_EVAL_SIMILARITY_H

#include "eval/bootstrap.h"

#define SIMILARITY_SLACK                                                                           \
    1e-6 /* equal texts have cosine 1 but for rounding: at a threshold means this near */

/* best [test.rows] = largest cosine to a row of any of `train` [n_train]; tables without rows are allowed.
 *
 * Errors  PM_E_ARG: no training row at all, a vector that is not finite; PM_E_SHAPE: other lengths of vectors.
 * Cost    O(test train d).   Threads over test rows; the same bytes whatever their number. */
PM_MUST_USE pm_status similarity_nearest(const compute *c, pm_cmat test, const pm_cmat *train,
                                         size_t n_train, float *best, pm_err *err);

typedef struct similarity_mean {
    double mean, lo, hi; /* S with its interval */
    size_t n, n_at;      /* prompts; those at the threshold or above */
} similarity_mean;

/* cluster [n] or NULL: what is resampled together; at: threshold. */
PM_MUST_USE pm_status similarity_summarise(const compute *c, const float *best, size_t n,
                                           const uint64_t *cluster, const bootstrap_spec *b,
                                           double at, similarity_mean *out, pm_err *err);

/* Whether a prompt as near as this is held to be in the training data. */
static inline bool similarity_is_at(float best, double at)
{
    return (double)best >= at - SIMILARITY_SLACK;
}

#endif
