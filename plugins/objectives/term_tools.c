/* SPDX-License-Identifier: MIT
 *
 * Soft terms and explanations, as the plain objectives need them; cell by cell, in double.
 */
#include "term_tools.h"

pm_status terms_refuse_budget(pm_call *c, const pm_question *q)
{
    for (size_t k = 0; k < q->n_terms; k++)
        if (q->term[k]->sense == PM_BUDGET)
            return c->host->fail(
                c, PM_E_UNSUPPORTED,
                "constraint \"%s\" has sense \"budget\", which one prompt at a time cannot keep; "
                "use \"soft\" with a weight or \"hard\" with a bound, or an objective that budgets",
                q->term[k]->name);
    return PM_OK;
}

size_t terms_soft(const pm_question *q)
{
    size_t n = 0;
    for (size_t k = 0; k < q->n_terms; k++) n += q->term[k]->sense == PM_SOFT;
    return n;
}

double terms_penalty(const pm_question *q, size_t i, size_t j)
{
    double sum = 0;
    for (size_t k = 0; k < q->n_terms; k++) {
        const pm_term *t = q->term[k];
        if (t->sense == PM_SOFT) sum += terms_weight(t, i) * (double)pm_crow(t->value, i)[j];
    }
    return sum;
}

static double utility_of(const pm_question *q, size_t i, size_t j, terms_scale s)
{
    double utility = s.value * terms_value(q, i, j);
    for (size_t k = 0; k < q->n_terms; k++) {
        const pm_term *t = q->term[k];
        if (t->sense == PM_SOFT)
            utility -= s.terms * terms_weight(t, i) * (double)pm_crow(t->value, i)[j];
    }
    return utility;
}

uint32_t terms_choose(const pm_question *q, size_t i, terms_scale s)
{
    uint32_t choice = PM_NO_COL;
    double best = 0;
    for (size_t j = 0; j < q->value.cols; j++) {
        if (!pm_is_allowed(q, i, j)) continue;
        double utility = utility_of(q, i, j, s);
        if (!terms_is_better(q, utility, j, best, choice)) continue;
        best = utility;
        choice = (uint32_t)j;
    }
    return choice;
}

void terms_explain(const pm_question *q, size_t i, terms_scale s, pm_decisions *out)
{
    for (size_t j = 0; j < q->value.cols; j++) {
        if (out->utility.at) pm_row(out->utility, i)[j] = (float)utility_of(q, i, j, s);
        if (out->value_part.at)
            pm_row(out->value_part, i)[j] = (float)(s.value * terms_value(q, i, j));
        for (size_t k = 0; out->term_part && k < q->n_terms; k++) {
            const pm_term *t = q->term[k];
            double part = 0;
            if (t->sense == PM_SOFT)
                part = 0 - s.terms * terms_weight(t, i) * (double)pm_crow(t->value, i)[j];
            pm_row(out->term_part[k], i)[j] = (float)part;
        }
    }
}

void terms_plain(const pm_question *q, size_t i, size_t j, double utility, pm_decisions *out)
{
    if (out->utility.at) pm_row(out->utility, i)[j] = (float)utility;
    if (out->value_part.at) pm_row(out->value_part, i)[j] = 0;
    for (size_t k = 0; out->term_part && k < q->n_terms; k++) pm_row(out->term_part[k], i)[j] = 0;
}

void terms_rule_out(const pm_question *q, size_t i, size_t j, pm_decisions *out)
{
    if (out->utility.at) pm_row(out->utility, i)[j] = -INFINITY;
    if (PM_HAS(out, refused) && out->refused && pm_is_allowed(q, i, j))
        out->refused[i * q->value.cols + j] = 1;
}
