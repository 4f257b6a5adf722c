/* SPDX-License-Identifier: MIT
 *
 * What a policy's choices were worth and what they cost, in the words of other benchmarks: RouterArena, RouterEval,
 * LLMRouterBench; and whether budgets were kept (docs/metrics.md, "Cost and quality").
 */
#ifndef PM_EVAL_SPEND_H
#define PM_EVAL_SPEND_H

#include "eval/policy.h"

/* Cheapest expert among those within 1e-12 of the best outcome of prompt i; of equal ones the lower column. */
size_t spend_cheapest_best(const eval_truth *t, size_t i);

typedef struct spend_oracle { /* the cheapest of the best on every prompt: RouterBench's oracle */
    double value;             /* mean outcome */
    double usd;               /* mean cost */
    double
        usd_right; /* where nothing is right (best quality 0) no call is made, as in RouterBench's released data */
} spend_oracle;
/* NaN costs without recorded costs. */
spend_oracle spend_of_oracle(const eval_truth *t);

typedef struct
    spend_arena { /* RouterArena, arXiv 2510.00202; a prompt is answered right where the choice is
                                within 1e-12 of the best outcome and that is above 0 */
    double
        selection; /* Opt.Sel: share, of prompts that the policy answered right, where it chose the cheapest right expert */
    double
        cost; /* Opt.Cost: their cheapest right experts' cost over what was spent on them; 1 is best */
    double accuracy; /* Opt.Acc: mean outcome over that of the oracle */
} spend_arena;
/* Of qualities with recorded costs; parts that are not defined are NaN.  Policies with choices alone. */
spend_arena spend_of_arena(const eval_truth *t, const policy *p);

typedef struct
    spend_gains { /* of mean outcomes as utilities: LLMRouterBench, arXiv 2601.07206; RouterEval,
                                arXiv 2503.10657 */
    double over_random;  /* Gain@R, ImpRand: V / V_random - 1 */
    double over_best;    /* Gain@B: V / V_best - 1, V_best the best single model */
    double over_domains; /* ImpMax: V / V_domains - 1, each domain by its best model on test */
    double to_oracle;    /* Gap@O, OracleGap: 1 - V / V_oracle */
    double v_best;       /* RouterEval's V_B = V / V_best (its mu is V) */
    double v_reference;  /* its V_R = V / V_reference */
} spend_gains;
typedef struct spend_marks { /* mean qualities; NaN: not known */
    double random, best, domains, oracle, reference;
} spend_marks;
spend_gains spend_gain(double mean, spend_marks marks);

typedef struct spend_budget { /* a stream that may spend `budget` in all */
    double spent, use;        /* use = spent / budget */
    double over;              /* max(0, spent - budget) / budget */
    size_t within;            /* prompts, from the first, until the sum first exceeds the budget */
    bool is_kept;             /* spent <= budget (1e-9 of it) */
} spend_budget;
/* cost [n] in order of arrival.   With a budget of 0, use and over are 0 if nothing was spent, else INFINITY. */
spend_budget spend_compliance(const double *cost, size_t n, double budget);

#endif
