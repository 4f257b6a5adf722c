/* SPDX-License-Identifier: MIT
 *
 * Searching a sparse table.  First pass: similarities accumulated in float32 over the inverted index; for batches,
 * a block of table rows at a time and 16 queries to a vector, so that a column that many queries have is read once
 * and added to all of them.  Second: canonical double products of the candidates.
 */
#include <math.h>

#include "math/neighbours_pick.h"
#include "math/neighbours_sparse.h"

enum {
    BATCH = 64,  /* queries */
    BLOCK = 2048 /* table rows: BLOCK x BATCH sums are half a megabyte */
};

typedef struct cell { /* of the queries of a batch, sorted by column */
    uint32_t col, query;
    float val;
} cell;

typedef struct worker {
    float *sum;         /* [BLOCK x BATCH], or [rows] for a query alone; -0 = no common column */
    float *unit;        /* normalised queries of the batch */
    size_t *at;         /* [BATCH + 1] query q has unit[at[q] .. at[q + 1]) */
    cell *cell[2];      /* [cells of the largest batch] */
    float bound[BATCH]; /* of the picks, side by side */
    uint32_t *next_row; /* its row; UINT32_MAX: no more */
    uint32_t *group;    /* [cells + 1] where the cells of each distinct column begin */
    uint64_t *next;     /* [the same] of each distinct column: posting to go on with */
    float *dense; /* [cols] query `owner`, for canonical products; zero where it has no column */
    size_t owner;
    uint32_t *hit; /* [BLOCK] */
    pick *picks;   /* [BATCH] */
} worker;

typedef struct search {
    const kernels *k;
    const table *t;
    const pm_csr *query;
    size_t batch, k_asked, k_found;
    uint32_t *index;
    float *similarity;
    worker *room;
} search;

typedef struct asked {
    const search *s;
    worker *w;
    size_t first, q; /* of the batch; in it */
} asked;

/* ---- canonical products ---- */

static void own_dense(const asked *a, size_t q, bool clear)
{
    const pm_csr *m = a->s->query;
    uint64_t first = m->start[a->first + q];
    size_t n = (size_t)(m->start[a->first + q + 1] - first);
    for (size_t i = 0; i < n; i++)
        a->w->dense[m->col[first + i]] = clear ? 0 : a->w->unit[a->w->at[q] + i];
}

/* In order of columns: those that the query lacks add zero, which changes nothing. */
static float exact(const void *query, uint32_t row, float approx)
{
    const asked *a = query;
    const pm_csr *m = &a->s->t->sparse;
    if (approx == 0 && signbit(approx)) return 0;
    if (a->w->owner != a->q) {
        if (a->w->owner != SIZE_MAX) own_dense(a, a->w->owner, true);
        own_dense(a, a->q, false);
        a->w->owner = a->q;
    }
    double sum = 0;
    for (uint64_t e = m->start[row]; e < m->start[row + 1]; e++)
        sum += (double)a->w->dense[m->col[e]] * (double)m->val[e];
    return (float)sum;
}

static void offer(const asked *a, pick *p, size_t row, float approx)
{
    /* An untouched row cannot beat k earlier ones of at least zero. */
    if (p->n_best == p->k && p->best[0] >= 0 && approx == 0 && signbit(approx)) return;
    pick_push(p, (uint32_t)row, approx, exact, a);
}

/* ---- one query ---- */

static void accumulate(const search *s, worker *w, size_t i)
{
    const table *t = s->t;
    const uint32_t *col = s->query->col + s->query->start[i];
    for (size_t r = 0; r < t->rows; r++) w->sum[r] = -0.0f;
    for (size_t c = 0; c < w->at[1]; c++) {
        uint64_t end = t->post_start[col[c] + 1];
        for (uint64_t e = t->post_start[col[c]]; e < end; e++)
            w->sum[t->post_row[e]] += w->unit[c] * t->post_val[e];
    }
}

static void search_one(const search *s, worker *w, size_t i)
{
    asked a = {s, w, i, 0};
    accumulate(s, w, i);
    for (size_t lo = 0; lo < s->t->rows; lo += BLOCK) {
        size_t rows = s->t->rows - lo < BLOCK ? s->t->rows - lo : BLOCK;
        size_t found = s->k->above(w->sum + lo, rows, w->picks->bound, w->hit);
        for (size_t h = 0; h < found; h++)
            offer(&a, w->picks, lo + w->hit[h], w->sum[lo + w->hit[h]]);
    }
}

/* ---- a batch ---- */

