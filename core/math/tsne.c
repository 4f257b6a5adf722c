/* SPDX-License-Identifier: MIT
 *
 * Exact t-SNE in double: conditional probabilities by bisection on the width (eq. 1), symmetric joint ones (section 3.1),
 * gradient of the Student-t form (eq. 5) with momentum and gains (section 3.4 and Jacobs 1988).
 */
#include "math/tsne.h"

#include <math.h>

#include "base/rng.h"

#define MOST         5000
#define BLOCK        64
#define POWER_ROUNDS 60

typedef struct tsne {
    const compute *c;
    pm_cmat x;
    size_t n;
    double entropy;                 /* ln perplexity */
    double *p;                      /* [n x n] joint probabilities */
    double *dist;                   /* [n x n] squared distances; later 1 / (1 + |yi - yj|^2) */
    double *y, *step, *gain, *grad; /* [2n] */
    double *row;                    /* [n] sums of a row of dist */
    double norm, exaggeration;
} tsne;

/* ---- probabilities ---- */

static pm_status distances(int worker, size_t lo, size_t hi, void *arg)
{
    (void)worker;
    tsne *t = arg;
    for (size_t i = lo; i < hi; i++)
        for (size_t j = 0; j < t->n; j++) {
            const float *a = pm_crow(t->x, i), *b = pm_crow(t->x, j);
            double sum = 0;
            for (size_t k = 0; k < t->x.cols; k++) {
                double d = (double)a[k] - (double)b[k];
                sum += d * d;
            }
            t->dist[i * t->n + j] = sum;
        }
    return PM_OK;
}

/* Row i of p at width beta; returns its entropy. */
static double row_at(const tsne *t, size_t i, double beta, double *p)
{
    const double *d = t->dist + i * t->n;
    double least = INFINITY, sum = 0, weighted = 0;
    for (size_t j = 0; j < t->n; j++)
        if (j != i && d[j] < least) least = d[j];
    for (size_t j = 0; j < t->n; j++) {
        p[j] = j == i ? 0 : exp(-beta * (d[j] - least));
        sum += p[j];
        weighted += p[j] * (d[j] - least);
    }
    for (size_t j = 0; j < t->n; j++) p[j] /= sum;
    return log(sum) + beta * weighted / sum;
}

static pm_status conditionals(int worker, size_t lo, size_t hi, void *arg)
{
    (void)worker;
    tsne *t = arg;
    for (size_t i = lo; i < hi; i++) {
        double beta = 1, least = 0, most = INFINITY;
        for (int round = 0; round < 64; round++) {
            double excess = row_at(t, i, beta, t->p + i * t->n) - t->entropy;
            if (fabs(excess) < 1e-5) break;
            if (excess > 0)
                least = beta;
            else
                most = beta;
            beta = isinf(most) ? 2 * beta : (least + most) / 2;
        }
    }
    return PM_OK;
}

static void join(tsne *t)
{
    double scale = 1 / (2 * (double)t->n);
    for (size_t i = 0; i < t->n; i++)
        for (size_t j = 0; j < i; j++) {
            double both = scale * (t->p[i * t->n + j] + t->p[j * t->n + i]);
            t->p[i * t->n + j] = t->p[j * t->n + i] = both > 1e-12 ? both : 1e-12;
        }
}

/* ---- where it begins ---- */

/* Leading principal axis of x, orthogonal to `other`, by power iteration on the covariance. */
static void principal(const tsne *t, const double *mean, const double *other, double *axis,
                      double *next)
{
    size_t d = t->x.cols;
    for (size_t k = 0; k < d; k++) axis[k] = 1 + (double)(k % 7) * (other ? -0.3 : 0.1);
    for (int round = 0; round < POWER_ROUNDS; round++) {
        double along = 0, squares = 0;
        for (size_t k = 0; k < d && other; k++) along += axis[k] * other[k];
        for (size_t k = 0; k < d; k++) {
            axis[k] -= other ? along * other[k] : 0;
            squares += axis[k] * axis[k];
            next[k] = 0;
        }
        double scale = squares > 0 ? 1 / sqrt(squares) : 0;
        for (size_t k = 0; k < d; k++) axis[k] *= scale;
        for (size_t i = 0; i < t->n && round + 1 < POWER_ROUNDS; i++) {
            double score = 0;
            for (size_t k = 0; k < d; k++)
                score += ((double)pm_crow(t->x, i)[k] - mean[k]) * axis[k];
            for (size_t k = 0; k < d; k++)
                next[k] += score * ((double)pm_crow(t->x, i)[k] - mean[k]);
        }
        for (size_t k = 0; k < d && round + 1 < POWER_ROUNDS; k++) axis[k] = next[k];
    }
}

/* Two principal components, scaled to 1e-4 on the first, and a little noise so that equal points part. */
static bool begin(tsne *t, uint64_t seed, arena *a)
{
    size_t d = t->x.cols;
    double *mean = arena_alloc(a, d, sizeof *mean), *axis = arena_alloc(a, d, 3 * sizeof *axis);
    if (!mean || !axis) return false;
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < d; k++) mean[k] += (double)pm_crow(t->x, i)[k] / (double)t->n;
    principal(t, mean, NULL, axis, axis + 2 * d);
    principal(t, mean, axis, axis + d, axis + 2 * d);
    double squares = 0;
    for (size_t i = 0; i < t->n; i++)
        for (size_t e = 0; e < 2; e++) {
            double score = 0;
            for (size_t k = 0; k < d; k++)
                score += ((double)pm_crow(t->x, i)[k] - mean[k]) * axis[e * d + k];
            t->y[2 * i + e] = score;
            squares += e ? 0 : score * score;
        }
    double deviation = sqrt(squares / (double)t->n);
    double scale = deviation > 0 ? 1e-4 / deviation : 0;
    for (size_t k = 0; k < 2 * t->n; k++) {
        t->y[k] = t->y[k] * scale + 1e-6 * (rng_uniform(seed, 1, k) - 0.5);
        t->gain[k] = 1;
    }
    return true;
}

