/* SPDX-License-Identifier: MIT
 *
 * Contrasts prompt by prompt, then resamples of their sums.  A prompt with an unknown cell among those of a
 * contrast is left out of that contrast, above and below the line.
 */
#include "eval/ablation_effects.h"

#include <math.h>
#include <string.h>

#include "math/weight_grid.h"

#define COLUMNS 64 /* contrasts that go together: each has a numerator and a count */
#define GRAIN   16

typedef struct prompts_job {
    const ablation_cells *cells;
    const ablation_contrast *contrast;
    size_t n_contrasts;
    double *x;    /* [n x n_contrasts] */
    double *cell; /* [workers x n_points] */
} prompts_job;

static const float *share_of(const ablation_cells *c, size_t p, size_t i)
{
    return c->share && c->share[p] ? c->share[p] + i * c->m : NULL;
}

static double cell_of(const ablation_cells *c, size_t measure, size_t p, size_t i)
{
    const double *of = c->measure[measure] + i * c->m;
    const float *share = share_of(c, p, i);
    if (!share) return of[weight_grid_choice(c->choice, c->n, c->m, p, i)];
    double sum = 0;
    for (size_t j = 0; j < c->m; j++)
        if (share[j] > 0) sum += (double)share[j] * of[j];
    return sum;
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
    return fabs(sum) <= ABLATION_ROUNDING * size ? 0 : sum;
}

/* Contrasts come grouped by measure, so that the cells of a prompt are gathered once for each. */
static pm_status prompts_of(int worker, size_t lo, size_t hi, void *arg)
{
    const prompts_job *job = arg;
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
            job->x[i * job->n_contrasts + e] = contrast_of(t, cell);
        }
    }
    return PM_OK;
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

pm_status ablation_prompts(const compute *c, const ablation_cells *cells,
                           const ablation_contrast *contrast, size_t n_contrasts, double *x,
                           pm_err *err)
{
    pm_status s = check(cells, contrast, n_contrasts, err);
    if (s) return s;
    threads *pool = c ? c->pool : NULL;
    arena *a = arena_open(0);
    prompts_job job = {.cells = cells, .contrast = contrast, .n_contrasts = n_contrasts, .x = x};
    job.cell =
        a ? arena_alloc(a, (size_t)threads_count(pool), (cells->n_points + 1) * sizeof *job.cell)
          : NULL;
    s = job.cell ? threads_for(pool, cells->n, GRAIN, prompts_of, &job)
                 : err_set(err, PM_E_MEMORY, "ablation of %zu prompts", cells->n);
    arena_close(a);
    return s;
}

/* ---- means and their intervals ---- */

typedef struct interval_job {
    const ablation_sample *of;
    size_t first, n, all; /* contrasts at hand, of all of them */
    size_t q;
    double *column;  /* [prompts x q] value, known: two columns a contrast */
    double *sum, *v; /* [resamples x q], [resamples] */
    size_t resamples;
} interval_job;

static void put_columns(const interval_job *job)
{
    for (size_t i = 0; i < job->of->n; i++)
        for (size_t e = 0; e < job->n; e++) {
            double x = job->of->x[i * job->all + job->first + e];
            job->column[i * job->q + 2 * e] = isnan(x) ? 0 : x;
            job->column[i * job->q + 2 * e + 1] = isnan(x) ? 0 : 1;
        }
}

static double unless_rounding(double v, double size)
{
    return fabs(v) <= ABLATION_ROUNDING * size ? 0 : v;
}

static void put_values(const interval_job *job, const bootstrap *b, ablation_contrast *contrast)
{
    for (size_t e = 0; e < job->n; e++) {
        double total = 0, size = 0, known = 0;
        for (size_t i = 0; i < job->of->n; i++) {
            total += job->column[i * job->q + 2 * e];
            size += fabs(job->column[i * job->q + 2 * e]);
            known += job->column[i * job->q + 2 * e + 1];
        }
        for (size_t r = 0; r < job->resamples; r++) {
            const double *s = job->sum + r * job->q + 2 * e;
            job->v[r] = s[1] > 0 ? unless_rounding(s[0] / s[1], size / known) : NAN;
        }
        ablation_contrast *to = &contrast[job->first + e];
        to->value = known > 0 ? unless_rounding(total / known, size / known) : NAN;
        to->prompts = (size_t)known;
        bootstrap_interval(b, job->v, &to->lo, &to->hi);
    }
}

