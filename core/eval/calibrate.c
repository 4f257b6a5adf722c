/* SPDX-License-Identifier: MIT
 *
 * Thresholds for targets.
 */
#include "eval/calibrate.h"

#include <math.h>
#include <stdlib.h>

double calibrate_share(const double *score, size_t n, double share)
{
    double at = (1 - share) * (double)(n - 1);
    size_t lo = (size_t)at;
    if (lo + 1 >= n) return score[n - 1];
    return score[lo] + (at - (double)lo) * (score[lo + 1] - score[lo]);
}

/* No score lies between the two thresholds. */
static bool splits_alike(const double *score, size_t n, double a, double b)
{
    for (size_t i = 0; i < n; i++)
        if (((float)score[i] >= (float)a) != ((float)score[i] >= (float)b)) return false;
    return true;
}

double calibrate_plain(const double *score, size_t n, double alpha)
{
    double near = round(alpha * 1e5) / 1e5, below = floor(alpha * 1e5) / 1e5;
    if (splits_alike(score, n, near, alpha)) return near;
    return splits_alike(score, n, below, alpha) ? below : alpha;
}

void calibrate_add(calibrate_bins *b, double chance, double outcome, double times)
{
    double at = ceil(chance * (double)b->bins) - 1;
    size_t bin = at > 0 ? (size_t)at : 0;
    if (bin >= b->bins) bin = b->bins - 1;
    b->chance[bin] += times * chance;
    b->outcome[bin] += times * outcome;
    b->n += times;
}

double calibrate_error(const calibrate_bins *b)
{
    double sum = 0;
    if (!(b->n > 0)) return (double)NAN;
    for (size_t k = 0; k < b->bins; k++) sum += fabs(b->chance[k] - b->outcome[k]);
    return sum / b->n;
}

/* ---- all thresholds of a pair ------------------------------------------------------------------------ */

typedef struct ranked {
    double score;
    size_t at;
} ranked;

static int by_falling_score(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->score < y->score || x->score > y->score) return x->score < y->score ? 1 : -1;
    return x->at < y->at ? -1 : 1;
}

static double sum_of(const double *v, size_t n)
{
    double sum = v ? 0 : (double)NAN;
    for (size_t i = 0; v && i < n; i++) sum += v[i];
    return sum;
}

/* What sending prompt i to the strong expert changes. */
static double change(const double *strong, const double *weak, size_t i)
{
    return strong && weak ? strong[i] - weak[i] : (double)NAN;
}

static pm_status check_scores(const calibrate_pair *p, pm_err *err)
{
    if (p->n == 0) return err_set(err, PM_E_ARG, "there are no prompts to calibrate on");
    for (size_t i = 0; i < p->n; i++)
        if (!(p->score[i] >= 0 && p->score[i] <= 1))
            return err_set(err, PM_E_ARG, "the score of prompt %zu is %g; want a number in [0, 1]",
                           i + 1, p->score[i]);
    return PM_OK;
}

pm_status calibrate_steps(const calibrate_pair *p, arena *a, calibrate_step **out, size_t *n_out,
                          pm_err *err)
{
    size_t n = p->n, k = 0;
    pm_status st = check_scores(p, err);
    if (st) return st;
    ranked *r = arena_alloc(a, n, sizeof *r);
    calibrate_step *s = arena_alloc(a, n + 1, sizeof *s);
    if (!r || !s) return err_set(err, PM_E_MEMORY, "thresholds of %zu prompts", n);
    for (size_t i = 0; i < n; i++) r[i] = (ranked){p->score[i], i};
    qsort(r, n, sizeof *r, by_falling_score);
    double cost = sum_of(p->weak_cost, n), quality = sum_of(p->weak_quality, n);
    if (r[0].score < 1) s[k++] = (calibrate_step){1, 0, cost / (double)n, quality / (double)n};
    for (size_t i = 0; i < n; i++) {
        cost += change(p->strong_cost, p->weak_cost, r[i].at);
        quality += change(p->strong_quality, p->weak_quality, r[i].at);
        if (i + 1 < n && r[i + 1].score >= r[i].score) continue; /* ties go together */
        s[k++] = (calibrate_step){r[i].score, (double)(i + 1) / (double)n, cost / (double)n,
                                  quality / (double)n};
    }
    *out = s;
    *n_out = k;
    return PM_OK;
}

/* ---- targets ------------------------------------------------------------------------------------------- */

pm_status calibrate_cost(const calibrate_step *s, size_t n, double usd, size_t *out, pm_err *err)
{
    double least = (double)INFINITY;
    *out = n;
    for (size_t k = 0; k < n; k++) {
        if (!isfinite(s[k].cost))
            return err_set(
                err, PM_E_ARG,
                "costs are not known: neither recorded with the prompts nor in the bundle");
        if (s[k].cost < least) least = s[k].cost;
        if (s[k].cost <= usd && (*out == n || s[k].cost > s[*out].cost)) *out = k;
    }
    if (*out < n) return PM_OK;
    return err_set(err, PM_E_INFEASIBLE,
                   "no threshold costs %.6g USD a prompt or less; the cheapest costs %.6g", usd,
                   least);
}

static double price_of(const calibrate_step *s)
{
    return isfinite(s->cost) ? s->cost : s->share;
}

pm_status calibrate_quality(const calibrate_step *s, size_t n, double quality, size_t *out,
                            pm_err *err)
{
    double most = -(double)INFINITY;
    *out = n;
    for (size_t k = 0; k < n; k++) {
        if (!isfinite(s[k].quality))
            return err_set(
                err, PM_E_ARG,
                "quality is not known: a folder with recorded outcomes of the experts is "
                "needed");
        if (s[k].quality > most) most = s[k].quality;
        if (s[k].quality >= quality && (*out == n || price_of(&s[k]) < price_of(&s[*out])))
            *out = k;
    }
    if (*out < n) return PM_OK;
    return err_set(err, PM_E_INFEASIBLE,
                   "no threshold reaches a mean outcome of %.6g on these prompts; the best reaches "
                   "%.6g",
                   fabs(quality), fabs(most));
}
