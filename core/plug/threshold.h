/* SPDX-License-Identifier: MIT
 *
 * A pipeline served by the objective "threshold" with other parameters than it was measured with, or in the place
 * of another objective.
 */
#ifndef PM_PLUG_THRESHOLD_H
#define PM_PLUG_THRESHOLD_H

#include "plug/params.h"
#include "plug/pipeline.h"

typedef struct threshold threshold;

/* p with the objective threshold: its own parameters where it has that objective already (else the plugin's defaults),
 * overridden by given [n] in order.  Where another objective is replaced, hard constraints stay and soft ones go: their
 * weights were those of the other objective.  p and its parts are borrowed.
 *
 * Errors  PM_E_ARG: a value that the parameter rows refuse, a router that emits ranks; PM_E_UNSUPPORTED: no such
 *         plugin is found.   Threads: one build at a time (it parses JSON). */
PM_MUST_USE pm_status threshold_open(call_ctx *c, const pipeline *p, const param_value *given,
                                     size_t n, threshold **out, pm_err *err);
void threshold_close(threshold *t);

const pipeline *threshold_pipeline(const threshold *t);
const char *threshold_params(const threshold *t); /* canonical JSON */
double threshold_alpha(const threshold *t);
bool threshold_is_pair(const threshold *t); /* rule "pair" */
double threshold_measured(
    const threshold *t); /* alpha of the pipeline's own objective; NaN: it was another */
size_t threshold_dropped(const threshold *t); /* soft constraints that are no longer there */

/* Members of a JSON object as parameters, in the arena: numbers, texts and flags. */
PM_MUST_USE pm_status threshold_given(const char *object, size_t len, arena *a, param_value **out,
                                      size_t *n, pm_err *err);

#endif
