/* SPDX-License-Identifier: MIT
 *
 * Resamples drawn once and applied to any number of columns.  Every draw is a pure function of (seed,
 * resample, position), and every sum runs in prompt order, so threads change nothing.
 */
#include "eval/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "math/special.h"

#define TILE          64 /* prompts whose columns stay in cache while resamples pass over them */
#define GRAIN         16 /* resamples a block */
#define MAX_RESAMPLES 1000000

/* Two sums side by side: what every x86-64 and ARM64 has registers for (GCC and Clang extension). */
typedef double pair __attribute__((vector_size(2 * sizeof(double))));

struct bootstrap {
    size_t n, resamples;
    double level;
    uint16_t *weight; /* [resamples x n] */
    double *size;     /* [resamples] */
    size_t n_clusters;
    uint32_t *of, *first; /* [n] cluster; [n_clusters] its first prompt */
};

typedef struct clusters { /* prompts of cluster g: member[start[g] .. start[g + 1]) */
    size_t n;
    size_t *start;
    uint32_t *member;
} clusters;

typedef struct keyed_row {
    uint64_t key;
    uint32_t row;
} keyed_row;

static int by_key(const void *x, const void *y)
{
    const keyed_row *a = x, *b = y;
    if (a->key != b->key) return a->key < b->key ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static int by_row(const void *x, const void *y)
{
    const keyed_row *a = x, *b = y;
    return a->row < b->row ? -1 : a->row > b->row;
}

/* Clusters in order of their first prompt, so that singletons give the plain bootstrap to the bit. */
static bool find_clusters(const uint64_t *cluster, size_t n, arena *a, clusters *out)
{
    keyed_row *row = arena_alloc(a, n, sizeof *row);
    keyed_row *first = arena_alloc(a, n, sizeof *first); /* key = where its run begins in `row` */
    out->start = arena_alloc(a, n + 1, sizeof *out->start);
    out->member = arena_alloc(a, n, sizeof *out->member);
    if (!row || !first || !out->start || !out->member) return false;
    for (size_t i = 0; i < n; i++) row[i] = (keyed_row){cluster ? cluster[i] : i, (uint32_t)i};
    qsort(row, n, sizeof *row, by_key);
    out->n = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || row[i].key != row[i - 1].key) first[out->n++] = (keyed_row){i, row[i].row};
    qsort(first, out->n, sizeof *first, by_row);
    size_t k = 0;
    for (size_t g = 0; g < out->n; g++) {
        out->start[g] = k;
        size_t i = first[g].key;
        uint64_t key = row[i].key;
        for (; i < n && row[i].key == key; i++) out->member[k++] = row[i].row;
    }
    out->start[out->n] = k;
    return true;
}

static void keep_clusters(bootstrap *b, const clusters *c)
{
    b->n_clusters = c->n;
    for (size_t g = 0; g < c->n; g++) {
        b->first[g] = c->member[c->start[g]];
        for (size_t k = c->start[g]; k < c->start[g + 1]; k++) b->of[c->member[k]] = (uint32_t)g;
    }
}

typedef struct draw_job {
    const bootstrap *b;
    const clusters *c;
    uint64_t seed;
} draw_job;

static pm_status draw_block(int worker, size_t lo, size_t hi, void *arg)
{
    (void)worker;
    const draw_job *job = arg;
    const clusters *c = job->c;
    for (size_t r = lo; r < hi; r++) {
        uint16_t *w = job->b->weight + r * job->b->n;
        size_t size = 0;
        for (size_t i = 0; i < c->n; i++) {
            size_t g = (size_t)rng_below(job->seed, (uint32_t)r, i, c->n);
            for (size_t k = c->start[g]; k < c->start[g + 1]; k++) w[c->member[k]]++;
            size += c->start[g + 1] - c->start[g];
        }
        job->b->size[r] = (double)size;
    }
    return PM_OK;
}

static threads *pool_of(const compute *c)
{
    return c ? c->pool : NULL;
}

