/* SPDX-License-Identifier: MIT
 *
 * The kernels of rows.h for AVX2 with FMA; target by pragma, as in kernels_avx2.c.
 */
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "math/rows_kernels.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

#define LANES_AVX2
#define DROP_LANES     8
#define drop_mul(a, m) ((drop_l)_mm256_mul_epu32((__m256i)(a), (__m256i)(m)))
#define ROWS_TABLE     rows_avx2

#include "math/rows_lanes.h"

#include "math/rows_body.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int rows_avx2_is_empty;
#endif
