/* SPDX-License-Identifier: MIT
 *
 * Kernels for AVX-512 (F, DQ, BW, VL), with and without VNNI.  The target is set by pragma, for this
 * file's functions alone, so that nothing of it can leak into code that runs on older CPUs.
 */
#if defined(__x86_64__)
#include <immintrin.h>

#include "config.h"
#include "math/kernels.h"
#include "math/scan.h"
#include "math/weight_grid_tile.h"

#if defined(__clang__)
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512dq,avx512bw,avx512vl"))),                   \
    apply_to = function)
#define VNNI __attribute__((target("avx2,fma,f16c,avx512f,avx512dq,avx512bw,avx512vl,avx512vnni")))
#else
#pragma GCC target("avx2,fma,f16c,avx512f,avx512dq,avx512bw,avx512vl")
#define VNNI __attribute__((target("avx512vnni")))
#endif

#define LANES      16
#define BLOCK_ROWS 6
#define BLOCK_VECS 4
#define BYTE_VECS  16
typedef __m512 vec;
#define v_zero()       _mm512_setzero_ps()
#define v_set1(a)      _mm512_set1_ps(a)
#define v_load(p)      _mm512_loadu_ps(p)
#define v_store(p, v)  _mm512_storeu_ps(p, v)
#define v_add(a, b)    _mm512_add_ps(a, b)
#define v_fma(a, b, c) _mm512_fmadd_ps(a, b, c)
#define v_load_i8(p)   _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const void *)(p))))
#define v_sum(v)       _mm512_reduce_add_ps(v)

static inline vec v_load_n(const float *p, size_t n)
{
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}
static inline void v_store_n(float *p, vec v, size_t n)
{
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v);
}

#include "math/kernels_lanes.h"

static double dot64(const float *a, const float *b, size_t n)
{
    __m512d s = _mm512_setzero_pd();
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        s = _mm512_fmadd_pd(_mm512_cvtps_pd(_mm256_loadu_ps(a + i)),
                            _mm512_cvtps_pd(_mm256_loadu_ps(b + i)), s);
    if (i < n) {
        __mmask8 m = (__mmask8)((1u << (n - i)) - 1);
        s = _mm512_fmadd_pd(_mm512_cvtps_pd(_mm256_maskz_loadu_ps(m, a + i)),
                            _mm512_cvtps_pd(_mm256_maskz_loadu_ps(m, b + i)), s);
    }
    double lane[8];
    _mm512_storeu_pd(lane, s);
    return kernel_tree8(lane);
}

static void axpy64(double alpha, const float *x, double *y, size_t n)
{
    __m512d a = _mm512_set1_pd(alpha);
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm512_storeu_pd(y + i, _mm512_fmadd_pd(a, _mm512_cvtps_pd(_mm256_loadu_ps(x + i)),
                                                _mm512_loadu_pd(y + i)));
    if (i < n) {
        __mmask8 m = (__mmask8)((1u << (n - i)) - 1);
        __m512d x8 = _mm512_cvtps_pd(_mm256_maskz_loadu_ps(m, x + i));
        _mm512_mask_storeu_pd(y + i, m, _mm512_fmadd_pd(a, x8, _mm512_maskz_loadu_pd(m, y + i)));
    }
}

static float dot_f16(const uint16_t *a, const float *b, size_t n)
{
    vec s0 = v_zero(), s1 = v_zero();
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        __m256i h = _mm256_loadu_si256((const __m256i *)(const void *)(a + i));
        __m256i g = _mm256_loadu_si256((const __m256i *)(const void *)(a + i + 16));
        s0 = v_fma(_mm512_cvtph_ps(h), v_load(b + i), s0);
        s1 = v_fma(_mm512_cvtph_ps(g), v_load(b + i + 16), s1);
    }
    for (; i < n; i += 16) {
        size_t rest = n - i < 16 ? n - i : 16;
        __mmask16 m = (__mmask16)((1u << rest) - 1);
        __m256i h = _mm256_maskz_loadu_epi16(m, a + i);
        s0 = v_fma(_mm512_cvtph_ps(h), v_load_n(b + i, rest), s0);
    }
    return v_sum(v_add(s0, s1));
}

