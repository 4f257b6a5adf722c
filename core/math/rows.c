/* SPDX-License-Identifier: MIT
 *
 * Norms, activations, softmax, rotary positions and cross-entropy of rows of activations; see rows.h.
 */
#include "math/rows.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "math/attention.h"

void rows_layer_norm(const compute *c, pm_cmat x, const float *g, const float *b, float eps,
                     pm_mat out, float *mean, float *rstd)
{
    (void)c;
    for (size_t r = 0; r < x.rows; r++) {
        const float *xr = pm_crow(x, r);
        float *o = pm_row(out, r), m = 0, v = 0;
        for (size_t j = 0; j < x.cols; j++) m += xr[j];
        m /= (float)x.cols;
        for (size_t j = 0; j < x.cols; j++) v += (xr[j] - m) * (xr[j] - m);
        float s = 1 / sqrtf(v / (float)x.cols + eps);
        for (size_t j = 0; j < x.cols; j++) o[j] = (xr[j] - m) * s * g[j] + (b ? b[j] : 0);
        if (mean) mean[r] = m;
        if (rstd) rstd[r] = s;
    }
}

void rows_layer_norm_back(const compute *c, pm_cmat x, pm_cmat dy, const float *g,
                          const float *mean, const float *rstd, pm_mat dx, float *dg, float *db)
{
    (void)c;
    for (size_t r = 0; r < x.rows; r++) {
        const float *xr = pm_crow(x, r), *dyr = pm_crow(dy, r);
        float *o = pm_row(dx, r), a = 0, s = 0;
        for (size_t j = 0; j < x.cols; j++) {
            float n = (xr[j] - mean[r]) * rstd[r], d = dyr[j] * g[j];
            a += d;
            s += d * n;
            dg[j] += dyr[j] * n;
            if (db) db[j] += dyr[j];
        }
        a /= (float)x.cols;
        s /= (float)x.cols;
        for (size_t j = 0; j < x.cols; j++) {
            float n = (xr[j] - mean[r]) * rstd[r];
            o[j] = (dyr[j] * g[j] - a - n * s) * rstd[r];
        }
    }
}

void rows_rms_norm(const compute *c, pm_cmat x, const float *g, float eps, pm_mat out, float *rstd)
{
    (void)c;
    for (size_t r = 0; r < x.rows; r++) {
        const float *xr = pm_crow(x, r);
        float *o = pm_row(out, r), v = 0;
        for (size_t j = 0; j < x.cols; j++) v += xr[j] * xr[j];
        float s = 1 / sqrtf(v / (float)x.cols + eps);
        for (size_t j = 0; j < x.cols; j++) o[j] = xr[j] * s * g[j];
        if (rstd) rstd[r] = s;
    }
}

void rows_rms_norm_back(const compute *c, pm_cmat x, pm_cmat dy, const float *g, const float *rstd,
                        pm_mat dx, float *dg)
{
    (void)c;
    for (size_t r = 0; r < x.rows; r++) {
        const float *xr = pm_crow(x, r), *dyr = pm_crow(dy, r);
        float *o = pm_row(dx, r), s = 0;
        for (size_t j = 0; j < x.cols; j++) {
            s += dyr[j] * g[j] * xr[j] * rstd[r];
            dg[j] += dyr[j] * xr[j] * rstd[r];
        }
        s /= (float)x.cols;
        for (size_t j = 0; j < x.cols; j++) o[j] = (dyr[j] * g[j] - xr[j] * rstd[r] * s) * rstd[r];
    }
}

static double act(linear_act a, double x)
{
    switch (a) {
    case LINEAR_GELU:
        return 0.5 * x * erfc(-x * 0.70710678118654752);
    case LINEAR_GELU_TANH:
        return 0.5 * x * (1 + tanh(0.79788456080286536 * (x + 0.044715 * x * x * x)));
    case LINEAR_SILU:
        return x / (1 + exp(-x));
    case LINEAR_RELU:
        return x > 0 ? x : 0;
    case LINEAR_TANH:
        return tanh(x);
    case LINEAR_NONE:
        break;
    }
    return x;
}

static double slope(linear_act a, double x)
{
    double s, u;
    switch (a) {
    case LINEAR_GELU:
        return 0.5 * erfc(-x * 0.70710678118654752) + x * exp(-0.5 * x * x) * 0.39894228040143268;
    case LINEAR_GELU_TANH:
        u = tanh(0.79788456080286536 * (x + 0.044715 * x * x * x));
        return 0.5 * (1 + u) +
               0.5 * x * (1 - u * u) * 0.79788456080286536 * (1 + 3 * 0.044715 * x * x);
    case LINEAR_SILU:
        s = 1 / (1 + exp(-x));
        return s * (1 + x * (1 - s));
    case LINEAR_RELU:
        return x > 0 ? 1 : 0;
    case LINEAR_TANH:
        return 1 - tanh(x) * tanh(x);
    case LINEAR_NONE:
        break;
    }
    return 1;
}

void rows_act(const compute *c, linear_act a, const float *x, float *out, size_t n)
{
    (void)c;
    for (size_t i = 0; i < n; i++) out[i] = (float)act(a, (double)x[i]);
}

