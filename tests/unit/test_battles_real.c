/* SPDX-License-Identifier: MIT
 *
 * Baselines on the real battles of alpaca_battles, judges apart, against numbers computed independently with numpy
 * (the project's baseline study, section 8).  Wants the folder of the sets in POINTSMAN_DATA, and is skipped
 * without it.
 */
#include "config.h"

#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "data/split.h"
#include "eval/battles.h"

#define SKIPPED 77 /* automake's word for it */
#define FOLDS   5

typedef struct golden {
    const char *judge, *label;
    bool all_folds; /* else fold 0 alone */
    size_t n;
    double log_loss, accuracy, auc, judged; /* auc NaN: printed over pooled folds, not within */
} golden;

static const golden rows[] = {
    {"weighted_alpaca_eval_gpt4_turbo", "judge base rate", false, 7110, .3431, .8918, .5, .3448},
    {"weighted_alpaca_eval_gpt4_turbo", "Bradley-Terry", false, 7110, .2687, .9084, .7900, .2753},
    {"weighted_alpaca_eval_gpt4_turbo", "Bradley-Terry by domain, n0=10", false, 7110, .2661, .9090,
     .8040, .2725},
    {"weighted_alpaca_eval_gpt4_turbo", "judge base rate", true, 38295, .3456, .8920, .5, .3505},
    {"weighted_alpaca_eval_gpt4_turbo", "Bradley-Terry", true, 38295, .2638, .9130, NAN, .2721},
    {"weighted_alpaca_eval_gpt4_turbo", "Bradley-Terry by domain, n0=10", true, 38295, .2592, .9128,
     NAN, .2678},
    {"alpaca_eval_gpt4", "judge base rate", false, 6721, .4863, .8119, .5, .4863},
    {"alpaca_eval_gpt4", "Bradley-Terry", false, 6721, .3913, .8358, .7933, .3913},
    {"alpaca_eval_gpt4", "Bradley-Terry by domain, n0=10", false, 6721, .3844, .8381, .8060, .3844},
    {"alpaca_eval_gpt4", "judge base rate", true, 36203, .5140, .7918, .5, .5140},
    {"alpaca_eval_gpt4", "Bradley-Terry", true, 36203, .4154, .8279, NAN, .4154},
    {"alpaca_eval_gpt4", "Bradley-Terry by domain, n0=10", true, 36203, .4132, .8277, NAN, .4132},
};

typedef struct bench { /* battles of one judge */
    arena *a;
    dataset d;
    const char *judge;
    pm_battle *battle[2]; /* train, test */
    uint32_t *domain[2];
    size_t n[2];
    /* of all folds so far */
    uint32_t *prompt, *part;
    float *outcome, *weight;
    double *p[BATTLE_BASELINES];
    size_t n_all;
} bench;

static void take(bench *b, const uint8_t *is_test)
{
    const dataset *d = &b->d;
    b->n[0] = b->n[1] = 0;
    for (size_t k = 0; k < d->n_battles; k++) {
        const pm_battle *at = &d->battle[k];
        if (strcmp(d->judges[at->source], b->judge) != 0) continue;
        int side = is_test[at->prompt];
        b->domain[side][b->n[side]] = d->domain[at->prompt];
        b->battle[side][b->n[side]++] = *at;
    }
}

static void run_fold(bench *b, uint32_t fold)
{
    pm_err err = PM_ERR_INIT;
    split s;
    split_spec spec = {SPLIT_FOLD, 1, 0, 0, 0, FOLDS, fold};
    ck_assert_msg(split_make(&b->d, &spec, b->a, &s, &err) == PM_OK, "%s", err_text(&err));
    uint8_t *is_test = arena_alloc(b->a, b->d.n, 1);
    for (size_t i = 0; i < s.n_test; i++) is_test[s.test[i]] = 1;
    take(b, is_test);
    battle_data train = {b->battle[0], b->n[0], b->domain[0]},
                test = {b->battle[1], b->n[1], b->domain[1]};
    battle_world w = {b->d.m, b->d.n_judges, b->d.n_domains};
    double *theta = arena_alloc(b->a, b->d.m, sizeof *theta);
    battle_guess guess[BATTLE_BASELINES];
    size_t n;
    ck_assert_msg(battles_ratings(&train, b->d.m, b->a, theta, &err) == PM_OK, "%s",
                  err_text(&err));
    ck_assert_msg(battles_baselines(&train, &test, &w, theta, b->a, guess, &n, &err) == PM_OK, "%s",
                  err_text(&err));
    ck_assert_uint_eq(n, BATTLE_BASELINES);
    for (size_t k = 0; k < test.n; k++, b->n_all++) {
        b->prompt[b->n_all] = test.battle[k].prompt;
        b->part[b->n_all] = fold;
        b->outcome[b->n_all] = test.battle[k].outcome;
        b->weight[b->n_all] = test.battle[k].weight;
        for (size_t g = 0; g < n; g++) b->p[g][b->n_all] = guess[g].p[k];
    }
}

