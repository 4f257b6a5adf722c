/* SPDX-License-Identifier: MIT
 *
 * Matrix products: checks, the choice between BLIS, our own loops (gemm_chain.c) and our panels (gemm_panels.c), and
 * the split into blocks of the output.  Blocks depend on the shapes alone, so bits do not depend on the threads.
 */
#include "math/gemm.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef PM_WITH_BLIS
#include <blis.h>
#endif

#include "math/gemm_chain.h"
#include "math/gemm_panels.h"

#define SMALL 64 /* rows: below, packing costs BLIS more than it gains */

#ifdef PM_WITH_BLIS
/* Can this CPU run a configuration?  Those whose needs are not known here are left to users who set their
 * number (is_known). */
static bool can_run(const cpu_features *cpu, int id, bool *is_known)
{
    *is_known = true;
    switch (id) {
    case BLIS_ARCH_SKX:
        return cpu->avx512 && cpu->fma;
    case BLIS_ARCH_HASWELL:
    case BLIS_ARCH_ZEN3:
    case BLIS_ARCH_ZEN2:
    case BLIS_ARCH_ZEN:
        return cpu->avx2 && cpu->fma;
    case BLIS_ARCH_GENERIC:
        return true;
    default:
        return *is_known = false;
    }
}

/* The number of a configuration name that this CPU can run, or -1. */
static int id_of(const cpu_features *cpu, const char *name)
{
    bool is_known;
    for (int id = 0; id < BLIS_NUM_ARCHS; id++)
        if (strcmp(bli_arch_string((arch_t)id), name) == 0 && can_run(cpu, id, &is_known))
            return id;
    return -1;
}

/* A number that is set already stays, unless it is known to end in an illegal instruction here: set for
 * another machine, or inherited under an emulator that hides AVX-512. */
static bool may_stay(const cpu_features *cpu, const char *number)
{
    int id = atoi(number);
    if (id >= BLIS_NUM_ARCHS) return false; /* BLIS would abort */
    bool is_known, can = can_run(cpu, id, &is_known);
    return can || !is_known;
}

/* BLIS 0.9 reads the brand string to count FMA units; where a hypervisor masks it, or the CPU is newer
 * than the library, it falls back to AVX2 or even to plain C.  BLIS_ARCH_TYPE overrules that, but it is
 * read as a NUMBER: a name counts as 0, which is skx and an illegal instruction elsewhere.  So we set the
 * number, and translate a user's name. */
static void settle_arch(const cpu_features *cpu)
{
    const char *asked = getenv("BLIS_ARCH_TYPE");
    char number[16];
    int id = -1;
    if (asked && *asked >= '0' && *asked <= '9') {
        if (may_stay(cpu, asked)) return;
        asked = NULL;
    }
    if (asked) id = id_of(cpu, asked);
#ifdef BLIS_CONFIG_SKX
    if (id < 0) id = id_of(cpu, "skx");
#endif
#ifdef BLIS_CONFIG_HASWELL
    if (id < 0) id = id_of(cpu, "haswell");
#endif
    snprintf(number, sizeof number, "%d", id);
    if (id >= 0)
        setenv("BLIS_ARCH_TYPE", number, 1);
    else
        unsetenv("BLIS_ARCH_TYPE");
}
#endif

void gemm_blis_start(const cpu_features *cpu)
{
#ifdef PM_WITH_BLIS
    settle_arch(cpu);
    bli_init();
    bli_thread_set_num_threads(1);
#else
    (void)cpu;
#endif
}

const char *gemm_blis_config(void)
{
#ifdef PM_WITH_BLIS
    return bli_arch_string(bli_arch_query_id());
#else
    return "reference";
#endif
}

#ifdef PM_WITH_BLIS
/* One block of the output by BLIS, in this thread. */
static void blis_block(const gemm_job *g, size_t i0, size_t j0, size_t rows, size_t cols)
{
    inc_t as = (inc_t)g->a.ld, bs = (inc_t)g->b.ld;
    inc_t rs_a = g->ta == 'T' ? 1 : as, cs_a = g->ta == 'T' ? as : 1;
    inc_t rs_b = g->tb == 'T' ? 1 : bs, cs_b = g->tb == 'T' ? bs : 1;
    const float *a = g->a.at + (inc_t)i0 * rs_a, *b = g->b.at + (inc_t)j0 * cs_b;
    float alpha = g->alpha, beta = g->beta;
    rntm_t one;
    bli_rntm_init(&one);
    bli_rntm_set_num_threads(1, &one);
    /* BLIS 0.9 declares its inputs without const and does not write them. */
    bli_sgemm_ex(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, (dim_t)rows, (dim_t)cols, (dim_t)g->inner,
                 &alpha, (float *)(uintptr_t)a, rs_a, cs_a, (float *)(uintptr_t)b, rs_b, cs_b,
                 &beta, g->out.at + i0 * g->out.ld + j0, (inc_t)g->out.ld, 1, NULL, &one);
}
#endif

