/* SPDX-License-Identifier: MIT
 *
 * Decisions of an additive objective at many weights at once: what each of P weight points chooses for each of
 * n prompts among m experts, and what those choices are worth on average.
 *
 *     u(i, j) = v(i, j) - w_0 C_0(i, j) - w_1 C_1(i, j) - ...      choice = the allowed expert of the highest u
 *
 * in double, one product and one difference after another and never fused: the promise of
 * pm_objective_type.additive, to the bit.  Equal utilities: by prior, then the lower column.
 */
#ifndef PM_MATH_WEIGHT_GRID_H
#define PM_MATH_WEIGHT_GRID_H

#include "base/mem.h"
#include "math/compute.h"

typedef struct weight_grid {
    bool is_loss;        /* utilities begin with minus the value */
    pm_cmat value;       /* [n x m] predictions, finite */
    const pm_cmat *term; /* [n_terms] [n x m] each, finite; ld 0: one row for all prompts */
    size_t n_terms;
    const uint32_t *mask; /* [n x m] nonzero: forbidden; NULL: nothing is */
    const float *prior;   /* [m] higher wins ties; NULL: lower columns do */
    pm_cmat worth, cost;  /* [n x m] what choices are measured by; at == NULL: not asked */
    const double *weight; /* [n_points x n_terms] finite */
    size_t n_points;
} weight_grid;

typedef struct weight_grid_out {
    void *choice; /* [n_points x n] columns as numbers of weight_grid_bytes(m); NULL: not asked */
    double *worth, *cost; /* [n_points] means over prompts; NULL: not asked */
} weight_grid_out;

/* Bytes of a choice: 1 up to 256 experts, else 2 (up to 65,536). */
static inline size_t weight_grid_bytes(size_t m)
{
    return m <= 256 ? 1 : 2;
}

/* The choice of prompt i at point p. */
static inline uint32_t weight_grid_choice(const void *choice, size_t n, size_t m, size_t p,
                                          size_t i)
{
    return m <= 256 ? ((const uint8_t *)choice)[p * n + i] : ((const uint16_t *)choice)[p * n + i];
}

/* Decides everywhere.  Means are sums in double over prompts, lane = prompt mod 8, each lane in order of
 * prompts, lanes added as in dot64: same bits on every instruction set and whatever the threads.
 *
 * Errors  PM_E_SHAPE: matrices that disagree, m = 0 or above 65,536; PM_E_ARG: a number that is not finite, or
 *         weights so large that a utility might not be; PM_E_INFEASIBLE: a prompt whose experts are all masked;
 *         PM_E_MEMORY.
 * Cost    O(P n m n_terms): 10,000 points, 10,000 prompts, 11 experts and 8 terms take 0.2 s
 *         on two cores with AVX-512 (tests/bench/bench_weight_grid.c).   Threads: c->pool. */
PM_MUST_USE pm_status weight_grid_decide(const compute *c, const weight_grid *g,
                                         const weight_grid_out *out, pm_err *err);

#endif
