/* SPDX-License-Identifier: MIT
 *
 * Rows about constraints: their mean value under every policy; and where one weight was swept, the points on
 * each router's front and what the front is worth (sweep.h), at point "sweep:LABEL".
 */
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "eval/experiment_sweep.h"
#include "math/mat.h"

#define FEW_WEIGHTS 3 /* fewer make no front */

static size_t weights_of(const constraint_choice *c)
{
    return c->sense == PM_SOFT && c->n_weights > 1 ? c->n_weights : 1;
}

static bool is_swept(const constraint_choice *c)
{
    return weights_of(c) >= FEW_WEIGHTS;
}

static bool has_sweep(const experiment *x)
{
    for (size_t c = 0; c < x->n_constraints; c++)
        if (is_swept(&x->constraint[c])) return true;
    return false;
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

/* ---- of a seed: constraint values and oracles ---- */

static pm_status copy_truth(const exp_run *r, const seed_work *w, pm_mat *out, pm_err *err)
{
    *out = mat_new(r->a, w->truth.n, w->truth.m);
    if (!out->at) return err_set(err, PM_E_MEMORY, "outcomes of %zu prompts", w->truth.n);
    mat_copy(w->truth.value, *out);
    return PM_OK;
}

/* Values of constraint c: what it turned out to be where the outcomes tell of every cell; else its own, and where
 * it looks at scores, at the true outcomes, so that every policy is measured with the same numbers. */
static pm_status find_penalty(exp_run *r, const seed_work *w, size_t c, pm_cmat *out, pm_err *err)
{
    bool per_prompt = constraint_is_per_prompt(w->constraint[c]);
    pm_status told = exp_realised(r, w, c, out, err);
    if (told || out->at) return told;
    pm_scores truth = {.size = sizeof truth, .kind = w->truth.kind, .reference_col = PM_NO_COL};
    pm_mat x = mat_new(r->a, per_prompt ? w->truth.n : 1, w->truth.m);
    if (!x.at) return err_set(err, PM_E_MEMORY, "constraint values");
    pm_status s = per_prompt ? copy_truth(r, w, &truth.value, err) : PM_OK;
    if (!s)
        s = constraint_eval(w->constraint[c], r->call, &r->lib->view, &w->test_x,
                            per_prompt ? &truth : NULL, x, err);
    *out = per_prompt ? mat_const(x) : (pm_cmat){x.at, w->truth.n, w->truth.m, 0};
    return s;
}

/* Numbers of parameters (n-grams, for n-gram models), where all are known. */
static pm_status find_params(exp_run *r, const seed_work *w, pm_cmat *out, pm_err *err)
{
    const pm_library *lib = &r->lib->view;
    float *row = arena_alloc(r->a, lib->n, sizeof *row);
    if (!row) return err_set(err, PM_E_MEMORY, "parameters");
    for (size_t j = 0; j < lib->n; j++) {
        double v = pm_attr_number(lib->expert[j], "params", NAN);
        if (!isfinite(v)) return PM_OK;
        row[j] = (float)v;
    }
    *out = (pm_cmat){row, w->truth.n, lib->n, 0};
    return PM_OK;
}

/* The decisions of the objective when the router knows the outcomes. */
static pm_status decide_oracle(exp_run *r, const seed_work *w, size_t point, policy *out,
                               pm_err *err)
{
    pipeline_term *term = arena_alloc(r->a, r->x->n_constraints, sizeof *term);
    uint32_t *choice = arena_alloc(r->a, w->truth.n, sizeof *choice);
    pm_scores scores = {.size = sizeof scores, .kind = w->truth.kind, .reference_col = PM_NO_COL};
    if (!term || !choice) return err_set(err, PM_E_MEMORY, "oracle");
    pipeline p = exp_pipeline(r, w, 0, point, term);
    p.weight_row = exp_flag_weights(r, w, point);
    pipeline_result result;
    pm_status s = copy_truth(r, w, &scores.value, err);
    if (!s) s = pipeline_decide(&p, r->pipe, &w->test_x, &scores, &result, err);
    if (s) return err_wrap(err, s, "oracle at %s", r->point[point].text);
    memcpy(choice, result.choice, w->truth.n * sizeof *choice);
    *out = (policy){.label = "oracle",
                    .role = POLICY_CEILING,
                    .point = r->point[point].text,
                    .choice = choice,
                    .seed = w->seed,
                    .setting = "decides on the outcomes"};
    return PM_OK;
}

/* Whether the objective can decide on predictions in the kind of the outcomes, which have no spread. */
static bool decides_outcomes(const exp_run *r, const seed_work *w)
{
    const pm_objective_type *o = r->x->objective.plugin->type.objective;
    bool needs_spread = PM_HAS(o, needs_spread) && o->needs_spread;
    return !needs_spread && (o->accepts & PM_VALUE_BIT(w->truth.kind)) != 0;
}

pm_status exp_penalties(exp_run *r, seed_work *w, pm_err *err)
{
    const experiment *x = r->x;
    pm_status s = PM_OK;
    w->penalty = arena_alloc(r->a, x->n_constraints + 1, sizeof *w->penalty);
    if (!w->penalty) return err_set(err, PM_E_MEMORY, "constraint values");
    for (size_t c = 0; c < x->n_constraints && !s; c++)
        s = find_penalty(r, w, c, &w->penalty[c], err);
    if (!s) s = exp_find_realised(r, w, err);
    if (s || !has_sweep(x) || w->n_routers == 0) return s;
    s = find_params(r, w, &w->penalty[x->n_constraints], err);
    if (s || !decides_outcomes(r, w)) return s;
    w->oracle = arena_alloc(r->a, r->n_points, sizeof *w->oracle);
    if (!w->oracle) return err_set(err, PM_E_MEMORY, "oracle");
    for (size_t p = 0; p < r->n_points && !s; p++) s = decide_oracle(r, w, p, &w->oracle[p], err);
    return s ? s : exp_sides(r, w, err);
}

/* ---- rows ---- */

bool exp_sweep_of_one_seed(const sweep_work *k)
{
    return k->it->before[0] == '\0';
}

pm_status exp_sweep_put(const sweep_work *k, const policy *p, const char *point, const char *metric,
                        const metric_value *v)
{
    const char *subset = keep_text(k, k->it->before, "all");
    if (!subset) return starve(k);
    store_row row = {.point = point,
                     .label = p->label,
                     .role = policy_role_name(p->role),
                     .seed = exp_sweep_of_one_seed(k) ? k->it->seed : 0,
                     .subset = subset,
                     .metric = metric,
                     .value = v->value,
                     .lo = v->lo,
                     .hi = v->hi,
                     .n = v->n,
                     .setting = p->setting && exp_sweep_of_one_seed(k) ? p->setting : ""};
    return isnan(v->value) ? PM_OK : exp_put(k->r, &row, k->err);
}

static pm_status put_means(const sweep_work *k, const char *metric, pm_cmat x)
{
    pm_status s = metric ? PM_OK : err_set(k->err, PM_E_MEMORY, "means of constraints");
    for (size_t i = 0; i < k->it->n && !s; i++) {
        const policy *p = &k->it->policy[i];
        metric_value v = {"", sweep_mean(k->it->truth, p, x), NAN, NAN, k->it->truth->n};
        s = exp_sweep_put(k, p, exp_point_of(k->r, p), metric, &v);
    }
    return s;
}

/* ---- one sweep ---- */

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
    o->curve[o->n_curves] = (sweep_curve){.label = first->label,
                                          .is_rival = first->is_rival,
                                          .rival_rank = first->rival_rank,
                                          .at = at,
                                          .n = n};
    o->first[o->n_curves++] = first;
    return at;
}

