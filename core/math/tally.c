/* SPDX-License-Identifier: MIT
 *
 * Similarity-weighted sums: one pass over the table for similarities, the exact maximum of each query, one pass over
 * the similarities for weights and sums.  Similarities of a query alone lie row after row; of several, in groups of
 * SCAN_GROUP, so that a vector holds the same row of a whole group.
 *
 * Sums are made in parts of rows that depend on the shapes alone, in the order of the entries, and added in the
 * order of the parts.
 */
#include "math/tally.h"

#include <math.h>

#include "math/mat.h"
#include "math/neighbours_dense.h"
#include "math/tally_run.h"

#define PART_ROWS  4096 /* rows of a part, or more for many classes: adding parts stays cheap */
#define PASS_MOST  256  /* queries of a pass ... */
#define PASS_BYTES ((size_t)64 << 20) /* ... and about what their similarities may take */

/* ---- checks ---- */

/* Says what is wrong with the entries.  Kernels only notice that something is. */
static pm_status explain_entries(const table *t, const pm_tally *how, pm_err *err)
{
    size_t n = how->start ? (size_t)how->start[t->rows] : t->rows;
    for (size_t r = 0; how->start && r < t->rows; r++)
        if (how->start[r + 1] < how->start[r] || how->start[r + 1] > n)
            return err_set(
                err, PM_E_ARG, "tally: the entries of row %zu: found [%llu, %llu) of %zu", r,
                (unsigned long long)how->start[r], (unsigned long long)how->start[r + 1], n);
    for (size_t e = how->start ? (size_t)how->start[0] : 0; e < n; e++) {
        if (how->cls[e] >= how->n_classes)
            return err_set(err, PM_E_ARG, "tally: entry %zu has class %u of %zu", e,
                           (unsigned)how->cls[e], how->n_classes);
        if (how->amount && !isfinite(how->amount[e]))
            return err_set(err, PM_E_ARG, "tally: the amount of entry %zu is not finite", e);
    }
    for (size_t k = 0; how->base && k < how->n_classes; k++)
        if (!isfinite(how->base[k]))
            return err_set(err, PM_E_ARG, "tally: base[%zu] is not finite", k);
    return err_set(err, PM_E_ARG, "tally: sums are not finite");
}

static pm_status check(const table *t, pm_cmat query, const pm_tally *how, pm_err *err)
{
    size_t row, col;
    if (!t->store_as)
        return err_set(err, PM_E_UNSUPPORTED, "tally: the table is sparse, wanted a dense one");
    if (t->store_as == PM_I8 && t->cols > TALLY_I8_COLS)
        return err_set(
            err, PM_E_UNSUPPORTED,
            "tally: found an int8 table of %zu columns, at most %zu - store it as float16", t->cols,
            TALLY_I8_COLS);
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
    return PM_OK;
}

/* ---- similarities ---- */

static scan_query group_of(const tally_run *t, size_t g)
{
    size_t first = g * t->width, left = t->query.rows - first;
    scan_query q = {.at = t->unit + first * t->ld,
                    .bytes = t->packed ? t->packed + first * t->ld_bytes : NULL,
                    .step = t->step + g * SCAN_GROUP,
                    .sum = t->sum + g * SCAN_GROUP,
                    .n = left < t->width ? left : t->width,
                    .ld = t->ld,
                    .ld_bytes = t->ld_bytes};
    return q;
}

/* Rows that are none, or have no entries, are never the nearest. */
static void hide_rows(const tally_run *t, size_t b, size_t n, float *s)
{
    const pm_tally *how = t->entries.how;
    for (size_t r = 0; r < SCAN_ROWS; r++)
        if (r >= n || !tally_has_entries(how, b * SCAN_ROWS + r))
            for (size_t i = 0; i < t->width; i++) s[r * t->width + i] = -INFINITY;
}

