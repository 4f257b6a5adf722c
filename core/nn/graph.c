/* SPDX-License-Identifier: MIT
 *
 * A step of training: what is asked is checked, then layers go forth and back.  Sums are over fixed pieces in a fixed
 * order, so that no byte depends on the thread count.
 */
#include <math.h>

#include "base/rng.h"
#include "nn/graph_private.h"
#include "nn/rotary.h"

enum { STREAM_STEP = 0xD509 };

pm_status nn_graph_open(const compute *c, const nn_layout *l, size_t max_tokens,
                        size_t max_sequences, nn_graph **out, pm_err *err)
{
    *out = NULL;
    if (max_tokens == 0 || max_sequences == 0)
        return err_set(
            err, PM_E_ARG,
            "training: found room for %zu tokens of %zu sequences, wanted at least one of "
            "each",
            max_tokens, max_sequences);
    arena *a = arena_open(0);
    nn_graph *g = a ? arena_alloc(a, 1, sizeof *g) : NULL;
    if (!g) {
        arena_close(a);
        return err_set(err, PM_E_MEMORY, "training: no memory for the graph");
    }
    g->c = c;
    g->pool = c->pool;
    g->room = a;
    g->l = l;
    g->m = l->config;
    g->max_tokens = max_tokens;
    g->max_sequences = max_sequences;
    g->longest = max_tokens < g->m->n_positions ? max_tokens : g->m->n_positions;
    pm_status s = graph_room(g, err);
    if (s) {
        arena_close(a);
        return s;
    }
    if (g->rotary) nn_rotary_table(g->m, g->longest, g->rotary);
    *out = g;
    return PM_OK;
}

void nn_graph_close(nn_graph *g)
{
    if (g) arena_close(g->room);
}

pm_cmat nn_graph_outputs(const nn_graph *g)
{
    return graph_read(graph_cut(g->heads.outputs, g->sequences));
}

/* ---- what may be asked ---- */

static pm_status check_sequences(const nn_graph *g, const nn_batch *b, pm_err *err)
{
    if (b->n == 0 || b->n > g->max_sequences || b->start[0] != 0)
        return err_set(err, PM_E_ARG,
                       "training: found a batch of %zu sequences, wanted 1 to %zu that begin at 0",
                       b->n, g->max_sequences);
    for (size_t i = 0; i < b->n; i++) {
        size_t lo = b->start[i], hi = b->start[i + 1];
        if (hi <= lo || hi - lo > g->longest || hi > g->max_tokens)
            return err_set(
                err, PM_E_ARG,
                "training: sequence %zu is tokens %zu to %zu; wanted 1 to %zu tokens, and "
                "at most %zu in the batch",
                i, lo, hi, g->longest, g->max_tokens);
    }
    return PM_OK;
}

static pm_status check_tokens(const nn_graph *g, const nn_batch *b, pm_err *err)
{
    for (size_t t = 0; t < b->start[b->n]; t++) {
        if (b->id[t] >= g->m->n_vocab)
            return err_set(err, PM_E_ARG,
                           "training: token %zu is id %u, beyond the %zu of the model", t,
                           (unsigned)b->id[t], g->m->n_vocab);
        if (b->type && g->m->n_types > 0 && b->type[t] >= g->m->n_types)
            return err_set(err, PM_E_ARG, "training: token %zu is of type %u, the model has %zu", t,
                           (unsigned)b->type[t], g->m->n_types);
    }
    return PM_OK;
}

static pm_status check_asked(const nn_graph *g, const nn_step *s, pm_err *err)
{
    size_t tokens = s->batch.start[s->batch.n];
    if (g->m->lm_head == NN_LM_NONE)
        return err_set(err, PM_E_ARG, "training: this model has no language-model head");
    if (s->asked.n > tokens)
        return err_set(err, PM_E_ARG, "training: %zu tokens are asked of %zu", s->asked.n, tokens);
    for (size_t i = 0; i < s->asked.n; i++)
        if (s->asked.at[i] >= tokens || s->asked.target[i] >= g->m->n_vocab)
            return err_set(
                err, PM_E_ARG,
                "training: question %zu asks token %u for id %u; there are %zu tokens and "
                "%zu ids",
                i, (unsigned)s->asked.at[i], (unsigned)s->asked.target[i], tokens, g->m->n_vocab);
    return PM_OK;
}

