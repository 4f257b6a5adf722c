/* SPDX-License-Identifier: MIT
 *
 * The environment of scripts.  pairs() visits keys in sorted order and tostring() shows no addresses: sums,
 * texts and hashes that a script makes do not depend on the run.
 */
#include "bind/sandbox.h"

#include <lualib.h>
#include <string.h>

#include "base/str.h"

#define ENV_KEY      "pm.environment"
#define ENV_REAL_KEY "pm.environment.real"

typedef struct forbidden {
    const char *name, *why;
} forbidden;

static const char *why_not(const char *name)
{
    static const forbidden rows[] = {
        {"io", "scripts read no files; pm.dataset and pm.load name them"},
        {"os",
         "a script gives the same result on every machine and every day, so it sees no clock, no "
         "environment and no programs"},
        {"load", "code comes from files; use pm.load \"path.lua\""},
        {"loadstring", "code comes from files; use pm.load \"path.lua\""},
        {"loadfile", "use pm.load \"path.lua\""},
        {"dofile", "use pm.load \"path.lua\""},
        {"package",
         "require finds 'pointsman' only; use pm.load \"path.lua\" for files of your own"},
        {"print", "use pm.log(text)"},
        {"pcall", "a mistake stops the script, so that it cannot be overlooked"},
        {"xpcall", "a mistake stops the script, so that it cannot be overlooked"},
        {"coroutine", "scripts run from top to bottom"},
        {"debug", "scripts do not look inside the interpreter"},
        {"collectgarbage", "memory is the host's"},
        {"setmetatable", "tables are plain data"},
        {"getmetatable", "tables are plain data"},
        {"rawget", "tables are plain data"},
        {"rawset", "tables are plain data"},
        {"rawlen", "tables are plain data"},
        {"rawequal", "tables are plain data"},
        {"next", "its order differs from run to run; use pairs, which visits keys in sorted order"},
        {"_G", "there are no globals to share; use locals"},
        {"math.random", "another result every run; in a policy use pm.uniform(stream, i)"},
        {"math.randomseed", "another result every run; in a policy use pm.uniform(stream, i)"},
        {"string.dump", "functions are not data"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, name) == 0) return rows[i].why;
    return NULL;
}

#define NAMES_MAX 256

/* The nearest string key of the table at `at`. */
static const char *nearest(lua_State *L, int at, const char *name)
{
    const char *known[NAMES_MAX];
    size_t n = 0;
    lua_pushnil(L);
    while (lua_next(L, at)) {
        if (n < NAMES_MAX && lua_type(L, -2) == LUA_TSTRING) known[n++] = lua_tostring(L, -2);
        lua_pop(L, 1);
    }
    return str_suggest(name, known, n);
}

/* __index of the real table below a sealed view: upvalue 1 is what messages call it, "" for globals. */
static int unknown_name(lua_State *L)
{
    const char *table = lua_tostring(L, lua_upvalueindex(1));
    if (lua_type(L, 2) != LUA_TSTRING)
        return luaL_error(L, "%s has no field of type %s", *table ? table : "the environment",
                          luaL_typename(L, 2));
    const char *name = lua_tostring(L, 2);
    const char *full = *table ? lua_pushfstring(L, "%s.%s", table, name) : name;
    const char *why = why_not(full);
    if (why) return luaL_error(L, "'%s' is not available: %s", full, why);
    const char *near = nearest(L, 1, name);
    if (*table)
        return luaL_error(L, near ? "%s has no '%s'; did you mean '%s'?" : "%s has no '%s'", table,
                          name, near);
    if (near) return luaL_error(L, "undefined global '%s'; did you mean '%s'?", name, near);
    return luaL_error(L, "undefined global '%s'; a text wants quotes, a variable `local %s = ...`",
                      name, name);
}

static int refuse_assignment(lua_State *L)
{
    const char *table = lua_tostring(L, lua_upvalueindex(1));
    const char *name = luaL_tolstring(L, 2, NULL);
    if (*table)
        return luaL_error(L, "%s.%s cannot be assigned: %s is read-only", table, name, table);
    return luaL_error(L, "global '%s' cannot be assigned; write `local %s = ...`", name, name);
}

void sandbox_seal(lua_State *L, const char *name)
{
    lua_createtable(L, 0, 1); /* metatable of the real table */
    lua_pushstring(L, name);
    lua_pushcclosure(L, unknown_name, 1);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_createtable(L, 0, 0);
    lua_createtable(L, 0, 3);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, name);
    lua_pushcclosure(L, refuse_assignment, 1);
    lua_setfield(L, -2, "__newindex");
    lua_setmetatable(L, -2);
    lua_replace(L, -2);
}

/* ---- functions that differ from Lua's own ---- */

static int key_less(lua_State *L)
{
    int a = lua_type(L, 1), b = lua_type(L, 2);
    if (a != b)
        lua_pushboolean(L, a == LUA_TNUMBER || (a == LUA_TBOOLEAN && b == LUA_TSTRING));
    else if (a == LUA_TBOOLEAN)
        lua_pushboolean(L, lua_toboolean(L, 1) < lua_toboolean(L, 2));
    else
        lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
    return 1;
}

