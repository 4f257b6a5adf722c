/* SPDX-License-Identifier: MIT
 *
 * Reference rows for two models: random, length, optimal, oracle.  The evaluator itself is two_models.c.
 */
#include "eval/two_models_lines.h"

#include <math.h>
#include <stdlib.h>

#include "base/mt19937.h"
#include "base/rng.h"
#include "math/special.h"

#define LENGTH_SCALE 1000.0

double two_models_length(size_t chars, bool negative)
{
    double w = (double)chars / ((double)chars + LENGTH_SCALE);
    return negative ? 1 - w : w;
}

/* ---- random ---- */

/* Sum of points by share, until the means are taken; count[k] of out->point[k]. */
static bool add_curve(const two_models_curve *c, two_models_curve *sum, size_t *count)
{
    for (size_t k = 0; k < c->n; k++) {
        size_t at = 0;
        while (at < sum->n && sum->point[at].share < c->point[k].share) at++;
        if (at == sum->n || sum->point[at].share != c->point[k].share) {
            if (sum->n == TWO_MODELS_EDGES) return false;
            for (size_t j = sum->n; j > at; j--) {
                sum->point[j] = sum->point[j - 1];
                count[j] = count[j - 1];
            }
            sum->point[at] = (two_models_point){c->point[k].share, 0};
            count[at] = 0;
            sum->n++;
        }
        sum->point[at].quality += c->point[k].quality;
        count[at]++;
    }
    return true;
}

static void divide(two_models_curve *sum, const size_t *count)
{
    for (size_t k = 0; k < sum->n; k++) sum->point[k].quality /= (double)count[k];
}

pm_status two_models_random_compat(const double *weak, const double *strong, size_t n,
                                   size_t iterations, arena *scratch, two_models_curve *out,
                                   pm_err *err)
{
    const uint32_t seed = 0;
    size_t count[TWO_MODELS_EDGES];
    mt19937 m;
    if (iterations == 0) return err_set(err, PM_E_ARG, "0 random passes; want at least one");
    arena_mark mark = arena_save(scratch);
    double *score = arena_alloc(scratch, n, sizeof *score);
    if (!score) return err_set(err, PM_E_MEMORY, "%zu scores", n);
    mt19937_seed(&m, &seed, 1);
    out->n = 0;
    pm_status s = PM_OK;
    for (size_t k = 0; k < iterations && !s; k++) {
        two_models_curve one;
        for (size_t i = 0; i < n; i++) score[i] = mt19937_double(&m);
        s = two_models_curve_of(score, weak, strong, n, scratch, &one, err);
        if (!s && !add_curve(&one, out, count))
            s = err_set(err, PM_E_SHAPE, "random scores with ties: more than %d different shares",
                        TWO_MODELS_EDGES);
    }
    if (!s) divide(out, count);
    arena_release(scratch, mark);
    return s;
}

#define FIELDS (sizeof(two_models_score) / sizeof(double))

typedef union score_fields {
    two_models_score score;
    double field[FIELDS];
} score_fields;

/* Mean and sd of each field over the draws where it is a number. */
static void moments(const score_fields *all, size_t draws, double *v, two_models_draws *out)
{
    score_fields mean, sd;
    for (size_t f = 0; f < FIELDS; f++) {
        size_t n = 0;
        double squares = 0;
        for (size_t k = 0; k < draws; k++)
            if (isfinite(all[k].field[f])) v[n++] = all[k].field[f];
        mean.field[f] = n > 0 ? special_mean(v, n) : NAN;
        for (size_t k = 0; k < n; k++) squares += (v[k] - mean.field[f]) * (v[k] - mean.field[f]);
        sd.field[f] = n > 1 ? sqrt(squares / (double)(n - 1)) : NAN;
    }
    out->mean = mean.score;
    out->sd = sd.score;
}

static void shuffle(uint64_t seed, uint32_t stream, size_t n, uint32_t *order)
{
    for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
    rng_shuffle(seed, stream, order, n);
}

