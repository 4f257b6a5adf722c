/* SPDX-License-Identifier: MIT
 *
 * Designs: which points, named how, each once; fractions against their definition (orthogonal columns, words no
 * shorter than the resolution); slices of the Latin hypercube; sampled orders; bad input.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "eval/ablation_design.h"
#include "eval/ablation_fraction.h"
#include "suite.h"

static arena *a;
static pm_err err;
static const double levels[] = {0, 0.1, 0.5, 2};
static ablation_factor factor[16];

static void setup(void)
{
    static const char *const name[] = {"a", "b", "c", "d", "e", "f", "g", "h",
                                       "i", "j", "k", "l", "m", "n", "o", "p"};
    a = arena_open(0);
    err = (pm_err)PM_ERR_INIT;
    for (size_t k = 0; k < 16; k++)
        factor[k] = (ablation_factor){.label = name[k], .nominal = 0.5, .low = 0, .high = 1};
}
static void teardown(void)
{
    arena_close(a);
}

static ablation_design make(ablation_spec s)
{
    ablation_design d;
    s.factor = factor;
    ck_assert_msg(ablation_design_make(&s, a, &d, &err) == PM_OK, "%s", err_text(&err));
    for (size_t p = 0; p < d.n; p++)
        for (size_t q = 0; q < p; q++)
            ck_assert_int_ne(memcmp(d.point[p].weight, d.point[q].weight, s.n * sizeof(double)), 0);
    ck_assert_str_eq(d.point[0].name, "nominal");
    return d;
}

static void is(const ablation_design *d, uint32_t at, const char *name, double x, double y,
               double z)
{
    ck_assert_uint_lt(at, d->n);
    ck_assert_str_eq(d->point[at].name, name);
    const double want[] = {x, y, z};
    for (size_t k = 0; k < 3; k++) ck_assert_double_eq(d->point[at].weight[k], want[k]);
}

START_TEST(points_around_the_nominal_one)
{
    factor[1].is_switch = true;
    factor[1].nominal = 1;
    factor[2].level = levels;
    factor[2].n_levels = 4;
    ablation_design d =
        make((ablation_spec){.n = 3, .leave_one_out = true, .pairs = true, .one_at_a_time = true});
    is(&d, 0, "nominal", .5, 1, .5);
    is(&d, (uint32_t)d.none, "none", 0, 0, 0);
    is(&d, d.without[0], "without a", 0, 1, .5);
    is(&d, d.without[1], "without b", .5, 0, .5);
    is(&d, d.without_two[2 * 3 + 0], "without a and c", 0, 1, 0);
    is(&d, d.without_two[0 * 3 + 1], "without a and b", 0, 0, .5);
    ck_assert_uint_eq(d.without_two[1], d.without_two[3]);
    /* 2 corners, 3 without one, 3 without two (one of them is "only a", "b", "c" each), levels .1 and 2 */
    ck_assert_uint_eq(d.n, 2 + 3 + 3 + 2);
    ck_assert_ptr_null(d.subset);
}
END_TEST

static const char *told(const ablation_design *d, uint32_t point, const char *begins)
{
    for (size_t k = 0; k < d->n_named; k++)
        if (d->named[k].point == point && strncmp(d->named[k].name, begins, strlen(begins)) == 0)
            return d->named[k].name;
    return "";
}

/* A point has every name under which it is asked for, whatever labels hold; no two names are alike. */
START_TEST(points_are_told_by_every_name)
{
    static const double close[] = {0, .1, .1000000001, .1, .5};
    factor[0] = (ablation_factor){
        .label = "a, b=1", .nominal = .5, .high = 1, .level = close, .n_levels = 5};
    factor[1].label = "c and d";
    ablation_design d = make(
        (ablation_spec){.n = 2, .leave_one_out = true, .one_at_a_time = true, .subsets = true});
    ck_assert_str_eq(told(&d, d.without[0], "without"), "without a, b=1");
    ck_assert_str_eq(told(&d, d.without[1], "without"), "without c and d");
    ck_assert_str_eq(told(&d, d.without[1], "only"), "only a, b=1=0.5");
    ck_assert_str_eq(told(&d, d.without[0], "only"), "only c and d=0.5");
    ck_assert_uint_eq(d.n_named, 2 + 2 + 3 + 1); /* levels 0 (none) and .1 again are no more */
    for (size_t k = 0; k < d.n_named; k++)
        for (size_t l = 0; l < k; l++) ck_assert_str_ne(d.named[k].name, d.named[l].name);
    d = make((ablation_spec){.n = 1, .leave_one_out = true});
    ck_assert_uint_eq(d.without[0], d.none);
    ck_assert_str_eq(told(&d, d.without[0], "without"), "without a, b=1");
}
END_TEST

