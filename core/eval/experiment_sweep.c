/* SPDX-License-Identifier: MIT
 *
 * Rows about constraints: their mean value under every policy; and where one weight was swept, the points on
 * each router's front and what the front is worth (sweep.h), at point "sweep:LABEL".
 */
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "eval/experiment_private.h"
#include "eval/sweep.h"
#include "math/mat.h"

#define FEW_WEIGHTS 3 /* fewer make no front */

typedef struct sweep_work {
    exp_run *r;
    const seed_work *w;
    const policy *policy; /* of the seed, or means over seeds */
    bool is_mean;
    size_t c; /* constraint at hand */
    pm_cmat penalty;
    pm_err *err;
} sweep_work;

static size_t weights_of(const constraint_choice *c)
{
    return c->sense == PM_SOFT && c->n_weights > 1 ? c->n_weights : 1;
}

static const char *label_of(const sweep_work *k)
{
    return k->r->x->constraint[k->c].at.label;
}

static const char *keep_text(const sweep_work *k, const char *before, const char *after)
{
    str text = STR_INIT;
    str_printf(&text, "%s%s", before, after);
    const char *kept = text.failed ? NULL : arena_strdup(k->r->keep, str_text(&text));
    str_close(&text);
    return kept;
}

static pm_status starve(const sweep_work *k)
{
    return err_set(k->err, PM_E_MEMORY, "sweep of \"%s\"", label_of(k));
}

/* ---- constraint values ---- */

/* Values [n x m] of the constraint at hand; where it looks at scores, at the true outcomes, so that every policy
 * is measured with the same numbers. */
static pm_status find_penalty(sweep_work *k)
{
    const seed_work *w = k->w;
    const constraint *at = w->constraint[k->c];
    bool per_prompt = constraint_is_per_prompt(at);
    pm_mat out = mat_new(k->r->a, per_prompt ? w->truth.n : 1, w->truth.m);
    pm_mat value = mat_new(k->r->a, per_prompt ? w->truth.n : 1, w->truth.m);
    if (!out.at || !value.at) return starve(k);
    for (size_t i = 0; i < value.rows; i++)
        memcpy(pm_row(value, i), pm_crow(w->truth.value, i), w->truth.m * sizeof(float));
    pm_scores truth = {
        .size = sizeof truth, .kind = w->truth.kind, .reference_col = PM_NO_COL, .value = value};
    pm_status s = constraint_eval(at, k->r->call, &k->r->lib->view, &w->test_x,
                                  per_prompt ? &truth : NULL, out, k->err);
    k->penalty = per_prompt ? mat_const(out) : (pm_cmat){out.at, w->truth.n, w->truth.m, 0};
    return s;
}

/* ---- rows ---- */

static pm_status put(const sweep_work *k, const policy *p, const char *point, const char *metric,
                     const metric_value *v)
{
    store_row row = {.point = point,
                     .label = p->label,
                     .role = policy_role_name(p->role),
                     .seed = k->is_mean ? 0 : p->seed,
                     .subset = k->is_mean ? "seeds:all" : "all",
                     .metric = metric,
                     .value = v->value,
                     .lo = v->lo,
                     .hi = v->hi,
                     .n = v->n,
                     .setting = p->setting && !k->is_mean ? p->setting : ""};
    return isnan(v->value) ? PM_OK : exp_put(k->r, &row, k->err);
}

static pm_status put_means(const sweep_work *k, const char *metric, pm_cmat x)
{
    pm_status s = metric ? PM_OK : starve(k);
    for (size_t i = 0; i < k->w->n_policies && !s; i++) {
        const policy *p = &k->policy[i];
        metric_value v = {"", sweep_mean(&k->w->truth, p, x), NAN, NAN, k->w->truth.n};
        s = put(k, p, exp_point_of(k->r, p), metric, &v);
    }
    return s;
}

/* Mean number of parameters (n-grams, for n-gram models) of the chosen experts, where all are known. */
static pm_status put_params(const sweep_work *k)
{
    const pm_library *lib = &k->r->lib->view;
    float *row = arena_alloc(k->r->a, lib->n, sizeof *row);
    if (!row) return starve(k);
    for (size_t j = 0; j < lib->n; j++) {
        double v = pm_attr_number(lib->expert[j], "params", NAN);
        if (!isfinite(v)) return PM_OK;
        row[j] = (float)v;
    }
    return put_means(k, "mean_params", (pm_cmat){row, k->w->truth.n, lib->n, 0});
}

/* ---- one sweep ---- */

