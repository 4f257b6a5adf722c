/* SPDX-License-Identifier: MIT
 *
 * Scalar functions.  Golden values: scipy 1.17.1 and numpy 2.4.6 (scipy.stats.norm.ppf and cdf,
 * scipy.special.expit, logsumexp and softmax, scipy.stats.rankdata and spearmanr, numpy.quantile), printed
 * with repr().
 */
#include "math_tools.h"

#include "math/special.h"

static void near(double got, double want, double relative)
{
    ck_assert_msg(fabs(got - want) <= relative * fabs(want), "%.17g wanted %.17g", got, want);
}

START_TEST(normal_quantile)
{
    static const double golden[][2] = {{1e-300, -37.0470962993612}, {1e-10, -6.361340902404056},
                                       {0.01, -2.3263478740408408}, {0.02425, -1.972961051311885},
                                       {0.3, -0.5244005127080409},  {0.75, 0.6744897501960817},
                                       {0.975, 1.959963984540054},  {1 - 1e-10, 6.361340889697422}};
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++)
        near(special_normal_quantile(golden[i][0]), golden[i][1], 1e-14);
    ck_assert_double_eq_tol(special_normal_quantile(0.5), 0, 1e-16);
    ck_assert(isinf(special_normal_quantile(0)) && isinf(special_normal_quantile(1)));
    ck_assert(isnan(special_normal_quantile(-0.1)) && isnan(special_normal_quantile(1.1)));
    ck_assert(isfinite(special_normal_quantile(5e-324)));
}
END_TEST

START_TEST(normal_cdf_and_sigmoid)
{
    near(special_normal_cdf(-8), 6.22096057427174e-16, 1e-13);
    near(special_normal_cdf(-1), 0.15865525393145707, 1e-15);
    near(special_normal_cdf(0.5), 0.6914624612740131, 1e-15);
    near(special_normal_cdf(2), 0.9772498680518208, 1e-15);
    near(special_sigmoid(-30), 9.357622968839299e-14, 1e-15);
    near(special_sigmoid(-1), 0.2689414213699951, 1e-15);
    near(special_sigmoid(1e-3), 0.5002499999791666, 1e-15);
    ck_assert(special_sigmoid(-800) == 0 && special_sigmoid(800) == 1);
}
END_TEST

START_TEST(logsumexp_and_softmax)
{
    near(special_logsumexp((const double[]){1000, 1001, 999.5}, 3), 1001.4643687841079, 1e-15);
    near(special_logsumexp((const double[]){-1000, -1001}, 2), -999.6867383124818, 1e-15);
    ck_assert(special_logsumexp(NULL, 0) == -INFINITY);
    ck_assert(special_logsumexp((const double[]){-INFINITY, -INFINITY}, 2) == -INFINITY);
    double out[4];
    special_softmax((const double[]){1, 2, 3.5, -700}, 4, out);
    near(out[0], 6.2890013245867502e-002, 1e-14);
    near(out[1], 1.7095278019779026e-001, 1e-14);
    near(out[2], 7.6615720655634223e-001, 1e-14);
    near(out[3], 2.2811291380648809e-306, 1e-12);
    special_softmax((const double[]){1e308, 1e308}, 2, out);
    ck_assert(out[0] == 0.5 && out[1] == 0.5);
    special_softmax((const double[]){-INFINITY, 0}, 2, out);
    ck_assert(out[0] == 0 && out[1] == 1);
}
END_TEST

START_TEST(mean_does_not_lose_small_terms)
{
    ck_assert_double_eq(special_mean((const double[]){1e100, 1, -1e100, 1}, 4), 0.5);
    ck_assert(isnan(special_mean(NULL, 0)));
    ck_assert(special_mean((const double[]){INFINITY, 1}, 2) == INFINITY);
}
END_TEST

START_TEST(quantiles)
{
    static const double golden[][2] = {{0, 1},      {0.1, 1},   {0.25, 2.25},
                                       {0.5, 3.75}, {0.9, 6.3}, {1, 9}};
    for (size_t i = 0; i < 6; i++) {
        double x[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3.5};
        near(special_quantile(x, 10, golden[i][0]), golden[i][1], 1e-14);
    }
    double one[] = {2};
    ck_assert_double_eq(special_quantile(one, 1, 0.3), 2);
    ck_assert(isnan(special_quantile(one, 0, 0.5)) && isnan(special_quantile(one, 1, 2)));
    double infinite[] = {INFINITY, INFINITY};
    ck_assert(special_quantile(infinite, 2, 0.5) == INFINITY);
}
END_TEST

START_TEST(ranks_and_spearman)
{
    static const double a[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3.5},
                        b[] = {2, 7, 1, 8, 2, 8, 1, 8, 2, 8};
    static const double want[] = {4, 1.5, 6, 1.5, 7.5, 10, 3, 9, 7.5, 5};
    double rank[10], scratch[20];
    uint32_t index[10];
    special_ranks(a, 10, rank, index);
    for (size_t i = 0; i < 10; i++) ck_assert_double_eq(rank[i], want[i]);
    near(special_spearman(a, b, 10, scratch, index), 0.16308001724472523, 1e-14);
    ck_assert_double_eq(special_spearman(a, a, 10, scratch, index), 1);
    static const double flat[] = {2, 2, 2, 2, 2, 2, 2, 2, 2, 2};
    ck_assert(isnan(special_spearman(a, flat, 10, scratch, index)));
    static const double hole[] = {2, 7, NAN, 8, 2, 8, 1, 8, 2, 8};
    ck_assert(isnan(special_spearman(a, hole, 10, scratch, index)));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("special");
    tcase_add_test(tc, normal_quantile);
    tcase_add_test(tc, normal_cdf_and_sigmoid);
    tcase_add_test(tc, logsumexp_and_softmax);
    tcase_add_test(tc, mean_does_not_lose_small_terms);
    tcase_add_test(tc, quantiles);
    tcase_add_test(tc, ranks_and_spearman);
    return tools_run(tc, "special");
}
