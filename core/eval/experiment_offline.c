/* SPDX-License-Identifier: MIT
 *
 * What a stream under a budget is measured against: the best that could have been done had everything been known, the
 * same had the router's predictions been true, and what needs no router; and rows about how the budget was kept.
 */
#include <math.h>
#include <string.h>

#include "eval/experiment_stream.h"
#include "eval/spend.h"
#include "math/choice_knapsack.h"
#include "math/mat.h"

#define ADDED 4 /* policies a point, beside one a router */

typedef struct offline {
    exp_run *r;
    seed_work *w;
    size_t point, budget; /* the one budget constraint */
    const pm_question *q; /* of a router at the point */
    pm_err *err;
} offline;

/* The one budget, or SIZE_MAX: none, or several, of which no exact optimum is known here. */
static size_t find_budget(const exp_run *r)
{
    size_t found = SIZE_MAX, n = 0;
    for (size_t k = 0; k < r->x->n_constraints; k++)
        if (r->x->constraint[k].sense == PM_BUDGET) found = k, n++;
    return n == 1 ? found : SIZE_MAX;
}

static pm_status starve(const offline *f)
{
    return err_set(f->err, PM_E_MEMORY, "optimum of %zu prompts", f->w->truth.n);
}

static const char *joined(const offline *f, const char *before, const char *name, const char *after)
{
    str text = STR_INIT;
    str_printf(&text, "%s%s%s", before, name, after);
    const char *kept = text.failed ? NULL : arena_strdup(f->r->keep, str_text(&text));
    str_close(&text);
    return kept;
}

static policy *add(const offline *f, const char *label, policy_role role)
{
    seed_work *w = f->w;
    policy *p = &w->baseline[w->stream->n_first + w->stream->n_added++];
    *p = (policy){.label = label,
                  .role = role,
                  .point = f->r->point[f->point].text,
                  .seed = w->seed,
                  .setting = ""};
    return p;
}

static double soft_of(const pm_question *q, size_t i, size_t j)
{
    double sum = 0;
    for (size_t k = 0; k < q->n_terms; k++) {
        const pm_term *t = q->term[k];
        double weight = t->weight_row ? (double)t->weight_row[i] : t->weight;
        if (t->sense == PM_SOFT) sum += weight * (double)pm_crow(t->value, i)[j];
    }
    return sum;
}

/* ---- optima ---- */

/* value [n x m]: outcomes, with what was really spent; or predictions, with what is expected. */
static pm_status fill(const offline *f, pm_cmat value, pm_value_kind kind, bool is_true,
                      choice_problem *p)
{
    size_t n = value.rows, m = value.cols;
    double *v = arena_alloc(f->r->a, n, m * sizeof *v), *c = arena_alloc(f->r->a, n, m * sizeof *c);
    if (!v || !c) return starve(f);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++) {
            const float *expected = pm_crow(f->q->term[f->budget]->value, i);
            v[i * m + j] = policy_sign(kind) * (double)pm_crow(value, i)[j] - soft_of(f->q, i, j);
            c[i * m + j] = is_true ? exp_stream_cost(f->w, f->q, f->budget, i, j)
                                   : (double)expected[j];
        }
    *p = (choice_problem){.n = n,
                          .m = m,
                          .value = v,
                          .cost = c,
                          .cost_ld = m,
                          .mask = f->q->mask,
                          .budget = f->q->term[f->budget]->bound * (double)n};
    return PM_OK;
}

/* A budget that nobody can keep has no such row. */
static pm_status put_optimum(const offline *f, pm_cmat value, pm_value_kind kind, bool is_true,
                             const char *label)
{
    choice_problem p;
    choice_optimum o;
    pm_mat share = mat_new(f->r->a, value.rows, value.cols);
    uint32_t *choice = arena_alloc(f->r->a, value.rows, sizeof *choice);
    if (!share.at || !choice || !label) return starve(f);
    arena_mark mark = arena_save(f->r->a);
    pm_status s = fill(f, value, kind, is_true, &p);
    if (!s) s = choice_knapsack(&p, f->r->a, choice, &o, f->err);
    arena_release(f->r->a, mark);
    if (s == PM_E_INFEASIBLE) {
        err_clear(f->err);
        return PM_OK;
    }
    if (s) return s;
    for (size_t i = 0; i < value.rows; i++) pm_row(share, i)[choice[i]] = 1;
    if (o.split != SIZE_MAX) {
        pm_row(share, o.split)[choice[o.split]] = (float)(1 - o.share);
        pm_row(share, o.split)[o.split_to] = (float)o.share;
    }
    policy *to = add(f, label, POLICY_CEILING);
    to->share = mat_const(share);
    if (is_true) f->w->stream->optimum[f->point] = to;
    return PM_OK;
}

