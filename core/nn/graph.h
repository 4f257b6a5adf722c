/* SPDX-License-Identifier: MIT
 *
 * Training: forward and backward through a whole model, float32 (products may round to bf16 where asked), on packed batches.
 * Weights, gradients and moments are slabs of one layout.  Gradients are added to; sums are in a fixed order,
 * so that the bytes do not depend on the thread count.
 */
#ifndef PM_NN_GRAPH_H
#define PM_NN_GRAPH_H

#include "nn/engine.h"
#include "nn/lora.h"

typedef enum nn_goal {
    NN_GOAL_LM = 1, /* cross-entropy at asked positions: masked or causal */
    NN_GOAL_CLASSES, /* cross-entropy of n_outputs classes: target distribution [n x n_outputs], rows sum to 1 */
    NN_GOAL_REGRESS, /* mean squared error of n_outputs values; NaN targets are left out */
    NN_GOAL_SOFT /* KL of softmax(target) to softmax(outputs), Tryage's divergence between predictions */
} nn_goal;

typedef struct nn_step {
    nn_batch batch;
    nn_goal goal;
    nn_asked asked;      /* GOAL_LM */
    pm_cmat target;      /* others: [n x n_outputs] */
    const float *weight; /* [n] sequence weights or NULL (not GOAL_LM) */
    nn_pool_kind pool;   /* what heads read */
    double scale; /* of the loss (and so of gradients): 1 / (items of all accumulated batches) */
    uint64_t seed, step; /* of dropout: masks are a pure function of (seed, step, layer, place) */
    bool training;       /* dropout on */
    bool bf16_ok;
} nn_step;

typedef struct nn_graph
    nn_graph; /* owns activations for batches of up to max_tokens tokens of max_sequences */
PM_MUST_USE pm_status nn_graph_open(const compute *c, const nn_layout *l, size_t max_tokens,
                                    size_t max_sequences, nn_graph **out, pm_err *err);
void nn_graph_close(nn_graph *g);
/* loss = scale * sum over items (tokens asked, or sequences times weight); grad [slab] NULL: forward only.  lora NULL:
 * all weights are trained; else only the adapters are: into lora->grad (NULL: forward only), and grad is NULL.
 * PM_E_DIVERGED when the loss is not finite; gradients are of no use then. */
PM_MUST_USE pm_status nn_graph_step(nn_graph *g, const float *slab, nn_lora *lora, const nn_step *s,
                                    double *loss, float *grad, pm_err *err);
pm_cmat nn_graph_outputs(const nn_graph *g); /* [n x n_outputs] of the last step */

#endif
