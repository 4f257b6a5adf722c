/* SPDX-License-Identifier: MIT
 *
 * Experiments run whole on the toy set: what is written, that a rerun reuses every job and writes the same
 * bytes, whatever the threads, after a kill, after damage, and that a bundle decides as the experiment did.
 */
#include "config.h"

#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/io.h"
#include "base/log.h"
#include "experiment_tools.h"
#include "plug/bundle.h"

#define JOBS (2 * (1 + 2 + 3 + 1)) /* seeds x (embedder, prior and length, candidates, kNN) */

static char dir[256];

static void setup(void)
{
    temp_folder_open(dir);
    log_open(LOG_SILENT, false);
}

static void teardown(void)
{
    temp_folder_close(dir);
}

static run_summary run(trial *t, const char *out)
{
    run_options o = {.size = sizeof o, .out_dir = out};
    run_summary s;
    MUST(experiment_run(&t->env, &t->x, &o, t->a, &s, err));
    return s;
}

static char *slurp(trial *t, const char *folder, const char *name)
{
    str text = STR_INIT;
    MUST(io_read(io_join(t->a, folder, name), 1u << 26, &text, err));
    char *kept = arena_strdup(t->a, str_text(&text));
    str_close(&text);
    return kept;
}

static const json *parse(trial *t, const char *text)
{
    const json *j = NULL;
    MUST(json_parse(text, strlen(text), t->a, &j, err));
    return j;
}

/* The cells name matrices whose shapes fit, and choices that are what the bundle's decisions say. */
START_TEST(cells_hold_what_a_report_needs)
{
    trial t;
    trial_open(&t, 2);
    run_summary s = run(&t, dir);
    const json *c = parse(&t, slurp(&t, s.dir, "cells-2.json"));
    size_t n = (size_t)json_number(c, "n", 0), m = (size_t)json_number(c, "m", 0);
    ck_assert(n > 10 && m == 6);
    store *st;
    pm_mat value, choice, map;
    MUST(store_open(dir, &st, err));
    MUST(store_get_matrix(st, json_text(c, "value", ""), t.a, &value, err));
    ck_assert(value.rows == n && value.cols == m);
    const json *knn = json_get(c, "routers")->child;
    while (knn && strcmp(json_text(knn, "label", ""), "knn") != 0) knn = knn->next;
    ck_assert_ptr_nonnull(knn);
    const json *first = json_get(knn, "choices")->child;
    ck_assert(first && first->next && !first->next->next); /* two weight points */
    MUST(store_get_matrix(st, first->text, t.a, &choice, err));
    ck_assert(choice.rows == n && choice.cols == 1);
    const char *line = slurp(&t, s.dir, "bundles/knn@price_0-s2.decisions.jsonl");
    const json *expert[6], *e = json_get(c, "experts")->child;
    for (size_t j = 0; j < 6; j++, e = e->next) expert[j] = e;
    for (size_t i = 0; i < n; i++, line = strchr(line, '\n') + 1) {
        char want[64];
        snprintf(want, sizeof want, "\"choice\":\"%s\"}",
                 json_text(expert[(size_t)choice.at[i]], "name", ""));
        const char *end = strchr(line, '\n');
        ck_assert_msg(memcmp(end - strlen(want), want, strlen(want)) == 0, "%.*s wants %s",
                      (int)(end - line), line, want);
    }
    const json *latent = json_get(knn, "latent");
    ck_assert_str_eq(json_text(latent, "of", ""), "embedder");
    ck_assert(json_number(latent, "silhouette", -2) > -1 &&
              json_number(latent, "knn_accuracy", -1) > json_number(latent, "majority", 2));
    MUST(store_get_matrix(st, json_text(latent, "map", ""), t.a, &map, err));
    ck_assert(map.rows == n && map.cols == 2);
    store_close(st);
    trial_close(&t);
}
END_TEST