static inline __m512i widen(const int8_t *p)
{
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)(const void *)p));
}

/* Bytes are widened to 16 bits; `STEP` adds the products of pairs to 32-bit lanes.  2^16 elements
 * cannot overflow their sum; longer vectors are summed in pieces. */
#define DOT_I8(STEP)                                                                               \
    int64_t sum = 0;                                                                               \
    for (size_t i = 0; i < n;) {                                                                   \
        size_t stop = n - i > (1u << 16) ? i + (1u << 16) : n;                                     \
        __m512i s = _mm512_setzero_si512(), t = s;                                                 \
        for (; i + 64 <= stop; i += 64) {                                                          \
            s = STEP(s, widen(a + i), widen(b + i));                                               \
            t = STEP(t, widen(a + i + 32), widen(b + i + 32));                                     \
        }                                                                                          \
        for (; i < stop; i += 32) {                                                                \
            __mmask32 m = stop - i < 32 ? (1u << (stop - i)) - 1 : 0xffffffffu;                    \
            __m512i x = _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(m, a + i));                   \
            __m512i y = _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(m, b + i));                   \
            s = STEP(s, x, y);                                                                     \
        }                                                                                          \
        i = stop;                                                                                  \
        sum += _mm512_reduce_add_epi32(_mm512_add_epi32(s, t));                                    \
    }                                                                                              \
    return (float)sum;
#define STEP_MADD(s, x, y) _mm512_add_epi32(s, _mm512_madd_epi16(x, y))
#define STEP_VNNI(s, x, y) _mm512_dpwssd_epi32(s, x, y)

static float dot_i8(const int8_t *a, const int8_t *b, size_t n){DOT_I8(STEP_MADD)} VNNI
    static float dot_i8_vnni(const int8_t *a, const int8_t *b, size_t n)
{
    DOT_I8(STEP_VNNI)
}

#define AHEAD_BYTES 8192 /* asked for early */
/* Row after row: tables are read at the speed of memory only in the order in which they lie. */
static void gemv_f16(const uint16_t *table, size_t rows, size_t cols, size_t ld, const float *q,
                     float *out)
{
    size_t whole = cols & ~(size_t)63;
    for (size_t r = 0; r < rows; r++) {
        const uint16_t *at = table + r * ld;
        vec s[4];
        KERNEL_UNROLL for (size_t k = 0; k < 4; k++) s[k] = v_zero();
        for (size_t j = 0; j < whole; j += 64) KERNEL_UNROLL for (size_t k = 0; k < 4; k++)
            {
                if (k % 2 == 0)
                    _mm_prefetch((const char *)(at + j + 16 * k) + AHEAD_BYTES, _MM_HINT_T0);
                __m256i h = _mm256_loadu_si256((const __m256i *)(const void *)(at + j + 16 * k));
                s[k] = v_fma(_mm512_cvtph_ps(h), v_load(q + j + 16 * k), s[k]);
            }
        out[r] = v_sum(v_add(v_add(s[0], s[1]), v_add(s[2], s[3])));
        if (whole < cols) out[r] += dot_f16(at + whole, q + whole, cols - whole);
    }
}

static void gemv_i8(const int8_t *table, size_t rows, size_t cols, size_t ld,
                    const int8_t *const q[2], float *const out[2])
{
    for (size_t r = 0; r < rows; r++)
        for (size_t p = 0; p < 2; p++) out[p][r] = dot_i8(table + r * ld, q[p], cols);
}

/* s + products of bytes: x without sign, y with. */
VNNI static inline __m512i step_u8(__m512i s, __m512i x, const int8_t *y, __mmask64 live)
{
    return _mm512_dpbusd_epi32(s, x, _mm512_maskz_loadu_epi8(live, y));
}

/* The sums of the lanes of a and of b, in the first two lanes: both in the steps of one. */
static inline __m128i sum_both(__m512i a, __m512i b)
{
    __m256i x = _mm256_add_epi32(_mm512_castsi512_si256(a), _mm512_extracti64x4_epi64(a, 1));
    __m256i y = _mm256_add_epi32(_mm512_castsi512_si256(b), _mm512_extracti64x4_epi64(b, 1));
    __m256i h = _mm256_hadd_epi32(x, y);
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(h), _mm256_extracti128_si256(h, 1));
    return _mm_hadd_epi32(s, s);
}

