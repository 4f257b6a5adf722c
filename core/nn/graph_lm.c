/* SPDX-License-Identifier: MIT
 *
 * The language-model head and its cross-entropy, in blocks of the rows asked: there is never a matrix of all
 * logits, and rows that nobody asked cost nothing.
 */
#include <string.h>

#include "nn/graph_private.h"

typedef struct lm_job {
    const nn_graph *g;
    pm_mat x;
    size_t first;
} lm_job;

static pm_status gather(int worker, size_t lo, size_t hi, void *arg)
{
    const nn_graph *g = arg;
    size_t width = graph_width(g);
    (void)worker;
    for (size_t r = lo; r < hi; r++)
        memcpy(pm_row(g->lm.rows, r), pm_row(g->hidden, g->s->asked.at[r]), width * sizeof(float));
    return PM_OK;
}

/* What is multiplied by the vocabulary's matrix. */
static pm_mat transform(nn_graph *g, size_t n)
{
    graph_lm *k = &g->lm;
    pm_mat rows = graph_cut(k->rows, n);
    if (g->m->lm_head != NN_LM_MASKED) return rows;
    pm_mat wide = graph_cut(k->wide, n), acted = graph_cut(k->acted, n);
    pm_mat normed = graph_cut(k->normed, n);
    graph_linear_forward(g, &k->dense, rows, wide);
    graph_act(g, g->m->act, wide, (pm_mat){0}, acted);
    graph_norm_forward(g, &k->norm, acted, normed, false);
    return normed;
}

static pm_mat transform_back(nn_graph *g, size_t n)
{
    graph_lm *k = &g->lm;
    pm_mat d = graph_cut(k->d_rows, n);
    if (g->m->lm_head != NN_LM_MASKED) return d;
    pm_mat wide = graph_cut(k->d_wide, n);
    graph_norm_back(g, &k->norm, graph_cut(k->acted, n), d, (pm_mat){0}, wide, false);
    graph_act_back(g, g->m->act, graph_cut(k->wide, n), wide);
    graph_linear_back(g, &k->dense, graph_cut(k->rows, n), wide, false, d);
    return d;
}

static pm_status cross_entropies(int worker, size_t lo, size_t hi, void *arg)
{
    const lm_job *j = arg;
    const nn_graph *g = j->g;
    pm_mat x = {pm_row(j->x, lo), hi - lo, j->x.cols, j->x.ld};
    (void)worker;
    rows_cross_entropy(g->c, x, g->s->asked.target + j->first + lo, g->lm.weight,
                       g->lm.nats + j->first + lo);
    return PM_OK;
}

/* Rows [first, first + x.rows): nats, and on the way back the gradients of x and of the matrix. */
static void one_block(nn_graph *g, pm_mat x, size_t first)
{
    graph_lm *k = &g->lm;
    size_t vocab = g->m->n_vocab, width = graph_width(g);
    graph_linear out = {k->out, k->bias, width, vocab, NULL, {0}};
    pm_mat logits = graph_cut(k->logits, x.rows);
    graph_linear_forward(g, &out, x, logits);
    if (g->status) return;
    lm_job j = {g, logits, first};
    (void)threads_for(g->pool, x.rows, GRAPH_ROWS / 8, cross_entropies, &j);
    if (!g->back) return;
    pm_mat dx = {pm_row(k->d_rows, first), x.rows, width, k->d_rows.ld};
    graph_linear_back(g, &out, x, logits, false, dx);
}

/* Rows may be asked more than once. */
static void spread(nn_graph *g, pm_mat d)
{
    pm_mat to = graph_cut(g->d, g->tokens);
    memset(to.at, 0, to.rows * to.ld * sizeof *to.at);
    for (size_t r = 0; r < d.rows; r++)
        g->c->k->axpy(1, pm_row(d, r), pm_row(to, g->s->asked.at[r]), d.cols);
}

double graph_lm_loss(nn_graph *g)
{
    graph_lm *k = &g->lm;
    size_t n = g->s->asked.n;
    (void)threads_for(g->pool, n, GRAPH_ROWS, gather, g);
    for (size_t r = 0; r < GRAPH_ROWS; r++) k->weight[r] = (float)g->s->scale;
    pm_mat x = transform(g, n);
    for (size_t r = 0; r < n && !g->status; r += k->block) {
        size_t rows = n - r < k->block ? n - r : k->block;
        one_block(g, (pm_mat){pm_row(x, r), rows, x.cols, x.ld}, r);
    }
    if (g->back) spread(g, transform_back(g, n));
    double sum = 0;
    for (size_t r = 0; r < n && !g->status; r++) sum += (double)k->nats[r];
    return sum;
}
