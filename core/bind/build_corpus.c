/* SPDX-License-Identifier: MIT
 *
 * pm.corpus and what goes with it: the folder of texts, what each expert is run by and learns (pm.mix), sizes
 * of learning curves.  Domains are judged when the corpus is read: nothing is read here.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "bind/script_private.h"

#define LARGE 9007199254740992.0

/* ---- pm.corpus ---- */

/* ${POINTSMAN_CORPORA:-DATA_HOME/pointsman/corpora}/name */
static const char *of_user(script *s, const char *name, const char **looked)
{
    const char *home = getenv("POINTSMAN_CORPORA");
    if (!home || !*home) {
        const char *data = io_xdg(s->a, IO_DATA_HOME);
        home = data ? io_join(s->a, data, "corpora") : NULL;
    }
    *looked = home ? home : "";
    const char *path = home ? io_join(s->a, home, name) : NULL;
    return path && io_exists(path) ? path : NULL;
}

static const char *folder(script *s, const node *v)
{
    const char *home = "", *looked = "", *found = modules_find(&s->files, v->name);
    if (!found || !io_is_dir(found)) found = of_user(s, v->name, &home);
    if (found && io_is_dir(found)) return found;
    if (v->name[0] == '/') {
        complain(&s->wrong, v->where, "data \"%.200s\": no such folder", v->name);
        return NULL;
    }
    const char *recipe = bind_text(s->a, "datasets/%.100s.sh", v->name);
    if (modules_find(&s->files, recipe)) {
        complain(&s->wrong, v->where, "data \"%.200s\": this corpus is not there yet; make it: %s",
                 v->name, recipe);
        return NULL;
    }
    for (size_t i = 0; i < s->files.n_roots; i++)
        looked = bind_text(s->a, "%s%s, ", looked, s->files.root[i]);
    complain(&s->wrong, v->where,
             "data \"%.200s\": no such corpus (a folder with a folder of texts for every domain); "
             "looked in %s%s",
             v->name, looked, home);
    return NULL;
}

typedef struct size_field { /* a field of corpus_spec that is a count */
    const char *name;
    size_t offset;
} size_field;

static void take_numbers(const node *v, corpus_spec *out)
{
    static const size_field count[] = {
        {"min_chars", offsetof(corpus_spec, min_chars)},
        {"max_chars", offsetof(corpus_spec, max_chars)},
        {"cap_test", offsetof(corpus_spec, cap_test)},
        {"cap_train", offsetof(corpus_spec, cap_train)},
        {"domain_bytes", offsetof(corpus_spec, domain_bytes)},
        {"near_duplicate", offsetof(corpus_spec, near_duplicate)},
        {"min_domains", offsetof(corpus_spec, min_domains)},
        {"min_domain_bytes", offsetof(corpus_spec, min_domain_bytes)},
        {"max_file_bytes", offsetof(corpus_spec, max_file_bytes)},
    };
    for (size_t k = 0; k < sizeof count / sizeof count[0]; k++) {
        size_t value;
        memcpy(&value, (char *)out + count[k].offset, sizeof value);
        value = (size_t)schema_number(v, count[k].name, (double)value);
        memcpy((char *)out + count[k].offset, &value, sizeof value);
    }
    out->test = schema_number(v, "test", out->test);
    out->train = schema_number(v, "train", out->train);
    out->big_document = schema_number(v, "big_document", out->big_document);
    out->overlap = schema_number(v, "overlap", out->overlap);
}

