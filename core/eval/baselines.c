/* SPDX-License-Identifier: MIT
 *
 * The rows that every results table carries: what a router must beat before it has learnt anything
 * (docs/metrics.md, section 4).  Fitted on train rows, applied to test rows; the ceilings look at test.
 */
#include "eval/baselines.h"

#include <math.h>

#include "base/str.h"
#include "eval/baselines_private.h"
#include "math/mat.h"
#include "math/special.h"

#define STEP 1e-6 /* values are float32: equal decimals may differ by 1e-8 after averaging */

size_t baselines_pick(const double *utility, const double *prior, size_t m)
{
    size_t best = 0;
    double top = round(utility[0] / STEP);
    for (size_t j = 1; j < m; j++) {
        double u = round(utility[j] / STEP);
        if (u > top || (u == top && prior[j] > prior[best])) {
            best = j;
            top = u;
        }
    }
    return best;
}

void baselines_row_means(const dataset *d, const uint32_t *row, size_t n, double *mean)
{
    for (size_t j = 0; j < d->m; j++) mean[j] = 0;
    for (size_t i = 0; i < n; i++) {
        const float *v = pm_crow(d->value, row[i]);
        for (size_t j = 0; j < d->m; j++) mean[j] += (double)v[j];
    }
    double sign = policy_sign(d->kind);
    for (size_t j = 0; j < d->m; j++) mean[j] = n ? sign * mean[j] / (double)n : NAN;
}

void baselines_prior(const dataset *d, const split *s, float *prior)
{
    for (size_t j = 0; j < d->m; j++) {
        double sum = 0;
        for (size_t i = 0; i < s->n_train; i++) sum += (double)pm_crow(d->value, s->train[i])[j];
        prior[j] = (float)(policy_sign(d->kind) * sum / (double)s->n_train);
    }
}

const char *const *baselines_labels(void)
{
    static const char *const label[] = {"random (exact)",
                                        "cheapest single",
                                        "best single (train)",
                                        "best single (test, hindsight)",
                                        "prompt length, 10 bins",
                                        "domain majority",
                                        "domain, shrunk n0=10",
                                        "domain oracle",
                                        "oracle",
                                        NULL};
    return label;
}

/* ---- simple rows ---- */

pm_status baselines_add(baselines *b, const char *label, policy_role role, uint32_t **choice,
                        pm_err *err)
{
    *choice = arena_alloc(b->a, b->s->n_test, sizeof **choice);
    if (!*choice) return err_set(err, PM_E_MEMORY, "choices of \"%s\"", label);
    b->row[b->n++] = (policy){.label = label, .role = role, .choice = *choice, .setting = ""};
    return PM_OK;
}

static pm_status add_constant(baselines *b, const char *label, policy_role role, size_t column,
                              const char *setting, pm_err *err)
{
    uint32_t *choice;
    pm_status s = baselines_add(b, label, role, &choice, err);
    if (s) return s;
    for (size_t i = 0; i < b->s->n_test; i++) choice[i] = (uint32_t)column;
    b->row[b->n - 1].setting = setting;
    return PM_OK;
}

/* Every prompt the same row of shares: the exact expectation of drawing an expert. */
static pm_status add_random(baselines *b, pm_err *err)
{
    float *share = arena_alloc(b->a, b->d->m, sizeof *share);
    if (!share) return err_set(err, PM_E_MEMORY, "shares of %zu experts", b->d->m);
    for (size_t j = 0; j < b->d->m; j++) share[j] = 1.0f / (float)b->d->m;
    b->row[b->n++] = (policy){.label = "random (exact)",
                              .role = POLICY_BASELINE,
                              .share = cmat_broadcast(share, b->s->n_test, b->d->m),
                              .setting = ""};
    return PM_OK;
}

static size_t argmin(const double *x, size_t n)
{
    size_t best = SIZE_MAX;
    for (size_t j = 0; j < n; j++)
        if (isfinite(x[j]) && (best == SIZE_MAX || x[j] < x[best])) best = j;
    return best;
}

/* What an expert costs by the best evidence there is; *how says which.  SIZE_MAX: none. */
static size_t find_cheapest(const baselines *b, double *cost, const char **how)
{
    size_t m = b->d->m, known = 0;
    *how = "cost";
    if (b->d->cost_usd.at) {
        for (size_t j = 0; j < m; j++) {
            cost[j] = 0;
            for (size_t i = 0; i < b->s->n_train; i++)
                cost[j] += (double)pm_crow(b->d->cost_usd, b->s->train[i])[j];
        }
        return argmin(cost, m);
    }
    *how = "list price";
    for (size_t j = 0; j < m; j++) {
        cost[j] = pm_attr_number(b->lib->expert[j], "price_in", NAN) +
                  pm_attr_number(b->lib->expert[j], "price_out", NAN);
        known += isfinite(cost[j]) ? 1 : 0;
    }
    if (known == m) return argmin(cost, m);
    *how = "parameters";
    for (size_t j = 0; j < m; j++) cost[j] = pm_attr_number(b->lib->expert[j], "params", NAN);
    return argmin(cost, m);
}

