/* SPDX-License-Identifier: MIT
 *
 * Kernels of the weighted pass for AVX-512 (F, DQ, BW, VL), with and without VNNI.  Tiles of 4 rows x 4 queries keep
 * 16 accumulators of lanes in registers, which one fixed transposing tree turns into the 16 results.
 */
#if defined(__x86_64__)
#include <immintrin.h>

#include "config.h"
#include "math/kernels.h"
#include "math/scan.h"

#if defined(__clang__)
#pragma clang attribute push(                                                                      \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512dq,avx512bw,avx512vl"))),                   \
    apply_to = function)
#define VNNI __attribute__((target("avx2,fma,f16c,avx512f,avx512dq,avx512bw,avx512vl,avx512vnni")))
#else
#pragma GCC target("avx2,fma,f16c,avx512f,avx512dq,avx512bw,avx512vl")
#define VNNI __attribute__((target("avx512vnni")))
#endif

#define LANES 16
typedef __m512 vec;
#define v_load(p)      _mm512_loadu_ps(p)
#define v_store(p, v)  _mm512_storeu_ps(p, v)
#define v_set1(a)      _mm512_set1_ps(a)
#define v_add(a, b)    _mm512_add_ps(a, b)
#define v_sub(a, b)    _mm512_sub_ps(a, b)
#define v_mul(a, b)    _mm512_mul_ps(a, b)
#define v_fma(a, b, c) _mm512_fmadd_ps(a, b, c)
#define v_min(a, b)    _mm512_min_ps(a, b)
#define v_max(a, b)    _mm512_max_ps(a, b)
#define v_times_power(p, rounded)                                                                  \
    _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(p),                                   \
                                         _mm512_slli_epi32(_mm512_castps_si512(rounded), 23)))

static inline __attribute__((always_inline)) void add_entry(const vec w[1], double amount,
                                                            double *acc)
{
    __m512d a = _mm512_set1_pd(amount), lo = _mm512_cvtps_pd(_mm512_castps512_ps256(w[0]));
    __m512d hi = _mm512_cvtps_pd(_mm512_extractf32x8_ps(w[0], 1));
    _mm512_storeu_pd(acc, _mm512_fmadd_pd(a, lo, _mm512_loadu_pd(acc)));
    _mm512_storeu_pd(acc + 8, _mm512_fmadd_pd(a, hi, _mm512_loadu_pd(acc + 8)));
}

#include "math/scan_lanes.h"

#define TILE    4
#define KEEP(v) __asm__("" : "+v"(v)) /* stops gcc 12 from copying accumulators at every step */
#define EACH(i) KERNEL_UNROLL for (size_t i = 0; i < TILE; i++)

static inline __mmask16 first_of(size_t n) /* of 16 lanes */
{
    return (__mmask16)((1u << n) - 1);
}

/* ---- floats ---- */

/* Lanes of four rows and four queries to [row][query]. */
static inline __attribute__((always_inline)) __m512 tile_sums(__m512 acc[TILE][TILE])
{
    __m512 v[TILE], t[2];
    EACH(q)
    {
        __m512 a = acc[0][q], b = acc[1][q], c = acc[2][q], d = acc[3][q];
        __m512 x =
            _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
        __m512 y =
            _mm512_add_ps(_mm512_shuffle_f32x4(c, d, 0x44), _mm512_shuffle_f32x4(c, d, 0xee));
        v[q] = _mm512_add_ps(_mm512_shuffle_f32x4(x, y, 0x88), _mm512_shuffle_f32x4(x, y, 0xdd));
    }
    KERNEL_UNROLL for (size_t i = 0; i < 2; i++)
    {
        __m512 a = v[2 * i], b = v[2 * i + 1];
        t[i] = _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x44), _mm512_shuffle_ps(a, b, 0xee));
    }
    return _mm512_add_ps(_mm512_shuffle_ps(t[0], t[1], 0x88), _mm512_shuffle_ps(t[0], t[1], 0xdd));
}

