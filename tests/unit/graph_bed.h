/* SPDX-License-Identifier: MIT
 *
 * What the tests of training share: tiny models of every family with weights by formula, batches of uneven texts,
 * and slopes by finite differences.
 */
#ifndef PM_TEST_GRAPH_BED_H
#define PM_TEST_GRAPH_BED_H

#include "formula_weights.h"
#include "math_tools.h"
#include "nn/graph.h"

enum { BED_TEXTS = 4, BED_TOKENS = 24 };

typedef struct bed {
    arena *a;
    compute c;
    nn_config m;
    nn_layout l;
    float *slab, *grad;
    nn_graph *g;
    uint32_t start[BED_TEXTS + 1], id[BED_TOKENS], at[BED_TOKENS], target[BED_TOKENS];
    uint8_t type[BED_TOKENS];
    float wanted[BED_TEXTS * 8], weight[BED_TEXTS];
    nn_step s;
} bed;

/* Width 16, 2 layers, 4 heads (2 of keys where grouped), inner 24, 50 ids. */
nn_config bed_config(nn_family family);
void bed_open(bed *b, const nn_config *m, int n_threads);
void bed_close(bed *b);
void bed_lm(bed *b); /* asks some tokens, one of them twice */
void bed_labels(bed *b, nn_goal goal, nn_pool_kind pool);
double bed_loss(bed *b, nn_lora *lora);     /* forward only */
double bed_gradient(bed *b, nn_lora *lora); /* grad (or lora->grad) is cleared first */

/* <grad, v> against the slope of the loss along v, for v of ones and minus ones by formula on floats
 * [at, at + n) of `value`: within `tolerance` of the norm of the gradient there. */
typedef struct bed_slope {
    float *value;
    const float *grad;
    size_t at, n;
    const char *name;
    nn_lora *lora;
} bed_slope;
void bed_check_slope(bed *b, const bed_slope *s, double tolerance);
void bed_check_all(bed *b, double tolerance); /* every parameter, and three of its elements */

#endif
