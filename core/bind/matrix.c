/* SPDX-License-Identifier: MIT
 *
 * Bounds are checked on every access; a view that was kept beyond its call is refused, never followed.
 */
#include "bind/matrix.h"

#include <lauxlib.h>
#include <math.h>
#include <string.h>

#include "bind/script_private.h"

#define MATRIX    "pm.matrix"
#define COLUMN    "pm.column"
#define CELLS_MAX ((size_t)1 << 28)

typedef struct matrix {
    pm_cmat view;
    float *out;    /* NULL: read-only */
    uint64_t lent; /* 0: own */
} matrix;

typedef struct column {
    const pm_str *text; /* or */
    const float *number;
    size_t n;
    uint64_t lent;
} column;

static script *owner_of(lua_State *L)
{
    return state_of(L)->owner;
}

static void refuse_stale(lua_State *L, uint64_t lent)
{
    if (lent && lent != owner_of(L)->lending)
        luaL_error(L, "this was lent for one call, which is over; copy what is needed");
}

static matrix *check(lua_State *L)
{
    matrix *m = luaL_checkudata(L, 1, MATRIX);
    refuse_stale(L, m->lent);
    return m;
}

static size_t check_index(lua_State *L, int at, size_t n, const char *what)
{
    lua_Integer i = luaL_checkinteger(L, at);
    if (i < 1 || (uint64_t)i > n)
        luaL_error(L, "%s %I is outside [1, %I]", what, (LUAI_UACINT)i, (LUAI_UACINT)n);
    return (size_t)i - 1;
}

static int matrix_rows(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)check(L)->view.rows);
    return 1;
}

static int matrix_cols(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)check(L)->view.cols);
    return 1;
}

static int matrix_get(lua_State *L)
{
    const matrix *m = check(L);
    size_t i = check_index(L, 2, m->view.rows, "row"),
           j = check_index(L, 3, m->view.cols, "column");
    lua_pushnumber(L, (lua_Number)pm_crow(m->view, i)[j]);
    return 1;
}

static int matrix_set(lua_State *L)
{
    matrix *m = check(L);
    size_t i = check_index(L, 2, m->view.rows, "row"),
           j = check_index(L, 3, m->view.cols, "column");
    if (!m->out)
        return luaL_error(L, "this matrix is read-only; want one made by pm.matrix(rows, cols)");
    if (lua_type(L, 4) != LUA_TNUMBER)
        return luaL_error(L, "matrix cell (%I, %I) is given %s; want a number", (LUAI_UACINT)i + 1,
                          (LUAI_UACINT)j + 1, luaL_typename(L, 4));
    m->out[i * m->view.ld + j] = (float)lua_tonumber(L, 4);
    return 0;
}

static int matrix_row(lua_State *L)
{
    const matrix *m = check(L);
    size_t i = check_index(L, 2, m->view.rows, "row");
    lua_createtable(L, (int)m->view.cols, 0);
    for (size_t j = 0; j < m->view.cols; j++) {
        lua_pushnumber(L, (lua_Number)pm_crow(m->view, i)[j]);
        lua_rawseti(L, -2, (lua_Integer)j + 1);
    }
    return 1;
}

/* sum_j self[i][j] * other[k][j], in index order with a double accumulator. */
static int matrix_dot(lua_State *L)
{
    const matrix *m = check(L);
    size_t i = check_index(L, 2, m->view.rows, "row");
    const matrix *o = luaL_checkudata(L, 3, MATRIX);
    refuse_stale(L, o->lent);
    size_t k = check_index(L, 4, o->view.rows, "row of the other matrix");
    if (m->view.cols != o->view.cols)
        return luaL_error(L, "dot: %I and %I columns; want equally many", (LUAI_UACINT)m->view.cols,
                          (LUAI_UACINT)o->view.cols);
    const float *a = pm_crow(m->view, i), *b = pm_crow(o->view, k);
    double sum = 0;
    for (size_t j = 0; j < m->view.cols; j++) sum += (double)a[j] * (double)b[j];
    lua_pushnumber(L, sum);
    return 1;
}

static int matrix_text(lua_State *L)
{
    const matrix *m = luaL_checkudata(L, 1, MATRIX);
    lua_pushfstring(L, "matrix %I x %I", (LUAI_UACINT)m->view.rows, (LUAI_UACINT)m->view.cols);
    return 1;
}

