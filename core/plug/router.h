/* SPDX-License-Identifier: MIT
 *
 * Routers behind the guard: shapes and needs before the call; finiteness, range, untouched cells and the
 * declared value kind after it; library members; columns mapped to the served library.
 */
#ifndef PM_PLUG_ROUTER_H
#define PM_PLUG_ROUTER_H

#include "data/library.h"
#include "plug/call.h"

typedef struct router router; /* one built instance: owns its arena and its (mapped) checkpoint */

typedef struct router_spec {
    const plugin_entry *plugin;
    const void *params; /* built by params_build; copied */
    uint64_t seed;
} router_spec;

PM_MUST_USE pm_status router_train(call_ctx *c, const router_spec *spec, const pm_fit *fit,
                                   router **out, pm_err *err);
/* PM_E_UNSUPPORTED when the plugin cannot: the caller retrains and records updated_by = "retrain". */
PM_MUST_USE pm_status router_update(call_ctx *c, const router *prev, const pm_delta *d,
                                    uint64_t seed, router **out, pm_err *err);
PM_MUST_USE pm_status router_save(const router *r, call_ctx *c, const char *path, pm_err *err);
PM_MUST_USE pm_status router_load(call_ctx *c, const char *path, router **out, pm_err *err);
void router_close(router *r);

/* Predicts for the served library `lib`: a subset or reordering of the members trained on (prices may
 * differ).  out->value [n x lib->n]; spread / tokens_out as asked.  out->kind is set.
 * Errors  PM_E_STALE naming the expert or attribute that differs; PM_E_CONTRACT naming plugin, row and
 * column of a cell that is unwritten, not finite or out of range; PM_E_ARG if a need is missing. */
PM_MUST_USE pm_status router_predict(const router *r, call_ctx *c, const pm_library *lib,
                                     const pm_prompts *x, pm_scores *out, pm_err *err);
PM_MUST_USE pm_status router_latent(const router *r, call_ctx *c, const pm_prompts *x, pm_mat out,
                                    pm_err *err);
size_t router_latent_dim(const router *r); /* 0: none */

pm_value_kind router_kind(const router *r);
const plugin_entry *router_plugin(const router *r);
const char *router_params_json(const router *r);
const char *router_settled(const router *r); /* what training settled on: "k=80"; or "" */
const char *router_members(const router *r); /* hex hash */
bool router_wants_embed(const router *r);
bool router_wants_sparse(const router *r);
double router_train_seconds(const router *r);

#endif
