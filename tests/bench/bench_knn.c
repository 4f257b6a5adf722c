/* SPDX-License-Identifier: MIT
 *
 * The 40 nearest rows of a table of the usual size, 36,000 x 384 split 70 / 30, and the mean outcome of 11
 * experts over them; and one query alone.  Rows are made: unit vectors around 300 centres.  Floors of the
 * same run: the float32 products at the register FMA rate, and reading the table once.
 * JSON lines on standard output.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "base/rng.h"
#include "math/mat.h"
#include "math/neighbours.h"
#include "math/probe.h"

enum { ROWS = 25200, QUERIES = 10800, COLS = 384, K = 40, EXPERTS = 11, RUNS = 5 };

typedef struct bench {
    compute c;
    arena *room, *scratch;
    pm_mat x, outcome, mean;
    uint32_t *index;
    float *similarity;
    double peak; /* GFLOP/s, all threads */
} bench;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(pm_status s, const pm_err *err)
{
    if (s == PM_OK) return;
    fprintf(stderr, "bench_knn: %s\n", err_text(err));
    exit(1);
}

static pm_status average(int worker, size_t lo, size_t hi, void *arg)
{
    const bench *b = arg;
    (void)worker;
    for (size_t i = lo; i < hi; i++)
        for (size_t r = 0; r < K; r++)
            b->c.k->axpy(1.0f / K, pm_row(b->outcome, b->index[i * K + r]), pm_row(b->mean, i),
                         EXPERTS);
    return PM_OK;
}

static void batch(bench *b, const table *t, const char *type)
{
    pm_err err = PM_ERR_INIT;
    double best = INFINITY, floor = 2.0 * ROWS * QUERIES * COLS / b->peak * 1e-9;
    for (int r = 0; r < RUNS; r++) {
        double start = seconds();
        mat_fill(b->mean, 0);
        must(table_best(&b->c, b->c.pool, b->scratch, t, cmat_rows(mat_const(b->x), ROWS, QUERIES),
                        K, b->index, b->similarity, &err),
             &err);
        must(threads_for(b->c.pool, QUERIES, 256, average, b), &err);
        best = fmin(best, seconds() - start);
    }
    printf("{\"bench\": \"knn\", \"case\": \"batch\", \"stored\": \"%s\", \"rows\": %d, "
           "\"queries\": %d, "
           "\"cols\": %d, \"k\": %d, \"experts\": %d, \"kernels\": \"%s\", \"threads\": %d, "
           "\"seconds\": %.4f, \"floor_fma_seconds\": %.4f, \"ratio\": %.2f}\n",
           type, ROWS, QUERIES, COLS, K, EXPERTS, b->c.k->name, threads_count(b->c.pool), best,
           floor, best / floor);
}

static void single(bench *b, const table *t, const char *type, size_t bytes)
{
    pm_err err = PM_ERR_INIT;
    double best = INFINITY;
    for (size_t r = 0; r < 40; r++) {
        double start = seconds();
        must(table_best(&b->c, b->c.pool, b->scratch, t, cmat_rows(mat_const(b->x), ROWS + r, 1), K,
                        b->index, b->similarity, &err),
             &err);
        best = fmin(best, seconds() - start);
    }
    double floor = probe_read_seconds(&b->c, b->c.pool, t->at, t->rows * t->ld * bytes, 40);
    printf("{\"bench\": \"knn\", \"case\": \"single\", \"stored\": \"%s\", \"rows\": %d, \"cols\": "
           "%d, "
           "\"k\": %d, \"threads\": %d, \"ms\": %.4f, \"floor_read_ms\": %.4f, \"ratio\": %.2f}\n",
           type, ROWS, COLS, K, threads_count(b->c.pool), best * 1e3, floor * 1e3, best / floor);
}

static void make_rows(bench *b)
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
    bench b = {.room = arena_open(0), .scratch = arena_open(0)};
    pm_err err = PM_ERR_INIT;
    probe_result limits;
    must(compute_open(0, &b.c, &err), &err);
    must(probe_machine(&b.c, &limits, &err), &err);
    b.peak = limits.fma_gflops_all;
    b.x = mat_new(b.room, ROWS + QUERIES, COLS);
    b.outcome = mat_new(b.room, ROWS, EXPERTS);
    b.mean = mat_new(b.room, QUERIES, EXPERTS);
    b.index = arena_alloc(b.room, QUERIES, K * sizeof *b.index);
    b.similarity = arena_alloc(b.room, QUERIES, K * sizeof *b.similarity);
    if (!b.x.at || !b.outcome.at || !b.mean.at || !b.index || !b.similarity) return 1;
    make_rows(&b);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        table t;
        must(table_build(&b.c, b.room, cmat_rows(mat_const(b.x), 0, ROWS), kinds[i].type, &t, &err),
             &err);
        batch(&b, &t, kinds[i].name);
        single(&b, &t, kinds[i].name, kinds[i].bytes);
    }
    arena_close(b.room);
    arena_close(b.scratch);
    compute_close(&b.c);
    return 0;
}
