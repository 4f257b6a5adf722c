/* SPDX-License-Identifier: MIT
 *
 * Operators on rows, over the pool in fixed pieces: norms, dropout and residuals, activations, rotations.
 */
#include <string.h>

#include "nn/graph_private.h"

static pm_mat slice(pm_mat m, size_t lo, size_t hi)
{
    return (pm_mat){m.at ? m.at + lo * m.ld : NULL, hi - lo, m.cols, m.ld};
}

static pm_cmat read_slice(pm_mat m, size_t lo, size_t hi)
{
    return graph_read(slice(m, lo, hi));
}

float graph_drop(const nn_graph *g, graph_place place)
{
    if (!g->s->training) return 0;
    return (float)(place == GRAPH_AT_PROBABILITIES ? g->m->attention_dropout : g->m->dropout);
}

/* ---- norms ---- */

typedef struct norm_job {
    nn_graph *g;
    const graph_norm *k;
    pm_mat x, dy, plus, out;
    bool rms;
} norm_job;

static pm_status norm_rows(int worker, size_t lo, size_t hi, void *arg)
{
    const norm_job *j = arg;
    const nn_graph *g = j->g;
    const float *gain = graph_weight(g, j->k->g), *shift = graph_weight(g, j->k->b);
    float eps = (float)g->m->norm_eps;
    (void)worker;
    if (j->rms)
        rows_rms_norm(g->c, read_slice(j->x, lo, hi), gain, eps, slice(j->out, lo, hi),
                      j->k->rstd + lo);
    else
        rows_layer_norm(g->c, read_slice(j->x, lo, hi), gain, shift, eps, slice(j->out, lo, hi),
                        j->k->mean + lo, j->k->rstd + lo);
    return PM_OK;
}

void graph_norm_forward(nn_graph *g, const graph_norm *k, pm_mat x, pm_mat out, bool rms)
{
    norm_job j = {g, k, x, {0}, {0}, out, rms};
    (void)threads_for(g->pool, x.rows, GRAPH_ROWS, norm_rows, &j);
}

/* Sums of gains and shifts go into a piece of their own: part [piece][2][cols]. */
static pm_status norm_rows_back(int worker, size_t lo, size_t hi, void *arg)
{
    const norm_job *j = arg;
    const nn_graph *g = j->g;
    size_t cols = j->x.cols;
    float *part = g->part + lo / GRAPH_ROWS * 2 * cols;
    const float *gain = graph_weight(g, j->k->g);
    pm_mat dx = slice(j->out, lo, hi);
    (void)worker;
    memset(part, 0, 2 * cols * sizeof *part);
    if (j->rms)
        rows_rms_norm_back(g->c, read_slice(j->x, lo, hi), read_slice(j->dy, lo, hi), gain,
                           j->k->rstd + lo, dx, part);
    else
        rows_layer_norm_back(g->c, read_slice(j->x, lo, hi), read_slice(j->dy, lo, hi), gain,
                             j->k->mean + lo, j->k->rstd + lo, dx, part, part + cols);
    for (size_t r = 0; r < dx.rows && j->plus.at; r++)
        g->c->k->axpy(1, pm_row(j->plus, lo + r), pm_row(dx, r), cols);
    return PM_OK;
}

static void add_parts(const nn_graph *g, size_t rows, size_t cols, size_t which, float *sums)
{
    size_t pieces = (rows + GRAPH_ROWS - 1) / GRAPH_ROWS;
    for (size_t i = 0; sums && i < pieces; i++)
        g->c->k->axpy(1, g->part + (2 * i + which) * cols, sums, cols);
}

void graph_norm_back(nn_graph *g, const graph_norm *k, pm_mat x, pm_mat dy, pm_mat plus, pm_mat dx,
                     bool rms)
{
    norm_job j = {g, k, x, dy, plus, dx, rms};
    (void)threads_for(g->pool, x.rows, GRAPH_ROWS, norm_rows_back, &j);
    add_parts(g, x.rows, x.cols, 0, graph_grad(g, k->g));
    add_parts(g, x.rows, x.cols, 1, graph_grad(g, k->b));
}

/* ---- dropout and residuals ---- */

typedef struct finish_job {
    const nn_graph *g;
    pm_mat x, other;
    float p;
    uint32_t stream;
} finish_job;

static pm_status finish_rows(int worker, size_t lo, size_t hi, void *arg)
{
    const finish_job *j = arg;
    size_t cols = j->x.cols;
    float *x = pm_row(j->x, lo);
    (void)worker;
    if (j->p > 0)
        rows_dropout(j->g->c, x, (hi - lo) * cols, j->p, j->g->seed, j->stream, lo * cols);
    if (j->other.at) j->g->c->k->axpy(1, pm_row(j->other, lo), x, (hi - lo) * cols);
    return PM_OK;
}

