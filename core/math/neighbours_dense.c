/* SPDX-License-Identifier: MIT
 *
 * Searching a dense table with a batch of queries: panels in fixed point against groups of queries.  A few
 * queries go another way: neighbours_few.c.
 */
#include <math.h>

#include "math/mat.h"
#include "math/neighbours_dense.h"

#define BATCH           240 /* queries that go over a panel while it is in the cache ... */
#define BATCH_CONVERTED 960 /* ... and when the panel has to be converted first */

float dense_exact(const void *query, uint32_t row, float approx)
{
    const dense_asked *q = query;
    (void)approx;
    return (float)q->s->k->dot64(q->unit, dense_row(q->s->t, row, q->row), q->s->t->cols);
}

/* Normalises query i; the error bound of the fixed-point pass for it.  Every float operation after the
 * integer sum, and the rounding of the canonical value, is within 1e-6 for values up to 1.1. */
double dense_prepare(const dense_search *s, size_t i, float *unit, int16_t *packed, size_t stride)
{
    const table *t = s->t;
    dense_normalise(pm_crow(s->query, i), t->cols, unit);
    double lost = sqrt(dense_fix(unit, t->cols, packed, 2 * stride)) * (1 + 1e-9);
    return lost * t->norm_max + (1.000001 + lost) * t->fix_error + 1e-6;
}

bool dense_is_zero(const float *x, size_t n)
{
    for (size_t j = 0; j < n; j++)
        if (x[j] != 0) return false;
    return true;
}

/* Everything is equally far from a zero query: the first rows. */
void dense_answer_zero(const dense_search *s, size_t i)
{
    for (size_t j = 0; j < s->k_asked; j++) {
        s->index[i * s->k_asked + j] = j < s->k_found ? (uint32_t)j : PM_NO_COL;
        s->similarity[i * s->k_asked + j] = j < s->k_found ? 0 : -2;
    }
}

static const int16_t *panel_of(const dense_search *s, size_t p, dense_worker *w)
{
    if (s->t->fix) return s->t->fix + p * dense_pairs(s->t) * 2 * FIX_ROWS;
    dense_panel(s->t, p, w->panel, w->row);
    return w->panel;
}

/* One panel against one group of queries: candidates go to their picks. */
static void panel_group(const dense_search *s, dense_worker *w, const int16_t *panel, size_t p,
                        size_t group)
{
    const table *t = s->t;
    float out[FIX_QUERY * FIX_ROWS];
    uint32_t above[FIX_QUERY], any = 0, live = UINT32_MAX;
    size_t first = group * FIX_QUERY, pairs = dense_pairs(t), rest = t->rows - p * FIX_ROWS;
    s->k->fix_tile(panel, w->packed + first * pairs * 2, pairs, FIX_QUERY, w->bound + first, out,
                   above);
    if (rest < FIX_ROWS) live = (1u << rest) - 1;
    for (size_t q = 0; q < FIX_QUERY; q++) any |= above[q] & live;
    if (!any) return;
    for (size_t q = 0; q < FIX_QUERY; q++) {
        dense_asked ask = {s, w->unit + (first + q) * t->cols, w->row};
        for (uint32_t m = above[q] & live; m; m &= m - 1) {
            uint32_t r = (uint32_t)__builtin_ctz(m);
            pick_push(&w->picks[first + q], (uint32_t)(p * FIX_ROWS) + r, out[q * FIX_ROWS + r],
                      dense_exact, &ask);
        }
        w->bound[first + q] = w->picks[first + q].bound;
    }
}

static pm_status batch(int worker_at, size_t lo, size_t hi, void *arg)
{
    const dense_search *s = arg;
    dense_worker *w = &s->room[worker_at];
    size_t n = hi - lo, cols = s->t->cols, pairs = dense_pairs(s->t);
    size_t groups = (n + FIX_QUERY - 1) / FIX_QUERY;
    memset(w->packed, 0, groups * FIX_QUERY * pairs * 2 * sizeof *w->packed);
    for (size_t i = 0; i < groups * FIX_QUERY; i++) {
        pick *p = &w->picks[i];
        pick_start(p, 0);
        p->bound = INFINITY; /* padding and zero queries take nothing */
        w->bound[i] = INFINITY;
        if (i >= n) continue;
        int16_t *packed = w->packed + (i / FIX_QUERY * pairs * FIX_QUERY + i % FIX_QUERY) * 2;
        double e = dense_prepare(s, lo + i, w->unit + i * cols, packed, FIX_QUERY);
        if (dense_is_zero(w->unit + i * cols, cols)) continue;
        pick_start(p, e);
        w->bound[i] = p->bound;
    }
    for (size_t p = 0; p < dense_panels(s->t); p++) {
        const int16_t *panel = panel_of(s, p, w);
        for (size_t g = 0; g < groups; g++) panel_group(s, w, panel, p, g);
    }
    for (size_t i = 0; i < n; i++) {
        dense_asked ask = {s, w->unit + i * cols, w->row};
        if (dense_is_zero(ask.unit, cols))
            dense_answer_zero(s, lo + i);
        else
            pick_end(&w->picks[i], dense_exact, &ask, s->k_asked, s->index + (lo + i) * s->k_asked,
                     s->similarity + (lo + i) * s->k_asked);
    }
    return PM_OK;
}

