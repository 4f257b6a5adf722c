/* SPDX-License-Identifier: MIT
 *
 * Learning curves: every router trained again on the first N of the training prompts in a random order (so that
 * sizes are nested), with the embedder as it is, and asked to choose without constraints.  N counts what it may
 * learn from at all, tuning prompts included, since some routers keep those.
 */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/rng.h"
#include "eval/experiment_private.h"
#include "math/mat.h"

size_t exp_curve_jobs(const exp_run *r)
{
    size_t n = 0, sizes = 0;
    for (size_t k = 0; k < r->x->n_routers; k++) {
        size_t c = r->x->router[k].n_candidates;
        if (exp_wants(r, &r->x->router[k])) n += c > 1 ? c + 1 : 1;
    }
    for (size_t k = 0; k < r->x->n_train_sizes; k++) sizes += r->x->train_size[k] != SIZE_MAX;
    return n * sizes;
}

/* ---- a smaller training part ---- */

typedef struct part { /* rows of the parent's part that are kept, and where they stand in it */
    uint32_t *row, *at;
    size_t n;
} part;

static bool keep_part(const uint32_t *row, size_t n, const uint8_t *kept, arena *a, part *out)
{
    out->n = 0;
    out->row = arena_alloc(a, n, sizeof *out->row);
    out->at = arena_alloc(a, n, sizeof *out->at);
    if (!out->row || !out->at) return false;
    for (size_t i = 0; i < n; i++) {
        if (!kept[row[i]]) continue;
        out->row[out->n] = row[i];
        out->at[out->n++] = (uint32_t)i;
    }
    return true;
}

static bool mark_first(const exp_run *r, const seed_work *w, size_t size, uint8_t *kept)
{
    uint32_t *order = arena_alloc(r->a, w->s.n_train, sizeof *order);
    if (!order || !kept) return false;
    for (size_t i = 0; i < w->s.n_train; i++) order[i] = w->s.train[i];
    rng_shuffle(rng_derive(w->seed, "train sizes"), 0, order, w->s.n_train);
    for (size_t i = 0; i < size && i < w->s.n_train; i++) kept[order[i]] = 1;
    return true;
}

pm_status exp_curve_split(const exp_run *r, seed_work *w, size_t size, seed_work *sub, pm_err *err)
{
    uint8_t *kept = arena_alloc(r->a, r->data.n, 1);
    part fit, tune, train;
    if (!mark_first(r, w, size, kept) || !keep_part(w->s.fit, w->s.n_fit, kept, r->a, &fit) ||
        !keep_part(w->s.tune, w->s.n_tune, kept, r->a, &tune) ||
        !keep_part(w->s.train, w->s.n_train, kept, r->a, &train))
        return err_set(err, PM_E_MEMORY, "%zu of %zu prompts", size, w->s.n_train);
    if (fit.n == 0)
        return err_set(err, PM_E_ARG, "train_sizes: %zu leaves no prompt to fit on", size);
    *sub = (seed_work){.seed = w->seed, .s = w->s, .from = w, .fit_of = fit.at, .tune_of = tune.at};
    sub->s.fit = fit.row;
    sub->s.n_fit = fit.n;
    sub->s.tune = tune.row;
    sub->s.n_tune = tune.n;
    sub->s.train = train.row;
    sub->s.n_train = train.n;
    char text[128];
    int n = snprintf(text, sizeof text, "%s train=%zu", w->s.hash, size);
    sha256_of(text, (size_t)n, sub->s.hash);
    memcpy(sub->embed_key, w->embed_key, sizeof sub->embed_key);
    return PM_OK;
}

static pm_status open_sub(exp_run *r, seed_work *w, size_t size, seed_work *sub, pm_err *err)
{
    pm_status s = exp_curve_split(r, w, size, sub, err);
    if (!s) s = exp_seed_views(r, sub, err);
    if (s) return s;
    sub->truth = w->truth;
    sub->embed = w->embed;
    sub->constraint = w->constraint;
    sub->decide = w->decide;
    return PM_OK;
}

/* ---- features: those of the parent ---- */

static pm_status take_dense(pm_cmat from, const uint32_t *at, size_t n, arena *a, pm_cmat *out,
                            pm_err *err)
{
    if (!from.at || n == 0) return PM_OK;
    pm_mat m = mat_new(a, n, from.cols);
    if (!m.at) return err_set(err, PM_E_MEMORY, "features of %zu prompts", n);
    mat_gather_rows(from, at, n, m);
    *out = mat_const(m);
    return PM_OK;
}

static pm_status take_sparse(const pm_csr *all, const uint32_t *row, size_t n, arena *a,
                             pm_csr *out, pm_err *err)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += (size_t)(all->start[row[i] + 1] - all->start[row[i]]);
    uint64_t *start = arena_alloc(a, n + 1, sizeof *start);
    uint32_t *col = arena_alloc(a, count, sizeof *col);
    float *val = arena_alloc(a, count, sizeof *val);
    if (!start || !col || !val) return err_set(err, PM_E_MEMORY, "features of %zu prompts", n);
    for (size_t i = 0; i < n; i++) {
        size_t lo = (size_t)all->start[row[i]], len = (size_t)all->start[row[i] + 1] - lo;
        memcpy(col + start[i], all->col + lo, len * sizeof *col);
        memcpy(val + start[i], all->val + lo, len * sizeof *val);
        start[i + 1] = start[i] + len;
    }
    *out = (pm_csr){start, col, val, n, all->cols};
    return PM_OK;
}

