/* SPDX-License-Identifier: MIT
 *
 * The conformance suite on trial: it passes every plugin of the build tree and the healthy twin, and
 * catches each planted fault by the name of the check that is meant for it, and by no other.
 */
#include "config.h"

#include <check.h>
#include <stdlib.h>

#include "app/conform.h"
#include "base/io.h"
#include "unit/suite.h"

typedef struct seen { /* names of failed checks, and why */
    size_t passed, failed, skipped;
    str names, why;
} seen;

static void on_result(void *arg, const plugin_entry *e, const conform_result *r)
{
    seen *s = arg;
    s->passed += r->passed;
    s->skipped += r->skipped;
    if (r->passed || r->skipped) return;
    s->failed++;
    str_printf(&s->names, "%s%s", s->names.len ? " " : "", r->check);
    str_printf(&s->why, "%s/%s: %s: %s\n", plugin_kind_name(e->kind), e->name, r->check, r->why);
}

typedef struct bench { /* what a test runs the suite in */
    compute compute;
    plug_env env;
    char home[256];
} bench;

/* Plugins of the build tree and of `extra`; the user's own folder is not looked into. */
static void bench_open(bench *b, const char *extra)
{
    pm_err err = PM_ERR_INIT;
    temp_folder_open(b->home);
    setenv("XDG_DATA_HOME", b->home, 1);
    unsetenv("POINTSMAN_PLUGINS");
    ck_assert_msg(compute_open(1, &b->compute, &err) == PM_OK, "%s", err_text(&err));
    b->env = (plug_env){.compute = &b->compute};
    ck_assert_msg(registry_open(extra, &b->env.registry, &err) == PM_OK, "%s", err_text(&err));
}

static void bench_close(bench *b)
{
    registry_close(b->env.registry);
    compute_close(&b->compute);
    temp_folder_close(b->home);
}

/* Language models are learned from the toy texts, small and briefly. */
static const char *const tiny[] = {"model=",    "layers=1",    "width=16",      "heads=2",
                                   "vocab=400", "max_steps=3", "max_tokens=32", "batch_tokens=256"};

static bool is_model(const plugin_entry *e)
{
    for (const pm_param *p = e->params; p && p->name; p++)
        if (p->type == PM_P_MODEL) return true;
    return false;
}

static seen run(const bench *b, const plugin_entry *e, const char *only)
{
    seen s = {0, 0, 0, STR_INIT, STR_INIT};
    ck_assert_ptr_nonnull(e);
    conform_options o = {.env = &b->env,
                         .seed = 1,
                         .only = only,
                         .set = tiny,
                         .n_sets = is_model(e) ? sizeof tiny / sizeof *tiny : 0,
                         .isolated = true,
                         .report = on_result,
                         .arg = &s};
    pm_err err = PM_ERR_INIT;
    size_t failed = 0;
    ck_assert_msg(conform_plugin(&o, e, &failed, &err) == PM_OK, "%s", err_text(&err));
    ck_assert_uint_eq(failed, s.failed);
    return s;
}

static void seen_close(seen *s)
{
    str_close(&s->names);
    str_close(&s->why);
}

/* ---- our own plugins, and whoever else is found -------------------------------------------------- */

START_TEST(every_plugin_found_conforms)
{
    bench b;
    str why = STR_INIT;
    const registry_refusal *refusal;
    bench_open(&b, NULL);
    ck_assert_uint_gt(registry_count(b.env.registry), 0);
    for (size_t i = 0; i < registry_refusals(b.env.registry, &refusal); i++)
        str_printf(&why, "%s\n", refusal[i].why);
    for (size_t i = 0; i < registry_count(b.env.registry); i++) {
        const plugin_entry *e = registry_at(b.env.registry, i);
        seen s = run(&b, e, NULL);
        printf("%s/%s: %zu passed, %zu failed, %zu skipped\n", plugin_kind_folder(e->kind), e->name,
               s.passed, s.failed, s.skipped);
        str_puts(&why, str_text(&s.why));
        ck_assert_uint_gt(s.passed, 0);
        seen_close(&s);
    }
    ck_assert_msg(why.len == 0, "\n%s", str_text(&why));
    str_close(&why);
    bench_close(&b);
}
END_TEST

/* ---- planted faults --------------------------------------------------------------------------------- */

