/* SPDX-License-Identifier: MIT
 *
 * Flags of a routed prompt, shown: what was read, what the weights became, what the expert is sent.
 */
#ifndef PM_APP_ROUTE_FLAGS_H
#define PM_APP_ROUTE_FLAGS_H

#include <stdio.h>

#include "plug/flags.h"

/* Members "prompt", "flags" and "weights", a comma before each. */
void route_flags_json(const flags *f, const flags_result *said, const pipeline *p, str *out);
/* Lines below an explanation. */
void route_flags_explain(const flags *f, const flags_result *said, const pipeline *p, FILE *to);
/* On standard error, what was not understood or looks like a flag; id NULL: not known. */
void route_flags_tell(const flags *f, const flags_result *said, const char *id);

#endif
