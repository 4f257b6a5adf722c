/* SPDX-License-Identifier: MIT
 *
 * Matrix products, in GFLOP/s, beside the register FMA rate of the kernels in use, measured in the same run;
 * and the matrix-vector product beside the time to read its matrix.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "bench.h"
#include "math/gemm.h"
#include "math/mat.h"
#include "math/probe.h"

enum { ROUNDS = 7 };

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

typedef struct multiplying {
    const compute *c;
    threads *pool;
    const product *s;
    pm_cmat a, b;
    pm_mat out;
    pm_err err;
} multiplying;

static void multiply(void *arg)
{
    multiplying *p = arg;
    bench_must(
        gemm(p->c, p->pool, p->s->ta, p->s->tb, 1, p->a, p->b, 0, p->out, p->s->hint, &p->err),
        &p->err);
}

static void measure(bench *out, threads *pool, const product *s, double peak)
{
    arena *room = arena_open(0);
    multiplying p = {
        .c = out->c,
        .pool = pool,
        .s = s,
        .a = mat_const(s->ta == 'T' ? ones(room, s->p, s->m) : ones(room, s->m, s->p)),
        .b = mat_const(s->tb == 'T' ? ones(room, s->n, s->p) : ones(room, s->p, s->n)),
        .out = ones(room, s->m, s->n),
    };
    double flop = 2.0 * (double)s->m * (double)s->n * (double)s->p;
    bench_work w = {multiply, &p, flop > 2e8 ? 1 : (size_t)(2e8 / flop) + 1, 0};
    bench_measure(&w, 1, ROUNDS, 1);
    arena_close(room);
    bench_figure f = {.value = flop / w.median * 1e-9,
                      .unit = "GFLOP/s",
                      .is_rate = true,
                      .floor = peak,
                      .floor_is = "fused multiply-adds in registers",
                      .goal = NAN,
                      .n = ROUNDS};
    int n_threads = threads_count(pool);
    snprintf(f.what, sizeof f.what, "%s: %zu x %zu, inner %zu, %d thread%s", s->name, s->m, s->n,
             s->p, n_threads, n_threads == 1 ? "" : "s");
    bench_record(out, &f);
}

typedef struct streaming {
    const compute *c;
    threads *pool;
    pm_mat a, x, y;
} streaming;

static void stream(void *arg)
{
    const streaming *s = arg;
    gemv(s->c, s->pool, mat_const(s->a), s->x.at, s->y.at);
}

static void read_once(void *arg)
{
    const streaming *s = arg;
    (void)probe_read_seconds(s->c, s->pool, s->a.at, s->a.rows * s->a.cols * sizeof(float), 1);
}

static void measure_gemv(bench *out, threads *pool)
{
    size_t rows = 55000, cols = 1536;
    arena *room = arena_open(0);
    streaming s = {out->c, pool, ones(room, rows, cols), ones(room, 1, cols), ones(room, 1, rows)};
    bench_work w[2] = {{stream, &s, 1, 0}, {read_once, &s, 1, 0}};
    bench_measure(w, 2, ROUNDS, 3);
    arena_close(room);
    bench_figure f = {.value = w[0].median * 1e3,
                      .unit = "ms",
                      .floor = w[1].median * 1e3,
                      .floor_is = "reading the matrix",
                      .goal = NAN,
                      .n = (size_t)3 * ROUNDS};
    int n_threads = threads_count(pool);
    snprintf(f.what, sizeof f.what, "matrix times vector: %zu x %zu, %d thread%s", rows, cols,
             n_threads, n_threads == 1 ? "" : "s");
    bench_record(out, &f);
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
        {"training, forward", 4096, 512, 512, 'N', 'T', PM_GEMM_EXACT},
        {"training, forward, bf16 allowed", 4096, 512, 512, 'N', 'T', PM_GEMM_BF16_OK},
        {"training, wide, bf16 allowed", 4096, 2048, 512, 'N', 'T', PM_GEMM_BF16_OK},
        {"training, backward, bf16 allowed", 4096, 512, 2048, 'N', 'N', PM_GEMM_BF16_OK},
        {"training, weights", 512, 512, 4096, 'T', 'N', PM_GEMM_EXACT},
        {"training, weights, bf16 allowed", 512, 512, 4096, 'T', 'N', PM_GEMM_BF16_OK},
        {"one row", 1, 100, 384, 'N', 'N', PM_GEMM_ROWWISE},
    };
    compute c;
    pm_err err = PM_ERR_INIT;
    probe_result limits;
    bench out;
    bench_must(compute_open(0, &c, &err), &err);
    bench_must(probe_machine(&c, &limits, &err), &err);
    bench_open(&out, "gemm", &c);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        measure(&out, NULL, &all[i], limits.fma_gflops_1);
        if (threads_count(c.pool) > 1) measure(&out, c.pool, &all[i], limits.fma_gflops_all);
    }
    measure_gemv(&out, NULL);
    if (threads_count(c.pool) > 1) measure_gemv(&out, c.pool);
    bench_close(&out);
    compute_close(&c);
    return 0;
}
