/* SPDX-License-Identifier: MIT
 *
 * Files that a script may bring in: require "pointsman" (and its parts) from the Lua folder, pm.load
 * "path.lua" from the folders that belong to the script.  Nothing else is opened.
 */
#ifndef PM_BIND_MODULES_H
#define PM_BIND_MODULES_H

#include <lauxlib.h>
#include <lua.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

typedef struct module_source { /* text of a loaded file, for hashes of functions */
    const char *shown, *text;
    size_t len;
} module_source;

typedef struct modules {
    arena *a;
    const char *lua_dir, *script; /* resolved */
    const char *root[8];          /* where paths of scripts are looked for, in order */
    size_t n_roots;
    module_source *source;
    size_t n_sources, source_capacity;
} modules;

/* Finds the roots of the script `path`: its folder, the current folder, the folder above the script, the
 * share folder (above lua_dir).  Everything lives in the arena except `source` (modules_close). */
PM_MUST_USE pm_status modules_open(modules *m, arena *a, const char *path, const char *lua_dir,
                                   pm_err *err);
void modules_close(modules *m);

/* Runs the file at a resolved path (once; then its value is kept) and leaves its one value on the stack.
 * `shown` is its name in messages.  Raises Lua errors: call it protected. */
void modules_run(lua_State *L, modules *m, const char *real, const char *shown);

/* require and pm.load; upvalue 1: the modules as light userdata. */
int modules_require(lua_State *L);
int modules_load(lua_State *L);

/* The first of root/path that exists (or path itself when absolute), or NULL; in the arena. */
char *modules_find(const modules *m, const char *path);

/* Where the Lua half is: `given`, POINTSMAN_LUA, the source of a program that runs from its build tree, the
 * installed folder; in the arena.  PM_E_IO naming the places tried. */
PM_MUST_USE pm_status modules_lua_dir(arena *a, const char *given, const char **out, pm_err *err);

#endif
