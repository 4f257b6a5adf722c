/* SPDX-License-Identifier: MIT
 *
 * How slopes change weights.  Dense: Adam with decoupled decay (Kingma & Ba 2015; Loshchilov & Hutter 2019).
 * Word features: Adagrad (Duchi, Hazan & Singer 2011) on the columns of the batch; the others forget when
 * they are next met.
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
        a.rate = (float)(s->how->lr / (1 - pow((double)beta1, t)));
        a.root = (float)(1 / sqrt(1 - pow((double)beta2, t)));
        a.keep = is_bias ? 1 : (float)s->keep;
        pm_status st = PM_OK;
        if (size) st = c->host->parallel(c, size / FIT_LANES, ADAM_GRAIN, adam_blocks, &a);
        if (st != PM_OK) return st;
    }
    return PM_OK;
}

/* What `steps` steps leave of a weight. */
static float kept(const struct fit_step *s, uint32_t steps)
{
    if (s->keep >= 1) return 1;
    return (float)(steps == 1 ? s->keep : pow(s->keep, steps));
}

static inline void adagrad(float *restrict w, float *restrict slope, float *restrict square,
                           float lr, float keep)
{
    for (size_t u = 0; u < FIT_LANES; u++) {
        square[u] += slope[u] * slope[u];
        w[u] = keep * w[u] - lr * slope[u] / (sqrtf(square[u]) + tiny);
        slope[u] = 0;
    }
}

/* Sums the slopes of one block of columns over the rows of the batch, in order, and lists its columns. */
FIT_WIDE static size_t sum_block(struct fit_step *s, size_t b, struct fit_touched *touched)
{
    const size_t width = s->net.first;
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        const uint32_t *block = s->data->block + (size_t)s->batch[i] * (FIT_BLOCKS + 1) + b;
        const float *restrict back = pm_row(s->back_first, i);
        for (uint32_t g = block[0]; g < block[1]; g++) {
            uint32_t col = s->row[i].col[g];
            float val = s->row[i].val[g];
            float *restrict slope = s->slope[FIT_PART_SPARSE] + (size_t)col * width;
            for (size_t t = 0; t < width; t += FIT_LANES)
                for (size_t u = 0; u < FIT_LANES; u++) slope[t + u] += val * back[t + u];
            if (s->last[col] == s->step) continue;
            touched[n++] = (struct fit_touched){col, s->step - s->last[col]};
            s->last[col] = s->step;
        }
    }
    return n;
}

FIT_WIDE static void change_columns(struct fit_step *s, const struct fit_touched *touched, size_t n)
{
    const size_t width = s->net.first;
    float lr = (float)s->how->lr_sparse;
    for (size_t k = 0; k < n; k++) {
        size_t at = (size_t)touched[k].col * width;
        float keep = kept(s, touched[k].steps);
        for (size_t t = at; t < at + width; t += FIT_LANES)
            adagrad(s->w[FIT_PART_SPARSE] + t, s->slope[FIT_PART_SPARSE] + t,
                    s->square[FIT_PART_SPARSE] + t, lr, keep);
    }
}

static pm_status change_blocks(pm_call *c, size_t lo, size_t hi, void *arg)
{
    struct fit_step *s = arg;
    (void)c;
    for (size_t b = lo; b < hi; b++) {
        struct fit_touched *touched = s->touched + fit_block_begin(s->net.v, b);
        change_columns(s, touched, sum_block(s, b, touched));
    }
    return PM_OK;
}

pm_status fit_update_sparse(struct fit_step *s, pm_call *c)
{
    return c->host->parallel(c, FIT_BLOCKS, 1, change_blocks, s);
}

static pm_status settle_columns(pm_call *c, size_t lo, size_t hi, void *arg)
{
    struct fit_step *s = arg;
    const size_t width = s->net.first;
    (void)c;
    for (size_t col = lo; col < hi; col++) {
        if (s->last[col] == s->step) continue;
        float *w = s->w[FIT_PART_SPARSE] + col * width, keep = kept(s, s->step - s->last[col]);
        for (size_t t = 0; t < width; t++) w[t] *= keep;
        s->last[col] = s->step;
    }
    return PM_OK;
}

pm_status fit_step_settle(struct fit_step *s, pm_call *c)
{
    if (!s->net.v || s->keep >= 1) return PM_OK;
    return c->host->parallel(c, s->net.v, 4096, settle_columns, s);
}
