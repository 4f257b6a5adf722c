/* SPDX-License-Identifier: MIT
 *
 * The kernels of train.h, written once over vectors of LANES numbers.  The including file defines LANES, ROWS x
 * VECS (the register block of `outer`), vl_mul (64-bit products of the low halves), vf_sqrt and vf_fma.
 * Only `outer` fuses; everything else rounds after each operation, so that all CPUs agree.
 * Included by train_plain.c, train_avx2.c and train_avx512.c only.
 */
#include <stdint.h>
#include <string.h>

typedef float vf __attribute__((vector_size(4 * LANES)));
typedef int32_t vi __attribute__((vector_size(4 * LANES)));
typedef uint32_t vu __attribute__((vector_size(4 * LANES)));
typedef uint64_t vl __attribute__((vector_size(4 * LANES)));

#define INLINE static inline __attribute__((always_inline))

INLINE vf load(const float *p)
{
    vf v;
    memcpy(&v, p, sizeof v);
    return v;
}
INLINE void store(float *p, vf v)
{
    memcpy(p, &v, sizeof v);
}
INLINE vf load_n(const float *p, size_t n)
{
    vf v = {0};
    memcpy(&v, p, n * sizeof *p);
    return v;
}

/* ---- normal numbers ----------------------------------------------------------------------------------- */

/* A lane of 64 bits holds one number in its low half; what is above it is not read.  Even and odd lanes apart, so
 * that a product gives both halves in place. */
typedef struct words {
    vl even, odd;
} words;

INLINE words times(words a, uint32_t m)
{
    vl by = (vl){0} + m;
    return (words){vl_mul(a.even, by), vl_mul(a.odd, by)};
}

INLINE words mixed(words high, words b, uint32_t key)
{
    return (words){(high.even >> 32) ^ b.even ^ key, (high.odd >> 32) ^ b.odd ^ key};
}

INLINE vu joined(words a)
{
    return (vu)((a.even & 0xffffffffu) | (a.odd << 32));
}

INLINE void philox(uint64_t seed, uint32_t stream, uint64_t block, vu out[4])
{
    vl even = {0};
    for (uint32_t k = 0; k < LANES / 2; k++) even[k] = (uint64_t)(uint32_t)block + 2 * k;
    vl none = {0};
    words c0 = {even, even + 1}, c1 = {none + (block >> 32), none + (block >> 32)};
    words c2 = {none + stream, none + stream}, c3 = {none + 2, none + 2}; /* 0, 1: base/rng.c */
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; round++) {
        words p0 = times(c0, 0xD2511F53u), p1 = times(c2, 0xCD9E8D57u);
        c0 = mixed(p1, c1, k0);
        c2 = mixed(p0, c3, k1);
        c1 = p1;
        c3 = p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = joined(c0), out[1] = joined(c1), out[2] = joined(c2), out[3] = joined(c3);
}

/* sqrt(-2 ln u), u = (word / 2 + 1/2) / 2^31 in (0, 1]; the logarithm after Cephes' logf. */
INLINE vf radius(vu word)
{
    vf u = (__builtin_convertvector((vi)(word >> 1), vf) + 0.5f) * 0x1p-31f;
    vi bits = (vi)u - 0x3f3504f3; /* sqrt(1/2): the mantissa lies around 1 */
    vf e = __builtin_convertvector(bits >> 23, vf);
    vf x = (vf)((bits & 0x007fffff) + 0x3f3504f3) - 1.0f, z = x * x;
    vf y = 7.0376836292e-2f * x - 1.1514610310e-1f;
    y = y * x + 1.1676998740e-1f;
    y = y * x - 1.2420140846e-1f;
    y = y * x + 1.4249322787e-1f;
    y = y * x - 1.6668057665e-1f;
    y = y * x + 2.0000714765e-1f;
    y = y * x - 2.4999993993e-1f;
    y = y * x + 3.3333331174e-1f;
    y = y * x * z - 2.12194440e-4f * e - 0.5f * z;
    vf log = x + y + 0.693359375f * e;
    return vf_sqrt((vf)((vi)(-2.0f * log) & (log < 0)));
}

typedef struct turned {
    vf cos, sin;
} turned;

/* Of 2 pi word / 2^32: a quarter turn and the rest, in [-pi/4, pi/4); Cephes' sinf and cosf. */
INLINE turned turn(vu word)
{
    vu quarter = (word + 0x20000000u) >> 30;
    vf x = __builtin_convertvector((vi)(word - (quarter << 30)), vf) * (1.57079632679f * 0x1p-30f);
    vf z = x * x;
    vf s = ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * x + x;
    vf c = ((2.443315711810e-5f * z - 1.388731625494e-3f) * z + 4.166664568299e-2f) * z * z -
           0.5f * z + 1.0f;
    vi odd = -(vi)(quarter & 1);
    vu sin_sign = (quarter & 2) << 30, cos_sign = ((quarter + 1) & 2) << 30;
    vi si = ((vi)s & ~odd) | ((vi)c & odd), ci = ((vi)c & ~odd) | ((vi)s & odd);
    return (turned){(vf)((vu)ci ^ cos_sign), (vf)((vu)si ^ sin_sign)};
}

static void normals(uint64_t seed, uint32_t stream, uint64_t block, float out[TRAIN_NORMALS])
{
    for (size_t b = 0; b < 16; b += LANES) {
        vu word[4];
        philox(seed, stream, block + b, word);
        for (size_t pair = 0; pair < 2; pair++) {
            vf r = radius(word[2 * pair]);
            turned at = turn(word[2 * pair + 1]);
            store(out + 32 * pair + b, r * at.cos);
            store(out + 32 * pair + 16 + b, r * at.sin);
        }
    }
}

