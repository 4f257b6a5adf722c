/* SPDX-License-Identifier: MIT
 *
 * Rows against tables.  Every mistake of a table is reported, in the order of its fields.
 */
#include "bind/schema.h"

#include <math.h>
#include <string.h>

#define NAMES_MAX 64

typedef struct check {
    complaints *c;
    const char *path;
    bool ok;
} check;

const char *schema_path(arena *a, const char *path, const char *key)
{
    return *path ? bind_text(a, "%s.%s", path, key) : key;
}

const char *schema_item_path(arena *a, const char *path, size_t i, const char *name)
{
    if (name) return bind_text(a, "%s[%zu] \"%.80s\"", path, i + 1, name);
    return bind_text(a, "%s[%zu]", path, i + 1);
}

static const char *any_of(arena *a, const char *const *words, const char *before, const char *after)
{
    const char *text = "";
    for (size_t i = 0; words && words[i]; i++) {
        const char *link = i == 0 ? "" : words[i + 1] ? ", " : " or ";
        text = bind_text(a, "%s%s%s%s%s", text, link, before, words[i], after);
    }
    return text;
}

static void refuse(check *k, const node *v, const char *path, const char *want)
{
    k->ok = false;
    complain(k->c, v->where, "%s = %s; want %s", path, node_show(v, k->c->a), want);
}

static void check_number(check *k, const node *v, const char *path, const schema_row *r)
{
    if (v->kind != NODE_NUMBER) {
        refuse(k, v, path, r->want == WANT_NUMBER ? "a number" : "a whole number");
    } else if (r->want != WANT_NUMBER && !v->is_whole) {
        refuse(k, v, path, "a whole number");
    } else if (!(v->number >= r->min && v->number <= r->max)) {
        k->ok = false;
        complain(k->c, v->where, "%s = %s is outside [%.16g, %.16g]", path, node_show(v, k->c->a),
                 r->min, r->max);
    }
}

static void check_word(check *k, const node *v, const char *path, const schema_row *r)
{
    size_t n = 0;
    for (; r->words[n]; n++)
        if (v->kind == NODE_TEXT && strcmp(v->text, r->words[n]) == 0) return;
    const char *near = v->kind == NODE_TEXT ? str_suggest(v->text, r->words, n) : NULL;
    const char *want = any_of(k->c->a, r->words, "\"", "\"");
    refuse(k, v, path, near ? bind_text(k->c->a, "%s; did you mean \"%s\"?", want, near) : want);
}

static void check_noun(check *k, const node *v, const char *path, const schema_row *r)
{
    for (size_t i = 0; r->words[i]; i++)
        if (node_is(v, r->words[i])) return;
    refuse(k, v, path, any_of(k->c->a, r->words, "pm.", ""));
}

static void check_one(check *k, const node *v, const char *path, const schema_row *r);

static void check_list(check *k, const node *v, const char *path, const schema_row *r)
{
    schema_row one = *r;
    one.want = r->want == WANT_NOUNS ? WANT_NOUN : r->want == WANT_TEXTS ? WANT_TEXT : WANT_WHOLE;
    if (r->want == WANT_WHOLES && v->kind == NODE_NUMBER) {
        check_one(k, v, path, &one);
        return;
    }
    if (v->kind != NODE_TABLE || v->noun) {
        refuse(k, v, path,
               r->want == WANT_NOUNS
                   ? bind_text(k->c->a, "a list: { %s ... }", any_of(k->c->a, r->words, "pm.", ""))
               : r->want == WANT_TEXTS ? "a list of texts"
                                       : "a list of whole numbers");
        return;
    }
    for (size_t i = 0; i < v->n_fields; i++) {
        k->ok = false;
        complain(k->c, v->field[i].where, "%s: a list has no field '%.80s'", path, v->field[i].key);
    }
    for (size_t i = 0; i < v->n_items; i++)
        check_one(k, &v->item[i], schema_item_path(k->c->a, path, i, NULL), &one);
}

