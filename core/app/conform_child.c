/* SPDX-License-Identifier: MIT
 *
 * Runs the suite in a child process and reads its results from a pipe.  Checks are
 * reported in order, so that the first one missing is the one that the child died in.
 */
#include "app/conform_child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

typedef struct record { /* what crosses the pipe; smaller than PIPE_BUF, so written at once */
    pm_status status;   /* of the whole suite, in the last record */
    bool last, passed, skipped;
    bool broken; /* no result: a rule that was broken in the running check, in `why` */
    char check[64], why[512];
} record;

static bool write_all(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool read_all(int fd, void *bytes, size_t len)
{
    char *at = bytes;
    while (len) {
        ssize_t n = read(fd, at, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static void send_result(void *arg, const plugin_entry *e, const conform_result *r)
{
    record rec;
    (void)e;
    memset(&rec, 0, sizeof rec);
    rec.passed = r->passed;
    rec.skipped = r->skipped;
    snprintf(rec.check, sizeof rec.check, "%s", r->check);
    snprintf(rec.why, sizeof rec.why, "%s", r->why);
    write_all(*(int *)arg, &rec, sizeof rec);
}

/* At once: the plugin may not survive what it does next. */
static void send_broken(void *arg, const char *how)
{
    record rec;
    memset(&rec, 0, sizeof rec);
    rec.broken = true;
    snprintf(rec.why, sizeof rec.why, "%s", how);
    write_all(*(int *)arg, &rec, sizeof rec);
}

/* A death is the parent's to tell. */
static void die_silently(void)
{
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) signal(fatal[i], SIG_DFL);
}

_Noreturn static void child(const conform_options *o, const plugin_entry *e, const char *dir,
                            int fd)
{
    conform_options mine = *o;
    plug_env env = *o->env;
    pm_err err = PM_ERR_INIT;
    size_t failed;
    record rec;
    memset(&rec, 0, sizeof rec);
    log_open(LOG_SILENT, false); /* notes of some hundred builds on toys are noise */
    die_silently();
    env.broken = send_broken;
    env.broken_arg = &fd;
    mine.env = &env;
    mine.report = send_result;
    mine.arg = &fd;
    rec.status = conform_here(&mine, e, dir, &failed, &err);
    rec.last = true;
    snprintf(rec.why, sizeof rec.why, "%s", err_text(&err));
    write_all(fd, &rec, sizeof rec);
    _exit(0); /* no exit handlers: they belong to the parent */
}

/* The static name of a check: records only carry its letters. */
static const char *name_of(plugin_kind k, const char *letters, size_t *index)
{
    const char *name;
    for (size_t i = 0; (name = conform_check_name(k, i)); i++) {
        if (strcmp(name, letters) != 0) continue;
        *index = i;
        return name;
    }
    return letters;
}

typedef struct death { /* of the child */
    size_t next;       /* index of the check it was in */
    int status;        /* of waitpid */
    char broken[512];  /* the rule that was broken last in that check; "" */
} death;

static void report_death(const conform_options *o, const plugin_entry *e, const death *d)
{
    conform_result r = {conform_check_name(e->kind, d->next), false, false, ""};
    const char *after = d->broken[0] ? "; after: " : "";
    if (o->only || !r.check) r.check = o->only ? o->only : conform_check_name(e->kind, 0);
    if (WIFSIGNALED(d->status))
        snprintf(r.why, sizeof r.why, "the plugin ended the process here: signal %d (%s)%s%.400s",
                 WTERMSIG(d->status), strsignal(WTERMSIG(d->status)), after, d->broken);
    else
        snprintf(r.why, sizeof r.why, "the plugin ended the process here: exit status %d%s%.400s",
                 WEXITSTATUS(d->status), after, d->broken);
    o->report(o->arg, e, &r);
}

static pm_status collect(const conform_options *o, const plugin_entry *e, int fd, pid_t pid,
                         size_t *failed, pm_err *err)
{
    record rec;
    size_t index = 0;
    death d = {0, 0, ""};
    bool done = false;
    while (!done && read_all(fd, &rec, sizeof rec)) {
        if (rec.last) {
            done = true;
            break;
        }
        memcpy(d.broken, rec.why, rec.broken ? sizeof d.broken : 0);
        if (rec.broken) continue;
        d.broken[0] = '\0';
        conform_result r = {name_of(e->kind, rec.check, &index), rec.passed, rec.skipped, ""};
        memcpy(r.why, rec.why, sizeof r.why);
        d.next = index + 1;
        *failed += !r.passed && !r.skipped;
        o->report(o->arg, e, &r);
    }
    while (waitpid(pid, &d.status, 0) < 0 && errno == EINTR) continue;
    if (done) return rec.status == PM_OK ? PM_OK : err_set(err, rec.status, "%s", rec.why);
    report_death(o, e, &d);
    *failed += 1;
    return PM_OK;
}

pm_status conform_child(const conform_options *o, const plugin_entry *e, const char *dir,
                        size_t *failed, pm_err *err)
{
    int end[2];
    *failed = 0;
    if (pipe(end)) return err_set(err, PM_E_IO, "no pipe for the suite: %s", strerror(errno));
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) {
        close(end[0]);
        close(end[1]);
        return err_set(err, PM_E_IO, "no child process for the suite: %s", strerror(errno));
    }
    if (pid == 0) {
        close(end[0]);
        child(o, e, dir, end[1]);
    }
    close(end[1]);
    pm_status s = collect(o, e, end[0], pid, failed, err);
    close(end[0]);
    return s;
}
