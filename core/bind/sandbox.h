/* SPDX-License-Identifier: MIT
 *
 * What a script sees: a short list of pure functions, sealed, with the same answer on every machine and in
 * every run.  Everything else is refused by a sentence that says why.
 */
#ifndef PM_BIND_SANDBOX_H
#define PM_BIND_SANDBOX_H

#include <lauxlib.h>
#include <lua.h>

#define SANDBOX_PAIRS "pm.pairs" /* registry key of the sorted pairs() */

/* Opens the libraries and keeps the environment of scripts in the state.  Call it protected. */
void sandbox_open(lua_State *L);

/* Pushes the environment (what _ENV of a chunk becomes). */
void sandbox_push(lua_State *L);

/* Adds the function on the stack to the environment and pops it. */
void sandbox_add(lua_State *L, const char *name);

/* The table on the stack becomes a read-only view of itself: unknown names are refused with a suggestion,
 * assignment is refused.  `name` is what messages call it and must live as long as the state. */
void sandbox_seal(lua_State *L, const char *name);

#endif
