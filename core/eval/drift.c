/* SPDX-License-Identifier: MIT
 *
 * Comparing two samples of scores.
 */
#include "eval/drift.h"

#include <math.h>

#include "math/special.h"

double drift_ks(const double *a, size_t n, const double *b, size_t m)
{
    double most = 0;
    for (size_t i = 0, j = 0; i < n && j < m;) {
        double at = a[i] < b[j] ? a[i] : b[j];
        while (i < n && a[i] <= at) i++;
        while (j < m && b[j] <= at) j++;
        double gap = fabs((double)i / (double)n - (double)j / (double)m);
        if (gap > most) most = gap;
    }
    return most;
}

double drift_p(double d, double n, double m)
{
    double root = sqrt(n * m / (n + m)), lambda = (root + 0.12 + 0.11 / root) * d;
    double sum = 0, sign = 1;
    if (lambda < 0.2) return 1; /* the series is 1 there to 1e-12, and slow */
    for (int k = 1; k <= 200; k++, sign = -sign) {
        double term = exp(-2 * k * k * lambda * lambda);
        sum += sign * term;
        if (term < 1e-16) break;
    }
    return fmin(1, fmax(0, 2 * sum));
}

void drift_share(size_t k, size_t n, double level, double *lo, double *hi)
{
    double z = special_normal_quantile(0.5 + level / 2), size = (double)n;
    double p = (double)k / size, scale = 1 + z * z / size;
    double middle = (p + z * z / (2 * size)) / scale;
    double half = z * sqrt(p * (1 - p) / size + z * z / (4 * size * size)) / scale;
    *lo = k == 0 ? 0 : middle - half;
    *hi = k == n ? 1 : middle + half;
}
