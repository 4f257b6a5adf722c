/* SPDX-License-Identifier: MIT
 *
 * What the choices of a policy were worth, prompt by prompt (docs/metrics.md, section 1).  No intervals and
 * no means: those are metrics.c over the cells made here.
 */
#include "eval/policy.h"

#include <math.h>

#define TIE         1e-12 /* scores closer than this are equal: baselines of the field do the same */
#define DELTA_SLACK 1e-7  /* half a float32 step near 1, twice: .82f - .8f is .02 */
#define SHARE_SLACK 1e-4

double policy_sign(pm_value_kind kind)
{
    return kind == PM_VALUE_LOSS ? -1.0 : 1.0;
}

const char *policy_role_name(policy_role r)
{
    static const char *const name[] = {"baseline", "expert", "router", "ceiling", "curve"};
    return name[r];
}

double policy_best(const eval_truth *t, size_t i)
{
    const float *v = pm_crow(t->value, i);
    double sign = policy_sign(t->kind), best = sign * (double)v[0];
    for (size_t j = 1; j < t->m; j++) {
        double u = sign * (double)v[j];
        if (u > best) best = u;
    }
    return best;
}

/* What is known of prompt i before a choice is looked at. */
typedef struct prompt_view {
    const float *value, *cost; /* [m]; cost may be NULL */
    double sign, best, delta;
    size_t first_best, m;
} prompt_view;

static prompt_view view_of(const eval_truth *t, size_t i, double delta)
{
    prompt_view v = {pm_crow(t->value, i),
                     t->cost_usd.at ? pm_crow(t->cost_usd, i) : NULL,
                     policy_sign(t->kind),
                     policy_best(t, i),
                     delta,
                     0,
                     t->m};
    while (v.sign * (double)v.value[v.first_best] < v.best - TIE) v.first_best++;
    return v;
}

/* Adds expert j, chosen with probability p, to the cells of prompt i. */
static void add_choice(const policy_cells *c, size_t i, const prompt_view *v, size_t j, double p)
{
    double utility = v->sign * (double)v->value[j];
    c->value[i] += p * (double)v->value[j];
    if (c->cost) c->cost[i] += p * (double)v->cost[j];
    c->accuracy[i] += utility >= v->best - TIE ? p : 0;
    c->plain[i] += j == v->first_best ? p : 0;
    c->within[i] += utility >= v->best - v->delta - DELTA_SLACK ? p : 0;
    c->regret[i] += p * (v->best - utility);
}

static pm_status measure_share(const policy *p, const policy_cells *c, size_t i,
                               const prompt_view *v, pm_err *err)
{
    const float *share = pm_crow(p->share, i);
    double sum = 0;
    for (size_t j = 0; j < v->m; j++) sum += (double)share[j];
    if (!(fabs(sum - 1) <= SHARE_SLACK))
        return err_set(err, PM_E_ARG, "policy \"%s\": shares of prompt %zu sum to %g; want 1",
                       p->label, i, sum);
    for (size_t j = 0; j < v->m; j++) {
        if (!(share[j] >= 0))
            return err_set(err, PM_E_ARG, "policy \"%s\": share of prompt %zu, expert %zu is %g",
                           p->label, i, j, (double)share[j]);
        /* Divided by the sum, so that 1/3 as float does not shift an expectation. */
        if (share[j] > 0) add_choice(c, i, v, j, (double)share[j] / sum);
    }
    return PM_OK;
}

const uint32_t *policy_choice(const policy *p, size_t k)
{
    return k == 0 ? p->choice : p->more[k - 1];
}

static pm_status measure_choice(const policy *p, size_t k, const policy_cells *c, size_t i,
                                const prompt_view *v, pm_err *err)
{
    uint32_t j = policy_choice(p, k)[i];
    if (j == PM_NO_COL)
        return err_set(err, PM_E_ARG,
                       "policy \"%s\" abstains on prompt %zu; want an expert for every prompt",
                       p->label, i);
    if (j >= v->m)
        return err_set(err, PM_E_ARG, "policy \"%s\" chooses column %u of %zu for prompt %zu",
                       p->label, (unsigned)j, v->m, i);
    add_choice(c, i, v, j, 1);
    return PM_OK;
}

