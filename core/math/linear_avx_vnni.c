/* SPDX-License-Identifier: MIT
 *
 * Dense layers of int8 for AVX-VNNI, the 256 bit form of processors without AVX-512; see linear_avx512_vnni.c.
 */
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "math/kernels.h"
#include "math/linear_kernels.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avxvnni"))), apply_to = function)
#else
#pragma GCC target("avx2,fma,f16c,avxvnni")
#endif

#include "math/linear_ymm.h"

#define TILE            tile_u8
#define TILE_PARTS      1
#define TILE_VECS       2
#define t_sum           __m256i
#define t_word          __m256i
#define t_zero()        _mm256_setzero_si256()
#define t_load(p)       _mm256_loadu_si256((const void *)(p))
#define t_spread(p)     spread_word(p)
#define t_store(p, v)   _mm256_store_si256((void *)(p), v)
#define t_part(w, h)    (w)
#define t_step(s, x, w) _mm256_dpbusd_avx_epi32(s, x, w)
#include "math/linear_tile.h"

const linear_kernels linear_avx_vnni_i8 = {.name = "avx vnni i8",
                                           .word = LINEAR_WORD_I8,
                                           .form = LINEAR_U8,
                                           .width = 16,
                                           .depth = 4,
                                           .most = 6,
                                           .round_to = 1,
                                           .panels = panels_of,
                                           .tile = tile_u8,
                                           .rows = &linear_rows_avx2};

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int linear_avx_vnni_is_not_for_this_cpu;
#endif
