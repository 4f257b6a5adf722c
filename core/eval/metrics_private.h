/* SPDX-License-Identifier: MIT
 *
 * What the files of metrics share: the fixed order of metrics, the columns that are resampled, and the state
 * of one scoring.  Not for other floors or files.
 */
#ifndef PM_EVAL_METRICS_PRIVATE_H
#define PM_EVAL_METRICS_PRIVATE_H

#include "eval/metrics.h"

enum { /* the order of metric_names() */
       METRIC_VALUE,
       METRIC_COST,
       METRIC_ACCURACY,
       METRIC_PLAIN,
       METRIC_DISAGREEING,
       METRIC_WITHIN,
       METRIC_REGRET,
       METRIC_GAP,
       METRIC_ENTROPY,
       METRIC_USED,
       METRIC_DIFF_BEST,
       METRIC_DIFF_RIVAL,
       METRIC_MAE,
       METRIC_RMSE,
       METRIC_SPEARMAN,
       METRIC_COVERAGE,
       METRIC_COUNT
};

enum { /* columns of a policy, per prompt; the first eight always exist */
       COL_VALUE,
       COL_COST,
       COL_ACCURACY,
       COL_PLAIN,
       COL_AGREED, /* accuracy on disagreeing prompts, 0 elsewhere */
       COL_DISAGREE,
       COL_WITHIN,
       COL_REGRET,
       COL_ABS_ERROR, /* from here in the order of POLICY_ERRORS */
       COL_SQUARED_ERROR,
       COL_SPEARMAN,
       COL_SPEARMAN_KNOWN, /* 1 where it is defined */
       COL_COVERED,
       COL_PREDICTED_END = 16, /* multiple of BOOTSTRAP_LANES */
       COL_CHOSEN_END = 8
};

typedef struct policy_columns { /* x [n x q]; shares [m] follow the last fixed column */
    double *x, *mean;           /* mean [q] over the prompts */
    size_t q, first_share;      /* first_share = 0: none */
} policy_columns;

typedef struct metrics_means { /* what is kept of a policy for the differences */
    double *value, *accuracy;  /* [resamples] means */
    double value_mean, accuracy_mean;
} metrics_means;

typedef struct scorer {
    const compute *c;
    const eval_truth *t;
    const metrics_options *o;
    bootstrap *draws;
    size_t resamples;
    double best_single, oracle;       /* means on test */
    double *best_single_r, *oracle_r; /* [resamples] */
    arena *out, *scratch;
    double *sum; /* [resamples x widest q] of the policy at hand */
    double *v;   /* [resamples] */
} scorer;

/* Whether p says how good its predictions are. */
static inline bool metrics_predicts(const policy *p)
{
    return p->predicted.at || p->errors;
}

/* The columns of p in s->scratch. */
PM_MUST_USE pm_status metrics_columns(const scorer *s, const policy *p, policy_columns *out,
                                      pm_err *err);

/* A difference below this is sums of the same numbers in another order: 0. */
static inline double metrics_snap(double x)
{
    return x < 1e-12 && x > -1e-12 ? 0 : x;
}

/* mean - other, with the interval of the resampled differences. */
void metrics_difference(const scorer *s, double mean, const double *mine, double other,
                        const double *theirs, metric_value *out);

/* Differences of every policy to every rival: fills rival* and diff_rival. */
PM_MUST_USE pm_status metrics_rivals(const scorer *s, const policy *p, size_t n,
                                     const metrics_means *r, policy_score *score, pm_err *err);

#define METRICS_DOMAIN_BATCH                                                                       \
    32 /* columns: policies resampled together, and one that counts prompts */

/* Mean value per domain of every policy, with intervals: fills domain_value and domain_n. */
PM_MUST_USE pm_status metrics_domains(const scorer *s, policy_score *score, size_t n_policies,
                                      pm_err *err);

#endif
