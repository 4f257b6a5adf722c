/* SPDX-License-Identifier: MIT
 *
 * Searching a dense table with a few queries: one pass over the rows as they are stored, split over the
 * threads, then a scan of the approximations.  float32 tables are read in fixed point, half the bytes.
 */
#include <math.h>

#include "math/mat.h"
#include "math/neighbours_dense.h"

/* A query in two int8 parts; the error bound of integer products with int8 rows. */
static double split_query(const dense_search *s, const float *unit, dense_bytes_query *q)
{
    size_t cols = s->t->cols;
    double lost = 0, top[2] = {0, 0};
    for (size_t j = 0; j < cols; j++) top[0] = fmax(top[0], fabs((double)unit[j]));
    q->step[0] = (float)(top[0] / 127);
    q->step[1] = q->step[0] / 253; /* the rest is within half a step */
    for (size_t j = 0; j < cols; j++) {
        double step = (double)q->step[0], fine = (double)q->step[1];
        double whole = step > 0 ? fmin(127, fmax(-127, rint((double)unit[j] / step))) : 0;
        double rest = (double)unit[j] - whole * step;
        double part = fine > 0 ? fmin(127, fmax(-127, rint(rest / fine))) : 0;
        q->part[0][j] = (int8_t)whole;
        q->part[1][j] = (int8_t)part;
        lost += (rest - part * fine) * (rest - part * fine);
    }
    return sqrt(lost) * (1 + 1e-9) * s->t->norm_max + 3e-6; /* and a handful of float roundings */
}

/* Error bound of query i; its form for the kind of table. */
static double prepare_few(const dense_search *s, size_t i)
{
    dense_worker *w = &s->room[0];
    float *unit = w->unit + i * s->t->cols;
    double fixed = dense_prepare(s, i, unit, w->packed + 2 * i, s->n_group);
    if (s->t->fix) return fixed;
    if (s->t->store_as == PM_I8) return split_query(s, unit, &s->q8[i]);
    /* n float products and sums: n u |q| |x| (Higham 2002, 3.5). */
    return (double)(s->t->cols + 16) * 0x1p-24 * 1.01 * s->t->norm_max + 1e-6;
}

/* Approximations of rows [lo, hi) of a float16 or int8 table for query i, a panel at a time. */
static void stored_rows(const dense_search *s, size_t i, size_t lo, size_t hi, float *out)
{
    const table *t = s->t;
    float fine[FIX_ROWS];
    if (t->store_as == PM_F16) {
        s->k->gemv_f16((const uint16_t *)t->at + lo * t->ld, hi - lo, t->cols, t->ld,
                       s->room[0].unit + i * t->cols, out);
        return;
    }
    const dense_bytes_query *q = &s->q8[i];
    const int8_t *const part[2] = {q->part[0], q->part[1]};
    float *const sum[2] = {out, fine};
    s->k->gemv_i8((const int8_t *)t->at + lo * t->ld, hi - lo, t->cols, t->ld, part, sum);
    for (size_t r = 0; r < hi - lo; r++)
        out[r] = t->scale[lo + r] * (q->step[0] * out[r] + q->step[1] * fine[r]);
}

/* Approximations of the rows of panels [lo, hi). */
static pm_status panels(int worker, size_t lo, size_t hi, void *arg)
{
    const dense_search *s = arg;
    const table *t = s->t;
    size_t n = s->query.rows, width = dense_panels(t) * FIX_ROWS, pairs = dense_pairs(t);
    float out[FIX_QUERY * FIX_ROWS], none[FIX_QUERY];
    uint32_t above[FIX_QUERY];
    (void)worker;
    for (size_t q = 0; q < FIX_QUERY; q++) none[q] = INFINITY;
    for (size_t p = lo; p < hi && t->fix; p++) {
        s->k->fix_tile(t->fix + p * pairs * 2 * FIX_ROWS, s->room[0].packed, pairs, s->n_group,
                       none, out, above);
        for (size_t q = 0; q < n; q++)
            memcpy(s->approx + q * width + p * FIX_ROWS, out + q * FIX_ROWS,
                   FIX_ROWS * sizeof *out);
    }
    for (size_t p = lo; p < hi && !t->fix; p++) {
        size_t first = p * FIX_ROWS, left = t->rows - first;
        size_t end = left < FIX_ROWS ? t->rows : first + FIX_ROWS;
        for (size_t q = 0; q < n; q++) stored_rows(s, q, first, end, s->approx + q * width + first);
    }
    return PM_OK;
}

static void scan(const dense_search *s, size_t i, const float *unit, double e)
{
    enum { CHUNK = 1024 };
    uint32_t hit[CHUNK];
    dense_worker *w = &s->room[0];
    const float *approx = s->approx + i * dense_panels(s->t) * FIX_ROWS;
    dense_asked ask = {s, unit, w->row};
    pick *p = &w->picks[0];
    pick_start(p, e);
    for (size_t lo = 0; lo < s->t->rows; lo += CHUNK) {
        size_t n = s->t->rows - lo < CHUNK ? s->t->rows - lo : CHUNK;
        size_t found = s->k->above(approx + lo, n, p->bound, hit);
        for (size_t h = 0; h < found; h++)
            pick_push(p, (uint32_t)lo + hit[h], approx[lo + hit[h]], dense_exact, &ask);
    }
    pick_end(p, dense_exact, &ask, s->k_asked, s->index + i * s->k_asked,
             s->similarity + i * s->k_asked);
}

static bool open_room(dense_search *s, arena *scratch)
{
    size_t n = s->query.rows;
    s->approx = arena_alloc(scratch, n * dense_panels(s->t), FIX_ROWS * sizeof *s->approx);
    s->q8 = arena_alloc(scratch, n, sizeof *s->q8);
    bool have = s->approx && s->q8;
    for (size_t i = 0; have && s->t->store_as == PM_I8 && i < n; i++)
        for (size_t p = 0; have && p < 2; p++) {
            s->q8[i].part[p] = arena_alloc(scratch, s->t->cols, 1);
            have = s->q8[i].part[p] != NULL;
        }
    return have;
}

pm_status dense_few(dense_search *s, threads *pool, arena *scratch, pm_err *err)
{
    size_t n = s->query.rows, cols = s->t->cols, row_bytes = s->t->ld * dense_bytes(s->t->store_as);
    double e[DENSE_FEW];
    if (!open_room(s, scratch))
        return err_set(err, PM_E_MEMORY, "neighbours: no memory for %zu rows", s->t->rows);
    s->n_group = n == 1 ? 1 : n <= 4 ? 4 : FIX_QUERY;
    for (size_t i = 0; i < n; i++) e[i] = prepare_few(s, i);
    size_t grain = ((size_t)1 << 20) / (row_bytes * FIX_ROWS) + 1; /* 1 MiB: worth a hand-over */
    pm_status status = threads_for(pool, dense_panels(s->t), grain, panels, s);
    for (size_t i = 0; i < n && status == PM_OK; i++) {
        const float *unit = s->room[0].unit + i * cols;
        if (dense_is_zero(unit, cols))
            dense_answer_zero(s, i);
        else
            scan(s, i, unit, e[i]);
    }
    return status;
}
