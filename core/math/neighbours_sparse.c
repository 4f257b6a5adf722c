/* SPDX-License-Identifier: MIT
 *
 * Sparse tables: normalised rows and their inverted index.  Searching: neighbours_sparse_search.c.
 */
#include "math/neighbours_sparse.h"

#include <math.h>

/* Entries of a normalised row below this are stored as zero, so that no product underflows and a row that
 * shares a column with a query always leaves a trace in the accumulator. */
#define SMALLEST 1e-18f

pm_status sparse_check(const pm_csr *m, const char *what, pm_err *err)
{
    for (size_t r = 0; r < m->rows; r++) {
        if (m->start[r] > m->start[r + 1])
            return err_set(err, PM_E_FORMAT, "%s: row %zu ends before it starts", what, r);
        for (uint64_t e = m->start[r]; e < m->start[r + 1]; e++) {
            bool ascends = e == m->start[r] || m->col[e] > m->col[e - 1];
            if (!ascends || m->col[e] >= m->cols)
                return err_set(err, PM_E_FORMAT,
                               "%s: row %zu: column %u is %s, wanted ascending columns below %zu",
                               what, r, m->col[e], ascends ? "too large" : "out of order", m->cols);
            if (!isfinite(m->val[e]))
                return err_set(err, PM_E_ARG, "%s: row %zu, column %u is not finite", what, r,
                               m->col[e]);
        }
    }
    return PM_OK;
}

bool sparse_normalise(const float *v, size_t n, float *out)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)v[i] * (double)v[i];
    double scale = sum > 0 ? 1 / sqrt(sum) : 0;
    for (size_t i = 0; i < n; i++) {
        out[i] = (float)((double)v[i] * scale);
        if (fabsf(out[i]) < SMALLEST) out[i] = 0;
    }
    return sum > 0;
}

pm_status table_build_sparse(arena *a, const pm_csr *rows, table *out, pm_err *err)
{
    memset(out, 0, sizeof *out);
    if (rows->rows > UINT32_MAX - 1 || rows->cols > UINT32_MAX - 1)
        return err_set(err, PM_E_ARG,
                       "sparse table: [%zu x %zu] has more than 2^32 - 2 rows or columns",
                       rows->rows, rows->cols);
    pm_status s = sparse_check(rows, "sparse table", err);
    if (s) return s;
    uint64_t base = rows->start[0];
    size_t nnz = (size_t)(rows->start[rows->rows] - base);
    uint64_t *start = arena_alloc(a, rows->rows + 1, sizeof *start);
    uint32_t *col = arena_alloc(a, nnz, sizeof *col);
    float *val = arena_alloc(a, nnz, sizeof *val);
    if (!start || !col || !val)
        return err_set(err, PM_E_MEMORY, "sparse table: no memory for %zu cells", nnz);
    for (size_t r = 0; r < rows->rows; r++) {
        size_t n = (size_t)(rows->start[r + 1] - rows->start[r]);
        start[r] = rows->start[r] - base;
        start[r + 1] = start[r] + n;
        if (n > 0) memcpy(col + start[r], rows->col + rows->start[r], n * sizeof *col);
        sparse_normalise(rows->val + rows->start[r], n, val + start[r]);
    }
    pm_csr own = {start, col, val, rows->rows, rows->cols};
    out->rows = rows->rows;
    out->cols = rows->cols;
    out->sparse = own;
    return table_index_sparse(a, out, err);
}

pm_status table_index_sparse(arena *a, table *t, pm_err *err)
{
    const pm_csr *m = &t->sparse;
    pm_status s = sparse_check(m, "sparse table", err);
    if (s) return s;
    size_t nnz = (size_t)(m->start[m->rows] - m->start[0]);
    uint64_t *start = arena_alloc(a, m->cols + 2, sizeof *start);
    uint32_t *row = arena_alloc(a, nnz, sizeof *row);
    float *val = arena_alloc(a, nnz, sizeof *val);
    if (!start || !row || !val)
        return err_set(err, PM_E_MEMORY, "sparse table: no memory for its index");
    double norm_max = 1;
    /* Counting sort: start[c + 2] counts, then start[c + 1] is where column c writes next. */
    for (uint64_t e = m->start[0]; e < m->start[m->rows]; e++) start[m->col[e] + 2]++;
    for (size_t c = 0; c < m->cols; c++) start[c + 2] += start[c + 1];
    for (size_t r = 0; r < m->rows; r++) {
        double sum = 0;
        for (uint64_t e = m->start[r]; e < m->start[r + 1]; e++) {
            uint64_t to = start[m->col[e] + 1]++;
            row[to] = (uint32_t)r;
            val[to] = m->val[e];
            sum += (double)m->val[e] * (double)m->val[e];
        }
        if (!(sum <= 1.01))
            return err_set(err, PM_E_FORMAT, "sparse table: row %zu has norm %g, wanted 1", r,
                           sqrt(sum));
        norm_max = fmax(norm_max, sqrt(sum));
    }
    t->post_start = start;
    t->post_row = row;
    t->post_val = val;
    t->norm_max = norm_max * (1 + 1e-9);
    return PM_OK;
}
