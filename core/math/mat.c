/* SPDX-License-Identifier: MIT
 *
 * Matrix views: the few functions that are too long to be inline.
 */
#include "math/mat.h"

pm_mat mat_new(arena *a, size_t rows, size_t cols)
{
    pm_mat m = {NULL, rows, cols, cols};
    size_t cells;
    if (mem_size(rows, cols, &cells)) m.at = arena_alloc(a, cells, sizeof *m.at);
    return m;
}

pm_mat mat_rows(pm_mat m, size_t lo, size_t n)
{
    PM_ASSERT(lo <= m.rows && n <= m.rows - lo);
    pm_mat part = {m.at + lo * m.ld, n, m.cols, m.ld};
    return part;
}

pm_cmat cmat_rows(pm_cmat m, size_t lo, size_t n)
{
    PM_ASSERT(lo <= m.rows && n <= m.rows - lo);
    pm_cmat part = {m.at + lo * m.ld, n, m.cols, m.ld};
    return part;
}

pm_cmat cmat_broadcast(const float *row, size_t rows, size_t cols)
{
    pm_cmat m = {row, rows, cols, 0};
    return m;
}

void mat_copy(pm_cmat from, pm_mat to)
{
    for (size_t r = 0; r < to.rows; r++)
        memcpy(pm_row(to, r), pm_crow(from, r), to.cols * sizeof(float));
}

void mat_gather_rows(pm_cmat m, const uint32_t *row, size_t n, pm_mat out)
{
    PM_ASSERT(out.rows == n && out.cols == m.cols);
    for (size_t i = 0; i < n && m.cols > 0; i++) {
        PM_ASSERT(row[i] < m.rows);
        memcpy(pm_row(out, i), pm_crow(m, row[i]), m.cols * sizeof *m.at);
    }
}

void mat_gather_cols(pm_cmat m, const uint32_t *col, size_t n, pm_mat out)
{
    PM_ASSERT(out.rows == m.rows && out.cols == n);
    for (size_t j = 0; j < n; j++) PM_ASSERT(col[j] < m.cols);
    for (size_t i = 0; i < m.rows; i++)
        for (size_t j = 0; j < n; j++) pm_row(out, i)[j] = pm_crow(m, i)[col[j]];
}

void mat_fill(pm_mat m, float v)
{
    for (size_t i = 0; i < m.rows; i++)
        for (size_t j = 0; j < m.cols; j++) pm_row(m, i)[j] = v;
}

bool mat_find_bad(pm_cmat m, size_t *row, size_t *col)
{
    size_t rows = m.ld == 0 && m.rows > 1 ? 1 : m.rows; /* a broadcast row is looked at once */
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < m.cols; j++)
            if (!isfinite(pm_crow(m, i)[j])) {
                *row = i;
                *col = j;
                return true;
            }
    return false;
}
