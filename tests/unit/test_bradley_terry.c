/* SPDX-License-Identifier: MIT
 *
 * Bradley-Terry on win counts: golden toy vectors of RouteLLM's code (scikit-learn on its design rows), what must
 * hold at any solution, separation, and bad input.
 */
#include "math_tools.h"

#include "math/bradley_terry.h"

enum { K_MAX = 24 };
static arena *scratch;
static double win[K_MAX * K_MAX], lose_zero[K_MAX], win_zero[K_MAX], theta[K_MAX];
static bt_report report;

static void setup(void)
{
    scratch = arena_open(0);
    memset(win, 0, sizeof win);
    memset(theta, 0, sizeof theta);
    memset(win_zero, 0, sizeof win_zero);
    memset(lose_zero, 0, sizeof lose_zero);
}
static void teardown(void)
{
    ck_assert_uint_eq(arena_used(scratch), 0);
    arena_close(scratch);
}

static void near(double got, double want, double within)
{
    ck_assert_msg(fabs(got - want) <= within, "%.12g wanted %.12g", got, want);
}

static double elo(double t)
{
    return 1000 + t * 400 / log(10);
}

static bt_counts counts(size_t k, double prior)
{
    return (bt_counts){.k = k, .win = win, .prior = prior};
}

static void solve(const bt_counts *w)
{
    pm_err err = PM_ERR_INIT;
    ck_assert_msg(bt_fit(w, scratch, theta, &report, &err) == PM_OK, "%s", err_text(&err));
}

/* Slope of the penalised log-likelihood with respect to theta_a. */
static double slope(const bt_counts *w, const double *t, size_t a)
{
    double at_zero = (w->win_zero ? w->win_zero[a] : 0) + w->prior / 2;
    double of_zero = (w->lose_zero ? w->lose_zero[a] : 0) + w->prior / 2;
    double sum = at_zero * bt_probability(0, t[a]) - of_zero * bt_probability(t[a], 0);
    for (size_t b = 0; b < w->k; b++)
        if (b != a)
            sum += w->win[a * w->k + b] * bt_probability(t[b], t[a]) -
                   w->win[b * w->k + a] * bt_probability(t[a], t[b]);
    return sum;
}

/* (a, b, result, weight) = (0,1,a,100) (0,1,b,20) (1,2,a,50) (1,2,tie,30) (0,2,a,40) (2,0,a,15) (2,2,a,25)
 * (1,1,tie,60); a same-tier battle of RouteLLM loses against the fixed player when a wins. */
static void toy(void)
{
    win[0 * 3 + 1] = 100, win[1 * 3 + 0] = 20;
    win[1 * 3 + 2] = 50 + 15, win[2 * 3 + 1] = 15;
    win[0 * 3 + 2] = 40, win[2 * 3 + 0] = 15;
    lose_zero[2] = 25;
    win_zero[1] = 30, lose_zero[1] = 30;
}

START_TEST(toy_with_quirk)
{
    toy();
    bt_counts w = counts(3, 0);
    w.win_zero = win_zero, w.lose_zero = lose_zero;
    solve(&w);
    near(elo(theta[0]), 1137.448847, 1e-6);
    near(elo(theta[1]), 943.784338, 1e-6);
    near(elo(theta[2]), 750.898744, 1e-6);
    near(bt_probability(theta[0], theta[2]), 0.9024863559, 1e-10);
    ck_assert(!report.is_separated);
    ck_assert_uint_eq(report.n_parts, 1);
    ck_assert_uint_le(report.iterations, 8);
}
END_TEST

START_TEST(toy_without_quirk)
{
    toy();
    bt_counts w = counts(3, 0);
    solve(&w);
    near(bt_probability(theta[0], theta[2]), 0.8840047925, 1e-10);
    near(theta[0] + theta[1] + theta[2], 0, 1e-12);
    near(bt_probability(theta[2], theta[0]), 1 - 0.8840047925, 1e-10);
}
END_TEST

static void draw_counts(size_t k, uint64_t seed)
{
    for (size_t i = 0; i < k * k; i++) win[i] = 10 * rng_uniform(seed, 1, i);
}

START_TEST(slope_is_zero)
{
    static const size_t sizes[] = {1, 2, 3, 5, 10, 24};
    size_t k = sizes[_i];
    for (uint64_t seed = 0; seed < 20; seed++) {
        draw_counts(k, seed);
        for (size_t a = 0; a < k; a++) {
            win_zero[a] = rng_uniform(seed, 2, a), lose_zero[a] = rng_uniform(seed, 3, a);
            theta[a] = 6 * rng_uniform(seed, 4, a) - 3; /* any start */
        }
        bt_counts w = counts(k, seed % 3 ? 0 : 0.25);
        if (seed % 2) w.win_zero = win_zero, w.lose_zero = lose_zero;
        solve(&w);
        double total = 0;
        for (size_t i = 0; i < k * k; i++) total += win[i];
        for (size_t a = 0; a < k; a++) near(slope(&w, theta, a) / total, 0, 1e-10);
        ck_assert(!report.is_separated);
        ck_assert_uint_eq(report.first_beyond, SIZE_MAX);
    }
}
END_TEST

