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

typedef struct plug_env {
    const compute *compute;
    registry *registry;
    atomic_bool *cancel; /* set by a signal handler; NULL: never */
    /* What builds report; NULL: nobody watches.  `what` is "router knn" etc. */
    void (*progress)(void *arg, const char *what, double done, const pm_metric *m, size_t n);
    void *progress_arg;
} plug_env;

typedef struct call_ctx call_ctx;

/* `parallel`: host->parallel may use the pool (batches); else it runs in the caller (routing one text
 * from a server thread). */
PM_MUST_USE pm_status call_ctx_open(const plug_env *env, bool parallel, call_ctx **out,
                                    pm_err *err);
void call_ctx_close(call_ctx *c);
const plug_env *call_ctx_env(const call_ctx *c);

/* Whose method `c` runs: for descriptors made in memory (Lua policies), which find their own data in
 * plugin_entry.user. */
const plugin_entry *call_plugin(const pm_call *c);

/* Wall time and memory of the last guarded call. */
typedef struct call_stats {
    double seconds;
    size_t peak_own_bytes, peak_scratch_bytes;
} call_stats;
call_stats call_ctx_last(const call_ctx *c);

#endif
