/* SPDX-License-Identifier: MIT
 *
 * Embeddings: tokens, learned positions, types, their norm and dropout.  The gradient is split by columns, so that
 * tokens of one id are added in the order of the batch.
 */
#include <string.h>

#include "nn/graph_private.h"

static size_t type_of(const nn_graph *g, size_t token)
{
    return g->s->batch.type ? g->s->batch.type[token] : 0;
}

static pm_status look_up(int worker, size_t lo, size_t hi, void *arg)
{
    const nn_graph *g = arg;
    size_t width = graph_width(g);
    const float *tokens = graph_weight(g, g->embed_tokens);
    const float *positions = graph_weight(g, g->embed_positions);
    const float *types = graph_weight(g, g->embed_types);
    (void)worker;
    for (size_t t = lo; t < hi; t++) {
        float *row = pm_row(g->embedded, t);
        memcpy(row, tokens + g->s->batch.id[t] * width, width * sizeof *row);
        size_t place = g->position[t] + g->m->position_offset;
        if (positions) g->c->k->axpy(1, positions + place * width, row, width);
        if (types) g->c->k->axpy(1, types + type_of(g, t) * width, row, width);
    }
    return PM_OK;
}

void graph_embed(nn_graph *g, pm_mat out)
{
    pm_mat sum = graph_cut(g->embedded, g->tokens);
    (void)threads_for(g->pool, g->tokens, GRAPH_ROWS, look_up, g);
    if (!g->m->norm_first) graph_norm_forward(g, &g->embed_norm, sum, out, g->m->rms_norm);
    graph_finish(g, out, (pm_mat){0}, NN_NO_LAYER, GRAPH_AT_EMBED);
}

typedef struct scatter_job {
    const nn_graph *g;
    pm_mat d;
} scatter_job;

static void add_columns(float *to, size_t row, const float *d, const scatter_job *j, size_t lo,
                        size_t hi)
{
    if (to) j->g->c->k->axpy(1, d + lo, to + row * j->d.cols + lo, hi - lo);
}

static pm_status scatter(int worker, size_t lo, size_t hi, void *arg)
{
    const scatter_job *j = arg;
    const nn_graph *g = j->g;
    float *tokens = graph_grad(g, g->embed_tokens);
    float *positions = graph_grad(g, g->embed_positions);
    float *types = graph_grad(g, g->embed_types);
    (void)worker;
    for (size_t t = 0; t < g->tokens; t++) {
        const float *d = pm_row(j->d, t);
        add_columns(tokens, g->s->batch.id[t], d, j, lo, hi);
        add_columns(positions, g->position[t] + g->m->position_offset, d, j, lo, hi);
        add_columns(types, type_of(g, t), d, j, lo, hi);
    }
    return PM_OK;
}

void graph_embed_back(nn_graph *g)
{
    if (!g->grad) return;
    pm_mat d = graph_cut(g->d, g->tokens), spare = graph_cut(g->d_1, g->tokens);
    d = graph_finish_back(g, d, spare, NN_NO_LAYER, GRAPH_AT_EMBED);
    if (!g->m->norm_first) {
        pm_mat dx = graph_cut(g->d_2, g->tokens);
        graph_norm_back(g, &g->embed_norm, graph_cut(g->embedded, g->tokens), d, (pm_mat){0}, dx,
                        g->m->rms_norm);
        d = dx;
    }
    scatter_job j = {g, d};
    (void)threads_for(g->pool, d.cols, GRAPH_COLS, scatter, &j);
}
