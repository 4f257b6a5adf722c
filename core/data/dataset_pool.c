/* SPDX-License-Identifier: MIT
 *
 * Parts of a dataset: the comparable part, chosen models.
 */
#include <math.h>
#include <string.h>

#include "base/str.h"
#include "data/dataset_private.h"

static pm_status no_memory(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "no memory for a part of the dataset");
}

/* ---- taking rows and columns ---- */

static bool take_matrix(pm_cmat from, const dataset_choice *c, arena *a, pm_cmat *out)
{
    if (!from.at) return true;
    size_t cells;
    float *at = mem_size(c->n, c->m, &cells) ? arena_alloc(a, cells, sizeof *at) : NULL;
    if (!at) return false;
    for (size_t i = 0; i < c->n; i++)
        for (size_t j = 0; j < c->m; j++) at[i * c->m + j] = pm_crow(from, c->row[i])[c->col[j]];
    *out = (pm_cmat){at, c->n, c->m, c->m};
    return true;
}

/* Whole rows: vectors of prompts. */
static bool take_vectors(const dataset *d, const dataset_choice *c, arena *a, dataset *out)
{
    if (!d->embed.at) return true;
    bool same = c->n == d->n; /* the map itself, when no row goes or moves */
    for (size_t i = 0; i < c->n && same; i++) same = c->row[i] == i;
    if (same) return true;
    size_t cells, cols = d->embed.cols;
    float *at = mem_size(c->n, cols, &cells) ? arena_alloc(a, cells, sizeof *at) : NULL;
    if (!at) return false;
    for (size_t i = 0; i < c->n; i++)
        memcpy(at + i * cols, pm_crow(d->embed, c->row[i]), cols * sizeof *at);
    out->embed = (pm_cmat){at, c->n, cols, cols};
    return true;
}

static bool take_tables(const dataset *d, const dataset_choice *c, arena *a, dataset *out)
{
    dataset_table *table = arena_alloc(a, d->n_tables, sizeof *table);
    if (!table) return false;
    for (size_t k = 0; k < d->n_tables; k++) {
        table[k].name = d->table[k].name;
        if (!take_matrix(d->table[k].cell, c, a, &table[k].cell)) return false;
        if (d->table[k].cell.at == d->value.at) out->value = table[k].cell;
        if (d->table[k].cell.at == d->cost_usd.at) out->cost_usd = table[k].cell;
        if (d->table[k].cell.at == d->tokens_out.at) out->tokens_out = table[k].cell;
    }
    out->table = table;
    return true;
}

static bool take_turns(const dataset *d, const dataset_choice *c, arena *a, dataset *out)
{
    if (!d->turn) return true;
    size_t count = 0;
    for (size_t i = 0; i < c->n; i++)
        count += d->turn_start[c->row[i] + 1] - d->turn_start[c->row[i]];
    pm_turn *turn = arena_alloc(a, count, sizeof *turn);
    size_t *start = arena_alloc(a, c->n + 1, sizeof *start);
    if (!turn || !start) return false;
    for (size_t i = 0; i < c->n; i++) {
        size_t lo = d->turn_start[c->row[i]], len = d->turn_start[c->row[i] + 1] - lo;
        memcpy(turn + start[i], d->turn + lo, len * sizeof *turn);
        start[i + 1] = start[i] + len;
    }
    out->turn = turn;
    out->turn_start = start;
    return true;
}

static bool take_attrs(const dataset *d, const dataset_choice *c, arena *a, dataset *out)
{
    if (!d->attr) return true;
    const pm_attr **attr = arena_alloc(a, c->n, sizeof *attr);
    uint32_t *n_attr = arena_alloc(a, c->n, sizeof *n_attr);
    if (!attr || !n_attr) return false;
    for (size_t i = 0; i < c->n; i++) {
        attr[i] = d->attr[c->row[i]];
        n_attr[i] = d->n_attr[c->row[i]];
    }
    out->attr = attr;
    out->n_attr = n_attr;
    return true;
}

