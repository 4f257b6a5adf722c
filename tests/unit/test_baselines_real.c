/* SPDX-License-Identifier: MIT
 *
 * The standing baselines on eight real sets, against numbers computed independently with numpy (the project's
 * baseline study, section 5; printed to 4 digits, accuracies to 3, entropies to 2).  Wants the folder of
 * the sets in POINTSMAN_DATA, and is skipped without it.
 */
#include "config.h"

#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "eval/baselines.h"
#include "eval/metrics.h"

#define SKIPPED 77 /* automake's word for it */

typedef struct golden {
    const char *set, *label;
    double quality, accuracy, disagreeing, regret, gap, entropy;
    int used;
} golden;

static const golden rows[] = {
#include "baselines_real.inc"
};
#define N_ROWS (sizeof rows / sizeof rows[0])

static const char *const sets[] = {"routellm_pair", "routerbench_3", "llmrouter_9",
                                   "zeroeval",      "fasteval",      "routerarena_2",
                                   "llmdrift_4",    "alpaca_battles"};

typedef struct scored {
    arena *a;
    policy_score *score;
    size_t n;
} scored;

static scored score_set(const compute *c, const char *name)
{
    pm_err err = PM_ERR_INIT;
    scored out = {arena_open(0), NULL, 0};
    dataset all, d;
    split s;
    split_spec spec = {SPLIT_GIVEN, 1, 0, 0, 0, 0, 0};
    dataset_options o = DATASET_OPTIONS_DEFAULT;
    o.battles = false;
    const char *dir = io_join(out.a, getenv("POINTSMAN_DATA"), name);
    ck_assert_msg(dataset_read(dir, &o, out.a, &all, &err) == PM_OK, "%s", err_text(&err));
    ck_assert_msg(dataset_pool(&all, 0.98, out.a, &d, &err) == PM_OK, "%s", err_text(&err));
    ck_assert_msg(split_make(&d, &spec, out.a, &s, &err) == PM_OK, "%s", err_text(&err));
    policy *p;
    metrics_options mo = METRICS_OPTIONS_DEFAULT;
    mo.bootstrap.resamples = 20;
    ck_assert_msg(
        baselines_make(&d, &s, &d.models.view, out.a, &p, &out.n, &mo.best_single, &err) == PM_OK,
        "%s", err_text(&err));
    pm_mat value = {arena_alloc(out.a, s.n_test * d.m, sizeof(float)), s.n_test, d.m, d.m};
    for (size_t i = 0; i < s.n_test; i++)
        memcpy(pm_row(value, i), pm_crow(d.value, s.test[i]), d.m * sizeof(float));
    eval_truth t = {.n = s.n_test, .m = d.m, .kind = d.kind};
    t.value = (pm_cmat){value.at, value.rows, value.cols, value.ld};
    ck_assert_msg(metrics_score(c, &t, p, out.n, &mo, out.a, &out.score, &err) == PM_OK, "%s",
                  err_text(&err));
    return out;
}

static double metric(const policy_score *s, const char *name)
{
    for (size_t k = 0; k < s->n_metrics; k++)
        if (strcmp(s->metric[k].name, name) == 0) return s->metric[k].value;
    ck_abort_msg("no metric %s", name);
    return NAN;
}

static void check_metric(const golden *g, const policy_score *s, const char *name, double want,
                         double within)
{
    double got = metric(s, name);
    ck_assert_msg(fabs(got - want) <= within, "%s, %s: %s is %.6f, want %.4f", g->set, g->label,
                  name, got, want);
}

START_TEST(set_gives_the_published_rows)
{
    compute c;
    pm_err err = PM_ERR_INIT;
    ck_assert_msg(compute_open(0, &c, &err) == PM_OK, "%s", err_text(&err));
    scored s = score_set(&c, sets[_i]);
    size_t compared = 0;
    for (size_t k = 0; k < N_ROWS; k++) {
        const golden *g = &rows[k];
        if (strcmp(g->set, sets[_i]) != 0) continue;
        const policy_score *found = NULL;
        for (size_t p = 0; p < s.n; p++)
            if (s.score[p].who->role != POLICY_EXPERT &&
                strcmp(s.score[p].who->label, g->label) == 0)
                found = &s.score[p];
        ck_assert_msg(found != NULL, "%s has no row %s", g->set, g->label);
        check_metric(g, found, "quality", g->quality, 1e-4);
        check_metric(g, found, "selection_accuracy", g->accuracy, 1e-3);
        check_metric(g, found, "selection_accuracy_disagreeing", g->disagreeing, 1e-3);
        check_metric(g, found, "regret", g->regret, 1e-4);
        check_metric(g, found, "gap_recovered", g->gap, 1e-3);
        check_metric(g, found, "entropy", g->entropy, 1e-2);
        check_metric(g, found, "experts_used", g->used, 0);
        compared++;
    }
    ck_assert_uint_eq(compared, 8);
    arena_close(s.a);
    compute_close(&c);
}
END_TEST

