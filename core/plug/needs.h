/* SPDX-License-Identifier: MIT
 *
 * Checks of what a plugin is given: what it needs is there, shapes agree, labels are what they say.
 */
#ifndef PM_PLUG_NEEDS_H
#define PM_PLUG_NEEDS_H

#include "base/err.h"

/* Errors  PM_E_ARG "who needs prompt embeddings; there are none", PM_E_SHAPE. */
PM_MUST_USE pm_status needs_prompts(uint32_t needs, const pm_prompts *x, const char *who,
                                    pm_err *err);
PM_MUST_USE pm_status needs_library(uint32_t needs, const pm_library *lib, const char *who,
                                    pm_err *err);

/* A whole fit for `needs`: library, prompts, outcomes, tuning part, groups and weights. */
PM_MUST_USE pm_status needs_fit(uint32_t needs, const pm_fit *fit, const char *who, pm_err *err);
/* Outcomes on n prompts of m experts. */
PM_MUST_USE pm_status needs_outcomes(uint32_t needs, const pm_outcomes *y, size_t n, size_t m,
                                     const char *who, pm_err *err);

#endif
