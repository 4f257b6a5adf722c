/* SPDX-License-Identifier: MIT
 *
 * How `route` shows a decision: the expert alone, a readable explanation, or JSON.
 */
#ifndef PM_APP_ROUTE_PRINT_H
#define PM_APP_ROUTE_PRINT_H

#include <stdio.h>

#include "app/route_input.h"
#include "plug/flags.h"
#include "plug/pipeline.h"

typedef struct route_print_options {
    bool json, explain;
    const char *label;  /* of the router */
    const char *model;  /* as asked for, or NULL */
    double alpha;       /* that decides, with a model */
    const flags *words; /* NULL: prompts are not looked at for flags */
    const flags_result *said;
    told_cut cut; /* what limits cut off this prompt */
} route_print_options;

void route_print(const pipeline *p, const route_prompt *x, const pipeline_result *r,
                 const route_print_options *o, FILE *to);

#endif
