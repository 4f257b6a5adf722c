/* SPDX-License-Identifier: MIT
 *
 * The ablation of a seed: its design, what a choice is worth in every respect, and for each router the choices at
 * every point.  No router predicts anything here.
 */
#include "eval/experiment_ablation.h"

#include <math.h>
#include <string.h>

#include "math/mat.h"
#include "math/weight_grid.h"

static pm_status starve(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "ablation");
}

/* ---- measures ---- */

static double *widen(const exp_ablation *x, pm_cmat from)
{
    size_t n = x->w->truth.n, m = x->w->truth.m;
    double *out = arena_alloc(x->r->a, n, m * sizeof *out);
    for (size_t i = 0; out && i < n; i++)
        for (size_t j = 0; j < m; j++) out[i * m + j] = from.at ? (double)pm_crow(from, i)[j] : NAN;
    return out;
}

/* Constraint c as it turned out where the plugin can tell and the data do, else as it was expected. */
static pm_status measure_term(exp_ablation *x, size_t c, const pm_outcomes *y, pm_err *err)
{
    size_t n = x->w->truth.n, m = x->w->truth.m;
    double *out = widen(x, x->w->penalty[c]);
    x->measure[ABLATION_TERMS + c] = out;
    if (!out) return starve(err);
    if (!constraint_has_realised(x->w->constraint[c])) return PM_OK;
    pm_mat real = mat_new(x->r->a, n, m);
    if (!real.at) return starve(err);
    pm_status s = constraint_realised(x->w->constraint[c], x->r->call, &x->r->lib->view,
                                      &x->w->test_x, y, real, err);
    for (size_t i = 0; i < n && !s; i++)
        for (size_t j = 0; j < m; j++)
            if (!isnan(pm_row(real, i)[j])) out[i * m + j] = (double)pm_row(real, i)[j];
    return s;
}

static void make_utility(exp_ablation *x)
{
    size_t cells = x->w->truth.n * x->w->truth.m;
    double sign = policy_sign(x->w->truth.kind), *u = x->measure[ABLATION_UTILITY];
    for (size_t k = 0; k < cells; k++) {
        u[k] = sign * x->measure[ABLATION_VALUE][k];
        for (size_t c = 0; c < x->d.n_factors; c++)
            if (!x->how->spec.factor[c].is_switch)
                u[k] -= x->how->spec.factor[c].nominal * x->measure[ABLATION_TERMS + c][k];
    }
}

static pm_status make_measures(exp_ablation *x, pm_err *err)
{
    size_t n = x->d.n_factors;
    pm_outcomes y;
    x->n_measures = ABLATION_TERMS + n;
    x->has_cost = x->w->truth.cost_usd.at != NULL;
    x->measure = arena_alloc(x->r->a, x->n_measures, sizeof *x->measure);
    if (!x->measure) return starve(err);
    x->measure[ABLATION_VALUE] = widen(x, x->w->truth.value);
    x->measure[ABLATION_UTILITY] = widen(x, x->w->truth.value);
    x->measure[ABLATION_COST] = widen(x, x->w->truth.cost_usd);
    if (!x->measure[ABLATION_VALUE] || !x->measure[ABLATION_UTILITY] || !x->measure[ABLATION_COST])
        return starve(err);
    pm_status s = dataset_outcomes(&x->r->data, x->w->s.test, x->w->s.n_test, x->r->a, &y, err);
    for (size_t c = 0; c < n && !s; c++) s = measure_term(x, c, &y, err);
    if (!s) make_utility(x);
    return s;
}

/* ---- routers ---- */

static bool is_asked(const ablation_choice *how, const char *label)
{
    for (size_t k = 0; k < how->n_routers; k++)
        if (strcmp(how->router[k], label) == 0) return true;
    return how->n_routers == 0;
}

static bool make_room(const exp_ablation *x, exp_ablated *out)
{
    arena *a = x->r->a;
    size_t n = x->n, points = x->d.n;
    out->choice = arena_alloc(a, points * n, weight_grid_bytes(x->w->truth.m));
    out->share = arena_alloc(a, points, sizeof *out->share);
    out->x = arena_alloc(a, n, x->n_asked * sizeof *out->x);
    out->mean = arena_alloc(a, points, x->n_measures * sizeof *out->mean);
    out->changed = arena_alloc(a, points, sizeof *out->changed);
    out->moved = arena_alloc(a, points, sizeof *out->moved);
    out->experts = arena_alloc(a, points, x->w->truth.m * sizeof *out->experts);
    return out->choice && out->share && out->x && out->mean && out->changed && out->moved &&
           out->experts;
}

static pm_status ablate(exp_ablation *x, size_t k, exp_ablated *out, pm_err *err)
{
    *out = (exp_ablated){.label = x->w->router[k].choice->at.label, .k = k};
    if (!make_room(x, out)) return starve(err);
    pm_status s = exp_ablation_decide(x, out, err);
    if (s) return s;
    ablation_cells cells = {.n = x->n,
                            .m = x->w->truth.m,
                            .n_points = x->d.n,
                            .choice = out->choice,
                            .share = out->share,
                            .measure = (const double *const *)x->measure,
                            .n_measures = x->n_measures,
                            .cluster = x->cluster};
    ablation_means(&cells, out->mean);
    ablation_changed(&cells, 0, out->changed);
    ablation_changed(&cells, x->d.none, out->moved);
    for (size_t p = 0; p < x->d.n; p++)
        ablation_experts(&cells, p, out->experts + p * x->w->truth.m);
    return ablation_prompts(x->r->env.compute, &cells, x->contrast, x->n_asked, out->x, err);
}

pm_status exp_ablation_run(exp_run *r, seed_work *w, pm_err *err)
{
    const ablation_choice *how = r->x->ablation;
    if (!how || r->x->of_battles || w->n_routers == 0) return PM_OK;
    exp_ablation x = {.r = r,
                      .w = w,
                      .how = how,
                      .before = "",
                      .seed = w->seed,
                      .n = w->truth.n,
                      .cluster = w->truth.cluster};
    exp_say(r, "ablation", 0);
    pm_status s = ablation_design_make(&how->spec, r->a, &x.d, err);
    if (s) return err_wrap(err, s, "%s: ablation", how->where ? how->where : r->x->name);
    exp_ablated *all = arena_alloc(r->a, w->n_routers, sizeof *all);
    s = all ? make_measures(&x, err) : starve(err);
    if (!s) s = exp_ablation_ask(&x, err);
    size_t n = 0;
    for (size_t k = 0; k < w->n_routers && !s; k++)
        if (is_asked(how, w->router[k].choice->at.label)) s = ablate(&x, k, &all[n++], err);
    if (s || n == 0) return s;
    s = exp_ablation_rows(&x, all, n, err);
    return s ? s : exp_ablation_pool(&x, all, n, err);
}
