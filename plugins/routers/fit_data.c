/* SPDX-License-Identifier: MIT
 *
 * Rows to fit a network on; see fit_data.h.
 */
#include "fit_data.h"

#include <math.h>
#include <stdlib.h>

enum { S_HOLD = 100 };           /* streams of uniform() below it belong to others */
static const double held = 0.15; /* share of the prompts, where there is no tuning part */
enum { FEWEST_GROUPS = 5 };      /* to hold some out */

const char *const fit_features_words[] = {"auto", "embed", "sparse", "both", NULL};

size_t fit_padded(size_t n)
{
    return (n + FIT_LANES - 1) / FIT_LANES * FIT_LANES;
}

size_t fit_block_begin(size_t v, size_t b)
{
    return v / FIT_BLOCKS * b + v % FIT_BLOCKS * b / FIT_BLOCKS;
}

struct fit_sparse_row fit_sparse_at(const pm_csr *a, size_t row)
{
    uint64_t at = a->start[row];
    return (struct fit_sparse_row){a->col + at, a->val + at, (size_t)(a->start[row + 1] - at)};
}

struct fit_sparse_row fit_data_sparse(const struct fit_data *a, size_t row)
{
    return row < a->n_x ? fit_sparse_at(&a->x->sparse, row)
                        : fit_sparse_at(&a->tune->sparse, row - a->n_x);
}

const float *fit_data_embed(const struct fit_data *a, size_t row)
{
    return row < a->n_x ? pm_crow(a->x->embed, row) : pm_crow(a->tune->embed, row - a->n_x);
}

static pm_status choose_features(pm_call *c, const pm_fit *fit, int64_t features,
                                 struct fit_data *out)
{
    const pm_prompts *tune = out->tune ? out->tune : fit->x;
    int embed = fit->x->embed.at && tune->embed.at;
    int sparse = fit->x->sparse.start && tune->sparse.start;
    int want_embed = features == FIT_EMBED || features == FIT_BOTH ||
                     (features == FIT_AUTO && embed);
    int want_sparse = features == FIT_SPARSE || features == FIT_BOTH ||
                      (features == FIT_AUTO && !embed);
    if ((want_embed && !embed) || (want_sparse && !sparse))
        return c->host->fail(c, PM_E_ARG, "features = \"%s\", but the prompts carry no %s",
                             fit_features_words[features],
                             want_embed && !embed ? "embeddings" : "sparse features");
    out->d = want_embed ? fit->x->embed.cols : 0;
    out->v = want_sparse ? fit->x->sparse.cols : 0;
    return PM_OK;
}

/* Columns in order of expert ids. */
static pm_status order_experts(pm_call *c, const pm_library *lib, struct fit_data *out)
{
    uint32_t *order = c->host->scratch(c, out->m, sizeof *order);
    if (!order) return PM_E_MEMORY;
    for (size_t j = 0; j < out->m; j++) {
        size_t at = j;
        for (; at && strcmp(lib->expert[order[at - 1]]->id, lib->expert[j]->id) > 0; at--)
            order[at] = order[at - 1];
        order[at] = (uint32_t)j;
    }
    out->order = order;
    return PM_OK;
}

static pm_status copy_outcomes(pm_call *c, const pm_fit *fit, struct fit_data *out)
{
    float *y = c->host->scratch(c, out->n * out->m, sizeof *y);
    float *weight = fit->weight ? c->host->scratch(c, out->n, sizeof *weight) : NULL;
    double sum = 0;
    if (!y || (fit->weight && !weight)) return PM_E_MEMORY;
    for (size_t i = 0; i < out->n; i++) {
        pm_cmat seen = i < out->n_x ? fit->y->value : fit->tune_y->value;
        const float *row = seen.at ? pm_crow(seen, i < out->n_x ? i : i - out->n_x) : NULL;
        for (size_t j = 0; j < out->m; j++) y[i * out->m + j] = row ? row[out->order[j]] : NAN;
    }
    for (size_t i = 0; weight && i < out->n_x; i++) sum += (double)fit->weight[i];
    for (size_t i = 0; weight && i < out->n; i++)
        weight[i] = i < out->n_x ? (float)((double)fit->weight[i] * (double)out->n_x / sum) : 1;
    out->y = y;
    out->weight = weight;
    return PM_OK;
}