static void scan_group(const tally_run *t, const scan_rows *rows, size_t b, size_t g)
{
    scan_query q = group_of(t, g);
    float *s = t->s + (g * t->blocks + b) * SCAN_ROWS * t->width;
    float *top = t->top + (g * t->blocks + b) * t->width, most[SCAN_GROUP];
    bool is_one = t->width == 1;
    for (size_t i = 0; i < SCAN_GROUP; i++) most[i] = -INFINITY;
    if (is_one)
        t->kind->one(rows, &q, s);
    else
        t->kind->many(rows, &q, s);
    for (size_t r = 0; r < rows->n && q.n < t->width; r++)
        for (size_t i = q.n; i < t->width; i++) s[r * t->width + i] = 0;
    if (rows->n < SCAN_ROWS || t->hides) hide_rows(t, b, rows->n, s);
    t->k->scan->top(s, SCAN_ROWS * t->width / SCAN_GROUP, most);
    for (size_t i = 1; i < SCAN_GROUP && is_one; i++)
        most[0] = most[i] > most[0] ? most[i] : most[0];
    memcpy(top, most, t->width * sizeof *top);
}

static pm_status scan(int worker, size_t lo, size_t hi, void *arg)
{
    const tally_run *t = arg;
    const table *from = t->t;
    size_t row_bytes = from->ld * dense_bytes(from->store_as);
    for (size_t b = lo; b < hi; b++) {
        size_t first = b * SCAN_ROWS, left = from->rows - first;
        scan_rows rows = {.at = (const char *)from->at + first * row_bytes,
                          .scale = from->scale ? from->scale + first : NULL,
                          .n = left < SCAN_ROWS ? left : SCAN_ROWS,
                          .ld = from->ld,
                          .cols = from->cols};
        if (t->width > 1 && t->kind->prepare) t->kind->prepare(&rows, t->worker[worker].block);
        for (size_t g = 0; g < t->groups; g++) {
            rows.is_cold = g == 0 && !t->kind->prepare;
            scan_group(t, &rows, b, g);
        }
    }
    if (t->width > 1 && t->kind->release) t->kind->release();
    return PM_OK;
}

static pm_status prepare(int worker, size_t lo, size_t hi, void *arg)
{
    const tally_run *t = arg;
    (void)worker;
    for (size_t g = lo; g < hi; g++) {
        size_t first = g * t->width;
        for (size_t i = first; i < first + t->width && i < t->query.rows; i++) tally_prepare(t, i);
        if (t->packed != t->bytes)
            t->kind->pack(t->bytes + first * t->ld_bytes, t->ld_bytes,
                          t->packed + first * t->ld_bytes);
    }
    return PM_OK;
}

static pm_status nearest(int worker, size_t lo, size_t hi, void *arg)
{
    const tally_run *t = arg;
    for (size_t i = lo; i < hi; i++) {
        float most = tally_nearest(t, i, &t->worker[worker]);
        t->inverse[i] = most > 0 ? fminf(1 / most, 1e30f) : 0;
        if (t->nearest) t->nearest[i] = most;
    }
    return PM_OK;
}

/* ---- weights and sums ---- */

/* A query alone: weights of a stretch of rows, then entry after entry. */
static bool add_alone(const tally_run *t, size_t lo, size_t hi, double *acc)
{
    enum { STRETCH = 1024 };
    float w[STRETCH];
    const pm_tally *how = t->entries.how;
    for (size_t at = lo; at < hi; at += STRETCH) {
        size_t n = hi - at < STRETCH ? hi - at : STRETCH;
        size_t whole = (n + SCAN_LANES - 1) / SCAN_LANES * SCAN_LANES; /* s has whole blocks */
        t->k->scan->weigh(t->s + at, whole, t->inverse[0], t->entries.log2_gamma, w);
        for (size_t r = 0; r < n; r++) {
            size_t first, last;
            if (!scan_range(&t->entries, at + r, &first, &last)) return false;
            for (size_t e = first; e < last; e++) {
                if (how->cls[e] >= how->n_classes) return false;
                acc[how->cls[e]] += (how->amount ? (double)how->amount[e] : 1) * (double)w[r];
            }
        }
    }
    return true;
}

