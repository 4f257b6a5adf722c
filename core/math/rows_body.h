/* SPDX-License-Identifier: MIT
 *
 * The kernels of rows.h, written once over sixteen lanes.  Sums over columns: vector k goes to sum k mod 4, the
 * four are added as (0 + 1) + (2 + 3), then the lanes in the tree of v16_sum; sums over rows go from row 0 on.
 * Included by rows_plain.c, rows_avx2.c and rows_avx512.c only.
 */
#include "math/rows_drop.h"

typedef struct span { /* what a step over columns reads */
    const float *x, *y, *g;
    v16 u, v;
} span;

/* n numbers; 16 is a constant in whole vectors. */
LANES_INLINE v16 some(const float *p, size_t n)
{
    return n == 16 ? v16_load(p) : v16_load_n(p, n);
}
LANES_INLINE void put(float *p, v16 v, size_t n)
{
    if (n == 16)
        v16_store(p, v);
    else
        v16_store_n(p, v, n);
}

typedef v16 step(const span *s, size_t j, size_t n, v16 sum);

LANES_INLINE v16 four(const v16 s[4])
{
    return v16_add(v16_add(s[0], s[1]), v16_add(s[2], s[3]));
}

/* Of all columns; steps give zero products for lanes above n. */
LANES_INLINE float reduce(step *f, const span *s, size_t cols)
{
    v16 sum[4] = {v16_zero(), v16_zero(), v16_zero(), v16_zero()};
    size_t j = 0;
    for (; j + 64 <= cols; j += 64)
        LANES_UNROLL for (size_t k = 0; k < 4; k++) sum[k] = f(s, j + 16 * k, 16, sum[k]);
    LANES_UNROLL for (size_t k = 0; k < 4; k++, j += 16)
    {
        if (j + 16 <= cols)
            sum[k] = f(s, j, 16, sum[k]);
        else if (j < cols)
            sum[k] = f(s, j, cols - j, sum[k]);
    }
    return v16_sum(four(sum));
}

/* for each vector of n lanes from column j on */
#define EACH_VECTOR(cols, body)                                                                    \
    {                                                                                              \
        size_t j = 0;                                                                              \
        for (; j + 16 <= (cols); j += 16) {                                                        \
            enum { n = 16 };                                                                       \
            body                                                                                   \
        }                                                                                          \
        if (j < (cols)) {                                                                          \
            const size_t n = (cols)-j;                                                             \
            body                                                                                   \
        }                                                                                          \
    }

/* ---- norms ----------------------------------------------------------------------------------------------- */

LANES_INLINE v16 step_sum(const span *s, size_t j, size_t n, v16 sum)
{
    return v16_add(sum, some(s->x + j, n));
}
LANES_INLINE v16 step_square(const span *s, size_t j, size_t n, v16 sum)
{
    v16 x = some(s->x + j, n);
    return v16_fma(x, x, sum);
}
LANES_INLINE v16 step_dot(const span *s, size_t j, size_t n, v16 sum)
{
    return v16_fma(some(s->x + j, n), some(s->y + j, n), sum);
}
/* (x - u)^2, nothing above n. */
LANES_INLINE v16 step_variance(const span *s, size_t j, size_t n, v16 sum)
{
    v16 x = v16_sub(some(s->x + j, n), s->u);
    if (n < 16) {
        float lane[16];
        v16_store(lane, x);
        x = v16_load_n(lane, n);
    }
    return v16_fma(x, x, sum);
}
LANES_INLINE v16 step_weighted(const span *s, size_t j, size_t n, v16 sum)
{
    return v16_fma(some(s->y + j, n), some(s->g + j, n), sum);
}
/* y g (x - u) v */
LANES_INLINE v16 step_weighted_norm(const span *s, size_t j, size_t n, v16 sum)
{
    v16 d = v16_mul(some(s->y + j, n), some(s->g + j, n));
    return v16_fma(d, v16_mul(v16_sub(some(s->x + j, n), s->u), s->v), sum);
}