START_TEST(subsets_are_numbered_by_their_members)
{
    ablation_design d = make((ablation_spec){.n = 3, .subsets = true});
    ck_assert_uint_eq(d.n, 8);
    is(&d, d.subset[7], "nominal", .5, .5, .5);
    is(&d, d.subset[0], "none", 0, 0, 0);
    is(&d, d.subset[5], "only a, c", .5, 0, .5);
    factor[1].nominal = 0; /* a constraint that weighs nothing: half of the points are the others */
    d = make((ablation_spec){.n = 3, .subsets = true});
    ck_assert_uint_eq(d.n, 4);
    ck_assert_uint_eq(d.subset[7], d.subset[5]);
    for (size_t k = 0; k < 3; k++) factor[k].nominal = 0;
    d = make((ablation_spec){.n = 3, .subsets = true, .leave_one_out = true});
    ck_assert_uint_eq(d.n, 1);
    ck_assert_uint_eq(d.none, 0);
}
END_TEST

START_TEST(more_constraints_are_sampled_by_orders)
{
    ablation_design d =
        make((ablation_spec){.n = 14, .subsets = true, .permutations = 20, .seed = 3});
    ck_assert_ptr_null(d.subset);
    ck_assert_uint_eq(d.n_orders, 20);
    for (size_t r = 0; r < 20; r++) {
        const uint32_t *order = d.order + r * 14, *joined = d.joined + r * 15;
        ck_assert_uint_eq(joined[0], d.none);
        ck_assert_uint_eq(joined[14], 0);
        for (size_t k = 0; k < 14; k++) {
            const double *before = d.point[joined[k]].weight,
                         *after = d.point[joined[k + 1]].weight;
            for (size_t f = 0; f < 14; f++) ck_assert((before[f] != after[f]) == (f == order[k]));
            if (r % 2) ck_assert_uint_eq(order[k], d.order[(r - 1) * 14 + 13 - k]);
        }
    }
    ablation_spec s = {.factor = factor, .n = 14, .subsets = true};
    ck_assert_int_eq(ablation_design_make(&s, a, &d, &err), PM_E_ARG);
    ck_assert_msg(strstr(err_text(&err), "permutations = 0") != NULL, "%s", err_text(&err));
}
END_TEST

START_TEST(full_grid_is_the_product_of_levels)
{
    factor[0].level = levels;
    factor[0].n_levels = 4;
    factor[2].is_switch = true;
    factor[2].nominal = 1;
    ablation_design d = make((ablation_spec){.n = 3, .grid = ABLATION_FULL});
    size_t n_grid = 0;
    for (size_t p = 0; p < d.n; p++) n_grid += d.point[p].is_grid;
    ck_assert_uint_eq(n_grid, 16);
    ck_assert_uint_eq(d.n, 16); /* both corners are of the grid */
    bool found = false;
    for (size_t p = 0; p < d.n; p++) found |= strcmp(d.point[p].name, "a=2, b=0.5, c off") == 0;
    ck_assert(found);
}
END_TEST

/* Columns of a two-level design of resolution R: every product of up to R - 1 of them is balanced. */
START_TEST(fractions_are_balanced)
{
    for (size_t n = 1; n <= 12; n++)
        for (int resolution = 3; resolution <= 5; resolution++) {
            ablation_fraction f;
            ck_assert_int_eq(ablation_fraction_make(n, resolution, &f, &err), PM_OK);
            for (uint32_t set = 1; set < 1u << n; set++) {
                long sum = 0;
                if (__builtin_popcount(set) >= resolution) continue;
                for (uint32_t r = 0; r < 1u << f.base; r++)
                    sum += __builtin_popcount(set & ~ablation_fraction_run(&f, r)) % 2 ? -1 : 1;
                ck_assert_int_eq(sum, 0);
            }
        }
    static const struct {
        size_t n;
        int resolution;
        size_t base;
    } known[] = {{3, 3, 2}, {4, 4, 3}, {7, 3, 3}, {8, 4, 4}, {5, 5, 4}, {15, 3, 4}, {6, 5, 5}};
    for (size_t k = 0; k < sizeof known / sizeof known[0];
         k++) { /* tables of Box, Hunter & Hunter */
        ablation_fraction f;
        ck_assert_int_eq(ablation_fraction_make(known[k].n, known[k].resolution, &f, &err), PM_OK);
        ck_assert_uint_eq(f.base, known[k].base);
    }
}
END_TEST

