/* SPDX-License-Identifier: MIT
 *
 * pm.library and pm.expert -> a library; or the data set's own models, or some of them.
 */
#include <string.h>

#include "base/io.h"
#include "base/log.h"
#include "bind/script_private.h"

typedef struct making {
    script *s;
    library_builder *b;
    const char *path; /* experts[2] "mid-14b" */
} making;

static void told(const making *m, const char *where, const pm_err *err)
{
    const char *text = err_text(err),
               *colon = strncmp(text, "expert ", 7) == 0 ? strstr(text, ": ") : NULL;
    complain(&m->s->wrong, where, "%s: %s", m->path,
             colon ? colon + 2 : text); /* the path names the expert */
}

static const library_attr_row *row_of(const char *name)
{
    for (const library_attr_row *r = library_attr_rows(); r->name; r++)
        if (strcmp(r->name, name) == 0) return r;
    return NULL;
}

static void add_price(making *m, const node *v)
{
    static const char *const part[] = {"input", "output", "cached"};
    static const char *const attr[] = {"price_in", "price_out", "price_cached"};
    static const schema_row rows[] = {
        {"input", WANT_NUMBER, 0, 1e6, NULL, true, "USD per million tokens"},
        {"output", WANT_NUMBER, 0, 1e6, NULL, true, "USD per million tokens"},
        {"cached", WANT_NUMBER, 0, 1e6, NULL, false, NULL},
        SCHEMA_END};
    complaints *c = &m->s->wrong;
    if (v->kind != NODE_TABLE || v->noun) {
        complain(c, v->where,
                 "%s.price = %s; want { input = ..., output = ... }, USD per million tokens",
                 m->path, node_show(v, m->s->a));
        return;
    }
    bool ok = true;
    for (size_t i = 0; i < 2; i++) { /* said in the words of the table: "price.output is missing" */
        if (node_field(v, part[i])) continue;
        ok = false;
        complain(c, v->where, "%s: price.%s is missing (USD per million tokens)", m->path, part[i]);
    }
    if (!ok || !schema_check(c, v, bind_text(m->s->a, "%s.price", m->path), rows, false)) return;
    for (size_t i = 0; i < 3; i++) {
        pm_err err = PM_ERR_INIT;
        if (node_field(v, part[i]) &&
            library_attr_number(m->b, attr[i], schema_number(v, part[i], 0), &err) != PM_OK)
            told(m, v->where, &err);
    }
}

/* tags = { "code", "maths" }: a list of words becomes one text, joined by commas. */
static const char *joined(making *m, const node *v)
{
    const char *text = "";
    for (size_t i = 0; i < v->n_items; i++) {
        if (v->item[i].kind != NODE_TEXT || strchr(v->item[i].text, ',')) return NULL;
        text = bind_text(m->s->a, "%s%s%s", text, i ? "," : "", v->item[i].text);
    }
    return v->noun || v->n_fields ? NULL : text;
}

static bool is_date(const char *text)
{
    double days;
    return strlen(text) == 10 && library_parse_date(text, &days);
}

static void add_attr(making *m, const node *v)
{
    pm_err err = PM_ERR_INIT;
    pm_status st = PM_OK;
    const library_attr_row *row = row_of(v->key);
    const char *text = v->kind == NODE_TEXT ? v->text : v->kind == NODE_TABLE ? joined(m, v) : NULL;
    if (v->kind == NODE_NUMBER)
        st = library_attr_number(m->b, v->key, v->number, &err);
    else if (v->kind == NODE_FLAG)
        st = library_attr_flag(m->b, v->key, v->flag, &err);
    else if (v->kind == NODE_FUNCTION)
        st = err_set(&err, PM_E_ARG, "%s is a function; a library is data only", v->key);
    else if (!text)
        st =
            err_set(&err, PM_E_ARG,
                    "%s = %s; want a number, a text, true, false or a list of words without commas",
                    v->key, node_show(v, m->s->a));
    else if (row ? row->kind == PM_ATTR_DATE : is_date(text))
        st = library_attr_date(m->b, v->key, text, &err);
    else
        st = library_attr_text(m->b, v->key, text, &err);
    if (st != PM_OK) told(m, v->where, &err);
}