START_TEST(names_do_not_matter)
{
    enum { K = 7 };
    double first[K], shuffled[K * K];
    draw_counts(K, 5);
    bt_counts w = counts(K, 0);
    solve(&w);
    memcpy(first, theta, sizeof first);
    for (size_t a = 0; a < K; a++)
        for (size_t b = 0; b < K; b++)
            shuffled[(3 * a + 2) % K * K + (3 * b + 2) % K] = win[a * K + b];
    memset(theta, 0, sizeof theta);
    w.win = shuffled;
    solve(&w);
    for (size_t a = 0; a < K; a++) near(theta[(3 * a + 2) % K], first[a], 1e-11);
}
END_TEST

START_TEST(scale_does_not_matter)
{
    double first[4];
    draw_counts(4, 6);
    bt_counts w = counts(4, 0);
    solve(&w);
    memcpy(first, theta, sizeof first);
    double loss = report.log_loss;
    for (size_t i = 0; i < 16; i++) win[i] *= 1e-12;
    solve(&w);
    for (size_t a = 0; a < 4; a++) near(theta[a], first[a], 1e-11);
    near(report.log_loss, loss, 1e-12);
}
END_TEST

START_TEST(two_players_in_closed_form)
{
    win[1] = 30, win[2] = 10;
    bt_counts w = counts(2, 0);
    solve(&w);
    near(theta[0] - theta[1], log(3), 1e-12);
    near(report.log_loss, -.75 * log(.75) - .25 * log(.25), 1e-12);
}
END_TEST

START_TEST(all_ties)
{
    for (size_t i = 0; i < 25; i++) win[i] = 2.5;
    bt_counts w = counts(5, 0);
    theta[2] = 3;
    solve(&w);
    for (size_t a = 0; a < 5; a++) near(theta[a], 0, 1e-12);
    near(report.log_loss, log(2), 1e-12);
}
END_TEST

START_TEST(one_player_and_no_battles)
{
    bt_counts w = counts(1, 0);
    win[0] = 7; /* a battle with itself says nothing */
    theta[0] = 4;
    solve(&w);
    near(theta[0], 0, 0);
    ck_assert(!report.is_separated);
    w = counts(3, 0);
    win[0] = 0;
    solve(&w);
    for (size_t a = 0; a < 3; a++) near(theta[a], 0, 0);
    ck_assert_uint_eq(report.n_parts, 3);
    near(report.log_loss, 0, 0);
}
END_TEST

START_TEST(parts_are_centred_apart)
{
    enum { K = 5 }; /* 0 and 3; 1 and 4; 2 alone */
    win[0 * K + 3] = 3, win[3 * K + 0] = 1;
    win[1 * K + 4] = 1, win[4 * K + 1] = 9;
    bt_counts w = counts(K, 0);
    theta[0] = 100, theta[2] = -7;
    solve(&w);
    near(theta[0], log(3) / 2, 1e-12);
    near(theta[3], -log(3) / 2, 1e-12);
    near(theta[4] - theta[1], log(9), 1e-12);
    near(theta[4] + theta[1], 0, 1e-12);
    near(theta[2], 0, 0);
    ck_assert_uint_eq(report.n_parts, 3);
    ck_assert(!report.is_separated);
}
END_TEST

/* Separation: finite, in order, within BT_FURTHEST, and told. */
static void check_held(const bt_counts *w, size_t who)
{
    ck_assert(report.is_separated);
    ck_assert_uint_eq(report.first_beyond, who);
    for (size_t a = 0; a < w->k; a++) {
        ck_assert(isfinite(theta[a]));
        ck_assert_msg(fabs(theta[a]) <= BT_FURTHEST, "%g", theta[a]);
    }
}

START_TEST(one_never_wins)
{
    draw_counts(4, 9);
    for (size_t b = 0; b < 4; b++) win[2 * 4 + b] = 0;
    bt_counts w = counts(4, 0);
    solve(&w);
    check_held(&w, 2);
    for (size_t b = 0; b < 4; b++)
        if (b != 2) ck_assert(bt_probability(theta[b], theta[2]) > 0.999999);
    double held[4], rest[9];
    memcpy(held, theta, sizeof held);
    size_t keep[3] = {0, 1, 3};
    for (size_t a = 0; a < 3; a++)
        for (size_t b = 0; b < 3; b++) rest[a * 3 + b] = win[keep[a] * 4 + keep[b]];
    memset(theta, 0, sizeof theta);
    bt_counts without = {.k = 3, .win = rest};
    solve(&without); /* the others are rated as if it were not there */
    near(held[0] - held[1], theta[0] - theta[1], 1e-6);
    near(held[0] - held[3], theta[0] - theta[2], 1e-6);
}
END_TEST

