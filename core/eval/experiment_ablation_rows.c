/* SPDX-License-Identifier: MIT
 *
 * Rows of an ablation, at points "ablation:..." (docs/ablation.md lists them): what leaving out each constraint does,
 * interactions, Shapley values, levels, flips of ranks.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "eval/experiment_ablation.h"

typedef struct asked { /* a contrast and the row it becomes */
    ablation_contrast of;
    const char *point, *metric;
    double error; /* of sampling; 0: none */
} asked;

typedef struct list {
    asked *at;
    size_t n, room;
} list;

static pm_status starve(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "rows of an ablation");
}

const char *exp_ablation_point(const exp_ablation *x, const char *before, const char *a,
                               const char *between, const char *b)
{
    str text = STR_INIT;
    str_printf(&text, "ablation:%s%s%s%s", before, a, between, b);
    const char *kept = text.failed ? NULL : arena_strdup(x->r->keep, str_text(&text));
    str_close(&text);
    return kept;
}

static const char *join(const exp_ablation *x, const char *before, const char *after)
{
    str text = STR_INIT;
    str_printf(&text, "%s%s", before, after);
    const char *kept = text.failed ? NULL : arena_strdup(x->r->keep, str_text(&text));
    str_close(&text);
    return kept;
}

const char *exp_ablation_measure(const exp_ablation *x, size_t measure)
{
    if (measure >= ABLATION_TERMS) return x->how->spec.factor[measure - ABLATION_TERMS].label;
    return measure == ABLATION_UTILITY         ? "utility"
           : measure == ABLATION_COST          ? "cost_usd"
           : x->w->truth.kind == PM_VALUE_LOSS ? "loss"
                                               : "quality";
}

pm_status exp_ablation_put(const exp_ablation *x, const exp_ablated *one, const char *point,
                           const char *metric, const ablation_contrast *v, pm_err *err)
{
    if (!point || !metric) return starve(err);
    store_row row = {.point = point,
                     .label = one ? one->route->choice->at.label : "all routers",
                     .role = "router",
                     .seed = x->w->seed,
                     .subset = "all",
                     .metric = metric,
                     .value = v->value,
                     .lo = v->lo,
                     .hi = v->hi,
                     .n = v->prompts,
                     .setting = ""};
    return isnan(v->value) ? PM_OK : exp_put(x->r, &row, err);
}

static pm_status put_plain(const exp_ablation *x, const exp_ablated *one, const char *point,
                           const char *metric, double value, pm_err *err)
{
    ablation_contrast v = {.value = value, .lo = NAN, .hi = NAN, .prompts = x->w->truth.n};
    return exp_ablation_put(x, one, point, metric, &v, err);
}

/* ---- contrasts ---- */

static pm_status add(const exp_ablation *x, list *l, const char *point, const char *before,
                     ablation_contrast of, pm_err *err)
{
    if (of.measure == ABLATION_COST && !x->has_cost) return PM_OK;
    const char *metric = join(x, before, exp_ablation_measure(x, of.measure));
    if (!point || !metric || !of.point) return starve(err);
    PM_ASSERT(l->n < l->room);
    l->at[l->n++] = (asked){.of = of, .point = point, .metric = metric};
    return PM_OK;
}

static const size_t main_measures[] = {ABLATION_VALUE, ABLATION_UTILITY, ABLATION_COST};
enum { MAIN = sizeof main_measures / sizeof main_measures[0] };

static pm_status ask_left_out(const exp_ablation *x, list *l, pm_err *err)
{
    pm_status s = PM_OK;
    for (size_t k = 0; k < x->d.n_factors && !s; k++) {
        uint32_t to = x->d.without[k];
        if (!x->how->spec.leave_one_out || to == UINT32_MAX) continue;
        const char *point = exp_ablation_point(x, "without ", x->how->spec.factor[k].label, "", "");
        for (size_t q = 0; q < x->n_measures && !s; q++)
            s = add(x, l, point, "effect:", ablation_difference(to, 0, q, x->r->a), err);
    }
    return s;
}

static pm_status ask_shapley(const exp_ablation *x, list *l, const exp_ablated *one, pm_err *err)
{
    pm_status s = PM_OK;
    if (!x->d.subset && !x->d.order) return PM_OK;
    for (size_t q = 0; q < MAIN && !s; q++)
        for (size_t k = 0; k < x->d.n_factors && !s; k++) {
            const char *point =
                exp_ablation_point(x, "shapley ", x->how->spec.factor[k].label, "", "");
            size_t before = l->n;
            s = add(x, l, point, "shapley:", ablation_shapley(&x->d, k, main_measures[q], x->r->a),
                    err);
            if (!s && l->n > before)
                l->at[before].error =
                    ablation_shapley_error(&x->d, k, one->mean, x->n_measures, main_measures[q]);
        }
    return s;
}

static pm_status ask_pairs(const exp_ablation *x, list *l, pm_err *err)
{
    pm_status s = PM_OK;
    const ablation_factor *f = x->how->spec.factor;
    for (size_t q = 0; q < 2; q++)
        for (size_t l2 = 1; l2 < x->d.n_factors; l2++)
            for (size_t k = 0; k < l2 && !s; k++) {
                const char *point =
                    exp_ablation_point(x, "pair ", f[k].label, " and ", f[l2].label);
                size_t m = main_measures[q];
                if (x->how->interactions)
                    s = add(x, l, point,
                            "interaction:", ablation_two_by_two(&x->d, k, l2, m, x->r->a), err);
                if (!s && x->d.subset && x->how->interactions && x->how->shapley)
                    s = add(x, l, point,
                            "shapley_interaction:", ablation_shapley_pair(&x->d, k, l2, m, x->r->a),
                            err);
            }
    return s;
}

