/* SPDX-License-Identifier: MIT
 *
 * pareto: the experts that no other beats in the prediction and in every soft term at once, and one choice among
 * them.  The front is the answer; the choice is for callers that can take only one.
 */
#include "term_tools.h"

struct pareto_params {
    int64_t pick;
};

enum { PICK_WEIGHTS, PICK_VALUE, PICK_KNEE };

/* One prompt: cost[k * m + j] = how bad expert j is in criterion k, 0 the prediction, then the soft terms. */
typedef struct row {
    const pm_question *q;
    size_t i, m, n_cost;
    const size_t *term; /* [n_cost] of each criterion; [0] is not a term */
    double *cost, *least, *most;
    uint8_t *front;
} row;

/* A weight below 0 turns its term round: more is better. */
static void measure(row *r)
{
    for (size_t j = 0; j < r->m; j++) r->cost[j] = 0 - terms_value(r->q, r->i, j);
    for (size_t k = 1; k < r->n_cost; k++) {
        const pm_term *t = r->q->term[r->term[k]];
        double sign = terms_weight(t, r->i) < 0 ? -1 : 1;
        for (size_t j = 0; j < r->m; j++)
            r->cost[k * r->m + j] = sign * (double)pm_crow(t->value, r->i)[j];
    }
}

/* a is nowhere worse than b, and somewhere better. */
static int dominates(const row *r, size_t a, size_t b)
{
    int better = 0;
    for (size_t k = 0; k < r->n_cost; k++) {
        double ca = r->cost[k * r->m + a], cb = r->cost[k * r->m + b];
        if (ca > cb) return 0;
        better |= ca < cb;
    }
    return better;
}

static void find_front(row *r)
{
    for (size_t j = 0; j < r->m; j++) {
        r->front[j] = (uint8_t)pm_is_allowed(r->q, r->i, j);
        for (size_t e = 0; r->front[j] && e < r->m; e++)
            if (e != j && pm_is_allowed(r->q, r->i, e) && dominates(r, e, j)) r->front[j] = 0;
    }
    for (size_t k = 0; k < r->n_cost; k++) {
        r->least[k] = INFINITY;
        r->most[k] = -INFINITY;
        for (size_t j = 0; j < r->m; j++) {
            double cost = r->cost[k * r->m + j];
            if (!r->front[j]) continue;
            if (cost < r->least[k]) r->least[k] = cost;
            if (cost > r->most[k]) r->most[k] = cost;
        }
    }
}

/* What criterion k gives to the utility of expert j.  Knee: the prediction as a share of the front's range, less
 * the share of the range of every term: sqrt(n_cost) times the distance from the plane through the extremes. */
static double part_of(const row *r, int64_t pick, size_t k, size_t j)
{
    double cost = r->cost[k * r->m + j], range = r->most[k] - r->least[k];
    if (pick == PICK_VALUE) return k ? 0 : 0 - cost;
    if (pick == PICK_KNEE && !(range > 0)) return 0;
    if (pick == PICK_KNEE)
        return k ? 0 - (cost - r->least[k]) / range : (r->most[0] - cost) / range;
    if (k == 0) return 0 - cost;
    const pm_term *t = r->q->term[r->term[k]];
    return 0 - terms_weight(t, r->i) * (double)pm_crow(t->value, r->i)[j];
}

static double utility_of(const row *r, int64_t pick, size_t j)
{
    double sum = 0;
    for (size_t k = 0; k < r->n_cost; k++) sum += part_of(r, pick, k, j);
    return sum;
}

/* Equal utilities: the better prediction, the smaller penalty, the prior, the lower column. */
static int is_better(const row *r, int64_t pick, size_t j, uint32_t choice)
{
    if (choice == PM_NO_COL) return 1;
    double a = utility_of(r, pick, j), b = utility_of(r, pick, choice);
    if (a > b || a < b) return a > b;
    if (r->cost[j] < r->cost[choice] || r->cost[j] > r->cost[choice])
        return r->cost[j] < r->cost[choice];
    return terms_is_better(r->q, 0 - terms_penalty(r->q, r->i, j), j,
                           0 - terms_penalty(r->q, r->i, choice), choice);
}

