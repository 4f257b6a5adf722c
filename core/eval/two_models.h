/* SPDX-License-Identifier: MIT
 *
 * Routing between two models, as RouteLLM measures it (arXiv 2406.18665 v4, section 3.2, and its released evaluator):
 * a score per prompt ranks prompts by how much they need the strong model; PGR, APGR, CPT follow from sending the top
 * share there.  Formulas and deviations: docs/metrics.md, section 7.
 */
#ifndef PM_EVAL_TWO_MODELS_H
#define PM_EVAL_TWO_MODELS_H

#include "base/err.h"
#include "base/mem.h"

#define TWO_MODELS_EDGES 11 /* quantiles k / 10 of the scores */

typedef struct two_models_point {
    double share;   /* of prompts sent to the strong model, [0, 1] */
    double quality; /* mean outcome, in the unit of the outcomes */
} two_models_point;

typedef struct two_models_curve {
    size_t n; /* points, ascending in share, equal shares once; at most TWO_MODELS_EDGES */
    two_models_point point[TWO_MODELS_EDGES];
} two_models_curve;

typedef struct two_models_score {
    double weak, strong;        /* mean outcome of either alone */
    double auc;                 /* trapezoid of quality over share */
    double apgr;                /* (auc / width - weak) / (strong - weak); NaN if strong == weak */
    double cpt20, cpt50, cpt80; /* percent of calls, interpolated as numpy.interp does (compat) */
    double first_cpt20, first_cpt50,
        first_cpt80; /* where the curve first reaches the level; NaN: never */
} two_models_score;

/* Thresholds are quantiles of the scores (numpy "linear"); strong iff score >= threshold, > at the last; equal points
 * once.  score, weak, strong [n], finite; strong and weak are utilities (quality, or minus loss).  Thresholds are taken
 * exactly, so that a strictly increasing transform of the scores changes nothing.
 *
 * Errors  PM_E_ARG: n = 0, a score that is not finite.   Cost  O(n log n). */
PM_MUST_USE pm_status two_models_curve_of(const double *score, const double *weak,
                                          const double *strong, size_t n, arena *scratch,
                                          two_models_curve *out, pm_err *err);
/* The scores of a curve; weak and strong are means over the same prompts. */
void two_models_measure(const two_models_curve *c, double weak, double strong,
                        two_models_score *out);
/* CPT at any level of PGR in [0, 1]; percent of calls.  first: first crossing instead of the interpolated one. */
double two_models_cpt(const two_models_curve *c, double weak, double strong, double level,
                      bool first);
/* Mean outcome at a share of strong calls in [0, 1], linear between points (flat beyond the first and last). */
double two_models_quality(const two_models_curve *c, double share);

/* ---- many resamples of the same prompts: sorted once ---- */

typedef struct two_models_ranking { /* prompts ascending in score, equal scores by index */
    size_t n;
    const uint32_t *order; /* [n] prompt at each position */
    const uint32_t *start; /* [n] first position with the same score */
    const double *gain;    /* [n] strong minus weak, by position */
} two_models_ranking;

typedef struct two_models_work { /* of one thread */
    double *gain;                /* [n + 1] sum of the gains below each position */
    uint32_t *count;             /* [n + 1] prompts below each position */
} two_models_work;

PM_MUST_USE pm_status two_models_rank(const double *score, const double *weak, const double *strong,
                                      size_t n, arena *a, two_models_ranking *out, pm_err *err);
PM_MUST_USE bool two_models_work_open(size_t n, arena *a, two_models_work *out);
void two_models_add_up(const two_models_ranking *r, const uint16_t *times, two_models_work *w);
/* The curve when prompt i occurs times[i] times (NULL: once each); size = their sum, >= 1, and weak_sum = that of the
 * weak model's outcomes over them.   Cost  O(n), no sorting. */
void two_models_curve_drawn(const two_models_ranking *r, const uint16_t *times, size_t size,
                            double weak_sum, two_models_work *w, two_models_curve *out);

#endif
