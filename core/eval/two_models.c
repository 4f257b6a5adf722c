/* SPDX-License-Identifier: MIT
 *
 * The evaluator for two models: scores -> curve of quality over the share of strong calls -> APGR, CPT.  What scores
 * to compare with (random, length, the best possible) is two_models_lines.c.
 */
#include "eval/two_models.h"

#include <math.h>
#include <stdlib.h>

/* ---- ranking ---- */

typedef struct keyed {
    double score;
    uint32_t row;
} keyed;

static int ascending(const void *x, const void *y)
{
    const keyed *a = x, *b = y;
    if (a->score != b->score) return a->score < b->score ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static pm_status check(const double *score, size_t n, pm_err *err)
{
    if (n == 0 || n > UINT32_MAX)
        return err_set(err, PM_E_ARG, "two models on %zu prompts; want at least one", n);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(score[i]))
            return err_set(err, PM_E_ARG, "prompt %zu: score %g; want a finite number", i,
                           score[i]);
    return PM_OK;
}

pm_status two_models_rank(const double *score, const double *weak, const double *strong, size_t n,
                          arena *a, two_models_ranking *out, pm_err *err)
{
    pm_status s = check(score, n, err);
    if (s) return s;
    uint32_t *order = arena_alloc(a, n, sizeof *order), *start = arena_alloc(a, n, sizeof *start);
    double *gain = arena_alloc(a, n, sizeof *gain);
    keyed *key = mem_alloc(n, sizeof *key);
    if (!order || !start || !gain || !key) {
        mem_free(key);
        return err_set(err, PM_E_MEMORY, "ranks of %zu prompts", n);
    }
    for (size_t i = 0; i < n; i++) key[i] = (keyed){score[i], (uint32_t)i};
    qsort(key, n, sizeof *key, ascending);
    for (size_t p = 0; p < n; p++) {
        bool same = p > 0 && key[p].score == key[p - 1].score;
        order[p] = key[p].row;
        start[p] = same ? start[p - 1] : (uint32_t)p;
        gain[p] = strong[key[p].row] - weak[key[p].row];
    }
    mem_free(key);
    *out = (two_models_ranking){n, order, start, gain};
    return PM_OK;
}

/* ---- the curve ---- */

bool two_models_work_open(size_t n, arena *a, two_models_work *out)
{
    out->gain = arena_alloc(a, n + 1, sizeof *out->gain);
    out->count = arena_alloc(a, n + 1, sizeof *out->count);
    return out->gain && out->count;
}

void two_models_add_up(const two_models_ranking *r, const uint16_t *times, two_models_work *w)
{
    double gain = 0;
    uint32_t count = 0;
    for (size_t p = 0; p < r->n; p++) {
        uint32_t k = times ? times[r->order[p]] : 1;
        w->gain[p] = gain;
        w->count[p] = count;
        gain += (double)k * r->gain[p];
        count += k;
    }
    w->gain[r->n] = gain;
    w->count[r->n] = count;
}

/* Position of the prompt that is number `rank` of those drawn, from 0. */
static size_t position_of(const two_models_work *w, size_t n, size_t rank)
{
    size_t lo = 0, hi = n - 1; /* the last position with count <= rank */
    while (lo < hi) {
        size_t middle = lo + (hi - lo + 1) / 2;
        if (w->count[middle] <= rank)
            lo = middle;
        else
            hi = middle - 1;
    }
    return lo;
}

/* Where the strong model begins at edge k: the first position whose score is >= the quantile.  It lies at rank
 * h = (size - 1) k / 10; between two different scores it is above the lower one. */
static size_t first_strong(const two_models_ranking *r, const two_models_work *w, size_t size,
                           size_t k)
{
    const size_t steps = TWO_MODELS_EDGES - 1;
    if (k == steps) return r->n; /* strictly above the largest: nobody */
    size_t rank = (size - 1) / steps * k + (size - 1) % steps * k / steps;
    bool between = (size - 1) % steps * k % steps != 0;
    size_t at = r->start[position_of(w, r->n, rank)];
    return between ? r->start[position_of(w, r->n, rank + 1)] : at;
}

void two_models_curve_drawn(const two_models_ranking *r, const uint16_t *times, size_t size,
                            double weak_sum, two_models_work *w, two_models_curve *out)
{
    two_models_add_up(r, times, w);
    out->n = 0;
    for (size_t k = TWO_MODELS_EDGES; k-- > 0;) {
        size_t from = first_strong(r, w, size, k);
        double share = (double)(size - w->count[from]) / (double)size;
        if (out->n > 0 && out->point[out->n - 1].share == share) continue;
        double sum = weak_sum + (w->gain[r->n] - w->gain[from]);
        out->point[out->n++] = (two_models_point){share, sum / (double)size};
    }
}

