/* SPDX-License-Identifier: MIT
 *
 * The factors of matrix_factorization and one step of fitting them.
 *
 *   logit(q, j) = bias_j + p_j . (W' e_q),   p_j = c * v_j or c * v_j / |v_j|
 */
#ifndef MATRIX_FACTORIZATION_STEP_H
#define MATRIX_FACTORIZATION_STEP_H

#include "matrix_factorization_data.h"

enum { MF_BIAS_NONE, MF_BIAS_FIXED, MF_BIAS_LEARNED };

struct mf_how {
    size_t rank, epochs, batch, members;
    double lr, l2, bias_l2, noise;
    int64_t bias;
    int is_unit;   /* v_j is divided by its length */
    int is_scaled; /* c is learned; else ones */
    int slows;     /* step sizes fall to 0 towards epoch `epochs` */
    int refit;
    int tunes; /* l2 is chosen around what is given */
};

enum { MF_W, MF_V, MF_C, MF_BIAS, MF_PARTS };

struct mf_step {
    const struct mf_data *data;
    const struct mf_how *how;
    const pm_linalg_service *math;
    size_t d, m, width;    /* width: rank, padded */
    pm_mat part[MF_PARTS]; /* W [d x width], v [m x width], c [1 x width], bias [1 x m padded] */
    float *mean[MF_PARTS], *square[MF_PARTS];
    pm_mat slope[MF_PARTS]; /* not of W, whose slopes never exist as a whole */
    pm_mat v, p;            /* [m x width] v_j (of length 1 if is_unit); p_j */
    float *length;          /* [m] of v_j */
    uint64_t step, drawn;
    uint32_t member;
    double l2;
    double rate; /* of the step sizes: 1, or less towards the end */
    /* one batch */
    const uint32_t *batch;
    size_t n;
    const float **row;
    pm_mat x, h, g; /* [n x d] embeddings with noise; [n x width] latents, and their slopes */
    double *loss;   /* [n] */
    float *push;    /* slopes of items */
    size_t *first;  /* [n + 1] where a row's items begin in push */
};

pm_status mf_step_open(struct mf_step *s, pm_call *c);
/* Weights as before the first step. */
void mf_step_begin(struct mf_step *s, pm_call *c, uint32_t member);
/* Rows batch[0..n), n <= how->batch.  Adds the sum of weight times loss. */
pm_status mf_step_run(struct mf_step *s, pm_call *c, const uint32_t *batch, size_t n, double *loss);
/* Mean loss of rows without noise; of the biases alone if `bare`. */
pm_status mf_step_look(struct mf_step *s, pm_call *c, const uint32_t *row, size_t n, int bare,
                       double *mean);
/* p_j as the weights are now. */
void mf_step_settle(struct mf_step *s);

#endif
