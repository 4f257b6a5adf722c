/* SPDX-License-Identifier: MIT
 *
 * pointsman runs list|show|compare|export: what the run store holds.
 */
#include <math.h>
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

const verb verb_runs = {"runs",
                        "list | show RUN | compare RUN RUN | export RUN",
                        1,
                        3,
                        "list, show, compare and export runs",
                        "RUN is the beginning of a run's key, the name of its folder, or an "
                        "experiment's name (then its newest "
                        "finished run).",
                        rows,
                        runs_main};

typedef struct runs_call {
    const arg_value *value;
    const char *const *operand;
    size_t n;
    store *s;
    arena *a;
} runs_call;

/* Seconds of a run that has not ended are not known: null, or nothing. */
static void put_line(const store_run *r, bool as_json, str *out)
{
    const char *const field[][2] = {
        {"key", r->key}, {"name", r->name}, {"status", r->status}, {"started", r->started}};
    if (as_json) {
        for (size_t k = 0; k < sizeof field / sizeof *field; k++) {
            str_printf(out, "%s\"%s\":", k ? "," : "{", field[k][0]);
            str_json(out, field[k][1], strlen(field[k][1]));
        }
        str_puts(out, ",\"seconds\":");
        if (isfinite(r->seconds))
            str_printf(out, "%.1f}\n", r->seconds);
        else
            str_puts(out, "null}\n");
        return;
    }
    str_printf(out, "%-12.12s  %-28.28s  %-11s  %-20.20s", r->key, r->name, r->status, r->started);
    if (isfinite(r->seconds)) str_printf(out, "  %9.1f", r->seconds);
    str_puts(out, "\n");
}

static pm_status list(const runs_call *q, pm_err *err)
{
    store_run *run;
    size_t n;
    pm_status st = store_runs(q->s, q->a, &run, &n, err);
    if (st) return st;
    bool as_json = args_given(&verb_runs, q->value, "json");
    str text = STR_INIT;
    if (!as_json && n)
        str_printf(&text, "%-12s  %-28s  %-11s  %-20s  %9s\n", "run", "experiment", "status",
                   "started", "seconds");
    for (size_t i = 0; i < n; i++) put_line(&run[i], as_json, &text);
    st = text.failed ? err_set(err, PM_E_MEMORY, "list of %zu runs", n) : PM_OK;
    if (!st) fputs(str_text(&text), stdout);
    str_close(&text);
    if (st) return st;
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
    if (strcmp(run->status, "running") == 0)
        str_puts(text, "under way in another process; there are no results yet\n");
    if (strcmp(run->status, "interrupted") == 0)
        str_puts(text, "its process ended before there were results\n");
    if (run->later_message[0])
        str_printf(text, "a later attempt, at %s, failed; these are the rows from before: %s\n",
                   run->later_started, run->later_message);
    else if (run->later_started[0])
        str_printf(text, "a later attempt, at %s, %s; these are the rows from before\n",
                   run->later_started, run->is_at_work ? "is under way" : "was interrupted");
    if (!is_finished(run) && !run->is_at_work)
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
