/* SPDX-License-Identifier: MIT
 *
 * Steps of fitting by gradients that are worth vector code: normal noise on gathered rows, and Adam on a dense
 * layer whose gradient never leaves the cache.  The same bits whatever the thread count; no random state.
 */
#ifndef PM_MATH_TRAIN_H
#define PM_MATH_TRAIN_H

#include "math/compute.h"

#define TRAIN_NORMALS                                                                              \
    64                /* numbers that train_kernels.normals makes at once, from 16 Philox blocks */
#define TRAIN_ROWS 24 /* rows of a gradient tile */
#define TRAIN_COLS 128

typedef struct train_adam_step { /* as train_kernels.adam wants it */
    float rate, root, l2;        /* lr / (1 - b1^t), 1 / sqrt(1 - b2^t) */
} train_adam_step;

typedef struct train_adamw_step {          /* as train_kernels.adamw wants it */
    float shrink;                          /* of the gradient, first */
    float keep;                            /* of the weight: 1 - rate * decay */
    float mean_in, square_keep, square_in; /* 1 - b1, b2, 1 - b2 */
    float rate, root, eps;                 /* rate / (1 - b1^t), 1 / sqrt(1 - b2^t) */
} train_adamw_step;

typedef struct train_kernels {
    /* out[16 w + b] for w < 4, b < 16: Philox block `block` + b of (seed, stream), words 0 and 1 to numbers
     * 0 and 1, words 2 and 3 to numbers 2 and 3, by Box and Muller.  Additions and products are not fused:
     * the same bits on every CPU. */
    void (*normals)(uint64_t seed, uint32_t stream, uint64_t block, float out[TRAIN_NORMALS]);
    /* out[t] = scale * x[t] + alpha * z[t] */
    void (*mix)(const float *x, float scale, const float *z, float alpha, size_t n, float *out);
    /* out [x->cols x g->cols] = x' g: chains of fused steps over the rows, ascending. */
    void (*outer)(const pm_cmat *x, const pm_cmat *g, const pm_mat *out);
    /* One step on n weights by gradient + l2 (w - toward); toward NULL: 0.  Not fused. */
    void (*adam)(const train_adam_step *s, const float *gradient, const float *toward, size_t n,
                 float *w, float *mean, float *square);
    /* One step of AdamW on n weights (nn/adamw.h); the gradient becomes 0.  Not fused. */
    void (*adamw)(const train_adamw_step *s, float *gradient, size_t n, float *w, float *mean,
                  float *square);
} train_kernels;

extern const train_kernels train_plain;
#if defined(__x86_64__)
extern const train_kernels train_avx2, train_avx512;
#endif

const train_kernels *train_choose(const kernels *k); /* of the same instruction set */

typedef struct train_noise {
    uint64_t seed;
    uint32_t stream;
    uint64_t first; /* number of the first row: row i is made of draws that belong to first + i */
    float alpha;    /* 0: nothing is drawn */
} train_noise;

/* out_i = scale * row[i] + alpha * z_i, z_i standard normal: Box-Muller on 32-bit uniforms, float32 (|z| < 6.7).
 * row [n] pointers to out.cols numbers.  Number t of row r is a pure function of (seed, stream, r, t, cols). */
void train_noisy_rows(const compute *c, threads *pool, const float *const *row, float scale,
                      const train_noise *z, pm_mat out);

typedef struct train_layer {
    pm_cmat x, g;         /* gradient = x' g; or x.at == NULL: g is the gradient */
    pm_mat w;             /* changed in place */
    float *mean, *square; /* laid out as w */
    const float *toward;  /* laid out as w, or NULL: zeros */
    double lr, l2;
    uint64_t step; /* 1 for the first */
} train_layer;

/* One step of Adam (Kingma and Ba 2015; betas .9 and .999, epsilon 1e-8) by gradient + l2 (w - toward).
 * Errors  PM_E_SHAPE, PM_E_ARG (step 0). */
PM_MUST_USE pm_status train_adam(const compute *c, threads *pool, const train_layer *l,
                                 pm_err *err);

#endif