static const struct fault {
    plugin_kind kind;
    const char *plugin, *caught_by, *says;
} faults[] = {
    {PLUGIN_ROUTER, "healthy_twin", "", ""},
    {PLUGIN_ROUTER, "bilinear", "", ""},
    /* The ten that every suite must catch. */
    {PLUGIN_ROUTER, "wrong_columns", "column-order", "experts in another order"},
    {PLUGIN_ROUTER, "unwritten_cell", "writes-every-cell", "was not written"},
    {PLUGIN_ROUTER, "nan_out", "values-finite", "is NaN"},
    {PLUGIN_ROUTER, "seed_ignored", "same-seed-same-bits", "built again with the same seed"},
    {PLUGIN_ROUTER, "own_in_predict", "no-own-in-predict", "use scratch()"},
    {PLUGIN_ROUTER, "thread_race", "concurrent-predict", "two threads at once"},
    {PLUGIN_ROUTER, "shared_state", "instances-independent", "after another instance was built"},
    {PLUGIN_ROUTER, "lossy_save", "save-load", "loaded instance: spread"},
    {PLUGIN_ROUTER, "lies_about_kind", "value-kind-honest",
     "the better expert gets the worse value"},
    {PLUGIN_ROUTER, "leaks_on_cancel", "cancel-leaks-nothing", "the heap grew by"},
    /* So that the other checks are known to be able to fail. */
    {PLUGIN_ROUTER, "crash", "predicts", "the plugin ended the process here"},
    {PLUGIN_ROUTER, "own_unchecked", "predicts",
     "; after: called own() in a const method (it returned NULL)"},
    {PLUGIN_ROUTER, "undocumented", "documented", "source is empty"},
    {PLUGIN_ROUTER, "row_index", "row-order", "prompts in another order"},
    {PLUGIN_ROUTER, "batch_size", "batch-equals-single", "one prompt alone"},
    {PLUGIN_ROUTER, "kind_of_labels", "value-kind-declared",
     "emits QUALITY after training on LOSS"},
    {PLUGIN_ROUTER, "address_saved", "thread-count save-twice",
     "first and second checkpoint: byte"},
    {PLUGIN_ROUTER, "update_unmapped", "update-columns", "columns of experts that stayed moved"},
    {PLUGIN_ROUTER, "latent_rows", "latent", "latent of prompts in another order"},
    {PLUGIN_ROUTER, "unseen_expert", "sparse-outcomes", "is NaN"},
    {PLUGIN_ROUTER, "one_expert", "one-expert", "is NaN"},
    {PLUGIN_ROUTER, "undeclared_need", "needs-declared", "the plugin ended the process here"},
    {PLUGIN_ROUTER, "optional_need", "needs-declared", "given all features, not only those"},
    {PLUGIN_ROUTER, "undeclared_read", "reads-declared", "without undeclared attributes"},
    {PLUGIN_ROUTER, "one_word", "every-word", "with smoothing = none"},
    {PLUGIN_ROUTER, "leaks_always", "build-leaks-nothing", "finished builds"},
    {PLUGIN_OBJECTIVE, "healthy", "", ""},
    {PLUGIN_OBJECTIVE, "later_tie", "ties", "no prior: prompt 0 chose 4, expected 0"},
    {PLUGIN_OBJECTIVE, "first_column", "ties column-order", "in another order"},
    {PLUGIN_OBJECTIVE, "lower_is_better", "monotone", "lost its place"},
    {PLUGIN_OBJECTIVE, "mask_ignored", "decides", "forbid"},
    {PLUGIN_OBJECTIVE, "by_batch", "batch-equals-single", "alone"},
    {PLUGIN_OBJECTIVE, "keeps_promises", "", ""},
    {PLUGIN_OBJECTIVE, "bent_formula", "additive", "by the formula"},
    {PLUGIN_OBJECTIVE, "rough_share", "shares", "shares sum to 0.9999"},
    {PLUGIN_OBJECTIVE, "whole_front", "front", "is on the front"},
    {PLUGIN_OBJECTIVE, "keeps_refused", "decides", "(refused)"},
    {PLUGIN_OBJECTIVE, "looks_at_room", "lean", "when nothing else is asked for"},
    {PLUGIN_OBJECTIVE, "wants_spread", "spread", "no spread"},
    {PLUGIN_CONSTRAINT, "negative", "evaluates", "-1"},
    {PLUGIN_CONSTRAINT, "position", "column-order", "experts in another order"},
    {PLUGIN_CONSTRAINT, "row", "per-prompt-honest", "prompts in another order"},
    {PLUGIN_CONSTRAINT, "by_thousands", "realised", "both must be scaled alike"},
    {PLUGIN_CONSTRAINT, "gaps", "realised", "was not written"},
    {PLUGIN_CONSTRAINT, "refunds", "realised", "is -1"},
    {PLUGIN_CONSTRAINT, "shouting", "phrases", "phrase \"SMALL\""},
    {PLUGIN_CONSTRAINT, "twice", "phrases", "is there twice"},
    {PLUGIN_CONSTRAINT, "praising", "phrases", "adds -1"},
    {PLUGIN_CONSTRAINT, "unbounded", "usual-bound", "the sense hard is not declared"},
    {PLUGIN_CONSTRAINT, "endless", "usual-bound", "usual_bound is inf"},
    {PLUGIN_EMBEDDER, "centred", "batch-equals-single", "one text alone"},
    {PLUGIN_EMBEDDER, "ratio", "embeds", "NaN"},
    {PLUGIN_BACKEND, "inventor", "replays", "recorded was"},
    {PLUGIN_BACKEND, "byte_counter", "strange-texts", "has 6 code points"},
    {PLUGIN_BACKEND, "uneven_parts", "parts", "part of prompt"},
};

