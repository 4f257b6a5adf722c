/* SPDX-License-Identifier: MIT
 *
 * willingness_to_pay: RouterBench's decision, argmax_j lambda * value - sum of weighted soft terms.  Stateless;
 * keeps no budget, and prices are whatever the soft terms say.
 */
#include "term_tools.h"

struct wtp_params {
    double lambda;
};

static pm_status decide(const pm_objective *o, pm_call *c, const pm_question *q, pm_decisions *out)
{
    const struct wtp_params *p = c->params;
    terms_scale s = {p->lambda, 1};
    (void)o;
    pm_status st = terms_refuse_budget(c, q);
    if (st) return st;
    for (size_t i = 0; i < q->value.rows; i++) {
        out->choice[i] = terms_choose(q, i, s);
        terms_explain(q, i, s, out);
    }
    return PM_OK;
}

static const pm_param params[] = {
    PM_PARAM(
        PM_P_F64, struct wtp_params, lambda, 1, 0, 1e12,
        "what one unit of value is worth, in the unit of the weighted soft terms (USD per 1,000 "
        "calls with price at scale raw and weight 1)"),
    PM_PARAM_END,
};

static const pm_objective_type willingness_to_pay = {
    .size = sizeof willingness_to_pay,
    .name = "willingness_to_pay",
    .doc = "argmax_j of lambda * value - sum of weighted soft terms. A loss counts as minus "
           "itself. lambda 0 takes the least penalty, a large lambda the best prediction; in "
           "between, raising lambda never lowers the chosen prediction and never lowers the "
           "chosen penalty. Hard terms forbid. Wins where a buyer can say what an answer is "
           "worth, and to draw a curve of cost and quality with one number; loses where a mean "
           "cost must be kept, since lambda says nothing about it.",
    .source = "RouterBench (Hu et al. 2024, arXiv 2403.12031), predictive routers: lambda * P - "
              "cost. Their code takes list prices of a token, ten times too low, for the cost; "
              "here it is what the soft terms expect of the call. The kinds LOSS, WINPROB and "
              "BEST are ours",
    .params = params,
    .params_bytes = sizeof(struct wtp_params),
    .accepts = PM_VALUE_BIT(PM_VALUE_LOSS) | PM_VALUE_BIT(PM_VALUE_QUALITY) |
               PM_VALUE_BIT(PM_VALUE_WINPROB) | PM_VALUE_BIT(PM_VALUE_BEST),
    .offers = PM_OFFERS_UTILITY | PM_OFFERS_PARTS,
    .decide = decide,
};
PM_PLUGIN_OBJECTIVE(willingness_to_pay, "1.0", "MIT")
