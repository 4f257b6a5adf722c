/* SPDX-License-Identifier: MIT
 *
 * A planted problem with known effects.  There is an expert for every subset of K constraints; constraint k costs 1
 * unless the expert is in k, and an expert costs a little for every constraint it is in: so with the constraints S
 * on, the choice is expert S.  What a choice is worth is additive in its constraints plus their pairs: Shapley
 * values and interaction indices have closed forms.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "eval/ablation_effects.h"
#include "math/weight_grid.h"
#include "suite.h"

enum { K = 4, M = 1 << K, N = 200 };

static arena *a;
static compute c;
static pm_err err;
static ablation_factor factor[16];
static const double alone[K] = {0.3, -0.2, 0.05, 0},
                    pair[K][K] = {
                        {0, .08, 0, -.03}, {.08, 0, .11, 0}, {0, .11, 0, .02}, {-.03, 0, .02, 0}};

static void setup(void)
{
    static const char *const name[] = {"a", "b", "c", "d", "e", "f", "g", "h",
                                       "i", "j", "k", "l", "m", "n", "o", "p"};
    a = arena_open(0);
    err = (pm_err)PM_ERR_INIT;
    ck_assert_int_eq(compute_open(2, &c, NULL), PM_OK);
    for (size_t k = 0; k < 16; k++) factor[k] = (ablation_factor){.label = name[k], .nominal = 1};
}
static void teardown(void)
{
    compute_close(&c);
    arena_close(a);
}

static double worth_of(size_t expert)
{
    double v = 0.1;
    for (size_t k = 0; k < K; k++) {
        if (!(expert >> k & 1)) continue;
        v += alone[k];
        for (size_t l = 0; l < k; l++)
            if (expert >> l & 1) v += pair[k][l];
    }
    return v;
}

static double shapley_of(size_t k)
{
    double v = alone[k];
    for (size_t l = 0; l < K; l++) v += pair[k][l] / 2;
    return v;
}

typedef struct planted {
    ablation_design d;
    ablation_cells cells;
    double *measure[2]; /* worth with noise; and, of every second prompt, without */
} planted;

static void decide(planted *p, size_t n)
{
    float *value = arena_alloc(a, M, sizeof *value);
    pm_cmat term[K];
    for (size_t k = 0; k < K; k++) {
        float *row = arena_alloc(a, M, sizeof *row);
        for (size_t e = 0; e < M; e++) row[e] = e >> k & 1 ? 0 : 1;
        term[k] = (pm_cmat){row, n, M, 0};
    }
    for (size_t e = 0; e < M; e++) value[e] = -0.01f * (float)__builtin_popcount((unsigned)e);
    double *weight = arena_alloc(a, p->d.n, K * sizeof *weight);
    uint8_t *choice = arena_alloc(a, p->d.n, n);
    for (size_t q = 0; q < p->d.n; q++)
        memcpy(weight + q * K, p->d.point[q].weight, K * sizeof *weight);
    weight_grid g = {.value = {value, n, M, 0},
                     .term = term,
                     .n_terms = K,
                     .weight = weight,
                     .n_points = p->d.n};
    weight_grid_out out = {.choice = choice};
    ck_assert_msg(weight_grid_decide(&c, &g, &out, &err) == PM_OK, "%s", err_text(&err));
    for (size_t set = 0; set < M; set++)
        for (size_t i = 0; i < n; i++) ck_assert_uint_eq(choice[p->d.subset[set] * n + i], set);
    p->cells = (ablation_cells){.n = n,
                                .m = M,
                                .n_points = p->d.n,
                                .choice = choice,
                                .measure = (const double *const *)p->measure,
                                .n_measures = 2};
}

static void plant(planted *p, double noise, uint64_t seed)
{
    ablation_spec s = {
        .factor = factor, .n = K, .leave_one_out = true, .pairs = true, .subsets = true};
    ck_assert_int_eq(ablation_design_make(&s, a, &p->d, &err), PM_OK);
    for (size_t q = 0; q < 2; q++) p->measure[q] = arena_alloc(a, (size_t)N * M, sizeof(double));
    for (size_t x = 0; x < (size_t)N * M; x++) {
        p->measure[0][x] = worth_of(x % M) + noise * rng_normal(seed, 1, x);
        p->measure[1][x] = x / M % 2 ? worth_of(x % M) : NAN;
    }
    decide(p, N);
}

