/* SPDX-License-Identifier: MIT
 *
 * Streams of prompts for tests of the objective budget: made from a seed, asked in parts, decided one by one, and what
 * could have been.
 */
#ifndef PM_TESTS_BUDGET_BED_H
#define PM_TESTS_BUDGET_BED_H

#include "plugins_bed.h"

#include "base/rng.h"
#include "math/choice_knapsack.h"
#include "plug/objective.h"

static bed b; /* of the test program that includes this */

static inline void setup(void)
{
    bed_open(&b);
}
static inline void teardown(void)
{
    bed_close(&b);
}

enum { N = 240, M = 5 };

typedef struct stream { /* N prompts, two constraints */
    float value[N * M], cost[2][N * M], prior[M];
    pm_term term[2];
    const pm_term *list[2];
    uint64_t arrival[N];
    const pm_library *lib;
    const pm_prompts *x, *one;
    size_t m;
    uint32_t choice[N];
} stream;

/* Values that grow with price, less and more from prompt to prompt; `flat`: the same costs for every prompt. */
static inline stream *make(uint64_t seed, bool flat)
{
    stream *s = arena_alloc(b.room, 1, sizeof *s);
    s->m = M;
    for (size_t i = 0; i < N; i++) {
        double length = flat ? 1 : 0.2 + 3 * rng_uniform(seed, 1, i);
        s->arrival[i] = i;
        for (size_t j = 0; j < M; j++) {
            double price = (double)(j * j) / 4;
            s->cost[0][i * M + j] = (float)(length * price);
            s->cost[1][i * M + j] = (float)rng_uniform(seed, 2, flat ? j : i * M + j);
            s->value[i * M + j] =
                (float)(0.3 + 0.08 * (double)j + 0.3 * rng_uniform(seed, 3, i * M + j));
        }
    }
    for (size_t k = 0; k < 2; k++) {
        s->term[k] = (pm_term){.size = sizeof(pm_term),
                               .name = k ? "delay" : "price",
                               .sense = k ? PM_SOFT : PM_BUDGET,
                               .weight = k ? 0 : 1,
                               .bound = 1};
        s->list[k] = &s->term[k];
    }
    s->lib = bed_library(&b, M);
    s->x = bed_prompts(&b, N, 0, 0);
    s->one = bed_prompts(&b, 1, 0, 0);
    return s;
}

/* Prompts [from, from + n) of the stream. */
static inline pm_question ask(stream *s, size_t from, size_t n)
{
    for (size_t k = 0; k < 2; k++)
        s->term[k].value = (pm_cmat){s->cost[k] + from * s->m, n, s->m, s->m};
    pm_prompts *x = arena_alloc(b.room, 1, sizeof *x);
    *x = *s->x;
    x->n = n;
    x->id += from;
    return (pm_question){.size = sizeof(pm_question),
                         .kind = PM_VALUE_QUALITY,
                         .value = {s->value + from * s->m, n, s->m, s->m},
                         .lib = s->lib,
                         .x = x,
                         .term = s->list,
                         .n_terms = 2,
                         .arrival = s->arrival + from,
                         .prior = s->prior,
                         .reference_col = PM_NO_COL,
                         .horizon = N};
}

static inline objective *build(const char *params, const pm_question *prefix)
{
    const plugin_entry *e = bed_plugin(&b, PLUGIN_OBJECTIVE, "budget");
    objective_spec spec = {e, bed_params(&b, e, params), 1};
    objective *o = NULL;
    pm_outcomes *seen = prefix ? bed_outcomes(&b, prefix->value.rows, M, 1, false) : NULL;
    bed_ok(&b, objective_build(b.call, &spec, prefix, seen, &o, &b.err));
    return o;
}

static inline uint32_t decide_one(const objective *o, stream *s, size_t i)
{
    static uint8_t refused[M];
    static float utility[M];
    pm_question q = ask(s, i, 1);
    uint32_t choice = PM_NO_COL;
    pm_decisions d = {.size = sizeof d,
                      .choice = &choice,
                      .refused = refused,
                      .utility = {utility, 1, s->m, s->m}};
    memset(refused, 0, sizeof refused);
    bed_ok(&b, objective_decide(o, b.call, &q, &d, &b.err));
    ck_assert_uint_lt(choice, s->m);
    for (size_t j = 0; j < s->m; j++) ck_assert_int_eq(refused[j], isinf(utility[j]) != 0);
    return choice;
}

static inline void observe(objective *o, const stream *s, size_t i, uint32_t j, double factor)
{
    double term[2] = {factor * (double)s->cost[0][i * s->m + j], (double)s->cost[1][i * s->m + j]};
    pm_feedback f = {.size = sizeof f,
                     .arrival = i,
                     .choice = j,
                     .cost_usd = (double)NAN,
                     .value = (double)NAN,
                     .kind = PM_VALUE_QUALITY,
                     .term = term,
                     .n_terms = 2};
    bed_ok(&b, objective_observe(o, b.call, &f, &b.err));
}

static inline double value_of(const stream *s)
{
    double sum = 0;
    for (size_t i = 0; i < N; i++) sum += (double)s->value[i * s->m + s->choice[i]];
    return sum;
}

/* What could have been, had everything been known. */
static inline choice_optimum best_of(const stream *s, double budget)
{
    double *value = arena_alloc(b.room, N, M * sizeof *value);
    double *cost = arena_alloc(b.room, N, M * sizeof *cost);
    uint32_t *choice = arena_alloc(b.room, N, sizeof *choice);
    for (size_t e = 0; e < N * s->m; e++) {
        value[e] = (double)s->value[e];
        cost[e] = (double)s->cost[0][e];
    }
    choice_problem p = {
        .n = N, .m = s->m, .value = value, .cost = cost, .cost_ld = s->m, .budget = budget};
    choice_optimum o;
    bed_ok(&b, choice_knapsack(&p, b.room, choice, &o, &b.err));
    return o;
}

#endif
