/* SPDX-License-Identifier: MIT
 *
 * Arithmetic of cost-quality curves on sorted points.  Everything works in place and allocates nothing, so that a
 * bootstrap can redo it in every resample.
 */
#include "eval/aiq.h"

#include <math.h>

size_t aiq_hull(pareto_point *p, size_t n)
{
    return pareto_hull(p, n, PARETO_FALLING);
}

double aiq_mean(const pareto_point *hull, size_t n, aiq_range range)
{
    double width = range.to - range.from;
    return n > 0 && width > 0 ? pareto_area(hull, n, range.from, range.to) / width : (double)NAN;
}

double aiq_mean_over_zero(const pareto_point *hull, size_t n, const pareto_point *zero,
                          size_t n_zero, aiq_range range)
{
    double width = range.to - range.from;
    if (n == 0 || n_zero == 0 || !(width > 0)) return NAN;
    double first = fmin(fmax(hull[0].x, range.from), range.to);
    double left = pareto_area(zero, n_zero, range.from, first);
    return (left + pareto_area(hull, n, first, range.to)) / width;
}

/* The routine lifts every point onto the upper hull and then drops what falls again; what is left has the area of the
 * non-decreasing hull, interpolated points or not. */
double aiq_repository(pareto_point *p, size_t n, double to)
{
    if (n < 3) return NAN;
    n = aiq_hull(p, n);
    return n > 0 && to > 0 ? pareto_area(p, n, p[0].x, to) / to : (double)NAN;
}

#define SAME 1e-12 /* qualities closer than this are the same sums in another order */

double aiq_reach(const pareto_point *hull, size_t n, double y)
{
    for (size_t k = 0; k < n; k++) {
        if (hull[k].y > y + SAME) continue;
        if (k == 0 || hull[k].y >= y) return hull[k].x;
        double part = (hull[k - 1].y - y) / (hull[k - 1].y - hull[k].y);
        return hull[k - 1].x + part * (hull[k].x - hull[k - 1].x);
    }
    return INFINITY;
}

double aiq_qnc(const pareto_point *hull, size_t n, pareto_point best)
{
    return best.x > 0 ? aiq_reach(hull, n, best.y) / best.x : (double)NAN;
}

size_t aiq_deferral(pareto_point *p, size_t n)
{
    return pareto_front(p, n);
}

double aiq_deferral_area(const pareto_point *curve, size_t n, double dearest, double share)
{
    return aiq_mean(curve, n, (aiq_range){0, dearest * share});
}

double aiq_cost_save(const pareto_point *p, size_t n, pareto_point best)
{
    double least = INFINITY;
    for (size_t k = 0; k < n; k++)
        if (p[k].y <= best.y + SAME && p[k].x < least) least = p[k].x;
    return isfinite(least) && best.x > 0 ? 1 - least / best.x : (double)NAN;
}

double aiq_perf_gain(const pareto_point *p, size_t n, pareto_point best)
{
    double least = INFINITY;
    for (size_t k = 0; k < n; k++)
        if (p[k].y < least) least = p[k].y;
    return isfinite(least) && fabs(best.y) > 0 ? (best.y - least) / fabs(best.y) : (double)NAN;
}

static double scaled(double distance, double width)
{
    return width > 0 ? distance / width : 0;
}

double aiq_pareto_distance(const pareto_point *p, size_t n, const pareto_point *front,
                           size_t n_front, const pareto_point frame[2])
{
    if (n == 0 || n_front == 0) return NAN;
    double sum = 0, width = frame[1].x - frame[0].x, height = frame[1].y - frame[0].y;
    for (size_t k = 0; k < n; k++) {
        double nearest = INFINITY;
        for (size_t f = 0; f < n_front; f++)
            nearest = fmin(nearest, hypot(scaled(p[k].x - front[f].x, width),
                                          scaled(p[k].y - front[f].y, height)));
        sum += nearest;
    }
    return sum / (double)n;
}

double aiq_arena(double accuracy, double usd_per_1000, double beta)
{
    const double most = 200, least = .0044;
    double c = (log2(most) - log2(usd_per_1000)) / (log2(most) - log2(least));
    c = fmin(1, fmax(0, c)); /* free: 1 */
    double below = beta * accuracy + c;
    return below > 0 ? (1 + beta) * accuracy * c / below : 0;
}
