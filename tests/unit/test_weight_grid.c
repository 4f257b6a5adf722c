/* SPDX-License-Identifier: MIT
 *
 * The weight grid against its definition, cell by cell, on random problems with ties, masks, priors and negative
 * weights; bit for bit on every instruction set and thread count; odd shapes, many experts; bad input.
 */
#include "math_tools.h"

#include "math/weight_grid.h"
#include "math/weight_grid_tile.h"

static arena *room;
static pm_err err;

static void setup(void)
{
    room = arena_open(0);
    err = (pm_err)PM_ERR_INIT;
}
static void teardown(void)
{
    arena_close(room);
}

/* Multiples of 1/4 make ties; others hardly ever. */
static pm_cmat matrix(size_t n, size_t m, bool is_row, bool ties, uint64_t seed)
{
    size_t cells = is_row ? m : n * m;
    float *at = arena_alloc(room, cells, sizeof *at);
    for (size_t c = 0; c < cells; c++) {
        double u = rng_uniform(seed, 7, c);
        at[c] = (float)(ties ? floor(u * 4) / 4 : u);
    }
    return (pm_cmat){at, n, m, is_row ? 0 : m};
}

enum { TERMS = 5 };

/* Bit 0: ties; 1: mask; 2: prior; 3: loss; 4: rows and cells interleaved, else cells alone. */
static weight_grid problem(size_t n, size_t m, size_t points, unsigned bits, uint64_t seed)
{
    pm_cmat *term = arena_alloc(room, TERMS, sizeof *term);
    uint32_t *mask = arena_alloc(room, n * m, sizeof *mask);
    float *prior = arena_alloc(room, m, sizeof *prior);
    double *weight = arena_alloc(room, points * TERMS, sizeof *weight);
    bool ties = bits & 1;
    for (size_t k = 0; k < TERMS; k++)
        term[k] = matrix(n, m, (bits & 16) && k % 2 == 0, ties, seed + k);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++)
            mask[i * m + j] = j != i % m && rng_below(seed, 8, i * m + j, 3) == 0;
    for (size_t j = 0; j < m; j++) prior[j] = (float)rng_below(seed, 9, j, 3);
    for (size_t p = 0; p < points * TERMS; p++) {
        double u = 3 * rng_uniform(seed, 10, p) - 1;
        weight[p] = ties ? floor(u * 2) / 2 : u;
    }
    return (weight_grid){.is_loss = bits & 8,
                         .value = matrix(n, m, false, ties, seed + 50),
                         .term = term,
                         .n_terms = TERMS,
                         .mask = bits & 2 ? mask : NULL,
                         .prior = bits & 4 ? prior : NULL,
                         .worth = matrix(n, m, false, false, seed + 51),
                         .cost = matrix(n, m, false, false, seed + 52),
                         .weight = weight,
                         .n_points = points};
}

/* The promise of pm_objective_type.additive, written out. */
static size_t definition(const weight_grid *g, size_t p, size_t i)
{
    size_t m = g->value.cols, choice = SIZE_MAX;
    volatile double best = 0, u, part; /* volatile: never fused */
    for (size_t j = 0; j < m; j++) {
        if (g->mask && g->mask[i * m + j]) continue;
        u = (double)pm_crow(g->value, i)[j];
        if (g->is_loss) u = -u;
        for (size_t k = 0; k < g->n_terms; k++) {
            part = g->weight[p * g->n_terms + k] * (double)pm_crow(g->term[k], i)[j];
            u = u - part;
        }
        bool wins = choice == SIZE_MAX || u > best ||
                    (u >= best && g->prior && g->prior[j] > g->prior[choice]);
        if (!wins) continue;
        best = u;
        choice = j;
    }
    return choice;
}

