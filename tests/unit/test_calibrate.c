/* SPDX-License-Identifier: MIT
 *
 * Thresholds for a share, a cost and a quality against a search over all of them; drift of scores against numpy 2 and
 * scipy 1 (quantile; ks_2samp, kstwobign.sf with Stephens' correction; Wilson's interval of binomtest).
 */
#include "config.h"

#include "suite.h"

#include <math.h>

#include "base/rng.h"
#include "eval/calibrate.h"
#include "eval/drift.h"

static const double ten[] = {0.1, 0.2, 0.2, 0.35, 0.5, 0.5, 0.5, 0.61, 0.7, 0.93};

static void near(double got, double want)
{
    ck_assert_msg(fabs(got - want) < 1e-9, "%.12g, want %.12g", got, want);
}

START_TEST(share_is_a_quantile)
{
    near(calibrate_share(ten, 10, 0), 0.93);
    near(calibrate_share(ten, 10, 0.1), 0.723);
    near(calibrate_share(ten, 10, 0.25), 0.5825);
    near(calibrate_share(ten, 10, 0.5), 0.5);
    near(calibrate_share(ten, 10, 0.77), 0.2105);
    near(calibrate_share(ten, 10, 1), 0.1);
    near(calibrate_share(ten, 1, 0.3), 0.1); /* one prompt */
}
END_TEST

/* As many strong calls as asked for, to within one, where no two scores are equal. */
START_TEST(share_is_met_without_ties)
{
    double score[101];
    for (size_t i = 0; i < 101; i++) score[i] = ((double)i + 0.5) / 128;
    for (size_t f = 0; f <= 50; f++) {
        double share = (double)f / 50;
        double alpha = calibrate_share(score, 101, share);
        double plain = calibrate_plain(score, 101, alpha);
        size_t k = 0;
        for (size_t i = 0; i < 101; i++) k += (float)score[i] >= (float)plain;
        ck_assert(fabs((double)k - share * 101) <= 1 + 1e-9);
        near(round(plain * 1e5), plain * 1e5);
    }
}
END_TEST

START_TEST(plain_keeps_the_split)
{
    static const double score[] = {0.1, 0.716749966, 0.9};
    near(calibrate_plain(score, 3, 0.716749966), 0.71674); /* 0.71675 would lose one */
    near(calibrate_plain(score, 3, 0.8123456), 0.81235);
    static const double dense[] = {0.500001, 0.500002, 0.500003, 0.500011};
    near(calibrate_plain(dense, 4, 0.500002), 0.500002); /* five decimals cannot tell */
}
END_TEST

enum { N = 40 };

typedef struct outcomes {
    double score[N], strong_cost[N], weak_cost[N], strong_quality[N], weak_quality[N];
} outcomes;

static outcomes made(uint64_t seed)
{
    outcomes o;
    for (size_t i = 0; i < N; i++) {
        o.score[i] = floor(rng_uniform(seed, 1, i) * 15) / 15; /* ties */
        o.strong_cost[i] = 1 + rng_uniform(seed, 2, i);
        o.weak_cost[i] = rng_uniform(seed, 3, i) / 2;
        o.strong_quality[i] = rng_uniform(seed, 4, i) < 0.8;
        o.weak_quality[i] = rng_uniform(seed, 5, i) < 0.4;
    }
    return o;
}

static calibrate_step at(const outcomes *o, double alpha)
{
    calibrate_step s = {alpha, 0, 0, 0};
    for (size_t i = 0; i < N; i++) {
        bool strong = o->score[i] >= alpha;
        s.share += strong / (double)N;
        s.cost += (strong ? o->strong_cost[i] : o->weak_cost[i]) / N;
        s.quality += (strong ? o->strong_quality[i] : o->weak_quality[i]) / N;
    }
    return s;
}

START_TEST(targets_are_met_as_well_as_any_threshold_can)
{
    outcomes o = made((uint64_t)_i);
    calibrate_pair p = {N, o.score, o.strong_cost, o.weak_cost, o.strong_quality, o.weak_quality};
    arena *a = arena_open(0);
    pm_err err = PM_ERR_INIT;
    calibrate_step *s;
    size_t n, k;
    ck_assert_int_eq(calibrate_steps(&p, a, &s, &n, &err), PM_OK);
    for (size_t e = 0; e < n; e++) {
        calibrate_step want = at(&o, s[e].alpha);
        near(s[e].share, want.share);
        near(s[e].cost, want.cost);
        near(s[e].quality, want.quality);
        ck_assert(e == 0 || s[e].alpha < s[e - 1].alpha);
    }
    near(s[0].share, 0);
    near(s[n - 1].share, 1);
    for (double usd = 0.3; usd < 1.6; usd += 0.1) {
        ck_assert_int_eq(calibrate_cost(s, n, usd, &k, &err), PM_OK);
        ck_assert(s[k].cost <= usd);
        for (size_t e = 0; e <= 60; e++) { /* no threshold comes nearer from below */
            double cost = at(&o, (double)e / 60).cost;
            ck_assert(cost > usd || cost <= s[k].cost + 1e-12);
        }
    }
    double quality = (s[0].quality + s[n - 1].quality) / 2;
    ck_assert_int_eq(calibrate_quality(s, n, quality, &k, &err), PM_OK);
    ck_assert(s[k].quality >= quality);
    for (size_t e = 0; e <= 60; e++) {
        calibrate_step other = at(&o, (double)e / 60);
        ck_assert(other.quality < quality || other.cost >= s[k].cost - 1e-12);
    }
    ck_assert_int_eq(calibrate_cost(s, n, 0.01, &k, &err), PM_E_INFEASIBLE);
    ck_assert_int_eq(calibrate_quality(s, n, 1.01, &k, &err), PM_E_INFEASIBLE);
    arena_close(a);
}
END_TEST

