/* SPDX-License-Identifier: MIT
 *
 * Scores of 30 policies over 4,657 prompts with 2,000 paired resamples: what stands at the end of every
 * experiment.  Floor: the multiply-adds of the primary column alone, in double, at the measured rate.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "bench.h"
#include "eval/metrics.h"
#include "math/probe.h"

enum { PROMPTS = 4657, EXPERTS = 11, POLICIES = 30, RESAMPLES = 2000, ROUNDS = 5 };

typedef struct scoring {
    const compute *c;
    eval_truth truth;
    policy p[POLICIES];
    pm_err err;
} scoring;

static void score(void *arg)
{
    scoring *s = arg;
    metrics_options o = METRICS_OPTIONS_DEFAULT;
    o.bootstrap.resamples = RESAMPLES;
    policy_score *out;
    arena *a = arena_open(0);
    bench_must(metrics_score(s->c, &s->truth, s->p, POLICIES, &o, a, &out, &s->err), &s->err);
    arena_close(a);
}

/* Half of the policies are routers with predictions, as in a grid of weights. */
static void make(scoring *s, arena *a)
{
    size_t cells = (size_t)PROMPTS * EXPERTS;
    float *value = arena_alloc(a, cells, sizeof *value),
          *cost = arena_alloc(a, cells, sizeof *cost);
    float *predicted = arena_alloc(a, cells, sizeof *predicted);
    uint32_t *choice = arena_alloc(a, (size_t)PROMPTS * POLICIES, sizeof *choice);
    if (!value || !cost || !predicted || !choice) exit(1);
    for (size_t i = 0; i < cells; i++) {
        value[i] = (float)rng_below(1, 0, i, 11) / 10;
        cost[i] = (float)rng_uniform(1, 1, i);
        predicted[i] = (float)rng_uniform(1, 2, i);
    }
    s->truth = (eval_truth){.n = PROMPTS,
                            .m = EXPERTS,
                            .kind = PM_VALUE_QUALITY,
                            .value = {value, PROMPTS, EXPERTS, EXPERTS},
                            .cost_usd = {cost, PROMPTS, EXPERTS, EXPERTS}};
    for (size_t k = 0; k < POLICIES; k++) {
        uint32_t *mine = choice + k * PROMPTS;
        for (size_t i = 0; i < PROMPTS; i++)
            mine[i] = (uint32_t)rng_below(2, (uint32_t)k, i, EXPERTS);
        bool routes = k % 2 == 1;
        s->p[k] = (policy){.label = "policy",
                           .role = routes ? POLICY_ROUTER : POLICY_BASELINE,
                           .choice = mine,
                           .setting = ""};
        if (routes) s->p[k].predicted = (pm_cmat){predicted, PROMPTS, EXPERTS, EXPERTS};
    }
}

int main(void)
{
    compute c;
    pm_err err = PM_ERR_INIT;
    probe_result limits;
    static scoring s;
    bench out;
    arena *a = arena_open(0);
    if (!a) return 1;
    bench_must(compute_open(0, &c, &err), &err);
    bench_must(probe_machine(&c, &limits, &err), &err);
    s.c = &c;
    make(&s, a);
    bench_work w = {score, &s, 1, 0};
    bench_measure(&w, 1, ROUNDS, 1);
    bench_open(&out, "bootstrap", &c);
    double flop = 2.0 * PROMPTS * POLICIES * RESAMPLES;
    bench_figure f = {.what = "30 policies, 4,657 prompts, 2,000 resamples",
                      .value = w.median,
                      .unit = "s",
                      .floor = flop / (limits.fma_gflops_all / 2) * 1e-9,
                      .floor_is = "multiply-adds of one column a policy, in double",
                      .goal = 1,
                      .n = ROUNDS};
    bench_record(&out, &f);
    bench_close(&out);
    arena_close(a);
    compute_close(&c);
    return 0;
}
