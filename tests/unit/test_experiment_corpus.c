/* SPDX-License-Identifier: MIT
 *
 * Experiments whose outcomes are measured by experts that are trained: jobs of their own for each expert, the
 * same bytes whatever the threads, after a kill and with one more expert; ceilings, learning curves and several
 * splits; what is refused.
 */
#include "config.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/rng.h"
#include "corpus_trial.h"
#include "plug/bundle.h"

#define JOBS (EXPERTS + 1 + 1 + 2 + 1) /* experts, embedder, prior, candidates, kNN */

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

static run_summary run(corpus_trial *c, const char *out)
{
    run_options o = {.size = sizeof o, .out_dir = out};
    run_summary s;
    MUST(experiment_run(&c->t.env, &c->t.x, &o, c->t.a, &s, err));
    return s;
}

static store_row *rows_of(corpus_trial *c, const char *out, const run_summary *s, size_t *n)
{
    store *st;
    store_row *row;
    MUST(store_open(out, &st, err));
    MUST(store_rows(st, s->key, c->t.a, &row, n, err));
    store_close(st);
    return row;
}

typedef struct which {
    const char *role, *label, *point, *subset, *metric;
    uint64_t seed;
} which;

static const store_row *find(const store_row *row, size_t n, which w)
{
    for (size_t k = 0; k < n; k++)
        if (!strcmp(row[k].role, w.role) && !strcmp(row[k].label, w.label) &&
            !strcmp(row[k].point, w.point) && !strcmp(row[k].subset, w.subset) &&
            !strcmp(row[k].metric, w.metric) && row[k].seed == w.seed)
            return &row[k];
    return NULL;
}

/* ---- one run ---- */

START_TEST(experts_are_trained_and_their_losses_routed)
{
    corpus_trial c;
    size_t n;
    corpus_trial_open(&c, 2);
    run_summary s = run(&c, dir);
    ck_assert_uint_eq(s.jobs_done, JOBS);
    store_row *row = rows_of(&c, dir, &s, &n);
    const store_row *best = find(row, n,
                                 (which){"baseline", "best single (train)", "", "all", "loss", 1}),
                    *oracle = find(row, n, (which){"ceiling", "oracle", "", "all", "loss", 1}),
                    *knn = find(row, n, (which){"router", "knn", "", "all", "loss", 1});
    ck_assert(best && oracle && knn);
    ck_assert_double_lt(oracle->value, best->value);
    ck_assert_double_gt(best->value, 0.3); /* nats per character, not of a whole prompt */
    ck_assert_double_lt(best->value, 4);
    ck_assert_double_lt(knn->value, best->value);
    for (size_t j = 0; j < EXPERTS; j++) {
        const store_row *size = find(row, n, (which){"about", "run", "", "experts", c.id[j], 1});
        ck_assert(size && size->value > 100);
    }
    corpus_trial_close(&c);
}
END_TEST

/* The ceiling: an oracle of re-drawn labels is no better than the oracle, and mostly agrees with it. */
START_TEST(labels_are_redrawn)
{
    corpus_trial c;
    size_t n;
    corpus_trial_open(&c, 2);
    run_summary s = run(&c, dir);
    store_row *row = rows_of(&c, dir, &s, &n);
    const char *label = "oracle, labels re-drawn";
    const store_row *gap = find(row, n, (which){"ceiling", label, "", "all", "gap_recovered", 1}),
                    *agree =
                        find(row, n, (which){"ceiling", label, "", "all", "selection_accuracy", 1}),
                    *half = find(row, n,
                                 (which){"ceiling", label, "", "all", "split_half_agreement", 1});
    ck_assert(gap && agree && half);
    ck_assert(gap->value > 0.3 && gap->value <= 1);
    ck_assert(agree->value > 0.4 && agree->value <= 1);
    ck_assert(half->value > 0.3 && half->value <= 1);
    ck_assert(half->lo <= half->value && half->value <= half->hi && half->n == agree->n);
    ck_assert(strstr(s.table, "labels against themselves"));
    corpus_trial_close(&c);
}
END_TEST