static void mix(const float *x, float scale, const float *z, float alpha, size_t n, float *out)
{
    size_t t = 0;
    for (; t + LANES <= n; t += LANES) store(out + t, scale * load(x + t) + alpha * load(z + t));
    for (; t < n; t++) {
        float a = scale * x[t], b = alpha * z[t];
        out[t] = a + b;
    }
}

/* ---- x' g ---------------------------------------------------------------------------------------------- */

/* `rows` rows and `vecs` vectors (constants after inlining) of the output, from row i and column j on. */
INLINE void tile(const pm_cmat *x, const pm_cmat *g, const pm_mat *out, size_t i, size_t j,
                 size_t rows, size_t vecs)
{
    const float *xi = x->at + i, *gj = g->at + j;
    vf acc[ROWS][VECS];
    KERNEL_UNROLL for (size_t r = 0; r < rows; r++) KERNEL_UNROLL for (size_t v = 0; v < vecs; v++)
        acc[r][v] = (vf){0};
    for (size_t p = 0; p < x->rows; p++, xi += x->ld, gj += g->ld) {
        vf b[VECS];
        KERNEL_UNROLL for (size_t v = 0; v < vecs; v++) b[v] = load(gj + v * LANES);
        KERNEL_UNROLL for (size_t r = 0; r < rows; r++)
        {
            vf a = (vf){0} + xi[r];
            KERNEL_UNROLL for (size_t v = 0; v < vecs; v++) acc[r][v] = vf_fma(a, b[v], acc[r][v]);
        }
    }
    KERNEL_UNROLL for (size_t r = 0; r < rows; r++) KERNEL_UNROLL for (size_t v = 0; v < vecs; v++)
        store(pm_row(*out, i + r) + j + v * LANES, acc[r][v]);
}

/* The last columns, fewer than a vector. */
INLINE void tile_tail(const pm_cmat *x, const pm_cmat *g, const pm_mat *out, size_t i, size_t j)
{
    size_t n = g->cols - j;
    vf acc = {0};
    for (size_t p = 0; p < x->rows; p++)
        acc = vf_fma((vf){0} + pm_crow(*x, p)[i], load_n(pm_crow(*g, p) + j, n), acc);
    memcpy(pm_row(*out, i) + j, &acc, n * sizeof(float));
}

static void outer(const pm_cmat *x, const pm_cmat *g, const pm_mat *out)
{
    size_t j = 0;
    for (; j + VECS * LANES <= g->cols; j += VECS * LANES) {
        size_t i = 0;
        for (; i + ROWS <= x->cols; i += ROWS) tile(x, g, out, i, j, ROWS, VECS);
        for (; i < x->cols; i++) tile(x, g, out, i, j, 1, VECS);
    }
    for (; j + LANES <= g->cols; j += LANES) {
        size_t i = 0;
        for (; i + ROWS <= x->cols; i += ROWS) tile(x, g, out, i, j, ROWS, 1);
        for (; i < x->cols; i++) tile(x, g, out, i, j, 1, 1);
    }
    for (size_t i = 0; j < g->cols && i < x->cols; i++) tile_tail(x, g, out, i, j);
}

/* ---- Adam ------------------------------------------------------------------------------------------------ */

INLINE vf moved(const train_adam_step *s, vf g, vf w, vf away, vf *mean, vf *square)
{
    g = g + s->l2 * away;
    *mean = 0.9f * *mean + 0.1f * g;
    *square = 0.999f * *square + 0.001f * g * g;
    return w - s->rate * *mean / (s->root * vf_sqrt(*square) + 1e-8f);
}

INLINE void adam_some(const train_adam_step *s, const float *gradient, const float *toward,
                      size_t n, float *w, float *mean, float *square)
{
    vf m = load_n(mean, n), q = load_n(square, n), at = load_n(w, n);
    vf away = toward ? at - load_n(toward, n) : at;
    at = moved(s, load_n(gradient, n), at, away, &m, &q);
    memcpy(mean, &m, n * sizeof *mean);
    memcpy(square, &q, n * sizeof *square);
    memcpy(w, &at, n * sizeof *w);
}

static void adam(const train_adam_step *s, const float *gradient, const float *toward, size_t n,
                 float *w, float *mean, float *square)
{
    size_t t = 0;
    for (; t + LANES <= n && !toward; t += LANES)
        adam_some(s, gradient + t, NULL, LANES, w + t, mean + t, square + t);
    for (; t < n; t += LANES)
        adam_some(s, gradient + t, toward ? toward + t : NULL, n - t < LANES ? n - t : LANES, w + t,
                  mean + t, square + t);
}

INLINE void adamw_some(const train_adamw_step *s, float *gradient, size_t n, float *w, float *mean,
                       float *square)
{
    vf g = load_n(gradient, n) * s->shrink, m = load_n(mean, n), q = load_n(square, n);
    vf at = load_n(w, n) * s->keep, none = {0};
    m = m + s->mean_in * (g - m);
    q = s->square_keep * q + s->square_in * g * g;
    at = at - s->rate * (m / (s->root * vf_sqrt(q) + s->eps));
    memcpy(mean, &m, n * sizeof *mean);
    memcpy(square, &q, n * sizeof *square);
    memcpy(w, &at, n * sizeof *w);
    memcpy(gradient, &none, n * sizeof *gradient);
}

static void adamw(const train_adamw_step *s, float *gradient, size_t n, float *w, float *mean,
                  float *square)
{
    size_t t = 0;
    for (; t + LANES <= n; t += LANES)
        adamw_some(s, gradient + t, LANES, w + t, mean + t, square + t);
    if (t < n) adamw_some(s, gradient + t, n - t, w + t, mean + t, square + t);
}

const train_kernels TRAIN_TABLE = {normals, mix, outer, adam, adamw};