static int next_sorted(lua_State *L)
{
    for (;;) { /* keys that the loop removed are passed over */
        lua_Integer i = lua_tointeger(L, lua_upvalueindex(2)) + 1;
        lua_pushinteger(L, i);
        lua_replace(L, lua_upvalueindex(2));
        if (lua_rawgeti(L, lua_upvalueindex(1), i) == LUA_TNIL) return 1;
        lua_pushvalue(L, -1);
        if (lua_rawget(L, lua_upvalueindex(3)) != LUA_TNIL) return 2;
        lua_pop(L, 2);
    }
}

/* pairs(t) with keys in order: numbers, then texts.  Upvalue 1 is table.sort. */
static int sorted_pairs(lua_State *L)
{
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 3);
        return 3;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_newtable(L);
    lua_Integer n = 0;
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        lua_pop(L, 1);
        int type = lua_type(L, -1);
        if (type != LUA_TNUMBER && type != LUA_TSTRING && type != LUA_TBOOLEAN)
            return luaL_error(L, "pairs: a key is a %s; want numbers or texts",
                              luaL_typename(L, -1));
        lua_pushvalue(L, -1);
        lua_rawseti(L, 2, ++n);
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, 2);
    lua_pushcfunction(L, key_less);
    lua_call(L, 2, 0);
    lua_pushinteger(L, 0);
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, next_sorted, 3);
    return 1;
}

static int plain_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    int type = lua_type(L, 1);
    bool has_address = type == LUA_TTABLE || type == LUA_TFUNCTION || type == LUA_TUSERDATA ||
                       type == LUA_TLIGHTUSERDATA;
    if (has_address && luaL_getmetafield(L, 1, "__tostring") == LUA_TNIL)
        lua_pushstring(L, luaL_typename(L, 1));
    else
        luaL_tolstring(L, 1, NULL);
    return 1;
}

/* string.format without addresses.  Upvalue 1 is Lua's own. */
static int plain_format(lua_State *L)
{
    const char *format = luaL_checkstring(L, 1);
    for (const char *p = format; (p = strchr(p, '%')) != NULL; p++) {
        if (p[1] == '%') {
            p++;
            continue;
        }
        const char *end = p + 1 + strspn(p + 1, "-+ #0123456789.");
        if (*end == 'p') return luaL_error(L, "string.format: %%p shows an address; want a value");
    }
    for (int i = 2; i <= lua_gettop(L); i++) {
        int type = lua_type(L, i);
        if (type == LUA_TTABLE || type == LUA_TFUNCTION)
            return luaL_error(L, "string.format: argument %d is a %s; want a text or a number", i,
                              luaL_typename(L, i));
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

/* ---- putting it together ---- */

/* Copies the named globals of the full base library into the table at -1. */
static void copy_base(lua_State *L)
{
    static const char *const names[] = {"ipairs",   "assert", "error", "type",
                                        "tonumber", "select", NULL};
    for (size_t i = 0; names[i]; i++) {
        lua_getglobal(L, names[i]);
        lua_setfield(L, -2, names[i]);
    }
}

static void drop(lua_State *L, const char *name)
{
    lua_pushnil(L);
    lua_setfield(L, -2, name);
}

void sandbox_open(lua_State *L)
{
    luaL_requiref(L, LUA_GNAME, luaopen_base, 1);
    lua_newtable(L);
    copy_base(L);
    lua_pushcfunction(L, plain_tostring);
    lua_setfield(L, -2, "tostring");

    luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 0);
    lua_getfield(L, -1, "sort");
    lua_pushcclosure(L, sorted_pairs, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, SANDBOX_PAIRS);
    lua_setfield(L, -3, "pairs");
    sandbox_seal(L, "table");
    lua_setfield(L, -2, "table");

    luaL_requiref(L, LUA_MATHLIBNAME, luaopen_math, 0);
    drop(L, "random");
    drop(L, "randomseed");
    sandbox_seal(L, "math");
    lua_setfield(L, -2, "math");

    luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 0);
    drop(L, "dump");
    lua_getfield(L, -1, "format");
    lua_pushcclosure(L, plain_format, 1);
    lua_setfield(L, -2, "format");
    sandbox_seal(L, "string");
    lua_setfield(L, -2, "string");

    luaL_requiref(L, LUA_UTF8LIBNAME, luaopen_utf8, 0);
    sandbox_seal(L, "utf8");
    lua_setfield(L, -2, "utf8");

    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, ENV_REAL_KEY);
    sandbox_seal(L, "");
    lua_setfield(L, LUA_REGISTRYINDEX, ENV_KEY);
    lua_pop(L, 1); /* the base library, which scripts never see */
}

void sandbox_push(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, ENV_KEY);
}

void sandbox_add(lua_State *L, const char *name)
{
    lua_getfield(L, LUA_REGISTRYINDEX, ENV_REAL_KEY);
    lua_insert(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}
