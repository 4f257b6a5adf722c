/* SPDX-License-Identifier: MIT
 *
 * Dense layers in GFLOP/s at the shapes of two models, for each kind and on one thread and all: beside the register
 * FMA rate of the kernels in use and beside gemm() (BLIS) in the same rounds; packing in milliseconds.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "bench.h"
#include "math/gemm.h"
#include "math/linear.h"
#include "math/mat.h"
#include "math/probe.h"

enum { ROUNDS = 9, KINDS = 3 };

typedef struct shape {
    size_t rows, n_in, n_out;
    linear_act act;
} shape;

typedef struct applying {
    const compute *c;
    threads *pool;
    const shape *s;
    linear layer;
    linear_run run;
    void *room;
    pm_cmat x, w;
    pm_mat out;
} applying;

static void apply(void *arg)
{
    const applying *a = arg;
    linear_apply(&a->layer, a->pool, &a->run, a->s->rows, a->room);
}

static void by_gemm(void *arg)
{
    const applying *a = arg;
    pm_err err = PM_ERR_INIT;
    bench_must(gemm(a->c, a->pool, 'N', 'T', 1, a->x, a->w, 0, a->out, PM_GEMM_EXACT, &err), &err);
}

static float *numbers(arena *a, size_t n, uint64_t seed)
{
    float *x = arena_alloc_uncleared(a, n, sizeof *x);
    if (!x) exit(1);
    for (size_t i = 0; i < n; i++) x[i] = (float)(2 * rng_uniform(seed, 0, i) - 1);
    return x;
}

static pm_status fetch(void *arg, size_t lo, size_t hi, float *out, pm_err *err)
{
    const pm_cmat *w = arg;
    (void)err;
    memcpy(out, w->at + lo * w->ld, (hi - lo) * w->ld * sizeof *out);
    return PM_OK;
}

static applying prepared(arena *a, const compute *c, const shape *s, linear_kind kind)
{
    applying p = {.c = c, .s = s};
    pm_err err = PM_ERR_INIT;
    p.x = (pm_cmat){numbers(a, s->rows * s->n_in, 1), s->rows, s->n_in, s->n_in};
    p.w = (pm_cmat){numbers(a, s->n_out * s->n_in, 2), s->n_out, s->n_in, s->n_in};
    p.out = (pm_mat){numbers(a, s->rows * s->n_out, 3), s->rows, s->n_out, s->n_out};
    const float *bias = numbers(a, s->n_out, 4);
    bench_must(linear_pack(c, a, s->n_out, s->n_in, fetch, &p.w, bias, kind, &p.layer, &err), &err);
    p.run =
        (linear_run){.x = p.x.at, .ldx = s->n_in, .out = p.out.at, .ldo = s->n_out, .act = s->act};
    p.room = arena_alloc_uncleared(
        a, (size_t)threads_count(c->pool) * linear_room(&p.layer, s->rows), 1);
    if (!p.room) exit(1);
    return p;
}

static void record(bench *b, const shape *s, const char *name, int n_threads, double seconds,
                   double peak)
{
    bench_figure f = {.value = 2e-9 * (double)s->rows * (double)s->n_in * (double)s->n_out /
                               seconds,
                      .unit = "GFLOP/s",
                      .is_rate = true,
                      .floor = peak,
                      .floor_is = "float32 multiply-adds in registers",
                      .goal = NAN,
                      .n = ROUNDS};
    snprintf(f.what, sizeof f.what, "%s: %zu x %zu to %zu%s, %d thread%s", name, s->rows, s->n_in,
             s->n_out, s->act ? " gelu" : "", n_threads, n_threads == 1 ? "" : "s");
    bench_record(b, &f);
}

static void measure(bench *b, threads *pool, const shape *s, double peak)
{
    arena *a = arena_open(0);
    applying p[KINDS];
    bench_work w[KINDS + 1];
    double flop = 2.0 * (double)s->rows * (double)s->n_in * (double)s->n_out;
    size_t calls = flop > 1e8 ? 1 : (size_t)(1e8 / flop) + 1;
    for (size_t k = 0; k < KINDS; k++) {
        p[k] = prepared(a, b->c, s, (linear_kind)(k + 1));
        p[k].pool = pool;
        w[k] = (bench_work){apply, &p[k], calls, 0};
    }
    w[KINDS] = (bench_work){by_gemm, &p[0], calls, 0};
    bench_measure(w, KINDS + 1, ROUNDS, 1);
    int n = threads_count(pool);
    for (size_t k = 0; k < KINDS; k++)
        record(b, s, linear_kernel_name(b->c, (linear_kind)(k + 1)), n, w[k].median, peak);
    record(b, s, "gemm", n, w[KINDS].median, peak);
    arena_close(a);
}

typedef struct packing {
    const compute *c;
    pm_cmat w;
    linear_kind kind;
} packing;

static void pack(void *arg)
{
    packing *p = arg;
    arena *a = arena_open(0);
    linear l;
    pm_err err = PM_ERR_INIT;
    bench_must(linear_pack(p->c, a, p->w.rows, p->w.cols, fetch, &p->w, NULL, p->kind, &l, &err),
               &err);
    arena_close(a);
}

static void measure_pack(bench *b)
{
    arena *a = arena_open(0);
    size_t n = 1536, m = 6912; /* all the dense layers of six blocks of width 384 */
    pm_cmat w = {numbers(a, n * m, 1), m, n, n};
    for (int k = 1; k <= KINDS; k++) {
        packing p = {b->c, w, (linear_kind)k};
        bench_work work = {pack, &p, 1, 0};
        bench_measure(&work, 1, ROUNDS, 1);
        bench_figure f = {
            .value = work.median * 1e3, .unit = "ms", .floor = NAN, .goal = 50, .n = ROUNDS};
        snprintf(f.what, sizeof f.what, "packing %zu x %zu, %s", m, n,
                 linear_kernel_name(b->c, (linear_kind)k));
        bench_record(b, &f);
    }
    arena_close(a);
}

int main(int argc, char **argv)
{
    static const shape all[] = {
        {128, 384, 1152, LINEAR_NONE},  {128, 384, 384, LINEAR_NONE},
        {128, 384, 1536, LINEAR_GELU},  {128, 1536, 384, LINEAR_NONE},
        {4096, 384, 1152, LINEAR_NONE}, {4096, 384, 384, LINEAR_NONE},
        {4096, 384, 1536, LINEAR_GELU}, {4096, 1536, 384, LINEAR_NONE},
        {128, 576, 1536, LINEAR_SILU},  {128, 1536, 576, LINEAR_NONE},
        {1, 576, 576, LINEAR_NONE},     {1, 576, 1536, LINEAR_NONE},
        {1, 576, 49152, LINEAR_NONE},
    };
    compute c;
    pm_err err = PM_ERR_INIT;
    probe_result limits;
    bench out;
    bench_must(compute_open(0, &c, &err), &err);
    bench_must(probe_machine(&c, &limits, &err), &err);
    bench_open(&out, "linear", &c);
    size_t only = argc > 1 ? (size_t)atoi(argv[1]) : SIZE_MAX;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (only != SIZE_MAX && only != i) continue;
        measure(&out, NULL, &all[i], limits.fma_gflops_1);
        if (threads_count(c.pool) > 1) measure(&out, c.pool, &all[i], limits.fma_gflops_all);
    }
    measure_pack(&out);
    bench_close(&out);
    compute_close(&c);
    return 0;
}
