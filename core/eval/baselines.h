/* SPDX-License-Identifier: MIT
 *
 * The rows that stand in every table (docs/metrics.md): host code, because some of them read domain labels,
 * which never reach a plugin.
 */
#ifndef PM_EVAL_BASELINES_H
#define PM_EVAL_BASELINES_H

#include "data/dataset.h"
#include "data/split.h"
#include "eval/policy.h"

/* random (exact expectation), cheapest single, best single (train), best single (test, hindsight), prompt
 * length (10 bins at train quantiles of code points), domain majority, domain shrunk by 10 pseudo-prompts,
 * domain oracle (best expert of each domain on test), oracle; then each single expert.  Rows that need
 * domains are left out when there are none, "cheapest single" when neither costs, prices nor sizes are known.
 *
 * d            every cell of the rows of s is known (dataset_pool)
 * best_single  column of the best train mean
 *
 * Choice  best predicted value rounded to 1e-6 (values are float32), ties -> better train mean -> lower
 *         column.  cheapest: least mean train cost; else price_in + price_out, if every expert has both; else
 *         fewest params among those known; ties -> lower column.
 * Errors  PM_E_ARG: an empty train or test part, a cell that is not known; PM_E_SHAPE: lib is not d's.
 * Cost    O(n m + n log n).   Source  the definitions of docs/metrics.md, section 4. */
PM_MUST_USE pm_status baselines_make(const dataset *d, const split *s, const pm_library *lib,
                                     arena *a, policy **out, size_t *n, size_t *best_single,
                                     pm_err *err);

/* Labels of the rows that baselines_make can make, single experts apart; NULL-terminated. */
const char *const *baselines_labels(void);

/* What rows of baselines_make choose by, as predictions for the test part in the kind of the data: k = 0 mean on train
 * ("best single (train)"), 1 mean of the length bin, 2 of the domain, 3 of the domain shrunk.  out [n_test x m].
 *
 * Errors  PM_E_ARG: k > 1 without domains; PM_E_MEMORY. */
PM_MUST_USE pm_status baselines_predict(const dataset *d, const split *s, size_t k, arena *a,
                                        pm_mat out, pm_err *err);
const char *baselines_predictor(size_t k); /* its label; NULL behind the last */

/* Mean of each expert on the train rows, as utility (quality, or minus loss): the tie-break `prior`. */
void baselines_prior(const dataset *d, const split *s, float *prior);

/* The column with the best utility[j] (rounded to 1e-6), ties -> larger prior -> lower column. */
size_t baselines_pick(const double *utility, const double *prior, size_t m);

#endif
