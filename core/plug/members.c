/* SPDX-License-Identifier: MIT
 *
 * Copies of libraries, comparison with what is served, and their stored form.  What attributes mean is
 * the data floor's business.
 */
#include "plug/members.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/library.h"

/* ---- copying ----------------------------------------------------------------------------------------- */

static bool copy_attrs(const pm_expert *from, arena *a, pm_expert *to)
{
    pm_attr *attr = arena_alloc(a, from->n_attr, sizeof *attr);
    if (!attr) return false;
    for (size_t k = 0; k < from->n_attr; k++) {
        attr[k] = from->attr[k];
        attr[k].name = arena_strdup(a, from->attr[k].name);
        if (from->attr[k].text) attr[k].text = arena_strdup(a, from->attr[k].text);
        if (!attr[k].name || (from->attr[k].text && !attr[k].text)) return false;
    }
    to->attr = attr;
    to->n_attr = from->n_attr;
    return true;
}

static pm_expert *copy_expert(const pm_expert *from, arena *a)
{
    pm_expert *to = arena_alloc(a, 1, sizeof *to);
    if (!to) return NULL;
    to->size = sizeof *to;
    to->id = arena_strdup(a, from->id);
    if (!to->id || !copy_attrs(from, a, to)) return NULL;
    if (PM_HAS(from, profile) && from->profile.at) {
        float *at = arena_alloc(a, from->profile.cols, sizeof *at);
        if (!at) return NULL;
        memcpy(at, from->profile.at, from->profile.cols * sizeof *at);
        to->profile = (pm_cmat){at, 1, from->profile.cols, from->profile.cols};
    }
    return to;
}

pm_status members_copy(const pm_library *lib, const char *const *reads, arena *a, members *out,
                       pm_err *err)
{
    const pm_expert **expert = arena_alloc(a, lib->n, sizeof *expert);
    bool ok = expert != NULL;
    for (size_t j = 0; ok && j < lib->n; j++) {
        expert[j] = copy_expert(lib->expert[j], a);
        ok = expert[j] != NULL;
    }
    if (!ok) return err_set(err, PM_E_MEMORY, "out of memory for a library of %zu experts", lib->n);
    out->lib = (pm_library){sizeof out->lib, lib->revision, lib->n, expert};
    out->reads = reads;
    library_members(&out->lib, reads, out->hex);
    out->key = sha256_u64(out->hex);
    return PM_OK;
}

/* ---- comparing --------------------------------------------------------------------------------------- */

static void show(const pm_attr *a, char out[96])
{
    if (!a)
        snprintf(out, 96, "absent");
    else if (a->kind == PM_ATTR_TEXT)
        snprintf(out, 96, "\"%.80s\"", a->text ? a->text : "");
    else
        snprintf(out, 96, "%.10g", a->number);
}

static bool same_attr(const pm_attr *x, const pm_attr *y)
{
    if (!x || !y) return x == y;
    if (x->kind != y->kind) return false;
    if (x->kind == PM_ATTR_TEXT) return strcmp(x->text, y->text) == 0;
    return memcmp(&x->number, &y->number, sizeof x->number) == 0 || !(x->number != y->number);
}

static pm_status check_reads(const members *m, const pm_expert *was, const pm_expert *is,
                             pm_err *err)
{
    for (size_t k = 0; m->reads && m->reads[k]; k++) {
        const pm_attr *x = pm_attr_find(was, m->reads[k]), *y = pm_attr_find(is, m->reads[k]);
        if (same_attr(x, y)) continue;
        char before[96], after[96];
        show(x, before);
        show(y, after);
        return err_set(
            err, PM_E_STALE,
            "expert \"%s\": %s is %s but was %s when the router was trained, and the router "
            "reads it; update or train it again",
            is->id, m->reads[k], after, before);
    }
    return PM_OK;
}

/* The trained column of `id`; equal positions are tried first. */
static size_t column_of(const pm_library *lib, const char *id, size_t guess)
{
    if (guess < lib->n && strcmp(lib->expert[guess]->id, id) == 0) return guess;
    return library_find(lib, id);
}

static pm_status map_columns(const members *m, const pm_library *served, member_cache *c,
                             pm_err *err)
{
    c->is_same = served->n == m->lib.n;
    for (size_t j = 0; j < m->lib.n; j++) c->merged[j] = m->lib.expert[j];
    for (size_t j = 0; j < served->n; j++) {
        const pm_expert *e = served->expert[j];
        size_t col = column_of(&m->lib, e->id, j);
        if (col == SIZE_MAX)
            return err_set(
                err, PM_E_STALE,
                "expert \"%s\" was not among the %zu that the router was trained on; update or "
                "train it again",
                e->id, m->lib.n);
        pm_status s = check_reads(m, m->lib.expert[col], e, err);
        if (s != PM_OK) return s;
        c->column[j] = (uint32_t)col;
        c->merged[col] = e;
        c->is_same = c->is_same && col == j;
    }
    return PM_OK;
}

