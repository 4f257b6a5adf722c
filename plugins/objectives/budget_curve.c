/* SPDX-License-Identifier: MIT
 *
 * What prompts spend at each price of a budget, and the prices at which they would spend a given amount.  At price g a
 * prompt goes to a corner of the upper hull of its (cost, value): the one where the hull falls below slope g.  So the
 * mean over prompts is a falling staircase, whose steps are at the slopes of all hulls together.  A target between two
 * steps is met by a mixture of the prices on both sides: the fractional part of the relaxed optimum.
 */
#include <math.h>
#include <stdlib.h>

#include "budget.h"

/* The hull's next corner after `at`: of the steepest slope, then the dearest; m: none is better. */
static size_t next_corner(const struct budget_cells *s, size_t i, size_t at, double *slope)
{
    const double *v = s->value + i * s->m, *b = s->cost + i * s->m;
    size_t next = s->m;
    for (size_t j = 0; j < s->m; j++) {
        if ((s->mask && s->mask[i * s->m + j]) || !(b[j] > b[at]) || !(v[j] > v[at])) continue;
        double rise = (v[j] - v[at]) / (b[j] - b[at]);
        if (next == s->m || rise > *slope || (!(rise < *slope) && b[j] > b[next])) {
            *slope = rise;
            next = j;
        }
    }
    return next;
}

/* The cheapest cell of a row, of those the best; m: all are masked. */
static size_t first_corner(const struct budget_cells *s, size_t i)
{
    const double *v = s->value + i * s->m, *b = s->cost + i * s->m;
    size_t first = s->m;
    for (size_t j = 0; j < s->m; j++) {
        if (s->mask && s->mask[i * s->m + j]) continue;
        if (first == s->m || b[j] < b[first] || (!(b[j] > b[first]) && v[j] > v[first])) first = j;
    }
    return first;
}

static int by_slope(const void *x, const void *y)
{
    const struct budget_step *a = x, *b = y;
    if (a->slope > b->slope || a->slope < b->slope) return a->slope > b->slope ? -1 : 1;
    return (a->cost > b->cost) - (a->cost < b->cost);
}

void budget_curve_of(const struct budget_cells *s, struct budget_step *room,
                     struct budget_curve *out)
{
    size_t n = 0;
    double base = 0, top = 0, square = 0;
    for (size_t i = 0; i < s->n; i++) {
        size_t at = first_corner(s, i);
        if (at == s->m) continue; /* the host leaves nobody without experts */
        const double *b = s->cost + i * s->m;
        double slope = 0;
        base += b[at];
        for (size_t to; (to = next_corner(s, i, at, &slope)) < s->m; at = to)
            room[n++] = (struct budget_step){slope, b[to] - b[at]};
        top += b[at];
        square += b[at] * b[at];
    }
    qsort(room, n, sizeof *room, by_slope);
    out->n = 0;
    out->spend[0] = base / (double)s->n;
    for (size_t e = 0; e < n; e++) {
        if (out->n == 0 || room[e].slope < out->slope[out->n - 1]) {
            out->slope[out->n++] = room[e].slope;
            out->spend[out->n] = out->spend[out->n - 1];
        }
        out->spend[out->n] += room[e].cost / (double)s->n;
    }
    out->dear = top > 0 ? square / top : 0;
}

struct budget_prices budget_prices_at(const struct budget_curve *v, double target)
{
    size_t lo = 0, hi = v->n;
    if (v->n == 0 || target >= v->spend[v->n]) return (struct budget_prices){0, 0, 0};
    if (target < v->spend[0]) { /* less than the cheapest: the further below, the dearer */
        double short_of = target > 0 ? fmin(v->spend[0] / target, 1e6) : 1e6;
        return (struct budget_prices){2 * v->slope[0] * short_of, 2 * v->slope[0] * short_of, 0};
    }
    while (hi - lo > 1) { /* spend[lo] <= target < spend[hi] */
        size_t middle = lo + (hi - lo) / 2;
        if (v->spend[middle] <= target)
            lo = middle;
        else
            hi = middle;
    }
    double dearer = lo > 0 ? (v->slope[lo - 1] + v->slope[lo]) / 2 : 2 * v->slope[lo];
    double cheaper = (v->slope[lo] + (lo + 1 < v->n ? v->slope[lo + 1] : 0)) / 2;
    double step = v->spend[lo + 1] - v->spend[lo];
    return (struct budget_prices){dearer, cheaper, (target - v->spend[lo]) / step};
}

double budget_ratio(const struct budget_curve *v, double spent, double meant)
{
    double doubt = BUDGET_DOUBT * v->dear;
    if (!(doubt + meant > 0)) return 1;
    return fmin(fmax((doubt + spent) / (doubt + meant), 1.0 / 16), 16);
}

double budget_left(double bound, uint64_t horizon, uint64_t count, double spent)
{
    uint64_t all = horizon ? horizon : 2 * count + 1, later = all > count ? all - count : 1;
    double left = (bound * (double)all - spent) / (double)later;
    return left > 0 ? left : 0;
}

double budget_meant(const struct budget_curve *v, double target)
{
    return fmin(fmax(target, v->spend[0]), v->spend[v->n]);
}
