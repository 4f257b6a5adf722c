/* SPDX-License-Identifier: MIT
 *
 * The relaxed multiple-choice knapsack against a general linear programme (a dense simplex, below), brute force over all
 * integer choices, its dual, its budget, and bad input.
 */
#include "math_tools.h"

#include "math/choice_knapsack.h"

enum { MOST_N = 8, MOST_M = 6, CELLS = MOST_N * MOST_M };

static arena *scratch;
static pm_err err;
static double value[CELLS], cost[CELLS];
static uint32_t mask[CELLS], choice[MOST_N];

static void setup(void)
{
    scratch = arena_open(0);
    err_clear(&err);
}

static void teardown(void)
{
    ck_assert_uint_eq(arena_used(scratch), 0);
    arena_close(scratch);
}

static double draw(uint64_t seed, uint32_t stream, size_t k)
{
    return rng_uniform(seed, stream, k);
}

/* Cells of several kinds: continuous, of few levels (ties everywhere), of one row of costs, masked. */
static choice_problem random_problem(uint64_t seed)
{
    size_t n = 1 + (size_t)(draw(seed, 0, 0) * MOST_N), m = 1 + (size_t)(draw(seed, 0, 1) * MOST_M);
    unsigned kind = (unsigned)(seed % 4);
    for (size_t k = 0; k < n * m; k++) {
        double v = 2 * draw(seed, 1, k) - 1, c = 3 * draw(seed, 2, k);
        value[k] = kind == 1 ? floor(4 * v) : v;
        cost[k] = kind == 1 ? floor(2 * c) : c;
        mask[k] = k % m != seed % m && draw(seed, 3, k) < 0.3;
    }
    choice_problem p = {.n = n, .m = m, .value = value, .cost = cost, .cost_ld = kind == 2 ? 0 : m};
    if (kind == 3) p.mask = mask;
    return p;
}

static double cost_of(const choice_problem *p, size_t i, size_t j)
{
    return p->cost[i * p->cost_ld + j];
}

static bool is_open(const choice_problem *p, size_t i, size_t j)
{
    return !p->mask || !p->mask[i * p->m + j];
}

/* Least and largest sums of costs that any choice can have. */
static void range(const choice_problem *p, double *least, double *most)
{
    *least = *most = 0;
    for (size_t i = 0; i < p->n; i++) {
        double lo = (double)INFINITY, hi = -(double)INFINITY;
        for (size_t j = 0; j < p->m; j++) {
            if (!is_open(p, i, j)) continue;
            lo = fmin(lo, cost_of(p, i, j));
            hi = fmax(hi, cost_of(p, i, j));
        }
        *least += lo;
        *most += hi;
    }
}

static choice_optimum solve(const choice_problem *p)
{
    choice_optimum o;
    ck_assert_msg(choice_knapsack(p, scratch, choice, &o, &err) == PM_OK, "%s", err_text(&err));
    return o;
}

/* ---- a general linear programme: maximise c'x, A x = b, x >= 0, b >= 0; tableau, big M, Bland's rule ---- */

enum { ROWS = MOST_N + 1, COLS = CELLS + 1 + ROWS };
static double tableau[ROWS + 1][COLS + 1];

static void pivot(size_t rows, size_t cols, size_t r, size_t c)
{
    double by = tableau[r][c];
    for (size_t k = 0; k <= cols; k++) tableau[r][k] /= by;
    for (size_t i = 0; i <= rows; i++) {
        double f = tableau[i][c];
        if (i == r || fabs(f) < 1e-300) continue;
        for (size_t k = 0; k <= cols; k++) tableau[i][k] -= f * tableau[r][k];
    }
}

/* Tableau rows 0..rows-1 with right sides in column `cols`; row `rows` holds reduced costs (to be made <= 0). */
static void simplex(size_t rows, size_t cols, size_t *basis)
{
    for (size_t step = 0; step < 20000; step++) {
        size_t in = 0, out = rows;
        while (in < cols && tableau[rows][in] <= 1e-11) in++;
        if (in == cols) return;
        for (size_t i = 0; i < rows; i++) {
            if (tableau[i][in] <= 1e-11) continue;
            double ratio = tableau[i][cols] / tableau[i][in];
            double best = out < rows ? tableau[out][cols] / tableau[out][in] : (double)INFINITY;
            if (ratio < best - 1e-12 || (ratio <= best + 1e-12 && basis[i] < basis[out])) out = i;
        }
        ck_assert_msg(out < rows, "unbounded");
        pivot(rows, cols, out, in);
        basis[out] = in;
    }
    ck_abort_msg("simplex does not end");
}

/* Columns: x_ij, the slack of the budget, an artificial of every row of a prompt.  Costs are shifted to be >= 0 so
 * that the slack is a basis to begin with. */
