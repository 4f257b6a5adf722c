/* SPDX-License-Identifier: MIT
 *
 * Dense layers for AVX2 and FMA: float32; bfloat16 by float32 products, which reads half the bytes; int8 by exact
 * products of int16 pairs (those of bytes saturate).
 */
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "math/kernels.h"
#include "math/linear_kernels.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#else
#pragma GCC target("avx2,fma,f16c")
#endif

#define LANES_AVX2
#include "math/linear_rows.h"
#include "math/linear_ymm.h"

#define TILE            tile_f32
#define TILE_PARTS      1
#define TILE_VECS       2
#define t_sum           __m256
#define t_word          __m256
#define t_zero()        _mm256_setzero_ps()
#define t_load(p)       _mm256_loadu_ps((const void *)(p))
#define t_spread(p)     spread_float(p)
#define t_store(p, v)   _mm256_store_ps((void *)(p), v)
#define t_part(w, h)    (w)
#define t_step(s, x, w) _mm256_fmadd_ps(x, w, s)
#include "math/linear_tile.h"

/* The lower bfloat16 of each pair, or the upper one, as floats. */
static inline __attribute__((always_inline)) __m256 of_pair(__m256 w, size_t upper)
{
    __m256i bits = _mm256_castps_si256(w);
    return _mm256_castsi256_ps(upper ? _mm256_and_si256(bits, _mm256_set1_epi32((int)0xffff0000u))
                                     : _mm256_slli_epi32(bits, 16));
}

#define TILE            tile_bf16
#define TILE_PARTS      2
#define TILE_VECS       2
#define t_sum           __m256
#define t_word          __m256
#define t_zero()        _mm256_setzero_ps()
#define t_load(p)       _mm256_loadu_ps((const void *)(p))
#define t_spread(p)     spread_float(p)
#define t_store(p, v)   _mm256_store_ps((void *)(p), v)
#define t_part(w, h)    of_pair(w, h)
#define t_step(s, x, w) _mm256_fmadd_ps(x, w, s)
#include "math/linear_tile.h"

#define TILE            tile_i16
#define TILE_PARTS      1
#define TILE_VECS       2
#define t_sum           __m256i
#define t_word          __m256i
#define t_zero()        _mm256_setzero_si256()
#define t_load(p)       _mm256_loadu_si256((const void *)(p))
#define t_spread(p)     spread_word(p)
#define t_store(p, v)   _mm256_store_si256((void *)(p), v)
#define t_part(w, h)    (w)
#define t_step(s, x, w) _mm256_add_epi32(s, _mm256_madd_epi16(x, w))
#include "math/linear_tile.h"

const linear_rows linear_rows_avx2 = {ready, finish, columns};

const linear_kernels linear_avx2_f32 = {.name = "avx2 f32",
                                        .word = LINEAR_WORD_F32,
                                        .form = LINEAR_AS_IS,
                                        .width = 16,
                                        .depth = 1,
                                        .most = 6,
                                        .round_to = 1,
                                        .panels = panels_of,
                                        .tile = tile_f32,
                                        .rows = &linear_rows_avx2};
const linear_kernels linear_avx2_bf16 = {.name = "avx2 f32 of bf16",
                                         .word = LINEAR_WORD_BF16,
                                         .form = LINEAR_ROUNDED,
                                         .width = 16,
                                         .depth = 2,
                                         .most = 5,
                                         .round_to = 1,
                                         .panels = panels_of_pairs,
                                         .tile = tile_bf16,
                                         .rows = &linear_rows_avx2};
const linear_kernels linear_avx2_i8 = {.name = "avx2 i16",
                                       .word = LINEAR_WORD_I16,
                                       .form = LINEAR_I16,
                                       .width = 16,
                                       .depth = 2,
                                       .most = 6,
                                       .round_to = 1,
                                       .panels = panels_of,
                                       .tile = tile_i16,
                                       .rows = &linear_rows_avx2};

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int linear_avx2_is_not_for_this_cpu;
#endif