/* Sums over seeds -> means: last, so that seeds which agree leave their value to the bit. */
static void divide(const policy_cells *c, size_t i, double seeds)
{
    c->value[i] /= seeds;
    if (c->cost) c->cost[i] /= seeds;
    c->accuracy[i] /= seeds;
    c->plain[i] /= seeds;
    c->within[i] /= seeds;
    c->regret[i] /= seeds;
}

static pm_status check(const eval_truth *t, const policy *p, pm_err *err)
{
    if (t->n == 0 || t->m == 0)
        return err_set(err, PM_E_SHAPE, "truth is %zu x %zu; want at least one prompt and expert",
                       t->n, t->m);
    if (!p->choice && !p->share.at)
        return err_set(err, PM_E_ARG, "policy \"%s\" has neither choices nor shares", p->label);
    if (p->share.at && (p->share.rows != t->n || p->share.cols != t->m))
        return err_set(err, PM_E_SHAPE, "policy \"%s\": shares are %zu x %zu; want %zu x %zu",
                       p->label, p->share.rows, p->share.cols, t->n, t->m);
    return PM_OK;
}

static bool make_cells(const eval_truth *t, arena *a, policy_cells *out)
{
    out->value = arena_alloc(a, t->n, sizeof(double));
    out->cost = t->cost_usd.at ? arena_alloc(a, t->n, sizeof(double)) : NULL;
    out->accuracy = arena_alloc(a, t->n, sizeof(double));
    out->plain = arena_alloc(a, t->n, sizeof(double));
    out->within = arena_alloc(a, t->n, sizeof(double));
    out->regret = arena_alloc(a, t->n, sizeof(double));
    out->disagree = arena_alloc(a, t->n, 1);
    return out->value && (out->cost || !t->cost_usd.at) && out->accuracy && out->plain &&
           out->within && out->regret && out->disagree;
}

pm_status policy_measure(const eval_truth *t, const policy *p, double delta, arena *a,
                         policy_cells *out, pm_err *err)
{
    pm_status s = check(t, p, err);
    if (s) return s;
    if (!make_cells(t, a, out)) return err_set(err, PM_E_MEMORY, "cells of %zu prompts", t->n);
    for (size_t i = 0; i < t->n; i++) {
        prompt_view v = view_of(t, i, delta);
        for (size_t j = 1; j < t->m; j++)
            if (v.value[j] != v.value[0]) out->disagree[i] = 1;
        if (p->share.at) {
            s = measure_share(p, out, i, &v, err);
            if (s) return s;
        } else {
            for (size_t k = 0; k <= p->n_more && !s; k++) s = measure_choice(p, k, out, i, &v, err);
            if (s) return s;
            if (p->n_more) divide(out, i, (double)(p->n_more + 1));
        }
    }
    return PM_OK;
}

void policy_shares(const eval_truth *t, const policy *p, double *share)
{
    for (size_t j = 0; j < t->m; j++) share[j] = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (p->share.at)
            for (size_t j = 0; j < t->m; j++) share[j] += (double)pm_crow(p->share, i)[j];
        else
            for (size_t k = 0; k <= p->n_more; k++) share[policy_choice(p, k)[i]] += 1;
    }
    double sum = 0;
    for (size_t j = 0; j < t->m; j++) sum += share[j];
    for (size_t j = 0; j < t->m; j++) share[j] /= sum;
}

double policy_entropy(const double *share, size_t m)
{
    if (m < 2) return 0;
    double sum = 0;
    for (size_t j = 0; j < m; j++)
        if (share[j] > 0) sum -= share[j] * log(share[j]);
    return sum <= 0 ? 0 : sum / log((double)m);
}