/* Not attributes: what the expert is called, run by and taught. */
static bool is_own(const char *key)
{
    return strcmp(key, "id") == 0 || strcmp(key, "backend") == 0 || strcmp(key, "learns") == 0;
}

static void add_expert(making *m, const node *v, size_t i)
{
    script *s = m->s;
    pm_err err = PM_ERR_INIT;
    m->path = schema_item_path(s->a, "experts", i, NULL);
    if (!node_is(v, "expert")) {
        complain(&s->wrong, v->where, "%s = %s; want pm.expert { id = \"name\", ... }", m->path,
                 node_show(v, s->a));
        return;
    }
    if (!schema_shape(&s->wrong, v, m->path, NAME_EITHER)) return;
    const node *id = node_field(v, "id");
    const char *name = v->name ? v->name : id && id->kind == NODE_TEXT ? id->text : NULL;
    if (id && (v->name || id->kind != NODE_TEXT)) {
        complain(&s->wrong, id->where,
                 v->name ? "%s: id is given twice: pm.expert \"name\" and id = %s"
                         : "%s.id: want a text, found %s",
                 m->path, node_show(id, s->a));
        return;
    }
    if (!name) {
        complain(&s->wrong, v->where, "%s: id is missing (the model's name in the data)", m->path);
        return;
    }
    if (library_add(m->b, name, &err) != PM_OK) {
        told(m, v->where, &err);
        return;
    }
    m->path = schema_item_path(s->a, "experts", i, name);
    for (size_t k = 0; k < v->n_items; k++)
        complain(&s->wrong, v->item[k].where,
                 "%s: %s stands without a name; want attribute = value", m->path,
                 node_show(&v->item[k], s->a));
    for (size_t k = 0; k < v->n_fields; k++) {
        if (is_own(v->field[k].key)) continue;
        if (strcmp(v->field[k].key, "price") == 0)
            add_price(m, &v->field[k]);
        else
            add_attr(m, &v->field[k]);
    }
}

static void tell_note(void *where, const char *text)
{
    log_once(LOG_WARN, "%s: %s", (const char *)where, text);
}

static const library *finish(script *s, library_builder *b, const char *where, const char *path)
{
    pm_err err = PM_ERR_INIT;
    library *out = arena_alloc(s->a, 1, sizeof *out);
    if (out && library_finish(b, out, &err) == PM_OK) return out;
    complain(&s->wrong, where, "%s: %s", path, out ? err_text(&err) : "no memory");
    return NULL;
}

static const library *from_script(script *s, const node *v)
{
    static const char *const currencies[] = {"USD", NULL};
    static const schema_row rows[] = {{"name", WANT_TEXT, 0, 0, NULL, false, NULL},
                                      {"currency", WANT_WORD, 0, 0, currencies, false, NULL},
                                      SCHEMA_END};
    if (!schema_shape(&s->wrong, v, "library", NAME_EITHER)) return NULL;
    schema_check(&s->wrong, v, "library", rows, true);
    if (v->n_items == 0) {
        complain(&s->wrong, v->where,
                 "library: has no experts; want pm.expert { id = \"name\", ... }");
        return NULL;
    }
    size_t before = s->wrong.n;
    making m = {s, library_begin(s->a, v->name ? v->name : schema_text(v, "name", "library")), ""};
    for (size_t i = 0; m.b && i < v->n_items; i++) add_expert(&m, &v->item[i], i);
    if (!m.b || s->wrong.n > before) return NULL;
    const library *lib = finish(s, m.b, v->where, "library");
    if (lib) library_notes(&lib->view, library_today(), tell_note, (void *)(uintptr_t)v->where);
    return lib;
}

void build_library_alone(script *s, const node *v)
{
    expert_choice *ignored;
    s->lib = from_script(s, v);
    build_experts(s, v, false, &ignored);
}

/* The data set's own models; NULL where they cannot be read (the run will say why, too). */
static const library *from_data(script *s, const experiment *x, pm_err *why)
{
    library *out = arena_alloc(s->a, 1, sizeof *out);
    if (!out) (void)err_set(why, PM_E_MEMORY, "no memory");
    return out && dataset_read_library(x->data_dir, s->a, out, why) == PM_OK ? out : NULL;
}

