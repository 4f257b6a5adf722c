/* SPDX-License-Identifier: MIT
 *
 * gamma = "auto": log-loss of held-out battles for each gamma of a grid, on the tuning part, or without one by
 * leaving out tenths of the groups of the training prompts in turn.
 */
#include <math.h>

#include "sw_ranking.h"

enum { N_GRID = 5, FOLDS = 10, CHUNK = 256, QUERIES_MAX = 4096 };
static const double grid[N_GRID] = {10, 1e2, 1e3, 1e4, 1e6};

struct trial {
    const pm_router *r;
    const sw_battles *b;
    const uint32_t *row; /* of each query */
    const double *sum;   /* [queries x n_classes] */
    double *loss;        /* [queries] weighted sum over the battles of the row */
};

struct tuning {
    pm_router *r;
    const pm_fit *fit;
    const sw_battles *b;
    const sw_room *room;
    uint8_t *is_used;                     /* [rows] */
    uint32_t *row;                        /* [rows] the queries */
    float *query;                         /* [CHUNK x d] */
    double *sum;                          /* [CHUNK x cells] */
    double *loss;                         /* [CHUNK] */
    double total[N_GRID], weight[N_GRID]; /* of all queries */
    size_t queries;
};

/* -log sigmoid(d) */
static double minus_log(double d)
{
    return d >= 0 ? log1p(exp(-d)) : log1p(exp(d)) - d;
}

static pm_status try_rows(pm_call *c, size_t lo, size_t hi, void *arg)
{
    const struct trial *t = arg;
    const sw_players *p = &t->r->players;
    double *theta = c->host->scratch(c, p->k, sizeof *theta);
    double *win = c->host->scratch(c, sw_cells(p->k), sizeof *win);
    if (!theta || !win) return PM_E_MEMORY;
    for (size_t i = lo; i < hi; i++) {
        pm_status st = sw_rate(t->r, c, t->sum + i * t->r->entries.n_classes, win, theta);
        if (st != PM_OK) return st;
        t->loss[i] = 0;
        for (size_t e = t->b->first[t->row[i]]; e < t->b->first[t->row[i] + 1]; e++) {
            const pm_battle *x = &t->b->battle[e];
            double of_a = p->of[x->a] == PM_NO_COL ? 0 : theta[p->of[x->a]];
            double of_b = p->of[x->b] == PM_NO_COL ? 0 : theta[p->of[x->b]];
            double won = x->outcome, d = of_a - of_b;
            t->loss[i] += (double)x->weight * (won * minus_log(d) + (1 - won) * minus_log(-d));
        }
    }
    return PM_OK;
}

static const float *embedding(const struct tuning *t, uint32_t row)
{
    const pm_prompts *x = row < t->b->rows_train ? t->fit->x : t->fit->tune_x;
    return pm_crow(x->embed, t->b->prompt[row]);
}

/* Queries [lo, hi) for every gamma; entries are those of the rows used. */
static pm_status try_chunk(struct tuning *t, pm_call *c, size_t lo, size_t hi)
{
    size_t d = t->fit->x->embed.cols;
    for (size_t i = lo; i < hi; i++)
        memcpy(t->query + (i - lo) * d, embedding(t, t->row[i]), d * sizeof *t->query);
    for (size_t g = 0; g < N_GRID; g++) {
        t->r->gamma = grid[g];
        struct trial trial = {t->r, t->b, t->row + lo, t->sum, t->loss};
        pm_status st = sw_tally(t->r, c, (pm_cmat){t->query, hi - lo, d, d}, t->sum);
        if (st == PM_OK) st = c->host->parallel(c, hi - lo, 8, try_rows, &trial);
        if (st != PM_OK) return st;
        for (size_t i = lo; i < hi; i++) {
            t->total[g] += t->loss[i - lo];
            for (size_t e = t->b->first[t->row[i]]; e < t->b->first[t->row[i] + 1]; e++)
                t->weight[g] += (double)t->b->battle[e].weight;
        }
    }
    return PM_OK;
}

