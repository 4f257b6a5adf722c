/* SPDX-License-Identifier: MIT
 *
 * Checks of outputs.  check_all_within uses GNU vectors so that it is vector code at -O2 as well; results
 * are plain comparisons, the same on every machine.
 */
#include "plug/check.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define UNWRITTEN 0x7fc5a5a5u /* a quiet NaN that no arithmetic produces */
#define LANES     4

typedef float lanes_f __attribute__((vector_size(4 * LANES)));
typedef int32_t lanes_i __attribute__((vector_size(4 * LANES)));

float check_unwritten(void)
{
    const uint32_t bits = UNWRITTEN;
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

bool check_is_unwritten(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits == UNWRITTEN;
}

/* Filled as integers: passing this NaN through a float register may change it on some machines. */
void check_fill(pm_mat m)
{
    const lanes_i bits = {UNWRITTEN, UNWRITTEN, UNWRITTEN, UNWRITTEN};
    for (size_t r = 0; r < m.rows; r++) {
        float *row = pm_row(m, r);
        size_t j = 0;
        for (; j + LANES <= m.cols; j += LANES) memcpy(row + j, &bits, sizeof bits);
        if (j < m.cols) memcpy(row + j, &bits, (m.cols - j) * sizeof *row);
    }
}

static inline lanes_i within(const float *v, lanes_f low, lanes_f high)
{
    lanes_f x;
    memcpy(&x, v, sizeof x);
    return (lanes_i)(x >= low) & (lanes_i)(x <= high);
}

/* Four vectors a turn, so that their compares overlap; 16 bytes are a register on every 64-bit machine. */
bool check_all_within(const float *v, size_t n, float lo, float hi)
{
    const lanes_f low = {lo, lo, lo, lo}, high = {hi, hi, hi, hi};
    lanes_i a = ~(lanes_i){0}, b = a, c = a, d = a;
    size_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        a &= within(v + i, low, high);
        b &= within(v + i + LANES, low, high);
        c &= within(v + i + 2 * LANES, low, high);
        d &= within(v + i + 3 * LANES, low, high);
    }
    for (; i + LANES <= n; i += LANES) a &= within(v + i, low, high);
    a &= b & c & d;
    bool ok = (a[0] & a[1] & a[2] & a[3]) != 0;
    for (; i < n; i++) ok &= v[i] >= lo && v[i] <= hi;
    return ok;
}

check_range check_range_of(pm_value_kind kind)
{
    switch (kind) {
    case PM_VALUE_LOSS:
        return (check_range){0, FLT_MAX, 0};
    case PM_VALUE_RANK:
        return (check_range){-FLT_MAX, FLT_MAX, 0};
    default:
        return (check_range){0, 1, 1e-5f};
    }
}

static pm_status complain(pm_cmat m, size_t i, size_t j, check_range range, check_where w,
                          pm_err *err)
{
    float v = pm_crow(m, i)[j];
    char column[96];
    if (w.lib && j < w.lib->n)
        snprintf(column, sizeof column, "column %zu \"%.60s\"", j, w.lib->expert[j]->id);
    else
        snprintf(column, sizeof column, "column %zu", j);
    if (check_is_unwritten(v))
        return err_set(err, PM_E_CONTRACT, "%s: %s of row %zu, %s was not written", w.who, w.what,
                       i, column);
    if (!isfinite(v))
        return err_set(err, PM_E_CONTRACT, "%s: %s of row %zu, %s is %s", w.who, w.what, i, column,
                       isnan(v) ? "NaN" : (v > 0 ? "infinite" : "-infinite"));
    return err_set(err, PM_E_CONTRACT, "%s: %s of row %zu, %s is %.9g; want [%g, %g]", w.who,
                   w.what, i, column, (double)v, (double)range.lo,
                   range.hi < FLT_MAX ? (double)range.hi : (double)INFINITY);
}

static pm_status mend_row(pm_mat m, size_t i, check_range range, check_where w, pm_err *err)
{
    float *row = pm_row(m, i);
    for (size_t j = 0; j < m.cols; j++) {
        if (row[j] >= range.lo && row[j] <= range.hi) continue;
        if (!(row[j] >= range.lo - range.slack && row[j] <= range.hi + range.slack) ||
            range.slack <= 0)
            return complain((pm_cmat){m.at, m.rows, m.cols, m.ld}, i, j, range, w, err);
        row[j] = row[j] < range.lo ? range.lo : range.hi;
    }
    return PM_OK;
}

pm_status check_cells(pm_mat m, check_range range, check_where w, pm_err *err)
{
    for (size_t i = 0; i < m.rows; i++) {
        if (check_all_within(pm_row(m, i), m.cols, range.lo, range.hi)) continue;
        pm_status s = mend_row(m, i, range, w, err);
        if (s != PM_OK) return s;
    }
    return PM_OK;
}

pm_status check_rows_sum(pm_mat m, double tolerance, check_where w, pm_err *err)
{
    for (size_t i = 0; i < m.rows; i++) {
        const float *row = pm_row(m, i);
        double sum = 0;
        for (size_t j = 0; j < m.cols; j++) sum += (double)row[j];
        if (fabs(sum - 1.0) <= tolerance) continue;
        return err_set(err, PM_E_CONTRACT, "%s: %s of row %zu sums to %.9g; want 1 within %g",
                       w.who, w.what, i, sum, tolerance);
    }
    return PM_OK;
}

pm_status check_shape(pm_cmat m, size_t rows, size_t cols, const char *what, pm_err *err)
{
    if (!m.at) return err_set(err, PM_E_ARG, "%s is missing; want [%zu x %zu]", what, rows, cols);
    if (m.rows != rows || m.cols != cols)
        return err_set(err, PM_E_SHAPE, "%s is [%zu x %zu]; want [%zu x %zu]", what, m.rows, m.cols,
                       rows, cols);
    if (m.ld != 0 && m.ld < cols)
        return err_set(err, PM_E_SHAPE, "%s has rows of %zu values %zu apart", what, cols, m.ld);
    return PM_OK;
}
