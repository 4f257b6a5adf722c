/* SPDX-License-Identifier: MIT
 *
 * Kernels of the weighted pass for AVX2 + FMA + F16C.  The 16 lanes of a product are walked as two halves of eight,
 * so that a tile of 2 rows x 4 queries stays in registers.
 */
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "math/kernels.h"
#include "math/scan.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#else
#pragma GCC target("avx2,fma,f16c")
#endif

#define LANES 8
typedef __m256 vec;
#define v_load(p)      _mm256_loadu_ps(p)
#define v_store(p, v)  _mm256_storeu_ps(p, v)
#define v_set1(a)      _mm256_set1_ps(a)
#define v_add(a, b)    _mm256_add_ps(a, b)
#define v_sub(a, b)    _mm256_sub_ps(a, b)
#define v_mul(a, b)    _mm256_mul_ps(a, b)
#define v_fma(a, b, c) _mm256_fmadd_ps(a, b, c)
#define v_min(a, b)    _mm256_min_ps(a, b)
#define v_max(a, b)    _mm256_max_ps(a, b)
#define v_times_power(p, rounded)                                                                  \
    _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p),                                   \
                                         _mm256_slli_epi32(_mm256_castps_si256(rounded), 23)))

static inline __attribute__((always_inline)) void add_entry(const vec w[2], double amount,
                                                            double *acc)
{
    __m256d a = _mm256_set1_pd(amount);
    KERNEL_UNROLL for (size_t v = 0; v < 2; v++)
    {
        __m256d lo = _mm256_cvtps_pd(_mm256_castps256_ps128(w[v]));
        __m256d hi = _mm256_cvtps_pd(_mm256_extractf128_ps(w[v], 1));
        double *to = acc + v * LANES;
        _mm256_storeu_pd(to, _mm256_fmadd_pd(a, lo, _mm256_loadu_pd(to)));
        _mm256_storeu_pd(to + 4, _mm256_fmadd_pd(a, hi, _mm256_loadu_pd(to + 4)));
    }
}

#include "math/scan_lanes.h"

#define ROWS_TILE    2
#define QUERIES_TILE 4

/* ---- floats ---- */

/* The first n of 8 lanes; n <= 0: none. */
static inline __m256 load_n(const float *p, size_t from, size_t n)
{
    static const int32_t ones[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
    size_t live = n <= from ? 0 : n - from < LANES ? n - from : LANES;
    return _mm256_maskload_ps(p + (live ? from : 0),
                              _mm256_loadu_si256((const __m256i *)(const void *)(ones + 8 - live)));
}

/* The tree's last three steps. */
static inline float sum8(__m256 s)
{
    __m128 t = _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));
    t = _mm_add_ps(t, _mm_movehl_ps(t, t));
    return _mm_cvtss_f32(_mm_add_ss(t, _mm_movehdup_ps(t)));
}

/* One half of the lanes of a tile: columns j + 8 half .. + 7 of every 16. */
static inline __attribute__((always_inline)) void tile_half(const float *const x[ROWS_TILE],
                                                            const scan_query *q, const float *y,
                                                            size_t cols, size_t half,
                                                            __m256 acc[ROWS_TILE][QUERIES_TILE])
{
    size_t from = half * LANES, whole = cols / SCAN_LANES * SCAN_LANES;
    KERNEL_UNROLL for (size_t a = 0; a < ROWS_TILE; a++)
        KERNEL_UNROLL for (size_t b = 0; b < QUERIES_TILE; b++) acc[a][b] = _mm256_setzero_ps();
    for (size_t j = from; j < whole; j += SCAN_LANES) {
        __m256 v0 = v_load(x[0] + j), v1 = v_load(x[1] + j);
        KERNEL_UNROLL for (size_t b = 0; b < QUERIES_TILE; b++)
        {
            __m256 w = v_load(y + b * q->ld + j);
            acc[0][b] = v_fma(v0, w, acc[0][b]);
            acc[1][b] = v_fma(v1, w, acc[1][b]);
        }
    }
    if (whole == cols) return;
    __m256 v0 = load_n(x[0] + whole, from, cols - whole),
           v1 = load_n(x[1] + whole, from, cols - whole);
    KERNEL_UNROLL for (size_t b = 0; b < QUERIES_TILE; b++)
    {
        __m256 w = v_load(y + b * q->ld + whole + from);
        acc[0][b] = v_fma(v0, w, acc[0][b]);
        acc[1][b] = v_fma(v1, w, acc[1][b]);
    }
}

