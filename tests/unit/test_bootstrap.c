/* SPDX-License-Identifier: MIT
 *
 * Intervals against numpy (200,000 resamples of the same data there), clusters, ratios, bit-equality whatever
 * the threads, and wrong requests.  The Monte-Carlo error of a 2.5 % quantile from 20,000 resamples is about
 * 1 % of the interval's width: tolerances are 5 %.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "eval/bootstrap.h"
#include "suite.h"

#define N 200

static arena *a;
static double x[N], z[N], kept[N], both[N];
static uint64_t group[N];

static void setup(void)
{
    a = arena_open(0);
    for (int k = 0; k < N; k++) {
        double u = (double)((k * 7919) % 1009) / 1009;
        x[k] = u * u;
        z[k] = (double)(((k / 5) * 7919) % 1009) / 1009;
        group[k] = 1000 - (uint64_t)(k / 5); /* order and size of the numbers do not matter */
        kept[k] = k % 3 != 0;
        both[k] = x[k] * kept[k];
    }
}

static void teardown(void)
{
    arena_close(a);
}

static bootstrap *draw(size_t resamples, const uint64_t *cluster, const compute *c)
{
    bootstrap_spec s = {resamples, 0.95, 5, true};
    bootstrap *b;
    pm_err err = PM_ERR_INIT;
    ck_assert_msg(bootstrap_draw(&s, c, cluster, N, a, &b, &err) == PM_OK, "%s", err_text(&err));
    return b;
}

static void near_interval(double lo, double hi, double want_lo, double want_hi)
{
    double slack = 0.05 * (want_hi - want_lo);
    ck_assert_double_eq_tol(lo, want_lo, slack);
    ck_assert_double_eq_tol(hi, want_hi, slack);
}

START_TEST(mean_as_numpy)
{
    double lo, hi;
    bootstrap_mean(draw(20000, NULL, NULL), NULL, x, &lo, &hi);
    near_interval(lo, hi, 0.29534834, 0.37883513);
}
END_TEST

START_TEST(clusters_are_drawn_whole)
{
    double lo, hi;
    bootstrap *b = draw(20000, group, NULL);
    bootstrap_mean(b, NULL, z, &lo, &hi);
    near_interval(lo, hi, 0.40284936, 0.58327552); /* twice the width of the plain one */
    for (size_t r = 0; r < 10; r++) ck_assert_double_eq(bootstrap_sizes(b)[r], N);
    bootstrap_mean(draw(20000, NULL, NULL), NULL, z, &lo, &hi);
    near_interval(lo, hi, 0.45272052, 0.53366204);
}
END_TEST

START_TEST(ratio_as_numpy)
{
    double lo, hi;
    bootstrap *b = draw(20000, NULL, NULL);
    bootstrap_ratio(b, NULL, both, kept, &lo, &hi);
    near_interval(lo, hi, 0.27532804, 0.37437022);
    double gaps[N], same_lo, same_hi; /* a mean without its NaN cells is that ratio */
    for (int k = 0; k < N; k++) gaps[k] = kept[k] > 0 ? x[k] : (double)NAN;
    bootstrap_mean(b, NULL, gaps, &same_lo, &same_hi);
    ck_assert_double_eq(lo, same_lo);
    ck_assert_double_eq(hi, same_hi);
}
END_TEST

START_TEST(singleton_clusters_are_the_plain_bootstrap)
{
    uint64_t own[N];
    for (int k = 0; k < N; k++) own[k] = (uint64_t)((k * 37) % N); /* all different, unordered */
    double lo, hi, lo2, hi2;
    bootstrap_mean(draw(300, NULL, NULL), NULL, x, &lo, &hi);
    bootstrap_mean(draw(300, own, NULL), NULL, x, &lo2, &hi2);
    ck_assert_double_eq(lo, lo2);
    ck_assert_double_eq(hi, hi2);
}
END_TEST

START_TEST(threads_change_no_bit)
{
    compute one, two;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(compute_open(1, &one, &err), PM_OK);
    ck_assert_int_eq(compute_open(2, &two, &err), PM_OK);
    static double wide[N * 16], out[2][500 * 16];
    for (int k = 0; k < N * 16; k++) wide[k] = x[k / 16] + 1.0 / (1 + k);
    bootstrap_sums(draw(500, NULL, &one), &one, wide, 16, NULL, N, out[0]);
    bootstrap_sums(draw(500, NULL, &two), &two, wide, 16, NULL, N, out[1]);
    ck_assert_mem_eq(out[0], out[1], sizeof out[0]);
    compute_close(&one);
    compute_close(&two);
}
END_TEST

START_TEST(sums_follow_the_rows)
{
    static double wide[3 * 8], out[50 * 8], all[50 * 8], spread[N * 8];
    const uint32_t row[3] = {7, 70, 170};
    bootstrap *b = draw(50, NULL, NULL);
    for (int i = 0; i < 3; i++)
        for (uint32_t k = 0; k < 8; k++)
            spread[row[i] * 8 + k] = wide[(uint32_t)i * 8 + k] = i + 0.5 * k;
    bootstrap_sums(b, NULL, wide, 8, row, 3, out);
    bootstrap_sums(b, NULL, spread, 8, NULL, N, all);
    ck_assert_mem_eq(out, all, sizeof out);
}
END_TEST

START_TEST(constants_have_no_width)
{
    double one[N], lo, hi;
    for (int k = 0; k < N; k++) one[k] = 0.25;
    bootstrap_mean(draw(100, NULL, NULL), NULL, one, &lo, &hi);
    ck_assert_double_eq(lo, 0.25);
    ck_assert_double_eq(hi, 0.25);
    for (int k = 0; k < N; k++) one[k] = (double)NAN;
    bootstrap_mean(draw(100, NULL, NULL), NULL, one, &lo, &hi);
    ck_assert(isnan(lo) && isnan(hi));
}
END_TEST

static void refuse(bootstrap_spec s, size_t n, const char *text)
{
    bootstrap *b;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(bootstrap_draw(&s, NULL, NULL, n, a, &b, &err), PM_E_ARG);
    ck_assert_msg(strstr(err_text(&err), text) != NULL, "%s", err_text(&err));
}

START_TEST(wrong_requests_are_refused)
{
    refuse((bootstrap_spec){0, 0.95, 0, true}, 5, "resamples = 0 is outside [1, 1000000]");
    refuse((bootstrap_spec){10, 1, 0, true}, 5, "level = 1 is outside (0, 1)");
    refuse((bootstrap_spec){10, (double)NAN, 0, true}, 5, "level");
    refuse((bootstrap_spec){10, 0.9, 0, true}, 0, "at least one");
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("bootstrap");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, mean_as_numpy);
    tcase_add_test(c, clusters_are_drawn_whole);
    tcase_add_test(c, ratio_as_numpy);
    tcase_add_test(c, singleton_clusters_are_the_plain_bootstrap);
    tcase_add_test(c, threads_change_no_bit);
    tcase_add_test(c, sums_follow_the_rows);
    tcase_add_test(c, constants_have_no_width);
    tcase_add_test(c, wrong_requests_are_refused);
    Suite *s = suite_create("bootstrap");
    suite_add_tcase(s, c);
    return suite_main(s);
}
