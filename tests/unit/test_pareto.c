/* SPDX-License-Identifier: MIT
 *
 * Fronts, hulls, areas and hypervolume: by hand, against scipy (corners: scipy.spatial.ConvexHull) and
 * numpy (areas: brute force over all pairs of points), and by properties on random points.
 */
#include "config.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/rng.h"
#include "eval/pareto.h"
#include "suite.h"

#define MAX 64

static const double cloud[][2] = {
    {0.09, 1.52}, {0.80, 1.09}, {0.09, 1.60}, {0.48, 1.18}, {0.73, 0.96}, {0.39, 1.40},
    {0.43, 1.39}, {0.74, 1.29}, {0.28, 1.54}, {0.70, 1.06}, {0.00, 1.89}, {0.30, 1.38},
    {0.89, 1.02}, {0.47, 1.43}, {0.03, 1.76}, {0.37, 1.24}, {0.66, 1.34}, {0.21, 1.58},
    {0.30, 1.56}, {0.72, 1.01}, {0.83, 1.10}, {0.68, 1.28}, {0.43, 1.46}, {0.88, 0.84},
    {0.85, 0.98}, {0.48, 1.18}, {0.70, 1.06}, {0.87, 0.92}, {0.56, 1.21}, {0.61, 1.09},
    {0.18, 1.66}, {0.75, 1.13}, {0.92, 0.85}, {0.85, 0.89}, {0.96, 0.98}, {0.61, 1.40},
    {0.79, 1.18}, {0.05, 1.61}, {0.08, 1.51}, {0.21, 1.68}};
#define N_CLOUD (sizeof cloud / sizeof cloud[0])

static size_t load(pareto_point *p, const double (*from)[2], size_t n)
{
    for (size_t k = 0; k < n; k++) p[k] = (pareto_point){from[k][0], from[k][1], k};
    return n;
}

static void is(const pareto_point *p, size_t n, const double (*want)[2], size_t n_want)
{
    ck_assert_uint_eq(n, n_want);
    for (size_t k = 0; k < n; k++) {
        ck_assert_double_eq(p[k].x, want[k][0]);
        ck_assert_double_eq(p[k].y, want[k][1]);
    }
}

START_TEST(corners_as_scipy)
{
    static const double lower[][2] = {{0.0, 1.89},  {0.05, 1.61}, {0.08, 1.51}, {0.37, 1.24},
                                      {0.88, 0.84}, {0.92, 0.85}, {0.96, 0.98}};
    static const double upper[][2] = {{0.0, 1.89}, {0.61, 1.4}, {0.74, 1.29}, {0.96, 0.98}};
    pareto_point p[MAX];
    size_t n = pareto_hull(p, load(p, cloud, N_CLOUD), PARETO_LOWER);
    is(p, n, lower, 7);
    n = pareto_hull(p, load(p, cloud, N_CLOUD), PARETO_UPPER);
    is(p, n, upper, 4);
    n = pareto_hull(p, load(p, cloud, N_CLOUD), PARETO_FALLING);
    is(p, n, lower, 5);
    for (size_t k = 0; k < n; k++) ck_assert_double_eq(cloud[p[k].id][0], p[k].x);
    ck_assert_double_eq_tol(pareto_area(p, n, 0, 1), 1.16425, 1e-12);
}
END_TEST

START_TEST(front_as_numpy)
{
    static const double want[][2] = {{0.0, 1.89}, {0.03, 1.76}, {0.05, 1.61}, {0.08, 1.51},
                                     {0.3, 1.38}, {0.37, 1.24}, {0.48, 1.18}, {0.61, 1.09},
                                     {0.7, 1.06}, {0.72, 1.01}, {0.73, 0.96}, {0.85, 0.89},
                                     {0.88, 0.84}};
    pareto_point p[MAX];
    size_t n = pareto_front(p, load(p, cloud, N_CLOUD));
    is(p, n, want, sizeof want / sizeof want[0]);
    ck_assert_uint_eq(p[6].id, 3); /* of equal points the first */
    load(p, cloud, N_CLOUD);
    ck_assert_double_eq_tol(pareto_hypervolume(p, N_CLOUD, 0.9, 1.6), 0.3053, 1e-12);
}
END_TEST

