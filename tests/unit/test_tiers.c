/* SPDX-License-Identifier: MIT
 *
 * Tiers: RouteLLM's golden vector, brute force over all segmentations, ties, bad input.
 */
#include "math_tools.h"

#include "math/tiers.h"

enum { K_MAX = 64 };
static arena *scratch;
static uint32_t tier[K_MAX];

static void setup(void)
{
    scratch = arena_open(0);
}
static void teardown(void)
{
    ck_assert_uint_eq(arena_used(scratch), 0);
    arena_close(scratch);
}

static void cut(const double *rating, size_t k, size_t n)
{
    pm_err err = PM_ERR_INIT;
    ck_assert_msg(tiers_of(rating, k, n, scratch, tier, &err) == PM_OK, "%s", err_text(&err));
}

START_TEST(golden)
{
    static const double rating[] = {1250, 1240, 1180, 1170, 1160, 1100,
                                    1090, 1050, 1000, 990,  900,  800};
    static const uint32_t want[] = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 3};
    cut(rating, 12, 4);
    for (size_t i = 0; i < 12; i++) ck_assert_uint_eq(tier[i], want[i]);
    double shuffled[12]; /* the same players in another order */
    for (size_t i = 0; i < 12; i++) shuffled[i * 5 % 12] = rating[i];
    cut(shuffled, 12, 4);
    for (size_t i = 0; i < 12; i++) ck_assert_uint_eq(tier[i * 5 % 12], want[i]);
}
END_TEST

static double variance(const double *x, size_t n)
{
    double mean = 0, sum = 0;
    for (size_t i = 0; i < n; i++) mean += x[i] / (double)n;
    for (size_t i = 0; i < n; i++) sum += (x[i] - mean) * (x[i] - mean) / (double)n;
    return sum;
}

/* Least sum of variances of `n` segments of x [k]. */
static double brute(const double *x, size_t k, size_t n)
{
    if (n == 1) return variance(x, k);
    double best = (double)INFINITY;
    for (size_t first = 1; first + n - 1 <= k; first++) {
        double sum = variance(x, first) + brute(x + first, k - first, n - 1);
        best = sum < best ? sum : best;
    }
    return best;
}

START_TEST(no_segmentation_is_better)
{
    for (uint64_t seed = 0; seed < 60; seed++) {
        size_t k = 1 + seed % 11, n = 1 + seed / 11 % k;
        double x[K_MAX];
        for (size_t i = 0; i < k; i++)
            x[i] = 2000 - 30 * (double)i - 29 * rng_uniform(seed, 0, i); /* descending */
        cut(x, k, n);
        double sum = 0;
        size_t lo = 0, used = 0;
        for (size_t i = 1; i <= k; i++) {
            if (i < k && tier[i] == tier[lo]) continue;
            ck_assert_uint_eq(tier[lo], used);
            sum += variance(x + lo, i - lo);
            lo = i, used++;
        }
        ck_assert_uint_eq(used, n);
        ck_assert(fabs(sum - brute(x, k, n)) < 1e-8);
    }
}
END_TEST

START_TEST(more_tiers_than_players)
{
    static const double rating[] = {3, 9, 5};
    cut(rating, 3, 10);
    ck_assert_uint_eq(tier[1], 0);
    ck_assert_uint_eq(tier[2], 1);
    ck_assert_uint_eq(tier[0], 2);
    cut(rating, 1, 1);
    ck_assert_uint_eq(tier[0], 0);
}
END_TEST

START_TEST(equal_ratings)
{
    static const double rating[] = {.1, .1, .1, .1, .1, .1};
    cut(rating, 6, 3); /* every cut costs 0: the first wins */
    for (size_t i = 1; i < 6; i++) ck_assert_uint_ge(tier[i], tier[i - 1]);
    ck_assert_uint_le(tier[5], 2);
    cut(rating, 6, 1);
    for (size_t i = 0; i < 6; i++) ck_assert_uint_eq(tier[i], 0);
}
END_TEST

START_TEST(bad_input)
{
    static const double rating[] = {1, (double)NAN, 3}, far[] = {1, (double)INFINITY};
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(tiers_of(rating, 0, 2, scratch, tier, &err), PM_E_ARG);
    ck_assert_int_eq(tiers_of(rating, 1, 0, scratch, tier, &err), PM_E_ARG);
    ck_assert_int_eq(tiers_of(rating, 3, 2, scratch, tier, &err), PM_E_ARG);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "player 1"));
    ck_assert_int_eq(tiers_of(far, 2, 2, scratch, tier, &err), PM_E_ARG);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("tiers");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, golden);
    tcase_add_test(tc, no_segmentation_is_better);
    tcase_add_test(tc, more_tiers_than_players);
    tcase_add_test(tc, equal_ratings);
    tcase_add_test(tc, bad_input);
    return tools_run(tc, "tiers");
}
