/* SPDX-License-Identifier: MIT
 *
 * Memory of the training graph: everything that a step needs, made when the graph is opened; logits and adapters'
 * products when they are first asked for.  Later steps allocate nothing.
 */
#include "nn/graph_private.h"

enum { LOGITS = 1 << 24 }; /* floats of a block of logits */

typedef struct maker { /* notes a refusal once, so that a list of wishes reads as one */
    arena *a;
    bool failed;
} maker;

static void *make(maker *k, size_t count, size_t bytes)
{
    void *p = k->failed ? NULL : arena_alloc_uncleared(k->a, count, bytes);
    k->failed = k->failed || !p;
    return p;
}

static pm_mat make_mat(maker *k, size_t rows, size_t cols)
{
    size_t bytes;
    k->failed = k->failed || !mem_size(cols, sizeof(float), &bytes);
    float *at = k->failed ? NULL : make(k, rows, bytes);
    return (pm_mat){at, rows, cols, cols};
}

static float *make_floats(maker *k, size_t n)
{
    return make(k, n, sizeof(float));
}

static size_t find(const nn_graph *g, nn_part part, int layer, bool is_bias)
{
    return nn_layout_find(g->l, part, layer, is_bias);
}

static graph_linear linear_of(const nn_graph *g, nn_part part, int layer)
{
    graph_linear k = {find(g, part, layer, false), find(g, part, layer, true), 0, 0, NULL, {0}};
    if (k.w != NN_NONE) {
        k.n_out = g->l->param[k.w].rows;
        k.n_in = g->l->param[k.w].cols;
    }
    return k;
}

static graph_norm norm_of(const nn_graph *g, maker *k, nn_part part, int layer)
{
    graph_norm n = {find(g, part, layer, false), find(g, part, layer, true), NULL, NULL};
    if (n.g == NN_NONE) return n;
    n.mean = make_floats(k, g->max_tokens);
    n.rstd = make_floats(k, g->max_tokens);
    return n;
}

static void layer_parts(nn_graph *g, maker *k, graph_layer *y, int i)
{
    *y = (graph_layer){.index = i,
                       .q = linear_of(g, NN_Q, i),
                       .k = linear_of(g, NN_K, i),
                       .v = linear_of(g, NN_V, i),
                       .o = linear_of(g, NN_O, i),
                       .gate = linear_of(g, NN_GATE, i),
                       .up = linear_of(g, NN_UP, i),
                       .down = linear_of(g, NN_DOWN, i),
                       .norm_1 = norm_of(g, k, NN_NORM_1, i),
                       .norm_2 = norm_of(g, k, NN_NORM_2, i)};
}

static void layer_room(nn_graph *g, maker *k, graph_layer *y)
{
    const nn_config *m = g->m;
    size_t n = g->max_tokens, q = m->n_heads * m->head_dim, kv = m->n_kv_heads * m->head_dim;
    y->in = make_mat(k, n, m->width);
    y->attended = m->norm_first ? make_mat(k, n, m->width) : y->in;
    y->qs = make_mat(k, n, q);
    y->ks = make_mat(k, n, kv);
    y->vs = make_mat(k, n, kv);
    y->context = make_mat(k, n, q);
    y->lse = make(k, n, m->n_heads * sizeof(float));
    y->sum_1 = make_mat(k, n, m->width);
    y->widened = make_mat(k, n, m->width);
    y->ups = make_mat(k, n, m->inner);
    if (m->gated) y->gates = make_mat(k, n, m->inner);
    y->inner = make_mat(k, n, m->inner);
    if (!m->norm_first) y->sum_2 = make_mat(k, n, m->width);
}

static void back_room(nn_graph *g, maker *k)
{
    const nn_config *m = g->m;
    size_t n = g->max_tokens, q = m->n_heads * m->head_dim, kv = m->n_kv_heads * m->head_dim;
    g->d = make_mat(k, n, m->width);
    g->d_1 = make_mat(k, n, m->width);
    g->d_2 = make_mat(k, n, m->width);
    g->d_context = make_mat(k, n, q);
    g->d_q = make_mat(k, n, q);
    g->d_k = make_mat(k, n, kv);
    g->d_v = make_mat(k, n, kv);
    g->d_inner = make_mat(k, n, m->inner);
    if (m->gated) g->d_gate = make_mat(k, n, m->inner);
    g->part = make(k, n / GRAPH_ROWS + 1, 2 * m->width * sizeof(float));
}

static void attention_rooms(nn_graph *g, maker *k)
{
    const nn_config *m = g->m;
    attention_run r = {.ldq = m->n_heads * m->head_dim,
                       .ldk = m->n_kv_heads * m->head_dim,
                       .ldv = m->n_kv_heads * m->head_dim,
                       .ldo = m->n_heads * m->head_dim,
                       .n_heads = m->n_heads,
                       .n_kv_heads = m->n_kv_heads,
                       .head_dim = m->head_dim,
                       .n_q = g->longest,
                       .n_k = g->longest,
                       .causal = m->causal,
                       .scale = 1};
    size_t forth = attention_room(g->c, &r), back = attention_back_room(g->c, &r);
    g->attention_bytes = ((forth > back ? forth : back) + 63) / 64 * 64;
    g->attention_room = make(k, (size_t)threads_count(g->pool), g->attention_bytes);
}

