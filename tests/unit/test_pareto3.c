/* SPDX-License-Identifier: MIT
 *
 * Three objectives: fronts against the definition (all pairs), volumes by hand, against counted cells and against
 * inclusion and exclusion, knees by hand; and what must hold for any points.
 */
#include "config.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/rng.h"
#include "eval/pareto.h"
#include "eval/pareto3.h"
#include "suite.h"

#define MAX  48
#define GRID 8

static size_t random_points(uint64_t seed, pareto3_point *p)
{
    size_t n = 1 + (size_t)rng_below(seed, 0, 0, MAX - 2);
    for (size_t k = 0; k < n;
         k++) { /* a coarse grid, so that coordinates and whole points coincide */
        p[k].id = k;
        for (size_t c = 0; c < 3; c++)
            p[k].x[c] = (double)rng_below(seed, 1 + (uint32_t)c, k, GRID + 2);
    }
    return n;
}

static bool is_weakly_better(const pareto3_point *p, const pareto3_point *q)
{
    return p->x[0] <= q->x[0] && p->x[1] <= q->x[1] && p->x[2] <= q->x[2];
}

START_TEST(front_by_definition)
{
    for (uint64_t seed = 0; seed < 1000; seed++) {
        pareto3_point all[MAX], front[MAX];
        size_t n = random_points(seed, all), kept = 0;
        memcpy(front, all, sizeof front);
        size_t f = pareto3_front(front, n);
        for (size_t k = 0; k < n; k++) {
            bool beaten = false;
            for (size_t e = 0; e < n && !beaten; e++)
                beaten = e != k && is_weakly_better(&all[e], &all[k]) &&
                         (!is_weakly_better(&all[k], &all[e]) || e < k);
            bool found = false;
            for (size_t e = 0; e < f && !found; e++) found = front[e].id == k;
            ck_assert_int_eq(found, !beaten);
            kept += beaten ? 0 : 1;
        }
        ck_assert_uint_eq(f, kept);
    }
}
END_TEST

/* On a grid the volume is a number of cells. */
static double count_cells(const pareto3_point *p, size_t n)
{
    size_t cells = 0;
    for (size_t at = 0; at < GRID * GRID * GRID; at++) {
        pareto3_point cell = {
            {(double)(at % GRID), (double)(at / GRID % GRID), (double)(at / GRID / GRID)}, 0};
        bool covered = false;
        for (size_t k = 0; k < n && !covered; k++) covered = is_weakly_better(&p[k], &cell);
        cells += covered ? 1 : 0;
    }
    return (double)cells;
}

START_TEST(volume_by_counting)
{
    const double reference[3] = {GRID, GRID, GRID};
    for (uint64_t seed = 0; seed < 1000; seed++) {
        pareto3_point p[MAX];
        size_t n = random_points(seed, p);
        double want = count_cells(p, n);
        ck_assert_double_eq(pareto3_hypervolume(p, n, reference), want);
    }
}
END_TEST

/* Inclusion and exclusion over all subsets: 2^n boxes. */
static double by_subsets(const pareto3_point *p, size_t n, const double *reference)
{
    double volume = 0;
    for (size_t set = 1; set < (size_t)1 << n; set++) {
        double box = -1;
        for (int c = 0; c < 3; c++) {
            double corner = 0;
            for (size_t k = 0; k < n; k++)
                if (set >> k & 1) corner = fmax(corner, p[k].x[c]);
            box *= fmax(0, reference[c] - corner);
        }
        for (size_t k = 0; k < n; k++)
            if (set >> k & 1) box = -box;
        volume += box;
    }
    return volume;
}

START_TEST(volume_by_subsets)
{
    const double reference[3] = {0.9, 0.8, 1};
    for (uint64_t seed = 0; seed < 200; seed++) {
        pareto3_point p[8];
        for (size_t k = 0; k < 8; k++)
            for (size_t c = 0; c < 3; c++) p[k].x[c] = rng_uniform(seed, (uint32_t)c, k);
        double want = by_subsets(p, 8, reference);
        ck_assert_double_eq_tol(pareto3_hypervolume(p, 8, reference), want, 1e-12);
    }
}
END_TEST

