/* SPDX-License-Identifier: MIT
 *
 * Every metric of one policy against numpy and scipy, for quality and for loss; paired differences, rivals by
 * point, domains and shares.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "eval/metrics.h"
#include "eval_golden.h"
#include "math/special.h"
#include "suite.h"

static const float predicted[] = {0.43f, 0.45f, 0.8f,  0.91f, 0.94f, 0.07f, 0.18f, 0.86f, 0.68f,
                                  0.4f,  0.4f,  0.4f,  0.38f, 0.45f, 0.63f, 0.74f, 1.0f,  0.1f,
                                  0.74f, 0.73f, 0.29f, 0.0f,  0.2f,  0.0f,  0.0f,  0.54f, 0.92f,
                                  0.75f, 0.51f, 0.55f, 0.6f,  0.21f, 0.0f,  0.33f, 0.79f, 0.0f};
static const float spread[] = {0.05f, 0.28f, 0.29f, 0.09f, 0.18f, 0.29f, 0.05f, 0.24f, 0.29f,
                               0.2f,  0.27f, 0.12f, 0.11f, 0.16f, 0.1f,  0.15f, 0.33f, 0.22f,
                               0.15f, 0.13f, 0.34f, 0.18f, 0.34f, 0.2f,  0.21f, 0.32f, 0.27f,
                               0.22f, 0.18f, 0.31f, 0.17f, 0.33f, 0.07f, 0.18f, 0.21f, 0.34f};
static const uint32_t domain[] = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2};
static const uint32_t always_one[GOLDEN_N] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
static const char *const names[] = {"a", "b", "c", "unseen"};

static arena *a;

static void setup(void)
{
    a = arena_open(0);
}

static void teardown(void)
{
    arena_close(a);
}

static policy_score *score(const eval_truth *t, const policy *p, size_t n)
{
    metrics_options o = METRICS_OPTIONS_DEFAULT;
    o.best_single = 1;
    policy_score *s;
    pm_err err = PM_ERR_INIT;
    ck_assert_msg(metrics_score(NULL, t, p, n, &o, a, &s, &err) == PM_OK, "%s", err_text(&err));
    return s;
}

static const metric_value *find(const policy_score *s, const char *name)
{
    for (size_t k = 0; k < s->n_metrics; k++)
        if (strcmp(s->metric[k].name, name) == 0) return &s->metric[k];
    ck_abort_msg("no metric %s", name);
    return NULL;
}

typedef struct expected {
    const char *name;
    double value;
} expected;

static void check_all(const policy_score *s, const expected *want, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        const metric_value *v = find(s, want[k].name);
        ck_assert_msg(fabs(v->value - want[k].value) < 1e-6, "%s = %.9f, want %.9f", want[k].name,
                      v->value, want[k].value);
        if (strcmp(want[k].name, "experts_used") == 0) continue;
        ck_assert_msg(v->lo <= v->value && v->value <= v->hi, "%s = %g is outside [%g, %g]",
                      want[k].name, v->value, v->lo, v->hi);
    }
}

static policy golden_policy(void)
{
    return (policy){.label = "router",
                    .role = POLICY_ROUTER,
                    .choice = golden_choice,
                    .predicted = {predicted, GOLDEN_N, GOLDEN_M, GOLDEN_M},
                    .spread = {spread, GOLDEN_N, GOLDEN_M, GOLDEN_M}};
}

static const expected predictions[] = {{"mae", 0.11777777777777779},
                                       {"rmse", 0.1568615808780326},
                                       {"spearman", 0.7098076211353316},
                                       {"coverage_90", 0.9444444444444444}};

START_TEST(quality_as_numpy)
{
    static const expected want[] = {{"quality", 0.47333333333333333},
                                    {"cost_usd", 0.00385},
                                    {"selection_accuracy", 0.3333333333333333},
                                    {"selection_accuracy_plain", 0.08333333333333333},
                                    {"selection_accuracy_disagreeing", 0.2727272727272727},
                                    {"within_delta", 0.4166666666666667},
                                    {"regret", 0.22666666666666666},
                                    {"gap_recovered", -2.5324675324675314},
                                    {"entropy", 0.6182283531662821},
                                    {"experts_used", 2},
                                    {"diff_best_single", -0.1625}};
    eval_truth t = golden_truth(PM_VALUE_QUALITY);
    policy p = golden_policy();
    policy_score *s = score(&t, &p, 1);
    check_all(s, want, sizeof want / sizeof want[0]);
    check_all(s, predictions, 4);
    ck_assert_uint_eq(find(s, "selection_accuracy_disagreeing")->n, 11);
    ck_assert_uint_eq(find(s, "spearman")->n, 10);
    ck_assert_uint_eq(s->spearman_left_out, 2);
    ck_assert(isnan(find(s, "diff_rival")->value));
    ck_assert_double_eq_tol(s->share[0].value, 0, 1e-12);
    ck_assert_double_eq_tol(s->share[1].value, 7.0 / 12, 1e-12);
}
END_TEST

START_TEST(loss_as_numpy)
{
    static const expected want[] = {
        {"loss", 0.47333333333333333},      {"selection_accuracy", 0.3333333333333333},
        {"selection_accuracy_plain", 0.25}, {"within_delta", 0.5},
        {"regret", 0.2783333333333333},     {"gap_recovered", 0.3686200378071834},
        {"diff_best_single", -0.1625}};
    eval_truth t = golden_truth(PM_VALUE_LOSS);
    policy p = golden_policy();
    policy_score *s = score(&t, &p, 1);
    check_all(s, want, sizeof want / sizeof want[0]);
    check_all(s, predictions, 4);
}
END_TEST

/* A table of losses and of their predictions that independent code has scored: picks, errors, rank correlations of
 * each prompt across models, of each model across prompts, and of all cells. */
