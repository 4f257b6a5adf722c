/* SPDX-License-Identifier: MIT
 *
 * Marks are kept beside the tables (weak keys), so that a script's tables hold what the script wrote and
 * nothing else.
 */
#include "bind/nouns.h"

#include <stdio.h>
#include <string.h>

#include "bind/state.h"

#define MARKS    "pm.marks"
#define PARTIAL  "pm.partial"
#define POLICY   "pm.policy"
#define POLICIES "pm.policies"

const char *const *noun_names(void)
{
    static const char *const names[] = {"experiment",   "ablation",      "dataset", "corpus",
                                        "embedder",     "backend",       "split",   "library",
                                        "expert",       "mix",           "router",  "constraint",
                                        "objective",    "grid",          "sweep",   "router_fn",
                                        "objective_fn", "constraint_fn", NULL};
    return names;
}

static bool is_policy(const char *noun)
{
    size_t n = strlen(noun);
    return n > 3 && strcmp(noun + n - 3, "_fn") == 0;
}

/* The line of the caller; after a tail call only that of a Lua function further up is known, and the loader
 * adds the file's name to what a file returns. */
static const char *place(lua_State *L)
{
    lua_Debug ar;
    if (!lua_getstack(L, 1, &ar)) return "";
    lua_getinfo(L, "Sl", &ar);
    if (ar.currentline <= 0) return "";
    return lua_pushfstring(L, "%s:%d", ar.source[0] == '@' ? ar.source + 1 : ar.short_src,
                           ar.currentline);
}

/* Marks the table at -1. */
static void mark(lua_State *L, const char *noun, const char *name, const char *where, bool partial)
{
    luaL_checkstack(L, 6, NULL);
    lua_getfield(L, LUA_REGISTRYINDEX, MARKS);
    lua_pushvalue(L, -2);
    lua_createtable(L, 0, 4);
    lua_pushstring(L, noun);
    lua_setfield(L, -2, "noun");
    if (name) {
        lua_pushstring(L, name);
        lua_setfield(L, -2, "name");
    }
    lua_pushstring(L, where);
    lua_setfield(L, -2, "where");
    lua_pushboolean(L, partial);
    lua_setfield(L, -2, "partial");
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

static void copy_table(lua_State *L, int from)
{
    lua_newtable(L);
    lua_pushnil(L);
    while (lua_next(L, from)) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -4);
    }
}

/* A fresh table, so that a table used twice does not become two nouns at once. */
static int make(lua_State *L, const char *noun, const char *name, int from)
{
    const char *where = place(L);
    copy_table(L, from);
    mark(L, noun, name, where, false);
    if (is_policy(noun)) {
        lua_getfield(L, LUA_REGISTRYINDEX, POLICIES);
        lua_pushvalue(L, -2);
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
        lua_pop(L, 1);
        luaL_setmetatable(L, POLICY);
    }
    return 1;
}

/* pm.noun "name" { ... }: the second call. */
static int complete(lua_State *L)
{
    noun_mark m;
    if (!noun_of(L, 1, &m)) return luaL_error(L, "not a constructor's value");
    if (lua_gettop(L) != 2 || lua_type(L, 2) != LUA_TTABLE)
        return luaL_error(L, "pm.%s \"%s\" is followed by %s; want { ... }", m.noun, m.name,
                          luaL_typename(L, 2));
    return make(L, m.noun, m.name, 2);
}

/* mine { k = 3 }, where mine is pm.router_fn { ... }: the router of that name with these parameters. */
static int use_policy(lua_State *L)
{
    noun_mark m;
    char noun[32];
    if (!noun_of(L, 1, &m)) return luaL_error(L, "not a constructor's value");
    if (lua_gettop(L) != 2 || lua_type(L, 2) != LUA_TTABLE)
        return luaL_error(L, "a %s is followed by %s; want { parameter = value, ... }", m.noun,
                          luaL_typename(L, 2));
    if (!m.name) {
        lua_getfield(L, 1, "name");
        if (lua_type(L, -1) != LUA_TSTRING) return luaL_error(L, "this %s has no name", m.noun);
        m.name = lua_tostring(L, -1);
    }
    snprintf(noun, sizeof noun, "%.*s", (int)strlen(m.noun) - 3, m.noun); /* without _fn */
    return make(L, noun, m.name, 2);
}

static int construct(lua_State *L)
{
    const char *noun = lua_tostring(L, lua_upvalueindex(1));
    if (lua_gettop(L) == 1 && lua_type(L, 1) == LUA_TTABLE) return make(L, noun, NULL, 1);
    if (lua_gettop(L) == 1 && lua_type(L, 1) == LUA_TSTRING) {
        const char *where = place(L);
        lua_newtable(L);
        mark(L, noun, lua_tostring(L, 1), where, true);
        luaL_setmetatable(L, PARTIAL);
        return 1;
    }
    return luaL_error(L, "pm.%s is given %s; write pm.%s { ... } or pm.%s \"name\" { ... }", noun,
                      lua_gettop(L) == 0  ? "nothing"
                      : lua_gettop(L) > 1 ? "several values"
                                          : luaL_typename(L, 1),
                      noun, noun);
}

void nouns_open(lua_State *L)
{
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, MARKS);
    lua_newtable(L);
    lua_setfield(L, LUA_REGISTRYINDEX, POLICIES);
    luaL_newmetatable(L, PARTIAL);
    lua_pushcfunction(L, complete);
    lua_setfield(L, -2, "__call");
    luaL_newmetatable(L, POLICY);
    lua_pushcfunction(L, use_policy);
    lua_setfield(L, -2, "__call");
    lua_pop(L, 2);
}

void noun_push_constructor(lua_State *L, const char *noun)
{
    lua_pushstring(L, noun);
    lua_pushcclosure(L, construct, 1);
}

static const char *field(lua_State *L, const char *name)
{
    lua_getfield(L, -1, name);
    const char *text = lua_tostring(L, -1); /* anchored by the mark's table */
    lua_pop(L, 1);
    return text;
}

/* Pushes the mark's table of the value at `at`, or nothing. */
static bool push_mark(lua_State *L, int at)
{
    if (lua_type(L, at) != LUA_TTABLE) return false;
    at = lua_absindex(L, at);
    luaL_checkstack(L, 4, NULL);
    lua_getfield(L, LUA_REGISTRYINDEX, MARKS);
    lua_pushvalue(L, at);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    if (lua_istable(L, -1)) return true;
    lua_pop(L, 1);
    return false;
}

bool noun_of(lua_State *L, int at, noun_mark *out)
{
    if (!push_mark(L, at)) return false;
    out->noun = field(L, "noun");
    out->name = field(L, "name");
    out->where = field(L, "where");
    lua_getfield(L, -1, "partial");
    out->is_partial = lua_toboolean(L, -1);
    lua_pop(L, 2);
    return true;
}

static void set_field(lua_State *L, int at, const char *name, const char *text)
{
    if (!push_mark(L, at)) return;
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

void noun_place(lua_State *L, int at, const char *where)
{
    noun_mark m;
    if (noun_of(L, at, &m) && !m.where[0]) set_field(L, at, "where", where);
}

void noun_rename(lua_State *L, int at, const char *name)
{
    set_field(L, at, "name", name);
}

void noun_push_policies(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, POLICIES);
}
