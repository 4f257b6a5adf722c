/* SPDX-License-Identifier: MIT
 *
 * Cost-quality curves: the golden vectors of RouterBench's definition and of its released code, QNC, areas, savings
 * and benchmark scores by hand; the hull against a brute-force hull over all pairs.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "eval/aiq.h"
#include "eval/spend.h"
#include "suite.h"

#define MAX 40

static const double a_points[][2] = {{1, .5}, {2, .7}, {3, .65}, {5, .8}, {8, .78}};
static const double b_points[][2] = {{1, .4}, {4, .9}};
static const double c_points[][2] = {{1, .2}, {2, .6}, {3, .5}, {4, .9}, {6, .95}, {10, .9}};

static size_t load(pareto_point *p, const double (*from)[2], size_t n)
{
    for (size_t k = 0; k < n; k++) p[k] = (pareto_point){from[k][0], -from[k][1], k};
    return n;
}

#define NEAR(got, want) ck_assert_double_eq_tol(got, want, 1e-12)

START_TEST(golden_vectors)
{
    pareto_point p[MAX];
    size_t n = aiq_hull(p, load(p, a_points, 5));
    ck_assert_uint_eq(n, 3);
    ck_assert_uint_eq(p[0].id, 0);
    ck_assert_uint_eq(p[1].id, 1);
    ck_assert_uint_eq(p[2].id, 3);
    NEAR(-aiq_mean(p, n, (aiq_range){1, 8}), .75);
    n = aiq_hull(p, load(p, c_points, 6));
    ck_assert_uint_eq(n, 4);
    ck_assert_uint_eq(p[3].id, 4);
    NEAR(-aiq_mean(p, n, (aiq_range){1, 10}), .8388888888888889);
    n = aiq_hull(p, load(p, b_points, 2));
    NEAR(-aiq_mean(p, n, (aiq_range){1, 4}), .65);
    ck_assert(isnan(aiq_mean(p, 0, (aiq_range){1, 4})));
    ck_assert(isnan(aiq_mean(p, n, (aiq_range){4, 4})));
}
END_TEST

START_TEST(released_code_of_routerbench)
{
    pareto_point p[MAX];
    NEAR(-aiq_repository(p, load(p, a_points, 5), 8), .65625);
    NEAR(-aiq_repository(p, load(p, c_points, 6), 10), .755);
    ck_assert(isnan(aiq_repository(p, load(p, b_points, 2), 4))); /* there it crashes */
}
END_TEST

START_TEST(left_of_the_first_point)
{
    static const double late[][2] = {{3, .6}, {5, .8}}, zero[][2] = {{1, .5}, {2, .7}, {8, .75}};
    pareto_point p[MAX], z[MAX];
    size_t n = aiq_hull(p, load(p, late, 2)), m = aiq_hull(z, load(z, zero, 3));
    NEAR(-aiq_mean(p, n, (aiq_range){1, 5}), (2 * .6 + 2 * .7) / 4);
    double to_3 = .6 + (.7 + .7 + .05 / 6) / 2; /* the zero router's to 2 and on to 3 */
    NEAR(-aiq_mean_over_zero(p, n, z, m, (aiq_range){1, 5}), (to_3 + 2 * .7) / 4);
    NEAR(-aiq_mean_over_zero(p, n, z, m, (aiq_range){4, 6}), -aiq_mean(p, n, (aiq_range){4, 6}));
    NEAR(-aiq_mean_over_zero(p, n, z, m, (aiq_range){1, 2}), .6); /* before the curve begins */
}
END_TEST

START_TEST(reaching_the_best_single)
{
    pareto_point p[MAX], best = {5, -.75, 0};
    size_t n = aiq_hull(p, load(p, a_points, 5));
    NEAR(aiq_reach(p, n, -.5), 1);
    NEAR(aiq_reach(p, n, -.4), 1);
    NEAR(aiq_reach(p, n, -.6), 1.5);
    NEAR(aiq_reach(p, n, -.75), 3.5);
    NEAR(aiq_reach(p, n, -.8), 5);
    ck_assert(isinf(aiq_reach(p, n, -.81)));
    NEAR(aiq_qnc(p, n, best), .7);
    ck_assert(isinf(aiq_qnc(p, n, (pareto_point){5, -.9, 0})));
    ck_assert(isnan(aiq_qnc(p, n, (pareto_point){0, -.5, 0})));
    NEAR(aiq_cost_save(p, load(p, a_points, 5), (pareto_point){8, -.7, 0}), .75);
    NEAR(aiq_cost_save(p, 5, (pareto_point){2, -.75, 0}), -1.5); /* no mixing: the point at 5 */
    ck_assert(isnan(aiq_cost_save(p, 5, (pareto_point){8, -.9, 0})));
    NEAR(aiq_perf_gain(p, 5, (pareto_point){8, -.64, 0}), .25);
    NEAR(aiq_perf_gain(p, 5, (pareto_point){8, -1, 0}), -.2);
    pareto_point loss[2] = {{1, .6, 0}, {2, .3, 1}}; /* losses: half the loss is a gain of .5 */
    NEAR(aiq_perf_gain(loss, 2, (pareto_point){2, .6, 0}), .5);
}
END_TEST

