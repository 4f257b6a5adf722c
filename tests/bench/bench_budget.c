/* SPDX-License-Identifier: MIT
 *
 * The offline optimum of a budget (choice_knapsack): 100,000 prompts x 100 experts.  Floor of the same run: reading the
 * values and costs once.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "bench.h"
#include "math/choice_knapsack.h"
#include "math/probe.h"

enum { PROMPTS = 100000, EXPERTS = 100, ROUNDS = 3, BLOCK = 3 };

typedef struct work {
    const compute *c;
    choice_problem p;
    arena *scratch;
    uint32_t *choice;
    choice_optimum out;
} work;

static void solve(void *arg)
{
    work *w = arg;
    pm_err err = PM_ERR_INIT;
    bench_must(choice_knapsack(&w->p, w->scratch, w->choice, &w->out, &err), &err);
}

static void read_once(void *arg)
{
    const work *w = arg;
    size_t bytes = sizeof(double) * PROMPTS * EXPERTS;
    (void)probe_read_seconds(w->c, NULL, w->p.value, bytes, 1);
    if (w->p.cost_ld) (void)probe_read_seconds(w->c, NULL, w->p.cost, bytes, 1);
}

/* Dearer experts are better in the mean; prompts differ in length and in what they ask. */
static void fill(double *value, double *cost)
{
    for (size_t i = 0; i < PROMPTS; i++) {
        double length = 0.5 + rng_uniform(1, 0, i);
        for (size_t j = 0; j < EXPERTS; j++) {
            double price = exp(6 * rng_uniform(1, 1, j)) / 400;
            cost[i * EXPERTS + j] = length * price;
            value[i * EXPERTS + j] = 0.5 + 0.05 * log(price) +
                                     0.3 * rng_uniform(1, 2, i * EXPERTS + j);
        }
    }
}

static void record(bench *out, const work *w, const char *what)
{
    bench_work both[2] = {{solve, (void *)w, 1, 0}, {read_once, (void *)w, 1, 0}};
    bench_measure(both, 2, ROUNDS, BLOCK);
    bench_figure f = {.value = both[0].median,
                      .unit = "s",
                      .floor = both[1].median,
                      .floor_is = "reading values and costs once, 1 thread",
                      .goal = NAN,
                      .n = ROUNDS * BLOCK};
    snprintf(f.what, sizeof f.what, "%s", what);
    bench_record(out, &f);
}

int main(void)
{
    pm_err err = PM_ERR_INIT;
    compute c;
    bench out;
    arena *a = arena_open(0);
    work w = {.c = &c, .scratch = arena_open(0)};
    if (!a || !w.scratch) return 1;
    bench_must(compute_open(0, &c, &err), &err);
    bench_open(&out, "budget", &c);
    size_t cells = (size_t)PROMPTS * EXPERTS;
    double *value = arena_alloc(a, cells, sizeof *value),
           *cost = arena_alloc(a, cells, sizeof *cost);
    w.choice = arena_alloc(a, PROMPTS, sizeof *w.choice);
    if (!value || !cost || !w.choice) return 1;
    fill(value, cost);
    w.p = (choice_problem){.n = PROMPTS,
                           .m = EXPERTS,
                           .value = value,
                           .cost = cost,
                           .cost_ld = EXPERTS,
                           .budget = 0.1 * PROMPTS};
    record(&out, &w, "offline optimum, 100,000 prompts x 100 experts");
    w.p.cost_ld = 0;
    record(&out, &w, "the same, one row of costs for all prompts");
    bench_close(&out);
    compute_close(&c);
    arena_close(w.scratch);
    arena_close(a);
    return 0;
}
