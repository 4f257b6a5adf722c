/* SPDX-License-Identifier: MIT
 *
 * Finding and running files.  A path is resolved before it is compared with the allowed folders, so links
 * and ".." lead nowhere else; every file runs once and its value is kept.
 */
#include "config.h"

#include "bind/modules.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "bind/nouns.h"
#include "bind/sandbox.h"

#define LOADED    "pm.loaded" /* real path -> value; true while it is running */
#define MAX_BYTES ((size_t)8 << 20)

/* ---- folders ---- */

static char *folder_of(arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return arena_strdup(a, ".");
    return slash == path ? arena_strdup(a, "/") : arena_strndup(a, path, (size_t)(slash - path));
}

static char *resolved(arena *a, const char *path)
{
    char real[PATH_MAX];
    return realpath(path, real) ? arena_strdup(a, real) : NULL;
}

static void add_root(modules *m, const char *dir)
{
    char *real = dir ? resolved(m->a, dir) : NULL;
    if (!real || m->n_roots == sizeof m->root / sizeof *m->root) return;
    for (size_t i = 0; i < m->n_roots; i++)
        if (strcmp(m->root[i], real) == 0) return;
    m->root[m->n_roots++] = real;
}

pm_status modules_open(modules *m, arena *a, const char *path, const char *lua_dir, pm_err *err)
{
    *m = (modules){.a = a, .lua_dir = resolved(a, lua_dir)};
    char *real = resolved(a, path);
    if (!real) return err_set(err, PM_E_IO, "%s: no such file", path);
    if (!m->lua_dir) return err_set(err, PM_E_IO, "%s: no such folder (the Lua half)", lua_dir);
    m->script = real;
    char *dir = folder_of(a, real);
    if (!dir) return err_set(err, PM_E_MEMORY, "no memory for the folders of a script");
    add_root(m, dir);
    add_root(m, ".");
    if (strcmp(dir, "/") != 0) add_root(m, folder_of(a, dir));
    add_root(m, folder_of(a, m->lua_dir));
    add_root(m, m->lua_dir);
    return PM_OK;
}

void modules_close(modules *m)
{
    mem_free(m->source);
    m->source = NULL;
}

static bool is_inside(const char *path, const char *dir)
{
    size_t n = strlen(dir);
    if (n == 1) return true; /* "/" */
    return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

char *modules_find(const modules *m, const char *path)
{
    if (path[0] == '/') return resolved(m->a, path);
    for (size_t i = 0; i < m->n_roots; i++) {
        char *real = resolved(m->a, io_join(m->a, m->root[i], path));
        if (real) return real;
    }
    return NULL;
}

/* As a user would write it: our own modules by their name, others from the current folder where that is
 * possible. */
static const char *shown_as(const modules *m, const char *real)
{
    size_t ours = strlen(m->lua_dir);
    if (is_inside(real, m->lua_dir) && strncmp(real + ours, "/pointsman", 10) == 0)
        return real + ours + 1;
    char here[PATH_MAX];
    if (!getcwd(here, sizeof here)) return real;
    size_t n = strlen(here);
    return strncmp(real, here, n) == 0 && real[n] == '/' ? real + n + 1 : real;
}

static bool runs_from_build_tree(void)
{
#ifdef PM_BUILD_DIR
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0) return false;
    exe[n] = '\0';
    return is_inside(exe, PM_BUILD_DIR);
#else
    return false;
#endif
}

pm_status modules_lua_dir(arena *a, const char *given, const char **out, pm_err *err)
{
    const char *candidate[3];
    size_t n = 0;
    const char *variable = getenv("POINTSMAN_LUA");
    if (given)
        candidate[n++] = given;
    else if (variable && *variable)
        candidate[n++] = variable;
    else {
        if (runs_from_build_tree()) candidate[n++] = PM_SRC_LUA;
        candidate[n++] = PM_LUADIR;
    }
    for (size_t i = 0; i < n; i++) {
        if (!io_exists(io_join(a, candidate[i], "pointsman.lua"))) continue;
        *out = arena_strdup(a, candidate[i]);
        return *out ? PM_OK : err_set(err, PM_E_MEMORY, "no memory for a path");
    }
    return err_set(err, PM_E_IO, "pointsman.lua is not in %s%s%s; POINTSMAN_LUA names its folder",
                   candidate[0], n > 1 ? " nor in " : "", n > 1 ? candidate[1] : "");
}

/* ---- running a file ---- */

