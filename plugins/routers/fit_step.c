/* SPDX-License-Identifier: MIT
 *
 * A minibatch forward and back; see fit_step.h.  Sums over rows are taken in their order, whatever the
 * thread count.
 */
#include "fit_step.h"

#include <math.h>

enum { S_START = 101, S_DROP = 102, GRAIN = 16 };

static int room(pm_call *c, pm_mat *m, size_t rows, size_t cols)
{
    *m = (pm_mat){c->host->scratch(c, rows * cols, sizeof *m->at), rows, cols, cols};
    return m->at != NULL;
}

pm_status fit_step_open(struct fit_step *s, pm_call *c)
{
    const struct fit_how *how = s->how;
    s->net = fit_net_shape(s->data, how->hidden, s->goal->units);
    for (size_t p = 0; p < FIT_PARTS; p++) {
        size_t size = fit_net_size(&s->net, p);
        if (!size) continue;
        s->net.part[p] = s->w[p] = c->host->scratch(c, size, sizeof(float));
        if (!s->w[p]) return PM_E_MEMORY;
        size_t sums = p == FIT_PART_SPARSE ? s->net.v : size;
        s->square[p] = c->host->scratch(c, sums, sizeof(float));
        if (!s->square[p]) return PM_E_MEMORY;
        if (p == FIT_PART_SPARSE) continue;
        s->slope[p] = c->host->scratch(c, size, sizeof(float));
        s->mean[p] = c->host->scratch(c, size, sizeof(float));
        if (!s->slope[p] || !s->mean[p]) return PM_E_MEMORY;
    }
    s->row = c->host->scratch(c, how->batch, sizeof *s->row);
    s->loss = c->host->scratch(c, how->batch, sizeof *s->loss);
    s->back_square = c->host->scratch(c, how->batch, sizeof *s->back_square);
    int ok = s->row && s->loss && s->back_square && room(c, &s->embed, how->batch, s->net.d) &&
             room(c, &s->first, how->batch, s->net.first) &&
             room(c, &s->answer, how->batch, s->net.last) &&
             room(c, &s->back, how->batch, s->net.last) &&
             room(c, &s->back_first, how->batch, s->net.first);
    return ok ? PM_OK : PM_E_MEMORY;
}

void fit_step_begin(struct fit_step *s, pm_call *c, size_t epoch_steps)
{
    struct fit_net *net = &s->net;
    net->level = 1;
    for (size_t p = 0; p < FIT_PARTS; p++) {
        size_t bytes = fit_net_size(net, p) * sizeof(float);
        if (!bytes) continue;
        memset(s->w[p], 0, bytes);
        memset(s->square[p], 0, p == FIT_PART_SPARSE ? net->v * sizeof(float) : bytes);
        if (s->mean[p]) memset(s->mean[p], 0, bytes);
    }
    s->step = 0;
    s->drawn = 0;
    s->keep = pow(1 - s->how->forget, 1 / (double)epoch_steps);
    float *answer = s->w[net->hidden ? FIT_PART_OUT_BIAS : FIT_PART_BIAS];
    for (size_t u = 0; s->goal->start && u < net->units; u++) answer[u] = s->goal->start[u];
    if (!net->hidden) return;
    /* Inputs have length 1: uniform weights in +-1/sqrt(columns), those of word features like 256. */
    double wide = net->d ? 1 / sqrt((double)net->d) : 0;
    for (size_t i = 0; i < net->d; i++)
        for (size_t u = 0; u < net->hidden; u++)
            s->w[FIT_PART_DENSE][i * net->first + u] =
                (float)(wide * (2 * c->host->uniform(c, S_START, i * net->hidden + u) - 1));
    for (size_t i = 0; !fit_net_is_wide(net) && i < net->v; i++)
        for (size_t u = 0; u < net->hidden; u++)
            s->w[FIT_PART_SPARSE][i * net->first + u] =
                (float)((2 * c->host->uniform(c, S_START + 100, i * net->hidden + u) - 1) / 16);
}

static void gather(struct fit_step *s, const uint32_t *batch, size_t n)
{
    const struct fit_data *a = s->data;
    s->batch = batch;
    s->n = s->embed.rows = s->first.rows = s->answer.rows = s->back.rows = s->back_first.rows = n;
    for (size_t i = 0; i < n; i++) {
        if (a->v) s->row[i] = fit_data_sparse(a, batch[i]);
        if (!a->d) continue;
        const float *from = fit_data_embed(a, batch[i]);
        float *to = pm_row(s->embed, i);
        for (size_t t = 0; t < a->d; t++) to[t] = a->scale * from[t];
    }
}