/* ---- what needs no router ---- */

/* Experts blind to the prompt, but for hard terms: where one is forbidden, the cheapest (by the mean) of those allowed. */
typedef struct blind {
    double *cost, *value; /* [m] means: expected cost, outcome on train */
    uint32_t *cheapest;   /* [n] of those allowed */
} blind;

static uint32_t stand_in(const offline *f, const blind *b, size_t i, size_t j)
{
    return pm_is_allowed(f->q, i, j) ? (uint32_t)j : b->cheapest[i];
}

static pm_status put_single(const offline *f, const blind *b, size_t j, const char *label)
{
    uint32_t *choice = arena_alloc(f->r->a, f->w->truth.n, sizeof *choice);
    if (!choice) return starve(f);
    for (size_t i = 0; i < f->w->truth.n; i++) choice[i] = stand_in(f, b, i, j);
    add(f, label, POLICY_BASELINE)->choice = choice;
    return PM_OK;
}

/* The best mixture of them: a hull of (expected cost, mean outcome on train). */
static pm_status put_mixture(const offline *f, const blind *b)
{
    uint32_t choice;
    choice_optimum o;
    size_t n = f->w->truth.n, m = f->w->truth.m;
    choice_problem p = {.n = 1,
                        .m = m,
                        .value = b->value,
                        .cost = b->cost,
                        .cost_ld = 0,
                        .budget = f->q->term[f->budget]->bound};
    pm_status s = choice_knapsack(&p, f->r->a, &choice, &o, f->err);
    if (s == PM_E_INFEASIBLE) {
        err_clear(f->err);
        return PM_OK;
    }
    pm_mat share = mat_new(f->r->a, n, m);
    if (s || !share.at) return s ? s : starve(f);
    for (size_t i = 0; i < n; i++) {
        pm_row(share, i)[stand_in(f, b, i, choice)] = (float)(1 - o.share);
        if (o.split == 0) pm_row(share, i)[stand_in(f, b, i, o.split_to)] += (float)o.share;
    }
    add(f, "budget: random mixture", POLICY_BASELINE)->share = mat_const(share);
    return PM_OK;
}

/* Who is forbidden nowhere keeps the mean of the expert alone. */
static void count_stand_ins(const offline *f, const blind *b, size_t j)
{
    size_t n = f->w->truth.n;
    double cost = 0, value = 0;
    bool is_alone = true;
    for (size_t i = 0; i < n; i++) {
        size_t who = stand_in(f, b, i, j);
        is_alone &= who == j;
        cost += (double)pm_crow(f->q->term[f->budget]->value, i)[who] / (double)n;
        value += (double)f->w->prior[who] / (double)n;
    }
    b->cost[j] = cost;
    b->value[j] = is_alone ? (double)f->w->prior[j] : value;
}

static pm_status open_blind(const offline *f, blind *b)
{
    size_t n = f->w->truth.n, m = f->w->truth.m;
    b->cost = arena_alloc(f->r->a, m, sizeof *b->cost);
    b->value = arena_alloc(f->r->a, m, sizeof *b->value);
    b->cheapest = arena_alloc(f->r->a, n, sizeof *b->cheapest);
    if (!b->cost || !b->value || !b->cheapest) return starve(f);
    for (size_t j = 0; j < m; j++)
        for (size_t i = 0; i < n; i++)
            b->cost[j] += (double)pm_crow(f->q->term[f->budget]->value, i)[j] / (double)n;
    for (size_t i = 0; i < n; i++) {
        size_t best = m;
        for (size_t j = 0; j < m; j++)
            if (pm_is_allowed(f->q, i, j) && (best == m || b->cost[j] < b->cost[best])) best = j;
        b->cheapest[i] = (uint32_t)(best < m ? best : 0); /* no row is masked throughout */
    }
    for (size_t j = 0; j < m; j++) count_stand_ins(f, b, j);
    return PM_OK;
}

static pm_status put_blind(const offline *f)
{
    size_t m = f->w->truth.m, cheapest = 0, best = m;
    double bound = f->q->term[f->budget]->bound;
    blind b = {0};
    pm_status s = open_blind(f, &b);
    for (size_t j = 0; j < m && !s; j++) {
        if (b.cost[j] < b.cost[cheapest]) cheapest = j;
        if (b.cost[j] <= bound * (1 + 1e-9) && (best == m || b.value[j] > b.value[best])) best = j;
    }
    if (!s) s = put_single(f, &b, cheapest, "budget: cheapest");
    if (!s && best < m) s = put_single(f, &b, best, "budget: best single");
    return s ? s : put_mixture(f, &b);
}

