/* SPDX-License-Identifier: MIT
 *
 * Geometry of two objectives that are both to be made small: front, convex hulls, the area under a front, the
 * area that it dominates.  Knows nothing of routers; a quality q comes here as -q.
 */
#ifndef PM_EVAL_PARETO_H
#define PM_EVAL_PARETO_H

#include <stddef.h>

typedef struct pareto_point {
    double x, y; /* smaller is better in both; a point that is not finite is left out */
    size_t id;   /* the caller's; follows the point */
} pareto_point;

typedef enum pareto_side {
    PARETO_LOWER, /* from the least x to the largest, turning left */
    PARETO_UPPER, /* the same above, turning right */
    PARETO_FALLING /* the lower hull up to its least y: what mixing the points can reach at each x (RouterBench,
                      arXiv 2403.12031, section 3: the non-decreasing convex hull of quality over cost) */
} pareto_side;

/* Points that no other one betters in one objective without losing in the other; x ascending, y falling.
 * Equal points: the one of the least id.  In place: p[0 .. result) are those; the rest is lost.
 * Cost  O(n log n).   Threads: safe. */
size_t pareto_front(pareto_point *p, size_t n);

/* Corners of the convex hull, x ascending; points on an edge are no corners.  In place as above.
 * Cost  O(n log n).   Source  Andrew 1979, "Another efficient algorithm for convex hulls in two dimensions". */
size_t pareto_hull(pareto_point *p, size_t n, pareto_side side);

/* Integral from `from` to `to` of the polygon through corners p (x ascending); beyond its ends the polygon is
 * level.  NaN if n = 0.   Cost  O(n). */
double pareto_area(const pareto_point *p, size_t n, double from, double to);

/* Height of that polygon at x; NaN if n = 0. */
double pareto_height(const pareto_point *p, size_t n, double x);

/* Area that the points dominate within x <= x_ref, y <= y_ref; points beyond the reference add nothing.
 * Reorders p.   Cost  O(n log n).   Source  Zitzler & Thiele 1999 (IEEE Trans. Evol. Comp. 3(4)), the size of
 * the space covered, here for two objectives to be made small. */
double pareto_hypervolume(pareto_point *p, size_t n, double x_ref, double y_ref);

/* The front's knee: after scaling both objectives to [0, 1] over the front, the point farthest below the chord
 * between its ends, the first of equals.  Position in p [n], which pareto_front made; SIZE_MAX where no point lies
 * below the chord.   distance  to the chord, NaN without a knee, or NULL.
 * Cost O(n).   Source  Das 1999 (Structural Optimization 18); Satopaa et al. 2011 ("Kneedle"), section 2. */
size_t pareto_knee(const pareto_point *p, size_t n, double *distance);

#endif
