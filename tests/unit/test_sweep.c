/* SPDX-License-Identifier: MIT
 *
 * Areas of sweeps against numpy (hull by brute force over pairs of points), their intervals against resamples
 * that are built prompt by prompt, and what must hold for any predictions.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "curve_bed.h"
#include "eval/sweep.h"
#include "eval_golden.h"
#include "suite.h"

#define LAMBDAS 6

static const double lambda[LAMBDAS] = {0, 0.05, 0.1, 0.3, 1, 3};
static const float penalty_row[GOLDEN_M] = {2, 1.25f, 3.5f};
/* The predictions of test_metrics.c. */
static const float predicted[] = {0.43f, 0.45f, 0.8f,  0.91f, 0.94f, 0.07f, 0.18f, 0.86f, 0.68f,
                                  0.4f,  0.4f,  0.4f,  0.38f, 0.45f, 0.63f, 0.74f, 1.0f,  0.1f,
                                  0.74f, 0.73f, 0.29f, 0.0f,  0.2f,  0.0f,  0.0f,  0.54f, 0.92f,
                                  0.75f, 0.51f, 0.55f, 0.6f,  0.21f, 0.0f,  0.33f, 0.79f, 0.0f};
static arena *a;

static void setup(void)
{
    a = arena_open(0);
}

static void teardown(void)
{
    arena_close(a);
}

/* argmin of loss + lambda c (or argmax of quality - lambda c), ties to the lower column. */
static const policy *decide(const eval_truth *t, pm_cmat guess, pm_cmat penalty, double weight)
{
    policy *p = arena_alloc(a, 1, sizeof *p);
    uint32_t *choice = arena_alloc(a, t->n, sizeof *choice);
    for (size_t i = 0; i < t->n; i++) {
        double best = INFINITY;
        for (size_t j = 0; j < t->m; j++) {
            double v = -policy_sign(t->kind) * (double)pm_crow(guess, i)[j] +
                       weight * (double)pm_crow(penalty, i)[j];
            if (v >= best) continue;
            best = v;
            choice[i] = (uint32_t)j;
        }
    }
    *p = (policy){.label = "p", .role = POLICY_ROUTER, .choice = choice};
    return p;
}

static sweep_curve curve_of(const eval_truth *t, const char *label, pm_cmat guess, pm_cmat penalty)
{
    const policy **at = arena_alloc(a, LAMBDAS, sizeof *at);
    for (size_t k = 0; k < LAMBDAS; k++) at[k] = decide(t, guess, penalty, lambda[k]);
    return (sweep_curve){.label = label, .at = at, .n = LAMBDAS};
}

static sweep_scores measure(const eval_truth *t, pm_cmat guess, pm_cmat penalty, size_t resamples)
{
    sweep_curve *curve = arena_alloc(a, 3, sizeof *curve);
    curve[0] = curve_of_experts(a, t);
    curve[1] = curve_of(t, "router", guess, penalty);
    curve[2] = curve_of(t, "oracle", t->value, penalty);
    curve[1].is_rival = true;
    bootstrap_spec spec = {resamples, 0.95, 3, true};
    sweep_scores out;
    pm_err err = PM_ERR_INIT;
    ck_assert_msg(sweep_measure(NULL, t, penalty, &spec, curve, 3, 2, a, &out, &err) == PM_OK, "%s",
                  err_text(&err));
    return out;
}

static const pm_cmat golden_guess = {predicted, GOLDEN_N, GOLDEN_M, GOLDEN_M};
static const pm_cmat golden_penalty = {penalty_row, GOLDEN_N, GOLDEN_M, 0};

static void is(const metric_value *v, double want)
{
    ck_assert_msg(fabs(v->value - want) < 1e-9, "%s = %.15g, want %.15g", v->name, v->value, want);
    ck_assert(v->lo <= v->value && v->value <= v->hi);
}

