/* SPDX-License-Identifier: MIT
 *
 * One layer, forward and back: attention and the inner maps, with norms before them (decoders) or after them
 * (encoders).  Residual gradients are not added apart: products add onto them.
 */
#include "nn/graph_private.h"

static const pm_mat nothing = {0};

static pm_mat used(const nn_graph *g, pm_mat m)
{
    return graph_cut(m, g->tokens);
}

/* ---- forward ---- */

static void attend(nn_graph *g, graph_layer *k)
{
    const nn_config *m = g->m;
    pm_mat in = used(g, k->in), read = used(g, k->attended), sum = used(g, k->sum_1);
    if (m->norm_first) graph_norm_forward(g, &k->norm_1, in, read, m->rms_norm);
    graph_linear_forward(g, &k->q, read, used(g, k->qs));
    graph_linear_forward(g, &k->k, read, used(g, k->ks));
    graph_linear_forward(g, &k->v, read, used(g, k->vs));
    if (m->rotary) {
        graph_rotate(g, used(g, k->qs), m->n_heads, 1);
        graph_rotate(g, used(g, k->ks), m->n_kv_heads, 1);
    }
    graph_attention(g, k);
    graph_linear_forward(g, &k->o, used(g, k->context), sum);
    graph_finish(g, sum, in, k->index, GRAPH_AT_ATTENTION);
}

static void widen(nn_graph *g, graph_layer *k, pm_mat out)
{
    const nn_config *m = g->m;
    pm_mat sum = used(g, k->sum_1), read = used(g, k->widened), inner = used(g, k->inner);
    graph_norm_forward(g, m->norm_first ? &k->norm_2 : &k->norm_1, sum, read, m->rms_norm);
    graph_linear_forward(g, &k->up, read, used(g, k->ups));
    if (m->gated) {
        graph_linear_forward(g, &k->gate, read, used(g, k->gates));
        graph_act(g, m->act, used(g, k->gates), used(g, k->ups), inner);
    } else {
        graph_act(g, m->act, used(g, k->ups), nothing, inner);
    }
    pm_mat to = m->norm_first ? out : used(g, k->sum_2);
    graph_linear_forward(g, &k->down, inner, to);
    graph_finish(g, to, m->norm_first ? sum : read, k->index, GRAPH_AT_INNER);
    if (!m->norm_first) graph_norm_forward(g, &k->norm_2, to, out, m->rms_norm);
}

void graph_layer_forward(nn_graph *g, graph_layer *k, pm_mat out)
{
    attend(g, k);
    widen(g, k, out);
}

/* ---- back ---- */

/* dy of what down gave; dx = (adds: dx +) the gradient of what gate and up read. */
static void widen_back(nn_graph *g, graph_layer *k, pm_mat dy, bool adds, pm_mat dx)
{
    pm_mat read = used(g, k->widened), inner = used(g, g->d_inner), gate = used(g, g->d_gate);
    graph_linear_back(g, &k->down, used(g, k->inner), dy, false, inner);
    if (g->m->gated)
        graph_gated_back(g, g->m->act, k, inner, gate);
    else
        graph_act_back(g, g->m->act, used(g, k->ups), inner);
    graph_linear_back(g, &k->up, read, inner, adds, dx);
    if (g->m->gated) graph_linear_back(g, &k->gate, read, gate, true, dx);
}

/* dy of what o gave; dx = (adds: dx +) the gradient of what q, k and v read. */
static void attend_back(nn_graph *g, graph_layer *k, pm_mat dy, bool adds, pm_mat dx)
{
    const nn_config *m = g->m;
    pm_mat read = used(g, m->norm_first ? k->attended : k->in);
    pm_mat dq = used(g, g->d_q), dk = used(g, g->d_k), dv = used(g, g->d_v);
    graph_linear_back(g, &k->o, used(g, k->context), dy, false, used(g, g->d_context));
    graph_attention_back(g, k);
    if (m->rotary) {
        graph_rotate(g, dq, m->n_heads, -1);
        graph_rotate(g, dk, m->n_kv_heads, -1);
    }
    graph_linear_back(g, &k->q, read, dq, adds, dx);
    graph_linear_back(g, &k->k, read, dk, true, dx);
    graph_linear_back(g, &k->v, read, dv, true, dx);
}

static void post_norm_back(nn_graph *g, graph_layer *k)
{
    bool rms = g->m->rms_norm;
    pm_mat d = used(g, g->d), d_1 = used(g, g->d_1), d_2 = used(g, g->d_2);
    graph_norm_back(g, &k->norm_2, used(g, k->sum_2), d, nothing, d_1, rms);
    widen_back(g, k, graph_finish_back(g, d_1, d_2, k->index, GRAPH_AT_INNER), true, d_1);
    graph_norm_back(g, &k->norm_1, used(g, k->sum_1), d_1, nothing, d, rms);
    attend_back(g, k, graph_finish_back(g, d, d_2, k->index, GRAPH_AT_ATTENTION), true, d);
}

static void norm_first_back(nn_graph *g, graph_layer *k)
{
    bool rms = g->m->rms_norm;
    pm_mat d = used(g, g->d), d_1 = used(g, g->d_1), d_2 = used(g, g->d_2);
    widen_back(g, k, graph_finish_back(g, d, d_2, k->index, GRAPH_AT_INNER), false, d_1);
    graph_norm_back(g, &k->norm_2, used(g, k->sum_1), d_1, d, d_2, rms);
    attend_back(g, k, graph_finish_back(g, d_2, d_1, k->index, GRAPH_AT_ATTENTION), false, d_1);
    graph_norm_back(g, &k->norm_1, used(g, k->in), d_1, d_2, d, rms);
}

void graph_layer_back(nn_graph *g, graph_layer *k)
{
    if (g->m->norm_first)
        norm_first_back(g, k);
    else
        post_norm_back(g, k);
}
