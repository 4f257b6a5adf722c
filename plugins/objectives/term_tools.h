/* SPDX-License-Identifier: MIT
 *
 * What objectives share: predictions as utilities, soft terms with their weights, ties, and the refusal of
 * budgets.  Not an objective; hard terms are the host's and are not looked at.
 */
#ifndef PM_OBJECTIVES_TERM_TOOLS_H
#define PM_OBJECTIVES_TERM_TOOLS_H

#include <math.h>
#include <pointsman/plugin.h>

/* Every kind as a utility.  A loss counts against an expert; a quality q is the loss 1 - q and a probability p
 * the loss 1 - p, up to the constant 1, which moves no argmax. */
static inline double terms_worth(pm_value_kind kind, float value)
{
    return kind == PM_VALUE_LOSS ? -(double)value : (double)value;
}

static inline double terms_value(const pm_question *q, size_t i, size_t j)
{
    return terms_worth(q->kind, pm_crow(q->value, i)[j]);
}

static inline double terms_weight(const pm_term *t, size_t i)
{
    return t->weight_row ? (double)t->weight_row[i] : t->weight;
}

/* Exact ties: the expert that was better on train, then the lower column (which comes first). */
static inline int terms_is_better(const pm_question *q, double utility, size_t j, double best,
                                  uint32_t choice)
{
    if (choice == PM_NO_COL) return 1;
    if (utility > best || utility < best) return utility > best;
    return q->prior && q->prior[j] > q->prior[choice];
}

/* PM_OK, or the refusal of the first term of sense budget. */
pm_status terms_refuse_budget(pm_call *c, const pm_question *q);

/* The number of soft terms. */
size_t terms_soft(const pm_question *q);

/* sum over soft terms, in their order, of w_k(i) C_k(i, j). */
double terms_penalty(const pm_question *q, size_t i, size_t j);

/* utility = value * v - sum of (terms * w_k) C_k, taken off in the order of the terms. */
typedef struct terms_scale {
    double value, terms;
} terms_scale;

/* The allowed expert of the highest such utility for prompt i. */
uint32_t terms_choose(const pm_question *q, size_t i, terms_scale s);

/* Fills what is asked of utility and parts in row i, for cells of such a utility. */
void terms_explain(const pm_question *q, size_t i, terms_scale s, pm_decisions *out);

/* Sets all parts of cell (i, j) that are asked for to 0, and the utility; the caller then sets what is not 0. */
void terms_plain(const pm_question *q, size_t i, size_t j, double utility, pm_decisions *out);

/* Says that the objective itself rules cell (i, j) out: its utility is -INFINITY. */
void terms_rule_out(const pm_question *q, size_t i, size_t j, pm_decisions *out);

#endif
