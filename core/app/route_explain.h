/* SPDX-License-Identifier: MIT
 *
 * Why a decision is as it is, as a readable table or as members of a JSON object (docs/explain.md): per expert
 * what was predicted, what every constraint adds, and who is out for what reason.
 */
#ifndef PM_APP_ROUTE_EXPLAIN_H
#define PM_APP_ROUTE_EXPLAIN_H

#include <stdio.h>

#include "base/str.h"
#include "plug/pipeline.h"

/* Of prompt 0 of the result; label: of the router. */
void route_explain_table(const pipeline *p, const pipeline_result *r, const char *label, FILE *to);

/* Members "constraints", "experts" and what was done for a prompt without anybody, each after a comma. */
void route_explain_json(const pipeline *p, const pipeline_result *r, str *out);

#endif
