/* SPDX-License-Identifier: MIT
 *
 * Contrasts prompt by prompt, then resamples of their sums.  A prompt with an unknown cell among those of a
 * contrast is left out of that contrast, above and below the line.
 */
#include "eval/ablation_effects.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "math/weight_grid.h"

#define COLUMNS 64 /* contrasts that go together: each has a numerator and a count */
#define GRAIN   16

typedef struct measure_job {
    const ablation_cells *cells;
    const ablation_contrast *contrast;
    size_t n_contrasts, q;
    double *x;    /* [n x q] value, known: two columns a contrast */
    double *cell; /* [workers x n_points] */
} measure_job;

static double cell_of(const ablation_cells *c, size_t measure, size_t p, size_t i)
{
    return c->measure[measure][i * c->m + weight_grid_choice(c->choice, c->n, c->m, p, i)];
}

/* Where no choice differs the parts cancel; what rounding leaves of them is no effect, least of all a certain one. */
static double contrast_of(const ablation_contrast *t, const double *cell)
{
    double sum = 0, size = 0;
    for (size_t k = 0; k < t->n; k++) {
        double part = t->times[k] * cell[t->point[k]];
        sum += part;
        size += fabs(part);
    }
    return fabs(sum) <= DBL_EPSILON * (double)t->n * size ? 0 : sum;
}

/* Contrasts come grouped by measure, so that the cells of a prompt are gathered once for each. */
static pm_status prompts_of(int worker, size_t lo, size_t hi, void *arg)
{
    const measure_job *job = arg;
    const ablation_cells *c = job->cells;
    double *cell = job->cell + (size_t)worker * c->n_points;
    for (size_t i = lo; i < hi; i++) {
        size_t held = SIZE_MAX;
        for (size_t e = 0; e < job->n_contrasts; e++) {
            const ablation_contrast *t = &job->contrast[e];
            if (t->n > 8 && held != t->measure) {
                for (size_t p = 0; p < c->n_points; p++) cell[p] = cell_of(c, t->measure, p, i);
                held = t->measure;
            } else if (held != t->measure) {
                for (size_t k = 0; k < t->n; k++) /* a few: not worth all points */
                    cell[t->point[k]] = cell_of(c, t->measure, t->point[k], i);
                held = SIZE_MAX;
            }
            double v = contrast_of(t, cell);
            job->x[i * job->q + 2 * e] = isnan(v) ? 0 : v;
            job->x[i * job->q + 2 * e + 1] = isnan(v) ? 0 : 1;
        }
    }
    return PM_OK;
}

static void put_values(const measure_job *job, const bootstrap *b, size_t resamples,
                       const double *sum, double *v, ablation_contrast *contrast)
{
    for (size_t e = 0; e < job->n_contrasts; e++) {
        double total = 0, known = 0;
        for (size_t i = 0; i < job->cells->n; i++) {
            total += job->x[i * job->q + 2 * e];
            known += job->x[i * job->q + 2 * e + 1];
        }
        for (size_t r = 0; r < resamples; r++) {
            const double *s = sum + r * job->q + 2 * e;
            v[r] = s[1] > 0 ? s[0] / s[1] : NAN;
        }
        contrast[e].value = known > 0 ? total / known : NAN;
        contrast[e].prompts = (size_t)known;
        bootstrap_interval(b, v, &contrast[e].lo, &contrast[e].hi);
    }
}

static pm_status check(const ablation_cells *c, const ablation_contrast *t, size_t n, pm_err *err)
{
    for (size_t p = 0; p < c->n_points; p++)
        for (size_t i = 0; i < c->n; i++)
            if (weight_grid_choice(c->choice, c->n, c->m, p, i) >= c->m)
                return err_set(err, PM_E_ARG, "ablation: point %zu chooses column %u of %zu", p,
                               (unsigned)weight_grid_choice(c->choice, c->n, c->m, p, i), c->m);
    for (size_t e = 0; e < n; e++) {
        bool ok = t[e].measure < c->n_measures && (t[e].n == 0 || (t[e].point && t[e].times));
        for (size_t k = 0; ok && k < t[e].n; k++) ok = t[e].point[k] < c->n_points;
        if (!ok) return err_set(err, PM_E_ARG, "ablation: contrast %zu is out of range", e);
    }
    return PM_OK;
}

