/* SPDX-License-Identifier: MIT
 *
 * Identity of policies.  Two are the same when what they declare is (all but the doc), when the source lines of
 * their functions are, and when everything that these take from outside (upvalues) is: numbers, texts, tables
 * and further functions, all the way down.
 */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "bind/matrix.h"
#include "bind/sandbox.h"
#include "bind/script_private.h"

#define DEPTH_MAX 24

typedef struct hashing {
    lua_State *L;
    const script *s;
    sha256 *h;
    int seen; /* table: functions and tables that were visited -> their number */
    lua_Integer n_seen;
} hashing;

static void add_text(hashing *g, const char *tag, const char *text, size_t len)
{
    char head[48];
    int n = snprintf(head, sizeof head, "%s %zu:", tag, len);
    sha256_add(g->h, head, (size_t)n);
    sha256_add(g->h, text, len);
}

/* Lines first..last of a loaded file. */
static void add_lines(hashing *g, const char *source, int first, int last)
{
    const modules *m = &g->s->files;
    for (size_t i = 0; source[0] == '@' && i < m->n_sources; i++) {
        if (strcmp(m->source[i].shown, source + 1) != 0) continue;
        const char *p = m->source[i].text, *from = NULL;
        for (int line = 1; p; line++) {
            if (line == first) from = p;
            const char *end = strchr(p, '\n');
            if (line == last && from) {
                add_text(g, "lines", from, end ? (size_t)(end - from) : strlen(from));
                return;
            }
            p = end ? end + 1 : NULL;
        }
    }
    add_text(g, "unknown source", source, strlen(source));
}

static void add_value(hashing *g, int at, int depth);

/* True when it was met before: only its number is added, which also ends cycles. */
static bool was_seen(hashing *g, int at)
{
    lua_State *L = g->L;
    lua_pushvalue(L, at);
    lua_rawget(L, g->seen);
    bool seen = lua_isinteger(L, -1);
    if (seen) {
        char text[32];
        int n = snprintf(text, sizeof text, "%lld", (long long)lua_tointeger(L, -1));
        add_text(g, "again", text, (size_t)n);
    }
    lua_pop(L, 1);
    if (seen) return true;
    lua_pushvalue(L, at);
    lua_pushinteger(L, ++g->n_seen);
    lua_rawset(L, g->seen);
    return false;
}

static void add_function(hashing *g, int at, int depth)
{
    lua_State *L = g->L;
    lua_Debug ar;
    if (was_seen(g, at)) return;
    if (lua_iscfunction(L, at)) {
        add_text(g, "C", "", 0);
        return;
    }
    lua_pushvalue(L, at);
    lua_getinfo(L, ">S", &ar);
    add_lines(g, ar.source, ar.linedefined, ar.lastlinedefined);
    for (int i = 1;; i++) {
        const char *name = lua_getupvalue(L, at, i);
        if (!name) break;
        if (strcmp(name, "_ENV") != 0) {
            add_text(g, "upvalue", name, strlen(name));
            add_value(g, lua_gettop(L), depth + 1);
        }
        lua_pop(L, 1);
    }
}

static void add_table(hashing *g, int at, int depth)
{
    lua_State *L = g->L;
    if (was_seen(g, at)) return;
    if (luaL_getmetafield(L, at, "__newindex") != LUA_TNIL) { /* a sealed library: pm, math ... */
        lua_pop(L, 1);
        add_text(g, "sealed", "", 0);
        return;
    }
    lua_getfield(L, LUA_REGISTRYINDEX, SANDBOX_PAIRS);
    lua_pushvalue(L, at);
    lua_call(L, 1, 1);
    int next = lua_gettop(L);
    for (;;) {
        lua_pushvalue(L, next);
        lua_call(L, 0, 2);
        if (lua_isnil(L, -2)) break;
        add_value(g, next + 1, depth + 1);
        add_value(g, next + 2, depth + 1);
        lua_settop(L, next);
    }
    lua_settop(L, next - 1);
    add_text(g, "end", "", 0);
}

static void add_value(hashing *g, int at, int depth)
{
    lua_State *L = g->L;
    pm_cmat m;
    size_t len;
    char number[64];
    luaL_checkstack(L, 12, NULL);
    if (depth > DEPTH_MAX)
        luaL_error(L, "a policy refers to values nested more than %d deep; pass them as params",
                   DEPTH_MAX);
    switch (lua_type(L, at)) {
    case LUA_TSTRING: {
        const char *text = lua_tolstring(L, at, &len);
        add_text(g, "text", text, len);
        break;
    }
    case LUA_TNUMBER:
        if (lua_isinteger(L, at))
            len = (size_t)snprintf(number, sizeof number, "%lld", (long long)lua_tointeger(L, at));
        else
            len = (size_t)snprintf(number, sizeof number, "%a", lua_tonumber(L, at));
        add_text(g, "number", number, len);
        break;
    case LUA_TBOOLEAN:
        add_text(g, lua_toboolean(L, at) ? "true" : "false", "", 0);
        break;
    case LUA_TFUNCTION:
        add_function(g, at, depth);
        break;
    case LUA_TTABLE:
        add_table(g, at, depth);
        break;
    default:
        if (!matrix_view(L, at, &m)) {
            add_text(g, luaL_typename(L, at), "", 0);
            break;
        }
        for (size_t i = 0; i < m.rows; i++)
            add_text(g, "row", (const char *)(const void *)pm_crow(m, i), m.cols * sizeof(float));
    }
}

/* A declared value; fields are sorted already. */
static void add_declared(hashing *g, const node *v)
{
    char number[64];
    size_t len;
    switch (v->kind) {
    case NODE_TEXT:
        add_text(g, "text", v->text, strlen(v->text));
        break;
    case NODE_NUMBER: /* 1 and 1.0 differ: a parameter is a whole number or not */
        len = (size_t)(v->is_whole ? snprintf(number, sizeof number, "%lld", (long long)v->whole)
                                   : snprintf(number, sizeof number, "%a", v->number));
        add_text(g, "number", number, len);
        break;
    case NODE_FLAG:
        add_text(g, v->flag ? "true" : "false", "", 0);
        break;
    case NODE_TABLE:
        for (size_t i = 0; i < v->n_items; i++) add_declared(g, &v->item[i]);
        for (size_t i = 0; i < v->n_fields; i++) {
            add_text(g, "field", v->field[i].key, strlen(v->field[i].key));
            add_declared(g, &v->field[i]);
        }
        add_text(g, "end", "", 0);
        break;
    case NODE_FUNCTION:
        lua_rawgeti(g->L, LUA_REGISTRYINDEX, v->function);
        add_value(g, lua_gettop(g->L), 0);
        lua_pop(g->L, 1);
        break;
    }
}

void policy_hash(lua_State *L, const script *s, const node *v, char hex[65])
{
    sha256 h;
    sha256_init(&h);
    lua_newtable(L);
    hashing g = {L, s, &h, lua_gettop(L), 0};
    add_text(&g, "noun", v->noun, strlen(v->noun));
    for (size_t i = 0; i < v->n_fields; i++) {
        const node *f = &v->field[i];
        if (strcmp(f->key, "doc") == 0 || strcmp(f->key, "name") == 0) continue;
        add_text(&g, "slot", f->key, strlen(f->key));
        add_declared(&g, f);
    }
    lua_pop(L, 1);
    sha256_hex(&h, hex);
}