/* RouterBench's hulls and AIQ by hand: quality over cost, here as -quality. */
START_TEST(routerbench_by_hand)
{
    static const double a[][2] = {{1, -.5}, {2, -.7}, {3, -.65}, {5, -.8}, {8, -.78}};
    static const double c[][2] = {{1, -.2}, {2, -.6}, {3, -.5}, {4, -.9}, {6, -.95}, {10, -.9}};
    static const double b[][2] = {{1, -.4}, {4, -.9}};
    static const double hull_a[][2] = {{1, -.5}, {2, -.7}, {5, -.8}};
    pareto_point p[MAX];
    size_t n = pareto_hull(p, load(p, a, 5), PARETO_FALLING);
    is(p, n, hull_a, 3);
    ck_assert_double_eq_tol(-pareto_area(p, n, 1, 8) / 7, 0.75, 1e-12);
    n = pareto_hull(p, load(p, c, 6), PARETO_FALLING);
    ck_assert_uint_eq(n, 4);
    ck_assert_double_eq_tol(-pareto_area(p, n, 1, 10) / 9, 0.8388888888888889, 1e-12);
    n = pareto_hull(p, load(p, b, 2), PARETO_FALLING);
    ck_assert_double_eq_tol(-pareto_area(p, n, 1, 4) / 3, 0.65, 1e-12);
    ck_assert_double_eq_tol(-pareto_height(p, n, 2.5), 0.65, 1e-12);
}
END_TEST

START_TEST(hypervolume_by_hand)
{
    static const double v[][2] = {{.1, -.5}, {.3, -.7}, {.4, -.65}, {.8, -.8}};
    pareto_point p[MAX];
    load(p, v, 4);
    ck_assert_double_eq_tol(pareto_hypervolume(p, 4, 1, 0), 0.61, 1e-12);
    load(p, v, 4);
    ck_assert_double_eq(pareto_hypervolume(p, 4, 0.1, 0), 0); /* nothing is left of the reference */
    load(p, v, 4);
    ck_assert_double_eq(pareto_hypervolume(p, 4, 1, -0.9), 0);
    load(p, v, 4); /* one point within the reference: (1 - .8) (.8 - .75) */
    ck_assert_double_eq_tol(pareto_hypervolume(p, 4, 1, -0.75), 0.01, 1e-12);
}
END_TEST

START_TEST(edges)
{
    pareto_point p[4] = {{.5, 2, 0}, {(double)NAN, 1, 1}, {.25, (double)INFINITY, 2}, {.5, 1, 3}};
    ck_assert(isnan(pareto_area(p, 0, 0, 1)));
    ck_assert_uint_eq(pareto_hull(p, 0, PARETO_LOWER), 0);
    ck_assert_uint_eq(pareto_front(p, 0), 0);
    size_t n =
        pareto_hull(p, 4, PARETO_FALLING); /* what is not finite is left out; the lower of one x */
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(p[0].id, 3);
    ck_assert_double_eq(pareto_area(p, 1, 0, 1), 1); /* level on both sides */
    ck_assert_double_eq(pareto_area(p, 1, 1, 1), 0);
    static const double line[][2] = {{0, 2}, {.25, 1.5}, {.5, 1}, {1, 0}};
    n = pareto_hull(p, load(p, line, 4), PARETO_LOWER); /* points on an edge are no corners */
    ck_assert_uint_eq(n, 2);
    ck_assert_double_eq(pareto_area(p, n, .25, .75), .5);
    ck_assert_double_eq(pareto_area(p, n, -1, 2), 2 + 1);
}
END_TEST