/* vpdpbusd wants one operand without sign: x + 128, whose share 128 sum(q) is taken off again.  Lanes
 * stay below 2^31 for 2^15 columns; wider rows are left to dot_i8.  Whole vectors of the table are
 * loaded without a mask: masked loads are not prefetched. */
VNNI static void gemv_i8_vnni(const int8_t *table, size_t rows, size_t cols, size_t ld,
                              const int8_t *const q[2], float *const out[2])
{
    const __m512i flip = _mm512_set1_epi8((char)-128), one = _mm512_set1_epi8(1);
    const int8_t *q0 = q[0], *q1 = q[1];
    const __mmask64 all = ~(__mmask64)0, rest = ((__mmask64)1 << (cols % 64)) - 1;
    const size_t whole = cols & ~(size_t)63;
    const bool narrow = cols <= 1u << 15;
    __m512i t0 = _mm512_setzero_si512(), t1 = t0;
    for (size_t j = 0; j < cols && narrow; j += 64) {
        t0 = step_u8(t0, one, q0 + j, j < whole ? all : rest);
        t1 = step_u8(t1, one, q1 + j, j < whole ? all : rest);
    }
    t0 = _mm512_slli_epi32(t0, 7);
    t1 = _mm512_slli_epi32(t1, 7);
    for (size_t r = 0; r < rows && narrow; r++) {
        const int8_t *x = table + r * ld;
        __m512i s0 = _mm512_setzero_si512(), s1 = s0;
        for (size_t j = 0; j < whole; j += 64) {
            __m512i a = _mm512_xor_si512(_mm512_loadu_si512(x + j), flip);
            _mm_prefetch((const char *)(x + j) + AHEAD_BYTES, _MM_HINT_T0);
            s0 = _mm512_dpbusd_epi32(s0, a, _mm512_loadu_si512(q0 + j));
            s1 = _mm512_dpbusd_epi32(s1, a, _mm512_loadu_si512(q1 + j));
        }
        if (rest) {
            __m512i a = _mm512_xor_si512(_mm512_maskz_loadu_epi8(rest, x + whole), flip);
            s0 = step_u8(s0, a, q0 + whole, rest);
            s1 = step_u8(s1, a, q1 + whole, rest);
        }
        __m128 both = _mm_cvtepi32_ps(sum_both(_mm512_sub_epi32(s0, t0), _mm512_sub_epi32(s1, t1)));
        out[0][r] = _mm_cvtss_f32(both);
        out[1][r] = _mm_cvtss_f32(_mm_movehdup_ps(both));
    }
    for (size_t r = 0; r < rows && !narrow; r++)
        for (size_t p = 0; p < 2; p++) out[p][r] = dot_i8_vnni(table + r * ld, q[p], cols);
}

static size_t above(const float *v, size_t n, float bound, uint32_t *hit)
{
    size_t found = 0;
    vec b = v_set1(bound);
    for (size_t i = 0; i < n; i += 16) {
        unsigned live = n - i < 16 ? (1u << (n - i)) - 1 : 0xffffu;
        __m512 x = _mm512_maskz_loadu_ps((__mmask16)live, v + i);
        unsigned m = _mm512_mask_cmp_ps_mask((__mmask16)live, x, b, _CMP_GT_OQ);
        for (; m; m &= m - 1) hit[found++] = (uint32_t)i + (uint32_t)__builtin_ctz(m);
    }
    return found;
}

/* One panel (two vectors of rows) against N queries: 2 N accumulators, at most 24, which leaves room
 * for the panel.  They are named one by one because compilers keep arrays of that size in memory,
 * and the empty asm stops gcc 12 from copying them at every step. */