static pm_status check_target(const nn_graph *g, const nn_step *s, pm_err *err)
{
    if (g->m->n_outputs == 0)
        return err_set(err, PM_E_ARG, "training: this model has no outputs to learn");
    if (s->pool == NN_POOL_POOLER && g->heads.pooler.w == NN_NONE)
        return err_set(err, PM_E_ARG,
                       "training: pooling by the model's pooler is asked, and it has none; mean, "
                       "first and last are there always");
    if (s->target.rows != s->batch.n || s->target.cols != g->m->n_outputs)
        return err_set(err, PM_E_SHAPE, "training: found targets [%zu x %zu], wanted [%zu x %zu]",
                       s->target.rows, s->target.cols, s->batch.n, g->m->n_outputs);
    return PM_OK;
}

static pm_status check(const nn_graph *g, const nn_step *s, pm_err *err)
{
    pm_status bad = check_sequences(g, &s->batch, err);
    if (!bad) bad = check_tokens(g, &s->batch, err);
    if (bad) return bad;
    return s->goal == NN_GOAL_LM ? check_asked(g, s, err) : check_target(g, s, err);
}

/* ---- the step ---- */

static void begin(nn_graph *g, const nn_step *s)
{
    const nn_batch *b = &s->batch;
    uint64_t place = 0;
    g->s = s;
    g->sequences = b->n;
    g->tokens = b->start[b->n];
    g->seed = rng_bits(s->seed, STREAM_STEP, s->step);
    g->status = PM_OK;
    for (size_t i = 0; i < b->n; i++) {
        size_t n = b->start[i + 1] - b->start[i];
        for (size_t t = 0; t < n; t++) g->position[b->start[i] + t] = (uint32_t)t;
        g->places[i] = place;
        place += (uint64_t)g->m->n_heads * n * attention_row_places(n);
    }
}

static pm_mat layer_output(const nn_graph *g, size_t layer)
{
    return graph_cut(layer + 1 < g->m->n_layers ? g->layer[layer + 1].in : g->top, g->tokens);
}

static void forth(nn_graph *g)
{
    size_t n = g->m->n_layers;
    graph_embed(g, graph_cut(n > 0 ? g->layer[0].in : g->top, g->tokens));
    for (size_t i = 0; i < n; i++) graph_layer_forward(g, &g->layer[i], layer_output(g, i));
    if (g->m->norm_first)
        graph_norm_forward(g, &g->final_norm, graph_cut(g->top, g->tokens),
                           graph_cut(g->hidden, g->tokens), g->m->rms_norm);
}

static void back(nn_graph *g)
{
    if (g->m->norm_first) {
        pm_mat d = g->d;
        graph_norm_back(g, &g->final_norm, graph_cut(g->top, g->tokens), graph_cut(d, g->tokens),
                        (pm_mat){0}, graph_cut(g->d_1, g->tokens), g->m->rms_norm);
        g->d = g->d_1;
        g->d_1 = d;
    }
    for (size_t i = g->m->n_layers; i > 0; i--) graph_layer_back(g, &g->layer[i - 1]);
    graph_embed_back(g);
}

pm_status nn_graph_step(nn_graph *g, const float *slab, nn_lora *lora, const nn_step *s,
                        double *loss, float *grad, pm_err *err)
{
    pm_status bad = check(g, s, err);
    if (!bad && s->goal == NN_GOAL_LM) bad = graph_room_logits(g, err);
    if (!bad) bad = graph_room_lora(g, lora, err);
    if (bad) return bad;
    g->w = slab;
    g->grad = lora ? NULL : grad;
    g->back = lora ? lora->grad != NULL : grad != NULL;
    g->err = err;
    begin(g, s);
    forth(g);
    double sum = s->goal == NN_GOAL_LM ? graph_lm_loss(g) : graph_heads_loss(g);
    if (g->status) return g->status;
    *loss = s->scale * sum;
    if (!isfinite(*loss))
        return err_set(err, PM_E_DIVERGED,
                       "training: the loss is %g; a smaller learning rate or clipping helps",
                       *loss);
    if (g->back) back(g);
    return g->status;
}
