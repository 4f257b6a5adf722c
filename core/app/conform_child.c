/* SPDX-License-Identifier: MIT
 *
 * Runs the suite in a child process and reads its results from a pipe.  Checks are
 * reported in order, so that the first one missing is the one that the child died in.
 */
#include "app/conform_child.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

typedef struct record { /* what crosses the pipe; smaller than PIPE_BUF, so written at once */
    pm_status status;   /* of the whole suite, in the last record */
    bool last, passed, skipped;
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

_Noreturn static void child(const conform_options *o, const plugin_entry *e, const char *dir,
                            int fd)
{
    conform_options mine = *o;
    pm_err err = PM_ERR_INIT;
    size_t failed;
    record rec;
    memset(&rec, 0, sizeof rec);
    log_open(LOG_SILENT, false); /* notes of some hundred builds on toys are noise */
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

static void report_death(const conform_options *o, const plugin_entry *e, size_t next, int status)
{
    conform_result r = {conform_check_name(e->kind, next), false, false, ""};
    if (o->only || !r.check) r.check = o->only ? o->only : conform_check_name(e->kind, 0);
    if (WIFSIGNALED(status))
        snprintf(r.why, sizeof r.why, "the plugin ended the process here: signal %d (%s)",
                 WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(r.why, sizeof r.why, "the plugin ended the process here: exit status %d",
                 WEXITSTATUS(status));
    o->report(o->arg, e, &r);
}

static pm_status collect(const conform_options *o, const plugin_entry *e, int fd, pid_t pid,
                         size_t *failed, pm_err *err)
{
    record rec;
    size_t index = 0, next = 0;
    bool done = false;
    while (!done && read_all(fd, &rec, sizeof rec)) {
        if (rec.last) {
            done = true;
            break;
        }
        conform_result r = {name_of(e->kind, rec.check, &index), rec.passed, rec.skipped, ""};
        memcpy(r.why, rec.why, sizeof r.why);
        next = index + 1;
        *failed += !r.passed && !r.skipped;
        o->report(o->arg, e, &r);
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    if (done) return rec.status == PM_OK ? PM_OK : err_set(err, rec.status, "%s", rec.why);
    report_death(o, e, next, status);
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