pm_status two_models_random(const double *weak, const double *strong, size_t n, size_t draws,
                            uint64_t seed, arena *scratch, two_models_draws *out, pm_err *err)
{
    if (n == 0 || n > UINT32_MAX || draws == 0)
        return err_set(err, PM_E_ARG, "%zu random orders of %zu prompts; want at least one", draws,
                       n);
    arena_mark mark = arena_save(scratch);
    uint32_t *order = arena_alloc(scratch, n, sizeof *order);
    uint32_t *start = arena_alloc(scratch, n, sizeof *start);
    double *gain = arena_alloc(scratch, n, sizeof *gain);
    double *v = arena_alloc(scratch, draws, sizeof *v);
    score_fields *all = arena_alloc(scratch, draws, sizeof *all);
    two_models_work w = {NULL, NULL};
    if (!order || !start || !gain || !v || !all || !two_models_work_open(n, scratch, &w)) {
        arena_release(scratch, mark);
        return err_set(err, PM_E_MEMORY, "random orders of %zu prompts", n);
    }
    double sum[2] = {0, 0}, size = (double)n;
    size_t count[TWO_MODELS_EDGES];
    for (size_t i = 0; i < n; i++) {
        start[i] = (uint32_t)i;
        sum[0] += weak[i];
        sum[1] += strong[i];
    }
    two_models_ranking r = {n, order, start, gain};
    out->draws = draws;
    out->curve.n = 0;
    for (size_t k = 0; k < draws; k++) {
        two_models_curve one;
        shuffle(seed, (uint32_t)k, n, order);
        for (size_t p = 0; p < n; p++) gain[p] = strong[order[p]] - weak[order[p]];
        two_models_curve_drawn(&r, NULL, n, sum[0], &w, &one);
        two_models_measure(&one, sum[0] / size, sum[1] / size, &all[k].score);
        bool fits = add_curve(&one, &out->curve, count); /* shares depend on n alone */
        PM_ASSERT(fits);
    }
    divide(&out->curve, count);
    moments(all, draws, v, out);
    arena_release(scratch, mark);
    return PM_OK;
}

/* ---- the best possible ---- */

typedef struct gained {
    double gain;
    uint32_t row;
} gained;

static int largest_first(const void *x, const void *y)
{
    const gained *a = x, *b = y;
    if (a->gain != b->gain) return a->gain > b->gain ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static pm_status sort_gains(const double *weak, const double *strong, size_t n, arena *scratch,
                            gained **out, pm_err *err)
{
    if (n == 0 || n > UINT32_MAX)
        return err_set(err, PM_E_ARG, "two models on %zu prompts; want at least one", n);
    gained *g = arena_alloc(scratch, n, sizeof *g);
    *out = g;
    if (!g) return err_set(err, PM_E_MEMORY, "gains of %zu prompts", n);
    for (size_t i = 0; i < n; i++) {
        g[i] = (gained){strong[i] - weak[i], (uint32_t)i};
        if (!isfinite(g[i].gain))
            return err_set(err, PM_E_ARG, "prompt %zu: an outcome that is not a number", i);
    }
    qsort(g, n, sizeof *g, largest_first);
    return PM_OK;
}

pm_status two_models_optimal(const double *weak, const double *strong, size_t n,
                             const two_models_optimal_options *o, arena *scratch,
                             two_models_curve *out, pm_err *err)
{
    const size_t steps = TWO_MODELS_EDGES - 1;
    gained *g;
    arena_mark mark = arena_save(scratch);
    pm_status s = sort_gains(weak, strong, n, scratch, &g, err);
    if (s) {
        arena_release(scratch, mark);
        return s;
    }
    size_t budget = o && o->budget ? o->budget : n;
    double base = 0, taken = 0;
    for (size_t i = 0; i < n; i++) base += weak[i];
    out->n = TWO_MODELS_EDGES;
    for (size_t k = 0, i = 0; k <= steps; k++) {
        size_t whole = budget / steps * k + budget % steps * k / steps;
        double part = (double)(budget % steps * k % steps) / (double)steps;
        for (; i < n && i < whole && g[i].gain > 0; i++) taken += g[i].gain;
        double more = i == whole && i < n && g[i].gain > 0 ? part * g[i].gain : 0;
        if (o && o->compat_whole) more = 0;
        out->point[k] =
            (two_models_point){(double)k / (double)steps, (base + taken + more) / (double)n};
    }
    arena_release(scratch, mark);
    return PM_OK;
}

pm_status two_models_oracle(const double *weak, const double *strong, size_t n, arena *scratch,
                            double *score, pm_err *err)
{
    gained *g;
    arena_mark mark = arena_save(scratch);
    pm_status s = sort_gains(weak, strong, n, scratch, &g, err);
    for (size_t p = 0; p < n && !s; p++) score[g[p].row] = (double)(n - p);
    arena_release(scratch, mark);
    return s;
}