START_TEST(knees)
{
    /* Scaled: (0, 1), (.2, .25), (.5, .1), (1, 0); below the chord by .55, .4 over root 2. */
    static const double v[][2] = {{10, -1}, {20, 2 - 4.5}, {35, 2 - 4.8}, {60, 2 - 5}};
    static const double line[][2] = {{0, 1}, {.5, .5}, {1, 0}},
                        above[][2] = {{0, 1}, {.6, .9}, {1, 0}};
    pareto_point p[MAX];
    double far;
    size_t n = pareto_front(p, load(p, v, 4));
    ck_assert_uint_eq(n, 4);
    ck_assert_uint_eq(pareto_knee(p, n, &far), 1);
    ck_assert_double_eq_tol(far, (1 - .2 - .25) / sqrt(2), 1e-12);
    ck_assert_uint_eq(pareto_knee(p, load(p, line, 3), &far), SIZE_MAX);
    ck_assert(isnan(far));
    ck_assert_uint_eq(pareto_knee(p, load(p, above, 3), NULL), SIZE_MAX);
    ck_assert_uint_eq(pareto_knee(p, 2, NULL), SIZE_MAX);
    ck_assert_uint_eq(pareto_knee(p, 0, NULL), SIZE_MAX);
    n = pareto_front(p, load(p, cloud, N_CLOUD)); /* as numpy: argmax of 1 - x - y over the front */
    ck_assert_uint_eq(pareto_knee(p, n, &far), 3);
    ck_assert_double_eq(p[3].x, 0.08);
    ck_assert_double_eq_tol(far, 0.1916228766332374, 1e-12);
}
END_TEST

static size_t random_points(uint64_t seed, pareto_point *p)
{
    size_t n = 1 + (size_t)rng_below(seed, 0, 0, MAX - 2);
    for (size_t k = 0; k < n; k++) /* a coarse grid, so that x, y and whole points coincide */
        p[k] = (pareto_point){(double)rng_below(seed, 1, k, 16) / 16,
                              (double)rng_below(seed, 2, k, 16) / 8, k};
    return n;
}

/* The hull is convex, never above a point, a subset of the front; another point never makes it worse. */
START_TEST(hulls_have_their_properties)
{
    for (uint64_t seed = 0; seed < 2000; seed++) {
        pareto_point all[MAX], front[MAX], hull[MAX];
        size_t n = random_points(seed, all);
        memcpy(front, all, sizeof front);
        memcpy(hull, all, sizeof hull);
        size_t f = pareto_front(front, n), h = pareto_hull(hull, n, PARETO_FALLING);
        ck_assert(h >= 1 && h <= f);
        for (size_t k = 0; k < n; k++)
            ck_assert_double_le(pareto_height(hull, h, all[k].x), all[k].y + 1e-12);
        for (size_t k = 0, at = 0; k < h; k++) {
            while (at < f && front[at].x < hull[k].x) at++;
            ck_assert(at < f && front[at].x <= hull[k].x && front[at].y <= hull[k].y);
            if (k + 2 >= h) continue;
            double s = (hull[k + 1].y - hull[k].y) / (hull[k + 1].x - hull[k].x);
            double t = (hull[k + 2].y - hull[k + 1].y) / (hull[k + 2].x - hull[k + 1].x);
            ck_assert_double_lt(s, t);
        }
        double area = pareto_area(hull, h, 0, 1);
        all[n] = (pareto_point){rng_uniform(seed, 3, 0), 2 * rng_uniform(seed, 3, 1), n};
        double before = pareto_hypervolume(front, f, 1, 2);
        memcpy(front, all, sizeof front);
        ck_assert_double_ge(pareto_hypervolume(front, n + 1, 1, 2), before - 1e-12);
        bool is_inside = all[n].x >=
                         hull[0].x; /* level left of the first corner: no promise there */
        h = pareto_hull(all, n + 1, PARETO_FALLING);
        if (is_inside) ck_assert_double_le(pareto_area(all, h, 0, 1), area + 1e-12);
    }
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("pareto");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, corners_as_scipy);
    tcase_add_test(c, front_as_numpy);
    tcase_add_test(c, routerbench_by_hand);
    tcase_add_test(c, hypervolume_by_hand);
    tcase_add_test(c, knees);
    tcase_add_test(c, edges);
    tcase_add_test(c, hulls_have_their_properties);
    Suite *s = suite_create("pareto");
    suite_add_tcase(s, c);
    return suite_main(s);
}