static bool take_rows(const dataset *d, const dataset_choice *c, arena *a, dataset *out)
{
    const char **id = arena_alloc(a, c->n, sizeof *id);
    uint64_t *key = arena_alloc(a, c->n, sizeof *key), *group = arena_alloc(a, c->n, sizeof *group);
    pm_str *text = arena_alloc(a, c->n, sizeof *text);
    uint32_t *domain = arena_alloc(a, c->n, sizeof *domain);
    uint32_t *tokens = arena_alloc(a, c->n, sizeof *tokens);
    uint8_t *part = arena_alloc(a, c->n, sizeof *part);
    if (!id || !key || !group || !text || !domain || !tokens || !part) return false;
    for (size_t i = 0; i < c->n; i++) {
        uint32_t r = c->row[i];
        id[i] = d->id[r];
        key[i] = d->key[r];
        group[i] = d->group[r];
        text[i] = d->text[r];
        domain[i] = d->domain[r];
        tokens[i] = d->tokens_in ? d->tokens_in[r] : 0;
        part[i] = d->part[r];
    }
    out->n = c->n;
    out->id = id;
    out->key = key;
    out->group = group;
    out->text = text;
    out->domain = domain;
    out->tokens_in = d->tokens_in ? tokens : NULL;
    out->part = part;
    return true;
}

/* Where each of `count` old indices is among chosen[n]; UINT32_MAX: nowhere. */
static uint32_t *places(const uint32_t *chosen, size_t n, size_t count, arena *a)
{
    uint32_t *at = arena_alloc(a, count, sizeof *at);
    if (!at) return NULL;
    memset(at, 0xff, count * sizeof *at);
    for (size_t k = 0; k < n; k++) at[chosen[k]] = (uint32_t)k;
    return at;
}

static bool take_battles(const dataset *d, const dataset_choice *c, arena *a, dataset *out)
{
    uint32_t *row = places(c->row, c->n, d->n, a), *col = places(c->col, c->m, d->m, a);
    pm_battle *battle = arena_alloc(a, d->n_battles, sizeof *battle);
    size_t n = 0;
    if (!row || !col || !battle) return false;
    for (size_t k = 0; k < d->n_battles; k++) {
        pm_battle b = d->battle[k];
        b.prompt = row[b.prompt];
        b.a = col[b.a];
        b.b = col[b.b];
        if (b.prompt != UINT32_MAX && b.a != UINT32_MAX && b.b != UINT32_MAX) battle[n++] = b;
    }
    out->counts.battles_dropped += d->n_battles - n;
    out->battle = battle;
    out->n_battles = n;
    return true;
}

static void count_cells(dataset *d)
{
    d->counts.cells_known = d->counts.cells_empty = 0;
    for (size_t i = 0; i < d->value.rows; i++)
        for (size_t j = 0; j < d->value.cols; j++)
            if (isnan(pm_crow(d->value, i)[j]))
                d->counts.cells_empty++;
            else
                d->counts.cells_known++;
}

pm_status dataset_take(const dataset *d, const dataset_choice *c, arena *a, dataset *out,
                       pm_err *err)
{
    dataset part = *d;
    part.m = c->m;
    pm_status s = library_select(&d->models, c->col, c->m, a, &part.models, err);
    if (s != PM_OK) return s;
    if (!take_rows(d, c, a, &part) || !take_attrs(d, c, a, &part) || !take_tables(d, c, a, &part) ||
        !take_turns(d, c, a, &part) || !take_battles(d, c, a, &part) ||
        !take_vectors(d, c, a, &part))
        return no_memory(err);
    count_cells(&part);
    *out = part;
    return PM_OK;
}

/* ---- the comparable part ---- */

static size_t known_cells(pm_cmat m, size_t col)
{
    size_t known = 0;
    for (size_t i = 0; i < m.rows; i++) known += (size_t)!isnan(pm_crow(m, i)[col]);
    return known;
}

static bool row_is_known(pm_cmat m, size_t row, const dataset_choice *c)
{
    if (!m.at) return true;
    for (size_t j = 0; j < c->m; j++)
        if (isnan(pm_crow(m, row)[c->col[j]])) return false;
    return true;
}