static const pm_backend_type *ngram;

static pm_status score_without_parts(const pm_backend *b, pm_call *call, const pm_prompts *x,
                                     pm_measured *out)
{
    pm_measured plain = *out;
    plain.n_parts = 0;
    plain.part = NULL;
    pm_status s = ngram->score(b, call, x, &plain);
    out->kind = plain.kind;
    return s;
}

START_TEST(a_backend_without_parts_has_no_ceiling)
{
    corpus_trial c;
    size_t n;
    corpus_trial_open(&c, 2);
    plugin_entry quiet = *c.expert[1].backend.plugin;
    ngram = quiet.type.backend;
    pm_backend_type type = *ngram;
    type.score = score_without_parts;
    quiet.type.backend = &type;
    c.expert[1].backend.plugin = &quiet;
    run_summary s = run(&c, dir);
    store_row *row = rows_of(&c, dir, &s, &n);
    ck_assert(!find(row, n, (which){"ceiling", "oracle, labels re-drawn", "", "all", "loss", 1}));
    ck_assert(find(row, n, (which){"ceiling", "oracle", "", "all", "loss", 1}));
    ck_assert(strstr(s.table, "a backend tells no losses of parts"));
    corpus_trial_close(&c);
}
END_TEST

START_TEST(sizes_are_measured_unless_stated)
{
    corpus_trial c;
    size_t n;
    corpus_trial_open(&c, 1);
    c.t.weight[0] = 0.1;
    c.t.price = (constraint_choice){.at = choose(&c.t, PLUGIN_CONSTRAINT, "size", NULL, 0),
                                    .sense = PM_SOFT,
                                    .weight = c.t.weight,
                                    .n_weights = 1};
    c.t.x.n_constraints = 1; /* needs a size of every expert, which nobody stated */
    run_summary s = run(&c, dir);
    store_row *row = rows_of(&c, dir, &s, &n);
    const store_row *size = find(row, n, (which){"about", "run", "", "experts", "all", 1});
    const char *at = io_join(c.t.a, s.dir, "bundles/knn");
    call_ctx *call;
    bundle *b;
    MUST(call_ctx_open(&c.t.env, false, &call, err));
    MUST(bundle_open(call, at, &b, err));
    const pm_library *lib = &bundle_library(b)->view;
    ck_assert_double_eq(pm_attr_number(lib->expert[library_find(lib, "all")], "params", 0),
                        size->value);
    bundle_close(b);
    call_ctx_close(call);
    corpus_trial_close(&c);
}
END_TEST

/* ---- jobs ---- */

START_TEST(a_rerun_and_threads_change_nothing)
{
    corpus_trial one, two;
    corpus_trial_open(&one, 1);
    corpus_trial_open(&two, 2);
    one.t.x.n_seeds = two.t.x.n_seeds = 2;
    const char *a = io_join(one.t.a, dir, "one"), *b = io_join(two.t.a, dir, "two");
    run_summary s1 = run(&one, a), s2 = run(&two, b);
    ck_assert_str_eq(s1.key, s2.key);
    const char *want = canonical(&one.t, a, s1.key);
    ck_assert_str_eq(canonical(&two.t, b, s2.key), want);
    ck_assert_str_eq(s1.table, s2.table);
    run_summary again = run(&two, b);
    ck_assert_uint_eq(again.jobs_done, 0);
    ck_assert_uint_eq(again.jobs_reused, 2 * JOBS);
    ck_assert_str_eq(canonical(&two.t, b, again.key), want);
    ck_assert_str_eq(again.table, s1.table);
    corpus_trial_close(&one);
    corpus_trial_close(&two);
}
END_TEST

START_TEST(one_more_expert_is_one_more_job)
{
    corpus_trial c;
    corpus_trial_open(&c, 2);
    (void)run(&c, dir);
    corpus_trial_library(&c, EXPERTS + 1);
    run_summary s = run(&c, dir);
    ck_assert_uint_eq(s.jobs_reused, EXPERTS + 1); /* and the embedder: the prompts are the same */
    ck_assert_uint_eq(s.jobs_done, 1 + 1 + 2 + 1); /* routers of four experts */
    c.expert[0].mix.base = 0.06;
    s = run(&c, dir);
    ck_assert_uint_eq(s.jobs_reused,
                      EXPERTS + 1); /* another mix is another expert, and only that */
    corpus_trial_close(&c);
}
END_TEST

