/* SPDX-License-Identifier: MIT
 *
 * The verbs of the program and what they share: environment, errors on stderr, places.
 */
#ifndef PM_APP_CMDS_H
#define PM_APP_CMDS_H

#include "app/args.h"
#include "plug/call.h"

extern const verb verb_run, verb_check, verb_route, verb_runs, verb_report, verb_plugins,
    verb_conform, verb_doctor, verb_new, verb_corpus, verb_calibrate, verb_completion, verb_data,
    verb_model;

/* Opened once by a verb that needs plugins: compute, registry, Ctrl-C as cancel, progress to log.h. */
typedef struct app_env {
    compute compute;
    registry *registry;
    plug_env env;
    calls_watch watch; /* what the handler of crashes looks through */
    void *crash_stack;
} app_env;

/* jobs: 0 = all CPUs.  Prints the error itself; EXIT_FAILED or ARGS_GO_ON. */
int app_env_open(app_env *e, int jobs);
void app_env_close(app_env *e);

/* Of env.c: from now on a crash says on stderr which plugin was being called (crash.c). */
void app_watch_crashes(app_env *e);
void app_watch_close(app_env *e);

/* "pointsman VERB: message" on stderr; returns EXIT_FAILED. */
int app_failed(const char *verb_name, const pm_err *err);

/* --out, else POINTSMAN_OUT, else $XDG_STATE_HOME/pointsman; in the arena. */
char *app_out_dir(arena *a, const char *given);

/* Sorted names of the bundles of a run's folder, in the arena; 0 where there are none. */
size_t app_bundles(const char *run_dir, arena *a, char ***name);

/* Writes the HTML page of a finished run (key, beginning of it, or name) to `file`, or to report.html in the
 * run's folder when NULL; *path, in the arena, is where.  All or nothing. */
PM_MUST_USE pm_status app_report(const char *store_folder, const char *which, const char *file,
                                 arena *a, const char **path, pm_err *err);

/* From now on the first Ctrl-C is only noted, for who asks app_canceled() now and then. */
void app_catch_interrupt(void);
bool app_canceled(void); /* Ctrl-C was pressed */

#endif