enum { PHI = 0, SII = K, TWO = SII + K * K, OUT = TWO + K * K, CONTRASTS = OUT + K };

static void ask(const planted *p, size_t measure, ablation_contrast *t)
{
    for (size_t k = 0; k < K; k++) {
        t[PHI + k] = ablation_shapley(&p->d, k, measure, a);
        t[OUT + k] = ablation_difference(p->d.without[k], 0, measure, a);
        for (size_t l = 0; l < K; l++) {
            t[SII + k * K + l] = ablation_difference(0, 0, measure, a);
            t[TWO + k * K + l] = ablation_difference(0, 0, measure, a);
            if (k == l) continue;
            t[SII + k * K + l] = ablation_shapley_pair(&p->d, k, l, measure, a);
            t[TWO + k * K + l] = ablation_two_by_two(&p->d, k, l, measure, a);
        }
    }
}

static double truth_of(size_t e)
{
    if (e < SII) return shapley_of(e);
    if (e < TWO) return pair[(e - SII) / K][(e - SII) % K];
    if (e < OUT) return pair[(e - TWO) / K][(e - TWO) % K];
    return worth_of((M - 1) & ~((size_t)1 << (e - OUT))) - worth_of(M - 1);
}

static void measure(const planted *p, bootstrap_spec spec, ablation_contrast *t, size_t n)
{
    pm_status s = ablation_measure(&c, &p->cells, &spec, t, n, &err);
    ck_assert_msg(s == PM_OK, "%s", err_text(&err));
}

START_TEST(closed_forms_are_met)
{
    planted p;
    ablation_contrast t[CONTRASTS];
    plant(&p, 0, 1);
    for (size_t q = 0; q < 2; q++) {
        ask(&p, q, t);
        measure(&p, (bootstrap_spec){100, .95, 1, true}, t, CONTRASTS);
        double sum = 0;
        for (size_t e = 0; e < CONTRASTS; e++) {
            ck_assert_double_eq_tol(t[e].value, truth_of(e), 1e-9);
            ck_assert_double_eq_tol(t[e].lo, truth_of(e), 1e-9);
            ck_assert_double_eq_tol(t[e].hi, truth_of(e), 1e-9);
            ck_assert_uint_eq(t[e].prompts, q ? N / 2 : N);
            if (e < SII) sum += t[e].value;
        }
        ck_assert_double_eq_tol(sum, worth_of(M - 1) - worth_of(0), 1e-9); /* efficiency */
    }
}
END_TEST

/* Efficiency holds whatever the cells. */
START_TEST(values_add_up_to_the_whole)
{
    planted p;
    ablation_contrast t[K + 1];
    plant(&p, 1, 7);
    for (size_t k = 0; k < K; k++) t[k] = ablation_shapley(&p.d, k, 0, a);
    t[K] = ablation_difference(0, (uint32_t)p.d.none, 0, a);
    measure(&p, (bootstrap_spec){50, .95, 1, true}, t, K + 1);
    ck_assert_double_eq_tol(t[0].value + t[1].value + t[2].value + t[3].value, t[K].value, 1e-9);
    ck_assert_double_ne(t[0].value, shapley_of(0));
}
END_TEST

START_TEST(intervals_cover_the_truth)
{
    enum { REDRAWS = 200 };
    size_t covered[CONTRASTS] = {0};
    for (uint64_t r = 0; r < REDRAWS; r++) {
        arena_mark mark = arena_save(a);
        planted p;
        ablation_contrast t[CONTRASTS];
        plant(&p, 0.5, 100 + r);
        ask(&p, 0, t);
        measure(&p, (bootstrap_spec){400, .95, r, true}, t, CONTRASTS);
        for (size_t e = 0; e < CONTRASTS; e++)
            covered[e] += t[e].lo <= truth_of(e) && truth_of(e) <= t[e].hi;
        arena_release(a, mark);
    }
    for (size_t e = 0; e < CONTRASTS; e++) {
        bool zero = e >= SII && e < OUT &&
                    (e - SII) % (K * K) % (K + 1) == 0; /* of k with itself */
        if (zero) continue;
        ck_assert_msg(covered[e] >= 0.90 * REDRAWS && covered[e] <= 0.99 * REDRAWS,
                      "contrast %zu is covered in %zu of %d redraws", e, covered[e], REDRAWS);
    }
}
END_TEST