START_TEST(fractions_say_what_is_aliased)
{
    ablation_design d = make((ablation_spec){.n = 4, .grid = ABLATION_FRACTIONAL, .resolution = 4});
    ck_assert_str_eq(d.note, "8 of 16 runs, resolution IV: d = a * b * c; constant: a * b * c * d");
    size_t n_grid = 0;
    for (size_t p = 0; p < d.n; p++) n_grid += d.point[p].is_grid;
    ck_assert_uint_eq(n_grid, 8);
    ablation_spec s = {.factor = factor, .n = 4, .grid = ABLATION_FRACTIONAL, .resolution = 9};
    ck_assert_int_eq(ablation_design_make(&s, a, &d, &err), PM_E_ARG);
}
END_TEST

START_TEST(a_latin_hypercube_has_a_point_in_every_slice)
{
    factor[1].low = 0.01;
    factor[1].high = 10;
    factor[1].is_log = true;
    ablation_spec s = {.n = 3, .grid = ABLATION_LATIN, .points = 64, .seed = 5};
    ablation_design d = make(s), again = make(s);
    for (size_t k = 0; k < 3; k++) {
        bool seen[64] = {false};
        for (size_t p = 0; p < d.n; p++) {
            double w = d.point[p].weight[k];
            ck_assert_double_eq(w, again.point[p].weight[k]);
            if (!d.point[p].is_grid) continue;
            double u = k == 1 ? log10(w / 0.01) / 3 : w;
            size_t slice = (size_t)(u * 64);
            ck_assert(slice < 64 && !seen[slice]);
            seen[slice] = true;
        }
        for (size_t p = 0; p < 64; p++) ck_assert(seen[p]);
    }
}
END_TEST

static void refuse(ablation_spec s, const char *text)
{
    ablation_design d;
    s.factor = factor;
    ck_assert_int_eq(ablation_design_make(&s, a, &d, &err), PM_E_ARG);
    ck_assert_msg(strstr(err_text(&err), text) != NULL, "%s", err_text(&err));
}

START_TEST(refuses_bad_input)
{
    refuse((ablation_spec){.n = 0}, "without constraints");
    refuse((ablation_spec){.n = 2, .grid = ABLATION_RANDOM}, "points = 0");
    refuse((ablation_spec){.n = 16, .grid = ABLATION_FULL}, "more than 20000 points");
    factor[1].low = 2;
    refuse((ablation_spec){.n = 2, .grid = ABLATION_LATIN, .points = 5}, "range of \"b\" = {2, 1}");
    factor[1].low = 0;
    factor[1].is_log = true;
    refuse((ablation_spec){.n = 2, .grid = ABLATION_LATIN, .points = 5}, "want it above 0");
    factor[0].nominal = NAN;
    refuse((ablation_spec){.n = 2}, "weight of \"a\" is nan");
    factor[0].nominal = 1;
    factor[0].level = (const double[]){0, INFINITY};
    factor[0].n_levels = 2;
    refuse((ablation_spec){.n = 2, .one_at_a_time = true}, "levels of \"a\": inf");
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("ablation_design");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, points_around_the_nominal_one);
    tcase_add_test(c, points_are_told_by_every_name);
    tcase_add_test(c, subsets_are_numbered_by_their_members);
    tcase_add_test(c, more_constraints_are_sampled_by_orders);
    tcase_add_test(c, full_grid_is_the_product_of_levels);
    tcase_add_test(c, fractions_are_balanced);
    tcase_add_test(c, fractions_say_what_is_aliased);
    tcase_add_test(c, a_latin_hypercube_has_a_point_in_every_slice);
    tcase_add_test(c, refuses_bad_input);
    Suite *s = suite_create("ablation_design");
    suite_add_tcase(s, c);
    return suite_main(s);
}
