/* SPDX-License-Identifier: MIT
 *
 * Kernels in plain C: the reference for the others and the only ones on a CPU that is not x86-64.
 * fmaf() and fma() are correctly rounded whether or not the CPU has the instruction.
 */
#include <math.h>

#include "math/half.h"
#include "math/kernels.h"
#include "math/scan.h"
#include "math/weight_grid_tile.h"

static float dot(const float *a, const float *b, size_t n)
{
    float lane[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t l = 0; l < 8; l++) lane[l] += a[i + l] * b[i + l];
    for (size_t l = 0; i + l < n; l++) lane[l] += a[i + l] * b[i + l];
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
           ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

/* A product of two floats is exact in double, so that adding it is the same as a fused step. */
static double dot64(const float *a, const float *b, size_t n)
{
    double lane[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t l = 0; l < 8; l++) lane[l] += (double)a[i + l] * (double)b[i + l];
    for (size_t l = 0; i + l < n; l++) lane[l] += (double)a[i + l] * (double)b[i + l];
    return kernel_tree8(lane);
}

static void axpy(float alpha, const float *x, float *y, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] = fmaf(alpha, x[i], y[i]);
}

static void axpy64(double alpha, const float *x, double *y, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] = fma(alpha, (double)x[i], y[i]);
}

static void gather(const float *val, const uint32_t *at, size_t n, const float *base, size_t ld,
                   float *out)
{
    for (size_t j = 0; j < SPARSE_COLS; j++) out[j] = 0;
    for (size_t e = 0; e < n; e++) axpy(val[e], base + at[e] * ld, out, SPARSE_COLS);
}

static void scatter(const float *val, const uint32_t *at, size_t n, const float *x, float *base,
                    size_t ld)
{
    for (size_t e = 0; e < n; e++) axpy(val[e], x, base + at[e] * ld, SPARSE_COLS);
}

static void scatter16(const float *val, const uint32_t *at, size_t n, uint32_t first,
                      const float *x, float *base, size_t ld)
{
    for (size_t e = 0; e < n; e++) {
        float *row = base + (at[e] - first) * ld;
        for (size_t j = 0; j < 16; j++) row[j] += val[e] * x[j];
    }
}

static void gather_i8(const float *val, const uint32_t *at, size_t n, const int8_t *base, size_t ld,
                      size_t cols, float *out)
{
    for (size_t e = 0; e < n; e++) {
        const int8_t *row = base + at[e] * ld;
        for (size_t j = 0; j < cols; j++) out[j] = fmaf(val[e], (float)row[j], out[j]);
    }
}

static void gemv(const float *table, size_t rows, size_t cols, size_t ld, const float *q,
                 float *out)
{
    for (size_t r = 0; r < rows; r++) out[r] = dot(table + r * ld, q, cols);
}

static float dot_f16(const uint16_t *a, const float *b, size_t n)
{
    float lane[8] = {0};
    for (size_t i = 0; i < n; i++) lane[i % 8] += half_to_float(a[i]) * b[i];
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
           ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

static float dot_i8(const int8_t *a, const int8_t *b, size_t n)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return (float)sum;
}

static void gemv_f16(const uint16_t *table, size_t rows, size_t cols, size_t ld, const float *q,
                     float *out)
{
    for (size_t r = 0; r < rows; r++) out[r] = dot_f16(table + r * ld, q, cols);
}

static void gemv_i8(const int8_t *table, size_t rows, size_t cols, size_t ld,
                    const int8_t *const q[2], float *const out[2])
{
    for (size_t r = 0; r < rows; r++)
        for (size_t p = 0; p < 2; p++) out[p][r] = dot_i8(table + r * ld, q[p], cols);
}

static void rows_gemm(const pm_cmat *x, const pm_cmat *w, const pm_mat *out)
{
    for (size_t i = 0; i < x->rows; i++)
        for (size_t p = 0; p < x->cols; p++)
            axpy(x->at[i * x->ld + p], w->at + p * w->ld, out->at + i * out->ld, w->cols);
}

static void row_gemm(const float *x, const float *w, size_t p, size_t n, size_t ldw,
                     const float *init, float *out)
{
    for (size_t j = 0; j < n; j++) out[j] = init ? init[j] : 0;
    for (size_t q = 0; q < p; q++) axpy(x[q], w + q * ldw, out, n);
}

static size_t above(const float *v, size_t n, float bound, uint32_t *hit)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        if (v[i] > bound) hit[found++] = (uint32_t)i;
    return found;
}

static void fix_tile(const int16_t *panel, const int16_t *query, size_t pairs, size_t n_query,
                     const float *bound, float *out, uint32_t *hit)
{
    for (size_t q = 0; q < n_query; q++) {
        uint32_t sum[FIX_ROWS] = {0}; /* unsigned: damaged tables wrap instead of overflowing */
        for (size_t p = 0; p < pairs; p++) {
            const int16_t *x = panel + p * 2 * FIX_ROWS, *y = query + (p * n_query + q) * 2;
            for (size_t r = 0; r < FIX_ROWS; r++)
                sum[r] += (uint32_t)(x[2 * r] * y[0]) + (uint32_t)(x[2 * r + 1] * y[1]);
        }
        hit[q] = 0;
        for (size_t r = 0; r < FIX_ROWS; r++) {
            out[q * FIX_ROWS + r] = (float)(int32_t)sum[r] * (1.0f / ((float)FIX_ONE * FIX_ONE));
            hit[q] |= (uint32_t)(out[q * FIX_ROWS + r] > bound[q]) << r;
        }
    }
}

const kernels kernels_scalar = {"scalar",  dot,     dot64,     axpy,         axpy64,
                                gather,    scatter, scatter16, gather_i8,    gemv,
                                dot_f16,   dot_i8,  gemv_f16,  gemv_i8,      row_gemm,
                                rows_gemm, above,   fix_tile,  &scan_scalar, &weight_scalar};
