/* SPDX-License-Identifier: MIT
 *
 * Scalar and row functions in double, in the forms that do not overflow or cancel.
 */
#include "math/special.h"

#include <math.h>
#include <stdlib.h>

double special_sigmoid(double x)
{
    if (x >= 0) return 1 / (1 + exp(-x));
    double e = exp(x);
    return e / (1 + e);
}

double special_logsumexp(const double *x, size_t n)
{
    double top = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i])) return x[i];
        if (x[i] > top) top = x[i];
    }
    if (isinf(top)) return top; /* nothing, all -inf, or +inf */
    for (size_t i = 0; i < n; i++) sum += exp(x[i] - top);
    return top + log(sum);
}

void special_softmax(const double *x, size_t n, double *out)
{
    double top = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++)
        if (x[i] > top) top = x[i];
    for (size_t i = 0; i < n; i++) sum += out[i] = x[i] == top ? 1 : exp(x[i] - top);
    for (size_t i = 0; i < n; i++) out[i] /= sum;
}

double special_normal_cdf(double x)
{
    return 0.5 * erfc(-x * 0.70710678118654752440);
}

/* Acklam 2003: rational approximations of relative error 1.15e-9 in the centre and the tails. */
static double acklam(double p)
{
    static const double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,
                               -2.759285104469687e+02, 1.383577518672690e+02,
                               -3.066479806614716e+01, 2.506628277459239e+00};
    static const double b[] = {-5.447609879822406e+01, 1.615858368580409e+02,
                               -1.556989798598866e+02, 6.680131188771972e+01,
                               -1.328068155288572e+01};
    static const double c[] = {-7.784894002430293e-03, -3.223964580411365e-01,
                               -2.400758277161838e+00, -2.549732539343734e+00,
                               4.374664141464968e+00,  2.938163982698783e+00};
    static const double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                               3.754408661907416e+00};
    if (p < 0.02425) {
        double q = sqrt(-2 * log(p));
        return (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
               ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
    }
    double q = p - 0.5, r = q * q;
    return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
           (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}

double special_normal_quantile(double p)
{
    if (isnan(p) || p < 0 || p > 1) return NAN;
    if (p == 0) return -INFINITY;
    if (p == 1) return INFINITY;
    if (p > 0.5) return -special_normal_quantile(1 - p); /* 1 - p is exact there */
    double x = acklam(p);
    double e = (special_normal_cdf(x) - p) * 2.50662827463100050242 * exp(x * x / 2);
    return isfinite(e) ? x - e / (1 + x * e / 2) : x; /* Halley */
}

double special_mean(const double *x, size_t n)
{
    double sum = 0, lost = 0;
    for (size_t i = 0; i < n; i++) {
        double t = sum + x[i];
        lost += fabs(sum) >= fabs(x[i]) ? (sum - t) + x[i] : (x[i] - t) + sum;
        sum = t;
    }
    return n == 0 ? NAN : isfinite(lost) ? (sum + lost) / (double)n : sum / (double)n;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double special_quantile(double *x, size_t n, double q)
{
    if (n == 0 || isnan(q) || q < 0 || q > 1) return NAN;
    for (size_t i = 0; i < n; i++)
        if (isnan(x[i])) return NAN;
    qsort(x, n, sizeof *x, by_value);
    double at = q * (double)(n - 1), below = floor(at);
    size_t i = (size_t)below;
    if (i + 1 >= n || x[i] == x[i + 1]) return x[i];
    return x[i] + (at - below) * (x[i + 1] - x[i]);
}

static void sift(const double *x, uint32_t *index, size_t i, size_t n)
{
    uint32_t moved = index[i];
    for (;;) {
        size_t c = 2 * i + 1;
        if (c >= n) break;
        if (c + 1 < n && x[index[c + 1]] > x[index[c]]) c++;
        if (!(x[index[c]] > x[moved])) break;
        index[i] = index[c];
        i = c;
    }
    index[i] = moved;
}

/* Positions by value, by heapsort: n log n whatever the input, and ties need no order for ranks. */
static void sort_positions(const double *x, size_t n, uint32_t *index)
{
    for (size_t i = 0; i < n; i++) index[i] = (uint32_t)i;
    for (size_t i = n / 2; i > 0; i--) sift(x, index, i - 1, n);
    for (size_t last = n; last-- > 1;) {
        uint32_t top = index[0];
        index[0] = index[last];
        index[last] = top;
        sift(x, index, 0, last);
    }
}

void special_ranks(const double *x, size_t n, double *rank, uint32_t *scratch)
{
    sort_positions(x, n, scratch);
    for (size_t lo = 0; lo < n;) {
        size_t hi = lo + 1;
        while (hi < n && x[scratch[hi]] == x[scratch[lo]]) hi++;
        for (size_t t = lo; t < hi; t++) rank[scratch[t]] = 0.5 * (double)(lo + 1 + hi);
        lo = hi;
    }
}

double special_spearman(const double *a, const double *b, size_t n, double *scratch,
                        uint32_t *index)
{
    double *ra = scratch, *rb = scratch + n, middle = 0.5 * (double)(n + 1);
    for (size_t i = 0; i < n; i++)
        if (isnan(a[i]) || isnan(b[i])) return NAN;
    special_ranks(a, n, ra, index);
    special_ranks(b, n, rb, index);
    double aa = 0, bb = 0, ab = 0; /* multiples of 1/4: exact below 2^52 */
    for (size_t i = 0; i < n; i++) {
        double da = ra[i] - middle, db = rb[i] - middle;
        aa += da * da;
        bb += db * db;
        ab += da * db;
    }
    if (!(aa > 0 && bb > 0)) return NAN;
    double r = ab / (sqrt(aa) * sqrt(bb));
    return r > 1 ? 1 : r < -1 ? -1 : r;
}