static pm_status try_queries(struct tuning *t, pm_call *c, size_t n, double from, double to)
{
    sw_entries_make(t->b, &t->r->players, t->is_used, t->room, &t->r->entries);
    if (!t->r->entries.n) return PM_OK;
    t->queries += n;
    for (size_t lo = 0; lo < n; lo += CHUNK) {
        size_t hi = n - lo < CHUNK ? n : lo + CHUNK;
        pm_status st = try_chunk(t, c, lo, hi);
        double done = from + (to - from) * (double)hi / (double)n;
        if (st == PM_OK) st = c->host->progress(c, done, NULL, 0);
        if (st != PM_OK) return st;
    }
    return PM_OK;
}

/* The finisher of splitmix64: groups are opaque numbers, tenths of them must be even. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static size_t fold_of(const struct tuning *t, size_t row)
{
    uint32_t i = t->b->prompt[row];
    return (size_t)(mix((t->fit->group ? t->fit->group[i] : i) + 1) % FOLDS);
}

static pm_status on_folds(struct tuning *t, pm_call *c)
{
    size_t rows = t->b->rows_train, step = (rows + QUERIES_MAX - 1) / QUERIES_MAX;
    for (size_t f = 0; f < FOLDS; f++) {
        size_t n = 0, seen = 0;
        for (size_t r = 0; r < rows; r++) {
            t->is_used[r] = fold_of(t, r) != f;
            if (!t->is_used[r] && seen++ % step == 0) t->row[n++] = (uint32_t)r;
        }
        pm_status st =
            try_queries(t, c, n, (double)f / (double)FOLDS, (double)(f + 1) / (double)FOLDS);
        if (st != PM_OK) return st;
    }
    return PM_OK;
}

static pm_status on_tuning_part(struct tuning *t, pm_call *c)
{
    size_t n = t->b->rows - t->b->rows_train;
    size_t step = (n + QUERIES_MAX - 1) / QUERIES_MAX, queries = 0;
    for (size_t r = 0; r < t->b->rows_train; r++) t->is_used[r] = 1;
    for (size_t r = 0; r < n; r += step) t->row[queries++] = (uint32_t)(t->b->rows_train + r);
    return try_queries(t, c, queries, 0, 1);
}

pm_status sw_tune(pm_router *r, pm_call *c, const pm_fit *fit, const sw_battles *b,
                  const sw_room *room)
{
    size_t classes = sw_cells(r->players.k) < 2 * b->n ? sw_cells(r->players.k) : 2 * b->n;
    struct tuning t = {.r = r,
                       .fit = fit,
                       .b = b,
                       .room = room,
                       .is_used = c->host->scratch(c, b->rows, 1),
                       .row = c->host->scratch(c, b->rows, sizeof *t.row),
                       .query = c->host->scratch(c, CHUNK * fit->x->embed.cols, sizeof *t.query),
                       .sum = c->host->scratch(c, CHUNK * classes, sizeof *t.sum),
                       .loss = c->host->scratch(c, CHUNK, sizeof *t.loss)};
    if (!t.is_used || !t.row || !t.query || !t.sum || !t.loss) return PM_E_MEMORY;
    int on_part = b->rows > b->rows_train;
    pm_status st = on_part ? on_tuning_part(&t, c) : on_folds(&t, c);
    if (st != PM_OK) return st;
    size_t best = 0;
    for (size_t g = 1; g < N_GRID; g++)
        if (t.total[g] < t.total[best]) best = g;
    r->gamma = grid[best];
    if (t.queries)
        c->host->note(c, PM_NOTE_INFO, "gamma = %g by log-loss on %zu %s prompts (%.6g)", r->gamma,
                      t.queries, on_part ? "tuning" : "training (ten folds by group)",
                      t.total[best] / t.weight[best]);
    else
        c->host->note(c, PM_NOTE_WARN, "gamma = %g: too few prompts with battles to leave any out",
                      r->gamma);
    return PM_OK;
}
