/* SPDX-License-Identifier: MIT
 *
 * Prompts that hard constraints leave nobody, in words: which constraints exclude whom, with bounds and
 * units, and what can be done.
 */
#ifndef PM_PLUG_INFEASIBLE_H
#define PM_PLUG_INFEASIBLE_H

#include "base/str.h"
#include "plug/pipeline.h"

/* The minimal sets of the pipeline's hard constraints that leave prompt i nobody; value: result.term_value. */
PM_MUST_USE pm_status infeasible_sets(const pipeline *p, const pm_cmat *value, size_t i,
                                      conflicts *out, pm_err *err);

/* Place of the hard term of that name; SIZE_MAX after saying what is wrong with it (PM_E_ARG). */
size_t infeasible_find(const pipeline *p, const char *name, pm_err *err);

/* '"price" (at most 0.5 USD) alone; "latency" (...) with "licence" (...)'. */
void infeasible_put_sets(const pipeline *p, const conflicts *c, str *out);

/* PM_E_INFEASIBLE for found->first_stuck of `n` prompts. */
pm_status infeasible_refuse(const pipeline *p, const pm_cmat *value, const feasible_answer *found,
                            size_t n, pm_err *err);

#endif
