/* SPDX-License-Identifier: MIT
 *
 * Splits: as the file gives, by prompt, or by group.  Equal groups never straddle two parts.
 */
#ifndef PM_DATA_SPLIT_H
#define PM_DATA_SPLIT_H

#include "data/dataset.h"

typedef enum split_by { SPLIT_GIVEN, SPLIT_PROMPT, SPLIT_GROUP } split_by;

typedef struct split_spec {
    split_by by;
    double train, tune, test; /* shares that sum to 1; GIVEN: tune is a share of the train part */
    uint64_t seed;
} split_spec;

typedef struct split {
    const uint32_t *fit, *tune, *test; /* rows of the dataset, ascending; tune may be empty */
    size_t n_fit, n_tune, n_test;
    const uint32_t *train; /* fit and tune together, ascending */
    size_t n_train;
    char hash[65];        /* of the assignment */
    size_t leaked_groups; /* GIVEN and PROMPT: groups (equal texts) found in both train and test */
} split;

PM_MUST_USE pm_status split_make(const dataset *d, const split_spec *spec, arena *a, split *out,
                                 pm_err *err);

#endif
