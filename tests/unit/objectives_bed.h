/* SPDX-License-Identifier: MIT
 *
 * Random questions for tests of objectives: three soft and two hard terms, masks worked out here and not by the
 * host, and room for every answer.  All numbers are multiples of 1/64, so that sums are exact and ties occur.
 */
#ifndef PM_TEST_OBJECTIVES_BED_H
#define PM_TEST_OBJECTIVES_BED_H

#include "plugins_bed.h"

#include "plug/objective.h"

enum { ASK_N = 24, ASK_M = 8, ASK_K = 5, ASK_SOFT = 3 }; /* terms 0..2 soft, 3 and 4 hard */

typedef struct asked {
    pm_question q;
    pm_decisions d;
    pm_term term[ASK_K];
    const pm_term *list[ASK_K];
    pm_mat part[ASK_K];
    float value[ASK_N * ASK_M], spread[ASK_N * ASK_M], cost[ASK_M], prior[ASK_M];
    float cell[ASK_K][ASK_N * ASK_M], weight_row[ASK_N];
    uint64_t arrival[ASK_N];
    uint32_t mask[ASK_N * ASK_M], choice[ASK_N];
    float utility[ASK_N * ASK_M], share[ASK_N * ASK_M];
    float value_part[ASK_N * ASK_M], term_part[ASK_K][ASK_N * ASK_M];
    uint8_t refused[ASK_N * ASK_M], front[ASK_N * ASK_M];
} asked;

/* Term 0 is one row for all prompts, 1 has a row for each, 2 a weight for each too; 3 is one row, 4 one for each
 * prompt; column 2 + i % (ASK_M - 2) of prompt i is never forbidden. */
asked *ask(bed *b, pm_value_kind kind, uint64_t seed);
/* The same question with expert col[j] in column j. */
asked *ask_permuted(bed *b, const asked *from, const uint32_t *col);
/* Works the mask out again after values or bounds of hard terms have changed. */
void ask_mask(asked *a);

objective *ask_made(bed *b, const char *name, const char *params);
/* Makes, decides, closes. */
void ask_decide(bed *b, asked *a, const char *name, const char *params);
void ask_refused(bed *b, asked *a, const char *name, const char *params, pm_status status,
                 const char *says);

double ask_worth(const asked *a, size_t i, size_t j); /* the value, minus it for a loss */
double ask_cell(const asked *a, size_t k, size_t i, size_t j);
double ask_weight(const asked *a, size_t k, size_t i);

#endif
