/* SPDX-License-Identifier: MIT
 *
 * Libraries from and to JSON.  What is written reads back with the same revision.
 */
#include <math.h>
#include <string.h>

#include "data/library_private.h"

static const char *id_of(const json *object)
{
    const char *id = json_text(object, "name", NULL);
    return id ? id : json_text(object, "id", NULL);
}

/* Texts of an array joined by commas, in the arena; NULL when an element is no text (or no memory). */
static const char *join(const json *array, arena *a)
{
    size_t len = 1;
    for (const json *c = array->child; c; c = c->next) {
        if (c->kind != JSON_STRING) return NULL;
        len += strlen(c->text) + 1;
    }
    char *text = arena_alloc(a, len, 1), *p = text;
    if (!text) return NULL;
    for (const json *c = array->child; c; c = c->next) {
        size_t n = strlen(c->text);
        if (c != array->child) *p++ = ',';
        memcpy(p, c->text, n);
        p += n;
    }
    return text;
}

static pm_status add_number(library_builder *b, const json *v, pm_err *err)
{
    if (strcmp(v->key, "params_b") == 0)
        return library_attr_number(b, "params", round(v->number * 1e9), err);
    return library_attr_number(b, v->key, v->number, err);
}

static pm_status add_text(library_builder *b, const json *v, pm_err *err)
{
    const char *key = strcmp(v->key, "license") == 0 ? "licence" : v->key;
    const library_attr_row *row = library_attr_row_of(key);
    if (row && row->kind == PM_ATTR_DATE) return library_attr_date(b, key, v->text, err);
    return library_attr_text(b, key, v->text, err);
}

static pm_status add_member(library_builder *b, const char *id, const json *v, arena *a,
                            pm_err *err)
{
    const char *text;
    switch (v->kind) {
    case JSON_NULL:
        return PM_OK;
    case JSON_BOOL:
        return library_attr_flag(b, v->key, v->number != 0, err);
    case JSON_NUMBER:
        return add_number(b, v, err);
    case JSON_STRING:
        return add_text(b, v, err);
    case JSON_ARRAY:
        text = join(v, a);
        if (text) return library_attr_text(b, v->key, text, err);
        break;
    case JSON_OBJECT:
        text = json_text(v, "date", NULL);
        if (text && v->n == 1) return library_attr_date(b, v->key, text, err);
        break;
    }
    return err_set(err, PM_E_FORMAT,
                   "expert %s: %s: wanted a number, a text, true or false, a list of texts or "
                   "{\"date\": \"YYYY-MM-DD\"}",
                   id, v->key);
}

static pm_status add_expert(library_builder *b, const json *e, size_t number, arena *a, pm_err *err)
{
    const char *id = e->kind == JSON_OBJECT ? id_of(e) : NULL;
    if (!id) return err_set(err, PM_E_FORMAT, "model %zu: wanted an object with \"name\"", number);
    pm_status s = library_add(b, id, err);
    const char *id_key = json_text(e, "name", NULL) ? "name" : "id";
    for (const json *v = e->child; v && s == PM_OK; v = v->next)
        if (strcmp(v->key, id_key) != 0) s = add_member(b, id, v, a, err);
    return s;
}

pm_status library_from_json(const json *j, const char *name, arena *a, library *out, pm_err *err)
{
    if (!j || j->kind != JSON_ARRAY)
        return err_set(err, PM_E_FORMAT, "wanted an array of models: [{\"name\": ...}, ...]");
    library_builder *b = library_begin(a, name);
    if (!b) return err_set(err, PM_E_MEMORY, "no memory for the library");
    size_t number = 0;
    for (const json *e = j->child; e; e = e->next) {
        pm_status s = add_expert(b, e, ++number, a, err);
        if (s != PM_OK) return s;
    }
    return library_finish(b, out, err);
}

static void put_attr(str *out, const pm_attr *a)
{
    char date[16];
    const library_attr_row *row = library_attr_row_of(a->name);
    str_puts(out, ", ");
    str_json(out, a->name, strlen(a->name));
    str_puts(out, ": ");
    switch (a->kind) {
    case PM_ATTR_NUMBER:
        str_number(out, a->number);
        break;
    case PM_ATTR_TEXT:
        str_json(out, a->text, strlen(a->text));
        break;
    case PM_ATTR_DATE:
        library_format_date(a->number, date);
        str_printf(out, row ? "\"%s\"" : "{\"date\": \"%s\"}", date);
        break;
    case PM_ATTR_FLAG:
        str_puts(out, a->number != 0 ? "true" : "false");
        break;
    }
}

void library_to_json(const library *l, str *out)
{
    str_puts(out, "[");
    for (size_t j = 0; j < l->view.n; j++) {
        const pm_expert *e = l->view.expert[j];
        str_puts(out, j ? ",\n {\"name\": " : "\n {\"name\": ");
        str_json(out, e->id, strlen(e->id));
        for (size_t k = 0; k < e->n_attr; k++) put_attr(out, &e->attr[k]);
        str_puts(out, "}");
    }
    str_puts(out, "\n]\n");
}
