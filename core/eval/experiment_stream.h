/* SPDX-License-Identifier: MIT
 *
 * Shared by experiment_stream*.c: what a stream is decided on, and what its decisions came to.
 */
#ifndef PM_EVAL_EXPERIMENT_STREAM_H
#define PM_EVAL_EXPERIMENT_STREAM_H

#include "eval/experiment_private.h"

typedef struct stream_count { /* decisions of one router at one point, of all orders */
    const uint32_t **choice;  /* [orders] each [n] in order of the test part */
    double *spend;            /* [orders x n_constraints] sums of what was really spent */
    double *largest;          /* the same: the largest of one decision */
} stream_count;

struct stream_seed {
    stream_count *count;     /* [n_points x n_routers] */
    uint32_t *order;         /* [n] the first order: which prompt comes */
    pm_cmat *spent;          /* [n_constraints] realised values of the test part */
    size_t n_first, n_added; /* policies of ours: where they begin among baselines, and how many */
    double *use;             /* [n_added] what they spend, in budgets */
    const policy **optimum;  /* [n_points] offline optimum on outcomes; NULL: not one budget */
};

/* What cell (i, j) of the test part was in term k: as it turned out, else as expected. */
double exp_stream_cost(const seed_work *w, const pm_question *q, size_t k, size_t i, size_t j);
size_t exp_stream_orders(const exp_run *r);
/* w->stream->spent. */
PM_MUST_USE pm_status exp_stream_spent(exp_run *r, seed_work *w, pm_err *err);

#endif
