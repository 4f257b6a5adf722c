/* SPDX-License-Identifier: MIT
 *
 * Call contexts: memory and message buffers that outlive calls, the rules of one call, and its verdict.
 * What plugins reach through the host table is in host.c.
 */
#include "plug/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "plug/host.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- life ------------------------------------------------------------------------------------------ */

static bool open_slots(call_ctx *c)
{
    size_t n = 1 + (size_t)c->n_workers;
    c->slot = mem_alloc(n, sizeof *c->slot);
    if (!c->slot) return false;
    for (size_t i = 0; i < n; i++) {
        call_slot *s = &c->slot[i];
        s->ctx = c;
        s->is_body = i > 0;
        s->call = (pm_call){.size = sizeof s->call, .host = host_table(), .impl = s};
        s->scratch = arena_open(0);
        if (!s->scratch) return false;
    }
    return true;
}

static void watch_swap(calls_watch *w, const call_ctx *old, const call_ctx *fresh)
{
    for (size_t i = 0; w && i < CALLS_WATCHED; i++) {
        const call_ctx *seen = old;
        if (atomic_compare_exchange_strong(&w->ctx[i], &seen, fresh)) return;
    }
}

pm_status call_ctx_open(const plug_env *env, bool parallel, call_ctx **out, pm_err *err)
{
    *out = NULL;
    call_ctx *c = mem_alloc(1, sizeof *c);
    if (!c) return err_set(err, PM_E_MEMORY, "out of memory for a call context");
    c->env = *env;
    c->pool = parallel && env->compute ? env->compute->pool : NULL;
    c->n_workers = threads_count(c->pool);
    if (!open_slots(c)) {
        call_ctx_close(c);
        return err_set(err, PM_E_MEMORY, "out of memory for a call context");
    }
    watch_swap(env->watch, NULL, c);
    *out = c;
    return PM_OK;
}

void call_ctx_close(call_ctx *c)
{
    if (!c) return;
    watch_swap(c->env.watch, c, NULL);
    for (int i = 0; c->slot && i < 1 + c->n_workers; i++) {
        arena_close(c->slot[i].scratch);
        lm_room_close(c->slot[i].nn);
    }
    told_close(c);
    member_cache_close(&c->columns);
    mem_free(c->slot);
    mem_free(c);
}

const plug_env *call_ctx_env(const call_ctx *c)
{
    return &c->env;
}

void call_ctx_set_resume(call_ctx *c, const char *path)
{
    c->resume = path;
}

call_stats call_ctx_last(const call_ctx *c)
{
    return c->last;
}

/* ---- one call ---------------------------------------------------------------------------------------- */

pm_call *call_begin(call_ctx *c, const call_setup *s)
{
    PM_ASSERT(!c->is_open); /* one call at a time in a context */
    call_slot *main = &c->slot[0];
    c->is_open = true;
    c->in_parallel = false;
    c->mode = s->mode;
    if (s->mode == CALL_BUILD) c->told.n = 0; /* points are of the last build */
    c->own = s->own;
    c->plugin = s->plugin;
    c->method = s->method;
    atomic_store_explicit(&c->violated, 0, memory_order_relaxed);
    atomic_store_explicit(&c->canceled, false, memory_order_relaxed);
    atomic_store_explicit(&c->out_of_memory, false, memory_order_relaxed);
    main->thread = pthread_self();
    main->text[0] = '\0';
    for (int i = 0; i < 1 + c->n_workers; i++) {
        c->slot[i].call.params = s->params;
        c->slot[i].call.seed = s->seed;
        c->slot[i].peak = 0;
    }
    c->started = now();
    return &main->call;
}

const char *call_who(const call_ctx *c, char out[160])
{
    snprintf(out, 160, "%s \"%s\".%s", plugin_kind_name(c->plugin->kind), c->plugin->name,
             c->method);
    return out;
}

pm_status call_verdict(call_ctx *c, pm_status st, pm_err *err)
{
    c->last.seconds = now() - c->started;
    bool violated = atomic_load_explicit(&c->violated, memory_order_acquire) != 0;
    bool canceled = atomic_load_explicit(&c->canceled, memory_order_relaxed);
    bool starved = atomic_load_explicit(&c->out_of_memory, memory_order_relaxed);
    if (st == PM_OK && !violated && !canceled && !starved) return PM_OK;
    char who[160];
    call_who(c, who);
    const char *text = c->slot[0].text;
    if (violated) return err_set(err, PM_E_CONTRACT, "%s: %s", who, c->violation);
    if (canceled) return err_set(err, PM_E_CANCELED, "%s: canceled", who);
    if (st > PM_OK || st < PM_STATUS_LAST_)
        return err_set(err, PM_E_CONTRACT, "%s: returned %d, which is no pm_status", who, (int)st);
    if (starved) st = PM_E_MEMORY;
    if (text[0]) return err_set(err, st, "%s: %s", who, text);
    return err_set(err, st, "%s: failed without saying why (%s: %s)", who, pm_status_name(st),
                   pm_status_text(st));
}

