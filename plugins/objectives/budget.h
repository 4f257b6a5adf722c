/* SPDX-License-Identifier: MIT
 *
 * What the files of the objective budget share: its parameters, its state, prices of budgets learned on a prefix, and
 * what a prefix would spend at each price.
 */
#ifndef PM_OBJECTIVES_BUDGET_H
#define PM_OBJECTIVES_BUDGET_H

#include <pointsman/plugin.h>

enum { BUDGET_TERMS = 64 };
enum { PACE_RESOLVE, PACE_DUAL, PACE_ADAPTIVE };
enum { BEFORE_ALLOWANCE, BEFORE_TOTAL };

/* 1 / variance of the factor by which predicted spending is thought to be off: a standard deviation of one half. */
#define BUDGET_DOUBT 4.0

struct budget_params {
    int64_t horizon, pace, before;
    double step, reserve;
};

struct budget_cells { /* prompts whose choices one budget prices */
    size_t n, m;
    const double *value, *cost; /* [n x m] */
    const uint32_t *mask;       /* [n x m] or NULL */
};

struct budget_step { /* room to work in: n x (m - 1) of them */
    double slope, cost;
};

struct budget_curve {
    size_t n;
    double *slope; /* [n] falling, > 0 */
    double *spend; /* [n + 1] rising: mean spending at prices between slope[i] and slope[i - 1] */
    double dear;   /* mean of the dearest corners, weighted by themselves: bounds variance / mean */
};

struct budget_prices { /* with probability `share` the cheaper one */
    double dearer, cheaper, share;
};

struct pm_objective {
    uint64_t horizon;  /* of the prefix' question; 0: not told */
    uint64_t count;    /* decisions observed */
    uint64_t budgets;  /* bit k: constraint k was a budget when prices were learned */
    uint64_t n_prefix; /* prompts that prices were learned on; 0: none were */
    double price[BUDGET_TERMS], spent[BUDGET_TERMS];
    double least[BUDGET_TERMS]; /* mean over the prefix of the cheapest allowed value */
    double bound[BUDGET_TERMS]; /* of the prefix' question */
    double meant[BUDGET_TERMS]; /* what the decisions observed should have spent, by the curve */
    struct budget_curve curve[BUDGET_TERMS]; /* pace resolve, of budgets; else spend == NULL */
};

/* Value of cell (i, j) as a utility, soft terms subtracted. */
double budget_worth(const pm_question *q, size_t i, size_t j);
/* The least value of term k among the allowed experts of prompt i. */
double budget_least(const pm_question *q, const pm_term *t, size_t i);
/* o->price, o->least and, for pace resolve, o->curve from the predictions of a prefix. */
pm_status budget_learn(pm_objective *o, pm_call *c, const pm_question *q);

/* out->slope and out->spend have room for n (m - 1) + 1. */
void budget_curve_of(const struct budget_cells *s, struct budget_step *room,
                     struct budget_curve *out);
/* Prices whose mixture spends `target` a prompt. */
struct budget_prices budget_prices_at(const struct budget_curve *v, double target);
/* Real over meant spending, shrunk towards 1: (dear/tau^2 + spent) / (dear/tau^2 + meant) is the linear estimate of
 * a factor of variance tau^2 around 1, since single decisions vary by at most dear x their mean. */
double budget_ratio(const struct budget_curve *v, double spent, double meant);
/* What is left for each prompt to come; without a horizon as many again as came are thought to come. */
double budget_left(double bound, uint64_t horizon, uint64_t count, double spent);
/* What the curve can spend at most and at least of a target. */
double budget_meant(const struct budget_curve *v, double target);

#endif
