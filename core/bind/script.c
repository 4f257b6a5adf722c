/* SPDX-License-Identifier: MIT
 *
 * Opening a script: a fresh state, the file's value, --set, defaults from the Lua half, plain data, an
 * experiment.  Everything that can raise a Lua error runs inside one protected call.
 */
#include "bind/script.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/io.h"
#include "base/log.h"
#include "bind/matrix.h"
#include "bind/nouns.h"
#include "bind/overrides.h"
#include "bind/sandbox.h"
#include "bind/script_private.h"

#define MEMORY_LIMIT      ((size_t)1 << 30)
#define INSTRUCTION_LIMIT 1000000000ULL

/* ---- what the Lua half finds in "pointsman.core" ---- */

static int core_log(lua_State *L)
{
    log_line(LOG_INFO, "%s", luaL_checkstring(L, 1));
    return 0;
}

static int core_constructor(lua_State *L)
{
    const char *noun = luaL_checkstring(L, 1);
    const char *const *names = noun_names();
    for (size_t i = 0; names[i]; i++) {
        if (strcmp(names[i], noun) != 0) continue;
        noun_push_constructor(L, names[i]);
        return 1;
    }
    return luaL_error(L, "'%s' is no noun", noun);
}

/* noun, name of a constructed table; nothing of a plain one. */
static int core_about(lua_State *L)
{
    noun_mark m;
    if (!noun_of(L, 1, &m)) return 0;
    lua_pushstring(L, m.noun);
    lua_pushstring(L, m.name);
    return 2;
}

static int core_seal(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    sandbox_seal(L, "pm");
    return 1;
}

/* name, list of names -> the one that was meant, or nil. */
static int core_suggest(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1), *known[64];
    size_t n = 0;
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checkstack(L, 66, NULL);
    for (lua_Integer i = 1; n < 64 && lua_rawgeti(L, 2, i) == LUA_TSTRING; i++)
        known[n++] = lua_tostring(L, -1); /* left on the stack, so that it stays */
    lua_pushstring(L, str_suggest(name, known, n));
    return 1;
}

static void open_core(lua_State *L, script *s)
{
    static const luaL_Reg plain[] = {{"log", core_log},           {"constructor", core_constructor},
                                     {"about", core_about},       {"seal", core_seal},
                                     {"suggest", core_suggest},   {"matrix", matrix_new},
                                     {"uniform", policy_uniform}, {NULL, NULL}};
    const char *const *names = noun_names();
    luaL_newlib(L, plain);
    lua_pushlightuserdata(L, &s->files);
    lua_pushcclosure(L, modules_load, 1);
    lua_setfield(L, -2, "load");
    lua_newtable(L);
    for (lua_Integer i = 0; names[i]; i++) {
        lua_pushstring(L, names[i]);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "nouns");
    lua_setfield(L, LUA_REGISTRYINDEX, "pm.core");
    lua_pushlightuserdata(L, &s->files);
    lua_pushcclosure(L, modules_require, 1);
    sandbox_add(L, "require");
}

/* ---- the protected part ---- */

/* The size first: what else is set wins over its fields. */
static void override_all(lua_State *L, script *s, int value, bool is_size)
{
    for (size_t i = 0; i < s->options.n_sets; i++)
        if ((strcmp(s->options.set[i].path, "size") == 0) == is_size)
            override_apply(L, value, &s->options.set[i], &s->wrong);
}

/* Calls the function that a module of the Lua half returns with the experiment's table. */
static void apply_module(lua_State *L, script *s, const char *name, int value)
{
    lua_pushlightuserdata(L, &s->files);
    lua_pushcclosure(L, modules_require, 1);
    lua_pushstring(L, name);
    lua_call(L, 1, 1);
    lua_pushvalue(L, value);
    lua_call(L, 1, 0);
}

static void complete(lua_State *L, script *s, int value)
{
    noun_mark m;
    if (!noun_of(L, value, &m) || strcmp(m.noun, "experiment") != 0) return;
    override_all(L, s, value, true);
    apply_module(L, s, "pointsman.sizes", value);
    override_all(L, s, value, false);
    apply_module(L, s, "pointsman.defaults", value);
}

static int read_script(lua_State *L)
{
    script *s = lua_touserdata(L, 1);
    sandbox_open(L);
    nouns_open(L);
    matrix_open(L);
    open_core(L, s);
    modules_run(L, &s->files, s->files.script, s->path);
    int value = lua_gettop(L);
    if (!s->options.policies_only) {
        complete(L, s, value);
        s->value = node_read(L, value, s->path, &s->wrong);
    }
    policies_read(L, s);
    return 0;
}

