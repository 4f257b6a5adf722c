/* SPDX-License-Identifier: MIT
 *
 * What is read off hidden states: nats and logits under the language-model head, pooled texts, and the outputs of a
 * classification or regression head.  Nats are summed up block of columns by block: no matrix of all logits.
 */
#include <math.h>
#include <string.h>

#include "math/mat.h"
#include "math/rows.h"
#include "nn/engine_own.h"

enum {
    NATS_ROWS = 256, /* that meet the whole vocabulary together */
    NATS_SLICE = 64, /* of them that meet one block of columns at a time */
    NATS_COLS = 512
};

/* What a row knows of one block of columns. */
typedef struct part {
    float log_sum, best_value;
    uint32_t best;
} part;

typedef struct asking {
    const nn_engine *e;
    size_t rows, n_blocks;
    float *x, *dense; /* [NATS_ROWS x width]: rows asked for; before the masked head's norm */
    part *part;       /* [rows][n_blocks] */
    float *chosen;    /* [rows] logit of the target */
    const uint32_t *target;
    float *tile; /* [NATS_SLICE x NATS_COLS] for each worker */
    char *room;
    size_t room_each;
} asking;

static pm_status need_head(const nn_engine *e, pm_err *err)
{
    if (e->config.lm_head != NN_LM_NONE) return PM_OK;
    return err_set(err, PM_E_UNSUPPORTED,
                   "this model has no language-model head: its file holds %s%s; it can embed texts",
                   e->config.pooler ? "a pooler" : "hidden states alone",
                   e->config.n_outputs ? " and a classification head" : "");
}

/* x through the masked head's dense layer and norm, in place; tied heads take it as it is. */
static void transform(const nn_engine *e, float *x, float *dense, size_t rows, void *room)
{
    size_t width = e->config.width;
    if (e->config.lm_head != NN_LM_MASKED) return;
    linear_run run = {x, width, dense, width, e->config.act, NULL, 0, NULL, 0, 0};
    linear_block(&e->lm_dense, &run, 0, rows, 0, width, room);
    pm_cmat from = {dense, rows, width, width};
    pm_mat to = {x, rows, width, width};
    engine_normalise(e, &e->lm_norm, from, to);
}

