/* SPDX-License-Identifier: MIT
 *
 * Packing of products for AVX-512: rounding by integer steps (no AVX512-BF16 needed), squares turned over in registers.
 */
#if defined(__x86_64__)
#include <immintrin.h>

#include "math/product_kernels.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl"))),        \
                             apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl")
#endif

/* bfloat16 in the upper half of each word, zeros or rests below it; not a number stays so. */
static inline __m512i rounded(__m512i u)
{
    const __m512i one = _mm512_set1_epi32(1), top = _mm512_set1_epi32(0x7f800000);
    __m512i odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), one);
    __m512i near = _mm512_add_epi32(_mm512_add_epi32(u, _mm512_set1_epi32(0x7fff)), odd);
    __m512i size = _mm512_and_si512(u, _mm512_set1_epi32(0x7fffffff));
    __mmask16 is_nan = _mm512_cmpgt_epu32_mask(size, top);
    return _mm512_mask_or_epi32(near, is_nan, u, _mm512_set1_epi32(0x400000));
}

static void pairs(const float *low, const float *high, size_t n, uint32_t *to)
{
    const __m512i upper = _mm512_set1_epi32((int)0xffff0000u);
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 m = n - i >= 16 ? 0xffff : (__mmask16)((1u << (n - i)) - 1);
        __m512i l = rounded(_mm512_maskz_loadu_epi32(m, low + i));
        __m512i h = rounded(_mm512_maskz_loadu_epi32(m, high + i));
        __m512i word = _mm512_or_si512(_mm512_srli_epi32(l, 16), _mm512_and_si512(h, upper));
        _mm512_mask_storeu_epi32(to + i, m, word);
    }
}

/* Words, then pairs, then quarters change places. */
static void turn(const uint32_t *from, size_t ld_from, uint32_t *to, size_t ld_to)
{
    __m512i r[16], t[16];
    for (size_t i = 0; i < 16; i++) r[i] = _mm512_loadu_si512(from + i * ld_from);
    for (size_t i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (size_t i = 0; i < 16; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (size_t i = 0; i < 4; i++) {
        t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
        t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
    }
    for (size_t i = 0; i < 8; i++) {
        _mm512_storeu_si512(to + i * ld_to, _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88));
        _mm512_storeu_si512(to + (i + 8) * ld_to, _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd));
    }
}

const product_kernels product_avx512 = {pairs, turn};

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int product_avx512_is_not_for_this_cpu;
#endif
