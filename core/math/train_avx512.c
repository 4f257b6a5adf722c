/* SPDX-License-Identifier: MIT
 *
 * The kernels of train.h for AVX-512 (F, DQ, BW, VL); target by pragma, as in kernels_avx512.c.
 */
#if defined(__x86_64__)
#include <immintrin.h>

#include "math/kernels.h"
#include "math/train.h"

#if defined(__clang__)
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl"))), apply_to = function)
#else
#pragma GCC target("avx2,fma,avx512f,avx512dq,avx512bw,avx512vl")
#endif

#define LANES           16
#define ROWS            6
#define VECS            4
#define vl_mul(a, m)    ((vl)_mm512_mul_epu32((__m512i)(a), (__m512i)(m)))
#define vf_sqrt(v)      ((vf)_mm512_sqrt_ps((__m512)(v)))
#define vf_fma(a, b, c) ((vf)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define TRAIN_TABLE     train_avx512

#include "math/train_lanes.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int train_avx512_is_empty;
#endif