START_TEST(loss_as_numpy)
{
    static const double x[] = {
        0.5833333333333333, 0.5277777777777778, 0.4166666666666667, 0.25, 0, 0};
    static const double y[] = {0.23166666630034646, 0.2175000007264316, 0.254166666418314,
                               0.35500000168879825, 0.635833332935969,  0.635833332935969};
    eval_truth t = golden_truth(PM_VALUE_LOSS);
    sweep_scores s = measure(&t, golden_guess, golden_penalty, 500);
    is(&s.curve[0].area, 0.4454166665155855);
    is(&s.curve[1].area, 0.3035300932436561);
    is(&s.curve[2].area, 0.287511573759494);
    is(&s.curve[1].area_share, 0.8985560300521456);
    is(&s.curve[0].hypervolume, 0.1094444431364536);
    is(&s.curve[1].hypervolume, 0.28675925836432725);
    is(&s.curve[2].hypervolume, 0.28766203696270365);
    ck_assert_double_eq(s.curve[0].area_share.value, 0);
    ck_assert_double_eq(s.curve[2].area_share.lo, 1);
    ck_assert_double_eq(s.least, 1.25);
    ck_assert_double_eq(s.most, 3.5);
    for (size_t k = 0; k < LAMBDAS; k++) {
        ck_assert_double_eq_tol(s.curve[1].x[k], x[k], 1e-12);
        ck_assert_double_eq_tol(s.curve[1].y[k], y[k], 1e-9);
    }
    static const uint8_t front[] = {0, 1, 1, 1, 1, 1}; /* lambda 0 loses to lambda .05 in both */
    static const uint8_t hull[] = {0, 1, 1, 1, 1, 1};
    ck_assert_int_eq(memcmp(s.curve[1].on_front, front, LAMBDAS), 0);
    ck_assert_int_eq(memcmp(s.curve[1].on_hull, hull, LAMBDAS), 0);
}
END_TEST

START_TEST(quality_as_numpy)
{
    eval_truth t = golden_truth(PM_VALUE_QUALITY);
    sweep_scores s = measure(&t, golden_guess, golden_penalty, 500);
    is(&s.curve[0].area, 0.6358333329359691);
    is(&s.curve[1].area, 0.6802662064286845);
    is(&s.curve[2].area, 0.6969328708601771);
    is(&s.curve[1].area_share, 0.7272211051388469);
    is(&s.curve[1].hypervolume, 0.3680787087694086);
    ck_assert_uint_eq(s.n_rivals, 1);
    ck_assert_str_eq(s.curve[2].rival[0].name, "diff_rival_area:router");
    is(&s.curve[2].rival[0], 0.6969328708601771 - 0.6802662064286845);
    ck_assert_double_eq(s.curve[1].rival[0].hi, 0);
    static const uint8_t front[] = {0, 1, 0, 1, 1, 1}, hull[] = {0, 1, 0, 1, 1, 1};
    ck_assert_int_eq(memcmp(s.curve[1].on_front, front, LAMBDAS), 0);
    ck_assert_int_eq(memcmp(s.curve[1].on_hull, hull, LAMBDAS), 0);
}
END_TEST

/* Every resample is written out as a test part of its own; its areas make the interval. */
START_TEST(intervals_are_those_of_whole_resamples)
{
    enum { RESAMPLES = 100 };
    static const uint64_t cluster[GOLDEN_N] = {7, 7, 1, 1, 1, 9, 4, 4, 5, 6, 6, 6};
    eval_truth t = golden_truth(PM_VALUE_LOSS);
    t.cluster = cluster;
    sweep_scores s = measure(&t, golden_guess, golden_penalty, RESAMPLES);
    bootstrap_spec spec = {RESAMPLES, 0.95, 3, true};
    bootstrap *draws;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(bootstrap_draw(&spec, NULL, cluster, GOLDEN_N, a, &draws, &err), PM_OK);
    static double eye[GOLDEN_N * 16], times[RESAMPLES * 16], area[RESAMPLES], share[RESAMPLES];
    for (size_t i = 0; i < GOLDEN_N; i++) eye[i * 16 + i] = 1;
    bootstrap_sums(draws, NULL, eye, 16, NULL, GOLDEN_N, times);
    for (size_t r = 0; r < RESAMPLES; r++) {
        float *value = arena_alloc(a, 64 * GOLDEN_M, sizeof *value);
        float *guess = arena_alloc(a, 64 * GOLDEN_M, sizeof *guess);
        size_t n = 0;
        for (size_t i = 0; i < GOLDEN_N; i++)
            for (double k = 0; k < times[r * 16 + i]; k++, n++) {
                memcpy(value + n * GOLDEN_M, golden_value + i * GOLDEN_M, sizeof penalty_row);
                memcpy(guess + n * GOLDEN_M, predicted + i * GOLDEN_M, sizeof penalty_row);
            }
        eval_truth own = {.n = n, .m = GOLDEN_M, .kind = t.kind, .value = {value, n, GOLDEN_M, 3}};
        pm_cmat p = {guess, n, GOLDEN_M, 3}, c = {penalty_row, n, GOLDEN_M, 0};
        sweep_scores one = measure(&own, p, c, 1);
        area[r] = one.curve[1].area.value;
        share[r] = one.curve[1].area_share.value;
    }
    double lo, hi;
    bootstrap_interval(draws, area, &lo, &hi);
    ck_assert_double_eq_tol(s.curve[1].area.lo, lo, 1e-12);
    ck_assert_double_eq_tol(s.curve[1].area.hi, hi, 1e-12);
    bootstrap_interval(draws, share, &lo, &hi);
    ck_assert_double_eq_tol(s.curve[1].area_share.lo, lo, 1e-9);
    ck_assert_double_eq_tol(s.curve[1].area_share.hi, hi, 1e-9);
}
END_TEST

