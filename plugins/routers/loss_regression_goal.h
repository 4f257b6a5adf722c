/* SPDX-License-Identifier: MIT
 *
 * What loss regression minimises: targets and divergences between predicted and realised outcomes
 * (Tryage, arXiv 2308.11601, T2), row by row, with their derivatives.
 */
#ifndef LOSS_REGRESSION_GOAL_H
#define LOSS_REGRESSION_GOAL_H

#include "fit_train.h"

enum { DIVERGENCE_MAE, DIVERGENCE_MSE, DIVERGENCE_HUBER, DIVERGENCE_KL };
enum { TARGETS_STANDARDISED, TARGETS_CENTRED, TARGETS_RAW };

/* Expert j of a prompt is predicted as shift_j + scale_j answer_j, and centred targets add
 * level_scale answer_m: the level, a prompt's mean over its known experts of y_j - shift_j. */
struct loss_goal {
    const struct fit_data *data;
    int64_t divergence, targets;
    double delta;                /* of huber, in standardised units */
    double temperature;          /* of kl, in units of the outcome */
    double anchor;               /* weight of the squared error that is added to kl */
    const double *shift, *scale; /* [m] */
    double level_scale;
    size_t units; /* m, or m + 1 with a level */
};

/* Means, deviations and the lead that the temperature is measured in, from the fitting rows.  `temperature`
 * comes relative to that lead and leaves absolute. */
pm_status loss_goal_open(pm_call *c, const struct fit_data *data, struct loss_goal *g);

double loss_goal_loss(const void *goal, size_t row, const float *answer, float *slope);
double loss_goal_regret(const void *goal, size_t row, const float *answer);
/* The predicted outcome of expert j. */
double loss_goal_outcome(const struct loss_goal *g, size_t j, const float *answer);

#endif
