/* SPDX-License-Identifier: MIT
 *
 * Writing sorts keys and prints numbers with 17 digits; reading makes read-only views of fresh tables.  All
 * memory is the arena's: Lua errors may leave at any point.
 */
#include "bind/policy_state.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "bind/matrix.h"
#include "bind/sandbox.h"

#define DEPTH_MAX 32

typedef struct writer {
    lua_State *L;
    arena *a;
    const char *who; /* "file:line: train" */
    char *at;
    size_t len, room;
    pm_cmat *matrix;
    size_t n_matrices, matrix_room;
} writer;

static void *more(writer *w, void *old, size_t *room, size_t need, size_t bytes)
{
    size_t wanted = *room ? *room : 16;
    while (wanted < need) wanted *= 2;
    void *fresh = arena_alloc(w->a, wanted, bytes);
    if (!fresh) luaL_error(w->L, "no memory for the state");
    if (old) memcpy(fresh, old, *room * bytes);
    *room = wanted;
    return fresh;
}

static void put(writer *w, const char *text, size_t len)
{
    if (w->len + len + 1 > w->room) w->at = more(w, w->at, &w->room, w->len + len + 1, 1);
    memcpy(w->at + w->len, text, len);
    w->len += len;
    w->at[w->len] = '\0';
}

static void puts_(writer *w, const char *text)
{
    put(w, text, strlen(text));
}

static void put_text(writer *w, const char *text, size_t len)
{
    size_t bad;
    if (!utf8_valid(text, len, &bad))
        luaL_error(w->L, "%s: the state holds a text that is not UTF-8", w->who);
    puts_(w, "\"");
    for (size_t i = 0; i < len; i++) {
        unsigned char ch = (unsigned char)text[i];
        char escaped[8];
        if (ch == 0) luaL_error(w->L, "%s: the state holds a text with a NUL byte", w->who);
        if (ch == '"' || ch == '\\')
            put(w, ch == '"' ? "\\\"" : "\\\\", 2);
        else if (ch < 0x20)
            put(w, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", ch));
        else
            put(w, text + i, 1);
    }
    puts_(w, "\"");
}

static void put_number(writer *w, int at)
{
    char text[40];
    double v = lua_tonumber(w->L, at);
    if (isnan(v))
        puts_(w, "{\"#\":\"nan\"}");
    else if (isinf(v))
        puts_(w, v > 0 ? "{\"#\":\"inf\"}" : "{\"#\":\"-inf\"}");
    else
        put(w, text, (size_t)snprintf(text, sizeof text, "%.17g", v));
}

static void put_value(writer *w, int at, int depth);

static void put_list(writer *w, int at, size_t n, int depth)
{
    puts_(w, "[");
    for (size_t i = 1; i <= n; i++) {
        if (i > 1) puts_(w, ",");
        lua_rawgeti(w->L, at, (lua_Integer)i);
        put_value(w, lua_gettop(w->L), depth + 1);
        lua_pop(w->L, 1);
    }
    puts_(w, "]");
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_record(writer *w, int at, size_t n, int depth)
{
    lua_State *L = w->L;
    const char **key = arena_alloc(w->a, n, sizeof *key);
    size_t k = 0;
    if (!key) luaL_error(L, "no memory for the state");
    lua_pushnil(L);
    while (lua_next(L, at)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(
                L, "%s: a table of the state mixes names and other keys; want a list or a record",
                w->who);
        key[k++] = lua_tostring(L, -1);
    }
    qsort(key, n, sizeof *key, by_text);
    puts_(w, "{");
    for (size_t i = 0; i < n; i++) {
        if (key[i][0] == '#')
            luaL_error(L, "%s: names in the state do not begin with '#', found '%s'", w->who,
                       key[i]);
        if (i) puts_(w, ",");
        put_text(w, key[i], strlen(key[i]));
        puts_(w, ":");
        lua_getfield(L, at, key[i]);
        put_value(w, lua_gettop(L), depth + 1);
        lua_pop(L, 1);
    }
    puts_(w, "}");
}

static void put_table(writer *w, int at, int depth)
{
    lua_State *L = w->L;
    size_t n = 0, items = 0;
    if (depth > DEPTH_MAX)
        luaL_error(L, "%s: the state is nested more than %d deep, or contains itself", w->who,
                   DEPTH_MAX);
    lua_pushnil(L);
    while (lua_next(L, at)) {
        lua_pop(L, 1);
        n++;
    }
    while (items < n && lua_rawgeti(L, at, (lua_Integer)items + 1) != LUA_TNIL) {
        items++;
        lua_pop(L, 1);
    }
    if (items < n) lua_pop(L, 1);
    if (items == n)
        put_list(w, at, n, depth);
    else
        put_record(w, at, n, depth);
}

static void put_value(writer *w, int at, int depth)
{
    lua_State *L = w->L;
    size_t len;
    char text[32];
    luaL_checkstack(L, 8, NULL);
    switch (lua_type(L, at)) {
    case LUA_TBOOLEAN:
        puts_(w, lua_toboolean(L, at) ? "true" : "false");
        return;
    case LUA_TNUMBER:
        put_number(w, at);
        return;
    case LUA_TSTRING: {
        const char *s = lua_tolstring(L, at, &len);
        put_text(w, s, len);
        return;
    }
    case LUA_TTABLE:
        put_table(w, at, depth);
        return;
    default:
        break;
    }
    pm_cmat m;
    if (!matrix_view(L, at, &m))
        luaL_error(
            L, "%s: the state holds a %s; want numbers, texts, true, false, tables and matrices",
            w->who, luaL_typename(L, at));
    if (w->n_matrices == w->matrix_room)
        w->matrix = more(w, w->matrix, &w->matrix_room, w->n_matrices + 1, sizeof *w->matrix);
    w->matrix[w->n_matrices++] = m;
    put(w, text, (size_t)snprintf(text, sizeof text, "{\"#\":%zu}", w->n_matrices));
}

void policy_state_write(lua_State *L, int at, arena *a, const char *who, policy_state *out)
{
    writer w = {.L = L, .a = a, .who = who};
    at = lua_absindex(L, at);
    if (lua_type(L, at) != LUA_TTABLE)
        luaL_error(L, "train returned %s; want a table (the state)", luaL_typename(L, at));
    put_value(&w, at, 0);
    *out = (policy_state){w.at, w.len, w.matrix, w.n_matrices};
}

/* ---- reading ---- */

typedef struct reader {
    lua_State *L;
    const policy_state *in;
} reader;

static void push_value(reader *r, const json *v);

static int refuse_write(lua_State *L)
{
    return luaL_error(L, "the state is read-only in predict: what was trained is what is measured");
}

static int view_len(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, lua_upvalueindex(1)));
    return 1;
}

