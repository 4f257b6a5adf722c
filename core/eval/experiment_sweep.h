/* SPDX-License-Identifier: MIT
 *
 * What the files about sweeps share: experiment_sweep.c (constraint values), _cost.c (recorded dollars), _sides.c (the
 * curves that stand beside routers).  Not for others.
 */
#ifndef PM_EVAL_EXPERIMENT_SWEEP_H
#define PM_EVAL_EXPERIMENT_SWEEP_H

#include "eval/experiment_private.h"
#include "eval/sweep.h"

typedef struct sweep_work {
    exp_run *r;
    const exp_swept *it;
    size_t c; /* constraint at hand */
    pm_err *err;
} sweep_work;

typedef struct one_sweep { /* over the weights of a constraint, the others as they are */
    const char *name;      /* "sweep:LABEL", and what the other weights are if they vary */
    size_t n;              /* weights */
    size_t *point;         /* [n] */
    sweep_curve *curve;    /* experts, routers, oracle */
    const policy **first;  /* [n_curves] who stands for the curve */
    size_t n_curves;
} one_sweep;

/* Whether the rows are of one seed: facts and settings are told there alone. */
bool exp_sweep_of_one_seed(const sweep_work *k);
/* A row of p at a point, unless the value is NaN. */
PM_MUST_USE pm_status exp_sweep_put(const sweep_work *k, const policy *p, const char *point,
                                    const char *metric, const metric_value *v);
/* Rows at "cost:LABEL", where costs are recorded. */
PM_MUST_USE pm_status exp_costs(const sweep_work *k, const one_sweep *o);

#endif
