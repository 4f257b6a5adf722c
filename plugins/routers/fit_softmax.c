/* SPDX-License-Identifier: MIT
 *
 * Softmaxes and leads; see fit_softmax.h.
 */
#include "fit_softmax.h"

#include <math.h>

double fit_sign(const struct fit_data *a)
{
    return a->kind == PM_VALUE_LOSS ? -1 : 1;
}

struct fit_softmax fit_softmax_begin(void)
{
    return (struct fit_softmax){-INFINITY, 0};
}

/* log_sum holds the sum itself, relative to the largest so far. */
void fit_softmax_add(struct fit_softmax *s, double x)
{
    if (x > s->most) {
        s->log_sum = s->log_sum * exp(s->most - x) + 1;
        s->most = x;
    } else {
        s->log_sum += exp(x - s->most);
    }
}

double fit_softmax_log(const struct fit_softmax *s, double x)
{
    return x - s->most - log(s->log_sum);
}

double fit_best(const struct fit_data *a, size_t row)
{
    const float *y = a->y + row * a->m;
    double best = NAN, sign = fit_sign(a);
    for (size_t j = 0; j < a->m; j++)
        if (y[j] == y[j] && !(sign * (double)y[j] <= sign * best)) best = (double)y[j];
    return best;
}

double fit_regret(const struct fit_data *a, size_t row, size_t chosen)
{
    return fit_sign(a) * (fit_best(a, row) - (double)a->y[row * a->m + chosen]);
}

double fit_lead(const struct fit_data *a)
{
    double sum = 0, rows = 0;
    for (size_t i = 0; i < a->n_fit; i++) {
        const float *y = a->y + a->fit[i] * a->m;
        double mean = 0, known = 0;
        for (size_t j = 0; j < a->m; j++)
            if (y[j] == y[j]) mean += (double)y[j], known += 1;
        if (known < 2) continue;
        sum += fit_sign(a) * (fit_best(a, a->fit[i]) - mean / known);
        rows += 1;
    }
    return rows > 0 && sum > 0 ? sum / rows : 1;
}
