/* SPDX-License-Identifier: MIT
 *
 * Fitting matrix_factorization in epochs, several members, and folding them into one matrix.
 */
#ifndef MATRIX_FACTORIZATION_TRAIN_H
#define MATRIX_FACTORIZATION_TRAIN_H

#include "matrix_factorization_step.h"

/* In memory of the instance being built; columns are those of the library.  With K = members * rank,
 *   logit(q, j) = bias_j + e_q . fold[:, j],   fold = prompts experts'   (members averaged) */
struct mf_fold {
    size_t d, m, k;
    const float *fold;    /* [d x m] */
    const float *bias;    /* [m] */
    const float *prompts; /* [d x K] */
    const float *experts; /* [m x K] */
};

struct mf_result {
    struct mf_fold fold;
    size_t epoch; /* fitted for so many; 0: nothing but the biases helped who was held out */
    double l2;    /* as tuned */
    double held;  /* loss of who was held out, at its least; NaN: nobody was */
};

pm_status mf_train(pm_call *c, struct mf_data *data, const struct mf_how *how,
                   struct mf_result *out);

#endif