/* Reads without a Lua call in between: a Lua error must not find the heap string alive. */
static const module_source *read_source(modules *m, const char *path, const char *shown,
                                        pm_err *err)
{
    str text = STR_INIT;
    module_source *s = NULL;
    if (io_read(path, MAX_BYTES, &text, err) == PM_OK) {
        char *copy = arena_strndup(m->a, str_text(&text), text.len);
        char *name = arena_strdup(m->a, shown);
        if (copy && name &&
            mem_grow(&m->source, &m->source_capacity, m->n_sources + 1, sizeof *s)) {
            s = &m->source[m->n_sources++];
            *s = (module_source){name, copy, text.len};
        } else {
            err_set(err, PM_E_MEMORY, "%s: no memory for the text", shown);
        }
    }
    str_close(&text);
    return s;
}

/* Arguments: modules, real path, shown path. */
static int run_one(lua_State *L)
{
    modules *m = lua_touserdata(L, 1);
    const char *path = lua_tostring(L, 2), *shown = lua_tostring(L, 3);
    pm_err err = PM_ERR_INIT;
    const module_source *s = read_source(m, path, shown, &err);
    if (!s) return luaL_error(L, "%s", err_text(&err));
    const char *chunk = lua_pushfstring(L, "@%s", shown);
    if (luaL_loadbufferx(L, s->text, s->len, chunk, "t") != LUA_OK) return lua_error(L);
    sandbox_push(L);
    if (!lua_setupvalue(L, -2, 1)) lua_pop(L, 1);
    int below = lua_gettop(L) - 1;
    lua_call(L, 0, LUA_MULTRET);
    int n = lua_gettop(L) - below;
    if (n != 1 || lua_isnil(L, -1))
        return luaL_error(L,
                          "%s: returns %s; a file returns one value: `return pm.library { ... }`",
                          shown, n > 1 ? "several values" : "nothing");
    noun_place(L, -1, shown);
    return 1;
}

void modules_run(lua_State *L, modules *m, const char *real, const char *shown)
{
    luaL_checkstack(L, 8, NULL);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LOADED);
    lua_getfield(L, -1, real);
    if (lua_isboolean(L, -1)) luaL_error(L, "%s loads itself, in a circle", shown);
    if (!lua_isnil(L, -1)) {
        lua_replace(L, -2);
        return;
    }
    lua_pop(L, 1);
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, real);
    lua_pushcfunction(L, run_one);
    lua_pushlightuserdata(L, m);
    lua_pushstring(L, real);
    lua_pushstring(L, shown);
    lua_call(L, 3, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, real);
    lua_replace(L, -2);
}

int modules_load(lua_State *L)
{
    modules *m = lua_touserdata(L, lua_upvalueindex(1));
    if (lua_gettop(L) != 1 || lua_type(L, 1) != LUA_TSTRING)
        return luaL_error(L, "pm.load is given %s; want a path: pm.load \"lua/libraries/toy.lua\"",
                          luaL_typename(L, 1));
    size_t len;
    const char *path = lua_tolstring(L, 1, &len);
    if (strlen(path) != len) return luaL_error(L, "pm.load: the path holds a NUL byte");
    if (len < 5 || strcmp(path + len - 4, ".lua") != 0)
        return luaL_error(L, "pm.load \"%s\": want a file that ends in .lua", path);
    char *real = modules_find(m, path);
    if (!real) {
        lua_pushliteral(L, "");
        for (size_t i = 0; i < m->n_roots; i++) {
            lua_pushfstring(L, "%s%s", i ? ", " : "", m->root[i]);
            lua_concat(L, 2);
        }
        return luaL_error(L, "pm.load \"%s\": no such file; looked in %s", path,
                          lua_tostring(L, -1));
    }
    for (size_t i = 0; i < m->n_roots; i++) {
        if (!is_inside(real, m->root[i])) continue;
        modules_run(L, m, real, shown_as(m, real));
        return 1;
    }
    return luaL_error(
        L,
        "pm.load \"%s\": outside the folders of this script; want a path beside it or below "
        "the current folder",
        path);
}

int modules_require(lua_State *L)
{
    modules *m = lua_touserdata(L, lua_upvalueindex(1));
    const char *name = luaL_checkstring(L, 1);
    if (strcmp(name, "pointsman.core") == 0) {
        lua_getfield(L, LUA_REGISTRYINDEX, "pm.core");
        return 1;
    }
    bool is_ours = strncmp(name, "pointsman", 9) == 0 && (name[9] == '\0' || name[9] == '.');
    size_t tail = is_ours ? strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789.") : 0;
    char *real = NULL;
    if (is_ours && !name[tail] && !strstr(name, "..")) {
        char *file = arena_strdup(m->a, name);
        for (char *p = file; file && *p; p++)
            if (*p == '.') *p = '/';
        const char *relative = lua_pushfstring(L, "%s.lua", file ? file : "");
        real = resolved(m->a, io_join(m->a, m->lua_dir, relative));
    }
    if (!real)
        return luaL_error(
            L,
            "require \"%s\": only \"pointsman\" is known; use pm.load \"path.lua\" for "
            "files of your own",
            name);
    modules_run(L, m, real, shown_as(m, real));
    return 1;
}