pm_status exp_curve_features(exp_run *r, seed_work *w, pm_err *err)
{
    const seed_work *from = w->from;
    pm_prompts *x[2] = {&w->fit_x, &w->tune_x};
    const pm_prompts *of[2] = {&from->fit_x, &from->tune_x};
    const uint32_t *at[2] = {w->fit_of, w->tune_of};
    size_t n[2] = {w->s.n_fit, w->s.n_tune};
    pm_status s = PM_OK;
    for (int k = 0; k < 2 && !s; k++) {
        s = take_dense(of[k]->embed, at[k], n[k], r->a, &x[k]->embed, err);
        if (!s && of[k]->sparse.start && n[k])
            s = take_sparse(&of[k]->sparse, at[k], n[k], r->a, &x[k]->sparse, err);
    }
    w->test_x.embed = from->test_x.embed;
    w->test_x.sparse = from->test_x.sparse;
    return s;
}

/* ---- policies ---- */

/* What lasts beyond the sub's own memory: choices and predictions. */
static pm_status keep_policy(exp_run *r, const seed_work *w, const router_work *route,
                             const pipeline_result *result, const char *point, policy *out,
                             pm_err *err)
{
    size_t n = w->s.n_test;
    uint32_t *choice = arena_alloc(r->a, n, sizeof *choice);
    if (!choice) return err_set(err, PM_E_MEMORY, "choices of %zu prompts", n);
    memcpy(choice, result->choice, n * sizeof *choice);
    *out = (policy){.label = route->choice->at.label,
                    .role = POLICY_CURVE,
                    .point = point,
                    .choice = choice,
                    .seed = w->seed,
                    .setting = route->setting};
    for (size_t p = 0; p < w->n_policies; p++) {
        if (w->policy[p].role != POLICY_ROUTER || strcmp(w->policy[p].label, out->label)) continue;
        out->is_rival = w->policy[p].is_rival;
        out->rival_rank = w->policy[p].rival_rank;
    }
    pm_status s = r->x->strong ? exp_need(r, w, route, out, err) : PM_OK;
    if (s || route->kind != w->truth.kind) return s;
    pm_mat value = mat_new(r->a, n, w->truth.m);
    if (!value.at) return err_set(err, PM_E_MEMORY, "predictions for %zu prompts", n);
    mat_copy(mat_const(route->value), value);
    out->predicted = mat_const(value);
    return PM_OK;
}

/* Router k of `by`, which is w itself or a sub of it, asked about w's test part. */
static pm_status decide(exp_run *r, seed_work *w, const seed_work *by, size_t k, const char *point,
                        pm_err *err)
{
    const router_work *route = &by->router[k];
    pipeline_term *term = arena_alloc(r->a, r->x->n_constraints, sizeof *term);
    if (!term) return err_set(err, PM_E_MEMORY, "choices");
    pipeline p = exp_pipeline(r, by, k, 0, term);
    p.n_terms = 0;
    pm_scores scores = exp_scores(r, by, route);
    pipeline_result result;
    pm_status s = pipeline_decide(&p, r->pipe, &w->test_x, &scores, &result, err);
    if (!s) s = keep_policy(r, w, route, &result, point, &w->policy[w->n_policies], err);
    if (!s) w->n_policies++;
    return s ? err_wrap(err, s, "router \"%s\" at %s", route->choice->at.label, point) : PM_OK;
}

static const char *point_text(exp_run *r, size_t size)
{
    char text[48];
    if (size == SIZE_MAX) return "train=all";
    snprintf(text, sizeof text, "train=%zu", size);
    const char *kept = arena_strdup(r->keep, text);
    return kept ? kept : "train=?";
}

static pm_status run_size(exp_run *r, seed_work *w, size_t size, pm_err *err)
{
    const char *point = point_text(r, size);
    seed_work sub = {.seed = w->seed};
    arena *outer = r->a, *mine = arena_open(0);
    if (!mine) return err_set(err, PM_E_MEMORY, "%s", point);
    r->a = mine;
    pm_status s = open_sub(r, w, size, &sub, err);
    if (!s) s = exp_train(r, &sub, err);
    r->a = outer;
    for (size_t k = 0; k < sub.n_routers && !s; k++) s = decide(r, w, &sub, k, point, err);
    exp_routers_close(&sub);
    arena_close(mine);
    return s ? err_wrap(err, s, "%s", point) : PM_OK;
}

static pm_status skip_size(exp_run *r, const seed_work *w, size_t size, pm_err *err)
{
    char text[80];
    snprintf(text, sizeof text, "not trained on %zu", size);
    const char *name = arena_strdup(r->keep, text);
    if (!name) return err_set(err, PM_E_MEMORY, "rows");
    pm_status s = exp_fact(r, "curve", name, (double)w->s.n_train, "training prompts are all", err);
    if (!s) r->row[r->n_rows - 1].seed = w->seed;
    return s;
}

pm_status exp_curves(exp_run *r, seed_work *w, pm_err *err)
{
    size_t n = w->n_policies + r->x->n_train_sizes * w->n_routers;
    if (r->x->n_train_sizes == 0) return PM_OK;
    policy *more = arena_alloc(r->a, n, sizeof *more);
    if (!more) return err_set(err, PM_E_MEMORY, "%zu policies", n);
    memcpy(more, w->policy, w->n_policies * sizeof *more);
    w->policy = more;
    pm_status s = PM_OK;
    for (size_t e = 0; e < r->x->n_train_sizes && !s; e++) {
        size_t size = r->x->train_size[e];
        if (size == SIZE_MAX)
            for (size_t k = 0; k < w->n_routers && !s; k++)
                s = decide(r, w, w, k, point_text(r, size), err);
        else
            s = size < w->s.n_train ? run_size(r, w, size, err) : skip_size(r, w, size, err);
    }
    return s;
}
