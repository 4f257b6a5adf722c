/* SPDX-License-Identifier: MIT
 *
 * Private to objective.c: what a question and its decisions must fulfil.
 */
#ifndef PM_PLUG_DECISION_CHECK_H
#define PM_PLUG_DECISION_CHECK_H

#include "base/err.h"

/* Shapes, senses, weights and bounds of a question; its mask leaves every prompt somebody. */
PM_MUST_USE pm_status decision_check_question(const pm_question *q, const char *who, pm_err *err);

/* Shapes of what the caller wants filled; outputs that `offers` lacks are taken out. */
PM_MUST_USE pm_status decision_ask(const pm_question *q, uint32_t offers, pm_decisions *out,
                                   const char *who, pm_err *err);
void decision_fill(const pm_question *q, pm_decisions *out); /* with "not written" */

/* Masked cells have utility -INFINITY, whatever the objective left there. */
void decision_mask(const pm_question *q, pm_decisions *out);

/* Choices, refusals, utilities, parts, shares and front agree with each other and with the question. */
PM_MUST_USE pm_status decision_check(const pm_question *q, const pm_decisions *d, const char *who,
                                     pm_err *err);

#endif
