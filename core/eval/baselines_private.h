/* SPDX-License-Identifier: MIT
 *
 * Shared by baselines.c and baselines_bins.c alone.
 */
#ifndef PM_EVAL_BASELINES_PRIVATE_H
#define PM_EVAL_BASELINES_PRIVATE_H

#include "eval/baselines.h"

typedef struct baselines { /* rows being made */
    const dataset *d;
    const split *s;
    const pm_library *lib;
    arena *a;
    policy *row;
    size_t n;
    double *prior; /* [m] mean train utility */
} baselines;

/* Mean utility of each expert over `row` [n]; NaN if n = 0. */
void baselines_row_means(const dataset *d, const uint32_t *row, size_t n, double *mean);

/* Appends a row with room for its choices. */
PM_MUST_USE pm_status baselines_add(baselines *b, const char *label, policy_role role,
                                    uint32_t **choice, pm_err *err);

PM_MUST_USE pm_status baselines_length(baselines *b, pm_err *err);
PM_MUST_USE pm_status baselines_domains(baselines *b, pm_err *err);

#endif
