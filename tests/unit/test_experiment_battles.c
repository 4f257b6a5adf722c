/* SPDX-License-Identifier: MIT
 *
 * Experiments that measure on battles, run whole on datasets/toy_battles: rows of seeds and of all folds, the table,
 * bundles, a rerun, and what is refused.
 */
#include "config.h"

#include <math.h>

#include "eval/battles.h"
#include "experiment_tools.h"

static char dir[256];

static void setup(void)
{
    temp_folder_open(dir);
}

static void teardown(void)
{
    temp_folder_close(dir);
}

static void open_battles(trial *t)
{
    const char *source = getenv("srcdir");
    trial_open(t, 2);
    t->x.data_dir = io_join(t->a, source ? source : ".", "datasets/toy_battles");
    t->x.of_battles = true;
    t->x.split = (split_spec){SPLIT_FOLD, 0.8, 0.2, 0, 17, 2, 0};
    t->x.n_constraints = 0;
    t->router[0].at = choose(t, PLUGIN_ROUTER, "sw_ranking", NULL, 0);
}

static run_summary must_run(trial *t)
{
    run_options o = {sizeof o, dir, false, NULL, NULL, NULL};
    run_summary done;
    MUST(experiment_run(&t->env, &t->x, &o, t->a, &done, err));
    return done;
}

static const store_row *row_of(const store_row *row, size_t n, uint64_t seed, const char *subset,
                               const char *label, const char *metric)
{
    for (size_t k = 0; k < n; k++)
        if (row[k].seed == seed && !strcmp(row[k].subset, subset) &&
            !strcmp(row[k].metric, metric) && !strcmp(row[k].label, label))
            return &row[k];
    return NULL;
}

START_TEST(folds_are_measured_together)
{
    static const char *const label[] = {"judge base rate", "Bradley-Terry", "sw_ranking"};
    trial t;
    store *s;
    store_row *row;
    size_t n;
    open_battles(&t);
    run_summary done = must_run(&t);
    MUST(store_open(dir, &s, err));
    MUST(store_rows(s, done.key, t.a, &row, &n, err));
    for (int k = 0; k < 3; k++) {
        const store_row *one = row_of(row, n, 1, "all", label[k], "log_loss"),
                        *two = row_of(row, n, 2, "all", label[k], "log_loss"),
                        *both = row_of(row, n, 0, "splits:all", label[k], "log_loss");
        ck_assert(one && two && both);
        ck_assert_uint_eq(both->n, one->n + two->n);
        ck_assert_double_eq_tol(
            both->value,
            (one->value * (double)one->n + two->value * (double)two->n) / (double)both->n, 1e-12);
        ck_assert(both->lo < both->value && both->value < both->hi);
        ck_assert(row_of(row, n, 0, "splits:all", label[k], "reliability_01"));
    }
    ck_assert(row_of(row, n, 0, "splits:all", "sw_ranking", "diff_bt_log_loss"));
    ck_assert(row_of(row, n, 0, "splits:all", "knn", "accuracy"));
    ck_assert(!row_of(row, n, 0, "splits:all", "knn", "log_loss")); /* it ranks */
    for (size_t k = 0; k < n; k++) ck_assert_str_ne(row[k].metric, "quality");
    store_close(s);
    ck_assert(strstr(done.table, "guesses of battles"));
    ck_assert(strstr(done.table, "mean (sd) over splits of"));
    ck_assert(strstr(done.table, "battles to test on: "));
    ck_assert(io_exists(io_join(t.a, done.dir, "bundles/sw_ranking-s1/router.safetensors")));
    run_summary again = must_run(&t);
    ck_assert_str_eq(again.key, done.key);
    ck_assert_str_eq(again.table, done.table);
    ck_assert_uint_eq(again.jobs_done, 0);
    trial_close(&t);
}
END_TEST

/* Seeds that test on the same battles: all guesses together, each prompt drawn once for both. */
START_TEST(seeds_on_the_same_battles)
{
    trial t;
    store *s;
    store_row *row;
    size_t n;
    open_battles(&t);
    t.x.split = (split_spec){SPLIT_GIVEN, 0, 0.2, 0, 17, 0, 0};
    t.x.n_routers = 1;
    run_summary done = must_run(&t);
    MUST(store_open(dir, &s, err));
    MUST(store_rows(s, done.key, t.a, &row, &n, err));
    const store_row *one = row_of(row, n, 1, "all", "Bradley-Terry", "log_loss"),
                    *both = row_of(row, n, 0, "seeds:all", "Bradley-Terry", "log_loss");
    ck_assert(one && both);
    ck_assert_double_eq_tol(both->value, one->value, 1e-12);
    ck_assert_double_eq_tol(both->lo, one->lo, 1e-12); /* no narrower for being said twice */
    ck_assert_double_eq_tol(both->hi, one->hi, 1e-12);
    store_close(s);
    trial_close(&t);
}
END_TEST

static void refused(trial *t, const char *says)
{
    run_options o = {sizeof o, dir, false, NULL, NULL, NULL};
    run_summary done;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(experiment_run(&t->env, &t->x, &o, t->a, &done, &err), PM_E_ARG);
    ck_assert_msg(strstr(err_text(&err), says), "%s", err_text(&err));
}

static void put(trial *t, const char *name, const char *text)
{
    MUST(io_write(io_join(t->a, dir, name), text, strlen(text), err));
}

START_TEST(refusals)
{
    static const char prompts[] = "{\"id\":\"p\",\"prompt\":\"one\",\"split\":\"train\"}\n"
                                  "{\"id\":\"q\",\"prompt\":\"two\",\"split\":\"train\"}\n"
                                  "{\"id\":\"r\",\"prompt\":\"three\",\"split\":\"test\"}\n";
    static const char battles[] =
        "{\"prompt_id\":\"p\",\"model_a\":\"a\",\"model_b\":\"b\",\"winner\":\"a\"}\n";
    trial t;
    open_battles(&t);
    t.x.data_dir = toy_folder(t.a);
    refused(&t, "no battle is left of 0 read; measure = \"battles\" wants a battles.jsonl");
    size_t sizes[1] = {5};
    t.x.train_size = sizes;
    t.x.n_train_sizes = 1;
    refused(&t, "measured on recorded battles, which train_sizes does not go with");
    t.x.n_train_sizes = 0;
    t.x.split = (split_spec){SPLIT_GIVEN, 0, 0, 0, 17, 0, 0};
    t.x.n_routers = 0;
    put(&t, "prompts.jsonl", prompts);
    put(&t, "battles.jsonl", battles);
    put(&t, "models.json", "[{\"name\":\"a\"},{\"name\":\"b\"}]");
    t.x.data_dir = dir;
    refused(&t, "none of the 1 prompts of the test part has a battle");
    t.x.of_battles = false;
    refused(&t, "has battles and no outcomes (scores.csv or losses.csv); want measure");
    trial_close(&t);
}
END_TEST

int main(void)
{
    Suite *all = suite_create("experiment_battles");
    TCase *c = tcase_create("experiment_battles");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 120);
    tcase_add_test(c, folds_are_measured_together);
    tcase_add_test(c, seeds_on_the_same_battles);
    tcase_add_test(c, refusals);
    suite_add_tcase(all, c);
    return suite_main(all);
}
