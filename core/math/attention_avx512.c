/* SPDX-License-Identifier: MIT
 *
 * The kernels of attention.h for AVX-512 (F, DQ, BW, VL); target by pragma, as in kernels_avx512.c.
 */
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "math/rows_kernels.h"

#if defined(__clang__)
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl"))), apply_to = function)
#else
#pragma GCC target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl")
#endif

#define LANES_AVX512
#define DROP_LANES      16
#define drop_mul(a, m)  ((drop_l)_mm512_mul_epu32((__m512i)(a), (__m512i)(m)))
#define TALL            12
#define WIDE            2
#define ATTENTION_TABLE attention_avx512

#include "math/rows_lanes.h"

#include "math/attention_body.h"

#include "math/attention_back_body.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int attention_avx512_is_empty;
#endif
