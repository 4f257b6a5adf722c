/* SPDX-License-Identifier: MIT
 *
 * What the files experiment_ablation*.c share: an ablation of one seed, from choices to rows.
 */
#ifndef PM_EVAL_EXPERIMENT_ABLATION_H
#define PM_EVAL_EXPERIMENT_ABLATION_H

#include "eval/ablation.h"
#include "eval/ablation_effects.h"
#include "eval/experiment_private.h"

enum {                   /* measures of a choice; then one for each constraint */
       ABLATION_VALUE,   /* quality or loss */
       ABLATION_UTILITY, /* value (or minus loss) minus the soft terms at w*, as they turned out */
       ABLATION_COST,    /* dollars; NaN where not recorded */
       ABLATION_TERMS
};

typedef struct exp_asked { /* a contrast and the row it becomes */
    const char *point, *metric;
    size_t shapley; /* constraint whose value it is, SIZE_MAX: another contrast */
} exp_asked;

typedef struct
    exp_ablation { /* of a seed, or of all of them together (experiment_ablation_pool.c) */
    exp_run *r;
    seed_work *w;
    const ablation_choice *how;
    ablation_design d;
    size_t n_measures;
    double **measure; /* [n_measures] [n x m] */
    bool has_cost;
    ablation_contrast *contrast; /* [n_asked] */
    exp_asked *asked;
    size_t n_asked;
    const char *before; /* of subsets: "" of a seed, "seeds:", "splits:" */
    uint64_t seed;
    size_t n; /* prompts */
    const uint64_t *cluster;
} exp_ablation;

typedef struct exp_ablated { /* of a router */
    const char *label;
    size_t k;            /* router of the seed */
    void *choice;        /* [points x n] as weight_grid_bytes(m) has them */
    const float **share; /* [points] mixed decisions, as ablation_cells has them */
    double *x;           /* [n x n_asked] contrasts prompt by prompt */
    double *mean;        /* [points x n_measures] */
    double *changed;     /* [points] share of prompts whose choice is not that at w* */
    double *moved;       /* [points] the same against none of the constraints */
    double *experts;     /* [points x m] how often each is chosen */
} exp_ablated;

/* Choices of router k at every point: one call of the weight grid for each set of hard constraints if the objective
 * promises to be additive (checked against the pipeline at one point of each), else the pipeline point by point. */
PM_MUST_USE pm_status exp_ablation_decide(const exp_ablation *x, const exp_ablated *one,
                                          pm_err *err);
/* x->contrast and asked: what all rows need, by the design alone. */
PM_MUST_USE pm_status exp_ablation_ask(exp_ablation *x, pm_err *err);
/* Adds a seed's routers [n]; after the last seed, rows of all seeds together and a word about what changes nothing. */
PM_MUST_USE pm_status exp_ablation_pool(const exp_ablation *x, const exp_ablated *all, size_t n,
                                        pm_err *err);
/* tau-b of the experts' shares at point p with those at w*. */
double exp_ablation_tau(const exp_ablation *x, const exp_ablated *one, size_t p);
/* Whether the run has what a front is of; `why_not` in r->keep says what it lacks (NULL: memory is out). */
bool exp_ablation_has_front(const exp_ablation *x, const ablation_front *f, const char **why_not);
/* Rows of routers [n], and ablation-SEED-ROUTER.csv of each. */
PM_MUST_USE pm_status exp_ablation_rows(const exp_ablation *x, const exp_ablated *all, size_t n,
                                        pm_err *err);
PM_MUST_USE pm_status exp_ablation_fronts(const exp_ablation *x, const exp_ablated *one,
                                          pm_err *err);
PM_MUST_USE pm_status exp_ablation_csv(const exp_ablation *x, const exp_ablated *one, pm_err *err);
/* "ablation:BEFORE A BETWEEN B" in r->keep; NULL when memory is out. */
const char *exp_ablation_point(const exp_ablation *x, const char *before, const char *a,
                               const char *between, const char *b);
PM_MUST_USE pm_status exp_ablation_put(const exp_ablation *x, const exp_ablated *one,
                                       const char *point, const char *metric,
                                       const ablation_contrast *v, pm_err *err);
/* Name of a measure in rows: "quality", "utility", "cost_usd", a constraint's label. */
const char *exp_ablation_measure(const exp_ablation *x, size_t measure);

#endif
