/* SPDX-License-Identifier: MIT
 *
 * Attention of a packed batch: every head of every sequence is one piece of work for the fused kernels; on the way
 * back, every head of keys.
 */
#include "nn/graph_private.h"

typedef struct heads_job {
    nn_graph *g;
    const graph_layer *k;
    float p;
} heads_job;

static attention_run run_of(const heads_job *j, size_t sequence)
{
    const nn_graph *g = j->g;
    const nn_config *m = g->m;
    const graph_layer *k = j->k;
    size_t first = g->s->batch.start[sequence], n = g->s->batch.start[sequence + 1] - first;
    return (attention_run){
        .q = k->qs.at + first * k->qs.ld,
        .ldq = k->qs.ld,
        .k = k->ks.at + first * k->ks.ld,
        .v = k->vs.at + first * k->vs.ld,
        .ldk = k->ks.ld,
        .ldv = k->vs.ld,
        .out = k->context.at + first * k->context.ld,
        .ldo = k->context.ld,
        .n_heads = m->n_heads,
        .n_kv_heads = m->n_kv_heads,
        .head_dim = m->head_dim,
        .n_q = n,
        .n_k = n,
        .causal = m->causal,
        .scale = (float)(1 / __builtin_sqrt((double)m->head_dim)),
        .bf16_ok = g->s->bf16_ok,
    };
}

static attention_drop drop_of(const heads_job *j, size_t sequence)
{
    return (attention_drop){
        .p = j->p,
        .seed = j->g->seed,
        .first = j->g->places[sequence],
        .stream = graph_stream(j->k->index, GRAPH_AT_PROBABILITIES),
    };
}

static float *lse_of(const heads_job *j, size_t sequence)
{
    return j->k->lse + j->g->m->n_heads * j->g->s->batch.start[sequence];
}

static pm_status some_heads(int worker, size_t lo, size_t hi, void *arg)
{
    const heads_job *j = arg;
    size_t heads = j->g->m->n_heads;
    void *room = j->g->attention_room + (size_t)worker * j->g->attention_bytes;
    for (size_t i = lo; i < hi; i++) {
        attention_run r = run_of(j, i / heads);
        attention_drop drop = drop_of(j, i / heads);
        attention_forward_keep(j->g->c, &r, j->p > 0 ? &drop : NULL, lse_of(j, i / heads),
                               i % heads, i % heads + 1, room);
    }
    return PM_OK;
}

void graph_attention(nn_graph *g, graph_layer *k)
{
    heads_job j = {g, k, graph_drop(g, GRAPH_AT_PROBABILITIES)};
    (void)threads_for(g->pool, g->s->batch.n * g->m->n_heads, 1, some_heads, &j);
}

static float *rows_from(pm_mat m, size_t first)
{
    return m.at + first * m.ld;
}

static pm_status some_heads_back(int worker, size_t lo, size_t hi, void *arg)
{
    const heads_job *j = arg;
    const nn_graph *g = j->g;
    size_t heads = g->m->n_kv_heads;
    void *room = g->attention_room + (size_t)worker * g->attention_bytes;
    for (size_t i = lo; i < hi; i++) {
        attention_run r = run_of(j, i / heads);
        attention_drop drop = drop_of(j, i / heads);
        size_t first = g->s->batch.start[i / heads];
        attention_back b = {
            .r = &r,
            .drop = j->p > 0 ? &drop : NULL,
            .lse = lse_of(j, i / heads),
            .dout = rows_from(g->d_context, first),
            .ld_dout = g->d_context.ld,
            .dq = rows_from(g->d_q, first),
            .dk = rows_from(g->d_k, first),
            .dv = rows_from(g->d_v, first),
            .ld_dq = g->d_q.ld,
            .ld_dk = g->d_k.ld,
            .ld_dv = g->d_v.ld,
        };
        attention_backward(g->c, &b, i % heads, i % heads + 1, room);
    }
    return PM_OK;
}

void graph_attention_back(nn_graph *g, const graph_layer *k)
{
    heads_job j = {g, k, graph_drop(g, GRAPH_AT_PROBABILITIES)};
    (void)threads_for(g->pool, g->s->batch.n * g->m->n_kv_heads, 1, some_heads_back, &j);
}