void build_corpus(script *s, const node *v, experiment *x)
{
    static const schema_row rows[] = {{"test", WANT_NUMBER, 0.001, 0.9, NULL, false, NULL},
                                      {"train", WANT_NUMBER, 0.001, 0.9, NULL, false, NULL},
                                      {"big_document", WANT_NUMBER, 0, 1, NULL, false, NULL},
                                      {"min_chars", WANT_WHOLE, 1, 1e7, NULL, false, NULL},
                                      {"max_chars", WANT_WHOLE, 1, 1e7, NULL, false, NULL},
                                      {"cap_test", WANT_WHOLE, 0, LARGE, NULL, false, NULL},
                                      {"cap_train", WANT_WHOLE, 0, LARGE, NULL, false, NULL},
                                      {"domain_bytes", WANT_WHOLE, 1, LARGE, NULL, false, NULL},
                                      {"overlap", WANT_NUMBER, 0, 1, NULL, false, NULL},
                                      {"near_duplicate", WANT_WHOLE, 1, 1e6, NULL, false, NULL},
                                      {"min_domains", WANT_WHOLE, 1, 1e6, NULL, false, NULL},
                                      {"min_domain_bytes", WANT_WHOLE, 0, LARGE, NULL, false, NULL},
                                      {"max_file_bytes", WANT_WHOLE, 1, LARGE, NULL, false, NULL},
                                      SCHEMA_END};
    corpus_spec *spec = arena_alloc(s->a, 1, sizeof *spec);
    if (!spec) return;
    *spec = (corpus_spec)CORPUS_SPEC_DEFAULT;
    x->corpus = spec;
    x->min_known = 0;
    node whole = *v;
    whole.is_partial = false; /* pm.corpus "name" alone is complete */
    if (!schema_shape(&s->wrong, &whole, "data", NAME_REQUIRED)) return;
    bool ok = schema_check(&s->wrong, v, "data", rows, false);
    x->data_dir = folder(s, v);
    if (!ok) return;
    take_numbers(v, spec);
    if (spec->min_chars > spec->max_chars)
        complain(&s->wrong, v->where, "data: min_chars = %zu is above max_chars = %zu",
                 spec->min_chars, spec->max_chars);
    if (spec->test + spec->train >= 1)
        complain(&s->wrong, v->where,
                 "data: test + train = %g leaves no text for the experts; want less than 1",
                 spec->test + spec->train);
}

/* ---- experts ---- */

static bool take_doses(script *s, const node *v, const char *path, corpus_mix *out)
{
    const char **domain = arena_alloc(s->a, v->n_fields, sizeof *domain);
    double *dose = arena_alloc(s->a, v->n_fields, sizeof *dose);
    if (!domain || !dose) return false;
    size_t before = s->wrong.n;
    for (size_t k = 0; k < v->n_items; k++)
        complain(&s->wrong, v->item[k].where, "%s: %s stands without a name; want domain = dose",
                 path, node_show(&v->item[k], s->a));
    for (size_t k = 0; k < v->n_fields; k++) {
        const node *f = &v->field[k];
        if (f->kind != NODE_NUMBER || !(f->number > 0 && f->number <= 1))
            complain(&s->wrong, f->where, "%s.%.80s = %s; want a share in (0, 1]", path, f->key,
                     node_show(f, s->a));
        domain[k] = f->key;
        dose[k] = f->number;
    }
    out->domain = domain;
    out->dose = dose;
    out->n_doses = v->n_fields;
    return s->wrong.n == before;
}

static bool take_without(script *s, const node *v, corpus_mix *out)
{
    const char **without = arena_alloc(s->a, v->n_items, sizeof *without);
    if (!without) return false;
    for (size_t k = 0; k < v->n_items; k++) without[k] = v->item[k].text;
    out->without = without;
    out->n_without = v->n_items;
    return true;
}

static bool build_mix(script *s, const node *v, const char *path, corpus_mix *out)
{
    static const schema_row rows[] = {{"base", WANT_NUMBER, 0, 1, NULL, false, NULL},
                                      {"without", WANT_TEXTS, 0, 0, NULL, false, NULL},
                                      {"doses", WANT_TABLE, 0, 0, NULL, false, NULL},
                                      SCHEMA_END};
    if (!node_is(v, "mix")) {
        complain(&s->wrong, v->where, "%s = %s; want pm.mix { base = ..., doses = { ... } }", path,
                 node_show(v, s->a));
        return false;
    }
    if (!schema_shape(&s->wrong, v, path, NAME_NEVER) ||
        !schema_check(&s->wrong, v, path, rows, false))
        return false;
    const node *doses = node_field(v, "doses"), *without = node_field(v, "without");
    *out = (corpus_mix){.base = schema_number(v, "base", 0)};
    if (doses && !take_doses(s, doses, bind_text(s->a, "%s.doses", path), out)) return false;
    if (without && !take_without(s, without, out)) return false;
    if (out->base > 0 || out->n_doses > 0) return true;
    complain(&s->wrong, v->where, "%s: teaches nothing; want base > 0 or doses", path);
    return false;
}

static bool build_run_by(script *s, const node *v, const char *path, plugin_choice *out)
{
    if (!node_is(v, "backend")) {
        complain(&s->wrong, v->where, "%s = %s; want pm.backend \"name\" { ... }", path,
                 node_show(v, s->a));
        return false;
    }
    if (!build_plugin(s, v, PLUGIN_BACKEND, path, NULL, out)) return false;
    const pm_backend_type *t = out->plugin->type.backend;
    if (t->train && t->score) return true;
    complain(&s->wrong, v->where, "%s: backend \"%s\" cannot %s", path, out->plugin->name,
             t->train ? "score texts" : "learn from a corpus");
    return false;
}

