/* SPDX-License-Identifier: MIT
 *
 * What the files of the objective threshold share: its parameters, the probability that one expert beats
 * another, and what "cheap" means.
 */
#ifndef PM_OBJECTIVES_THRESHOLD_H
#define PM_OBJECTIVES_THRESHOLD_H

#include <pointsman/plugin.h>

enum { RULE_PAIR, RULE_CHEAPEST };
enum { CLEARS_RELATIVE, CLEARS_ABSOLUTE, CLEARS_UNBEATEN };
enum { CHEAP_AUTO, CHEAP_COST, CHEAP_PRICE, CHEAP_PARAMS, CHEAP_ORDER, CHEAP_TERMS };

struct threshold_params {
    double alpha;
    int64_t rule, clears, cheap;
    const char *strong, *weak;
};

/* P(expert a beats expert b) for prompt i, in [0,1], rounded to the precision of predictions. */
float threshold_beats(const pm_question *q, size_t i, size_t a, size_t b);

/* How far expert j of prompt i is above the line that alpha draws (best: the best allowed expert); >= 0 clears.
 * RELATIVE value >= alpha * best, ABSOLUTE value >= alpha; a loss stands for exp(-loss). */
double threshold_margin(const pm_question *q, const struct threshold_params *p, size_t i, size_t j,
                        size_t best);

/* The prediction as a utility: higher is better for every kind. */
double threshold_worth(const pm_question *q, size_t i, size_t j);

/* cheap [m]: what each expert costs for prompt i, in the unit that p->cheap says; lower is cheaper. */
pm_status threshold_cheap(pm_call *c, const pm_question *q, size_t i, double *cheap);

#endif
