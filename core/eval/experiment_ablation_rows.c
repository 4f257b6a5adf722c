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
    const char *subset = x->before[0] ? join(x, x->before, "all") : "all";
    if (!point || !metric || !subset) return starve(err);
    store_row row = {.point = point,
                     .label = one ? one->label : "all routers",
                     .role = "router",
                     .seed = x->seed,
                     .subset = subset,
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
    ablation_contrast v = {.value = value, .lo = NAN, .hi = NAN, .prompts = x->n};
    return exp_ablation_put(x, one, point, metric, &v, err);
}

/* ---- contrasts ---- */

typedef struct list { /* being put together */
    exp_ablation *x;
    size_t room;
    pm_err *err;
} list;

static pm_status add(const list *l, const char *point, const char *before, ablation_contrast of,
                     size_t shapley)
{
    exp_ablation *x = l->x;
    if (of.measure == ABLATION_COST && !x->has_cost) return PM_OK;
    const char *metric = join(x, before, exp_ablation_measure(x, of.measure));
    if (!point || !metric || !of.point) return starve(l->err);
    PM_ASSERT(x->n_asked < l->room);
    x->asked[x->n_asked] = (exp_asked){point, metric, shapley};
    x->contrast[x->n_asked++] = of;
    return PM_OK;
}

static const size_t main_measures[] = {ABLATION_VALUE, ABLATION_UTILITY, ABLATION_COST};
enum { MAIN = sizeof main_measures / sizeof main_measures[0] };

static pm_status ask_left_out(const list *l)
{
    const exp_ablation *x = l->x;
    pm_status s = PM_OK;
    for (size_t k = 0; k < x->d.n_factors && !s; k++) {
        uint32_t to = x->d.without[k];
        if (!x->how->spec.leave_one_out || to == UINT32_MAX) continue;
        const char *point = exp_ablation_point(x, "without ", x->how->spec.factor[k].label, "", "");
        for (size_t q = 0; q < x->n_measures && !s; q++)
            s = add(l, point, "effect:", ablation_difference(to, 0, q, x->r->a), SIZE_MAX);
    }
    return s;
}

static pm_status ask_shapley(const list *l)
{
    const exp_ablation *x = l->x;
    pm_status s = PM_OK;
    if (!x->d.subset && !x->d.order) return PM_OK;
    for (size_t q = 0; q < MAIN && !s; q++)
        for (size_t k = 0; k < x->d.n_factors && !s; k++) {
            const char *point =
                exp_ablation_point(x, "shapley ", x->how->spec.factor[k].label, "", "");
            s = add(l, point, "shapley:", ablation_shapley(&x->d, k, main_measures[q], x->r->a), k);
        }
    return s;
}

static pm_status ask_pair(const list *l, size_t first, size_t second, size_t measure)
{
    const exp_ablation *x = l->x;
    const ablation_factor *f = x->how->spec.factor;
    const char *point = exp_ablation_point(x, "pair ", f[first].label, " and ", f[second].label);
    if (!x->how->interactions) return PM_OK;
    pm_status s = add(l, point,
                      "interaction:", ablation_two_by_two(&x->d, first, second, measure, x->r->a),
                      SIZE_MAX);
    if (s || !x->d.subset || !x->how->shapley) return s;
    return add(l, point, "shapley_interaction:",
               ablation_shapley_pair(&x->d, first, second, measure, x->r->a), SIZE_MAX);
}

static pm_status ask_pairs(const list *l)
{
    pm_status s = PM_OK;
    for (size_t q = 0; q < 2; q++)
        for (size_t second = 1; second < l->x->d.n_factors; second++)
            for (size_t first = 0; first < second && !s; first++)
                s = ask_pair(l, first, second, main_measures[q]);
    return s;
}

pm_status exp_ablation_ask(exp_ablation *x, pm_err *err)
{
    size_t k = x->d.n_factors;
    list l = {x, k * x->n_measures + k * MAIN + 4 * k * k + 1, err};
    x->asked = arena_alloc(x->r->a, l.room, sizeof *x->asked);
    x->contrast = arena_alloc(x->r->a, l.room, sizeof *x->contrast);
    if (!x->asked || !x->contrast) return starve(err);
    pm_status s = ask_left_out(&l);
    if (!s) s = ask_shapley(&l);
    return s ? s : ask_pairs(&l);
}