static bool is_at(const sweep_work *k, const policy *p, size_t point)
{
    return p->role == POLICY_ROUTER && p->point && strcmp(p->point, k->r->point[point].text) == 0;
}

/* The policies of a router at every weight, by label: of all splits together some may be missing. */
static pm_status add_router(const sweep_work *k, one_sweep *o, const policy *first)
{
    const policy **at = more_policies(k, o, o->n, first);
    size_t found = 0;
    for (size_t p = 0; at && p < o->n; p++)
        for (size_t i = 0; i < k->it->n; i++) {
            const policy *one = &k->it->policy[i];
            if (!is_at(k, one, o->point[p]) || strcmp(one->label, first->label) != 0) continue;
            at[found++] = one;
            break;
        }
    if (at && found < o->n) o->n_curves--;
    return at ? PM_OK : starve(k);
}

static pm_status gather_curves(const sweep_work *k, one_sweep *o)
{
    size_t n_routers = 0;
    for (size_t i = 0; i < k->it->n; i++)
        n_routers += is_at(k, &k->it->policy[i], o->point[0]) ? 1 : 0;
    o->curve = arena_alloc(k->r->a, n_routers + 2, sizeof *o->curve);
    o->first = arena_alloc(k->r->a, n_routers + 2, sizeof *o->first);
    policy *zero = arena_alloc(k->r->a, 1, sizeof *zero);
    if (!o->curve || !o->first || !zero) return starve(k);
    *zero = (policy){.label = "zero router",
                     .role = POLICY_BASELINE,
                     .setting = "best mixture of single experts, blind to the prompt"};
    const policy **at = more_policies(k, o, k->it->truth->m, zero);
    for (size_t i = 0, j = 0; at && i < k->it->n; i++)
        if (k->it->policy[i].role == POLICY_EXPERT) at[j++] = &k->it->policy[i];
    pm_status s = at ? PM_OK : starve(k);
    for (size_t i = 0; i < k->it->n && !s; i++)
        if (is_at(k, &k->it->policy[i], o->point[0])) s = add_router(k, o, &k->it->policy[i]);
    return s;
}

