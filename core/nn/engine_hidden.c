/* SPDX-License-Identifier: MIT
 *
 * Hidden states of a batch: checks, embeddings, and two ways to share the work.  Many sequences: each thread takes a
 * few of them through all layers alone, while their activations are in its cache.  One or few: all threads share
 * every stage.  Rows give the same bits either way.
 */
#include <string.h>

#include "math/mat.h"
#include "math/rows.h"
#include "nn/engine_own.h"

enum {
    APART_TOKENS = 256, /* that one thread takes through the layers together */
    BLOCKS_APIECE = 6   /* blocks of a shared product for each thread */
};

pm_status engine_check_ids(const nn_engine *e, const uint32_t *id, const uint8_t *type, size_t n,
                           pm_err *err)
{
    const nn_config *c = &e->config;
    for (size_t i = 0; i < n; i++) {
        if (id[i] >= c->n_vocab)
            return err_set(err, PM_E_ARG,
                           "token %zu: found id %u, wanted one below the vocabulary's %zu", i,
                           (unsigned)id[i], c->n_vocab);
        if (type && type[i] > 0 && type[i] >= c->n_types)
            return err_set(err, PM_E_ARG, "token %zu: found type %u, the model has %zu types", i,
                           (unsigned)type[i], c->n_types);
    }
    return PM_OK;
}

static pm_status check(const nn_engine *e, const nn_batch *b, size_t *longest, pm_err *err)
{
    *longest = 0;
    for (size_t i = 0; i < b->n; i++) {
        if (b->start[i + 1] <= b->start[i])
            return err_set(err, PM_E_ARG, "sequence %zu of %zu is empty; wanted 1 to %zu tokens", i,
                           b->n, e->config.n_positions);
        size_t len = b->start[i + 1] - b->start[i];
        if (len > e->config.n_positions)
            return err_set(
                err, PM_E_ARG,
                "sequence %zu of %zu has %zu tokens, the model has %zu positions; cut it first", i,
                b->n, len, e->config.n_positions);
        if (len > *longest) *longest = len;
    }
    size_t first = b->n > 0 ? b->start[0] : 0;
    if (first != 0) return err_set(err, PM_E_ARG, "batch: start[0] is %zu, wanted 0", first);
    return b->n == 0 ? PM_OK : engine_check_ids(e, b->id, b->type, b->start[b->n], err);
}

static void add_row(float *to, const float *row, size_t n)
{
    for (size_t j = 0; j < n; j++) to[j] += row[j];
}

static pm_status token_row(const nn_engine *e, uint32_t id, float *out, pm_err *err)
{
    const nn_weights *w = &e->weights;
    const nn_param *p = &w->layout->param[e->tokens];
    if (w->slab) {
        memcpy(out, w->slab + p->at + (size_t)id * p->cols, p->cols * sizeof *out);
        return PM_OK;
    }
    return nn_weights_rows(w, e->tokens, id, (size_t)id + 1, out, err);
}

pm_status engine_embed(const nn_engine *e, const uint32_t *id, const uint8_t *type,
                       const uint32_t *position, size_t lo, size_t hi, pm_mat out, pm_err *err)
{
    size_t width = e->config.width;
    for (size_t i = lo; i < hi; i++) {
        float *row = out.at + i * out.ld;
        pm_status s = token_row(e, id[i], row, err);
        if (s != PM_OK) return err_wrap(err, s, "embedding of token id %u", (unsigned)id[i]);
        if (e->types) add_row(row, e->types + (type ? type[i] : 0) * width, width);
        if (e->positions) add_row(row, e->positions + position[i] * width, width);
    }
    if (!e->embed_norm.gain || lo == hi) return PM_OK;
    pm_mat rows = {out.at + lo * out.ld, hi - lo, width, out.ld};
    engine_normalise(e, &e->embed_norm, mat_const(rows), rows);
    return PM_OK;
}

/* ---- the work of a call ---- */

typedef struct work {
    const nn_engine *e;
    const nn_batch *b;
    pm_mat x;
    uint32_t *position;
    size_t workers;
    /* apart */
    uint32_t *chunk; /* [n_chunks + 1]: first sequences */
    size_t n_chunks, chunk_rows;
    engine_pass *pass; /* [workers] */
    /* together */
    team_stage *stage;
    size_t n_stages;
} work;

static pm_status embed_rows(int worker, size_t lo, size_t hi, void *arg)
{
    const work *w = arg;
    (void)worker;
    return engine_embed(w->e, w->b->id, w->b->type, w->position, lo, hi, w->x, NULL);
}

