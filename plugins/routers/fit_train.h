/* SPDX-License-Identifier: MIT
 *
 * Fitting a network in epochs: shuffling, early stopping on who was held out, progress, and fitting again on
 * everybody.  Shared by the routers of this folder that are fitted by gradients.
 */
#ifndef FIT_TRAIN_H
#define FIT_TRAIN_H

#include "fit_step.h"

struct fit_result {
    struct fit_net net; /* in scratch memory; fold it */
    size_t epoch;       /* epochs that it was fitted for; 0: nothing helped on who was held out */
    /* Answers for rows that the net giving them was not fitted on (or, if none were held out, was). */
    const uint32_t *row; /* [n] */
    size_t n;
    pm_mat answer; /* [n x last] */
    double held;   /* mean loss (or regret) of those rows */
};

pm_status fit_train(pm_call *c, const struct fit_data *data, const struct fit_goal *goal,
                    const struct fit_how *how, struct fit_result *out);

#endif
