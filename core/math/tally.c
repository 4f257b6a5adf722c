/* SPDX-License-Identifier: MIT
 *
 * Similarity-weighted sums, one query after the other.
 */
#include "math/tally.h"

#include <math.h>

#include "math/mat.h"
#include "math/neighbours_dense.h"

static pm_status check_entries(const table *t, const pm_tally *how, pm_err *err)
{
    size_t n = t->rows;
    if (how->start) {
        if (how->start[0] != 0)
            return err_set(err, PM_E_ARG, "tally: start[0]: found %llu, wanted 0",
                           (unsigned long long)how->start[0]);
        for (size_t r = 0; r < t->rows; r++)
            if (how->start[r + 1] < how->start[r])
                return err_set(err, PM_E_ARG, "tally: the entries of row %zu end before they start",
                               r);
        n = (size_t)how->start[t->rows];
    }
    for (size_t e = 0; e < n; e++)
        if (how->cls[e] >= how->n_classes)
            return err_set(err, PM_E_ARG, "tally: entry %zu has class %u of %zu", e,
                           (unsigned)how->cls[e], how->n_classes);
    for (size_t e = 0; how->amount && e < n; e++)
        if (!isfinite(how->amount[e]))
            return err_set(err, PM_E_ARG, "tally: the amount of entry %zu is not finite", e);
    return PM_OK;
}

static pm_status check(const table *t, pm_cmat query, const pm_tally *how, pm_err *err)
{
    size_t row, col;
    if (!t->store_as)
        return err_set(err, PM_E_UNSUPPORTED, "tally: the table is sparse, wanted a dense one");
    if (t->store_as == PM_I8 && t->cols > TALLY_I8_COLS)
        return err_set(err, PM_E_UNSUPPORTED,
                       "tally: found an int8 table of %zu columns, at most %zu - store it as "
                       "float16",
                       t->cols, TALLY_I8_COLS);
    if (t->norm_max == 0)
        return err_set(err, PM_E_NOT_TRAINED, "tally: the table has no index: build or load it");
    if (query.cols != t->cols)
        return err_set(err, PM_E_SHAPE, "tally: found a query of %zu columns, the table has %zu",
                       query.cols, t->cols);
    if (!(how->gamma >= 1 && how->gamma <= 1e6))
        return err_set(err, PM_E_ARG, "tally: gamma: found %g, wanted 1 to 1e6", how->gamma);
    if (how->n_classes == 0 || !how->cls)
        return err_set(err, PM_E_ARG, "tally: found no classes, wanted 1 or more");
    if (mat_find_bad(query, &row, &col))
        return err_set(err, PM_E_ARG, "tally: query %zu, column %zu is not finite", row, col);
    return check_entries(t, how, err);
}

static bool has_entries(const pm_tally *how, size_t r)
{
    return !how->start || how->start[r + 1] > how->start[r];
}

static float one_query(const compute *c, const table *t, const float *unit, float *row, float *s,
                       const pm_tally *how, double *out)
{
    double most = -INFINITY;
    for (size_t r = 0; r < t->rows; r++) {
        s[r] = (float)c->k->dot64(unit, dense_row(t, r, row), t->cols);
        if (has_entries(how, r)) most = fmax(most, (double)s[r]);
    }
    for (size_t k = 0; k < how->n_classes; k++) out[k] = how->base ? how->base[k] : 0;
    for (size_t r = 0; r < t->rows; r++) {
        double w = pow(how->gamma, most > 0 ? 1 + (double)s[r] / most : 1);
        size_t lo = how->start ? (size_t)how->start[r] : r,
               hi = how->start ? (size_t)how->start[r + 1] : r + 1;
        for (size_t e = lo; e < hi; e++)
            out[how->cls[e]] += w * (how->amount ? (double)how->amount[e] : 1);
    }
    return isfinite(most) ? (float)most : 0;
}

pm_status table_tally(const compute *c, threads *pool, arena *scratch, const table *t,
                      pm_cmat query, const pm_tally *how, double *out, float *nearest, pm_err *err)
{
    (void)pool;
    pm_status st = check(t, query, how, err);
    if (st != PM_OK) return st;
    arena_mark mark = arena_save(scratch);
    float *unit = arena_alloc(scratch, t->cols, sizeof *unit);
    float *row = arena_alloc(scratch, t->cols, sizeof *row);
    float *s = arena_alloc(scratch, t->rows, sizeof *s);
    if (!unit || !row || !s)
        st = err_set(err, PM_E_MEMORY, "tally: no memory for %zu rows", t->rows);
    for (size_t i = 0; i < query.rows && st == PM_OK; i++) {
        dense_normalise(pm_crow(query, i), t->cols, unit);
        float most = one_query(c, t, unit, row, s, how, out + i * how->n_classes);
        if (nearest) nearest[i] = most;
    }
    arena_release(scratch, mark);
    return st;
}