static void missing(script *s, const node *v, const char *path, const char *what, const char *want)
{
    complain(&s->wrong, v->where, "%s: %s is missing (%s)", path, what, want);
}

void build_experts(script *s, const node *lib, bool needed, expert_choice **out)
{
    expert_choice *e = arena_alloc(s->a, lib->n_items, sizeof *e);
    *out = e;
    for (size_t i = 0; e && i < lib->n_items; i++) {
        const node *v = &lib->item[i], *id = node_field(v, "id");
        if (!node_is(v, "expert")) continue; /* told */
        const char *name = v->name ? v->name : id && id->kind == NODE_TEXT ? id->text : NULL;
        const char *path = schema_item_path(s->a, "experts", i, name);
        const node *backend = node_field(v, "backend"), *learns = node_field(v, "learns");
        if (needed && !backend)
            missing(s, v, path, "backend", "what runs it: pm.backend \"ngram\" { order = 6 }");
        if (needed && !learns)
            missing(s, v, path, "learns", "its share of the corpus: pm.mix { base = .15 }");
        if (backend)
            (void)build_run_by(s, backend, bind_text(s->a, "%s.backend", path), &e[i].backend);
        if (learns) (void)build_mix(s, learns, bind_text(s->a, "%s.learns", path), &e[i].mix);
    }
}

/* ---- learning curves ---- */

static bool take_size(script *s, const node *v, const char *path, size_t before, size_t *out)
{
    bool is_all = v->kind == NODE_TEXT && strcmp(v->text, "all") == 0;
    bool is_count = v->kind == NODE_NUMBER && v->is_whole && v->number >= 2 && v->number < LARGE;
    if (!is_all && !is_count) {
        complain(&s->wrong, v->where, "%s = %s; want a number of prompts, or \"all\"", path,
                 node_show(v, s->a));
        return false;
    }
    *out = is_all ? SIZE_MAX : (size_t)v->whole;
    if (*out > before) return true;
    complain(&s->wrong, v->where, "%s = %s is not above the size before it; \"all\" comes last",
             path, node_show(v, s->a));
    return false;
}

void build_train_sizes(script *s, const node *v, experiment *x)
{
    if (!v) return;
    if (v->kind != NODE_TABLE || v->noun || v->n_fields) {
        complain(&s->wrong, v->where, "train_sizes = %s; want a list like { 500, 2000, \"all\" }",
                 node_show(v, s->a));
        return;
    }
    size_t *size = arena_alloc(s->a, v->n_items, sizeof *size), before = 0;
    for (size_t i = 0; size && i < v->n_items; i++) {
        const char *path = schema_item_path(s->a, "train_sizes", i, NULL);
        if (!take_size(s, &v->item[i], path, before, &size[i])) return;
        before = size[i];
    }
    x->train_size = size;
    x->n_train_sizes = size ? v->n_items : 0;
}

/* ---- sizes of an experiment ---- */

static bool is_field(const schema_row *rows, const char *name)
{
    if (strcmp(name, "size") == 0 || strcmp(name, "sizes") == 0) return false;
    while (rows->name && strcmp(rows->name, name) != 0) rows++;
    return rows->name != NULL;
}

static void unknown_field(script *s, const schema_row *rows, const node *f, const char *path)
{
    const char *name[64];
    size_t n = 0;
    for (; rows->name && n < 64; rows++)
        if (is_field(rows, rows->name)) name[n++] = rows->name;
    const char *near = str_suggest(f->key, name, n);
    complain(&s->wrong, f->where, "%s: unknown field '%.80s'%s%s%s", path, f->key,
             near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

void build_sizes(script *s, const node *v, const schema_row *rows)
{
    if (!v || v->kind != NODE_TABLE || v->noun) return; /* told by the rows */
    for (size_t k = 0; k < v->n_fields; k++) {
        const node *one = &v->field[k];
        const char *path = bind_text(s->a, "sizes.%.80s", one->key);
        if (one->kind != NODE_TABLE || one->noun) {
            complain(&s->wrong, one->where, "%s = %s; want a table { seeds = ..., data = ... }",
                     path, node_show(one, s->a));
            continue;
        }
        for (size_t f = 0; f < one->n_fields; f++)
            if (!is_field(rows, one->field[f].key)) unknown_field(s, rows, &one->field[f], path);
    }
}
