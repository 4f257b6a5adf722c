/* SPDX-License-Identifier: MIT
 *
 * Geometry of three objectives that are all to be made small: front, the volume that it dominates, its knee.
 * For two of them: pareto.h.  Knows nothing of routers; a quality q comes here as -q.
 */
#ifndef PM_EVAL_PARETO3_H
#define PM_EVAL_PARETO3_H

#include <stddef.h>

typedef struct pareto3_point {
    double x[3]; /* smaller is better in all; a point that is not finite is left out */
    size_t id;   /* the caller's; follows the point */
} pareto3_point;

/* Points that no other one betters in one objective without losing in another; x[0] ascending, then x[1], x[2].
 * Equal points: the one of the least id.  In place: p[0 .. result) are those; the rest is lost.
 * Cost  O(n log n + n front), nothing is allocated.   Threads: safe. */
size_t pareto3_front(pareto3_point *p, size_t n);

/* Volume that the points dominate within x <= reference; points beyond the reference add nothing.  Overwrites p.
 * Cost    O(n log n) and moving O(n front) points, nothing is allocated.
 * Source  Fonseca, Paquete & Lopez-Ibanez 2006 (CEC), the sweep along the last objective for three of them. */
double pareto3_hypervolume(pareto3_point *p, size_t n, const double reference[3]);

/* The front's knee: after scaling each objective to [0, 1] over the front, the point farthest below the plane
 * x + y + z = 1 (that is of the least sum), the first of equals; an objective that does not vary counts 0.  This
 * plane is always there, which the one through the extreme points is not; of two objectives the two are the
 * chord of pareto_knee.  Position in p [n], which pareto3_front made; SIZE_MAX if n < 3.
 * distance  to that plane, negative above it, or NULL.
 * Cost O(n).   Source  Das 1999, "On characterizing the knee of the Pareto curve" (Structural Optimization 18). */
size_t pareto3_knee(const pareto3_point *p, size_t n, double *distance);

#endif