static void tile_f32(const scan_rows *rows, const scan_query *q, size_t r, size_t i, float *out)
{
    const float *at = rows->at, *y = q->at + i * q->ld;
    bool is_pair = r + 1 < rows->n;
    const float *const x[ROWS_TILE] = {at + r * rows->ld, at + (is_pair ? r + 1 : r) * rows->ld};
    __m256 lo[ROWS_TILE][QUERIES_TILE], hi[ROWS_TILE][QUERIES_TILE];
    tile_half(x, q, y, rows->cols, 0, lo);
    tile_half(x, q, y, rows->cols, 1, hi);
    for (size_t a = 0; a < (is_pair ? 2u : 1u); a++)
        for (size_t b = 0; b < QUERIES_TILE; b++)
            out[(r + a) * SCAN_GROUP + i + b] = sum8(v_add(lo[a][b], hi[a][b]));
}

static void many_f32(const scan_rows *rows, const scan_query *q, float *out)
{
    for (size_t r = 0; r < rows->n; r += ROWS_TILE)
        for (size_t i = 0; i < q->n; i += QUERIES_TILE) tile_f32(rows, q, r, i, out);
}

static void one_f32(const scan_rows *rows, const scan_query *q, float *out)
{
    size_t cols = rows->cols, whole = cols / SCAN_LANES * SCAN_LANES;
    for (size_t r = 0; r < rows->n; r++) {
        const float *x = (const float *)rows->at + r * rows->ld;
        __m256 lo = _mm256_setzero_ps(), hi = lo;
        for (size_t j = 0; j < whole; j += SCAN_LANES) {
            lo = v_fma(v_load(x + j), v_load(q->at + j), lo);
            hi = v_fma(v_load(x + j + LANES), v_load(q->at + j + LANES), hi);
        }
        if (whole < cols) {
            lo = v_fma(load_n(x + whole, 0, cols - whole), v_load(q->at + whole), lo);
            hi = v_fma(load_n(x + whole, LANES, cols - whole), v_load(q->at + whole + LANES), hi);
        }
        out[r] = sum8(v_add(lo, hi));
    }
}

static inline __m256 load_f16(const uint16_t *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)p));
}

/* The last columns, fewer than 16, as floats; zeros after them. */
static inline void tail_f16(const uint16_t *p, size_t n, float out[SCAN_LANES])
{
    uint16_t room[SCAN_LANES] = {0};
    memcpy(room, p, n * sizeof *p);
    v_store(out, load_f16(room));
    v_store(out + LANES, load_f16(room + LANES));
}

static void one_f16(const scan_rows *rows, const scan_query *q, float *out)
{
    size_t cols = rows->cols, whole = cols / SCAN_LANES * SCAN_LANES;
    float tail[SCAN_LANES];
    for (size_t r = 0; r < rows->n; r++) {
        const uint16_t *x = (const uint16_t *)rows->at + r * rows->ld;
        __m256 lo = _mm256_setzero_ps(), hi = lo;
        for (size_t j = 0; j < whole; j += SCAN_LANES) {
            lo = v_fma(load_f16(x + j), v_load(q->at + j), lo);
            hi = v_fma(load_f16(x + j + LANES), v_load(q->at + j + LANES), hi);
        }
        if (whole < cols) {
            tail_f16(x + whole, cols - whole, tail);
            lo = v_fma(v_load(tail), v_load(q->at + whole), lo);
            hi = v_fma(v_load(tail + LANES), v_load(q->at + whole + LANES), hi);
        }
        out[r] = sum8(v_add(lo, hi));
    }
}

static void widen(scan_rows *rows, void *room)
{
    size_t cols = rows->cols, whole = cols / SCAN_LANES * SCAN_LANES;
    size_t ld = (cols + SCAN_LANES - 1) / SCAN_LANES * SCAN_LANES;
    for (size_t r = 0; r < rows->n; r++) {
        const uint16_t *h = (const uint16_t *)rows->at + r * rows->ld;
        float *to = (float *)room + r * ld;
        for (size_t j = 0; j < whole; j += LANES) v_store(to + j, load_f16(h + j));
        if (whole < cols) tail_f16(h + whole, cols - whole, to + whole);
    }
    rows->at = room;
    rows->ld = ld;
}