static pm_status put_contrasts(const exp_ablation *x, const exp_ablated *one, pm_err *err)
{
    ablation_sample of = {one->x, x->n, x->cluster};
    pm_status s = PM_OK;
    if (x->n_asked)
        s = ablation_intervals(x->r->env.compute, &of, &x->r->x->bootstrap, x->contrast, x->n_asked,
                               err);
    for (size_t e = 0; e < x->n_asked && !s; e++) {
        const exp_asked *a = &x->asked[e];
        s = exp_ablation_put(x, one, a->point, a->metric, &x->contrast[e], err);
        if (s || a->shapley == SIZE_MAX) continue;
        double error = ablation_shapley_error(&x->d, a->shapley, one->mean, x->n_measures,
                                              x->contrast[e].measure);
        if (error > 0) s = put_plain(x, one, a->point, join(x, "error:", a->metric), error, err);
    }
    return s;
}

/* ---- what needs no interval ---- */

double exp_ablation_tau(const exp_ablation *x, const exp_ablated *one, size_t p)
{
    size_t m = x->w->truth.m;
    return ablation_tau_b(one->experts, one->experts + p * m, m);
}

/* Points of the grid are in the CSV; those around w* have rows. */
static pm_status put_point(const exp_ablation *x, const exp_ablated *one, const ablation_named *at,
                           pm_err *err)
{
    size_t p = at->point;
    const char *point = exp_ablation_point(x, at->name, "", "", "");
    pm_status s = put_plain(x, one, point, "changed", one->changed[p], err);
    if (!s && p != x->d.none) s = put_plain(x, one, point, "changed_none", one->moved[p], err);
    if (!s) s = put_plain(x, one, point, "tau_b", exp_ablation_tau(x, one, p), err);
    for (size_t q = 0; q < x->n_measures && !s; q++)
        s = put_plain(x, one, point, join(x, "mean:", exp_ablation_measure(x, q)),
                      one->mean[p * x->n_measures + q], err);
    return s;
}

static pm_status put_points(const exp_ablation *x, const exp_ablated *one, pm_err *err)
{
    pm_status s = PM_OK;
    for (size_t k = 0; k < x->d.n_named && !s; k++) s = put_point(x, one, &x->d.named[k], err);
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

static pm_status tell_missing(const exp_ablation *x, pm_err *err)
{
    str text = STR_INIT;
    for (size_t k = 0; k < x->how->n_fronts; k++) {
        const char *why;
        if (exp_ablation_has_front(x, &x->how->front[k], &why)) continue;
        if (!why) text.failed = true;
        str_printf(&text, "%s%s", text.len ? "; " : "", why ? why : "");
    }
    if (text.len) log_line(LOG_WARN, "ablation: front %s", str_text(&text));
    const char *kept = text.failed ? NULL : arena_strdup(x->r->keep, str_text(&text));
    bool any = text.len > 0;
    str_close(&text);
    if (!kept) return starve(err);
    return any ? exp_fact(x->r, "ablation", "fronts left out", NAN, kept, err) : PM_OK;
}

static pm_status put_facts(const exp_ablation *x, pm_err *err)
{
    pm_status s = exp_fact(x->r, "ablation", "weight points", (double)x->d.n, "", err);
    const char *note = x->d.note[0] ? arena_strdup(x->r->keep, x->d.note) : NULL;
    if (!s && note) s = exp_fact(x->r, "ablation", "fraction", NAN, note, err);
    if (!s && x->d.n_orders)
        s = exp_fact(x->r, "ablation", "orders that Shapley values are sampled from",
                     (double)x->d.n_orders, "", err);
    return s ? s : tell_missing(x, err);
}

pm_status exp_ablation_rows(const exp_ablation *x, const exp_ablated *all, size_t n, pm_err *err)
{
    bool first = !x->before[0] && x->seed == x->r->x->seed[0];
    pm_status s = first ? put_facts(x, err) : PM_OK;
    for (size_t k = 0; k < n && !s; k++) {
        s = put_contrasts(x, &all[k], err);
        if (!s) s = put_points(x, &all[k], err);
        if (!s) s = exp_ablation_fronts(x, &all[k], err);
        if (!s) s = exp_ablation_csv(x, &all[k], err);
    }
    return s ? s : put_flips(x, all, n, err);
}
