/* SPDX-License-Identifier: MIT
 *
 * Runs the checks of one plugin: opens the trial, walks the rows, skips what stands on a failed check.
 */
#include "app/conform_trial.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/conform_child.h"
#include "base/io.h"

enum { MAX_CHECKS = 48 };

static const suite *suite_of(plugin_kind k)
{
    static const suite *const all[PLUGIN_KINDS] = {
        &suite_router, &suite_objective, &suite_constraint, &suite_embedder, &suite_backend};
    return all[k];
}

const char *conform_check_name(plugin_kind k, size_t i)
{
    return i < suite_of(k)->n ? suite_of(k)->row[i].name : NULL;
}

const char *conform_check_doc(plugin_kind k, size_t i)
{
    return i < suite_of(k)->n ? suite_of(k)->row[i].doc : NULL;
}

/* ---- verdicts ------------------------------------------------------------------------------------ */

static void say(conform_result *r, const char *fmt, va_list args)
{
    r->passed = false;
    vsnprintf(r->why, sizeof r->why, fmt, args);
}

void check_fail(conform_result *r, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    r->skipped = false;
    say(r, fmt, args);
    va_end(args);
}

void check_skip(conform_result *r, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    r->skipped = true;
    say(r, fmt, args);
    va_end(args);
}

void check_fail_err(conform_result *r, const char *what, const pm_err *err)
{
    check_fail(r, "%s: %s", what, err_text(err));
}

/* ---- the environment ------------------------------------------------------------------------------ */

static void on_progress(void *arg, const char *what, double done, const pm_metric *m, size_t n)
{
    trial *t = arg;
    (void)what;
    (void)m;
    (void)n;
    long call = atomic_fetch_add(&t->progress_calls, 1) + 1;
    if (!(done >= t->last_done && done <= 1.0)) t->done_is_sane = false;
    t->last_done = done;
    if (t->cancel_at && call >= t->cancel_at) atomic_store(&t->cancel, true);
}

static pm_status trial_contexts(trial *t, const plug_env *from, pm_err *err)
{
    t->one = *from->compute;
    t->one.pool = NULL;
    t->two = t->one;
    t->two.pool = threads_open(2);
    if (!t->two.pool) return err_set(err, PM_E_MEMORY, "no threads for the conformance suite");
    t->env = (plug_env){&t->two, from->registry, &t->cancel,       on_progress,
                        t,       from->broken,   from->broken_arg, from->watch};
    t->env_one = t->env;
    t->env_one.compute = &t->one;
    pm_status s = call_ctx_open(&t->env, true, &t->c, err);
    if (s == PM_OK) s = call_ctx_open(&t->env_one, true, &t->c_one, err);
    return s;
}

static pm_status trial_open(trial *t, const conform_options *o, const plugin_entry *e,
                            const char *dir, pm_err *err)
{
    memset(t, 0, sizeof *t);
    t->e = e;
    t->seed = o->seed;
    t->dir = dir;
    t->done_is_sane = true;
    t->a = arena_open(1 << 16);
    t->keep = arena_open(1 << 16);
    if (!t->a || !t->keep) return err_set(err, PM_E_MEMORY, "no memory for the conformance suite");
    return trial_contexts(t, o->env, err);
}

static void trial_close(trial *t)
{
    suite_of(t->e->kind)->close(t);
    call_ctx_close(t->c);
    call_ctx_close(t->c_one);
    threads_close(t->two.pool);
    arena_close(t->a);
    arena_close(t->keep);
}

char *trial_path(trial *t, const char *name)
{
    return io_join(t->a, t->dir, name);
}

/* ---- the walk --------------------------------------------------------------------------------------- */

/* Is `name` one of the words of `list`? */
static bool is_listed(const char *list, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = list; (at = strstr(at, name)); at += len)
        if ((at == list || at[-1] == ' ') && (at[len] == 0 || at[len] == ' ')) return true;
    return false;
}