#define QUERIES_1(X)  X(0)
#define QUERIES_4(X)  X(0) X(1) X(2) X(3)
#define QUERIES_12(X) QUERIES_4(X) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define TILE_OPEN(q)  __m512i lo##q = _mm512_setzero_si512(), hi##q = lo##q;
#define TILE_STEP(q)                                                                               \
    __builtin_memcpy(&two, y + 2 * q, sizeof two);                                                 \
    pair = _mm512_set1_epi32(two);                                                                 \
    lo##q = STEP(lo##q, x0, pair);                                                                 \
    hi##q = STEP(hi##q, x1, pair);                                                                 \
    __asm__("" : "+v"(lo##q), "+v"(hi##q));
#define TILE_CLOSE(q) hit[q] = tile_close(lo##q, hi##q, bound[q], out + q * FIX_ROWS);
#define TILE(N)                                                                                    \
    {                                                                                              \
        QUERIES_##N(TILE_OPEN) size_t p = 0;                                                       \
        do {                                                                                       \
            __m512i pair, x0 = _mm512_loadu_si512(panel + p * 2 * FIX_ROWS);                       \
            __m512i x1 = _mm512_loadu_si512(panel + p * 2 * FIX_ROWS + FIX_ROWS);                  \
            const int16_t *y = query + p * N * 2;                                                  \
            int32_t two;                                                                           \
            QUERIES_##N(TILE_STEP)                                                                 \
        } while (++p < pairs);                                                                     \
        QUERIES_##N(TILE_CLOSE)                                                                    \
    }

static inline __attribute__((always_inline)) uint32_t tile_close(__m512i lo, __m512i hi,
                                                                 float bound, float *out)
{
    const vec unit = v_set1(1.0f / ((float)FIX_ONE * FIX_ONE)), b = v_set1(bound);
    vec s0 = _mm512_mul_ps(_mm512_cvtepi32_ps(lo), unit);
    vec s1 = _mm512_mul_ps(_mm512_cvtepi32_ps(hi), unit);
    v_store(out, s0);
    v_store(out + 16, s1);
    return (uint32_t)_mm512_cmp_ps_mask(s0, b, _CMP_GT_OQ) |
           (uint32_t)_mm512_cmp_ps_mask(s1, b, _CMP_GT_OQ) << 16;
}

#define FIX_TILE                                                                                   \
    if (n_query == FIX_QUERY)                                                                      \
        TILE(12)                                                                                   \
    else if (n_query == 4)                                                                         \
        TILE(4)                                                                                    \
    else                                                                                           \
        TILE(1)

#define STEP STEP_MADD
static void fix_tile(const int16_t *panel, const int16_t *query, size_t pairs, size_t n_query,
                     const float *bound, float *out, uint32_t *hit){FIX_TILE}
#undef STEP
#define STEP STEP_VNNI
VNNI static void fix_tile_vnni(const int16_t *panel, const int16_t *query, size_t pairs,
                               size_t n_query, const float *bound, float *out, uint32_t *hit)
{
    FIX_TILE
}

const kernels kernels_avx512 = {"avx512",  dot,     dot64,     axpy,         axpy64,
                                gather,    scatter, scatter16, gather_i8,    gemv,
                                dot_f16,   dot_i8,  gemv_f16,  gemv_i8,      row_gemm,
                                rows_gemm, above,   fix_tile,  &scan_avx512, &weight_avx512};
const kernels kernels_avx512_vnni = {
    "avx512",          dot,           dot64,     axpy,      axpy64,  gather,
    scatter,           scatter16,     gather_i8, gemv,      dot_f16, dot_i8_vnni,
    gemv_f16,          gemv_i8_vnni,  row_gemm,  rows_gemm, above,   fix_tile_vnni,
    &scan_avx512_vnni, &weight_avx512};
#if defined(PM_HAVE_AMX)
const kernels kernels_amx = {"amx",     dot,         dot64,         axpy,         axpy64,
                             gather,    scatter,     scatter16,     gather_i8,    gemv,
                             dot_f16,   dot_i8_vnni, gemv_f16,      gemv_i8_vnni, row_gemm,
                             rows_gemm, above,       fix_tile_vnni, &scan_amx,    &weight_avx512};
#endif

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int kernels_avx512_is_for_x86_64;
#endif