static double sum_of(const weight_grid *g, const uint32_t *choice, pm_cmat x)
{
    double lane[8] = {0};
    for (size_t i = 0; i < g->value.rows; i++) lane[i % 8] += (double)pm_crow(x, i)[choice[i]];
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
           ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

typedef struct answer {
    void *choice;
    double *worth, *cost;
    size_t bytes;
} answer;

static answer decide(const compute *c, const weight_grid *g)
{
    size_t cells = g->n_points * g->value.rows * weight_grid_bytes(g->value.cols);
    answer a = {arena_alloc(room, cells, 1), arena_alloc(room, g->n_points, sizeof(double)),
                arena_alloc(room, g->n_points, sizeof(double)), cells};
    weight_grid_out out = {a.choice, a.worth, a.cost};
    pm_status s = weight_grid_decide(c, g, &out, &err);
    ck_assert_msg(s == PM_OK, "%s", err_text(&err));
    return a;
}

static void equals_definition(const compute *c, const weight_grid *g)
{
    size_t n = g->value.rows;
    answer got = decide(c, g);
    uint32_t *want = arena_alloc(room, n, sizeof *want);
    for (size_t p = 0; p < g->n_points; p++) {
        for (size_t i = 0; i < n; i++) {
            want[i] = (uint32_t)definition(g, p, i);
            ck_assert_uint_eq(weight_grid_choice(got.choice, n, g->value.cols, p, i), want[i]);
        }
        double worth = sum_of(g, want, g->worth) / (double)n;
        double cost = sum_of(g, want, g->cost) / (double)n;
        ck_assert(tools_same_bits(&worth, &got.worth[p], sizeof worth));
        ck_assert(tools_same_bits(&cost, &got.cost[p], sizeof cost));
    }
}

static const struct {
    size_t n, m, points;
} shapes[] = {{1, 1, 1},    {16, 3, 4},   {17, 11, 33}, {200, 11, 67},
              {31, 2, 130}, {33, 257, 5}, {40, 256, 3}, {1500, 40, 9}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

START_TEST(equals_the_definition)
{
    unsigned bits = (unsigned)_i % 32;
    size_t s = (size_t)_i / 32;
    weight_grid g = problem(shapes[s].n, shapes[s].m, shapes[s].points, bits, (uint64_t)_i);
    const kernels *set[4];
    size_t n_sets = tools_kernels(set);
    compute c;
    ck_assert_int_eq(compute_open(2, &c, NULL), PM_OK);
    for (size_t k = 0; k < n_sets; k++) {
        c.k = set[k];
        equals_definition(&c, &g);
    }
    compute_close(&c);
}
END_TEST

START_TEST(same_bits_whatever_computes)
{
    weight_grid g = problem(5000, 7, 100, 31, 5);
    const kernels *set[4];
    size_t n_sets = tools_kernels(set);
    answer first = {0};
    for (int n_threads = 1; n_threads <= 3; n_threads++) {
        compute c;
        ck_assert_int_eq(compute_open(n_threads, &c, NULL), PM_OK);
        for (size_t k = 0; k < n_sets; k++) {
            c.k = set[k];
            answer a = decide(&c, &g);
            if (!first.choice) first = a;
            ck_assert(tools_same_bits(a.choice, first.choice, a.bytes));
            ck_assert(tools_same_bits(a.worth, first.worth, 100 * sizeof(double)));
            ck_assert(tools_same_bits(a.cost, first.cost, 100 * sizeof(double)));
        }
        compute_close(&c);
    }
}
END_TEST

START_TEST(parts_may_be_left_out)
{
    compute c;
    ck_assert_int_eq(compute_open(1, &c, NULL), PM_OK);
    weight_grid g = problem(50, 4, 6, 0, 3);
    answer a = decide(&c, &g);
    double worth[6];
    weight_grid_out out = {.worth = worth};
    g.cost.at = NULL;
    ck_assert_int_eq(weight_grid_decide(&c, &g, &out, &err), PM_OK);
    ck_assert(tools_same_bits(a.worth, worth, sizeof worth));
    g.n_terms = 0; /* no terms: the best value */
    g.term = NULL;
    g.n_points = 1;
    equals_definition(&c, &(weight_grid){.value = g.value,
                                         .worth = g.worth,
                                         .cost = g.worth,
                                         .weight = g.weight,
                                         .n_points = 1});
    compute_close(&c);
}
END_TEST

static void refuse(const compute *c, const weight_grid *g, pm_status want, const char *text)
{
    double worth[8];
    weight_grid_out out = {.worth = worth};
    ck_assert_int_eq(weight_grid_decide(c, g, &out, &err), want);
    ck_assert_msg(strstr(err_text(&err), text) != NULL, "%s", err_text(&err));
}

START_TEST(refuses_bad_input)
{
    compute c;
    ck_assert_int_eq(compute_open(1, &c, NULL), PM_OK);
    weight_grid g = problem(20, 4, 6, 2, 3), bad = g;
    double weight[6 * TERMS] = {0};
    bad.weight = weight;
    weight[7] = NAN;
    refuse(&c, &bad, PM_E_ARG, "point 1 has weight nan for term 2");
    weight[7] = 0;
    weight[6] = 1e308;
    weight[5] = -1e308;
    refuse(&c, &bad, PM_E_ARG, "weights of point 1 are so large");
    uint32_t mask[20 * 4] = {0};
    for (size_t j = 0; j < 4; j++) mask[12 + j] = 9;
    bad = g;
    bad.mask = mask;
    refuse(&c, &bad, PM_E_INFEASIBLE, "prompt 3 has no allowed expert");
    bad = g;
    bad.cost.cols = 3;
    refuse(&c, &bad, PM_E_SHAPE, "cost 0 is 20 x 3, wanted 20 x 4");
    bad = g;
    bad.n_points = 0;
    refuse(&c, &bad, PM_E_SHAPE, "0 points");
    float value[80] = {0};
    value[5] = NAN;
    bad = g;
    bad.value = (pm_cmat){value, 20, 4, 4};
    refuse(&c, &bad, PM_E_ARG, "value 0 has nan at prompt 1, expert 1");
    compute_close(&c);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("weight_grid");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, equals_the_definition, 0, SHAPES * 32);
    tcase_add_test(tc, same_bits_whatever_computes);
    tcase_add_test(tc, parts_may_be_left_out);
    tcase_add_test(tc, refuses_bad_input);
    return tools_run(tc, "weight_grid");
}
