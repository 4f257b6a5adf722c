/* SPDX-License-Identifier: MIT
 *
 * One Lua state that cannot do harm: bounded memory, bounded instructions, protected entry.  What scripts
 * see in it is made in sandbox.c and modules.c.
 */
#ifndef PM_BIND_STATE_H
#define PM_BIND_STATE_H

#include <lauxlib.h>
#include <lua.h>
#include <stdatomic.h>

#include "base/err.h"

#define STATE_STRIDE 10000 /* instructions between two looks at budget and cancel flag */

typedef struct state {
    lua_State *L;
    size_t used, limit;
    uint64_t limit_instructions, left; /* of one protected entry, of the current one */
    const atomic_bool *cancel;         /* NULL: never */
    pm_status stopped;                 /* why the hook or the allocator stopped the current entry */
    char place[256];                   /* "file:line: " where memory ran out, or "" */
    void *owner;                       /* whoever opened it finds itself again in C functions */
} state;

/* An empty state (no library at all).  PM_E_MEMORY. */
PM_MUST_USE pm_status state_open(state *s, size_t limit_bytes, uint64_t limit_instructions,
                                 const atomic_bool *cancel, pm_err *err);
void state_close(state *s);
state *state_of(lua_State *L);

/* Runs f(arg) protected; arg is on the stack as light userdata.  A Lua error becomes a message
 * "file:line: ...; called at file:line" and PM_E_ARG, or PM_E_MEMORY, or PM_E_CANCELED.  `extra` adds to the
 * instruction limit.  The stack is left as it was. */
PM_MUST_USE pm_status state_run(state *s, lua_CFunction f, void *arg, uint64_t extra, pm_err *err);

/* "file:line" of the innermost Lua function at or above `level`, or of nothing: false. */
bool state_where(lua_State *L, int level, char *out, size_t bytes);

#endif
