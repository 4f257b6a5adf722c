/* SPDX-License-Identifier: MIT
 *
 * Dense tables: normalising, storing as float32, float16 or int8, and the fixed-point panels of the
 * first pass.
 */
#include <math.h>

#include "math/half.h"
#include "math/mat.h"
#include "math/neighbours_dense.h"

size_t dense_bytes(pm_dtype d)
{
    return d == PM_F32 ? 4 : d == PM_F16 ? 2 : d == PM_I8 ? 1 : 0;
}

size_t dense_panels(const table *t)
{
    return t->rows / FIX_ROWS + (t->rows % FIX_ROWS != 0);
}

size_t dense_pairs(const table *t)
{
    return t->cols / 2 + t->cols % 2;
}

bool dense_normalise(const float *x, size_t cols, float *out)
{
    double sum = 0;
    for (size_t j = 0; j < cols; j++) sum += (double)x[j] * (double)x[j];
    double scale = sum > 0 ? 1 / sqrt(sum) : 0;
    for (size_t j = 0; j < cols; j++) out[j] = (float)((double)x[j] * scale);
    return sum > 0;
}

const float *dense_row(const table *t, size_t r, float *room)
{
    if (t->store_as == PM_F32) return (const float *)t->at + r * t->ld;
    if (t->store_as == PM_F16) {
        const uint16_t *h = (const uint16_t *)t->at + r * t->ld;
        for (size_t j = 0; j < t->cols; j++) room[j] = half_to_float(h[j]);
    } else {
        const int8_t *b = (const int8_t *)t->at + r * t->ld;
        for (size_t j = 0; j < t->cols; j++) room[j] = t->scale[r] * (float)b[j];
    }
    return room;
}

double dense_fix(const float *x, size_t cols, int16_t *q, size_t step)
{
    const float top = FIX_ONE;
    double lost = 0;
    for (size_t j = 0; j < cols; j++) {
        float v = x[j] * top;
        v = v > top ? top : v < -top ? -top : v;
        int16_t whole = (int16_t)(v < 0 ? v - 0.5f : v + 0.5f);
        double gap = (double)x[j] - (double)whole / FIX_ONE;
        q[j / 2 * step + j % 2] = whole;
        lost += gap * gap;
    }
    if (cols % 2) q[cols / 2 * step + 1] = 0;
    return lost;
}

double dense_panel(const table *t, size_t p, int16_t *room, float *float_room)
{
    double worst = 0;
    for (size_t i = 0; i < FIX_ROWS; i++) {
        size_t r = p * FIX_ROWS + i;
        int16_t *q = room + 2 * i;
        if (r < t->rows) {
            worst = fmax(worst, dense_fix(dense_row(t, r, float_room), t->cols, q, 2 * FIX_ROWS));
            continue;
        }
        for (size_t j = 0; j < dense_pairs(t); j++)
            q[j * 2 * FIX_ROWS] = q[j * 2 * FIX_ROWS + 1] = 0;
    }
    return worst;
}

/* Stores a normalised row; int8 takes the scale that brings its largest entry to 127. */
static void store_row(const float *x, table *t, size_t r, void *at, float *scale)
{
    if (t->store_as == PM_F32) {
        memcpy((float *)at + r * t->ld, x, t->cols * sizeof *x);
    } else if (t->store_as == PM_F16) {
        uint16_t *h = (uint16_t *)at + r * t->ld;
        for (size_t j = 0; j < t->cols; j++) h[j] = half_from_float(x[j]);
    } else {
        int8_t *b = (int8_t *)at + r * t->ld;
        float top = 0;
        for (size_t j = 0; j < t->cols; j++) top = fmaxf(top, fabsf(x[j]));
        scale[r] = top / 127;
        for (size_t j = 0; j < t->cols; j++)
            b[j] = scale[r] > 0 ? (int8_t)lrintf(fminf(127, fmaxf(-127, x[j] / scale[r]))) : 0;
    }
}

