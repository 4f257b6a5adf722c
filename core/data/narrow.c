/* SPDX-License-Identifier: MIT
 *
 * Narrowing in a fixed order: another table of scores, domains, lists of ids to leave out, judges, then turns that are
 * taken as one prompt (narrow_turns.c).
 */
#include "data/narrow.h"

#include <string.h>

#include "base/io.h"
#include "data/dataset_private.h"
#include "data/narrow_turns.h"
#include "data/show.h"

#define LIST_BYTES ((size_t)64 << 20)

typedef struct narrowing {
    const char *dir;
    const dataset_narrowing *how;
    arena *a;
    dataset *d; /* what is left so far */
    pm_err *err;
} narrowing;

static pm_status no_memory(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "no memory for a part of the dataset");
}

static pm_status keep_rows(narrowing *w, const uint32_t *row, size_t n, const uint32_t *col,
                           size_t m)
{
    uint32_t *all = NULL;
    dataset_choice c = {row, col, n, m};
    if (!col) {
        all = arena_alloc(w->a, w->d->m, sizeof *all);
        if (!all) return no_memory(w->err);
        for (size_t j = 0; j < w->d->m; j++) all[j] = (uint32_t)j;
        c.col = all;
        c.m = w->d->m;
    }
    dataset part;
    pm_status s = dataset_take(w->d, &c, w->a, &part, w->err);
    if (s == PM_OK) *w->d = part;
    return s;
}

static pm_status add_note(narrowing *w, const char *text)
{
    const char **note = arena_alloc(w->a, w->d->n_notes + 1, sizeof *note);
    if (!note || !text) return no_memory(w->err);
    if (w->d->n_notes) memcpy(note, w->d->note, w->d->n_notes * sizeof *note);
    note[w->d->n_notes++] = text;
    w->d->note = note;
    return PM_OK;
}

/* ---- scores ---- */

