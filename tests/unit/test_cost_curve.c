/* SPDX-License-Identifier: MIT
 *
 * Cost curves against numpy (hull as the best chord over all pairs of points, areas by trapezoids), the golden lambda
 * sweep of predicted against true losses, and what must hold in every resample.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "curve_bed.h"
#include "eval/cost_curve.h"
#include "eval_golden.h"
#include "suite.h"

#define LAMBDAS 6

static const double lambda[LAMBDAS] = {0, 0.05, 0.1, 0.3, 1, 3};
static const float price[GOLDEN_M] = {0.68508285f, 0.70718235f, 1}; /* mean cost over the largest */
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

/* argmin of loss + lambda c, ties to the lower column. */
static const policy *decide(const eval_truth *t, const float *guess, const float *c, double weight)
{
    policy *p = arena_alloc(a, 1, sizeof *p);
    uint32_t *choice = arena_alloc(a, t->n, sizeof *choice);
    for (size_t i = 0; i < t->n; i++) {
        double best = INFINITY;
        for (size_t j = 0; j < t->m; j++) {
            double v = -policy_sign(t->kind) * (double)guess[i * t->m + j] + weight * (double)c[j];
            if (v >= best) continue;
            best = v;
            choice[i] = (uint32_t)j;
        }
    }
    *p = (policy){.label = "p", .role = POLICY_ROUTER, .choice = choice};
    return p;
}

static sweep_curve curve_of(const eval_truth *t, const char *label, const float *guess)
{
    const policy **at = arena_alloc(a, LAMBDAS, sizeof *at);
    for (size_t k = 0; k < LAMBDAS; k++) at[k] = decide(t, guess, price, lambda[k]);
    return (sweep_curve){.label = label, .at = at, .n = LAMBDAS};
}

static cost_scores measure(const eval_truth *t, size_t resamples)
{
    sweep_curve *curve = arena_alloc(a, 3, sizeof *curve);
    curve[0] = curve_of_experts(a, t);
    curve[1] = curve_of(t, "router", predicted);
    curve[2] = curve_of(t, "oracle", golden_value);
    curve[1].is_rival = curve[2].is_ceiling = true;
    bootstrap_spec spec = {resamples, 0.95, 3, true};
    cost_marks marks = {1, NULL};
    cost_scores out;
    pm_err err = PM_ERR_INIT;
    ck_assert_msg(cost_curves(NULL, t, &marks, &spec, curve, 3, a, &out, &err) == PM_OK, "%s",
                  err_text(&err));
    return out;
}

static void is(const cost_score *s, size_t metric, double want)
{
    double got = s->metric[metric].value;
    ck_assert_msg(fabs(got - want) < 1e-9, "%s = %.15g, want %.15g", cost_metric_name(metric), got,
                  want);
}

START_TEST(curves_as_numpy)
{
    static const double want[3][8] = {
        {0.63007309921168, 1, 0, 0, 0.521551565923762, 0.471666668231289, 0.313479534755553,
         0.594119644010429},
        {0.612180190923835, 1.1752908536492526, -0.2109374990585311, 0.045871562786447,
         0.515916782702932, 0.471666668231289, 0.248980266820978, 0.611617788898492},
        {0.64491959149986, 1.1232179493814176, -0.18359374800159856, 0.100917432661867,
         0.526226980578989, 0.471666668231289, 0.279005851771175, 0.639504387853236}};
    static const size_t metric[8] = {COST_AIQ,  COST_QNC,       COST_SAVE,        COST_PERF_GAIN,
                                     COST_AREA, COST_AREA_HALF, COST_HYPERVOLUME, COST_ARENA};
    eval_truth t = golden_truth(PM_VALUE_QUALITY);
    cost_scores s = measure(&t, 300);
    ck_assert_double_eq_tol(s.least, 0.004133333374435703, 1e-15);
    ck_assert_double_eq_tol(s.most, 0.006033333367668092, 1e-15);
    ck_assert_double_eq_tol(s.best, 0.635833332935969, 1e-12);
    ck_assert_double_eq_tol(s.reference, 0.31083333073183894, 1e-12);
    for (size_t c = 0; c < 3; c++)
        for (size_t k = 0; k < 8; k++) is(&s.curve[c], metric[k], want[c][k]);
    is(&s.curve[1], COST_DIFF_ZERO, want[1][0] - want[0][0]);
    is(&s.curve[1], COST_SAVING, 0); /* dearer than the best single: that one stays */
    ck_assert_double_eq(s.curve[0].metric[COST_DIFF_ZERO].hi, 0);
    ck_assert_uint_eq(s.n_rivals, 1);
    ck_assert_str_eq(s.curve[2].rival[0].name, "diff_rival_aiq:router");
    ck_assert_double_eq_tol(s.curve[2].rival[0].value, want[2][0] - want[1][0], 1e-9);
    ck_assert_double_eq(s.curve[1].rival[0].hi, 0);
    ck_assert(isnan(s.curve[2].metric[COST_DISTANCE].value)); /* a ceiling is no front */
    ck_assert_double_ge(s.curve[1].metric[COST_DISTANCE].value, 0);
    for (size_t c = 0; c < 3; c++) {
        const metric_value *v = &s.curve[c].metric[COST_AIQ];
        ck_assert(v->lo <= v->value && v->value <= v->hi);
        double again =
            cost_aiq(&s, t.kind, s.curve[c].usd, s.curve[c].value, s.curve[c].n_corners, a);
        ck_assert_double_eq_tol(again, v->value, 1e-12);
    }
}
END_TEST