void rows_act_back(const compute *c, linear_act a, const float *x, const float *dy, float *dx,
                   size_t n)
{
    (void)c;
    for (size_t i = 0; i < n; i++) dx[i] = dy[i] * (float)slope(a, (double)x[i]);
}

/* x becomes exp(x - largest); the sum of them. */
static float exps(const float *x, float *out, size_t n, float *most)
{
    float m = x[0], sum = 0;
    for (size_t j = 1; j < n; j++) m = x[j] > m ? x[j] : m;
    for (size_t j = 0; j < n; j++) {
        float e = expf(x[j] - m);
        sum += e;
        if (out) out[j] = e;
    }
    *most = m;
    return sum;
}

void rows_softmax(const compute *c, pm_mat x)
{
    (void)c;
    for (size_t r = 0; r < x.rows && x.cols > 0; r++) {
        float m, *xr = pm_row(x, r), s = exps(xr, xr, x.cols, &m);
        for (size_t j = 0; j < x.cols; j++) xr[j] /= s;
    }
}

void rows_softmax_back(const compute *c, pm_cmat p, pm_mat dy)
{
    (void)c;
    for (size_t r = 0; r < p.rows; r++) {
        const float *pr = pm_crow(p, r);
        float s = 0, *d = pm_row(dy, r);
        for (size_t j = 0; j < p.cols; j++) s += pr[j] * d[j];
        for (size_t j = 0; j < p.cols; j++) d[j] = pr[j] * (d[j] - s);
    }
}

void rows_logsumexp(const compute *c, pm_cmat x, float *out, uint32_t *best)
{
    (void)c;
    for (size_t r = 0; r < x.rows && x.cols > 0; r++) {
        const float *xr = pm_crow(x, r);
        float m, s = exps(xr, NULL, x.cols, &m);
        out[r] = m + logf(s);
        uint32_t at = 0;
        while (at + 1 < x.cols && xr[at] != m) at++;
        if (best) best[r] = at;
    }
}

void rows_cross_entropy(const compute *c, pm_mat x, const uint32_t *target, const float *weight,
                        float *nats)
{
    (void)c;
    for (size_t r = 0; r < x.rows; r++) {
        float m, *xr = pm_row(x, r), at = xr[target[r]], s = exps(xr, xr, x.cols, &m);
        float w = weight ? weight[r] : 1;
        nats[r] = (m - at) + logf(s);
        for (size_t j = 0; j < x.cols; j++) xr[j] = xr[j] / s * w;
        xr[target[r]] -= w;
    }
}

void rows_rotary(const compute *c, pm_mat x, size_t n_heads, size_t head_dim, const float *cos_sin,
                 const uint32_t *position, int sign)
{
    (void)c;
    const size_t half = head_dim / 2;
    for (size_t r = 0; r < x.rows; r++)
        for (size_t h = 0; h < n_heads; h++) {
            const float *co = cos_sin + position[r] * head_dim, *si = co + half;
            float *a = pm_row(x, r) + h * head_dim, *b = a + half;
            for (size_t i = 0; i < half; i++) {
                float s = sign < 0 ? -si[i] : si[i], u = a[i], v = b[i];
                a[i] = u * co[i] - v * s;
                b[i] = v * co[i] + u * s;
            }
        }
}

void rows_mean(const compute *c, pm_cmat x, const uint32_t *start, pm_mat out)
{
    (void)c;
    for (size_t r = 0; r < out.rows; r++) {
        float *o = pm_row(out, r);
        memset(o, 0, out.cols * sizeof *o);
        for (size_t t = start[r]; t < start[r + 1]; t++)
            for (size_t j = 0; j < out.cols; j++) o[j] += pm_crow(x, t)[j];
        for (size_t j = 0; j < out.cols; j++) o[j] /= (float)(start[r + 1] - start[r]);
    }
}

void rows_normalise(const compute *c, pm_mat x)
{
    (void)c;
    for (size_t r = 0; r < x.rows; r++) {
        float *xr = pm_row(x, r), s = 0;
        for (size_t j = 0; j < x.cols; j++) s += xr[j] * xr[j];
        s = 1 / fmaxf(sqrtf(s), 1e-12f);
        for (size_t j = 0; j < x.cols; j++) xr[j] *= s;
    }
}

/* Element e is kept when word e % 64 / 16 of Philox block e / 64 * 16 + e % 16 is not below p 2^32. */
static bool kept(const attention_drop *d, uint64_t e)
{
    const uint64_t block = e / 64 * 16 + e % 16;
    const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), d->stream, 3};
    const uint32_t key[2] = {(uint32_t)d->seed, (uint32_t)(d->seed >> 32)};
    uint32_t out[4];
    rng_philox(counter, key, out);
    return (double)out[e % 64 / 16] >= (double)d->p * 0x1p32;
}

void rows_dropout(const compute *c, float *x, size_t n, float p, uint64_t seed, uint32_t stream,
                  uint64_t first)
{
    (void)c;
    const attention_drop d = {p, seed, 0, stream};
    const float scale = 1 / (1 - p);
    for (size_t i = 0; i < n && p > 0; i++) x[i] = kept(&d, first + i) ? x[i] * scale : 0;
}