/* Room of one worker; false when memory is out. */
static bool open_worker(arena *a, const dense_search *s, size_t n_batch, size_t n_picks,
                        dense_worker *w)
{
    size_t pairs = dense_pairs(s->t), room = pick_room(s->k_found, s->t->rows), cells[4];
    bool fits = mem_size(n_batch, pairs * 2, &cells[0]) &&
                mem_size(n_batch, s->t->cols, &cells[1]) && mem_size(n_picks, room, &cells[2]) &&
                mem_size(n_picks, s->k_found, &cells[3]);
    if (!fits) return false;
    w->packed = arena_alloc(a, cells[0], sizeof *w->packed);
    w->unit = arena_alloc(a, cells[1], sizeof *w->unit);
    w->bound = arena_alloc(a, n_batch, sizeof *w->bound);
    w->picks = arena_alloc(a, n_picks, sizeof *w->picks);
    w->panel = arena_alloc(a, s->t->fix ? 0 : pairs * 2 * FIX_ROWS, sizeof *w->panel);
    w->row = arena_alloc(a, s->t->cols, sizeof *w->row);
    uint32_t *row = arena_alloc(a, cells[2], sizeof *row);
    float *approx = arena_alloc(a, cells[2], sizeof *approx);
    float *sorted = arena_alloc(a, room, sizeof *sorted);
    uint32_t *best_row = arena_alloc(a, cells[3], sizeof *best_row);
    float *best = arena_alloc(a, cells[3], sizeof *best);
    if (!w->packed || !w->unit || !w->bound || !w->picks || !w->panel || !w->row || !row ||
        !approx || !sorted || !best_row || !best)
        return false;
    for (size_t i = 0; i < n_picks; i++) {
        pick p = {s->k_found,
                  room,
                  row + i * room,
                  approx + i * room,
                  sorted,
                  0,
                  best_row + i * s->k_found,
                  best + i * s->k_found,
                  0,
                  0,
                  0};
        w->picks[i] = p;
    }
    return true;
}

/* Whole groups; about 2^20 candidates at most, unless k is huge. */
static size_t batch_size(const dense_search *s)
{
    size_t most = s->t->fix ? BATCH : BATCH_CONVERTED;
    size_t fit = (1u << 20) / (pick_room(s->k_found, s->t->rows) + 1) / FIX_QUERY * FIX_QUERY;
    return fit < FIX_QUERY ? FIX_QUERY : fit < most ? fit : most;
}

static pm_status run(dense_search *s, threads *pool, arena *scratch, pm_err *err)
{
    size_t n = s->query.rows, n_workers = (size_t)threads_count(pool);
    bool is_few = n <= DENSE_FEW;
    s->batch = is_few ? FIX_QUERY : batch_size(s);
    s->room = arena_alloc(scratch, n_workers, sizeof *s->room);
    bool have = s->room != NULL;
    for (size_t w = 0; have && w < n_workers; w++)
        have = open_worker(scratch, s, s->batch, is_few ? 1 : s->batch, &s->room[w]);
    if (!have) return err_set(err, PM_E_MEMORY, "neighbours: no memory for %zu queries", n);
    return is_few ? dense_few(s, pool, scratch, err) : threads_for(pool, n, s->batch, batch, s);
}

static pm_status check(const table *t, pm_cmat query, size_t k, pm_err *err)
{
    size_t row, col;
    if (t->norm_max == 0)
        return err_set(err, PM_E_NOT_TRAINED,
                       "neighbours: the table has no index: build or load it");
    if (query.cols != t->cols)
        return err_set(err, PM_E_SHAPE,
                       "neighbours: found a query of %zu columns, the table has %zu", query.cols,
                       t->cols);
    if (k == 0) return err_set(err, PM_E_ARG, "neighbours: k: found 0, wanted 1 or more");
    if (mat_find_bad(query, &row, &col))
        return err_set(err, PM_E_ARG, "neighbours: query %zu, column %zu is not finite", row, col);
    return PM_OK;
}

pm_status table_best(const compute *c, threads *pool, arena *scratch, const table *t, pm_cmat query,
                     size_t k, uint32_t *index, float *similarity, pm_err *err)
{
    pm_status status = check(t, query, k, err);
    if (status || query.rows == 0) return status;
    dense_search s = {
        .k = c->k, .t = t, .query = query, .k_asked = k, .index = index, .similarity = similarity};
    s.k_found = k < t->rows ? k : t->rows;
    if (t->rows == 0 || t->cols == 0) {
        for (size_t i = 0; i < query.rows; i++) dense_answer_zero(&s, i);
        return PM_OK;
    }
    arena_mark mark = arena_save(scratch);
    status = run(&s, pool, scratch, err);
    arena_release(scratch, mark);
    return status;
}