START_TEST(a_run_leaves_rows_tables_and_bundles)
{
    trial t;
    trial_open(&t, 2);
    run_summary s = run(&t, dir);
    ck_assert_uint_eq(s.jobs_done, JOBS);
    ck_assert_uint_eq(s.jobs_reused, 0);
    const char *table = slurp(&t, s.dir, "summary.txt");
    ck_assert_str_eq(table, s.table);
    static const char *const want[] = {"asks: Does kNN beat prompt length?",
                                       "domain, shrunk n0=10",
                                       "price=0.25",
                                       "vs knn",
                                       "best single (train)",
                                       "oracle",
                                       "prompts dropped",
                                       "split (seed 2)"};
    for (size_t k = 0; k < sizeof want / sizeof want[0]; k++)
        ck_assert_msg(strstr(table, want[k]) != NULL, "\"%s\" is not in\n%s", want[k], table);
    for (const char *line = table, *end; (end = strchr(line, '\n')); line = end + 1)
        ck_assert_msg(end - line <= 160, "line of %d columns: %.*s", (int)(end - line), 60, line);
    (void)slurp(&t, s.dir, "summary.json");
    (void)slurp(&t, s.dir, "domains.txt");
    static const char *const file[] = {"bundles/knn@price_0-s1/bundle.json",
                                       "bundles/knn@price_0.25-s2.decisions.jsonl",
                                       "bundles/prior@price_0.25-s1/router.safetensors"};
    for (size_t k = 0; k < 3; k++)
        ck_assert_msg(io_exists(io_join(t.a, s.dir, file[k])), "no %s", file[k]);
    trial_close(&t);
}
END_TEST

START_TEST(a_rerun_reuses_all_and_writes_the_same_bytes)
{
    trial t;
    trial_open(&t, 2);
    run_summary first = run(&t, dir);
    char *before = canonical(&t, dir, first.key), *table = slurp(&t, first.dir, "summary.json");
    run_summary second = run(&t, dir);
    ck_assert_uint_eq(second.jobs_done, 0);
    ck_assert_uint_eq(second.jobs_reused, JOBS);
    ck_assert_str_eq(canonical(&t, dir, second.key), before);
    ck_assert_str_eq(slurp(&t, second.dir, "summary.json"), table);
    trial_close(&t);
}
END_TEST

static const store_row *row_of(const store_row *row, size_t n, uint64_t seed, const char *subset,
                               const char *metric)
{
    for (size_t k = 0; k < n; k++)
        if (row[k].seed == seed && !strcmp(row[k].subset, subset) &&
            !strcmp(row[k].metric, metric) && !strcmp(row[k].label, "random") &&
            !strcmp(row[k].point, "price=0"))
            return &row[k];
    ck_abort_msg("no row %s of %s, seed %d", metric, subset, (int)seed);
}

/* As given, all seeds test on the same prompts: the mean of two random routers is one policy with an interval,
 * narrower than that of one seed.  By group they do not, and there is no such row. */
START_TEST(seeds_on_the_same_prompts_have_a_mean)
{
    static const char *const metric[] = {"quality", "mae", "diff_best_single", "diff_rival:knn"};
    for (int given = 0; given < 2; given++) {
        trial t;
        store *s;
        store_row *row;
        size_t n, means = 0;
        trial_open(&t, 2);
        t.router[0].at = choose(&t, PLUGIN_ROUTER, "random", NULL, 0);
        if (given) t.x.split.by = SPLIT_GIVEN;
        run_summary done = run(&t, dir);
        MUST(store_open(dir, &s, err));
        MUST(store_rows(s, done.key, t.a, &row, &n, err));
        for (size_t k = 0; k < n; k++) means += strncmp(row[k].subset, "seeds:", 6) == 0;
        ck_assert_int_eq(means > 0, given);
        ck_assert(strstr(done.table, given ? "resamples each prompt's mean" : "prompts differ"));
        for (int m = 0; m < 4 && given; m++) {
            const store_row *one = row_of(row, n, 1, "all", metric[m]),
                            *two = row_of(row, n, 2, "all", metric[m]),
                            *mean = row_of(row, n, 0, "seeds:all", metric[m]);
            ck_assert(one->value != two->value);
            ck_assert_double_eq_tol(mean->value, (one->value + two->value) / 2, 1e-12);
            ck_assert(mean->lo < mean->value && mean->value < mean->hi);
            ck_assert_uint_eq(mean->n, one->n);
            ck_assert(mean->hi - mean->lo < fmax(one->hi - one->lo, two->hi - two->lo));
        }
        store_close(s);
        trial_close(&t);
    }
}
END_TEST