static size_t head_room(const nn_engine *e, size_t rows)
{
    size_t out = linear_room(&e->lm_out, rows), dense = 0;
    if (e->config.lm_head == NN_LM_MASKED) dense = linear_room(&e->lm_dense, rows);
    out = out > dense ? out : dense;
    return (out + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
}

static void read_tile(const asking *a, const float *tile, size_t row, size_t rows, size_t block)
{
    size_t c0 = block * NATS_COLS, vocab = a->e->config.n_vocab;
    size_t cols = vocab - c0 < NATS_COLS ? vocab - c0 : NATS_COLS;
    float log_sum[NATS_SLICE];
    uint32_t best[NATS_SLICE];
    pm_cmat t = {tile, rows, cols, NATS_COLS};
    rows_logsumexp(a->e->c, t, log_sum, best);
    for (size_t i = 0; i < rows; i++) {
        const float *at = tile + i * NATS_COLS;
        uint32_t target = a->target[row + i];
        a->part[(row + i) * a->n_blocks + block] =
            (part){log_sum[i], at[best[i]], (uint32_t)(c0 + best[i])};
        if (target >= c0 && target < c0 + cols) a->chosen[row + i] = at[target - c0];
    }
}

static pm_status ask_blocks(int worker, size_t lo, size_t hi, void *arg)
{
    const asking *a = arg;
    const linear *l = &a->e->lm_out;
    size_t width = a->e->config.width;
    float *tile = a->tile + (size_t)worker * NATS_SLICE * NATS_COLS;
    void *room = a->room + (size_t)worker * a->room_each;
    for (size_t block = lo; block < hi; block++) {
        size_t c0 = block * NATS_COLS;
        size_t c1 = c0 + NATS_COLS < l->n_out ? c0 + NATS_COLS : l->n_out;
        for (size_t row = 0; row < a->rows; row += NATS_SLICE) {
            size_t rows = a->rows - row < NATS_SLICE ? a->rows - row : NATS_SLICE;
            linear_run run = {
                a->x + row * width, width, tile, NATS_COLS, LINEAR_NONE, NULL, 0, NULL, 0, c0};
            linear_block(l, &run, 0, rows, c0, c1, room);
            read_tile(a, tile, row, rows, block);
        }
    }
    return PM_OK;
}

/* Blocks added up in their order, in double. */
static double join_parts(const asking *a, size_t row, uint32_t *best)
{
    const part *p = a->part + row * a->n_blocks;
    double top = (double)p[0].log_sum, sum = 0;
    float best_value = p[0].best_value;
    uint32_t at = p[0].best;
    for (size_t b = 1; b < a->n_blocks; b++) {
        if ((double)p[b].log_sum > top) top = (double)p[b].log_sum;
        if (p[b].best_value > best_value) {
            best_value = p[b].best_value;
            at = p[b].best;
        }
    }
    for (size_t b = 0; b < a->n_blocks; b++) sum += exp((double)p[b].log_sum - top);
    if (best) *best = at;
    return top + log(sum) - (double)a->chosen[row];
}

static void lay_out(asking *a, carver *k, size_t n, size_t workers)
{
    size_t rows = n < NATS_ROWS ? n : NATS_ROWS, width = a->e->config.width;
    a->n_blocks = (a->e->config.n_vocab + NATS_COLS - 1) / NATS_COLS;
    a->x = carve(k, rows, width * sizeof *a->x);
    a->dense = carve(k, rows, width * sizeof *a->dense);
    a->part = carve(k, rows, a->n_blocks * sizeof *a->part);
    a->chosen = carve(k, rows, sizeof *a->chosen);
    a->tile = carve(k, workers, NATS_SLICE * NATS_COLS * sizeof *a->tile);
    a->room_each = head_room(a->e, rows);
    a->room = carve(k, workers, a->room_each);
}

static pm_status check_asked(const nn_engine *e, pm_cmat hidden, const nn_asked *q, pm_err *err)
{
    for (size_t t = 0; t < q->n; t++) {
        if (q->at[t] >= hidden.rows)
            return err_set(err, PM_E_ARG, "asked token %zu: row %u of %zu hidden states", t,
                           (unsigned)q->at[t], hidden.rows);
        if (q->target[t] >= e->config.n_vocab)
            return err_set(err, PM_E_ARG,
                           "asked token %zu: found id %u, wanted one below the vocabulary's %zu", t,
                           (unsigned)q->target[t], e->config.n_vocab);
    }
    return PM_OK;
}

pm_status nn_nats(const nn_engine *e, threads *pool, nn_room *r, pm_cmat hidden,
                  const nn_asked *asked, double *nats, uint32_t *best, pm_err *err)
{
    size_t workers = (size_t)threads_count(pool), width = e->config.width;
    asking a = {.e = e};
    carver k = {NULL, 0, false};
    pm_status s = need_head(e, err);
    if (s == PM_OK) s = check_asked(e, hidden, asked, err);
    if (s != PM_OK || asked->n == 0) return s;
    lay_out(&a, &k, asked->n, workers);
    if (!room_scratch(r, &k))
        return err_set(err, PM_E_MEMORY, "nats of %zu tokens: no memory", asked->n);
    k = (carver){r->scratch, 0, false};
    lay_out(&a, &k, asked->n, workers);
    for (size_t first = 0; first < asked->n; first += NATS_ROWS) {
        a.rows = asked->n - first < NATS_ROWS ? asked->n - first : NATS_ROWS;
        a.target = asked->target + first;
        for (size_t i = 0; i < a.rows; i++)
            memcpy(a.x + i * width, hidden.at + asked->at[first + i] * hidden.ld,
                   width * sizeof *a.x);
        transform(e, a.x, a.dense, a.rows, a.room);
        s = threads_for(pool, a.n_blocks, 1, ask_blocks, &a);
        if (s != PM_OK) return s;
        for (size_t i = 0; i < a.rows; i++)
            nats[first + i] = join_parts(&a, i, best ? &best[first + i] : NULL);
    }
    return PM_OK;
}

pm_status nn_logits(const nn_engine *e, threads *pool, nn_room *r, pm_cmat hidden, pm_mat out,
                    pm_err *err)
{
    size_t workers = (size_t)threads_count(pool), width = e->config.width, rows = hidden.rows;
    pm_status s = need_head(e, err);
    if (s != PM_OK || rows == 0) return s;
    carver k = {NULL, 0, false};
    size_t each = head_room(e, rows);
    carve(&k, rows, width * sizeof(float));
    carve(&k, rows, width * sizeof(float));
    carve(&k, workers, each);
    if (!room_scratch(r, &k))
        return err_set(err, PM_E_MEMORY, "logits of %zu tokens: no memory", rows);
    k = (carver){r->scratch, 0, false};
    float *x = carve(&k, rows, width * sizeof(float));
    float *dense = carve(&k, rows, width * sizeof(float));
    void *room = carve(&k, workers, each);
    for (size_t i = 0; i < rows; i++)
        memcpy(x + i * width, hidden.at + i * hidden.ld, width * sizeof *x);
    transform(e, x, dense, rows, room);
    linear_run run = {x, width, out.at, out.ld, LINEAR_NONE, NULL, 0, NULL, 0, 0};
    linear_apply(&e->lm_out, pool, &run, rows, room);
    return PM_OK;
}

/* ---- pooled texts and heads on them ---- */

static pm_status pooler(const nn_engine *e, threads *pool, nn_room *r, pm_mat out, pm_err *err)
{
    size_t workers = (size_t)threads_count(pool), width = e->config.width, rows = out.rows;
    carver k = {NULL, 0, false};
    size_t each = linear_room(&e->pooler, rows);
    each = (each + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
    carve(&k, rows, width * sizeof(float));
    carve(&k, workers, each);
    if (!room_scratch(r, &k))
        return err_set(err, PM_E_MEMORY, "pooling %zu texts: no memory", rows);
    k = (carver){r->scratch, 0, false};
    float *x = carve(&k, rows, width * sizeof *x);
    void *room = carve(&k, workers, each);
    mat_copy(mat_const(out), (pm_mat){x, rows, width, width});
    linear_run run = {x, width, out.at, out.ld, LINEAR_TANH, NULL, 0, NULL, 0, 0};
    linear_apply(&e->pooler, pool, &run, rows, room);
    return PM_OK;
}

pm_status nn_pool(const nn_engine *e, threads *pool, nn_room *r, const nn_batch *b, pm_cmat hidden,
                  nn_pool_kind kind, bool normalise, pm_mat out, pm_err *err)
{
    if (kind == NN_POOL_POOLER && !e->config.pooler)
        return err_set(err, PM_E_UNSUPPORTED,
                       "pooling: this model has no pooler; mean, first and last it has");
    if (kind == NN_POOL_MEAN) {
        rows_mean(e->c, hidden, b->start, out);
    } else {
        for (size_t i = 0; i < b->n; i++) {
            size_t row = kind == NN_POOL_LAST ? b->start[i + 1] - 1 : b->start[i];
            memcpy(out.at + i * out.ld, hidden.at + row * hidden.ld,
                   e->config.width * sizeof(float));
        }
    }
    pm_status s = PM_OK;
    if (kind == NN_POOL_POOLER && b->n > 0) s = pooler(e, pool, r, out, err);
    if (s == PM_OK && normalise) rows_normalise(e->c, out);
    return s;
}

pm_status nn_outputs(const nn_engine *e, nn_room *r, pm_cmat pooled, pm_mat out, pm_err *err)
{
    const nn_config *c = &e->config;
    size_t rows = pooled.rows;
    if (c->n_outputs == 0)
        return err_set(err, PM_E_UNSUPPORTED,
                       "this model has no classification or regression head%s",
                       c->lm_head != NN_LM_NONE ? "; it has a language-model head" : "");
    carver k = {NULL, 0, false};
    size_t each = linear_room(&e->head_out, rows), dense = 0;
    if (c->head_dense) dense = linear_room(&e->head_dense, rows);
    each = each > dense ? each : dense;
    carve(&k, rows, c->width * sizeof(float));
    carve(&k, 1, each);
    if (!room_scratch(r, &k))
        return err_set(err, PM_E_MEMORY, "outputs of %zu texts: no memory", rows);
    k = (carver){r->scratch, 0, false};
    float *x = carve(&k, rows, c->width * sizeof(float));
    void *room = carve(&k, 1, each);
    linear_run run = {pooled.at, pooled.ld, out.at, out.ld, LINEAR_NONE, NULL, 0, NULL, 0, 0};
    if (c->head_dense) {
        run = (linear_run){pooled.at, pooled.ld, x, c->width, c->head_act, NULL, 0, NULL, 0, 0};
        linear_apply(&e->head_dense, NULL, &run, rows, room);
        run = (linear_run){x, c->width, out.at, out.ld, LINEAR_NONE, NULL, 0, NULL, 0, 0};
    }
    linear_apply(&e->head_out, NULL, &run, rows, room);
    return PM_OK;
}
