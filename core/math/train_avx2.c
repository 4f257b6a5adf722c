/* SPDX-License-Identifier: MIT
 *
 * The kernels of train.h for AVX2 with FMA; target by pragma, as in kernels_avx2.c.
 */
#if defined(__x86_64__)
#include <immintrin.h>

#include "math/kernels.h"
#include "math/train.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

#define LANES           8
#define ROWS            6
#define VECS            2
#define vl_mul(a, m)    ((vl)_mm256_mul_epu32((__m256i)(a), (__m256i)(m)))
#define vf_sqrt(v)      ((vf)_mm256_sqrt_ps((__m256)(v)))
#define vf_fma(a, b, c) ((vf)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define TRAIN_TABLE     train_avx2

#include "math/train_lanes.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int train_avx2_is_empty;
#endif