static pm_status measure_some(const compute *c, measure_job *job, const bootstrap *b,
                              size_t resamples, ablation_contrast *contrast, pm_err *err)
{
    arena *a = arena_open(0);
    threads *pool = c ? c->pool : NULL;
    size_t n = job->cells->n;
    job->q = (2 * job->n_contrasts + BOOTSTRAP_LANES - 1) / BOOTSTRAP_LANES * BOOTSTRAP_LANES;
    double *sum = a ? arena_alloc(a, resamples, job->q * sizeof *sum) : NULL;
    double *v = sum ? arena_alloc(a, resamples, sizeof *v) : NULL;
    job->x = v ? arena_alloc(a, n, job->q * sizeof *job->x) : NULL;
    job->cell = job->x ? arena_alloc(a, (size_t)threads_count(pool),
                                     (job->cells->n_points + 1) * sizeof *job->cell)
                       : NULL;
    pm_status s = job->cell ? threads_for(pool, n, GRAIN, prompts_of, job)
                            : err_set(err, PM_E_MEMORY, "ablation of %zu prompts", n);
    if (!s && !bootstrap_all_sums(b, c, job->x, job->q, a, sum))
        s = err_set(err, PM_E_MEMORY, "ablation of %zu prompts", n);
    if (!s) put_values(job, b, resamples, sum, v, contrast);
    arena_close(a);
    return s;
}

pm_status ablation_measure(const compute *c, const ablation_cells *cells,
                           const bootstrap_spec *spec, ablation_contrast *contrast,
                           size_t n_contrasts, pm_err *err)
{
    pm_status s = check(cells, contrast, n_contrasts, err);
    arena *a = s ? NULL : arena_open(0);
    bootstrap *b = NULL;
    if (!s)
        s = a ? bootstrap_draw(spec, c, cells->cluster, cells->n, a, &b, err)
              : err_set(err, PM_E_MEMORY, "ablation");
    for (size_t e = 0; e < n_contrasts && !s; e += COLUMNS) {
        size_t n = n_contrasts - e < COLUMNS ? n_contrasts - e : COLUMNS;
        measure_job job = {.cells = cells, .contrast = contrast + e, .n_contrasts = n};
        s = measure_some(c, &job, b, spec->resamples, contrast + e, err);
    }
    arena_close(a);
    return s;
}

void ablation_means(const ablation_cells *c, double *mean)
{
    for (size_t p = 0; p < c->n_points; p++)
        for (size_t q = 0; q < c->n_measures; q++) {
            double sum = 0, known = 0;
            for (size_t i = 0; i < c->n; i++) {
                double v = cell_of(c, q, p, i);
                if (isnan(v)) continue;
                sum += v;
                known++;
            }
            mean[p * c->n_measures + q] = known > 0 ? sum / known : NAN;
        }
}

void ablation_changed(const ablation_cells *c, size_t from, double *share)
{
    for (size_t p = 0; p < c->n_points; p++) {
        size_t n = 0;
        for (size_t i = 0; i < c->n; i++)
            n += weight_grid_choice(c->choice, c->n, c->m, p, i) !=
                 weight_grid_choice(c->choice, c->n, c->m, from, i);
        share[p] = (double)n / (double)c->n;
    }
}

double ablation_tau_b(const double *x, const double *y, size_t n)
{
    double s = 0, nx = 0, ny = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            int a = (x[i] > x[j]) - (x[i] < x[j]), b = (y[i] > y[j]) - (y[i] < y[j]);
            s += a * b;
            nx += a != 0;
            ny += b != 0;
        }
    return nx > 0 && ny > 0 ? s / sqrt(nx * ny) : NAN;
}

size_t ablation_flips(const double *before, const double *now, size_t n)
{
    size_t flips = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            flips += (before[i] > before[j] && now[i] < now[j]) ||
                     (before[i] < before[j] && now[i] > now[j]);
    return flips;
}
