/* SPDX-License-Identifier: MIT
 *
 * Scores of guesses on a few battles against numbers worked out by hand, resamples, baselines, and what is refused.
 */
#include "config.h"

#include "suite.h"

#include <math.h>
#include <string.h>

#include "eval/battles.h"

static arena *a;
static pm_err err;

static void setup(void)
{
    a = arena_open(0);
    err = (pm_err)PM_ERR_INIT;
}

static void teardown(void)
{
    arena_close(a);
}

static battle_score *must_score(const battle_truth *t, const battle_guess *g, size_t n, size_t bt)
{
    battle_score *out;
    battle_options o = {BOOTSTRAP_DEFAULT, bt};
    o.bootstrap.resamples = 200;
    ck_assert_msg(battles_score(NULL, t, g, n, &o, a, &out, &err) == PM_OK, "%s", err_text(&err));
    return out;
}

#define IS(x, want) ck_assert_double_eq_tol(x, want, 1e-12)

/* Six battles of three prompts; the last but one is a tie, the last weighs twice. */
static const uint32_t prompt[6] = {0, 0, 1, 1, 2, 2};
static const float outcome[6] = {1, 0, 0.9f, 0.2f, 0.5f, 1};
static const float weight[6] = {1, 1, 1, 1, 1, 2};
static const double said[6] = {0.8, 0.3, 0.5, 0.6, 0.7, 0.9};
static const double ranks[6] = {2, -1, 0, 0.5, 3, 1};

static battle_truth six(void)
{
    return (battle_truth){
        .n_prompts = 3, .n = 6, .prompt = prompt, .outcome = outcome, .weight = weight};
}

START_TEST(scores_by_hand)
{
    battle_truth t = six();
    battle_guess g[2] = {{.label = "p", .p = said}, {.label = "r", .p = ranks, .only_ranks = true}};
    battle_score *s = must_score(&t, g, 2, 0);
    const metric_value *m = s[0].metric;
    double loss =
        -(log(.8) + log(.7) + log(.5) + log(.4) + .5 * log(.7) + .5 * log(.3) + 2 * log(.9)) / 7;
    IS(m[BATTLE_COUNT].value, 6);
    IS(m[BATTLE_LOG_LOSS].value, loss);
    double soft = -(log(.8) + log(.7) + log(.5) + (double).2f * log(.6) +
                    (1 - (double).2f) * log(.4) + .5 * log(.7) + .5 * log(.3) + 2 * log(.9)) /
                  7;
    IS(m[BATTLE_LOG_LOSS_JUDGE].value, soft);
    IS(m[BATTLE_BRIER].value, (.04 + .09 + .25 + .36 + .04 + .02) / 7);
    IS(m[BATTLE_ACCURACY].value, (1 + 1 + .5 + 0 + 2) / 6); /* one half for a guess of one half */
    ck_assert_uint_eq(m[BATTLE_ACCURACY].n, 5);
    /* winners .8 .5 .9 .9 against losers .3 .6: 4 of 4 and 3 of 4 */
    IS(m[BATTLE_AUC].value, 7.0 / 8);
    IS(m[BATTLE_DIFF_BT].value, 0);
    ck_assert(isnan(s[1].metric[BATTLE_LOG_LOSS].value) && isnan(s[1].metric[BATTLE_ECE].value));
    ck_assert(isnan(s[1].metric[BATTLE_DIFF_BT].value));
    IS(s[1].metric[BATTLE_ACCURACY].value, (1 + 1 + .5 + 0 + 2) / 6);
    IS(s[1].metric[BATTLE_AUC].value, 7.0 / 8);
    ck_assert_uint_eq(s[1].n_bins, 0);
    IS(battles_utility(&t, &g[0]), -loss);
    IS(battles_utility(&t, &g[1]), 4.5 / 6);
}
END_TEST

/* A guess that is the same throughout a split has an area of one half, whatever it is in another split. */
START_TEST(areas_stay_within_splits)
{
    enum { N = 40 };
    uint32_t at[N], part[N];
    float y[N], w[N];
    double p[N];
    for (uint32_t k = 0; k < N; k++) {
        at[k] = k;
        part[k] = k / 20;
        y[k] = k < 20 ? k % 2 == 0 : k % 10 == 0;
        w[k] = 1;
        p[k] = part[k] ? 0.5 : 0.1; /* the wrong way round: high where wins are rare */
    }
    battle_truth t = {
        .n_prompts = N, .n = N, .prompt = at, .part = part, .outcome = y, .weight = w};
    battle_guess g = {.label = "p", .p = p};
    IS(must_score(&t, &g, 1, 0)->metric[BATTLE_AUC].value, 0.5);
    t.part = NULL;
    ck_assert_double_lt(must_score(&t, &g, 1, 0)->metric[BATTLE_AUC].value, 0.5);
}
END_TEST

