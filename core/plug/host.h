/* SPDX-License-Identifier: MIT
 *
 * Private to the floor: one guarded call from begin to end.  A guard writes
 *
 *     pm_call *call = call_begin(c, &setup);
 *     pm_status st = call_verdict(c, type->method(state, call, ...), err);
 *     ... checks of the outputs, copies out of scratch ...
 *     call_end(c);
 *
 * The verdict is PM_E_CONTRACT whenever the plugin broke a rule during the call, whatever it returned.
 */
#ifndef PM_PLUG_HOST_H
#define PM_PLUG_HOST_H

#include <pthread.h>
#include <stdatomic.h>

#include "lm/lm.h"
#include "plug/call.h"
#include "plug/members.h"
#include "plug/told.h"

typedef enum call_mode {
    CALL_BUILD = 1, /* train, load, update: own() is open */
    CALL_CONST      /* everything else */
} call_mode;

typedef struct
    call_slot { /* what one thread lends: a call, scratch memory, a place for the message */
    pm_call call;
    struct call_ctx *ctx;
    arena *scratch;
    lm_room *nn; /* of language models; made when first needed */
    pthread_t thread;
    size_t peak;
    bool is_body;    /* of host->parallel: own() is closed */
    bool has_failed; /* in the running loop; the first failing block of this worker ... */
    size_t failed_at;
    char kept[ERR_TEXT]; /* ... and what it said */
    char text[ERR_TEXT];
    pm_err err; /* for core functions, so that no call pays for clearing one */
} call_slot;

#define CALL_PASSED      8
#define INSTANCE_SETTLED 240

typedef struct passed_library { /* has every attribute that this constraint reads */
    const plugin_entry *plugin;
    const pm_expert *const *expert;
    size_t n;
    uint64_t revision;
} passed_library;

typedef struct told_kept { /* plug/told.h */
    _Atomic uint64_t texts, texts_cut, tokens, tokens_cut;
    told_point *point;
    size_t n, capacity;
} told_kept;

struct call_ctx {
    plug_env env;
    threads *pool; /* NULL: serial */
    int n_workers;
    call_slot *slot; /* [1 + n_workers]: the caller's, then the workers' */
    bool is_open, in_parallel;
    call_mode mode;
    arena *own;
    const plugin_entry *plugin;
    const char *method;
    double started;
    call_stats last;
    atomic_int violated; /* 0 no, 1 being written, 2 written */
    char violation[512];
    atomic_bool canceled, out_of_memory;
    char settled[INSTANCE_SETTLED]; /* metrics that a build gave with done = 1: "k=80" */
    told_kept told;
    const char *resume;   /* file for a long build to resume from, or NULL */
    member_cache columns; /* of the library last served */
    passed_library passed[CALL_PASSED];
    size_t next_passed;
};

typedef struct call_setup {
    const plugin_entry *plugin;
    const char *method; /* "predict" */
    call_mode mode;
    arena *own; /* CALL_BUILD */
    const void *params;
    uint64_t seed;
} call_setup;

pm_call *call_begin(call_ctx *c, const call_setup *s);
PM_MUST_USE pm_status call_verdict(call_ctx *c, pm_status returned, pm_err *err);
void call_end(call_ctx *c);

/* Scratch for the guard itself, before or after the plugin; until call_end. */
void *call_alloc(call_ctx *c, size_t count, size_t bytes);

/* `router "knn".predict` */
const char *call_who(const call_ctx *c, char out[160]);

/* For services: the arena behind own() or scratch(); NULL when it is closed to `call` (recorded). */
arena *call_own_arena(pm_call *call);
arena *call_scratch_arena(pm_call *call);
call_slot *call_slot_of(const pm_call *call);
threads *call_pool(const pm_call *call); /* NULL inside a parallel body */
/* Records that the plugin broke a rule and returns PM_E_CONTRACT. */
pm_status call_violation(const pm_call *call, const char *fmt, ...) PM_PRINTF(2, 3);

const pm_host *host_table(void);             /* host.c */
const void *services_find(const char *name); /* services.c */

#endif