pm_status bootstrap_draw(const bootstrap_spec *s, const compute *c, const uint64_t *cluster,
                         size_t n, arena *a, bootstrap **out, pm_err *err)
{
    if (n == 0 || n > UINT32_MAX)
        return err_set(err, PM_E_ARG, "bootstrap of %zu prompts; want at least one", n);
    if (s->resamples < 1 || s->resamples > MAX_RESAMPLES)
        return err_set(err, PM_E_ARG, "bootstrap.resamples = %zu is outside [1, %d]", s->resamples,
                       MAX_RESAMPLES);
    if (!(s->level > 0 && s->level < 1))
        return err_set(err, PM_E_ARG, "bootstrap.level = %g is outside (0, 1)", s->level);
    size_t cells;
    bootstrap *b = arena_alloc(a, 1, sizeof *b);
    if (!b || !mem_size(s->resamples, n, &cells))
        return err_set(err, PM_E_MEMORY, "bootstrap of %zu prompts", n);
    *b = (bootstrap){.n = n,
                     .resamples = s->resamples,
                     .level = s->level,
                     .weight = arena_alloc(a, cells, sizeof(uint16_t)),
                     .size = arena_alloc(a, s->resamples, sizeof(double)),
                     .of = arena_alloc(a, n, sizeof(uint32_t)),
                     .first = arena_alloc(a, n, sizeof(uint32_t))};
    arena *scratch = arena_open(0);
    clusters found;
    bool fits = b->weight && b->size && b->of && b->first && scratch &&
                find_clusters(s->clustered ? cluster : NULL, n, scratch, &found);
    pm_status status = PM_OK;
    if (fits) {
        keep_clusters(b, &found);
        draw_job job = {b, &found, rng_derive(s->seed, "bootstrap")};
        status = threads_for(pool_of(c), b->resamples, GRAIN, draw_block, &job);
    } else {
        status = err_set(err, PM_E_MEMORY, "%zu resamples of %zu prompts", s->resamples, n);
    }
    arena_close(scratch);
    *out = b;
    return status;
}

const double *bootstrap_sizes(const bootstrap *b)
{
    return b->size;
}

const uint16_t *bootstrap_times(const bootstrap *b, size_t r)
{
    return b->weight + r * b->n;
}

typedef struct sum_job {
    const bootstrap *b;
    const double *x;
    size_t q, n_rows;
    const uint32_t *row;
    double *out;
} sum_job;

static inline pair load(const double *from)
{
    pair v;
    memcpy(&v, from, sizeof v);
    return v;
}

/* Rows [lo, hi) of one resample, into its q sums.  Who is drawn is listed once, so that the loop over columns
 * has no branch; eight accumulators stay in registers. */
static void add_tile(const sum_job *job, const uint16_t *weight, size_t lo, size_t hi, double *out)
{
    double times[TILE];
    const double *drawn[TILE];
    size_t n = 0;
    for (size_t i = lo; i < hi; i++) {
        times[n] = (double)weight[job->row ? job->row[i] : i];
        drawn[n] = job->x + i * job->q;
        n += times[n] > 0 ? 1 : 0;
    }
    for (size_t k = 0; k < job->q; k += BOOTSTRAP_LANES) {
        pair s0 = load(out + k), s1 = load(out + k + 2);
        pair s2 = load(out + k + 4), s3 = load(out + k + 6);
        for (size_t i = 0; i < n; i++) {
            const double *x = drawn[i] + k;
            s0 += times[i] * load(x);
            s1 += times[i] * load(x + 2);
            s2 += times[i] * load(x + 4);
            s3 += times[i] * load(x + 6);
        }
        const pair sum[BOOTSTRAP_LANES / 2] = {s0, s1, s2, s3};
        memcpy(out + k, sum, sizeof sum);
    }
}

static pm_status sum_block(int worker, size_t lo, size_t hi, void *arg)
{
    (void)worker;
    const sum_job *job = arg;
    for (size_t c = lo * job->q; c < hi * job->q; c++) job->out[c] = 0;
    for (size_t i = 0; i < job->n_rows; i += TILE) {
        size_t end = i + TILE < job->n_rows ? i + TILE : job->n_rows;
        for (size_t r = lo; r < hi; r++)
            add_tile(job, job->b->weight + r * job->b->n, i, end, job->out + r * job->q);
    }
    return PM_OK;
}

