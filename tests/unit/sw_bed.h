/* SPDX-License-Identifier: MIT
 *
 * What the tests of sw_ranking share: problems made of battles, and predictions against a reference.
 */
#ifndef PM_TEST_SW_BED_H
#define PM_TEST_SW_BED_H

#include "plugins_bed.h"

#include "base/rng.h"

static bed b;
static inline void setup(void)
{
    bed_open(&b);
}
static inline void teardown(void)
{
    bed_close(&b);
}

static inline void near(double got, double want, double within)
{
    ck_assert_msg(fabs(got - want) <= within, "%.10g wanted %.10g", got, want);
}

typedef struct problem {
    pm_library *lib;
    pm_prompts *x;
    pm_outcomes *y;
    pm_fit fit;
} problem;

/* n prompts of d columns with zero embeddings and no battles yet; room for `most` of these. */
static inline problem problem_open(size_t n, size_t d, size_t m, size_t most)
{
    problem p = {.lib = bed_library(&b, m), .x = bed_prompts(&b, n, d, 1)};
    pm_outcomes *y = arena_alloc(b.room, 1, sizeof *y);
    *y = (pm_outcomes){.size = sizeof *y, .kind = PM_VALUE_QUALITY};
    y->battle = arena_alloc(b.room, most, sizeof *y->battle);
    p.y = y;
    p.fit = (pm_fit){.size = sizeof p.fit, .lib = p.lib, .x = p.x, .y = y};
    return p;
}

static inline void fight(problem *p, size_t prompt, size_t a, size_t c, double outcome,
                         double weight)
{
    pm_battle *at = (pm_battle *)(uintptr_t)p->y->battle;
    at[p->y->n_battles++] =
        (pm_battle){(uint32_t)prompt, (uint32_t)a, (uint32_t)c, 0, (float)outcome, (float)weight};
}

/* P(each beats `reference`) for the prompts x, [n x m]. */
static inline const float *ask(const problem *p, const router *r, const pm_prompts *x,
                               size_t reference)
{
    size_t m = p->lib->n;
    pm_scores s = {.size = sizeof s, .reference_col = (uint32_t)reference};
    s.value = (pm_mat){arena_alloc(b.room, x->n * m, sizeof(float)), x->n, m, m};
    bed_ok(&b, router_predict(r, b.call, p->lib, x, &s, &b.err));
    ck_assert_int_eq(s.kind, PM_VALUE_WINPROB);
    return s.value.at;
}

static inline problem random_problem(uint64_t seed, size_t n, size_t m)
{
    problem p = problem_open(n, 6, m, 8 * n);
    uint64_t at = 0;
    for (size_t i = 0; i < n; i++) {
        float *row = (float *)(uintptr_t)pm_crow(p.x->embed, i);
        for (size_t t = 0; t < 6; t++) row[t] = (float)rng_normal(seed, 1, at++);
        size_t battles = i % 5 == 4 ? 0 : 1 + (size_t)rng_below(seed, 2, i, 7);
        for (size_t k = 0; k < battles; k++, at++) {
            size_t a = (size_t)rng_below(seed, 3, at, m), c = (a + 1 + at % (m - 1)) % m;
            double u = rng_uniform(seed, 4, at), v = rng_uniform(seed, 5, at);
            double outcome = u < .3 ? 0 : u < .7 ? 1 : u < .8 ? .5 : v;
            fight(&p, i, a, c, outcome, .5 + rng_uniform(seed, 6, at));
        }
    }
    return p;
}

#endif