/* The decisions of the objective when the router knows the outcomes. */
static pm_status decide_oracle(const sweep_work *k, size_t point, policy *out)
{
    const seed_work *w = k->w;
    pipeline_term *term = arena_alloc(k->r->a, k->r->x->n_constraints, sizeof *term);
    uint32_t *choice = arena_alloc(k->r->a, w->truth.n, sizeof *choice);
    pm_mat value = mat_new(k->r->a, w->truth.n, w->truth.m);
    if (!term || !choice || !value.at) return starve(k);
    for (size_t i = 0; i < w->truth.n; i++)
        memcpy(pm_row(value, i), pm_crow(w->truth.value, i), w->truth.m * sizeof(float));
    pipeline p = exp_pipeline(k->r, w, 0, point, term);
    pm_scores scores = {
        .size = sizeof scores, .kind = w->truth.kind, .reference_col = PM_NO_COL, .value = value};
    pipeline_result result;
    pm_status s = pipeline_decide(&p, k->r->pipe, &w->test_x, &scores, &result, k->err);
    if (s) return err_wrap(k->err, s, "oracle at %s", k->r->point[point].text);
    memcpy(choice, result.choice, w->truth.n * sizeof *choice);
    *out = (policy){.label = "oracle",
                    .role = POLICY_CEILING,
                    .choice = choice,
                    .seed = w->seed,
                    .setting = "decides on the outcomes"};
    return PM_OK;
}

static bool oracle_fits(const sweep_work *k)
{
    const pm_objective_type *o = k->r->x->objective.plugin->type.objective;
    return (o->accepts & PM_VALUE_BIT(k->w->truth.kind)) != 0;
}

typedef struct one_sweep { /* over the weights of a constraint, the others as they are */
    const char *name;      /* "sweep:LABEL", and what the other weights are if they vary */
    size_t n;              /* weights */
    size_t *point;         /* [n] */
    sweep_curve *curve;    /* experts, routers, oracle */
    const policy **first;  /* [n_curves] who stands for the curve */
    size_t n_curves;
} one_sweep;

static const char *name_sweep(const sweep_work *k, size_t point)
{
    const experiment *x = k->r->x;
    str text = STR_INIT;
    str_printf(&text, "sweep:%s", label_of(k));
    for (size_t c = 0; c < x->n_constraints; c++) {
        if (c == k->c || weights_of(&x->constraint[c]) == 1) continue;
        str_printf(&text, ", %s=", x->constraint[c].at.label);
        str_number(&text, k->r->point[point].weight[c]);
    }
    const char *kept = text.failed ? NULL : arena_strdup(k->r->keep, str_text(&text));
    str_close(&text);
    return kept;
}

static const policy **more_policies(const sweep_work *k, one_sweep *o, size_t n,
                                    const policy *first)
{
    const policy **at = arena_alloc(k->r->a, n, sizeof *at);
    o->curve[o->n_curves] = (sweep_curve){first->label, first->is_rival, first->rival_rank, at, n};
    o->first[o->n_curves++] = first;
    return at;
}

static pm_status gather_curves(const sweep_work *k, one_sweep *o)
{
    static const policy zero = {.label = "zero router", .role = POLICY_BASELINE};
    const seed_work *w = k->w;
    o->curve = arena_alloc(k->r->a, w->n_routers + 2, sizeof *o->curve);
    o->first = arena_alloc(k->r->a, w->n_routers + 2, sizeof *o->first);
    policy *mine = arena_alloc(k->r->a, 1, sizeof *mine);
    if (!o->curve || !o->first || !mine) return starve(k);
    *mine = zero;
    mine->seed = w->seed;
    mine->setting = "best mixture of single experts, blind to the prompt";
    const policy **at = more_policies(k, o, w->truth.m, mine);
    for (size_t b = 0, j = 0; at && b < w->n_baselines; b++)
        if (k->policy[b].role == POLICY_EXPERT) at[j++] = &k->policy[b];
    for (size_t e = 0; e < w->n_routers && at; e++) {
        const policy *of = &k->policy[w->n_baselines + e];
        at = more_policies(k, o, o->n, &of[o->point[0] * w->n_routers]);
        for (size_t p = 0; at && p < o->n; p++) at[p] = &of[o->point[p] * w->n_routers];
    }
    return at ? PM_OK : starve(k);
}

/* The oracle stands last. */
static pm_status add_oracle(const sweep_work *k, one_sweep *o)
{
    policy *oracle = arena_alloc(k->r->a, o->n, sizeof *oracle);
    if (!oracle) return starve(k);
    const policy **at = more_policies(k, o, o->n, oracle);
    pm_status s = at ? PM_OK : starve(k);
    for (size_t p = 0; p < o->n && !s; p++) {
        s = decide_oracle(k, o->point[p], &oracle[p]);
        at[p] = &oracle[p];
    }
    o->curve[o->n_curves - 1].label = "oracle";
    return s;
}