typedef struct bomb {
    int left;
} bomb;

static void explode(void *arg, const char *what, double done)
{
    (void)done;
    bomb *b = arg;
    if (strncmp(what, "expert ", 7) == 0 && b->left-- == 0) kill(getpid(), SIGKILL);
}

static void run_and_die(const char *out, int after, int n_threads)
{
    corpus_trial c;
    corpus_trial_open(&c, n_threads);
    bomb b = {after};
    run_options o = {.size = sizeof o, .out_dir = out, .progress = explode, .progress_arg = &b};
    run_summary s;
    pm_err err = PM_ERR_INIT;
    _exit(experiment_run(&c.t.env, &c.t.x, &o, c.t.a, &s, &err) ? 1 : 0);
}

/* Whether some experts are done and some are not. */
static bool is_half_way(corpus_trial *c, const char *out)
{
    run_options o = {.size = sizeof o, .out_dir = out};
    str text = STR_INIT;
    MUST(experiment_plan(&c->t.env, &c->t.x, &o, &text, err));
    bool half = strstr(str_text(&text), "done     expert") &&
                strstr(str_text(&text), "to do    expert");
    str_close(&text);
    return half;
}

START_TEST(a_run_killed_at_any_expert_goes_on)
{
    corpus_trial c;
    corpus_trial_open(&c, 1);
    const char *whole = io_join(c.t.a, dir, "whole"), *cut = io_join(c.t.a, dir, "cut");
    run_summary s = run(&c, whole);
    char *want = canonical(&c.t, whole, s.key);
    int killed = 0;
    for (int after = EXPERTS; after < 200 && !(killed >= 3 && is_half_way(&c, cut)); after++) {
        pid_t child = fork(); /* the first 3 calls are of looking for jobs */
        if (child == 0) run_and_die(cut, after, 1 + after % 2);
        int how;
        ck_assert_int_eq(waitpid(child, &how, 0), child);
        killed += WIFSIGNALED(how) ? 1 : 0;
    }
    ck_assert_int_ge(killed, 3);
    ck_assert(is_half_way(&c, cut));
    run_summary again = run(&c, cut);
    ck_assert_uint_gt(again.jobs_reused, 0);
    ck_assert_uint_lt(again.jobs_reused, EXPERTS);
    ck_assert_str_eq(canonical(&c.t, cut, again.key), want);
    corpus_trial_close(&c);
}
END_TEST

START_TEST(a_plan_lists_experts)
{
    corpus_trial c;
    corpus_trial_open(&c, 2);
    c.train_size[0] = 30;
    c.t.x.train_size = c.train_size;
    c.t.x.n_train_sizes = 1;
    run_options o = {.size = sizeof o, .out_dir = dir};
    str text = STR_INIT;
    MUST(experiment_plan(&c.t.env, &c.t.x, &o, &text, err));
    ck_assert(strstr(str_text(&text), "to do    expert     garden"));
    ck_assert(strstr(str_text(&text), "12 jobs to do, 0 already done"));
    (void)run(&c, dir);
    str_clear(&text);
    MUST(experiment_plan(&c.t.env, &c.t.x, &o, &text, err));
    ck_assert(strstr(str_text(&text), "done     expert     garden"));
    ck_assert_msg(strstr(str_text(&text), "0 jobs to do, 12 already done") != NULL, "%s",
                  str_text(&text));
    str_close(&text);
    corpus_trial_close(&c);
}
END_TEST

/* ---- splits and curves ---- */

