/* SPDX-License-Identifier: MIT
 *
 * Paths are walked through the script's own tables.  The last step may name a field that the script left
 * out; whether that field exists is judged later, like everything that the script wrote itself.
 */
#include "bind/overrides.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bind/node.h"
#include "bind/nouns.h"

#define NAMES_MAX 256
#define STEP_MAX  128

typedef struct step { /* ".name" or "[3]" */
    char name[STEP_MAX];
    lua_Integer index; /* 0: a name */
} step;

/* Reads the next step at *p; false when the path is malformed. */
static bool next_step(const char **p, bool first, step *out)
{
    const char *at = *p;
    out->index = 0;
    if (*at == '[') {
        char *end;
        long long i = strtoll(at + 1, &end, 10);
        if (end == at + 1 || *end != ']' || i < 1) return false;
        out->index = i;
        snprintf(out->name, sizeof out->name, "[%lld]", i);
        *p = end + 1;
        return true;
    }
    if (!first && *at++ != '.') return false;
    size_t n = strcspn(at, ".[");
    if (n == 0 || n >= STEP_MAX) return false;
    memcpy(out->name, at, n);
    out->name[n] = '\0';
    *p = at + n;
    return true;
}

static void push_field(lua_State *L, int at, const step *s)
{
    if (s->index) {
        lua_rawgeti(L, at, s->index);
        return;
    }
    lua_pushstring(L, s->name);
    lua_rawget(L, at);
}

static void unknown_step(lua_State *L, int at, const step *s, const char *source, complaints *c)
{
    const char *known[NAMES_MAX];
    size_t n = 0;
    if (s->index) {
        complain(c, source, "the list has %lld items, found [%lld]", (long long)lua_rawlen(L, at),
                 (long long)s->index);
        return;
    }
    lua_pushnil(L);
    while (lua_next(L, at)) {
        if (n < NAMES_MAX && lua_type(L, -2) == LUA_TSTRING) known[n++] = lua_tostring(L, -2);
        lua_pop(L, 1);
    }
    const char *near = str_suggest(s->name, known, n);
    complain(c, source, "the script has no table '%s'%s%s%s", s->name,
             near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* 3, true, false and null are what they look like; everything else is a text. */
static void push_value(lua_State *L, const char *text)
{
    size_t n = strlen(text);
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        lua_pushboolean(L, text[0] == 't');
    else if (strcmp(text, "nil") == 0)
        lua_pushnil(L);
    else if (n == 0 || strspn(text, "+-0123456789.eExXabcdefABCDEF") != n ||
             lua_stringtonumber(L, text) != n + 1)
        lua_pushstring(L, text);
}

/* library=FILE.lua is what pm.load "FILE.lua" gives. */
static void push_library(lua_State *L, const char *path)
{
    lua_getfield(L, LUA_REGISTRYINDEX, "pm.core");
    lua_getfield(L, -1, "load");
    lua_remove(L, -2);
    lua_pushstring(L, path);
    lua_call(L, 1, 1);
}

static bool ends_in_lua(const char *text)
{
    size_t n = strlen(text);
    return n > 4 && strcmp(text + n - 4, ".lua") == 0;
}

/* Sections that a script may leave out altogether. */
static const char *section_noun(const char *name)
{
    if (strcmp(name, "split") == 0) return "split";
    return strcmp(name, "bootstrap") == 0 ? "" : NULL;
}

/* Pushes a new empty section and stores it; nothing is pushed when the name is no section. */
static bool make_section(lua_State *L, int at, const step *s)
{
    const char *noun = section_noun(s->name);
    if (!noun) return false;
    if (*noun) {
        noun_push_constructor(L, noun);
        lua_newtable(L);
        lua_call(L, 1, 1);
    } else {
        lua_newtable(L);
    }
    noun_place(L, -1, "--set");
    lua_pushstring(L, s->name);
    lua_pushvalue(L, -2);
    lua_rawset(L, at);
    return true;
}

static void write_value(lua_State *L, int at, const step *s, const script_set *set,
                        const char *source)
{
    noun_mark m;
    push_field(L, at, s);
    bool is_named = noun_of(L, -1, &m) && m.name;
    if (strcmp(set->path, "library") == 0 && ends_in_lua(set->value)) {
        push_library(L, set->value);
        is_named = false;
    } else {
        push_value(L, set->value);
    }
    if (is_named && lua_type(L, -1) == LUA_TSTRING) { /* data=FOLDER, routers[1]=prior */
        noun_rename(L, -2, set->value);
        lua_pop(L, 2);
        return;
    }
    if (s->index)
        lua_rawseti(L, at, s->index);
    else {
        lua_pushstring(L, s->name);
        lua_insert(L, -2);
        lua_rawset(L, at);
    }
    lua_pop(L, 1);
    node_note_set(L, at, s->name, source);
}

/* arena=FOLDER is also.arena=FOLDER where the script has data of that name to learn from. */
static bool is_also(lua_State *L, int at, const char *path)
{
    bool found = false;
    lua_pushstring(L, "also");
    lua_rawget(L, at);
    if (lua_istable(L, -1)) {
        lua_pushstring(L, path);
        lua_rawget(L, -2);
        found = lua_istable(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return found;
}

void override_apply(lua_State *L, int at, const script_set *set, complaints *c)
{
    const char *source = bind_text(c->a, "--set %.200s=%.80s", set->path, set->value),
               *p = set->path;
    int top = lua_gettop(L);
    step s;
    lua_pushvalue(L, at);
    if (is_also(L, top + 1, set->path)) {
        lua_pushstring(L, "also");
        lua_rawget(L, top + 1);
        lua_remove(L, top + 1);
    }
    for (bool first = true;; first = false) {
        int here = lua_gettop(L);
        luaL_checkstack(L, 12, NULL);
        if (!next_step(&p, first, &s)) {
            complain(c, source, "want a path like routers[1].k or split.seed");
            break;
        }
        if (!*p && (!s.index || s.index <= (lua_Integer)lua_rawlen(L, here) + 1)) {
            write_value(L, here, &s, set, source);
            break;
        }
        push_field(L, here, &s);
        if (lua_istable(L, -1)) continue;
        lua_pop(L, 1);
        if (!s.index && first && make_section(L, here, &s)) continue;
        unknown_step(L, here, &s, source, c);
        break;
    }
    lua_settop(L, top);
}