START_TEST(what_is_not_known_is_refused)
{
    double score[] = {0.5, 0.5, 1}, bad[] = {0.5, NAN}, low[] = {-0.1};
    calibrate_pair p = {3, score, NULL, NULL, NULL, NULL};
    arena *a = arena_open(0);
    pm_err err = PM_ERR_INIT;
    calibrate_step *s;
    size_t n, k;
    ck_assert_int_eq(calibrate_steps(&p, a, &s, &n, &err), PM_OK);
    ck_assert_uint_eq(n, 2); /* a score of 1 is strong at every alpha; ties are one step */
    ck_assert_int_eq(calibrate_cost(s, n, 1, &k, &err), PM_E_ARG);
    ck_assert_int_eq(calibrate_quality(s, n, 1, &k, &err), PM_E_ARG);
    p = (calibrate_pair){2, bad, NULL, NULL, NULL, NULL};
    ck_assert_int_eq(calibrate_steps(&p, a, &s, &n, &err), PM_E_ARG);
    p = (calibrate_pair){1, low, NULL, NULL, NULL, NULL};
    ck_assert_int_eq(calibrate_steps(&p, a, &s, &n, &err), PM_E_ARG);
    p.n = 0;
    ck_assert_int_eq(calibrate_steps(&p, a, &s, &n, &err), PM_E_ARG);
    arena_close(a);
}
END_TEST

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

START_TEST(drift_as_scipy)
{
    static const double other[] = {0.05, 0.2,  0.4, 0.45, 0.5,  0.72,
                                   0.8,  0.81, 0.9, 0.91, 0.95, 0.99};
    double x[101], y[211];
    near(drift_ks(ten, 10, other, 12), 0.48333333333333334);
    near(drift_p(0.48333333333333334, 10, 12), 0.10718344778577717);
    for (size_t i = 0; i < 101; i++) x[i] = (double)(i * 37 % 101) / 101;
    for (size_t i = 0; i < 211; i++) y[i] = fmin(1, (double)(i * 53 % 211) / 211 * 0.9 + 0.1);
    qsort(x, 101, sizeof *x, ascending);
    qsort(y, 211, sizeof *y, ascending);
    double d = drift_ks(x, 101, y, 211);
    near(d, 0.10891089108910891);
    near(drift_p(d, 101, 211), 0.3728507659789086);
    near(drift_ks(x, 101, x, 101), 0);
    near(drift_p(0, 101, 101), 1);
    near(drift_ks(ten, 1, other + 6, 6), 1); /* apart */
    ck_assert(drift_p(1, 1000, 1000) < 1e-100);
}
END_TEST

START_TEST(share_interval_as_scipy)
{
    double lo, hi;
    drift_share(30, 171, 0.95, &lo, &hi);
    near(lo, 0.12574362675464065);
    near(hi, 0.23939550701434556);
    drift_share(0, 10, 0.95, &lo, &hi);
    near(lo, 0);
    near(hi, 0.27753279986288926);
    drift_share(10, 10, 0.95, &lo, &hi);
    near(lo, 0.7224672001371109);
    near(hi, 1);
}
END_TEST

/* tryage's ten pairs: ECE of five right-closed bins (.4 is of the second, .8 of the fourth) and Brier by independent code. */
START_TEST(error_of_equal_widths)
{
    static const double p[] = {.95, .9, .8, .7, .65, .55, .4, .3, .2, .05},
                        y[] = {1, 1, 1, 0, 1, 0, 1, 0, 0, 0};
    calibrate_bins b = {.bins = 5}, twice = {.bins = 5}, none = {.bins = 5}, ends = {.bins = 5};
    for (size_t i = 0; i < 10; i++) {
        calibrate_add(&b, p[i], y[i], 1);
        calibrate_add(&twice, p[i], y[i], 2);
    }
    near(calibrate_error(&b), 0.14);
    near(calibrate_error(&twice), 0.14);
    ck_assert(isnan(calibrate_error(&none)));
    calibrate_add(&ends, 0, 1, 1);
    calibrate_add(&ends, 1, 0, 1);
    near(calibrate_error(&ends), 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("calibrate");
    TCase *t = tcase_create("calibrate");
    tcase_add_test(t, share_is_a_quantile);
    tcase_add_test(t, share_is_met_without_ties);
    tcase_add_test(t, plain_keeps_the_split);
    tcase_add_loop_test(t, targets_are_met_as_well_as_any_threshold_can, 0, 20);
    tcase_add_test(t, what_is_not_known_is_refused);
    tcase_add_test(t, drift_as_scipy);
    tcase_add_test(t, share_interval_as_scipy);
    tcase_add_test(t, error_of_equal_widths);
    suite_add_tcase(s, t);
    return suite_main(s);
}