/* A unit that is left out answers 0 and learns nothing: its first layer is made negative. */
static void drop(struct fit_step *s, pm_call *c)
{
    double p = s->how->dropout;
    float more = (float)(1 / (1 - p));
    for (size_t i = 0; i < s->n; i++)
        for (size_t u = 0; u < s->net.hidden; u++) {
            float *z = &pm_row(s->first, i)[u];
            *z = c->host->uniform(c, S_DROP, s->drawn++) < p ? 0 : *z * more;
        }
}

static pm_cmat view(pm_mat m)
{
    return (pm_cmat){m.at, m.rows, m.cols, m.ld};
}

static pm_status forward(struct fit_step *s, pm_call *c, int with_dropout)
{
    struct fit_input in = {view(s->embed), s->row, s->n};
    pm_status st = fit_net_first(&s->net, c, &in, s->first, PM_GEMM_EXACT);
    if (st != PM_OK) return st;
    if (with_dropout && s->net.hidden && s->how->dropout > 0) drop(s, c);
    return fit_net_last(&s->net, c, &in, (struct fit_layers){s->first, s->answer}, PM_GEMM_EXACT);
}

pm_status fit_step_answer(struct fit_step *s, pm_call *c, const uint32_t *batch, size_t n)
{
    gather(s, batch, n);
    return forward(s, c, 0);
}

static pm_status losses(pm_call *c, size_t lo, size_t hi, void *arg)
{
    struct fit_step *s = arg;
    (void)c;
    for (size_t i = lo; i < hi; i++) {
        float *slope = pm_row(s->back, i);
        memset(slope, 0, s->net.last * sizeof *slope);
        double weight = s->data->weight ? (double)s->data->weight[s->batch[i]] : 1;
        s->loss[i] = weight * s->goal->loss(s->goal->arg, s->batch[i], pm_row(s->answer, i), slope);
        float share = (float)(weight / (double)s->n);
        for (size_t u = 0; u < s->net.units; u++) slope[u] *= share;
    }
    return PM_OK;
}

static void sum_rows(pm_mat m, float *sum)
{
    for (size_t i = 0; i < m.rows; i++)
        for (size_t u = 0; u < m.cols; u++) sum[u] += pm_row(m, i)[u];
}

/* Slopes of the answers' layer, and what it hands to the first. */
static pm_status back_hidden(struct fit_step *s, pm_call *c)
{
    const struct fit_net *net = &s->net;
    pm_cmat hidden = {s->first.at, s->n, net->hidden, s->first.ld};
    pm_mat out = {s->slope[FIT_PART_OUT], net->hidden, net->last, net->last};
    sum_rows(s->back, s->slope[FIT_PART_OUT_BIAS]);
    pm_status st = c->host->gemm(c, 't', 'n', 1, hidden, view(s->back), 0, out, PM_GEMM_EXACT);
    if (st != PM_OK) return st;
    pm_cmat weight = {s->w[FIT_PART_OUT], net->hidden, net->last, net->last};
    pm_mat to = {s->back_first.at, s->n, net->hidden, s->back_first.ld};
    st = c->host->gemm(c, 'n', 't', 1, view(s->back), weight, 0, to, PM_GEMM_EXACT);
    float more = (float)(1 / (1 - s->how->dropout));
    for (size_t i = 0; i < s->n; i++)
        for (size_t u = 0; u < net->hidden; u++) {
            float *slope = &pm_row(s->back_first, i)[u];
            *slope = pm_row(s->first, i)[u] > 0 ? *slope * more : 0;
        }
    return st;
}

pm_status fit_step_run(struct fit_step *s, pm_call *c, const uint32_t *batch, size_t n,
                       double *loss)
{
    const struct fit_net *net = &s->net;
    gather(s, batch, n);
    s->step++;
    pm_status st = forward(s, c, 1);
    if (st == PM_OK) st = c->host->parallel(c, n, GRAIN, losses, s);
    if (st != PM_OK) return st;
    for (size_t p = FIT_PART_DENSE; p < FIT_PARTS; p++)
        if (s->slope[p]) memset(s->slope[p], 0, fit_net_size(net, p) * sizeof(float));
    if (net->hidden)
        st = back_hidden(s, c);
    else
        for (size_t i = 0; i < n; i++)
            memcpy(pm_row(s->back_first, i), pm_row(s->back, i), net->last * sizeof(float));
    if (st != PM_OK) return st;
    sum_rows(s->back_first, s->slope[FIT_PART_BIAS]);
    pm_mat dense = {s->slope[FIT_PART_DENSE], net->d, net->first, net->first};
    if (net->d)
        st = c->host->gemm(c, 't', 'n', 1, view(s->embed), view(s->back_first), 0, dense,
                           PM_GEMM_EXACT);
    if (st == PM_OK) st = fit_update_dense(s, c);
    if (st == PM_OK && net->v) st = fit_update_sparse(s, c);
    for (size_t i = 0; i < n; i++) *loss += s->loss[i];
    return st;
}
