/* SPDX-License-Identifier: MIT
 *
 * Rules are a metatable: "known" maps names that the table may lack to true (nil), to a reason (refused) or to
 * { field } (an alias).  Only names that a table does not hold come here, so that the rest costs nothing.
 */
#include "bind/strict.h"

#include <lauxlib.h>

#include "base/str.h"

#define NAMES_MAX 256

static size_t add_names(lua_State *L, int at, const char **name, size_t n)
{
    lua_pushnil(L);
    while (lua_next(L, at)) {
        if (n < NAMES_MAX && lua_type(L, -2) == LUA_TSTRING) name[n++] = lua_tostring(L, -2);
        lua_pop(L, 1);
    }
    return n;
}

/* __index: upvalues what, help, known. */
static int look_up(lua_State *L)
{
    const char *what = lua_tostring(L, lua_upvalueindex(1));
    const char *help = lua_tostring(L, lua_upvalueindex(2));
    const char *known[NAMES_MAX];
    int rules = lua_upvalueindex(3);
    if (lua_type(L, 2) != LUA_TSTRING)
        return luaL_error(L, "%s has no field of type %s; want a name", what, luaL_typename(L, 2));
    const char *name = lua_tostring(L, 2);
    lua_pushvalue(L, 2);
    switch (lua_rawget(L, rules)) {
    case LUA_TBOOLEAN:
        lua_pushnil(L);
        return 1;
    case LUA_TSTRING:
        return luaL_error(L, "%s.%s: %s", what, name, lua_tostring(L, -1));
    case LUA_TTABLE:
        lua_rawgeti(L, -1, 1);
        lua_rawget(L, 1);
        return 1;
    default:
        break;
    }
    size_t n = add_names(L, 1, known, 0);
    const char *near = str_suggest(name, known, add_names(L, rules, known, n));
    if (near) return luaL_error(L, "%s has no '%s'; did you mean '%s'?", what, name, near);
    return luaL_error(L, "%s has no '%s'%s", what, name, help);
}

void strict_rules(lua_State *L, const char *what, const char *help)
{
    luaL_checkstack(L, 10, NULL);
    lua_createtable(L, 0, 2);
    lua_pushstring(L, what);
    lua_pushstring(L, help);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, -5, "known");
    lua_pushcclosure(L, look_up, 3);
    lua_setfield(L, -2, "__index");
}

/* The value on top becomes known[name] of the rules below it. */
static void note(lua_State *L, const char *name)
{
    lua_getfield(L, -2, "known");
    lua_insert(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

void strict_optional(lua_State *L, const char *name)
{
    lua_pushboolean(L, 1);
    note(L, name);
}

void strict_refuse(lua_State *L, const char *name, const char *why)
{
    lua_pushstring(L, why);
    note(L, name);
}

void strict_alias(lua_State *L, const char *name, const char *field)
{
    lua_createtable(L, 1, 0);
    lua_pushstring(L, field);
    lua_rawseti(L, -2, 1);
    note(L, name);
}

void strict_seal(lua_State *L)
{
    lua_setmetatable(L, -2);
}
