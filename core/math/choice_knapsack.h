/* SPDX-License-Identifier: MIT
 *
 * One expert for each prompt under one budget for all of them: the relaxed multiple-choice knapsack, solved exactly.
 * What a router that knew everything beforehand could reach, and the dual price of the budget; not the integer
 * problem, from which it differs by less than one prompt.
 */
#ifndef PM_MATH_CHOICE_KNAPSACK_H
#define PM_MATH_CHOICE_KNAPSACK_H

#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

typedef struct choice_problem {
    size_t n, m;
    const double *value; /* [n x m] finite, any sign: to be large */
    const double
        *cost;      /* [n x cost_ld] finite, any sign; cost_ld 0: [m], the same for every prompt */
    size_t cost_ld; /* 0 or >= m */
    const uint32_t *mask; /* [n x m] nonzero: this cell may not be chosen; NULL: all may */
    double budget;        /* of the sum of costs; INFINITY: none */
} choice_problem;

typedef struct choice_optimum {
    double value, spend; /* sums over prompts, the share counted */
    double price;        /* lambda* >= 0: value of a further unit of budget; 0: it is not spent */
    double least;        /* sum of the cheapest cells: the least feasible budget */
    size_t split;        /* the one prompt that two experts share, or SIZE_MAX: none */
    uint32_t split_to; /* of it: the dearer one, with weight `share`; choice[split] has the rest */
    double share;      /* in [0, 1) */
} choice_optimum;

/* Maximises sum_i sum_j x_ij value_ij subject to sum_j x_ij = 1, x >= 0, sum_ij x_ij cost_ij <= budget.
 * Per prompt the upper concave hull of (cost, value) from the cheapest to the best cell; then all segments of all hulls
 * in order of slope until the budget is spent, found by selection.  At most one prompt is left between two
 * experts.  Every choice is a maximiser of value - price * cost (up to rounding).  Ties: of equal cells the lower
 * column; of equal slopes the lower prompt.  With n = 0 everything is 0.
 *
 * choice  [n] out: columns; of a split prompt the cheaper one
 * scratch marked and released
 *
 * Errors  PM_E_ARG: NaN or infinity in a cell that may be chosen, NaN budget, no columns, a prompt without an allowed cell.
 *         PM_E_INFEASIBLE: the budget is below `least` by more than rounding (1e-12 of the sum of |cheapest|); out->least is
 *         set and the message tells it.
 * Cost    O(n m log m) at worst, O(n m) typically, then O(segments) expected; memory O(segments).   Threads: safe.
 * Source  Sinha and Zoltners 1979; Zemel 1984; Dyer 1984. */
PM_MUST_USE pm_status choice_knapsack(const choice_problem *p, arena *scratch, uint32_t *choice,
                                      choice_optimum *out, pm_err *err);

#endif