/* Of a cross-validation the test prompts of all folds stand end to end: every prompt once, costs too. */
START_TEST(folds_are_laid_end_to_end)
{
    static const char *const metric[] = {"quality", "cost_usd", "diff_best_single", "mae"};
    trial t;
    store *s;
    store_row *row;
    size_t n, means = 0;
    trial_open(&t, 2);
    t.router[0].at = choose(&t, PLUGIN_ROUTER, "random", NULL, 0);
    t.x.split = (split_spec){SPLIT_FOLD, 0.8, 0.2, 0, 17, 2, 0};
    run_summary done = run(&t, dir);
    ck_assert_msg(strstr(done.table, "Cross-fitted: the test prompts of all folds"), "%s",
                  done.table);
    ck_assert(strstr(done.table, "mean (sd) over splits of"));
    ck_assert(strstr(done.table, "by fold, fold: 2 of 2"));
    MUST(store_open(dir, &s, err));
    MUST(store_rows(s, done.key, t.a, &row, &n, err));
    for (size_t k = 0; k < n; k++) means += strncmp(row[k].subset, "seeds:", 6) == 0;
    ck_assert_uint_eq(means, 0);
    for (int m = 0; m < 4; m++) {
        const store_row *one = row_of(row, n, 1, "all", metric[m]),
                        *two = row_of(row, n, 2, "all", metric[m]),
                        *both = row_of(row, n, 0, "splits:all", metric[m]);
        ck_assert_uint_eq(both->n, one->n + two->n);
        ck_assert_double_eq_tol(
            both->value,
            (one->value * (double)one->n + two->value * (double)two->n) / (double)both->n, 1e-12);
        ck_assert(both->lo < both->value && both->value < both->hi);
    }
    store_close(s);
    t.seed[0] = 0;
    pm_err err = PM_ERR_INIT;
    run_options o = {sizeof o, dir, false, NULL, NULL, NULL};
    ck_assert_int_eq(experiment_run(&t.env, &t.x, &o, t.a, &done, &err), PM_E_ARG);
    ck_assert_msg(strstr(err_text(&err), "seed 0 names no fold"), "%s", err_text(&err));
    trial_close(&t);
}
END_TEST

START_TEST(threads_change_nothing)
{
    trial one, two;
    trial_open(&one, 1);
    trial_open(&two, 2);
    const char *a = io_join(one.a, dir, "one"), *b = io_join(two.a, dir, "two");
    run_summary s1 = run(&one, a), s2 = run(&two, b);
    ck_assert_str_eq(s1.key, s2.key);
    ck_assert_str_eq(canonical(&one, a, s1.key), canonical(&two, b, s2.key));
    ck_assert_str_eq(s1.table, s2.table);
    trial_close(&one);
    trial_close(&two);
}
END_TEST

/* ---- stopping ---- */

typedef struct bomb {
    int left;
} bomb;

static void explode(void *arg, const char *what, double done)
{
    (void)what;
    (void)done;
    bomb *b = arg;
    if (b->left-- == 0) kill(getpid(), SIGKILL);
}

static void run_and_die(const char *out, int after)
{
    trial t;
    trial_open(&t, 1);
    bomb b = {after};
    run_options o = {.size = sizeof o, .out_dir = out, .progress = explode, .progress_arg = &b};
    run_summary s;
    pm_err err = PM_ERR_INIT;
    _exit(experiment_run(&t.env, &t.x, &o, t.a, &s, &err) ? 1 : 0);
}

START_TEST(a_killed_run_goes_on)
{
    trial t;
    trial_open(&t, 1);
    const char *whole = io_join(t.a, dir, "whole"), *cut = io_join(t.a, dir, "cut");
    run_summary s = run(&t, whole);
    char *want = canonical(&t, whole, s.key);
    static const int after[] = {1, 4, 7, 9, 12, 15, 18};
    int killed = 0;
    for (size_t k = 0; k < sizeof after / sizeof after[0]; k++) {
        pid_t child = fork();
        if (child == 0) run_and_die(cut, after[k]);
        int how;
        ck_assert_int_eq(waitpid(child, &how, 0), child);
        killed += WIFSIGNALED(how) ? 1 : 0;
    }
    ck_assert_int_ge(killed, 3);
    run_summary again = run(&t, cut);
    ck_assert_uint_gt(again.jobs_reused, 0);
    ck_assert_str_eq(canonical(&t, cut, again.key), want);
    trial_close(&t);
}
END_TEST