static inline __attribute__((always_inline)) void tile_store(__m512 sums, size_t rows, float *out)
{
    _mm_storeu_ps(out, _mm512_castps512_ps128(sums));
    if (rows > 1) _mm_storeu_ps(out + SCAN_GROUP, _mm512_extractf32x4_ps(sums, 1));
    if (rows > 2) _mm_storeu_ps(out + 2 * SCAN_GROUP, _mm512_extractf32x4_ps(sums, 2));
    if (rows > 3) _mm_storeu_ps(out + 3 * SCAN_GROUP, _mm512_extractf32x4_ps(sums, 3));
}

/* Offsets of the rows of a tile that begins at r; beyond the end the last one again. */
static inline void tile_rows(const scan_rows *rows, size_t r, size_t at[TILE])
{
    for (size_t i = 0; i < TILE; i++) at[i] = (r + i < rows->n ? r + i : rows->n - 1) * rows->ld;
}

/* Asks for the same columns of the next tile of rows, for a row of `bytes`. */

static void tile_f32(const scan_rows *rows, const scan_query *q, size_t r, size_t i, float *out)
{
    size_t at[TILE], j = 0, cols = rows->cols;
    tile_rows(rows, r, at);
    const float *x0 = (const float *)rows->at + at[0], *x1 = (const float *)rows->at + at[1];
    const float *x2 = (const float *)rows->at + at[2], *x3 = (const float *)rows->at + at[3];
    const float *y = q->at + i * q->ld;

    __m512 acc[TILE][TILE];
    EACH(a) EACH(b) acc[a][b] = _mm512_setzero_ps();
    for (; j + LANES <= cols; j += LANES) {
        __m512 v[TILE] = {v_load(x0 + j), v_load(x1 + j), v_load(x2 + j), v_load(x3 + j)};

        EACH(b)
        {
            __m512 w = v_load(y + b * q->ld + j);
            EACH(a) acc[a][b] = v_fma(v[a], w, acc[a][b]);
        }
    }
    if (j < cols) {
        __mmask16 m = first_of(cols - j);
        __m512 v[TILE] = {_mm512_maskz_loadu_ps(m, x0 + j), _mm512_maskz_loadu_ps(m, x1 + j),
                          _mm512_maskz_loadu_ps(m, x2 + j), _mm512_maskz_loadu_ps(m, x3 + j)};
        EACH(b)
        {
            __m512 w = v_load(y + b * q->ld + j);
            EACH(a) acc[a][b] = v_fma(v[a], w, acc[a][b]);
        }
    }
    tile_store(tile_sums(acc), rows->n - r, out + r * SCAN_GROUP + i);
}

/* Asks for row r + i of the next tile of rows while tile (r, i) runs: several rows at once are more than the
 * hardware foresees.  The end of a block asks for what follows it in the table.  (Inlined for sure: gcc drops calls of
 * functions that only prefetch.) */
static inline __attribute__((always_inline)) void ask_ahead(const scan_rows *rows, size_t r,
                                                            size_t i, size_t bytes)
{
    const char *next = (const char *)rows->at + (r + TILE + i / TILE) * rows->ld * bytes;
    for (size_t j = 0; j < rows->cols * bytes && rows->is_cold; j += 64)
        _mm_prefetch(next + j, _MM_HINT_T1);
}

static void many_f32(const scan_rows *rows, const scan_query *q, float *out)
{
    for (size_t r = 0; r < rows->n; r += TILE)
        for (size_t i = 0; i < q->n; i += TILE) {
            ask_ahead(rows, r, i, sizeof(float));
            tile_f32(rows, q, r, i, out);
        }
}

static inline float sum16(__m512 v)
{
    __m256 s = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    __m128 t = _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));
    t = _mm_add_ps(t, _mm_movehl_ps(t, t));
    return _mm_cvtss_f32(_mm_add_ss(t, _mm_movehdup_ps(t)));
}

/* Row after row: tables are read at the speed of memory only in the order in which they lie, and asked for early. */
#define AHEAD  8192 /* bytes */
#define ASK(p) _mm_prefetch((const char *)(p) + AHEAD, _MM_HINT_T0)

static void one_f32(const scan_rows *rows, const scan_query *q, float *out)
{
    size_t whole = rows->cols / LANES * LANES;
    __mmask16 m = first_of(rows->cols - whole);
    for (size_t r = 0; r < rows->n; r++) {
        const float *x = (const float *)rows->at + r * rows->ld;
        __m512 acc = _mm512_setzero_ps();
        for (size_t j = 0; j < whole; j += LANES) {
            ASK(x + j);
            acc = v_fma(v_load(x + j), v_load(q->at + j), acc);
        }
        if (m) acc = v_fma(_mm512_maskz_loadu_ps(m, x + whole), v_load(q->at + whole), acc);
        out[r] = sum16(acc);
    }
}

