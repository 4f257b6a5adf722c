/* SPDX-License-Identifier: MIT
 *
 * The sixteen lanes of rows_lanes.h in four vectors as the compiler makes them, for any CPU.
 * Included by rows_lanes.h only.
 */
#ifndef PM_MATH_ROWS_LANES_PLAIN_H
#define PM_MATH_ROWS_LANES_PLAIN_H

typedef float v16_four __attribute__((vector_size(16)));
typedef int32_t v16_int __attribute__((vector_size(16)));

typedef struct v16 {
    v16_four q[4];
} v16;

LANES_INLINE v16_four v16_choose(v16_int mask, v16_four x, v16_four y)
{
    return (v16_four)(((v16_int)x & mask) | ((v16_int)y & ~mask));
}
LANES_INLINE v16_four v16_fma_four(v16_four a, v16_four b, v16_four c)
{
    for (size_t i = 0; i < 4; i++) c[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return c;
}
LANES_INLINE v16_four v16_sqrt_four(v16_four a)
{
    for (size_t i = 0; i < 4; i++) a[i] = sqrtf(a[i]);
    return a;
}
/* By two factors, so that results below the normal numbers are rounded once. */
LANES_INLINE v16_four v16_scale_four(v16_four p, v16_four t)
{
    v16_int n = (v16_int)t - 0x4b400000, m = n >> 1;
    return p * (v16_four)((m + 127) << 23) * (v16_four)((n - m + 127) << 23);
}

#define LANES_EACH(name, args, value)                                                              \
    LANES_INLINE v16 name args                                                                     \
    {                                                                                              \
        v16 out;                                                                                   \
        for (size_t i = 0; i < 4; i++) out.q[i] = value;                                           \
        return out;                                                                                \
    }
LANES_EACH(v16_zero, (void), (v16_four){0})
LANES_EACH(v16_set1, (float a), (v16_four){0} + a)
LANES_EACH(v16_add, (v16 a, v16 b), a.q[i] + b.q[i])
LANES_EACH(v16_sub, (v16 a, v16 b), a.q[i] - b.q[i])
LANES_EACH(v16_mul, (v16 a, v16 b), a.q[i] * b.q[i])
LANES_EACH(v16_div, (v16 a, v16 b), a.q[i] / b.q[i])
LANES_EACH(v16_max, (v16 a, v16 b), v16_choose(a.q[i] > b.q[i], a.q[i], b.q[i]))
LANES_EACH(v16_min, (v16 a, v16 b), v16_choose(a.q[i] < b.q[i], a.q[i], b.q[i]))
LANES_EACH(v16_fma, (v16 a, v16 b, v16 c), v16_fma_four(a.q[i], b.q[i], c.q[i]))
LANES_EACH(v16_sqrt, (v16 a), v16_sqrt_four(a.q[i]))
LANES_EACH(v16_abs, (v16 a), (v16_four)((v16_int)a.q[i] & 0x7fffffff))
LANES_EACH(v16_pick_lt, (v16 a, v16 b, v16 x, v16 y), v16_choose(a.q[i] < b.q[i], x.q[i], y.q[i]))
LANES_EACH(v16_scale, (v16 p, v16 t), v16_scale_four(p.q[i], t.q[i]))
#undef LANES_EACH

LANES_INLINE v16 v16_load(const float *p)
{
    v16 out;
    memcpy(&out, p, sizeof out);
    return out;
}
LANES_INLINE void v16_store(float *p, v16 v)
{
    memcpy(p, &v, sizeof v);
}
LANES_INLINE v16 v16_load_n(const float *p, size_t n)
{
    v16 out = v16_zero();
    memcpy(&out, p, n * sizeof *p);
    return out;
}
LANES_INLINE void v16_store_n(float *p, v16 v, size_t n)
{
    memcpy(p, &v, n * sizeof *p);
}
LANES_INLINE v16 v16_split(v16 x, v16 *e)
{
    for (size_t i = 0; i < 4; i++) {
        v16_int bits = (v16_int)x.q[i] - 0x3f3504f3;
        e->q[i] = __builtin_convertvector(bits >> 23, v16_four);
        x.q[i] = (v16_four)((bits & 0x007fffff) + 0x3f3504f3);
    }
    return x;
}
LANES_INLINE float v16_sum(v16 v)
{
    v16_four s = (v.q[0] + v.q[2]) + (v.q[1] + v.q[3]);
    return (s[0] + s[2]) + (s[1] + s[3]);
}
LANES_INLINE float v16_most(v16 v)
{
    float lane[16];
    v16_store(lane, v);
    for (size_t w = 8; w > 0; w /= 2)
        for (size_t i = 0; i < w; i++) lane[i] = lane[i] > lane[i + w] ? lane[i] : lane[i + w];
    return lane[0];
}
/* dst[c * ldd + r] = src[r * ld + c] for c < cols, r < rows; zeros for r from rows to 15. */
LANES_INLINE void v16_turn(const float *src, size_t ld, size_t rows, size_t cols, float *dst,
                           size_t ldd)
{
    for (size_t c = 0; c < cols; c++)
        for (size_t r = 0; r < 16; r++) dst[c * ldd + r] = r < rows ? src[r * ld + c] : 0.0f;
}

#endif
