/* SPDX-License-Identifier: MIT
 *
 * What one seed fixes: the split, the parts that plugins may see, the truth that they may not, the baselines.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "eval/experiment_private.h"
#include "math/mat.h"

/* Every seed splits anew, unless the file says which prompts are for testing.  Of a cross-validation seed s tests
 * fold (s - 1) mod folds. */
pm_status exp_split(exp_run *r, uint64_t seed, split *out, pm_err *err)
{
    split_spec spec = r->x->split;
    if (spec.by != SPLIT_GIVEN ||
        r->x->corpus) { /* the tuning part of a corpus is dealt anew, too */
        char name[32];
        snprintf(name, sizeof name, "seed %llu", (unsigned long long)seed);
        spec.seed = rng_derive(spec.seed, name);
    }
    if (spec.by == SPLIT_FOLD) spec.fold = (uint32_t)((seed - 1) % spec.folds);
    pm_status s = split_make(&r->data, &spec, r->a, out, err);
    if (s) return s;
    if (out->n_fit == 0 || out->n_test == 0)
        return err_set(err, PM_E_ARG,
                       "split leaves %zu prompts to fit and %zu to test of %zu; want both",
                       out->n_fit, out->n_test, r->data.n);
    return PM_OK;
}

bool exp_rows_of(pm_cmat from, const uint32_t *row, size_t n, arena *a, pm_cmat *out)
{
    pm_mat m = mat_new(a, n, from.cols);
    if (!m.at) return false;
    mat_gather_rows(from, row, n, m);
    *out = mat_const(m);
    return true;
}

static pm_status make_truth(exp_run *r, seed_work *w, pm_err *err)
{
    const dataset *d = &r->data;
    const split *s = &w->s;
    uint32_t *domain = arena_alloc(r->a, s->n_test, sizeof *domain);
    uint64_t *cluster = arena_alloc(r->a, s->n_test, sizeof *cluster);
    w->truth = (eval_truth){.n = s->n_test, .m = d->m, .kind = d->kind};
    bool fits = domain && cluster;
    if (fits && !r->x->of_battles)
        fits = exp_rows_of(d->value, s->test, s->n_test, r->a, &w->truth.value);
    if (fits && d->cost_usd.at)
        fits = exp_rows_of(d->cost_usd, s->test, s->n_test, r->a, &w->truth.cost_usd);
    if (!fits) return err_set(err, PM_E_MEMORY, "truth of %zu prompts", s->n_test);
    for (size_t i = 0; i < s->n_test; i++) {
        domain[i] = d->domain ? d->domain[s->test[i]] : UINT32_MAX;
        cluster[i] = d->group ? d->group[s->test[i]] : i;
    }
    w->truth.domain = domain;
    w->truth.domains = d->domains;
    w->truth.n_domains = d->n_domains;
    w->truth.cluster = cluster;
    return PM_OK;
}

static pm_status make_views(exp_run *r, seed_work *w, pm_err *err)
{
    const split *s = &w->s;
    pm_status st = dataset_prompts(&r->data, s->fit, s->n_fit, r->a, &w->fit_x, err);
    if (!st) st = dataset_outcomes(&r->data, s->fit, s->n_fit, r->a, &w->fit_y, err);
    if (!st && s->n_tune) st = dataset_prompts(&r->data, s->tune, s->n_tune, r->a, &w->tune_x, err);
    if (!st && s->n_tune)
        st = dataset_outcomes(&r->data, s->tune, s->n_tune, r->a, &w->tune_y, err);
    if (!st) st = dataset_prompts(&r->data, s->test, s->n_test, r->a, &w->test_x, err);
    if (st || !r->data.group) return st;
    uint64_t *group = arena_alloc(r->a, s->n_fit, sizeof *group);
    if (!group) return err_set(err, PM_E_MEMORY, "groups of %zu prompts", s->n_fit);
    for (size_t i = 0; i < s->n_fit; i++) group[i] = r->data.group[s->fit[i]];
    w->fit_group = group;
    return PM_OK;
}

/* Means over train: the tie-break of choices, and what a call of each expert is expected to cost. */
static pm_status make_means(exp_run *r, seed_work *w, pm_err *err)
{
    const dataset *d = &r->data;
    w->prior = arena_alloc(r->a, d->m, sizeof *w->prior);
    w->cost_mean = d->cost_usd.at ? arena_alloc(r->a, d->m, sizeof *w->cost_mean) : NULL;
    if (!w->prior || (d->cost_usd.at && !w->cost_mean))
        return err_set(err, PM_E_MEMORY, "means of %zu experts", d->m);
    if (!r->x->of_battles) baselines_prior(d, &w->s, w->prior); /* else exp_battles_open */
    for (size_t j = 0; j < d->m && w->cost_mean; j++) {
        double sum = 0;
        size_t known = 0; /* all of the comparable part */
        for (size_t i = 0; i < w->s.n_train; i++) {
            float cost = pm_crow(d->cost_usd, w->s.train[i])[j];
            if (isnan(cost)) continue;
            sum += (double)cost;
            known++;
        }
        w->cost_mean[j] = (float)(sum / (double)known);
    }
    return PM_OK;
}

pm_status exp_seed_views(exp_run *r, seed_work *w, pm_err *err)
{
    pm_status s = make_views(r, w, err);
    return s ? s : make_means(r, w, err);
}

pm_status exp_seed_parts(exp_run *r, seed_work *w, pm_err *err)
{
    pm_status s = make_truth(r, w, err);
    if (!s && r->has_pair) s = exp_pair_truth(r, w, err);
    if (!s) s = exp_seed_views(r, w, err);
    if (!s && r->x->of_battles) return exp_battles_open(r, w, err);
    if (!s)
        s = baselines_make(&r->data, &w->s, &r->lib->view, r->a, &w->baseline, &w->n_baselines,
                           &w->best_single, err);
    return s;
}

pm_status exp_seed_open(exp_run *r, uint64_t seed, seed_work *w, pm_err *err)
{
    *w = (seed_work){.seed = seed, .home = r->a};
    pm_status s = exp_split(r, seed, &w->s, err);
    return s ? s : exp_seed_parts(r, w, err);
}

void exp_routers_close(seed_work *w)
{
    for (size_t k = 0; k < w->n_routers; k++) router_close(w->router[k].route);
    w->n_routers = 0;
}

void exp_seed_close(seed_work *w)
{
    exp_routers_close(w);
    embedder_close(w->embed);
    objective_close(w->decide);
    for (constraint **k = w->constraint; k && *k; k++) constraint_close(*k);
    *w = (seed_work){.seed = w->seed};
}