void graph_finish(nn_graph *g, pm_mat x, pm_mat residual, int layer, graph_place place)
{
    finish_job j = {g, x, residual, graph_drop(g, place), graph_stream(layer, place)};
    if (j.p > 0 || residual.at) (void)threads_for(g->pool, x.rows, GRAPH_ROWS, finish_rows, &j);
}

static pm_status finish_rows_back(int worker, size_t lo, size_t hi, void *arg)
{
    const finish_job *j = arg;
    size_t n = (hi - lo) * j->x.cols;
    float *out = pm_row(j->other, lo);
    (void)worker;
    memcpy(out, pm_row(j->x, lo), n * sizeof *out);
    rows_dropout(j->g->c, out, n, j->p, j->g->seed, j->stream, lo * j->x.cols);
    return PM_OK;
}

pm_mat graph_finish_back(nn_graph *g, pm_mat dy, pm_mat out, int layer, graph_place place)
{
    finish_job j = {g, dy, out, graph_drop(g, place), graph_stream(layer, place)};
    if (j.p <= 0) return dy;
    (void)threads_for(g->pool, dy.rows, GRAPH_ROWS, finish_rows_back, &j);
    return out;
}

/* ---- activations ---- */

typedef struct act_job {
    const nn_graph *g;
    linear_act act;
    pm_mat x, times, acted, dy, d_gate;
} act_job;

static void multiply(const float *with, float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] *= with[i];
}

static pm_status act_rows(int worker, size_t lo, size_t hi, void *arg)
{
    const act_job *j = arg;
    size_t n = (hi - lo) * j->x.cols;
    float *out = pm_row(j->dy, lo);
    (void)worker;
    rows_act(j->g->c, j->act, pm_row(j->x, lo), out, n);
    if (j->times.at) multiply(pm_row(j->times, lo), out, n);
    return PM_OK;
}

void graph_act(nn_graph *g, linear_act act, pm_mat x, pm_mat times, pm_mat out)
{
    act_job j = {g, act, x, times, {0}, out, {0}};
    (void)threads_for(g->pool, x.rows, GRAPH_ROWS, act_rows, &j);
}

static pm_status act_rows_back(int worker, size_t lo, size_t hi, void *arg)
{
    const act_job *j = arg;
    float *dy = pm_row(j->dy, lo);
    (void)worker;
    rows_act_back(j->g->c, j->act, pm_row(j->x, lo), dy, dy, (hi - lo) * j->x.cols);
    return PM_OK;
}

void graph_act_back(nn_graph *g, linear_act act, pm_mat x, pm_mat dy)
{
    act_job j = {g, act, x, {0}, {0}, dy, {0}};
    (void)threads_for(g->pool, x.rows, GRAPH_ROWS, act_rows_back, &j);
}

/* inner = act(gate) up: d_gate = dy up act'(gate), d_up = dy act(gate). */
static pm_status gated_rows_back(int worker, size_t lo, size_t hi, void *arg)
{
    const act_job *j = arg;
    size_t n = (hi - lo) * j->x.cols;
    float *dy = pm_row(j->dy, lo), *d_gate = pm_row(j->d_gate, lo);
    float *acted = pm_row(j->acted, lo);
    const float *up = pm_row(j->times, lo), *gate = pm_row(j->x, lo);
    (void)worker;
    for (size_t i = 0; i < n; i++) d_gate[i] = dy[i] * up[i];
    rows_act_back(j->g->c, j->act, gate, d_gate, d_gate, n);
    rows_act(j->g->c, j->act, gate, acted, n);
    multiply(acted, dy, n);
    return PM_OK;
}

void graph_gated_back(nn_graph *g, linear_act act, const graph_layer *k, pm_mat dy, pm_mat d_gate)
{
    /* The product has been read by then: its place takes the activated gate. */
    act_job j = {g, act, graph_cut(k->gates, g->tokens), k->ups, k->inner, dy, d_gate};
    (void)threads_for(g->pool, g->tokens, GRAPH_ROWS, gated_rows_back, &j);
}

/* ---- rotations ---- */

typedef struct rotate_job {
    const nn_graph *g;
    pm_mat x;
    size_t n_heads;
    int sign;
} rotate_job;

static pm_status rotate_rows(int worker, size_t lo, size_t hi, void *arg)
{
    const rotate_job *j = arg;
    (void)worker;
    rows_rotary(j->g->c, slice(j->x, lo, hi), j->n_heads, j->g->m->head_dim, j->g->rotary,
                j->g->position + lo, j->sign);
    return PM_OK;
}

void graph_rotate(nn_graph *g, pm_mat x, size_t n_heads, int sign)
{
    rotate_job j = {g, x, n_heads, sign};
    (void)threads_for(g->pool, x.rows, GRAPH_ROWS, rotate_rows, &j);
}
