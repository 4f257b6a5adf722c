/* SPDX-License-Identifier: MIT
 *
 * A policy is one row of a results table: a choice (or a probability over experts) for every test prompt,
 * whoever made it: a router, a single expert, a baseline, the oracle.  Here: what each choice was worth.
 */
#ifndef PM_EVAL_POLICY_H
#define PM_EVAL_POLICY_H

#include "base/err.h"
#include "base/mem.h"

typedef struct eval_truth { /* the test part, as measured */
    size_t n, m;
    pm_value_kind kind;     /* QUALITY or LOSS */
    pm_cmat value;          /* [n x m], all known */
    pm_cmat cost_usd;       /* [n x m] or at == NULL */
    const uint32_t *domain; /* [n] or NULL */
    const char *const *domains;
    size_t n_domains;
    const uint64_t *cluster; /* [n] for the clustered bootstrap, or NULL: every prompt its own */
    /* What needs no router to rank prompts by, for two models; NULL without a pair. */
    const double *chars; /* [n] code points of the prompt */
    const double
        *domain_gain; /* [n] strong minus weak in its domain on train; NULL without domains */
} eval_truth;

typedef enum policy_role {
    POLICY_BASELINE,
    POLICY_EXPERT,
    POLICY_ROUTER,
    POLICY_CEILING,
    POLICY_CURVE /* a router that was trained on less, at point "train=N" */
} policy_role;

typedef struct policy {
    const char *label;
    policy_role role;
    bool is_rival;          /* differences are reported against it (tuned kNN, a baseline) */
    size_t rival_rank;      /* rivals stand in this order; equal: in order of policies */
    const char *point;      /* constraint weights, canonical; NULL: does not depend on them */
    const uint32_t *choice; /* [n], or NULL when share is given */
    pm_cmat share;          /* [n x m] rows sum to 1 (exact expectation of a random policy) */
    pm_cmat predicted;      /* [n x m] router's predictions in the truth's kind, or at == NULL */
    pm_cmat spread;         /* [n x m] or at == NULL */
    const double *
        need; /* [n] how much the strong expert of experiment.strong is to be preferred; NULL: not told */
    bool need_is_chance; /* need is the probability that the strong expert wins */
    /* [n] as pipeline_result has them, NULL: none: constraints given up, the fallback expert stood in. */
    const uint64_t *relaxed;
    const uint8_t *fell_back;
    uint64_t seed;
    const char *setting; /* "k=80", "" */
    /* A mean over seeds: further choices [n_more][n] beside `choice`; every cell is the mean over all of them.
     * errors [n x POLICY_ERRORS] then stands for predicted and spread. */
    const uint32_t *const *more;
    const double *const *more_need; /* [n_more][n] beside `need` */
    size_t n_more;
    const double *errors;
} policy;

enum { /* how wrong the predictions of a prompt are, means over experts */
       POLICY_ABS_ERROR,
       POLICY_SQUARED_ERROR,
       POLICY_SPEARMAN, /* 0 where it is not defined */
       POLICY_SPEARMAN_KNOWN,
       POLICY_COVERED, /* NaN without spread */
       POLICY_ERRORS
};

typedef struct policy_cells { /* per prompt; the bootstrap resamples these */
    double *value;            /* quality or loss of the choice */
    double *cost;             /* USD, or NULL */
    double *accuracy;         /* tie-aware: chosen within 1e-12 of the best */
    double *plain;            /* chosen is the lowest-index best */
    double *within;           /* chosen within delta of the best */
    double *regret;           /* best - chosen (quality) or chosen - best (loss), >= 0 */
    uint8_t *disagree;        /* experts' values are not all equal */
} policy_cells;

/* What every choice was worth; a share row is taken as its exact expectation.  Values are float32, so ties
 * are taken to 1e-12 and `within` to delta + 1e-7.
 *
 * Errors  PM_E_ARG: an abstention, a column outside [0, m), a share row that does not sum to 1 (1e-4).
 * Cost    O(n m).   Threads: safe. */
PM_MUST_USE pm_status policy_measure(const eval_truth *t, const policy *p, double delta, arena *a,
                                     policy_cells *out, pm_err *err);

/* Choices [n] of seed k of a policy with choices, k <= n_more. */
const uint32_t *policy_choice(const policy *p, size_t k);

/* share[j] = mean over prompts of the probability of choosing expert j; [m], sums to 1. */
void policy_shares(const eval_truth *t, const policy *p, double *share);

/* -sum share ln share / ln m; 0 when m = 1. */
double policy_entropy(const double *share, size_t m);

/* Best value of prompt i over experts, as utility (quality, or minus loss). */
double policy_best(const eval_truth *t, size_t i);

/* +1 for QUALITY, -1 for LOSS: value * sign is a utility. */
double policy_sign(pm_value_kind kind);

const char *policy_role_name(policy_role r); /* "baseline" "expert" "router" "ceiling" "curve" */

#endif
