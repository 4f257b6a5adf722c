/* SPDX-License-Identifier: MIT
 *
 * One step of fitting a network: a minibatch forward, its slopes back, the weights changed.  Dense weights
 * by Adam, those of word features by Adagrad; both forget a share of every weight an epoch.
 * Shared by the routers of this folder that are fitted by gradients.
 */
#ifndef FIT_STEP_H
#define FIT_STEP_H

#include "fit_net.h"

struct fit_goal {
    size_t units;       /* answers of the network */
    const float *start; /* [units] answers of a network that knows nothing, or NULL for zeros */
    /* Loss of one row's answer; slope [units], zeroed: its derivative, or NULL: not asked. */
    double (*loss)(const void *arg, size_t row, const float *answer, float *slope);
    /* What choosing by this answer loses against the best known expert; NaN: not known. */
    double (*regret)(const void *arg, size_t row, const float *answer);
    const void *arg;
};

struct fit_how {
    size_t hidden, epochs, batch, patience;
    double lr, lr_sparse; /* step sizes of Adam and of Adagrad */
    double forget;        /* share of every weight that is forgotten an epoch */
    double dropout;       /* share of the hidden units left out of each prompt */
    int stop_on_choice;   /* early stopping looks at the regret, not at the loss */
    int refit;            /* again on all rows, for as many epochs as were best */
};

struct fit_step {
    const struct fit_data *data;
    const struct fit_goal *goal;
    const struct fit_how *how;
    struct fit_net net; /* its parts are w */
    float *w[FIT_PARTS], *slope[FIT_PARTS], *mean[FIT_PARTS], *square[FIT_PARTS];
    uint32_t step;
    double keep; /* share of a weight that a step leaves */
    double rate; /* of the step sizes: 1, or less towards the end */
    /* one batch; rows with room for how->batch */
    const uint32_t *batch;
    size_t n;
    pm_mat embed, first, answer, back, back_first;
    struct fit_sparse_row *row;
    double *loss;
    float *back_square; /* squared lengths of the slopes that word features get */
    uint64_t drawn;     /* numbers used for dropout */
};

pm_status fit_step_open(struct fit_step *s, pm_call *c);
/* Weights as they are before the first step; `epoch_steps` steps are an epoch. */
void fit_step_begin(struct fit_step *s, pm_call *c, size_t epoch_steps);
/* Rows batch[0..n), n <= how->batch.  *loss: sum of weight times loss. */
pm_status fit_step_run(struct fit_step *s, pm_call *c, const uint32_t *batch, size_t n,
                       double *loss);
/* Answers of rows batch[0..n) in s->answer; no dropout. */
pm_status fit_step_answer(struct fit_step *s, pm_call *c, const uint32_t *batch, size_t n);
/* After an epoch: what is due is forgotten, net.level is 1 again. */
pm_status fit_step_settle(struct fit_step *s, pm_call *c);

/* Private to fit_step.c and fit_update.c: weights by their slopes; those of word features straight from
 * s->back_first. */
pm_status fit_update_dense(struct fit_step *s, pm_call *c);
pm_status fit_update_sparse(struct fit_step *s, pm_call *c);

#endif
