/* SPDX-License-Identifier: MIT
 *
 * Rows about recorded dollars: what each curve of a sweep is worth between the cheapest and the dearest expert, at
 * point "cost:LABEL" (cost_curve.h; docs/metrics.md, "Cost and quality").
 */
#include <math.h>
#include <string.h>

#include "eval/cost_curve.h"
#include "eval/experiment_sweep.h"
#include "eval/spend.h"
#include "math/special.h"

typedef struct cost_rows {
    const sweep_work *k;
    const one_sweep *o;
    const char *name; /* "cost:LABEL", ... */
    sweep_curve *curve;
    const policy **first;
    size_t n;
    cost_scores scores;
} cost_rows;

static pm_status starve(const cost_rows *c)
{
    return err_set(c->k->err, PM_E_MEMORY, "cost curves");
}

static const char *keep_text(const cost_rows *c, const char *before, const char *after, size_t k)
{
    str text = STR_INIT;
    str_printf(&text, "%s%s", before, after);
    if (k != SIZE_MAX) str_printf(&text, "%02zu", k);
    const char *kept = text.failed ? NULL : arena_strdup(c->k->r->keep, str_text(&text));
    str_close(&text);
    return kept;
}

static pm_status put(const cost_rows *c, const policy *p, const char *metric, double value)
{
    metric_value v = {"", value, NAN, NAN, c->k->it->truth->n};
    return metric ? exp_sweep_put(c->k, p, c->name, metric, &v) : starve(c);
}

/* ---- curves ---- */

/* Means over seeds know the decisions of all seeds; a side that differs by seed is of the last one. */
static bool is_left_out(const cost_rows *c, const policy *side)
{
    return strcmp(c->k->it->before, "seeds:") == 0 && side->role == POLICY_CEILING;
}

static void mark_rival(const cost_rows *c, sweep_curve *curve)
{
    const experiment *x = c->k->r->x;
    for (size_t k = 0; k < x->n_rivals; k++)
        if (strcmp(x->rival[k], curve->label) == 0) {
            curve->is_rival = true;
            curve->rival_rank = k;
        }
}

static pm_status gather(cost_rows *c)
{
    const exp_swept *it = c->k->it;
    exp_run *r = c->k->r;
    c->curve = arena_alloc(r->a, c->o->n_curves + it->n_sides, sizeof *c->curve);
    c->first = arena_alloc(r->a, c->o->n_curves + it->n_sides, sizeof *c->first);
    if (!c->curve || !c->first) return starve(c);
    for (; c->n < c->o->n_curves; c->n++) {
        c->curve[c->n] = c->o->curve[c->n];
        c->first[c->n] = c->o->first[c->n];
        c->curve[c->n].is_ceiling = c->first[c->n]->role == POLICY_CEILING;
    }
    for (size_t e = 0; e < it->n_sides; e++) {
        const policy *side = &it->side[e * r->n_points];
        const policy **at = arena_alloc(r->a, c->o->n, sizeof *at);
        if (!at) return starve(c);
        if (is_left_out(c, side)) continue;
        for (size_t p = 0; p < c->o->n; p++) at[p] = &side[c->o->point[p]];
        sweep_curve *curve = &c->curve[c->n];
        *curve = (sweep_curve){.label = side->label,
                               .at = at,
                               .n = c->o->n,
                               .is_ceiling = side->role == POLICY_CEILING};
        mark_rival(c, curve);
        c->first[c->n++] = side;
    }
    return PM_OK;
}

static pm_status put_curve(const cost_rows *c, size_t e)
{
    const cost_score *score = &c->scores.curve[e];
    const policy *p = c->first[e];
    pm_status s = PM_OK;
    for (size_t m = 0; m < COST_METRICS && !s; m++)
        s = exp_sweep_put(c->k, p, c->name, cost_metric_name(m), &score->metric[m]);
    for (size_t l = 0; l < c->scores.n_rivals && !s; l++) {
        const char *metric = keep_text(c, score->rival[l].name, "", SIZE_MAX);
        s = metric ? exp_sweep_put(c->k, p, c->name, metric, &score->rival[l]) : starve(c);
    }
    for (size_t h = 0; h < score->n_corners && !s; h++) {
        s = put(c, p, keep_text(c, "corner_usd:", "", h), score->usd[h]);
        if (!s) s = put(c, p, keep_text(c, "corner_value:", "", h), score->value[h]);
    }
    return s;
}

/* ---- what is a point and no curve ---- */

static const char *value_name(const cost_rows *c)
{
    return c->k->it->truth->kind == PM_VALUE_LOSS ? "loss" : "quality";
}

