/* SPDX-License-Identifier: MIT
 *
 * Which part of a dataset counts (pm.dataset's domains, without, judges ...), other data to learn battles from
 * (also = { name = pm.dataset ... }), and what a router learns from (learns, from).
 */
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "bind/script_private.h"
#include "data/import.h"

#define ALSO_MAX 32 /* a router's choice of them is a bit each */

/* ---- folders ---- */

const char *build_folder(script *s, const node *v, const char *path)
{
    const char *found = modules_find(&s->files, v->name);
    const char *home = getenv("POINTSMAN_DATA");
    if ((!found || !io_is_dir(found)) && home && *home && v->name[0] != '/') {
        const char *there = io_join(s->a, home, v->name);
        if (there && io_is_dir(there)) return there;
    }
    if (found && io_is_dir(found)) return found;
    const char *looked = "";
    for (size_t i = 0; v->name[0] != '/' && i < s->files.n_roots; i++)
        looked = bind_text(s->a, "%s%s%s", looked, i ? ", " : "; looked in ", s->files.root[i]);
    if (v->name[0] != '/')
        looked =
            bind_text(s->a, "%s, %s", looked, home && *home ? home : "$POINTSMAN_DATA (not set)");
    complain(&s->wrong, v->where, "%s \"%.200s\": %s%s", path, v->name,
             found ? "not a folder" : "no such folder", looked);
    return NULL;
}

/* ---- narrowing ---- */

static const char *const *texts(script *s, const node *v, const char *key, size_t *n)
{
    const node *list = node_field(v, key);
    *n = 0;
    if (!list || list->kind != NODE_TABLE || !list->n_items) return NULL;
    const char **out = arena_alloc(s->a, list->n_items, sizeof *out);
    for (size_t i = 0; out && i < list->n_items; i++) {
        if (list->item[i].kind != NODE_TEXT) return NULL; /* told by the rows */
        out[i] = list->item[i].text;
    }
    if (out) *n = list->n_items;
    return out;
}

void build_narrowing(script *s, const node *v, dataset_narrowing *out)
{
    *out = (dataset_narrowing){.join_turns = schema_flag(v, "join_turns", false),
                               .scores = schema_text(v, "scores", NULL)};
    out->domain = texts(s, v, "domains", &out->n_domains);
    out->without = texts(s, v, "without", &out->n_without);
    out->judge = texts(s, v, "judges", &out->n_judges);
}

/* ---- also ---- */

static bool take_names(script *s, const node *v, const char *path, also_choice *out)
{
    const node *names = node_field(v, "names");
    if (!names) return true;
    model_name *list = arena_alloc(s->a, names->n_fields, sizeof *list);
    if (!list) return false;
    for (size_t k = 0; k < names->n_fields; k++) {
        const node *f = &names->field[k];
        if (f->kind != NODE_TEXT) {
            complain(&s->wrong, f->where,
                     "%s.names[\"%.80s\"] = %s; want the name that this model has here", path,
                     f->key, node_show(f, s->a));
            return false;
        }
        list[k] = (model_name){f->key, f->text};
    }
    out->name = list;
    out->n_names = names->n_fields;
    return true;
}

static bool take_also(script *s, const node *v, also_choice *out)
{
    static const schema_row rows[] = {DATASET_PART_ROWS,
                                      {"names", WANT_TABLE, 0, 0, NULL, false, NULL},
                                      {"labels", WANT_FLAG, 0, 0, NULL, false, NULL},
                                      {"format", WANT_TEXT, 0, 0, NULL, false, NULL},
                                      SCHEMA_END};
    const char *path = schema_path(s->a, "also", v->key);
    if (!node_is(v, "dataset")) {
        complain(&s->wrong, v->where, "%s = %s; want pm.dataset \"path\" { ... }", path,
                 node_show(v, s->a));
        return false;
    }
    node whole = *v;
    whole.is_partial = false;
    if (!schema_shape(&s->wrong, &whole, path, NAME_REQUIRED) ||
        !schema_check(&s->wrong, v, path, rows, false))
        return false;
    *out = (also_choice){
        .label = v->key, .where = v->where, .labels = schema_flag(v, "labels", false)};
    build_narrowing(s, v, &out->narrow);
    out->format = schema_text(v, "format", "arena");
    if (!import_find(out->format)) {
        complain(
            &s->wrong, v->where,
            "%s.format = \"%.80s\": no such importer; `pointsman data convert --list` names them",
            path, out->format);
        return false;
    }
    if (strcmp(v->name, "-") == 0)
        return take_names(s, v, path, out); /* not given: dir stays NULL */
    const char *file = modules_find(&s->files, v->name);
    bool is_file = file && io_is_file(file);
    /* where it is missing routers may still name it */
    out->dir = is_file ? file : build_folder(s, v, path);
    return take_names(s, v, path, out);
}

void build_also(script *s, const node *v, experiment *x)
{
    if (!v || v->kind != NODE_TABLE) return;
    if (v->noun || v->n_items || v->n_fields > ALSO_MAX) {
        complain(
            &s->wrong, v->where,
            "also: want up to %d named data sets: also = { name = pm.dataset \"path\" { ... } }",
            ALSO_MAX);
        return;
    }
    also_choice *list = arena_alloc(s->a, v->n_fields, sizeof *list);
    if (!list) return;
    for (size_t k = 0; k < v->n_fields; k++)
        if (take_also(s, &v->field[k], &list[x->n_also])) x->n_also++;
    x->also = list;
    if (x->n_also && x->corpus)
        complain(&s->wrong, v->where,
                 "also: over a corpus experts are measured anew; other data's "
                 "battles can only be learned from beside pm.dataset");
}

