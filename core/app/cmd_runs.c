/* SPDX-License-Identifier: MIT
 *
 * pointsman runs list|show|compare|export: what the run store holds.
 */
#include <stdio.h>
#include <string.h>

#include "app/cmds.h"
#include "base/io.h"
#include "eval/store.h"
#include "eval/table.h"

static const arg_row rows[] = {
    {"out", 'o', ARG_TEXT, "DIR", "the run store (default: the state folder)"},
    {"markdown", 0, ARG_FLAG, NULL, "tables as Markdown"},
    {"domains", 0, ARG_FLAG, NULL, "show: the per-domain table too"},
    {"json", 0, ARG_FLAG, NULL, "list and show: JSON lines"},
    {"canonical", 0, ARG_FLAG, NULL, "export: leave out times, paths, version and machine"},
    ARG_END};

static int runs_main(int argc, char **argv);

const verb verb_runs = {
    "runs",
    "list | show RUN | compare RUN RUN | export RUN",
    1,
    3,
    "list, show, compare and export runs",
    "RUN is the beginning of a run's key, or an experiment's name (then its newest finished run).",
    rows,
    runs_main};

typedef struct runs_call {
    const arg_value *value;
    const char *const *operand;
    size_t n;
    store *s;
    arena *a;
} runs_call;

static pm_status list(const runs_call *q, pm_err *err)
{
    store_run *run;
    size_t n;
    pm_status st = store_runs(q->s, q->a, &run, &n, err);
    if (st) return st;
    bool as_json = args_given(&verb_runs, q->value, "json");
    if (!as_json && n)
        printf("%-12s  %-28s  %-8s  %-20s  %9s\n", "run", "experiment", "status", "started",
               "seconds");
    for (size_t i = 0; i < n; i++) {
        if (as_json)
            printf("{\"key\":\"%s\",\"name\":\"%s\",\"status\":\"%s\",\"started\":\"%s\","
                   "\"seconds\":%.1f}\n",
                   run[i].key, run[i].name, run[i].status, run[i].started, run[i].seconds);
        else
            printf("%-12.12s  %-28.28s  %-8s  %-20.20s  %9.1f\n", run[i].key, run[i].name,
                   run[i].status, run[i].started, run[i].seconds);
    }
    if (!n && !as_json) fprintf(stderr, "no runs in %s yet\n", store_dir(q->s));
    return PM_OK;
}

static bool is_finished(const store_run *r)
{
    return strcmp(r->status, "done") == 0;
}

/* Why there are no rows, or why the rows are older than the newest attempt. */
static void put_failures(const store_run *run, str *text)
{
    if (run->message[0]) str_printf(text, "failed: %s\n", run->message);
    if (run->later_message[0])
        str_printf(text, "a later attempt, at %s, failed; these are the rows from before: %s\n",
                   run->later_started, run->later_message);
    else if (run->later_started[0])
        str_printf(text, "a later attempt, at %s, has not ended; these are the rows from before\n",
                   run->later_started);
    if (strcmp(run->status, "running") == 0)
        str_puts(text, "it is at work, or was interrupted before its end\n");
    if (!is_finished(run))
        str_printf(text, "finished jobs are kept: `pointsman run %s` goes on from there\n",
                   run->script);
    str_puts(text, "\n");
}

static pm_status show(const runs_call *q, pm_err *err)
{
    store_run run;
    store_row *row;
    size_t n;
    str text = STR_INIT;
    table_style style = args_given(&verb_runs, q->value, "markdown") ? TABLE_MARKDOWN : TABLE_TEXT;
    pm_status st = store_find_run(q->s, q->operand[1], q->a, &run, err);
    if (!st && args_given(&verb_runs, q->value, "json")) {
        st = store_export(q->s, run.key, false, &text, err);
    } else if (!st) {
        st = store_rows(q->s, run.key, q->a, &row, &n, err);
        str_printf(&text, "%s  run %.12s  %s  data %.12s\n", run.name, run.key, run.status,
                   run.data_hash);
        put_failures(&run, &text);
        if (!st && n) st = table_summary(row, n, style, &text, err);
        if (!st && args_given(&verb_runs, q->value, "domains")) {
            str_puts(&text, "\n");
            st = table_domains(row, n, style, &text, err);
        }
    }
    if (!st) fputs(str_text(&text), stdout);
    str_close(&text);
    return st;
}

static pm_status compare(const runs_call *q, pm_err *err)
{
    store_run run[2];
    store_row *row[2];
    size_t n[2];
    str text = STR_INIT;
    for (size_t i = 0; i < 2; i++) {
        pm_status st = store_find_run(q->s, q->operand[1 + i], q->a, &run[i], err);
        if (!st && !is_finished(&run[i]))
            return err_set(err, PM_E_ARG, "%c (%s %.12s) is not finished (%s): nothing to compare",
                           "AB"[i], run[i].name, run[i].key, run[i].status);
        if (!st) st = store_rows(q->s, run[i].key, q->a, &row[i], &n[i], err);
        if (st) return st;
    }
    printf("A  %s %.12s\nB  %s %.12s\n\n", run[0].name, run[0].key, run[1].name, run[1].key);
    table_style style = args_given(&verb_runs, q->value, "markdown") ? TABLE_MARKDOWN : TABLE_TEXT;
    pm_status st = table_compare(row[0], n[0], row[1], n[1], style, &text, err);
    if (!st) fputs(str_text(&text), stdout);
    str_close(&text);
    return st;
}

static pm_status export(const runs_call *q, pm_err *err)
{
    store_run run;
    str text = STR_INIT;
    pm_status st = store_find_run(q->s, q->operand[1], q->a, &run, err);
    if (!st)
        st = store_export(q->s, run.key, args_given(&verb_runs, q->value, "canonical"), &text, err);
    if (!st) fputs(str_text(&text), stdout);
    str_close(&text);
    return st;
}

static const struct {
    const char *name;
    size_t operands;
    pm_status (*run)(const runs_call *q, pm_err *err);
} actions[] = {
    {"list", 1, list}, {"show", 2, show}, {"compare", 3, compare}, {"export", 2, export}};

static bool has_store(const runs_call *q, const char *dir)
{
    const char *file = dir ? io_join(q->a, dir, "store.sqlite") : NULL;
    if (file && io_exists(file)) return true;
    fprintf(stderr, "no runs in %s yet\n", dir ? dir : "");
    return false;
}

static int runs_main(int argc, char **argv)
{
    arg_value value[sizeof rows / sizeof *rows];
    const char *operand[3];
    size_t n, k = 0;
    int status = args_parse(&verb_runs, argc, argv, value, operand, &n);
    if (status != ARGS_GO_ON) return status;
    while (k < 4 && strcmp(actions[k].name, operand[0]) != 0) k++;
    if (k == 4 || actions[k].operands != n) {
        fprintf(stderr, "pointsman runs: want one of: %s\n", verb_runs.operands);
        return EXIT_USAGE;
    }
    pm_err err = PM_ERR_INIT;
    runs_call q = {value, operand, n, NULL, arena_open(0)};
    const char *dir = app_out_dir(q.a, args_text(&verb_runs, value, "out", NULL));
    if (!has_store(&q, dir)) { /* looking must not create one */
        arena_close(q.a);
        return k == 0 ? EXIT_FINE : EXIT_FAILED;
    }
    pm_status st = store_open(dir, &q.s, &err);
    if (!st) st = actions[k].run(&q, &err);
    if (q.s) store_close(q.s);
    arena_close(q.a);
    return st ? app_failed("runs", &err) : EXIT_FINE;
}
