/* SPDX-License-Identifier: MIT
 *
 * The grid of constraint weights, and the decisions at each of its points.  Predictions are made once; a
 * point only asks the constraints and the objective again.
 */
#include <math.h>
#include <string.h>

#include "eval/experiment_private.h"
#include "math/mat.h"

/* ---- the grid ---- */

static size_t weights_of(const constraint_choice *c)
{
    return c->sense == PM_SOFT && c->n_weights > 0 ? c->n_weights : 1;
}

static double weight_at(const constraint_choice *c, size_t k)
{
    return c->n_weights > 0 ? c->weight[k] : 1;
}

static void put_term(const constraint_choice *c, double weight, bool first, str *out)
{
    str_printf(out, "%s%s", first ? "" : ", ", c->at.label);
    if (c->sense == PM_SOFT) {
        str_puts(out, "=");
        str_number(out, weight);
        return;
    }
    str_puts(out, c->sense == PM_BUDGET ? " mean<=" : "<=");
    str_number(out, c->bound);
}

/* Point k of the product of all sweeps; the last constraint varies fastest. */
static pm_status make_point(exp_run *r, size_t k, weight_point *out, pm_err *err)
{
    size_t n = r->x->n_constraints;
    double *weight = arena_alloc(r->a, n, sizeof *weight);
    if (!weight) return err_set(err, PM_E_MEMORY, "weights");
    for (size_t c = n; c-- > 0;) {
        size_t choices = weights_of(&r->x->constraint[c]);
        weight[c] = weight_at(&r->x->constraint[c], k % choices);
        k /= choices;
    }
    str text = STR_INIT;
    for (size_t c = 0; c < n; c++) put_term(&r->x->constraint[c], weight[c], c == 0, &text);
    out->weight = weight;
    out->text = text.failed ? NULL : arena_strdup(r->a, str_text(&text));
    str_close(&text);
    return out->text ? PM_OK : err_set(err, PM_E_MEMORY, "weights");
}

#define MAX_POINTS 10000

/* Phrases that the experiment gives, for pipelines and bundles. */
static pm_status find_phrases(exp_run *r, pm_err *err)
{
    const pm_phrase **all = arena_alloc(r->a, r->x->n_constraints, sizeof *all);
    if (!all) return err_set(err, PM_E_MEMORY, "phrases");
    for (size_t c = 0; c < r->x->n_constraints; c++) {
        all[c] = r->x->constraint[c].phrases;
        if (all[c]) r->phrases = all;
    }
    return PM_OK;
}

pm_status exp_points(exp_run *r, pm_err *err)
{
    pm_status found = find_phrases(r, err);
    if (found) return found;
    size_t n = 1;
    for (size_t c = 0; c < r->x->n_constraints; c++) {
        n *= weights_of(&r->x->constraint[c]);
        if (n > MAX_POINTS)
            return err_set(err, PM_E_ARG, "the sweeps make more than %d weight points; want fewer",
                           MAX_POINTS);
    }
    r->point = arena_alloc(r->a, n, sizeof *r->point);
    if (!r->point) return err_set(err, PM_E_MEMORY, "%zu weight points", n);
    for (size_t k = 0; k < n; k++) {
        pm_status s = make_point(r, k, &r->point[k], err);
        if (s) return s;
        for (size_t p = 0; p < k; p++)
            if (strcmp(r->point[p].text, r->point[k].text) == 0)
                return err_set(err, PM_E_ARG, "weight point \"%s\" occurs twice in the sweeps",
                               r->point[k].text);
    }
    r->n_points = n;
    return PM_OK;
}

/* ---- constraints and objective ---- */

static pm_status build_constraint(exp_run *r, size_t k, uint64_t seed, const pm_fit *fit,
                                  constraint **out, pm_err *err)
{
    const plugin_choice *p = &r->x->constraint[k].at;
    constraint_spec spec = {p->plugin, p->params, seed};
    pm_status s = constraint_build(r->call, &spec, fit, out, err);
    if (!s) return PM_OK;
    return err_wrap(err, s, "%s: constraint \"%s\"", p->where ? p->where : r->x->name, p->label);
}