START_TEST(calibration_in_bins_of_equal_weight)
{
    enum { N = 3000 };
    uint32_t *at = arena_alloc(a, N, sizeof *at);
    float *y = arena_alloc(a, N, sizeof *y), *w = arena_alloc(a, N, sizeof *w);
    double *p = arena_alloc(a, N, sizeof *p);
    for (uint32_t k = 0; k < N; k++) {
        at[k] = k;
        w[k] = 1;
        p[k] = (k % 300 + 0.5) / 300;
        y[k] = (double)(k / 300) + 0.5 < 10 * p[k]; /* the share of ones is p, to a tenth */
    }
    battle_truth t = {.n_prompts = N, .n = N, .prompt = at, .outcome = y, .weight = w};
    battle_guess g = {.label = "p", .p = p};
    battle_score *s = must_score(&t, &g, 1, SIZE_MAX);
    ck_assert_uint_eq(s->n_bins, BATTLE_BINS);
    for (size_t b = 0; b < BATTLE_BINS; b++) {
        ck_assert_uint_eq(s->bin[b].n, N / BATTLE_BINS);
        ck_assert_double_eq_tol(s->bin[b].predicted, ((double)b + 0.5) / BATTLE_BINS, 1e-9);
        ck_assert_double_eq_tol(s->bin[b].observed, s->bin[b].predicted, 0.06);
        ck_assert(s->bin[b].lo <= s->bin[b].observed && s->bin[b].observed <= s->bin[b].hi);
    }
    ck_assert_double_lt(s->metric[BATTLE_ECE].value, 0.03);
    for (uint32_t k = 0; k < N; k++) p[k] = 0.25; /* one guess, one bin */
    s = must_score(&t, &g, 1, SIZE_MAX);
    ck_assert_uint_eq(s->n_bins, 1);
    IS(s->metric[BATTLE_ECE].value, 0.25);
}
END_TEST

/* A prompt is drawn with all of its battles: many battles of one prompt say no more than one. */
START_TEST(prompts_are_resampled_not_battles)
{
    enum { N = 400 };
    uint32_t few[N], many[N];
    float y[N], w[N];
    double p[N];
    for (uint32_t k = 0; k < N; k++) {
        few[k] = k / 40;
        many[k] = k;
        y[k] = (k / 40) % 2 == 0;
        w[k] = 1;
        p[k] = 0.7;
    }
    battle_truth t = {.n_prompts = 10, .n = N, .prompt = few, .outcome = y, .weight = w};
    battle_guess g = {.label = "p", .p = p};
    const metric_value *m = &must_score(&t, &g, 1, 0)->metric[BATTLE_ACCURACY];
    double wide = m->hi - m->lo;
    t.n_prompts = N;
    t.prompt = many;
    m = &must_score(&t, &g, 1, 0)->metric[BATTLE_ACCURACY];
    ck_assert_double_gt(wide, 3 * (m->hi - m->lo));
}
END_TEST

START_TEST(rivals_are_paired)
{
    battle_truth t = six();
    double worse[6];
    for (int k = 0; k < 6; k++) worse[k] = 1 - said[k];
    battle_guess g[3] = {{.label = "one", .p = said, .is_rival = true, .rival_rank = 1},
                         {.label = "two", .p = worse, .is_rival = true, .rival_rank = 0},
                         {.label = "copy", .p = said}};
    battle_score *s = must_score(&t, g, 3, 1);
    ck_assert_uint_eq(s[2].n_rivals, 2);
    ck_assert_str_eq(s[2].rival[0].name, "diff_rival:two");
    ck_assert_str_eq(s[2].rival[1].name, "diff_rival:one");
    ck_assert_str_eq(s[2].rival_accuracy[1].name, "diff_rival_accuracy:one");
    IS(s[2].rival[1].value, 0);
    IS(s[2].rival[1].hi - s[2].rival[1].lo, 0);
    ck_assert_double_lt(s[2].rival[0].value, 0);
    IS(s[2].rival[0].value, s[2].metric[BATTLE_DIFF_BT].value);
    IS(s[2].rival_accuracy[0].value, s[2].metric[BATTLE_DIFF_BT_ACCURACY].value);
}
END_TEST

static pm_battle battle(uint32_t who, uint32_t whom, uint32_t judge, float y)
{
    return (pm_battle){
        .prompt = 0, .a = who, .b = whom, .source = judge, .outcome = y, .weight = 1};
}

static battle_guess *baselines_of(const battle_data *train, const battle_data *test, size_t m,
                                  size_t n_domains, size_t *n)
{
    double *theta = arena_alloc(a, m, sizeof *theta);
    battle_guess *g = arena_alloc(a, BATTLE_BASELINES, sizeof *g);
    battle_world w = {m, 2, n_domains};
    ck_assert_msg(battles_ratings(train, m, a, theta, &err) == PM_OK, "%s", err_text(&err));
    for (size_t j = 0; j < m; j++) ck_assert(isfinite(theta[j]));
    ck_assert_msg(battles_baselines(train, test, &w, theta, a, g, n, &err) == PM_OK, "%s",
                  err_text(&err));
    for (size_t k = 0; k < *n; k++)
        for (size_t i = 0; i < test->n; i++)
            ck_assert(g[k].p[i] >= 0 && g[k].p[i] <= 1); /* a rate may be 1 */
    return g;
}

