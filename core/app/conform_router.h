/* SPDX-License-Identifier: MIT
 *
 * What the router checks share: one instance built at the start, building and predicting others.
 */
#ifndef PM_APP_CONFORM_ROUTER_H
#define PM_APP_CONFORM_ROUTER_H

#include "app/conform_trial.h"
#include "plug/router.h"

typedef struct router_trial { /* trial.base */
    router *built;            /* on the usual problem, with the trial's seed */
    pm_scores want;           /* its predictions for test_x, in trial.keep */
    guard_rule rule;          /* why predict was refused, if it was */
    char why[512];
} router_trial;

static inline router_trial *router_trial_of(const trial *t)
{
    return t->base;
}

/* Builds with the trial's seed, parameters and two threads. */
PM_MUST_USE pm_status router_build(trial *t, const pm_fit *fit, router **out, pm_err *err);

/* Room for predictions of n x m in `a`, spread and tokens only where the plugin offers them. */
bool router_room(const trial *t, arena *a, size_t n, size_t m, pm_scores *out);

/* Predicts into fresh room in t->a. */
typedef struct router_ask {
    const router *r;
    const pm_library *lib;
    const pm_prompts *x;
} router_ask;
PM_MUST_USE pm_status router_answer(trial *t, const router_ask *ask, pm_scores *out, pm_err *err);

/* The same, and a failure of the check when it does not work. */
bool router_answers(trial *t, conform_result *r, const router_ask *ask, pm_scores *out);

/* Value, spread and tokens are the same (see check_same); s->what says of what. */
bool router_same(conform_result *r, const pm_scores *want, const pm_scores *got,
                 const same_spec *s);

/* Builds on `data`, predicts its test prompts into *out (may be NULL), closes: failures go to r. */
bool router_works(trial *t, conform_result *r, const toy *data, pm_scores *out);

/* The usual problem with labels of the trial's kind, in t->a. */
toy_shape router_shape(const trial *t);

/* Checks, by file: conform_router_rows.c has the table. */
void router_trains(trial *t, conform_result *r);
void router_predicts(trial *t, conform_result *r);
void router_writes_cells(trial *t, conform_result *r);
void router_is_finite(trial *t, conform_result *r);
void router_is_in_range(trial *t, conform_result *r);
void router_owns_nothing(trial *t, conform_result *r);
void router_kind_declared(trial *t, conform_result *r);
void router_row_order(trial *t, conform_result *r);
void router_batch(trial *t, conform_result *r);
void router_same_seed(trial *t, conform_result *r);
void router_independent(trial *t, conform_result *r);
void router_column_order(trial *t, conform_result *r);
void router_kind_honest(trial *t, conform_result *r);
void router_thread_count(trial *t, conform_result *r);
void router_concurrent(trial *t, conform_result *r);
void router_spread(trial *t, conform_result *r);
void router_save_load(trial *t, conform_result *r);
void router_save_twice(trial *t, conform_result *r);
void router_damaged(trial *t, conform_result *r);
void router_update_nothing(trial *t, conform_result *r);
void router_update_columns(trial *t, conform_result *r);
void router_latent_rows(trial *t, conform_result *r);
void router_subset(trial *t, conform_result *r);
void router_sparse_outcomes(trial *t, conform_result *r);
void router_one_prompt(trial *t, conform_result *r);
void router_one_expert(trial *t, conform_result *r);
void router_two_experts(trial *t, conform_result *r);
void router_crowded_battles(trial *t, conform_result *r);
void router_tied_battles(trial *t, conform_result *r);
void router_no_tuning(trial *t, conform_result *r);
void router_needs_declared(trial *t, conform_result *r);
void router_reads_declared(trial *t, conform_result *r);
void router_every_word(trial *t, conform_result *r);
void router_cancel(trial *t, conform_result *r);
void router_cancel_leak(trial *t, conform_result *r);
void router_build_leak(trial *t, conform_result *r);

#endif
