/* SPDX-License-Identifier: MIT
 *
 * Opens a state for the Lua half of reports: the environment of scripts (pure functions, pairs in sorted
 * order) and pcall, without a limit of instructions, and hands it the run as one table.
 */
#include "bind/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "base/json.h"
#include "bind/matrix.h"
#include "bind/nouns.h"
#include "bind/sandbox.h"
#include "bind/script_private.h"

#define MEMORY_LIMIT ((size_t)2 << 30)
#define OBJECT_MAX   ((size_t)256 << 20)

typedef struct report {
    script s; /* first: what matrices ask for their owner; only arena, box and files are used */
    store *st;
    const store_run *run;
    const char *run_dir;
    store_row *row;
    size_t n_rows;
    const json *spec, *machine, **cells;
    size_t n_cells;
    const char **problem; /* [n_cells at most] files that could not be read */
    size_t n_problems;
    str *html;
} report;

static report *report_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

/* ---- values ---- */

static void push_json(lua_State *L, const json *v)
{
    luaL_checkstack(L, 4, "JSON");
    switch (v->kind) {
    case JSON_BOOL:
        lua_pushboolean(L, v->number > 0);
        return;
    case JSON_NUMBER:
        if (v->number >= -9007199254740992.0 && v->number <= 9007199254740992.0 &&
            floor(v->number) >= v->number)
            lua_pushinteger(L, (lua_Integer)v->number);
        else
            lua_pushnumber(L, v->number);
        return;
    case JSON_STRING:
        lua_pushstring(L, v->text);
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    default:
        lua_pushnil(L);
        return;
    }
    bool is_list = v->kind == JSON_ARRAY;
    lua_Integer i = 0;
    lua_createtable(L, is_list ? (int)v->n : 0, is_list ? 0 : (int)v->n);
    for (const json *k = v->child; k; k = k->next) {
        push_json(L, k);
        if (is_list)
            lua_rawseti(L, -2, ++i);
        else
            lua_setfield(L, -2, k->key);
    }
}

