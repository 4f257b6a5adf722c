/* SPDX-License-Identifier: MIT
 *
 * Last words: when a plugin kills the program, which one it was and what it was doing.  A signal
 * handler can only touch what is static (ADR 0009) and only write(2); the process then dies as it would have.
 */
#include "config.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "app/cmds.h"

#ifdef PM_SANITIZED /* the sanitizer tells more */

void app_watch_crashes(app_env *e)
{
    (void)e;
}

void app_watch_close(app_env *e)
{
    (void)e;
}

#else

enum { STACK_BYTES = 1 << 16, TEXT_BYTES = 1024 };

static _Atomic(const calls_watch *) watched;

static const struct fatal {
    int signal;
    const char *name;
} fatals[] = {{SIGSEGV, "SIGSEGV (access to memory that is not there)"},
              {SIGBUS, "SIGBUS (access to memory that is not there)"},
              {SIGFPE, "SIGFPE (integer division by zero or overflow)"},
              {SIGILL, "SIGILL (illegal instruction)"},
              {SIGABRT, "SIGABRT (abort)"}};
enum { FATALS = sizeof fatals / sizeof *fatals };

static void say(const char *text)
{
    for (size_t left = strlen(text); left;) {
        ssize_t n = write(STDERR_FILENO, text, left);
        if (n <= 0) return;
        text += n;
        left -= (size_t)n;
    }
}

static void on_fatal(int sig)
{
    char where[TEXT_BYTES];
    const char *name = "a fatal signal";
    for (size_t i = 0; i < FATALS; i++)
        if (fatals[i].signal == sig) name = fatals[i].name;
    say("\npointsman: ");
    say(name);
    if (calls_watch_text(atomic_load(&watched), where, sizeof where)) {
        say(" in ");
        say(where);
        say("\npointsman: the plugin ended the program; try `pointsman conform` on it\n");
    } else {
        say(" outside of any plugin: please report this\n");
    }
    signal(sig, SIG_DFL);
    raise(sig); /* blocked until this handler returns */
}

/* A stack of its own, so that running out of stack can be told too. */
void app_watch_crashes(app_env *e)
{
    struct sigaction act;
    e->crash_stack = mem_alloc(STACK_BYTES, 1);
    stack_t stack = {.ss_sp = e->crash_stack, .ss_size = STACK_BYTES};
    memset(&act, 0, sizeof act);
    act.sa_handler = on_fatal;
    if (e->crash_stack && sigaltstack(&stack, NULL) == 0) act.sa_flags = SA_ONSTACK;
    e->env.watch = &e->watch;
    atomic_store(&watched, &e->watch);
    for (size_t i = 0; i < FATALS; i++) sigaction(fatals[i].signal, &act, NULL);
}

void app_watch_close(app_env *e)
{
    stack_t none = {.ss_flags = SS_DISABLE};
    for (size_t i = 0; i < FATALS; i++) signal(fatals[i].signal, SIG_DFL);
    atomic_store(&watched, NULL);
    sigaltstack(&none, NULL);
    mem_free(e->crash_stack);
}

#endif
