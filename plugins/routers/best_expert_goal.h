/* SPDX-License-Identifier: MIT
 *
 * What best_expert minimises: the cross-entropy to who was best (ties shared, or a softmax of the outcomes),
 * or the expected regret of choosing by its probabilities; row by row, with derivatives.
 */
#ifndef BEST_EXPERT_GOAL_H
#define BEST_EXPERT_GOAL_H

#include "fit_train.h"

enum { OBJECTIVE_LIKELIHOOD, OBJECTIVE_REGRET };

struct best_goal {
    const struct fit_data *data;
    int64_t objective;
    double temperature; /* of the targets, in units of the outcome; 0: hard */
    double lead;        /* what regrets are measured in */
    const float *start; /* [m] log shares of having been best */
};

/* `temperature` comes relative to the lead (fit_softmax.h) and leaves absolute. */
pm_status best_goal_open(pm_call *c, const struct fit_data *data, struct best_goal *g);

double best_goal_loss(const void *goal, size_t row, const float *answer, float *slope);
double best_goal_regret(const void *goal, size_t row, const float *answer);

#endif
