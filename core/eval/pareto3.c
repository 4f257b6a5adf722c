/* SPDX-License-Identifier: MIT
 *
 * Fronts, volumes and knees in three dimensions (docs/metrics.md, "Cost and quality").  The volume is swept along
 * the last objective; the staircase that the sweep keeps lies in the part of the array that is already used up.
 */
#include "eval/pareto3.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int by_first(const void *a, const void *b)
{
    const pareto3_point *p = a, *q = b;
    for (int k = 0; k < 3; k++)
        if (p->x[k] < q->x[k] || p->x[k] > q->x[k]) return p->x[k] < q->x[k] ? -1 : 1;
    return p->id < q->id ? -1 : p->id > q->id;
}

static int by_last(const void *a, const void *b)
{
    const pareto3_point *p = a, *q = b;
    if (p->x[2] < q->x[2] || p->x[2] > q->x[2]) return p->x[2] < q->x[2] ? -1 : 1;
    return by_first(a, b);
}

static bool is_finite(const pareto3_point *p)
{
    return isfinite(p->x[0]) && isfinite(p->x[1]) && isfinite(p->x[2]);
}

size_t pareto3_front(pareto3_point *p, size_t n)
{
    size_t finite = 0, kept = 0;
    for (size_t k = 0; k < n; k++)
        if (is_finite(&p[k])) p[finite++] = p[k];
    if (finite > 1) qsort(p, finite, sizeof *p, by_first);
    for (size_t k = 0; k < finite; k++) { /* whoever is better than a point stands before it */
        bool beaten = false;
        for (size_t e = kept; e-- > 0 && !beaten;)
            beaten = p[e].x[1] <= p[k].x[1] && p[e].x[2] <= p[k].x[2];
        if (!beaten) p[kept++] = p[k];
    }
    return kept;
}

/* A staircase stair[0 .. n): x[0] ascending, x[1] falling.  Takes up `next`; the area that it adds. */
static double climb(pareto3_point *stair, size_t *n, pareto3_point next, const double reference[3])
{
    size_t at = 0, end = *n;
    while (at < end) { /* the first step that is not left of `next` */
        size_t middle = at + (end - at) / 2;
        if (stair[middle].x[0] < next.x[0])
            at = middle + 1;
        else
            end = middle;
    }
    double x = next.x[0], height = at > 0 ? stair[at - 1].x[1] : reference[1], area = 0;
    if (height <= next.x[1] || (at < *n && stair[at].x[0] <= x && stair[at].x[1] <= next.x[1]))
        return 0;
    size_t over = at;
    for (; over < *n && stair[over].x[1] >= next.x[1]; over++) {
        area += (stair[over].x[0] - x) * (height - next.x[1]);
        x = stair[over].x[0];
        height = stair[over].x[1];
    }
    area += ((over < *n ? stair[over].x[0] : reference[0]) - x) * (height - next.x[1]);
    memmove(stair + at + 1, stair + over, (*n - over) * sizeof *stair);
    stair[at] = next;
    *n = *n - (over - at) + 1;
    return area;
}

double pareto3_hypervolume(pareto3_point *p, size_t n, const double reference[3])
{
    size_t inside = 0, steps = 0;
    for (size_t k = 0; k < n; k++)
        if (is_finite(&p[k]) && p[k].x[0] < reference[0] && p[k].x[1] < reference[1] &&
            p[k].x[2] < reference[2])
            p[inside++] = p[k];
    if (inside > 1) qsort(p, inside, sizeof *p, by_last);
    double volume = 0, area = 0, z = reference[2];
    for (size_t k = 0; k < inside; k++) {
        pareto3_point next = p[k]; /* the staircase has at most k steps */
        if (k > 0) volume += area * (next.x[2] - z);
        z = next.x[2];
        area += climb(p, &steps, next, reference);
    }
    return volume + area * (reference[2] - z);
}

size_t pareto3_knee(const pareto3_point *p, size_t n, double *distance)
{
    if (distance) *distance = NAN;
    if (n < 3) return SIZE_MAX;
    double least[3], most[3], best = INFINITY;
    for (int c = 0; c < 3; c++) {
        least[c] = most[c] = p[0].x[c];
        for (size_t k = 1; k < n; k++) {
            least[c] = fmin(least[c], p[k].x[c]);
            most[c] = fmax(most[c], p[k].x[c]);
        }
    }
    size_t knee = SIZE_MAX;
    for (size_t k = 0; k < n; k++) {
        double sum = 0;
        for (int c = 0; c < 3; c++)
            if (least[c] < most[c]) sum += (p[k].x[c] - least[c]) / (most[c] - least[c]);
        if (sum >= best) continue;
        best = sum;
        knee = k;
    }
    if (distance) *distance = (1 - best) / sqrt(3);
    return knee;
}