START_TEST(areas_of_deferral_curves)
{
    pareto_point p[MAX];
    size_t n = aiq_deferral(p, load(p, a_points, 5));
    ck_assert_uint_eq(n, 3);
    /* level to 1, .5 to .7 over [1, 2], .7 to .8 over [2, 5], level to 8 */
    NEAR(-aiq_deferral_area(p, n, 8, 1), (.5 + .6 + 2.25 + 2.4) / 8);
    NEAR(-aiq_deferral_area(p, n, 8, .5), (.5 + .6 + (.7 + .7 + .2 / 3)) / 4);
}
END_TEST

START_TEST(distance_to_the_front)
{
    static const double mine[][2] = {{1, .5}, {4, .5}, {2, .6}};
    pareto_point p[MAX], front[MAX], frame[2] = {{1, -.9, 0}, {5, -.5, 0}};
    size_t f = pareto_front(front, load(front, a_points, 4)); /* (1, .5), (2, .7), (5, .8) */
    ck_assert_uint_eq(f, 3);
    load(p, mine, 3);
    /* scaled by 4 and .4: 0; to (2, .7) and (5, .8); to (2, .7) .25 and to (1, .5) hypot(.25, .25) */
    double second = fmin(hypot(.5, .5), hypot(.25, .75));
    NEAR(aiq_pareto_distance(p, 3, front, f, frame), (0 + second + .25) / 3);
    frame[1].x = 1; /* an axis without width */
    NEAR(aiq_pareto_distance(p, 1, front, f, frame), 0);
    ck_assert(isnan(aiq_pareto_distance(p, 0, front, f, frame)));
}
END_TEST

START_TEST(arena_scores)
{
    /* Two rows of the public board: accuracy 71.23 at .06 USD gives 71.60 and .5 at 200 gives 0. */
    ck_assert_double_eq_tol(aiq_arena(.7123, .06, .1), .7160, 2e-3);
    double c = (log2(200) - log2(1)) / (log2(200) - log2(.0044));
    NEAR(aiq_arena(.6, 1, .1), 1.1 * .6 * c / (.06 + c));
    ck_assert_double_eq(aiq_arena(.5, 200, .1), 0);
    ck_assert_double_eq(aiq_arena(.5, 1e9, .1), 0);
    NEAR(aiq_arena(.5, .0044, .1), 1.1 * .5 / 1.05);
    NEAR(aiq_arena(.5, 0, .1), 1.1 * .5 / 1.05); /* free is no better than the cheapest counted */
    ck_assert_double_eq(aiq_arena(0, 1e9, .1), 0);
}
END_TEST

/* The upper hull's height at x as the best chord over x: all pairs of points. */
static double by_pairs(const pareto_point *p, size_t n, double x)
{
    double best = INFINITY;
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++) {
            if (p[a].x <= x && p[a].y < best) best = p[a].y; /* spending more is always possible */
            if (!(p[a].x <= x && x < p[b].x)) continue;
            double y = p[a].y + (p[b].y - p[a].y) * (x - p[a].x) / (p[b].x - p[a].x);
            if (y < best) best = y;
        }
    return best;
}

START_TEST(hulls_by_brute_force)
{
    for (uint64_t seed = 0; seed < 300; seed++) {
        pareto_point p[MAX], hull[MAX];
        size_t n = 1 + rng_below(seed, 0, 0, MAX - 1);
        double first = INFINITY;
        for (size_t k = 0; k < n; k++) {
            p[k] = (pareto_point){rng_uniform(seed, 1, k), -rng_uniform(seed, 2, k), k};
            first = fmin(first, p[k].x);
        }
        memcpy(hull, p, sizeof hull);
        size_t h = aiq_hull(hull, n);
        for (int s = 0; s <= 50; s++) {
            double x = first + (1.1 - first) * s / 50;
            ck_assert_double_eq_tol(pareto_height(hull, h, x), by_pairs(p, n, x), 1e-12);
        }
    }
}
END_TEST