START_TEST(threads_change_no_bit)
{
    planted p;
    ablation_contrast t[2][CONTRASTS];
    plant(&p, 0.5, 3);
    compute one;
    ck_assert_int_eq(compute_open(1, &one, NULL), PM_OK);
    bootstrap_spec spec = {200, .95, 1, true};
    for (int k = 0; k < 2; k++) {
        ask(&p, 0, t[k]);
        ck_assert_int_eq(ablation_measure(k ? &one : &c, &p.cells, &spec, t[k], CONTRASTS, &err),
                         PM_OK);
    }
    for (size_t e = 0; e < CONTRASTS; e++)
        ck_assert(memcmp(&t[0][e].value, &t[1][e].value, 3 * sizeof(double)) == 0);
    compute_close(&one);
}
END_TEST

/* 14 constraints whose joining adds their number, whatever the others: sampling is exact, its error 0. */
START_TEST(sampled_orders)
{
    ablation_spec s = {.factor = factor, .n = 14, .subsets = true, .permutations = 30, .seed = 1};
    ablation_design d;
    ck_assert_int_eq(ablation_design_make(&s, a, &d, &err), PM_OK);
    double *mean = arena_alloc(a, d.n, 2 * sizeof *mean);
    for (size_t p = 0; p < d.n; p++) {
        for (size_t k = 0; k < 14; k++) mean[2 * p] += d.point[p].weight[k] * (double)(k + 1);
        mean[2 * p + 1] = mean[2 * p] * mean[2 * p];
    }
    double sum[2] = {0};
    for (size_t k = 0; k < 14; k++)
        for (size_t q = 0; q < 2; q++) {
            ablation_contrast t = ablation_shapley(&d, k, q, a);
            double v = 0;
            for (size_t x = 0; x < t.n; x++) v += t.times[x] * mean[2 * t.point[x] + q];
            sum[q] += v;
            if (q == 0) ck_assert_double_eq_tol(v, (double)(k + 1), 1e-9);
            if (q == 0) ck_assert_double_eq_tol(ablation_shapley_error(&d, k, mean, 2, 0), 0, 1e-9);
            /* v(S)^2: phi_k = a_k * sum of a; reversed orders together give it exactly */
            if (q == 1) ck_assert_double_eq_tol(v, 105.0 * (double)(k + 1), 1e-6);
        }
    ck_assert_double_eq_tol(sum[1], 105.0 * 105.0, 1e-6);
    ck_assert_uint_eq(ablation_shapley_pair(&d, 0, 1, 0, a).n, 0);
}
END_TEST

START_TEST(means_changes_and_ranks)
{
    planted p;
    plant(&p, 0, 1);
    double *mean = arena_alloc(a, p.d.n, 2 * sizeof *mean),
           *share = arena_alloc(a, p.d.n, sizeof *share);
    ablation_means(&p.cells, mean);
    ablation_changed(&p.cells, 0, share);
    ck_assert_double_eq_tol(mean[2 * p.d.subset[5]], worth_of(5), 1e-12);
    ck_assert_double_eq_tol(mean[2 * p.d.subset[5] + 1], worth_of(5), 1e-12);
    ck_assert_double_eq(share[0], 0);
    ck_assert_double_eq(share[p.d.without[2]], 1);
    const double x[] = {1, 2, 2, 4}, y[] = {1, 3, 2, 2}, flat[] = {5, 5, 5, 5};
    ck_assert_double_eq_tol(ablation_tau_b(x, x, 4), 1, 1e-12);
    ck_assert_double_eq_tol(ablation_tau_b(x, y, 4), 2 / 5.0, 1e-12); /* 3 - 1 over sqrt(5 * 5) */
    ck_assert(isnan(ablation_tau_b(x, flat, 4)));
    ck_assert_uint_eq(ablation_flips(x, y, 4), 1);
    ck_assert_uint_eq(ablation_flips(x, flat, 4), 0);
}
END_TEST

