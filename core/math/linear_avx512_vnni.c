/* SPDX-License-Identifier: MIT
 *
 * Dense layers of int8 for AVX-512 with VNNI: x is made ready as unsigned bytes (x + 128), and what that adds, 128 times
 * the sum of a column, is taken off at the finish.  Its own file, so that no other function may use the instructions.
 */
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "math/kernels.h"
#include "math/linear_kernels.h"

#if defined(__clang__)
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512dq,avx512bw,avx512vl,avx512vnni"))),        \
    apply_to = function)
#else
#pragma GCC target("avx2,fma,f16c,avx512f,avx512dq,avx512bw,avx512vl,avx512vnni")
#endif

#include "math/linear_zmm.h"

#define TILE            tile_u8
#define TILE_PARTS      1
#define TILE_VECS       2
#define t_sum           __m512i
#define t_word          __m512i
#define t_zero()        _mm512_setzero_si512()
#define t_load(p)       _mm512_loadu_si512(p)
#define t_spread(p)     spread_word(p)
#define t_store(p, v)   _mm512_store_si512(p, v)
#define t_part(w, h)    (w)
#define t_step(s, x, w) _mm512_dpbusd_epi32(s, x, w)
#include "math/linear_tile.h"

const linear_kernels linear_avx512_vnni_i8 = {.name = "avx512 vnni i8",
                                              .word = LINEAR_WORD_I8,
                                              .form = LINEAR_U8,
                                              .width = 32,
                                              .depth = 4,
                                              .most = 14,
                                              .round_to = 1,
                                              .panels = panels_of,
                                              .tile = tile_u8,
                                              .rows = &linear_rows_avx512};

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int linear_avx512_vnni_is_not_for_this_cpu;
#endif
