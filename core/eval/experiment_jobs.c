/* SPDX-License-Identifier: MIT
 *
 * Jobs: what a piece of work is keyed by, whether it is done already, and how far the run has come.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "config.h"

#include "base/hash.h"
#include "base/log.h"
#include "eval/experiment_private.h"

#define KEY_VERSION 1 /* raise when the meaning of a job's result changes */

void exp_plugin_json(const plugin_choice *p, str *out)
{
    if (!p) {
        str_puts(out, "null");
        return;
    }
    const plugin_entry *e = p->plugin;
    str_printf(out, "{\"kind\":\"%s\",\"name\":\"%s\",\"sha256\":\"%s\",\"version\":",
               plugin_kind_name(e->kind), e->name, plugin_entry_sha256(e));
    const char *version = e->version ? e->version : "";
    str_json(out, version, strlen(version));
    const char *params = p->params_key ? p->params_key : p->params_json;
    str_printf(out, ",\"params\":%s}", params && params[0] ? params : "{}");
}

void exp_key_begin(str *text, const char *kind)
{
    str_printf(text, "{\"job\":\"%s\",\"v\":%d,\"program\":\"%s\"", kind, KEY_VERSION,
               PACKAGE_VERSION);
}

pm_status exp_key_end(str *text, char hex[65], pm_err *err)
{
    str_puts(text, "}");
    pm_status s = text->failed ? err_set(err, PM_E_MEMORY, "key of a job") : PM_OK;
    if (!s) sha256_of(str_text(text), text->len, hex);
    str_close(text);
    return s;
}

/* How long each piece of work took when it was done, for the report; a job that is looked at again counts once. */
static void note_time(exp_run *r, const char *key, const char *kind, double seconds)
{
    char mark[32];
    snprintf(mark, sizeof mark, "{\"job\":\"%.12s\"", key);
    if (strstr(str_text(&r->timings), mark)) return;
    const char *what = r->now ? r->now : "";
    str_printf(&r->timings, "%s%s,\"what\":", r->timings.len ? "," : "", mark);
    str_json(&r->timings, what, strlen(what));
    str_printf(&r->timings, ",\"reused\":%s,\"kind\":\"%s\",\"seconds\":", kind ? "false" : "true",
               kind ? kind : "");
    str_number(&r->timings, seconds);
    str_puts(&r->timings, "}");
}

pm_status exp_job_find(exp_run *r, const char *key, const json **out, pm_err *err)
{
    *out = NULL;
    if (r->o->fresh) return PM_OK;
    const char *text;
    pm_status s = store_job_find(r->st, key, r->a, &text, err);
    if (s || !text) return s;
    s = json_parse(text, strlen(text), r->a, out, err);
    if (s) return exp_job_repair(r, key, "job", err) ? PM_OK : s;
    double seconds;
    s = store_job_seconds(r->st, key, &seconds, err);
    if (!s) note_time(r, key, NULL, seconds);
    return s;
}

pm_status exp_job_done(exp_run *r, const char *key, const char *kind, const str *result,
                       double seconds, pm_err *err)
{
    if (result->failed) return err_set(err, PM_E_MEMORY, "result of a %s", kind);
    r->jobs_done++;
    note_time(r, key, kind, seconds);
    return store_job_done(r->st, key, kind, str_text(result), seconds, err);
}

bool exp_job_repair(const exp_run *r, const char *key, const char *kind, pm_err *err)
{
    if (err->status != PM_E_FORMAT && err->status != PM_E_IO) return false;
    log_line(LOG_WARN, "%s: finished %s %.8s cannot be used, computing it again: %s",
             store_dir(r->st), kind, key, err_text(err));
    err_clear(err);
    return true;
}

/* ---- progress ---- */

double exp_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void exp_tell(const exp_run *r, const char *what, double part)
{
    if (!r->o->progress) return;
    double done = ((double)r->jobs_over + part) / (double)(r->jobs_total ? r->jobs_total : 1);
    r->o->progress(r->o->progress_arg, what, done < 1 ? done : 1);
}

void exp_say(exp_run *r, const char *what, double part)
{
    r->now = what; /* lives as long as the run */
    exp_tell(r, what, part);
}

pm_status exp_step(exp_run *r, const char *what, pm_err *err)
{
    r->jobs_over++;
    exp_say(r, what, 0);
    if (r->env.cancel && atomic_load(r->env.cancel))
        return err_set(err, PM_E_CANCELED, "interrupted");
    return PM_OK;
}

#define HISTORY_MOST 1000 /* steps of a build that are remembered */

static double metric_of(const pm_metric *m, size_t n, const char *name)
{
    for (size_t k = 0; k < n; k++)
        if (strcmp(m[k].name, name) == 0) return m[k].value;
    return NAN;
}

bool exp_training_text(const char *what, const pm_metric *m, size_t n, char *out, size_t bytes)
{
    const double tokens = metric_of(m, n, "tokens_per_s"), left = metric_of(m, n, "seconds_left");
    if (!(tokens > 0) || !(left >= 0)) return false;
    snprintf(out, bytes, "%s, loss %.3f, %.1fk tokens/s, %.0f s left", what,
             metric_of(m, n, "loss"), 1e-3 * tokens, left);
    return true;
}

/* What a build tells on its way ("epoch", "train", "tune") is kept for its curve; how fast it is, is not. */
static void remember(exp_run *r, const pm_metric *m, size_t n)
{
    if (n == 0 || r->n_history >= HISTORY_MOST || !isnan(metric_of(m, n, "tokens_per_s"))) return;
    str_puts(&r->history, r->n_history++ ? ",{" : "{");
    for (size_t k = 0; k < n; k++) {
        str_puts(&r->history, k ? "," : "");
        str_json(&r->history, m[k].name, strlen(m[k].name));
        str_puts(&r->history, ":");
        str_number(&r->history, m[k].value);
    }
    str_puts(&r->history, "}");
}

void exp_history_begin(exp_run *r)
{
    str_clear(&r->history);
    r->n_history = 0;
}

static void watch(void *arg, const char *what, double done, const pm_metric *m, size_t n)
{
    exp_run *r = arg;
    char text[200];
    if (done < 1) remember(r, m, n); /* at 1: what it settled on */
    exp_tell(r, exp_training_text(what, m, n, text, sizeof text) ? text : what, done);
}

void exp_watch(exp_run *r, const plug_env *env)
{
    r->env = *env;
    r->env.progress = watch;
    r->env.progress_arg = r;
}