/* ---- opening and closing ---- */

static pm_status hash_file(script *s, pm_err *err)
{
    char hex[65];
    pm_status st = sha256_file(s->path, hex, err);
    if (st == PM_OK) s->x.script_sha256 = arena_strdup(s->a, hex);
    s->x.script = s->path;
    return st;
}

static pm_status open_parts(script *s, const char *path, pm_err *err)
{
    const char *lua_dir = NULL;
    s->path = arena_strdup(s->a, path);
    if (!s->path) return err_set(err, PM_E_MEMORY, "no memory for a script");
    if (!io_is_file(path))
        return err_set(err, PM_E_IO, "%s: %s", path,
                       io_is_dir(path)   ? "a folder; want a script"
                       : io_exists(path) ? "a device or pipe; want a script in a file"
                                         : "no such file");
    pm_status st = modules_lua_dir(s->a, s->options.lua_dir, &lua_dir, err);
    if (st == PM_OK) st = modules_open(&s->files, s->a, path, lua_dir, err);
    if (st == PM_OK) st = hash_file(s, err);
    if (st != PM_OK) return st;
    size_t memory = s->options.memory_limit ? s->options.memory_limit : MEMORY_LIMIT;
    uint64_t steps = s->options.instruction_limit ? s->options.instruction_limit
                                                  : INSTRUCTION_LIMIT;
    st = state_open(&s->box, memory, steps, s->env->cancel, err);
    s->box.owner = s;
    return st;
}

static pm_status read_value(script *s, str *errors, pm_err *err)
{
    pm_status st = state_run(&s->box, read_script, s, 0, err);
    if (st != PM_OK && errors && st != PM_E_CANCELED) {
        size_t n = strlen(s->path); /* a mistake without a line is at least in this file */
        const char *text = err_text(err);
        bool placed = strncmp(text, s->path, n) == 0 || strstr(text, ".lua:");
        str_printf(errors, "%s%s%s\n", placed ? "" : s->path, placed ? "" : ": ", text);
    }
    return st;
}

static pm_status build_all(script *s, str *errors, pm_err *err)
{
    if (!arena_has_refused(s->a)) policies_register(s);
    bool is_library = s->options.libraries_too && node_is(s->value, "library");
    if (!arena_has_refused(s->a) && is_library)
        build_library_alone(s, s->value);
    else if (!arena_has_refused(s->a) && s->value)
        build_experiment(s, s->value);
    pm_status st = complaints_end(&s->wrong, errors, err);
    if (st != PM_OK || s->options.policies_only || is_library) return st;
    s->x.spec_json = spec_text(s, &s->x);
    if (!s->x.spec_json)
        return err_set(err, PM_E_MEMORY, "%s: no memory for the experiment", s->path);
    s->has_experiment = true;
    return PM_OK;
}

pm_status script_open(const plug_env *env, const char *path, const script_options *o, script **out,
                      str *errors, pm_err *err)
{
    pm_err own = PM_ERR_INIT;
    if (!err) err = &own;
    *out = NULL;
    script *s = mem_alloc(1, sizeof *s);
    if (!s) return err_set(err, PM_E_MEMORY, "no memory for a script");
    s->env = env;
    if (o) memcpy(&s->options, o, o->size < sizeof *o ? o->size : sizeof *o);
    s->a = arena_open(0);
    s->scratch = arena_open(0);
    s->has_lock = pthread_mutex_init(&s->lock, NULL) == 0;
    s->wrong.a = s->a;
    pm_status st = s->a && s->scratch && s->has_lock
                       ? PM_OK
                       : err_set(err, PM_E_MEMORY, "no memory for a script");
    if (st == PM_OK) st = open_parts(s, path, err);
    if (st == PM_OK) st = read_value(s, errors, err);
    if (st == PM_OK) st = build_all(s, errors, err);
    if (st == PM_OK)
        *out = s;
    else
        script_close(s);
    return st;
}

const experiment *script_experiment(const script *s)
{
    return s->has_experiment ? &s->x : NULL;
}

const library *script_library(const script *s)
{
    return s->lib;
}

void script_close(script *s)
{
    if (!s) return;
    policies_forget(s);
    state_close(&s->box);
    modules_close(&s->files);
    if (s->has_lock) pthread_mutex_destroy(&s->lock);
    arena_close(s->scratch);
    arena_close(s->a);
    mem_free(s);
}
