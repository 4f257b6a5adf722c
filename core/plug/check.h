/* SPDX-License-Identifier: MIT
 *
 * Checks of what a plugin wrote: every cell written, finite, in range.  Buffers are filled before the call
 * with one particular NaN, so that an unwritten cell is told from a computed NaN.  The pass that finds
 * nothing wrong is one vector loop; the search for what to say runs only afterwards.
 */
#ifndef PM_PLUG_CHECK_H
#define PM_PLUG_CHECK_H

#include "base/err.h"

typedef struct check_range {
    float lo, hi; /* inclusive */
    float slack;  /* accepted beyond them, then clamped */
} check_range;

typedef struct check_where { /* for the message */
    const char *who;         /* router "knn".predict */
    const char *what;        /* "value" */
    const pm_library *lib;   /* names the columns, or NULL */
} check_where;

void check_fill(pm_mat m);

/* All cells in [lo, hi]; nudges those within slack.  Errors  PM_E_CONTRACT naming row and column. */
PM_MUST_USE pm_status check_cells(pm_mat m, check_range range, check_where where, pm_err *err);

/* Every row sums to 1 within `tolerance`. */
PM_MUST_USE pm_status check_rows_sum(pm_mat m, double tolerance, check_where where, pm_err *err);

check_range check_range_of(pm_value_kind kind);
bool check_all_within(const float *v, size_t n, float lo, float hi); /* NaN is never within */
bool check_is_unwritten(float v);
float check_unwritten(void); /* the filling */

/* [rows x cols] with ld >= cols (or ld = 0 when a broadcast is allowed) and at != NULL. */
PM_MUST_USE pm_status check_shape(pm_cmat m, size_t rows, size_t cols, const char *what,
                                  pm_err *err);

#endif
