/* SPDX-License-Identifier: MIT
 *
 * AdamW, clipping and the schedules against torch and transformers (numbers recorded), all instruction sets and
 * thread counts against each other, and which parameters decay.
 */
#include "config.h"

#include "adamw_golden.inc"
#include "math_tools.h"
#include "nn/adamw.h"

enum { MATRIX = 35, BIAS = 7, BIAS_AT = 48, FLOATS = 64, STEPS = 12 };

/* As in tests/golden/adamw.py. */
static float value(uint32_t seed, uint32_t i)
{
    uint32_t x = (seed * 7919 + i * 104729 + 12345) % 65536;
    x = (x * 25173 + 13849) % 65536;
    return (float)(x / 32768.0 - 1);
}

static void put(float *slab, uint32_t seed_matrix, uint32_t seed_bias)
{
    for (uint32_t i = 0; i < MATRIX; i++) slab[i] = value(seed_matrix, i);
    for (uint32_t i = 0; i < BIAS; i++) slab[BIAS_AT + i] = value(seed_bias, i);
}

static const nn_param params[] = {
    {.name = "w", .rows = 5, .cols = 7, .at = 0, .decays = true},
    {.name = "b", .rows = 1, .cols = 7, .at = BIAS_AT, .is_bias = true, .decays = false},
};
static const nn_layout layout = {.param = params, .n = 2, .floats = FLOATS};

START_TEST(steps_are_those_of_torch)
{
    const nn_schedule plan = {.peak = .01, .warm_up = 3, .steps = STEPS, .decay = NN_COSINE};
    const nn_adamw o = {.9, .98, 1e-6, .1};
    const kernels *k[4];
    const size_t n = tools_kernels(k);
    for (size_t s = 0; s < n; s++) {
        const compute c = {.k = k[s]};
        float w[FLOATS] = {0}, g[FLOATS] = {0}, mean[FLOATS] = {0}, square[FLOATS] = {0};
        put(w, 1, 2);
        for (uint32_t t = 0; t < STEPS; t++) {
            put(g, 10 + t, 50 + t);
            const double norm = nn_norm(&c, NULL, g, FLOATS);
            ck_assert_double_eq_tol(norm, golden_norm[t], 1e-5);
            nn_adamw_step(&c, NULL, &o, &layout, FLOATS, nn_rate(&plan, t + 1),
                          nn_shrink(norm, 3.5), t + 1, w, g, mean, square);
        }
        for (size_t i = 0; i < MATRIX; i++)
            ck_assert_double_eq_tol((double)w[i], golden_matrix[i], 1e-6);
        for (size_t i = 0; i < BIAS; i++)
            ck_assert_double_eq_tol((double)w[BIAS_AT + i], golden_bias[i], 1e-6);
        for (size_t i = MATRIX; i < BIAS_AT; i++) ck_assert(w[i] == 0); /* paddings stay */
        for (size_t i = 0; i < FLOATS; i++) ck_assert(g[i] == 0);
    }
}
END_TEST

START_TEST(rates_are_those_of_transformers)
{
    const nn_schedule constant = {.5, 4, 15, NN_CONSTANT, 0}, line = {.5, 4, 15, NN_LINEAR, 0};
    const nn_schedule cosine = {.5, 4, 15, NN_COSINE, 0}, bare = {.5, 0, 15, NN_LINEAR, 0};
    for (uint64_t t = 0; t < 18; t++) {
        ck_assert_double_eq_tol(nn_rate(&constant, t + 1), golden_constant[t], 1e-12);
        ck_assert_double_eq_tol(nn_rate(&line, t + 1), golden_linear[t], 1e-12);
        ck_assert_double_eq_tol(nn_rate(&bare, t + 1), golden_bare[t], 1e-12);
        /* transformers' cosine turns up again beyond the end; ours stays at the floor. */
        ck_assert_double_eq_tol(nn_rate(&cosine, t + 1), t < 15 ? golden_cosine[t] : 0, 1e-12);
    }
    const nn_schedule floored = {.5, 4, 15, NN_COSINE, .1};
    ck_assert_double_eq_tol(nn_rate(&floored, 5), .5, 1e-12);
    ck_assert_double_eq_tol(nn_rate(&floored, 16), .05, 1e-12);
    ck_assert_double_eq_tol(nn_rate(&floored, 1000), .05, 1e-12);
}
END_TEST

