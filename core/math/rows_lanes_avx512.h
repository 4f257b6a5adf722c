/* SPDX-License-Identifier: MIT
 *
 * The sixteen lanes of rows_lanes.h in one register of AVX-512 (F, DQ, BW, VL).  Included by rows_lanes.h only.
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

#endif