static int view_pairs(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, SANDBOX_PAIRS);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_call(L, 1, 3);
    return 3;
}

/* The table on the stack becomes a read-only view. */
static void freeze(lua_State *L)
{
    lua_newtable(L);
    lua_createtable(L, 0, 4);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, refuse_write);
    lua_setfield(L, -2, "__newindex");
    lua_pushvalue(L, -3);
    lua_pushcclosure(L, view_len, 1);
    lua_setfield(L, -2, "__len");
    lua_pushvalue(L, -3);
    lua_pushcclosure(L, view_pairs, 1);
    lua_setfield(L, -2, "__pairs");
    lua_setmetatable(L, -2);
    lua_replace(L, -2);
}

static void push_special(reader *r, const json *v)
{
    if (v->kind == JSON_NUMBER && v->number >= 1 && v->number <= (double)r->in->n_matrices)
        matrix_push_copy(r->L, r->in->matrix[(size_t)v->number - 1], true);
    else if (v->kind == JSON_STRING && strcmp(v->text, "nan") == 0)
        lua_pushnumber(r->L, (lua_Number)NAN);
    else if (v->kind == JSON_STRING &&
             (strcmp(v->text, "inf") == 0 || strcmp(v->text, "-inf") == 0))
        lua_pushnumber(r->L, v->text[0] == '-' ? -(lua_Number)INFINITY : (lua_Number)INFINITY);
    else
        luaL_error(r->L, "the saved state is damaged: unknown mark");
}

static void push_number(lua_State *L, double v)
{
    if (v == floor(v) && fabs(v) < 9007199254740992.0 && !(v == 0 && signbit(v)))
        lua_pushinteger(L, (lua_Integer)v);
    else
        lua_pushnumber(L, v);
}

static void push_table(reader *r, const json *v)
{
    lua_State *L = r->L;
    lua_Integer i = 0;
    if (v->kind == JSON_OBJECT && v->n == 1 && strcmp(v->child->key, "#") == 0) {
        push_special(r, v->child);
        return;
    }
    lua_newtable(L);
    for (const json *c = v->child; c; c = c->next) {
        push_value(r, c);
        if (v->kind == JSON_ARRAY)
            lua_rawseti(L, -2, ++i);
        else
            lua_setfield(L, -2, c->key);
    }
    freeze(L);
}

static void push_value(reader *r, const json *v)
{
    luaL_checkstack(r->L, 10, NULL);
    switch (v->kind) {
    case JSON_BOOL:
        lua_pushboolean(r->L, v->number != 0);
        break;
    case JSON_NUMBER:
        push_number(r->L, v->number);
        break;
    case JSON_STRING:
        lua_pushstring(r->L, v->text);
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        push_table(r, v);
        break;
    default:
        luaL_error(r->L, "the saved state is damaged: null");
    }
}

void policy_state_push(lua_State *L, const policy_state *in, arena *a)
{
    const json *j = NULL;
    pm_err err = PM_ERR_INIT;
    if (json_parse(in->text, in->len, a, &j, &err) != PM_OK)
        luaL_error(L, "the state does not read back: %s", err_text(&err));
    reader r = {L, in};
    push_value(&r, j);
}
