/* SPDX-License-Identifier: MIT
 *
 * What the files of the objective budget share: its parameters, its state, prices of budgets learned on a prefix.
 */
#ifndef PM_OBJECTIVES_BUDGET_H
#define PM_OBJECTIVES_BUDGET_H

#include <pointsman/plugin.h>

enum { BUDGET_TERMS = 64 };
enum { PACE_DUAL, PACE_ADAPTIVE };
enum { BEFORE_ALLOWANCE, BEFORE_TOTAL };

struct budget_params {
    int64_t horizon, pace, before;
    double step, reserve;
};

struct pm_objective {
    uint64_t horizon;  /* of the prefix' question; 0: not told */
    uint64_t count;    /* decisions observed */
    uint64_t budgets;  /* bit k: constraint k was a budget when prices were learned */
    uint64_t n_prefix; /* prompts that prices were learned on; 0: none were */
    double price[BUDGET_TERMS], spent[BUDGET_TERMS];
    double least[BUDGET_TERMS]; /* mean over the prefix of the cheapest allowed value */
};

/* Value of cell (i, j) as a utility, soft terms subtracted. */
double budget_worth(const pm_question *q, size_t i, size_t j);
/* The least value of term k among the allowed experts of prompt i. */
double budget_least(const pm_question *q, const pm_term *t, size_t i);
/* o->price and o->least from the predictions of a prefix. */
pm_status budget_learn(pm_objective *o, pm_call *c, const pm_question *q);

#endif
