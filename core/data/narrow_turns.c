/* SPDX-License-Identifier: MIT
 *
 * MT-Bench is routed on its first turn and scored on both (RouteLLM, arXiv 2406.18665, released evaluator).
 */
#include "data/narrow_turns.h"

#include <string.h>

#include "data/dataset_private.h"

/* The id without a final "/t1", "/t2" ...; the whole id if it has none. */
static pm_str stem_of(const char *id)
{
    size_t n = strlen(id), end = n;
    while (end > 0 && id[end - 1] >= '0' && id[end - 1] <= '9') end--;
    if (end == n || end < 3 || id[end - 1] != 't' || id[end - 2] != '/') return (pm_str){id, n};
    return (pm_str){id, end - 2};
}

typedef struct stems {
    names name;
    uint32_t *first, *of; /* [n] row of a stem's first turn; stem of each row */
    size_t *turns;        /* [stems] */
} stems;

static bool find_stems(const dataset *d, arena *a, stems *out, size_t *joined)
{
    *out = (stems){names_of(a), arena_alloc(a, d->n, sizeof *out->first),
                   arena_alloc(a, d->n, sizeof *out->of), arena_alloc(a, d->n, sizeof *out->turns)};
    if (!out->first || !out->of || !out->turns) return false;
    *joined = 0;
    for (size_t i = 0; i < d->n; i++) {
        pm_str stem = stem_of(d->id[i]);
        size_t k = names_find(&out->name, stem);
        *joined += stem.len != strlen(d->id[i]);
        if (k == SIZE_MAX) {
            k = out->name.n;
            if (!names_add(&out->name, stem)) return false;
            out->first[k] = (uint32_t)i;
        }
        out->of[i] = (uint32_t)k;
        out->turns[k]++;
    }
    return true;
}

/* out [stems x m] = mean over a stem's rows; NaN stays NaN. */
static bool mean_cells(pm_cmat from, const stems *s, arena *a, pm_cmat *out)
{
    if (!from.at) return true;
    size_t n = s->name.n, cells;
    double *sum = mem_size(n, from.cols, &cells) ? arena_alloc(a, cells, sizeof *sum) : NULL;
    float *at = sum ? arena_alloc(a, cells, sizeof *at) : NULL;
    if (!at) return false;
    for (size_t i = 0; i < from.rows; i++)
        for (size_t j = 0; j < from.cols; j++)
            sum[s->of[i] * from.cols + j] += (double)pm_crow(from, i)[j];
    for (size_t k = 0; k < n; k++)
        for (size_t j = 0; j < from.cols; j++)
            at[k * from.cols + j] = (float)(sum[k * from.cols + j] / (double)s->turns[k]);
    *out = (pm_cmat){at, n, from.cols, from.cols};
    return true;
}

static bool mean_tables(const dataset *d, const stems *s, arena *a, dataset *out)
{
    dataset_table *table = arena_alloc(a, d->n_tables, sizeof *table);
    if (!table) return false;
    for (size_t k = 0; k < d->n_tables; k++) {
        table[k].name = d->table[k].name;
        if (!mean_cells(d->table[k].cell, s, a, &table[k].cell)) return false;
        if (d->table[k].cell.at == d->value.at) out->value = table[k].cell;
        if (d->table[k].cell.at == d->cost_usd.at) out->cost_usd = table[k].cell;
        if (d->table[k].cell.at == d->tokens_out.at) out->tokens_out = table[k].cell;
    }
    out->table = table;
    return true;
}

static bool join_battles(const dataset *d, const stems *s, arena *a, dataset *out)
{
    pm_battle *battle = arena_alloc(a, d->n_battles, sizeof *battle);
    if (!battle) return false;
    for (size_t k = 0; k < d->n_battles; k++) {
        battle[k] = d->battle[k];
        battle[k].prompt = s->of[battle[k].prompt];
    }
    out->battle = battle;
    return true;
}

static bool rename_rows(const stems *s, arena *a, dataset *out)
{
    const char **id = arena_alloc(a, s->name.n, sizeof *id);
    uint64_t *key = arena_alloc(a, s->name.n, sizeof *key);
    if (!id || !key) return false;
    for (size_t k = 0; k < s->name.n; k++) {
        pm_str stem = s->name.name[k];
        id[k] = arena_strndup(a, stem.ptr, stem.len);
        if (!id[k]) return false;
        key[k] = s->name.hash[k];
    }
    out->id = id;
    out->key = key;
    return true;
}

pm_status dataset_join_turns(const dataset *d, arena *a, dataset *out, pm_err *err)
{
    stems s;
    size_t joined;
    dataset part;
    uint32_t *col = arena_alloc(a, d->m, sizeof *col);
    if (!col || !find_stems(d, a, &s, &joined))
        return err_set(err, PM_E_MEMORY, "no memory for a part of the dataset");
    if (!joined)
        return err_set(err, PM_E_ARG,
                       "%s: join_turns: no id ends in \"/t1\", \"/t2\" ...: there are no turns to "
                       "join",
                       d->name);
    for (size_t j = 0; j < d->m; j++) col[j] = (uint32_t)j;
    dataset_choice c = {s.first, col, s.name.n, d->m};
    pm_status st = dataset_take(d, &c, a, &part, err);
    if (st != PM_OK) return st;
    part.counts.battles_dropped = d->counts.battles_dropped;
    part.n_battles = d->n_battles;
    if (!mean_tables(d, &s, a, &part) || !join_battles(d, &s, a, &part) ||
        !rename_rows(&s, a, &part))
        return err_set(err, PM_E_MEMORY, "no memory for a part of the dataset");
    *out = part;
    return PM_OK;
}
