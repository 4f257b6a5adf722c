/* SPDX-License-Identifier: MIT
 *
 * penalty: Tryage's decision, argmin_j predicted loss + sum_k lambda_k C_k.  Soft terms are subtracted from
 * the utility, in double and in their order; it keeps no budget.  Stateless; how fast is in penalty_row.c.
 */
#include "penalty.h"

/* The soft terms as the row kernel reads them.  Rows that are the same for every prompt, weight included, are
 * multiplied once for a batch: the products are the same bits. */
static pm_status lay_terms(pm_call *c, const pm_question *q, penalty_terms *s)
{
    size_t m = q->value.cols;
    s->term = c->host->scratch(c, q->n_terms + 1, sizeof *s->term);
    if (!s->term) return PM_E_MEMORY;
    for (size_t k = 0; k < q->n_terms; k++) {
        const pm_term *t = q->term[k];
        if (t->sense != PM_SOFT) continue;
        penalty_term *at = &s->term[s->n++];
        *at = (penalty_term){.from = t, .weight = t->weight, .row = t->value.at};
        if (q->value.rows == 1 || t->value.ld != 0 || t->weight_row) continue;
        double *product = c->host->scratch(c, m, sizeof *product);
        if (!product) return PM_E_MEMORY;
        for (size_t j = 0; j < m; j++) product[j] = t->weight * (double)t->value.at[j];
        at->product = product;
    }
    return PM_OK;
}

static void point_at(penalty_terms *s, size_t i)
{
    for (size_t k = 0; k < s->n; k++) {
        s->term[k].weight = terms_weight(s->term[k].from, i);
        s->term[k].row = pm_crow(s->term[k].from->value, i);
    }
}

/* The lowest column at the highest utility, unless another one there has a better prior. */
static uint32_t column_of(const pm_question *q, size_t i, const double *utility, double best)
{
    uint32_t choice = PM_NO_COL;
    for (size_t j = 0; j < q->value.cols; j++) {
        if (!(utility[j] >= best) || !pm_is_allowed(q, i, j)) continue;
        if (choice != PM_NO_COL && !(q->prior && q->prior[j] > q->prior[choice])) continue;
        choice = (uint32_t)j;
        if (!q->prior) break;
    }
    return choice;
}

static pm_status no_number(pm_call *c, const pm_question *q, size_t i)
{
    for (size_t j = 0; j < q->value.cols; j++)
        if (isnan(pm_crow(q->value, i)[j]))
            return c->host->fail(c, PM_E_ARG,
                                 "prompt %zu: the prediction for expert \"%s\" is not a number", i,
                                 q->lib->expert[j]->id);
    return c->host->fail(c, PM_E_ARG, "prompt %zu: no expert's utility is a number", i);
}

static pm_status decide(const pm_objective *o, pm_call *c, const pm_question *q, pm_decisions *out)
{
    penalty_terms s = {.sign = q->kind == PM_VALUE_LOSS ? -1 : 1, .m = q->value.cols};
    (void)o;
    pm_status st = terms_refuse_budget(c, q);
    if (!st) st = lay_terms(c, q, &s);
    double *utility = st ? NULL : c->host->scratch(c, s.m, sizeof *utility);
    if (!st && !utility) st = PM_E_MEMORY;
    for (size_t i = 0; i < q->value.rows && !st; i++) {
        const uint32_t *mask = q->mask ? q->mask + i * s.m : NULL;
        point_at(&s, i);
        double best = penalty_row(&s, pm_crow(q->value, i), mask, utility);
        out->choice[i] = column_of(q, i, utility, best);
        if (out->choice[i] == PM_NO_COL) st = no_number(c, q, i);
        if (out->utility.at) penalty_narrow(utility, s.m, pm_row(out->utility, i));
        if (out->value_part.at || out->term_part) penalty_parts(q, i, s.sign, out);
    }
    return st;
}

static const pm_param params[] = {PM_PARAM_END};

static const pm_objective_type penalty = {
    .size = sizeof penalty,
    .name = "penalty",
    .doc = "Chooses argmin over experts of predicted loss + sum of weight_k * C_k. It maximises "
           "utility = value - sum of weight_k * C_k. Value: LOSS counts as -loss; QUALITY, "
           "WINPROB and BEST as they are (loss 1 - q up to a constant). Hard terms forbid cells "
           "whose value is above the bound. Equal utilities: the better expert on train, then "
           "the lower column. RANK is refused: subtracting a price from an ordinal means "
           "nothing. Wins where one weight expresses the trade; loses where a total must be kept "
           "(it holds no budget) or where predictions are not on one scale with the penalties.",
    .source =
        "Tryage (Hari & Thomson 2023, arXiv 2308.11601), routing rule, eq. T1 of our notes; the "
        "mapping of qualities and probabilities, hard terms and tie rule are ours",
    .params = params,
    .params_bytes = 0,
    .accepts = PM_VALUE_BIT(PM_VALUE_LOSS) | PM_VALUE_BIT(PM_VALUE_QUALITY) |
               PM_VALUE_BIT(PM_VALUE_WINPROB) | PM_VALUE_BIT(PM_VALUE_BEST),
    .offers = PM_OFFERS_UTILITY | PM_OFFERS_PARTS,
    .decide = decide,
    .additive = 1,
};
PM_PLUGIN_OBJECTIVE(penalty, "1.0", "MIT")