static pm_status build_parts(exp_run *r, seed_work *w, pm_err *err)
{
    const experiment *x = r->x;
    pm_fit fit = {.size = sizeof fit,
                  .lib = &r->lib->view,
                  .x = &w->fit_x,
                  .y = &w->fit_y,
                  .group = w->fit_group,
                  .tune_x = w->s.n_tune ? &w->tune_x : NULL,
                  .tune_y = w->s.n_tune ? &w->tune_y : NULL};
    w->constraint = arena_alloc(r->a, x->n_constraints + 1, sizeof(constraint *));
    if (!w->constraint) return err_set(err, PM_E_MEMORY, "constraints");
    for (size_t k = 0; k < x->n_constraints; k++) {
        pm_status s = PM_OK;
        if (x->constraint[k].at.plugin->type.constraint->train) s = exp_features(r, w, err);
        if (!s) s = build_constraint(r, k, w->seed, &fit, &w->constraint[k], err);
        if (s) return s;
    }
    objective_spec spec = {x->objective.plugin, x->objective.params, w->seed};
    pm_status s = objective_build(r->call, &spec, NULL, NULL, &w->decide, err);
    return s ? err_wrap(err, s, "objective \"%s\"", x->objective.label) : PM_OK;
}

/* ---- before anything is trained ---- */

/* Learning from all rows is enough to see what is missing; an embedding is not there yet. */
static pm_status whole_fit(exp_run *r, pm_prompts *x, pm_outcomes *y, pm_err *err)
{
    uint32_t *all = arena_alloc(r->a, r->data.n, sizeof *all);
    if (!all) return err_set(err, PM_E_MEMORY, "%zu prompts", r->data.n);
    for (size_t i = 0; i < r->data.n; i++) all[i] = (uint32_t)i;
    pm_status s = dataset_prompts(&r->data, all, r->data.n, r->a, x, err);
    return s ? s : dataset_outcomes(&r->data, all, r->data.n, r->a, y, err);
}

static pm_status try_constraint(exp_run *r, size_t k, const pm_fit *fit, pm_err *err)
{
    const plugin_choice *p = &r->x->constraint[k].at;
    constraint *made;
    pm_mat out = mat_new(r->a, 1, r->lib->view.n);
    if (!out.at) return err_set(err, PM_E_MEMORY, "constraints");
    pm_status s = build_constraint(r, k, r->x->seed[0], fit, &made, err);
    if (s) return s;
    s = constraint_is_per_prompt(made)
            ? constraint_check(made, r->call, &r->lib->view, err)
            : constraint_eval(made, r->call, &r->lib->view, NULL, NULL, out, err);
    constraint_close(made);
    return s ? err_wrap(err, s, "%s: constraint \"%s\"", p->where ? p->where : r->x->name, p->label)
             : PM_OK;
}

pm_status exp_try_constraints(exp_run *r, pm_err *err)
{
    const uint32_t embedded = PM_NEEDS_EMBED | PM_NEEDS_SPARSE | PM_NEEDS_EMBED_OR_SPARSE;
    pm_prompts x;
    pm_outcomes y;
    pm_fit fit = {.size = sizeof fit, .lib = &r->lib->view, .x = &x, .y = &y};
    arena_mark mark = arena_save(r->a);
    pm_status s = r->x->n_constraints ? whole_fit(r, &x, &y, err) : PM_OK;
    for (size_t k = 0; k < r->x->n_constraints && !s; k++) {
        const pm_constraint_type *t = r->x->constraint[k].at.plugin->type.constraint;
        /* Needs what is trained first, or may be dear to train: it is not tried. */
        const plugin_choice *at = &r->x->constraint[k].at;
        bool each = constraint_would_be_per_prompt(at->plugin, at->params);
        if (t->train && (each || (!t->per_prompt && (t->needs & embedded)))) continue;
        s = try_constraint(r, k, &fit, err);
    }
    arena_release(r->a, mark);
    return s;
}

/* ---- decisions ---- */

pipeline exp_pipeline(const exp_run *r, const seed_work *w, size_t k, size_t point,
                      pipeline_term *term)
{
    for (size_t c = 0; c < r->x->n_constraints; c++) {
        const constraint_choice *from = &r->x->constraint[c];
        term[c] = (pipeline_term){.name = from->at.label,
                                  .k = w->constraint[c],
                                  .sense = from->sense,
                                  .weight = r->point[point].weight[c],
                                  .bound = from->bound};
    }
    const uint32_t features = PM_NEEDS_EMBED | PM_NEEDS_SPARSE | PM_NEEDS_EMBED_OR_SPARSE;
    const router *route = w->router[k].route;
    bool reads = route && (router_wants_embed(route) || router_wants_sparse(route));
    for (size_t c = 0; c < r->x->n_constraints; c++)
        reads |= (constraint_needs(w->constraint[c]) & features) != 0;
    return (pipeline){.embed = reads ? w->embed : NULL,
                      .given_dim = reads && r->x->given_vectors ? r->data.embed.cols : 0,
                      .route = route,
                      .lib = &r->lib->view,
                      .term = term,
                      .n_terms = r->x->n_constraints,
                      .decide = w->decide,
                      .prior = w->prior,
                      .phrases = r->phrases,
                      .cost_mean = w->cost_mean,
                      .infeasible = {.policy = r->x->infeasible.policy,
                                     .relax = r->x->infeasible.relax,
                                     .n_relax = r->x->infeasible.n_relax,
                                     .fallback = r->x->infeasible.fallback}};
}