static void run_block(const gemm_job *g, size_t i0, size_t j0, size_t rows, size_t cols)
{
#ifdef PM_WITH_BLIS
    if (!g->chain) {
        blis_block(g, i0, j0, rows, cols);
        return;
    }
#endif
    gemm_chain_block(g, i0, j0, rows, cols);
}

static pm_status over_rows(int worker, size_t lo, size_t hi, void *arg)
{
    const gemm_job *g = arg;
    (void)worker;
    run_block(g, lo, 0, hi - lo, g->out.cols);
    return PM_OK;
}

static pm_status over_cols(int worker, size_t lo, size_t hi, void *arg)
{
    const gemm_job *g = arg;
    (void)worker;
    run_block(g, 0, lo, g->out.rows, hi - lo);
    return PM_OK;
}

/* An eighth of the longer side in whole 64s, within [least, 512]. */
static size_t grain(size_t n, size_t least)
{
    size_t g = (n / 8 + 63) / 64 * 64;
    return g < least ? least : g > 512 ? 512 : g;
}

static pm_status check(const gemm_job *g, pm_err *err)
{
    bool letters = (g->ta == 'N' || g->ta == 'T') && (g->tb == 'N' || g->tb == 'T');
    if (!letters)
        return err_set(err, PM_E_ARG, "gemm: found transposition '%c', '%c', wanted 'N' or 'T'",
                       g->ta, g->tb);
    bool ta = g->ta == 'T', tb = g->tb == 'T';
    size_t m = ta ? g->a.cols : g->a.rows, pa = ta ? g->a.rows : g->a.cols;
    size_t n = tb ? g->b.rows : g->b.cols, pb = tb ? g->b.cols : g->b.rows;
    if (pa != pb || m != g->out.rows || n != g->out.cols)
        return err_set(err, PM_E_SHAPE,
                       "gemm: [%zu x %zu]%s times [%zu x %zu]%s does not fit into [%zu x %zu]",
                       g->a.rows, g->a.cols, ta ? "'" : "", g->b.rows, g->b.cols, tb ? "'" : "",
                       g->out.rows, g->out.cols);
    bool strides = (g->a.ld == 0 || g->a.ld >= g->a.cols) && (g->b.ld == 0 || g->b.ld >= g->b.cols);
    if (!strides || (g->out.ld < g->out.cols && g->out.rows > 1))
        return err_set(err, PM_E_SHAPE,
                       "gemm: a row stride (%zu, %zu, %zu) is shorter than its row", g->a.ld,
                       g->b.ld, g->out.ld);
    return PM_OK;
}

pm_status gemm(const compute *c, threads *pool, char ta, char tb, float alpha, pm_cmat a, pm_cmat b,
               float beta, pm_mat out, pm_gemm_hint hint, pm_err *err)
{
    gemm_job g = {c->k, ta, tb, alpha, beta, a, b, out, ta == 'T' ? a.rows : a.cols, true};
    pm_status s = check(&g, err);
    if (s || out.rows == 0 || out.cols == 0) return s;
    if (hint == PM_GEMM_BF16_OK && gemm_panels_suit(c, &g)) return gemm_panels(c, pool, &g, err);
#ifdef PM_WITH_BLIS
    bool strided = a.ld != 0 && b.ld != 0;
    g.chain = hint == PM_GEMM_ROWWISE || !strided || g.inner == 0 ||
              (out.rows <= SMALL && tb == 'N');
#else
    (void)hint;
#endif
    bool tall = out.rows >= out.cols;
    double work = (double)out.rows * (double)out.cols * (double)g.inner;
    if (work < 65536) { /* cheaper than waking a thread */
        run_block(&g, 0, 0, out.rows, out.cols);
        return PM_OK;
    }
    if (tall) return threads_for(pool, out.rows, grain(out.rows, 64), over_rows, &g);
    return threads_for(pool, out.cols, grain(out.cols, 64), over_cols, &g);
}

typedef struct gemv_job {
    const kernels *k;
    pm_cmat a;
    const float *x;
    float *y;
} gemv_job;

static pm_status gemv_rows(int worker, size_t lo, size_t hi, void *arg)
{
    const gemv_job *g = arg;
    (void)worker;
    g->k->gemv(pm_crow(g->a, lo), hi - lo, g->a.cols, g->a.ld, g->x, g->y + lo);
    return PM_OK;
}

void gemv(const compute *c, threads *pool, pm_cmat a, const float *x, float *y)
{
    gemv_job g = {c->k, a, x, y};
    size_t per_block = a.cols == 0 ? a.rows : 65536 / a.cols + 1; /* 256 KiB: worth a hand-over */
    (void)threads_for(pool, a.rows, per_block + (per_block == 0), gemv_rows, &g);
}
