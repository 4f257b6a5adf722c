/* SPDX-License-Identifier: MIT
 *
 * A step of masked-LM training, 32 x 128 tokens, 15 % of them asked: forward, backward and AdamW in milliseconds and
 * GFLOP/s, float32 and as fast as the CPU goes, beside torch in the same run (tests/bench/peers_train.py, run by the program
 * that POINTSMAN_PYTHON names).  Only products are counted as work, and only those that we do.
 */
#define _XOPEN_SOURCE 700

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "formula_weights.h"
#include "math/probe.h"
#include "math/product.h"
#include "nn/adamw.h"
#include "nn/graph.h"

enum { TEXTS = 32, LENGTH = 128, TOKENS = TEXTS * LENGTH, ROUNDS = 5 };

typedef struct shape {
    const char *name;
    size_t n_layers, width, n_heads, inner, n_vocab;
    double dropout;
} shape;

static const shape shapes[] = {
    {"bert-small L4 H512", 4, 512, 8, 2048, 30522, 0},
    {"minilm L6 H384", 6, 384, 12, 1536, 30522, 0},
    {"bert-small, dropout .1", 4, 512, 8, 2048, 30522, .1},
};

typedef struct bed {
    arena *a;
    nn_config m;
    nn_layout l;
    nn_graph *g;
    float *w, *grad, *mean, *square;
    uint32_t start[TEXTS + 1], id[TOKENS], at[TOKENS], target[TOKENS];
    nn_step s;
    const compute *c;
    uint64_t steps;
} bed;

static nn_config config_of(const shape *s)
{
    return (nn_config){.family = NN_BERT,
                       .n_layers = s->n_layers,
                       .width = s->width,
                       .n_heads = s->n_heads,
                       .n_kv_heads = s->n_heads,
                       .head_dim = s->width / s->n_heads,
                       .inner = s->inner,
                       .n_vocab = s->n_vocab,
                       .n_positions = 512,
                       .n_types = 2,
                       .norm_eps = 1e-12,
                       .act = LINEAR_GELU,
                       .qkv_bias = true,
                       .bias = true,
                       .lm_head = NN_LM_MASKED,
                       .dropout = s->dropout,
                       .attention_dropout = s->dropout,
                       .init_std = .02,
                       .pad_id = 0,
                       .bos_id = -1,
                       .eos_id = -1,
                       .mask_id = -1,
                       .cls_id = -1,
                       .sep_id = -1};
}

static void fill(bed *b)
{
    uint32_t n = 0, vocab = (uint32_t)b->m.n_vocab;
    for (uint32_t i = 0; i <= TEXTS; i++) b->start[i] = i * LENGTH;
    for (uint32_t t = 0; t < TOKENS; t++) {
        b->id[t] = formula_token(1, t, 5, vocab);
        if (formula_unit(3, t) < -.7F) b->at[n++] = t;
    }
    for (uint32_t i = 0; i < n; i++) b->target[i] = formula_token(2, i, 5, vocab);
    b->s = (nn_step){.batch = {TEXTS, b->start, b->id, NULL},
                     .goal = NN_GOAL_LM,
                     .asked = {n, b->at, b->target},
                     .scale = 1.0 / n,
                     .training = true};
}

static void bed_open(bed *b, const compute *c, const shape *s)
{
    pm_err err = PM_ERR_INIT;
    memset(b, 0, sizeof *b);
    b->c = c;
    b->m = config_of(s);
    b->a = arena_open(0);
    if (!b->a) exit(1);
    bench_must(nn_layout_of(&b->m, b->a, &b->l, &err), &err);
    float **slab[] = {&b->w, &b->grad, &b->mean, &b->square};
    for (size_t i = 0; i < 4; i++) {
        *slab[i] = arena_alloc(b->a, b->l.floats, sizeof(float));
        if (!*slab[i]) exit(1);
    }
    nn_init(&b->l, 1, b->w);
    fill(b);
    bench_must(nn_graph_open(c, &b->l, TOKENS, TEXTS, &b->g, &err), &err);
}

static void step(bed *b, float *grad)
{
    pm_err err = PM_ERR_INIT;
    double loss;
    b->s.step++;
    bench_must(nn_graph_step(b->g, b->w, NULL, &b->s, &loss, grad, &err), &err);
}

static void forward(void *arg)
{
    step(arg, NULL);
}

static void both_ways(void *arg)
{
    bed *b = arg;
    step(b, b->grad);
}

