/* SPDX-License-Identifier: MIT
 *
 * AdamW (Loshchilov and Hutter 2019, algorithm 2, decoupled decay as torch.optim.AdamW has it), the schedule of its rate, and
 * clipping by the global norm.
 */
#ifndef PM_NN_ADAMW_H
#define PM_NN_ADAMW_H

#include "math/compute.h"
#include "nn/layout.h"

typedef enum nn_decay { NN_CONSTANT = 1, NN_LINEAR, NN_COSINE } nn_decay;
typedef struct nn_schedule {
    double peak;    /* learning rate after warm-up */
    double warm_up; /* steps, rising linearly from 0 */
    double steps;   /* in all; LINEAR and COSINE end there at floor * peak */
    nn_decay decay;
    double floor;
} nn_schedule;
double
nn_rate(const nn_schedule *s,
        uint64_t step); /* step 1, 2, ... as transformers' get_*_schedule_with_warmup at step - 1 */

typedef struct nn_adamw {
    double beta_1, beta_2, eps, weight_decay;
} nn_adamw;
#define NN_ADAMW_DEFAULT                                                                           \
    {                                                                                              \
        .9, .999, 1e-8, .01                                                                        \
    }

/* The L2 norm of g [n]: blocks of fixed size summed in order, in double. */
double nn_norm(const compute *c, threads *pool, const float *g, size_t n);
/* One step on a slab; g is multiplied by `shrink` first (clipping).  layout NULL: every float decays (adapters). */
void nn_adamw_step(const compute *c, threads *pool, const nn_adamw *o, const nn_layout *l, size_t n,
                   double rate, double shrink, uint64_t step, float *w, float *g, float *mean,
                   float *square);

#endif
