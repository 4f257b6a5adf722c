/* SPDX-License-Identifier: MIT
 *
 * Cholesky factors in double, by rows: every inner loop runs over contiguous memory.
 */
#include <math.h>

#include "math/solve.h"

static double dot(const double *a, const double *b, size_t n)
{
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        s0 += a[i] * b[i];
        s1 += a[i + 1] * b[i + 1];
        s2 += a[i + 2] * b[i + 2];
        s3 += a[i + 3] * b[i + 3];
    }
    for (; i < n; i++) s0 += a[i] * b[i];
    return (s0 + s1) + (s2 + s3);
}

/* A pivot that has lost all its digits is as good as zero. */
pm_status solve_cholesky(double *a, size_t n, pm_err *err)
{
    for (size_t i = 0; i < n; i++) {
        double *row = a + i * n, whole = row[i];
        for (size_t j = 0; j < i; j++) row[j] = (row[j] - dot(row, a + j * n, j)) / a[j * n + j];
        double pivot = whole - dot(row, row, i);
        if (!(pivot > whole * (double)n * 0x1p-52) || !isfinite(pivot))
            return err_set(err, PM_E_DIVERGED,
                           "Cholesky: pivot %zu of %zu is %g: the matrix is not positive definite",
                           i, n, pivot);
        row[i] = sqrt(pivot);
        for (size_t j = i + 1; j < n; j++) row[j] = 0;
    }
    return PM_OK;
}

void solve_cholesky_apply(const double *l, size_t n, double *b, size_t m)
{
    for (size_t i = 0; i < n; i++) {
        double *bi = b + i * m;
        for (size_t j = 0; j < i; j++)
            for (size_t c = 0; c < m; c++) bi[c] -= l[i * n + j] * b[j * m + c];
        for (size_t c = 0; c < m; c++) bi[c] /= l[i * n + i];
    }
    for (size_t i = n; i-- > 0;) {
        double *bi = b + i * m;
        for (size_t c = 0; c < m; c++) bi[c] /= l[i * n + i];
        for (size_t j = 0; j < i; j++)
            for (size_t c = 0; c < m; c++) b[j * m + c] -= l[i * n + j] * bi[c];
    }
}
