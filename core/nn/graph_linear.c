/* SPDX-License-Identifier: MIT
 *
 * Linear maps of the training graph, their adapters, and sums over columns.  Every product is one call over
 * all tokens of the batch.
 */
#include "nn/graph_private.h"

void graph_gemm(nn_graph *g, graph_product p, pm_mat out)
{
    if (g->status) return;
    g->status = gemm(g->c, g->pool, p.ta, p.tb, p.alpha, p.a, p.b, p.beta, out,
                     g->s->bf16_ok ? PM_GEMM_BF16_OK : PM_GEMM_EXACT, g->err);
}

static void multiply(nn_graph *g, product p)
{
    p.bf16_ok = g->s->bf16_ok;
    if (!g->status) product_run(g->c, g->pool, &p, g->product_room);
}

static pm_cmat matrix(const float *at, size_t rows, size_t cols)
{
    return (pm_cmat){at, rows, cols, cols};
}

static pm_mat matrix_of(float *at, size_t rows, size_t cols)
{
    return (pm_mat){at, rows, cols, cols};
}

static float adapter_scale(const nn_graph *g)
{
    return (float)(g->lora->alpha / (double)g->lora->rank);
}

/* out += scale (x A') B' */
static void adapter_forward(nn_graph *g, const graph_linear *k, pm_mat x, pm_mat out)
{
    size_t rank = g->lora->rank;
    pm_cmat a = matrix(g->lora->value + k->lora->at_a, rank, k->n_in);
    pm_cmat b = matrix(g->lora->value + k->lora->at_b, k->n_out, rank);
    pm_mat low = matrix_of(k->low.at, x.rows, rank);
    graph_gemm(g, (graph_product){'N', 'T', graph_read(x), a, 1, 0}, low);
    graph_gemm(g, (graph_product){'N', 'T', graph_read(low), b, adapter_scale(g), 1}, out);
}

/* Gradients of A and B, and dx += what goes through them; dx.at NULL: not wanted. */
static void adapter_back(nn_graph *g, const graph_linear *k, pm_mat x, pm_mat dy, pm_mat dx)
{
    size_t rank = g->lora->rank;
    float scale = adapter_scale(g);
    pm_cmat a = matrix(g->lora->value + k->lora->at_a, rank, k->n_in);
    pm_cmat b = matrix(g->lora->value + k->lora->at_b, k->n_out, rank);
    pm_cmat low = matrix(k->low.at, x.rows, rank);
    pm_mat da = matrix_of(g->lora->grad + k->lora->at_a, rank, k->n_in);
    pm_mat db = matrix_of(g->lora->grad + k->lora->at_b, k->n_out, rank);
    pm_mat d_low = matrix_of(g->d_low.at, x.rows, rank);
    graph_gemm(g, (graph_product){'T', 'N', graph_read(dy), low, scale, 1}, db);
    graph_gemm(g, (graph_product){'N', 'N', graph_read(dy), b, scale, 0}, d_low);
    graph_gemm(g, (graph_product){'T', 'N', graph_read(d_low), graph_read(x), 1, 1}, da);
    if (dx.at) graph_gemm(g, (graph_product){'N', 'N', graph_read(d_low), a, 1, 1}, dx);
}

void graph_linear_forward(nn_graph *g, const graph_linear *k, pm_mat x, pm_mat out)
{
    pm_cmat w = matrix(graph_weight(g, k->w), k->n_out, k->n_in);
    multiply(g, (product){.ta = 'N',
                          .tb = 'T',
                          .a = graph_read(x),
                          .b = w,
                          .out = out,
                          .bias = graph_weight(g, k->b)});
    if (k->lora) adapter_forward(g, k, x, out);
}

void graph_linear_back(nn_graph *g, const graph_linear *k, pm_mat x, pm_mat dy, bool adds,
                       pm_mat dx)
{
    pm_cmat w = matrix(graph_weight(g, k->w), k->n_out, k->n_in);
    float *dw = graph_grad(g, k->w), *db = graph_grad(g, k->b);
    if (dx.at)
        multiply(
            g,
            (product){.ta = 'N', .tb = 'N', .a = graph_read(dy), .b = w, .out = dx, .adds = adds});
    if (dw)
        multiply(g, (product){.ta = 'T',
                              .tb = 'N',
                              .a = graph_read(dy),
                              .b = graph_read(x),
                              .out = matrix_of(dw, k->n_out, k->n_in),
                              .adds = true});
    if (db) graph_column_sums(g, graph_read(dy), db);
    if (k->lora) adapter_back(g, k, x, dy, dx);
}

typedef struct sums_job {
    const kernels *k;
    pm_cmat x;
    float *sums;
} sums_job;

/* Columns [lo, hi): rows in pieces, whose sums are added in double. */
static pm_status sum_columns(int worker, size_t lo, size_t hi, void *arg)
{
    const sums_job *j = arg;
    (void)worker;
    double total[GRAPH_COLS] = {0};
    for (size_t r = 0; r < j->x.rows; r += GRAPH_ROWS) {
        float piece[GRAPH_COLS] = {0};
        size_t end = j->x.rows - r < GRAPH_ROWS ? j->x.rows : r + GRAPH_ROWS;
        for (size_t t = r; t < end; t++) j->k->axpy(1, pm_crow(j->x, t) + lo, piece, hi - lo);
        for (size_t c = 0; c < hi - lo; c++) total[c] += (double)piece[c];
    }
    for (size_t c = lo; c < hi; c++) j->sums[c] = (float)((double)j->sums[c] + total[c - lo]);
    return PM_OK;
}

void graph_column_sums(nn_graph *g, pm_cmat x, float *sums)
{
    sums_job j = {g->c->k, x, sums};
    (void)threads_for(g->pool, x.cols, GRAPH_COLS, sum_columns, &j);
}
