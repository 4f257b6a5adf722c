/* SPDX-License-Identifier: MIT
 *
 * What sweep.c and cost_curve.c share: a curve of policies as sums per resample at each of its distinct points.  Not
 * for other files.
 */
#ifndef PM_EVAL_SWEEP_PRIVATE_H
#define PM_EVAL_SWEEP_PRIVATE_H

#include "eval/sweep.h"

typedef struct sweep_front { /* a curve being measured */
    const sweep_curve *from;
    size_t n;      /* distinct points */
    size_t *where; /* [from->n] point of each policy */
    double *all;   /* [2 n] outcome and cost of each point, summed over the test part */
    double *sum;   /* [resamples x q] the same summed over prompts */
    size_t q;
} sweep_front;

typedef struct sweep_sums { /* what sums are made of */
    const compute *c;
    const eval_truth *t;
    pm_cmat penalty; /* the cost */
    bootstrap *draws;
    size_t resamples;
    arena *scratch;
} sweep_sums;

/* f->from is set, the rest is filled.   Errors  those of sweep_measure. */
PM_MUST_USE pm_status sweep_front_make(const sweep_sums *s, sweep_front *f, pm_err *err);

/* Curves that are rivals, in their order; their number. */
size_t sweep_find_rivals(const sweep_curve *curve, size_t n, size_t *rival);

#endif
