/* SPDX-License-Identifier: MIT
 *
 * matrix_factorization on made-up battles of RouteLLM's shape (52,250 pairs on as many prompts, 64 experts, 1536
 * dimensions, rank 128, batches of 64, noise): seconds of an epoch beside its matrix products at the peak rate of
 * fused multiply-adds; decisions a second of two experts (one dot product) and of all 64, beside reading embeddings
 * and beside the peak rate.
 * Usage: bench_mf [fit|decide]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "bed.h"
#include "math/probe.h"
#include "plug/params.h"

enum { PAIRS = 52250, D = 1536, EXPERTS = 64, RANK = 128, BATCH = 64, ASKED = 128, ROUNDS = 9 };

typedef struct problem {
    pm_library lib;
    pm_prompts x;
    pm_outcomes y;
} problem;

static void *room(bed *b, size_t count, size_t bytes)
{
    void *at = arena_alloc(b->room, count, bytes);
    if (!at) exit(1);
    return at;
}

/* Unit vectors; battles that a few coordinates decide. */
static problem make(bed *b, size_t n, size_t m)
{
    float *e = room(b, n * D, sizeof *e);
    pm_battle *k = room(b, n, sizeof *k);
    uint64_t *id = room(b, n, sizeof *id);
    for (size_t i = 0; i < n; i++) {
        float *row = e + i * D;
        double square = 0;
        for (size_t t = 0; t < D; t++) {
            row[t] = (float)(2 * rng_uniform(1, 1, i * D + t) - 1);
            square += (double)row[t] * (double)row[t];
        }
        for (size_t t = 0; t < D; t++) row[t] /= (float)sqrt(square);
        uint32_t a = (uint32_t)rng_below(1, 2, i, m);
        uint32_t other = (uint32_t)((a + 1 + rng_below(1, 3, i, m - 1)) % m);
        double lead = 0.05 * ((double)other - (double)a) + 20 * (double)(row[a] - row[other]);
        k[i] =
            (pm_battle){(uint32_t)i, a, other, 0, rng_uniform(1, 4, i) < 1 / (1 + exp(-lead)), 1};
        id[i] = i;
    }
    problem p = {.lib = b->lib.view};
    p.lib.n = m;
    p.x = (pm_prompts){.size = sizeof p.x, .n = n, .id = id, .embed = {e, n, D, D}};
    p.y = (pm_outcomes){.size = sizeof p.y, .kind = PM_VALUE_QUALITY, .battle = k, .n_battles = n};
    return p;
}

/* RouteLLM's recipe. */
static router *train(bed *b, const problem *p, double epochs)
{
    param_value v[] = {{.name = "rank", .kind = PARAM_NUMBER, .number = RANK},
                       {.name = "members", .kind = PARAM_NUMBER, .number = 1},
                       {.name = "epochs", .kind = PARAM_NUMBER, .number = epochs},
                       {.name = "folds", .kind = PARAM_NUMBER, .number = 0},
                       {.name = "slows", .kind = PARAM_FLAG, .flag = false},
                       {.name = "ties", .kind = PARAM_TEXT, .text = "drop"},
                       {.name = "experts", .kind = PARAM_TEXT, .text = "unit"},
                       {.name = "weights", .kind = PARAM_TEXT, .text = "learned"},
                       {.name = "bias", .kind = PARAM_TEXT, .text = "none"},
                       {.name = "lr", .kind = PARAM_NUMBER, .number = 3e-4},
                       {.name = "l2", .kind = PARAM_NUMBER, .number = 1e-5},
                       {.name = "noise", .kind = PARAM_NUMBER, .number = 0.1},
                       {.name = "batch", .kind = PARAM_NUMBER, .number = BATCH}};
    const plugin_entry *e = bed_plugin(b, PLUGIN_ROUTER, "matrix_factorization");
    void *params = NULL;
    router *r = NULL;
    bench_must(params_build(e->params, e->params_bytes, v, sizeof v / sizeof *v, b->room, &params,
                            NULL, NULL, &b->err),
               &b->err);
    pm_fit fit = {.size = sizeof fit, .lib = &p->lib, .x = &p->x, .y = &p->y};
    bench_must(router_train(b->call, &(router_spec){e, params, 1}, &fit, &r, &b->err), &b->err);
    return r;
}