START_TEST(splits_are_pooled_by_document)
{
    static const char *const metric[] = {"loss", "mae", "selection_accuracy", "regret"};
    corpus_trial c;
    size_t n;
    corpus_trial_open(&c, 2);
    c.t.x.n_seeds = 3;
    run_summary s = run(&c, dir);
    store_row *row = rows_of(&c, dir, &s, &n);
    for (int m = 0; m < 4; m++) {
        double sum = 0, narrow = 0;
        size_t total = 0;
        for (uint64_t seed = 1; seed <= 3; seed++) {
            const store_row *one =
                find(row, n, (which){"router", "knn", "", "all", metric[m], seed});
            ck_assert_ptr_nonnull(one);
            sum += one->value * (double)one->n;
            total += one->n;
            narrow = fmax(narrow, one->hi - one->lo);
        }
        const store_row *all =
            find(row, n, (which){"router", "knn", "", "splits:all", metric[m], 0});
        ck_assert_ptr_nonnull(all);
        ck_assert_uint_eq(all->n, total);
        ck_assert_double_eq_tol(all->value, sum / (double)total, 1e-9);
        ck_assert(all->lo <= all->value && all->value <= all->hi);
        ck_assert_double_le(all->hi - all->lo, narrow);
    }
    const store_row *best = find(
        row, n, (which){"baseline", "best single (train)", "", "splits:all", "gap_recovered", 0});
    ck_assert(best && best->value == 0); /* each split from its own best single expert */
    ck_assert(find(row, n, (which){"router", "knn", "", "splits:domain:kitchen", "loss", 0}));
    ck_assert(strstr(s.table, "mean (sd) over splits"));
    ck_assert(strstr(s.table, "the bootstrap resamples documents"));
    corpus_trial_close(&c);
}
END_TEST

START_TEST(curves_are_nested_and_end_in_the_router)
{
    corpus_trial c;
    size_t n;
    corpus_trial_open(&c, 2);
    c.train_size[0] = 20;
    c.train_size[1] = 60;
    c.train_size[2] = SIZE_MAX;
    c.t.x.train_size = c.train_size;
    c.t.x.n_train_sizes = 3;
    run_summary s = run(&c, dir);
    ck_assert_uint_eq(s.jobs_done, JOBS + 2 * 4);
    store_row *row = rows_of(&c, dir, &s, &n);
    static const char *const metric[] = {"loss", "selection_accuracy", "mae"};
    for (int m = 0; m < 3; m++) {
        const store_row *whole = find(row, n, (which){"router", "knn", "", "all", metric[m], 1}),
                        *end =
                            find(row, n, (which){"curve", "knn", "train=all", "all", metric[m], 1}),
                        *few =
                            find(row, n, (which){"curve", "knn", "train=20", "all", metric[m], 1});
        ck_assert(whole && end && few);
        ck_assert_double_eq(end->value, whole->value);
        ck_assert(few->value != end->value);
    }
    ck_assert(strstr(s.table, "learning curves"));
    ck_assert(!strstr(s.table, "\ntrain=20\n")); /* no section of its own */
    c.t.x.n_train_sizes = 1;
    s = run(&c, dir);
    ck_assert_uint_eq(s.jobs_done, 0); /* one size does not depend on the others */
    c.train_size[0] = 100000;
    s = run(&c, dir);
    ck_assert(strstr(s.table, "not trained on 100000"));
    corpus_trial_close(&c);
}
END_TEST

/* ---- serving ---- */

static uint32_t row_of(const dataset *d, const char *id)
{
    uint32_t row = 0;
    while (row < d->n && strcmp(d->id[row], id) != 0) row++;
    ck_assert_uint_lt(row, d->n);
    return row;
}

