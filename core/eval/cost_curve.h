/* SPDX-License-Identifier: MIT
 *
 * What routers give for recorded dollars: every curve (policies at the weights of a sweep) against the best
 * prompt-blind mixture, the best single expert and rivals, with paired intervals (docs/metrics.md, "Cost and quality").
 */
#ifndef PM_EVAL_COST_CURVE_H
#define PM_EVAL_COST_CURVE_H

#include "eval/sweep.h"

enum {                 /* metrics of a curve, by the names of cost_metric_name */
       COST_AIQ,       /* mean outcome over the range: RouterBench's AIQ */
       COST_DIFF_ZERO, /* AIQ minus that of the zero router */
       COST_QNC, /* NaN where the best single is not reached; an end is NaN where resamples do not reach it */
       COST_SAVING,      /* 1 - min(1, QNC) */
       COST_SAVE,        /* LLMRouterBench's CostSave: points alone */
       COST_PERF_GAIN,   /* its PerfGain */
       COST_AREA,        /* UniRoute's Area */
       COST_AREA_HALF,   /* its Area(50 %) */
       COST_HYPERVOLUME, /* in units of the outcome */
       COST_DISTANCE,    /* ParetoDist: no interval, none for ceilings */
       COST_ARENA,       /* RouterArena's score, the best along the curve; quality alone */
       COST_METRICS
};
const char *cost_metric_name(size_t metric);

typedef struct cost_score {
    metric_value metric[COST_METRICS];
    metric_value *rival; /* [n_rivals] AIQ minus the rival's: "diff_rival_aiq:LABEL" */
    size_t n_corners;    /* of the hull, cheapest single expert included */
    double *usd, *value; /* [n_corners] mean cost and outcome of each */
} cost_score;

typedef struct cost_scores {
    cost_score *curve;
    size_t n_rivals;
    double least,
        most; /* c_min, c_max: mean cost of the cheapest and dearest single expert, USD a call */
    double cheapest;  /* outcome of the cheapest */
    double reference; /* outcome of the worst single expert: the hypervolume's other end */
    double best_usd,
        best;     /* mean cost and outcome of the best single expert (of each prompt's split) */
    bool is_flat; /* all single experts cost the same: there is no range and no curve */
} cost_scores;

typedef struct cost_marks {         /* what curves are measured against */
    size_t best_single;             /* column */
    const uint32_t *best_single_of; /* [n] of each prompt's own split, or NULL */
} cost_marks;

/* Scores curves together, with the resamples of metrics_score of the same spec.
 *
 * A point is (mean recorded cost, mean outcome) of a policy.  To every curve but 0 comes the cheapest single expert.
 * Resamples redraw prompts, and with them points, hulls, the zero router and the best single expert's point; c_min,
 * c_max and the reference stay.   curve  [0] the m single experts: the zero router.
 *
 * Errors  PM_E_SHAPE: no curve, no prompt or no recorded costs; those of sweep_measure.
 * Cost    as sweep_measure, three sorts a resample. */
PM_MUST_USE pm_status cost_curves(const compute *c, const eval_truth *t, const cost_marks *marks,
                                  const bootstrap_spec *spec, const sweep_curve *curve,
                                  size_t n_curves, arena *a, cost_scores *out, pm_err *err);

/* AIQ of points (mean cost, mean outcome) [n] on that range, the cheapest single expert added: no resamples.  NaN
 * without memory. */
double cost_aiq(const cost_scores *frame, pm_value_kind kind, const double *usd,
                const double *value, size_t n, arena *scratch);

#endif
