/* SPDX-License-Identifier: MIT
 *
 * Flags on the way of a single prompt: the text that router and expert see, and the pipeline with the prompt's weights.
 * `pointsman route` and libpointsman share it.
 */
#ifndef PM_PLUG_FLAGS_ROUTE_H
#define PM_PLUG_FLAGS_ROUTE_H

#include "plug/flags.h"

typedef struct flags_route flags_route; /* of one thread */

/* f NULL or FLAGS_OFF: prompts pass as they are.  f is borrowed. */
PM_MUST_USE pm_status flags_route_open(const flags *f, flag_policy policy, flags_route **out,
                                       pm_err *err);
void flags_route_close(flags_route *r);

/* Reads the flags of a prompt (its text, or its turns [n_turns]); `use`, a copy of the pipeline, gets weight_row where
 * they weigh anything.  Views are valid until the next call.   Errors  as flags_read. */
PM_MUST_USE pm_status flags_route_next(flags_route *r, pm_str text, const pm_turn *turn,
                                       size_t n_turns, pipeline *use, flags_result *out,
                                       pm_err *err);

#endif