static double programme(const choice_problem *p)
{
    const double big = 1e4;
    size_t n = p->n, m = p->m, cells = n * m, cols = cells + 1 + n, rows = n + 1;
    size_t basis[ROWS];
    memset(tableau, 0, sizeof tableau);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < m; j++) {
            tableau[i][i * m + j] = 1;
            tableau[n][i * m + j] = cost_of(p, i, j);
            tableau[rows][i * m + j] = is_open(p, i, j) ? p->value[i * m + j] : -big;
        }
        tableau[i][cells + 1 + i] = 1;
        tableau[rows][cells + 1 + i] = -big;
        tableau[i][cols] = 1;
        basis[i] = cells + 1 + i;
    }
    tableau[n][cells] = 1;
    tableau[n][cols] = p->budget;
    basis[n] = cells;
    for (size_t i = 0; i < n; i++) /* reduced costs of the first basis */
        for (size_t k = 0; k <= cols; k++) tableau[rows][k] += big * tableau[i][k];
    simplex(rows, cols, basis);
    double sum = 0;
    for (size_t i = 0; i < rows; i++)
        if (basis[i] < cells) {
            size_t at = basis[i];
            ck_assert(is_open(p, at / m, at % m) || tableau[i][cols] < 1e-9);
            sum += tableau[i][cols] * p->value[at];
        }
    return sum;
}

START_TEST(as_a_linear_programme)
{
    size_t compared = 0;
    for (uint64_t seed = 0; seed < 400; seed++) {
        choice_problem p = random_problem(seed);
        double least, most;
        range(&p, &least, &most);
        for (int k = 0; k <= 4; k++) {
            p.budget = least + (most - least) * k / 4.0;
            choice_optimum o = solve(&p);
            double want = programme(&p);
            ck_assert_msg(fabs(o.value - want) <= 1e-9,
                          "seed %llu, budget %g: %.12g, simplex %.12g", (unsigned long long)seed,
                          p.budget, o.value, want);
            ck_assert(o.spend <= p.budget + 1e-9);
            ck_assert_double_eq_tol(o.least, least, 1e-12);
            compared++;
        }
    }
    ck_assert_uint_ge(compared, 1500);
}
END_TEST

/* ---- what must hold ---- */

/* No prompt prefers another expert at the dual price; duality: value = price * budget + sum of the best nets. */
START_TEST(prices_support_it)
{
    for (uint64_t seed = 0; seed < 1000; seed++) {
        choice_problem p = random_problem(seed);
        double least, most, dual = 0;
        range(&p, &least, &most);
        p.budget = least + (most - least) * draw(seed, 7, 0);
        choice_optimum o = solve(&p);
        ck_assert(o.price >= 0 && o.share >= 0 && o.share < 1);
        for (size_t i = 0; i < p.n; i++) {
            double mine = value[i * p.m + choice[i]] - o.price * cost_of(&p, i, choice[i]);
            ck_assert(is_open(&p, i, choice[i]));
            for (size_t j = 0; j < p.m; j++) {
                double net = value[i * p.m + j] - o.price * cost_of(&p, i, j);
                if (is_open(&p, i, j)) ck_assert(mine >= net - 1e-9);
                if (o.split == i && o.split_to == j) ck_assert_double_eq_tol(net, mine, 1e-9);
            }
            dual += mine;
        }
        ck_assert_double_eq_tol(dual + o.price * p.budget, o.value, 1e-8);
        if (o.price > 0) ck_assert_double_eq_tol(o.spend, p.budget, 1e-9);
    }
}
END_TEST

static double best_integer(const choice_problem *p, size_t i, double budget)
{
    if (i == p->n) return 0;
    double best = -(double)INFINITY;
    for (size_t j = 0; j < p->m; j++) {
        double left = budget - cost_of(p, i, j);
        if (!is_open(p, i, j) || left < -1e-12) continue;
        best = fmax(best, p->value[i * p->m + j] + best_integer(p, i + 1, left));
    }
    return best;
}

/* Rounding the split prompt down is feasible: integer optimum between that and the relaxed value. */
START_TEST(integers_lie_between)
{
    for (uint64_t seed = 0; seed < 400; seed++) {
        choice_problem p = random_problem(seed);
        double least, most, down = 0;
        if (p.n > 6) p.n = 6;
        range(&p, &least, &most);
        p.budget = least + (most - least) * draw(seed, 8, 0);
        choice_optimum o = solve(&p);
        for (size_t i = 0; i < p.n; i++) down += value[i * p.m + choice[i]];
        double best = best_integer(&p, 0, p.budget);
        ck_assert(best <= o.value + 1e-9 && best >= down - 1e-9);
    }
}
END_TEST

