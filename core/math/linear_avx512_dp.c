/* SPDX-License-Identifier: MIT
 *
 * Dense layers of bfloat16 for AVX512-BF16 (vdpbf16ps): pairs are multiplied and added in an order of its own, numbers
 * below the normal ones count as zero.  Its own file, so that no other function may use the instructions.
 */
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "math/kernels.h"
#include "math/linear_kernels.h"

#if defined(__clang__)
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512dq,avx512bw,avx512vl,avx512bf16"))),        \
    apply_to = function)
#else
#pragma GCC target("avx2,fma,f16c,avx512f,avx512dq,avx512bw,avx512vl,avx512bf16")
#endif

#include "math/linear_zmm.h"

#define TILE            tile_dp
#define TILE_PARTS      1
#define TILE_VECS       2
#define t_sum           __m512
#define t_word          __m512i
#define t_zero()        _mm512_setzero_ps()
#define t_load(p)       _mm512_loadu_si512(p)
#define t_spread(p)     spread_word(p)
#define t_store(p, v)   _mm512_store_ps(p, v)
#define t_part(w, h)    (w)
#define t_step(s, x, w) _mm512_dpbf16_ps(s, (__m512bh)(x), (__m512bh)(w))
#include "math/linear_tile.h"

const linear_kernels linear_avx512_dp = {.name = "avx512 bf16",
                                         .word = LINEAR_WORD_BF16,
                                         .form = LINEAR_HALVES,
                                         .width = 32,
                                         .depth = 2,
                                         .most = 14,
                                         .round_to = 1,
                                         .panels = panels_of,
                                         .tile = tile_dp,
                                         .rows = &linear_rows_avx512};

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int linear_avx512_dp_is_not_for_this_cpu;
#endif
