/* SPDX-License-Identifier: MIT
 *
 * The one place where Lua values are read.  Tables may be deep, cyclic, huge or oddly keyed; all of that
 * ends here as a message.
 */
#include "bind/node.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bind/nouns.h"

#define DEPTH_MAX 16
#define NODES_MAX 200000
#define TEXT_MAX  65536
#define SETS      "pm.sets"

typedef struct reader {
    lua_State *L;
    complaints *c;
    size_t n_nodes;
    const void *above[DEPTH_MAX];
    int depth;
    bool is_full; /* the count was passed: said once */
} reader;

static void read_value(reader *r, int at, const char *where, const char *path, node *out);

static void read_text(reader *r, int at, const char *path, node *out)
{
    size_t len, bad;
    const char *text = lua_tolstring(r->L, at, &len);
    out->kind = NODE_TEXT;
    out->text = "";
    if (len > TEXT_MAX)
        complain(r->c, out->where, "%s is a text of %zu bytes; want at most %d", path, len,
                 TEXT_MAX);
    else if (!utf8_valid(text, len, &bad))
        complain(r->c, out->where, "%s is not UTF-8 (byte %zu)", path, bad + 1);
    else if (strlen(text) != len)
        complain(r->c, out->where, "%s holds a NUL byte", path);
    else
        out->text = arena_strndup(r->c->a, text, len);
    if (!out->text) out->text = "";
}

static void read_number(reader *r, int at, node *out)
{
    int exact = 0;
    out->kind = NODE_NUMBER;
    out->number = lua_tonumber(r->L, at);
    lua_Integer whole = lua_tointegerx(r->L, at, &exact);
    out->is_whole = exact;
    out->whole = exact ? whole : 0;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const node *)a)->key, ((const node *)b)->key);
}

static const char *child_path(reader *r, const char *path, const char *key)
{
    return *path ? bind_text(r->c->a, "%s.%s", path, key) : key;
}

