/* SPDX-License-Identifier: MIT
 *
 * Matrices and columns as Lua userdata: m:rows(), m:cols(), m:get(i, j), m:set(i, j, v), m:row(i),
 * m:dot(i, other, k).  Lent ones look into the host's memory and are void when the call is over; own ones
 * (pm.matrix) live in Lua's memory.  Indices begin at 1.
 */
#ifndef PM_BIND_MATRIX_H
#define PM_BIND_MATRIX_H

#include <lua.h>
#include <stdbool.h>

#include "pointsman/plugin.h"

void matrix_open(lua_State *L); /* metatables; call it protected */

/* Push views that are void once the script's `lending` moves on; nil when there is nothing to see. */
void matrix_push_const(lua_State *L, pm_cmat m);
void matrix_push_out(lua_State *L, pm_mat m);
void matrix_push_texts(lua_State *L, const pm_str *text, size_t n);
void matrix_push_floats(lua_State *L, const float *value, size_t n);

/* Pushes an own matrix with a copy of m; `is_const` refuses set(). */
void matrix_push_copy(lua_State *L, pm_cmat m, bool is_const);

/* The matrix at `at`, or false when it is something else or void. */
bool matrix_view(lua_State *L, int at, pm_cmat *out);

int matrix_new(lua_State *L); /* pm.matrix(rows, cols): zeros */

#endif
