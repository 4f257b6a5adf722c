/* SPDX-License-Identifier: MIT
 *
 * on_infeasible = "error" | "relax" | { relax = { "label", ... } } | { fallback = "expert-id" }.  "relax" gives up
 * the hard constraints in the order of the list `constraints`.  The expert is looked up here where the script
 * has a library, else when the data are read.
 */
#include <string.h>

#include "bind/script_private.h"

static bool is_hard(const experiment *x, size_t k)
{
    return x->constraint[k].at.label && x->constraint[k].sense == PM_HARD;
}

/* Place of the label, or SIZE_MAX after saying what is wrong with it. */
static size_t find_hard(script *s, const node *list, size_t i, const experiment *x)
{
    const node *v = &list->item[i];
    const char **all = arena_alloc(s->a, x->n_constraints + 1, sizeof *all);
    size_t n = 0;
    if (!all) return SIZE_MAX;
    for (size_t k = 0; k < x->n_constraints; k++) {
        const char *label = x->constraint[k].at.label;
        if (label && v->kind == NODE_TEXT && strcmp(label, v->text) == 0) {
            if (is_hard(x, k)) return k;
            complain(&s->wrong, list->where,
                     "on_infeasible.relax[%zu] = \"%.80s\" is a %s constraint; only hard ones "
                     "exclude anybody and can be relaxed",
                     i + 1, v->text, x->constraint[k].sense == PM_SOFT ? "soft" : "budget");
            return SIZE_MAX;
        }
        if (is_hard(x, k)) all[n++] = label;
    }
    const char *near = v->kind == NODE_TEXT ? str_suggest(v->text, all, n) : NULL;
    complain(&s->wrong, list->where,
             "on_infeasible.relax[%zu] = %s is no hard constraint of the experiment%s%s%s", i + 1,
             node_show(v, s->a), near ? "; did you mean \"" : "", near ? near : "",
             near ? "\"?" : "");
    return SIZE_MAX;
}

static void build_relax(script *s, const node *list, experiment *x)
{
    size_t *order = arena_alloc(s->a, list->n_items + 1, sizeof *order), n = 0;
    if (list->kind != NODE_TABLE || list->noun || list->n_fields || list->n_items == 0) {
        complain(&s->wrong, list->where,
                 "on_infeasible.relax = %s; want a list of labels of hard constraints, the first "
                 "to be given up first",
                 node_show(list, s->a));
        return;
    }
    for (size_t i = 0; order && i < list->n_items; i++) {
        size_t k = find_hard(s, list, i, x);
        if (k == SIZE_MAX) continue;
        for (size_t e = 0; e < n; e++)
            if (order[e] == k)
                complain(&s->wrong, list->where, "on_infeasible.relax: \"%.80s\" is named twice",
                         x->constraint[k].at.label);
        order[n++] = k;
    }
    x->infeasible.policy = INFEASIBLE_RELAX;
    x->infeasible.relax = order;
    x->infeasible.n_relax = n;
}

/* All hard constraints, as they are declared. */
static void relax_all(script *s, experiment *x)
{
    size_t *order = arena_alloc(s->a, x->n_constraints + 1, sizeof *order), n = 0;
    for (size_t k = 0; order && k < x->n_constraints; k++)
        if (is_hard(x, k)) order[n++] = k;
    x->infeasible.policy = INFEASIBLE_RELAX;
    x->infeasible.relax = order;
    x->infeasible.n_relax = n;
}

static void build_fallback(script *s, const node *v, experiment *x)
{
    const node *id = node_field(v, "fallback");
    size_t n = x->lib ? x->lib->view.n : 0;
    const char **all = arena_alloc(s->a, n + 1, sizeof *all);
    if (!all || id->kind != NODE_TEXT) return; /* told by the rows */
    bool known = n == 0;
    for (size_t j = 0; j < n; j++) {
        all[j] = x->lib->view.expert[j]->id;
        known |= strcmp(all[j], id->text) == 0;
    }
    const char *near = known ? NULL : str_suggest(id->text, all, n);
    if (!known)
        complain(&s->wrong, id->where,
                 "on_infeasible.fallback = \"%.80s\" is none of the library's %zu experts%s%s%s",
                 id->text, n, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    x->infeasible.policy = INFEASIBLE_FALLBACK;
    x->infeasible.fallback = id->text;
}

void build_infeasible(script *s, const node *v, experiment *x)
{
    static const char *const words[] = {"error", "relax"};
    static const schema_row rows[] = {{"relax", WANT_ANY, 0, 0, NULL, false, NULL},
                                      {"fallback", WANT_TEXT, 0, 0, NULL, false, NULL},
                                      SCHEMA_END};
    x->infeasible = (infeasible_choice){.policy = INFEASIBLE_ERROR, .where = v ? v->where : NULL};
    if (!v || (v->kind == NODE_TEXT && strcmp(v->text, "error") == 0)) return;
    if (v->kind == NODE_TEXT && strcmp(v->text, "relax") == 0) {
        relax_all(s, x);
        return;
    }
    const char *near = v->kind == NODE_TEXT ? str_suggest(v->text, words, 2) : NULL;
    if (v->kind != NODE_TABLE || v->noun) {
        complain(&s->wrong, v->where,
                 "on_infeasible = %s; want \"error\", \"relax\", { relax = { \"label\" } } or "
                 "{ fallback = \"expert\" }%s%s%s",
                 node_show(v, s->a), near ? "; did you mean \"" : "", near ? near : "",
                 near ? "\"?" : "");
        return;
    }
    if (!schema_check(&s->wrong, v, "on_infeasible", rows, false)) return;
    const node *relax = node_field(v, "relax"), *fallback = node_field(v, "fallback");
    if (!relax == !fallback) {
        complain(&s->wrong, v->where, "on_infeasible: want either relax or fallback");
        return;
    }
    if (relax)
        build_relax(s, relax, x);
    else
        build_fallback(s, v, x);
}