static void adam(void *arg)
{
    bed *b = arg;
    nn_adamw o = NN_ADAMW_DEFAULT;
    nn_adamw_step(b->c, b->c->pool, &o, &b->l, b->l.floats, 1e-5, 1, ++b->steps, b->w, b->grad,
                  b->mean, b->square);
}

/* Of products, forward and backward. */
static double gflop(const bed *b, const shape *s)
{
    double w = (double)s->width, layer = 2 * w * (4 * w + 2 * (double)s->inner) + 4 * LENGTH * w;
    double head = 2 * w * (w + (double)s->n_vocab);
    return 3e-9 * (TOKENS * (double)s->n_layers * layer + (double)b->s.asked.n * head);
}

static void record(bench *out, const char *name, const char *what, double value, bool is_rate,
                   double floor)
{
    bench_figure f = {.value = value,
                      .unit = is_rate ? "GFLOP/s" : "ms",
                      .is_rate = is_rate,
                      .floor = floor,
                      .floor_is = "register FMA rate, float32",
                      .goal = NAN,
                      .n = ROUNDS};
    snprintf(f.what, sizeof f.what, "%.30s, %.46s", name, what);
    bench_record(out, &f);
}

static double seconds(void (*run)(void *), bed *b)
{
    double start = bench_now();
    run(b);
    return bench_now() - start;
}

/* The least of some rounds: other work on the machine only adds. */
static void measure(bench *out, bed *b, const shape *s, bool fast, double peak)
{
    char what[80];
    b->s.bf16_ok = fast;
    double forth = INFINITY, both = INFINITY, adamw = INFINITY;
    for (size_t r = 0; r <= ROUNDS; r++) {
        forth = fmin(forth, seconds(forward, b));
        both = fmin(both, seconds(both_ways, b));
        adamw = fmin(adamw, seconds(adam, b));
    }
    const char *by = product_name(b->c, fast);
    snprintf(what, sizeof what, "step (%s)", by);
    record(out, s->name, what, (both + adamw) * 1e3, false, NAN);
    snprintf(what, sizeof what, "forward (%s)", by);
    record(out, s->name, what, forth * 1e3, false, NAN);
    snprintf(what, sizeof what, "backward (%s)", by);
    record(out, s->name, what, (both - forth) * 1e3, false, NAN);
    if (!fast) record(out, s->name, "AdamW", adamw * 1e3, false, NAN);
    snprintf(what, sizeof what, "products of a step (%s)", by);
    record(out, s->name, what, gflop(b, s) / both, true, peak);
}

/* Lines "name<TAB>milliseconds" of the peers' script for one shape. */
static void peers(bench *out, const shape *s)
{
    const char *python = getenv("POINTSMAN_PYTHON"), *top = getenv("srcdir");
    char command[1024], line[256];
    snprintf(command, sizeof command, "'%s' '%s/tests/bench/peers_train.py' %zu %zu %zu %zu %zu %g",
             python ? python : "", top ? top : ".", s->n_layers, s->width, s->n_heads, s->inner,
             s->n_vocab, s->dropout);
    FILE *f = python && *python ? popen(command, "r") : NULL;
    size_t seen = 0;
    while (f && fgets(line, sizeof line, f)) {
        char *tab = strchr(line, '\t');
        if (!tab) continue;
        *tab = '\0';
        record(out, s->name, line, atof(tab + 1), false, NAN);
        seen++;
    }
    if (f) pclose(f);
    if (seen == 0) fprintf(stderr, "%s: peer absent (torch, by POINTSMAN_PYTHON)\n", s->name);
}

int main(int argc, char **argv)
{
    compute c;
    bench out;
    probe_result machine;
    pm_err err = PM_ERR_INIT;
    size_t n = argc > 1 ? (size_t)atoi(argv[1]) : sizeof shapes / sizeof *shapes;
    bench_must(compute_open(0, &c, &err), &err);
    bench_open(&out, "train_step", &c);
    bench_must(probe_machine(&c, &machine, &err), &err);
    for (size_t i = 0; i < n && i < sizeof shapes / sizeof *shapes; i++) {
        bed b;
        bed_open(&b, &c, &shapes[i]);
        measure(&out, &b, &shapes[i], false, machine.fma_gflops_all);
        measure(&out, &b, &shapes[i], true, machine.fma_gflops_all);
        nn_graph_close(b.g);
        arena_close(b.a);
        peers(&out, &shapes[i]);
    }
    bench_close(&out);
    compute_close(&c);
    return 0;
}
