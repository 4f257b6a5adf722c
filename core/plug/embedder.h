/* SPDX-License-Identifier: MIT
 *
 * Embedders behind the guard: text -> vectors [n x d] and, where offered, sparse word features.
 */
#ifndef PM_PLUG_EMBEDDER_H
#define PM_PLUG_EMBEDDER_H

#include "plug/call.h"

typedef struct embedder embedder;
typedef struct embedder_spec {
    const plugin_entry *plugin;
    const void *params;
    uint64_t seed;
} embedder_spec;

PM_MUST_USE pm_status embedder_train(call_ctx *c, const embedder_spec *spec, const pm_prompts *x,
                                     embedder **out, pm_err *err);
PM_MUST_USE pm_status embedder_save(const embedder *e, call_ctx *c, const char *path, pm_err *err);
PM_MUST_USE pm_status embedder_load(call_ctx *c, const char *path, embedder **out, pm_err *err);
void embedder_close(embedder *e);
size_t embedder_dim(const embedder *e);
size_t embedder_sparse_dim(const embedder *e); /* 0: not offered */
const plugin_entry *embedder_plugin(const embedder *e);
const char *embedder_params_json(const embedder *e);

/* out [n x dim].  Every value finite, checked.  Row i depends on text i alone, to the bit. */
PM_MUST_USE pm_status embedder_embed(const embedder *e, call_ctx *c, const pm_str *text, size_t n,
                                     pm_mat out, pm_err *err);
/* Sparse features into arrays of `a` (reset by the caller). */
PM_MUST_USE pm_status embedder_sparse(const embedder *e, call_ctx *c, const pm_str *text, size_t n,
                                      arena *a, pm_csr *out, pm_err *err);

#endif
