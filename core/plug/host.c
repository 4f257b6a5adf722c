/* SPDX-License-Identifier: MIT
 *
 * The host table: the only file that exposes core functions to plugins.  Every function here may be
 * called with any nonsense by somebody else's code; rules are in call.c.
 */
#include "plug/host.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/rng.h"
#include "math/gemm.h"
#include "plug/checkpoint.h"

#define RESERVED "host." /* checkpoint names of the host itself */

/* ---- memory ------------------------------------------------------------------------------------------- */

static void *starved(call_slot *s, const char *what, size_t count, size_t bytes)
{
    atomic_store_explicit(&s->ctx->out_of_memory, true, memory_order_relaxed);
    snprintf(s->text, sizeof s->text, "out of memory: %s of %zu x %zu bytes", what, count, bytes);
    return NULL;
}

static void *host_own(pm_call *c, size_t count, size_t bytes)
{
    arena *a = call_own_arena(c);
    if (!a) return NULL;
    void *at = arena_alloc(a, count, bytes);
    return at ? at : starved(call_slot_of(c), "own memory", count, bytes);
}

static void *host_scratch(pm_call *c, size_t count, size_t bytes)
{
    call_slot *s = call_slot_of(c);
    arena *a = call_scratch_arena(c);
    if (!a) return NULL;
    void *at = arena_alloc(a, count, bytes);
    if (!at) return starved(s, "scratch memory", count, bytes);
    size_t used = arena_used(a);
    if (used > s->peak) s->peak = used;
    return at;
}

/* ---- saying things --------------------------------------------------------------------------------------- */

static pm_status host_fail(pm_call *c, pm_status s, const char *fmt, ...)
{
    call_slot *slot = call_slot_of(c);
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(slot->text, sizeof slot->text, fmt, args);
    va_end(args);
    if (n >= (int)sizeof slot->text) memcpy(slot->text + sizeof slot->text - 4, "...", 4);
    return s != PM_OK ? s : call_violation(c, "called fail() with PM_OK");
}

static void host_note(pm_call *c, pm_note_level level, const char *fmt, ...)
{
    const call_ctx *ctx = call_slot_of(c)->ctx;
    log_level to = level >= PM_NOTE_WARN ? LOG_WARN
                                         : (level == PM_NOTE_INFO ? LOG_INFO : LOG_DEBUG);
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    log_line(to, "%s \"%s\": %s", plugin_kind_name(ctx->plugin->kind), ctx->plugin->name, text);
}

static bool is_canceled(call_ctx *c)
{
    if (!c->env.cancel || !atomic_load_explicit(c->env.cancel, memory_order_relaxed)) return false;
    atomic_store_explicit(&c->canceled, true, memory_order_relaxed);
    return true;
}

/* Metrics that come with the end of a build are what it settled on. */
static void keep_settled(call_ctx *ctx, const pm_metric *m, size_t n)
{
    size_t len = 0;
    for (size_t k = 0; k < n && len < sizeof ctx->settled; k++) {
        int put = snprintf(ctx->settled + len, sizeof ctx->settled - len, "%s%s=%.6g",
                           k ? ", " : "", m[k].name, m[k].value);
        if (put < 0) break;
        len += (size_t)put;
    }
}

static pm_status host_progress(pm_call *c, double done, const pm_metric *m, size_t n)
{
    call_slot *s = call_slot_of(c);
    call_ctx *ctx = s->ctx;
    if (is_canceled(ctx)) return PM_E_CANCELED;
    if (done >= 1 && n && !s->is_body && !ctx->in_parallel) keep_settled(ctx, m, n);
    if (!ctx->env.progress || s->is_body || ctx->in_parallel) return PM_OK;
    char what[160];
    snprintf(what, sizeof what, "%s %s", plugin_kind_name(ctx->plugin->kind), ctx->plugin->name);
    double share = done > 0 ? (done < 1 ? done : 1) : 0; /* NaN: 0 */
    ctx->env.progress(ctx->env.progress_arg, what, share, m, n);
    return is_canceled(ctx) ? PM_E_CANCELED : PM_OK; /* the watcher may have asked for it */
}