static void drop_columns(const dataset *d, double min_known, uint32_t *col, dataset_choice *c)
{
    c->m = 0;
    for (size_t j = 0; j < d->m; j++)
        if ((double)known_cells(d->value, j) >= min_known * (double)d->n) col[c->m++] = (uint32_t)j;
}

static void drop_rows(const dataset *d, uint32_t *row, dataset_choice *c)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n; i++)
        if (row_is_known(d->value, i, c) && row_is_known(d->cost_usd, i, c)) row[n++] = (uint32_t)i;
    c->n = n;
}

pm_status dataset_pool(const dataset *d, double min_known, arena *a, dataset *out, pm_err *err)
{
    if (isnan(min_known) || min_known > 1)
        return err_set(err, PM_E_ARG, "%s: pool: found a share of %g, wanted at most 1", d->name,
                       min_known);
    if (min_known <= 0 || !d->value.at) { /* battles alone have no cells to miss */
        *out = *d;
        return PM_OK;
    }
    uint32_t *row = arena_alloc(a, d->n, sizeof *row), *col = arena_alloc(a, d->m, sizeof *col);
    if (!row || !col) return no_memory(err);
    dataset_choice c = {row, col, 0, 0};
    drop_columns(d, min_known, col, &c);
    if (!c.m)
        return err_set(err, PM_E_FORMAT, "%s: pool: no model has %g of its cells known", d->name,
                       min_known);
    drop_rows(d, row, &c);
    if (!c.n)
        return err_set(err, PM_E_FORMAT,
                       "%s: pool: no prompt has all %zu kept models (and costs) known", d->name,
                       c.m);
    pm_status s = dataset_take(d, &c, a, out, err);
    if (s != PM_OK) return s;
    out->counts.models_dropped_sparse += d->m - c.m;
    out->counts.rows_dropped_incomplete += d->n - c.n;
    return PM_OK;
}

/* ---- chosen models ---- */

#define UNKNOWN_SHOWN 20

/* All of them at once: a list of names is mended in one go. */
static pm_status unknown_models(const dataset *d, const char *const *ids, size_t n, arena *a,
                                pm_err *err)
{
    const char **all = arena_alloc(a, d->m, sizeof *all);
    str text = STR_INIT;
    size_t found = 0;
    if (!all) return no_memory(err);
    for (size_t j = 0; j < d->m; j++) all[j] = d->models.view.expert[j]->id;
    for (size_t k = 0; k < n; k++) {
        if (library_find(&d->models.view, ids[k]) != SIZE_MAX || ++found > UNKNOWN_SHOWN) continue;
        const char *near = str_suggest(ids[k], all, d->m);
        str_printf(&text, "%sunknown model \"%s\"%s%s%s", found > 1 ? "; " : "", ids[k],
                   near ? ": did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
    if (found > UNKNOWN_SHOWN) str_printf(&text, "; and %zu more", found - (size_t)UNKNOWN_SHOWN);
    pm_status s = text.failed ? no_memory(err)
                              : err_set(err, PM_E_ARG, "%s: %s", d->name, str_text(&text));
    str_close(&text);
    return s;
}

pm_status dataset_select_models(const dataset *d, const char *const *ids, size_t n, arena *a,
                                dataset *out, pm_err *err)
{
    uint32_t *row = arena_alloc(a, d->n, sizeof *row), *col = arena_alloc(a, n, sizeof *col);
    if (!row || !col) return no_memory(err);
    if (!n) return err_set(err, PM_E_ARG, "%s: no model is chosen", d->name);
    for (size_t i = 0; i < d->n; i++) row[i] = (uint32_t)i;
    for (size_t k = 0; k < n; k++) {
        size_t j = library_find(&d->models.view, ids[k]);
        if (j == SIZE_MAX) return unknown_models(d, ids, n, a, err);
        col[k] = (uint32_t)j;
    }
    dataset_choice c = {row, col, d->n, n};
    return dataset_take(d, &c, a, out, err);
}
