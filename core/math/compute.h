/* SPDX-License-Identifier: MIT
 *
 * What computes: the CPU's real features, the kernels chosen for them, and the thread pool.  One value,
 * opened once by the app and passed down by pointer; nothing in math is global.
 */
#ifndef PM_MATH_COMPUTE_H
#define PM_MATH_COMPUTE_H

#include "base/err.h"
#include "base/threads.h"

typedef struct cpu_features {
    char brand[64];
    bool avx2, fma, f16c;
    bool avx512; /* F, DQ, BW and VL, and the system saves their registers */
    bool avx512_vnni, avx512_bf16, amx_bf16, amx_int8;
    bool avx_vnni; /* 256 bits, without AVX-512 */
    bool
        is_amd; /* whose bfloat16 products run at twice the rate of float32; Intel's at half of it */
} cpu_features;

/* CPUID and XCR0, no brand strings: what may really be executed.  Asks the kernel for the tile registers, which
 * Linux gives on request only. */
cpu_features cpu_detect(void);

/* Fixed point of the first pass over dense tables: x ~ q / FIX_ONE with q an int16.  A unit vector's
 * dot products stay below 2^30, so int32 sums are exact in any order. */
#define FIX_ONE   32767
#define FIX_ROWS  32 /* rows of a panel: [pairs of columns][FIX_ROWS][2] int16 */
#define FIX_QUERY 12 /* most queries of one fix_tile call: [pairs][queries][2] int16 */

#define SPARSE_COLS 96 /* of gather and scatter: what fits into registers */

/* Kernels of one instruction set: a static const table (math/kernels_*.c).  dot and axpy are exact
 * float32; dot64 is the canonical dot product: products and sums in double, lane = index mod 8,
 * lanes added as ((0+4)+(2+6))+((1+5)+(3+7)), so that every instruction set gives the same bits. */
typedef struct kernels {
    const char *name; /* "scalar", "avx2", "avx512", "amx" */
    float (*dot)(const float *a, const float *b, size_t n);
    double (*dot64)(const float *a, const float *b, size_t n);
    void (*axpy)(float alpha, const float *x, float *y, size_t n);     /* y = fma(alpha, x, y) */
    void (*axpy64)(double alpha, const float *x, double *y, size_t n); /* the same in double */
    /* For n sparse entries: out = sum of val[e] * base row at[e], and base row at[e] += val[e] * x, over
     * SPARSE_COLS columns; the same chains as n axpys. */
    void (*gather)(const float *val, const uint32_t *at, size_t n, const float *base, size_t ld,
                   float *out);
    void (*scatter)(const float *val, const uint32_t *at, size_t n, const float *x, float *base,
                    size_t ld);
    /* base row (at[e] - first) += val[e] * x, 16 columns; rounding as the instruction set likes. */
    void (*scatter16)(const float *val, const uint32_t *at, size_t n, uint32_t first,
                      const float *x, float *base, size_t ld);
    /* out[j] = fma chain over e ascending, from out[j], of val[e] * (base row at[e])[j], j < cols: rows of
     * bytes as numbers.  Same bits on every instruction set. */
    void (*gather_i8)(const float *val, const uint32_t *at, size_t n, const int8_t *base, size_t ld,
                      size_t cols, float *out);
    /* out[r] = dot(table row r, q) for r in [0, rows): streams the table once. */
    void (*gemv)(const float *table, size_t rows, size_t cols, size_t ld, const float *q,
                 float *out);
    float (*dot_f16)(const uint16_t *a, const float *b, size_t n);
    float (*dot_i8)(const int8_t *a, const int8_t *b,
                    size_t n); /* exact integer sum, rounded once */
    /* As gemv, of float16 rows; and of int8 rows with the two parts of a query at once: out[p][r] =
     * dot_i8(row r, q[p]). */
    void (*gemv_f16)(const uint16_t *table, size_t rows, size_t cols, size_t ld, const float *q,
                     float *out);
    void (*gemv_i8)(const int8_t *table, size_t rows, size_t cols, size_t ld,
                    const int8_t *const q[2], float *const out[2]);
    /* out = x W: out[j] = fma chain over p ascending from init[j] (NULL: 0).  The ROWWISE gemm:
     * same bits on every instruction set and whatever the batch. */
    void (*row_gemm)(const float *x, const float *w, size_t p, size_t n, size_t ldw,
                     const float *init, float *out);
    /* The same chain for `rows` rows at once, continued from what `out` holds. */
    void (*rows_gemm)(const pm_cmat *x, const pm_cmat *w, const pm_mat *out);
    /* Positions i with v[i] > bound, appended to hit; returns how many.  For top-k by threshold. */
    size_t (*above)(const float *v, size_t n, float bound, uint32_t *hit);
    /* Exact integer products of one panel with n_query packed queries (1, 4 or FIX_QUERY), as
     * out[q * FIX_ROWS + r] = sum / FIX_ONE^2; returns for each query the bits of rows > bound[q]. */
    void (*fix_tile)(const int16_t *panel, const int16_t *query, size_t pairs, size_t n_query,
                     const float *bound, float *out, uint32_t *above);
    const struct scan_kernels *scan;      /* of the weighted pass (math/scan.h) */
    const struct weight_kernels *weights; /* of the weight grid (math/weight_grid_tile.h) */
} kernels;

const kernels *kernels_choose(const cpu_features *cpu, const char *forced); /* NULL: best */

typedef struct compute {
    cpu_features cpu;
    const kernels *k;
    threads *pool;
    const char
        *blis; /* BLIS configuration asked for ("skx", "haswell", "as detected", "reference") */
} compute;

/* Detects, chooses, sets BLIS_ARCH_TYPE from the real features before BLIS starts (unless the user did)
 * and opens the pool.  POINTSMAN_CPU=scalar|avx2|avx512|amx forces kernels that the CPU can run. */
PM_MUST_USE pm_status compute_open(int n_threads, compute *out, pm_err *err);
void compute_close(compute *c);

#endif
