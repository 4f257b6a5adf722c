/* SPDX-License-Identifier: MIT
 *
 * --set PATH=VALUE: a value written into the script's table before it is read.
 */
#ifndef PM_BIND_OVERRIDES_H
#define PM_BIND_OVERRIDES_H

#include <lua.h>

#include "bind/complaints.h"
#include "bind/script.h"

/* Writes one value into the table at `at`; routers[1].k, split.seed, data.  A path that leads nowhere is a
 * complaint with a suggestion.  Call it protected. */
void override_apply(lua_State *L, int at, const script_set *set, complaints *c);

#endif
