/* SPDX-License-Identifier: MIT
 *
 * Objectives behind the guard: predictions + terms -> one decision per prompt, with its explanation.
 */
#ifndef PM_PLUG_OBJECTIVE_H
#define PM_PLUG_OBJECTIVE_H

#include "plug/call.h"

typedef struct objective objective;
typedef struct objective_spec {
    const plugin_entry *plugin;
    const void *params;
    uint64_t seed;
} objective_spec;

/* prefix and seen may be NULL for stateless plugins. */
PM_MUST_USE pm_status objective_build(call_ctx *c, const objective_spec *spec,
                                      const pm_question *prefix, const pm_outcomes *seen,
                                      objective **out, pm_err *err);
PM_MUST_USE pm_status objective_save(const objective *o, call_ctx *c, const char *path,
                                     pm_err *err);
PM_MUST_USE pm_status objective_load(call_ctx *c, const char *path, objective **out, pm_err *err);
void objective_close(objective *o);
const plugin_entry *objective_plugin(const objective *o);
const char *objective_params_json(const objective *o);

/* Refuses a value kind outside `accepts` (message names both sides); checks choices against masks and m,
 * shares sum to 1, parts add up to the utility (1e-4 relative).  PM_E_INFEASIBLE when a prompt has no
 * allowed expert, naming the constraints that exclude everyone. */
PM_MUST_USE pm_status objective_decide(const objective *o, call_ctx *c, const pm_question *q,
                                       pm_decisions *out, pm_err *err);
PM_MUST_USE pm_status objective_observe(objective *o, call_ctx *c, const pm_feedback *seen,
                                        pm_err *err);

/* "objective "penalty" needs LOSS, QUALITY or WINPROB; router "elo" emits RANK": before any compute; so is one
 * without spread where the objective needs it. */
PM_MUST_USE pm_status objective_accepts(const plugin_entry *objective, const plugin_entry *router,
                                        pm_err *err);
/* Mask of PM_SENSE_BIT: the senses of constraints that it deals with. */
uint32_t objective_senses(const plugin_entry *objective);
/* 'objective "penalty" does not deal with sense "budget", which constraint "price" has; "budget" does': before any compute.
 * found: asked which objectives do, or NULL. */
PM_MUST_USE pm_status objective_takes(const plugin_entry *objective, const char *constraint,
                                      pm_sense sense, const registry *found, pm_err *err);
/* Says once that an objective which keeps budgets has none to keep. */
void objective_warn(const plugin_entry *objective, const char *where, bool has_budget);
const char *value_kind_name(pm_value_kind k); /* "QUALITY" ... */

#endif