static void layer_norm(pm_cmat x, const float *g, const float *b, float eps, pm_mat out,
                       float *mean, float *rstd)
{
    const float cols = (float)x.cols;
    for (size_t r = 0; r < x.rows; r++) {
        span s = {.x = pm_crow(x, r)};
        float *o = pm_row(out, r), m = reduce(step_sum, &s, x.cols) / cols;
        s.u = v16_set1(m);
        float i = 1 / sqrtf(reduce(step_variance, &s, x.cols) / cols + eps);
        s.v = v16_set1(i);
        if (b)
            EACH_VECTOR(x.cols, {
                v16 z = v16_mul(v16_sub(some(s.x + j, n), s.u), s.v);
                put(o + j, v16_fma(z, some(g + j, n), some(b + j, n)), n);
            })
        else
            EACH_VECTOR(x.cols, {
                v16 z = v16_mul(v16_sub(some(s.x + j, n), s.u), s.v);
                put(o + j, v16_mul(z, some(g + j, n)), n);
            })
        if (mean) mean[r] = m;
        if (rstd) rstd[r] = i;
    }
}

static void layer_norm_back(pm_cmat x, pm_cmat dy, const float *g, const float *mean,
                            const float *rstd, pm_mat dx, float *dg, float *db)
{
    const float cols = (float)x.cols;
    for (size_t r = 0; r < x.rows; r++) {
        span s = {pm_crow(x, r), pm_crow(dy, r), g, v16_set1(mean[r]), v16_set1(rstd[r])};
        float *o = pm_row(dx, r);
        v16 a = v16_set1(reduce(step_weighted, &s, x.cols) / cols);
        v16 c = v16_set1(reduce(step_weighted_norm, &s, x.cols) / cols);
        EACH_VECTOR(x.cols, {
            v16 d = some(s.y + j, n);
            v16 z = v16_mul(v16_sub(some(s.x + j, n), s.u), s.v);
            put(dg + j, v16_fma(d, z, some(dg + j, n)), n);
            if (db) put(db + j, v16_add(d, some(db + j, n)), n);
            v16 t = v16_sub(v16_mul(d, some(g + j, n)), a);
            put(o + j, v16_mul(v16_sub(t, v16_mul(z, c)), s.v), n);
        })
    }
}

static void rms_norm(pm_cmat x, const float *g, float eps, pm_mat out, float *rstd)
{
    for (size_t r = 0; r < x.rows; r++) {
        span s = {.x = pm_crow(x, r)};
        float *o = pm_row(out, r);
        float i = 1 / sqrtf(reduce(step_square, &s, x.cols) / (float)x.cols + eps);
        v16 v = v16_set1(i);
        EACH_VECTOR(x.cols,
                    { put(o + j, v16_mul(v16_mul(some(s.x + j, n), v), some(g + j, n)), n); })
        if (rstd) rstd[r] = i;
    }
}

static void rms_norm_back(pm_cmat x, pm_cmat dy, const float *g, const float *rstd, pm_mat dx,
                          float *dg)
{
    for (size_t r = 0; r < x.rows; r++) {
        span s = {pm_crow(x, r), pm_crow(dy, r), g, v16_zero(), v16_set1(rstd[r])};
        float *o = pm_row(dx, r);
        v16 c = v16_set1(reduce(step_weighted_norm, &s, x.cols) / (float)x.cols);
        EACH_VECTOR(x.cols, {
            v16 d = some(s.y + j, n);
            v16 z = v16_mul(some(s.x + j, n), s.v);
            put(dg + j, v16_fma(d, z, some(dg + j, n)), n);
            v16 t = v16_mul(d, some(g + j, n));
            put(o + j, v16_mul(v16_sub(t, v16_mul(z, c)), s.v), n);
        })
    }
}

/* ---- activations ----------------------------------------------------------------------------------------- */