static pm_status add_part(int worker, size_t lo, size_t hi, void *arg)
{
    const tally_run *t = arg;
    const pm_tally *how = t->entries.how;
    (void)worker;
    for (size_t at = lo; at < hi; at++) {
        size_t g = at / t->parts, p = at % t->parts, cells = how->n_classes * t->width;
        size_t first = p * t->part_rows, last = first + t->part_rows;
        double *acc = t->acc + at * cells;
        const float *s = t->s + (g * t->blocks * SCAN_ROWS + first) * t->width;
        if (last > t->t->rows) last = t->t->rows;
        memset(acc, 0, cells * sizeof *acc);
        bool is_sound = t->width == 1 ? add_alone(t, first, last, acc)
                                      : t->k->scan->add(&t->entries, s, first, last,
                                                        t->inverse + g * SCAN_GROUP, acc);
        if (!is_sound) return PM_E_ARG;
    }
    return PM_OK;
}

/* Parts in order; a group's sums of a class lie side by side. */
static pm_status add_parts(int worker, size_t lo, size_t hi, void *arg)
{
    const tally_run *t = arg;
    const pm_tally *how = t->entries.how;
    (void)worker;
    for (size_t g = lo; g < hi; g++) {
        size_t first = g * t->width, n = t->query.rows - first;
        if (n > t->width) n = t->width;
        for (size_t k = 0; k < how->n_classes; k++) {
            double sum[SCAN_GROUP] = {0};
            for (size_t p = 0; p < t->parts; p++) {
                const double *acc = t->acc + ((g * t->parts + p) * how->n_classes + k) * t->width;
                for (size_t i = 0; i < t->width; i++) sum[i] += acc[i];
            }
            for (size_t i = 0; i < n; i++) {
                double v = how->gamma * sum[i] + (how->base ? how->base[k] : 0);
                if (!isfinite(v)) return PM_E_ARG;
                t->out[(first + i) * how->n_classes + k] = v;
            }
        }
    }
    return PM_OK;
}

/* ---- a pass ---- */

static void *room(arena *a, size_t n, size_t m, size_t bytes)
{
    size_t cells;
    return mem_size(n, m, &cells) ? arena_alloc_uncleared(a, cells, bytes) : NULL;
}

static bool open_workers(tally_run *t, arena *a, size_t n_workers)
{
    size_t block = t->width > 1 && t->kind->prepare ? scan_room_bytes(t->t->cols) : 0;
    t->worker = arena_alloc(a, n_workers, sizeof *t->worker);
    for (size_t w = 0; t->worker && w < n_workers; w++) {
        t->worker[w].row = arena_alloc(a, t->t->cols, sizeof(float));
        t->worker[w].fine = arena_alloc(a, t->ld_bytes, 1);
        t->worker[w].block = arena_alloc_uncleared(a, block, 1);
        if (!t->worker[w].row || !t->worker[w].fine || !t->worker[w].block) return false;
    }
    return t->worker != NULL;
}

static bool open_rooms(tally_run *t, arena *a, size_t n_workers)
{
    size_t n = t->groups * t->width, cells = 0, classes = t->entries.how->n_classes;
    bool is_bytes = t->t->store_as == PM_I8, has_pack = t->width > 1 && t->kind->pack;
    if (!mem_size(n, t->ld, &cells)) return false;
    t->unit = arena_alloc(a, cells, sizeof *t->unit);
    if (!mem_size(n, t->ld_bytes, &cells)) return false;
    t->bytes = arena_alloc(a, is_bytes ? cells : 0, 1);
    t->packed = has_pack ? arena_alloc_uncleared(a, cells, 1) : t->bytes;
    t->step = arena_alloc(a, t->groups * SCAN_GROUP, sizeof *t->step);
    t->sum = arena_alloc(a, t->groups * SCAN_GROUP, sizeof *t->sum);
    t->inverse = arena_alloc(a, t->groups * SCAN_GROUP, sizeof *t->inverse);
    t->error = arena_alloc(a, n, sizeof *t->error);
    t->s = room(a, n, t->blocks * SCAN_ROWS, sizeof *t->s);
    t->top = room(a, n, t->blocks, sizeof *t->top);
    if (!mem_size(n, classes, &cells)) return false;
    t->acc = room(a, cells, t->parts, sizeof *t->acc);
    return t->unit && t->bytes && t->packed && t->step && t->sum && t->inverse && t->error &&
           t->s && t->top && t->acc && open_workers(t, a, n_workers);
}