/* ---- descent ---- */

static pm_status affinities(int worker, size_t lo, size_t hi, void *arg)
{
    (void)worker;
    tsne *t = arg;
    for (size_t i = lo; i < hi; i++) {
        double *q = t->dist + i * t->n, sum = 0, yi = t->y[2 * i], zi = t->y[2 * i + 1];
        for (size_t j = 0; j < t->n; j++) {
            double u = yi - t->y[2 * j], v = zi - t->y[2 * j + 1];
            q[j] = 1 / (1 + u * u + v * v);
        }
        q[i] = 0;
        for (size_t j = 0; j < t->n; j++) sum += q[j];
        t->row[i] = sum;
    }
    return PM_OK;
}

static pm_status gradients(int worker, size_t lo, size_t hi, void *arg)
{
    (void)worker;
    tsne *t = arg;
    for (size_t i = lo; i < hi; i++) {
        const double *q = t->dist + i * t->n, *p = t->p + i * t->n;
        double u = 0, v = 0;
        for (size_t j = 0; j < t->n; j++) {
            double pull = (t->exaggeration * p[j] - q[j] * t->norm) * q[j];
            u += pull * (t->y[2 * i] - t->y[2 * j]);
            v += pull * (t->y[2 * i + 1] - t->y[2 * j + 1]);
        }
        t->grad[2 * i] = 4 * u;
        t->grad[2 * i + 1] = 4 * v;
    }
    return PM_OK;
}

static void move(tsne *t, double momentum, double rate)
{
    double mean[2] = {0, 0};
    for (size_t k = 0; k < 2 * t->n; k++) {
        bool same = (t->grad[k] > 0) == (t->step[k] > 0); /* still uphill: the last step overshot */
        t->gain[k] = same ? t->gain[k] * 0.8 : t->gain[k] + 0.2;
        if (t->gain[k] < 0.01) t->gain[k] = 0.01;
        t->step[k] = momentum * t->step[k] - rate * t->gain[k] * t->grad[k];
        t->y[k] += t->step[k];
        mean[k % 2] += t->y[k] / (double)t->n;
    }
    for (size_t k = 0; k < 2 * t->n; k++) t->y[k] -= mean[k % 2];
}

static pm_status descend(tsne *t, const tsne_spec *o)
{
    size_t early = o->iterations / 4;
    double rate = (double)t->n / o->exaggeration /
                  4; /* Belkina et al. 2019; the 4 of the gradient */
    if (rate < 50) rate = 50;
    for (size_t k = 0; k < o->iterations; k++) {
        pm_status s = threads_for(t->c ? t->c->pool : NULL, t->n, BLOCK, affinities, t);
        double sum = 0;
        for (size_t i = 0; i < t->n; i++) sum += t->row[i];
        t->norm = sum > 0 ? 1 / sum : 0;
        t->exaggeration = k < early ? o->exaggeration : 1;
        if (!s) s = threads_for(t->c ? t->c->pool : NULL, t->n, BLOCK, gradients, t);
        if (s) return s;
        move(t, k < early ? 0.5 : 0.8, rate);
    }
    return PM_OK;
}

static bool take_room(tsne *t, arena *a)
{
    size_t n = t->n;
    t->p = arena_alloc(a, n * n, sizeof *t->p);
    t->dist = arena_alloc(a, n * n, sizeof *t->dist);
    t->y = arena_alloc(a, n, 2 * sizeof *t->y);
    t->step = arena_alloc(a, n, 2 * sizeof *t->step);
    t->gain = arena_alloc(a, n, 2 * sizeof *t->gain);
    t->grad = arena_alloc(a, n, 2 * sizeof *t->grad);
    t->row = arena_alloc(a, n, sizeof *t->row);
    return t->p && t->dist && t->y && t->step && t->gain && t->grad && t->row;
}

pm_status tsne_map(const compute *c, arena *scratch, pm_cmat x, const tsne_spec *spec, pm_mat out,
                   pm_err *err)
{
    if (out.rows != x.rows || out.cols != 2 || x.rows > MOST)
        return err_set(err, PM_E_SHAPE,
                       "a map of %zu points into [%zu x %zu]; want at most %d, [n x 2]", x.rows,
                       out.rows, out.cols, MOST);
    tsne t = {.c = c, .x = x, .n = x.rows};
    if (t.n < 4) { /* nothing to arrange */
        for (size_t i = 0; i < t.n; i++) pm_row(out, i)[0] = (float)i, pm_row(out, i)[1] = 0;
        return PM_OK;
    }
    double most = ((double)t.n - 1) / 3;
    t.entropy = log(spec->perplexity < most ? spec->perplexity : most);
    if (!take_room(&t, scratch)) return err_set(err, PM_E_MEMORY, "a map of %zu points", t.n);
    pm_status s = threads_for(c ? c->pool : NULL, t.n, BLOCK, distances, &t);
    if (!s) s = threads_for(c ? c->pool : NULL, t.n, BLOCK, conditionals, &t);
    join(&t);
    if (!s && !begin(&t, spec->seed, scratch)) s = err_set(err, PM_E_MEMORY, "a map");
    if (!s) s = descend(&t, spec);
    for (size_t k = 0; k < 2 * t.n && !s; k++) pm_row(out, k / 2)[k % 2] = (float)t.y[k];
    return s;
}