#define EACH_ACT(DO)                                                                               \
    switch (a) {                                                                                   \
    case LINEAR_GELU:                                                                              \
        DO(LINEAR_GELU);                                                                           \
        break;                                                                                     \
    case LINEAR_GELU_TANH:                                                                         \
        DO(LINEAR_GELU_TANH);                                                                      \
        break;                                                                                     \
    case LINEAR_SILU:                                                                              \
        DO(LINEAR_SILU);                                                                           \
        break;                                                                                     \
    case LINEAR_RELU:                                                                              \
        DO(LINEAR_RELU);                                                                           \
        break;                                                                                     \
    case LINEAR_TANH:                                                                              \
        DO(LINEAR_TANH);                                                                           \
        break;                                                                                     \
    case LINEAR_NONE:                                                                              \
        DO(LINEAR_NONE);                                                                           \
        break;                                                                                     \
    }

static void act(linear_act a, const float *x, float *out, size_t count)
{
#define ACT(A) EACH_VECTOR(count, { put(out + j, v16_act(A, some(x + j, n)), n); })
    EACH_ACT(ACT)
#undef ACT
}

static void act_back(linear_act a, const float *x, const float *dy, float *dx, size_t count)
{
#define SLOPE(A)                                                                                   \
    EACH_VECTOR(count,                                                                             \
                { put(dx + j, v16_mul(some(dy + j, n), v16_act_slope(A, some(x + j, n))), n); })
    EACH_ACT(SLOPE)
#undef SLOPE
}

/* ---- softmax --------------------------------------------------------------------------------------------- */

static float largest(const float *x, size_t cols)
{
    v16 m[4];
    LANES_UNROLL for (size_t k = 0; k < 4; k++) m[k] = v16_set1(x[0]);
    size_t j = 0;
    for (; j + 64 <= cols; j += 64)
        LANES_UNROLL for (size_t k = 0; k < 4; k++) m[k] = v16_max(v16_load(x + j + 16 * k), m[k]);
    for (; j + 16 <= cols; j += 16) m[0] = v16_max(v16_load(x + j), m[0]);
    float best = v16_most(v16_max(v16_max(m[0], m[1]), v16_max(m[2], m[3])));
    for (; j < cols; j++) best = x[j] > best ? x[j] : best;
    return best;
}

/* exp(x - u), stored to s->g when that is there; nothing above n. */
LANES_INLINE v16 exps(const span *s, size_t j, size_t n)
{
    v16 e = v16_exp(v16_sub(some(s->x + j, n), s->u));
    if (n < 16) {
        float lane[16];
        v16_store(lane, e);
        e = v16_load_n(lane, n);
    }
    return e;
}
LANES_INLINE v16 step_exp(const span *s, size_t j, size_t n, v16 sum)
{
    return v16_add(sum, exps(s, j, n));
}

/* x becomes exp(x - most); their sum in the order of reduce. */
static float exp_row(float *x, size_t cols, float most)
{
    span s = {.x = x, .u = v16_set1(most)};
    v16 sum[4] = {v16_zero(), v16_zero(), v16_zero(), v16_zero()};
    for (size_t j = 0; j < cols; j += 64) LANES_UNROLL for (size_t k = 0; k < 4; k++)
        {
            const size_t at = j + 16 * k;
            if (at + 16 <= cols) {
                v16 e = exps(&s, at, 16);
                v16_store(x + at, e);
                sum[k] = v16_add(sum[k], e);
            } else if (at < cols) {
                v16 e = exps(&s, at, cols - at);
                v16_store_n(x + at, e, cols - at);
                sum[k] = v16_add(sum[k], e);
            }
        }
    return v16_sum(four(sum));
}

static float log_of(float x)
{
    float lane[16];
    v16_store(lane, v16_log(v16_set1(x)));
    return lane[0];
}

static void times(float *x, float by, size_t cols)
{
    v16 v = v16_set1(by);
    EACH_VECTOR(cols, { put(x + j, v16_mul(some(x + j, n), v), n); })
}

static void softmax(pm_mat x)
{
    for (size_t r = 0; r < x.rows && x.cols > 0; r++) {
        float *row = pm_row(x, r);
        times(row, 1 / exp_row(row, x.cols, largest(row, x.cols)), x.cols);
    }
}