/* Sets a text of the table at -1; NULL sets nothing. */
static void put_text(lua_State *L, const char *key, const char *text)
{
    if (!text) return;
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

/* What is not a number is not there. */
static void put_number(lua_State *L, const char *key, double value)
{
    if (!isfinite(value)) return;
    lua_pushnumber(L, value);
    lua_setfield(L, -2, key);
}

static void push_row(lua_State *L, const store_row *r)
{
    lua_createtable(L, 0, 11);
    put_text(L, "point", r->point);
    put_text(L, "label", r->label);
    put_text(L, "role", r->role);
    put_text(L, "subset", r->subset);
    put_text(L, "metric", r->metric);
    put_text(L, "setting", r->setting);
    put_number(L, "value", r->value);
    put_number(L, "lo", r->lo);
    put_number(L, "hi", r->hi);
    lua_pushinteger(L, (lua_Integer)r->seed);
    lua_setfield(L, -2, "seed");
    lua_pushinteger(L, (lua_Integer)r->n);
    lua_setfield(L, -2, "n");
}

/* ---- functions of the run: an object that is missing or damaged is nil and a message ---- */

static int gave_up(lua_State *L, const pm_err *err)
{
    lua_pushnil(L);
    lua_pushstring(L, err_text(err));
    return 2;
}

/* matrix(hex): a copy of the object, read-only. */
static int run_matrix(lua_State *L)
{
    report *r = report_of(L);
    const char *hex = luaL_checkstring(L, 1);
    pm_err err = PM_ERR_INIT;
    pm_mat m;
    arena_mark mark = arena_save(r->s.scratch);
    if (store_get_matrix(r->st, hex, r->s.scratch, &m, &err)) return gave_up(L, &err);
    matrix_push_copy(L, (pm_cmat){m.at, m.rows, m.cols, m.ld}, true);
    arena_release(r->s.scratch, mark);
    return 1;
}

/* The bytes of an object in the scratch arena: no heap block is alive when Lua raises. */
static pm_status read_object(report *r, const char *hex, pm_str *out, pm_err *err)
{
    str text = STR_INIT;
    pm_status s = store_check_object(r->st, hex, err);
    if (!s) s = io_read(store_object_path(r->st, hex, r->s.scratch), OBJECT_MAX, &text, err);
    out->len = text.len;
    out->ptr = s ? NULL : arena_strndup(r->s.scratch, str_text(&text), text.len);
    if (!s && !out->ptr) s = err_set(err, PM_E_MEMORY, "object %.8s", hex);
    str_close(&text);
    return s;
}

/* text(hex): the bytes of the object. */
static int run_text(lua_State *L)
{
    report *r = report_of(L);
    const char *hex = luaL_checkstring(L, 1);
    pm_err err = PM_ERR_INIT;
    pm_str text;
    arena_mark mark = arena_save(r->s.scratch);
    if (read_object(r, hex, &text, &err)) return gave_up(L, &err);
    lua_pushlstring(L, text.ptr, text.len);
    arena_release(r->s.scratch, mark);
    return 1;
}

/* records(hex): the JSON lines of the object as a list. */
static int run_records(lua_State *L)
{
    report *r = report_of(L);
    const char *hex = luaL_checkstring(L, 1);
    pm_err err = PM_ERR_INIT;
    pm_str text;
    arena_mark mark = arena_save(r->s.scratch);
    if (read_object(r, hex, &text, &err)) return gave_up(L, &err);
    const char *at = text.ptr, *end = at + text.len;
    lua_newtable(L);
    for (lua_Integer i = 1; at < end; i++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        arena_mark line = arena_save(r->s.scratch);
        const json *row;
        if (json_parse(at, (size_t)(stop - at), r->s.scratch, &row, &err)) return gave_up(L, &err);
        push_json(L, row);
        lua_rawseti(L, -2, i);
        arena_release(r->s.scratch, line);
        at = stop + 1;
    }
    arena_release(r->s.scratch, mark);
    return 1;
}

/* ---- the table `run` ---- */

static void put_json(lua_State *L, const char *key, const json *v)
{
    if (!v) return;
    push_json(L, v);
    lua_setfield(L, -2, key);
}

static void put_function(lua_State *L, report *r, const char *key, lua_CFunction f)
{
    lua_pushlightuserdata(L, r);
    lua_pushcclosure(L, f, 1);
    lua_setfield(L, -2, key);
}

static void push_run(lua_State *L, report *r)
{
    const store_run *run = r->run;
    lua_newtable(L);
    put_text(L, "key", run->key);
    put_text(L, "name", run->name);
    put_text(L, "script", run->script);
    put_text(L, "script_sha256", run->script_sha256);
    put_text(L, "data_hash", run->data_hash);
    put_text(L, "version", run->version);
    put_text(L, "started", run->started);
    put_number(L, "seconds", run->seconds);
    put_json(L, "spec", r->spec);
    put_text(L, "asks", r->spec ? json_text(r->spec, "asks", "") : "");
    put_json(L, "machine", r->machine);
    lua_createtable(L, (int)r->n_rows, 0);
    for (size_t k = 0; k < r->n_rows; k++) {
        push_row(L, &r->row[k]);
        lua_rawseti(L, -2, (lua_Integer)k + 1);
    }
    lua_setfield(L, -2, "rows");
    lua_createtable(L, (int)r->n_cells, 0);
    for (size_t k = 0; k < r->n_cells; k++) {
        push_json(L, r->cells[k]);
        lua_rawseti(L, -2, (lua_Integer)k + 1);
    }
    lua_setfield(L, -2, "cells");
    lua_createtable(L, (int)r->n_problems, 0);
    for (size_t k = 0; k < r->n_problems; k++) {
        lua_pushstring(L, r->problem[k]);
        lua_rawseti(L, -2, (lua_Integer)k + 1);
    }
    lua_setfield(L, -2, "problems");
    put_function(L, r, "matrix", run_matrix);
    put_function(L, r, "text", run_text);
    put_function(L, r, "records", run_records);
}

/* Without a Lua call in between: the page is on the heap of the caller. */
static int write_page(lua_State *L)
{
    report *r = lua_touserdata(L, 1);
    size_t len;
    sandbox_open(L);
    nouns_open(L); /* modules look for marks of nouns */
    matrix_open(L);
    lua_getglobal(L, "pcall");
    sandbox_add(L, "pcall");
    lua_pushlightuserdata(L, &r->s.files);
    lua_pushcclosure(L, modules_require, 1);
    sandbox_add(L, "require");
    lua_pushlightuserdata(L, &r->s.files);
    lua_pushcclosure(L, modules_require, 1);
    lua_pushliteral(L, "pointsman.report");
    lua_call(L, 1, 1);
    push_run(L, r);
    lua_call(L, 1, 1);
    const char *page = lua_tolstring(L, -1, &len);
    if (!page)
        return luaL_error(L, "pointsman/report.lua gave a %s, no page", luaL_typename(L, -1));
    str_put(r->html, page, len);
    return 0;
}

/* ---- what C reads before ---- */

static pm_status read_text(report *r, const char *text, const char *what, const json **out,
                           pm_err *err)
{
    *out = NULL;
    if (!text || !*text) return PM_OK;
    pm_status s = json_parse(text, strlen(text), r->s.a, out, err);
    return s ? err_wrap(err, s, "%s of run %.12s", what, r->run->key) : PM_OK;
}

/* Every cells-SEED.json of the run's folder.  One that cannot be read is told on the page. */
static pm_status read_cells(report *r, pm_err *err)
{
    char **name;
    size_t n = 0;
    pm_err ignored = PM_ERR_INIT;
    if (!r->run_dir || io_list(r->run_dir, r->s.a, &name, &n, &ignored)) return PM_OK;
    r->cells = arena_alloc(r->s.a, n + 1, sizeof *r->cells);
    r->problem = arena_alloc(r->s.a, n + 1, sizeof *r->problem);
    if (!r->cells || !r->problem) return err_set(err, PM_E_MEMORY, "%zu files", n);
    for (size_t k = 0; k < n; k++) {
        size_t len = strlen(name[k]);
        if (strncmp(name[k], "cells-", 6) != 0 || len < 12 ||
            strcmp(name[k] + len - 5, ".json") != 0)
            continue;
        pm_err why = PM_ERR_INIT;
        const char *path = io_join(r->s.a, r->run_dir, name[k]);
        if (!path) return err_set(err, PM_E_MEMORY, "%s", name[k]);
        if (json_read(path, r->s.a, &r->cells[r->n_cells], &why) == PM_OK)
            r->n_cells++;
        else
            r->problem[r->n_problems++] = bind_text(r->s.a, "%s cannot be read", name[k]);
    }
    return PM_OK;
}

static pm_status open_state(report *r, const char *lua_dir, pm_err *err)
{
    const char *found = NULL;
    pm_status s = modules_lua_dir(r->s.a, lua_dir, &found, err);
    const char *main_file = s ? NULL : io_join(r->s.a, found, "pointsman/report.lua");
    if (!s && !main_file) s = err_set(err, PM_E_MEMORY, "no memory for a path");
    if (!s) s = modules_open(&r->s.files, r->s.a, main_file, found, err);
    if (!s) s = state_open(&r->s.box, MEMORY_LIMIT, UINT64_MAX, NULL, err);
    r->s.box.owner = &r->s;
    return s;
}

pm_status report_make(store *st, const store_run *run, const report_options *o, str *html,
                      pm_err *err)
{
    report_options all = {0};
    if (o) memcpy(&all, o, o->size < sizeof all ? o->size : sizeof all);
    if (strcmp(run->status, "done") != 0)
        return err_set(err, PM_E_ARG, "run %.12s is not finished (%s): nothing to report", run->key,
                       run->status);
    report r = {.st = st, .run = run, .run_dir = all.run_dir, .html = html};
    r.s.a = arena_open(0);
    r.s.scratch = arena_open(0);
    pm_status s = r.s.a && r.s.scratch ? PM_OK
                                       : err_set(err, PM_E_MEMORY, "no memory for a report");
    if (!s) s = store_rows(st, run->key, r.s.a, &r.row, &r.n_rows, err);
    if (!s) s = read_text(&r, run->spec_json, "spec", &r.spec, err);
    if (!s) s = read_text(&r, run->machine_json, "machine", &r.machine, err);
    if (!s) s = read_cells(&r, err);
    if (!s) s = open_state(&r, all.lua_dir, err);
    if (!s) s = state_run(&r.s.box, write_page, &r, 0, err);
    if (!s && html->failed) s = err_set(err, PM_E_MEMORY, "no memory for the page");
    state_close(&r.s.box);
    modules_close(&r.s.files);
    arena_close(r.s.scratch);
    arena_close(r.s.a);
    return s;
}
