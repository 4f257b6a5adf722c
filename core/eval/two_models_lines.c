/* SPDX-License-Identifier: MIT
 *
 * Reference rows for two models: random, length, optimal, oracle.  The evaluator itself is two_models.c.
 */
#include "eval/two_models_lines.h"

#include <math.h>

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

pm_status two_models_oracle(const double *weak, const double *strong, size_t n, arena *scratch,
                            double *score, pm_err *err)
{
    arena_mark mark = arena_save(scratch);
    double *loss =
        arena_alloc(scratch, n, sizeof *loss); /* minus the gain: ties keep their order */
    two_models_ranking r;
    if (!loss) return err_set(err, PM_E_MEMORY, "gains of %zu prompts", n);
    for (size_t i = 0; i < n; i++) loss[i] = weak[i] - strong[i];
    pm_status s = two_models_rank(loss, weak, strong, n, scratch, &r, err);
    for (size_t p = 0; p < n && !s; p++) score[r.order[p]] = (double)(n - p);
    arena_release(scratch, mark);
    return s;
}

/* Sum of the gains above position `rank` (a real number) of the prompts drawn. */
static double above(const two_models_ranking *r, const two_models_work *w, double rank)
{
    size_t lo = 0, hi = r->n; /* the last position with count <= rank */
    while (lo < hi) {
        size_t middle = lo + (hi - lo + 1) / 2;
        if ((double)w->count[middle] <= rank)
            lo = middle;
        else
            hi = middle - 1;
    }
    double part = lo < r->n ? (rank - (double)w->count[lo]) * r->gain[lo] : 0;
    return w->gain[r->n] - w->gain[lo] - part;
}

void two_models_optimal_drawn(const two_models_ranking *by_gain, const uint16_t *times, size_t size,
                              double weak_sum, const two_models_optimal_options *o,
                              two_models_work *w, two_models_curve *out)
{
    const size_t steps = TWO_MODELS_EDGES - 1;
    size_t budget = o && o->budget ? o->budget : size, first = 0;
    two_models_add_up(by_gain, times, w);
    while (first < by_gain->n && !(by_gain->gain[first] > 0)) first++;
    double all = (double)(size - w->count[first]); /* those that gain */
    out->n = TWO_MODELS_EDGES;
    for (size_t k = 0; k <= steps; k++) {
        double room = (double)(budget / steps * k + budget % steps * k / steps);
        if (!o || !o->compat_whole) room += (double)(budget % steps * k % steps) / (double)steps;
        double sum = weak_sum + above(by_gain, w, (double)size - (room < all ? room : all));
        out->point[k] = (two_models_point){(double)k / (double)steps, sum / (double)size};
    }
}

pm_status two_models_optimal(const double *weak, const double *strong, size_t n,
                             const two_models_optimal_options *o, arena *scratch,
                             two_models_curve *out, pm_err *err)
{
    arena_mark mark = arena_save(scratch);
    two_models_ranking r;
    two_models_work w;
    double weak_sum = 0, *gain = arena_alloc(scratch, n, sizeof *gain);
    if (!gain) return err_set(err, PM_E_MEMORY, "gains of %zu prompts", n);
    for (size_t i = 0; i < n; i++) {
        gain[i] = strong[i] - weak[i];
        weak_sum += weak[i];
    }
    pm_status s = two_models_rank(gain, weak, strong, n, scratch, &r, err);
    if (!s && !two_models_work_open(n, scratch, &w))
        s = err_set(err, PM_E_MEMORY, "gains of %zu prompts", n);
    if (!s) two_models_optimal_drawn(&r, NULL, n, weak_sum, o, &w, out);
    arena_release(scratch, mark);
    return s;
}
