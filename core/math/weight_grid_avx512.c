/* SPDX-License-Identifier: MIT
 *
 * The weight grid for AVX-512: 8 prompts a vector.  The target is set by pragma, for this file's functions alone.
 */
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>

#include "math/kernels.h"
#include "math/weight_grid_tile.h"

#if defined(__clang__)
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512dq,avx512bw,avx512vl"))),                   \
    apply_to = function)
#else
#pragma GCC target("avx2,fma,f16c,avx512f,avx512dq,avx512bw,avx512vl")
#endif

#define LANES  8
#define POINTS 2
#define VECS   2
typedef __m512d vec;
typedef __m512i bits;
typedef __mmask8 wins;
#define v_load(p)        _mm512_load_pd(p)
#define v_set1(a)        _mm512_set1_pd(a)
#define v_sub(a, b)      _mm512_sub_pd(a, b)
#define v_mul(a, b)      _mm512_mul_pd(a, b)
#define v_above(a, b)    _mm512_cmp_pd_mask(a, b, _CMP_GT_OQ)
#define v_pick(is, a, b) _mm512_mask_mov_pd(b, is, a)
#define b_load(p)        _mm512_load_si512(p)
#define b_set1(a)        _mm512_set1_epi64((long long)(a))
#define b_pick(is, a, b) _mm512_mask_mov_epi64(b, is, a)

/* The low halves are worths, the high ones costs. */
static inline __attribute__((always_inline)) void add_worth(bits kept, double *sum)
{
    __m256i worth = _mm512_cvtepi64_epi32(kept);
    __m256i cost = _mm512_cvtepi64_epi32(_mm512_srli_epi64(kept, 32));
    double *costs = sum + WEIGHT_SUMS;
    _mm512_storeu_pd(
        sum, _mm512_add_pd(_mm512_loadu_pd(sum), _mm512_cvtps_pd(_mm256_castsi256_ps(worth))));
    _mm512_storeu_pd(
        costs, _mm512_add_pd(_mm512_loadu_pd(costs), _mm512_cvtps_pd(_mm256_castsi256_ps(cost))));
}

static inline __attribute__((always_inline)) void
keep_columns(const weight_tile *t, size_t p, size_t block, size_t from, bits column)
{
    size_t first = block * WEIGHT_LANES + from, at = p * t->choice_ld + first;
    if (first >= t->n_prompts) return;
    size_t n = t->n_prompts - first;
    __mmask8 live = (__mmask8)(n >= LANES ? 0xffu : (1u << n) - 1);
    if (t->choice_bytes == 1)
        _mm512_mask_cvtepi64_storeu_epi8((uint8_t *)t->choice + at, live, column);
    else
        _mm512_mask_cvtepi64_storeu_epi16((uint16_t *)t->choice + at, live, column);
}

#include "math/weight_grid_lanes.h"

const weight_kernels weight_avx512 = {decide};

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int weight_grid_avx512_is_for_x86_64;
#endif
