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

/* random (exact), cheapest single, best single on train, best single in hindsight, prompt length (10 train-
 * quantile bins of code points), domain majority, domain shrunk by 10 pseudo-prompts, domain oracle (best
 * expert of each domain on test), oracle; then each single expert.  Choice rule: best predicted value, ties
 * -> better train mean -> lower index.  cheapest: least mean train cost, else list price, else params. */
PM_MUST_USE pm_status baselines_make(const dataset *d, const split *s, const pm_library *lib,
                                     arena *a, policy **out, size_t *n, size_t *best_single,
                                     pm_err *err);

/* Mean of each expert on the train rows, as utility (quality, or minus loss): the tie-break `prior`. */
void baselines_prior(const dataset *d, const split *s, float *prior);

#endif
