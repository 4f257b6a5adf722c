/* SPDX-License-Identifier: MIT
 *
 * Curves of quality over cost, as routers are compared by: hulls, AIQ, QNC, areas, savings (docs/metrics.md, "Cost and
 * quality").  Pure functions on points of pareto.h: x the cost, y minus the quality, or a loss.  Nothing here knows
 * of prompts, routers or resamples.
 */
#ifndef PM_EVAL_AIQ_H
#define PM_EVAL_AIQ_H

#include <stdbool.h>

#include "eval/pareto.h"

/* Corners of the non-decreasing convex hull of quality over cost (RouterBench, arXiv 2403.12031, section 3): what
 * mixing the points by coin reaches.  In place; cost O(n log n). */
size_t aiq_hull(pareto_point *p, size_t n);

typedef struct aiq_range {
    double from, to; /* common to all that is compared: say it with the number */
} aiq_range;

/* Mean height of the hull through corners p over the range: AIQ, as y (minus the quality, or the loss).  Right of the
 * last corner the hull is level.  Left of the first corner it is level too; routers whose cheapest expert is added
 * to their points have no such part.  NaN if n = 0 or the range has no width.   Cost O(n). */
double aiq_mean(const pareto_point *hull, size_t n, aiq_range range);

/* The same with the hull of another curve left of the first corner, where that is the better of the two: the zero
 * router's, that is.  zero [n_zero] corners. */
double aiq_mean_over_zero(const pareto_point *hull, size_t n, const pareto_point *zero,
                          size_t n_zero, aiq_range range);

/* What the released code of RouterBench computes from the points of a router (withmartian/routerbench, its convex hull
 * routine and AIQ): the area from the router's own first cost to `to`, level on the right, divided by `to`: nothing
 * is credited left of the first point.  Its routine stops with an IndexError on fewer than three points: NaN here.
 * Reorders p.   Numbers of that code alone are comparable with this. */
double aiq_repository(pareto_point *p, size_t n, double to);

/* Least cost at which the hull is no worse than y; INFINITY if nowhere. */
double aiq_reach(const pareto_point *hull, size_t n, double y);

/* QNC (UniRoute, arXiv 2502.08773): cost of reaching the quality of the best single model, over that model's cost.
 * INFINITY if it is never reached; NaN if that model costs nothing. */
double aiq_qnc(const pareto_point *hull, size_t n, pareto_point best);

/* The deferral curve: points that no other one betters, joined by straight lines (no hull).  In place, its length. */
size_t aiq_deferral(pareto_point *p, size_t n);

/* Mean height of the deferral curve p for cost in [0, share] x dearest, level at both ends: Area with share 1,
 * Area(50 %) with .5 (UniRoute, section 6). */
double aiq_deferral_area(const pareto_point *curve, size_t n, double dearest, double share);

/* CostSave (LLMRouterBench, arXiv 2601.07206): 1 - c / c_best, c the least cost of a point (no mixing) that is no worse
 * than the best single model; negative where that is dearer, NaN where there is none. */
double aiq_cost_save(const pareto_point *p, size_t n, pareto_point best);

/* PerfGain (the same): the largest quality of a point over that of the best single model, minus 1.  Of losses: minus
 * the relative change.  NaN if the best single model has 0. */
double aiq_perf_gain(const pareto_point *p, size_t n, pareto_point best);

/* ParetoDist (the same): mean distance of the points to the nearest point of the front of all that is compared, after
 * scaling both axes to [0, 1] over `frame`, the corners (least x, least y) and (largest x, largest y) of all that is
 * compared; an axis without width counts 0.  NaN if n or n_front = 0.   Cost O(n n_front). */
double aiq_pareto_distance(const pareto_point *p, size_t n, const pareto_point *front,
                           size_t n_front, const pareto_point frame[2]);

/* The RouterArena score (arXiv 2510.00202): S = (1 + b) A C / (b A + C), C = (log2 200 - log2 usd) / (log2 200 - log2
 * .0044) held in [0, 1]; usd_per_1000 the cost of 1,000 calls, accuracy in [0, 1], b = .1 on their board.
 * 0 where both are 0. */
double aiq_arena(double accuracy, double usd_per_1000, double beta);

#endif