static pm_cmat random_matrix(uint64_t seed, uint32_t stream, size_t n, size_t m)
{
    float *x = arena_alloc(a, n * m, sizeof *x);
    for (size_t k = 0; k < n * m; k++) x[k] = (float)rng_uniform(seed, stream, k);
    return (pm_cmat){x, n, m, m};
}

/* Whatever the predictions, and per prompt too: a larger weight never costs more, and no router beats the
 * oracle's hull by more than the grid of weights leaves open. */
START_TEST(larger_weights_never_cost_more)
{
    for (uint64_t seed = 0; seed < 100; seed++) {
        size_t n = 5 + seed % 30, m = 2 + seed % 5;
        eval_truth t = {.n = n, .m = m, .kind = seed & 1 ? PM_VALUE_LOSS : PM_VALUE_QUALITY};
        t.value = random_matrix(seed, 1, n, m);
        pm_cmat guess = random_matrix(seed, 2, n, m), penalty = random_matrix(seed, 3, n, m);
        sweep_scores s = measure(&t, guess, penalty, 20);
        for (size_t c = 1; c < 3; c++) {
            const sweep_score *of = &s.curve[c];
            for (size_t k = 1; k < LAMBDAS; k++) {
                ck_assert_double_le(of->x[k], of->x[k - 1] + 1e-12);
                ck_assert(of->on_front[k] || !of->on_hull[k]);
            }
        }
        for (size_t k = 0; k < LAMBDAS;
             k++) { /* the oracle's points are optimal for their weight */
            double span = s.most - s.least;
            for (size_t e = 0; e < LAMBDAS; e++)
                ck_assert_double_le(s.curve[2].y[k] + lambda[k] * span * s.curve[2].x[k],
                                    s.curve[1].y[e] + lambda[k] * span * s.curve[1].x[e] + 1e-6);
        }
        arena_reset(a);
    }
}
END_TEST

START_TEST(what_is_no_sweep_is_refused)
{
    static const float same[GOLDEN_M] = {1, 1, 1};
    eval_truth t = golden_truth(PM_VALUE_LOSS);
    sweep_curve curve = curve_of_experts(a, &t);
    bootstrap_spec spec = BOOTSTRAP_DEFAULT;
    sweep_scores out;
    pm_err err = PM_ERR_INIT;
    pm_cmat flat = {same, GOLDEN_N, GOLDEN_M, 0};
    ck_assert_int_eq(sweep_measure(NULL, &t, flat, &spec, &curve, 1, SIZE_MAX, a, &out, &err),
                     PM_OK);
    ck_assert(out.is_flat);
    ck_assert_int_eq(
        sweep_measure(NULL, &t, golden_penalty, &spec, &curve, 1, SIZE_MAX, a, &out, &err), PM_OK);
    ck_assert(isnan(out.curve[0].area_share.value)); /* no oracle, no share */
    uint32_t outside[GOLDEN_N] = {3};
    policy p = {.label = "lost", .choice = outside};
    const policy *at = &p;
    curve = (sweep_curve){.label = "lost", .at = &at, .n = 1};
    ck_assert_int_eq(
        sweep_measure(NULL, &t, golden_penalty, &spec, &curve, 1, SIZE_MAX, a, &out, &err),
        PM_E_ARG);
}
END_TEST

START_TEST(means_take_shares_and_seeds)
{
    static const float third[GOLDEN_M] = {0.5f, 0.25f, 0.25f};
    static const uint32_t zero[GOLDEN_N] = {0};
    eval_truth t = golden_truth(PM_VALUE_LOSS);
    policy p = {.label = "random", .share = {third, GOLDEN_N, GOLDEN_M, 0}};
    ck_assert_double_eq_tol(sweep_mean(&t, &p, golden_penalty), 1 + 0.3125 + 0.875, 1e-12);
    const uint32_t *more[1] = {zero};
    p = (policy){.label = "seeds", .choice = golden_choice, .more = more, .n_more = 1};
    /* golden_choice: seven 1, five 2 */
    double mean = (7 * 1.25 + 5 * 3.5) / 12;
    ck_assert_double_eq_tol(sweep_mean(&t, &p, golden_penalty), (mean + 2) / 2, 1e-12);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("sweep");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, loss_as_numpy);
    tcase_add_test(c, quality_as_numpy);
    tcase_add_test(c, intervals_are_those_of_whole_resamples);
    tcase_add_test(c, larger_weights_never_cost_more);
    tcase_add_test(c, what_is_no_sweep_is_refused);
    tcase_add_test(c, means_take_shares_and_seeds);
    Suite *s = suite_create("sweep");
    suite_add_tcase(s, c);
    return suite_main(s);
}