static double host_uniform(const pm_call *c, uint32_t stream, uint64_t i)
{
    return rng_uniform(c->seed, stream, i);
}

/* ---- parallel loops ------------------------------------------------------------------------------------------ */

typedef struct loop {
    call_ctx *ctx;
    pm_body body;
    void *arg;
} loop;

static pm_status run_block(call_slot *w, const loop *l, size_t lo, size_t hi)
{
    arena_mark mark = arena_save(w->scratch);
    w->text[0] = '\0';
    pm_status st = l->body(&w->call, lo, hi, l->arg);
    arena_release(w->scratch, mark);
    return st;
}

static pm_status pool_block(int worker, size_t lo, size_t hi, void *arg)
{
    const loop *l = arg;
    call_slot *w = &l->ctx->slot[1 + worker];
    w->thread = pthread_self();
    pm_status st = run_block(w, l, lo, hi);
    if (st != PM_OK && !w->has_failed) { /* a worker's blocks come in ascending order */
        w->has_failed = true;
        w->failed_at = lo;
        memcpy(w->kept, w->text, sizeof w->kept);
    }
    return st;
}

static pm_status run_serial(call_slot *w, const loop *l, size_t n, size_t grain)
{
    w->thread = pthread_self();
    for (size_t lo = 0, hi; lo < n; lo = hi) {
        hi = n - lo > grain ? lo + grain : n;
        pm_status st = run_block(w, l, lo, hi);
        if (st != PM_OK) return st;
    }
    return PM_OK;
}

static pm_status run_pool(call_ctx *c, loop *l, size_t n, size_t grain)
{
    for (int i = 1; i <= c->n_workers; i++) c->slot[i].has_failed = false;
    pm_status st = threads_for(c->pool, n, grain, pool_block, l);
    if (st == PM_OK) return st;
    const call_slot *first = NULL;
    for (int i = 1; i <= c->n_workers; i++) {
        const call_slot *w = &c->slot[i];
        if (w->has_failed && (!first || w->failed_at < first->failed_at)) first = w;
    }
    if (first) memcpy(c->slot[0].text, first->kept, sizeof first->kept);
    return st;
}

static pm_status host_parallel(pm_call *c, size_t n, size_t grain, pm_body body, void *arg)
{
    call_slot *s = call_slot_of(c);
    call_ctx *ctx = s->ctx;
    loop l = {ctx, body, arg};
    if (!ctx->is_open) return call_violation(c, "used its pm_call after the call had returned");
    if (grain == 0 || !body)
        return call_violation(c, "called parallel() without %s", body ? "a grain" : "a body");
    if (s->is_body) return run_serial(s, &l, n, grain);
    if (ctx->in_parallel || !pthread_equal(s->thread, pthread_self()))
        return call_violation(
            c, "called parallel() inside a body with the outer pm_call; use the worker's");
    ctx->in_parallel = true;
    pm_status st;
    if (ctx->pool && n > grain) {
        st = run_pool(ctx, &l, n, grain);
    } else {
        call_slot *w = &ctx->slot[1];
        st = run_serial(w, &l, n, grain);
        if (st != PM_OK) memcpy(s->text, w->text, sizeof s->text);
    }
    ctx->in_parallel = false;
    return st;
}

/* ---- matrices -------------------------------------------------------------------------------------------------- */

/* A core function failed: its message becomes the call's. */
static pm_status pass_on(call_slot *s, pm_status st)
{
    if (st != PM_OK) snprintf(s->text, sizeof s->text, "%s", err_text(&s->err));
    return st;
}

/* Plugins say 'n' and 't', as their header does; the floor of matrices says 'N' and 'T'. */
static char upper(char t)
{
    return t == 'n' ? 'N' : t == 't' ? 'T' : t;
}

static pm_status host_gemm(pm_call *c, char ta, char tb, float alpha, pm_cmat a, pm_cmat b,
                           float beta, pm_mat out, pm_gemm_hint hint)
{
    call_slot *s = call_slot_of(c);
    return pass_on(s, gemm(s->ctx->env.compute, call_pool(c), upper(ta), upper(tb), alpha, a, b,
                           beta, out, hint, &s->err));
}

/* ---- checkpoints -------------------------------------------------------------------------------------------------- */

