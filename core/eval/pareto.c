/* SPDX-License-Identifier: MIT
 *
 * Fronts, hulls and areas of points in the plane (docs/metrics.md, "Sweeps").  Everything works in place on
 * sorted points; nothing is allocated, so that a bootstrap can call it for every resample.
 */
#include "eval/pareto.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

static int by_place(const void *a, const void *b)
{
    const pareto_point *p = a, *q = b;
    if (p->x < q->x || p->x > q->x) return p->x < q->x ? -1 : 1;
    if (p->y < q->y || p->y > q->y) return p->y < q->y ? -1 : 1;
    return p->id < q->id ? -1 : p->id > q->id;
}

/* Drops what is not finite; x ascending, then y, then id. */
static size_t sort(pareto_point *p, size_t n)
{
    size_t kept = 0;
    for (size_t k = 0; k < n; k++)
        if (isfinite(p[k].x) && isfinite(p[k].y)) p[kept++] = p[k];
    if (kept > 1) qsort(p, kept, sizeof *p, by_place);
    return kept;
}

size_t pareto_front(pareto_point *p, size_t n)
{
    size_t kept = 0;
    n = sort(p, n);
    for (size_t k = 0; k < n; k++)
        if (kept == 0 || p[k].y < p[kept - 1].y) p[kept++] = p[k];
    return kept;
}

/* Twice the signed area of the triangle; above 0: c is left of the way from a to b. */
static double turn(const pareto_point *a, const pareto_point *b, const pareto_point *c)
{
    return (b->x - a->x) * (c->y - a->y) - (b->y - a->y) * (c->x - a->x);
}

size_t pareto_hull(pareto_point *p, size_t n, pareto_side side)
{
    double sign = side == PARETO_UPPER ? -1 : 1;
    size_t kept = 0;
    n = sort(p, n);
    for (size_t k = 0; k < n; k++) {
        pareto_point next = p[k];
        if (kept > 0 && p[kept - 1].x >= next.x) { /* the same x: only the outer one counts */
            if (sign * next.y >= sign * p[kept - 1].y) continue;
            kept--;
        }
        while (kept > 1 && sign * turn(&p[kept - 2], &p[kept - 1], &next) <= 0) kept--;
        p[kept++] = next;
    }
    if (side != PARETO_FALLING) return kept;
    size_t low = 1;
    while (low < kept && p[low].y < p[low - 1].y) low++;
    return kept ? low : 0;
}

double pareto_height(const pareto_point *p, size_t n, double x)
{
    if (n == 0) return NAN;
    if (x <= p[0].x) return p[0].y;
    for (size_t k = 1; k < n; k++)
        if (x <= p[k].x)
            return p[k - 1].y + (p[k].y - p[k - 1].y) * (x - p[k - 1].x) / (p[k].x - p[k - 1].x);
    return p[n - 1].y;
}

double pareto_area(const pareto_point *p, size_t n, double from, double to)
{
    if (n == 0 || !(from < to)) return n == 0 ? NAN : 0;
    double area = 0, x = from, y = pareto_height(p, n, from);
    for (size_t k = 0; k < n && p[k].x < to; k++) {
        if (p[k].x <= x) continue;
        area += (p[k].x - x) * (p[k].y + y) / 2;
        x = p[k].x;
        y = p[k].y;
    }
    return area + (to - x) * (pareto_height(p, n, to) + y) / 2;
}

double pareto_hypervolume(pareto_point *p, size_t n, double x_ref, double y_ref)
{
    double area = 0, above = y_ref;
    n = pareto_front(p, n);
    for (size_t k = 0; k < n; k++) {
        if (p[k].x >= x_ref) break;
        if (p[k].y >= above) continue;
        area += (x_ref - p[k].x) * (above - p[k].y);
        above = p[k].y;
    }
    return area;
}

#define ON_CHORD 1e-12 /* nearer than this is rounding */

size_t pareto_knee(const pareto_point *p, size_t n, double *distance)
{
    size_t knee = SIZE_MAX;
    double best = ON_CHORD;
    for (size_t k = 1; k + 1 < n; k++) {
        double x = (p[k].x - p[0].x) / (p[n - 1].x - p[0].x);
        double y = (p[k].y - p[n - 1].y) / (p[0].y - p[n - 1].y);
        double below = (1 - x - y) / sqrt(2);
        if (below <= best) continue;
        best = below;
        knee = k;
    }
    if (distance) *distance = knee == SIZE_MAX ? NAN : best;
    return knee;
}