START_TEST(more_budget_is_never_worse)
{
    for (uint64_t seed = 0; seed < 300; seed++) {
        choice_problem p = random_problem(seed);
        double least, most, before = -(double)INFINITY, price = (double)INFINITY;
        range(&p, &least, &most);
        for (int k = 0; k <= 20; k++) {
            p.budget = least + (most - least) * 1.2 * k / 20;
            choice_optimum o = solve(&p);
            ck_assert(o.value >= before - 1e-12);
            ck_assert(o.price <= price + 1e-12); /* concave */
            before = o.value;
            price = o.price;
        }
        ck_assert_double_eq(price, 0);
    }
}
END_TEST

/* ---- edges ---- */

START_TEST(ties_and_ends)
{
    static const double v[] = {1, 1, 0, 2, 2}, c[] = {1, 1, 1, 5, 5};
    choice_problem p = {.n = 1, .m = 5, .value = v, .cost = c, .cost_ld = 0, .budget = 1};
    choice_optimum o = solve(&p); /* zero width: the cheapest, the best of them, the lower column */
    ck_assert_uint_eq(choice[0], 0);
    ck_assert(o.split == SIZE_MAX);
    ck_assert_double_eq_tol(o.price, 0.25, 1e-15);
    p.budget = (double)INFINITY;
    o = solve(&p);
    ck_assert_uint_eq(choice[0], 3);
    ck_assert_double_eq(o.price, 0);
    p.budget = 3;
    o = solve(&p);
    ck_assert(o.split == 0 && o.split_to == 3 && choice[0] == 0);
    ck_assert_double_eq_tol(o.share, 0.5, 1e-15);
    ck_assert_double_eq_tol(o.value, 1.5, 1e-15);
    ck_assert_double_eq_tol(o.spend, 3, 1e-15);
    p.n = 0;
    o = solve(&p);
    ck_assert_double_eq(o.value, 0);
}
END_TEST

/* Columns dealt anew: the same value, and the same experts where nothing ties. */
START_TEST(permutations_permute)
{
    static double v2[CELLS], c2[CELLS];
    for (uint64_t seed = 0; seed < 200; seed += 4) {
        choice_problem p = random_problem(seed);
        uint32_t kept[MOST_N];
        double least, most;
        range(&p, &least, &most);
        p.budget = (least + most) / 2;
        choice_optimum o = solve(&p);
        memcpy(kept, choice, sizeof kept);
        for (size_t i = 0; i < p.n; i++)
            for (size_t j = 0; j < p.m; j++) {
                v2[i * p.m + (j + 1) % p.m] = value[i * p.m + j];
                c2[i * p.m + (j + 1) % p.m] = cost[i * p.m + j];
            }
        p.value = v2;
        p.cost = c2;
        choice_optimum q = solve(&p);
        ck_assert_double_eq(o.value, q.value);
        for (size_t i = 0; i < p.n; i++) ck_assert_uint_eq(choice[i], (kept[i] + 1) % p.m);
    }
}
END_TEST

static void refuse(const choice_problem *p, pm_status want, const char *text)
{
    choice_optimum o;
    err_clear(&err);
    ck_assert_int_eq(choice_knapsack(p, scratch, choice, &o, &err), want);
    ck_assert_msg(strstr(err_text(&err), text), "%s", err_text(&err));
    if (want == PM_E_INFEASIBLE) ck_assert_double_eq_tol(o.least, 3, 1e-15);
    err_clear(&err);
}

START_TEST(bad_input)
{
    double v[] = {1, 2, 3, 4}, c[] = {1, 5, 2, 7};
    uint32_t none[] = {0, 0, 1, 1};
    choice_problem p = {.n = 2, .m = 2, .value = v, .cost = c, .cost_ld = 2, .budget = 2.5};
    refuse(&p, PM_E_INFEASIBLE, "want at least 3");
    p.budget = (double)NAN;
    refuse(&p, PM_E_ARG, "budget");
    p.budget = 10;
    p.mask = none;
    refuse(&p, PM_E_ARG, "prompt 1 may go to none");
    p.mask = NULL;
    v[2] = (double)NAN;
    refuse(&p, PM_E_ARG, "prompt 1, column 0");
    uint32_t hidden[] = {0, 0, 1, 0};
    p.mask = hidden; /* what may not be chosen is not looked at */
    p.budget = 13;
    ck_assert_double_eq(solve(&p).value, 6);
    c[1] = (double)INFINITY;
    refuse(&p, PM_E_ARG, "column 1");
    p.m = 0;
    refuse(&p, PM_E_ARG, "0 columns");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("choice_knapsack");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, as_a_linear_programme);
    tcase_add_test(tc, prices_support_it);
    tcase_add_test(tc, integers_lie_between);
    tcase_add_test(tc, more_budget_is_never_worse);
    tcase_add_test(tc, ties_and_ends);
    tcase_add_test(tc, permutations_permute);
    tcase_add_test(tc, bad_input);
    return tools_run(tc, "choice_knapsack");
}