START_TEST(clipping_only_shrinks)
{
    ck_assert(nn_shrink(7, 0) == 1 && nn_shrink(.5, 1) == 1 && nn_shrink(0, 1) == 1);
    ck_assert_double_eq_tol(nn_shrink(4, 1), .25, 1e-6);
}
END_TEST

/* Slabs of several blocks, with borders of parameters in odd places. */
START_TEST(bits_do_not_depend_on_threads_nor_instructions)
{
    enum { N = 3 * 32768 + 1613 };
    const nn_param p[] = {{.at = 0, .decays = true},
                          {.at = 32752, .decays = false},
                          {.at = 32800, .decays = true},
                          {.at = 80000, .decays = false}};
    const nn_layout l = {.param = p, .n = 4, .floats = N};
    const nn_adamw o = NN_ADAMW_DEFAULT;
    arena *a = arena_open(0);
    const kernels *k[4];
    const size_t n = tools_kernels(k);
    float *first[3] = {0};
    double norm = 0;
    for (size_t s = 0; s < n; s++)
        for (int pools = 1; pools <= 3; pools += 2) {
            threads *pool = threads_open(pools);
            const compute c = {.k = k[s], .pool = pool};
            float *w = tools_floats(a, N, 1), *m = arena_alloc(a, N, sizeof *m);
            float *q = arena_alloc(a, N, sizeof *q);
            for (uint64_t t = 1; t <= 3; t++) {
                float *g = tools_floats(a, N, 10 + t);
                const double found = nn_norm(&c, pool, g, N);
                if (!first[0] && t == 1) norm = found;
                if (t == 1) ck_assert(found == norm);
                nn_adamw_step(&c, pool, &o, &l, N, .01, nn_shrink(found, 1), t, w, g, m, q);
            }
            if (!first[0]) first[0] = w, first[1] = m, first[2] = q;
            ck_assert(tools_same_bits(w, first[0], N * sizeof *w));
            ck_assert(tools_same_bits(m, first[1], N * sizeof *m));
            ck_assert(tools_same_bits(q, first[2], N * sizeof *q));
            threads_close(pool);
        }
    /* sum of squares of uniform numbers in [-1, 1): a third each. */
    ck_assert_double_eq_tol(norm * norm / N, 1.0 / 3, .01);
    arena_close(a);
}
END_TEST

START_TEST(only_what_decays_shrinks_without_a_gradient)
{
    const nn_adamw o = NN_ADAMW_DEFAULT;
    const kernels *k[4];
    (void)tools_kernels(k);
    const compute c = {.k = k[0]};
    float w[FLOATS] = {0}, g[FLOATS] = {0}, m[FLOATS] = {0}, q[FLOATS] = {0};
    put(w, 3, 4);
    nn_adamw_step(&c, NULL, &o, &layout, FLOATS, .5, 1, 1, w, g, m, q);
    for (uint32_t i = 0; i < MATRIX; i++) ck_assert(w[i] == value(3, i) * (float)(1 - .5 * .01));
    for (uint32_t i = 0; i < BIAS; i++) ck_assert(w[BIAS_AT + i] == value(4, i));
    nn_adamw_step(&c, NULL, &o, NULL, FLOATS, .5, 1, 1, w, g, m, q); /* adapters: all of it */
    for (uint32_t i = 0; i < BIAS; i++)
        ck_assert(w[BIAS_AT + i] == value(4, i) * (float)(1 - .5 * .01));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("adamw");
    tcase_add_test(tc, steps_are_those_of_torch);
    tcase_add_test(tc, rates_are_those_of_transformers);
    tcase_add_test(tc, clipping_only_shrinks);
    tcase_add_test(tc, bits_do_not_depend_on_threads_nor_instructions);
    tcase_add_test(tc, only_what_decays_shrinks_without_a_gradient);
    return tools_run(tc, "adamw");
}
