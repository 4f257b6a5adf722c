/* SPDX-License-Identifier: MIT
 *
 * Heads on pooled texts: pooling, classification and regression layers, and their losses, each next to its derivative.
 */
#include <math.h>
#include <string.h>

#include "nn/graph_private.h"

static size_t first_of(const nn_graph *g, size_t i)
{
    return g->s->batch.start[i];
}

static size_t last_of(const nn_graph *g, size_t i)
{
    return g->s->batch.start[i + 1] - 1;
}

/* ---- pooling ---- */

static void take_rows(nn_graph *g, bool last, pm_mat out)
{
    for (size_t i = 0; i < out.rows; i++)
        memcpy(pm_row(out, i), pm_row(g->hidden, last ? last_of(g, i) : first_of(g, i)),
               out.cols * sizeof(float));
}

static void pool(nn_graph *g, pm_mat out)
{
    graph_heads *k = &g->heads;
    pm_mat first = graph_cut(k->first, out.rows);
    switch (g->s->pool) {
    case NN_POOL_FIRST:
    case NN_POOL_LAST:
        take_rows(g, g->s->pool == NN_POOL_LAST, out);
        return;
    case NN_POOL_POOLER:
        take_rows(g, false, first);
        graph_linear_forward(g, &k->pooler, first, out);
        rows_act(g->c, LINEAR_TANH, out.at, out.at, out.rows * out.cols);
        return;
    case NN_POOL_MEAN:
    default:
        rows_mean(g->c, graph_read(graph_cut(g->hidden, g->tokens)), g->s->batch.start, out);
    }
}

/* dx = dy (1 - y^2), y = tanh(x) */
static void tanh_back(const float *y, float *dy, size_t n)
{
    for (size_t i = 0; i < n; i++) dy[i] *= 1 - y[i] * y[i];
}

static void spread(nn_graph *g, pm_mat d, bool last)
{
    for (size_t i = 0; i < d.rows; i++)
        memcpy(pm_row(g->d, last ? last_of(g, i) : first_of(g, i)), pm_row(d, i),
               d.cols * sizeof(float));
}

static void spread_mean(nn_graph *g, pm_mat d)
{
    for (size_t i = 0; i < d.rows; i++) {
        float share = 1.0F / (float)(last_of(g, i) + 1 - first_of(g, i));
        for (size_t t = first_of(g, i); t <= last_of(g, i); t++)
            g->c->k->axpy(share, pm_row(d, i), pm_row(g->d, t), d.cols);
    }
}

/* d of the pooled texts, over d, to g->d. */
static void pool_back(nn_graph *g, pm_mat d)
{
    graph_heads *k = &g->heads;
    memset(g->d.at, 0, g->tokens * g->d.ld * sizeof *g->d.at);
    if (g->s->pool == NN_POOL_MEAN) {
        spread_mean(g, d);
    } else if (g->s->pool == NN_POOL_POOLER) {
        pm_mat to = graph_cut(k->d_read, d.rows);
        tanh_back(k->pooled.at, d.at, d.rows * d.cols);
        graph_linear_back(g, &k->pooler, graph_cut(k->first, d.rows), d, false, to);
        spread(g, to, false);
    } else {
        spread(g, d, g->s->pool == NN_POOL_LAST);
    }
}

/* ---- layers on it ---- */

static void outputs(nn_graph *g, size_t n)
{
    graph_heads *k = &g->heads;
    pm_mat pooled = graph_cut(k->pooled, n), wide = graph_cut(k->wide, n);
    pm_mat read = graph_cut(k->read, n);
    pool(g, pooled);
    if (g->m->head_dense) {
        graph_linear_forward(g, &k->dense, pooled, wide);
        rows_act(g->c, g->m->head_act, wide.at, read.at, n * read.cols);
    } else {
        memcpy(read.at, pooled.at, n * read.cols * sizeof *read.at);
    }
    graph_finish(g, read, (pm_mat){0}, NN_NO_LAYER, GRAPH_AT_HEAD);
    graph_linear_forward(g, &k->out, read, graph_cut(k->outputs, n));
}

