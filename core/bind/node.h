/* SPDX-License-Identifier: MIT
 *
 * A Lua value as plain data in an arena: read once, then Lua is out of the picture.  Fields are sorted by
 * name; every table made by a constructor knows its noun and its line.
 */
#ifndef PM_BIND_NODE_H
#define PM_BIND_NODE_H

#include <lua.h>

#include "bind/complaints.h"

typedef enum node_kind { NODE_FLAG, NODE_NUMBER, NODE_TEXT, NODE_TABLE, NODE_FUNCTION } node_kind;

typedef struct node node;
struct node {
    node_kind kind;
    const char *key;   /* of a field, else NULL */
    const char *where; /* "file:line" of the nearest constructor around it */
    bool flag;
    bool is_whole; /* a number without fraction that int64_t holds exactly */
    double number;
    int64_t whole;
    const char *text; /* NUL-terminated UTF-8 without control characters but tab and newline */
    /* tables */
    const char *noun, *name; /* NULL: a plain table; no name given */
    bool is_partial;         /* pm.router "knn" without { } */
    const node *item;        /* [n_items] 1, 2, 3 ... */
    const node *field;       /* [n_fields] sorted by key */
    size_t n_items, n_fields;
    const void *identity; /* of the Lua table or function */
    int function;         /* FUNCTION: reference in the registry */
};

/* Reads the value at `at`.  Cycles, depth, odd keys, holes, other types and broken text are complaints.
 * NULL when memory is out or the value itself is unusable.  Call it protected. */
const node *node_read(lua_State *L, int at, const char *where, complaints *c);

const node *node_field(const node *t, const char *key); /* NULL if absent or no table */
bool node_is(const node *v, const char *noun);          /* made by that constructor */

/* "a number", "a pm.grid", "a table", "true or false" ... for messages. */
const char *node_what(const node *v);
/* A short form for messages: 5, "text", true, "a table"; in the arena. */
const char *node_show(const node *v, arena *a);

/* --set: remembers that the key of the table at `at` was set from outside; messages about it then begin
 * with `source`. */
void node_note_set(lua_State *L, int at, const char *key, const char *source);

#endif