static void check_one(check *k, const node *v, const char *path, const schema_row *r)
{
    switch (r->want) {
    case WANT_NUMBER:
    case WANT_WHOLE:
        check_number(k, v, path, r);
        break;
    case WANT_FLAG:
        if (v->kind != NODE_FLAG) refuse(k, v, path, "true or false");
        break;
    case WANT_TEXT:
        if (v->kind != NODE_TEXT) refuse(k, v, path, "a text");
        break;
    case WANT_WORD:
        check_word(k, v, path, r);
        break;
    case WANT_NOUN:
        check_noun(k, v, path, r);
        break;
    case WANT_NOUNS:
    case WANT_WHOLES:
    case WANT_TEXTS:
        check_list(k, v, path, r);
        break;
    case WANT_FUNCTION:
        if (v->kind != NODE_FUNCTION) refuse(k, v, path, "a function");
        break;
    case WANT_TABLE:
        if (v->kind != NODE_TABLE || v->noun) refuse(k, v, path, "a table { name = value, ... }");
        break;
    case WANT_ANY:
        break;
    }
}

static const schema_row *row_of(const schema_row *rows, const char *name)
{
    for (; rows->name; rows++)
        if (strcmp(rows->name, name) == 0) return rows;
    return NULL;
}

static const char *nearest(const schema_row *rows, const char *name)
{
    const char *names[NAMES_MAX];
    size_t n = 0;
    for (; rows->name && n < NAMES_MAX; rows++) names[n++] = rows->name;
    return str_suggest(name, names, n);
}

static const char *colon(const check *k)
{
    return *k->path ? ": " : "";
}

static void check_unknown(check *k, const node *v, const schema_row *rows)
{
    const char *near = nearest(rows, v->key);
    k->ok = false;
    if (near)
        complain(k->c, v->where, "%s%sunknown field '%.80s'; did you mean '%s'?", k->path, colon(k),
                 v->key, near);
    else
        complain(k->c, v->where, "%s%sunknown field '%.80s'", k->path, colon(k), v->key);
}

bool schema_check(complaints *c, const node *t, const char *path, const schema_row *rows,
                  bool items)
{
    check k = {c, path, true};
    if (!items && t->n_items > 0) {
        k.ok = false;
        complain(c, t->item[0].where, "%s%s%s stands without a name; want name = value", path,
                 colon(&k), node_show(&t->item[0], c->a));
    }
    for (size_t i = 0; i < t->n_fields; i++) {
        const node *v = &t->field[i];
        const schema_row *r = row_of(rows, v->key);
        if (r)
            check_one(&k, v, schema_path(c->a, path, v->key), r);
        else
            check_unknown(&k, v, rows);
    }
    for (const schema_row *r = rows; r->name; r++) {
        if (!r->required || node_field(t, r->name)) continue;
        k.ok = false;
        complain(c, t->where, "%s%s%s is missing (%s)", path, colon(&k), r->name, r->doc);
    }
    return k.ok;
}

bool schema_shape(complaints *c, const node *t, const char *path, schema_name name)
{
    if (t->is_partial) {
        complain(c, t->where, "%s: pm.%s \"%.80s\" is not finished; write pm.%s \"%.80s\" { ... }",
                 path, t->noun, t->name, t->noun, t->name);
        return false;
    }
    if (name == NAME_NEVER && t->name) {
        complain(c, t->where, "%s: pm.%s takes no name, found \"%.80s\"; write pm.%s { ... }", path,
                 t->noun, t->name, t->noun);
        return false;
    }
    if (name == NAME_REQUIRED && (!t->name || !t->name[0])) {
        complain(c, t->where, "%s: pm.%s has no name; write pm.%s \"name\" { ... }", path, t->noun,
                 t->noun);
        return false;
    }
    return true;
}

double schema_number(const node *t, const char *key, double fallback)
{
    const node *v = node_field(t, key);
    return v && v->kind == NODE_NUMBER ? v->number : fallback;
}

bool schema_flag(const node *t, const char *key, bool fallback)
{
    const node *v = node_field(t, key);
    return v && v->kind == NODE_FLAG ? v->flag : fallback;
}

const char *schema_text(const node *t, const char *key, const char *fallback)
{
    const node *v = node_field(t, key);
    return v && v->kind == NODE_TEXT ? v->text : fallback;
}

size_t schema_word(const node *t, const char *key, const char *const *words, size_t fallback)
{
    const char *text = schema_text(t, key, NULL);
    for (size_t i = 0; text && words[i]; i++)
        if (strcmp(words[i], text) == 0) return i;
    return fallback;
}
