/* SPDX-License-Identifier: MIT
 *
 * Sparse tables: an inverted index, similarities accumulated in float32 over the columns that a query
 * has, and a canonical double merge of the two rows for the candidates.
 */
#include <math.h>

#include "math/neighbours_pick.h"

/* Entries of a normalised row below this are stored as zero, so that no product underflows and a row that
 * shares a column with a query always leaves a trace in the accumulator. */
#define SMALLEST 1e-18f

static pm_status check_csr(const pm_csr *m, const char *what, pm_err *err)
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

/* out = v / |v|; false if all are zero. */
static bool normalise(const float *v, size_t n, float *out)
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
    pm_status s = check_csr(rows, "sparse table", err);
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
        normalise(rows->val + rows->start[r], n, val + start[r]);
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
    pm_status s = check_csr(m, "sparse table", err);
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

typedef struct worker {
    float *sum;  /* [rows]: -0 = no common column */
    float *unit; /* [longest query] */
    uint32_t *hit;
    pick p;
} worker;

typedef struct search {
    const kernels *k;
    const table *t;
    const pm_csr *query;
    size_t k_asked, k_found;
    uint32_t *index;
    float *similarity;
    worker *room;
} search;

typedef struct asked {
    const search *s;
    const uint32_t *col;
    const float *unit;
    size_t n;
} asked;

static float exact(const void *query, uint32_t row, float approx)
{
    const asked *q = query;
    const pm_csr *m = &q->s->t->sparse;
    if (approx == 0 && signbit(approx)) return 0;
    uint64_t e = m->start[row], end = m->start[row + 1];
    double sum = 0;
    for (size_t i = 0; i < q->n && e < end;) {
        uint32_t a = q->col[i], b = m->col[e];
        if (a == b) sum += (double)q->unit[i] * (double)m->val[e];
        i += a <= b;
        e += b <= a;
    }
    return (float)sum;
}

static void accumulate(const table *t, const asked *q, float *sum)
{
    for (size_t r = 0; r < t->rows; r++) sum[r] = -0.0f;
    for (size_t i = 0; i < q->n; i++) {
        uint64_t end = t->post_start[q->col[i] + 1];
        for (uint64_t e = t->post_start[q->col[i]]; e < end; e++)
            sum[t->post_row[e]] += q->unit[i] * t->post_val[e];
    }
}

static void answer(const search *s, worker *w, size_t i)
{
    enum { CHUNK = 1024 };
    const pm_csr *m = s->query;
    size_t n = (size_t)(m->start[i + 1] - m->start[i]);
    asked ask = {s, m->col + m->start[i], w->unit, n};
    if (!normalise(m->val + m->start[i], n, w->unit)) ask.n = 0;
    accumulate(s->t, &ask, w->sum);
    /* n products and sums, each within 2^-24; and the rounding of the canonical value. */
    pick_start(&w->p, (double)(n + 2) * 0x1p-24 * 1.001 * s->t->norm_max + 1e-7);
    for (size_t lo = 0; lo < s->t->rows; lo += CHUNK) {
        size_t rows = s->t->rows - lo < CHUNK ? s->t->rows - lo : CHUNK;
        size_t found = s->k->above(w->sum + lo, rows, w->p.bound, w->hit);
        for (size_t h = 0; h < found; h++) {
            float approx = w->sum[lo + w->hit[h]];
            /* An untouched row cannot beat k earlier ones of at least zero. */
            bool late = w->p.n_best == w->p.k && w->p.best[0] >= 0;
            if (late && approx == 0 && signbit(approx)) continue;
            pick_push(&w->p, (uint32_t)lo + w->hit[h], approx, exact, &ask);
        }
    }
    pick_end(&w->p, exact, &ask, s->k_asked, s->index + i * s->k_asked,
             s->similarity + i * s->k_asked);
}

static pm_status queries(int worker_at, size_t lo, size_t hi, void *arg)
{
    const search *s = arg;
    for (size_t i = lo; i < hi; i++) answer(s, &s->room[worker_at], i);
    return PM_OK;
}

static bool open_worker(arena *a, const search *s, size_t longest, worker *w)
{
    size_t room = pick_room(s->k_found, s->t->rows), k = s->k_found;
    w->sum = arena_alloc(a, s->t->rows, sizeof *w->sum);
    w->unit = arena_alloc(a, longest, sizeof *w->unit);
    w->hit = arena_alloc(a, 1024, sizeof *w->hit);
    w->p.k = k;
    w->p.room = room;
    w->p.row = arena_alloc(a, room, sizeof *w->p.row);
    w->p.approx = arena_alloc(a, room, sizeof *w->p.approx);
    w->p.sorted = arena_alloc(a, room, sizeof *w->p.sorted);
    w->p.best_row = arena_alloc(a, k, sizeof *w->p.best_row);
    w->p.best = arena_alloc(a, k, sizeof *w->p.best);
    return w->sum && w->unit && w->hit && w->p.row && w->p.approx && w->p.sorted && w->p.best_row &&
           w->p.best;
}

static pm_status run(search *s, threads *pool, arena *scratch, pm_err *err)
{
    size_t n = s->query->rows, longest = 0, n_workers = (size_t)threads_count(pool);
    for (size_t i = 0; i < n; i++) {
        size_t nnz = (size_t)(s->query->start[i + 1] - s->query->start[i]);
        longest = nnz > longest ? nnz : longest;
    }
    s->room = arena_alloc(scratch, n_workers, sizeof *s->room);
    bool have = s->room != NULL;
    for (size_t w = 0; have && w < n_workers; w++)
        have = open_worker(scratch, s, longest, &s->room[w]);
    if (!have) return err_set(err, PM_E_MEMORY, "neighbours: no memory for %zu queries", n);
    return threads_for(pool, n, 8, queries, s);
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
    pm_status status = check_csr(query, "neighbours: query", err);
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
