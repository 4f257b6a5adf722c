/* SPDX-License-Identifier: MIT
 *
 * Tiers of players by rating: contiguous segments whose variances sum to the least.
 */
#ifndef PM_MATH_TIERS_H
#define PM_MATH_TIERS_H

#include "base/err.h"
#include "base/mem.h"

/* Cuts the ratings, sorted descending, into n_tiers segments that minimise the sum of their population variances (not of
 * squares: large tiers are not punished); among equal sums the earliest cut.  With more tiers than players everybody has
 * their own.
 *
 * rating  [k] finite, any order; equal ratings are sorted by index
 * tier    [k] out: 0 = best, numbered without gaps
 * scratch marked and released
 *
 * Errors  PM_E_ARG: k = 0, n_tiers = 0, a rating that is not finite.
 * Cost    O(n_tiers k^2), k^2 doubles.   Threads: safe.
 * Source  RouteLLM (arXiv 2406.18665) section 4.2 and appendix A; dynamic programme of Fisher 1958. */
PM_MUST_USE pm_status tiers_of(const double *rating, size_t k, size_t n_tiers, arena *scratch,
                               uint32_t *tier, pm_err *err);

#endif
