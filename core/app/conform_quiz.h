/* SPDX-License-Identifier: MIT
 *
 * Questions for objectives: values, a soft and a hard term, priors; and room for every answer that the
 * objective offers.
 */
#ifndef PM_APP_CONFORM_QUIZ_H
#define PM_APP_CONFORM_QUIZ_H

#include "app/conform_trial.h"
#include "plug/objective.h"

typedef struct quiz { /* all arrays are the check's own, in trial.a: it may write to them */
    pm_question q;
    pm_term soft, hard;
    const pm_term *term[2];
    pm_mat value, spread, cost, soft_value, hard_value; /* soft_value is one row, broadcast */
    float *prior;
    uint64_t *arrival;
    uint32_t *mask; /* [n x m] as the host makes it; quiz_mask() anew where terms have changed */
} quiz;

/* n prompts (at most 24), m experts (at most 5) of trial.data; with both terms.  NULL: no memory. */
quiz *quiz_make(trial *t, size_t n, pm_value_kind kind);

/* The host's mask by the terms as they are; false: some prompt is left without anybody. */
bool quiz_mask(quiz *z);

/* The same question without terms. */
void quiz_without_terms(quiz *z);

/* The question with its experts in another order (col as in toy_with_columns). */
quiz *quiz_with_columns(trial *t, const quiz *z, const uint32_t *col);

/* The question about prompt i alone. */
quiz *quiz_one(trial *t, const quiz *z, size_t i);

/* Room for an answer; optional outputs only where the plugin offers them.  false: no memory. */
bool quiz_room(trial *t, const pm_question *q, pm_decisions *out);

/* Makes the value of cell (i, j) better, within the domain of its kind. */
void quiz_improve(quiz *z, size_t i, size_t j);

bool quiz_is_allowed(const quiz *z, size_t i, size_t j);

#endif
