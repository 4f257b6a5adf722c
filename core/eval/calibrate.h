/* SPDX-License-Identifier: MIT
 *
 * A threshold for a target: the share of calls to the strong expert, mean cost, or mean quality.  Of scores and
 * outcomes alone; where they come from, the caller knows.
 */
#ifndef PM_EVAL_CALIBRATE_H
#define PM_EVAL_CALIBRATE_H

#include "base/err.h"
#include "base/mem.h"

/* The (1 - share) quantile of the scores, linear between them (type 7), as RouteLLM's calibrate_threshold.
 * score [n] ascending and finite, n >= 1, share in [0, 1]. */
double calibrate_share(const double *score, size_t n, double share);

/* alpha with 5 decimals where that sends the same prompts to the strong expert (rounded, else rounded down); else alpha
 * itself.  Compared in float32, as the objective does.  score [n] in any order. */
double calibrate_plain(const double *score, size_t n, double alpha);

#define CALIBRATE_BINS_MOST 32
typedef struct calibrate_bins { /* of equal width: (k / bins, (k + 1) / bins], 0 with the first */
    size_t bins;                /* <= CALIBRATE_BINS_MOST */
    double chance[CALIBRATE_BINS_MOST], outcome[CALIBRATE_BINS_MOST]; /* sums */
    double n;
} calibrate_bins;
/* A chance in [0, 1] and what came of it, `times` over. */
void calibrate_add(calibrate_bins *b, double chance, double outcome, double times);
/* Expected calibration error: sum over bins of n_b / n times |mean chance - mean outcome| (Guo et al. 2017, eq. 5); NaN
 * of nothing. */
double calibrate_error(const calibrate_bins *b);

typedef struct calibrate_step { /* what one threshold gives on the sample */
    double alpha;
    double share;   /* of strong calls, or whatever else grows with cost; [0, 1] */
    double cost;    /* mean USD a prompt; NaN: not known */
    double quality; /* mean outcome as a utility (a loss counts negative); NaN: not known */
} calibrate_step;

/* Every threshold that tells prompts apart: each distinct score (strong iff score >= alpha), and 1 above all of them
 * where that is none.  strong_* and weak_* [n] outcomes of either expert on each prompt, or NULL; steps in order of falling
 * alpha, in the arena.
 *
 * Errors  PM_E_ARG: n = 0 or a score that is not in [0, 1] (soft terms may push it out).   Cost  O(n log n). */
typedef struct calibrate_pair {
    size_t n;
    const double *score;
    const double *strong_cost, *weak_cost, *strong_quality, *weak_quality;
} calibrate_pair;
PM_MUST_USE pm_status calibrate_steps(const calibrate_pair *p, arena *a, calibrate_step **out,
                                      size_t *n_out, pm_err *err);

/* The dearest step that costs no more than `usd`; the cheapest (by cost, else by share) whose quality is at least
 * `quality`.  Equal ones: the first in order.
 * Errors  PM_E_INFEASIBLE: none, with what would be possible; PM_E_ARG: cost or quality is not known. */
PM_MUST_USE pm_status calibrate_cost(const calibrate_step *s, size_t n, double usd, size_t *out,
                                     pm_err *err);
PM_MUST_USE pm_status calibrate_quality(const calibrate_step *s, size_t n, double quality,
                                        size_t *out, pm_err *err);

#endif
