/* SPDX-License-Identifier: MIT
 *
 * Contrasts of a design: differences, 2 x 2, Shapley values and interaction indices as coefficients of points.
 */
#include <math.h>

#include "eval/ablation_effects.h"

typedef struct terms { /* a contrast being put together */
    uint32_t *point;
    double *times;
    size_t n;
} terms;

static terms room_for(size_t n, arena *a)
{
    terms t = {arena_alloc(a, n, sizeof *t.point), arena_alloc(a, n, sizeof *t.times), 0};
    return t.point && t.times ? t : (terms){NULL, NULL, 0};
}

static void add(terms *t, uint32_t point, double times)
{
    t->point[t->n] = point;
    t->times[t->n++] = times;
}

static ablation_contrast contrast_of(const terms *t, size_t measure)
{
    return (ablation_contrast){.point = t->point,
                               .times = t->times,
                               .n = t->n,
                               .measure = measure,
                               .value = NAN,
                               .lo = NAN,
                               .hi = NAN};
}

ablation_contrast ablation_difference(uint32_t to, uint32_t from, size_t measure, arena *a)
{
    terms t = room_for(2, a);
    if (t.point) {
        add(&t, to, 1);
        add(&t, from, -1);
    }
    return contrast_of(&t, measure);
}

ablation_contrast ablation_two_by_two(const ablation_design *d, size_t k, size_t l, size_t measure,
                                      arena *a)
{
    terms t = room_for(4, a);
    if (t.point) {
        add(&t, 0, 1);
        add(&t, d->without[k], -1);
        add(&t, d->without[l], -1);
        add(&t, d->without_two[k * d->n_factors + l], 1);
    }
    return contrast_of(&t, measure);
}

/* a! b! / (a + b + 1)!, by products that stay near 1. */
static double share_of(size_t a, size_t b)
{
    double share = 1 / (double)(a + b + 1);
    for (size_t k = 1; k <= a; k++) share *= (double)k / (double)(b + k);
    return share;
}

static size_t members(size_t set)
{
    size_t n = 0;
    for (; set; set &= set - 1) n++;
    return n;
}

static terms exact(const ablation_design *d, size_t k, arena *a)
{
    size_t n = d->n_factors, all = (size_t)1 << n, own = (size_t)1 << k;
    terms t = room_for(all, a);
    for (size_t set = 0; t.point && set < all; set++) {
        if (set & own) continue;
        double share = share_of(members(set), n - members(set) - 1);
        add(&t, d->subset[set | own], share);
        add(&t, d->subset[set], -share);
    }
    return t;
}

static terms sampled(const ablation_design *d, size_t k, arena *a)
{
    size_t n = d->n_factors;
    double share = 1 / (double)d->n_orders;
    terms t = room_for(2 * d->n_orders, a);
    for (size_t r = 0; t.point && r < d->n_orders; r++)
        for (size_t at = 0; at < n; at++) {
            if (d->order[r * n + at] != k) continue;
            add(&t, d->joined[r * (n + 1) + at + 1], share);
            add(&t, d->joined[r * (n + 1) + at], -share);
        }
    return t;
}

ablation_contrast ablation_shapley(const ablation_design *d, size_t k, size_t measure, arena *a)
{
    terms t = d->subset ? exact(d, k, a) : sampled(d, k, a);
    return contrast_of(&t, measure);
}

double ablation_shapley_error(const ablation_design *d, size_t k, const double *mean,
                              size_t n_measures, size_t measure)
{
    size_t n = d->n_factors, pairs = d->n_orders / 2;
    if (d->subset) return 0;
    if (pairs < 2) return NAN;
    double sum = 0, squares = 0;
    for (size_t p = 0; p < pairs; p++) {
        double v = 0;
        for (size_t r = 2 * p; r < 2 * p + 2; r++)
            for (size_t at = 0; at < n; at++) {
                const uint32_t *joined = d->joined + r * (n + 1) + at;
                if (d->order[r * n + at] == k)
                    v += (mean[joined[1] * n_measures + measure] -
                          mean[joined[0] * n_measures + measure]) /
                         2;
            }
        sum += v;
        squares += v * v;
    }
    double variance = (squares - sum * sum / (double)pairs) / (double)(pairs - 1);
    return sqrt(fmax(variance, 0) / (double)pairs);
}

ablation_contrast ablation_shapley_pair(const ablation_design *d, size_t k, size_t l,
                                        size_t measure, arena *a)
{
    terms t = {NULL, NULL, 0};
    size_t n = d->n_factors, all = d->subset ? (size_t)1 << n : 0;
    size_t first = (size_t)1 << k, second = (size_t)1 << l;
    if (all) t = room_for(all, a);
    for (size_t set = 0; t.point && set < all; set++) {
        if (set & (first | second)) continue;
        double share = share_of(members(set), n - members(set) - 2);
        add(&t, d->subset[set | first | second], share);
        add(&t, d->subset[set | first], -share);
        add(&t, d->subset[set | second], -share);
        add(&t, d->subset[set], share);
    }
    return contrast_of(&t, measure);
}
