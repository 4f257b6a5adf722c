/* SPDX-License-Identifier: MIT
 *
 * The curves that stand beside routers in a sweep, where costs are recorded: predictions of the standing baselines put
 * through the experiment's own objective at every weight; routers that know what constraints turn out to be; and a
 * placebo, a router's predictions given to the wrong prompts.
 */
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/rng.h"
#include "eval/experiment_sweep.h"
#include "math/mat.h"

#define MOST_POINTS                                                                                \
    2000 /* weight points beyond which sides are left out: one policy each is too much */

typedef struct
    side_cells { /* what an additive objective decides on; weights alone are still open */
    pm_value_kind kind;
    pm_cmat value;
    pm_cmat *term;          /* [n_constraints] */
    const uint32_t *mask;   /* [n x m] or NULL */
    const uint32_t *choice; /* [n] at the first point: of prompts for which everybody is masked */
} side_cells;

typedef struct side_work {
    exp_run *r;
    seed_work *w;
    pm_err *err;
} side_work;

static pm_status starve(const side_work *k)
{
    return err_set(k->err, PM_E_MEMORY, "curves of %zu points beside the routers'", k->r->n_points);
}

static bool is_additive(const exp_run *r)
{
    const pm_objective_type *d = r->x->objective.plugin->type.objective;
    return PM_HAS(d, additive) && d->additive;
}

/* ---- deciding ---- */

static pm_status ask(const side_work *k, size_t point, const pm_scores *scores,
                     pipeline_result *out)
{
    pipeline_term *term = arena_alloc(k->r->a, k->r->x->n_constraints, sizeof *term);
    if (!term) return starve(k);
    pipeline p = exp_pipeline(k->r, k->w, 0, point, term);
    return pipeline_decide(&p, k->r->pipe, &k->w->test_x, scores, out, k->err);
}

static bool copy_cells(const side_work *k, pm_cmat from, pm_cmat *out)
{
    pm_mat kept = mat_new(k->r->a, from.ld ? from.rows : 1, from.cols);
    if (!kept.at) return false;
    mat_copy((pm_cmat){from.at, kept.rows, from.cols, from.ld ? from.ld : from.cols}, kept);
    *out = (pm_cmat){kept.at, from.rows, from.cols, from.ld ? kept.ld : 0};
    return true;
}

/* Values of all terms and masks, which no soft weight changes. */
static pm_status open_cells(const side_work *k, const pm_scores *scores, side_cells *out)
{
    size_t n = k->w->truth.n, m = k->w->truth.m, bytes;
    pipeline_result result;
    pm_status s = ask(k, 0, scores, &result);
    if (s) return s;
    uint32_t *choice = arena_alloc(k->r->a, n, sizeof *choice);
    bool fits = choice && mem_size(n, m * sizeof(uint32_t), &bytes);
    uint32_t *mask = fits && result.mask ? arena_alloc(k->r->a, 1, bytes) : NULL;
    *out = (side_cells){
        .kind = scores->kind, .value = mat_const(scores->value), .mask = mask, .choice = choice};
    out->term = arena_alloc(k->r->a, k->r->x->n_constraints + 1, sizeof *out->term);
    if (!fits || !out->term || (result.mask && !mask)) return starve(k);
    memcpy(choice, result.choice, n * sizeof *choice);
    if (mask) memcpy(mask, result.mask, bytes);
    for (size_t c = 0; c < k->r->x->n_constraints; c++)
        if (!copy_cells(k, result.term_value[c], &out->term[c])) return starve(k);
    return PM_OK;
}

/* The promise of an additive objective (plugin.h), for prompt i with the predictions of prompt `from`. */
static uint32_t choose(const side_work *k, const side_cells *x, size_t point, size_t i, size_t from)
{
    const experiment *e = k->r->x;
    size_t m = k->w->truth.m, best = m;
    double top = 0, sign = x->kind == PM_VALUE_LOSS ? -1 : 1;
    for (size_t j = 0; j < m; j++) {
        if (x->mask && x->mask[i * m + j]) continue;
        double u = sign * (double)pm_crow(x->value, from)[j];
        for (size_t c = 0; c < e->n_constraints; c++)
            if (e->constraint[c].sense == PM_SOFT)
                u -= k->r->point[point].weight[c] * (double)pm_crow(x->term[c], i)[j];
        if (best < m && !(u > top) && !(u >= top && k->w->prior[j] > k->w->prior[best])) continue;
        best = j;
        top = u;
    }
    return best < m ? (uint32_t)best : x->choice[i];
}