static pm_status intervals_of_some(const compute *c, interval_job *job, const bootstrap *b,
                                   ablation_contrast *contrast, pm_err *err)
{
    arena *a = arena_open(0);
    job->q = (2 * job->n + BOOTSTRAP_LANES - 1) / BOOTSTRAP_LANES * BOOTSTRAP_LANES;
    job->sum = a ? arena_alloc(a, job->resamples, job->q * sizeof *job->sum) : NULL;
    job->v = job->sum ? arena_alloc(a, job->resamples, sizeof *job->v) : NULL;
    job->column = job->v ? arena_alloc(a, job->of->n, job->q * sizeof *job->column) : NULL;
    if (job->column) put_columns(job);
    bool fits = job->column && bootstrap_all_sums(b, c, job->column, job->q, a, job->sum);
    if (fits) put_values(job, b, contrast);
    arena_close(a);
    return fits ? PM_OK : err_set(err, PM_E_MEMORY, "ablation of %zu prompts", job->of->n);
}

pm_status ablation_intervals(const compute *c, const ablation_sample *of,
                             const bootstrap_spec *spec, ablation_contrast *contrast,
                             size_t n_contrasts, pm_err *err)
{
    arena *a = arena_open(0);
    bootstrap *b = NULL;
    pm_status s = a ? bootstrap_draw(spec, c, of->cluster, of->n, a, &b, err)
                    : err_set(err, PM_E_MEMORY, "ablation");
    for (size_t e = 0; e < n_contrasts && !s; e += COLUMNS) {
        interval_job job = {.of = of,
                            .first = e,
                            .n = n_contrasts - e < COLUMNS ? n_contrasts - e : COLUMNS,
                            .all = n_contrasts,
                            .resamples = spec->resamples};
        s = intervals_of_some(c, &job, b, contrast, err);
    }
    arena_close(a);
    return s;
}

pm_status ablation_measure(const compute *c, const ablation_cells *cells,
                           const bootstrap_spec *spec, ablation_contrast *contrast,
                           size_t n_contrasts, pm_err *err)
{
    arena *a = arena_open(0);
    double *x = a ? arena_alloc(a, cells->n, n_contrasts * sizeof *x) : NULL;
    ablation_sample of = {x, cells->n, cells->cluster};
    pm_status s = x ? ablation_prompts(c, cells, contrast, n_contrasts, x, err)
                    : err_set(err, PM_E_MEMORY, "ablation of %zu prompts", cells->n);
    if (!s) s = ablation_intervals(c, &of, spec, contrast, n_contrasts, err);
    arena_close(a);
    return s;
}

/* ---- points ---- */

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

static double chance(const ablation_cells *c, size_t p, size_t i, size_t j)
{
    const float *share = share_of(c, p, i);
    if (share) return (double)share[j];
    return weight_grid_choice(c->choice, c->n, c->m, p, i) == j ? 1 : 0;
}

static double distance(const ablation_cells *c, size_t p, size_t q, size_t i)
{
    double sum = 0;
    for (size_t j = 0; j < c->m; j++) sum += fabs(chance(c, p, i, j) - chance(c, q, i, j));
    return sum / 2;
}

void ablation_changed(const ablation_cells *c, size_t from, double *share)
{
    for (size_t p = 0; p < c->n_points; p++) {
        double sum = 0;
        bool is_mixed = c->share && (c->share[p] || c->share[from]);
        for (size_t i = 0; i < c->n; i++)
            sum += is_mixed ? distance(c, p, from, i)
                            : weight_grid_choice(c->choice, c->n, c->m, p, i) !=
                                  weight_grid_choice(c->choice, c->n, c->m, from, i);
        share[p] = sum / (double)c->n;
    }
}

void ablation_experts(const ablation_cells *c, size_t p, double *to)
{
    for (size_t i = 0; i < c->n; i++) {
        const float *share = share_of(c, p, i);
        if (!share) to[weight_grid_choice(c->choice, c->n, c->m, p, i)]++;
        for (size_t j = 0; share && j < c->m; j++) to[j] += (double)share[j];
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
