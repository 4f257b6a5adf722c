/* SPDX-License-Identifier: MIT
 *
 * How slopes change weights.  Dense: Adam with decoupled decay (Kingma & Ba 2015; Loshchilov & Hutter 2019).
 * Word
 * features: Adagrad (Duchi, Hazan & Singer 2011) with one sum of squares a column, which costs little more than the
 * forward pass.  Plain steps hardly learn beyond the frequent columns; sums for every weight were five times slower.
 */
#include "fit_step.h"
#include "fit_wide.h"

#include <math.h>

enum { ADAM_GRAIN = 256 }; /* in lanes */
static const float beta1 = 0.9f, beta2 = 0.999f, tiny = 1e-8f;

struct adam {
    float *w;
    const float *slope;
    float *mean, *square;
    float rate, root, keep; /* rate = lr / (1 - beta1^t), root = 1 / sqrt(1 - beta2^t) */
};

FIT_WIDE static void adam_lanes(const struct adam *a, size_t lo, size_t hi)
{
    float *restrict w = a->w, *restrict mean = a->mean, *restrict square = a->square;
    const float *restrict slope = a->slope;
    const float rate = a->rate, root = a->root, keep = a->keep;
    for (size_t t = lo; t < hi; t += FIT_LANES)
        for (size_t u = t; u < t + FIT_LANES; u++) {
            mean[u] = beta1 * mean[u] + (1 - beta1) * slope[u];
            square[u] = beta2 * square[u] + (1 - beta2) * slope[u] * slope[u];
            w[u] = keep * w[u] - rate * mean[u] / (root * sqrtf(square[u]) + tiny);
        }
}

static pm_status adam_blocks(pm_call *c, size_t lo, size_t hi, void *arg)
{
    (void)c;
    adam_lanes(arg, lo * FIT_LANES, hi * FIT_LANES);
    return PM_OK;
}

pm_status fit_update_dense(struct fit_step *s, pm_call *c)
{
    double t = s->step;
    for (size_t p = FIT_PART_DENSE; p < FIT_PARTS; p++) {
        size_t size = fit_net_size(&s->net, p);
        int is_bias = p == FIT_PART_BIAS || p == FIT_PART_OUT_BIAS;
        struct adam a = {s->w[p], s->slope[p], s->mean[p], s->square[p], 0, 0, 0};
        a.rate = (float)(s->rate * s->how->lr / (1 - pow((double)beta1, t)));
        a.root = (float)(1 / sqrt(1 - pow((double)beta2, t)));
        a.keep = is_bias ? 1 : (float)s->keep;
        pm_status st = PM_OK;
        if (size) st = c->host->parallel(c, size / FIT_LANES, ADAM_GRAIN, adam_blocks, &a);
        if (st != PM_OK) return st;
    }
    return PM_OK;
}

/* Weights of one block of columns, row by row: the slope is val * back, and its squared length joins the sum of
 * the column before it divides the step. */
FIT_WIDE static void change_block(const struct fit_step *s, size_t b, float step)
{
    enum { AHEAD = 8 };
    const pm_mat slopes = fit_net_is_wide(&s->net) ? s->back : s->back_first;
    const size_t width = slopes.cols;
    float *weight = s->w[FIT_PART_SPARSE], *square = s->square[FIT_PART_SPARSE];
    for (size_t i = 0; i < s->n; i++) {
        const uint32_t *block = s->data->block + (size_t)s->batch[i] * (FIT_BLOCKS + 1) + b;
        const float *restrict back = pm_row(slopes, i);
        const float length = s->back_square[i];
        const uint32_t *col = s->row[i].col;
        for (uint32_t g = block[0]; g < block[1]; g++) {
            if (g + AHEAD < block[1]) FIT_FETCH(weight + (size_t)col[g + AHEAD] * width);
            float val = s->row[i].val[g], sum = square[col[g]] += val * val * length;
            float change = sum > 0 ? step * val / sqrtf(sum) : 0;
            float *restrict w = weight + (size_t)col[g] * width;
            for (size_t t = 0; t < width; t += FIT_LANES)
                for (size_t u = 0; u < FIT_LANES; u++) w[t + u] -= change * back[t + u];
        }
    }
}

static pm_status change_blocks(pm_call *c, size_t lo, size_t hi, void *arg)
{
    const struct fit_step *s = arg;
    (void)c;
    float step = (float)(s->rate * s->how->lr_sparse / s->net.level);
    for (size_t b = lo; b < hi; b++) change_block(s, b, step);
    return PM_OK;
}

/* All weights forget at once: by the number that they are multiplied with. */
pm_status fit_update_sparse(struct fit_step *s, pm_call *c)
{
    s->net.level *= s->keep;
    const pm_mat slopes = fit_net_is_wide(&s->net) ? s->back : s->back_first;
    for (size_t i = 0; i < s->n; i++) {
        const float *back = pm_row(slopes, i);
        s->back_square[i] = 0;
        for (size_t u = 0; u < slopes.cols; u++) s->back_square[i] += back[u] * back[u];
    }
    return c->host->parallel(c, FIT_BLOCKS, 1, change_blocks, s);
}

static pm_status settle_lanes(pm_call *c, size_t lo, size_t hi, void *arg)
{
    struct fit_step *s = arg;
    float level = (float)s->net.level;
    (void)c;
    for (size_t t = lo * FIT_LANES; t < hi * FIT_LANES; t++) s->w[FIT_PART_SPARSE][t] *= level;
    return PM_OK;
}

pm_status fit_step_settle(struct fit_step *s, pm_call *c)
{
    pm_status st = PM_OK;
    if (s->net.v && s->net.level < 1) {
        size_t lanes = fit_net_size(&s->net, FIT_PART_SPARSE) / FIT_LANES;
        st = c->host->parallel(c, lanes, 4096, settle_lanes, s);
    }
    s->net.level = 1;
    return st;
}
