/* SPDX-License-Identifier: MIT
 *
 * The two-model evaluator on small made-up outcomes: by hand, against numpy's interp (its version 1.26 to 2.x; values
 * printed by it), and properties that must hold whatever the data.  Real outcomes: test_two_models_real.c.
 */
#include "config.h"

#include "suite.h"

#include <math.h>
#include <string.h>

#include "base/mt19937.h"
#include "base/rng.h"
#include "eval/two_models_lines.h"

#define N 400

typedef struct sample {
    arena *a;
    double weak[N], strong[N], score[N];
} sample;

/* Outcomes 0/1; the strong model right more often; scores that know something. */
static void make_sample(sample *s, uint64_t seed)
{
    s->a = arena_open(0);
    for (size_t i = 0; i < N; i++) {
        double hard = rng_uniform(seed, 0, i);
        s->weak[i] = rng_uniform(seed, 1, i) > .2 + .7 * hard;
        s->strong[i] = rng_uniform(seed, 2, i) > .1 + .2 * hard;
        s->score[i] = hard + .5 * rng_uniform(seed, 3, i);
    }
}

static two_models_score score_of(const sample *s, const double *score, two_models_curve *c)
{
    pm_err err = PM_ERR_INIT;
    two_models_score out;
    double sum[2] = {0, 0};
    for (size_t i = 0; i < N; i++) {
        sum[0] += s->weak[i];
        sum[1] += s->strong[i];
    }
    ck_assert_msg(two_models_curve_of(score, s->weak, s->strong, N, s->a, c, &err) == PM_OK, "%s",
                  err_text(&err));
    two_models_measure(c, sum[0] / N, sum[1] / N, &out);
    return out;
}

START_TEST(twister_is_pythons)
{
    static const double want[] = {.8444218515250481, .7579544029403025, .420571580830845};
    const uint32_t seed = 0, key[] = {0x123, 0x234, 0x345, 0x456};
    mt19937 m;
    mt19937_seed(&m, &seed, 1);
    for (size_t k = 0; k < 3; k++) ck_assert_double_eq(mt19937_double(&m), want[k]);
    mt19937_seed(&m, key, 4); /* the authors' own first outputs */
    ck_assert_uint_eq(mt19937_next(&m), 1067595299u);
    ck_assert_uint_eq(mt19937_next(&m), 955945823u);
}
END_TEST

START_TEST(curve_by_hand)
{
    pm_err err = PM_ERR_INIT;
    arena *a = arena_open(0);
    /* Five prompts: quantiles lie at ranks 0, .4, .8 ... 4. */
    const double score[] = {.9, .1, .5, .3, .7};
    const double weak[] = {0, 1, 0, 1, 1}, strong[] = {1, 1, 1, 0, 1};
    static const two_models_point want[] = {{0, .6}, {.2, .8}, {.4, .8},
                                            {.6, 1}, {.8, .8}, {1, .8}};
    two_models_curve c;
    ck_assert(two_models_curve_of(score, weak, strong, 5, a, &c, &err) == PM_OK);
    ck_assert_uint_eq(c.n, 6);
    for (size_t k = 0; k < 6; k++) {
        ck_assert_double_eq_tol(c.point[k].share, want[k].share, 1e-12);
        ck_assert_double_eq_tol(c.point[k].quality, want[k].quality, 1e-12);
    }
    two_models_score s;
    two_models_measure(&c, .6, .8, &s);
    ck_assert_double_eq_tol(s.auc, .82, 1e-12);
    ck_assert_double_eq_tol(s.apgr, 1.1, 1e-12);
    ck_assert_double_eq_tol(s.cpt50, 10, 1e-9);
    ck_assert_double_eq_tol(s.first_cpt50, 10, 1e-9);
    ck_assert_double_eq_tol(two_models_quality(&c, .1), .7, 1e-12);
    ck_assert_double_eq_tol(two_models_quality(&c, 1), .8, 1e-12);
    arena_close(a);
}
END_TEST

