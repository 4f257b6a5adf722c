/* SPDX-License-Identifier: MIT
 *
 * The suite of routers: its table, and what its checks share.
 */
#include "app/conform_router.h"

#include <stdio.h>

#define BASE "predicts"
#define FIRM BASE " same-seed-same-bits instances-independent"

static const check_row rows[] = {
    {"documented", "doc, source and every parameter row say something", "", check_documented},
    {"trains", "builds on the usual toy problem", "", router_trains},
    {"predicts", "predicts the test prompts of the usual toy problem", "trains", router_predicts},
    {"writes-every-cell", "predict writes every cell that it is asked for", "trains",
     router_writes_cells},
    {"values-finite", "predict writes no NaN and no infinity", "trains", router_is_finite},
    {"values-in-range", "values are in the domain of their declared kind", "trains",
     router_is_in_range},
    {"no-own-in-predict", "predict takes no instance memory", "trains", router_owns_nothing},
    {"row-order", "permuting the prompts permutes the rows, to the bit", BASE, router_row_order},
    {"batch-equals-single", "a batch and its prompts one by one give the same bits",
     BASE " row-order", router_batch},
    {"same-seed-same-bits",
     "the same data, parameters and seed give the same bits, also after "
     "builds with other seeds",
     BASE, router_same_seed},
    {"instances-independent", "building and using another instance changes nothing in this one",
     BASE " same-seed-same-bits", router_independent},
    {"column-order", "permuting the experts permutes the columns (to 1e-5)", FIRM,
     router_column_order},
    {"value-kind-declared",
     "emits only declared kinds; without battles the labels' kind where it declares both", FIRM,
     router_kind_declared},
    {"value-kind-honest", "an expert that is clearly better is not predicted to be worse",
     FIRM " column-order value-kind-declared", router_kind_honest},
    {"thread-count", "one and two threads give the same bits and the same checkpoint", FIRM,
     router_thread_count},
    {"concurrent-predict", "two threads predict at once what one predicts alone, to the bit",
     FIRM " row-order", router_concurrent},
    {"spread", "where declared, spread is a finite standard deviation >= 0", BASE, router_spread},
    {"save-load", "a loaded instance predicts the same bits and says the same of itself", FIRM,
     router_save_load},
    {"save-twice", "saving a loaded instance gives the same bytes", "save-load", router_save_twice},
    {"damaged-checkpoint", "64 cuts and bit flips of a checkpoint are refused with a message",
     "save-load", router_damaged},
    {"update-nothing", "an update without a change changes nothing", FIRM, router_update_nothing},
    {"update-columns", "after experts came and went, columns follow the new library",
     "update-nothing", router_update_columns},
    {"latent", "where offered, latent vectors are finite and follow their prompts", BASE,
     router_latent_rows},
    {"served-subset", "serving some of the experts predicts what it predicts for all", FIRM,
     router_subset},
    {"sparse-outcomes", "works when 85 % of the cells, a whole row and a whole column are NaN",
     BASE, router_sparse_outcomes},
    {"one-prompt", "works when there is one prompt to fit", BASE, router_one_prompt},
    {"one-expert", "works with a library of one expert", BASE, router_one_expert},
    {"two-experts", "works with a library of two experts", BASE, router_two_experts},
    {"crowded-battles",
     "learns from many battles on few prompts, decided by a judge's probability; most prompts "
     "have none",
     BASE, router_crowded_battles},
    {"tied-battles", "works when every battle is a tie", BASE, router_tied_battles},
    {"no-tuning-part", "works without tuning part, groups and weights", BASE, router_no_tuning},
    {"needs-declared", "features that it does not say it needs do not matter, to the bit", FIRM,
     router_needs_declared},
    {"reads-declared", "expert attributes that it does not say it reads do not matter", FIRM,
     router_reads_declared},
    {"every-word", "works with every word of every parameter", BASE, router_every_word},
    {"cancel", "canceled at ten progress points, the build ends with PM_E_CANCELED", "trains",
     router_cancel},
    {"cancel-leaks-nothing", "canceled builds leave no memory behind", "cancel",
     router_cancel_leak},
    {"build-leaks-nothing", "finished and closed builds leave no memory behind", "trains",
     router_build_leak},
};

static void suite_close(trial *t)
{
    router_trial *rt = t->base;
    if (rt) router_close(rt->built);
}

const suite suite_router = {rows, sizeof rows / sizeof *rows, suite_close};