void call_end(call_ctx *c)
{
    c->last.peak_own_bytes = c->own ? arena_used(c->own) : 0;
    c->last.peak_scratch_bytes = 0;
    for (int i = 0; i < 1 + c->n_workers; i++) {
        call_slot *s = &c->slot[i];
        if (s->peak == 0) continue;
        c->last.peak_scratch_bytes += s->peak;
        arena_reset(s->scratch);
    }
    c->own = NULL;
    c->is_open = false;
}

void *call_alloc(call_ctx *c, size_t count, size_t bytes)
{
    call_slot *s = &c->slot[0];
    void *at = arena_alloc(s->scratch, count, bytes);
    size_t used = arena_used(s->scratch);
    if (used > s->peak) s->peak = used;
    return at;
}

/* ---- the rules ------------------------------------------------------------------------------------------ */

call_slot *call_slot_of(const pm_call *call)
{
    return call->impl;
}

const plugin_entry *call_plugin(const pm_call *call)
{
    return call_slot_of(call)->ctx->plugin;
}

threads *call_pool(const pm_call *call)
{
    const call_slot *s = call_slot_of(call);
    return s->is_body || s->ctx->in_parallel ? NULL : s->ctx->pool;
}

pm_status call_violation(const pm_call *call, const char *fmt, ...)
{
    call_ctx *c = call_slot_of(call)->ctx;
    int none = 0;
    if (!atomic_compare_exchange_strong(&c->violated, &none, 1)) return PM_E_CONTRACT;
    va_list args;
    va_start(args, fmt);
    vsnprintf(c->violation, sizeof c->violation, fmt, args);
    va_end(args);
    atomic_store_explicit(&c->violated, 2, memory_order_release);
    if (c->env.broken) c->env.broken(c->env.broken_arg, c->violation);
    return PM_E_CONTRACT;
}

/* ---- for signal handlers -------------------------------------------------------------------------------- */

static bool is_in(const call_ctx *c, pthread_t me)
{
    if (!c || !c->is_open) return false;
    if (!c->in_parallel) return pthread_equal(c->slot[0].thread, me);
    for (int i = 0; i < 1 + c->n_workers; i++)
        if (pthread_equal(c->slot[i].thread, me)) return true;
    return false;
}

static size_t put(char *out, size_t room, size_t at, const char *text)
{
    while (*text && at + 1 < room) out[at++] = *text++;
    out[at] = '\0';
    return at;
}

size_t calls_watch_text(const calls_watch *w, char *out, size_t room)
{
    const call_ctx *c = NULL;
    out[0] = '\0';
    for (size_t i = 0; w && i < CALLS_WATCHED && !c; i++) {
        const call_ctx *each = atomic_load(&w->ctx[i]);
        if (is_in(each, pthread_self())) c = each;
    }
    if (!c) return 0;
    const char *file = c->plugin->file;
    bool broken = atomic_load_explicit(&c->violated, memory_order_acquire) == 2;
    const char *const part[] = {plugin_kind_name(c->plugin->kind),
                                " \"",
                                c->plugin->name,
                                "\".",
                                c->method,
                                file ? " (" : "",
                                file ? file : "",
                                file ? ")" : "",
                                broken ? ", after: " : "",
                                broken ? c->violation : ""};
    size_t at = 0;
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) at = put(out, room, at, part[i]);
    return at;
}

arena *call_own_arena(pm_call *call)
{
    call_slot *s = call_slot_of(call);
    call_ctx *c = s->ctx;
    if (!c->is_open) {
        call_violation(call, "used its pm_call after the call had returned");
        return NULL;
    }
    if (c->mode != CALL_BUILD || !c->own) {
        call_violation(call, "called own() in a const method (it returned NULL); instances are "
                             "read-only once built: use scratch()");
        return NULL;
    }
    if (s->is_body || c->in_parallel || !pthread_equal(s->thread, pthread_self())) {
        call_violation(call, "called own() inside a parallel body; allocate before the loop");
        return NULL;
    }
    return c->own;
}

arena *call_scratch_arena(pm_call *call)
{
    call_slot *s = call_slot_of(call);
    if (!s->ctx->is_open) {
        call_violation(call, "used its pm_call after the call had returned");
        return NULL;
    }
    if (!pthread_equal(s->thread, pthread_self()) || (!s->is_body && s->ctx->in_parallel)) {
        call_violation(call,
                       "called scratch() with another thread's pm_call; a parallel body must use "
                       "the one it was given");
        return NULL;
    }
    return s->scratch;
}
