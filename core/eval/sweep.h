/* SPDX-License-Identifier: MIT
 *
 * What a sweep of one constraint's weight is worth: the area under a router's front between the best prompt-blind
 * mixture of experts (zero router) and the oracle, with paired intervals (docs/metrics.md, "Sweeps").
 */
#ifndef PM_EVAL_SWEEP_H
#define PM_EVAL_SWEEP_H

#include "eval/metrics.h"

typedef struct
    sweep_curve { /* policies that differ in the weight; or, curve 0, the single experts */
    const char *label;
    bool is_rival;
    size_t rival_rank;
    const policy *const *at;
    size_t n;
    bool is_ceiling; /* looks at the test part: it is no part of what others are compared with */
} sweep_curve;

typedef struct sweep_score {
    metric_value area;        /* under the falling hull, in the unit of the outcome */
    metric_value area_share;  /* (zero - area) / (zero - oracle); NaN without oracle */
    metric_value hypervolume; /* dominated within the reference point */
    metric_value *rival;      /* [n_rivals] area minus the rival's: "diff_rival_area:LABEL" */
    double *x, *y; /* [n] points: x in [0, 1] by experts, y mean loss or minus mean quality */
    uint8_t *on_front, *on_hull; /* [n] */
} sweep_score;

typedef struct sweep_scores {
    sweep_score *curve;
    size_t n_rivals;
    double least, most; /* mean constraint value of the least and most demanding expert: x = 0, 1 */
    double reference;   /* y of the reference point, whose x is 1: the worst expert's */
    bool is_flat; /* all experts have the same constraint value: there is no axis and no curve */
} sweep_scores;

/* Scores curves together (the same resamples as metrics_score with the same spec).
 *
 * A point of a curve is (x, y): x the mean constraint value of the choices, mapped so that the single experts
 * span [0, 1]; y the mean loss, or minus the mean quality.  To every curve but 0 comes the expert of least mean
 * constraint value: where a weight without end leads.  area = integral over x in [0, 1] of the falling lower hull
 * (pareto.h), positive for loss, of the quality for quality.  Resamples redraw prompts and make hulls anew; the
 * axis and the reference point stay.
 *
 * penalty  [n x m] constraint values (ld 0: one row for all)
 * curve    [0] the m single experts, whose hull is the zero router; curve `oracle` (SIZE_MAX: none) decides on
 *          the true outcomes
 * Errors   PM_E_ARG: a choice outside [0, m); PM_E_SHAPE; PM_E_MEMORY.
 * Cost     O(n points + resamples clusters distinct points), hulls O(points log points) a resample. */
PM_MUST_USE pm_status sweep_measure(const compute *c, const eval_truth *t, pm_cmat penalty,
                                    const bootstrap_spec *spec, const sweep_curve *curve,
                                    size_t n_curves, size_t oracle, arena *a, sweep_scores *out,
                                    pm_err *err);

/* Mean of x [m]-columned (ld 0: one row) over prompts and the choices of p. */
double sweep_mean(const eval_truth *t, const policy *p, pm_cmat x);

#endif
