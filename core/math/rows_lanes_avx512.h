/* SPDX-License-Identifier: MIT
 *
 * The sixteen lanes of rows_lanes.h in one register of AVX-512 (F, DQ, BW, VL).
 * Included by rows_lanes.h only.
 */
#ifndef PM_MATH_ROWS_LANES_AVX512_H
#define PM_MATH_ROWS_LANES_AVX512_H

#include <immintrin.h>

typedef __m512 v16;
#define v16_zero()      _mm512_setzero_ps()
#define v16_set1(a)     _mm512_set1_ps(a)
#define v16_load(p)     _mm512_loadu_ps(p)
#define v16_store(p, v) _mm512_storeu_ps(p, v)
#define v16_add         _mm512_add_ps
#define v16_sub         _mm512_sub_ps
#define v16_mul         _mm512_mul_ps
#define v16_div         _mm512_div_ps
#define v16_fma         _mm512_fmadd_ps
#define v16_sqrt        _mm512_sqrt_ps
#define v16_max         _mm512_max_ps
#define v16_min         _mm512_min_ps
#define v16_abs         _mm512_abs_ps

LANES_INLINE v16 v16_load_n(const float *p, size_t n)
{
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}
LANES_INLINE void v16_store_n(float *p, v16 v, size_t n)
{
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v);
}
LANES_INLINE v16 v16_pick_lt(v16 a, v16 b, v16 x, v16 y)
{
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), y, x);
}
LANES_INLINE v16 v16_scale(v16 p, v16 t)
{
    return _mm512_scalef_ps(p, _mm512_sub_ps(t, _mm512_set1_ps(12582912.0f)));
}
LANES_INLINE v16 v16_split(v16 x, v16 *e)
{
    __m512i root = _mm512_set1_epi32(0x3f3504f3),
            b = _mm512_sub_epi32(_mm512_castps_si512(x), root);
    *e = _mm512_cvtepi32_ps(_mm512_srai_epi32(b, 23));
    b = _mm512_and_si512(b, _mm512_set1_epi32(0x007fffff));
    return _mm512_castsi512_ps(_mm512_add_epi32(b, root));
}
LANES_INLINE float v16_sum(v16 v)
{
    __m256 a = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}
LANES_INLINE float v16_most(v16 v)
{
    __m256 a = _mm256_max_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    __m128 b = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_max_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_max_ss(b, _mm_movehdup_ps(b)));
}

/* dst[c * ldd + r] = src[r * ld + c] for c < cols, r < rows; zeros for r from rows to 15. */
LANES_INLINE void v16_turn(const float *src, size_t ld, size_t rows, size_t cols, float *dst,
                           size_t ldd)
{
    const __mmask16 live = (__mmask16)((1u << cols) - 1);
    __m512 a[16], b[16];
    LANES_UNROLL for (size_t r = 0; r < 16; r++)
        a[r] = r < rows ? _mm512_maskz_loadu_ps(live, src + r * ld) : v16_zero();
    LANES_UNROLL for (size_t r = 0; r < 16; r += 2)
    {
        b[r] = _mm512_unpacklo_ps(a[r], a[r + 1]);
        b[r + 1] = _mm512_unpackhi_ps(a[r], a[r + 1]);
    }
    LANES_UNROLL for (size_t r = 0; r < 16; r += 4) LANES_UNROLL for (size_t h = 0; h < 2; h++)
    {
        __m512d x = _mm512_castps_pd(b[r + h]), y = _mm512_castps_pd(b[r + h + 2]);
        a[r + 2 * h] = _mm512_castpd_ps(_mm512_unpacklo_pd(x, y));
        a[r + 2 * h + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(x, y));
    }
    LANES_UNROLL for (size_t h = 0; h < 4;
                      h++) /* a[4 q + h]: rows 4 q .. 4 q + 3 of columns h, h + 4, ... */
    {
        __m512 lo = _mm512_shuffle_f32x4(a[h], a[4 + h], 0x88),
               hi = _mm512_shuffle_f32x4(a[h], a[4 + h], 0xdd);
        __m512 mo = _mm512_shuffle_f32x4(a[8 + h], a[12 + h], 0x88),
               mi = _mm512_shuffle_f32x4(a[8 + h], a[12 + h], 0xdd);
        b[h] = _mm512_shuffle_f32x4(lo, mo, 0x88);
        b[4 + h] = _mm512_shuffle_f32x4(hi, mi, 0x88);
        b[8 + h] = _mm512_shuffle_f32x4(lo, mo, 0xdd);
        b[12 + h] = _mm512_shuffle_f32x4(hi, mi, 0xdd);
    }
    LANES_UNROLL for (size_t c = 0; c < 16; c++) if (c < cols)
        _mm512_storeu_ps(dst + c * ldd, b[c]);
}

#endif