START_TEST(each_fault_is_caught_by_name)
{
    const struct fault *f = &faults[_i];
    bench b;
    bench_open(&b, CONTRACT_BUILD "/faulty");
    seen s = run(&b, registry_find(b.env.registry, f->kind, f->plugin), NULL);
    ck_assert_msg(strcmp(str_text(&s.names), f->caught_by) == 0,
                  "%s: expected '%s', failed: '%s'\n%s", f->plugin, f->caught_by,
                  str_text(&s.names), str_text(&s.why));
    ck_assert_msg(strstr(str_text(&s.why), f->says) != NULL, "%s: expected '%s' in: %s", f->plugin,
                  f->says, str_text(&s.why));
    if (!*f->caught_by) ck_assert_uint_gt(s.passed, f->kind == PLUGIN_ROUTER ? 30 : 10);
    seen_close(&s);
    bench_close(&b);
}
END_TEST

/* One check alone runs what it stands on, and nothing else. */
START_TEST(one_check_runs_with_its_ground)
{
    bench b;
    bench_open(&b, CONTRACT_BUILD "/faulty");
    const plugin_entry *e = registry_find(b.env.registry, PLUGIN_ROUTER, "lossy_save");
    seen s = run(&b, e, "save-load");
    ck_assert_str_eq(str_text(&s.names), "save-load");
    ck_assert_uint_eq(s.passed, 4); /* trains predicts same-seed-same-bits instances-independent */
    seen_close(&s);
    conform_options o = {
        .env = &b.env, .seed = 1, .only = "no-such-check", .isolated = true, .report = on_result};
    pm_err err = PM_ERR_INIT;
    size_t failed;
    ck_assert_int_eq(conform_plugin(&o, e, &failed, &err), PM_E_ARG);
    ck_assert_str_eq(err.text,
                     "routers have no check 'no-such-check'; docs/conformance.md lists them");
    bench_close(&b);
}
END_TEST

/* ---- the list in the docs ----------------------------------------------------------------------------- */

START_TEST(docs_list_every_check)
{
    str text = STR_INIT, row = STR_INIT;
    pm_err err = PM_ERR_INIT;
    const char *name;
    ck_assert_msg(io_read(CONTRACT_DOCS "/conformance.md", 1 << 20, &text, &err) == PM_OK, "%s",
                  err_text(&err));
    for (int k = 0; k < PLUGIN_KINDS; k++)
        for (size_t i = 0; (name = conform_check_name((plugin_kind)k, i)); i++) {
            str_clear(&row);
            str_printf(&row, "| `%s` | %s |", name, conform_check_doc((plugin_kind)k, i));
            ck_assert_msg(strstr(text.at, str_text(&row)) != NULL, "docs/conformance.md lacks: %s",
                          str_text(&row));
        }
    str_close(&row);
    str_close(&text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("contract");
    TCase *found = tcase_create("found"), *planted = tcase_create("planted");
    tcase_set_timeout(found, 600);
    tcase_add_test(found, every_plugin_found_conforms);
    tcase_set_timeout(planted, 300);
    tcase_add_loop_test(planted, each_fault_is_caught_by_name, 0, sizeof faults / sizeof *faults);
    tcase_add_test(planted, one_check_runs_with_its_ground);
    tcase_add_test(planted, docs_list_every_check);
    suite_add_tcase(suite, found);
    suite_add_tcase(suite, planted);
    return suite_main(suite);
}
