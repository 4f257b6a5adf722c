/* SPDX-License-Identifier: MIT
 *
 * chance: the cheapest expert whose outcome is good enough with probability p, by a normal outcome around the
 * prediction with the router's spread.  Not for routers without spread.
 */
#include "term_tools.h"

struct chance_params {
    double quality, loss, chance;
    int64_t otherwise;
};

enum { OTHERWISE_MOST_LIKELY, OTHERWISE_ERROR };

/* P(outcome good enough) of cell (i, j): quality is clipped to [0,1], a loss to [0, inf), which moves mass only
 * beyond the ends, so the normal tail is exact for a line inside. */
static double chance_of(const pm_question *q, const struct chance_params *p, size_t i, size_t j)
{
    int is_loss = q->kind == PM_VALUE_LOSS;
    double value = (double)pm_crow(q->value, i)[j], spread = (double)pm_crow(q->spread, i)[j];
    double short_of = is_loss ? value - p->loss : p->quality - value;
    if (!is_loss && p->quality <= 0) return 1;
    if (!(spread > 0)) return short_of <= 0;
    return 0.5 * erfc(short_of / (spread * sqrt(2)));
}

/* What prompt i is decided by. */
typedef struct row {
    const pm_question *q;
    size_t i, soft;
    int reached; /* somebody reaches the chance */
    double *chance;
} row;

/* Among those that reach it: the least penalty, or without soft terms the best prediction; else the chance. */
static double utility_of(const row *r, size_t j)
{
    if (!r->reached) return r->chance[j];
    return r->soft ? 0 - terms_penalty(r->q, r->i, j) : terms_value(r->q, r->i, j);
}

static int is_better(const row *r, size_t j, uint32_t choice)
{
    if (choice == PM_NO_COL) return 1;
    double a = utility_of(r, j), b = utility_of(r, choice);
    if (a > b || a < b) return a > b;
    return terms_is_better(r->q, terms_value(r->q, r->i, j), j, terms_value(r->q, r->i, choice),
                           choice);
}

static void explain(const row *r, size_t j, pm_decisions *out)
{
    const pm_question *q = r->q;
    double utility = utility_of(r, j);
    terms_plain(q, r->i, j, utility, out);
    if (!r->reached || !r->soft) {
        if (out->value_part.at) pm_row(out->value_part, r->i)[j] = (float)utility;
        return;
    }
    for (size_t k = 0; out->term_part && k < q->n_terms; k++) {
        const pm_term *t = q->term[k];
        if (t->sense == PM_SOFT)
            pm_row(out->term_part[k], r->i)[j] =
                (float)(0 - terms_weight(t, r->i) * (double)pm_crow(t->value, r->i)[j]);
    }
}

static pm_status nobody(pm_call *c, const row *r, const struct chance_params *p)
{
    const pm_question *q = r->q;
    int is_loss = q->kind == PM_VALUE_LOSS;
    double most = 0;
    for (size_t j = 0; j < q->value.cols; j++)
        if (pm_is_allowed(q, r->i, j) && r->chance[j] > most) most = r->chance[j];
    return c->host->fail(c, PM_E_INFEASIBLE,
                         "prompt %zu: no expert has a %s of at %s %g with probability %g; the "
                         "highest is %.3g. Lower chance, or take otherwise = \"most_likely\"",
                         r->i, is_loss ? "loss" : "quality", is_loss ? "most" : "least",
                         is_loss ? p->loss : p->quality, p->chance, most);
}

static pm_status decide_row(pm_call *c, row *r, pm_decisions *out)
{
    const struct chance_params *p = c->params;
    const pm_question *q = r->q;
    uint32_t choice = PM_NO_COL;
    r->reached = 0;
    for (size_t j = 0; j < q->value.cols; j++) {
        r->chance[j] = chance_of(q, p, r->i, j);
        if (pm_is_allowed(q, r->i, j)) r->reached |= r->chance[j] >= p->chance;
    }
    if (!r->reached && p->otherwise == OTHERWISE_ERROR) return nobody(c, r, p);
    for (size_t j = 0; j < q->value.cols; j++) {
        explain(r, j, out);
        if (!pm_is_allowed(q, r->i, j)) continue;
        if (r->reached && !(r->chance[j] >= p->chance))
            terms_rule_out(q, r->i, j, out);
        else if (is_better(r, j, choice))
            choice = (uint32_t)j;
    }
    out->choice[r->i] = choice;
    return PM_OK;
}

static pm_status decide(const pm_objective *o, pm_call *c, const pm_question *q, pm_decisions *out)
{
    row r = {.q = q, .soft = terms_soft(q)};
    (void)o;
    pm_status st = terms_refuse_budget(c, q);
    if (st) return st;
    r.chance = c->host->scratch(c, q->value.cols, sizeof *r.chance);
    if (!r.chance) return PM_E_MEMORY;
    for (r.i = 0; r.i < q->value.rows && !st; r.i++) st = decide_row(c, &r, out);
    return st;
}

static const char *const otherwise_words[] = {"most_likely", "error", NULL};

static const pm_param params[] = {
    PM_PARAM(PM_P_F64, struct chance_params, quality, 0.5, 0, 1,
             "QUALITY: the outcome wanted, at least"),
    PM_PARAM(PM_P_F64, struct chance_params, loss, 1, 0, 1e6,
             "LOSS: the outcome wanted, at most, in the unit of the losses (nats)"),
    PM_PARAM(PM_P_F64, struct chance_params, chance, 0.9, 0, 1,
             "probability with which it is wanted"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct chance_params, otherwise, OTHERWISE_MOST_LIKELY, 0, 1,
                   otherwise_words,
                   "where nobody reaches the chance: the expert that comes nearest, or an error"),
    PM_PARAM_END,
};

static const pm_objective_type chance = {
    .size = sizeof chance,
    .name = "chance",
    .doc = "Among the experts with P(outcome good enough) >= chance the one of the least weighted "
           "soft terms (without soft terms: the best prediction); equal ones by prediction. The "
           "outcome is normal around the prediction with the router's spread, clipped to [0,1] "
           "for qualities and at 0 for losses. Raising chance or quality, or lowering loss, never "
           "enlarges the set of experts and so never lowers the penalty of the choice while "
           "somebody is left. Hard terms forbid. Wins where a floor per answer matters more than "
           "the mean; loses with right-or-wrong outcomes, which are not normal: P is then a "
           "ranking, not a calibrated probability, and quality 0.5 is the sensible line.",
    .source = "Chance-constrained programming (Charnes and Cooper 1959, Management Science 6(1)); "
              "the normal outcome and the choice among those that reach it are ours",
    .params = params,
    .params_bytes = sizeof(struct chance_params),
    .accepts = PM_VALUE_BIT(PM_VALUE_LOSS) | PM_VALUE_BIT(PM_VALUE_QUALITY),
    .offers = PM_OFFERS_UTILITY | PM_OFFERS_PARTS,
    .decide = decide,
    .needs_spread = 1,
};
PM_PLUGIN_OBJECTIVE(chance, "1.0", "MIT")
