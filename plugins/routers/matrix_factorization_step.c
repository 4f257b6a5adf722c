/* SPDX-License-Identifier: MIT
 *
 * One step of matrix_factorization; see matrix_factorization_step.h.  Sums over rows are taken in their order,
 * whatever the thread count.
 */
#include "matrix_factorization_step.h"

#include <math.h>

#include "fit_wide.h"

enum { S_START = 110, S_NOISE = 120, MANY = 1024, GRAIN = 16 };

/* ---- vectors of `width` numbers ------------------------------------------------------------------------ */

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

INLINE float dot(const float *restrict a, const float *restrict b, size_t n)
{
    float lane[FIT_LANES] = {0};
    for (size_t t = 0; t < n; t += FIT_LANES)
        for (size_t u = 0; u < FIT_LANES; u++) lane[u] += a[t + u] * b[t + u];
    for (size_t half = FIT_LANES / 2; half; half /= 2)
        for (size_t u = 0; u < half; u++) lane[u] += lane[u + half];
    return lane[0];
}

INLINE void add(float by, const float *restrict a, float *restrict to, size_t n)
{
    for (size_t t = 0; t < n; t += FIT_LANES)
        for (size_t u = t; u < t + FIT_LANES; u++) to[u] += by * a[u];
}

INLINE void multiply(const float *restrict a, const float *restrict b, float *restrict to, size_t n)
{
    for (size_t t = 0; t < n; t += FIT_LANES)
        for (size_t u = t; u < t + FIT_LANES; u++) to[u] = a[u] * b[u];
}

/* ---- opening -------------------------------------------------------------------------------------------- */

static int room(pm_call *c, pm_mat *m, size_t rows, size_t cols, size_t ld)
{
    *m = (pm_mat){c->host->scratch(c, rows * ld, sizeof *m->at), rows, cols, ld};
    return m->at != NULL;
}

static size_t most_items(const struct mf_data *a, size_t batch)
{
    size_t most = 0;
    for (size_t i = 0; i < a->n; i++)
        if (a->start[i + 1] - a->start[i] > most) most = a->start[i + 1] - a->start[i];
    return most * batch;
}

pm_status mf_step_open(struct mf_step *s, pm_call *c)
{
    const struct mf_data *a = s->data;
    const size_t batch = s->how->batch;
    s->d = a->base.d, s->m = a->base.m, s->width = fit_padded(s->how->rank);
    const size_t rows[MF_PARTS] = {s->d, s->m, 1, 1};
    int ok = 1;
    for (size_t k = 0; k < MF_PARTS; k++) {
        size_t cols = k == MF_BIAS ? fit_padded(s->m) : s->width;
        ok = ok && room(c, &s->part[k], rows[k], cols, cols) &&
             (k == MF_W || room(c, &s->slope[k], rows[k], cols, cols));
        s->mean[k] = c->host->scratch(c, rows[k] * cols, sizeof(float));
        s->square[k] = c->host->scratch(c, rows[k] * cols, sizeof(float));
        ok = ok && s->mean[k] && s->square[k];
    }
    /* Rows an odd number of cache lines long: those of a batch do not share their places in the cache. */
    size_t lines = fit_padded(s->d) / FIT_LANES;
    ok = ok && room(c, &s->x, batch, s->d, (lines | 1) * FIT_LANES) &&
         room(c, &s->h, batch, s->width, s->width) && room(c, &s->g, batch, s->width, s->width) &&
         room(c, &s->v, s->m, s->width, s->width) && room(c, &s->p, s->m, s->width, s->width);
    s->length = c->host->scratch(c, s->m, sizeof *s->length);
    s->row = c->host->scratch(c, batch, sizeof *s->row);
    s->loss = c->host->scratch(c, batch, sizeof *s->loss);
    s->push = c->host->scratch(c, most_items(a, batch), sizeof *s->push);
    s->first = c->host->scratch(c, batch + 1, sizeof *s->first);
    ok = ok && s->length && s->row && s->loss && s->push && s->first;
    return ok ? PM_OK : PM_E_MEMORY;
}

static double uniform(pm_call *c, const struct mf_step *s, size_t part, size_t i, size_t k)
{
    return c->host->uniform(c, S_START + (uint32_t)part,
                            ((uint64_t)s->member << 40) + i * s->how->rank + k);
}

