/* SPDX-License-Identifier: MIT
 *
 * Symmetric eigenvalues: Householder tridiagonalisation and QL with implicit shifts (Golub and Van Loan
 * 4th ed., 8.3), on full storage and arranged so that every long loop runs along a row.
 */
#include <math.h>
#include <string.h>

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

static void axpy(double alpha, const double *restrict x, double *restrict y, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += alpha * x[i];
}

/* Reflection k = I - beta v v' brings row k to (.., diag, off, 0, ..); v replaces the row's tail. */
static void tridiagonal(double *a, size_t n, double *diag, double *off, double *beta, double *w)
{
    for (size_t k = 0; k + 2 < n; k++) {
        double *v = a + k * n + k + 1;
        size_t m = n - k - 1;
        double norm = sqrt(dot(v, v, m)), head = v[0];
        diag[k] = a[k * n + k];
        off[k] = head > 0 ? -norm : norm;
        v[0] = head - off[k];
        double vv = dot(v, v, m);
        beta[k] = vv > 0 ? 2 / vv : 0;
        if (beta[k] == 0 || !isfinite(beta[k])) {
            beta[k] = 0;
            off[k] = head;
            continue;
        }
        for (size_t i = 0; i < m; i++) w[i] = beta[k] * dot(a + (k + 1 + i) * n + k + 1, v, m);
        axpy(-0.5 * beta[k] * dot(w, v, m), v, w, m);
        for (size_t i = 0; i < m; i++) {
            double *row = a + (k + 1 + i) * n + k + 1;
            double vi = v[i], wi = w[i];
            for (size_t j = 0; j < m; j++) row[j] -= vi * w[j] + wi * v[j];
        }
    }
    if (n >= 2) {
        diag[n - 2] = a[(n - 2) * n + n - 2];
        off[n - 2] = a[(n - 2) * n + n - 1];
    }
    diag[n - 1] = a[n * n - 1];
    off[n - 1] = 0;
}

/* z = product of the reflections; then transposed, so that vectors are rows. */
static void accumulate(const double *a, size_t n, const double *beta, double *z, double *t)
{
    memset(z, 0, n * n * sizeof *z);
    for (size_t i = 0; i < n; i++) z[i * n + i] = 1;
    for (size_t k = n < 2 ? 0 : n - 2; k-- > 0;) {
        const double *v = a + k * n + k + 1;
        size_t m = n - k - 1;
        memset(t, 0, m * sizeof *t);
        for (size_t i = 0; i < m; i++) axpy(v[i], z + (k + 1 + i) * n + k + 1, t, m);
        for (size_t i = 0; i < m; i++) axpy(-beta[k] * v[i], t, z + (k + 1 + i) * n + k + 1, m);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            double swap = z[i * n + j];
            z[i * n + j] = z[j * n + i];
            z[j * n + i] = swap;
        }
}

/* One QL sweep from m up to l; rows of z turn along. */
static void sweep(size_t l, size_t m, size_t n, double *d, double *e, double *z)
{
    double g = (d[l + 1] - d[l]) / (2 * e[l]), r = hypot(g, 1);
    double s = 1, c = 1, p = 0;
    g = d[m] - d[l] + e[l] / (g + copysign(r, g));
    for (size_t i = m; i-- > l;) {
        double f = s * e[i], b = c * e[i];
        r = hypot(f, g);
        e[i + 1] = r;
        if (r == 0) { /* the matrix splits here */
            d[i + 1] -= p;
            e[m] = 0;
            return;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        double q = (d[i] - g) * s + 2 * c * b;
        p = s * q;
        d[i + 1] = g + p;
        g = c * q - b;
        double *restrict lo = z + i * n, *restrict hi = z + (i + 1) * n;
        for (size_t k = 0; k < n; k++) {
            double x = hi[k], y = lo[k];
            hi[k] = s * y + c * x;
            lo[k] = c * y - s * x;
        }
    }
    d[l] -= p;
    e[l] = g;
    e[m] = 0;
}

static pm_status ql(size_t n, double *d, double *e, double *z, pm_err *err)
{
    for (size_t l = 0; l < n; l++)
        for (int sweeps = 0;; sweeps++) {
            size_t m = l;
            while (m + 1 < n && fabs(e[m]) > 0x1p-53 * (fabs(d[m]) + fabs(d[m + 1]))) m++;
            if (m == l) break;
            if (sweeps == 60 || !isfinite(d[l]))
                return err_set(err, PM_E_DIVERGED, "eigenvalue %zu of %zu does not settle", l, n);
            sweep(l, m, n, d, e, z);
        }
    return PM_OK;
}

pm_status solve_eigen(double *a, size_t n, double *value, arena *scratch, pm_err *err)
{
    if (n == 0) return PM_OK;
    for (size_t i = 0; i < n * n; i++)
        if (!isfinite(a[i])) return err_set(err, PM_E_ARG, "eigenvalues: the matrix is not finite");
    arena_mark mark = arena_save(scratch);
    double *d = arena_alloc(scratch, n, sizeof *d), *e = arena_alloc(scratch, n, sizeof *e);
    double *beta = arena_alloc(scratch, n, sizeof *beta), *w = arena_alloc(scratch, n, sizeof *w);
    double *z = arena_alloc(scratch, n, n * sizeof *z);
    pm_status s = PM_OK;
    if (!d || !e || !beta || !w || !z) {
        s = err_set(err, PM_E_MEMORY, "eigenvalues: no memory for [%zu x %zu]", n, n);
    } else {
        tridiagonal(a, n, d, e, beta, w);
        accumulate(a, n, beta, z, w);
        s = ql(n, d, e, z, err);
    }
    for (size_t j = 0; j < n && s == PM_OK; j++) { /* selection by size, largest first */
        size_t best = j;
        for (size_t i = j + 1; i < n; i++)
            if (d[i] > d[best]) best = i;
        value[j] = d[best];
        d[best] = d[j];
        for (size_t i = 0; i < n; i++) {
            a[i * n + j] = z[best * n + i];
            z[best * n + i] = z[j * n + i];
        }
    }
    arena_release(scratch, mark);
    return s;
}