static void check_rows(const bench *b, bool all_folds)
{
    pm_err err = PM_ERR_INIT;
    battle_score *score;
    battle_guess guess[BATTLE_BASELINES];
    for (size_t g = 0; g < BATTLE_BASELINES; g++)
        guess[g] = (battle_guess){.label = battles_labels()[g], .setting = "", .p = b->p[g]};
    battle_truth t = {.n_prompts = b->d.n,
                      .cluster = b->d.group,
                      .n = b->n_all,
                      .prompt = b->prompt,
                      .part = b->part,
                      .outcome = b->outcome,
                      .weight = b->weight};
    battle_options o = {.bootstrap = BOOTSTRAP_DEFAULT, .bt = BATTLE_BASELINE_BT};
    o.bootstrap.resamples = 50;
    ck_assert_msg(battles_score(NULL, &t, guess, BATTLE_BASELINES, &o, b->a, &score, &err) == PM_OK,
                  "%s", err_text(&err));
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        const golden *want = &rows[k];
        if (strcmp(want->judge, b->judge) != 0 || want->all_folds != all_folds) continue;
        for (size_t g = 0; g < BATTLE_BASELINES; g++) {
            if (strcmp(guess[g].label, want->label) != 0) continue;
            const metric_value *m = score[g].metric;
            printf("%.8s %s%s: %.5f %.5f %.5f %.5f\n", b->judge, want->label,
                   all_folds ? ", all folds" : "", m[BATTLE_LOG_LOSS].value,
                   m[BATTLE_ACCURACY].value, m[BATTLE_AUC].value, m[BATTLE_LOG_LOSS_JUDGE].value);
            ck_assert_uint_eq(b->n_all, want->n);
            ck_assert_double_eq_tol(m[BATTLE_LOG_LOSS].value, want->log_loss, 2e-4);
            ck_assert_double_eq_tol(m[BATTLE_LOG_LOSS_JUDGE].value, want->judged, 2e-4);
            /* smoothing (a tie with a fixed player here, with the judge's baseline there) turns a model or two
             * that win half of their battles */
            ck_assert_double_eq_tol(m[BATTLE_ACCURACY].value, want->accuracy, 1e-3);
            if (!isnan(want->auc)) ck_assert_double_eq_tol(m[BATTLE_AUC].value, want->auc, 1e-3);
        }
    }
}

START_TEST(judges_give_the_published_rows)
{
    bench b = {.a = arena_open(0), .judge = rows[_i * 6].judge};
    pm_err err = PM_ERR_INIT;
    dataset_options o = DATASET_OPTIONS_DEFAULT;
    const char *dir = io_join(b.a, getenv("POINTSMAN_DATA"), "alpaca_battles");
    ck_assert_msg(dataset_read(dir, &o, b.a, &b.d, &err) == PM_OK, "%s", err_text(&err));
    size_t n = b.d.n_battles;
    for (int side = 0; side < 2; side++) {
        b.battle[side] = arena_alloc(b.a, n, sizeof(pm_battle));
        b.domain[side] = arena_alloc(b.a, n, sizeof(uint32_t));
    }
    b.prompt = arena_alloc(b.a, n, sizeof *b.prompt);
    b.part = arena_alloc(b.a, n, sizeof *b.part);
    b.outcome = arena_alloc(b.a, n, sizeof *b.outcome);
    b.weight = arena_alloc(b.a, n, sizeof *b.weight);
    for (size_t g = 0; g < BATTLE_BASELINES; g++) b.p[g] = arena_alloc(b.a, n, sizeof(double));
    run_fold(&b, 0);
    check_rows(&b, false);
    for (uint32_t fold = 1; fold < FOLDS; fold++) run_fold(&b, fold);
    check_rows(&b, true);
    arena_close(b.a);
}
END_TEST

int main(void)
{
    if (!getenv("POINTSMAN_DATA")) {
        printf("skipped: POINTSMAN_DATA, the folder of the real sets, is not set\n");
        return SKIPPED;
    }
    TCase *t = tcase_create("battles_real");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, judges_give_the_published_rows, 0, 2);
    Suite *all = suite_create("battles_real");
    suite_add_tcase(all, t);
    return suite_main(all);
}
