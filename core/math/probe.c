/* SPDX-License-Identifier: MIT
 *
 * What the machine can do at best, measured with the kernels in use: fused multiply-adds in registers,
 * our matrix product and dense layers, reading memory.  The only place in the floor that looks at a clock.
 */
#include "math/probe.h"

#include <math.h>
#include <time.h>

#include "base/mem.h"
#include "math/gemm.h"
#include "math/linear.h"
#include "math/mat.h"

static double now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- fused multiply-adds ---- */

#if defined(__x86_64__)
/* Twelve independent chains hide the latency of the two units; asm, so that nothing is optimised away. */
#define CHAINS(X)   X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define STEP_512(i) "vfmadd231ps %%zmm12, %%zmm12, %%zmm" #i "\n\t"
#define STEP_256(i) "vfmadd231ps %%ymm15, %%ymm15, %%ymm" #i "\n\t"
#define USED(i)     "xmm" #i,

static void fma_512(size_t rounds)
{
    for (size_t r = 0; r < rounds; r++)
        __asm__ volatile("vpxorq %%zmm12, %%zmm12, %%zmm12\n\t" CHAINS(STEP_512) CHAINS(STEP_512)
                             CHAINS(STEP_512) CHAINS(STEP_512)::
                                 : CHAINS(USED) "xmm12");
}

static void fma_256(size_t rounds)
{
    for (size_t r = 0; r < rounds; r++)
        __asm__ volatile("vxorps %%ymm15, %%ymm15, %%ymm15\n\t" CHAINS(STEP_256) CHAINS(STEP_256)
                             CHAINS(STEP_256) CHAINS(STEP_256)::
                                 : CHAINS(USED) "xmm15");
}
#endif

typedef struct fma_job {
    const kernels *k;
    size_t rounds;
} fma_job;

#define FMA_PER_ROUND 48

static size_t fma_lanes(const kernels *k)
{
    return strcmp(k->name, "scalar") == 0 ? 0 : strcmp(k->name, "avx2") == 0 ? 8 : 16;
}

static pm_status fma_block(int worker, size_t lo, size_t hi, void *arg)
{
    const fma_job *j = arg;
    (void)worker;
    for (size_t b = lo; b < hi; b++) {
#if defined(__x86_64__)
        if (fma_lanes(j->k) == 16) fma_512(j->rounds);
        if (fma_lanes(j->k) == 8) fma_256(j->rounds);
#else
        (void)j;
#endif
    }
    return PM_OK;
}

/* NAN when the kernels have no vectors to measure. */
static double fma_gflops(const compute *c, threads *pool)
{
    fma_job j = {c->k, 20000};
    size_t lanes = fma_lanes(c->k), blocks = 64 * (size_t)threads_count(pool);
    double best = INFINITY;
    if (lanes == 0) return NAN;
    for (int r = 0; r < 4; r++) {
        double t = now_seconds();
        (void)threads_for(pool, blocks, 1, fma_block, &j);
        t = now_seconds() - t;
        best = t < best ? t : best;
    }
    return (double)(blocks * j.rounds * FMA_PER_ROUND * lanes * 2) / best * 1e-9;
}

/* ---- matrix product ---- */

static pm_status gemm_gflops(const compute *c, threads *pool, arena *a, double *out, pm_err *err)
{
    size_t n = 1024;
    pm_mat x = mat_new(a, n, n), y = mat_new(a, n, n), z = mat_new(a, n, n);
    if (!x.at || !y.at || !z.at) return err_set(err, PM_E_MEMORY, "probe: no memory for matrices");
    mat_fill(x, 1);
    mat_fill(y, 2);
    double best = INFINITY;
    int repeats = fma_lanes(c->k) == 0 ? 1 : 6;
    for (int r = 0; r < repeats; r++) {
        double t = now_seconds();
        pm_status s =
            gemm(c, pool, 'N', 'N', 1, mat_const(x), mat_const(y), 0, z, PM_GEMM_EXACT, err);
        if (s) return s;
        t = now_seconds() - t;
        best = t < best ? t : best;
    }
    *out = 2.0 * (double)(n * n * n) / best * 1e-9;
    return PM_OK;
}

/* ---- dense layers ---- */

enum { LAYER_ROWS = 1024, LAYER_IN = 1536, LAYER_OUT = 384 };

