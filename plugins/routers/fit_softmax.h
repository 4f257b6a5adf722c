/* SPDX-License-Identifier: MIT
 *
 * Softmax over the experts whose outcome is known, and the lead that temperatures are measured in.
 * Shared by the routers of this folder that are fitted by gradients.
 */
#ifndef FIT_SOFTMAX_H
#define FIT_SOFTMAX_H

#include "fit_data.h"

/* +1 where higher outcomes are better, -1 for losses. */
double fit_sign(const struct fit_data *a);

/* Numbers of one row of softmaxes, taken twice over instead of kept. */
struct fit_softmax {
    double most, log_sum; /* p_j = exp(x_j - most - log_sum) */
};
struct fit_softmax fit_softmax_begin(void);
void fit_softmax_add(struct fit_softmax *s, double x);
double fit_softmax_log(const struct fit_softmax *s, double x);

/* Mean over the fitting rows of how much better the best known expert is than the row's mean; 1 if nobody
 * leads anywhere. */
double fit_lead(const struct fit_data *a);

/* The best known outcome of a row (highest quality, lowest loss); NaN: none is known. */
double fit_best(const struct fit_data *a, size_t row);

/* sign (best - outcome) of the column that argmax gave; NaN: not known. */
double fit_regret(const struct fit_data *a, size_t row, size_t chosen);

#endif
