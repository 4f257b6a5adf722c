/* SPDX-License-Identifier: MIT
 *
 * The weight grid for AVX2: 4 prompts a vector.  The target is set by pragma, for this file's functions alone.
 */
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>

#include "math/kernels.h"
#include "math/weight_grid_tile.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#else
#pragma GCC target("avx2,fma,f16c")
#endif

#define LANES  4
#define POINTS 2
#define VECS   1
typedef __m256d vec;
typedef __m256d bits; /* 64-bit lanes of anything */
typedef __m256d wins;
#define v_load(p)        _mm256_load_pd(p)
#define v_set1(a)        _mm256_set1_pd(a)
#define v_sub(a, b)      _mm256_sub_pd(a, b)
#define v_mul(a, b)      _mm256_mul_pd(a, b)
#define v_above(a, b)    _mm256_cmp_pd(a, b, _CMP_GT_OQ)
#define v_pick(is, a, b) _mm256_blendv_pd(b, a, is)
#define b_load(p)        _mm256_load_pd(p)
#define b_set1(a)        _mm256_castsi256_pd(_mm256_set1_epi64x((long long)(a)))
#define b_pick(is, a, b) _mm256_blendv_pd(b, a, is)

/* The low halves are worths, the high ones costs. */
static inline __attribute__((always_inline)) void add_worth(bits kept, double *sum)
{
    __m128 lo = _mm_castpd_ps(_mm256_castpd256_pd128(kept));
    __m128 hi = _mm_castpd_ps(_mm256_extractf128_pd(kept, 1));
    __m256d worth = _mm256_cvtps_pd(_mm_shuffle_ps(lo, hi, 0x88));
    __m256d cost = _mm256_cvtps_pd(_mm_shuffle_ps(lo, hi, 0xdd));
    double *costs = sum + WEIGHT_SUMS;
    _mm256_storeu_pd(sum, _mm256_add_pd(_mm256_loadu_pd(sum), worth));
    _mm256_storeu_pd(costs, _mm256_add_pd(_mm256_loadu_pd(costs), cost));
}

static inline __attribute__((always_inline)) void
keep_columns(const weight_tile *t, size_t p, size_t block, size_t from, bits column)
{
    size_t first = block * WEIGHT_LANES + from, at = p * t->choice_ld + first;
    uint64_t of[LANES];
    _mm256_storeu_si256((__m256i *)(void *)of, _mm256_castpd_si256(column));
    for (size_t l = 0; l < LANES && first + l < t->n_prompts; l++)
        if (t->choice_bytes == 1)
            ((uint8_t *)t->choice)[at + l] = (uint8_t)of[l];
        else
            ((uint16_t *)t->choice)[at + l] = (uint16_t)of[l];
}

#include "math/weight_grid_lanes.h"

const weight_kernels weight_avx2 = {decide};

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int weight_grid_avx2_is_for_x86_64;
#endif