static inline __m512 load_f16(const uint16_t *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
}

static inline __m512 load_f16_n(const uint16_t *p, __mmask16 m)
{
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(m, p));
}

static void one_f16(const scan_rows *rows, const scan_query *q, float *out)
{
    size_t pairs = rows->cols / (2 * LANES) * 2 * LANES;
    for (size_t r = 0; r < rows->n; r++) {
        const uint16_t *x = (const uint16_t *)rows->at + r * rows->ld;
        __m512 acc = _mm512_setzero_ps();
        size_t j = 0;
        for (; j < pairs; j += 2 * LANES) {
            ASK(x + j);
            acc = v_fma(load_f16(x + j), v_load(q->at + j), acc);
            acc = v_fma(load_f16(x + j + LANES), v_load(q->at + j + LANES), acc);
        }
        for (; j < rows->cols; j += LANES) {
            size_t left = rows->cols - j;
            __mmask16 m = left < LANES ? first_of(left) : (__mmask16)0xffff;
            acc = v_fma(load_f16_n(x + j, m), v_load(q->at + j), acc);
        }
        out[r] = sum16(acc);
    }
}

static void widen(scan_rows *rows, void *room)
{
    size_t ld = (rows->cols + LANES - 1) / LANES * LANES;
    float *to = room;
    for (size_t r = 0; r < rows->n; r++) {
        const uint16_t *h = (const uint16_t *)rows->at + r * rows->ld;
        size_t j = 0;
        for (; j + LANES <= rows->cols; j += LANES) v_store(to + r * ld + j, load_f16(h + j));
        if (j < rows->cols) v_store(to + r * ld + j, load_f16_n(h + j, first_of(rows->cols - j)));
    }
    rows->at = room;
    rows->ld = ld;
}

/* ---- bytes ---- */

static inline __attribute__((always_inline)) __m512i tile_sums_i32(__m512i acc[TILE][TILE])
{
    __m512i v[TILE], t[2];
    EACH(q)
    {
        __m512i a = acc[0][q], b = acc[1][q], c = acc[2][q], d = acc[3][q];
        __m512i x =
            _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x44), _mm512_shuffle_i32x4(a, b, 0xee));
        __m512i y =
            _mm512_add_epi32(_mm512_shuffle_i32x4(c, d, 0x44), _mm512_shuffle_i32x4(c, d, 0xee));
        v[q] = _mm512_add_epi32(_mm512_shuffle_i32x4(x, y, 0x88), _mm512_shuffle_i32x4(x, y, 0xdd));
    }
    KERNEL_UNROLL for (size_t i = 0; i < 2; i++)
        t[i] = _mm512_add_epi32(_mm512_unpacklo_epi64(v[2 * i], v[2 * i + 1]),
                                _mm512_unpackhi_epi64(v[2 * i], v[2 * i + 1]));
    __m512 a = _mm512_castsi512_ps(t[0]), b = _mm512_castsi512_ps(t[1]);
    return _mm512_add_epi32(_mm512_castps_si512(_mm512_shuffle_ps(a, b, 0x88)),
                            _mm512_castps_si512(_mm512_shuffle_ps(a, b, 0xdd)));
}

/* scale[row] * (step[query] * sum), sums as [row][query]. */
static inline __attribute__((always_inline)) void tile_scaled(__m512i sums, const scan_rows *rows,
                                                              const scan_query *q, size_t r,
                                                              size_t i, float *out)
{
    float scale[TILE];
    for (size_t k = 0; k < TILE; k++) scale[k] = rows->scale[r + k < rows->n ? r + k : r];
    __m512 step = _mm512_broadcast_f32x4(_mm_loadu_ps(q->step + i));
    __m512 by =
        _mm512_permutexvar_ps(_mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0),
                              _mm512_castps128_ps512(_mm_loadu_ps(scale)));
    tile_store(v_mul(by, v_mul(step, _mm512_cvtepi32_ps(sums))), rows->n - r,
               out + r * SCAN_GROUP + i);
}