/* ---- policies of a point ---- */

/* Mean spending of a policy that is no stream, in budgets. */
static double use_of(const offline *f, const policy *p)
{
    const eval_truth *t = &f->w->truth;
    double sum = 0, total = f->r->x->constraint[f->budget].bound * (double)t->n;
    for (size_t i = 0; i < t->n; i++)
        for (size_t j = 0; j < t->m; j++) {
            double share = p->share.at ? (double)pm_crow(p->share, i)[j] : p->choice[i] == j;
            if (share > 0) sum += share * exp_stream_cost(f->w, f->q, f->budget, i, j);
        }
    return total > 0 ? sum / total : (double)NAN;
}

static pm_status put_point(exp_run *r, seed_work *w, size_t point, size_t budget, pm_err *err)
{
    pm_status s = PM_OK;
    pipeline_term *term = arena_alloc(r->a, r->x->n_constraints, sizeof *term);
    if (!term) return err_set(err, PM_E_MEMORY, "streams");
    for (size_t k = 0; k < w->n_routers && !s; k++) {
        const router_work *route = &w->router[k];
        pm_question q;
        pm_scores scores = exp_scores(r, w, route);
        pipeline p = exp_pipeline(r, w, k, point, term);
        p.weight_row = exp_flag_weights(r, w, point);
        offline f = {r, w, point, budget, &q, err};
        size_t first = w->stream->n_added;
        s = pipeline_question(&p, r->pipe, &w->test_x, &scores, &q, err);
        if (!s && k == 0) s = put_blind(&f);
        if (!s && k == 0)
            s = put_optimum(&f, w->truth.value, w->truth.kind, true,
                            "budget: offline optimum (outcomes)");
        if (!s)
            s = put_optimum(&f, q.value, q.kind, false,
                            joined(&f, "budget: offline optimum (", route->choice->at.label, ")"));
        for (size_t e = first; e < w->stream->n_added && !s; e++)
            w->stream->use[e] = use_of(&f, &w->baseline[w->stream->n_first + e]);
    }
    return s;
}

pm_status exp_stream_open(exp_run *r, seed_work *w, pm_err *err)
{
    size_t n = w->n_baselines, most = r->n_points * (ADDED + w->n_routers), last = w->has_redrawn;
    size_t budget = find_budget(r);
    struct stream_seed *t = arena_alloc(r->a, 1, sizeof *t);
    policy *all = arena_alloc(r->a, n + most, sizeof *all);
    if (!t || !all) return err_set(err, PM_E_MEMORY, "streams");
    t->count = arena_alloc(r->a, r->n_points * w->n_routers, sizeof *t->count);
    t->optimum = arena_alloc(r->a, r->n_points, sizeof *t->optimum);
    t->use = arena_alloc(r->a, most, sizeof *t->use);
    if (!t->count || !t->optimum || !t->use) return err_set(err, PM_E_MEMORY, "streams");
    w->stream = t;
    pm_status s = exp_stream_spent(r, w, err);
    if (s || budget == SIZE_MAX) return s;
    if (n) memcpy(all, w->baseline, n * sizeof *all);
    policy redrawn = last ? all[n - 1] : (policy){0};
    w->baseline = all;
    t->n_first = n - last;
    for (size_t p = 0; p < r->n_points && !s; p++) s = put_point(r, w, p, budget, err);
    w->n_baselines = n + t->n_added;
    if (last) all[w->n_baselines - 1] = redrawn;
    return s;
}

/* ---- rows ---- */

static pm_status put(const offline *f, const policy *p, const char *metric, const metric_value *v)
{
    if (!metric) return starve(f);
    if (isnan(v->value)) return PM_OK;
    store_row row = {.point = p->point,
                     .label = p->label,
                     .role = policy_role_name(p->role),
                     .seed = f->w->seed,
                     .subset = "all",
                     .metric = metric,
                     .value = v->value,
                     .lo = v->lo,
                     .hi = v->hi,
                     .n = v->n,
                     .setting = ""};
    return exp_put(f->r, &row, f->err);
}

static pm_status put_plain(const offline *f, const policy *p, const char *metric, double value)
{
    const char *label = f->r->x->constraint[f->budget].at.label;
    metric_value v = {"", value, NAN, NAN, f->w->truth.n};
    return put(f, p, joined(f, metric, label, ""), &v);
}

