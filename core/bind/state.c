/* SPDX-License-Identifier: MIT
 *
 * Limits and protected entry.  The allocator refuses beyond the limit, the count hook ends loops; both say
 * where the script was.
 */
#include "bind/state.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

state *state_of(lua_State *L)
{
    state *s = NULL;
    memcpy(&s, lua_getextraspace(L), sizeof s);
    return s;
}

bool state_where(lua_State *L, int level, char *out, size_t bytes)
{
    lua_Debug ar;
    for (; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline <= 0) continue;
        snprintf(out, bytes, "%s:%d", ar.source[0] == '@' ? ar.source + 1 : ar.short_src,
                 ar.currentline);
        return true;
    }
    if (bytes) out[0] = '\0';
    return false;
}

static void note_place(state *s)
{
    if (s->place[0] || !s->L) return;
    if (state_where(s->L, 0, s->place, sizeof s->place - 2))
        strcat(s->place, ": "); /* room was kept */
}

static void *take(void *ud, void *old, size_t old_bytes, size_t bytes)
{
    state *s = ud;
    size_t had = old ? old_bytes : 0; /* without a block, old_bytes is a type tag */
    if (bytes == 0) {
        mem_free(old);
        s->used -= had;
        return NULL;
    }
    if (bytes > had && (bytes - had > s->limit || s->used > s->limit - (bytes - had))) {
        note_place(s);
        return NULL;
    }
    void *fresh = mem_resize(old, bytes);
    if (fresh) s->used = s->used - had + bytes;
    return fresh;
}

static void look(lua_State *L, lua_Debug *ar)
{
    state *s = state_of(L);
    s->left -= s->left < STATE_STRIDE ? s->left : STATE_STRIDE;
    bool canceled = s->cancel && atomic_load(s->cancel);
    if (s->left > 0 && !canceled) return;
    s->stopped = canceled ? PM_E_CANCELED : PM_E_ARG;
    lua_getinfo(L, "Sl", ar);
    const char *file = ar->source[0] == '@' ? ar->source + 1 : ar->short_src;
    if (canceled)
        lua_pushfstring(L, "%s:%d: canceled", file, ar->currentline);
    else
        lua_pushfstring(
            L, "%s:%d: stopped after %I million instructions; is there a loop without end?", file,
            ar->currentline, (LUAI_UACINT)(s->limit_instructions / 1000000));
    lua_error(L);
}

pm_status state_open(state *s, size_t limit_bytes, uint64_t limit_instructions,
                     const atomic_bool *cancel, pm_err *err)
{
    *s = (state){.limit = limit_bytes, .limit_instructions = limit_instructions, .cancel = cancel};
    s->left = limit_instructions;
    lua_State *L = lua_newstate(take, s);
    if (!L) return err_set(err, PM_E_MEMORY, "no memory for a Lua state");
    s->L = L;
    memcpy(lua_getextraspace(L), &(state *){s}, sizeof s);
    lua_sethook(L, look, LUA_MASKCOUNT, STATE_STRIDE);
    return PM_OK;
}

void state_close(state *s)
{
    if (!s->L) return;
    lua_State *L = s->L;
    s->limit = SIZE_MAX;
    lua_close(L);
    s->L = NULL;
}

/* The places from which the failing one was reached, at most three (finding a level costs its depth), as "; called at file:line". */
static void add_callers(lua_State *L, luaL_Buffer *b, const char *message)
{
    char place[256], last[256] = "";
    lua_Debug ar;
    int shown = 0;
    for (int level = 1; level < 20 && shown < 3 && lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline <= 0 || strncmp(ar.source, "@pointsman", 10) == 0) continue;
        snprintf(place, sizeof place, "%s:%d", ar.source[0] == '@' ? ar.source + 1 : ar.short_src,
                 ar.currentline);
        size_t n = strlen(place);
        if (strncmp(message, place, n) == 0 && message[n] == ':') continue;
        if (strcmp(place, last) == 0) continue;
        luaL_addstring(b, "; called at ");
        luaL_addstring(b, place);
        snprintf(last, sizeof last, "%s", place);
        shown++;
    }
}

/* Runs where the error was raised, while its callers are still on the stack. */
static int explain(lua_State *L)
{
    const char *message = lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1) : NULL;
    char place[256];
    state_where(L, 1, place, sizeof place);
    if (!message)
        message =
            lua_pushfstring(L, "%s: error with a %s instead of a text", place, luaL_typename(L, 1));
    if (strstr(message, "stack overflow")) /* Lua's own text carries a page of traceback */
        message = lua_pushfstring(L, "%s: stack overflow; does a function call itself without end?",
                                  place);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addstring(&b, message);
    add_callers(L, &b, message);
    luaL_pushresult(&b);
    return 1;
}

static pm_status failed(state *s, int status, pm_err *err)
{
    if (status == LUA_ERRMEM)
        return err_set(
            err, PM_E_MEMORY,
            "%sthe script wants more than %zu MiB of memory; does a table or text grow without "
            "end?",
            s->place, s->limit >> 20);
    pm_status st = s->stopped ? s->stopped : PM_E_ARG;
    const char *message = lua_tostring(s->L, -1);
    return err_set(err, st, "%s", message ? message : "unknown error in Lua");
}

pm_status state_run(state *s, lua_CFunction f, void *arg, uint64_t extra, pm_err *err)
{
    lua_State *L = s->L;
    int top = lua_gettop(L);
    s->left = s->limit_instructions > UINT64_MAX - extra ? UINT64_MAX
                                                         : s->limit_instructions + extra;
    s->stopped = PM_OK;
    s->place[0] = '\0';
    if (!lua_checkstack(L, 4)) return err_set(err, PM_E_MEMORY, "no memory for the Lua stack");
    lua_pushcfunction(L, explain);
    lua_pushcfunction(L, f);
    lua_pushlightuserdata(L, arg);
    int status = lua_pcall(L, 1, 0, top + 1);
    pm_status st = status == LUA_OK ? PM_OK : failed(s, status, err);
    lua_settop(L, top);
    if (status == LUA_ERRMEM) lua_gc(L, LUA_GCCOLLECT, 0);
    return st;
}