static policy *next_side(side_work *k, const char *label, policy_role role, const char *setting)
{
    policy *side = &k->w->side[k->w->n_sides * k->r->n_points];
    for (size_t p = 0; p < k->r->n_points; p++) {
        uint32_t *choice = arena_alloc(k->r->a, k->w->truth.n, sizeof *choice);
        if (!choice) return NULL;
        side[p] = (policy){.label = label,
                           .role = role,
                           .point = k->r->point[p].text,
                           .choice = choice,
                           .seed = k->w->seed,
                           .setting = setting};
    }
    k->w->n_sides++;
    return side;
}

static void fill_side(const side_work *k, const side_cells *x, policy *side)
{
    for (size_t p = 0; p < k->r->n_points; p++) {
        uint32_t *choice = (uint32_t *)(uintptr_t)side[p].choice;
        for (size_t i = 0; i < k->w->truth.n; i++) choice[i] = choose(k, x, p, i, i);
    }
}

/* Any objective: ask it at every point. */
static pm_status ask_side(const side_work *k, const pm_scores *scores, policy *side)
{
    pm_status s = PM_OK;
    for (size_t p = 0; p < k->r->n_points && !s; p++) {
        pipeline_result result;
        s = ask(k, p, scores, &result);
        if (!s)
            memcpy((uint32_t *)(uintptr_t)side[p].choice, result.choice,
                   k->w->truth.n * sizeof(uint32_t));
    }
    return s;
}

/* ---- baselines ---- */

static pm_status add_baseline(side_work *k, size_t which)
{
    static const char *const label[] = {"zero router (train)", "prompt length, 10 bins",
                                        "domain majority", "domain, shrunk n0=10"};
    const seed_work *w = k->w;
    pm_scores scores = {.size = sizeof scores, .kind = w->truth.kind, .reference_col = PM_NO_COL};
    scores.value = mat_new(k->r->a, w->truth.n, w->truth.m);
    policy *side = next_side(k, label[which], POLICY_BASELINE, "at every weight");
    if (!scores.value.at || !side) return starve(k);
    pm_status s = baselines_predict(&k->r->data, &w->s, which, k->r->a, scores.value, k->err);
    if (s || !is_additive(k->r)) return s ? s : ask_side(k, &scores, side);
    side_cells x;
    s = open_cells(k, &scores, &x);
    if (!s) fill_side(k, &x, side);
    return s;
}

/* ---- routers that know what constraints turn out to be ---- */

/* Realised values [n x m] of every constraint that offers them; false: none does. */
static bool any_realised(const side_work *k)
{
    bool any = false;
    for (size_t c = 0; c < k->r->x->n_constraints; c++)
        any = any || constraint_has_realised(k->w->constraint[c]);
    return any;
}

static pm_status find_realised(const side_work *k, pm_mat *out)
{
    pm_outcomes y;
    const seed_work *w = k->w;
    pm_status s = dataset_outcomes(&k->r->data, w->s.test, w->s.n_test, k->r->a, &y, k->err);
    for (size_t c = 0; c < k->r->x->n_constraints && !s; c++) {
        if (!constraint_has_realised(w->constraint[c])) continue;
        out[c] = mat_new(k->r->a, w->truth.n, w->truth.m);
        s = out[c].at ? constraint_realised(w->constraint[c], k->r->call, &k->r->lib->view,
                                            &w->test_x, &y, out[c], k->err)
                      : starve(k);
    }
    return s;
}

/* Where nothing is known of what happened, the constraint's own value stands. */
static pm_status put_realised(const side_work *k, const pm_mat *real, side_cells *x)
{
    for (size_t c = 0; c < k->r->x->n_constraints; c++) {
        if (!real[c].at) continue;
        pm_mat known = mat_new(k->r->a, k->w->truth.n, k->w->truth.m);
        if (!known.at) return starve(k);
        for (size_t i = 0; i < known.rows; i++)
            for (size_t j = 0; j < known.cols; j++) {
                float v = pm_row(real[c], i)[j];
                pm_row(known, i)[j] = isnan(v) ? pm_crow(x->term[c], i)[j] : v;
            }
        x->term[c] = mat_const(known);
    }
    return PM_OK;
}