static double seconds(bed *b, const problem *p, double epochs)
{
    double start = bench_now();
    router_close(train(b, p, epochs));
    return bench_now() - start;
}

/* What more epochs add: opening and folding are not counted. */
static void fit(bed *b, bench *out, const probe_result *machine)
{
    problem p = make(b, PAIRS, EXPERTS);
    double least[2] = {INFINITY, INFINITY};
    for (int k = 0; k < 3; k++) {
        least[0] = fmin(least[0], seconds(b, &p, 1));
        least[1] = fmin(least[1], seconds(b, &p, 4));
    }
    double flop = 4.0 * PAIRS * D * RANK;
    bench_record(out, &(bench_figure){.what = "an epoch of 52,250 battles",
                                      .value = (least[1] - least[0]) / 3,
                                      .unit = "s",
                                      .floor = flop / machine->fma_gflops_all * 1e-9,
                                      .floor_is = "its products at the peak rate, all threads",
                                      .goal = 0.2,
                                      .n = 3});
}

typedef struct asking {
    bed *b;
    router *r;
    const problem *p;
    pm_prompts x;
    float *value;
} asking;

static void decide_all(void *arg)
{
    asking *a = arg;
    pm_scores s = {.size = sizeof s, .value = {a->value, a->x.n, a->p->lib.n, a->p->lib.n}};
    bench_must(router_predict(a->r, a->b->call, &a->p->lib, &a->x, &s, &a->b->err), &a->b->err);
}

typedef struct reading {
    const compute *c;
    const float *at;
    size_t bytes;
} reading;

static void read_once(void *arg)
{
    const reading *r = arg;
    (void)probe_read_seconds(r->c, r->c->pool, r->at, r->bytes, 1);
}

static void decide(bed *b, bench *out, const probe_result *machine)
{
    static const size_t experts[] = {2, EXPERTS};
    for (size_t k = 0; k < 2; k++) {
        problem p = make(b, 2000, experts[k]);
        asking a = {.b = b, .r = train(b, &p, 1), .p = &p, .x = p.x};
        a.x.n = a.x.embed.rows = ASKED;
        a.value = room(b, (size_t)ASKED * EXPERTS, sizeof *a.value);
        reading floor = {&b->compute, p.x.embed.at, (size_t)ASKED * D * sizeof(float)};
        bench_work w[2] = {{decide_all, &a, 64, 0}, {read_once, &floor, 64, 0}};
        bench_measure(w, 2, ROUNDS, 5);
        double flop = 2.0 * D * (double)experts[k];
        bench_figure f = {.value = ASKED / w[0].median * 1e-6,
                          .unit = "M/s",
                          .is_rate = true,
                          .goal = k ? 0.2 : 4,
                          .floor = k ? machine->fma_gflops_all * 1e3 / flop
                                     : ASKED / w[1].median * 1e-6,
                          .floor_is = k ? "one product at the peak rate, all threads"
                                        : "reading embeddings from the cache, all threads",
                          .n = (size_t)ROUNDS * 5};
        snprintf(f.what, sizeof f.what, "decisions among %zu experts, batches of %d", experts[k],
                 ASKED);
        bench_record(out, &f);
        router_close(a.r);
    }
}

int main(int argc, char **argv)
{
    bed b;
    bench out;
    probe_result machine;
    bed_open(&b);
    bench_open(&out, "mf", &b.compute);
    bench_must(probe_machine(&b.compute, &machine, &b.err), &b.err);
    if (argc < 2 || strcmp(argv[1], "fit") == 0) fit(&b, &out, &machine);
    if (argc < 2 || strcmp(argv[1], "decide") == 0) decide(&b, &out, &machine);
    bench_close(&out);
    bed_close(&b);
    return 0;
}