/* The loss 1 - q tells the same story: every difference turns its sign. */
START_TEST(losses_mirror_qualities)
{
    eval_truth q = golden_truth(PM_VALUE_QUALITY), l = golden_truth(PM_VALUE_LOSS);
    float loss[GOLDEN_N * GOLDEN_M];
    for (size_t k = 0; k < GOLDEN_N * GOLDEN_M; k++) loss[k] = 1 - golden_value[k];
    l.value.at = loss;
    bootstrap_spec spec = {200, 0.95, 3, true};
    cost_marks marks = {1, NULL};
    cost_scores a_q, a_l;
    pm_err err = PM_ERR_INIT;
    sweep_curve curve[2] = {curve_of_experts(a, &q), curve_of(&q, "router", predicted)};
    ck_assert_int_eq(cost_curves(NULL, &q, &marks, &spec, curve, 2, a, &a_q, &err), PM_OK);
    ck_assert_int_eq(cost_curves(NULL, &l, &marks, &spec, curve, 2, a, &a_l, &err), PM_OK);
    for (size_t c = 0; c < 2; c++) {
        const metric_value *x = a_q.curve[c].metric, *y = a_l.curve[c].metric;
        ck_assert_double_eq_tol(x[COST_AIQ].value, 1 - y[COST_AIQ].value, 1e-6);
        ck_assert_double_eq_tol(x[COST_AIQ].lo, 1 - y[COST_AIQ].hi, 1e-6);
        ck_assert_double_eq_tol(x[COST_DIFF_ZERO].value, -y[COST_DIFF_ZERO].value, 1e-6);
        ck_assert_double_eq_tol(x[COST_QNC].value, y[COST_QNC].value, 1e-5);
        ck_assert(isnan(y[COST_ARENA].value)); /* a score of accuracies */
    }
}
END_TEST

START_TEST(nothing_to_compare)
{
    eval_truth t = golden_truth(PM_VALUE_QUALITY);
    static const float same[GOLDEN_N * GOLDEN_M] = {0};
    bootstrap_spec spec = {20, 0.95, 3, true};
    cost_marks marks = {1, NULL};
    sweep_curve curve = curve_of_experts(a, &t);
    cost_scores out;
    pm_err err = PM_ERR_INIT;
    t.cost_usd.at = same;
    ck_assert_int_eq(cost_curves(NULL, &t, &marks, &spec, &curve, 1, a, &out, &err), PM_OK);
    ck_assert(out.is_flat);
    t.cost_usd.at = NULL;
    ck_assert_int_eq(cost_curves(NULL, &t, &marks, &spec, &curve, 1, a, &out, &err), PM_E_SHAPE);
}
END_TEST

/* Losses and predicted losses of six prompts and three experts: the reference's golden vector. */
static const float true_loss[] = {.2f, .5f, .9f, .6f, .4f, .5f,  .3f, .3f, .1f,
                                  .8f, .7f, .9f, .5f, .2f, .25f, .4f, .9f, .35f};
static const float guess[] = {.3f, .4f, .8f, .5f, .45f, .4f,  .35f, .3f, .2f,
                              .6f, .7f, .8f, .4f, .3f,  .35f, .5f,  .7f, .45f};
static const float six_costs[] = {.1f, .3f, 1, .1f, .3f, 1, .1f, .3f, 1,
                                  .1f, .3f, 1, .1f, .3f, 1, .1f, .3f, 1};

START_TEST(golden_lambda_sweep)
{
    static const double weight[] = {0, .1, .3, 1, 3};
    static const double loss[] = {.3583, .3500, .4167, .4667, .4667},
                        usd[] = {.5833, .3167, .1333, .1, .1};
    static const uint32_t picks[] = {0, 2, 2, 0, 1, 2}, best[] = {0, 1, 2, 1, 1, 2};
    eval_truth t = {.n = 6, .m = 3, .kind = PM_VALUE_LOSS};
    t.value = (pm_cmat){true_loss, 6, 3, 3};
    t.cost_usd = (pm_cmat){six_costs, 6, 3, 3};
    for (size_t k = 0; k < 5; k++) {
        const policy *p = decide(&t, guess, six_costs, weight[k]);
        ck_assert_double_eq_tol(sweep_mean(&t, p, t.value), loss[k], 5e-5);
        ck_assert_double_eq_tol(sweep_mean(&t, p, t.cost_usd), usd[k], 5e-5);
    }
    ck_assert_int_eq(memcmp(decide(&t, guess, six_costs, 0)->choice, picks, sizeof picks), 0);
    ck_assert_int_eq(memcmp(decide(&t, true_loss, six_costs, 0)->choice, best, sizeof best), 0);
    policy_cells cells;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(policy_measure(&t, decide(&t, guess, six_costs, 0), 0, a, &cells, &err),
                     PM_OK);
    double right = 0, regret = 0;
    for (size_t i = 0; i < 6; i++) {
        right += cells.accuracy[i];
        regret += cells.regret[i] / 6;
    }
    ck_assert_double_eq(right, 4);
    ck_assert_double_eq_tol(regret, .033333, 1e-6);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("cost curves");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, curves_as_numpy);
    tcase_add_test(c, losses_mirror_qualities);
    tcase_add_test(c, nothing_to_compare);
    tcase_add_test(c, golden_lambda_sweep);
    Suite *s = suite_create("cost curves");
    suite_add_tcase(s, c);
    return suite_main(s);
}