static pm_status run_pass(tally_run *t, threads *pool, arena *scratch, pm_err *err)
{
    t->width = t->query.rows == 1 ? 1 : SCAN_GROUP;
    t->groups = (t->query.rows + t->width - 1) / t->width;
    if (!open_rooms(t, scratch, (size_t)threads_count(pool)))
        return err_set(err, PM_E_MEMORY, "tally: no memory for %zu rows x %zu queries", t->t->rows,
                       t->query.rows);
    /* 1 MiB of rows is worth a hand-over, and less with more work in it. */
    size_t block = SCAN_ROWS * (t->t->ld * dense_bytes(t->t->store_as) + 1);
    size_t grain = t->width == 1 ? ((size_t)1 << 20) / block + 1 : 1;
    pm_status st = threads_for(pool, t->groups, 1, prepare, t);
    if (st == PM_OK) st = threads_for(pool, t->blocks, grain, scan, t);
    if (st == PM_OK) st = threads_for(pool, t->query.rows, 4, nearest, t);
    if (st == PM_OK) st = threads_for(pool, t->groups * t->parts, 1, add_part, t);
    if (st == PM_OK) st = threads_for(pool, t->groups, 1, add_parts, t);
    return st == PM_E_ARG ? explain_entries(t->t, t->entries.how, err) : st;
}

/* Queries of a pass: whole groups. */
static size_t pass_size(const tally_run *t)
{
    size_t each = t->blocks * SCAN_ROWS * sizeof *t->s + 1, fit = PASS_BYTES / each;
    fit = fit / SCAN_GROUP * SCAN_GROUP;
    return fit < SCAN_GROUP ? SCAN_GROUP : fit < PASS_MOST ? fit : PASS_MOST;
}

static const scan_kind *kind_of(const scan_kernels *k, pm_dtype store_as)
{
    return store_as == PM_F32 ? &k->f32 : store_as == PM_F16 ? &k->f16 : &k->i8;
}

pm_status table_tally(const compute *c, threads *pool, arena *scratch, const table *t,
                      pm_cmat query, const pm_tally *how, double *out, float *nearest_out,
                      pm_err *err)
{
    pm_status st = check(t, query, how, err);
    if (st != PM_OK) return st;
    tally_run run = {.k = c->k, .kind = kind_of(c->k->scan, t->store_as), .t = t};
    run.entries.how = how;
    run.entries.n = how->start ? (size_t)how->start[t->rows] : t->rows;
    run.entries.log2_gamma = (float)log2(how->gamma);
    run.blocks = (t->rows + SCAN_ROWS - 1) / SCAN_ROWS;
    run.part_rows = (how->n_classes / (PART_ROWS / 4) + 1) * PART_ROWS;
    run.parts = (t->rows + run.part_rows - 1) / run.part_rows;
    run.ld = (t->cols + SCAN_LANES - 1) / SCAN_LANES * SCAN_LANES;
    run.ld_bytes = (t->cols + 63) / 64 * 64;
    for (size_t r = 0; how->start && r < t->rows; r++)
        run.hides |= how->start[r] == how->start[r + 1];
    size_t pass = pass_size(&run);
    for (size_t first = 0; first < query.rows && st == PM_OK; first += pass) {
        size_t n = query.rows - first < pass ? query.rows - first : pass;
        arena_mark mark = arena_save(scratch);
        run.query = cmat_rows(query, first, n);
        run.out = out + first * how->n_classes;
        run.nearest = nearest_out ? nearest_out + first : NULL;
        st = run_pass(&run, pool, scratch, err);
        arena_release(scratch, mark);
    }
    return st;
}
