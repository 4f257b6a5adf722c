/* SPDX-License-Identifier: MIT
 *
 * Choices at every point of an ablation, from predictions that were made once.  A point leaves out hard constraints
 * whose switch is 0, and soft ones whose weight is 0 (Lua functions, which name their terms, see those at weight 0).
 */
#include <string.h>

#include "eval/experiment_ablation.h"
#include "math/mat.h"
#include "math/weight_grid.h"

typedef struct decider {
    const exp_ablation *x;
    size_t k; /* router */
    pm_scores scores;
    pipeline_term *term; /* [n_constraints] of the point at hand */
    size_t *of, *relax;  /* [n_constraints] constraint of each term; terms to be given up */
    void *choice;
    const float **share; /* [points] */
    pm_err *err;
} decider;

static bool is_soft(const exp_ablation *x, size_t c)
{
    return x->r->x->constraint[c].sense == PM_SOFT;
}

static void keep(const decider *d, size_t point, size_t i, uint32_t column)
{
    size_t n = d->x->w->s.n_test, at = point * n + i;
    if (weight_grid_bytes(d->x->w->truth.m) == 1)
        ((uint8_t *)d->choice)[at] = (uint8_t)column;
    else
        ((uint16_t *)d->choice)[at] = (uint16_t)column;
}

/* The pipeline of a point.  keep_soft: soft terms stay in though their weight is 0. */
static pipeline pipeline_at(const decider *d, size_t point, bool keep_soft)
{
    const double *weight = d->x->d.point[point].weight;
    pipeline p = exp_pipeline(d->x->r, d->x->w, d->k, 0, d->term);
    size_t n = 0, n_relax = 0;
    for (size_t c = 0; c < p.n_terms; c++) {
        if (weight[c] == 0 && !(keep_soft && is_soft(d->x, c))) continue;
        for (size_t e = 0; e < p.infeasible.n_relax; e++)
            if (p.infeasible.relax[e] == c) n_relax++;
        d->of[n] = c;
        d->term[n] = d->term[c];
        if (is_soft(d->x, c)) d->term[n].weight = weight[c];
        n++;
    }
    for (size_t e = 0, at = 0; e < p.infeasible.n_relax; e++)
        for (size_t t = 0; t < n; t++)
            if (d->of[t] == p.infeasible.relax[e]) d->relax[at++] = t;
    p.infeasible.relax = d->relax;
    p.infeasible.n_relax = n_relax;
    p.n_terms = n;
    p.weight_row = NULL; /* weights are the design's */
    return p;
}

static pm_status ask(const decider *d, const pipeline *p, size_t point, pipeline_result *out)
{
    pm_status s = pipeline_decide(p, d->x->r->pipe, &d->x->w->test_x, &d->scores, out, d->err);
    return s ? err_wrap(d->err, s, "ablation, router \"%s\" at \"%s\"",
                        d->x->w->router[d->k].choice->at.label, d->x->d.point[point].name)
             : PM_OK;
}

/* A mixed decision counts with its shares, not with what was drawn. */
static pm_status keep_share(const decider *d, size_t point, const pipeline_result *result)
{
    if (!result->share.at) return PM_OK;
    size_t m = result->m;
    float *share = arena_alloc(d->x->r->a, result->n, m * sizeof *share);
    if (!share) return err_set(d->err, PM_E_MEMORY, "shares of %zu prompts", result->n);
    for (size_t i = 0; i < result->n; i++)
        memcpy(share + i * m, pm_crow(result->share, i), m * sizeof *share);
    d->share[point] = share;
    return PM_OK;
}

static pm_status decide_one_by_one(const decider *d)
{
    pm_status s = PM_OK;
    bool by_label = d->x->r->x->objective.plugin->is_scripted; /* asks for terms, of weight 0 too */
    for (size_t p = 0; p < d->x->d.n && !s; p++) {
        pipeline_result result;
        pipeline line = pipeline_at(d, p, by_label);
        s = ask(d, &line, p, &result);
        for (size_t i = 0; i < result.n && !s; i++) keep(d, p, i, result.choice[i]);
        if (!s) s = keep_share(d, p, &result);
    }
    return s;
}

/* ---- additive objectives ---- */

/* Whether two points leave out the same hard constraints. */
static bool same_switches(const exp_ablation *x, size_t p, size_t q)
{
    for (size_t c = 0; c < x->d.n_factors; c++)
        if (!is_soft(x, c) && x->d.point[p].weight[c] != x->d.point[q].weight[c]) return false;
    return true;
}

typedef struct batch { /* points with the same hard constraints */
    size_t *point, n, n_soft;
    weight_grid g;
    void *choice;
} batch;

