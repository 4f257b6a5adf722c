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
} metric_value;

typedef struct policy_score {
    const policy *who;
    metric_value *metric; /* in the fixed order of metric_names() */
    size_t n_metrics;
    const metric_value
        *domain_value;      /* [n_domains] mean quality or loss per domain with interval */
    const size_t *domain_n; /* [n_domains] */
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
} metrics_options;

/* Scores all policies together (paired).  Cost O(policies * n * resamples). */
PM_MUST_USE pm_status metrics_score(const compute *c, const eval_truth *t, const policy *p,
                                    size_t n_policies, const metrics_options *o, arena *a,
                                    policy_score **out, pm_err *err);

#endif
