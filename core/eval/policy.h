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
} eval_truth;

typedef enum policy_role {
    POLICY_BASELINE,
    POLICY_EXPERT,
    POLICY_ROUTER,
    POLICY_CEILING
} policy_role;

typedef struct policy {
    const char *label;
    policy_role role;
    bool is_rival;          /* differences are reported against it (tuned kNN) */
    const uint32_t *choice; /* [n], or NULL when share is given */
    pm_cmat share;          /* [n x m] rows sum to 1 (exact expectation of a random policy) */
    pm_cmat predicted;      /* [n x m] router's predictions in the truth's kind, or at == NULL */
    pm_cmat spread;         /* [n x m] or at == NULL */
    uint64_t seed;
    const char *setting; /* "k=80", "" */
} policy;

typedef struct policy_cells { /* per prompt; the bootstrap resamples these */
    double *value;            /* quality or loss of the choice */
    double *cost;             /* USD, or NULL */
    double *accuracy;         /* tie-aware: chosen within 1e-12 of the best */
    double *plain;            /* chosen is the lowest-index best */
    double *within;           /* chosen within delta of the best */
    double *regret;           /* best - chosen (quality) or chosen - best (loss), >= 0 */
    uint8_t *disagree;        /* experts' values are not all equal */
} policy_cells;

PM_MUST_USE pm_status policy_measure(const eval_truth *t, const policy *p, double delta, arena *a,
                                     policy_cells *out, pm_err *err);

#endif
