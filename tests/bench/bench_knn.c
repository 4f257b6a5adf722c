/* SPDX-License-Identifier: MIT
 *
 * The 40 nearest rows of a table of the usual size, 36,000 x 384 split 70 / 30, and the mean outcome of 11
 * experts over them; and one query alone.  Rows are made: unit vectors around 300 centres.  Floors of the
 * same run: the float32 products at the register FMA rate, and reading the table once.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "bench.h"
#include "math/mat.h"
#include "math/neighbours.h"
#include "math/probe.h"

enum { ROWS = 25200, QUERIES = 10800, COLS = 384, K = 40, EXPERTS = 11 };
enum { BATCH_ROUNDS = 5, SINGLE_ROUNDS = 5, SINGLE_BLOCK = 15 };

typedef struct search {
    compute c;
    arena *room, *scratch;
    pm_mat x, outcome, mean;
    uint32_t *index;
    float *similarity;
    double peak; /* GFLOP/s, all threads */
    const table *t;
    size_t bytes; /* of an element of t */
    size_t next;  /* single query */
    pm_err err;
} search;

static pm_status average(int worker, size_t lo, size_t hi, void *arg)
{
    const search *b = arg;
    (void)worker;
    for (size_t i = lo; i < hi; i++)
        for (size_t r = 0; r < K; r++)
            b->c.k->axpy(1.0f / K, pm_row(b->outcome, b->index[i * K + r]), pm_row(b->mean, i),
                         EXPERTS);
    return PM_OK;
}

static void find(search *b, size_t first, size_t n)
{
    bench_must(table_best(&b->c, b->c.pool, b->scratch, b->t,
                          cmat_rows(mat_const(b->x), ROWS + first, n), K, b->index, b->similarity,
                          &b->err),
               &b->err);
}

static void all_queries(void *arg)
{
    search *b = arg;
    mat_fill(b->mean, 0);
    find(b, 0, QUERIES);
    bench_must(threads_for(b->c.pool, QUERIES, 256, average, b), &b->err);
}

static void one_query(void *arg)
{
    search *b = arg;
    find(b, b->next++ % QUERIES, 1);
}

static void read_once(void *arg)
{
    const search *b = arg;
    (void)probe_read_seconds(&b->c, b->c.pool, b->t->at, b->t->rows * b->t->ld * b->bytes, 1);
}

static void batch(search *b, bench *out, const char *type)
{
    bench_work w = {all_queries, b, 1, 0};
    size_t rounds = b->bytes == sizeof(float) ? BATCH_ROUNDS : 3;
    bench_measure(&w, 1, rounds, 1);
    bench_figure f = {.value = w.median,
                      .unit = "s",
                      .floor = 2.0 * ROWS * QUERIES * COLS / b->peak * 1e-9,
                      .floor_is = "float32 multiply-adds of all pairs, in registers",
                      .goal = b->bytes == sizeof(float) ? 0.5 : NAN,
                      .n = rounds};
    snprintf(f.what, sizeof f.what, "%s: %d queries x %d rows x %d, k = %d, %d experts", type,
             QUERIES, ROWS, COLS, K, EXPERTS);
    bench_record(out, &f);
}

static void single(search *b, bench *out, const char *type)
{
    bench_work w[2] = {{one_query, b, 1, 0}, {read_once, b, 1, 0}};
    bench_measure(w, 2, SINGLE_ROUNDS, SINGLE_BLOCK);
    bench_figure f = {.value = w[0].median * 1e3,
                      .unit = "ms",
                      .floor = w[1].median * 1e3,
                      .floor_is = "reading the table, all threads",
                      .goal = 1.2e3 * w[1].median,
                      .n = (size_t)SINGLE_ROUNDS * SINGLE_BLOCK};
    snprintf(f.what, sizeof f.what, "%s: 1 query x %d rows x %d, k = %d", type, ROWS, COLS, K);
    bench_record(out, &f);
}

static void make_rows(search *b)
{
    for (size_t i = 0; i < ROWS + QUERIES; i++) {
        size_t centre = (size_t)rng_below(1, 0, i, 300);
        for (size_t j = 0; j < COLS; j++)
            pm_row(b->x, i)[j] =
                (float)(rng_uniform(1, 1, centre * COLS + j) + rng_uniform(1, 2, i * COLS + j) - 1);
    }
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < EXPERTS; j++)
            pm_row(b->outcome, i)[j] = (float)rng_uniform(1, 3, i * EXPERTS + j);
}

int main(void)
{
    static const struct {
        pm_dtype type;
        const char *name;
        size_t bytes;
    } kinds[] = {{PM_F32, "float32", 4}, {PM_F16, "float16", 2}, {PM_I8, "int8", 1}};
    bench out;
    search b = {.room = arena_open(0), .scratch = arena_open(0)};
    pm_err err = PM_ERR_INIT;
    probe_result limits;
    bench_must(compute_open(0, &b.c, &err), &err);
    bench_must(probe_machine(&b.c, &limits, &err), &err);
    b.peak = limits.fma_gflops_all;
    b.x = mat_new(b.room, ROWS + QUERIES, COLS);
    b.outcome = mat_new(b.room, ROWS, EXPERTS);
    b.mean = mat_new(b.room, QUERIES, EXPERTS);
    b.index = arena_alloc(b.room, QUERIES, K * sizeof *b.index);
    b.similarity = arena_alloc(b.room, QUERIES, K * sizeof *b.similarity);
    if (!b.x.at || !b.outcome.at || !b.mean.at || !b.index || !b.similarity) return 1;
    make_rows(&b);
    bench_open(&out, "knn", &b.c);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        table t;
        bench_must(
            table_build(&b.c, b.room, cmat_rows(mat_const(b.x), 0, ROWS), kinds[i].type, &t, &err),
            &err);
        b.t = &t;
        b.bytes = kinds[i].bytes;
        batch(&b, &out, kinds[i].name);
        single(&b, &out, kinds[i].name);
    }
    bench_close(&out);
    arena_close(b.room);
    arena_close(b.scratch);
    compute_close(&b.c);
    return 0;
}