static int column_index(lua_State *L)
{
    const column *c = luaL_checkudata(L, 1, COLUMN);
    refuse_stale(L, c->lent);
    if (!lua_isinteger(L, 2)) return luaL_error(L, "a column is indexed by whole numbers");
    lua_Integer i = lua_tointeger(L, 2);
    if (i < 1 || (uint64_t)i > c->n)
        lua_pushnil(L); /* as at the end of a table, so that ipairs ends */
    else if (c->text)
        lua_pushlstring(L, c->text[i - 1].ptr ? c->text[i - 1].ptr : "", c->text[i - 1].len);
    else
        lua_pushnumber(L, (lua_Number)c->number[i - 1]);
    return 1;
}

static int column_len(lua_State *L)
{
    const column *c = luaL_checkudata(L, 1, COLUMN);
    refuse_stale(L, c->lent);
    lua_pushinteger(L, (lua_Integer)c->n);
    return 1;
}

void matrix_open(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"rows", matrix_rows}, {"cols", matrix_cols}, {"get", matrix_get}, {"set", matrix_set},
        {"row", matrix_row},   {"dot", matrix_dot},   {NULL, NULL}};
    luaL_newmetatable(L, MATRIX);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, matrix_text);
    lua_setfield(L, -2, "__tostring");
    luaL_newmetatable(L, COLUMN);
    lua_pushcfunction(L, column_index);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, column_len);
    lua_setfield(L, -2, "__len");
    lua_pop(L, 2);
}

static matrix *push(lua_State *L, pm_cmat view, size_t own_cells)
{
    matrix *m = lua_newuserdatauv(L, sizeof *m + own_cells * sizeof(float), 0);
    *m = (matrix){view, NULL, owner_of(L)->lending};
    luaL_setmetatable(L, MATRIX);
    return m;
}

void matrix_push_const(lua_State *L, pm_cmat m)
{
    if (m.at)
        push(L, m, 0);
    else
        lua_pushnil(L);
}

void matrix_push_out(lua_State *L, pm_mat m)
{
    if (m.at)
        push(L, (pm_cmat){m.at, m.rows, m.cols, m.ld}, 0)->out = m.at;
    else
        lua_pushnil(L);
}

static matrix *push_own(lua_State *L, size_t rows, size_t cols)
{
    size_t cells = rows * cols;
    matrix *m = push(L, (pm_cmat){NULL, rows, cols, cols}, cells);
    m->out = (float *)(void *)(m + 1);
    m->view.at = m->out;
    m->lent = 0;
    memset(m->out, 0, cells * sizeof(float));
    return m;
}

void matrix_push_copy(lua_State *L, pm_cmat from, bool is_const)
{
    matrix *m = push_own(L, from.rows, from.cols);
    for (size_t i = 0; from.cols && i < from.rows; i++)
        memcpy(m->out + i * from.cols, pm_crow(from, i), from.cols * sizeof(float));
    if (is_const) m->out = NULL;
}

void matrix_push_texts(lua_State *L, const pm_str *text, size_t n)
{
    column *c = lua_newuserdatauv(L, sizeof *c, 0);
    *c = (column){text, NULL, text ? n : 0, owner_of(L)->lending};
    luaL_setmetatable(L, COLUMN);
}

void matrix_push_floats(lua_State *L, const float *value, size_t n)
{
    column *c = lua_newuserdatauv(L, sizeof *c, 0);
    *c = (column){NULL, value, value ? n : 0, owner_of(L)->lending};
    luaL_setmetatable(L, COLUMN);
}

bool matrix_view(lua_State *L, int at, pm_cmat *out)
{
    const matrix *m = luaL_testudata(L, at, MATRIX);
    if (!m || (m->lent && m->lent != owner_of(L)->lending)) return false;
    *out = m->view;
    return true;
}

int matrix_new(lua_State *L)
{
    lua_Integer rows = luaL_checkinteger(L, 1), cols = luaL_checkinteger(L, 2);
    if (rows < 0 || cols < 0 || (cols > 0 && (uint64_t)rows > CELLS_MAX / (uint64_t)cols))
        return luaL_error(L, "pm.matrix(%I, %I): want at most %I cells", (LUAI_UACINT)rows,
                          (LUAI_UACINT)cols, (LUAI_UACINT)CELLS_MAX);
    push_own(L, (size_t)rows, (size_t)cols);
    return 1;
}