static bool is_cached(const members *m, const pm_library *served, const member_cache *c)
{
    return c->is_valid && served->revision != 0 && c->revision == served->revision &&
           c->members_key == m->key && c->n_served == served->n &&
           memcmp(c->served, served->expert, served->n * sizeof *c->served) == 0;
}

pm_status members_match(const members *m, const pm_library *served, member_cache *c, pm_err *err)
{
    if (is_cached(m, served, c)) return PM_OK;
    c->is_valid = false;
    if (served->n == 0) return err_set(err, PM_E_ARG, "the served library is empty");
    if (!mem_grow(&c->served, &c->served_capacity, served->n, sizeof *c->served) ||
        !mem_grow(&c->column, &c->column_capacity, served->n, sizeof *c->column) ||
        !mem_grow(&c->merged, &c->merged_capacity, m->lib.n, sizeof *c->merged))
        return err_set(err, PM_E_MEMORY, "out of memory for %zu experts", served->n);
    pm_status s = map_columns(m, served, c, err);
    if (s != PM_OK) return s;
    memcpy(c->served, served->expert, served->n * sizeof *c->served);
    c->n_served = served->n;
    c->members_key = m->key;
    c->revision = served->revision;
    c->is_valid = true;
    return PM_OK;
}

void member_cache_close(member_cache *c)
{
    mem_free(c->served);
    mem_free(c->column);
    mem_free(c->merged);
    *c = (member_cache){0};
}

/* ---- the stored form ------------------------------------------------------------------------------------ */

static const char *const kind_names[] = {"", "number", "text", "date", "flag"};

static void put_attr(const pm_attr *a, str *out)
{
    str_printf(out, "[\"%s\",\"%s\",", a->name, kind_names[a->kind]);
    if (a->kind == PM_ATTR_TEXT)
        str_json(out, a->text, strlen(a->text));
    else
        str_number(out, a->number);
    str_puts(out, "]");
}

void members_to_json(const pm_library *lib, str *out)
{
    str_puts(out, "[");
    for (size_t j = 0; j < lib->n; j++) {
        const pm_expert *e = lib->expert[j];
        str_puts(out, j ? ",{\"id\":" : "{\"id\":");
        str_json(out, e->id, strlen(e->id));
        str_puts(out, ",\"attr\":[");
        for (size_t k = 0; k < e->n_attr; k++) {
            if (k) str_puts(out, ",");
            put_attr(&e->attr[k], out);
        }
        str_puts(out, "]}");
    }
    str_puts(out, "]");
}

static pm_status take_attr(const json *j, pm_attr *out, pm_err *err)
{
    if (j->kind != JSON_ARRAY || j->n != 3 || j->child->kind != JSON_STRING ||
        j->child->next->kind != JSON_STRING)
        return err_set(err, PM_E_FORMAT, "stored library has a malformed attribute");
    const json *value = j->child->next->next;
    out->name = j->child->text;
    for (int k = PM_ATTR_NUMBER; k <= PM_ATTR_FLAG; k++)
        if (strcmp(kind_names[k], j->child->next->text) == 0) out->kind = (pm_attr_kind)k;
    bool is_text = out->kind == PM_ATTR_TEXT;
    if (out->kind == 0 || (is_text && value->kind != JSON_STRING) ||
        (!is_text && value->kind != JSON_NUMBER && value->kind != JSON_NULL))
        return err_set(err, PM_E_FORMAT, "stored library has a malformed attribute '%.80s'",
                       out->name);
    if (is_text)
        out->text = value->text;
    else
        out->number = value->kind == JSON_NULL ? (double)NAN : value->number;
    return PM_OK;
}

static pm_status take_expert(const json *j, arena *a, pm_expert *out, pm_err *err)
{
    const json *list = json_get(j, "attr");
    out->size = sizeof *out;
    out->id = json_text(j, "id", NULL);
    if (!out->id || !list || list->kind != JSON_ARRAY)
        return err_set(err, PM_E_FORMAT, "stored library has an expert without id or attributes");
    pm_attr *attr = arena_alloc(a, list->n, sizeof *attr);
    if (!attr) return err_set(err, PM_E_MEMORY, "out of memory for a stored library");
    out->attr = attr;
    for (const json *x = list->child; x; x = x->next) {
        pm_status s = take_attr(x, &attr[out->n_attr++], err);
        if (s != PM_OK) return s;
    }
    return PM_OK;
}

pm_status members_from_json(const json *j, arena *a, pm_library *out, pm_err *err)
{
    if (!j || j->kind != JSON_ARRAY || j->n == 0)
        return err_set(err, PM_E_FORMAT, "stored library is missing or empty");
    pm_expert *expert = arena_alloc(a, j->n, sizeof *expert);
    const pm_expert **list = arena_alloc(a, j->n, sizeof *list);
    if (!expert || !list) return err_set(err, PM_E_MEMORY, "out of memory for a stored library");
    size_t n = 0;
    for (const json *x = j->child; x; x = x->next, n++) {
        pm_status s = take_expert(x, a, &expert[n], err);
        if (s != PM_OK) return s;
        list[n] = &expert[n];
    }
    *out = (pm_library){sizeof *out, 0, n, list};
    return PM_OK;
}