START_TEST(losses_of_tryage)
{
    enum { P = 6, M = 3 };
    static const float l[P * M] = {.2f, .5f, .9f, .6f, .4f, .5f,  .3f, .3f, .1f,
                                   .8f, .7f, .9f, .5f, .2f, .25f, .4f, .9f, .35f},
                             of[P * M] = {.3f, .4f, .8f, .5f, .45f, .4f,  .35f, .3f, .2f,
                                          .6f, .7f, .8f, .4f, .3f,  .35f, .5f,  .7f, .45f};
    static const uint32_t pick[P] = {0, 2, 2, 0, 1, 2};
    static const double prompt[P] = {1, .5, .866025, .5, 1, 1}, model[M] = {.8986, .9122, .9412};
    eval_truth t = {.n = P, .m = M, .kind = PM_VALUE_LOSS, .value = {l, P, M, M}};
    policy p = {
        .label = "router", .role = POLICY_ROUTER, .choice = pick, .predicted = {of, P, M, M}};
    policy_score *s = score(&t, &p, 1);
    ck_assert_double_eq_tol(find(s, "mae")->value, 0.094444, 1e-6);
    ck_assert_double_eq_tol(find(s, "selection_accuracy")->value, 4.0 / 6, 1e-9);
    ck_assert_double_eq_tol(find(s, "regret")->value, 0.033333, 1e-6);
    ck_assert_double_eq_tol(find(s, "spearman")->value, 4.866025 / P, 1e-6);
    double x[P * M], y[P * M], scratch[2 * P * M];
    uint32_t index[P * M];
    for (size_t i = 0; i < (size_t)P * M; i++) {
        x[i] = (double)l[i];
        y[i] = (double)of[i];
    }
    ck_assert_double_eq_tol(special_spearman(x, y, P * M, scratch, index), 0.922153, 1e-6);
    for (size_t i = 0; i < P; i++)
        ck_assert_double_eq_tol(special_spearman(x + i * M, y + i * M, M, scratch, index),
                                prompt[i], 1e-6);
    for (size_t j = 0; j < M; j++) {
        double a1[P], b1[P];
        for (size_t i = 0; i < P; i++) {
            a1[i] = x[i * M + j];
            b1[i] = y[i * M + j];
        }
        ck_assert_double_eq_tol(special_spearman(a1, b1, P, scratch, index), model[j], 1e-4);
    }
}
END_TEST