/* Ties are strong together; the last edge is strict; duplicates of the edges are allowed. */
START_TEST(ties_go_together)
{
    pm_err err = PM_ERR_INIT;
    arena *a = arena_open(0);
    const double score[] = {1, 1, 1, 1, 2, 2, 2, 2};
    const double weak[] = {0, 0, 0, 0, 0, 0, 0, 0}, strong[] = {0, 0, 1, 1, 1, 1, 1, 1};
    two_models_curve c;
    two_models_score s;
    ck_assert(two_models_curve_of(score, weak, strong, 8, a, &c, &err) == PM_OK);
    ck_assert_uint_eq(c.n, 3);
    ck_assert_double_eq(c.point[1].share, .5);
    ck_assert_double_eq(c.point[1].quality, .5);
    const double constant[] = {3, 3, 3, 3, 3, 3, 3, 3};
    ck_assert(two_models_curve_of(constant, weak, strong, 8, a, &c, &err) == PM_OK);
    ck_assert_uint_eq(c.n, 2);
    two_models_measure(&c, 0, .75, &s);
    ck_assert_double_eq_tol(s.apgr, .5, 1e-12);
    ck_assert_double_eq_tol(s.cpt80, 80, 1e-9);
    ck_assert(two_models_curve_of(constant, weak, strong, 1, a, &c, &err) == PM_OK);
    ck_assert_uint_eq(c.n, 2); /* one prompt: strong or weak */
    arena_close(a);
}
END_TEST

typedef struct looked_up {
    size_t n;
    double quality[TWO_MODELS_EDGES], want[7];
} looked_up;

/* np.interp(level (last - first) + first, quality, percent) of curves that do not rise everywhere. */
START_TEST(lookup_is_numpys)
{
    static const double level[] = {.05, .2, .3, .5, .65, .8, .95};
    static const looked_up all[] = {
        {11, {5, 4, 6, 3, 7, 2, 8, 1, 9, 3, 6}, {15.25, 16, 16.5, 17.5, 18.25, 19, 19.75}},
        {11,
         {.2, .5, .3, .3, .4, .6, .55, .5, .58, .52, .7},
         {.8333333333333333, 3.333333333333333, 4.999999999999999, 8.333333333333332,
          90.27777777777777, 94.44444444444444, 98.61111111111111}},
        {4, {1, 3, 2, 4}, {2.5, 10, 15, 25, 32.5, 90, 97.5}},
        {5, {1, 3, 2, 4, 2.5}, {.9375, 3.75, 5.625, 9.375, 12.1875, 15, 17.8125}},
        {11, {5, 1, 2, 3, 2, 1, 2, 3, 4, 5, 4.5}, {100, 100, 100, 100, 100, 100, 100}},
        {11,
         {1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 6.5},
         {2.75, 11, 16.5, 27.5, 95.72222222222223, 97.55555555555556, 99.38888888888889}},
    };
    const looked_up *l = &all[_i];
    two_models_curve c = {.n = l->n};
    for (size_t k = 0; k < l->n; k++)
        c.point[k] = (two_models_point){(double)k / (double)(l->n - 1), l->quality[k]};
    for (size_t k = 0; k < 7; k++) {
        double got = two_models_cpt(&c, l->quality[0], l->quality[l->n - 1], level[k], false);
        ck_assert_double_eq_tol(got, l->want[k], 1e-9);
    }
}
END_TEST

/* Where the curve dips, the two kinds of CPT part: the first crossing is the smaller one. */
START_TEST(first_crossing_is_first)
{
    two_models_curve c = {.n = 11};
    static const double quality[] = {.2, .5, .3, .3, .4, .6, .55, .5, .58, .52, .7};
    for (size_t k = 0; k < 11; k++) c.point[k] = (two_models_point){(double)k / 10, quality[k]};
    ck_assert_double_eq_tol(two_models_cpt(&c, .2, .7, .6, true), 10, 1e-9);
    ck_assert_double_eq_tol(two_models_cpt(&c, .2, .7, .7, true), 47.5, 1e-9);
    ck_assert_double_eq_tol(two_models_cpt(&c, .2, .7, 0, true), 0, 1e-9);
    two_models_curve low = {2, {{0, .2}, {1, .4}}};
    ck_assert(isnan(two_models_cpt(&low, .2, .7, .8, true))); /* never reached */
    ck_assert_double_eq_tol(two_models_cpt(&low, .2, .7, .8, false), 100, 1e-9);
}
END_TEST

START_TEST(equal_models_have_no_apgr)
{
    sample s;
    two_models_curve c;
    make_sample(&s, 3);
    memcpy(s.weak, s.strong, sizeof s.weak);
    two_models_score got = score_of(&s, s.score, &c);
    ck_assert(isnan(got.apgr) && isnan(got.cpt50) && isnan(got.first_cpt50));
    ck_assert(isfinite(got.auc));
    arena_close(s.a);
}
END_TEST