static pm_status put_experts(const cost_rows *c)
{
    const eval_truth *t = c->k->it->truth;
    pm_status s = PM_OK;
    for (size_t j = 0; j < c->curve[0].n && !s; j++) {
        const policy *p = c->curve[0].at[j];
        s = put(c, p, value_name(c), sweep_mean(t, p, t->value));
        if (!s) s = put(c, p, "cost_usd", sweep_mean(t, p, t->cost_usd));
    }
    return s;
}

static pm_status put_oracle(const cost_rows *c)
{
    policy p = {.label = "oracle, cheapest of the best", .role = POLICY_CEILING};
    spend_oracle o = spend_of_oracle(c->k->it->truth);
    pm_status s = put(c, &p, value_name(c), o.value);
    if (!s) s = put(c, &p, "cost_usd", o.usd);
    return s ? s : put(c, &p, "cost_usd_nothing_right_is_free", o.usd_right);
}

/* AIQ of the shuffles: mean, and the middle 95 % of shuffles where intervals stand. */
static pm_status put_placebo(const cost_rows *c)
{
    const exp_swept *it = c->k->it;
    double aiq[EXP_SHUFFLES], n = (double)it->truth->n, mean = 0;
    double *usd = arena_alloc(c->k->r->a, c->o->n, sizeof *usd);
    double *value = arena_alloc(c->k->r->a, c->o->n, sizeof *value);
    if (!usd || !value) return starve(c);
    double zero = c->scores.curve[0].metric[COST_AIQ].value;
    for (size_t e = 0; e < EXP_SHUFFLES; e++) {
        for (size_t p = 0; p < c->o->n; p++) {
            const double *sum = it->placebo + 2 * (e * c->k->r->n_points + c->o->point[p]);
            value[p] = sum[0] / n;
            usd[p] = sum[1] / n;
        }
        aiq[e] = cost_aiq(&c->scores, it->truth->kind, usd, value, c->o->n, c->k->r->a) - zero;
        mean += aiq[e] / EXP_SHUFFLES;
    }
    double lo = special_quantile(aiq, EXP_SHUFFLES, 0.025),
           hi = special_quantile(aiq, EXP_SHUFFLES, 0.975);
    policy p = {.label = "placebo",
                .role = POLICY_BASELINE,
                .setting = "predictions given to the wrong prompts; 95 % of 40 shuffles"};
    metric_value v = {"", mean, lo, hi, it->truth->n},
                 a = {"", mean + zero, lo + zero, hi + zero, it->truth->n};
    pm_status s = exp_sweep_put(c->k, &p, c->name, cost_metric_name(COST_AIQ), &a);
    return s ? s : exp_sweep_put(c->k, &p, c->name, cost_metric_name(COST_DIFF_ZERO), &v);
}

/* What all that is measured between, said once. */
static pm_status put_frame(const cost_rows *c)
{
    const cost_scores *s = &c->scores;
    const store_row all[] = {
        {"", "run", "about", 0, c->name, "c_min, USD a call of the cheapest expert on test",
         s->least, NAN, NAN, 0, ""},
        {"", "run", "about", 0, c->name, "c_max, of the dearest", s->most, NAN, NAN, 0, ""},
        {"", "run", "about", 0, c->name, "best single (train), USD a call", s->best_usd, NAN, NAN,
         0, ""},
        {"", "run", "about", 0, c->name, "best single (train), outcome", s->best, NAN, NAN, 0, ""}};
    pm_status st = PM_OK;
    for (size_t i = 0; i < sizeof all / sizeof all[0] && !st; i++) {
        st = exp_put(c->k->r, &all[i], c->k->err);
        if (!st) c->k->r->row[c->k->r->n_rows - 1].seed = c->k->it->seed;
    }
    return st;
}

pm_status exp_costs(const sweep_work *k, const one_sweep *o)
{
    const exp_swept *it = k->it;
    cost_rows c = {.k = k, .o = o};
    if (!it->truth->cost_usd.at) return PM_OK;
    c.name = keep_text(&c, "cost:", strchr(o->name, ':') + 1, SIZE_MAX);
    pm_status s = c.name ? gather(&c) : starve(&c);
    cost_marks marks = {it->best_single, it->best_single_of};
    if (!s)
        s = cost_curves(k->r->env.compute, it->truth, &marks, &k->r->x->bootstrap, c.curve, c.n,
                        k->r->a, &c.scores, k->err);
    if (s) return err_wrap(k->err, s, "%s", c.name ? c.name : "cost");
    if (c.scores.is_flat) return PM_OK;
    if (exp_sweep_of_one_seed(k)) s = put_frame(&c);
    for (size_t e = 0; e < c.n && !s; e++) s = put_curve(&c, e);
    if (!s) s = put_experts(&c);
    if (!s) s = put_oracle(&c);
    return s || !it->placebo ? s : put_placebo(&c);
}
