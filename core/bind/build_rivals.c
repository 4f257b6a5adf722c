/* SPDX-License-Identifier: MIT
 *
 * rival = "label" or { "label", ... }: routers of the script and baselines that every table has.
 */
#include <string.h>

#include "bind/script_private.h"
#include "eval/baselines.h"
#include "eval/battles.h"

#define RIVALS_MAX 16

typedef struct rivals {
    script *s;
    experiment *x;
    const char **label;
    size_t n;
} rivals;

/* The router of this label is marked; whether there is one. */
static bool mark_router(experiment *x, const char *label)
{
    for (size_t i = 0; i < x->n_routers; i++) {
        if (strcmp(x->router[i].at.label, label) != 0) continue;
        ((router_choice *)x->router)[i].is_rival = true; /* ours: allocated in build_routers */
        return true;
    }
    return false;
}

static const char *const *labels(const experiment *x)
{
    return x->of_battles ? battles_labels() : baselines_labels();
}

static bool is_baseline(const experiment *x, const char *label)
{
    for (const char *const *b = labels(x); *b; b++)
        if (strcmp(*b, label) == 0) return true;
    return false;
}

/* The nearest label of a router or a baseline. */
static const char *near_label(const rivals *r, const char *text)
{
    size_t n = r->x->n_routers;
    for (const char *const *b = labels(r->x); *b; b++) n++;
    const char **all = arena_alloc(r->s->a, n, sizeof *all);
    if (!all) return NULL;
    n = 0;
    for (size_t i = 0; i < r->x->n_routers; i++) all[n++] = r->x->router[i].at.label;
    for (const char *const *b = labels(r->x); *b; b++) all[n++] = *b;
    return str_suggest(text, all, n);
}

static void add(rivals *r, const node *v, const char *path)
{
    for (size_t k = 0; k < r->n; k++)
        if (strcmp(r->label[k], v->text) == 0) {
            complain(&r->s->wrong, v->where, "%s: \"%.80s\" is a rival already", path, v->text);
            return;
        }
    if (mark_router(r->x, v->text) || is_baseline(r->x, v->text)) {
        r->label[r->n++] = v->text;
        return;
    }
    const char *near = near_label(r, v->text);
    complain(&r->s->wrong, v->where, "%s = \"%.80s\": no router or baseline has this label%s%s%s",
             path, v->text, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

void build_rivals(script *s, const node *v, experiment *x)
{
    const node *rival = node_field(v, "rival");
    if (!rival) return;
    bool is_list = rival->kind == NODE_TABLE && !rival->noun && rival->n_fields == 0;
    size_t n = is_list ? rival->n_items : 1;
    if (!is_list && rival->kind != NODE_TEXT) {
        complain(&s->wrong, rival->where,
                 "rival = %s; want the label of a router or baseline, or a list",
                 node_show(rival, s->a));
        return;
    }
    if (n == 0 || n > RIVALS_MAX) {
        complain(&s->wrong, rival->where, "rival: %zu of them; want 1 to %d", n, RIVALS_MAX);
        return;
    }
    for (size_t i = 0; i < x->n_routers; i++)
        if (!x->router[i].at.label) return; /* a broken router: its mistake comes first */
    rivals r = {s, x, arena_alloc(s->a, n, sizeof(char *)), 0};
    for (size_t i = 0; r.label && i < n; i++) {
        const node *one = is_list ? &rival->item[i] : rival;
        const char *path = is_list ? schema_item_path(s->a, "rival", i, NULL) : "rival";
        if (one->kind == NODE_TEXT)
            add(&r, one, path);
        else
            complain(&s->wrong, one->where, "%s = %s; want a text", path, node_show(one, s->a));
    }
    x->rival = r.label;
    x->n_rivals = r.n;
}
