/* SPDX-License-Identifier: MIT
 *
 * What built instances of every kind share: one arena, the plugin's state, its parameters, a mapped
 * checkpoint, saving and loading.  The guards (router.c, constraint.c, ...) add what is particular.
 */
#ifndef PM_PLUG_INSTANCE_H
#define PM_PLUG_INSTANCE_H

#include "base/json.h"
#include "plug/checkpoint.h"
#include "plug/host.h"

typedef struct instance {
    const plugin_entry *plugin;
    arena *own;   /* holds everything, the guard's own struct included */
    void *state;  /* of the plugin */
    void *params; /* a copy */
    const char *params_json;
    const char *who; /* `router "knn"` */
    uint64_t seed;
    pm_store *store;                /* mapped while the instance lives, or NULL */
    double seconds;                 /* of train or update */
    char settled[INSTANCE_SETTLED]; /* what the build settled on: "k=80"; or "" */
} instance;

/* params NULL: defaults.  On failure nothing is left. */
PM_MUST_USE pm_status instance_open(instance *in, const plugin_entry *plugin, const void *params,
                                    uint64_t seed, pm_err *err);
void instance_close(instance *in); /* by value inside its own arena: pass a copy */

/* Runs one method under guard; `body` makes the typed call. */
typedef pm_status (*instance_body)(const instance *in, pm_call *c, void *arg);
PM_MUST_USE pm_status instance_run(instance *in, call_ctx *c, const char *method,
                                   instance_body body, void *arg, pm_err *err); /* CALL_BUILD */

/* Begins a const method: the rest is call_verdict() and call_end(). */
pm_call *instance_begin(const instance *in, call_ctx *c, const char *method);

/* Writes manifest and state; `more` is JSON members to add (",\"value_kind\":...") or "".  body's arg is
 * the pm_store. */
PM_MUST_USE pm_status instance_save(const instance *in, call_ctx *c, const char *path,
                                    const char *more, instance_body body, pm_err *err);

/* Reads the manifest, finds the plugin, opens `in`, then runs body (arg is the pm_store).  *manifest lives
 * in the instance's arena. */
PM_MUST_USE pm_status instance_load(instance *in, call_ctx *c, plugin_kind kind, const char *path,
                                    const json **manifest, pm_err *err);
PM_MUST_USE pm_status instance_restore(instance *in, call_ctx *c, instance_body body, pm_err *err);

#endif