/* ---- bytes ---- */

static inline __m256i load_bytes(const int8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* s + products of 32 bytes: |x| without sign times y with the sign of x.  Queries stay within +-127, so a pair of
 * products is at most 2 * 128 * 127, which 16 bits hold. */
static inline __m256i step_i8(__m256i s, __m256i x, __m256i y)
{
    __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(x), _mm256_sign_epi8(y, x));
    return _mm256_add_epi32(s, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

/* Rows r and, if there is one, r + 1 against `n` queries (1 or QUERIES_TILE). */
static inline __attribute__((always_inline)) void tile_i8(const scan_rows *rows, size_t r,
                                                          const int8_t *y, size_t ld, size_t n,
                                                          int32_t sum[ROWS_TILE][QUERIES_TILE])
{
    size_t cols = rows->cols, whole = cols / 32 * 32;
    const int8_t *x0 = (const int8_t *)rows->at + r * rows->ld;
    const int8_t *x1 = r + 1 < rows->n ? x0 + rows->ld : x0;
    int8_t tail[ROWS_TILE][32] = {{0}};
    __m256i acc[ROWS_TILE][QUERIES_TILE];
    KERNEL_UNROLL for (size_t b = 0; b < n; b++) acc[0][b] = acc[1][b] = _mm256_setzero_si256();
    for (size_t j = 0; j < whole; j += 32) {
        __m256i v0 = load_bytes(x0 + j), v1 = load_bytes(x1 + j);
        KERNEL_UNROLL for (size_t b = 0; b < n; b++)
        {
            __m256i w = load_bytes(y + b * ld + j);
            acc[0][b] = step_i8(acc[0][b], v0, w);
            acc[1][b] = step_i8(acc[1][b], v1, w);
        }
    }
    if (whole < cols) { /* the query is zero beyond its end */
        memcpy(tail[0], x0 + whole, cols - whole);
        memcpy(tail[1], x1 + whole, cols - whole);
        KERNEL_UNROLL for (size_t b = 0; b < n; b++)
        {
            __m256i w = load_bytes(y + b * ld + whole);
            acc[0][b] = step_i8(acc[0][b], load_bytes(tail[0]), w);
            acc[1][b] = step_i8(acc[1][b], load_bytes(tail[1]), w);
        }
    }
    KERNEL_UNROLL for (size_t a = 0; a < ROWS_TILE; a++)
        KERNEL_UNROLL for (size_t b = 0; b < n; b++)
    {
        __m128i s = _mm_add_epi32(_mm256_castsi256_si128(acc[a][b]),
                                  _mm256_extracti128_si256(acc[a][b], 1));
        s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
        sum[a][b] = _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
    }
}

static void many_i8(const scan_rows *rows, const scan_query *q, float *out)
{
    int32_t sum[ROWS_TILE][QUERIES_TILE];
    for (size_t r = 0; r < rows->n; r += ROWS_TILE)
        for (size_t i = 0; i < q->n; i += QUERIES_TILE) {
            tile_i8(rows, r, q->bytes + i * q->ld_bytes, q->ld_bytes, QUERIES_TILE, sum);
            for (size_t a = 0; a < ROWS_TILE && r + a < rows->n; a++)
                for (size_t b = 0; b < QUERIES_TILE; b++)
                    out[(r + a) * SCAN_GROUP + i + b] = rows->scale[r + a] *
                                                        (q->step[i + b] * (float)sum[a][b]);
        }
}

static void one_i8(const scan_rows *rows, const scan_query *q, float *out)
{
    int32_t sum[ROWS_TILE][QUERIES_TILE];
    for (size_t r = 0; r < rows->n; r += ROWS_TILE) {
        tile_i8(rows, r, q->bytes, q->ld_bytes, 1, sum);
        for (size_t a = 0; a < ROWS_TILE && r + a < rows->n; a++)
            out[r + a] = rows->scale[r + a] * (q->step[0] * (float)sum[a][0]);
    }
}

const scan_kernels scan_avx2 = {.f32 = {one_f32, many_f32, NULL, NULL, NULL},
                                .f16 = {one_f16, many_f32, widen, NULL, NULL},
                                .i8 = {one_i8, many_i8, NULL, NULL, NULL},
                                .top = top,
                                .weigh = weigh,
                                .add = add};

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int scan_avx2_is_for_x86_64;
#endif
