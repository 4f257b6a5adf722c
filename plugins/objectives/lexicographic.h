/* SPDX-License-Identifier: MIT
 *
 * What the files of the objective lexicographic share: its stages, and how they are read from text.
 */
#ifndef PM_OBJECTIVES_LEXICOGRAPHIC_H
#define PM_OBJECTIVES_LEXICOGRAPHIC_H

#include "term_tools.h"

#define STAGE_VALUE SIZE_MAX

struct lexicographic_params {
    const char *order, *tolerance;
};

typedef struct lexicographic_stage {
    size_t term;      /* STAGE_VALUE: the prediction */
    double tolerance; /* in the stage's own unit; 0 for the last */
} lexicographic_stage;

/* stage [1 + q->n_terms] is filled; order "" means the prediction, then every soft term as declared. */
pm_status lexicographic_read(pm_call *c, const pm_question *q, lexicographic_stage *stage,
                             size_t *n);

#endif