static pm_status add_singles(baselines *b, size_t *best_single, pm_err *err)
{
    size_t m = b->d->m;
    const char *how;
    double *cost = arena_alloc(b->a, m, sizeof *cost);
    double *test = arena_alloc(b->a, m, sizeof *test);
    if (!cost || !test) return err_set(err, PM_E_MEMORY, "%zu experts", m);
    baselines_row_means(b->d, b->s->test, b->s->n_test, test);
    size_t cheapest = find_cheapest(b, cost, &how);
    size_t best_train = baselines_pick(b->prior, b->prior, m);
    size_t best_test = baselines_pick(test, b->prior, m);
    *best_single = best_train;
    pm_status s = PM_OK;
    if (cheapest != SIZE_MAX)
        s = add_constant(b, "cheapest single", POLICY_BASELINE, cheapest, how, err);
    if (!s)
        s = add_constant(b, "best single (train)", POLICY_BASELINE, best_train,
                         b->lib->expert[best_train]->id, err);
    if (!s)
        s = add_constant(b, "best single (test, hindsight)", POLICY_CEILING, best_test,
                         b->lib->expert[best_test]->id, err);
    return s;
}

static pm_status add_oracle(baselines *b, pm_err *err)
{
    uint32_t *choice;
    pm_status s = baselines_add(b, "oracle", POLICY_CEILING, &choice, err);
    double *u = arena_alloc(b->a, b->d->m, sizeof *u);
    if (s) return s;
    if (!u) return err_set(err, PM_E_MEMORY, "%zu experts", b->d->m);
    for (size_t i = 0; i < b->s->n_test; i++) {
        const float *v = pm_crow(b->d->value, b->s->test[i]);
        for (size_t j = 0; j < b->d->m; j++) u[j] = policy_sign(b->d->kind) * (double)v[j];
        choice[i] = (uint32_t)baselines_pick(u, b->prior, b->d->m);
    }
    return PM_OK;
}

static pm_status add_experts(baselines *b, pm_err *err)
{
    pm_status s = PM_OK;
    for (size_t j = 0; j < b->d->m && !s; j++)
        s = add_constant(b, b->lib->expert[j]->id, POLICY_EXPERT, j, "", err);
    return s;
}

static pm_status check(const dataset *d, const split *s, const pm_library *lib, pm_err *err)
{
    if (s->n_train == 0 || s->n_test == 0)
        return err_set(err, PM_E_ARG, "split has %zu train and %zu test prompts; want both",
                       s->n_train, s->n_test);
    if (lib->n != d->m || d->m == 0)
        return err_set(err, PM_E_SHAPE, "library has %zu experts, data %zu columns", lib->n, d->m);
    const uint32_t *part[2] = {s->train, s->test};
    size_t n[2] = {s->n_train, s->n_test};
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < n[k]; i++)
            for (size_t j = 0; j < d->m; j++)
                if (!isfinite(pm_crow(d->value, part[k][i])[j]))
                    return err_set(err, PM_E_ARG,
                                   "prompt \"%s\", expert \"%s\": outcome not known; baselines "
                                   "want the pooled part of the data (min_known > 0)",
                                   d->id[part[k][i]], lib->expert[j]->id);
    return PM_OK;
}

#define MAX_ROWS 9 /* beside the single experts */

pm_status baselines_make(const dataset *d, const split *s, const pm_library *lib, arena *a,
                         policy **out, size_t *n, size_t *best_single, pm_err *err)
{
    pm_status status = check(d, s, lib, err);
    if (status) return status;
    baselines b = {d,
                   s,
                   lib,
                   a,
                   arena_alloc(a, MAX_ROWS + d->m, sizeof(policy)),
                   0,
                   arena_alloc(a, d->m, sizeof(double))};
    if (!b.row || !b.prior) return err_set(err, PM_E_MEMORY, "baselines");
    baselines_row_means(d, s->train, s->n_train, b.prior);
    status = add_random(&b, err);
    if (!status) status = add_singles(&b, best_single, err);
    if (!status) status = baselines_length(&b, err);
    if (!status && d->n_domains > 0) status = baselines_domains(&b, err);
    if (!status) status = add_oracle(&b, err);
    if (!status) status = add_experts(&b, err);
    *out = b.row;
    *n = b.n;
    return status;
}