/* Signed bytes in halves, widened to 16 bits. */
static inline __attribute__((always_inline)) __m512i wide(const int8_t *p, __mmask32 m)
{
    return _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(m, p));
}

static inline __mmask32 live32(size_t n, size_t j) /* of columns j .. j + 31 */
{
    return n - j >= 32 ? ~(__mmask32)0 : ((__mmask32)1 << (n - j)) - 1;
}

static void tile_i8(const scan_rows *rows, const scan_query *q, size_t r, size_t i, float *out)
{
    size_t at[TILE];
    tile_rows(rows, r, at);
    const int8_t *x = rows->at, *y = q->bytes + i * q->ld_bytes;
    __m512i acc[TILE][TILE];
    EACH(a) EACH(b) acc[a][b] = _mm512_setzero_si512();
    for (size_t j = 0; j < rows->cols; j += 32) {
        __mmask32 m = live32(rows->cols, j);
        __m512i v[TILE];
        EACH(a) v[a] = wide(x + at[a] + j, m);
        EACH(b)
        {
            __m512i w = wide(y + b * q->ld_bytes + j, m);
            EACH(a) acc[a][b] = _mm512_add_epi32(acc[a][b], _mm512_madd_epi16(v[a], w));
        }
    }
    tile_scaled(tile_sums_i32(acc), rows, q, r, i, out);
}

static void many_i8(const scan_rows *rows, const scan_query *q, float *out)
{
    for (size_t r = 0; r < rows->n; r += TILE)
        for (size_t i = 0; i < q->n; i += TILE) tile_i8(rows, q, r, i, out);
}

