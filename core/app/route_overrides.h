/* SPDX-License-Identifier: MIT
 *
 * What a caller of `pointsman route` may change about a measured pipeline: weights, bounds, and what happens to
 * prompts that hard constraints leave nobody.
 */
#ifndef PM_APP_ROUTE_OVERRIDES_H
#define PM_APP_ROUTE_OVERRIDES_H

#include "plug/pipeline.h"

/* "NAME=N": the weight of a soft constraint.  term [p->n_terms] are the caller's own. */
PM_MUST_USE pm_status route_set_weight(const pipeline *p, pipeline_term *term, const char *text,
                                       pm_err *err);

/* "NAME=N": the bound of a hard or budget constraint. */
PM_MUST_USE pm_status route_set_bound(const pipeline *p, pipeline_term *term, const char *text,
                                      pm_err *err);

/* "error", "relax" (hard constraints in their order), "relax=NAME,NAME" or "fallback=EXPERT", into p->infeasible. */
PM_MUST_USE pm_status route_set_infeasible(pipeline *p, const char *text, arena *a, pm_err *err);

#endif
