/* SPDX-License-Identifier: MIT
 *
 * pointsman run FILE: reads an experiment script, runs it, prints the summary table and where results are.
 */
#include <stdio.h>
#include <string.h>

#include "app/cmds.h"
#include "app/sets.h"
#include "base/io.h"
#include "base/log.h"
#include "bind/script.h"

static const arg_row rows[] = {
    {"out", 'o', ARG_TEXT, "DIR", "where runs are stored (default: the state folder)"},
    {"set", 's', ARG_TEXT, "PATH=VALUE", "override a value of the script, e.g. routers[1].k=20"},
    {"seed", 0, ARG_NUMBER, "N", "use this seed instead of the script's"},
    {"jobs", 'j', ARG_NUMBER, "N", "threads (default: all CPUs); results do not depend on it"},
    {"only", 0, ARG_TEXT, "LABEL", "train and measure this router alone"},
    {"fresh", 0, ARG_FLAG, NULL, "redo finished jobs instead of taking them from the store"},
    {"json", 0, ARG_FLAG, NULL, "print the summary as JSON"},
    {"no-report", 0, ARG_FLAG, NULL, "do not write report.html into the run's folder"},
    {"dry", 0, ARG_FLAG, NULL, "check, and print what would be done"},
    ARG_END};

static int run_main(int argc, char **argv);

const verb verb_run = {"run",
                       "FILE",
                       1,
                       1,
                       "run an experiment script and print its table",
                       "Interrupted runs resume: every finished job is kept under the content hash "
                       "of all that it depends\n"
                       "on.  Results go to OUT/runs/NAME-KEY/: summary.txt, summary.json, "
                       "domains.txt, report.html\n"
                       "and servable bundles, one per router and weight point.",
                       rows,
                       run_main};

static void show_progress(void *arg, const char *what, double done)
{
    (void)arg;
    progress_show(what, done);
}

static int print_json(const run_summary *s, arena *a)
{
    pm_err err = PM_ERR_INIT;
    str text = STR_INIT;
    int status = EXIT_FINE;
    if (io_read(io_join(a, s->dir, "summary.json"), SIZE_MAX / 2, &text, &err))
        status = app_failed("run", &err);
    else
        fputs(str_text(&text), stdout);
    str_close(&text);
    return status;
}

#define BUNDLES_SHOWN 12

/* What can be served, by name, and the line to type next: with a bundle of the script's own routers rather
 * than of the reference. */
static void print_bundles(const run_summary *s, bool given, arena *a)
{
    char **bundle;
    size_t n = app_bundles(s->dir, a, &bundle), k = 0;
    for (size_t i = 0; i < n && i < BUNDLES_SHOWN; i++)
        printf("%s%s", i ? ", " : "bundles  ", bundle[i]);
    if (n > BUNDLES_SHOWN) printf(" and %zu more", n - (size_t)BUNDLES_SHOWN);
    while (k + 1 < n && strstr(bundle[k], "_reference_")) k++;
    if (n)
        printf("\nroute    pointsman route %s/bundles/%s %s\n", s->dir, bundle[k],
               given ? "prompts.jsonl   (rows with \"prompt\" and \"embedding\")"
                     : "\"your prompt\"");
}

/* The run is in the store: a page that cannot be written is told and changes nothing else. */
static const char *write_report(const char *out_dir, const run_summary *s, arena *a)
{
    pm_err err = PM_ERR_INIT;
    const char *path = NULL;
    if (app_report(out_dir, s->key, NULL, a, &path, &err) == PM_OK) return path;
    fprintf(stderr, "pointsman run: no report (the results are kept): %s\n", err_text(&err));
    return NULL;
}

static int run_experiment(const plug_env *env, const experiment *x, const arg_value *value,
                          arena *a)
{
    pm_err err = PM_ERR_INIT;
    run_summary summary;
    run_options o = {.size = sizeof o,
                     .out_dir = app_out_dir(a, args_text(&verb_run, value, "out", NULL)),
                     .fresh = args_given(&verb_run, value, "fresh"),
                     .only = args_text(&verb_run, value, "only", NULL),
                     .progress = show_progress};
    if (args_given(&verb_run, value, "dry")) {
        str plan = STR_INIT;
        pm_status st = experiment_plan(env, x, &o, &plan, &err);
        if (st == PM_OK) fputs(str_text(&plan), stdout);
        str_close(&plan);
        return st == PM_OK ? EXIT_FINE : app_failed("run", &err);
    }
    if (experiment_run(env, x, &o, a, &summary, &err)) return app_failed("run", &err);
    const char *page = NULL;
    if (!args_given(&verb_run, value, "no-report")) page = write_report(o.out_dir, &summary, a);
    progress_end();
    if (args_given(&verb_run, value, "json")) return print_json(&summary, a);
    printf("%s\n", summary.table);
    printf("results  %s\nrun      %.12s   (%zu jobs done, %zu taken from the store, %.1f s)\n",
           summary.dir, summary.key, summary.jobs_done, summary.jobs_reused, summary.seconds);
    if (page) printf("report   %s\n", page);
    print_bundles(&summary, x->given_vectors, a);
    return EXIT_FINE;
}

static int run_main(int argc, char **argv)
{
    arg_value value[sizeof rows / sizeof *rows];
    const char *operand[1];
    size_t n;
    int status = args_parse(&verb_run, argc, argv, value, operand, &n);
    if (status != ARGS_GO_ON) return status;
    app_env e;
    status = app_env_open(&e, args_int(&verb_run, value, "jobs", 0));
    if (status != ARGS_GO_ON) return status;
    arena *a = arena_open(0);
    script *s = NULL;
    status = sets_open_script(&verb_run, &e.env, operand[0], value, &s);
    if (status == ARGS_GO_ON) status = run_experiment(&e.env, script_experiment(s), value, a);
    if (s) script_close(s);
    arena_close(a);
    app_env_close(&e);
    return status;
}
