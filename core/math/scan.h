/* SPDX-License-Identifier: MIT
 *
 * Kernels of the weighted pass over a dense table: products of blocks of rows with one query or a group of
 * queries, weights from them, and sums of weights.  Every function gives the same bits on every instruction set.
 *
 * The float product: 16 lanes, lane = index mod 16, each a chain of fused multiply-adds from 0 over ascending
 * indices; then lanes l and l + 8 are added, then l and l + 4, l + 2, l + 1.  float16 is widened first, which is
 * exact.  Bytes: the exact integer sum i, as scale[row] * (step[query] * (float)i).
 */
#ifndef PM_MATH_SCAN_H
#define PM_MATH_SCAN_H

#include "math/compute.h"

#define SCAN_LANES 16
#define SCAN_GROUP 16 /* queries that go together */
#define SCAN_ROWS  64 /* most rows of a block */

typedef struct scan_rows { /* a block of a table */
    const void *at;        /* [n x ld]: float, float16 or int8, or what prepare() made of them */
    const float *scale;    /* [n] of bytes */
    size_t n, ld, cols;
    bool
        is_cold; /* many() is the first to read the block: it may ask for it, and beyond it, early */
} scan_rows;

typedef struct scan_query { /* one query, or a group of them */
    const float *at;        /* [n x ld] zeros from cols on; ld a multiple of 16 */
    const int8_t *bytes; /* [n x ld_bytes] likewise, of 64; or what pack() made of a whole group */
    const float *step;   /* [SCAN_GROUP] of bytes */
    const int32_t *sum;  /* [SCAN_GROUP] sums of the bytes */
    size_t n, ld, ld_bytes;
} scan_query;

/* The products of one kind of table. */
typedef struct scan_kind {
    void (*one)(const scan_rows *rows, const scan_query *q, float *out); /* out [n] */
    /* out [n][SCAN_GROUP]; columns from q->n on are set to anything. */
    void (*many)(const scan_rows *rows, const scan_query *q, float *out);
    /* Turns a block into the form that many() reads, in room [scan_room_bytes]; NULL: as stored. */
    void (*prepare)(scan_rows *rows, void *room);
    /* Turns a group [SCAN_GROUP x ld] into the form that many() reads, of the same size; NULL: as it is. */
    void (*pack)(const int8_t *bytes, size_t ld, int8_t *out);
    /* Ends a run of prepare() and many() in this thread; NULL: nothing to end. */
    void (*release)(void);
} scan_kind;

/* What weights are made of: 2^(log2_gamma * min(1, s * inverse)), the exponent held within +-120. */
typedef struct scan_entries {
    const pm_tally *how;
    size_t n; /* entries of all rows */
    float log2_gamma;
} scan_entries;

typedef struct scan_kernels {
    scan_kind f32, f16, i8;
    void (*top)(const float *s, size_t n, float top[SCAN_GROUP]); /* of [n][SCAN_GROUP], onto top */
    /* w[i] = weight of s[i]; n a multiple of 16. */
    void (*weigh)(const float *s, size_t n, float inverse, float log2_gamma, float *w);
    /* acc [classes][SCAN_GROUP] += amount * weight for the entries of rows [lo, hi), s being that of row lo; false
     * if starts or classes are out of range. */
    bool (*add)(const scan_entries *e, const float *s, size_t lo, size_t hi,
                const float inverse[SCAN_GROUP], double *acc);
} scan_kernels;

extern const scan_kernels scan_scalar;
#if defined(__x86_64__)
extern const scan_kernels scan_avx2;
extern const scan_kernels scan_avx512;
extern const scan_kernels scan_avx512_vnni; /* differs in the integer products only */
/* Where the assembler knows AMX (PM_HAVE_AMX), batches of bytes on tiles: math/scan_amx.c. */
extern const scan_kernels scan_amx;
void scan_amx_prepare(scan_rows *rows, void *room);
void scan_amx_pack(const int8_t *bytes, size_t ld, int8_t *out);
void scan_amx_many(const scan_rows *rows, const scan_query *q, float *out);
void scan_amx_release(void);
#endif

static inline size_t scan_room_bytes(size_t cols)
{
    return SCAN_ROWS * ((cols + 63) / 64 * 64) * sizeof(float);
}

/* The entries of row r; false if they are out of range. */
static inline bool scan_range(const scan_entries *e, size_t r, size_t *lo, size_t *hi)
{
    const uint64_t *start = e->how->start;
    *lo = start ? (size_t)start[r] : r;
    *hi = start ? (size_t)start[r + 1] : r + 1;
    return *lo <= *hi && *hi <= e->n;
}

/* ---- 2^t ---- */

/* t is rounded to an integer by adding EXP2_ROUND, whose low bits then hold it; on [-0.5, 0.5] the polynomial
 * (Taylor, to the sixth power) is within 1.2e-7 of 2^t, relatively. */
#define EXP2_ROUND 12582912.0f /* 1.5 * 2^23 */
#define EXP2_MOST  120.0f
#define EXP2_C1    0.693147180559945f
#define EXP2_C2    0.240226506959101f
#define EXP2_C3    0.0555041086648216f
#define EXP2_C4    0.00961812910762848f
#define EXP2_C5    0.00133335581464284f
#define EXP2_C6    0.000154035303933816f

#endif
