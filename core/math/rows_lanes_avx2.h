/* SPDX-License-Identifier: MIT
 *
 * The sixteen lanes of rows_lanes.h in two registers of AVX2 with FMA.
 * Included by rows_lanes.h only.
 */
#ifndef PM_MATH_ROWS_LANES_AVX2_H
#define PM_MATH_ROWS_LANES_AVX2_H

#include <immintrin.h>

typedef struct v16 {
    __m256 a, b;
} v16;

#define LANES_BOTH1(name, op)                                                                      \
    LANES_INLINE v16 name(v16 x)                                                                   \
    {                                                                                              \
        return (v16){op(x.a), op(x.b)};                                                            \
    }
#define LANES_BOTH2(name, op)                                                                      \
    LANES_INLINE v16 name(v16 x, v16 y)                                                            \
    {                                                                                              \
        return (v16){op(x.a, y.a), op(x.b, y.b)};                                                  \
    }
LANES_BOTH2(v16_add, _mm256_add_ps)
LANES_BOTH2(v16_sub, _mm256_sub_ps)
LANES_BOTH2(v16_mul, _mm256_mul_ps)
LANES_BOTH2(v16_div, _mm256_div_ps)
LANES_BOTH2(v16_max, _mm256_max_ps)
LANES_BOTH2(v16_min, _mm256_min_ps)
LANES_BOTH1(v16_sqrt, _mm256_sqrt_ps)
#undef LANES_BOTH1
#undef LANES_BOTH2

LANES_INLINE v16 v16_zero(void)
{
    return (v16){_mm256_setzero_ps(), _mm256_setzero_ps()};
}
LANES_INLINE v16 v16_set1(float a)
{
    return (v16){_mm256_set1_ps(a), _mm256_set1_ps(a)};
}
LANES_INLINE v16 v16_load(const float *p)
{
    return (v16){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}
LANES_INLINE void v16_store(float *p, v16 v)
{
    _mm256_storeu_ps(p, v.a);
    _mm256_storeu_ps(p + 8, v.b);
}
/* Ones in the lanes below n. */
LANES_INLINE __m256i v16_live(size_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
LANES_INLINE v16 v16_load_n(const float *p, size_t n)
{
    v16 v = {_mm256_maskload_ps(p, v16_live(n)), _mm256_setzero_ps()};
    if (n > 8) v.b = _mm256_maskload_ps(p + 8, v16_live(n - 8));
    return v;
}
LANES_INLINE void v16_store_n(float *p, v16 v, size_t n)
{
    _mm256_maskstore_ps(p, v16_live(n), v.a);
    if (n > 8) _mm256_maskstore_ps(p + 8, v16_live(n - 8), v.b);
}
LANES_INLINE v16 v16_fma(v16 x, v16 y, v16 z)
{
    return (v16){_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}
LANES_INLINE v16 v16_abs(v16 x)
{
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return (v16){_mm256_andnot_ps(sign, x.a), _mm256_andnot_ps(sign, x.b)};
}
LANES_INLINE v16 v16_pick_lt(v16 a, v16 b, v16 x, v16 y)
{
    return (v16){_mm256_blendv_ps(y.a, x.a, _mm256_cmp_ps(a.a, b.a, _CMP_LT_OQ)),
                 _mm256_blendv_ps(y.b, x.b, _mm256_cmp_ps(a.b, b.b, _CMP_LT_OQ))};
}
/* By two factors, so that results below the normal numbers are rounded once. */
LANES_INLINE __m256 v16_scale_half(__m256 p, __m256 t)
{
    const __m256i bias = _mm256_set1_epi32(127);
    __m256i n = _mm256_sub_epi32(_mm256_castps_si256(t), _mm256_set1_epi32(0x4b400000));
    __m256i m = _mm256_srai_epi32(n, 1);
    n = _mm256_slli_epi32(_mm256_add_epi32(_mm256_sub_epi32(n, m), bias), 23);
    m = _mm256_slli_epi32(_mm256_add_epi32(m, bias), 23);
    return _mm256_mul_ps(_mm256_mul_ps(p, _mm256_castsi256_ps(m)), _mm256_castsi256_ps(n));
}
LANES_INLINE v16 v16_scale(v16 p, v16 t)
{
    return (v16){v16_scale_half(p.a, t.a), v16_scale_half(p.b, t.b)};
}
LANES_INLINE __m256 v16_split_half(__m256 x, __m256 *e)
{
    __m256i root = _mm256_set1_epi32(0x3f3504f3),
            b = _mm256_sub_epi32(_mm256_castps_si256(x), root);
    *e = _mm256_cvtepi32_ps(_mm256_srai_epi32(b, 23));
    b = _mm256_and_si256(b, _mm256_set1_epi32(0x007fffff));
    return _mm256_castsi256_ps(_mm256_add_epi32(b, root));
}
LANES_INLINE v16 v16_split(v16 x, v16 *e)
{
    v16 m;
    m.a = v16_split_half(x.a, &e->a);
    m.b = v16_split_half(x.b, &e->b);
    return m;
}
LANES_INLINE float v16_sum(v16 v)
{
    __m256 a = _mm256_add_ps(v.a, v.b);
    __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}
LANES_INLINE float v16_most(v16 v)
{
    __m256 a = _mm256_max_ps(v.a, v.b);
    __m128 b = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_max_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_max_ss(b, _mm_movehdup_ps(b)));
}

/* Eight rows and columns of v16_turn. */
LANES_INLINE void v16_turn8(const float *src, size_t ld, size_t rows, size_t cols, float *dst,
                            size_t ldd)
{
    const __m256i live = v16_live(cols);
    __m256 a[8], b[8];
    LANES_UNROLL for (size_t r = 0; r < 8; r++)
        a[r] = r < rows ? _mm256_maskload_ps(src + r * ld, live) : _mm256_setzero_ps();
    LANES_UNROLL for (size_t r = 0; r < 8; r += 2)
    {
        b[r] = _mm256_unpacklo_ps(a[r], a[r + 1]);
        b[r + 1] = _mm256_unpackhi_ps(a[r], a[r + 1]);
    }
    LANES_UNROLL for (size_t r = 0; r < 8; r += 4) LANES_UNROLL for (size_t h = 0; h < 2; h++)
    {
        a[r + 2 * h] = _mm256_shuffle_ps(b[r + h], b[r + h + 2], 0x44);
        a[r + 2 * h + 1] = _mm256_shuffle_ps(b[r + h], b[r + h + 2], 0xee);
    }
    LANES_UNROLL for (size_t h = 0; h < 4; h++)
    {
        b[h] = _mm256_permute2f128_ps(a[h], a[4 + h], 0x20);
        b[4 + h] = _mm256_permute2f128_ps(a[h], a[4 + h], 0x31);
    }
    LANES_UNROLL for (size_t c = 0; c < 8; c++) if (c < cols) _mm256_storeu_ps(dst + c * ldd, b[c]);
}
/* dst[c * ldd + r] = src[r * ld + c] for c < cols, r < rows; zeros for r from rows to 15. */
LANES_INLINE void v16_turn(const float *src, size_t ld, size_t rows, size_t cols, float *dst,
                           size_t ldd)
{
    for (size_t r = 0; r < 16; r += 8)
        for (size_t c = 0; c < cols; c += 8) {
            size_t live = rows > r ? rows - r : 0;
            v16_turn8(live ? src + r * ld + c : src, ld, live, cols - c, dst + c * ldd + r, ldd);
        }
}

#endif