static void outputs_back(nn_graph *g, size_t n)
{
    graph_heads *k = &g->heads;
    pm_mat d_read = graph_cut(k->d_read, n), d_pooled = graph_cut(k->d_pooled, n);
    graph_linear_back(g, &k->out, graph_cut(k->read, n), graph_cut(k->d_outputs, n), false, d_read);
    pm_mat d = graph_finish_back(g, d_read, d_pooled, NN_NO_LAYER, GRAPH_AT_HEAD);
    if (g->m->head_dense) {
        rows_act_back(g->c, g->m->head_act, k->wide.at, d.at, d.at, n * d.cols);
        pm_mat to = d.at == d_read.at ? d_pooled : d_read;
        graph_linear_back(g, &k->dense, graph_cut(k->pooled, n), d, false, to);
        d = to;
    }
    if (d.at != d_pooled.at) memcpy(d_pooled.at, d.at, n * d.cols * sizeof *d.at);
    pool_back(g, d_pooled);
}

/* ---- losses of one row of outputs: the loss, and its derivative in d ---- */

static double log_sum_exp(const float *x, size_t n)
{
    double most = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++) most = (double)x[i] > most ? (double)x[i] : most;
    for (size_t i = 0; i < n; i++) sum += exp((double)x[i] - most);
    return most + log(sum);
}

/* Cross-entropy with the target distribution. */
static double classes(const float *x, const float *target, size_t n, float *d)
{
    double all = log_sum_exp(x, n), loss = 0, mass = 0;
    for (size_t i = 0; i < n; i++) mass += (double)target[i];
    for (size_t i = 0; i < n; i++) {
        double log_p = (double)x[i] - all;
        if (target[i] > 0) loss -= (double)target[i] * log_p;
        d[i] = (float)(mass * exp(log_p) - (double)target[i]);
    }
    return loss;
}

/* Mean of squares over the targets that are there. */
static double squares(const float *x, const float *target, size_t n, float *d)
{
    size_t there = 0;
    for (size_t i = 0; i < n; i++) there += isnan(target[i]) ? 0 : 1;
    double loss = 0;
    for (size_t i = 0; i < n; i++) {
        double off = isnan(target[i]) ? 0 : (double)x[i] - (double)target[i];
        d[i] = there ? (float)(2 * off / (double)there) : 0;
        loss += there ? off * off / (double)there : 0;
    }
    return loss;
}

/* KL(softmax(target) || softmax(x)) */
static double divergence(const float *x, const float *target, size_t n, float *d)
{
    double all = log_sum_exp(x, n), wanted = log_sum_exp(target, n), loss = 0;
    for (size_t i = 0; i < n; i++) {
        double log_q = (double)x[i] - all, log_p = (double)target[i] - wanted;
        loss += exp(log_p) * (log_p - log_q);
        d[i] = (float)(exp(log_q) - exp(log_p));
    }
    return loss;
}

static double row_loss(nn_goal goal, const float *x, const float *target, size_t n, float *d)
{
    if (goal == NN_GOAL_CLASSES) return classes(x, target, n, d);
    if (goal == NN_GOAL_REGRESS) return squares(x, target, n, d);
    return divergence(x, target, n, d);
}

double graph_heads_loss(nn_graph *g)
{
    graph_heads *k = &g->heads;
    size_t n = g->s->batch.n, cols = g->m->n_outputs;
    outputs(g, n);
    if (g->status) return 0;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double weight = g->s->weight ? (double)g->s->weight[i] : 1;
        float *d = pm_row(k->d_outputs, i);
        double loss =
            row_loss(g->s->goal, pm_row(k->outputs, i), pm_crow(g->s->target, i), cols, d);
        sum += weight * loss;
        for (size_t c = 0; c < cols; c++) d[c] = (float)(weight * g->s->scale * (double)d[c]);
    }
    if (g->back) outputs_back(g, n);
    return sum;
}
