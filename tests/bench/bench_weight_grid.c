/* SPDX-License-Identifier: MIT
 *
 * An ablation's grid: choices, mean quality and mean cost of 10,000 weight points over 10,000 prompts, 11 experts
 * and 8 constraints.  Beside it the loop that one would write first, on one point in a hundred, scaled.  Floor: the
 * products and differences alone, in double, at the measured rate of fused multiply-adds.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "bench.h"
#include "math/probe.h"
#include "math/weight_grid.h"

enum { PROMPTS = 10000, EXPERTS = 11, TERMS = 8, POINTS = 10000, ROUNDS = 5, SHARE = 100 };

typedef struct trial {
    const compute *c;
    weight_grid g;
    weight_grid_out out;
    size_t points;
} trial;

static void grid(void *arg)
{
    trial *t = arg;
    pm_err err = PM_ERR_INIT;
    bench_must(weight_grid_decide(t->c, &t->g, &t->out, &err), &err);
}

static uint32_t choose(const weight_grid *g, const double *w, size_t i)
{
    uint32_t choice = 0;
    double best = -INFINITY;
    for (uint32_t j = 0; j < EXPERTS; j++) {
        double u = (double)pm_crow(g->value, i)[j];
        for (size_t k = 0; k < TERMS; k++) u -= w[k] * (double)pm_crow(g->term[k], i)[j];
        if (!(u > best)) continue;
        best = u;
        choice = j;
    }
    return choice;
}

static void naive(void *arg)
{
    trial *t = arg;
    for (size_t p = 0; p < t->points; p++) {
        double worth = 0, cost = 0;
        for (size_t i = 0; i < PROMPTS; i++) {
            uint32_t j = choose(&t->g, t->g.weight + p * TERMS, i);
            ((uint8_t *)t->out.choice)[p * PROMPTS + i] = (uint8_t)j;
            worth += (double)pm_crow(t->g.worth, i)[j];
            cost += (double)pm_crow(t->g.cost, i)[j];
        }
        t->out.worth[p] = worth / PROMPTS;
        t->out.cost[p] = cost / PROMPTS;
    }
}

static pm_cmat matrix(arena *a, bool is_row, uint32_t stream)
{
    size_t cells = (is_row ? 1 : (size_t)PROMPTS) * EXPERTS;
    float *at = arena_alloc(a, cells, sizeof *at);
    if (!at) exit(1);
    for (size_t i = 0; i < cells; i++) at[i] = (float)rng_uniform(1, stream, i);
    return (pm_cmat){at, PROMPTS, EXPERTS, is_row ? 0 : EXPERTS};
}

static void make(trial *t, arena *a, pm_cmat *term, bool has_rows)
{
    double *weight = arena_alloc(a, (size_t)POINTS * TERMS, sizeof *weight);
    t->out.choice = arena_alloc(a, (size_t)POINTS, PROMPTS);
    t->out.worth = arena_alloc(a, POINTS, sizeof(double));
    t->out.cost = arena_alloc(a, POINTS, sizeof(double));
    if (!weight || !t->out.choice || !t->out.worth || !t->out.cost) exit(1);
    for (size_t p = 0; p < (size_t)POINTS * TERMS; p++) weight[p] = rng_uniform(2, 0, p) / 4;
    for (size_t k = 0; k < TERMS; k++) term[k] = matrix(a, has_rows && k % 2 == 0, (uint32_t)k);
    t->g = (weight_grid){.value = matrix(a, false, 20),
                         .term = term,
                         .n_terms = TERMS,
                         .worth = matrix(a, false, 21),
                         .cost = matrix(a, false, 22),
                         .weight = weight,
                         .n_points = POINTS};
    t->points = POINTS / SHARE;
}

static void record(bench *out, const char *what, double seconds, double floor, double goal)
{
    bench_figure f = {.value = seconds,
                      .unit = "s",
                      .floor = floor,
                      .floor_is = "products and differences",
                      .goal = goal,
                      .n = ROUNDS};
    snprintf(f.what, sizeof f.what, "%s", what);
    bench_record(out, &f);
}

int main(void)
{
    compute c;
    pm_err err = PM_ERR_INIT;
    probe_result limits;
    trial half = {0}, all = {0};
    pm_cmat half_term[TERMS], all_term[TERMS];
    bench out;
    arena *a = arena_open(0);
    if (!a) return 1;
    bench_must(compute_open(0, &c, &err), &err);
    bench_must(probe_machine(&c, &limits, &err), &err);
    half.c = all.c = &c;
    make(&half, a, half_term, true);
    make(&all, a, all_term, false);
    bench_work w[] = {{grid, &half, 1, 0}, {grid, &all, 1, 0}, {naive, &all, 1, 0}};
    bench_measure(w, 3, ROUNDS, 1);
    bench_open(&out, "weight_grid", &c);
    double cells = (double)POINTS * PROMPTS * EXPERTS, rate = limits.fma_gflops_all / 2 * 1e9;
    record(&out, "10,000 points x 10,000 prompts x 11 x 8, half one row", w[0].median,
           cells * TERMS * 1.5 / rate, 1);
    record(&out, "  all 8 per prompt", w[1].median, cells * TERMS * 2 / rate, 1);
    record(&out, "  plain loop on one thread, from one point in 100", w[2].median * SHARE,
           cells * TERMS * 2 / rate, NAN);
    bench_close(&out);
    arena_close(a);
    compute_close(&c);
    return 0;
}
