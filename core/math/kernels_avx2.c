/* SPDX-License-Identifier: MIT
 *
 * Kernels for AVX2 + FMA + F16C.  The target is set by pragma, for this file's functions alone, so that
 * nothing of it can leak into code that runs on older CPUs.
 */
#if defined(__x86_64__)
#include <immintrin.h>

#include "math/kernels.h"
#include "math/scan.h"
#include "math/weight_grid_tile.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#else
#pragma GCC target("avx2,fma,f16c")
#endif

#define LANES      8
#define BLOCK_ROWS 6
#define BLOCK_VECS 2
#define BYTE_VECS  8
typedef __m256 vec;
#define v_zero()       _mm256_setzero_ps()
#define v_set1(a)      _mm256_set1_ps(a)
#define v_load(p)      _mm256_loadu_ps(p)
#define v_store(p, v)  _mm256_storeu_ps(p, v)
#define v_add(a, b)    _mm256_add_ps(a, b)
#define v_fma(a, b, c) _mm256_fmadd_ps(a, b, c)
#define v_load_i8(p)   _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)(p))))

/* The first n of 8 lanes. */
static inline __m256i tail_mask(size_t n)
{
    static const int32_t ones[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
    return _mm256_loadu_si256((const __m256i *)(const void *)(ones + 8 - n));
}
static inline vec v_load_n(const float *p, size_t n)
{
    return _mm256_maskload_ps(p, tail_mask(n));
}
static inline void v_store_n(float *p, vec v, size_t n)
{
    _mm256_maskstore_ps(p, tail_mask(n), v);
}
static inline float v_sum(vec v)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

#include "math/kernels_lanes.h"

static double dot64(const float *a, const float *b, size_t n)
{
    __m256d lo = _mm256_setzero_pd(), hi = _mm256_setzero_pd();
    for (size_t i = 0; i < n; i += 8) {
        vec x = n - i >= 8 ? v_load(a + i) : v_load_n(a + i, n - i);
        vec y = n - i >= 8 ? v_load(b + i) : v_load_n(b + i, n - i);
        lo = _mm256_fmadd_pd(_mm256_cvtps_pd(_mm256_castps256_ps128(x)),
                             _mm256_cvtps_pd(_mm256_castps256_ps128(y)), lo);
        hi = _mm256_fmadd_pd(_mm256_cvtps_pd(_mm256_extractf128_ps(x, 1)),
                             _mm256_cvtps_pd(_mm256_extractf128_ps(y, 1)), hi);
    }
    double lane[8];
    _mm256_storeu_pd(lane, lo);
    _mm256_storeu_pd(lane + 4, hi);
    return kernel_tree8(lane);
}

static void axpy64(double alpha, const float *x, double *y, size_t n)
{
    __m256d a = _mm256_set1_pd(alpha);
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        _mm256_storeu_pd(y + i, _mm256_fmadd_pd(a, _mm256_cvtps_pd(_mm_loadu_ps(x + i)),
                                                _mm256_loadu_pd(y + i)));
    for (; i < n; i++) {
        __m128d s = _mm_set_sd((double)x[i]), t = _mm_set_sd(y[i]);
        _mm_store_sd(y + i, _mm_fmadd_sd(_mm_set_sd(alpha), s, t));
    }
}

static float dot_f16(const uint16_t *a, const float *b, size_t n)
{
    vec s0 = v_zero(), s1 = v_zero();
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m128i h = _mm_loadu_si128((const __m128i *)(const void *)(a + i));
        __m128i g = _mm_loadu_si128((const __m128i *)(const void *)(a + i + 8));
        s0 = v_fma(_mm256_cvtph_ps(h), v_load(b + i), s0);
        s1 = v_fma(_mm256_cvtph_ps(g), v_load(b + i + 8), s1);
    }
    float rest = 0;
    for (; i < n; i++) rest += _cvtsh_ss(a[i]) * b[i];
    return v_sum(v_add(s0, s1)) + rest;
}

