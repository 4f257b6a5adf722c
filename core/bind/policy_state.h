/* SPDX-License-Identifier: MIT
 *
 * The state of a router_fn: a plain Lua table <-> canonical JSON text and matrices.  What predict sees is
 * always what was read back, so a trained and a loaded instance are the same to the bit; it is read-only.
 */
#ifndef PM_BIND_POLICY_STATE_H
#define PM_BIND_POLICY_STATE_H

#include <lua.h>

#include "base/mem.h"
#include "base/str.h"
#include "pointsman/plugin.h"

typedef struct policy_state {
    const char *text; /* JSON; {"#": 3} stands for matrix 3, {"#": "nan"} for NaN */
    size_t len;
    const pm_cmat *matrix; /* views of what Lua holds */
    size_t n_matrices;
} policy_state;

/* Reads the value at `at` into the arena; messages begin with `who`.  Raises an error for what cannot be kept: functions, mixed tables,
 * cycles. */
void policy_state_write(lua_State *L, int at, arena *a, const char *who, policy_state *out);

/* Pushes the value, read-only.  Raises an error if the text is not one of ours. */
void policy_state_push(lua_State *L, const policy_state *in, arena *a);

#endif