static void one_i8(const scan_rows *rows, const scan_query *q, float *out)
{
    for (size_t r = 0; r < rows->n; r++) {
        const int8_t *x = (const int8_t *)rows->at + r * rows->ld;
        __m512i acc[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
        size_t j = 0;
        for (; j + 64 <= rows->cols; j += 64)
            KERNEL_UNROLL for (size_t k = 0; k < 2; k++) acc[k] = _mm512_add_epi32(
                acc[k], _mm512_madd_epi16(wide(x + j + 32 * k, ~(__mmask32)0),
                                          wide(q->bytes + j + 32 * k, ~(__mmask32)0)));
        for (; j < rows->cols; j += 32) {
            __mmask32 m = live32(rows->cols, j);
            acc[0] =
                _mm512_add_epi32(acc[0], _mm512_madd_epi16(wide(x + j, m), wide(q->bytes + j, m)));
        }
        int32_t sum = _mm512_reduce_add_epi32(_mm512_add_epi32(acc[0], acc[1]));
        out[r] = rows->scale[r] * (q->step[0] * (float)sum);
    }
}

/* vpdpbusd wants one operand without sign: x + 128, whose share 128 sum(q) is taken off again; all of it modulo
 * 2^32, the sum itself being smaller. */
VNNI static void tile_i8_vnni(const scan_rows *rows, const scan_query *q, size_t r, size_t i,
                              float *out)
{
    const __m512i flip = _mm512_set1_epi8((char)-128);
    size_t at[TILE], j = 0, cols = rows->cols;
    tile_rows(rows, r, at);
    const int8_t *x0 = (const int8_t *)rows->at + at[0], *x1 = (const int8_t *)rows->at + at[1];
    const int8_t *x2 = (const int8_t *)rows->at + at[2], *x3 = (const int8_t *)rows->at + at[3];
    const int8_t *y = q->bytes + i * q->ld_bytes;

    __m512i acc[TILE][TILE];
    EACH(a) EACH(b) acc[a][b] = _mm512_setzero_si512();
    for (; j + 64 <= cols; j += 64) {
        __m512i v[TILE] = {_mm512_loadu_si512(x0 + j), _mm512_loadu_si512(x1 + j),
                           _mm512_loadu_si512(x2 + j), _mm512_loadu_si512(x3 + j)};
        EACH(a) v[a] = _mm512_xor_si512(v[a], flip);

        EACH(b)
        {
            __m512i w = _mm512_loadu_si512(y + b * q->ld_bytes + j);
            EACH(a)
            {
                acc[a][b] = _mm512_dpbusd_epi32(acc[a][b], v[a], w);
                KEEP(acc[a][b]);
            }
        }
    }
    if (j < cols) { /* the query is zero beyond its end */
        __mmask64 m = ((__mmask64)1 << (cols - j)) - 1;
        __m512i v[TILE] = {_mm512_maskz_loadu_epi8(m, x0 + j), _mm512_maskz_loadu_epi8(m, x1 + j),
                           _mm512_maskz_loadu_epi8(m, x2 + j), _mm512_maskz_loadu_epi8(m, x3 + j)};
        EACH(a) v[a] = _mm512_xor_si512(v[a], flip);
        EACH(b)
        {
            __m512i w = _mm512_loadu_si512(y + b * q->ld_bytes + j);
            EACH(a) acc[a][b] = _mm512_dpbusd_epi32(acc[a][b], v[a], w);
        }
    }
    __m512i share = _mm512_broadcast_i32x4(_mm_loadu_si128((const void *)(q->sum + i)));
    tile_scaled(_mm512_sub_epi32(tile_sums_i32(acc), _mm512_slli_epi32(share, 7)), rows, q, r, i,
                out);
}

VNNI static void many_i8_vnni(const scan_rows *rows, const scan_query *q, float *out)
{
    for (size_t r = 0; r < rows->n; r += TILE)
        for (size_t i = 0; i < q->n; i += TILE) {
            ask_ahead(rows, r, i, 1);
            tile_i8_vnni(rows, q, r, i, out);
        }
}

VNNI static void one_i8_vnni(const scan_rows *rows, const scan_query *q, float *out)
{
    const __m512i flip = _mm512_set1_epi8((char)-128);
    size_t cols = rows->cols;
    for (size_t r = 0; r < rows->n; r++) {
        const int8_t *x = (const int8_t *)rows->at + r * rows->ld;
        __m512i s = _mm512_setzero_si512(), t = s;
        size_t j = 0;
        for (; j + 128 <= cols; j += 128) {
            __m512i a = _mm512_xor_si512(_mm512_loadu_si512(x + j), flip);
            __m512i b = _mm512_xor_si512(_mm512_loadu_si512(x + j + 64), flip);
            ASK(x + j);
            ASK(x + j + 64);
            s = _mm512_dpbusd_epi32(s, a, _mm512_loadu_si512(q->bytes + j));
            t = _mm512_dpbusd_epi32(t, b, _mm512_loadu_si512(q->bytes + j + 64));
        }
        for (; j < cols; j += 64) {
            __mmask64 m = cols - j >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << (cols - j)) - 1;
            __m512i a = _mm512_xor_si512(_mm512_maskz_loadu_epi8(m, x + j), flip);
            s = _mm512_dpbusd_epi32(s, a, _mm512_loadu_si512(q->bytes + j));
        }
        uint32_t sum = (uint32_t)_mm512_reduce_add_epi32(_mm512_add_epi32(s, t));
        sum -= (uint32_t)q->sum[0] << 7;
        out[r] = rows->scale[r] * (q->step[0] * (float)(int32_t)sum);
    }
}

const scan_kernels scan_avx512 = {.f32 = {one_f32, many_f32, NULL, NULL, NULL},
                                  .f16 = {one_f16, many_f32, widen, NULL, NULL},
                                  .i8 = {one_i8, many_i8, NULL, NULL, NULL},
                                  .top = top,
                                  .weigh = weigh,
                                  .add = add};
const scan_kernels scan_avx512_vnni = {.f32 = {one_f32, many_f32, NULL, NULL, NULL},
                                       .f16 = {one_f16, many_f32, widen, NULL, NULL},
                                       .i8 = {one_i8_vnni, many_i8_vnni, NULL, NULL, NULL},
                                       .top = top,
                                       .weigh = weigh,
                                       .add = add};

#if defined(PM_HAVE_AMX)
const scan_kernels scan_amx = {
    .f32 = {one_f32, many_f32, NULL, NULL, NULL},
    .f16 = {one_f16, many_f32, widen, NULL, NULL},
    .i8 = {one_i8_vnni, scan_amx_many, scan_amx_prepare, scan_amx_pack, scan_amx_release},
    .top = top,
    .weigh = weigh,
    .add = add};
#endif

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int scan_avx512_is_for_x86_64;
#endif