static pm_status put_curve(const sweep_work *k, const one_sweep *o, size_t e,
                           const sweep_scores *scores)
{
    const sweep_score *score = &scores->curve[e];
    const policy *p = o->first[e];
    pm_status s = put(k, p, o->name, "area", &score->area);
    if (!s) s = put(k, p, o->name, "area_share", &score->area_share);
    if (!s) s = put(k, p, o->name, "hypervolume", &score->hypervolume);
    for (size_t l = 0; l < scores->n_rivals && !s; l++) {
        const char *metric = keep_text(k, score->rival[l].name, "");
        s = metric ? put(k, p, o->name, metric, &score->rival[l]) : starve(k);
    }
    if (p->role != POLICY_ROUTER) return s;
    const char *front = keep_text(k, "on_front:", label_of(k));
    const char *hull = keep_text(k, "on_hull:", label_of(k));
    if (!front || !hull) return starve(k);
    for (size_t i = 0; i < o->n && !s; i++) {
        const policy *at = o->curve[e].at[i];
        metric_value v = {"", score->on_front[i], NAN, NAN, k->w->truth.n};
        s = put(k, at, at->point, front, &v);
        v.value = score->on_hull[i];
        if (!s) s = put(k, at, at->point, hull, &v);
    }
    return s;
}

/* What areas and volumes are measured in, said once. */
static pm_status put_reference(const sweep_work *k, const one_sweep *o, const sweep_scores *scores)
{
    const store_row all[] = {
        {"", "run", "about", 0, o->name, "constraint value at x = 0", scores->least, NAN, NAN, 0,
         ""},
        {"", "run", "about", 0, o->name, "at x = 1", scores->most, NAN, NAN, 0, ""},
        {"", "run", "about", 0, o->name,
         "hypervolume within x <= 1 and outcome of the worst expert", fabs(scores->reference), NAN,
         NAN, 0, ""}};
    pm_status s = PM_OK;
    for (size_t i = 0; i < sizeof all / sizeof all[0] && !s && !k->is_mean; i++) {
        s = exp_put(k->r, &all[i], k->err);
        if (!s) k->r->row[k->r->n_rows - 1].seed = k->w->seed;
    }
    return s;
}

static pm_status sweep_from(const sweep_work *k, size_t base, size_t stride)
{
    one_sweep o = {.name = name_sweep(k, base), .n = weights_of(&k->r->x->constraint[k->c])};
    o.point = arena_alloc(k->r->a, o.n, sizeof *o.point);
    if (!o.name || !o.point) return starve(k);
    for (size_t p = 0; p < o.n; p++) o.point[p] = base + p * stride;
    pm_status s = gather_curves(k, &o);
    size_t oracle = oracle_fits(k) ? o.n_curves : SIZE_MAX;
    if (!s && oracle != SIZE_MAX) s = add_oracle(k, &o);
    sweep_scores scores;
    if (!s)
        s = sweep_measure(k->r->env.compute, &k->w->truth, k->penalty, &k->r->x->bootstrap, o.curve,
                          o.n_curves, oracle, k->r->a, &scores, k->err);
    if (s) return err_wrap(k->err, s, "%s", o.name ? o.name : "sweep");
    if (scores.is_flat) {
        log_line(LOG_WARN,
                 "constraint \"%s\" is %g for every expert: a sweep of its weight changes nothing",
                 label_of(k), scores.least);
        return PM_OK;
    }
    s = put_reference(k, &o, &scores);
    for (size_t e = 0; e < o.n_curves && !s; e++) s = put_curve(k, &o, e, &scores);
    return s;
}

/* Points are a product of all weights, the last constraint's fastest. */
static pm_status sweep_constraint(const sweep_work *k)
{
    const experiment *x = k->r->x;
    size_t stride = 1, n = weights_of(&x->constraint[k->c]);
    for (size_t c = k->c + 1; c < x->n_constraints; c++) stride *= weights_of(&x->constraint[c]);
    pm_status s = PM_OK;
    for (size_t p = 0; p < k->r->n_points && !s; p++)
        if (p / stride % n == 0) s = sweep_from(k, p, stride);
    return s;
}

pm_status exp_sweeps(exp_run *r, const seed_work *w, const policy *mean, pm_err *err)
{
    sweep_work k = {
        .r = r, .w = w, .policy = mean ? mean : w->policy, .is_mean = mean != NULL, .err = err};
    pm_status s = PM_OK;
    bool any = false;
    for (k.c = 0; k.c < r->x->n_constraints && !s; k.c++) {
        s = find_penalty(&k);
        if (!s) s = put_means(&k, keep_text(&k, "mean:", label_of(&k)), k.penalty);
        if (s || w->n_routers == 0 || weights_of(&r->x->constraint[k.c]) < FEW_WEIGHTS) continue;
        any = true;
        s = sweep_constraint(&k);
    }
    k.c = 0;
    return s || !any ? s : put_params(&k);
}
