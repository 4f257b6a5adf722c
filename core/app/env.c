/* SPDX-License-Identifier: MIT
 *
 * What verbs share: the environment that plugins run in, Ctrl-C, error lines, default places.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cmds.h"
#include "base/io.h"
#include "base/log.h"

/* The one flag that a signal handler may touch.  Set once, read by builds through plug_env.cancel. */
static atomic_bool canceled;

static void on_interrupt(int sig)
{
    if (atomic_exchange(&canceled, true)) {
        signal(sig, SIG_DFL); /* a second Ctrl-C does not wait */
        raise(sig);
    }
}

bool app_canceled(void)
{
    return atomic_load(&canceled);
}

static void show_build(void *arg, const char *what, double done, const pm_metric *m, size_t n)
{
    (void)arg;
    (void)m;
    (void)n;
    progress_show(what, done);
}

void app_catch_interrupt(void)
{
    struct sigaction act;
    memset(&act, 0, sizeof act);
    act.sa_handler = on_interrupt;
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
}

int app_env_open(app_env *e, int jobs)
{
    pm_err err = PM_ERR_INIT;
    memset(e, 0, sizeof *e);
    if (compute_open(jobs, &e->compute, &err) || registry_open(NULL, &e->registry, &err)) {
        fprintf(stderr, "pointsman: %s\n", err_text(&err));
        app_env_close(e);
        return EXIT_FAILED;
    }
    app_catch_interrupt();
    e->env.compute = &e->compute;
    e->env.registry = e->registry;
    e->env.cancel = &canceled;
    e->env.progress = show_build;
    app_watch_crashes(e);
    return ARGS_GO_ON;
}

void app_env_close(app_env *e)
{
    app_watch_close(e);
    if (e->registry) registry_close(e->registry);
    compute_close(&e->compute);
}

int app_failed(const char *verb_name, const pm_err *err)
{
    progress_end();
    fprintf(stderr, "pointsman %s: %s\n", verb_name, err_text(err));
    return EXIT_FAILED;
}

char *app_out_dir(arena *a, const char *given)
{
    if (given && *given) return arena_strdup(a, given);
    const char *env = getenv("POINTSMAN_OUT");
    if (env && *env) return arena_strdup(a, env);
    return io_xdg(a, IO_STATE_HOME);
}

size_t app_bundles(const char *run_dir, arena *a, char ***name)
{
    const char *dir = io_join(a, run_dir, "bundles");
    size_t n = 0, kept = 0;
    if (!dir || io_list(dir, a, name, &n, NULL) != PM_OK) return 0;
    for (size_t i = 0; i < n; i++) {
        const char *each = io_join(a, dir, (*name)[i]);
        if (each && io_exists(io_join(a, each, "bundle.json"))) (*name)[kept++] = (*name)[i];
    }
    return kept;
}
