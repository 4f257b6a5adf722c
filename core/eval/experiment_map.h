/* SPDX-License-Identifier: MIT
 *
 * The latent space of a router on a sample of the test prompts: numbers, and a map for the first that has one.
 */
#ifndef PM_EVAL_EXPERIMENT_MAP_H
#define PM_EVAL_EXPERIMENT_MAP_H

#include "eval/experiment_private.h"

/* Appends router k's latent space as JSON (docs/report-data.md), or null.  A job of its own: it is computed once. */
PM_MUST_USE pm_status exp_map_router(exp_run *r, seed_work *w, size_t k, str *out, pm_err *err);

#endif
