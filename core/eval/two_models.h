/* SPDX-License-Identifier: MIT
 *
 * Routing between two models, as RouteLLM measures it (arXiv 2406.18665 v4, section 3.2, and its released evaluator):
 * a score per prompt ranks prompts by how much they need the strong model; PGR, APGR, CPT follow from sending the top
 * share there.
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
 * once.  score, weak, strong [n], finite; strong and weak are utilities (quality, or minus loss).
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

#endif
