/* SPDX-License-Identifier: MIT
 *
 * Narrowing: which rows stay, which battles, which table is the outcome; what is named must be there.
 */
#include "data/narrow.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/gz.h"
#include "base/hash.h"
#include "base/io.h"
#include "data/dataset_private.h"
#include "data/narrow_private.h"
#include "data/show.h"

enum { LIST_BYTES = 256 << 20 };

typedef struct narrowing {
    const dataset_narrowing *how;
    const char *dir;
    arena *a;
    dataset d;     /* as far as it has come */
    uint8_t *keep; /* [n] */
    const char **note;
    size_t n_notes;
} narrowing;

static pm_status no_memory(const narrowing *w, pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "%s: no memory for a part of the dataset", w->d.name);
}

static pm_status unknown(const narrowing *w, const char *what, const char *name,
                         const char *const *known, size_t n, pm_err *err)
{
    const char *near = str_suggest(name, known, n);
    if (near)
        return err_set(err, PM_E_ARG, "%s: no %s %s; did you mean \"%s\"?", w->d.name, what,
                       show_text(pm_str_of(name)).text, near);
    str list = STR_INIT;
    for (size_t k = 0; k < n && k < 12; k++)
        str_printf(&list, "%s%s", k ? ", " : "", known[k][0] ? known[k] : "one without a name");
    if (n > 12) str_printf(&list, " and %zu more", n - 12);
    pm_status s = err_set(err, PM_E_ARG, "%s: no %s %s; there %s %s", w->d.name, what,
                          show_text(pm_str_of(name)).text, n == 1 ? "is" : "are",
                          n ? str_text(&list) : "none");
    str_close(&list);
    return s;
}

/* ---- which table ---- */

static pm_status check_values(const narrowing *w, const dataset_table *t, bool loss, pm_err *err)
{
    for (size_t i = 0; i < t->cell.rows; i++)
        for (size_t j = 0; j < t->cell.cols; j++) {
            float v = pm_crow(t->cell, i)[j];
            if (isnan(v) || (v >= 0 && (loss || v <= 1))) continue;
            return err_set(err, PM_E_ARG,
                           "%s: %s of prompt %s: found %g, wanted a number from 0 %s", w->d.name,
                           t->name, show_text(pm_str_of(w->d.id[i])).text, (double)v,
                           loss ? "on" : "to 1");
        }
    return PM_OK;
}

static pm_status choose_scores(narrowing *w, pm_err *err)
{
    dataset *d = &w->d;
    if (!w->how->scores) return PM_OK;
    const dataset_table *t = dataset_table_of(d, w->how->scores);
    if (!t) {
        const char **known = arena_alloc(w->a, d->n_tables, sizeof *known);
        if (!known) return no_memory(w, err);
        for (size_t k = 0; k < d->n_tables; k++) known[k] = d->table[k].name;
        return unknown(w, "table", w->how->scores, known, d->n_tables, err);
    }
    bool loss = strncmp(t->name, "losses", 6) == 0;
    d->value = t->cell;
    d->kind = loss ? PM_VALUE_LOSS : PM_VALUE_QUALITY;
    return check_values(w, t, loss, err);
}

/* ---- which rows ---- */

static bool is_within(const char *domain, const char *wanted)
{
    size_t len = strlen(wanted);
    return strncmp(domain, wanted, len) == 0 && (!domain[len] || domain[len] == '/');
}

static pm_status keep_domains(narrowing *w, pm_err *err)
{
    const dataset *d = &w->d;
    const dataset_narrowing *how = w->how;
    if (!how->n_domains) return PM_OK;
    bool *wanted = arena_alloc(w->a, d->n_domains, sizeof *wanted);
    if (!wanted) return no_memory(w, err);
    bool any = false; /* named to be kept; else all but those that are left out */
    for (size_t k = 0; k < how->n_domains; k++) any |= how->domain[k][0] != '-';
    for (size_t i = 0; i < d->n_domains; i++) wanted[i] = !any;
    for (int leaves_out = 0; leaves_out < 2; leaves_out++)
        for (size_t k = 0; k < how->n_domains; k++) {
            const char *name = how->domain[k] + leaves_out;
            bool found = false;
            if ((how->domain[k][0] == '-') != leaves_out) continue;
            for (size_t i = 0; i < d->n_domains; i++) {
                if (!is_within(d->domains[i], name)) continue;
                found = true;
                wanted[i] = !leaves_out;
            }
            if (!found) return unknown(w, "domain", name, d->domains, d->n_domains, err);
        }
    for (size_t i = 0; i < d->n; i++)
        if (d->domain[i] == UINT32_MAX ? any : !wanted[d->domain[i]]) w->keep[i] = 0;
    return PM_OK;
}

/* A list lies in the folder, or where its path says. */
static const char *list_path(narrowing *w, const char *name)
{
    const char *inside = w->dir ? io_join(w->a, w->dir, name) : NULL;
    return inside && io_is_file(inside) ? inside : name;
}