/* A weak model that is the better one: PGR is still the share of the way from weak to strong. */
START_TEST(strong_may_be_the_worse_one)
{
    two_models_curve c = {3, {{0, .8}, {.5, .7}, {1, .4}}};
    two_models_score s;
    two_models_measure(&c, .8, .4, &s);
    ck_assert_double_eq_tol(s.apgr, (.65 - .8) / -.4, 1e-12);
    ck_assert_double_eq_tol(s.first_cpt50, 100 * (.5 + .5 / 3), 1e-9);
}
END_TEST

START_TEST(bad_input_is_refused)
{
    pm_err err = PM_ERR_INIT;
    arena *a = arena_open(0);
    two_models_curve c;
    two_models_draws d;
    double x[2] = {0, NAN}, score[2];
    ck_assert(two_models_curve_of(x, x, x, 0, a, &c, &err) == PM_E_ARG);
    ck_assert(two_models_curve_of(x, x, x, 2, a, &c, &err) == PM_E_ARG);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "prompt 1"));
    ck_assert(two_models_random_compat(x, x, 2, 0, a, &c, &err) == PM_E_ARG);
    ck_assert(two_models_random_compat(x, x, 0, 10, a, &c, &err) == PM_E_ARG);
    ck_assert(two_models_random(x, x, 0, 10, 0, a, &d, &err) == PM_E_ARG);
    ck_assert(two_models_random(x, x, 2, 0, 0, a, &d, &err) == PM_E_ARG);
    ck_assert(two_models_optimal(x, x, 0, NULL, a, &c, &err) == PM_E_ARG);
    ck_assert(two_models_oracle(x, x, 2, a, score, &err) == PM_E_ARG);
    arena_close(a);
}
END_TEST

/* ---- properties ---- */

START_TEST(increasing_transforms_change_nothing)
{
    sample s;
    two_models_curve c, d;
    double other[N];
    make_sample(&s, (uint64_t)_i);
    for (size_t i = 0; i < N; i++) s.score[i] = round(8 * s.score[i]) / 8; /* with ties */
    for (size_t i = 0; i < N; i++) other[i] = exp(30 * s.score[i]) - 7;
    score_of(&s, s.score, &c);
    score_of(&s, other, &d);
    ck_assert_uint_eq(c.n, d.n);
    ck_assert_mem_eq(c.point, d.point, c.n * sizeof c.point[0]);
    arena_close(s.a);
}
END_TEST

START_TEST(oracle_is_above_all_and_optimal_above_it)
{
    sample s;
    pm_err err = PM_ERR_INIT;
    two_models_curve c, best, line;
    double oracle[N];
    make_sample(&s, (uint64_t)_i);
    ck_assert(two_models_oracle(s.weak, s.strong, N, s.a, oracle, &err) == PM_OK);
    double top = score_of(&s, oracle, &best).apgr;
    ck_assert_double_gt(top, score_of(&s, s.score, &c).apgr);
    ck_assert(two_models_optimal(s.weak, s.strong, N, NULL, s.a, &line, &err) == PM_OK);
    for (size_t k = 0; k <= 100; k++) {
        double share = (double)k / 100;
        ck_assert_double_ge(two_models_quality(&best, share) + 1e-12,
                            two_models_quality(&c, share));
        ck_assert_double_ge(two_models_quality(&line, share) + 2. / N,
                            two_models_quality(&best, share)); /* shares lie within 1 / N */
    }
    arena_close(s.a);
}
END_TEST

START_TEST(random_is_a_half)
{
    sample s;
    pm_err err = PM_ERR_INIT;
    two_models_draws d, again, other;
    make_sample(&s, 5);
    ck_assert(two_models_random(s.weak, s.strong, N, 200, 1, s.a, &d, &err) == PM_OK);
    ck_assert_double_gt(d.sd.apgr, 0);
    ck_assert_double_eq_tol(d.mean.apgr, .5, 4 * d.sd.apgr / sqrt(200));
    ck_assert_double_eq_tol(d.mean.cpt50, 50, 4 * d.sd.cpt50 / sqrt(200) + 1);
    ck_assert_uint_eq(d.curve.n, TWO_MODELS_EDGES);
    ck_assert(two_models_random(s.weak, s.strong, N, 200, 1, s.a, &again, &err) == PM_OK);
    ck_assert_mem_eq(&d.mean, &again.mean, sizeof d.mean);
    ck_assert(two_models_random(s.weak, s.strong, N, 200, 2, s.a, &other, &err) == PM_OK);
    ck_assert(d.mean.apgr != other.mean.apgr);
    arena_close(s.a);
}
END_TEST