pm_scores exp_scores(const exp_run *r, const seed_work *w, const router_work *route)
{
    return (pm_scores){.size = sizeof(pm_scores),
                       .kind = route->kind,
                       .reference_col = route->kind == PM_VALUE_WINPROB ? exp_reference(r, w)
                                                                        : PM_NO_COL,
                       .value = route->value,
                       .spread = route->spread,
                       .tokens_out = route->tokens};
}

static pm_status decide(exp_run *r, seed_work *w, size_t k, size_t point, policy *out, pm_err *err)
{
    const router_work *route = &w->router[k];
    pipeline_term *term = arena_alloc(r->a, r->x->n_constraints, sizeof *term);
    uint32_t *choice = arena_alloc(r->a, w->s.n_test, sizeof *choice);
    if (!term || !choice) return err_set(err, PM_E_MEMORY, "choices of %zu prompts", w->s.n_test);
    pm_mat share = {0};
    pipeline p = exp_pipeline(r, w, k, point, term);
    pm_scores scores = exp_scores(r, w, route);
    p.weight_row = exp_flag_weights(r, w, point);
    pipeline_result result = {0};
    policy stream = {.choice = NULL};
    pm_status s = w->stream ? exp_stream(r, w, k, point, &stream, err)
                            : pipeline_decide(&p, r->pipe, &w->test_x, &scores, &result, err);
    s = exp_infeasible_prompt(r, w, s, err);
    if (s)
        return err_wrap(err, s, "router \"%s\"%s%s", route->choice->at.label,
                        r->point[point].text[0] ? " at " : "", r->point[point].text);
    memcpy(choice, w->stream ? stream.choice : result.choice, w->s.n_test * sizeof *choice);
    if (result.share.at) { /* a mixed decision is measured by its expectation */
        share = mat_new(r->a, w->s.n_test, w->truth.m);
        if (!share.at) return err_set(err, PM_E_MEMORY, "shares of %zu prompts", w->s.n_test);
        mat_copy(result.share, share);
    }
    *out = (policy){.label = route->choice->at.label,
                    .role = POLICY_ROUTER,
                    .is_rival = route->choice->is_rival,
                    .point = r->point[point].text,
                    .choice = choice,
                    .more = stream.more,
                    .n_more = stream.n_more,
                    .share = mat_const(share),
                    .seed = w->seed,
                    .setting = route->setting};
    s = exp_infeasible_keep(r, &result, out, err);
    if (!s && r->has_pair && point == 0) s = exp_need(r, w, route, out, err);
    if (s || route->kind != w->truth.kind) return s;
    out->predicted = mat_const(route->value);
    out->spread = mat_const(route->spread);
    return PM_OK;
}

/* Rivals by name, in the script's order. */
static void mark_rivals(const exp_run *r, seed_work *w)
{
    for (size_t k = 0; k < r->x->n_rivals; k++)
        for (size_t p = 0; p < w->n_policies; p++) {
            if (strcmp(w->policy[p].label, r->x->rival[k]) != 0) continue;
            w->policy[p].is_rival = true;
            w->policy[p].rival_rank = k;
        }
}

pm_status exp_decide(exp_run *r, seed_work *w, pm_err *err)
{
    pm_status s = build_parts(r, w, err);
    if (!s) s = exp_flags_open(r, w, err);
    if (!s && exp_is_streamed(r)) s = exp_stream_open(r, w, err);
    if (s) return s;
    size_t n = w->n_baselines + w->n_routers * r->n_points;
    w->policy = arena_alloc(r->a, n, sizeof *w->policy);
    if (!w->policy) return err_set(err, PM_E_MEMORY, "%zu policies", n);
    if (w->n_baselines) memcpy(w->policy, w->baseline, w->n_baselines * sizeof *w->policy);
    w->n_policies = w->n_baselines;
    for (size_t k = 0; k < w->n_baselines; k++) w->policy[k].seed = w->seed;
    for (size_t point = 0; point < r->n_points; point++)
        for (size_t k = 0; k < w->n_routers && !s; k++)
            s = decide(r, w, k, point, &w->policy[w->n_policies++], err);
    if (!s) mark_rivals(r, w);
    return s || r->x->of_battles ? s : exp_penalties(r, w, err);
}