/* How the budget was kept, over orders. */
static pm_status put_kept(const offline *f, const policy *p, const stream_count *c)
{
    size_t orders = exp_stream_orders(f->r), terms = f->r->x->n_constraints;
    double total = f->r->x->constraint[f->budget].bound * (double)f->w->truth.n;
    double use = 0, over = 0, excess = 0, decisions = 0;
    for (size_t o = 0; o < orders; o++) {
        double spend = c->spend[o * terms + f->budget], most = c->largest[o * terms + f->budget];
        spend_budget kept = spend_compliance(&spend, 1, total);
        use += kept.use / (double)orders;
        if (kept.is_kept) continue;
        over += 1 / (double)orders;
        excess = fmax(excess, spend - total);
        decisions = fmax(decisions, (spend - total) / most);
    }
    pm_status s = put_plain(f, p, "budget_use:", use);
    if (!s) s = put_plain(f, p, "budget_orders_over:", over);
    if (!s) s = put_plain(f, p, "budget_excess:", excess);
    return s ? s : put_plain(f, p, "budget_excess_decisions:", decisions);
}

static double worth_of(const eval_truth *t, const policy *p, size_t i)
{
    double sum = 0;
    if (p->share.at) {
        for (size_t j = 0; j < t->m; j++)
            sum += (double)pm_crow(p->share, i)[j] * (double)pm_crow(t->value, i)[j];
        return policy_sign(t->kind) * sum;
    }
    for (size_t k = 0; k <= p->n_more; k++)
        sum += (double)pm_crow(t->value, i)[policy_choice(p, k)[i]];
    return policy_sign(t->kind) * sum / (double)(p->n_more + 1);
}

/* Behind the best that could have been: regret, and the share that was reached (of qualities). */
static pm_status put_regret(const offline *f, const policy *p, const policy *best)
{
    const eval_truth *t = &f->w->truth;
    arena_mark mark = arena_save(f->r->a);
    double *mine = arena_alloc(f->r->a, t->n, sizeof *mine),
           *top = arena_alloc(f->r->a, t->n, sizeof *top);
    double *less = arena_alloc(f->r->a, t->n, sizeof *less), a = 0, b = 0;
    bootstrap *draws;
    if (!mine || !top || !less) return starve(f);
    for (size_t i = 0; i < t->n; i++) {
        mine[i] = worth_of(t, p, i), top[i] = worth_of(t, best, i), less[i] = top[i] - mine[i];
        a += mine[i], b += top[i];
    }
    metric_value regret = {"", (b - a) / (double)t->n, NAN, NAN, t->n};
    metric_value ratio = {"", t->kind == PM_VALUE_QUALITY && b > 0 ? a / b : (double)NAN, NAN, NAN,
                          t->n};
    pm_status s = bootstrap_draw(&f->r->x->bootstrap, f->r->env.compute, t->cluster, t->n, f->r->a,
                                 &draws, f->err);
    if (!s) {
        bootstrap_mean(draws, f->r->env.compute, less, &regret.lo, &regret.hi);
        bootstrap_ratio(draws, f->r->env.compute, mine, top, &ratio.lo, &ratio.hi);
    }
    arena_release(f->r->a, mark);
    if (!s) s = put(f, p, "offline_regret", &regret);
    return s ? s : put(f, p, "competitive_ratio", &ratio);
}

static pm_status put_rows(offline *f)
{
    const seed_work *w = f->w;
    pm_status s = PM_OK;
    for (size_t k = 0; k < w->stream->n_added && !s; k++) {
        const policy *p = &w->policy[w->stream->n_first + k];
        s = put_plain(f, p, "budget_use:", w->stream->use[k]);
    }
    for (size_t e = 0; e < w->n_routers * f->r->n_points && !s; e++) {
        const policy *p = &w->policy[w->n_baselines + e];
        const policy *best = w->stream->optimum[e / w->n_routers];
        s = put_kept(f, p, &w->stream->count[e]);
        if (!s && best) /* of one budget alone */
            s = put_regret(f, p, best);
    }
    return s;
}

pm_status exp_stream_rows(exp_run *r, seed_work *w, pm_err *err)
{
    pm_status s = PM_OK;
    if (!w->stream) return PM_OK;
    for (size_t k = 0; k < r->x->n_constraints && !s; k++) {
        offline f = {.r = r, .w = w, .budget = k, .err = err};
        if (r->x->constraint[k].sense == PM_BUDGET) s = put_rows(&f);
    }
    return s;
}