/* Where a field's mistakes are: its table's line, or the --set that wrote it. */
static const char *place_of(reader *r, int at, const char *key, const char *where)
{
    lua_State *L = r->L;
    lua_getfield(L, LUA_REGISTRYINDEX, SETS);
    if (lua_istable(L, -1)) {
        lua_pushvalue(L, at);
        lua_rawget(L, -2);
        if (lua_istable(L, -1)) {
            lua_getfield(L, -1, key);
            if (lua_isstring(L, -1)) where = arena_strdup(r->c->a, lua_tostring(L, -1));
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return where ? where : "--set";
}

/* Odd keys are told in an order that does not depend on the table's. */
static void refuse_keys(reader *r, const char *path, const node *t, lua_Integer stray,
                        unsigned types)
{
    const char *what = *path ? path : "this table";
    if (types & 1u)
        complain(r->c, t->where, "%s[%lld] stands alone; a list has items 1, 2, 3 ... without gaps",
                 what, (long long)stray);
    for (int type = 0; type < LUA_NUMTYPES; type++)
        if (types & (2u << type))
            complain(r->c, t->where, "%s has a key that is a %s; want names or 1, 2, 3 ...", what,
                     type == LUA_TNUMBER ? "fraction" : lua_typename(r->L, type));
}

/* Counts text keys; complains about keys that are neither that nor 1..n_items. */
static size_t count_fields(reader *r, int at, size_t n_items, const char *path, const node *t)
{
    lua_State *L = r->L;
    size_t n = 0;
    unsigned types = 0; /* 1: a stray index; 2 << type: a key of that type */
    lua_Integer stray = LUA_MAXINTEGER;
    lua_pushnil(L);
    while (lua_next(L, at)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TSTRING) {
            n++;
        } else if (!lua_isinteger(L, -1)) {
            types |= 2u << lua_type(L, -1);
        } else {
            lua_Integer i = lua_tointeger(L, -1);
            if (i >= 1 && (uint64_t)i <= n_items) continue;
            types |= 1u;
            if (i < stray) stray = i;
        }
    }
    refuse_keys(r, path, t, stray, types);
    return n;
}

static size_t count_items(lua_State *L, int at)
{
    size_t n = 0;
    while (lua_rawgeti(L, at, (lua_Integer)n + 1) != LUA_TNIL) {
        n++;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return n;
}

/* Names first, sorted; then the values: mistakes come in the same order in every run. */
static void read_fields(reader *r, int at, const char *path, node *out)
{
    lua_State *L = r->L;
    node *field = arena_alloc(r->c->a, out->n_fields, sizeof *field);
    size_t n = 0;
    lua_pushnil(L);
    while (field && lua_next(L, at)) {
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING || n == out->n_fields) continue;
        field[n].key = arena_strdup(r->c->a, lua_tostring(L, -1));
        if (field[n].key) n++;
    }
    if (!field) lua_pop(L, 1);
    if (n > 1) qsort(field, n, sizeof *field, by_key);
    for (size_t i = 0; i < n; i++) {
        const char *where = place_of(r, at, field[i].key, out->where);
        lua_pushstring(L, field[i].key);
        lua_rawget(L, at);
        read_value(r, lua_gettop(L), where, child_path(r, path, field[i].key), &field[i]);
        lua_pop(L, 1);
    }
    out->field = field;
    out->n_fields = n;
}

static void read_items(reader *r, int at, const char *path, node *out)
{
    node *item = arena_alloc(r->c->a, out->n_items, sizeof *item);
    if (!item) out->n_items = 0;
    for (size_t i = 0; i < out->n_items; i++) {
        lua_rawgeti(r->L, at, (lua_Integer)i + 1);
        char index[32];
        snprintf(index, sizeof index, "[%zu]", i + 1);
        read_value(r, lua_gettop(r->L), place_of(r, at, index, out->where),
                   bind_text(r->c->a, "%s%s", path, index), &item[i]);
        lua_pop(r->L, 1);
    }
    out->item = item;
}

static void read_table(reader *r, int at, const char *path, node *out)
{
    lua_State *L = r->L;
    out->kind = NODE_TABLE;
    out->identity = lua_topointer(L, at);
    for (int i = 0; i < r->depth; i++) {
        if (r->above[i] != out->identity) continue;
        complain(r->c, out->where, "%s contains itself; want a tree", *path ? path : "the table");
        return;
    }
    if (r->depth == DEPTH_MAX) {
        complain(r->c, out->where, "%.60s...: nested more than %d deep", path, DEPTH_MAX);
        return;
    }
    noun_mark m;
    if (noun_of(L, at, &m)) {
        out->noun = arena_strdup(r->c->a, m.noun);
        out->name = m.name ? arena_strdup(r->c->a, m.name) : NULL;
        if (m.where[0]) out->where = arena_strdup(r->c->a, m.where);
        out->is_partial = m.is_partial;
    }
    r->above[r->depth++] = out->identity;
    out->n_items = count_items(L, at);
    out->n_fields = count_fields(r, at, out->n_items, path, out);
    if (r->n_nodes + out->n_items + out->n_fields > NODES_MAX) {
        if (!r->is_full)
            complain(r->c, out->where,
                     "%s: more than %d values; large data belongs into a data set",
                     *path ? path : "the table", NODES_MAX);
        r->is_full = true;
        out->n_items = out->n_fields = 0;
    }
    r->n_nodes += out->n_items + out->n_fields;
    read_items(r, at, path, out);
    read_fields(r, at, path, out);
    r->depth--;
}

static void read_value(reader *r, int at, const char *where, const char *path, node *out)
{
    lua_State *L = r->L;
    luaL_checkstack(L, 12, NULL);
    out->where = where;
    switch (lua_type(L, at)) {
    case LUA_TBOOLEAN:
        out->kind = NODE_FLAG;
        out->flag = lua_toboolean(L, at);
        break;
    case LUA_TNUMBER:
        read_number(r, at, out);
        break;
    case LUA_TSTRING:
        read_text(r, at, path, out);
        break;
    case LUA_TTABLE:
        read_table(r, at, path, out);
        break;
    case LUA_TFUNCTION:
        out->kind = NODE_FUNCTION;
        out->identity = lua_topointer(L, at);
        lua_pushvalue(L, at);
        out->function = luaL_ref(L, LUA_REGISTRYINDEX);
        break;
    default:
        out->kind = NODE_TEXT;
        out->text = "";
        complain(r->c, where, "%s is a %s; want data", *path ? path : "the value",
                 luaL_typename(L, at));
    }
}

const node *node_read(lua_State *L, int at, const char *where, complaints *c)
{
    reader r = {.L = L, .c = c};
    node *root = arena_alloc(c->a, 1, sizeof *root);
    if (root) read_value(&r, lua_absindex(L, at), where, "", root);
    return root;
}

void node_note_set(lua_State *L, int at, const char *key, const char *source)
{
    at = lua_absindex(L, at);
    if (!luaL_getsubtable(L, LUA_REGISTRYINDEX, SETS)) {
        lua_createtable(L, 0, 1);
        lua_pushliteral(L, "k");
        lua_setfield(L, -2, "__mode");
        lua_setmetatable(L, -2);
    }
    lua_pushvalue(L, at);
    if (lua_rawget(L, -2) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, at);
        lua_pushvalue(L, -2);
        lua_rawset(L, -4);
    }
    lua_pushstring(L, source);
    lua_setfield(L, -2, key);
    lua_pop(L, 2);
}

const node *node_field(const node *t, const char *key)
{
    if (!t || t->kind != NODE_TABLE) return NULL;
    node want = {.key = key};
    return t->n_fields ? bsearch(&want, t->field, t->n_fields, sizeof want, by_key) : NULL;
}

bool node_is(const node *v, const char *noun)
{
    return v && v->kind == NODE_TABLE && v->noun && strcmp(v->noun, noun) == 0;
}

const char *node_what(const node *v)
{
    if (!v) return "nothing";
    switch (v->kind) {
    case NODE_FLAG:
        return v->flag ? "true" : "false";
    case NODE_NUMBER:
        return "a number";
    case NODE_TEXT:
        return "a text";
    case NODE_FUNCTION:
        return "a function";
    case NODE_TABLE:
        break;
    }
    return v->noun ? v->noun : "a table";
}

const char *node_show(const node *v, arena *a)
{
    if (v && v->kind == NODE_TEXT) return bind_text(a, "\"%.60s\"", v->text);
    if (v && v->kind == NODE_TABLE && v->noun) return bind_text(a, "a pm.%s", v->noun);
    if (!v || v->kind != NODE_NUMBER) return node_what(v);
    str s = STR_INIT; /* no Lua call while this lives */
    if (isnan(v->number))
        str_puts(&s, "NaN");
    else if (isinf(v->number))
        str_puts(&s, v->number > 0 ? "infinity" : "-infinity");
    else if (v->is_whole)
        str_printf(&s, "%lld", (long long)v->whole);
    else
        str_number(&s, v->number);
    const char *text = arena_strdup(a, str_text(&s));
    str_close(&s);
    return text ? text : "";
}
