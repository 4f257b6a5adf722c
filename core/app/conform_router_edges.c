/* SPDX-License-Identifier: MIT
 *
 * Router checks on problems at the edge: hardly anything observed, one of everything, only what was
 * declared.
 */
#include "app/conform_router.h"

static bool needs(const trial *t, uint32_t what)
{
    return t->e->type.router->needs & what;
}

static void works_on(trial *t, conform_result *r, const toy_shape *shape)
{
    router_works(t, r, toy_make(t->a, shape), NULL);
}

void router_sparse_outcomes(trial *t, conform_result *r)
{
    toy_shape shape = router_shape(t);
    shape.observed = 0.15;
    works_on(t, r, &shape);
}

void router_one_prompt(trial *t, conform_result *r)
{
    toy_shape shape = router_shape(t);
    shape.n = 1;
    shape.n_tune = 0;
    works_on(t, r, &shape);
}

void router_one_expert(trial *t, conform_result *r)
{
    toy_shape shape = router_shape(t);
    shape.m = 1;
    if (needs(t, PM_NEEDS_BATTLES))
        check_skip(r, "one expert fights no battles");
    else
        works_on(t, r, &shape);
}

void router_two_experts(trial *t, conform_result *r)
{
    toy_shape shape = router_shape(t);
    shape.m = 2;
    works_on(t, r, &shape);
}

static void works_on_battles(trial *t, conform_result *r, toy_battles kind)
{
    toy_shape shape = router_shape(t);
    shape.battles = kind;
    if (needs(t, PM_NEEDS_BATTLES))
        works_on(t, r, &shape);
    else
        check_skip(r, "does not need battles");
}

void router_crowded_battles(trial *t, conform_result *r)
{
    works_on_battles(t, r, TOY_BATTLES_CROWDED);
}

void router_tied_battles(trial *t, conform_result *r)
{
    works_on_battles(t, r, TOY_BATTLES_TIED);
}

void router_no_tuning(trial *t, conform_result *r)
{
    toy_shape shape = router_shape(t);
    shape.n_tune = 0;
    toy *data = toy_make(t->a, &shape);
    if (data) {
        data->fit.group = NULL;
        data->fit.weight = NULL;
        data->y.cost_usd = data->y.tokens_out = (pm_cmat){NULL, 0, 0, 0};
    }
    router_works(t, r, data, NULL);
}

/* ---- only what was declared ----------------------------------------------------------------------- */

static void hide_outcomes(const trial *t, pm_outcomes *y)
{
    const pm_cmat none = {NULL, 0, 0, 0};
    if (!needs(t, PM_NEEDS_BATTLES)) {
        y->battle = NULL;
        y->n_battles = 0;
    } else if (!needs(t, PM_NEEDS_VALUES)) {
        y->value = none;
    }
    y->cost_usd = none;
    if (!t->e->type.router->emits_tokens_out) y->tokens_out = none;
}

/* Experts without profiles. */
static bool hide_profiles(const trial *t, pm_library *lib)
{
    const pm_expert **expert = arena_alloc(t->a, lib->n, sizeof *expert);
    pm_expert *bare = arena_alloc(t->a, lib->n, sizeof *bare);
    if (!expert || !bare) return false;
    for (size_t j = 0; j < lib->n; j++) {
        bare[j] = *lib->expert[j];
        bare[j].profile = (pm_cmat){NULL, 0, 0, 0};
        expert[j] = &bare[j];
    }
    lib->expert = expert;
    return true;
}

/* The usual problem with the features that `shown` names and no others. */
static toy *toy_with(trial *t, uint32_t shown, bool sparse)
{
    toy_shape shape = router_shape(t);
    toy *data = toy_make(t->a, &shape);
    if (!data) return NULL;
    toy_hide(&data->x, shown, sparse);
    toy_hide(&data->tune_x, shown, sparse);
    toy_hide(&data->test_x, shown, sparse);
    hide_outcomes(t, &data->y);
    hide_outcomes(t, &data->tune_y);
    return shown & PM_NEEDS_PROFILE || hide_profiles(t, &data->lib) ? data : NULL;
}

/* Given what it declares and given everything: the same bits.  A router that takes either embeddings or
 * word features may prefer one, so that the other is hidden both times. */
static void works_with(trial *t, conform_result *r, bool sparse)
{
    uint32_t declared = t->e->type.router->needs;
    uint32_t all = PM_NEEDS_TEXT | PM_NEEDS_EMBED | PM_NEEDS_SPARSE | PM_NEEDS_PROFILE;
    if (needs(t, PM_NEEDS_EMBED_OR_SPARSE)) all ^= sparse ? PM_NEEDS_EMBED : PM_NEEDS_SPARSE;
    same_spec same = {NULL, NULL, 0, "given all features, not only those that it says it needs"};
    pm_scores want, got;
    if (router_works(t, r, toy_with(t, declared, sparse), &want) &&
        router_works(t, r, toy_with(t, declared | all, sparse), &got))
        router_same(r, &want, &got, &same);
}

void router_needs_declared(trial *t, conform_result *r)
{
    works_with(t, r, false);
    if (r->passed && needs(t, PM_NEEDS_EMBED_OR_SPARSE)) works_with(t, r, true);
}

static bool is_read(const trial *t, const char *name)
{
    const char *const *reads = t->e->type.router->reads;
    for (; reads && *reads; reads++)
        if (!strcmp(*reads, name)) return true;
    return false;
}

/* Experts with nothing but the attributes that the plugin says it reads. */
static bool hide_attributes(const trial *t, pm_library *lib)
{
    const pm_expert **expert = arena_alloc(t->a, lib->n, sizeof *expert);
    pm_expert *bare = arena_alloc(t->a, lib->n, sizeof *bare);
    for (size_t j = 0; j < lib->n && expert && bare; j++) {
        pm_attr *attr = arena_alloc(t->a, lib->expert[j]->n_attr, sizeof *attr);
        if (!attr) return false;
        bare[j] = *lib->expert[j];
        bare[j].attr = attr;
        bare[j].n_attr = 0;
        for (size_t k = 0; k < lib->expert[j]->n_attr; k++)
            if (is_read(t, lib->expert[j]->attr[k].name))
                attr[bare[j].n_attr++] = lib->expert[j]->attr[k];
        expert[j] = &bare[j];
    }
    lib->expert = expert;
    return expert && bare;
}

void router_reads_declared(trial *t, conform_result *r)
{
    const router_trial *rt = router_trial_of(t);
    toy_shape shape = router_shape(t);
    toy *data = toy_make(t->a, &shape);
    same_spec same = {NULL, NULL, 0, "without undeclared attributes"};
    pm_scores got;
    if (data && !hide_attributes(t, &data->lib)) data = NULL;
    if (router_works(t, r, data, &got)) router_same(r, &rt->want, &got, &same);
}

static void works_with_params(trial *t, conform_result *r, const void *params)
{
    const void *usual = t->params;
    toy_shape shape = router_shape(t);
    t->params = params;
    works_on(t, r, &shape);
    t->params = usual;
}

void router_every_word(trial *t, conform_result *r)
{
    check_choices(t, r, works_with_params);
}
