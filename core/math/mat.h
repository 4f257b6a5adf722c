/* SPDX-License-Identifier: MIT
 *
 * Matrix views: making, slicing, checking.  Small inline things only; products are in gemm.h.
 */
#ifndef PM_MATH_MAT_H
#define PM_MATH_MAT_H

#include <math.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"
#include "pointsman/plugin.h"

/* [rows x cols] zeroed in the arena, ld = cols; at == NULL when memory is out. */
pm_mat mat_new(arena *a, size_t rows, size_t cols);

static inline pm_cmat mat_const(pm_mat m)
{
    pm_cmat c = {m.at, m.rows, m.cols, m.ld};
    return c;
}
pm_mat mat_rows(pm_mat m, size_t lo, size_t n);
pm_cmat cmat_rows(pm_cmat m, size_t lo, size_t n);
pm_cmat cmat_broadcast(const float *row, size_t rows, size_t cols); /* ld = 0 */

/* Copies chosen rows / columns (index arrays) into out, which has the right shape. */
void mat_copy(pm_cmat from, pm_mat to); /* of the same shape */
void mat_gather_rows(pm_cmat m, const uint32_t *row, size_t n, pm_mat out);
void mat_gather_cols(pm_cmat m, const uint32_t *col, size_t n, pm_mat out);
void mat_fill(pm_mat m, float v);

/* The first cell that is not finite (row, col); false if all are. */
bool mat_find_bad(pm_cmat m, size_t *row, size_t *col);

#endif
