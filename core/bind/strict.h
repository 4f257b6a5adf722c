/* SPDX-License-Identifier: MIT
 *
 * Tables that the functions of policies see and that refuse names which they do not have: a misspelt field
 * is an error at the script's line, never nil.
 */
#ifndef PM_BIND_STRICT_H
#define PM_BIND_STRICT_H

#include <lua.h>

/* Pushes the rules of a table that messages call `what` ("cell", "cell.terms"); `help` ends what is said about
 * an unknown name ("": nothing).  The next three add to the rules on top of the stack. */
void strict_rules(lua_State *L, const char *what, const char *help);
void strict_optional(lua_State *L, const char *name);                 /* nil when it is missing */
void strict_refuse(lua_State *L, const char *name, const char *why);  /* "WHAT.NAME: WHY" */
void strict_alias(lua_State *L, const char *name, const char *field); /* another name of a field */
/* Takes the rules off the stack and lays them on the table below them. */
void strict_seal(lua_State *L);

#endif