/* ---- what choices cost ---- */

static const float values[] = {1, 1, 0, 0, 0, 0, 0, 1, 1, .5f, .5f, 0};
static const float costs[] = {3, 1, 2, 1, 2, 3, 1, 4, 2, 5, 5, 1};

static eval_truth small(pm_value_kind kind)
{
    eval_truth t = {.n = 4, .m = 3, .kind = kind};
    t.value = (pm_cmat){values, 4, 3, 3};
    t.cost_usd = (pm_cmat){costs, 4, 3, 3};
    return t;
}

START_TEST(oracles_by_hand)
{
    eval_truth t = small(PM_VALUE_QUALITY);
    static const size_t want[] = {1, 0, 2, 0};
    for (size_t i = 0; i < 4; i++) ck_assert_uint_eq(spend_cheapest_best(&t, i), want[i]);
    spend_oracle o = spend_of_oracle(&t);
    NEAR(o.value, (1 + 0 + 1 + .5) / 4);
    NEAR(o.usd, (1 + 1 + 2 + 5) / 4.0);
    NEAR(o.usd_right, (1 + 2 + 5) / 4.0);
    t.cost_usd.at = NULL;
    ck_assert(isnan(spend_of_oracle(&t).usd));
    ck_assert_uint_eq(spend_cheapest_best(&t, 2), 1); /* without costs the lower column */
}
END_TEST

START_TEST(arena_ratios_by_hand)
{
    eval_truth t = small(PM_VALUE_QUALITY);
    uint32_t choice[4] = {0, 1, 2, 1};
    policy p = {.label = "p", .choice = choice};
    spend_arena s =
        spend_of_arena(&t, &p); /* right on 0, 2 and 3; cheapest on 2 and (equal price) 3 */
    NEAR(s.selection, 2 / 3.0);
    NEAR(s.cost, (1 + 2 + 5) / (3.0 + 2 + 5));
    NEAR(s.accuracy, 1);
    choice[0] = 2;
    ck_assert_double_eq_tol(spend_of_arena(&t, &p).accuracy, 1.5 / 2.5, 1e-12);
    t = small(PM_VALUE_LOSS);
    ck_assert(isnan(spend_of_arena(&t, &p).selection));
}
END_TEST

START_TEST(gains_by_hand)
{
    spend_gains g = spend_gain(.6, (spend_marks){.5, .75, .8, .9, (double)NAN});
    NEAR(g.over_random, .2);
    NEAR(g.over_best, -.2);
    NEAR(g.over_domains, -.25);
    NEAR(g.to_oracle, 1 / 3.0);
    NEAR(g.v_best, .8);
    ck_assert(isnan(g.v_reference));
    ck_assert(isnan(spend_gain(.6, (spend_marks){0, 1, 1, 1, 1}).over_random));
}
END_TEST

START_TEST(budgets)
{
    const double cost[4] = {1, 1, 1.5, 0};
    spend_budget b = spend_compliance(cost, 4, 3);
    ck_assert(!b.is_kept);
    ck_assert_uint_eq(b.within, 2);
    NEAR(b.use, 3.5 / 3);
    NEAR(b.over, .5 / 3);
    b = spend_compliance(cost, 4, 3.5);
    ck_assert(b.is_kept);
    ck_assert_uint_eq(b.within, 4);
    ck_assert_double_eq(b.over, 0);
    b = spend_compliance(cost + 3, 1, 0);
    ck_assert(b.is_kept && b.use <= 0);
    ck_assert(isinf(spend_compliance(cost, 1, 0).use));
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("aiq");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, golden_vectors);
    tcase_add_test(c, released_code_of_routerbench);
    tcase_add_test(c, left_of_the_first_point);
    tcase_add_test(c, reaching_the_best_single);
    tcase_add_test(c, areas_of_deferral_curves);
    tcase_add_test(c, distance_to_the_front);
    tcase_add_test(c, arena_scores);
    tcase_add_test(c, hulls_by_brute_force);
    tcase_add_test(c, oracles_by_hand);
    tcase_add_test(c, arena_ratios_by_hand);
    tcase_add_test(c, gains_by_hand);
    tcase_add_test(c, budgets);
    Suite *s = suite_create("aiq");
    suite_add_tcase(s, c);
    return suite_main(s);
}
