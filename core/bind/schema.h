/* SPDX-License-Identifier: MIT
 *
 * What our own nouns may hold, as rows: checking, suggestions and messages come from them.  (What plugins
 * take is in their own parameter rows: plug/params.h.)
 */
#ifndef PM_BIND_SCHEMA_H
#define PM_BIND_SCHEMA_H

#include "bind/node.h"

typedef enum schema_want {
    WANT_NUMBER, /* in [min, max] */
    WANT_WHOLE,
    WANT_FLAG,
    WANT_TEXT,
    WANT_WORD,   /* one of words */
    WANT_NOUN,   /* made by one of the constructors in words */
    WANT_NOUNS,  /* a list of such */
    WANT_WHOLES, /* a list of whole numbers in [min, max], or one of them alone */
    WANT_TEXTS,
    WANT_FUNCTION,
    WANT_TABLE, /* plain */
    WANT_ANY    /* looked at by the builder */
} schema_want;

typedef struct schema_row {
    const char *name;
    schema_want want;
    double min, max;
    const char *const *words; /* NULL-terminated */
    bool required;
    const char *doc; /* "(%s)" behind "is missing" */
} schema_row;
#define SCHEMA_END                                                                                 \
    {                                                                                              \
        NULL, WANT_ANY, 0, 0, NULL, false, NULL                                                    \
    }

/* Checks the fields of table t against the rows; path is "" for the script's own value.  Items are refused
 * unless `items` is true.  False when anything was wrong. */
bool schema_check(complaints *c, const node *t, const char *path, const schema_row *rows,
                  bool items);

/* t itself is made by pm.NOUN with (REQUIRED), without (NEVER) or with or without (EITHER) a name, and has
 * its braces. */
typedef enum schema_name { NAME_NEVER, NAME_EITHER, NAME_REQUIRED } schema_name;
bool schema_shape(complaints *c, const node *t, const char *path, schema_name name);

/* path.key or path[i]; with a name behind: routers[2] "knn". */
const char *schema_path(arena *a, const char *path, const char *key);
const char *schema_item_path(arena *a, const char *path, size_t i, const char *name);

/* Values of checked fields. */
double schema_number(const node *t, const char *key, double fallback);
bool schema_flag(const node *t, const char *key, bool fallback);
const char *schema_text(const node *t, const char *key, const char *fallback);
/* Index of the field's word, or fallback. */
size_t schema_word(const node *t, const char *key, const char *const *words, size_t fallback);

#endif