START_TEST(a_bundle_decides_as_the_experiment_did)
{
    corpus_trial c;
    corpus_trial_open(&c, 2);
    run_summary s = run(&c, dir);
    corpus_text text;
    corpus drawn;
    MUST(corpus_read(c.t.x.data_dir, &c.spec, c.t.a, &text, err));
    MUST(corpus_draw(&text, &c.spec, rng_derive(17, "seed 1"), c.t.a, &drawn, err));
    str lines = STR_INIT;
    MUST(io_read(io_join(c.t.a, s.dir, "bundles/knn.decisions.jsonl"), 1u << 26, &lines, err));
    call_ctx *call;
    bundle *b;
    pipeline_ctx *ctx;
    MUST(call_ctx_open(&c.t.env, false, &call, err));
    MUST(bundle_open(call, io_join(c.t.a, s.dir, "bundles/knn"), &b, err));
    MUST(pipeline_ctx_open(&c.t.env, false, &ctx, err));
    size_t compared = 0;
    const char *line = str_text(&lines);
    for (const char *end; (end = strchr(line, '\n')); line = end + 1, compared++) {
        const json *j;
        MUST(json_parse(line, (size_t)(end - line), c.t.a, &j, err));
        uint32_t row = row_of(&drawn.prompts, json_text(j, "id", ""));
        pm_prompts x;
        pipeline_result out;
        MUST(dataset_prompts(&drawn.prompts, &row, 1, c.t.a, &x, err));
        MUST(pipeline_run(bundle_pipeline(b), ctx, &x, &out, err));
        ck_assert_str_eq(bundle_library(b)->view.expert[out.choice[0]]->id,
                         json_text(j, "choice", ""));
    }
    ck_assert_uint_gt(compared, 30);
    str_close(&lines);
    pipeline_ctx_close(ctx);
    bundle_close(b);
    call_ctx_close(call);
    corpus_trial_close(&c);
}
END_TEST

/* ---- refusals ---- */

static void refuse(corpus_trial *c, const char *text)
{
    run_options o = {.size = sizeof o, .out_dir = dir};
    run_summary s;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(experiment_run(&c->t.env, &c->t.x, &o, c->t.a, &s, &err), PM_E_ARG);
    ck_assert_msg(strstr(err_text(&err), text) != NULL, "\"%s\" is not in \"%s\"", text,
                  err_text(&err));
}

START_TEST(mixes_are_judged)
{
    static const char *const wrong[] = {"kichen", "orchard"}, *const none[] = {"kitchen"},
                             *const absent[] = {"veterinary", "orchard"};
    corpus_trial c;
    corpus_trial_open(&c, 2);
    const char *const *right = c.expert[0].mix.domain;
    c.expert[0].mix.domain = wrong;
    refuse(&c,
           "expert \"garden\" learns from \"kichen\", and toy_corpus has no such domain; did you "
           "mean \"kitchen\"?");
    c.expert[0].mix.domain = right;
    c.expert[0].mix.without = wrong;
    c.expert[0].mix.n_without = 1;
    refuse(&c, "did you mean \"kitchen\"?");
    c.expert[0].mix.n_without = 0;
    c.expert[0].mix.domain = absent;
    run_summary s = run(&c, dir); /* not there, and nothing like it: told, and nobody learns it */
    ck_assert(strstr(s.table, "domains that mixes name and the corpus lacks: veterinary"));
    c.expert[0].mix = (corpus_mix){.base = 0, .without = none, .n_without = 1};
    refuse(&c, "expert garden"); /* nothing to learn from */
    corpus_trial_close(&c);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("corpus");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, experts_are_trained_and_their_losses_routed);
    tcase_add_test(c, labels_are_redrawn);
    tcase_add_test(c, mixes_are_judged);
    tcase_add_test(c, a_bundle_decides_as_the_experiment_did);
    tcase_add_test(c, a_plan_lists_experts);
    if (!suite_is_quick("tests that compare many runs")) {
        tcase_add_test(c, a_backend_without_parts_has_no_ceiling);
        tcase_add_test(c, sizes_are_measured_unless_stated);
        tcase_add_test(c, a_rerun_and_threads_change_nothing);
        tcase_add_test(c, one_more_expert_is_one_more_job);
        tcase_add_test(c, a_run_killed_at_any_expert_goes_on);
        tcase_add_test(c, splits_are_pooled_by_document);
        tcase_add_test(c, curves_are_nested_and_end_in_the_router);
    }
    Suite *s = suite_create("experiment_corpus");
    suite_add_tcase(s, c);
    return suite_main(s);
}