/* The cells of the batch by column, then query.  Least significant byte first; `cols` says how many. */
static cell *sort_cells(const search *s, worker *w, size_t first, size_t n)
{
    const pm_csr *m = s->query;
    cell *from = w->cell[0], *to = w->cell[1];
    size_t cells = 0;
    for (size_t q = 0; q < n; q++)
        for (size_t i = w->at[q]; i < w->at[q + 1]; i++)
            from[cells++] =
                (cell){m->col[m->start[first + q] + i - w->at[q]], (uint32_t)q, w->unit[i]};
    for (unsigned shift = 0; shift < 32 && (s->t->cols - 1) >> shift; shift += 10) {
        uint32_t count[1025] = {0};
        for (size_t i = 0; i < cells; i++) count[(from[i].col >> shift & 1023) + 1]++;
        for (size_t d = 0; d < 1024; d++) count[d + 1] += count[d];
        for (size_t i = 0; i < cells; i++) to[count[from[i].col >> shift & 1023]++] = from[i];
        cell *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

/* Adds the postings of one column in rows [lo, lo + BLOCK) to the queries that have it. */
static void add_postings(const search *s, worker *w, const cell *have, size_t n, uint64_t post,
                         size_t n_post, size_t lo)
{
    const float *val = s->t->post_val + post;
    const uint32_t *row = s->t->post_row + post;
    for (size_t c = 0, next; c < n; c = next) {
        uint32_t lane = have[c].query / 16;
        for (next = c + 1; next < n && have[next].query / 16 == lane;) next++;
        if (next - c == 1) {
            float *sum = w->sum + have[c].query, x = have[c].val;
            for (size_t e = 0; e < n_post; e++) sum[(row[e] - lo) * BATCH] += x * val[e];
            continue;
        }
        float x[16]; /* -0 leaves what it is added to as it is, -0 too */
        for (size_t q = 0; q < 16; q++) x[q] = -0.0f;
        for (size_t i = c; i < next; i++) x[have[i].query % 16] = have[i].val;
        s->k->scatter16(val, row, n_post, (uint32_t)lo, x, w->sum + (size_t)16 * lane, BATCH);
    }
}

/* The distinct columns of the batch, and where their postings begin. */
static size_t open_columns(const search *s, worker *w, const cell *have, size_t cells)
{
    size_t n = 0;
    for (size_t c = 0; c < cells; c++) {
        if (c > 0 && have[c].col == have[c - 1].col) continue;
        uint64_t post = s->t->post_start[have[c].col];
        bool any = post < s->t->post_start[have[c].col + 1];
        w->next[n] = post;
        w->next_row[n] = any ? s->t->post_row[post] : UINT32_MAX;
        w->group[n++] = (uint32_t)c;
    }
    w->group[n] = (uint32_t)cells;
    return n;
}

/* The postings of a column in one block are few and lie far from those of the next: asked for early. */
static void fetch(const table *t, uint64_t post)
{
#if defined(__GNUC__)
    __builtin_prefetch(t->post_row + post);
    __builtin_prefetch(t->post_val + post);
#else
    (void)t, (void)post;
#endif
}

static void add_block(const search *s, worker *w, const cell *have, size_t columns, size_t lo)
{
    enum { AHEAD = 12 };
    const table *t = s->t;
    size_t hi = lo + BLOCK;
    for (size_t i = 0; i < (size_t)BLOCK * BATCH; i++) w->sum[i] = -0.0f;
    for (size_t c = 0; c < columns; c++) {
        if (c + AHEAD < columns && w->next_row[c + AHEAD] < hi) fetch(t, w->next[c + AHEAD]);
        if (w->next_row[c] >= hi) continue;
        const cell *own = have + w->group[c];
        uint64_t first = w->next[c], e = first, end = t->post_start[own->col + 1];
        while (e < end && t->post_row[e] < hi) e++;
        w->next[c] = e;
        w->next_row[c] = e < end ? t->post_row[e] : UINT32_MAX;
        add_postings(s, w, own, w->group[c + 1] - w->group[c], first, (size_t)(e - first), lo);
    }
}

static void search_batch(const search *s, worker *w, size_t first, size_t n)
{
    const cell *have = sort_cells(s, w, first, n);
    size_t columns = open_columns(s, w, have, w->at[n]);
    for (size_t lo = 0; lo < s->t->rows; lo += BLOCK) {
        size_t rows = s->t->rows - lo < BLOCK ? s->t->rows - lo : BLOCK;
        add_block(s, w, have, columns, lo);
        for (size_t r = 0; r < rows; r++)
            for (size_t q = 0; q < n; q++) {
                float sum = w->sum[r * BATCH + q];
                if (!(sum > w->bound[q])) continue;
                asked a = {s, w, first, q};
                offer(&a, &w->picks[q], lo + r, sum);
                w->bound[q] = w->picks[q].bound;
            }
    }
}

/* ---- queries ---- */

/* Normalises the queries of a batch; a query of zeros has no cells then, and every row is as far. */
static void open_batch(const search *s, worker *w, size_t first, size_t n)
{
    const pm_csr *m = s->query;
    w->at[0] = 0;
    w->owner = SIZE_MAX;
    for (size_t q = 0; q < n; q++) {
        uint64_t from = m->start[first + q];
        size_t cells = (size_t)(m->start[first + q + 1] - from);
        bool any = sparse_normalise(m->val + from, cells, w->unit + w->at[q]);
        w->at[q + 1] = w->at[q] + (any ? cells : 0);
        /* As many products and sums, each within 2^-24; and the rounding of the canonical value. */
        double e = (double)(w->at[q + 1] - w->at[q] + 2) * 0x1p-24 * 1.001 * s->t->norm_max + 1e-7;
        pick_start(&w->picks[q], e);
        w->bound[q] = w->picks[q].bound;
    }
}

static pm_status queries(int worker_at, size_t lo, size_t hi, void *arg)
{
    const search *s = arg;
    worker *w = &s->room[worker_at];
    open_batch(s, w, lo, hi - lo);
    if (s->batch == 1)
        search_one(s, w, lo);
    else
        search_batch(s, w, lo, hi - lo);
    asked a = {s, w, lo, 0};
    for (; a.q < hi - lo; a.q++)
        pick_end(&w->picks[a.q], exact, &a, s->k_asked, s->index + (lo + a.q) * s->k_asked,
                 s->similarity + (lo + a.q) * s->k_asked);
    if (w->owner != SIZE_MAX) own_dense(&a, w->owner, true);
    return PM_OK;
}

static bool open_pick(arena *a, const search *s, pick *p, float *sorted)
{
    p->k = s->k_found;
    p->room = pick_room(s->k_found, s->t->rows);
    p->row = arena_alloc(a, p->room, sizeof *p->row);
    p->approx = arena_alloc(a, p->room, sizeof *p->approx);
    p->sorted = sorted;
    p->best_row = arena_alloc(a, p->k, sizeof *p->best_row);
    p->best = arena_alloc(a, p->k, sizeof *p->best);
    return p->row && p->approx && p->best_row && p->best;
}

static bool open_worker(arena *a, const search *s, size_t cells, worker *w)
{
    bool many = s->batch > 1;
    float *sorted = arena_alloc(a, pick_room(s->k_found, s->t->rows), sizeof *sorted);
    w->sum = arena_alloc(a, many ? (size_t)BLOCK * BATCH : s->t->rows, sizeof *w->sum);
    w->unit = arena_alloc(a, cells, sizeof *w->unit);
    w->at = arena_alloc(a, s->batch + 1, sizeof *w->at);
    for (int i = 0; i < 2; i++) w->cell[i] = arena_alloc(a, many ? cells : 0, sizeof *w->cell[i]);
    w->next = arena_alloc(a, many ? cells : 0, sizeof *w->next);
    w->next_row = arena_alloc(a, many ? cells : 0, sizeof *w->next_row);
    w->group = arena_alloc(a, cells + 1, sizeof *w->group);
    w->dense = arena_alloc(a, s->t->cols, sizeof *w->dense);
    w->hit = arena_alloc(a, BLOCK, sizeof *w->hit);
    w->picks = arena_alloc(a, s->batch, sizeof *w->picks);
    bool have = sorted && w->sum && w->unit && w->at && w->cell[0] && w->cell[1] && w->next &&
                w->group && w->dense && w->hit && w->picks;
    for (size_t q = 0; have && q < s->batch; q++) have = open_pick(a, s, &w->picks[q], sorted);
    return have;
}

static pm_status run(search *s, threads *pool, arena *scratch, pm_err *err)
{
    size_t n = s->query->rows, most = 0, n_workers = (size_t)threads_count(pool);
    s->batch = (n + n_workers - 1) / n_workers;
    if (s->batch > BATCH) s->batch = BATCH;
    for (size_t lo = 0; lo < n; lo += s->batch) {
        size_t hi = n - lo < s->batch ? n : lo + s->batch;
        size_t cells = (size_t)(s->query->start[hi] - s->query->start[lo]);
        most = cells > most ? cells : most;
    }
    s->room = arena_alloc(scratch, n_workers, sizeof *s->room);
    bool have = s->room != NULL;
    for (size_t w = 0; have && w < n_workers; w++)
        have = open_worker(scratch, s, most, &s->room[w]);
    if (!have) return err_set(err, PM_E_MEMORY, "neighbours: no memory for %zu queries", n);
    return threads_for(pool, n, s->batch, queries, s);
}

pm_status table_best_sparse(const compute *c, threads *pool, arena *scratch, const table *t,
                            const pm_csr *query, size_t k, uint32_t *index, float *similarity,
                            pm_err *err)
{
    if (!t->post_start)
        return err_set(err, PM_E_NOT_TRAINED, "neighbours: the sparse table has no index");
    if (query->cols != t->cols)
        return err_set(err, PM_E_SHAPE,
                       "neighbours: found queries of %zu columns, the table has %zu", query->cols,
                       t->cols);
    if (k == 0) return err_set(err, PM_E_ARG, "neighbours: k: found 0, wanted 1 or more");
    pm_status status = sparse_check(query, "neighbours: query", err);
    if (status || query->rows == 0) return status;
    search s = {
        .k = c->k, .t = t, .query = query, .k_asked = k, .index = index, .similarity = similarity};
    s.k_found = k < t->rows ? k : t->rows;
    if (t->rows == 0) {
        for (size_t i = 0; i < query->rows * k; i++) {
            index[i] = PM_NO_COL;
            similarity[i] = -2;
        }
        return PM_OK;
    }
    arena_mark mark = arena_save(scratch);
    status = run(&s, pool, scratch, err);
    arena_release(scratch, mark);
    return status;
}
