/* SPDX-License-Identifier: MIT
 *
 * Splits: as the file gives, by prompt, by group, or one fold of a cross-validation against the rest.  Equal groups
 * never straddle two parts (GIVEN and FOLD: the tuning part and the rest of train).
 */
#ifndef PM_DATA_SPLIT_H
#define PM_DATA_SPLIT_H

#include "data/dataset.h"

typedef enum split_by { SPLIT_GIVEN, SPLIT_PROMPT, SPLIT_GROUP, SPLIT_FOLD } split_by;

typedef struct split_spec {
    split_by by;
    double train, tune,
        test; /* shares that sum to 1; GIVEN, FOLD: tune is a share of the train part */
    uint64_t seed;
    /* FOLD: the test part is every prompt whose text has SHA-1 mod folds = fold.  [2, 2^32), below folds */
    uint32_t folds, fold;
} split_spec;

typedef struct split {
    const uint32_t *fit, *tune, *test; /* rows of the dataset, ascending; tune may be empty */
    size_t n_fit, n_tune, n_test;
    const uint32_t *train; /* fit and tune together, ascending */
    size_t n_train;
    char hash[65];        /* of the assignment */
    size_t leaked_groups; /* all but GROUP: groups (or equal texts) found in both train and test */
} split;

PM_MUST_USE pm_status split_make(const dataset *d, const split_spec *spec, arena *a, split *out,
                                 pm_err *err);

#endif
