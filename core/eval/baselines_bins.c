/* SPDX-License-Identifier: MIT
 *
 * Baselines that predict the mean value of a bin of prompts: bins of prompt length, and domain labels, plain
 * and shrunk.  A bin without train prompts predicts the overall train mean.
 */
#include <math.h>

#include "base/str.h"
#include "eval/baselines_private.h"
#include "math/special.h"

#define LENGTH_BINS    10
#define PSEUDO_PROMPTS 10.0

typedef struct bins { /* a table of means by bin, and the bin of every row of the dataset */
    size_t n;
    uint32_t *of;  /* [dataset rows]; >= n: none */
    double *sum;   /* [n x m] utilities */
    size_t *count; /* [n] */
} bins;

static bool bins_init(const baselines *b, size_t n, bins *out)
{
    size_t cells;
    out->n = n;
    out->of = arena_alloc(b->a, b->d->n, sizeof *out->of);
    out->sum = mem_size(n, b->d->m, &cells) ? arena_alloc(b->a, cells, sizeof(double)) : NULL;
    out->count = arena_alloc(b->a, n, sizeof *out->count);
    return out->of && out->sum && out->count;
}

static void bins_learn(const baselines *b, const uint32_t *row, size_t n, const bins *t)
{
    double sign = policy_sign(b->d->kind);
    for (size_t i = 0; i < n; i++) {
        uint32_t k = t->of[row[i]];
        if (k >= t->n) continue;
        const float *v = pm_crow(b->d->value, row[i]);
        for (size_t j = 0; j < b->d->m; j++) t->sum[k * b->d->m + j] += sign * (double)v[j];
        t->count[k]++;
    }
}

/* Mean utilities of bin k <= t->n (t->n: none), shrunk to the overall mean by `pseudo` prompts. */
static void bins_mean(const baselines *b, const bins *t, size_t k, double pseudo, double *mean)
{
    size_t m = b->d->m, count = k < t->n ? t->count[k] : 0;
    for (size_t j = 0; j < m; j++)
        mean[j] = count ? (t->sum[k * m + j] + pseudo * b->prior[j]) / ((double)count + pseudo)
                        : b->prior[j];
}

/* A row that chooses the best expert of each prompt's bin, means shrunk to the overall mean by `pseudo`. */
static pm_status bins_choose(baselines *b, const bins *t, double pseudo, const char *label,
                             policy_role role, pm_err *err)
{
    uint32_t *choice;
    size_t m = b->d->m;
    pm_status s = baselines_add(b, label, role, &choice, err);
    if (s) return s;
    uint32_t *best = arena_alloc(b->a, t->n + 1, sizeof *best);
    double *mean = arena_alloc(b->a, m, sizeof *mean);
    if (!best || !mean) return err_set(err, PM_E_MEMORY, "%zu bins", t->n);
    for (size_t k = 0; k <= t->n; k++) {
        bins_mean(b, t, k, pseudo, mean);
        best[k] = (uint32_t)baselines_pick(mean, b->prior, m);
    }
    for (size_t i = 0; i < b->s->n_test; i++) {
        uint32_t k = t->of[b->s->test[i]];
        choice[i] = best[k < t->n ? k : t->n];
    }
    return PM_OK;
}

static pm_status learn_lengths(const baselines *b, bins *t, pm_err *err)
{
    double *length = arena_alloc(b->a, b->d->n, sizeof *length);
    double *train = arena_alloc(b->a, b->s->n_train, sizeof *train);
    if (!length || !train || !bins_init(b, LENGTH_BINS, t))
        return err_set(err, PM_E_MEMORY, "lengths of %zu prompts", b->d->n);
    for (size_t i = 0; i < b->d->n; i++)
        length[i] = (double)utf8_count(b->d->text[i].ptr, b->d->text[i].len);
    for (size_t i = 0; i < b->s->n_train; i++) train[i] = length[b->s->train[i]];
    double edge[LENGTH_BINS - 1];
    for (size_t k = 1; k < LENGTH_BINS; k++)
        edge[k - 1] = special_quantile(train, b->s->n_train, (double)k / LENGTH_BINS);
    for (size_t i = 0; i < b->d->n; i++) /* bin = number of edges at or below the length */
        for (size_t k = 0; k + 1 < LENGTH_BINS; k++)
            if (edge[k] <= length[i]) t->of[i] = (uint32_t)(k + 1);
    bins_learn(b, b->s->train, b->s->n_train, t);
    return PM_OK;
}

static pm_status learn_domains(const baselines *b, const uint32_t *row, size_t n, bins *t,
                               pm_err *err)
{
    if (!bins_init(b, b->d->n_domains, t))
        return err_set(err, PM_E_MEMORY, "%zu domains", b->d->n_domains);
    for (size_t i = 0; i < b->d->n; i++) t->of[i] = b->d->domain[i];
    bins_learn(b, row, n, t);
    return PM_OK;
}

pm_status baselines_length(baselines *b, pm_err *err)
{
    bins t;
    pm_status s = learn_lengths(b, &t, err);
    return s ? s : bins_choose(b, &t, 0, "prompt length, 10 bins", POLICY_BASELINE, err);
}

pm_status baselines_domains(baselines *b, pm_err *err)
{
    bins train, test;
    pm_status s = learn_domains(b, b->s->train, b->s->n_train, &train, err);
    if (!s) s = learn_domains(b, b->s->test, b->s->n_test, &test, err);
    if (!s) s = bins_choose(b, &train, 0, "domain majority", POLICY_BASELINE, err);
    if (!s)
        s = bins_choose(b, &train, PSEUDO_PROMPTS, "domain, shrunk n0=10", POLICY_BASELINE, err);
    if (!s) s = bins_choose(b, &test, 0, "domain oracle", POLICY_CEILING, err);
    return s;
}

const char *baselines_predictor(size_t k)
{
    static const char *const label[] = {"best single (train)", "prompt length, 10 bins",
                                        "domain majority", "domain, shrunk n0=10"};
    return k < sizeof label / sizeof label[0] ? label[k] : NULL;
}

pm_status baselines_predict(const dataset *d, const split *s, size_t k, arena *a, pm_mat out,
                            pm_err *err)
{
    baselines b = {.d = d, .s = s, .a = a, .prior = arena_alloc(a, d->m, sizeof(double))};
    double *mean = arena_alloc(a, d->m, sizeof *mean);
    if (!b.prior || !mean) return err_set(err, PM_E_MEMORY, "%zu experts", d->m);
    if (k > 1 && d->n_domains == 0)
        return err_set(err, PM_E_ARG, "baseline \"%s\": the data has no domains",
                       baselines_predictor(k));
    baselines_row_means(d, s->train, s->n_train, b.prior);
    bins t = {0, NULL, NULL, NULL};
    pm_status status = k == 1  ? learn_lengths(&b, &t, err)
                       : k > 1 ? learn_domains(&b, s->train, s->n_train, &t, err)
                               : PM_OK;
    double sign = policy_sign(d->kind);
    for (size_t i = 0; i < s->n_test && !status; i++) {
        size_t bin = t.of && t.of[s->test[i]] < t.n ? t.of[s->test[i]] : t.n;
        bins_mean(&b, &t, bin, k == 3 ? PSEUDO_PROMPTS : 0, mean);
        for (size_t j = 0; j < d->m; j++) pm_row(out, i)[j] = (float)(sign * mean[j]);
    }
    return status;
}