/* The oracle stands last. */
static pm_status add_oracle(const sweep_work *k, one_sweep *o)
{
    const policy **at = more_policies(k, o, o->n, &k->it->oracle[o->point[0]]);
    for (size_t p = 0; at && p < o->n; p++) at[p] = &k->it->oracle[o->point[p]];
    return at ? PM_OK : starve(k);
}

static pm_status put_curve(const sweep_work *k, const one_sweep *o, size_t e,
                           const sweep_scores *scores)
{
    const sweep_score *score = &scores->curve[e];
    const policy *p = o->first[e];
    pm_status s = exp_sweep_put(k, p, o->name, "area", &score->area);
    if (!s) s = exp_sweep_put(k, p, o->name, "area_share", &score->area_share);
    if (!s) s = exp_sweep_put(k, p, o->name, "hypervolume", &score->hypervolume);
    for (size_t l = 0; l < scores->n_rivals && !s; l++) {
        const char *metric = keep_text(k, score->rival[l].name, "");
        s = metric ? exp_sweep_put(k, p, o->name, metric, &score->rival[l]) : starve(k);
    }
    if (p->role != POLICY_ROUTER) return s;
    const char *front = keep_text(k, "on_front:", label_of(k));
    const char *hull = keep_text(k, "on_hull:", label_of(k));
    if (!front || !hull) return starve(k);
    for (size_t i = 0; i < o->n && !s; i++) {
        const policy *at = o->curve[e].at[i];
        metric_value v = {"", score->on_front[i], NAN, NAN, k->it->truth->n};
        s = exp_sweep_put(k, at, at->point, front, &v);
        v.value = score->on_hull[i];
        if (!s) s = exp_sweep_put(k, at, at->point, hull, &v);
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
    for (size_t i = 0; i < sizeof all / sizeof all[0] && !s && exp_sweep_of_one_seed(k); i++) {
        s = exp_put(k->r, &all[i], k->err);
        if (!s) k->r->row[k->r->n_rows - 1].seed = k->it->seed;
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
    size_t oracle = k->it->oracle ? o.n_curves : SIZE_MAX;
    if (!s && oracle != SIZE_MAX) s = add_oracle(k, &o);
    sweep_scores scores;
    if (!s)
        s = sweep_measure(k->r->env.compute, k->it->truth, k->it->penalty[k->c],
                          &k->r->x->bootstrap, o.curve, o.n_curves, oracle, k->r->a, &scores,
                          k->err);
    if (s) return err_wrap(k->err, s, "%s", o.name ? o.name : "sweep");
    if (scores.is_flat) {
        log_line(LOG_WARN,
                 "constraint \"%s\" is %g for every expert: a sweep of its weight changes nothing",
                 label_of(k), scores.least);
        return exp_costs(k, &o);
    }
    s = put_reference(k, &o, &scores);
    for (size_t e = 0; e < o.n_curves && !s; e++) s = put_curve(k, &o, e, &scores);
    return s ? s : exp_costs(k, &o);
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

pm_status exp_sweeps(exp_run *r, const exp_swept *it, pm_err *err)
{
    sweep_work k = {.r = r, .it = it, .err = err};
    pm_status s = PM_OK;
    bool any = false;
    for (k.c = 0; k.c < r->x->n_constraints && !s; k.c++) {
        s = put_means(&k, keep_text(&k, "mean:", label_of(&k)), it->penalty[k.c]);
        if (s || !is_swept(&r->x->constraint[k.c])) continue;
        any = true;
        s = sweep_constraint(&k);
    }
    if (!s) s = exp_violations(r, it, err);
    if (s || !any || !it->penalty[r->x->n_constraints].at) return s;
    return put_means(&k, "mean_params", it->penalty[r->x->n_constraints]);
}