static pm_status drop_listed(narrowing *w, const names *ids, const char *name, pm_err *err)
{
    str text = STR_INIT;
    size_t listed = 0, absent = 0;
    const char *path = list_path(w, name);
    pm_status s = gz_read_all(path, LIST_BYTES, &text, err);
    if (s != PM_OK) {
        str_close(&text);
        return s;
    }
    const char *at = str_text(&text), *end = at + text.len;
    if (text.len >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0) at += 3;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        pm_str id = {at, (size_t)((stop ? stop : end) - at)};
        at = stop ? stop + 1 : end;
        while (id.len && (id.ptr[id.len - 1] == '\r' || id.ptr[id.len - 1] == ' ')) id.len--;
        if (!id.len) continue;
        listed++;
        size_t k = names_find(ids, id);
        if (k == SIZE_MAX)
            absent++;
        else
            w->keep[k] = 0;
    }
    str_close(&text);
    if (!listed) return err_set(err, PM_E_ARG, "%s: found no id, wanted one a line", path);
    char note[512];
    snprintf(note, sizeof note, "%.200s: %zu prompts are left out, %zu of the ids are not here",
             name, listed - absent, absent);
    w->note[w->n_notes++] = arena_strdup(w->a, note);
    return w->note[w->n_notes - 1] ? PM_OK : no_memory(w, err);
}

/* The lists decide what the data are, so they stand in its provenance. */
static pm_status add_provenance(narrowing *w, pm_err *err)
{
    dataset *d = &w->d;
    size_t n = d->n_files + w->how->n_without;
    dataset_file *file = arena_alloc(w->a, n, sizeof *file);
    if (!file) return no_memory(w, err);
    if (d->n_files) memcpy(file, d->file, d->n_files * sizeof *file);
    for (size_t k = 0; k < w->how->n_without; k++) {
        dataset_file *f = &file[d->n_files + k];
        io_map map;
        const char *path = list_path(w, w->how->without[k]);
        pm_status s = sha256_file(path, f->sha256, err);
        if (s == PM_OK) s = io_map_open(path, &map, err);
        if (s != PM_OK) return s;
        f->bytes = map.len;
        io_map_close(&map);
        const char *base = strrchr(path, '/');
        f->name = arena_strdup(w->a, base ? base + 1 : path);
        if (!f->name) return no_memory(w, err);
    }
    d->file = file;
    d->n_files = n;
    dataset_hash_files(d, file);
    return PM_OK;
}

static pm_status drop_lists(narrowing *w, pm_err *err)
{
    if (!w->how->n_without) return PM_OK;
    names ids = names_of(w->a);
    for (size_t i = 0; i < w->d.n; i++)
        if (!names_add(&ids, pm_str_of(w->d.id[i]))) return no_memory(w, err);
    pm_status s = PM_OK;
    for (size_t k = 0; s == PM_OK && k < w->how->n_without; k++)
        s = drop_listed(w, &ids, w->how->without[k], err);
    return s == PM_OK ? add_provenance(w, err) : s;
}

static pm_status take_kept(narrowing *w, pm_err *err)
{
    const dataset *d = &w->d;
    uint32_t *row = arena_alloc(w->a, d->n, sizeof *row),
             *col = arena_alloc(w->a, d->m, sizeof *col);
    dataset_choice c = {row, col, 0, d->m};
    if (!row || !col) return no_memory(w, err);
    for (size_t j = 0; j < d->m; j++) col[j] = (uint32_t)j;
    for (size_t i = 0; i < d->n; i++)
        if (w->keep[i]) row[c.n++] = (uint32_t)i;
    if (!c.n)
        return err_set(err, PM_E_ARG, "%s: no prompt is left of %zu after narrowing", d->name,
                       d->n);
    if (c.n == d->n) return PM_OK;
    dataset part;
    pm_status s = dataset_take(d, &c, w->a, &part, err);
    if (s == PM_OK) w->d = part;
    return s;
}

/* ---- which battles ---- */

/* place[j] becomes 1 + the new number of judge j, 0 for one whose battles go. */
static pm_status choose_judges(narrowing *w, uint32_t *place, pm_err *err)
{
    dataset *d = &w->d;
    const dataset_narrowing *how = w->how;
    const char **judges = arena_alloc(w->a, how->n_judges, sizeof *judges);
    size_t n = 0;
    if (!judges) return no_memory(w, err);
    for (size_t k = 0; k < how->n_judges; k++) {
        size_t j = 0;
        while (j < d->n_judges && strcmp(d->judges[j], how->judge[k]) != 0) j++;
        if (j == d->n_judges)
            return unknown(w, "judge", how->judge[k], d->judges, d->n_judges, err);
        if (place[j]) continue;
        judges[n++] = d->judges[j];
        place[j] = (uint32_t)n;
    }
    d->judges = judges;
    d->n_judges = n;
    return PM_OK;
}