static pm_status ramp(void *arg, size_t lo, size_t hi, float *out, pm_err *err)
{
    (void)arg;
    (void)err;
    for (size_t i = 0; i < (hi - lo) * LAYER_IN; i++) out[i] = (float)((lo + i) % 31) - 15;
    return PM_OK;
}

static double layer_gflops(const linear *l, threads *pool, const linear_run *run, size_t rows,
                           void *room)
{
    double best = INFINITY;
    for (int r = 0; r < 5; r++) {
        double t = now_seconds();
        linear_apply(l, pool, run, rows, room);
        t = now_seconds() - t;
        best = t < best ? t : best;
    }
    return 2e-9 * (double)rows * LAYER_IN * LAYER_OUT / best;
}

static pm_status linear_gflops(const compute *c, arena *a, linear_kind kind, probe_result *out,
                               pm_err *err)
{
    linear l;
    pm_status s = linear_pack(c, a, LAYER_OUT, LAYER_IN, ramp, NULL, NULL, kind, &l, err);
    if (s) return s;
    pm_mat x = mat_new(a, LAYER_ROWS, LAYER_IN), y = mat_new(a, LAYER_ROWS, LAYER_OUT);
    void *room = arena_alloc(a, (size_t)threads_count(c->pool), linear_room(&l, LAYER_ROWS));
    if (!x.at || !y.at || !room) return err_set(err, PM_E_MEMORY, "probe: no memory for a layer");
    mat_fill(x, 1);
    linear_run run = {.x = x.at, .ldx = x.ld, .out = y.at, .ldo = y.ld};
    size_t rows = fma_lanes(c->k) == 0 ? 16 : LAYER_ROWS; /* plain C is slow */
    out->linear_gflops_1[kind - 1] = layer_gflops(&l, NULL, &run, rows, room);
    out->linear_gflops_all[kind - 1] = layer_gflops(&l, c->pool, &run, rows, room);
    return PM_OK;
}

/* ---- reading ---- */

#define READ_GRAIN ((size_t)1 << 18) /* floats: 1 MiB */

typedef struct read_job {
    const kernels *k;
    const float *at;
    size_t n;
} read_job;

/* dot(x, x) brings every line in once; the second operand is in the nearest cache by then. */
static pm_status read_block(int worker, size_t lo, size_t hi, void *arg)
{
    const read_job *j = arg;
    (void)worker;
    float sum = 0;
    for (size_t i = lo; i < hi; i += 4096)
        sum += j->k->dot(j->at + i, j->at + i, hi - i < 4096 ? hi - i : 4096);
    __asm__ volatile("" : : "m"(sum)); /* the reads have a use */
    return PM_OK;
}

double probe_read_seconds(const compute *c, threads *pool, const void *at, size_t bytes,
                          int repeats)
{
    read_job j = {c->k, at, bytes / sizeof(float)};
    double best = INFINITY;
    for (int r = 0; r < repeats; r++) {
        double t = now_seconds();
        (void)threads_for(pool, j.n, READ_GRAIN, read_block, &j);
        t = now_seconds() - t;
        best = t < best ? t : best;
    }
    return best;
}

pm_status probe_machine(const compute *c, probe_result *out, pm_err *err)
{
    size_t bytes = (size_t)256 << 20;
    arena *a = arena_open(0);
    if (!a) return err_set(err, PM_E_MEMORY, "probe: no memory");
    out->fma_gflops_1 = fma_gflops(c, NULL);
    out->fma_gflops_all = fma_gflops(c, c->pool);
    pm_status s = gemm_gflops(c, NULL, a, &out->gemm_gflops_1, err);
    if (s == PM_OK) s = gemm_gflops(c, c->pool, a, &out->gemm_gflops_all, err);
    for (int k = LINEAR_F32; s == PM_OK && k <= (int)LINEAR_I8; k++)
        s = linear_gflops(c, a, (linear_kind)k, out, err);
    float *big = s == PM_OK ? arena_alloc(a, bytes, 1) : NULL;
    if (s == PM_OK && !big) s = err_set(err, PM_E_MEMORY, "probe: no memory for %zu bytes", bytes);
    if (s == PM_OK) {
        out->read_gbs_1 = (double)bytes / probe_read_seconds(c, NULL, big, bytes, 3) * 1e-9;
        out->read_gbs_all = (double)bytes / probe_read_seconds(c, c->pool, big, bytes, 3) * 1e-9;
    }
    arena_close(a);
    return s;
}
