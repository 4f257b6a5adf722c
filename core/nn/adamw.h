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
/* The rate of step 1, 2, ...: transformers' get_constant, linear and cosine_schedule_with_warmup at step - 1, so that
 * the first step of a warm-up has rate 0. */
double nn_rate(const nn_schedule *s, uint64_t step);

typedef struct nn_adamw {
    double beta_1, beta_2, eps, weight_decay;
} nn_adamw;
#define NN_ADAMW_DEFAULT                                                                           \
    {                                                                                              \
        .9, .999, 1e-8, .01                                                                        \
    }

/* The L2 norm of g [n]: blocks of fixed size summed in order, in double. */
double nn_norm(const compute *c, threads *pool, const float *g, size_t n);
/* What a gradient of that norm is multiplied by to have norm `clip` at most (0: 1), as torch's clip_grad_norm_: its 1e-6
 * below the line counted. */
double nn_shrink(double norm, double clip);
/* One step on a slab of n floats: g is multiplied by `shrink` first (clipping) and is 0 afterwards, ready to be added to
 * again.  layout NULL: every float decays (adapters); else those whose parameter says so.  step 1 is the first.  Elementwise,
 * rounding as float32: the same bits on every CPU and for any threads.  Reads and writes 32 bytes a float, once. */
void nn_adamw_step(const compute *c, threads *pool, const nn_adamw *o, const nn_layout *l, size_t n,
                   double rate, double shrink, uint64_t step, float *w, float *g, float *mean,
                   float *square);

#endif
