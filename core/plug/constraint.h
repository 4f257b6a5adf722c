/* SPDX-License-Identifier: MIT
 *
 * Constraints behind the guard: a value per (prompt, expert) with a sense, a weight and a bound.
 */
#ifndef PM_PLUG_CONSTRAINT_H
#define PM_PLUG_CONSTRAINT_H

#include "plug/call.h"

typedef struct constraint constraint; /* an instance; stateless plugins have an empty one */
typedef struct constraint_spec {
    const plugin_entry *plugin;
    const void *params;
    uint64_t seed;
} constraint_spec;

/* Learns from fit where the plugin can; else just keeps the parameters (fit may then be NULL). */
PM_MUST_USE pm_status constraint_build(call_ctx *c, const constraint_spec *spec, const pm_fit *fit,
                                       constraint **out, pm_err *err);
PM_MUST_USE pm_status constraint_save(const constraint *k, call_ctx *c, const char *path,
                                      pm_err *err);
PM_MUST_USE pm_status constraint_load(call_ctx *c, const char *path, constraint **out, pm_err *err);
void constraint_close(constraint *k);
const plugin_entry *constraint_plugin(const constraint *k);
const char *constraint_params_json(const constraint *k);
bool constraint_is_per_prompt(const constraint *k);
/* The same before anything is built: of a plugin with these parameters (NULL: defaults). */
bool constraint_would_be_per_prompt(const plugin_entry *e, const void *params);
uint32_t constraint_needs(const constraint *k); /* PM_NEEDS_* of its values: features of prompts */
uint64_t constraint_params_key(const constraint *k); /* hash of the parameters, made once */

/* What its values and bounds are in: the plugin's unit, "on scale max" where they are scaled, or "". */
const char *constraint_unit(const constraint *k);

/* What training settled on, in words for people ("experts priced by list price=6"); or "". */
const char *constraint_settled(const constraint *k);
/* The library has all that the constraint reads: what constraint_eval checks first. */
PM_MUST_USE pm_status constraint_check(const constraint *k, call_ctx *c, const pm_library *lib,
                                       pm_err *err);

/* out [n x m] when per prompt; else out [1 x m] (the caller broadcasts with ld = 0).  Values finite and
 * >= 0, checked; a missing attribute is PM_E_ARG naming expert and attribute. */
PM_MUST_USE pm_status constraint_eval(const constraint *k, call_ctx *c, const pm_library *lib,
                                      const pm_prompts *x, const pm_scores *s, pm_mat out,
                                      pm_err *err);

/* What constraint_eval would have given, had it known what happened (pm_constraint_type.realised): out [n x m],
 * >= 0 or NaN where the outcomes do not tell.  PM_E_UNSUPPORTED where the plugin offers no such thing. */
PM_MUST_USE pm_status constraint_realised(const constraint *k, call_ctx *c, const pm_library *lib,
                                          const pm_prompts *x, const pm_outcomes *y, pm_mat out,
                                          pm_err *err);
bool constraint_has_realised(const constraint *k);

#endif