static pm_status put_contrasts(const exp_ablation *x, const exp_ablated *one, pm_err *err)
{
    size_t k = x->d.n_factors;
    list l = {.room = k * x->n_measures + k * MAIN + 4 * k * k + 1};
    l.at = arena_alloc(x->r->a, l.room, sizeof *l.at);
    ablation_contrast *t = arena_alloc(x->r->a, l.room, sizeof *t);
    if (!l.at || !t) return starve(err);
    pm_status s = ask_left_out(x, &l, err);
    if (!s) s = ask_shapley(x, &l, one, err);
    if (!s) s = ask_pairs(x, &l, err);
    for (size_t e = 0; e < l.n; e++) t[e] = l.at[e].of;
    ablation_cells cells = {.n = x->w->truth.n,
                            .m = x->w->truth.m,
                            .n_points = x->d.n,
                            .choice = one->choice,
                            .measure = (const double *const *)x->measure,
                            .n_measures = x->n_measures,
                            .cluster = x->w->truth.cluster};
    if (!s && l.n)
        s = ablation_measure(x->r->env.compute, &cells, &x->r->x->bootstrap, t, l.n, err);
    for (size_t e = 0; e < l.n && !s; e++) {
        s = exp_ablation_put(x, one, l.at[e].point, l.at[e].metric, &t[e], err);
        const char *error = l.at[e].error > 0 ? join(x, "error:", l.at[e].metric) : NULL;
        if (!s && error) s = put_plain(x, one, l.at[e].point, error, l.at[e].error, err);
    }
    return s;
}

/* ---- what needs no interval ---- */

/* Points of the grid are in the CSV; those around w* have rows. */
static pm_status put_point(const exp_ablation *x, const exp_ablated *one, const ablation_named *at,
                           pm_err *err)
{
    size_t p = at->point;
    const char *point = exp_ablation_point(x, at->name, "", "", "");
    pm_status s = put_plain(x, one, point, "changed", one->changed[p], err);
    if (!s) s = put_plain(x, one, point, "tau_b", one->tau[p], err);
    for (size_t q = 0; q < x->n_measures && !s; q++)
        s = put_plain(x, one, point, join(x, "mean:", exp_ablation_measure(x, q)),
                      one->mean[p * x->n_measures + q], err);
    return s;
}

/* A constraint whose leaving out changes no choice does nothing here. */
static void warn_idle(const exp_ablation *x, const exp_ablated *one)
{
    for (size_t k = 0; k < x->d.n_factors && x->how->spec.leave_one_out; k++) {
        uint32_t p = x->d.without[k];
        if (p == UINT32_MAX || one->changed[p] > 0) continue;
        log_line(LOG_WARN,
                 "ablation of router \"%s\", seed %llu: leaving out constraint \"%s\" changes no "
                 "choice",
                 one->route->choice->at.label, (unsigned long long)x->w->seed,
                 x->how->spec.factor[k].label);
    }
}

static pm_status put_points(const exp_ablation *x, const exp_ablated *one, pm_err *err)
{
    pm_status s = PM_OK;
    for (size_t k = 0; k < x->d.n_named && !s; k++) s = put_point(x, one, &x->d.named[k], err);
    warn_idle(x, one);
    return s;
}

/* Pairs of routers whose order is the reverse of that at w*, by utility and by outcome. */
static pm_status put_flips(const exp_ablation *x, const exp_ablated *all, size_t n, pm_err *err)
{
    double *before = arena_alloc(x->r->a, n, 2 * sizeof *before), *now = before + n;
    if (!before) return starve(err);
    pm_status s = PM_OK;
    for (size_t r = 0; r < x->d.n_named && n > 1 && !s; r++) {
        size_t p = x->d.named[r].point;
        const char *point = exp_ablation_point(x, x->d.named[r].name, "", "", "");
        for (size_t q = 0; q < 2 && !s; q++) {
            for (size_t k = 0; k < n; k++) {
                before[k] = all[k].mean[main_measures[q]];
                now[k] = all[k].mean[p * x->n_measures + main_measures[q]];
            }
            s = put_plain(x, NULL, point,
                          join(x, "flips:", exp_ablation_measure(x, main_measures[q])),
                          (double)ablation_flips(before, now, n), err);
        }
    }
    return s;
}

static pm_status put_facts(const exp_ablation *x, pm_err *err)
{
    pm_status s = exp_fact(x->r, "ablation", "weight points", (double)x->d.n, "", err);
    const char *note = x->d.note[0] ? arena_strdup(x->r->keep, x->d.note) : NULL;
    if (!s && note) s = exp_fact(x->r, "ablation", "fraction", NAN, note, err);
    if (!s && x->d.n_orders)
        s = exp_fact(x->r, "ablation", "orders that Shapley values are sampled from",
                     (double)x->d.n_orders, "", err);
    return s;
}

pm_status exp_ablation_rows(const exp_ablation *x, const exp_ablated *all, size_t n, pm_err *err)
{
    bool first = x->w->seed == x->r->x->seed[0];
    pm_status s = first ? put_facts(x, err) : PM_OK;
    for (size_t k = 0; k < n && !s; k++) {
        s = put_contrasts(x, &all[k], err);
        if (!s) s = put_points(x, &all[k], err);
        if (!s) s = exp_ablation_fronts(x, &all[k], err);
        if (!s) s = exp_ablation_csv(x, &all[k], err);
    }
    return s ? s : put_flips(x, all, n, err);
}
