/* SPDX-License-Identifier: MIT
 *
 * What price learns: mean recorded costs, and with predict = "prompt" what the prompt tells of its own.
 */
#include <math.h>

#include "price.h"

/* usd_j = mean over training prompts of the recorded cost of expert j. */
static pm_status learn_means(pm_constraint *k, pm_call *c, const pm_fit *fit)
{
    size_t m = fit->lib->n;
    double *usd = c->host->own(c, m, sizeof *usd);
    if (!usd) return PM_E_MEMORY;
    for (size_t j = 0; j < m; j++) {
        double sum = 0, count = 0;
        for (size_t i = 0; i < fit->x->n; i++) {
            double cost = (double)pm_crow(fit->y->cost_usd, i)[j];
            if (cost == cost) sum += cost, count += 1; /* NaN: not recorded */
        }
        usd[j] = count > 0 ? sum / count : (double)NAN;
    }
    k->usd = usd;
    return expect_ids_learn(&k->ids, c, fit->lib);
}

static pm_status learn_amounts(pm_constraint *k, pm_call *c, const pm_fit *fit)
{
    const struct price_params *p = c->params;
    struct expect_goal goal = {.fit = fit};
    struct expect_report report;
    int64_t basis = price_basis(k, p, fit->lib);
    pm_status st = PM_OK;
    if (basis == BASIS_RECORDED) {
        goal.y = fit->y->cost_usd;
        if (fit->tune_x) goal.tune = fit->tune_y->cost_usd;
    } else {
        st = expect_answer_tokens(c, fit->y, fit->x->n, &goal.y);
        if (st == PM_OK && fit->tune_x)
            st = expect_answer_tokens(c, fit->tune_y, fit->tune_x->n, &goal.tune);
    }
    if (st != PM_OK) return st;
    if (!goal.y.at)
        return c->host->fail(c, PM_E_ARG,
                             "predict = \"prompt\" needs recorded costs (costs.csv) or lengths of "
                             "answers (tokens_out.csv, output_chars.csv) to learn from; the data "
                             "has neither");
    for (size_t i = 0; i < fit->x->n; i++)
        k->tokens_in += price_tokens_in(fit->x, i) / (double)fit->x->n;
    if (!k->ids.n) st = expect_ids_learn(&k->ids, c, fit->lib);
    if (st == PM_OK) st = expect_learn(&k->amount, c, &goal, &report);
    if (st != PM_OK) return st;
    pm_metric m[4];
    expect_metrics(&report, basis == BASIS_RECORDED ? 1000 : 1, m);
    m[0].name = basis == BASIS_RECORDED ? "held-out MAE of USD per 1,000 calls"
                                        : "held-out MAE of answer tokens";
    k->amount_of = basis;
    return c->host->progress(c, 1, m, 4);
}

/* Says beside the results what the experts are priced by, and what is known but plays no part. */
static pm_status tell_basis(const pm_constraint *k, pm_call *c, const pm_library *lib)
{
    const struct price_params *p = c->params;
    struct price_known n = price_count(k, p, lib);
    pm_metric m[2] = {{"experts priced by mean recorded cost on train", (double)n.recorded},
                      {"list prices unused (basis = \"list\" uses them)", (double)n.listed}};
    if (price_basis(k, p, lib) == BASIS_LIST) {
        m[0] = (pm_metric){"experts priced by list price", (double)n.listed};
        m[1] = (pm_metric){"recorded costs unused", (double)n.recorded};
    }
    return c->host->progress(c, 1, m, m[1].value > 0 ? 2 : 1);
}

pm_status price_learn(pm_constraint *k, pm_call *c, const pm_fit *fit)
{
    const struct price_params *p = c->params;
    int has_costs = fit->y && fit->y->cost_usd.at;
    if (!has_costs && p->basis == BASIS_RECORDED)
        return c->host->fail(c, PM_E_ARG,
                             "basis = \"recorded\", but the data has no recorded costs "
                             "(costs.csv); use basis = \"list\" or \"auto\"");
    pm_status st = has_costs && p->basis != BASIS_LIST ? learn_means(k, c, fit) : PM_OK;
    if (st != PM_OK) return st;
    return p->predict == PREDICT_PROMPT ? learn_amounts(k, c, fit) : tell_basis(k, c, fit->lib);
}
