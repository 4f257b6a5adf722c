/* SPDX-License-Identifier: MIT
 *
 * Rows of activations beside a copy of them (the floor: each number read and written once), attention beside the
 * register FMA rate of the kernels in use.  One thread.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "bench.h"
#include "math/attention.h"
#include "math/probe.h"
#include "math/rows.h"

enum {
    TOKENS = 128,
    WIDTH = 384,
    INNER = 1536,
    VOCABULARY = 30522,
    FEW = 6,
    ROUNDS = 5,
    BLOCK = 5
};

static float *floats(arena *a, size_t n)
{
    float *x = arena_alloc(a, n, sizeof *x);
    if (!x) exit(1);
    for (size_t i = 0; i < n; i++) x[i] = (float)(4 * rng_uniform(1, 0, i) - 2);
    return x;
}

/* ---- rows ------------------------------------------------------------------------------------------------ */

typedef struct rows_work {
    const compute *c;
    float *x, *y, *g, *mean, *rstd;
    uint32_t *at;
    size_t rows, cols;
} rows_work;

static pm_cmat in(const rows_work *w)
{
    return (pm_cmat){w->x, w->rows, w->cols, w->cols};
}
static pm_mat out(const rows_work *w)
{
    return (pm_mat){w->y, w->rows, w->cols, w->cols};
}

static void layer_norm(void *arg)
{
    rows_work *w = arg;
    rows_layer_norm(w->c, in(w), w->g, w->g, 1e-12f, out(w), w->mean, w->rstd);
}
static void layer_norm_back(void *arg)
{
    rows_work *w = arg;
    rows_layer_norm_back(w->c, in(w), in(w), w->g, w->mean, w->rstd, out(w), w->g + w->cols,
                         w->g + 2 * w->cols);
}
static void rms_norm(void *arg)
{
    rows_work *w = arg;
    rows_rms_norm(w->c, in(w), w->g, 1e-6f, out(w), w->rstd);
}
static void gelu(void *arg)
{
    rows_work *w = arg;
    rows_act(w->c, LINEAR_GELU, w->x, w->y, w->rows * w->cols);
}
static void gelu_back(void *arg)
{
    rows_work *w = arg;
    rows_act_back(w->c, LINEAR_GELU, w->x, w->x, w->y, w->rows * w->cols);
}
static void silu(void *arg)
{
    rows_work *w = arg;
    rows_act(w->c, LINEAR_SILU, w->x, w->y, w->rows * w->cols);
}
static void softmax(void *arg)
{
    rows_work *w = arg;
    rows_softmax(w->c, out(w));
}
static void logsumexp(void *arg)
{
    rows_work *w = arg;
    rows_logsumexp(w->c, in(w), w->mean, w->at);
}
static void cross_entropy(void *arg)
{
    rows_work *w = arg;
    rows_cross_entropy(w->c, out(w), w->at, NULL, w->mean);
}
static void rotary(void *arg)
{
    rows_work *w = arg;
    rows_rotary(w->c, out(w), w->cols / 32, 32, w->g, w->at, 1);
}
static void dropout(void *arg)
{
    rows_work *w = arg;
    rows_dropout(w->c, w->y, w->rows * w->cols, 0.1f, 1, 2, 0);
}
static void copy(void *arg)
{
    rows_work *w = arg;
    memcpy(w->y, w->x, w->rows * w->cols * sizeof *w->x);
}

static void measure_rows(bench *b, const char *name, void (*run)(void *), rows_work w)
{
    bench_work both[2] = {{run, &w, 4, 0}, {copy, &w, 4, 0}};
    bench_measure(both, 2, ROUNDS, BLOCK);
    const double n = (double)(w.rows * w.cols) * 1e-9;
    bench_figure f = {.value = n / both[0].median,
                      .unit = "G numbers/s",
                      .is_rate = true,
                      .floor = n / both[1].median,
                      .floor_is = "a copy of them",
                      .goal = NAN,
                      .n = ROUNDS * BLOCK};
    snprintf(f.what, sizeof f.what, "%s, %zu x %zu", name, w.rows, w.cols);
    bench_record(b, &f);
}

static void all_rows(bench *b, arena *a)
{
    rows_work w = {b->c,
                   floats(a, FEW * VOCABULARY + TOKENS * INNER),
                   NULL,
                   floats(a, 3 * INNER),
                   floats(a, TOKENS),
                   floats(a, TOKENS),
                   NULL,
                   TOKENS,
                   WIDTH};
    w.y = floats(a, FEW * VOCABULARY + TOKENS * INNER);
    w.at = arena_alloc(a, TOKENS, sizeof *w.at);
    if (!w.at) exit(1);
    memset(w.at, 0, TOKENS * sizeof *w.at);
    measure_rows(b, "LayerNorm", layer_norm, w);
    measure_rows(b, "LayerNorm, derivative", layer_norm_back, w);
    measure_rows(b, "RMSNorm", rms_norm, w);
    measure_rows(b, "rotary positions", rotary, w);
    w.cols = INNER;
    measure_rows(b, "GELU", gelu, w);
    measure_rows(b, "GELU, derivative", gelu_back, w);
    measure_rows(b, "SiLU", silu, w);
    measure_rows(b, "softmax", softmax, w);
    measure_rows(b, "dropout", dropout, w);
    w.rows = FEW;
    w.cols = VOCABULARY;
    measure_rows(b, "logsumexp", logsumexp, w);
    measure_rows(b, "cross-entropy with its derivative", cross_entropy, w);
}