START_TEST(differences_are_paired)
{
    eval_truth t = golden_truth(PM_VALUE_QUALITY);
    policy p[3] = {golden_policy(), golden_policy(), golden_policy()};
    p[0].is_rival = true;
    p[1].label = "twin";
    p[2] = (policy){.label = "single", .role = POLICY_EXPERT, .choice = always_one};
    policy_score *s = score(&t, p, 3);
    const metric_value *twin = find(&s[1], "diff_rival"), *single = find(&s[2], "diff_rival");
    ck_assert_double_eq(twin->value, 0);
    ck_assert_double_eq(twin->lo, 0); /* the same choices: no width, whatever the resamples */
    ck_assert_double_eq(twin->hi, 0);
    ck_assert_double_eq_tol(single->value, 0.1625, 1e-7);
    const metric_value *back = find(&s[0], "diff_best_single");
    ck_assert_double_eq_tol(single->lo, -back->hi, 1e-12);
    ck_assert_double_eq_tol(single->hi, -back->lo, 1e-12);
    ck_assert_double_eq(find(&s[2], "diff_best_single")->value, 0);
    ck_assert_double_eq(find(&s[2], "diff_best_single")->hi, 0);
    ck_assert_str_eq(s[2].rival[0].name, "diff_rival:router");
}
END_TEST

START_TEST(rivals_are_compared_within_their_point)
{
    eval_truth t = golden_truth(PM_VALUE_QUALITY);
    policy p[4] = {golden_policy(), golden_policy(), golden_policy(), golden_policy()};
    p[0].point = "w=0";
    p[0].is_rival = p[1].is_rival = true;
    p[1].point = "w=1";
    p[1].choice = always_one;
    p[2].label = p[3].label = "other";
    p[2].point = "w=0";
    p[3].point = "w=1";
    policy_score *s = score(&t, p, 4);
    ck_assert_uint_eq(s[0].n_rivals, 1);
    ck_assert_double_eq(find(&s[2], "diff_rival")->value, 0);
    ck_assert_double_eq_tol(find(&s[3], "diff_rival")->value, -0.1625, 1e-7);
}
END_TEST

/* A baseline has no point and is compared with everyone; rivals stand by rank. */
START_TEST(rivals_may_be_baselines)
{
    eval_truth t = golden_truth(PM_VALUE_LOSS);
    policy p[4] = {golden_policy(), golden_policy(), golden_policy(), golden_policy()};
    p[0] = (policy){.label = "single", .role = POLICY_BASELINE, .choice = always_one};
    p[0].is_rival = true;
    p[0].rival_rank = 1;
    p[1].point = p[2].point = "w=0";
    p[1].is_rival = true;
    p[2].label = "other";
    p[2].choice = always_one;
    p[3].point = "w=1";
    policy_score *s = score(&t, p, 4);
    ck_assert_uint_eq(s[3].n_rivals, 2);
    ck_assert_str_eq(s[3].rival[0].name, "diff_rival:router");
    ck_assert_str_eq(s[3].rival[1].name, "diff_rival:single");
    ck_assert_str_eq(s[3].rival_accuracy[1].name, "diff_rival_accuracy:single");
    ck_assert_str_eq(s[3].rival_gap[1].name, "diff_rival_gap:single");
    for (int k = 1; k < 4; k += 2) { /* best single is the same expert: both differences agree */
        const policy_score *who = &s[k];
        ck_assert_double_eq(who->rival[1].value, find(who, "diff_best_single")->value);
        ck_assert_double_eq(who->rival[1].lo, find(who, "diff_best_single")->lo);
        ck_assert_double_eq_tol(who->rival_gap[1].value, find(who, "gap_recovered")->value, 1e-12);
        ck_assert_double_eq_tol(who->rival_gap[1].hi, find(who, "gap_recovered")->hi, 1e-12);
        ck_assert_double_eq_tol(who->rival_accuracy[1].value,
                                find(who, "selection_accuracy")->value -
                                    find(&s[0], "selection_accuracy")->value,
                                1e-12);
        ck_assert_double_lt(who->rival_accuracy[1].lo, who->rival_accuracy[1].hi);
    }
    ck_assert_double_eq(s[2].rival_accuracy[1].value, 0);
    ck_assert_double_eq(s[2].rival_accuracy[1].hi, 0); /* the same choices: no width */
    ck_assert_double_eq(s[0].rival_gap[1].hi, 0);
    ck_assert(isnan(s[3].rival[0].value)); /* that rival is at another point */
}
END_TEST

