/* SPDX-License-Identifier: MIT
 *
 * Two-model scores of all rows of an experiment together, with intervals: the whole evaluator is done again on every
 * resample (paired: the same resamples for all rows).  The evaluator is two_models.h; definitions: docs/metrics.md,
 * section 7.
 */
#ifndef PM_EVAL_PAIR_H
#define PM_EVAL_PAIR_H

#include "eval/metrics.h"
#include "eval/two_models.h"

enum { /* the order of pair_score.metric; names are pair_metric_names() */
       PAIR_APGR,
       PAIR_AUC,
       PAIR_CPT20,
       PAIR_CPT50,
       PAIR_CPT80,
       PAIR_FIRST20,
       PAIR_FIRST50,
       PAIR_FIRST80,
       PAIR_USD50, /* mean USD of a prompt at CPT50, from the costs of the very calls */
       PAIR_USD80,
       PAIR_AT, /* mean outcome at 0 %, 10 % ... 100 % strong calls */
       PAIR_ECE = PAIR_AT + TWO_MODELS_EDGES,
       PAIR_BRIER,
       PAIR_LOG_LOSS,
       PAIR_ECE_WIDTH,   /* bins of equal width */
       PAIR_ECE_DECIDED, /* the same without ties */
       PAIR_BRIER_DECIDED,
       PAIR_LOG_LOSS_DECIDED,
       PAIR_ECE_WIDTH_DECIDED,
       PAIR_DRAWN,              /* those above are computed again in every resample */
       PAIR_VALUE = PAIR_DRAWN, /* of always strong and always weak: mean outcome */
       PAIR_USD,
       PAIR_DIFF_LENGTH,
       PAIR_APGR_SD, /* of the random row: of one draw */
       PAIR_CPT20_SD,
       PAIR_CPT50_SD,
       PAIR_CPT80_SD,
       PAIR_METRICS
};

#define PAIR_BINS         15 /* of equal numbers of prompts, for calibration */
#define PAIR_RANDOM_DRAWS 200

typedef struct pair_truth {
    size_t n;
    pm_value_kind kind;
    const double *weak, *strong;           /* [n] utilities (quality, or minus loss) */
    const double *cost_weak, *cost_strong; /* [n] USD, or NULL both */
    const uint64_t *cluster;               /* [n] or NULL */
} pair_truth;

typedef enum pair_kind {
    PAIR_ROUTED, /* by `need` */
    PAIR_RANDOM,
    PAIR_OPTIMAL,
    PAIR_STRONG,
    PAIR_WEAK
} pair_kind;

typedef struct pair_row {
    const char *label;
    policy_role role;
    pair_kind kind;
    bool is_rival,
        is_length; /* differences are reported against rivals, and against the length row */
    size_t rival_rank;
    const double *const *need; /* [n_need][n]; several: one a seed, and every score is their mean */
    size_t n_need;
    bool is_chance; /* need is a probability that strong wins */
} pair_row;

typedef struct pair_bin {
    double chance, outcome; /* means; the outcome of a tie is a half */
    size_t n;
} pair_bin;

typedef struct pair_score {
    const pair_row *who;
    metric_value metric[PAIR_METRICS]; /* NaN: not defined for this row */
    const metric_value *rival;         /* [n_rivals] "diff_rival_apgr:LABEL" */
    size_t n_rivals;
    two_models_curve curve; /* of the first `need`; n = 0: none.  Utilities */
    pair_bin bin[PAIR_BINS];
    size_t n_bins; /* 0: not a chance */
} pair_score;

const char *const *pair_metric_names(pm_value_kind kind); /* [PAIR_METRICS] */

/* Errors  PM_E_ARG: n = 0, a need that is not finite (label and prompt are named), a chance outside [0, 1];
 *         PM_E_MEMORY.   A pair of equal means is no error: APGR and CPT are NaN then.
 * Cost    O(rows resamples n); 15 rows, 14,037 prompts and 2,000 resamples: under a second on two cores.
 * Threads over resamples; the same bytes whatever their number. */
PM_MUST_USE pm_status pair_scores(const compute *c, const pair_truth *t, const pair_row *row,
                                  size_t n_rows, const bootstrap_spec *b, arena *a,
                                  pair_score **out, pm_err *err);

#endif
