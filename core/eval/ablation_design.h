/* SPDX-License-Identifier: MIT
 *
 * Which weight points an ablation looks at.  A point gives every constraint a weight; a hard constraint or a budget
 * has none, so its "weight" is 1 where it takes part and 0 where it is left out.  Points are distinct and named.
 */
#ifndef PM_EVAL_ABLATION_DESIGN_H
#define PM_EVAL_ABLATION_DESIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

#define ABLATION_SUBSETS_MOST 12    /* constraints of which all subsets are looked at */
#define ABLATION_POINTS_MOST  20000 /* distinct points of a design */

typedef struct ablation_factor { /* a constraint */
    const char *label;
    double nominal;      /* w*; 1 for a switch */
    bool is_switch;      /* hard or budget: 0 or 1 */
    const double *level; /* [n_levels] of one_at_a_time and of the full grid; NULL: 0 and nominal */
    size_t n_levels;
    double low, high; /* range of random and latin_hypercube, levels of the fractional grid */
    bool is_log;      /* the range is on a logarithmic scale; low > 0 */
} ablation_factor;

typedef enum ablation_grid { /* what covers the space of weights, beside the points around w* */
                             ABLATION_NO_GRID,
                             ABLATION_FULL, /* all combinations of levels */
                             ABLATION_FRACTIONAL, /* two levels, low and high: a regular fraction of the 2^K combinations */
                             ABLATION_RANDOM, /* uniform in the ranges; switches stay in */
                             ABLATION_LATIN /* the same, each constraint's range cut into as many slices as there are points,
                            one point a slice (McKay, Beckman & Conover 1979, Technometrics 21(2)) */
} ablation_grid;

typedef struct ablation_spec {
    const ablation_factor *factor; /* [n] */
    size_t n;
    bool leave_one_out; /* all at w*, one at 0 */
    bool one_at_a_time; /* all at 0, one at each of its levels */
    bool pairs;         /* all at w*, two at 0: for interactions at w* */
    bool subsets;       /* each at w* or at 0: for Shapley values */
    ablation_grid grid;
    size_t points;       /* of random and latin_hypercube */
    int resolution;      /* of fractional: 3, 4 or 5 */
    size_t permutations; /* of Shapley values beyond ABLATION_SUBSETS_MOST constraints */
    uint64_t seed;
} ablation_spec;

typedef struct ablation_point {
    const char *name;     /* "nominal", "none", "without size", "only size", "size=0.3, price=0" */
    const double *weight; /* [n] */
    bool is_grid;         /* of the grid (it may be another's point too) */
} ablation_point;

typedef struct ablation_named { /* a point that is told of by name; one point may have several */
    const char *name; /* "nominal", "none", "without size", "only size=0.3", "only licence" */
    uint32_t point;
} ablation_named;

typedef struct ablation_design {
    size_t n_factors;
    ablation_point *point; /* [n] 0: nominal, 1: none (unless w* is all 0: then the same) */
    size_t n;
    size_t none;           /* position of "none" */
    ablation_named *named; /* [n_named] corners, all but one, one alone; names are distinct */
    size_t n_named;
    uint32_t *without;     /* [K] all but one; UINT32_MAX: not of the design */
    uint32_t *without_two; /* [K x K] all but two, or UINT32_MAX */
    uint32_t *subset;      /* [2^K] bit k: constraint k at w*; NULL: not asked, or sampled */
    uint32_t *order;       /* [permutations x K] orders in which constraints join, and */
    uint32_t
        *joined; /* [permutations x (K + 1)] points on the way, none first; NULL unless sampled */
    size_t n_orders;
    const char
        *note; /* of a fraction: runs, resolution, generators and aliases, in words; else "" */
} ablation_design;

/* Makes the points.  All is drawn from (seed, constraint, point): the same on every machine.
 *
 * Errors  PM_E_ARG: no constraint; weights or levels that are not finite; points = 0; low > high, or a logarithmic
 *         range that is not above 0; more than ABLATION_POINTS_MOST points; a resolution outside 3 to 5;
 *         PM_E_MEMORY.
 * Cost    O(points x constraints).
 * Source  of fractions: Box & Hunter 1961 (Technometrics 3(3)): generators are products of other factors, chosen
 *         here one after another, the shortest first that keeps every word of the defining relation at least
 *         `resolution` letters long. */
PM_MUST_USE pm_status ablation_design_make(const ablation_spec *s, arena *a, ablation_design *out,
                                           pm_err *err);

#endif