pm_status table_build(const compute *c, arena *a, pm_cmat rows, pm_dtype store_as, table *out,
                      pm_err *err)
{
    memset(out, 0, sizeof *out);
    size_t bytes = dense_bytes(store_as), bad_row, bad_col, cells;
    if (bytes == 0)
        return err_set(err, PM_E_ARG,
                       "table: found element type %d, wanted float32, float16 or int8",
                       (int)store_as);
    if (rows.rows > UINT32_MAX - 1)
        return err_set(err, PM_E_ARG, "table: found %zu rows, at most 2^32 - 2", rows.rows);
    if (mat_find_bad(rows, &bad_row, &bad_col))
        return err_set(err, PM_E_ARG, "table: row %zu, column %zu is not finite", bad_row, bad_col);
    size_t line = MEM_ALIGN / bytes;
    out->store_as = store_as;
    out->rows = rows.rows;
    out->cols = rows.cols;
    out->ld = (rows.cols + line - 1) / line * line;
    void *at = mem_size(out->rows, out->ld, &cells) ? arena_alloc(a, cells, bytes) : NULL;
    float *scale = arena_alloc(a, store_as == PM_I8 ? out->rows : 0, sizeof *scale);
    float *unit = arena_alloc(a, out->cols, sizeof *unit);
    if (!at || !scale || !unit)
        return err_set(err, PM_E_MEMORY, "table: no memory for [%zu x %zu]", rows.rows, rows.cols);
    for (size_t r = 0; r < out->rows; r++) {
        dense_normalise(pm_crow(rows, r), out->cols, unit);
        store_row(unit, out, r, at, scale);
    }
    out->at = at;
    out->scale = store_as == PM_I8 ? scale : NULL;
    return table_index_dense(c, a, out, err);
}

static pm_status check_row(const table *t, size_t r, float *room, double *norm, pm_err *err)
{
    const float *x = dense_row(t, r, room);
    double sum = 0, top = 0;
    for (size_t j = 0; j < t->cols; j++) {
        sum += (double)x[j] * (double)x[j];
        top = fmax(top, fabs((double)x[j]));
    }
    *norm = sqrt(sum);
    /* A NaN fails both tests; fmax() drops it from `top` but not from `sum`. */
    if (*norm <= 1.1 && top <= 1.00001) return PM_OK;
    return err_set(err, PM_E_FORMAT,
                   "table: row %zu has norm %g and largest entry %g, wanted norm 1", r, *norm, top);
}

pm_status table_index_dense(const compute *c, arena *a, table *t, pm_err *err)
{
    (void)c;
    size_t pairs = dense_pairs(t), panels = dense_panels(t), panel = pairs * 2 * FIX_ROWS,
           cells = 0;
    bool keep = t->store_as == PM_F32;
    float *room = arena_alloc(a, t->cols, sizeof *room);
    int16_t *fix = keep && mem_size(panels, panel, &cells) ? arena_alloc(a, cells, sizeof *fix)
                                                           : NULL;
    if (!room || (keep && !fix)) return err_set(err, PM_E_MEMORY, "table: no memory for its index");
    double norm_max = 1, lost = 0;
    for (size_t r = 0; r < t->rows; r++) {
        double norm = 0;
        pm_status s = check_row(t, r, room, &norm, err);
        if (s) return s;
        norm_max = fmax(norm_max, norm);
    }
    for (size_t p = 0; keep && p < panels; p++)
        lost = fmax(lost, dense_panel(t, p, fix + p * panel, room));
    t->fix = fix;
    t->norm_max = norm_max * (1 + 1e-9);
    /* Measured, or half a step for every entry; 1e-5 is for an entry just above 1. */
    t->fix_error = keep ? sqrt(lost) * (1 + 1e-9) : 0.5 / FIX_ONE * sqrt((double)t->cols) + 1e-5;
    return PM_OK;
}
