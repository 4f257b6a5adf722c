/* SPDX-License-Identifier: MIT
 *
 * Entering a policy's functions: one at a time (a lock), with a fresh instruction limit, with what the host
 * lends turned into Lua values that are void afterwards.
 */
#include <lauxlib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bind/matrix.h"
#include "bind/script_private.h"
#include "bind/strict.h"
#include "plug/call.h"

#define INSTRUCTIONS_PER_CELL 20000

const lua_policy *policy_of_call(const pm_call *c)
{
    return call_plugin(c)->user;
}

pm_status policy_run(const lua_policy *p, pm_call *c, lua_CFunction body, void *job, size_t cells)
{
    script *s = p->s;
    pm_err err = PM_ERR_INIT;
    pthread_mutex_lock(&s->lock);
    s->call = c;
    s->lending++;
    arena_reset(s->scratch);
    pm_status st = state_run(&s->box, body, job, (uint64_t)cells * INSTRUCTIONS_PER_CELL, &err);
    s->lending++;
    s->call = NULL;
    pthread_mutex_unlock(&s->lock);
    return st == PM_OK ? PM_OK : c->host->fail(c, st, "%s", err_text(&err));
}

int policy_refuse(lua_State *L, pm_status st, const policy_function *f, const char *fmt, ...)
{
    char text[600];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    state_of(L)->stopped = st;
    lua_pushfstring(L, "%s: %s", f->where, text);
    return lua_error(L);
}

void policy_push(lua_State *L, const policy_function *f)
{
    luaL_checkstack(L, 24, NULL);
    lua_rawgeti(L, LUA_REGISTRYINDEX, f->ref);
}

static void push_param(lua_State *L, const pm_param *row, bool is_whole, const void *params)
{
    const char *at = (const char *)params + row->offset;
    double number;
    int64_t whole;
    const char *text;
    if (row->type == PM_P_F64) {
        memcpy(&number, at, sizeof number);
        if (is_whole && number == (double)(lua_Integer)number)
            lua_pushinteger(L, (lua_Integer)number);
        else
            lua_pushnumber(L, number);
        return;
    }
    if (row->type == PM_P_STR) {
        memcpy(&text, at, sizeof text);
        lua_pushstring(L, text);
        return;
    }
    memcpy(&whole, at, sizeof whole);
    if (row->type == PM_P_BOOL)
        lua_pushboolean(L, whole != 0);
    else
        lua_pushstring(L, row->choices[whole]);
}

void policy_push_params(lua_State *L, const lua_policy *p, const void *params)
{
    lua_createtable(L, 0, (int)p->n_params);
    for (size_t i = 0; params && i < p->n_params; i++) {
        const pm_param *row = &p->rows[i];
        push_param(L, row, p->is_whole[i], params);
        lua_setfield(L, -2, row->name);
    }
    strict_rules(L, "p", ": it is not in params");
    strict_seal(L);
}

static bool is_read(const lua_policy *p, const char *name)
{
    for (size_t k = 0; p->reads && p->reads[k]; k++)
        if (strcmp(p->reads[k], name) == 0) return true;
    return false;
}

static void push_attr(lua_State *L, const pm_attr *a)
{
    if (a->kind == PM_ATTR_TEXT)
        lua_pushstring(L, a->text);
    else if (a->kind == PM_ATTR_FLAG)
        lua_pushboolean(L, a->number != 0);
    else
        lua_pushnumber(L, a->number);
}

/* An attribute that is declared is nil where an expert lacks it; one that is not is refused. */
static void push_expert_rules(lua_State *L, const lua_policy *p, const pm_library *lib,
                              const char *what)
{
    strict_rules(L, what, ": no expert of this library has that attribute");
    for (size_t k = 0; p->reads && p->reads[k]; k++) strict_optional(L, p->reads[k]);
    for (size_t j = 0; j < lib->n; j++)
        for (size_t k = 0; k < lib->expert[j]->n_attr; k++)
            if (!is_read(p, lib->expert[j]->attr[k].name))
                strict_refuse(L, lib->expert[j]->attr[k].name,
                              "the definition does not declare that it reads this attribute; add "
                              "it to reads");
}

void policy_push_experts(lua_State *L, const lua_policy *p, const pm_library *lib, const char *what)
{
    push_expert_rules(L, p, lib, what);
    int rules = lua_gettop(L);
    lua_createtable(L, (int)lib->n, 0);
    for (size_t j = 0; j < lib->n; j++) {
        const pm_expert *e = lib->expert[j];
        lua_createtable(L, 0, (int)e->n_attr + 1);
        for (size_t k = 0; k < e->n_attr; k++) {
            if (!is_read(p, e->attr[k].name)) continue;
            push_attr(L, &e->attr[k]);
            lua_setfield(L, -2, e->attr[k].name);
        }
        lua_pushstring(L, e->id);
        lua_setfield(L, -2, "id");
        lua_pushvalue(L, rules);
        strict_seal(L);
        lua_rawseti(L, -2, (lua_Integer)j + 1);
    }
    lua_remove(L, rules);
}

void policy_push_prompts(lua_State *L, const pm_prompts *x, uint32_t needs)
{
    lua_createtable(L, 0, 3);
    lua_pushinteger(L, (lua_Integer)x->n);
    lua_setfield(L, -2, "n");
    if ((needs & PM_NEEDS_TEXT) && x->text) {
        matrix_push_texts(L, x->text, x->n);
        lua_setfield(L, -2, "text");
    }
    if (needs & PM_NEEDS_EMBED) {
        matrix_push_const(L, x->embed);
        lua_setfield(L, -2, "embed");
    }
    strict_rules(L, "prompts", "");
    if (!(needs & PM_NEEDS_TEXT)) strict_refuse(L, "text", "needs lacks \"text\"");
    if (!(needs & PM_NEEDS_EMBED)) strict_refuse(L, "embed", "needs lacks \"embed\"");
    strict_seal(L);
}

int policy_uniform(lua_State *L)
{
    const script *s = state_of(L)->owner;
    lua_Integer stream = luaL_checkinteger(L, 1), i = luaL_checkinteger(L, 2);
    if (!s->call)
        return luaL_error(L, "pm.uniform is for policies: outside of a call there is no seed");
    if (stream < 0 || stream > UINT32_MAX || i < 0)
        return luaL_error(L,
                          "pm.uniform(%I, %I): want a stream of 0 to 2^32 - 1 and a counter >= 0",
                          (LUAI_UACINT)stream, (LUAI_UACINT)i);
    lua_pushnumber(L, s->call->host->uniform(s->call, (uint32_t)stream, (uint64_t)i));
    return 1;
}