/* Their battles, and the models that fought in one. */
static pm_status keep_judges(narrowing *w, pm_err *err)
{
    dataset *d = &w->d;
    if (!w->how->n_judges) return PM_OK;
    uint32_t *place = arena_alloc(w->a, d->n_judges, sizeof *place);
    pm_battle *battle = arena_alloc(w->a, d->n_battles, sizeof *battle);
    uint32_t *row = arena_alloc(w->a, d->n, sizeof *row),
             *col = arena_alloc(w->a, d->m, sizeof *col);
    bool *fought = arena_alloc(w->a, d->m, sizeof *fought);
    dataset_choice c = {row, col, d->n, 0};
    size_t n = 0;
    if (!place || !battle || !row || !col || !fought) return no_memory(w, err);
    pm_status s = choose_judges(w, place, err);
    if (s != PM_OK) return s;
    for (size_t k = 0; k < d->n_battles; k++) {
        const pm_battle *b = &d->battle[k];
        if (!place[b->source]) continue;
        fought[b->a] = fought[b->b] = true;
        battle[n] = *b;
        battle[n++].source = place[b->source] - 1;
    }
    if (!n) return err_set(err, PM_E_ARG, "%s: these judges have no battles", d->name);
    for (size_t i = 0; i < d->n; i++) row[i] = (uint32_t)i;
    for (size_t j = 0; j < d->m; j++)
        if (fought[j]) col[c.m++] = (uint32_t)j;
    d->counts.battles_dropped += d->n_battles - n;
    d->battle = battle;
    d->n_battles = n;
    dataset part;
    s = dataset_take(d, &c, w->a, &part, err);
    if (s == PM_OK) w->d = part;
    return s;
}

/* ---- the whole ---- */

static pm_status keep_notes(narrowing *w, pm_err *err)
{
    dataset *d = &w->d;
    if (!w->n_notes) return PM_OK;
    const char **note = arena_alloc(w->a, d->n_notes + w->n_notes, sizeof *note);
    if (!note) return no_memory(w, err);
    for (size_t k = 0; k < d->n_notes; k++) note[k] = d->note[k];
    for (size_t k = 0; k < w->n_notes; k++) note[d->n_notes + k] = w->note[k];
    d->note = note;
    d->n_notes += w->n_notes;
    return PM_OK;
}

pm_status dataset_narrow(const dataset *d, const char *dir, const dataset_narrowing *how, arena *a,
                         dataset *out, pm_err *err)
{
    narrowing w = {.how = how, .dir = dir, .a = a, .d = *d};
    w.keep = arena_alloc(a, d->n, 1);
    w.note = arena_alloc(a, how->n_without, sizeof *w.note);
    if (!w.keep || !w.note) return no_memory(&w, err);
    memset(w.keep, 1, d->n);
    pm_status s = choose_scores(&w, err);
    if (s == PM_OK) s = keep_domains(&w, err);
    if (s == PM_OK) s = drop_lists(&w, err);
    if (s == PM_OK) s = take_kept(&w, err);
    if (s == PM_OK) s = keep_judges(&w, err);
    if (s == PM_OK && how->join_turns) {
        dataset joined;
        if ((s = narrow_join_turns(&w.d, a, &joined, err)) == PM_OK) w.d = joined;
    }
    if (s == PM_OK) s = keep_notes(&w, err);
    if (s == PM_OK) *out = w.d;
    return s;
}

/* ---- as JSON ---- */

static void put_list(str *out, const char *key, const char *const *item, size_t n)
{
    if (!n) return;
    str_printf(out, "%s\"%s\":[", out->len > 1 ? "," : "", key);
    for (size_t k = 0; k < n; k++) {
        /* what a list holds is in the hash of the data: where it lies makes no difference */
        const char *base = strcmp(key, "without") == 0 ? strrchr(item[k], '/') : NULL,
                   *text = base ? base + 1 : item[k];
        if (k) str_puts(out, ",");
        str_json(out, text, strlen(text));
    }
    str_puts(out, "]");
}

void dataset_narrowing_json(const dataset_narrowing *how, str *out)
{
    str text = STR_INIT;
    str_puts(&text, "{");
    put_list(&text, "domains", how->domain, how->n_domains);
    if (how->join_turns)
        str_puts(&text, text.len > 1 ? ",\"join_turns\":true" : "\"join_turns\":true");
    put_list(&text, "judges", how->judge, how->n_judges);
    if (how->scores) put_list(&text, "scores", &how->scores, 1);
    put_list(&text, "without", how->without, how->n_without);
    str_puts(&text, "}");
    if (!text.failed) str_put(out, str_text(&text), text.len);
    out->failed = out->failed || text.failed;
    str_close(&text);
}