pm_status two_models_curve_of(const double *score, const double *weak, const double *strong,
                              size_t n, arena *scratch, two_models_curve *out, pm_err *err)
{
    arena_mark mark = arena_save(scratch);
    two_models_ranking r;
    two_models_work w;
    double weak_sum = 0;
    pm_status s = two_models_rank(score, weak, strong, n, scratch, &r, err);
    if (!s && !two_models_work_open(n, scratch, &w))
        s = err_set(err, PM_E_MEMORY, "curve of %zu prompts", n);
    for (size_t i = 0; i < n && !s; i++) weak_sum += weak[i];
    if (!s) two_models_curve_drawn(&r, NULL, n, weak_sum, &w, out);
    arena_release(scratch, mark);
    return s;
}

/* ---- what is read off a curve ---- */

static double percent_at(const two_models_point *p, double share_of_way)
{
    return 100 * (p[0].share + share_of_way * (p[1].share - p[0].share));
}

#define NEAR 8 /* positions that numpy looks at around its guess before it halves everything */

/* The interval of numpy.interp: last k with q[k] <= x where the curve rises; elsewhere whatever its search, begun at
 * 1, runs into.  q [n] need not be sorted; q[0] <= x <= q[n-1]. */
static size_t interval_of(const two_models_curve *c, double x)
{
    const two_models_point *p = c->point;
    size_t lo = 3, hi = c->n;
    if (c->n <= 4) {
        size_t k = 1;
        while (k < c->n && x >= p[k].quality) k++;
        return k - 1;
    }
    for (size_t k = 0; k < 3; k++)
        if (x < p[k + 1].quality) return k;
    if (c->n > 1 + NEAR + 1 && x < p[1 + NEAR].quality) hi = 1 + NEAR;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (x >= p[middle].quality)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo - 1;
}

static double interpolated(const two_models_curve *c, double x)
{
    const two_models_point *p = c->point;
    if (x > p[c->n - 1].quality) return 100 * p[c->n - 1].share;
    if (x < p[0].quality) return 100 * p[0].share;
    size_t k = interval_of(c, x);
    if (k == c->n - 1 || p[k].quality == x) return 100 * p[k].share;
    return percent_at(&p[k], (x - p[k].quality) / (p[k + 1].quality - p[k].quality));
}

/* sign: +1 if the strong model is the better one. */
static double first_reached(const two_models_curve *c, double x, double sign)
{
    const two_models_point *p = c->point;
    for (size_t k = 0; k < c->n; k++) {
        if (sign * p[k].quality < sign * x) continue;
        if (k == 0) return 100 * p[0].share;
        return percent_at(&p[k - 1], (x - p[k - 1].quality) / (p[k].quality - p[k - 1].quality));
    }
    return NAN;
}

double two_models_cpt(const two_models_curve *c, double weak, double strong, double level,
                      bool first)
{
    double target = level * (strong - weak) + weak;
    if (c->n == 0 || strong == weak || isnan(target)) return NAN;
    return first ? first_reached(c, target, strong > weak ? 1 : -1) : interpolated(c, target);
}

double two_models_quality(const two_models_curve *c, double share)
{
    const two_models_point *p = c->point;
    size_t k = 0;
    if (c->n == 0) return NAN;
    while (k < c->n && p[k].share < share) k++;
    if (k == 0) return p[0].quality;
    if (k == c->n) return p[c->n - 1].quality;
    double way = (share - p[k - 1].share) / (p[k].share - p[k - 1].share);
    return p[k - 1].quality + way * (p[k].quality - p[k - 1].quality);
}

void two_models_measure(const two_models_curve *c, double weak, double strong,
                        two_models_score *out)
{
    double auc = 0, width = c->n > 0 ? c->point[c->n - 1].share - c->point[0].share : 0;
    for (size_t k = 1; k < c->n; k++)
        auc += (c->point[k].share - c->point[k - 1].share) *
               (c->point[k].quality + c->point[k - 1].quality) / 2;
    *out = (two_models_score){
        .weak = weak,
        .strong = strong,
        .auc = width > 0 ? auc : NAN,
        .apgr = width > 0 && strong != weak ? (auc / width - weak) / (strong - weak) : NAN,
        .cpt20 = two_models_cpt(c, weak, strong, .2, false),
        .cpt50 = two_models_cpt(c, weak, strong, .5, false),
        .cpt80 = two_models_cpt(c, weak, strong, .8, false),
        .first_cpt20 = two_models_cpt(c, weak, strong, .2, true),
        .first_cpt50 = two_models_cpt(c, weak, strong, .5, true),
        .first_cpt80 = two_models_cpt(c, weak, strong, .8, true),
    };
}
