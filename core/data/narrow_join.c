/* SPDX-License-Identifier: MIT
 *
 * Turns of one conversation taken as one prompt: their cells averaged, everything else of the first turn.
 */
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "data/dataset_private.h"
#include "data/narrow_private.h"
#include "data/show.h"

typedef struct joining {
    const dataset *d;
    arena *a;
    uint32_t *to;    /* [n] new row of each old one */
    uint32_t *first; /* [rows] the old row with the lowest turn */
    uint32_t *count; /* [rows] */
    const char **id; /* [rows] */
    size_t rows;
} joining;

pm_str narrow_stem(const char *id, size_t *turn)
{
    pm_str whole = pm_str_of(id);
    size_t at = whole.len, number = 0;
    *turn = 0;
    while (at && id[at - 1] >= '0' && id[at - 1] <= '9' && whole.len - at < 9) at--;
    for (size_t k = at; k < whole.len; k++) number = number * 10 + (size_t)(id[k] - '0');
    if (at == whole.len || at < 3 || id[at - 1] != 't' || id[at - 2] != '/' || !number)
        return whole;
    *turn = number;
    whole.len = at - 2;
    return whole;
}

static pm_status no_memory(const joining *w, pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "%s: no memory to join turns", w->d->name);
}

/* Finds the new rows, in the order of their first turn to come. */
static pm_status find_rows(joining *w, pm_err *err)
{
    const dataset *d = w->d;
    names stems = names_of(w->a);
    size_t *turn = arena_alloc(w->a, d->n, sizeof *turn), joined = 0;
    if (!turn) return no_memory(w, err);
    for (size_t i = 0; i < d->n; i++) {
        pm_str stem = narrow_stem(d->id[i], &turn[i]);
        joined += turn[i] > 0;
        size_t k = names_find(&stems, stem);
        if (k == SIZE_MAX) {
            k = w->rows++;
            w->id[k] = arena_strndup(w->a, stem.ptr, stem.len);
            w->first[k] = (uint32_t)i;
            if (!w->id[k] || !names_add(&stems, pm_str_of(w->id[k]))) return no_memory(w, err);
        } else if (!turn[i] || !turn[w->first[k]]) {
            return err_set(err, PM_E_ARG,
                           "%s: prompt %s is there beside its turns (%s), so they cannot be joined",
                           d->name, show_text(stem).text,
                           show_text(pm_str_of(d->id[turn[i] ? i : w->first[k]])).text);
        } else if (turn[i] < turn[w->first[k]]) {
            w->first[k] = (uint32_t)i;
        }
        w->to[i] = (uint32_t)k;
        w->count[k]++;
    }
    if (joined) return PM_OK;
    return err_set(err, PM_E_ARG,
                   "%s: join_turns: no id ends in \"/t1\", \"/t2\" ...: there are no turns to join",
                   d->name);
}

static bool join_table(const joining *w, pm_cmat from, pm_cmat *out)
{
    size_t cells;
    if (!from.at) return true;
    float *at = mem_size(w->rows, from.cols, &cells) ? arena_alloc(w->a, cells, sizeof *at) : NULL;
    double *sum = mem_size(w->rows, from.cols, &cells) ? mem_alloc(cells, sizeof *sum) : NULL;
    if (!at || !sum) {
        mem_free(sum);
        return false;
    }
    for (size_t i = 0; i < from.rows; i++)
        for (size_t j = 0; j < from.cols; j++)
            sum[w->to[i] * from.cols + j] += (double)pm_crow(from, i)[j];
    for (size_t k = 0; k < cells; k++) at[k] = (float)(sum[k] / w->count[k / from.cols]);
    mem_free(sum);
    *out = (pm_cmat){at, w->rows, from.cols, from.cols};
    return true;
}

static bool join_tables(const joining *w, dataset *out)
{
    const dataset *d = w->d;
    dataset_table *table = arena_alloc(w->a, d->n_tables, sizeof *table);
    if (!table) return false;
    for (size_t k = 0; k < d->n_tables; k++) {
        table[k].name = d->table[k].name;
        if (!join_table(w, d->table[k].cell, &table[k].cell)) return false;
        if (d->table[k].cell.at == d->value.at) out->value = table[k].cell;
        if (d->table[k].cell.at == d->cost_usd.at) out->cost_usd = table[k].cell;
        if (d->table[k].cell.at == d->tokens_out.at) out->tokens_out = table[k].cell;
    }
    out->table = table;
    out->counts.cells_known = out->counts.cells_empty = 0;
    for (size_t k = 0; out->value.at && k < w->rows * d->m; k++) {
        bool known = !isnan(out->value.at[k]);
        out->counts.cells_known += known;
        out->counts.cells_empty += !known;
    }
    return true;
}

static bool join_battles(const joining *w, dataset *out)
{
    const dataset *d = w->d;
    pm_battle *battle = arena_alloc(w->a, d->n_battles, sizeof *battle);
    if (!battle) return false;
    for (size_t k = 0; k < d->n_battles; k++) {
        battle[k] = d->battle[k];
        battle[k].prompt = w->to[d->battle[k].prompt];
    }
    out->battle = battle;
    return true;
}

/* The first turns' rows as they are, then the joined ids and cells over them. */
static pm_status join(joining *w, dataset *out, pm_err *err)
{
    const dataset *d = w->d;
    uint32_t *col = arena_alloc(w->a, d->m, sizeof *col);
    uint64_t *key = arena_alloc(w->a, w->rows, sizeof *key);
    if (!col || !key) return no_memory(w, err);
    for (size_t j = 0; j < d->m; j++) col[j] = (uint32_t)j;
    dataset_choice c = {w->first, col, w->rows, d->m};
    dataset bare = *d; /* battles are not dropped with the later turns */
    bare.battle = NULL;
    bare.n_battles = 0;
    pm_status s = dataset_take(&bare, &c, w->a, out, err);
    if (s != PM_OK) return s;
    for (size_t k = 0; k < w->rows; k++) key[k] = fnv1a(w->id[k], strlen(w->id[k]));
    out->id = w->id;
    out->key = key;
    out->n_battles = d->n_battles;
    return join_tables(w, out) && join_battles(w, out) ? PM_OK : no_memory(w, err);
}

pm_status narrow_join_turns(const dataset *d, arena *a, dataset *out, pm_err *err)
{
    joining w = {.d = d, .a = a};
    w.to = arena_alloc(a, d->n, sizeof *w.to);
    w.first = arena_alloc(a, d->n, sizeof *w.first);
    w.count = arena_alloc(a, d->n, sizeof *w.count);
    w.id = arena_alloc(a, d->n, sizeof *w.id);
    if (!w.to || !w.first || !w.count || !w.id) return no_memory(&w, err);
    pm_status s = find_rows(&w, err);
    if (s == PM_OK) s = join(&w, out, err);
    return s;
}