static pm_status add_true_price(side_work *k, const char *of, const pm_scores *scores,
                                const pm_mat *real)
{
    str text = STR_INIT;
    str_printf(&text, "%s, true price", of);
    const char *label = text.failed ? NULL : arena_strdup(k->r->keep, str_text(&text));
    str_close(&text);
    policy *side = label ? next_side(k, label, POLICY_CEILING, "knows what each call costs") : NULL;
    if (!side) return starve(k);
    side_cells x;
    pm_status s = open_cells(k, scores, &x);
    if (!s) s = put_realised(k, real, &x);
    if (!s) fill_side(k, &x, side);
    return s;
}

static pm_status add_true_prices(side_work *k)
{
    const seed_work *w = k->w;
    pm_mat *real = arena_alloc(k->r->a, k->r->x->n_constraints, sizeof *real);
    pm_scores truth = {.size = sizeof truth, .kind = w->truth.kind, .reference_col = PM_NO_COL};
    truth.value = mat_new(k->r->a, w->truth.n, w->truth.m);
    if (!real || !truth.value.at) return starve(k);
    mat_copy(w->truth.value, truth.value);
    pm_status s = find_realised(k, real);
    if (!s) s = add_true_price(k, "oracle", &truth, real);
    for (size_t e = 0; e < w->n_routers && !s; e++) {
        pm_scores scores = exp_scores(k->r, w, &w->router[e]);
        s = add_true_price(k, w->router[e].choice->at.label, &scores, real);
    }
    return s;
}

/* ---- placebo ---- */

/* Whose predictions the placebo gives to the wrong prompts: the first rival among the routers, else the first. */
static size_t placebo_router(const seed_work *w)
{
    for (size_t e = 0; e < w->n_routers; e++)
        if (w->router[e].choice->is_rival) return e;
    return 0;
}

static void add_sums(const side_work *k, const side_cells *x, const uint32_t *from, double *sums)
{
    const eval_truth *t = &k->w->truth;
    for (size_t p = 0; p < k->r->n_points; p++)
        for (size_t i = 0; i < t->n; i++) {
            uint32_t j = choose(k, x, p, i, from[i]);
            sums[2 * p] += (double)pm_crow(t->value, i)[j];
            sums[2 * p + 1] += (double)pm_crow(t->cost_usd, i)[j];
        }
}

static pm_status make_placebo(const side_work *k)
{
    seed_work *w = k->w;
    pm_scores scores = exp_scores(k->r, w, &w->router[placebo_router(w)]);
    side_cells x;
    uint32_t *from = arena_alloc(k->r->a, w->truth.n, sizeof *from);
    w->placebo = arena_alloc(k->r->a, EXP_SHUFFLES * 2, k->r->n_points * sizeof *w->placebo);
    if (!from || !w->placebo) return starve(k);
    pm_status s = open_cells(k, &scores, &x);
    for (uint32_t e = 0; e < EXP_SHUFFLES && !s; e++) {
        for (size_t i = 0; i < w->truth.n; i++) from[i] = (uint32_t)i;
        rng_shuffle(rng_derive(w->seed, "placebo"), e, from, w->truth.n);
        add_sums(k, &x, from, w->placebo + e * 2 * k->r->n_points);
    }
    return s;
}

/* What does not stand beside the routers' curves, and why: once a run. */
static pm_status tell_left_out(const side_work *k, const char *what)
{
    if (k->w->seed != k->r->x->seed[0]) return PM_OK;
    log_line(LOG_INFO, "cost curves: %s", what);
    return exp_fact(k->r, "cost curves", "left out", NAN, what, k->err);
}

pm_status exp_sides(exp_run *r, seed_work *w, pm_err *err)
{
    side_work k = {r, w, err};
    if (!w->truth.cost_usd.at) return PM_OK;
    if (r->n_points > MOST_POINTS)
        return tell_left_out(&k,
                             "curves of baselines, of true prices and of the placebo: the sweep "
                             "has more than 2,000 points");
    w->side = arena_alloc(r->a, 5 + w->n_routers, r->n_points * sizeof *w->side);
    if (!w->side) return starve(&k);
    pm_status s = PM_OK;
    size_t n = r->data.n_domains > 0 ? 4 : 2;
    for (size_t b = 0; b < n && !s; b++) s = add_baseline(&k, b);
    if (s) return s;
    if (!is_additive(r))
        return tell_left_out(&k, "curves of true prices and of the placebo: the objective does not "
                                 "promise to be additive");
    if (any_realised(&k)) s = add_true_prices(&k);
    return s ? s : make_placebo(&k);
}
