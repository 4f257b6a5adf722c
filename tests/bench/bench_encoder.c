/* SPDX-License-Identifier: MIT
 *
 * Whole encoders and decoders: prompts of 128 tokens through the MiniLM shape and a causal model of 135 million
 * parameters, embedding lookup and pooling or nats included, at every precision; tokens a second, milliseconds a
 * prompt and GFLOP/s of the dense layers beside the register FMA rate of the same run.  Weights are a formula.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "engine_tools.h"
#include "math/mat.h"
#include "math/probe.h"

enum { TOKENS = 128, BATCH = 32, KINDS = 3, ROUNDS = 5 };

static const char *const names[KINDS] = {"float32", "fast", "int8"};

typedef struct running {
    engine_bed bed;
    nn_batch batch;
    nn_asked asked; /* n = 0: pooled instead */
    double *nats;
    pm_mat out;
} running;

static void run(void *arg)
{
    running *r = arg;
    pm_err err = PM_ERR_INIT;
    engine_bed *b = &r->bed;
    pm_mat h;
    bench_must(nn_hidden(b->e, b->c.pool, b->room, &r->batch, &h, &err), &err);
    if (r->asked.n > 0)
        bench_must(nn_nats(b->e, b->c.pool, b->room, mat_const(h), &r->asked, r->nats, NULL, &err),
                   &err);
    else
        bench_must(nn_pool(b->e, b->c.pool, b->room, &r->batch, mat_const(h), NN_POOL_MEAN, true,
                           r->out, &err),
                   &err);
}

/* Multiplications and additions of the dense layers for one token. */
static double flop_of(const nn_config *c, bool with_head)
{
    double q = (double)(c->n_heads * c->head_dim), kv = (double)(c->n_kv_heads * c->head_dim);
    double width = (double)c->width, inner = (double)c->inner;
    double layer = width * (q + 2 * kv) + q * width + (c->gated ? 3 : 2) * width * inner;
    return 2 * ((double)c->n_layers * layer + (with_head ? width * (double)c->n_vocab : 0));
}

static void prepare(running *r, size_t n, bool scored)
{
    size_t length[BATCH];
    arena *a = r->bed.a;
    for (size_t i = 0; i < n; i++) length[i] = TOKENS;
    r->batch = engine_batch(a, &r->bed.config, length, n, 0);
    r->out = mat_new(a, n, r->bed.config.width);
    r->asked = (nn_asked){0, NULL, NULL};
    if (!scored) return;
    uint32_t *at = arena_alloc(a, n * TOKENS, sizeof *at);
    r->nats = arena_alloc(a, n * TOKENS, sizeof *r->nats);
    for (size_t i = 0; i < n; i++)
        for (size_t t = 0; t + 1 < TOKENS; t++) at[r->asked.n++] = (uint32_t)(i * TOKENS + t);
    r->asked.at = at;
    r->asked.target = r->batch.id + 1; /* one sequence: the next token */
}

typedef struct task {
    const char *name;
    size_t n;
    bool scored;
    double goal_ms, goal_rate; /* NAN: none */
} task;

static void record(bench *b, const task *t, size_t kind, const running *r, double seconds,
                   double peak)
{
    double tokens = (double)(t->n * TOKENS), flop = tokens * flop_of(&r->bed.config, t->scored);
    bench_figure f = {.floor = NAN, .floor_is = "", .n = ROUNDS};
    f.value = t->n > 1 ? tokens / seconds : 1e3 * seconds;
    f.unit = t->n > 1 ? "tokens/s" : "ms";
    f.is_rate = t->n > 1;
    f.goal = kind == 1 ? (t->n > 1 ? t->goal_rate : t->goal_ms) : NAN;
    snprintf(f.what, sizeof f.what, "%s %s, batch %zu x %d", t->name, names[kind], t->n, TOKENS);
    bench_record(b, &f);
    f = (bench_figure){.value = flop / seconds * 1e-9,
                       .unit = "GFLOP/s",
                       .is_rate = true,
                       .floor = peak,
                       .floor_is = "float32 multiply-adds in registers",
                       .goal = kind == 0 && t->n > 1 ? .6 * peak : NAN,
                       .n = ROUNDS};
    snprintf(f.what, sizeof f.what, "%s %s, batch %zu: dense layers", t->name, names[kind], t->n);
    bench_record(b, &f);
}

static void measure(bench *b, nn_config config, const task *tasks, size_t n_tasks, double peak)
{
    running r[KINDS];
    bench_work w[KINDS];
    pm_err err = PM_ERR_INIT;
    for (size_t k = 0; k < KINDS; k++)
        bench_must(engine_bed_open(&r[k].bed, config, (nn_precision)(k + 1), 0, &err), &err);
    for (const task *t = tasks; t < tasks + n_tasks; t++) {
        for (size_t k = 0; k < KINDS; k++) {
            prepare(&r[k], t->n, t->scored);
            w[k] = (bench_work){run, &r[k], t->n > 1 ? 1 : 4, 0};
        }
        bench_measure(w, KINDS, ROUNDS, 1);
        for (size_t k = 0; k < KINDS; k++) record(b, t, k, &r[k], w[k].median, peak);
    }
    for (size_t k = 0; k < KINDS; k++) engine_bed_close(&r[k].bed);
}

int main(void)
{
    compute c;
    bench b;
    probe_result peak;
    pm_err err = PM_ERR_INIT;
    bench_must(compute_open(0, &c, &err), &err);
    bench_must(probe_machine(&c, &peak, &err), &err);
    bench_open(&b, "encoder", &c);
    static const task encoder[] = {{"MiniLM", BATCH, false, NAN, 50e3},
                                   {"MiniLM", 1, false, 2.8, NAN}};
    static const task decoder[] = {{"SmolLM2-135M shape, nats", 1, true, NAN, NAN}};
    nn_config minilm = engine_minilm(), smollm2 = engine_smollm2(49152);
    minilm.lm_head = NN_LM_NONE;
    smollm2.n_positions = 2048;
    measure(&b, minilm, encoder, 2, peak.fma_gflops_all);
    measure(&b, smollm2, decoder, 1, peak.fma_gflops_all);
    bench_close(&b);
    compute_close(&c);
    return 0;
}