START_TEST(two_sets_apart)
{
    enum {
        K = 4
    }; /* 0 and 1 among themselves, 2 and 3 among themselves; the former always beat the latter */
    win[0 * K + 1] = 2, win[1 * K + 0] = 1, win[2 * K + 3] = 5, win[3 * K + 2] = 5;
    win[1 * K + 2] = 3;
    bt_counts w = counts(K, 0);
    solve(&w);
    check_held(&w, 2);
    near(theta[0] - theta[1], log(2), 1e-6);
    near(theta[2] - theta[3], 0, 1e-6);
    ck_assert(theta[1] - theta[2] > 15);
    w.prior = 0.1; /* with a prior nothing is beyond */
    solve(&w);
    ck_assert(!report.is_separated);
}
END_TEST

START_TEST(a_chain_of_unbeaten_players)
{
    enum { K = 20 };
    for (size_t a = 0; a + 1 < K; a++) win[a * K + a + 1] = 1;
    bt_counts w = counts(K, 0);
    solve(&w);
    check_held(&w, 0);
    for (size_t a = 0; a + 1 < K; a++) ck_assert(theta[a] > theta[a + 1]);
}
END_TEST

START_TEST(never_wins_against_the_fixed_player)
{
    lose_zero[0] = 3, win[1] = win[2] = 1; /* two players, quirk only */
    bt_counts w = counts(2, 0);
    w.win_zero = win_zero, w.lose_zero = lose_zero;
    solve(&w);
    check_held(&w, 0);
    ck_assert(theta[0] < -10 && theta[1] < -10);
    win_zero[1] = 1;
    solve(&w);
    ck_assert(!report.is_separated);
}
END_TEST

START_TEST(weights_of_very_different_size)
{
    enum { K = 6 };
    draw_counts(K, 3);
    for (size_t a = 0; a < K; a++)
        for (size_t b = 0; b < K; b++)
            win[a * K + b] *= pow(10, (double)((a * 5 + b * 3) % 13) - 6);
    bt_counts w = counts(K, 0);
    solve(&w);
    for (size_t a = 0; a < K; a++) {
        double mine = 0;
        for (size_t b = 0; b < K; b++) mine += win[a * K + b] + win[b * K + a];
        near(slope(&w, theta, a) / mine, 0, 1e-9);
    }
}
END_TEST

START_TEST(a_warm_start_takes_fewer_steps)
{
    draw_counts(10, 2);
    bt_counts w = counts(10, 0);
    solve(&w);
    size_t cold = report.iterations;
    for (size_t i = 0; i < 100; i++) win[i] *= 1 + 1e-3 * rng_uniform(4, 4, i);
    solve(&w);
    ck_assert_uint_lt(report.iterations, cold);
    size_t before = mem_count();
    solve(&w);
    ck_assert_uint_eq(mem_count(), before);
}
END_TEST

START_TEST(bad_input)
{
    static const double bad[] = {-1, (double)NAN, (double)INFINITY};
    pm_err err = PM_ERR_INIT;
    bt_counts w = counts(0, 0);
    ck_assert_int_eq(bt_fit(&w, scratch, theta, NULL, &err), PM_E_ARG);
    for (size_t i = 0; i < 3; i++) {
        w = counts(2, 0);
        win[1] = bad[i], win[2] = 1;
        ck_assert_int_eq(bt_fit(&w, scratch, theta, NULL, &err), PM_E_ARG);
        win[1] = 1;
        w.prior = bad[i];
        ck_assert_int_eq(bt_fit(&w, scratch, theta, NULL, &err), PM_E_ARG);
        w.prior = 0;
        w.win_zero = win_zero;
        win_zero[1] = bad[i];
        ck_assert_int_eq(bt_fit(&w, scratch, theta, NULL, &err), PM_E_ARG);
        win_zero[1] = 0;
        if (i == 0) continue;
        theta[0] = bad[i];
        ck_assert_int_eq(bt_fit(&w, scratch, theta, NULL, &err), PM_E_ARG);
        theta[0] = 0;
        win[0] = bad[i]; /* the diagonal is not read */
        ck_assert_int_eq(bt_fit(&w, scratch, theta, NULL, &err), PM_OK);
        win[0] = 0;
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("bradley-terry");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, toy_with_quirk);
    tcase_add_test(tc, toy_without_quirk);
    tcase_add_loop_test(tc, slope_is_zero, 0, 6);
    tcase_add_test(tc, names_do_not_matter);
    tcase_add_test(tc, scale_does_not_matter);
    tcase_add_test(tc, two_players_in_closed_form);
    tcase_add_test(tc, all_ties);
    tcase_add_test(tc, one_player_and_no_battles);
    tcase_add_test(tc, parts_are_centred_apart);
    tcase_add_test(tc, one_never_wins);
    tcase_add_test(tc, two_sets_apart);
    tcase_add_test(tc, a_chain_of_unbeaten_players);
    tcase_add_test(tc, never_wins_against_the_fixed_player);
    tcase_add_test(tc, weights_of_very_different_size);
    tcase_add_test(tc, a_warm_start_takes_fewer_steps);
    tcase_add_test(tc, bad_input);
    return tools_run(tc, "bradley-terry");
}
