/* SPDX-License-Identifier: MIT
 *
 * What the conformance checks of all kinds share: the plugin on trial, contexts with one and with two
 * threads, verdicts, comparisons to the bit, damaged files, the size of the heap.
 */
#ifndef PM_APP_CONFORM_TRIAL_H
#define PM_APP_CONFORM_TRIAL_H

#include <stdatomic.h>

#include "app/conform.h"
#include "app/conform_data.h"
#include "plug/call.h"

typedef struct trial {
    const plugin_entry *e;
    uint64_t seed;
    const void *params;  /* the defaults, but for what was set */
    compute one, two;    /* the same kernels with one and with two threads */
    plug_env env;        /* two threads; cancel and progress belong to the trial */
    plug_env env_one;    /* one thread */
    call_ctx *c, *c_one; /* of env and env_one */
    arena *a;            /* of the running check: emptied before each */
    arena *keep;         /* as long as the trial */
    void *base;          /* the suite's own: an instance built once and used by many checks */
    const toy *data;     /* the usual problem, with its outcomes of kind base_kind */
    pm_value_kind label_kind;
    const char *dir;    /* temporary folder */
    atomic_bool cancel; /* seen by builds */
    atomic_long progress_calls;
    long cancel_at; /* the progress call (from 1) that finds the build canceled; 0: none */
    double last_done;
    bool done_is_sane; /* progress stayed in [0,1] and never fell */
} trial;

typedef void (*check_run)(trial *t, conform_result *r);
typedef struct check_row {
    const char *name, *doc;
    const char *after; /* checks that must have passed, ' '-separated; "" for none */
    check_run run;
} check_row;

typedef struct suite { /* of one kind */
    const check_row *row;
    size_t n;
    void (*close)(trial *t); /* what the checks keep in base */
} suite;
extern const suite suite_router, suite_objective, suite_constraint, suite_embedder, suite_backend;

void check_fail(conform_result *r, const char *fmt, ...) PM_PRINTF(2, 3);
void check_skip(conform_result *r, const char *fmt, ...) PM_PRINTF(2, 3);
/* "text: message of err"; always a failure. */
void check_fail_err(conform_result *r, const char *what, const pm_err *err);
void check_documented(trial *t,
                      conform_result *r); /* doc, source and parameter rows say something */

/* A row of numbers that differ: the first cell of `got` [n x m] that is not the same as cell
 * (row[i], col[j]) of `want` (NULL: same place) within `tolerance` (relative to max(1, |want|); 0: to the
 * bit).  Says so in r and returns false.  Empty matrices on both sides are equal. */
typedef struct same_spec {
    const uint32_t *row, *col;
    double tolerance;
    const char *what; /* "value": how the message begins */
} same_spec;
bool check_same(conform_result *r, pm_mat want, pm_mat got, const same_spec *s);

/* The rule of the interface that a guard's refusal is about. */
typedef enum guard_rule {
    RULE_NONE, /* no refusal, or none of the guard's */
    RULE_UNWRITTEN,
    RULE_NOT_FINITE,
    RULE_RANGE,
    RULE_OWN,
    RULE_OTHER
} guard_rule;
guard_rule guard_rule_of(const pm_err *err);

/* dir/name in t->a. */
char *trial_path(trial *t, const char *name);
/* Both files hold the same bytes; else says so. */
bool check_same_file(conform_result *r, const char *a, const char *b, const char *what);

/* Cuts and bit flips of the checkpoint at `path`, 64 in all: `load` must refuse every one.  load returns
 * the status of loading `path` and drops what it loaded. */
typedef pm_status (*damage_load)(trial *t, const char *path, pm_err *err);
void check_damage(trial *t, conform_result *r, const char *path, damage_load load);

/* Runs `build` (which drops what it built) canceled at ten progress points: PM_E_CANCELED every time. */
typedef pm_status (*cancel_build)(trial *t, pm_err *err);
void check_cancel(trial *t, conform_result *r, cancel_build build);
/* The heap does not grow while builds are canceled (canceled) or finished and dropped. */
void check_leak(trial *t, conform_result *r, cancel_build build, bool canceled);

/* body(arg, context of this thread, i) for i < n, on two threads at once; a non-zero answer stops. */
typedef struct at_once {
    pm_status (*body)(void *arg, call_ctx *c, int worker, size_t i);
    void *arg;
    size_t n;
} at_once;
pm_status trial_at_once(trial *t, const at_once *job, pm_err *err);

/* The defaults, but for what the options set. */
pm_status conform_params(const conform_options *o, const plugin_entry *e, arena *a, void **out,
                         pm_err *err);

/* A model that the parameters name is not on this machine: the check is skipped, which skips all that stand on it. */
bool trial_lacks_model(const trial *t, conform_result *r);

pm_mat trial_mat(trial *t, size_t rows, size_t cols); /* zeroed, in t->a; at == NULL: no memory */

/* Calls visit(t, r, params) for every word of every parameter that has words, and every flag in
 * both states, until r fails. */
typedef void (*choice_visit)(trial *t, conform_result *r, const void *params);
void check_choices(trial *t, conform_result *r, choice_visit visit);

#endif
