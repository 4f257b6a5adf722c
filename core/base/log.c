/* SPDX-License-Identifier: MIT
 *
 * The process' log sink and its progress line, both on stderr.  One lock keeps lines of several
 * threads whole and the progress line out of their way.
 */
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/str.h"

#define LINE_BYTES 4096
#define WHAT_BYTES 64
#define UPDATE_S   0.1

static atomic_int sink_level = LOG_WARN;
static atomic_bool sink_json;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char last[LINE_BYTES]; /* under the lock: what is said again at once is said once */

static uint64_t said[256]; /* under the lock: hashes of what log_once() said */
static size_t n_said;

static struct progress { /* under the lock */
    char what[WHAT_BYTES];
    double started, updated; /* s on the monotonic clock */
    bool shown;
} progress;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value && value[0];
}

bool log_colour(void)
{
    return isatty(STDERR_FILENO) && !is_set("NO_COLOR");
}

static bool progress_wanted(void)
{
    const char *asked = getenv("POINTSMAN_PROGRESS");
    return asked && asked[0] ? strcmp(asked, "1") == 0 : isatty(STDERR_FILENO) == 1;
}

void log_open(log_level level, bool json_lines)
{
    atomic_store(&sink_level, (int)level);
    atomic_store(&sink_json, json_lines);
}

static const char *level_name(log_level level)
{
    return level == LOG_DEBUG  ? "debug"
           : level == LOG_INFO ? "info"
           : level == LOG_WARN ? "warning"
                               : "error";
}

static const char *level_colour(log_level level)
{
    return level == LOG_ERROR ? "\033[31m" : level == LOG_WARN ? "\033[33m" : "\033[2m";
}

static void clear_line(void)
{
    if (progress.shown) fputs("\r\033[K", stderr);
    progress.shown = false;
}

static void put_json(log_level level, const char *text)
{
    str line = STR_INIT;
    struct timespec t;
    struct tm utc;
    char when[32] = "";
    clock_gettime(CLOCK_REALTIME, &t);
    if (gmtime_r(&t.tv_sec, &utc)) strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    str_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"text\":", when, level_name(level));
    str_json(&line, text, strlen(text));
    str_puts(&line, "}\n");
    /* Out of memory is no reason to lose the message. */
    fputs(line.failed ? text : str_text(&line), stderr);
    str_close(&line);
}

/* Under the lock: whether the text was said just before, or, `once`, ever. */
static bool is_again(const char *text, bool once)
{
    bool again = strcmp(text, last) == 0;
    memcpy(last, text, strlen(text) + 1);
    if (!once || again) return again;
    uint64_t hash = fnv1a(text, strlen(text));
    for (size_t k = 0; k < n_said; k++)
        if (said[k] == hash) return true;
    if (n_said < sizeof said / sizeof *said) said[n_said++] = hash;
    return false;
}

static void say(log_level level, const char *text)
{
    clear_line();
    if (atomic_load(&sink_json)) {
        put_json(level, text);
    } else if (log_colour()) {
        fprintf(stderr, "%s%s:\033[0m %s\n", level_colour(level), level_name(level), text);
    } else {
        fprintf(stderr, "%s: %s\n", level_name(level), text);
    }
}

static void put_line(log_level level, bool once, const char *fmt, va_list args)
{
    if ((int)level < atomic_load(&sink_level) || level >= LOG_SILENT) return;
    char text[LINE_BYTES];
    int wanted = vsnprintf(text, sizeof text, fmt, args);
    if (wanted < 0) return;
    if ((size_t)wanted >= sizeof text) memcpy(text + sizeof text - 4, "...", 4);
    pthread_mutex_lock(&lock);
    if (!is_again(text, once)) say(level, text);
    pthread_mutex_unlock(&lock);
}

void log_line(log_level level, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    put_line(level, false, fmt, args);
    va_end(args);
}

void log_once(log_level level, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    put_line(level, true, fmt, args);
    va_end(args);
}

static void put_span(double s)
{
    if (s < 60) {
        fprintf(stderr, "%.0fs", s);
    } else if (s < 3600) {
        fprintf(stderr, "%dm%02ds", (int)s / 60, (int)s % 60);
    } else {
        fprintf(stderr, "%ldh%02ldm", (long)s / 3600, (long)s / 60 % 60);
    }
}

void progress_show(const char *what, double done)
{
    if (!progress_wanted()) return;
    if (!(done > 0)) done = 0;
    if (done > 1) done = 1;
    double now = now_s();
    pthread_mutex_lock(&lock);
    bool fresh = strncmp(progress.what, what, WHAT_BYTES - 1) != 0;
    if (fresh) {
        snprintf(progress.what, sizeof progress.what, "%s", what);
        progress.started = now;
    }
    if (fresh || now - progress.updated >= UPDATE_S) {
        double spent = now - progress.started;
        clear_line();
        fprintf(stderr, "%s %3.0f%%  ", progress.what, 100 * done);
        put_span(spent);
        if (done > 0.01 && spent > 1) {
            fputs(", left ", stderr);
            put_span(spent * (1 - done) / done);
        }
        fflush(stderr);
        progress.shown = true;
        progress.updated = now;
    }
    pthread_mutex_unlock(&lock);
}

void progress_line(const char *text)
{
    if (!progress_wanted()) return;
    double now = now_s();
    pthread_mutex_lock(&lock);
    if (now - progress.updated >= UPDATE_S) {
        clear_line();
        fputs(text, stderr);
        fflush(stderr);
        progress.shown = true;
        progress.updated = now;
    }
    pthread_mutex_unlock(&lock);
}

void progress_end(void)
{
    pthread_mutex_lock(&lock);
    clear_line();
    fflush(stderr);
    progress.what[0] = '\0';
    pthread_mutex_unlock(&lock);
}