/* Where all points choose alike, shares of sums leave a rounding error (2e-18) that is no finding. */
START_TEST(rounding_is_nothing)
{
    planted p;
    ablation_contrast t[CONTRASTS];
    plant(&p, 1, 5);
    memset((uint8_t *)(uintptr_t)p.cells.choice, 3, p.d.n * N);
    ask(&p, 0, t);
    measure(&p, (bootstrap_spec){100, .95, 1, true}, t, CONTRASTS);
    for (size_t e = 0; e < CONTRASTS; e++) {
        ck_assert_double_eq(t[e].value, 0);
        ck_assert_double_eq(t[e].lo, 0);
        ck_assert_double_eq(t[e].hi, 0);
    }
}
END_TEST

/* Expert 1 with 1/4, expert 2 with 3/4: its worth is the mean, and it is unlike expert 2 by a quarter. */
START_TEST(mixed_decisions_count_with_shares)
{
    planted p;
    plant(&p, 0, 1);
    float *share = arena_alloc(a, N, M * sizeof *share);
    const float **shares = arena_alloc(a, p.d.n, sizeof *shares);
    for (size_t i = 0; i < N; i++) {
        share[i * M + 1] = 0.25f;
        share[i * M + 2] = 0.75f;
    }
    shares[0] = share; /* at w*; elsewhere expert 2 */
    memset((uint8_t *)(uintptr_t)p.cells.choice, 2, p.d.n * N);
    p.cells.share = shares;
    double *mean = arena_alloc(a, p.d.n, 2 * sizeof *mean),
           *changed = arena_alloc(a, p.d.n, sizeof *changed), experts[M] = {0};
    double worth = worth_of(1) / 4 + worth_of(2) * 3 / 4;
    ablation_means(&p.cells, mean);
    ablation_changed(&p.cells, 0, changed);
    ablation_experts(&p.cells, 0, experts);
    ck_assert_double_eq_tol(mean[0], worth, 1e-12);
    ck_assert_double_eq(changed[0], 0);
    ck_assert_double_eq_tol(changed[1], 0.25, 1e-12);
    ck_assert_double_eq_tol(experts[1], 0.25 * N, 1e-9);
    ck_assert_double_eq_tol(experts[2], 0.75 * N, 1e-9);
    ablation_contrast t = ablation_difference(1, 0, 0, a);
    measure(&p, (bootstrap_spec){50, .95, 1, true}, &t, 1);
    ck_assert_double_eq_tol(t.value, worth_of(2) - worth, 1e-12);
}
END_TEST

START_TEST(refuses_what_is_out_of_range)
{
    planted p;
    plant(&p, 0, 1);
    ablation_contrast t = ablation_difference(0, 1, 7, a);
    bootstrap_spec spec = {100, .95, 1, true};
    ck_assert_int_eq(ablation_measure(&c, &p.cells, &spec, &t, 1, &err), PM_E_ARG);
    t = ablation_difference(0, 99, 0, a);
    ck_assert_int_eq(ablation_measure(&c, &p.cells, &spec, &t, 1, &err), PM_E_ARG);
    ((uint8_t *)(uintptr_t)p.cells.choice)[3] = M;
    t = ablation_difference(0, 1, 0, a);
    ck_assert_int_eq(ablation_measure(&c, &p.cells, &spec, &t, 1, &err), PM_E_ARG);
    ck_assert_msg(strstr(err_text(&err), "chooses column 16 of 16") != NULL, "%s", err_text(&err));
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("ablation_effects");
    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, closed_forms_are_met);
    tcase_add_test(t, values_add_up_to_the_whole);
    tcase_add_test(t, intervals_cover_the_truth);
    tcase_add_test(t, threads_change_no_bit);
    tcase_add_test(t, sampled_orders);
    tcase_add_test(t, means_changes_and_ranks);
    tcase_add_test(t, rounding_is_nothing);
    tcase_add_test(t, mixed_decisions_count_with_shares);
    tcase_add_test(t, refuses_what_is_out_of_range);
    Suite *s = suite_create("ablation_effects");
    suite_add_tcase(s, t);
    return suite_main(s);
}
