/* SPDX-License-Identifier: MIT
 *
 * Noise and Adam in blocks of rows; see train.h.
 */
#include "math/train.h"

#include <math.h>
#include <string.h>

#include "math/kernels.h"

#define GRAIN_ROWS 4  /* of noisy rows */
#define GRAIN      96 /* rows of a layer: whole tiles */

static const double beta1 = 0.9, beta2 = 0.999;

const train_kernels *train_choose(const kernels *k)
{
#if defined(__x86_64__)
    if (k == &kernels_avx2) return &train_avx2;
    if (k == &kernels_avx512 || k == &kernels_avx512_vnni) return &train_avx512;
#endif
    (void)k;
    return &train_plain;
}

typedef struct noisy_job {
    const train_kernels *k;
    const float *const *row;
    float scale;
    const train_noise *z;
    pm_mat out;
} noisy_job;

static void noisy_row(const noisy_job *j, size_t i)
{
    const size_t cols = j->out.cols, blocks = (cols + TRAIN_NORMALS - 1) / TRAIN_NORMALS;
    const uint64_t first = (j->z->first + i) * blocks * (TRAIN_NORMALS / 4);
    float z[TRAIN_NORMALS] = {0}, *to = pm_row(j->out, i);
    for (size_t b = 0; b < blocks; b++) {
        size_t lo = b * TRAIN_NORMALS, n = cols - lo < TRAIN_NORMALS ? cols - lo : TRAIN_NORMALS;
        /* Rows lie anywhere: the next one is asked for while this one's numbers are made. */
        for (size_t t = 0; i + 1 < j->out.rows && t < n; t += 16)
            __builtin_prefetch(j->row[i + 1] + lo + t);
        if (j->z->alpha != 0)
            j->k->normals(j->z->seed, j->z->stream, first + b * (TRAIN_NORMALS / 4), z);
        j->k->mix(j->row[i] + lo, j->scale, z, j->z->alpha, n, to + lo);
    }
}

static pm_status noisy_block(int worker, size_t lo, size_t hi, void *arg)
{
    (void)worker;
    for (size_t i = lo; i < hi; i++) noisy_row(arg, i);
    return PM_OK;
}

void train_noisy_rows(const compute *c, threads *pool, const float *const *row, float scale,
                      const train_noise *z, pm_mat out)
{
    noisy_job j = {train_choose(c->k), row, scale, z, out};
    (void)threads_for(pool, out.rows, GRAIN_ROWS, noisy_block, &j);
}

/* ---- Adam --------------------------------------------------------------------------------------------- */

typedef struct adam_job {
    const train_kernels *k;
    const train_layer *l;
    train_adam_step step;
} adam_job;

/* `rows` rows from `row` on, columns [col, col + cols), whose gradient lies at g. */
static void change(const adam_job *j, size_t row, size_t col, pm_cmat g)
{
    const train_layer *l = j->l;
    for (size_t r = 0; r < g.rows; r++) {
        size_t at = (row + r) * l->w.ld + col;
        j->k->adam(&j->step, pm_crow(g, r), l->toward ? l->toward + at : NULL, g.cols, l->w.at + at,
                   l->mean + at, l->square + at);
    }
}

static pm_status adam_block(int worker, size_t lo, size_t hi, void *arg)
{
    const adam_job *j = arg;
    const train_layer *l = j->l;
    float tile[TRAIN_ROWS * TRAIN_COLS];
    (void)worker;
    if (!l->x.at) {
        change(j, lo, 0, (pm_cmat){pm_crow(l->g, lo), hi - lo, l->w.cols, l->g.ld});
        return PM_OK;
    }
    for (size_t r = lo; r < hi; r += TRAIN_ROWS)
        for (size_t t = 0; t < l->w.cols; t += TRAIN_COLS) {
            size_t rows = hi - r < TRAIN_ROWS ? hi - r : TRAIN_ROWS;
            size_t cols = l->w.cols - t < TRAIN_COLS ? l->w.cols - t : TRAIN_COLS;
            pm_cmat x = {l->x.at + r, l->x.rows, rows, l->x.ld};
            pm_cmat g = {l->g.at + t, l->g.rows, cols, l->g.ld};
            pm_mat out = {tile, rows, cols, cols};
            j->k->outer(&x, &g, &out);
            change(j, r, t, (pm_cmat){tile, rows, cols, cols});
        }
    return PM_OK;
}

pm_status train_adam(const compute *c, threads *pool, const train_layer *l, pm_err *err)
{
    bool fits = l->x.at ? l->x.rows == l->g.rows && l->x.cols == l->w.rows : l->g.rows == l->w.rows;
    if (!fits || l->g.cols != l->w.cols || l->w.ld < l->w.cols)
        return err_set(err, PM_E_SHAPE,
                       "adam: inputs [%zu x %zu] and slopes [%zu x %zu] do not give weights "
                       "[%zu x %zu]",
                       l->x.rows, l->x.cols, l->g.rows, l->g.cols, l->w.rows, l->w.cols);
    if (l->step == 0) return err_set(err, PM_E_ARG, "adam: steps count from 1");
    adam_job j = {train_choose(c->k), l, {0, 0, (float)l->l2}};
    j.step.rate = (float)(l->lr / (1 - pow(beta1, (double)l->step)));
    j.step.root = (float)(1 / sqrt(1 - pow(beta2, (double)l->step)));
    return threads_for(l->w.rows * l->w.cols < 16384 ? NULL : pool, l->w.rows, GRAIN, adam_block,
                       &j);
}