/* Section 4 of the same study: 5-fold cross-fitting over all prompts, tested prompts of all folds together. */
static const struct {
    const char *set;
    size_t n;
    double best_single, domain, shrunk;
} crossed[] = {
    {"routerbench_3", 2683, 0.8796, 0.8796, 0.8796}, {"llmrouter_9", 5089, 0.6178, 0.6600, 0.6596},
    {"zeroeval", 2395, 0.9378, 0.9378, 0.9365},      {"fasteval", 2465, 0.7294, 0.7323, 0.7338},
    {"routerarena_2", 680, 0.6905, 0.6789, 0.6803},  {"llmdrift_4", 1302, 0.8241, 0.8241, 0.8241},
    {"alpaca_battles", 677, 0.7083, 0.7147, 0.7147},
};

static double sum_of(const dataset *d, const split *s, const policy *p, size_t n, const char *label)
{
    double sum = 0;
    const uint32_t *choice = NULL;
    for (size_t k = 0; k < n; k++)
        if (strcmp(p[k].label, label) == 0) choice = p[k].choice;
    ck_assert_msg(choice != NULL, "no row %s", label);
    for (size_t i = 0; i < s->n_test; i++) sum += (double)pm_crow(d->value, s->test[i])[choice[i]];
    return sum;
}

START_TEST(folds_give_the_published_rows)
{
    arena *a = arena_open(0);
    pm_err err = PM_ERR_INIT;
    dataset all, d;
    dataset_options o = DATASET_OPTIONS_DEFAULT;
    o.battles = false;
    const char *dir = io_join(a, getenv("POINTSMAN_DATA"), crossed[_i].set);
    ck_assert_msg(dataset_read(dir, &o, a, &all, &err) == PM_OK, "%s", err_text(&err));
    ck_assert_msg(dataset_pool(&all, 0.98, a, &d, &err) == PM_OK, "%s", err_text(&err));
    ck_assert_uint_eq(d.n, crossed[_i].n);
    double single = 0, domain = 0, shrunk = 0, n = (double)d.n;
    size_t tested = 0;
    for (uint32_t fold = 0; fold < 5; fold++) {
        split s;
        policy *p;
        size_t n_policies, best;
        split_spec spec = {SPLIT_FOLD, 1, 0, 0, 0, 5, fold};
        ck_assert_msg(split_make(&d, &spec, a, &s, &err) == PM_OK, "%s", err_text(&err));
        ck_assert_msg(baselines_make(&d, &s, &d.models.view, a, &p, &n_policies, &best, &err) ==
                          PM_OK,
                      "%s", err_text(&err));
        single += sum_of(&d, &s, p, n_policies, "best single (train)");
        domain += sum_of(&d, &s, p, n_policies, "domain majority");
        shrunk += sum_of(&d, &s, p, n_policies, "domain, shrunk n0=10");
        tested += s.n_test;
    }
    ck_assert_uint_eq(tested, d.n);
    ck_assert_double_eq_tol(single / n, crossed[_i].best_single, 1e-4);
    ck_assert_double_eq_tol(domain / n, crossed[_i].domain, 1e-4);
    ck_assert_double_eq_tol(shrunk / n, crossed[_i].shrunk, 1e-4);
    arena_close(a);
}
END_TEST

int main(void)
{
    if (!getenv("POINTSMAN_DATA")) {
        printf("skipped: POINTSMAN_DATA, the folder of the real sets, is not set\n");
        return SKIPPED;
    }
    TCase *t = tcase_create("baselines_real");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, set_gives_the_published_rows, 0, sizeof sets / sizeof sets[0]);
    tcase_add_loop_test(t, folds_give_the_published_rows, 0, sizeof crossed / sizeof crossed[0]);
    Suite *all = suite_create("baselines_real");
    suite_add_tcase(all, t);
    return suite_main(all);
}