static void heads_room(nn_graph *g, maker *k)
{
    graph_heads *h = &g->heads;
    size_t n = g->max_sequences, width = g->m->width, outs = g->m->n_outputs;
    h->pooler = linear_of(g, NN_POOLER, NN_NO_LAYER);
    h->dense = linear_of(g, NN_HEAD_DENSE, NN_NO_LAYER);
    h->out = linear_of(g, NN_HEAD_OUT, NN_NO_LAYER);
    if (outs == 0) return;
    h->first = make_mat(k, n, width);
    h->pooled = make_mat(k, n, width);
    h->wide = make_mat(k, n, width);
    h->read = make_mat(k, n, width);
    h->d_read = make_mat(k, n, width);
    h->d_pooled = make_mat(k, n, width);
    h->outputs = make_mat(k, n, outs);
    h->d_outputs = make_mat(k, n, outs);
}

static void lm_parts(nn_graph *g, maker *k)
{
    graph_lm *h = &g->lm;
    bool own = g->m->lm_head == NN_LM_OWN;
    h->dense = linear_of(g, NN_LM_DENSE, NN_NO_LAYER);
    h->norm = norm_of(g, k, NN_LM_NORM, NN_NO_LAYER);
    h->out = find(g, own ? NN_LM_OUT : NN_TOKENS, NN_NO_LAYER, false);
    h->bias = find(g, NN_LM_OUT, NN_NO_LAYER, true);
}

static pm_status out_of_memory(const nn_graph *g, pm_err *err)
{
    return err_set(err, PM_E_MEMORY,
                   "training: no memory for %zu tokens at once; fewer (micro_tokens) need less",
                   g->max_tokens);
}

pm_status graph_room(nn_graph *g, pm_err *err)
{
    const nn_config *m = g->m;
    maker k = {g->room, false};
    g->embed_tokens = find(g, NN_TOKENS, NN_NO_LAYER, false);
    g->embed_positions = find(g, NN_POSITIONS, NN_NO_LAYER, false);
    g->embed_types = find(g, NN_TYPES, NN_NO_LAYER, false);
    g->embed_norm = norm_of(g, &k, NN_EMBED_NORM, NN_NO_LAYER);
    g->final_norm = norm_of(g, &k, NN_FINAL_NORM, NN_NO_LAYER);
    g->layer = make(&k, m->n_layers + 1, sizeof *g->layer);
    for (size_t i = 0; i < m->n_layers && !k.failed; i++) {
        layer_parts(g, &k, &g->layer[i], (int)i);
        layer_room(g, &k, &g->layer[i]);
    }
    g->top = make_mat(&k, g->max_tokens, m->width);
    g->hidden = m->norm_first ? make_mat(&k, g->max_tokens, m->width) : g->top;
    /* A decoder without a norm of its embedding reads it at once. */
    g->embedded = !m->norm_first    ? make_mat(&k, g->max_tokens, m->width)
                  : m->n_layers > 0 ? g->layer[0].in
                                    : g->top;
    g->position = make(&k, g->max_tokens, sizeof *g->position);
    g->places = make(&k, g->max_sequences, sizeof *g->places);
    if (m->rotary) g->rotary = make(&k, g->longest, m->head_dim * sizeof(float));
    g->product_room = make(&k, product_room(), 1);
    back_room(g, &k);
    attention_rooms(g, &k);
    heads_room(g, &k);
    lm_parts(g, &k);
    return k.failed ? out_of_memory(g, err) : PM_OK;
}

pm_status graph_room_logits(nn_graph *g, pm_err *err)
{
    graph_lm *h = &g->lm;
    if (h->logits.at) return PM_OK;
    size_t n = g->max_tokens, width = g->m->width;
    maker k = {g->room, false};
    h->block = LOGITS / g->m->n_vocab / GRAPH_ROWS * GRAPH_ROWS;
    if (h->block < GRAPH_ROWS) h->block = GRAPH_ROWS;
    if (h->block > n) h->block = n;
    h->rows = make_mat(&k, n, width);
    h->d_rows = make_mat(&k, n, width);
    if (g->m->lm_head == NN_LM_MASKED) {
        h->wide = make_mat(&k, n, width);
        h->acted = make_mat(&k, n, width);
        h->normed = make_mat(&k, n, width);
        h->d_wide = make_mat(&k, n, width);
    }
    h->nats = make_floats(&k, n);
    h->weight = make_floats(&k, GRAPH_ROWS);
    pm_mat logits = make_mat(&k, h->block, g->m->n_vocab);
    if (k.failed) return out_of_memory(g, err);
    h->logits = logits;
    return PM_OK;
}

static void low_room(nn_graph *g, maker *k, graph_linear *y)
{
    if (y->w == NN_NONE) return;
    y->lora = g->lora ? nn_lora_find(g->lora, y->w) : NULL;
    if (y->lora && y->low.cols < g->lora->rank) y->low = make_mat(k, g->max_tokens, g->lora->rank);
}

pm_status graph_room_lora(nn_graph *g, nn_lora *lora, pm_err *err)
{
    maker k = {g->room, false};
    g->lora = lora;
    for (size_t i = 0; i < g->m->n_layers; i++) {
        graph_layer *y = &g->layer[i];
        graph_linear *all[] = {&y->q, &y->k, &y->v, &y->o, &y->gate, &y->up, &y->down};
        for (size_t j = 0; j < sizeof all / sizeof *all; j++) low_room(g, &k, all[j]);
    }
    if (lora && g->d_low.cols < lora->rank) g->d_low = make_mat(&k, g->max_tokens, lora->rank);
    return k.failed ? out_of_memory(g, err) : PM_OK;
}
