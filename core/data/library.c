/* SPDX-License-Identifier: MIT
 *
 * Building a library: experts in order of arrival, attributes checked as they come and sorted by name
 * at the end.
 */
#include "data/library.h"

#include <string.h>

#include "data/library_private.h"
#include "data/names.h"
#include "data/show.h"

enum { ID_BYTES = 200, MAX_ATTRS = 256, MAX_EXPERTS = 1 << 20 };

typedef struct attr_node attr_node;
struct attr_node {
    pm_attr attr;
    attr_node *next;
};

typedef struct expert_node expert_node;
struct expert_node {
    const char *id;
    attr_node *attr; /* sorted by name */
    size_t n_attr;
    expert_node *next;
};

struct library_builder {
    arena *a;
    const char *name;
    expert_node *first, *last;
    names ids;
};

library_builder *library_begin(arena *a, const char *name)
{
    library_builder *b = arena_alloc(a, 1, sizeof *b);
    if (!b) return NULL;
    b->a = a;
    b->ids = names_of(a);
    b->name = arena_strdup(a, name ? name : "");
    return b->name ? b : NULL;
}

static pm_status no_memory(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "no memory for the library");
}

static pm_status check_id(const library_builder *b, const char *id, pm_err *err)
{
    size_t len = id ? strlen(id) : 0;
    if (!len) return err_set(err, PM_E_ARG, "expert %zu has an empty name", b->ids.n + 1);
    if (len > ID_BYTES)
        return err_set(err, PM_E_ARG, "expert %s: found a name of %zu bytes, wanted at most %d",
                       show_text(pm_str_of(id)).text, len, ID_BYTES);
    for (const char *p = id; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return err_set(err, PM_E_ARG, "expert %s: found byte 0x%02x in the name, wanted text",
                           show_text(pm_str_of(id)).text, (unsigned)(unsigned char)*p);
    size_t bad;
    if (!utf8_valid(id, len, &bad))
        return err_set(err, PM_E_ARG, "expert %s: byte %zu of the name is not UTF-8",
                       show_text(pm_str_of(id)).text, bad + 1);
    if (names_find(&b->ids, pm_str_of(id)) != SIZE_MAX)
        return err_set(err, PM_E_ARG, "expert \"%s\" is named twice", id);
    if (b->ids.n == MAX_EXPERTS) return err_set(err, PM_E_ARG, "more than %d experts", MAX_EXPERTS);
    return PM_OK;
}

pm_status library_add(library_builder *b, const char *id, pm_err *err)
{
    pm_status s = check_id(b, id, err);
    if (s != PM_OK) return s;
    expert_node *e = arena_alloc(b->a, 1, sizeof *e);
    if (!e || !(e->id = arena_strdup(b->a, id)) || !names_add(&b->ids, pm_str_of(e->id)))
        return no_memory(err);
    if (b->last)
        b->last->next = e;
    else
        b->first = e;
    b->last = e;
    return PM_OK;
}

/* Puts a checked copy of `attr` into its place by name. */
static pm_status add_attr(library_builder *b, pm_attr attr, pm_err *err)
{
    expert_node *e = b->last;
    if (!e) return err_set(err, PM_E_ARG, "attribute %s comes before any expert", attr.name);
    pm_status s = library_attr_check(e->id, &attr, err);
    if (s != PM_OK) return s;
    attr_node **at = &e->attr;
    while (*at && strcmp((*at)->attr.name, attr.name) < 0) at = &(*at)->next;
    if (*at && strcmp((*at)->attr.name, attr.name) == 0)
        return err_set(err, PM_E_ARG, "expert %s: attribute \"%s\" is given twice", e->id,
                       attr.name);
    if (e->n_attr == MAX_ATTRS)
        return err_set(err, PM_E_ARG, "expert %s: more than %d attributes", e->id, MAX_ATTRS);
    attr_node *node = arena_alloc(b->a, 1, sizeof *node);
    if (!node) return no_memory(err);
    node->attr = attr;
    node->attr.name = arena_strdup(b->a, attr.name);
    if (attr.text) node->attr.text = arena_strdup(b->a, attr.text);
    if (!node->attr.name || (attr.text && !node->attr.text)) return no_memory(err);
    node->next = *at;
    *at = node;
    e->n_attr++;
    return PM_OK;
}

pm_status library_attr_number(library_builder *b, const char *name, double v, pm_err *err)
{
    pm_attr attr = {name, PM_ATTR_NUMBER, v, NULL};
    return add_attr(b, attr, err);
}

pm_status library_attr_text(library_builder *b, const char *name, const char *v, pm_err *err)
{
    pm_attr attr = {name, PM_ATTR_TEXT, 0, v};
    return add_attr(b, attr, err);
}

pm_status library_attr_date(library_builder *b, const char *name, const char *iso, pm_err *err)
{
    pm_attr attr = {name, PM_ATTR_DATE, 0, NULL};
    if (!library_parse_date(iso, &attr.number))
        return err_set(err, PM_E_ARG,
                       "expert %s: %s: found %s, wanted a date: YYYY-MM-DD, YYYY-MM or YYYY",
                       b->last ? b->last->id : "?", name, show_text(pm_str_of(iso)).text);
    return add_attr(b, attr, err);
}

pm_status library_attr_flag(library_builder *b, const char *name, bool v, pm_err *err)
{
    pm_attr attr = {name, PM_ATTR_FLAG, v ? 1 : 0, NULL};
    return add_attr(b, attr, err);
}

static pm_status fill_expert(arena *a, const expert_node *from, pm_expert *e, pm_err *err)
{
    pm_attr *attr = arena_alloc(a, from->n_attr, sizeof *attr);
    if (!attr) return no_memory(err);
    size_t k = 0;
    for (const attr_node *n = from->attr; n; n = n->next) attr[k++] = n->attr;
    e->size = sizeof *e;
    e->id = from->id;
    e->attr = attr;
    e->n_attr = k;
    return PM_OK;
}

pm_status library_finish(library_builder *b, library *out, pm_err *err)
{
    size_t n = b->ids.n, j = 0;
    pm_expert *expert = arena_alloc(b->a, n, sizeof *expert);
    const pm_expert **list = arena_alloc(b->a, n, sizeof *list);
    if (!expert || !list) return no_memory(err);
    for (const expert_node *from = b->first; from; from = from->next, j++) {
        pm_status s = fill_expert(b->a, from, &expert[j], err);
        if (s != PM_OK) return s;
        list[j] = &expert[j];
    }
    memset(out, 0, sizeof *out);
    out->name = b->name;
    out->view.size = sizeof out->view;
    out->view.n = n;
    out->view.expert = list;
    library_seal(out);
    return PM_OK;
}

size_t library_find(const pm_library *lib, const char *id)
{
    for (size_t j = 0; j < lib->n; j++)
        if (strcmp(lib->expert[j]->id, id) == 0) return j;
    return SIZE_MAX;
}

pm_status library_select(const library *l, const uint32_t *col, size_t n, arena *a, library *out,
                         pm_err *err)
{
    const pm_expert **list = arena_alloc(a, n, sizeof *list);
    unsigned char *taken = arena_alloc(a, l->view.n, 1);
    if (!list || !taken) return no_memory(err);
    for (size_t k = 0; k < n; k++) {
        if (col[k] >= l->view.n)
            return err_set(err, PM_E_ARG, "column %u of a library of %zu experts", col[k],
                           l->view.n);
        if (taken[col[k]]++)
            return err_set(err, PM_E_ARG, "expert \"%s\" is chosen twice",
                           l->view.expert[col[k]]->id);
        list[k] = l->view.expert[col[k]];
    }
    library chosen = *l;
    chosen.view.n = n;
    chosen.view.expert = list;
    library_seal(&chosen);
    *out = chosen;
    return PM_OK;
}
