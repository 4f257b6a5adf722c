/* SPDX-License-Identifier: MIT
 *
 * Dense layers for AVX-512 (F, DQ, BW, VL): float32; bfloat16 by float32 products, which costs two shifts a word and
 * reads half the bytes; int8 by exact products of int16 pairs.  Tiles of 14 x 32 sums fill 28 of the 32 registers.
 */
#if defined(__x86_64__)
#include <immintrin.h>

#include "math/kernels.h"

#if defined(__clang__)
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512dq,avx512bw,avx512vl"))),                   \
    apply_to = function)
#else
#pragma GCC target("avx2,fma,f16c,avx512f,avx512dq,avx512bw,avx512vl")
#endif

#define LANES_AVX512
#include "math/linear_rows.h"
#include "math/linear_zmm.h"

#define TILE            tile_f32
#define TILE_PARTS      1
#define TILE_VECS       2
#define t_sum           __m512
#define t_word          __m512
#define t_zero()        _mm512_setzero_ps()
#define t_load(p)       _mm512_loadu_ps(p)
#define t_spread(p)     spread_float(p)
#define t_store(p, v)   _mm512_store_ps(p, v)
#define t_part(w, h)    (w)
#define t_step(s, x, w) _mm512_fmadd_ps(x, w, s)
#include "math/linear_tile.h"

/* The lower bfloat16 of each pair, or the upper one, as floats. */
static inline __attribute__((always_inline)) __m512 of_pair(__m512 w, size_t upper)
{
    __m512i bits = _mm512_castps_si512(w);
    return _mm512_castsi512_ps(upper ? _mm512_and_si512(bits, _mm512_set1_epi32((int)0xffff0000u))
                                     : _mm512_slli_epi32(bits, 16));
}

#define TILE            tile_bf16
#define TILE_PARTS      2
#define TILE_VECS       2
#define t_sum           __m512
#define t_word          __m512
#define t_zero()        _mm512_setzero_ps()
#define t_load(p)       _mm512_loadu_ps(p)
#define t_spread(p)     spread_float(p)
#define t_store(p, v)   _mm512_store_ps(p, v)
#define t_part(w, h)    of_pair(w, h)
#define t_step(s, x, w) _mm512_fmadd_ps(x, w, s)
#include "math/linear_tile.h"

#define TILE            tile_i16
#define TILE_PARTS      1
#define TILE_VECS       2
#define t_sum           __m512i
#define t_word          __m512i
#define t_zero()        _mm512_setzero_si512()
#define t_load(p)       _mm512_loadu_si512(p)
#define t_spread(p)     spread_word(p)
#define t_store(p, v)   _mm512_store_si512(p, v)
#define t_part(w, h)    (w)
#define t_step(s, x, w) _mm512_add_epi32(s, _mm512_madd_epi16(x, w))
#include "math/linear_tile.h"

const linear_rows linear_rows_avx512 = {ready, finish, columns};

const linear_kernels linear_avx512_f32 = {.name = "avx512 f32",
                                          .word = LINEAR_WORD_F32,
                                          .form = LINEAR_AS_IS,
                                          .width = 32,
                                          .depth = 1,
                                          .most = 14,
                                          .round_to = 1,
                                          .panels = panels_of,
                                          .tile = tile_f32,
                                          .rows = &linear_rows_avx512};
const linear_kernels linear_avx512_bf16 = {.name = "avx512 f32 of bf16",
                                           .word = LINEAR_WORD_BF16,
                                           .form = LINEAR_ROUNDED,
                                           .width = 32,
                                           .depth = 2,
                                           .most = 13,
                                           .round_to = 1,
                                           .panels = panels_of_pairs,
                                           .tile = tile_bf16,
                                           .rows = &linear_rows_avx512};
const linear_kernels linear_avx512_i8 = {.name = "avx512 i16",
                                         .word = LINEAR_WORD_I16,
                                         .form = LINEAR_I16,
                                         .width = 32,
                                         .depth = 2,
                                         .most = 14,
                                         .round_to = 1,
                                         .panels = panels_of,
                                         .tile = tile_i16,
                                         .rows = &linear_rows_avx512};

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int linear_avx512_is_not_for_this_cpu;
#endif