typedef struct stopper {
    atomic_bool flag;
    int left;
} stopper;

static void ask_to_stop(void *arg, const char *what, double done)
{
    (void)what;
    (void)done;
    stopper *s = arg;
    if (s->left-- == 0) atomic_store(&s->flag, true);
}

START_TEST(a_cancelled_run_says_so_and_goes_on)
{
    trial t;
    trial_open(&t, 1);
    stopper s = {false, 12};
    t.env.cancel = &s.flag;
    run_options o = {.size = sizeof o, .out_dir = dir, .progress = ask_to_stop, .progress_arg = &s};
    run_summary out;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(experiment_run(&t.env, &t.x, &o, t.a, &out, &err), PM_E_CANCELED);
    atomic_store(&s.flag, false);
    out = run(&t, dir);
    ck_assert_uint_gt(out.jobs_reused, 0);
    trial_close(&t);
}
END_TEST

static void flip(const char *path)
{
    FILE *f = fopen(path, "r+b");
    ck_assert_ptr_nonnull(f);
    fseek(f, -1, SEEK_END);
    int c = fgetc(f);
    fseek(f, -1, SEEK_END);
    fputc(c ^ 1, f);
    fclose(f);
}

START_TEST(damaged_objects_are_made_again)
{
    trial t;
    trial_open(&t, 2);
    run_summary s = run(&t, dir);
    char *want = canonical(&t, dir, s.key), **name;
    size_t n;
    const char *objects = io_join(t.a, dir, "objects");
    MUST(io_list(objects, t.a, &name, &n, err));
    ck_assert_uint_gt(n, 10);
    for (size_t k = 0; k < n; k++) flip(io_join(t.a, objects, name[k]));
    s = run(&t, dir);
    ck_assert_uint_eq(s.jobs_done, 2 * (1 + 3)); /* candidates are a number, no object */
    ck_assert_str_eq(canonical(&t, dir, s.key), want);
    trial_close(&t);
}
END_TEST

/* ---- serving what was measured ---- */

START_TEST(a_bundle_decides_as_the_experiment_did)
{
    trial t;
    trial_open(&t, 2);
    run_summary s = run(&t, dir);
    dataset d;
    dataset_options o = DATASET_OPTIONS_DEFAULT;
    MUST(dataset_read(t.x.data_dir, &o, t.a, &d, err));
    const char *at = io_join(t.a, s.dir, "bundles/knn@price_0.25-s1");
    char *line = slurp(&t, s.dir, "bundles/knn@price_0.25-s1.decisions.jsonl");
    call_ctx *call;
    bundle *b;
    pipeline_ctx *ctx;
    MUST(call_ctx_open(&t.env, false, &call, err));
    MUST(bundle_open(call, at, &b, err));
    MUST(pipeline_ctx_open(&t.env, false, &ctx, err));
    size_t compared = 0, used[64] = {0}, n_used = 0;
    for (char *end; (end = strchr(line, '\n')); line = end + 1) {
        const json *j;
        MUST(json_parse(line, (size_t)(end - line), t.a, &j, err));
        uint32_t row = 0;
        while (row < d.n && strcmp(d.id[row], json_text(j, "id", "")) != 0) row++;
        ck_assert_uint_lt(row, d.n);
        pm_prompts x;
        pipeline_result out;
        MUST(dataset_prompts(&d, &row, 1, t.a, &x, err));
        MUST(pipeline_run(bundle_pipeline(b), ctx, &x, &out, err));
        const library *lib = bundle_library(b);
        ck_assert_str_eq(lib->view.expert[out.choice[0]]->id, json_text(j, "choice", ""));
        n_used += used[out.choice[0]]++ == 0 ? 1 : 0;
        compared++;
    }
    ck_assert_uint_gt(compared, 50);
    ck_assert_uint_gt(n_used, 1); /* else equality would say little */
    pipeline_ctx_close(ctx);
    bundle_close(b);
    call_ctx_close(call);
    trial_close(&t);
}
END_TEST

/* ---- refusals and plans ---- */

