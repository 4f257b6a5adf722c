/* SPDX-License-Identifier: MIT
 *
 * pair = { strong = "id", weak = "id" } and decontaminate = threshold.  Ids are looked up here where the script has a
 * library, else when the data are read.
 */
#include <math.h>
#include <string.h>

#include "bind/script_private.h"

static void check_id(script *s, const node *v, const experiment *x, const char *role)
{
    const node *id = node_field(v, role);
    size_t n = x->lib ? x->lib->view.n : 0;
    const char **all = arena_alloc(s->a, n, sizeof *all);
    if (!all || n == 0) return;
    for (size_t j = 0; j < n; j++) {
        all[j] = x->lib->view.expert[j]->id;
        if (strcmp(all[j], id->text) == 0) return;
    }
    const char *near = str_suggest(id->text, all, n);
    complain(&s->wrong, id->where, "pair.%s = \"%.80s\" is none of the library's %zu experts%s%s%s",
             role, id->text, n, near ? "; did you mean \"" : "", near ? near : "",
             near ? "\"?" : "");
}

/* published = { { label = "...", apgr =, cpt50 =, cpt80 = }, ... } */
static void build_published(script *s, const node *v, experiment *x)
{
    static const schema_row rows[] = {{"label", WANT_TEXT, 0, 0, NULL, true, "what it is called"},
                                      {"apgr", WANT_NUMBER, -10, 10, NULL, false, NULL},
                                      {"cpt50", WANT_NUMBER, 0, 100, NULL, false, NULL},
                                      {"cpt80", WANT_NUMBER, 0, 100, NULL, false, NULL},
                                      SCHEMA_END};
    const node *list = node_field(v, "published");
    x->published_by = schema_text(v, "published_by", "");
    if (!list || list->kind != NODE_TABLE) return;
    published_score *out = arena_alloc(s->a, list->n_items, sizeof *out);
    for (size_t k = 0; out && k < list->n_items; k++) {
        const node *one = &list->item[k];
        const char *path = schema_item_path(s->a, "pair.published", k, NULL);
        if (one->kind != NODE_TABLE) {
            complain(&s->wrong, list->where, "%s = %s; want { label = ..., apgr = ... }", path,
                     node_show(one, s->a));
            return;
        }
        if (!schema_check(&s->wrong, one, path, rows, false)) return;
        out[k] = (published_score){schema_text(one, "label", ""), schema_number(one, "apgr", NAN),
                                   schema_number(one, "cpt50", NAN),
                                   schema_number(one, "cpt80", NAN)};
    }
    x->published = out;
    x->n_published = out ? list->n_items : 0;
    if (x->n_published && !x->published_by[0])
        complain(&s->wrong, list->where,
                 "pair.published: published_by is missing (where the figures "
                 "were printed)");
}

static void build_two(script *s, const node *v, experiment *x)
{
    static const schema_row rows[] = {{"strong", WANT_TEXT, 0, 0, NULL, true, "id of an expert"},
                                      {"weak", WANT_TEXT, 0, 0, NULL, true, "id of an expert"},
                                      {"published", WANT_TABLE, 0, 0, NULL, false, NULL},
                                      {"published_by", WANT_TEXT, 0, 0, NULL, false, NULL},
                                      SCHEMA_END};
    if (!v || v->kind != NODE_TABLE || !schema_check(&s->wrong, v, "pair", rows, false)) return;
    const char *strong = schema_text(v, "strong", NULL), *weak = schema_text(v, "weak", NULL);
    if (!strong || !weak) return;
    if (strcmp(strong, weak) == 0) {
        complain(&s->wrong, v->where, "pair: \"%.80s\" is both strong and weak; want two experts",
                 strong);
        return;
    }
    check_id(s, v, x, "strong");
    check_id(s, v, x, "weak");
    x->strong = strong;
    x->weak = weak;
    build_published(s, v, x);
}

void build_pair(script *s, const node *v, experiment *x)
{
    const node *at = node_field(v, "decontaminate");
    build_two(s, node_field(v, "pair"), x);
    if (!at || at->kind != NODE_NUMBER) return; /* told by the rows */
    if (x->corpus)
        complain(
            &s->wrong, at->where,
            "decontaminate: over a corpus, prompts that overlap are left out already (overlap, "
            "near_duplicate of pm.corpus)");
    x->decontaminate = schema_number(v, "decontaminate", 0);
    if (x->decontaminate > 0 && !x->embed && !x->given_vectors && !s->wants_embedder)
        complain(&s->wrong, at->where,
                 "decontaminate compares embeddings; give the experiment an embedder = "
                 "pm.embedder \"name\" {}");
}