static void explain(const row *r, int64_t pick, size_t j, pm_decisions *out)
{
    const pm_question *q = r->q;
    terms_plain(q, r->i, j, utility_of(r, pick, j), out);
    if (out->value_part.at) pm_row(out->value_part, r->i)[j] = (float)part_of(r, pick, 0, j);
    for (size_t k = 1; out->term_part && k < r->n_cost; k++)
        pm_row(out->term_part[r->term[k]], r->i)[j] = (float)part_of(r, pick, k, j);
    if (out->front) out->front[r->i * r->m + j] = r->front[j];
    if (!r->front[j]) terms_rule_out(q, r->i, j, out);
}

static void decide_row(row *r, int64_t pick, pm_decisions *out)
{
    uint32_t choice = PM_NO_COL;
    measure(r);
    find_front(r);
    for (size_t j = 0; j < r->m; j++) {
        explain(r, pick, j, out);
        if (r->front[j] && is_better(r, pick, j, choice)) choice = (uint32_t)j;
    }
    out->choice[r->i] = choice;
}

static pm_status decide(const pm_objective *o, pm_call *c, const pm_question *q, pm_decisions *out)
{
    const struct pareto_params *p = c->params;
    size_t m = q->value.cols, n_cost = 1 + terms_soft(q), *term;
    row r = {.q = q, .m = m, .n_cost = n_cost};
    (void)o;
    pm_status st = terms_refuse_budget(c, q);
    if (st) return st;
    r.cost = c->host->scratch(c, n_cost * m, sizeof *r.cost);
    r.least = c->host->scratch(c, n_cost, sizeof *r.least);
    r.most = c->host->scratch(c, n_cost, sizeof *r.most);
    r.front = c->host->scratch(c, m, sizeof *r.front);
    r.term = term = c->host->scratch(c, n_cost, sizeof *term);
    if (!r.cost || !r.least || !r.most || !r.front || !term) return PM_E_MEMORY;
    for (size_t k = 0, at = 1; k < q->n_terms; k++)
        if (q->term[k]->sense == PM_SOFT) term[at++] = k;
    for (r.i = 0; r.i < q->value.rows; r.i++) decide_row(&r, p->pick, out);
    return PM_OK;
}

static const char *const pick_words[] = {"weights", "value", "knee", NULL};

static const pm_param params[] = {
    PM_PARAM_WORDS(PM_P_CHOICE, struct pareto_params, pick, PICK_WEIGHTS, 0, 2, pick_words,
                   "who of the front is chosen: as penalty would; the best prediction; or the one "
                   "farthest above the plane through the extremes, without weights"),
    PM_PARAM_END,
};

static const pm_objective_type pareto = {
    .size = sizeof pareto,
    .name = "pareto",
    .doc = "The front: allowed experts such that no other is at least as good in the prediction "
           "and in every soft term and better in one; equals are all on it. Weights do not shape "
           "it, except that a weight below 0 turns its term round. The rest are refused. Among "
           "the front, pick weights maximises value - sum of weighted soft terms (penalty's "
           "choice, or one as good), value the prediction, knee (prediction - least) / range - "
           "sum of (C - least) / range over the front. Cost m^2 a prompt. Wins where a person or "
           "a later stage decides; loses with many terms, where nearly everybody is on the front. "
           "The knee depends on who else is on the front: a better prediction can lose the place.",
    .source = "Pareto dominance; knee as the greatest distance from the plane through the extremes "
              "(Das 1999, Structural Optimization 18) on ranges of the front",
    .params = params,
    .params_bytes = sizeof(struct pareto_params),
    .accepts = PM_VALUE_BIT(PM_VALUE_LOSS) | PM_VALUE_BIT(PM_VALUE_QUALITY) |
               PM_VALUE_BIT(PM_VALUE_WINPROB) | PM_VALUE_BIT(PM_VALUE_BEST),
    .offers = PM_OFFERS_UTILITY | PM_OFFERS_PARTS | PM_OFFERS_FRONT,
    .decide = decide,
};
PM_PLUGIN_OBJECTIVE(pareto, "1.0", "MIT")
