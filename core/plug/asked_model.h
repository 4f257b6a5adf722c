/* SPDX-License-Identifier: MIT
 *
 * The model names that RouteLLM's server takes: router-NAME-ALPHA, and our router-NAME, which stands for the
 * calibrated alpha.  Text to parts only: whose bundle that is, the caller knows.
 */
#ifndef PM_PLUG_ASKED_MODEL_H
#define PM_PLUG_ASKED_MODEL_H

#include <stdbool.h>

#include "base/err.h"

typedef struct asked_model {
    size_t router; /* index of `known` */
    bool has_alpha;
    double alpha; /* in [0, 1]; 0 without one */
} asked_model;

/* "router-NAME-ALPHA" or "router-NAME" for one of the routers `known` [n] (equal names are one router).  Names may
 * hold '-' themselves: every place to cut is tried, and exactly one must give a known name and a number in [0, 1].
 *
 * Errors  PM_E_ARG, the model name first: no "router-" in front; an unknown router (with a suggestion); an alpha that
 *         is no decimal number or outside [0, 1]; a name that can be read in two ways.
 * Cost    O(n) comparisons; allocates nothing.   Threads: safe. */
PM_MUST_USE pm_status asked_model_parse(const char *text, const char *const *known, size_t n,
                                        asked_model *out, pm_err *err);

#endif
