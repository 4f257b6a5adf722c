/* SPDX-License-Identifier: MIT
 *
 * The context in which plugins are called: environment (one a process), call context (one a thread).
 * A call context owns scratch memory, worker calls and the message buffer, so that const calls allocate
 * nothing after warm-up.
 */
#ifndef PM_PLUG_CALL_H
#define PM_PLUG_CALL_H

#include <stdatomic.h>

#include "math/compute.h"
#include "plug/registry.h"

typedef struct call_ctx call_ctx;

enum { CALLS_WATCHED = 256 };
typedef struct
    calls_watch { /* the open contexts, for a signal handler to look through; zeroed at first */
    _Atomic(const call_ctx *) ctx[CALLS_WATCHED];
} calls_watch;

typedef struct plug_env {
    const compute *compute;
    registry *registry;
    atomic_bool *cancel; /* set by a signal handler; NULL: never */
    /* What builds report; NULL: nobody watches.  `what` is "router knn" etc. */
    void (*progress)(void *arg, const char *what, double done, const pm_metric *m, size_t n);
    void *progress_arg;
    /* Told at once when a plugin breaks a rule of a call, which it may not survive; NULL: nobody. */
    void (*broken)(void *arg, const char *how);
    void *broken_arg;
    calls_watch *watch; /* NULL: nobody looks */
} plug_env;

/* `parallel`: host->parallel may use the pool (batches); else it runs in the caller (routing one text
 * from a server thread). */
PM_MUST_USE pm_status call_ctx_open(const plug_env *env, bool parallel, call_ctx **out,
                                    pm_err *err);
void call_ctx_close(call_ctx *c);
const plug_env *call_ctx_env(const call_ctx *c);

/* Which plugin the calling thread is in, and what rule it has broken in this call: 'router "x".predict
 * (FILE), after ...', cut to `room` > 0.  "": in none.  Async-signal-safe. */
size_t calls_watch_text(const calls_watch *w, char *out, size_t room);

/* Whose method `c` runs: for descriptors made in memory (Lua policies), which find their own data in
 * plugin_entry.user. */
const plugin_entry *call_plugin(const pm_call *c);

/* A file in which the next builds may keep how far they are, so that an interrupted one goes on there; NULL:
 * none.  Whoever sets it removes the file when the build is over. */
void call_ctx_set_resume(call_ctx *c, const char *path);

/* Wall time and memory of the last guarded call. */
typedef struct call_stats {
    double seconds;
    size_t peak_own_bytes, peak_scratch_bytes;
} call_stats;
call_stats call_ctx_last(const call_ctx *c);

#endif