static bool is_reserved(const char *name)
{
    return !name || strncmp(name, RESERVED, sizeof RESERVED - 1) == 0;
}

static pm_status refuse_name(pm_call *c, const char *name)
{
    return call_violation(c,
                          "used the checkpoint name '%.80s'; names in " RESERVED " are the host's",
                          name ? name : "(null)");
}

static pm_status check_store(pm_call *c, const pm_store *s, const char *name)
{
    const call_slot *slot = call_slot_of(c);
    if (is_reserved(name)) return refuse_name(c, name);
    if (!s || !slot->ctx->is_open || slot->is_body || slot->ctx->in_parallel)
        return call_violation(c, "used a checkpoint outside save, load or inside a parallel body");
    return PM_OK;
}

static pm_status host_put_tensor(pm_call *c, pm_store *s, const char *name, pm_tensor t)
{
    pm_status st = check_store(c, s, name);
    if (st != PM_OK) return st;
    call_slot *slot = call_slot_of(c);
    return pass_on(slot, checkpoint_put_tensor(s, name, t, &slot->err));
}

static pm_status host_view_tensor(pm_call *c, pm_store *s, const char *name, pm_dtype want,
                                  pm_tensor *out)
{
    pm_status st = check_store(c, s, name);
    if (st != PM_OK) return st;
    call_slot *slot = call_slot_of(c);
    return pass_on(slot, checkpoint_tensor(s, name, want, out, &slot->err));
}

static pm_status host_get_tensor(pm_call *c, pm_store *s, const char *name, pm_dtype want,
                                 pm_tensor *out)
{
    pm_tensor view;
    size_t bytes = 0;
    pm_status st = host_view_tensor(c, s, name, want, &view);
    if (st != PM_OK) return st;
    bytes = pm_dtype_bytes(view.dtype);
    for (uint32_t d = 0; d < view.n_dims; d++)
        bytes *= view.dim[d]; /* checked when it was opened */
    void *at = host_own(c, bytes, 1);
    if (!at) return PM_E_MEMORY;
    if (bytes) memcpy(at, view.ptr, bytes);
    *out = view;
    out->ptr = at;
    return PM_OK;
}

static pm_status host_put_text(pm_call *c, pm_store *s, const char *name, pm_str v)
{
    pm_status st = check_store(c, s, name);
    if (st != PM_OK) return st;
    call_slot *slot = call_slot_of(c);
    return pass_on(slot, checkpoint_put_text(s, name, v, &slot->err));
}

/* The copy is NUL-terminated, which a view into the file could not be. */
static pm_status host_get_text(pm_call *c, pm_store *s, const char *name, pm_str *out)
{
    pm_status st = check_store(c, s, name);
    if (st != PM_OK) return st;
    call_slot *slot = call_slot_of(c);
    pm_str view;
    st = pass_on(slot, checkpoint_text(s, name, &view, &slot->err));
    if (st != PM_OK) return st;
    char *at = view.len < SIZE_MAX ? host_own(c, view.len + 1, 1) : NULL;
    if (!at) return PM_E_MEMORY;
    if (view.len) memcpy(at, view.ptr, view.len);
    out->ptr = at;
    out->len = view.len;
    return PM_OK;
}

static int host_has(pm_call *c, pm_store *s, const char *name)
{
    return check_store(c, s, name) == PM_OK && checkpoint_has(s, name);
}

static const void *host_service(const char *name)
{
    return name ? services_find(name) : NULL;
}

static const pm_host table = {
    .abi = PM_ABI,
    .size = sizeof table,
    .own = host_own,
    .scratch = host_scratch,
    .fail = host_fail,
    .note = host_note,
    .progress = host_progress,
    .uniform = host_uniform,
    .parallel = host_parallel,
    .gemm = host_gemm,
    .put_tensor = host_put_tensor,
    .get_tensor = host_get_tensor,
    .view_tensor = host_view_tensor,
    .put_text = host_put_text,
    .get_text = host_get_text,
    .has = host_has,
    .service = host_service,
    .cut = told_cut_add,
    .point = told_point_add,
};

const pm_host *host_table(void)
{
    return &table;
}