/* Which rows `only` needs: itself and, transitively, what it stands on.  Rows stand on earlier rows. */
static bool choose_rows(const suite *s, const char *only, bool wanted[MAX_CHECKS])
{
    bool found = !only;
    for (size_t i = s->n; i-- > 0;) {
        if (!only || !strcmp(s->row[i].name, only)) wanted[i] = found = true;
        for (size_t k = 0; wanted[i] && k < i; k++)
            if (is_listed(s->row[i].after, s->row[k].name)) wanted[k] = true;
    }
    return found;
}

static const char *missing_ground(const suite *s, size_t i, const bool *passed)
{
    for (size_t k = 0; k < i; k++)
        if (!passed[k] && is_listed(s->row[i].after, s->row[k].name)) return s->row[k].name;
    return NULL;
}

static void run_row(trial *t, const check_row *row, conform_result *r)
{
    r->passed = true;
    arena_reset(t->a);
    atomic_store(&t->cancel, false);
    t->cancel_at = 0;
    t->last_done = 0;
    row->run(t, r);
}

static pm_status walk(trial *t, const conform_options *o, size_t *failed, pm_err *err)
{
    const suite *s = suite_of(t->e->kind);
    bool wanted[MAX_CHECKS] = {false}, passed[MAX_CHECKS] = {false};
    PM_ASSERT(s->n <= MAX_CHECKS);
    if (!choose_rows(s, o->only, wanted))
        return err_set(err, PM_E_ARG, "%ss have no check '%s'; docs/conformance.md lists them",
                       plugin_kind_name(t->e->kind), o->only);
    for (size_t i = 0; i < s->n; i++) {
        conform_result r = {s->row[i].name, false, false, ""};
        const char *ground = missing_ground(s, i, passed);
        if (!wanted[i])
            continue;
        else if (ground)
            check_skip(&r, "stands on %s", ground);
        else
            run_row(t, &s->row[i], &r);
        passed[i] = r.passed;
        *failed += !r.passed && !r.skipped;
        o->report(o->arg, t->e, &r);
    }
    return PM_OK;
}

pm_status conform_here(const conform_options *o, const plugin_entry *e, const char *dir,
                       size_t *failed, pm_err *err)
{
    trial *t = mem_alloc(1, sizeof *t);
    if (!t) return err_set(err, PM_E_MEMORY, "no memory for the conformance suite");
    *failed = 0;
    pm_status s = trial_open(t, o, e, dir, err);
    void *params = NULL;
    if (s == PM_OK) s = conform_params(o, e, t->keep, &params, err);
    t->params = params;
    if (s == PM_OK) s = walk(t, o, failed, err);
    trial_close(t);
    mem_free(t);
    return s;
}

static void remove_folder(const char *dir)
{
    arena *a = arena_open(0);
    char **name;
    size_t n = 0;
    if (a && io_list(dir, a, &name, &n, NULL) == PM_OK)
        for (size_t i = 0; i < n; i++) unlink(io_join(a, dir, name[i]));
    rmdir(dir);
    arena_close(a);
}

/* The folder is made and removed here, so that a child that dies leaves nothing behind. */
pm_status conform_plugin(const conform_options *o, const plugin_entry *e, size_t *failed,
                         pm_err *err)
{
    const char *tmp = getenv("TMPDIR");
    char dir[512];
    if (!tmp || !*tmp) tmp = "/tmp";
    *failed = 0;
    int len = snprintf(dir, sizeof dir, "%s/pointsman-conform.XXXXXX", tmp);
    if (len < 0 || (size_t)len >= sizeof dir || !mkdtemp(dir))
        return err_set(err, PM_E_IO, "no temporary folder in %s: %s", tmp, strerror(errno));
    pm_status s = o->isolated ? conform_child(o, e, dir, failed, err)
                              : conform_here(o, e, dir, failed, err);
    remove_folder(dir);
    return s;
}