/* Prompts drawn several times are the same as prompts written down several times. */
START_TEST(multiplicities_are_copies)
{
    sample s;
    pm_err err = PM_ERR_INIT;
    two_models_ranking r;
    two_models_work w;
    two_models_curve drawn, copied;
    uint16_t times[N];
    static double weak[4 * N], strong[4 * N], score[4 * N];
    make_sample(&s, (uint64_t)_i);
    for (size_t i = 0; _i % 2 && i < N; i++) s.score[i] = round(20 * s.score[i]);
    size_t n = 0;
    double sum = 0;
    for (size_t i = 0; i < N; i++) {
        times[i] = (uint16_t)rng_below((uint64_t)_i, 9, i, 4);
        for (size_t k = 0; k < times[i]; k++) {
            weak[n] = s.weak[i];
            strong[n] = s.strong[i];
            score[n++] = s.score[i];
            sum += s.weak[i];
        }
    }
    ck_assert(two_models_rank(s.score, s.weak, s.strong, N, s.a, &r, &err) == PM_OK);
    ck_assert(two_models_work_open(N, s.a, &w));
    two_models_curve_drawn(&r, times, n, sum, &w, &drawn);
    ck_assert(two_models_curve_of(score, weak, strong, n, s.a, &copied, &err) == PM_OK);
    ck_assert_uint_eq(drawn.n, copied.n);
    for (size_t k = 0; k < drawn.n; k++) {
        ck_assert_double_eq(drawn.point[k].share, copied.point[k].share);
        ck_assert_double_eq_tol(drawn.point[k].quality, copied.point[k].quality, 1e-12);
    }
    arena_close(s.a);
}
END_TEST

/* Whole prompts, and a budget that counts fewer prompts than the table has. */
START_TEST(optimal_lines_by_hand)
{
    pm_err err = PM_ERR_INIT;
    arena *a = arena_open(0);
    const double weak[] = {1, 5, 8, 9, 4}, strong[] = {9, 8, 9, 9, 2};
    two_models_curve c;
    ck_assert(two_models_optimal(weak, strong, 5, NULL, a, &c, &err) == PM_OK);
    ck_assert_double_eq_tol(c.point[0].quality, 27 / 5., 1e-12);
    ck_assert_double_eq_tol(c.point[1].quality, 31 / 5., 1e-12); /* half of a gain of 8 */
    ck_assert_double_eq_tol(c.point[4].quality, 38 / 5., 1e-12);
    ck_assert_double_eq_tol(c.point[10].quality, 39 / 5., 1e-12); /* a loss is never taken */
    two_models_optimal_options o = {true, 4};
    ck_assert(two_models_optimal(weak, strong, 5, &o, a, &c, &err) == PM_OK);
    ck_assert_double_eq_tol(c.point[2].quality, 27 / 5., 1e-12); /* int(.8) = 0 */
    ck_assert_double_eq_tol(c.point[3].quality, 35 / 5., 1e-12);
    ck_assert_double_eq_tol(c.point[5].quality, 38 / 5., 1e-12);
    arena_close(a);
}
END_TEST

START_TEST(length_by_hand)
{
    ck_assert_double_eq(two_models_length(0, false), 0);
    ck_assert_double_eq(two_models_length(1000, false), .5);
    ck_assert_double_eq(two_models_length(3000, true), .25);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("two_models");
    tcase_add_test(t, twister_is_pythons);
    tcase_add_test(t, curve_by_hand);
    tcase_add_test(t, ties_go_together);
    tcase_add_loop_test(t, lookup_is_numpys, 0, 6);
    tcase_add_test(t, first_crossing_is_first);
    tcase_add_test(t, equal_models_have_no_apgr);
    tcase_add_test(t, strong_may_be_the_worse_one);
    tcase_add_test(t, bad_input_is_refused);
    tcase_add_loop_test(t, increasing_transforms_change_nothing, 0, 4);
    tcase_add_loop_test(t, oracle_is_above_all_and_optimal_above_it, 0, 4);
    tcase_add_test(t, random_is_a_half);
    tcase_add_loop_test(t, multiplicities_are_copies, 0, 6);
    tcase_add_test(t, optimal_lines_by_hand);
    tcase_add_test(t, length_by_hand);
    Suite *all = suite_create("two_models");
    suite_add_tcase(all, t);
    return suite_main(all);
}
