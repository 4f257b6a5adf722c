/* SPDX-License-Identifier: MIT
 *
 * What a router must beat on battles: the judge's base rate, one rating per model, one rating per model and domain.
 * All learn from hard labels.
 */
#include <math.h>
#include <string.h>

#include "eval/battles.h"
#include "math/bradley_terry.h"

#define PSEUDO_BATTLES 10.0

static pm_status starve(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "battles");
}

static double *square(arena *a, size_t m)
{
    size_t cells;
    return mem_size(m, m, &cells) ? arena_alloc(a, cells, sizeof(double)) : NULL;
}

static void add_wins(const battle_data *d, size_t m, uint32_t domain, bool all, double *win)
{
    for (size_t k = 0; k < d->n; k++) {
        const pm_battle *b = &d->battle[k];
        if (!all && d->domain[k] != domain) continue;
        double y = battle_label(b->outcome), w = (double)b->weight;
        win[b->a * m + b->b] += w * y;
        win[b->b * m + b->a] += w * (1 - y);
    }
}

static double mean_weight(const battle_data *d)
{
    double sum = 0;
    for (size_t k = 0; k < d->n; k++) sum += (double)d->battle[k].weight;
    return sum / (double)d->n;
}

pm_status battles_ratings(const battle_data *train, size_t m, arena *a, double *theta, pm_err *err)
{
    if (train->n == 0) return err_set(err, PM_E_ARG, "no battle to learn ratings from");
    arena_mark mark = arena_save(a);
    double *win = square(a, m);
    if (!win) return starve(err);
    add_wins(train, m, 0, true, win);
    for (size_t j = 0; j < m; j++) theta[j] = 0;
    bt_counts counts = {.k = m, .win = win, .prior = mean_weight(train)};
    pm_status s = bt_fit(&counts, a, theta, NULL, err);
    arena_release(a, mark);
    return s;
}

const char *const *battles_labels(void)
{
    static const char *const label[BATTLE_BASELINES + 1] = {"judge base rate", "Bradley-Terry",
                                                            "Bradley-Terry by domain, n0=10", NULL};
    return label;
}

/* How often the first of two wins, as each judge says; of one that is not in train, as all say. */
static pm_status base_rate(const battle_data *train, const battle_data *test, size_t n_judges,
                           arena *a, double *p, pm_err *err)
{
    double *won = arena_alloc(a, n_judges + 1, 2 * sizeof *won), *of = won + n_judges + 1;
    if (!won) return starve(err);
    for (size_t k = 0; k < train->n; k++) {
        const pm_battle *b = &train->battle[k];
        double w = (double)b->weight, y = w * battle_label(b->outcome);
        size_t judge = b->source < n_judges ? b->source : n_judges;
        won[n_judges] += y;
        of[n_judges] += w;
        if (judge == n_judges) continue;
        won[judge] += y;
        of[judge] += w;
    }
    for (size_t k = 0; k < test->n; k++) {
        size_t judge = test->battle[k].source;
        if (judge >= n_judges || !(of[judge] > 0)) judge = n_judges;
        p[k] = won[judge] / of[judge];
    }
    return PM_OK;
}

/* Pseudo-battles of the global ratings, spread over the pairs that met: the one of a pair that battles less gets
 * PSEUDO_BATTLES in all, shared among its opponents as its battles are. */
static bool pseudo_wins(const battle_data *train, size_t m, const double *theta, arena *a,
                        double *out)
{
    double *win = square(a, m), *met = arena_alloc(a, m, sizeof *met);
    double weight = PSEUDO_BATTLES * mean_weight(train);
    if (!win || !met) return false;
    add_wins(train, m, 0, true, win);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < m; j++) met[i] += i == j ? 0 : win[i * m + j] + win[j * m + i];
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < m; j++) {
            double n = win[i * m + j] + win[j * m + i];
            if (i == j || !(n > 0)) continue;
            out[i * m + j] = weight * n / fmin(met[i], met[j]) * bt_probability(theta[i], theta[j]);
        }
    return true;
}

static pm_status by_domain(const battle_data *train, const battle_data *test, const battle_world *w,
                           const double *theta, arena *a, double *p, pm_err *err)
{
    size_t m = w->m, bytes;
    double *pseudo = square(a, m), *win = square(a, m), *local = arena_alloc(a, m, sizeof *local);
    if (!pseudo || !win || !local || !mem_size(m * m, sizeof *win, &bytes) ||
        !pseudo_wins(train, m, theta, a, pseudo))
        return starve(err);
    for (size_t k = 0; k < test->n; k++) /* a domain that train lacks */
        p[k] = bt_probability(theta[test->battle[k].a], theta[test->battle[k].b]);
    pm_status s = PM_OK;
    for (uint32_t d = 0; d < w->n_domains && !s; d++) {
        memcpy(win, pseudo, bytes);
        add_wins(train, m, d, false, win);
        memcpy(local, theta, m * sizeof *local);
        bt_counts counts = {.k = m, .win = win};
        s = bt_fit(&counts, a, local, NULL, err);
        for (size_t k = 0; k < test->n && !s; k++)
            if (test->domain[k] == d)
                p[k] = bt_probability(local[test->battle[k].a], local[test->battle[k].b]);
    }
    return s;
}

static pm_status add_guess(size_t which, size_t n, arena *a, battle_guess *out, double **p,
                           pm_err *err)
{
    *p = arena_alloc(a, n, sizeof **p);
    if (!*p) return starve(err);
    *out = (battle_guess){
        .label = battles_labels()[which], .role = POLICY_BASELINE, .setting = "", .p = *p};
    return PM_OK;
}

pm_status battles_baselines(const battle_data *train, const battle_data *test,
                            const battle_world *w, const double *theta, arena *a, battle_guess *out,
                            size_t *n, pm_err *err)
{
    double *p;
    *n = 0;
    if (train->n == 0) return err_set(err, PM_E_ARG, "no battle to learn from");
    pm_status s = add_guess(*n, test->n, a, &out[*n], &p, err);
    if (!s) s = base_rate(train, test, w->n_judges, a, p, err);
    if (s) return s;
    ++*n;
    s = add_guess(*n, test->n, a, &out[*n], &p, err);
    if (s) return s;
    for (size_t k = 0; k < test->n; k++)
        p[k] = bt_probability(theta[test->battle[k].a], theta[test->battle[k].b]);
    ++*n;
    if (w->n_domains == 0 || !train->domain || !test->domain) return PM_OK;
    s = add_guess(*n, test->n, a, &out[*n], &p, err);
    if (!s) s = by_domain(train, test, w, theta, a, p, err);
    if (!s) ++*n;
    return s;
}