static void softmax_back(pm_cmat p, pm_mat dy)
{
    for (size_t r = 0; r < p.rows; r++) {
        float *d = pm_row(dy, r);
        span s = {.x = pm_crow(p, r), .y = d};
        s.u = v16_set1(reduce(step_dot, &s, p.cols));
        EACH_VECTOR(p.cols,
                    { put(d + j, v16_mul(some(s.x + j, n), v16_sub(some(d + j, n), s.u)), n); })
    }
}

static void logsumexp(pm_cmat x, float *out, uint32_t *best)
{
    for (size_t r = 0; r < x.rows && x.cols > 0; r++) {
        const float *row = pm_crow(x, r), m = largest(row, x.cols);
        span s = {.x = row, .u = v16_set1(m)};
        out[r] = m + log_of(reduce(step_exp, &s, x.cols));
        if (!best) continue;
        uint32_t at = 0;
        while (at + 1 < x.cols && row[at] != m) at++;
        best[r] = at;
    }
}

static void cross_entropy(pm_mat x, const uint32_t *target, const float *weight, float *nats)
{
    for (size_t r = 0; r < x.rows; r++) {
        float *row = pm_row(x, r), at = row[target[r]], m = largest(row, x.cols);
        float sum = exp_row(row, x.cols, m), w = weight ? weight[r] : 1;
        nats[r] = (m - at) + log_of(sum);
        times(row, w / sum, x.cols);
        row[target[r]] -= w;
    }
}

/* ---- positions, pooling, dropout -------------------------------------------------------------------------- */

static void rotary(pm_mat x, size_t n_heads, size_t head_dim, const float *cos_sin,
                   const uint32_t *position, int sign)
{
    const size_t half = head_dim / 2;
    const v16 turn = v16_set1(sign < 0 ? -1.0f : 1.0f);
    for (size_t r = 0; r < x.rows; r++) {
        const float *co = cos_sin + (size_t)position[r] * head_dim, *si = co + half;
        for (size_t h = 0; h < n_heads; h++) {
            float *p = pm_row(x, r) + h * head_dim, *q = p + half;
            EACH_VECTOR(half, {
                v16 c = some(co + j, n);
                v16 s = v16_mul(some(si + j, n), turn);
                v16 a = some(p + j, n);
                v16 b = some(q + j, n);
                put(p + j, v16_sub(v16_mul(a, c), v16_mul(b, s)), n);
                put(q + j, v16_fma(b, c, v16_mul(a, s)), n);
            })
        }
    }
}

static void mean(pm_cmat x, const uint32_t *start, pm_mat out)
{
    for (size_t r = 0; r < out.rows; r++) {
        const size_t first = start[r], end = start[r + 1];
        const v16 by = v16_set1(end > first ? 1 / (float)(end - first) : 0);
        float *o = pm_row(out, r);
        size_t c = 0;
        for (; c + 64 <= out.cols; c += 64) {
            v16 s[4] = {v16_zero(), v16_zero(), v16_zero(), v16_zero()};
            for (size_t t = first; t < end; t++)
                LANES_UNROLL for (size_t k = 0; k < 4; k++)
                    s[k] = v16_add(s[k], v16_load(pm_crow(x, t) + c + 16 * k));
            LANES_UNROLL for (size_t k = 0; k < 4; k++)
                v16_store(o + c + 16 * k, v16_mul(s[k], by));
        }
        EACH_VECTOR(out.cols - c, {
            v16 s = v16_zero();
            for (size_t t = first; t < end; t++) s = v16_add(s, some(pm_crow(x, t) + c + j, n));
            put(o + c + j, v16_mul(s, by), n);
        })
    }
}

static void normalise(pm_mat x)
{
    for (size_t r = 0; r < x.rows; r++) {
        span s = {.x = pm_row(x, r)};
        float length = sqrtf(reduce(step_square, &s, x.cols));
        times(pm_row(x, r), 1 / (length > 1e-12f ? length : 1e-12f), x.cols);
    }
}

const rows_kernels ROWS_TABLE = {
    layer_norm,   layer_norm_back, rms_norm,      rms_norm_back, act,  act_back,  softmax,
    softmax_back, logsumexp,       cross_entropy, rotary,        mean, normalise, drop_span};