static pm_status take_chunk(int worker, size_t lo, size_t hi, void *arg)
{
    const work *w = arg;
    for (size_t i = lo; i < hi; i++) {
        engine_pass p = w->pass[worker];
        p.start = w->b->start + w->chunk[i];
        p.n = w->chunk[i + 1] - w->chunk[i];
        size_t row = p.start[0], end = p.start[p.n];
        pm_status s = engine_embed(w->e, w->b->id, w->b->type, w->position, row, end, w->x, NULL);
        if (s != PM_OK) return s;
        p.x = mat_rows(w->x, row, end - row);
        p.position = w->position + row;
        team_member alone = {NULL, 0, 0};
        pass_run(&p, &alone);
    }
    return PM_OK;
}

static size_t cut_chunks(const nn_batch *b, size_t most, uint32_t *chunk)
{
    size_t n = 0;
    for (size_t i = 0, first = 0; i < b->n; i++) {
        if (i > first && b->start[i + 1] - b->start[first] > most) first = i;
        if (i == first) {
            if (chunk) chunk[n] = (uint32_t)i;
            n++;
        }
    }
    if (chunk) chunk[n] = (uint32_t)b->n;
    return n;
}

/* Tokens a thread takes at once: fewer when there would not be two rounds of them; 0: share every stage. */
static size_t apart_tokens(size_t tokens, size_t longest, size_t workers)
{
    if (workers == 1) return APART_TOKENS;
    size_t share = tokens / (2 * workers);
    if (share < longest) return 0;
    return share < APART_TOKENS ? share : APART_TOKENS;
}

static void lay_out(work *w, carver *k, size_t longest, size_t apart)
{
    size_t tokens = w->b->start[w->b->n];
    w->position = carve(k, tokens, sizeof *w->position);
    w->n_chunks = apart ? cut_chunks(w->b, apart, NULL) : 1;
    w->n_stages = apart ? 0 : pass_stages(w->e, tokens);
    w->chunk = carve(k, apart ? w->n_chunks + 1 : 0, sizeof *w->chunk);
    w->stage = carve(k, w->n_stages, sizeof *w->stage);
    size_t n_passes = apart ? w->workers : 1, rows = apart > longest ? apart : longest;
    engine_pass one;
    if (!apart || rows > tokens) rows = tokens;
    w->pass = carve(k, n_passes, sizeof *w->pass);
    for (size_t i = 0; i < n_passes; i++)
        pass_carve(w->e, k, rows, longest, apart ? 1 : w->workers,
                   w->pass && k->at ? &w->pass[i] : &one);
}

static void number_positions(const nn_batch *b, uint32_t *position)
{
    for (size_t i = 0; i < b->n; i++)
        for (uint32_t t = b->start[i]; t < b->start[i + 1]; t++) position[t] = t - b->start[i];
}

static pm_status run_together(work *w, threads *pool)
{
    size_t tokens = w->b->start[w->b->n];
    pm_status s = threads_for(tokens > APART_TOKENS ? pool : NULL, tokens, 32, embed_rows, w);
    if (s != PM_OK) return s;
    engine_pass p = w->pass[0];
    p.n = w->b->n;
    p.start = w->b->start;
    p.x = w->x;
    p.position = w->position;
    p.cache = NULL;
    p.wanted = BLOCKS_APIECE * w->workers;
    memset(w->stage, 0, w->n_stages * sizeof *w->stage);
    pass_together(&p, pool, w->stage);
    return PM_OK;
}

static pm_status run_apart(work *w, threads *pool, size_t apart)
{
    (void)cut_chunks(w->b, apart, w->chunk);
    for (size_t i = 0; i < w->workers; i++) {
        w->pass[i].cache = NULL;
        w->pass[i].wanted = 1;
    }
    return threads_for(pool, w->n_chunks, 1, take_chunk, w);
}

pm_status nn_hidden(const nn_engine *e, threads *pool, nn_room *r, const nn_batch *b, pm_mat *out,
                    pm_err *err)
{
    size_t longest, width = e->config.width;
    pm_status s = check(e, b, &longest, err);
    *out = (pm_mat){NULL, 0, width, width};
    if (s != PM_OK || b->n == 0) return s;
    size_t tokens = b->start[b->n];
    work w = {.e = e, .b = b, .workers = (size_t)threads_count(pool)};
    size_t apart = apart_tokens(tokens, longest, w.workers);
    carver k = {NULL, 0, false};
    lay_out(&w, &k, longest, apart);
    if (!room_scratch(r, &k) || !room_hidden(r, tokens, width * sizeof(float)))
        return err_set(err, PM_E_MEMORY, "hidden states of %zu tokens: no memory", tokens);
    k = (carver){r->scratch, 0, false};
    lay_out(&w, &k, longest, apart);
    w.x = (pm_mat){r->hidden, tokens, width, width};
    number_positions(b, w.position);
    s = apart ? run_apart(&w, pool, apart) : run_together(&w, pool);
    if (s != PM_OK) /* again, for the words of the first of them */
        return engine_embed(e, b->id, b->type, w.position, 0, tokens, w.x, err);
    *out = w.x;
    return PM_OK;
}
