/* SPDX-License-Identifier: MIT
 *
 * Constructors: pm.router "knn" { k = 5 } gives a plain table that remembers which noun it is, its name and
 * the line where it was written.  What the table holds is judged later, by the builders.
 */
#ifndef PM_BIND_NOUNS_H
#define PM_BIND_NOUNS_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

typedef struct noun_mark {   /* texts live as long as the table */
    const char *noun, *name; /* name: NULL when none was given */
    const char *where;       /* "file:line", "file", or "" (a tail call hid it) */
    bool is_partial;         /* pm.router "knn" without its { } */
} noun_mark;

/* All nouns, NULL-terminated. */
const char *const *noun_names(void);

/* Prepares the state.  Call it protected. */
void nouns_open(lua_State *L);

/* Pushes the constructor of a noun. */
void noun_push_constructor(lua_State *L, const char *noun);

/* What the table at `at` was made by; false for a plain value. */
bool noun_of(lua_State *L, int at, noun_mark *out);

/* Gives the marked table at `at` a place if it has none yet. */
void noun_place(lua_State *L, int at, const char *where);

/* Renames the marked table at `at`: --set routers[1]=prior. */
void noun_rename(lua_State *L, int at, const char *name);

/* Pushes the list of all policies (router_fn, objective_fn, constraint_fn) in order of construction. */
void noun_push_policies(lua_State *L);

#endif