static void refuse(trial *t, const char *only, pm_status want, const char *text)
{
    run_options o = {.size = sizeof o, .out_dir = dir, .only = only};
    run_summary s;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(experiment_run(&t->env, &t->x, &o, t->a, &s, &err), want);
    ck_assert_msg(strstr(err_text(&err), text) != NULL, "\"%s\" is not in \"%s\"", text,
                  err_text(&err));
}

START_TEST(wrong_experiments_are_refused_before_any_compute)
{
    trial t;
    trial_open(&t, 1);
    refuse(&t, "kn", PM_E_ARG, "did you mean \"knn\"?");
    t.x.split.tune = 0;
    refuse(&t, NULL, PM_E_ARG, "3 candidates");
    t.x.split.tune = 0.2;
    t.x.embed = NULL;
    refuse(&t, NULL, PM_E_ARG, "needs an embedder");
    t.x.embed = &t.embed;
    t.router[1].at.label = "prior";
    refuse(&t, NULL, PM_E_ARG, "two routers are called \"prior\"");
    t.router[1].at.label = "length";
    pm_router_type ranks = *t.router[1].at.plugin->type.router;
    plugin_entry entry = *t.router[1].at.plugin;
    ranks.value_kinds = PM_VALUE_BIT(PM_VALUE_RANK);
    entry.type.router = &ranks;
    t.router[1].at.plugin = &entry;
    refuse(&t, NULL, PM_E_ARG, "RANK");
    ck_assert(!io_exists(io_join(t.a, dir, "store.sqlite")));
    trial_close(&t);
}
END_TEST

START_TEST(a_plan_counts_jobs)
{
    trial t;
    trial_open(&t, 2);
    run_options o = {.size = sizeof o, .out_dir = dir};
    str text = STR_INIT;
    MUST(experiment_plan(&t.env, &t.x, &o, &text, err));
    ck_assert_ptr_nonnull(strstr(str_text(&text), "14 jobs to do, 0 already done"));
    ck_assert_ptr_nonnull(strstr(str_text(&text), "knn, k=20"));
    o.only = "prior";
    run_summary s;
    MUST(experiment_run(&t.env, &t.x, &o, t.a, &s, err));
    ck_assert_uint_eq(s.jobs_done, 4);
    o.only = NULL;
    str_clear(&text);
    MUST(experiment_plan(&t.env, &t.x, &o, &text, err));
    ck_assert_ptr_nonnull(strstr(str_text(&text), "10 jobs to do, 4 already done"));
    str_close(&text);
    trial_close(&t);
}
END_TEST

START_TEST(the_recorded_backend_changes_no_number)
{
    trial t;
    trial_open(&t, 2);
    plugin_choice recorded = choose(&t, PLUGIN_BACKEND, "recorded", NULL, 0);
    const char *a = io_join(t.a, dir, "plain"), *b = io_join(t.a, dir, "recorded");
    run_summary plain = run(&t, a);
    t.x.backend = &recorded;
    run_summary through = run(&t, b);
    ck_assert_str_ne(plain.key, through.key);
    ck_assert_str_eq(plain.table, through.table);
    trial_close(&t);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("experiment");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, a_run_leaves_rows_tables_and_bundles);
    tcase_add_test(c, cells_hold_what_a_report_needs);
    if (!suite_is_quick("tests that compare many runs")) {
        tcase_add_test(c, a_rerun_reuses_all_and_writes_the_same_bytes);
        tcase_add_test(c, seeds_on_the_same_prompts_have_a_mean);
        tcase_add_test(c, folds_are_laid_end_to_end);
        tcase_add_test(c, threads_change_nothing);
        tcase_add_test(c, a_killed_run_goes_on);
        tcase_add_test(c, damaged_objects_are_made_again);
        tcase_add_test(c, the_recorded_backend_changes_no_number);
    }
    tcase_add_test(c, a_cancelled_run_says_so_and_goes_on);
    tcase_add_test(c, a_bundle_decides_as_the_experiment_did);
    tcase_add_test(c, wrong_experiments_are_refused_before_any_compute);
    tcase_add_test(c, a_plan_counts_jobs);
    Suite *s = suite_create("experiment");
    suite_add_tcase(s, c);
    return suite_main(s);
}
