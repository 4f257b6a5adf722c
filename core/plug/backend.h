/* SPDX-License-Identifier: MIT
 *
 * Backends behind the guard: what scores or answers prompts for an expert.
 */
#ifndef PM_PLUG_BACKEND_H
#define PM_PLUG_BACKEND_H

#include "plug/call.h"

typedef struct backend backend;
typedef struct backend_spec {
    const plugin_entry *plugin;
    const void *params;
    uint64_t seed;
} backend_spec;

PM_MUST_USE pm_status backend_train(call_ctx *c, const backend_spec *spec,
                                    const pm_backend_fit *fit, backend **out, pm_err *err);
PM_MUST_USE pm_status backend_save(const backend *b, call_ctx *c, const char *path, pm_err *err);
PM_MUST_USE pm_status backend_load(call_ctx *c, const char *path, backend **out, pm_err *err);
void backend_close(backend *b);
/* Arrays of out are the caller's [x->n]; out->kind is set.  Parts (out->n_parts > 0) are NaN where the backend
 * does not tell, and else add up to the value. */
PM_MUST_USE pm_status backend_score(const backend *b, call_ctx *c, const pm_prompts *x,
                                    pm_measured *out, pm_err *err);

#endif
