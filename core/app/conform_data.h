/* SPDX-License-Identifier: MIT
 *
 * Toy problems for the conformance suite: prompts with every kind of feature, experts with every
 * well-known attribute, outcomes with a known structure.  Made, not recorded: nothing is learnt from them.
 */
#ifndef PM_APP_CONFORM_DATA_H
#define PM_APP_CONFORM_DATA_H

#include "base/mem.h"
#include "pointsman/plugin.h"

typedef enum toy_battles {
    TOY_BATTLES_EACH = 0, /* one on every prompt */
    TOY_BATTLES_CROWDED,  /* eight on every eighth prompt, decided by a judge's probability */
    TOY_BATTLES_TIED      /* one on every prompt, a tie */
} toy_battles;

typedef struct toy_shape {
    size_t n, n_tune, n_test, m; /* n_tune = 0: no tuning part */
    uint64_t seed;
    pm_value_kind kind; /* of the outcomes: QUALITY or LOSS */
    double observed;    /* share of cells observed.  Below 1 the first prompt and, if there are two,
                           the last expert are never observed either */
    size_t best;        /* the expert that is clearly better than all others; SIZE_MAX: none */
    const char *const *reads; /* attributes that experts carry besides the well-known; or NULL */
    toy_battles battles;
} toy_shape;

/* 48 + 16 + 24 prompts, 5 experts, qualities, fully observed, nobody stands out. */
toy_shape toy_usual(uint64_t seed);

typedef struct toy {
    pm_library lib;
    pm_prompts x, tune_x, test_x;
    pm_outcomes y, tune_y, test_y;
    pm_fit fit; /* all of it, with groups and weights */
} toy;

/* Everything lives in the arena; NULL when memory is out. */
toy *toy_make(arena *a, const toy_shape *s);

/* The same problem with its experts in another order: new column j is old column col[j], j < m.
 * Fewer columns than before are allowed. */
toy *toy_with_columns(arena *a, const toy *t, const uint32_t *col, size_t m);

/* Rows of prompts and outcomes in another order: new row i is old row row[i], i < n. */
pm_prompts *toy_rows(arena *a, const pm_prompts *x, const uint32_t *row, size_t n);
pm_library *toy_experts(arena *a, const pm_library *lib, const uint32_t *col, size_t m);
pm_outcomes *toy_cells(arena *a, const pm_outcomes *y, size_t n, const uint32_t *col, size_t m);

/* Hides every feature that `needs` (PM_NEEDS_*) does not name; embed_or_sparse chooses one of the two. */
void toy_hide(pm_prompts *x, uint32_t needs, bool sparse);

/* A fixed order of 0..n-1 without fixed points that is no rotation and not symmetric (n >= 4). */
uint32_t *toy_order(arena *a, uint64_t seed, size_t n);

#endif
