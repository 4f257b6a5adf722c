/* SPDX-License-Identifier: MIT
 *
 * Attention of one sequence, forward and backward; see attention.h.
 */
#include "math/attention.h"

#include <math.h>
#include <string.h>

#include "math/rows.h"

/* Keys that query i sees. */
static size_t seen(const attention_run *r, size_t i)
{
    return r->causal ? r->n_k - r->n_q + i + 1 : r->n_k;
}

static const float *head_row(const float *x, size_t ld, size_t row, size_t head, size_t dim)
{
    return x + row * ld + head * dim;
}

/* p = exp(scores - lse) of one query, lse computed where it is not given. */
static float probabilities(const attention_run *r, size_t h, size_t i, const float *lse, float *p)
{
    const size_t n = seen(r, i), g = h / (r->n_heads / r->n_kv_heads), d = r->head_dim;
    const float *q = head_row(r->q, r->ldq, i, h, d);
    float most = -INFINITY, sum = 0;
    for (size_t j = 0; j < n; j++) {
        const float *k = head_row(r->k, r->ldk, j, g, d);
        float s = 0;
        for (size_t e = 0; e < d; e++) s += q[e] * r->scale * k[e];
        p[j] = s;
        most = s > most ? s : most;
    }
    for (size_t j = 0; j < n && !lse; j++) sum += expf(p[j] - most);
    float l = lse ? *lse : most + logf(sum);
    for (size_t j = 0; j < n; j++) p[j] = expf(p[j] - l);
    return l;
}

static void drop_row(const compute *c, const attention_run *r, const attention_drop *d, size_t h,
                     size_t i, float *p)
{
    if (d)
        rows_dropout(c, p, seen(r, i), d->p, d->seed, d->stream,
                     d->first + attention_row_places(r->n_k) * (h * r->n_q + i));
}

void attention_forward_keep(const compute *c, const attention_run *r, const attention_drop *drop,
                            float *lse, size_t h0, size_t h1, void *room)
{
    float *p = room;
    for (size_t h = h0; h < h1; h++)
        for (size_t i = 0; i < r->n_q; i++) {
            float l = probabilities(r, h, i, NULL, p);
            float *o = r->out + i * r->ldo + h * r->head_dim;
            if (lse) lse[h * r->n_q + i] = l;
            drop_row(c, r, drop, h, i, p);
            memset(o, 0, r->head_dim * sizeof *o);
            for (size_t j = 0; j < seen(r, i); j++) {
                const float *v =
                    head_row(r->v, r->ldv, j, h / (r->n_heads / r->n_kv_heads), r->head_dim);
                for (size_t e = 0; e < r->head_dim; e++) o[e] += p[j] * v[e];
            }
        }
}

size_t attention_room(const compute *c, const attention_run *r)
{
    (void)c;
    return (r->n_k * sizeof(float) + 63) / 64 * 64;
}

void attention_heads(const compute *c, const attention_run *r, size_t h0, size_t h1, void *room)
{
    attention_forward_keep(c, r, NULL, NULL, h0, h1, room);
}

size_t attention_back_room(const compute *c, const attention_run *r)
{
    return 2 * attention_room(c, r);
}

typedef struct back_row {
    const attention_back *b;
    size_t g, h, i;
    float *p, *dp; /* [n_k] each */
} back_row;

static void back_query(const compute *c, const back_row *w)
{
    const attention_back *b = w->b;
    const attention_run *r = b->r;
    const size_t d = r->head_dim, n = seen(r, w->i);
    const float *o = head_row(r->out, r->ldo, w->i, w->h, d);
    const float *dout = head_row(b->dout, b->ld_dout, w->i, w->h, d);
    const float *q = head_row(r->q, r->ldq, w->i, w->h, d);
    float *dq = b->dq + w->i * b->ld_dq + w->h * d, delta = 0;
    probabilities(r, w->h, w->i, &b->lse[w->h * r->n_q + w->i], w->p);
    for (size_t e = 0; e < d; e++) delta += dout[e] * o[e];
    for (size_t j = 0; j < n; j++) {
        const float *v = head_row(r->v, r->ldv, j, w->g, d);
        w->dp[j] = 0;
        for (size_t e = 0; e < d; e++) w->dp[j] += dout[e] * v[e];
    }
    drop_row(c, r, b->drop, w->h, w->i, w->dp);
    memset(dq, 0, d * sizeof *dq);
    for (size_t j = 0; j < n; j++) {
        float ds = w->p[j] * (w->dp[j] - delta) * r->scale;
        const float *k = head_row(r->k, r->ldk, j, w->g, d);
        float *dk = b->dk + j * b->ld_dk + w->g * d;
        for (size_t e = 0; e < d; e++) {
            dq[e] += ds * k[e];
            dk[e] += ds * q[e];
        }
    }
    drop_row(c, r, b->drop, w->h, w->i, w->p);
    for (size_t j = 0; j < n; j++) {
        float *dv = b->dv + j * b->ld_dv + w->g * d;
        for (size_t e = 0; e < d; e++) dv[e] += w->p[j] * dout[e];
    }
}

void attention_backward(const compute *c, const attention_back *b, size_t g0, size_t g1, void *room)
{
    const attention_run *r = b->r;
    const size_t group = r->n_heads / r->n_kv_heads, d = r->head_dim;
    float *p = room;
    for (size_t g = g0; g < g1; g++) {
        for (size_t j = 0; j < r->n_k; j++) {
            memset(b->dk + j * b->ld_dk + g * d, 0, d * sizeof(float));
            memset(b->dv + j * b->ld_dv + g * d, 0, d * sizeof(float));
        }
        for (size_t h = g * group; h < (g + 1) * group; h++)
            for (size_t i = 0; i < r->n_q; i++)
                back_query(c, &(back_row){b, g, h, i, p, p + (r->n_k + 15) / 16 * 16});
    }
}