static void unknown_model(script *s, const library *data, const char *id, const char *where,
                          const char *path)
{
    const char *ids[512];
    size_t n = data->view.n < 512 ? data->view.n : 512;
    for (size_t j = 0; j < n; j++) ids[j] = data->view.expert[j]->id;
    const char *near = str_suggest(id, ids, n);
    complain(&s->wrong, where, "%s: the data has no model \"%.80s\"%s%s%s", path, id,
             near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static void copy_attr(library_builder *b, const pm_attr *a, pm_err *err)
{
    char date[16];
    switch (a->kind) {
    case PM_ATTR_NUMBER:
        (void)!library_attr_number(b, a->name, a->number, err);
        break;
    case PM_ATTR_TEXT:
        (void)!library_attr_text(b, a->name, a->text, err);
        break;
    case PM_ATTR_DATE:
        library_format_date(a->number, date);
        (void)!library_attr_date(b, a->name, date, err);
        break;
    case PM_ATTR_FLAG:
        (void)!library_attr_flag(b, a->name, a->number != 0, err);
        break;
    }
}

static const library *some_models(script *s, const library *data, const node *models)
{
    pm_err err = PM_ERR_INIT;
    size_t before = s->wrong.n;
    library_builder *b = library_begin(s->a, data->name);
    for (size_t i = 0; b && i < models->n_items; i++) {
        const node *v = &models->item[i];
        const char *path = schema_item_path(s->a, "data.models", i, NULL);
        size_t j = v->kind == NODE_TEXT ? library_find(&data->view, v->text) : SIZE_MAX;
        if (j == SIZE_MAX) {
            if (v->kind == NODE_TEXT) unknown_model(s, data, v->text, v->where, path);
            continue;
        }
        const pm_expert *e = data->view.expert[j];
        if (library_add(b, e->id, &err) != PM_OK)
            complain(&s->wrong, v->where, "%s: %s", path, err_text(&err));
        for (size_t k = 0; k < e->n_attr; k++) copy_attr(b, &e->attr[k], &err);
    }
    return b && s->wrong.n == before ? finish(s, b, models->where, "data.models") : NULL;
}

/* Nothing is recorded of the experts of a corpus: the library says who they are. */
static void library_of_corpus(script *s, const node *v, experiment *x)
{
    expert_choice *made = NULL;
    x->lib = from_script(s, v);
    build_experts(s, v, true, &made);
    x->expert = made;
}

void build_library(script *s, const node *v, const node *models, experiment *x)
{
    bool own = v && !(v->kind == NODE_TEXT && strcmp(v->text, "from data") == 0);
    if (own && !node_is(v, "library")) {
        complain(&s->wrong, v->where, "library = %s; want pm.library { ... } or \"from data\"",
                 node_show(v, s->a));
        return;
    }
    if (x->corpus) {
        if (own)
            library_of_corpus(s, v, x);
        else
            complain(&s->wrong, v ? v->where : s->value->where,
                     "library: a corpus has text and no experts; want library = pm.library { "
                     "pm.expert { backend = pm.backend \"name\" { ... }, learns = pm.mix { ... } "
                     "}, ... }");
        return;
    }
    if (own && models)
        complain(&s->wrong, models->where,
                 "data.models and library both choose the experts; want one of them");
    if (models && models->n_items == 0)
        complain(&s->wrong, models->where, "data.models is empty; want model ids");
    pm_err why = PM_ERR_INIT;
    const library *data = x->data_dir ? from_data(s, x, &why) : NULL;
    if (own) {
        expert_choice *ignored; /* recorded outcomes are what they are, whoever could be run */
        x->lib = from_script(s, v);
        build_experts(s, v, false, &ignored);
        for (size_t j = 0; data && x->lib && j < x->lib->view.n; j++)
            if (library_find(&data->view, x->lib->view.expert[j]->id) == SIZE_MAX)
                unknown_model(s, data, x->lib->view.expert[j]->id, v->item[j].where,
                              schema_item_path(s->a, "experts", j, NULL));
    } else if (models && models->n_items) {
        if (data)
            x->lib = some_models(s, data, models);
        else if (x->data_dir)
            complain(&s->wrong, models->where, "data.models: %s", err_text(&why));
    }
}