struct held_row {
    double key; /* random, the same for a whole group */
    uint64_t group;
    uint32_t row;
};

static int by_key(const void *a, const void *b)
{
    const struct held_row *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    if (x->group != y->group) return x->group < y->group ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Whole groups at random until their prompts are the share `held`; of fewer than FEWEST_GROUPS, none. */
static size_t hold_out(pm_call *c, const pm_fit *fit, struct held_row *r, size_t n)
{
    size_t groups = 0, end = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t g = fit->group ? fit->group[i] : i;
        r[i] = (struct held_row){c->host->uniform(c, S_HOLD, g), g, (uint32_t)i};
    }
    qsort(r, n, sizeof *r, by_key);
    for (size_t i = 0; i < n; i++) groups += !i || r[i].group != r[i - 1].group;
    if (groups < FEWEST_GROUPS) return 0;
    while ((double)end < held * (double)n || r[end].group == r[end - 1].group) {
        if (++end == n) return 0;
    }
    return end;
}

/* Who is held out to stop by: the tuning part, or whole groups of the rest. */
static pm_status share_rows(pm_call *c, const pm_fit *fit, struct fit_data *out)
{
    uint32_t *row = c->host->scratch(c, out->n, sizeof *row);
    struct held_row *r = c->host->scratch(c, out->n_x, sizeof *r);
    if (!row || !r) return PM_E_MEMORY;
    out->n_stop = out->tune ? out->n - out->n_x : hold_out(c, fit, r, out->n_x);
    out->n_fit = out->n - out->n_stop;
    for (size_t i = 0; i < out->n; i++)
        row[i] = out->tune || !out->n_stop ? (uint32_t)i : r[(i + out->n_stop) % out->n].row;
    qsort(row, out->n_fit, sizeof *row, ascending);
    qsort(row + out->n_fit, out->n_stop, sizeof *row, ascending);
    out->fit = row;
    out->stop = row + out->n_fit;
    return PM_OK;
}

static pm_status find_blocks(pm_call *c, size_t lo, size_t hi, void *arg)
{
    const struct fit_data *a = arg;
    (void)c;
    for (size_t i = lo; i < hi; i++) {
        struct fit_sparse_row r = fit_data_sparse(a, i);
        uint32_t *block = (uint32_t *)(uintptr_t)a->block + i * (FIT_BLOCKS + 1);
        size_t at = 0;
        for (size_t b = 0; b <= FIT_BLOCKS; b++) {
            while (at < r.n && r.col[at] < fit_block_begin(a->v, b)) at++;
            block[b] = (uint32_t)at;
        }
    }
    return PM_OK;
}

/* 1 / root mean square length of the embeddings; 1 if all are zero. */
static float embed_scale(const struct fit_data *a)
{
    double squares = 0;
    for (size_t i = 0; i < a->n_x; i++) {
        const float *x = pm_crow(a->x->embed, i);
        for (size_t t = 0; t < a->d; t++) squares += (double)x[t] * (double)x[t];
    }
    return squares > 0 ? (float)sqrt((double)a->n_x / squares) : 1;
}

pm_status fit_data_open(pm_call *c, const pm_fit *fit, int64_t features, struct fit_data *out)
{
    *out = (struct fit_data){.x = fit->x, .n_x = fit->x->n, .m = fit->lib->n, .scale = 1};
    out->kind = fit->y->kind;
    if (fit->tune_x && fit->tune_x->n && (fit->tune_y->value.at || fit->tune_y->n_battles))
        out->tune = fit->tune_x;
    out->n = out->n_x + (out->tune ? out->tune->n : 0);
    pm_status st = choose_features(c, fit, features, out);
    if (st == PM_OK) st = order_experts(c, fit->lib, out);
    if (st == PM_OK) st = copy_outcomes(c, fit, out);
    if (st == PM_OK) st = share_rows(c, fit, out);
    if (st != PM_OK) return st;
    if (out->d) out->scale = embed_scale(out);
    if (!out->v) return PM_OK;
    out->block = c->host->scratch(c, out->n * (FIT_BLOCKS + 1), sizeof *out->block);
    if (!out->block) return PM_E_MEMORY;
    return c->host->parallel(c, out->n, 64, find_blocks, out);
}