/* A step adds at most 2^15 to a lane: 2^16 elements are safe, longer vectors are summed in pieces. */
static float dot_i8(const int8_t *a, const int8_t *b, size_t n)
{
    int64_t sum = 0;
    size_t i = 0;
    while (i + 16 <= n) {
        size_t stop = n - i > (1u << 16) ? i + (1u << 16) : n;
        __m256i s = _mm256_setzero_si256();
        for (; i + 16 <= stop; i += 16) {
            __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(a + i));
            __m128i y = _mm_loadu_si128((const __m128i *)(const void *)(b + i));
            s = _mm256_add_epi32(
                s, _mm256_madd_epi16(_mm256_cvtepi8_epi16(x), _mm256_cvtepi8_epi16(y)));
        }
        int32_t lane[8];
        _mm256_storeu_si256((__m256i *)(void *)lane, s);
        for (size_t l = 0; l < 8; l++) sum += lane[l];
    }
    for (; i < n; i++) sum += a[i] * b[i];
    return (float)sum;
}

static void gemv_f16(const uint16_t *table, size_t rows, size_t cols, size_t ld, const float *q,
                     float *out)
{
    for (size_t r = 0; r < rows; r++) out[r] = dot_f16(table + r * ld, q, cols);
}

static void gemv_i8(const int8_t *table, size_t rows, size_t cols, size_t ld,
                    const int8_t *const q[2], float *const out[2])
{
    for (size_t r = 0; r < rows; r++)
        for (size_t p = 0; p < 2; p++) out[p][r] = dot_i8(table + r * ld, q[p], cols);
}

static size_t above(const float *v, size_t n, float bound, uint32_t *hit)
{
    size_t found = 0, i = 0;
    vec b = v_set1(bound);
    for (; i + 8 <= n; i += 8) {
        unsigned m = (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(v_load(v + i), b, _CMP_GT_OQ));
        for (; m; m &= m - 1) hit[found++] = (uint32_t)i + (uint32_t)__builtin_ctz(m);
    }
    for (; i < n; i++)
        if (v[i] > bound) hit[found++] = (uint32_t)i;
    return found;
}

/* Two queries against the four vectors of a panel: eight accumulators. */
static inline __attribute__((always_inline)) void tile(const int16_t *panel, const int16_t *query,
                                                       size_t pairs, size_t stride, size_t queries,
                                                       __m256i acc[2][4])
{
    KERNEL_UNROLL for (size_t q = 0; q < queries; q++) KERNEL_UNROLL for (size_t v = 0; v < 4; v++)
        acc[q][v] = _mm256_setzero_si256();
    for (size_t p = 0; p < pairs; p++) {
        const __m256i *x = (const __m256i *)(const void *)(panel + p * 2 * FIX_ROWS);
        KERNEL_UNROLL for (size_t q = 0; q < queries; q++)
        {
            int32_t two;
            __builtin_memcpy(&two, query + (p * stride + q) * 2, sizeof two);
            __m256i y = _mm256_set1_epi32(two);
            KERNEL_UNROLL for (size_t v = 0; v < 4; v++) acc[q][v] =
                _mm256_add_epi32(acc[q][v], _mm256_madd_epi16(_mm256_loadu_si256(x + v), y));
        }
    }
}

static void fix_tile(const int16_t *panel, const int16_t *query, size_t pairs, size_t n_query,
                     const float *bound, float *out, uint32_t *hit)
{
    const vec unit = v_set1(1.0f / ((float)FIX_ONE * FIX_ONE));
    for (size_t q0 = 0; q0 < n_query; q0 += 2) {
        size_t n = n_query - q0 < 2 ? 1 : 2;
        __m256i acc[2][4];
        if (n == 2)
            tile(panel, query + q0 * 2, pairs, n_query, 2, acc);
        else
            tile(panel, query + q0 * 2, pairs, n_query, 1, acc);
        for (size_t q = 0; q < n; q++) {
            vec b = v_set1(bound[q0 + q]);
            uint32_t bits = 0;
            for (size_t v = 0; v < 4; v++) {
                vec s = _mm256_mul_ps(_mm256_cvtepi32_ps(acc[q][v]), unit);
                v_store(out + (q0 + q) * FIX_ROWS + v * 8, s);
                bits |= (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(s, b, _CMP_GT_OQ)) << (8 * v);
            }
            hit[q0 + q] = bits;
        }
    }
}

const kernels kernels_avx2 = {"avx2",    dot,     dot64,     axpy,       axpy64,
                              gather,    scatter, scatter16, gather_i8,  gemv,
                              dot_f16,   dot_i8,  gemv_f16,  gemv_i8,    row_gemm,
                              rows_gemm, above,   fix_tile,  &scan_avx2, &weight_avx2};

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int kernels_avx2_is_for_x86_64;
#endif