static double normal(pm_call *c, const struct mf_step *s, size_t part, size_t i, size_t k)
{
    double u = 1 - uniform(c, s, part, i, k), v = uniform(c, s, part + MF_PARTS, i, k);
    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

/* As torch starts an embedding and linear layers without bias: v normal, W and c uniform in +-1 / sqrt(inputs). */
void mf_step_begin(struct mf_step *s, pm_call *c, uint32_t member)
{
    s->member = member;
    s->step = s->drawn = 0;
    s->rate = 1;
    for (size_t k = 0; k < MF_PARTS; k++) {
        size_t bytes = s->part[k].rows * s->part[k].ld * sizeof(float);
        memset(s->mean[k], 0, bytes);
        memset(s->square[k], 0, bytes);
    }
    const double wide = 1 / sqrt((double)s->d), deep = 1 / sqrt((double)s->how->rank);
    for (size_t k = 0; k < s->how->rank; k++) {
        for (size_t t = 0; t < s->d; t++)
            pm_row(s->part[MF_W], t)[k] = (float)(wide * (2 * uniform(c, s, MF_W, t, k) - 1));
        for (size_t j = 0; j < s->m; j++)
            pm_row(s->part[MF_V], j)[k] = (float)normal(c, s, MF_V, j, k);
        s->part[MF_C].at[k] =
            s->how->is_scaled ? (float)(deep * (2 * uniform(c, s, MF_C, 0, k) - 1)) : 1;
    }
    for (size_t j = 0; j < s->m; j++)
        s->part[MF_BIAS].at[j] = s->how->bias == MF_BIAS_NONE ? 0 : s->data->bias[j];
}

/* ---- forward --------------------------------------------------------------------------------------------- */

FIT_WIDE static void settle(const struct mf_step *s)
{
    for (size_t j = 0; j < s->m; j++) {
        const float *from = pm_row(s->part[MF_V], j);
        float *v = pm_row(s->v, j), by = 1;
        if (s->how->is_unit) {
            s->length[j] = fmaxf(sqrtf(dot(from, from, s->width)), 1e-12f);
            by = 1 / s->length[j];
        }
        for (size_t t = 0; t < s->width; t += FIT_LANES)
            for (size_t u = t; u < t + FIT_LANES; u++) v[u] = by * from[u];
        multiply(v, s->part[MF_C].at, pm_row(s->p, j), s->width);
    }
}

void mf_step_settle(struct mf_step *s)
{
    settle(s);
}

static pm_status gather(struct mf_step *s, pm_call *c, const uint32_t *batch, size_t n, int noisy)
{
    const struct mf_data *a = s->data;
    s->batch = batch;
    s->n = s->x.rows = s->h.rows = s->g.rows = n;
    s->first[0] = 0;
    for (size_t i = 0; i < n; i++) {
        s->row[i] = fit_data_embed(&a->base, a->prompt[batch[i]]);
        FIT_FETCH(a->item + a->start[batch[i]]);
        s->first[i + 1] = s->first[i] + a->start[batch[i] + 1] - a->start[batch[i]];
    }
    pm_noise z = {.size = sizeof z,
                  .stream = S_NOISE + s->member,
                  .first = s->drawn,
                  .alpha = noisy ? (float)s->how->noise : 0};
    if (noisy) s->drawn += n;
    pm_status st = s->math->noisy_rows(c, s->row, a->base.scale, &z, s->x);
    if (st != PM_OK) return st;
    pm_cmat x = {s->x.at, n, s->d, s->x.ld}, w = {s->part[MF_W].at, s->d, s->width, s->width};
    return c->host->gemm(c, 'n', 'n', 1, x, w, 0, s->h, PM_GEMM_EXACT);
}

/* Losses and slopes of row i's items; the slopes of its latents. */
INLINE void meet_row(const struct mf_step *s, size_t i)
{
    const struct mf_data *a = s->data;
    const float *h = pm_row(s->h, i), *bias = s->part[MF_BIAS].at;
    float *g = pm_row(s->g, i), *push = s->push + s->first[i];
    double per_item = 1 / (double)s->first[s->n];
    s->loss[i] = 0;
    memset(g, 0, s->width * sizeof *g);
    for (size_t t = a->start[s->batch[i]]; t < a->start[s->batch[i] + 1]; t++, push++) {
        const struct mf_item *e = &a->item[t];
        int two = e->b != PM_NO_COL;
        const float *pa = pm_row(s->p, e->a), *pb = two ? pm_row(s->p, e->b) : NULL;
        double x = (double)bias[e->a] + (double)dot(pa, h, s->width), slope;
        if (two) x -= (double)bias[e->b] + (double)dot(pb, h, s->width);
        s->loss[i] += (double)e->w * mf_item_loss(a, x, (double)e->y, &slope);
        *push = (float)(slope * (double)e->w * per_item);
        add(*push, pa, g, s->width);
        if (two) add(-*push, pb, g, s->width);
    }
}

FIT_WIDE static void meet_rows(const struct mf_step *s, size_t lo, size_t hi)
{
    for (size_t i = lo; i < hi; i++) meet_row(s, i);
}

static pm_status meet_block(pm_call *c, size_t lo, size_t hi, void *arg)
{
    (void)c;
    meet_rows(arg, lo, hi);
    return PM_OK;
}

static pm_status meet(struct mf_step *s, pm_call *c)
{
    return s->first[s->n] < MANY ? meet_block(c, 0, s->n, s)
                                 : c->host->parallel(c, s->n, GRAIN, meet_block, s);
}

/* ---- back ------------------------------------------------------------------------------------------------- */

/* Slopes of p_j in slope[MF_V], of biases. */
FIT_WIDE static void sum_slopes(const struct mf_step *s)
{
    const struct mf_data *a = s->data;
    float *bias = s->slope[MF_BIAS].at;
    memset(s->slope[MF_V].at, 0, s->m * s->width * sizeof(float));
    memset(bias, 0, s->m * sizeof *bias);
    for (size_t i = 0; i < s->n; i++) {
        const float *h = pm_row(s->h, i), *push = s->push + s->first[i];
        for (size_t t = a->start[s->batch[i]]; t < a->start[s->batch[i] + 1]; t++, push++) {
            const struct mf_item *e = &a->item[t];
            add(*push, h, pm_row(s->slope[MF_V], e->a), s->width);
            bias[e->a] += *push;
            if (e->b == PM_NO_COL) continue;
            add(-*push, h, pm_row(s->slope[MF_V], e->b), s->width);
            bias[e->b] -= *push;
        }
    }
}

/* From p_j = c * v_j / |v_j| back to c and to v_j. */
FIT_WIDE static void unwind(const struct mf_step *s)
{
    float *scale = s->slope[MF_C].at;
    memset(scale, 0, s->width * sizeof *scale);
    for (size_t j = 0; j < s->m; j++) {
        float *slope = pm_row(s->slope[MF_V], j);
        const float *v = pm_row(s->v, j), *by = s->part[MF_C].at;
        for (size_t t = 0; t < s->width; t += FIT_LANES)
            for (size_t u = t; u < t + FIT_LANES; u++) {
                scale[u] += slope[u] * v[u];
                slope[u] *= by[u];
            }
        if (!s->how->is_unit) continue;
        float along = dot(slope, v, s->width), shorter = 1 / s->length[j];
        for (size_t t = 0; t < s->width; t += FIT_LANES)
            for (size_t u = t; u < t + FIT_LANES; u++)
                slope[u] = shorter * (slope[u] - along * v[u]);
    }
}

static pm_status change(struct mf_step *s, pm_call *c)
{
    const struct mf_how *how = s->how;
    pm_status st = PM_OK;
    for (size_t k = 0; st == PM_OK && k < MF_PARTS; k++) {
        if ((k == MF_C && !how->is_scaled) || (k == MF_BIAS && how->bias != MF_BIAS_LEARNED))
            continue;
        pm_mat slope = k == MF_W ? s->g : s->slope[k];
        pm_adam a = {.size = sizeof a,
                     .g = {slope.at, slope.rows, slope.cols, slope.ld},
                     .w = s->part[k],
                     .mean = s->mean[k],
                     .square = s->square[k],
                     .toward = k == MF_BIAS ? s->data->bias : NULL,
                     .lr = s->rate * how->lr,
                     .l2 = k == MF_BIAS ? how->bias_l2 : s->l2,
                     .step = s->step};
        if (k == MF_W) a.x = (pm_cmat){s->x.at, s->n, s->d, s->x.ld};
        st = s->math->adam(c, &a);
    }
    return st;
}

pm_status mf_step_run(struct mf_step *s, pm_call *c, const uint32_t *batch, size_t n, double *loss)
{
    s->step++;
    settle(s);
    pm_status st = gather(s, c, batch, n, 1);
    if (st == PM_OK) st = meet(s, c);
    if (st != PM_OK) return st;
    for (size_t i = 0; i < n; i++) *loss += s->loss[i];
    sum_slopes(s);
    unwind(s);
    return change(s, c);
}

pm_status mf_step_look(struct mf_step *s, pm_call *c, const uint32_t *row, size_t n, int bare,
                       double *mean)
{
    double sum = 0, weight = 0;
    settle(s);
    if (bare) memset(s->p.at, 0, s->m * s->width * sizeof(float));
    for (size_t lo = 0; lo < n; lo += s->how->batch) {
        size_t rows = n - lo < s->how->batch ? n - lo : s->how->batch;
        pm_status st = gather(s, c, row + lo, rows, 0);
        if (st == PM_OK) st = meet(s, c);
        if (st != PM_OK) return st;
        for (size_t i = 0; i < rows; i++) {
            sum += s->loss[i];
            for (size_t t = s->data->start[row[lo + i]]; t < s->data->start[row[lo + i] + 1]; t++)
                weight += (double)s->data->item[t].w;
        }
    }
    *mean = weight > 0 ? sum / weight : 0;
    return PM_OK;
}
