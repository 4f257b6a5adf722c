/* SPDX-License-Identifier: MIT
 *
 * pointsman report RUN: writes the HTML page of a finished run.  What stands on it is the Lua half's matter
 * (lua/pointsman/report.lua); here the run is found and the file written, whole or not at all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/cmds.h"
#include "base/io.h"
#include "bind/report.h"

static const arg_row rows[] = {
    {"out", 'o', ARG_TEXT, "DIR", "the run store (default: the state folder)"},
    {"to", 't', ARG_TEXT, "FILE", "write here (default: report.html in the run's folder)"},
    {"show", 0, ARG_FLAG, NULL, "open the page with xdg-open"},
    ARG_END};

static int report_main(int argc, char **argv);

const verb verb_report = {
    "report",
    "RUN",
    1,
    1,
    "write the HTML page of a finished run",
    "One file without scripts or links to elsewhere: tables with intervals, figures, failures, "
    "provenance.\n"
    "RUN is the beginning of a run's key, or an experiment's name (then its newest finished run).\n"
    "`pointsman run` writes it too, unless --no-report is given.",
    rows,
    report_main};

static char *run_dir_of(arena *a, const char *store_folder, const store_run *run)
{
    str folder = STR_INIT;
    str_printf(&folder, "%s-%.8s", run->name, run->key);
    char *dir = io_join(a, io_join(a, store_folder, "runs"), str_text(&folder));
    str_close(&folder);
    return dir;
}

pm_status app_report(const char *store_folder, const char *which, const char *file, arena *a,
                     const char **path, pm_err *err)
{
    store *s = NULL;
    store_run run;
    str html = STR_INIT;
    pm_status st = store_open(store_folder, &s, err);
    if (!st) st = store_find_run(s, which, a, &run, err);
    if (!st) {
        report_options o = {.size = sizeof o, .run_dir = run_dir_of(a, store_folder, &run)};
        *path = file ? file : o.run_dir ? io_join(a, o.run_dir, "report.html") : NULL;
        st = *path ? report_make(s, &run, &o, &html, err) : err_set(err, PM_E_MEMORY, "a path");
    }
    if (!st && !file) st = io_mkdir(run_dir_of(a, store_folder, &run), err);
    if (!st) st = io_write(*path, html.at, html.len, err);
    str_close(&html);
    if (s) store_close(s);
    return st;
}

/* No shell in between: the path is one argument, whatever it holds. */
static int show_page(const char *path)
{
    pid_t child = fork();
    if (child == 0) {
        execlp("xdg-open", "xdg-open", path, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
        WEXITSTATUS(status) == 0)
        return EXIT_FINE;
    fprintf(stderr, "pointsman report: xdg-open did not open %s\n", path);
    return EXIT_FAILED;
}

static int report_main(int argc, char **argv)
{
    arg_value value[sizeof rows / sizeof *rows];
    const char *operand[1], *path = NULL;
    size_t n;
    int status = args_parse(&verb_report, argc, argv, value, operand, &n);
    if (status != ARGS_GO_ON) return status;
    pm_err err = PM_ERR_INIT;
    arena *a = arena_open(0);
    const char *dir = a ? app_out_dir(a, args_text(&verb_report, value, "out", NULL)) : NULL;
    const char *file = dir ? io_join(a, dir, "store.sqlite") : NULL;
    status = EXIT_FINE;
    if (!file || !io_exists(file)) { /* looking must not create one */
        fprintf(stderr, "no runs in %s yet\n", dir ? dir : "");
        status = EXIT_FAILED;
    } else if (app_report(dir, operand[0], args_text(&verb_report, value, "to", NULL), a, &path,
                          &err)) {
        status = app_failed("report", &err);
    } else {
        printf("report  %s\n", path);
        if (args_given(&verb_report, value, "show")) status = show_page(path);
    }
    arena_close(a);
    return status;
}