/* A star, as of a judge with one baseline model: the fit is the win rate of each, with little smoothing, and by domain
 * the rate shrunk by ten battles. */
START_TEST(baselines_of_a_star)
{
    enum { N = 400 };
    static pm_battle b[N], test[2];
    static uint32_t domain[N], tested[2] = {0, 1};
    for (uint32_t k = 0; k < N; k++) {
        domain[k] = k < 100; /* all wins of the first fall into domain 1 */
        b[k] = battle(0, 1, 0, k < 100);
    }
    test[0] = test[1] = battle(0, 1, 0, 1);
    battle_data train = {b, N, domain}, held = {test, 2, tested};
    size_t n;
    battle_guess *g = baselines_of(&train, &held, 2, 2, &n);
    ck_assert_uint_eq(n, 3);
    IS(g[0].p[0], 0.25);
    ck_assert_double_eq_tol(g[1].p[0], 0.25, 2e-3);
    double rate = g[1].p[0];
    ck_assert_double_eq_tol(g[2].p[0], 10 * rate / 310, 1e-9);
    ck_assert_double_eq_tol(g[2].p[1], (100 + 10 * rate) / 110, 1e-9);
}
END_TEST

START_TEST(hard_cases_stay_finite)
{
    pm_battle b[6], test[2] = {battle(0, 1, 0, 1), battle(2, 0, 1, 0.5f)}; /* judge 1 is new */
    uint32_t domain[6] = {0, 0, 0, 1, 1, 1}, tested[2] = {0, 2};           /* domain 2 is new */
    size_t n;
    for (uint32_t k = 0; k < 6; k++) b[k] = battle(k % 3, (k + 1) % 3, 0, 0.5f); /* all ties */
    battle_data train = {b, 6, domain}, held = {test, 2, tested};
    battle_guess *g = baselines_of(&train, &held, 3, 3, &n);
    for (size_t k = 0; k < n; k++) ck_assert_double_eq_tol(g[k].p[0], 0.5, 1e-9);
    float y[2] = {0.5f, 0.5f}, w[2] = {1, 1}; /* nothing but ties to test on */
    uint32_t at[2] = {0, 1};
    battle_truth t = {.n_prompts = 2, .n = 2, .prompt = at, .outcome = y, .weight = w};
    battle_score *s = must_score(&t, g, n, 1);
    ck_assert(isnan(s[1].metric[BATTLE_ACCURACY].value) && isnan(s[1].metric[BATTLE_AUC].value));
    ck_assert_double_eq_tol(s[1].metric[BATTLE_LOG_LOSS].value, log(2), 1e-9);
    for (uint32_t k = 0; k < 6; k++) /* model 2 never wins */
        b[k] = battle(k % 2, 2, 0, 1);
    g = baselines_of(&train, &held, 3, 3, &n);
    ck_assert_double_lt(g[1].p[1], 0.3);
    train.domain = NULL;
    baselines_of(&train, &held, 3, 0, &n);
    ck_assert_uint_eq(n, 2);
}
END_TEST

START_TEST(refusals)
{
    battle_truth t = six();
    battle_score *s;
    battle_options o = {BOOTSTRAP_DEFAULT, 0};
    double theta[2], bad[6] = {0.5, 0.5, NAN, 0.5, 0.5, 0.5};
    battle_guess g = {.label = "broken", .p = bad};
    ck_assert_int_eq(battles_score(NULL, &t, &g, 1, &o, a, &s, &err), PM_E_ARG);
    ck_assert(strstr(err_text(&err), "\"broken\": its guess of battle 3 is not finite"));
    t.n = 0;
    ck_assert_int_eq(battles_score(NULL, &t, &g, 1, &o, a, &s, &err), PM_E_ARG);
    battle_data none = {NULL, 0, NULL};
    ck_assert_int_eq(battles_ratings(&none, 2, a, theta, &err), PM_E_ARG);
}
END_TEST

int main(void)
{
    Suite *all = suite_create("battles");
    TCase *t = tcase_create("battles");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, scores_by_hand);
    tcase_add_test(t, areas_stay_within_splits);
    tcase_add_test(t, calibration_in_bins_of_equal_weight);
    tcase_add_test(t, prompts_are_resampled_not_battles);
    tcase_add_test(t, rivals_are_paired);
    tcase_add_test(t, baselines_of_a_star);
    tcase_add_test(t, hard_cases_stay_finite);
    tcase_add_test(t, refusals);
    suite_add_tcase(all, t);
    return suite_main(all);
}