START_TEST(domains_as_numpy)
{
    static const double want[] = {0.675, 0.3775, 0.3675};
    eval_truth t = golden_truth(PM_VALUE_QUALITY);
    t.domain = domain;
    t.domains = names;
    t.n_domains = 4;
    policy p[40]; /* more than one batch of columns */
    for (int k = 0; k < 40; k++) p[k] = golden_policy();
    p[39].choice = always_one;
    policy_score *s = score(&t, p, 40);
    for (int d = 0; d < 3; d++) {
        const metric_value *v = &s[35].domain_value[d];
        ck_assert_double_eq_tol(v->value, want[d], 1e-6);
        ck_assert(v->lo <= v->value && v->value <= v->hi);
        ck_assert_double_eq(v->lo, s[0].domain_value[d].lo);
        ck_assert_uint_eq(s[35].domain_n[d], 4);
    }
    ck_assert_double_eq_tol(s[39].domain_value[0].value, 0.675, 1e-6);
    ck_assert_double_ne(s[39].domain_value[1].value, s[0].domain_value[1].value);
    ck_assert(isnan(s[0].domain_value[3].value));
}
END_TEST

START_TEST(names_follow_the_kind)
{
    size_t n;
    ck_assert_str_eq(metric_names(PM_VALUE_LOSS, &n)[0], "loss");
    ck_assert_str_eq(metric_names(PM_VALUE_QUALITY, &n)[0], "quality");
    ck_assert_str_eq(metric_names(PM_VALUE_QUALITY, &n)[n - 1], "coverage_90");
}
END_TEST

START_TEST(wrong_truth_is_refused)
{
    eval_truth t = golden_truth(PM_VALUE_QUALITY);
    policy p = golden_policy();
    metrics_options o = METRICS_OPTIONS_DEFAULT;
    policy_score *s;
    pm_err err = PM_ERR_INIT;
    o.best_single = 3;
    ck_assert_int_eq(metrics_score(NULL, &t, &p, 1, &o, a, &s, &err), PM_E_SHAPE);
    o.best_single = 0;
    p.predicted.cols = 2;
    ck_assert_int_eq(metrics_score(NULL, &t, &p, 1, &o, a, &s, &err), PM_E_SHAPE);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "12 x 2; want 12 x 3"));
    t.n = 0;
    ck_assert_int_eq(metrics_score(NULL, &t, &p, 1, &o, a, &s, &err), PM_E_SHAPE);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("metrics");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, quality_as_numpy);
    tcase_add_test(c, loss_as_numpy);
    tcase_add_test(c, losses_of_tryage);
    tcase_add_test(c, differences_are_paired);
    tcase_add_test(c, rivals_are_compared_within_their_point);
    tcase_add_test(c, rivals_may_be_baselines);
    tcase_add_test(c, domains_as_numpy);
    tcase_add_test(c, names_follow_the_kind);
    tcase_add_test(c, wrong_truth_is_refused);
    Suite *s = suite_create("metrics");
    suite_add_tcase(s, c);
    return suite_main(s);
}