static pm_status unknown(narrowing *w, const char *what, const char *name, const char *const *known,
                         size_t n)
{
    const char *near = str_suggest(name, known, n);
    return err_set(w->err, PM_E_ARG, "%s: has no %s \"%s\"%s%s%s", w->d->name, what, name,
                   near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static pm_status take_scores(narrowing *w)
{
    dataset *d = w->d;
    if (!w->how->scores) return PM_OK;
    const dataset_table *t = dataset_table_of(d, w->how->scores);
    if (!t) {
        const char **known = arena_alloc(w->a, d->n_tables, sizeof *known);
        if (!known) return no_memory(w->err);
        for (size_t k = 0; k < d->n_tables; k++) known[k] = d->table[k].name;
        return unknown(w, "per-cell table", w->how->scores, known, d->n_tables);
    }
    for (size_t i = 0; i < t->cell.rows; i++)
        for (size_t j = 0; j < t->cell.cols; j++) {
            float v = pm_crow(t->cell, i)[j];
            if (v < 0 || v > 1)
                return err_set(
                    w->err, PM_E_ARG,
                    "%s: %s.csv as scores: prompt \"%s\", model \"%s\": found %g, wanted a "
                    "number from 0 to 1",
                    d->name, t->name, d->id[i], d->models.view.expert[j]->id, (double)v);
        }
    d->value = t->cell;
    d->kind = PM_VALUE_QUALITY;
    return PM_OK;
}

/* ---- domains ---- */

/* "mmlu" is the domain itself and all below it: "mmlu/anatomy". */
static bool is_within(const char *domain, const char *wanted)
{
    size_t n = strlen(wanted);
    return strncmp(domain, wanted, n) == 0 && (domain[n] == '\0' || domain[n] == '/');
}

static pm_status check_domains(narrowing *w)
{
    const dataset *d = w->d;
    for (size_t k = 0; k < w->how->n_domains; k++) {
        bool found = false;
        for (size_t e = 0; e < d->n_domains && !found; e++)
            found = is_within(d->domains[e], w->how->domain[k]);
        if (!found) return unknown(w, "domain", w->how->domain[k], d->domains, d->n_domains);
    }
    return PM_OK;
}

static pm_status take_domains(narrowing *w)
{
    const dataset *d = w->d;
    if (!w->how->n_domains) return PM_OK;
    pm_status s = check_domains(w);
    if (s != PM_OK) return s;
    uint32_t *row = arena_alloc(w->a, d->n, sizeof *row);
    size_t n = 0;
    if (!row) return no_memory(w->err);
    for (size_t i = 0; i < d->n; i++) {
        bool kept = false;
        for (size_t k = 0; k < w->how->n_domains && !kept && d->domain[i] < d->n_domains; k++)
            kept = is_within(d->domains[d->domain[i]], w->how->domain[k]);
        if (kept) row[n++] = (uint32_t)i;
    }
    return n ? keep_rows(w, row, n, NULL, 0)
             : err_set(w->err, PM_E_ARG, "%s: no prompt is of these domains", d->name);
}

/* ---- lists of ids ---- */

/* Beside the data, else a path of its own. */
static const char *list_path(const narrowing *w, const char *name)
{
    const char *there = io_join(w->a, w->dir, name);
    return name[0] != '/' && there && io_exists(there) ? there : name;
}

/* The ids of a list become numbers of `ids`; the list's text must last as long. */
static pm_status read_list(narrowing *w, const char *name, names *ids)
{
    str text = STR_INIT;
    pm_status s = io_read(list_path(w, name), LIST_BYTES, &text, w->err);
    char *kept = s == PM_OK ? arena_strndup(w->a, str_text(&text), text.len) : NULL;
    str_close(&text);
    if (s != PM_OK) return s;
    if (!kept) return no_memory(w->err);
    for (char *at = kept; *at;) {
        size_t n = strcspn(at, "\r\n");
        pm_str id = {at, n};
        if (n && names_find(ids, id) == SIZE_MAX && !names_add(ids, id)) return no_memory(w->err);
        at += n;
        at += strspn(at, "\r\n");
    }
    return PM_OK;
}

static pm_status drop_listed(narrowing *w)
{
    const dataset *d = w->d;
    names ids = names_of(w->a);
    pm_status s = PM_OK;
    for (size_t k = 0; k < w->how->n_without && s == PM_OK; k++)
        s = read_list(w, w->how->without[k], &ids);
    if (s != PM_OK || !w->how->n_without) return s;
    uint32_t *row = arena_alloc(w->a, d->n, sizeof *row);
    size_t n = 0;
    if (!row) return no_memory(w->err);
    for (size_t i = 0; i < d->n; i++)
        if (names_find(&ids, (pm_str){d->id[i], strlen(d->id[i])}) == SIZE_MAX)
            row[n++] = (uint32_t)i;
    if (!n) return err_set(w->err, PM_E_ARG, "%s: every prompt is on a list to leave out", d->name);
    size_t dropped = d->n - n;
    s = dropped ? keep_rows(w, row, n, NULL, 0) : PM_OK;
    if (s != PM_OK) return s;
    str text = STR_INIT;
    str_printf(&text, "without: %zu prompts are left out, %zu of the ids listed are not here",
               dropped, ids.n - dropped);
    s = add_note(w, text.failed ? NULL : arena_strdup(w->a, str_text(&text)));
    str_close(&text);
    return s;
}

/* ---- judges ---- */

static pm_status find_judges(narrowing *w, bool *kept)
{
    const dataset *d = w->d;
    for (size_t k = 0; k < w->how->n_judges; k++) {
        size_t at = 0;
        while (at < d->n_judges && strcmp(d->judges[at], w->how->judge[k]) != 0) at++;
        if (at == d->n_judges) return unknown(w, "judge", w->how->judge[k], d->judges, d->n_judges);
        kept[at] = true;
    }
    return PM_OK;
}

/* Their battles, and the models that fought in one. */
static pm_status take_judges(narrowing *w)
{
    dataset *d = w->d;
    if (!w->how->n_judges) return PM_OK;
    bool *kept = arena_alloc(w->a, d->n_judges, sizeof *kept);
    bool *fought = arena_alloc(w->a, d->m, sizeof *fought);
    pm_battle *battle = arena_alloc(w->a, d->n_battles, sizeof *battle);
    uint32_t *col = arena_alloc(w->a, d->m, sizeof *col);
    uint32_t *row = arena_alloc(w->a, d->n, sizeof *row);
    if (!kept || !fought || !battle || !col || !row) return no_memory(w->err);
    pm_status s = find_judges(w, kept);
    if (s != PM_OK) return s;
    size_t n = 0, m = 0;
    for (size_t k = 0; k < d->n_battles; k++) {
        const pm_battle *b = &d->battle[k];
        if (!kept[b->source]) continue;
        fought[b->a] = fought[b->b] = true;
        battle[n++] = *b;
    }
    for (size_t j = 0; j < d->m; j++)
        if (fought[j]) col[m++] = (uint32_t)j;
    for (size_t i = 0; i < d->n; i++) row[i] = (uint32_t)i;
    if (!n) return err_set(w->err, PM_E_ARG, "%s: these judges have no battles", d->name);
    d->battle = battle;
    d->n_battles = n;
    return keep_rows(w, row, d->n, col, m);
}

/* ---- the whole ---- */

pm_status dataset_narrow(const dataset *d, const char *dir, const dataset_narrowing *how, arena *a,
                         dataset *out, pm_err *err)
{
    dataset part = *d;
    narrowing w = {dir, how, a, &part, err};
    pm_status s = take_scores(&w);
    if (s == PM_OK) s = take_domains(&w);
    if (s == PM_OK) s = drop_listed(&w);
    if (s == PM_OK) s = take_judges(&w);
    if (s == PM_OK && how->join_turns) s = dataset_join_turns(&part, a, &part, err);
    if (s == PM_OK) *out = part;
    return s;
}

static void put_texts(const char *key, const char *const *text, size_t n, str *out)
{
    if (!n) return;
    str_printf(out, "%s\"%s\":[", out->len > 1 ? "," : "", key);
    for (size_t k = 0; k < n; k++) {
        const char *base = strrchr(text[k], '/');
        const char *named = strcmp(key, "without") == 0 && base ? base + 1 : text[k];
        str_puts(out, k ? "," : "");
        str_json(out, named, strlen(named));
    }
    str_puts(out, "]");
}

void dataset_narrowing_json(const dataset_narrowing *how, str *out)
{
    str text = STR_INIT;
    str_puts(&text, "{");
    put_texts("domains", how->domain, how->n_domains, &text);
    if (how->join_turns)
        str_puts(&text, text.len > 1 ? ",\"join_turns\":true" : "\"join_turns\":true");
    put_texts("judges", how->judge, how->n_judges, &text);
    if (how->scores) put_texts("scores", &how->scores, 1, &text);
    put_texts("without", how->without, how->n_without, &text);
    str_puts(&text, "}");
    str_puts(out, text.failed ? "" : str_text(&text));
    out->failed |= text.failed;
    str_close(&text);
}