/* ---- attention -------------------------------------------------------------------------------------------- */

typedef struct attention_work {
    const compute *c;
    attention_run r;
    attention_back b;
    void *room;
} attention_work;

static void forward(void *arg)
{
    attention_work *w = arg;
    attention_heads(w->c, &w->r, 0, w->r.n_heads, w->room);
}
static void backward(void *arg)
{
    attention_work *w = arg;
    attention_backward(w->c, &w->b, 0, w->r.n_kv_heads, w->room);
}

static void record(bench *b, const attention_work *w, const char *name, double flop, double peak,
                   void (*run)(void *))
{
    bench_work one = {run, (void *)w, flop < 5e7 ? 10 : 1, 0};
    bench_measure(&one, 1, ROUNDS, BLOCK);
    bench_figure f = {.value = flop / one.median * 1e-9,
                      .unit = "GFLOP/s",
                      .is_rate = true,
                      .floor = peak,
                      .floor_is = "register FMA rate",
                      .goal = NAN,
                      .n = ROUNDS * BLOCK};
    snprintf(f.what, sizeof f.what, "attention, %s", name);
    bench_record(b, &f);
}

typedef struct attention_case {
    const char *name;
    size_t heads, kv, dim, n_q, n_k;
    bool causal, trained;
} attention_case;

static void measure_attention(bench *b, const attention_case *s, double peak)
{
    arena *a = arena_open(0);
    if (!a) exit(1);
    const size_t w = s->heads * s->dim, wk = s->kv * s->dim;
    attention_work t = {.c = b->c};
    t.r = (attention_run){floats(a, s->n_q * w),
                          w,
                          floats(a, s->n_k * wk),
                          floats(a, s->n_k * wk),
                          wk,
                          wk,
                          floats(a, s->n_q * w),
                          w,
                          s->heads,
                          s->kv,
                          s->dim,
                          s->n_q,
                          s->n_k,
                          s->causal,
                          1 / sqrtf((float)s->dim),
                          true};
    size_t room = attention_room(b->c, &t.r), back = attention_back_room(b->c, &t.r);
    t.room = floats(a, (room > back ? room : back) / sizeof(float));
    const double seen = s->causal && s->n_q > 1 ? 0.5 : 1;
    const double flop = 4 * seen * (double)(s->n_q * s->n_k) * (double)w;
    record(b, &t, s->name, flop, peak, forward);
    if (s->trained) {
        char name[64];
        float *lse = floats(a, s->heads * s->n_q);
        attention_forward_keep(b->c, &t.r, NULL, lse, 0, s->heads, t.room);
        t.b = (attention_back){&t.r,
                               NULL,
                               lse,
                               floats(a, s->n_q * w),
                               w,
                               floats(a, s->n_q * w),
                               floats(a, s->n_k * wk),
                               floats(a, s->n_k * wk),
                               w,
                               wk,
                               wk};
        snprintf(name, sizeof name, "%s, derivative", s->name);
        record(b, &t, name, 2.5 * flop, peak, backward);
    }
    arena_close(a);
}

int main(void)
{
    static const attention_case cases[] = {
        {"12 heads of 32, 128 tokens", 12, 12, 32, 128, 128, false, true},
        {"12 heads of 32, 20 tokens", 12, 12, 32, 20, 20, false, false},
        {"12 heads of 64, 512 tokens", 12, 12, 64, 512, 512, false, true},
        {"9 of 3 heads of 64, causal, 512 tokens", 9, 3, 64, 512, 512, true, true},
        {"8 of 2 heads of 128, causal, 2048 tokens", 8, 2, 128, 2048, 2048, true, false},
        {"9 of 3 heads of 64, one query, 2048 keys", 9, 3, 64, 1, 2048, true, false},
    };
    pm_err err = PM_ERR_INIT;
    compute c;
    probe_result machine;
    bench b;
    arena *a = arena_open(0);
    if (!a) return 1;
    bench_must(compute_open(1, &c, &err), &err);
    bench_open(&b, "rows", &c);
    bench_must(probe_machine(&c, &machine, &err), &err);
    all_rows(&b, a);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        measure_attention(&b, &cases[i], machine.fma_gflops_1);
    bench_close(&b);
    compute_close(&c);
    arena_close(a);
    return 0;
}
