/* SPDX-License-Identifier: MIT
 *
 * What the files of the objective penalty share: soft terms laid out for one pass over the columns.
 */
#ifndef PM_OBJECTIVES_PENALTY_H
#define PM_OBJECTIVES_PENALTY_H

#include "term_tools.h"

typedef struct penalty_term {
    const pm_term *from;
    double weight;         /* for the prompt at hand */
    const float *row;      /* [m] of the prompt at hand */
    const double *product; /* [m] weight * row where both are those of all prompts; else NULL */
} penalty_term;

typedef struct penalty_terms {
    penalty_term *term; /* [n] soft ones, in their order */
    size_t n, m;
    double sign; /* of the prediction: -1 for a loss */
} penalty_terms;

/* utility[j] = sign * value[j] - w_1 C_1[j] - w_2 C_2[j] ... from left to right, in double; -INFINITY where mask
 * [m] (NULL: nowhere) is not 0.  Returns the highest. */
double penalty_row(const penalty_terms *s, const float *value, const uint32_t *mask,
                   double *utility);

void penalty_narrow(const double *from, size_t m, float *to);

/* The parts that are asked for of row i, in float32. */
void penalty_parts(const pm_question *q, size_t i, double sign, pm_decisions *out);

#endif