/* ---- building ------------------------------------------------------------------------------------ */

pm_status router_build(trial *t, const pm_fit *fit, router **out, pm_err *err)
{
    router_spec spec = {t->e, t->params, t->seed};
    *out = NULL;
    return router_train(t->c, &spec, fit, out, err);
}

toy_shape router_shape(const trial *t)
{
    toy_shape s = toy_usual(t->seed);
    s.kind = t->label_kind;
    s.reads = t->e->type.router->reads;
    return s;
}

void router_trains(trial *t, conform_result *r)
{
    pm_err err = PM_ERR_INIT;
    uint32_t kinds = t->e->type.router->value_kinds;
    bool only_loss = (kinds & PM_VALUE_BIT(PM_VALUE_LOSS)) &&
                     !(kinds & PM_VALUE_BIT(PM_VALUE_QUALITY));
    t->label_kind = only_loss ? PM_VALUE_LOSS : PM_VALUE_QUALITY;
    toy_shape shape = router_shape(t);
    router_trial *rt = arena_alloc(t->keep, 1, sizeof *rt);
    t->base = rt;
    t->data = toy_make(t->keep, &shape);
    if (!rt || !t->data)
        check_fail(r, "out of memory");
    else if (router_build(t, &t->data->fit, &rt->built, &err) != PM_OK)
        check_fail_err(r, "train", &err);
}

bool router_works(trial *t, conform_result *r, const toy *data, pm_scores *out)
{
    pm_err err = PM_ERR_INIT;
    router *built = NULL;
    pm_scores here;
    if (!data) {
        check_fail(r, "out of memory");
    } else if (router_build(t, &data->fit, &built, &err) != PM_OK) {
        check_fail_err(r, "train", &err);
    } else {
        router_ask ask = {built, &data->lib, &data->test_x};
        router_answers(t, r, &ask, out ? out : &here);
    }
    router_close(built);
    return r->passed;
}

/* ---- predicting ----------------------------------------------------------------------------------- */

static pm_mat room(arena *a, size_t n, size_t m, bool wanted)
{
    size_t cells;
    float *at = wanted && mem_size(n, m, &cells) ? arena_alloc(a, cells, sizeof *at) : NULL;
    return at ? (pm_mat){at, n, m, m} : (pm_mat){NULL, 0, 0, 0};
}

bool router_room(const trial *t, arena *a, size_t n, size_t m, pm_scores *out)
{
    const pm_router_type *type = t->e->type.router;
    bool spread = type->spread_kind != PM_SPREAD_NONE, tokens = type->emits_tokens_out;
    *out = (pm_scores){.size = sizeof *out};
    bool is_relative = type->value_kinds & PM_VALUE_BIT(PM_VALUE_WINPROB);
    out->reference_col = is_relative ? 0 : PM_NO_COL;
    out->value = room(a, n, m, true);
    out->spread = room(a, n, m, spread);
    out->tokens_out = room(a, n, m, tokens);
    return out->value.at && (!spread || out->spread.at) && (!tokens || out->tokens_out.at);
}

pm_status router_answer(trial *t, const router_ask *ask, pm_scores *out, pm_err *err)
{
    if (!router_room(t, t->a, ask->x->n, ask->lib->n, out))
        return err_set(err, PM_E_MEMORY, "out of memory");
    return router_predict(ask->r, t->c, ask->lib, ask->x, out, err);
}

bool router_answers(trial *t, conform_result *r, const router_ask *ask, pm_scores *out)
{
    pm_err err = PM_ERR_INIT;
    if (router_answer(t, ask, out, &err) == PM_OK) return true;
    check_fail_err(r, "predict", &err);
    return false;
}

bool router_same(conform_result *r, const pm_scores *want, const pm_scores *got, const same_spec *s)
{
    char what[3][128];
    static const char *const part[] = {"value", "spread", "tokens_out"};
    same_spec spec[3] = {*s, *s, *s};
    for (int k = 0; k < 3; k++) {
        snprintf(what[k], sizeof what[k], "%s: %s", s->what, part[k]);
        spec[k].what = what[k];
    }
    if (want->kind != got->kind) {
        check_fail(r, "%s: another value kind", s->what);
        return false;
    }
    return check_same(r, want->value, got->value, &spec[0]) &&
           check_same(r, want->spread, got->spread, &spec[1]) &&
           check_same(r, want->tokens_out, got->tokens_out, &spec[2]);
}