/* ---- a router's sources ---- */

static const also_choice *also_of(const experiment *x, const char *label, size_t *at)
{
    for (*at = 0; *at < x->n_also; ++*at)
        if (strcmp(x->also[*at].label, label) == 0) return &x->also[*at];
    return NULL;
}

static bool take_from(script *s, const node *v, const char *path, const experiment *x,
                      unsigned *out)
{
    const char *known[ALSO_MAX];
    size_t at;
    for (size_t k = 0; k < x->n_also; k++) known[k] = x->also[k].label;
    size_t n = v->kind == NODE_TABLE ? v->n_items : 1;
    for (size_t i = 0; i < n; i++) {
        const node *one = v->kind == NODE_TABLE ? &v->item[i] : v;
        if (one->kind == NODE_TEXT && also_of(x, one->text, &at)) {
            *out |= 1u << at;
            continue;
        }
        const char *near = one->kind == NODE_TEXT ? str_suggest(one->text, known, x->n_also) : NULL;
        complain(&s->wrong, v->where, "%s.from = %s: `also` has no data of this name%s%s%s", path,
                 node_show(one, s->a), near ? "; did you mean \"" : "", near ? near : "",
                 near ? "\"?" : "");
        return false;
    }
    return n > 0;
}

void build_learns(script *s, const node *v, const char *path, const experiment *x,
                  plugin_choice *out)
{
    static const char *const words[] = {"battles",           "labels", "both",
                                        "labels as battles", "others", NULL};
    static const unsigned mask[] = {LEARNS_BATTLES, LEARNS_LABELS, LEARNS_BOTH,
                                    LEARNS_LABEL_BATTLES, LEARNS_OTHERS};
    const node *learns = node_field(v, "learns"), *from = node_field(v, "from");
    out->learns = 0;
    out->from = 0;
    if (v->noun && strstr(v->noun, "_fn")) return; /* a definition: its fields are its own */
    if (learns) {
        for (unsigned k = 0; words[k] && learns->kind == NODE_TEXT; k++)
            if (strcmp(learns->text, words[k]) == 0) out->learns = mask[k];
        if (!out->learns)
            complain(&s->wrong, learns->where,
                     "%s.learns = %s; want \"battles\", \"labels\", \"both\", \"labels as "
                     "battles\" or \"others\"",
                     path, node_show(learns, s->a));
    }
    uint32_t needs = out->plugin ? out->plugin->type.router->needs : 0;
    if (out->learns == LEARNS_BATTLES && (needs & PM_NEEDS_VALUES) && !(needs & PM_NEEDS_BATTLES))
        complain(&s->wrong, learns->where,
                 "%s.learns = \"battles\": this router learns from outcomes, which that withholds; "
                 "want \"labels\", or no `learns`",
                 path);
    if (out->learns == LEARNS_OTHERS && !x->n_also)
        complain(&s->wrong, learns->where,
                 "%s.learns = \"others\": the experiment has no other data; want also = { name = "
                 "pm.dataset \"path\" { ... } }",
                 path);
    if (from && take_from(s, from, path, x, &out->from) && out->learns &&
        !(out->learns & (LEARNS_BATTLES | LEARNS_OTHERS)))
        complain(&s->wrong, from->where, "%s.from names other data's battles, and learns = %s",
                 path, node_show(learns, s->a));
}

/* ---- what is not given ---- */

static void tell_skipped(script *s, experiment *x, const char *what)
{
    x->skipped = x->skipped ? bind_text(s->a, "%s, %s", x->skipped, what) : what;
}

static unsigned renumber(unsigned from, const unsigned *to, size_t n)
{
    unsigned now = 0;
    for (size_t k = 0; k < n; k++)
        if (from & (1u << k)) now |= 1u << to[k];
    return now;
}

/* Data that nobody gave are left out and told, and with them the routers that would learn from them. */
void build_absent(script *s, experiment *x)
{
    also_choice *also = (also_choice *)x->also; /* ours: allocated in build_also */
    router_choice *list = (router_choice *)x->router;
    unsigned to[ALSO_MAX], absent = 0;
    size_t kept = 0, n = 0;
    for (size_t k = 0; k < x->n_also; k++) {
        to[k] = (unsigned)kept;
        if (also[k].dir) {
            also[kept++] = also[k];
            continue;
        }
        absent |= 1u << k;
        tell_skipped(s, x,
                     bind_text(s->a, "data \"%.80s\" (not given: --set %.80s=FOLDER or FILE)",
                               also[k].label, also[k].label));
    }
    for (size_t i = 0; i < x->n_routers; i++) {
        plugin_choice *candidate = (plugin_choice *)list[i].candidate;
        if (list[i].at.from & absent) {
            tell_skipped(s, x, bind_text(s->a, "router \"%.80s\"", list[i].at.label));
            continue;
        }
        list[n] = list[i];
        list[n].at.from = renumber(list[i].at.from, to, x->n_also);
        for (size_t k = 0; k < list[n].n_candidates; k++) candidate[k].from = list[n].at.from;
        n++;
    }
    x->n_routers = n;
    x->n_also = kept;
}