static pm_status lay_batch(const decider *d, batch *b, arena *a, const pipeline_result *result)
{
    const exp_ablation *x = d->x;
    size_t n = result->n, m = result->m;
    pm_cmat *term = arena_alloc(a, x->d.n_factors, sizeof *term);
    double *weight = arena_alloc(a, b->n, x->d.n_factors * sizeof *weight);
    pm_mat value = mat_new(a, n, m);
    uint32_t *mask = result->mask ? arena_alloc(a, n * m, sizeof *mask) : NULL;
    b->choice = arena_alloc(a, b->n * n, weight_grid_bytes(m));
    if (!term || !weight || !value.at || (result->mask && !mask) || !b->choice)
        return err_set(d->err, PM_E_MEMORY, "ablation");
    mat_copy(d->scores.value.at ? mat_const(d->scores.value) : result->value, value);
    if (mask) memcpy(mask, result->mask, n * m * sizeof *mask);
    for (size_t t = 0, c = 0; c < x->d.n_factors; c++) {
        while (t < x->d.n_factors && d->of[t] < c) t++;
        if (is_soft(x, c)) term[b->n_soft++] = result->term_value[t];
    }
    for (size_t p = 0; p < b->n; p++)
        for (size_t c = 0, s = 0; c < x->d.n_factors; c++)
            if (is_soft(x, c)) weight[p * b->n_soft + s++] = x->d.point[b->point[p]].weight[c];
    b->g = (weight_grid){.is_loss = result->kind == PM_VALUE_LOSS,
                         .value = mat_const(value),
                         .term = term,
                         .n_terms = b->n_soft,
                         .mask = mask,
                         .prior = x->w->prior,
                         .weight = weight,
                         .n_points = b->n};
    return PM_OK;
}

/* The pipeline is the reference: an objective that promises to be additive and is not is told here. */
static pm_status compare(const decider *d, const batch *b, const pipeline_result *result)
{
    for (size_t i = 0; i < result->n; i++) {
        uint32_t many = weight_grid_choice(b->choice, result->n, result->m, 0, i);
        if (many == result->choice[i]) continue;
        return err_set(d->err, PM_E_CONTRACT,
                       "ablation at \"%s\": objective \"%s\" promises utility = value - sum of "
                       "weights times constraints, and for prompt %zu chooses \"%s\" where that "
                       "gives \"%s\"",
                       d->x->d.point[b->point[0]].name, d->x->r->x->objective.label, i,
                       d->x->r->lib->view.expert[result->choice[i]]->id,
                       d->x->r->lib->view.expert[many]->id);
    }
    return PM_OK;
}

static pm_status decide_batch(const decider *d, batch *b, arena *a)
{
    pipeline_result result;
    pipeline line = pipeline_at(d, b->point[0], true);
    pm_status s = ask(d, &line, b->point[0], &result);
    if (!s) s = lay_batch(d, b, a, &result);
    weight_grid_out out = {.choice = b->choice};
    if (!s) s = weight_grid_decide(d->x->r->env.compute, &b->g, &out, d->err);
    if (!s) s = compare(d, b, &result);
    for (size_t p = 0; p < b->n && !s; p++)
        for (size_t i = 0; i < result.n; i++)
            keep(d, b->point[p], i, weight_grid_choice(b->choice, result.n, result.m, p, i));
    return s;
}

static pm_status decide_together(const decider *d)
{
    const exp_ablation *x = d->x;
    arena *a = arena_open(0);
    bool *is_done = a ? arena_alloc(a, x->d.n, sizeof *is_done) : NULL;
    size_t *point = is_done ? arena_alloc(a, x->d.n, sizeof *point) : NULL;
    pm_status s = point ? PM_OK : err_set(d->err, PM_E_MEMORY, "ablation");
    for (size_t p = 0; p < x->d.n && !s; p++) {
        if (is_done[p]) continue;
        batch b = {.point = point};
        for (size_t q = p; q < x->d.n; q++) {
            if (!same_switches(x, p, q)) continue;
            is_done[q] = true;
            point[b.n++] = q;
        }
        arena_mark mark = arena_save(a);
        s = decide_batch(d, &b, a);
        arena_release(a, mark);
    }
    arena_close(a);
    return s;
}

pm_status exp_ablation_decide(const exp_ablation *x, const exp_ablated *one, pm_err *err)
{
    const pm_objective_type *o = x->r->x->objective.plugin->type.objective;
    size_t n = x->d.n_factors;
    decider d = {.x = x,
                 .k = one->k,
                 .scores = exp_scores(x->r, x->w, &x->w->router[one->k]),
                 .term = arena_alloc(x->r->a, n, sizeof *d.term),
                 .of = arena_alloc(x->r->a, n, sizeof *d.of),
                 .relax = arena_alloc(x->r->a, n, sizeof *d.relax),
                 .choice = one->choice,
                 .share = one->share,
                 .err = err};
    if (!d.term || !d.of || !d.relax) return err_set(err, PM_E_MEMORY, "ablation");
    bool additive = PM_HAS(o, additive) && o->additive;
    return additive ? decide_together(&d) : decide_one_by_one(&d);
}
