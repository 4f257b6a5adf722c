/* SPDX-License-Identifier: MIT
 *
 * Queries of the weighted pass: their float and int8 forms with proven error bounds, and the exact maximum among the
 * rows that the bounds leave.
 */
#include <math.h>

#include "math/neighbours_dense.h"
#include "math/tally_run.h"

/* What `coarse` (NULL: nothing) with its step left of x, in steps of `step`, rounded to int8; returns the square of
 * what that leaves.  rint() is a call on the oldest CPUs. */
static double to_bytes(const float *x, size_t n, const int8_t *coarse, double coarse_step,
                       double step, int8_t *out)
{
    const double magic = 0x1.8p52, inverse = step > 0 ? 1 / step : 0;
    double lost = 0;
    for (size_t j = 0; j < n; j++) {
        double v = (double)x[j] - (coarse ? coarse_step * coarse[j] : 0);
        double whole = v * inverse + magic - magic;
        whole = whole > 127 ? 127 : whole < -127 ? -127 : whole;
        out[j] = (int8_t)whole;
        lost += (v - whole * step) * (v - whole * step);
    }
    return lost;
}

/* |what is left| |x|, and a handful of float roundings. */
static double bytes_error(const tally_run *t, double lost)
{
    return sqrt(lost) * (1 + 1e-9) * t->t->norm_max + 3e-6;
}

static void quantise(const tally_run *t, size_t i, const float *unit)
{
    size_t cols = t->t->cols;
    float top = 0;
    int32_t sum = 0;
    int8_t *out = t->bytes + i * t->ld_bytes;
    for (size_t j = 0; j < cols; j++) top = fabsf(unit[j]) > top ? fabsf(unit[j]) : top;
    t->step[i] = top / 127;
    t->error[i] = bytes_error(t, to_bytes(unit, cols, NULL, 0, (double)t->step[i], out));
    for (size_t j = 0; j < cols; j++) sum += out[j];
    t->sum[i] = sum;
}

void tally_prepare(const tally_run *t, size_t i)
{
    float *unit = t->unit + i * t->ld;
    dense_normalise(pm_crow(t->query, i), t->t->cols, unit);
    if (t->t->store_as == PM_I8) {
        quantise(t, i, unit);
        return;
    }
    /* Chains of cols / 16 fused steps and four additions: n u |q| |x| (Higham 2002, 3.1); and the rounding of the
     * canonical value to float. */
    double steps = (double)(t->t->cols / SCAN_LANES + 6);
    t->error[i] = steps * 0x1p-24 * 1.01 * t->t->norm_max + 1e-6;
}

/* ---- the maximum ---- */

typedef struct hunt {
    const tally_run *t;
    const tally_worker *w;
    const float *unit;
    scan_query fine; /* of int8 tables: what int8 left of the query, in int8 again */
    double error, fine_error;
    double best; /* canonical; -INFINITY: none yet */
} hunt;

/* Row r, of similarity s, of an int8 table, with what int8 left of the query: most rows that the first part could not
 * tell apart from the best end here. */
static bool is_worth(const hunt *h, size_t r, float s)
{
    const table *t = h->t->t;
    float rest;
    if (t->store_as != PM_I8) return true;
    scan_rows row = {.at = (const int8_t *)t->at + r * t->ld,
                     .scale = t->scale + r,
                     .n = 1,
                     .ld = t->ld,
                     .cols = t->cols};
    h->t->kind->one(&row, &h->fine, &rest);
    return (double)s + (double)rest >= h->best - h->fine_error;
}

static void try_row(hunt *h, size_t r, float approx)
{
    const table *t = h->t->t;
    if (!is_worth(h, r, approx)) return;
    double s = (double)(float)h->t->k->dot64(h->unit, dense_row(t, r, h->w->row), t->cols);
    h->best = s > h->best ? s : h->best;
}

/* Tries the rows of block b whose similarity is at least `bound` or what the best so far allows. */
static void try_block(hunt *h, size_t group, size_t lane, size_t b, double bound)
{
    const tally_run *t = h->t;
    const float *s = t->s + (group * t->blocks + b) * SCAN_ROWS * t->width + lane;
    for (size_t r = 0; r < SCAN_ROWS; r++) {
        double least = h->best - h->error > bound ? h->best - h->error : bound;
        if ((double)s[r * t->width] >= least) try_row(h, b * SCAN_ROWS + r, s[r * t->width]);
    }
}

float tally_nearest(const tally_run *t, size_t i, const tally_worker *w)
{
    size_t group = i / t->width, lane = i % t->width, at = 0;
    const float *top = t->top + group * t->blocks * t->width + lane;
    for (size_t b = 1; b < t->blocks; b++)
        if (top[b * t->width] > top[at * t->width]) at = b;
    if (t->blocks == 0 || !(top[at * t->width] > -INFINITY)) return 0; /* no row has entries */
    hunt h = {.t = t, .w = w, .unit = t->unit + i * t->ld, .error = t->error[i], .best = -INFINITY};
    float fine_step = t->t->store_as == PM_I8 ? t->step[i] / 253 : 0; /* half a step is left */
    int32_t fine_sum = 0;
    if (t->t->store_as == PM_I8) {
        h.fine_error = bytes_error(t, to_bytes(h.unit, t->t->cols, t->bytes + i * t->ld_bytes,
                                               (double)t->step[i], (double)fine_step, w->fine));
        for (size_t j = 0; j < t->t->cols; j++) fine_sum += w->fine[j];
        h.fine = (scan_query){.bytes = w->fine,
                              .step = &fine_step,
                              .sum = &fine_sum,
                              .n = 1,
                              .ld_bytes = t->ld_bytes};
    }
    try_block(&h, group, lane, at, (double)top[at * t->width]);
    for (size_t b = 0; b < t->blocks; b++)
        if ((double)top[b * t->width] >= h.best - h.error) try_block(&h, group, lane, b, -INFINITY);
    return (float)h.best;
}
