/* SPDX-License-Identifier: MIT
 *
 * penalty: Tryage's decision, argmin_j predicted loss + sum_k lambda_k C_k.  Soft terms are subtracted
 * from the utility; whom hard ones forbid, the host says; it keeps no budget.  Stateless, allocates nothing.
 */
#include <pointsman/plugin.h>

/* Every accepted kind as a utility.  A loss counts against an expert; a quality q is the loss 1 - q and
 * a probability p the loss 1 - p, up to the constant 1, which moves no argmin. */
static double value_part(pm_value_kind kind, float value)
{
    return kind == PM_VALUE_LOSS ? -(double)value : (double)value;
}

static double weight_of(const pm_term *t, size_t i)
{
    return t->weight_row ? (double)t->weight_row[i] : t->weight;
}

/* The utility of cell (i, j); fills the parts that are asked for. */
static double utility_of(const pm_question *q, size_t i, size_t j, pm_decisions *out)
{
    double value = value_part(q->kind, pm_crow(q->value, i)[j]), utility = value;
    if (out->value_part.at) pm_row(out->value_part, i)[j] = (float)value;
    for (size_t k = 0; k < q->n_terms; k++) {
        const pm_term *t = q->term[k];
        double part = 0;
        if (t->sense == PM_SOFT) part = 0 - weight_of(t, i) * (double)pm_crow(t->value, i)[j];
        utility += part;
        if (out->term_part) pm_row(out->term_part[k], i)[j] = (float)part;
    }
    return utility;
}

/* Exact ties: the expert that was better on train, then the lower column (which comes first). */
static int is_better(const pm_question *q, double utility, size_t j, double best, uint32_t choice)
{
    if (choice == PM_NO_COL) return 1;
    if (utility > best || utility < best) return utility > best;
    return q->prior && q->prior[j] > q->prior[choice];
}

static void decide_row(const pm_question *q, size_t i, pm_decisions *out)
{
    uint32_t choice = PM_NO_COL;
    double best = 0;
    for (size_t j = 0; j < q->value.cols; j++) {
        double utility = utility_of(q, i, j, out);
        if (out->utility.at) pm_row(out->utility, i)[j] = (float)utility;
        if (!pm_is_allowed(q, i, j) || !is_better(q, utility, j, best, choice)) continue;
        best = utility;
        choice = (uint32_t)j;
    }
    out->choice[i] = choice;
}

static pm_status decide(const pm_objective *o, pm_call *c, const pm_question *q, pm_decisions *out)
{
    (void)o;
    for (size_t k = 0; k < q->n_terms; k++)
        if (q->term[k]->sense != PM_SOFT && q->term[k]->sense != PM_HARD)
            return c->host->fail(
                c, PM_E_UNSUPPORTED,
                "constraint \"%s\" has sense \"budget\", which one prompt "
                "at a time cannot keep; use \"soft\" with a weight or \"hard\" with "
                "a bound, or an objective that budgets",
                q->term[k]->name);
    for (size_t i = 0; i < q->value.rows; i++) decide_row(q, i, out);
    return PM_OK;
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
