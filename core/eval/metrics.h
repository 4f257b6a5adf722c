/* SPDX-License-Identifier: MIT
 *
 * Scores of policies with intervals, and of predictions.  Definitions follow docs/metrics.md; every score
 * stands with n and a percentile interval from paired (clustered) resamples.
 */
#ifndef PM_EVAL_METRICS_H
#define PM_EVAL_METRICS_H

#include "eval/bootstrap.h"
#include "eval/policy.h"

typedef struct metric_value { /* NaN value: not defined here; lo, hi NaN: no interval */
    const char *name;         /* "quality", "loss", "cost_usd", "selection_accuracy", ... */
    double value, lo, hi;
    size_t n; /* prompts behind the value */
} metric_value;

typedef struct policy_score {
    const policy *who;
    metric_value *metric; /* in the fixed order of metric_names() */
    size_t n_metrics;
    const metric_value
        *rival; /* [n_rivals] difference to each rival of the same point, NaN if none;
                                  name "diff_rival:LABEL".  diff_rival is the first of them */
    /* The same in shares of prompts: "diff_rival_accuracy:LABEL" of selection_accuracy, "diff_rival_gap:LABEL" of
     * gap_recovered. */
    const metric_value *rival_accuracy, *rival_gap; /* [n_rivals] each */
    size_t n_rivals;
    const metric_value *share; /* [m] of choices per expert; routers only, else NULL */
    const metric_value
        *domain_value;        /* [n_domains] mean quality or loss per domain with interval */
    const size_t *domain_n;   /* [n_domains] test prompts of the domain; 0: value is NaN */
    size_t spearman_left_out; /* prompts whose truth or prediction is constant */
} policy_score;

/* quality|loss, cost_usd, selection_accuracy, selection_accuracy_plain, selection_accuracy_disagreeing,
 * within_delta, regret, gap_recovered, entropy, experts_used, diff_best_single, diff_rival, mae, rmse,
 * spearman, coverage_90 */
const char *const *metric_names(pm_value_kind kind, size_t *n);

typedef struct metrics_options {
    uint32_t size;
    double delta;       /* within_delta; default 0.02 */
    size_t best_single; /* column chosen on train */
    bootstrap_spec bootstrap;
    const uint32_t *best_single_of; /* [n] of each prompt's own split; NULL: best_single */
} metrics_options;
#define METRICS_OPTIONS_DEFAULT                                                                    \
    {                                                                                              \
        sizeof(metrics_options), 0.02, 0, BOOTSTRAP_DEFAULT, NULL                                  \
    }

/* Adds the errors of the predictions of p to sum [n x POLICY_ERRORS], for means over seeds.
 *
 * Errors  PM_E_SHAPE: predictions of another shape than the truth; PM_E_MEMORY.   Cost  O(n m log m). */
PM_MUST_USE pm_status metrics_add_errors(const eval_truth *t, const policy *p, arena *scratch,
                                         double *sum, pm_err *err);

/* Scores all policies together (paired: the same resamples).  Differences are value minus value in the unit
 * of the metric: above 0 is better for quality, below 0 for loss.  A rival is compared within its point; a
 * policy without a point is compared with the rivals of the first point, a rival without a point with all.  c NULL: one thread.
 *
 * Errors  PM_E_SHAPE: empty truth, best_single outside [0, m); those of policy_measure.
 * Cost    O(policies n resamples), about 1 s for 30 policies, 4,657 prompts and 2,000 resamples. */
PM_MUST_USE pm_status metrics_score(const compute *c, const eval_truth *t, const policy *p,
                                    size_t n_policies, const metrics_options *o, arena *a,
                                    policy_score **out, pm_err *err);

#endif
