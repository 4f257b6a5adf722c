/* SPDX-License-Identifier: MIT
 *
 * The sixteen lanes of rows_lanes.h as an array, for any CPU.
 * Included by rows_lanes.h only.
 */
#ifndef PM_MATH_ROWS_LANES_PLAIN_H
#define PM_MATH_ROWS_LANES_PLAIN_H

typedef struct v16 {
    float l[16];
} v16;

#define LANES_EACH(name, args, value)                                                              \
    LANES_INLINE v16 name args                                                                     \
    {                                                                                              \
        v16 out;                                                                                   \
        for (size_t i = 0; i < 16; i++) out.l[i] = value;                                          \
        return out;                                                                                \
    }
LANES_EACH(v16_zero, (void), 0.0f)
LANES_EACH(v16_set1, (float a), a)
LANES_EACH(v16_add, (v16 a, v16 b), a.l[i] + b.l[i])
LANES_EACH(v16_sub, (v16 a, v16 b), a.l[i] - b.l[i])
LANES_EACH(v16_mul, (v16 a, v16 b), a.l[i] * b.l[i])
LANES_EACH(v16_div, (v16 a, v16 b), a.l[i] / b.l[i])
LANES_EACH(v16_max, (v16 a, v16 b), a.l[i] > b.l[i] ? a.l[i] : b.l[i])
LANES_EACH(v16_min, (v16 a, v16 b), a.l[i] < b.l[i] ? a.l[i] : b.l[i])
LANES_EACH(v16_fma, (v16 a, v16 b, v16 c), __builtin_fmaf(a.l[i], b.l[i], c.l[i]))
LANES_EACH(v16_sqrt, (v16 a), sqrtf(a.l[i]))
LANES_EACH(v16_abs, (v16 a), __builtin_fabsf(a.l[i]))
LANES_EACH(v16_pick_lt, (v16 a, v16 b, v16 x, v16 y), a.l[i] < b.l[i] ? x.l[i] : y.l[i])
LANES_EACH(v16_load_n, (const float *p, size_t n), i < n ? p[i] : 0.0f)
#undef LANES_EACH

LANES_INLINE v16 v16_load(const float *p)
{
    v16 out;
    memcpy(out.l, p, sizeof out.l);
    return out;
}
LANES_INLINE void v16_store(float *p, v16 v)
{
    memcpy(p, v.l, sizeof v.l);
}
LANES_INLINE void v16_store_n(float *p, v16 v, size_t n)
{
    memcpy(p, v.l, n * sizeof *p);
}
LANES_INLINE float v16_power(int32_t n) /* 2^n of a normal number */
{
    const uint32_t bits = (uint32_t)(n + 127) << 23;
    float out;
    memcpy(&out, &bits, sizeof out);
    return out;
}
/* By two factors, so that results below the normal numbers are rounded once. */
LANES_INLINE v16 v16_scale(v16 p, v16 t)
{
    for (size_t i = 0; i < 16; i++) {
        float whole = t.l[i] - 12582912.0f;
        int32_t n = whole >= -200 && whole <= 200 ? (int32_t)whole : 0, m = n >> 1; /* NaN: 0 */
        p.l[i] = p.l[i] * v16_power(m) * v16_power(n - m);
    }
    return p;
}
LANES_INLINE v16 v16_split(v16 x, v16 *e)
{
    for (size_t i = 0; i < 16; i++) {
        uint32_t bits, root = 0x3f3504f3;
        memcpy(&bits, &x.l[i], sizeof bits);
        bits -= root;
        e->l[i] = (float)((int32_t)bits >> 23);
        bits = (bits & 0x007fffff) + root;
        memcpy(&x.l[i], &bits, sizeof bits);
    }
    return x;
}
LANES_INLINE float v16_sum(v16 v)
{
    for (size_t w = 8; w > 0; w /= 2)
        for (size_t i = 0; i < w; i++) v.l[i] = v.l[i] + v.l[i + w];
    return v.l[0];
}
LANES_INLINE float v16_most(v16 v)
{
    for (size_t w = 8; w > 0; w /= 2)
        for (size_t i = 0; i < w; i++) v.l[i] = v.l[i] > v.l[i + w] ? v.l[i] : v.l[i + w];
    return v.l[0];
}

/* dst[c * ldd + r] = src[r * ld + c] for c < cols, r < rows; zeros for r from rows to 15. */
LANES_INLINE void v16_turn(const float *src, size_t ld, size_t rows, size_t cols, float *dst,
                           size_t ldd)
{
    for (size_t c = 0; c < cols; c++)
        for (size_t r = 0; r < 16; r++) dst[c * ldd + r] = r < rows ? src[r * ld + c] : 0.0f;
}

#endif