void bootstrap_sums(const bootstrap *b, const compute *c, const double *x, size_t q,
                    const uint32_t *row, size_t n_rows, double *out)
{
    PM_ASSERT(q % BOOTSTRAP_LANES == 0);
    sum_job job = {b, x, q, n_rows, row, out};
    pm_status s = threads_for(pool_of(c), b->resamples, GRAIN, sum_block, &job);
    PM_ASSERT(s == PM_OK);
}

size_t bootstrap_clusters(const bootstrap *b)
{
    return b->n_clusters;
}

const uint32_t *bootstrap_cluster_of(const bootstrap *b)
{
    return b->of;
}

void bootstrap_cluster_sums(const bootstrap *b, const compute *c, const double *x, size_t q,
                            double *out)
{
    bootstrap_sums(b, c, x, q, b->first, b->n_clusters, out);
}

bool bootstrap_all_sums(const bootstrap *b, const compute *c, const double *x, size_t q,
                        arena *scratch, double *out)
{
    if (b->n_clusters > b->n / 2) {
        bootstrap_sums(b, c, x, q, NULL, b->n, out);
        return true;
    }
    size_t bytes;
    double *sum = mem_size(q, sizeof *sum, &bytes) ? arena_alloc(scratch, b->n_clusters, bytes)
                                                   : NULL;
    if (!sum) return false;
    for (size_t i = 0; i < b->n; i++) {
        const double *from = x + i * q;
        double *to = sum + b->of[i] * q;
        for (size_t k = 0; k < q; k++) to[k] += from[k];
    }
    bootstrap_cluster_sums(b, c, sum, q, out);
    return true;
}

void bootstrap_interval(const bootstrap *b, double *v, double *lo, double *hi)
{
    size_t n = 0;
    for (size_t r = 0; r < b->resamples; r++)
        if (isfinite(v[r])) v[n++] = v[r];
    *lo = *hi = NAN;
    if (n == 0) return;
    *lo = special_quantile(v, n, (1 - b->level) / 2);
    *hi = special_quantile(v, n, (1 + b->level) / 2);
}

/* Interval of sum(num) / sum(den) over the prompts where both are finite. */
static void interval_of_ratio(const bootstrap *b, const compute *c, const double *num,
                              const double *den, double *lo, double *hi)
{
    *lo = *hi = NAN;
    arena *scratch = arena_open(0);
    double *x = scratch ? arena_alloc(scratch, b->n, BOOTSTRAP_LANES * sizeof *x) : NULL;
    double *sum = x ? arena_alloc(scratch, b->resamples, BOOTSTRAP_LANES * sizeof *sum) : NULL;
    double *v = sum ? arena_alloc(scratch, b->resamples, sizeof *v) : NULL;
    if (v) {
        for (size_t i = 0; i < b->n; i++) {
            double below = den ? den[i] : 1;
            bool known = isfinite(num[i]) && isfinite(below);
            x[i * BOOTSTRAP_LANES] = known ? num[i] : 0;
            x[i * BOOTSTRAP_LANES + 1] = known ? below : 0;
        }
        bootstrap_sums(b, c, x, BOOTSTRAP_LANES, NULL, b->n, sum);
        for (size_t r = 0; r < b->resamples; r++) {
            const double *s = sum + r * BOOTSTRAP_LANES;
            v[r] = s[1] != 0 ? s[0] / s[1] : NAN;
        }
        bootstrap_interval(b, v, lo, hi);
    }
    arena_close(scratch);
}

void bootstrap_mean(const bootstrap *b, const compute *c, const double *x, double *lo, double *hi)
{
    interval_of_ratio(b, c, x, NULL, lo, hi);
}

void bootstrap_ratio(const bootstrap *b, const compute *c, const double *num, const double *den,
                     double *lo, double *hi)
{
    interval_of_ratio(b, c, num, den, lo, hi);
}