START_TEST(volumes_by_hand)
{
    const double one[3] = {1, 1, 1};
    pareto3_point p[4] = {
        {{0, 0, 0.5}, 0}, {{0.5, 0.5, 0}, 1}, {{(double)NAN, 0, 0}, 2}, {{0, 0, 1}, 3}};
    ck_assert_double_eq(pareto3_hypervolume(p, 4, one), 0.5 + 0.125);
    ck_assert_double_eq(pareto3_hypervolume(p, 0, one), 0);
    pareto3_point flat[4] = {
        {{.1, -.5, 0}, 0}, {{.3, -.7, 0}, 1}, {{.4, -.65, 0}, 2}, {{.8, -.8, 0}, 3}};
    const double reference[3] = {1, 0, 2}; /* the two-dimensional .61, twice as deep */
    ck_assert_double_eq_tol(pareto3_hypervolume(flat, 4, reference), 1.22, 1e-12);
    pareto3_point first[1] = {{{0.25, 0.5, 0.75}, 0}};
    ck_assert_double_eq(pareto3_hypervolume(first, 1, one), 0.75 * 0.5 * 0.25);
}
END_TEST

START_TEST(knees_by_hand)
{
    pareto3_point p[5] = {
        {{0, 10, 100}, 0}, {{1, 5, 300}, 1}, {{1, 2, 150}, 2}, {{4, 0, 200}, 3}, {{4, 10, 100}, 4}};
    double far;
    size_t n = pareto3_front(p, 5);
    ck_assert_uint_eq(n, 3); /* the second loses to the third, the last to the first */
    /* Scaled: (0, 1, 0), (.25, .2, .5), (1, 0, 1): sums 1, .95, 2. */
    ck_assert_uint_eq(pareto3_knee(p, n, &far), 1);
    ck_assert_uint_eq(p[1].id, 2);
    ck_assert_double_eq_tol(far, 0.05 / sqrt(3), 1e-12);
    ck_assert_uint_eq(pareto3_knee(p, 2, &far), SIZE_MAX);
    ck_assert(isnan(far));
    for (size_t k = 0; k < 3; k++) p[k].x[2] = 7; /* an objective that does not vary */
    ck_assert_uint_eq(pareto3_knee(p, 3, NULL), 1);
}
END_TEST

/* With a third objective that does not vary, all is as with two; more points never dominate less. */
START_TEST(agrees_with_two)
{
    for (uint64_t seed = 0; seed < 500; seed++) {
        pareto3_point p[MAX], q[MAX];
        pareto_point flat[MAX];
        size_t n = random_points(seed, p);
        for (size_t k = 0; k < n; k++) {
            p[k].x[2] = 0;
            flat[k] = (pareto_point){p[k].x[0], p[k].x[1], k};
        }
        const double reference[3] = {GRID, GRID, 1};
        memcpy(q, p, sizeof q);
        double area = pareto3_hypervolume(q, n, reference);
        memcpy(q, p, sizeof q);
        ck_assert_double_le(pareto3_hypervolume(q, n - 1, reference), area);
        size_t f = pareto3_front(p, n), g = pareto_front(flat, n);
        ck_assert_uint_eq(f, g);
        for (size_t k = 0; k < f; k++) ck_assert_uint_eq(p[k].id, flat[k].id);
        ck_assert_double_eq(pareto_hypervolume(flat, g, GRID, GRID), area);
    }
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("pareto3");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, front_by_definition);
    tcase_add_test(c, volume_by_counting);
    tcase_add_test(c, volume_by_subsets);
    tcase_add_test(c, volumes_by_hand);
    tcase_add_test(c, knees_by_hand);
    tcase_add_test(c, agrees_with_two);
    Suite *s = suite_create("pareto3");
    suite_add_tcase(s, c);
    return suite_main(s);
}
