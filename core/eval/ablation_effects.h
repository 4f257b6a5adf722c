/* SPDX-License-Identifier: MIT
 *
 * What constraints do, from the choices at every point of a design: means, contrasts between points with paired
 * intervals, Shapley values and interactions as such contrasts, changed choices, flips of ranks.  Every statistic
 * is a linear contrast of per-prompt cells, so that one clustered bootstrap serves all (docs/ablation.md).
 */
#ifndef PM_EVAL_ABLATION_EFFECTS_H
#define PM_EVAL_ABLATION_EFFECTS_H

#include "eval/ablation_design.h"
#include "eval/bootstrap.h"

typedef struct ablation_cells { /* of one router */
    size_t n, m, n_points;
    const void *choice; /* [n_points x n] columns, as weight_grid_bytes(m) has them */
    const double *const
        *measure; /* [n_measures] [n x m] what a choice is worth: quality, dollars, utility ...;
                                     NaN: not known, the prompt is left out wherever it counts */
    size_t n_measures;
    /* [n_points] mixed decisions [n x m], rows sum to 1, which count with their shares in place of the choice that was
     * drawn; NULL: certain at that point, or at all of them. */
    const float *const *share;
    const uint64_t *cluster; /* [n] or NULL, as in bootstrap_draw */
} ablation_cells;

/* What is this small beside the magnitudes that were added is rounding, and counts as exactly 0. */
#define ABLATION_ROUNDING 1e-12

typedef struct ablation_contrast { /* sum over its points of times * mean of the measure there */
    const uint32_t *point;
    const double *times; /* [n]; they sum to 0 for a difference */
    size_t n;
    size_t measure;
    double value, lo, hi; /* set by ablation_measure */
    size_t prompts;       /* behind it: those whose cells are all known */
} ablation_contrast;

/* Values and percentile intervals of contrasts from the same resamples.
 *
 * Errors  those of bootstrap_draw; PM_E_ARG: a choice or point out of range; PM_E_MEMORY.
 * Cost    O(n (points + contrasts x their points)) and a bootstrap of as many columns; c NULL: one thread. */
PM_MUST_USE pm_status ablation_measure(const compute *c, const ablation_cells *cells,
                                       const bootstrap_spec *spec, ablation_contrast *contrast,
                                       size_t n_contrasts, pm_err *err);

/* The two halves of that: contrasts prompt by prompt, x [n x n_contrasts] (NaN: a cell is not known), and their means
 * and intervals.  Between them x may be averaged over seeds or laid end to end over splits.  ablation_intervals reads
 * x, n and cluster [n] (or NULL) and writes value, lo, hi and prompts alone.   Errors  as above. */
PM_MUST_USE pm_status ablation_prompts(const compute *c, const ablation_cells *cells,
                                       const ablation_contrast *contrast, size_t n_contrasts,
                                       double *x, pm_err *err);
typedef struct ablation_sample {
    const double *x; /* [n x n_contrasts] */
    size_t n;
    const uint64_t *cluster;
} ablation_sample;
PM_MUST_USE pm_status ablation_intervals(const compute *c, const ablation_sample *of,
                                         const bootstrap_spec *spec, ablation_contrast *contrast,
                                         size_t n_contrasts, pm_err *err);

/* mean [n_points x n_measures] over prompts whose cell is known there; NaN if none is. */
void ablation_means(const ablation_cells *cells, double *mean);

/* share [n_points] of prompts whose choice differs from that at point `from`; of mixed decisions the mean distance of
 * their shares, half the sum of |p - q|. */
void ablation_changed(const ablation_cells *cells, size_t from, double *share);

/* ---- contrasts; their lists are in the arena, NULL where memory is out ---- */

/* mean at `to` minus mean at `from`. */
ablation_contrast ablation_difference(uint32_t to, uint32_t from, size_t measure, arena *a);

/* The 2 x 2 contrast: (with k and l) - (without k) - (without l) + (without both), all others at w*. */
ablation_contrast ablation_two_by_two(const ablation_design *d, size_t k, size_t l, size_t measure,
                                      arena *a);

/* Shapley value of constraint k: the mean over all orders in which constraints may join of what its joining
 * changes.  phi_k = sum over S without k of |S|! (K - |S| - 1)! / K! (v(S + k) - v(S)); exact with design->subset,
 * else the mean over the sampled orders.  They sum to v(all) - v(none) either way.
 * Source  Shapley 1953; sampling by orders and their reverses: Castro et al. 2009, Mitchell et al. 2022. */
ablation_contrast ablation_shapley(const ablation_design *d, size_t k, size_t measure, arena *a);

/* Standard error of a sampled value from what the orders give each (pairs of reverses count as one), from means
 * [n_points x n_measures]; 0 where it is exact. */
double ablation_shapley_error(const ablation_design *d, size_t k, const double *mean,
                              size_t n_measures, size_t measure);

/* Shapley interaction index of k and l: sum over S without both of |S|! (K - |S| - 2)! / (K - 1)! times
 * v(S + k + l) - v(S + k) - v(S + l) + v(S).  Only with design->subset (n = 0 otherwise).
 * Source  Grabisch & Roubens 1999, Int. J. Game Theory 28, eq. 3 for two players. */
ablation_contrast ablation_shapley_pair(const ablation_design *d, size_t k, size_t l,
                                        size_t measure, arena *a);

/* to [m] += how often each expert is chosen at point p, over all prompts. */
void ablation_experts(const ablation_cells *cells, size_t p, double *to);

/* ---- ranks ---- */

/* Kendall's tau-b of x and y [n]; NaN where either is constant.   Cost  O(n^2). */
double ablation_tau_b(const double *x, const double *y, size_t n);

/* Pairs of n things whose order by `now` is the reverse of that by `before` (ties are no order). */
size_t ablation_flips(const double *before, const double *now, size_t n);

#endif
