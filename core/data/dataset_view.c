/* SPDX-License-Identifier: MIT
 *
 * What plugins see of a dataset: prompts without their domains, outcomes of the same rows.
 */
#include <string.h>

#include "data/dataset_private.h"

static pm_status check_rows(const dataset *d, const uint32_t *row, size_t n, pm_err *err)
{
    for (size_t k = 0; k < n; k++)
        if (row[k] >= d->n)
            return err_set(err, PM_E_ARG, "%s: row %u of %zu prompts", d->name, row[k], d->n);
    return PM_OK;
}

static pm_status no_memory(const dataset *d, pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "%s: no memory for a view of the dataset", d->name);
}

static bool follow_one_another(const uint32_t *row, size_t n)
{
    for (size_t k = 1; k < n; k++)
        if (row[k] != row[0] + k) return false;
    return n > 0;
}

/* The rows of an array whose elements have `bytes`: shared when they follow one another. */
static const void *pick(const void *from, size_t bytes, const uint32_t *row, size_t n, arena *a)
{
    if (follow_one_another(row, n)) return (const char *)from + bytes * row[0];
    char *to = arena_alloc(a, n, bytes);
    for (size_t k = 0; to && k < n; k++)
        memcpy(to + k * bytes, (const char *)from + row[k] * bytes, bytes);
    return to;
}

static bool pick_turns(const dataset *d, const uint32_t *row, size_t n, arena *a, pm_prompts *x)
{
    if (!d->turn) return true;
    if (follow_one_another(row, n)) {
        x->turn = d->turn;
        x->turn_start = d->turn_start + row[0];
        return true;
    }
    size_t count = 0;
    for (size_t k = 0; k < n; k++) count += d->turn_start[row[k] + 1] - d->turn_start[row[k]];
    pm_turn *turn = arena_alloc(a, count, sizeof *turn);
    size_t *start = arena_alloc(a, n + 1, sizeof *start);
    if (!turn || !start) return false;
    for (size_t k = 0; k < n; k++) {
        size_t lo = d->turn_start[row[k]], len = d->turn_start[row[k] + 1] - lo;
        memcpy(turn + start[k], d->turn + lo, len * sizeof *turn);
        start[k + 1] = start[k] + len;
    }
    x->turn = turn;
    x->turn_start = start;
    return true;
}

pm_status dataset_prompts(const dataset *d, const uint32_t *row, size_t n_rows, arena *a,
                          pm_prompts *out, pm_err *err)
{
    pm_status s = check_rows(d, row, n_rows, err);
    if (s != PM_OK) return s;
    pm_prompts x = {.size = sizeof x, .n = n_rows};
    x.id = pick(d->key, sizeof *d->key, row, n_rows, a);
    x.text = pick(d->text, sizeof *d->text, row, n_rows, a);
    if (d->tokens_in) x.tokens_in = pick(d->tokens_in, sizeof *d->tokens_in, row, n_rows, a);
    if (d->attr) x.attr = pick(d->attr, sizeof *d->attr, row, n_rows, a);
    if (d->attr) x.n_attr = pick(d->n_attr, sizeof *d->n_attr, row, n_rows, a);
    if (!x.id || !x.text || (d->tokens_in && !x.tokens_in) || (d->attr && (!x.attr || !x.n_attr)) ||
        !pick_turns(d, row, n_rows, a, &x))
        return no_memory(d, err);
    *out = x;
    return PM_OK;
}

static bool pick_matrix(pm_cmat m, const uint32_t *row, size_t n, arena *a, pm_cmat *out)
{
    if (!m.at) return true;
    if (follow_one_another(row, n)) {
        *out = (pm_cmat){pm_crow(m, row[0]), n, m.cols, m.ld};
        return true;
    }
    size_t cells;
    float *at = mem_size(n, m.cols, &cells) ? arena_alloc(a, cells, sizeof *at) : NULL;
    if (!at) return false;
    for (size_t k = 0; k < n; k++) memcpy(at + k * m.cols, pm_crow(m, row[k]), m.cols * sizeof *at);
    *out = (pm_cmat){at, n, m.cols, m.cols};
    return true;
}

/* The battles of the rows; a row that stands twice has its battles at its first place. */
static bool pick_battles(const dataset *d, const uint32_t *row, size_t n, arena *a, pm_outcomes *y)
{
    if (!d->n_battles) return true;
    uint32_t *place = arena_alloc(a, d->n, sizeof *place);
    size_t count = 0;
    if (!place) return false;
    for (size_t k = n; k-- > 0;) place[row[k]] = (uint32_t)(k + 1);
    for (size_t k = 0; k < d->n_battles; k++) count += place[d->battle[k].prompt] != 0;
    pm_battle *battle = arena_alloc(a, count, sizeof *battle);
    if (!battle) return false;
    for (size_t k = 0, to = 0; k < d->n_battles; k++) {
        uint32_t at = place[d->battle[k].prompt];
        if (!at) continue;
        battle[to] = d->battle[k];
        battle[to++].prompt = at - 1;
    }
    y->battle = count ? battle : NULL;
    y->n_battles = count;
    return true;
}

static bool is_told_apart(const char *name)
{
    static const char *const own[] = {"scores", "losses", "costs", "tokens_out"};
    for (size_t k = 0; k < sizeof own / sizeof *own; k++)
        if (strcmp(own[k], name) == 0) return true;
    return false;
}

/* Further tables, by name. */
static bool pick_extra(const dataset *d, const uint32_t *row, size_t n, arena *a, pm_outcomes *y)
{
    pm_extra *extra = arena_alloc(a, d->n_tables, sizeof *extra);
    if (!extra) return false;
    for (size_t t = 0; t < d->n_tables; t++) {
        pm_extra one = {.name = d->table[t].name};
        if (is_told_apart(one.name)) continue;
        if (!pick_matrix(d->table[t].cell, row, n, a, &one.value)) return false;
        size_t at = y->n_extra++;
        for (; at > 0 && strcmp(extra[at - 1].name, one.name) > 0; at--) extra[at] = extra[at - 1];
        extra[at] = one;
    }
    y->extra = extra;
    return true;
}

pm_status dataset_outcomes(const dataset *d, const uint32_t *row, size_t n_rows, arena *a,
                           pm_outcomes *out, pm_err *err)
{
    pm_status s = check_rows(d, row, n_rows, err);
    if (s != PM_OK) return s;
    pm_outcomes y = {.size = sizeof y, .kind = d->kind};
    if (!pick_matrix(d->value, row, n_rows, a, &y.value) ||
        !pick_matrix(d->cost_usd, row, n_rows, a, &y.cost_usd) ||
        !pick_matrix(d->tokens_out, row, n_rows, a, &y.tokens_out) ||
        !pick_extra(d, row, n_rows, a, &y) || !pick_battles(d, row, n_rows, a, &y))
        return no_memory(d, err);
    *out = y;
    return PM_OK;
}

pm_status dataset_vectors(const dataset *d, const uint32_t *row, size_t n_rows, arena *a,
                          pm_cmat *out, pm_err *err)
{
    pm_status s = check_rows(d, row, n_rows, err);
    if (s != PM_OK) return s;
    *out = (pm_cmat){0};
    if (!d->embed.at)
        return err_set(err, PM_E_ARG,
                       "%s: holds no embeddings.npy, wanted a vector for each of its %zu prompts",
                       d->name, d->n);
    return pick_matrix(d->embed, row, n_rows, a, out) ? PM_OK : no_memory(d, err);
}
