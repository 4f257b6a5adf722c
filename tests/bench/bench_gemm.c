/* SPDX-License-Identifier: MIT
 *
 * Matrix products, in GFLOP/s, beside the register FMA rate of the kernels in use, measured in the same run;
 * and the matrix-vector product beside the time to read its matrix.  JSON lines on standard output.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "math/gemm.h"
#include "math/mat.h"
#include "math/probe.h"

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(pm_status s, const pm_err *err)
{
    if (s == PM_OK) return;
    fprintf(stderr, "bench_gemm: %s\n", err_text(err));
    exit(1);
}

typedef struct product {
    const char *name;
    size_t m, n, p;
    char ta, tb;
    pm_gemm_hint hint;
} product;

static pm_mat ones(arena *a, size_t rows, size_t cols)
{
    pm_mat m = mat_new(a, rows, cols);
    if (!m.at) exit(1);
    mat_fill(m, 1);
    return m;
}

static void measure(const compute *c, threads *pool, const product *s, double peak)
{
    pm_err err = PM_ERR_INIT;
    arena *room = arena_open(0);
    pm_mat a = s->ta == 'T' ? ones(room, s->p, s->m) : ones(room, s->m, s->p);
    pm_mat b = s->tb == 'T' ? ones(room, s->n, s->p) : ones(room, s->p, s->n);
    pm_mat out = ones(room, s->m, s->n);
    double flop = 2.0 * (double)s->m * (double)s->n * (double)s->p, best = INFINITY;
    int calls = flop > 2e8 ? 1 : (int)(2e8 / flop) + 1;
    for (int r = 0; r < 7; r++) {
        double t = seconds();
        for (int i = 0; i < calls; i++)
            must(gemm(c, pool, s->ta, s->tb, 1, mat_const(a), mat_const(b), 0, out, s->hint, &err),
                 &err);
        best = fmin(best, (seconds() - t) / calls);
    }
    arena_close(room);
    printf("{\"bench\": \"gemm\", \"case\": \"%s\", \"m\": %zu, \"n\": %zu, \"inner\": %zu, "
           "\"kernels\": \"%s\", \"blis\": \"%s\", \"threads\": %d, \"gflops\": %.1f, "
           "\"floor_fma_gflops\": %.1f, \"ratio\": %.2f}\n",
           s->name, s->m, s->n, s->p, c->k->name, c->blis, threads_count(pool), flop / best * 1e-9,
           peak, peak * best / (flop * 1e-9));
}

static void measure_gemv(const compute *c, threads *pool)
{
    size_t rows = 55000, cols = 1536;
    arena *room = arena_open(0);
    pm_mat a = ones(room, rows, cols), x = ones(room, 1, cols), y = ones(room, 1, rows);
    double best = INFINITY;
    for (int r = 0; r < 7; r++) {
        double t = seconds();
        gemv(c, pool, mat_const(a), x.at, y.at);
        best = fmin(best, seconds() - t);
    }
    double floor = probe_read_seconds(c, pool, a.at, rows * cols * sizeof(float), 7);
    arena_close(room);
    printf("{\"bench\": \"gemv\", \"rows\": %zu, \"cols\": %zu, \"threads\": %d, \"ms\": %.3f, "
           "\"floor_read_ms\": %.3f, \"ratio\": %.2f}\n",
           rows, cols, threads_count(pool), best * 1e3, floor * 1e3, best / floor);
}

int main(void)
{
    static const product all[] = {
        {"square", 1024, 1024, 1024, 'N', 'N', PM_GEMM_EXACT},
        {"layer", 4096, 384, 384, 'N', 'T', PM_GEMM_EXACT},
        {"gradient", 384, 384, 4096, 'T', 'N', PM_GEMM_EXACT},
        {"small batch", 64, 512, 2048, 'N', 'N', PM_GEMM_EXACT},
        {"rowwise", 1000, 100, 384, 'N', 'N', PM_GEMM_ROWWISE},
        {"rowwise, transposed", 1000, 100, 384, 'N', 'T', PM_GEMM_ROWWISE},
        {"one row", 1, 100, 384, 'N', 'N', PM_GEMM_ROWWISE},
    };
    compute c;
    pm_err err = PM_ERR_INIT;
    probe_result limits;
    must(compute_open(0, &c, &err), &err);
    must(probe_machine(&c, &limits, &err), &err);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        measure(&c, NULL, &all[i], limits.fma_gflops_1);
        if (threads_count(c.pool) > 1) measure(&c, c.pool, &all[i], limits.fma_gflops_all);
    }
    measure_gemv(&c, NULL);
    measure_gemv(&c, c.pool);
    compute_close(&c);
    return 0;
}
