/* SPDX-License-Identifier: MIT
 *
 * Prices of budgets from a prefix of the stream.  With prices g >= 0 the relaxed problem's dual is
 *     D(g) = sum over prompts of max_j (v_ij - sum_k g_k B_kij) + sum_k g_k b_k n.
 * One budget: exactly, by the host's pm.budget/1.  Several: rounds of that, one budget after another with the others
 * priced into the values, then projected subgradient steps, since such rounds may stop at a kink; the lowest D wins.
 */
#include <math.h>

#include "budget.h"

enum { ROUNDS = 12, STEPS = 100 };

typedef struct dual { /* a prefix, laid out for the solver */
    pm_call *c;
    const pm_question *q;
    const pm_budget_service *budget;
    size_t n, m, n_budgets;
    size_t term[BUDGET_TERMS]; /* of each budget */
    double total[BUDGET_TERMS], least[BUDGET_TERMS], scale[BUDGET_TERMS];
    double *value, *cost[BUDGET_TERMS]; /* [n x m] */
    double *net;                        /* [n x m] */
    uint32_t *choice;                   /* [n] */
} dual;

static double *cells(dual *d)
{
    return d->c->host->scratch(d->c, d->n, d->m * sizeof(double));
}

static pm_status lay(dual *d)
{
    const pm_question *q = d->q;
    d->value = cells(d);
    d->net = cells(d);
    d->choice = d->c->host->scratch(d->c, d->n, sizeof *d->choice);
    if (!d->value || !d->net || !d->choice) return PM_E_MEMORY;
    for (size_t i = 0; i < d->n; i++)
        for (size_t j = 0; j < d->m; j++) d->value[i * d->m + j] = budget_worth(q, i, j);
    for (size_t b = 0; b < d->n_budgets; b++) {
        const pm_term *t = q->term[d->term[b]];
        double sum = 0;
        d->cost[b] = cells(d);
        if (!d->cost[b]) return PM_E_MEMORY;
        for (size_t i = 0; i < d->n; i++) {
            d->least[b] += budget_least(q, t, i);
            for (size_t j = 0; j < d->m; j++) {
                d->cost[b][i * d->m + j] = (double)pm_crow(t->value, i)[j];
                sum += d->cost[b][i * d->m + j];
            }
        }
        d->total[b] = t->bound * (double)d->n;
        d->scale[b] = sum > 0 ? sum / (double)(d->n * d->m) : 1;
    }
    return PM_OK;
}

/* value - sum of the priced costs, budget `but` left out. */
static void net(dual *d, const double *price, size_t but)
{
    for (size_t e = 0; e < d->n * d->m; e++) d->net[e] = d->value[e];
    for (size_t b = 0; b < d->n_budgets; b++)
        for (size_t e = 0; b != but && e < d->n * d->m; e++) d->net[e] -= price[b] * d->cost[b][e];
}

/* The price of one budget, those of the others given.  Less than the cheapest cannot be kept: then what keeps that. */
static pm_status price_one(dual *d, double *price, size_t b)
{
    const double total = d->total[b] > d->least[b] ? d->total[b] : d->least[b];
    pm_budget_problem p = {.size = sizeof p,
                           .n = d->n,
                           .m = d->m,
                           .value = d->net,
                           .cost = d->cost[b],
                           .cost_ld = d->m,
                           .mask = d->q->mask,
                           .budget = total};
    pm_budget_answer a = {.size = sizeof a};
    net(d, price, b);
    pm_status st = d->budget->solve(d->c, &p, d->choice, &a);
    if (!st) price[b] = a.price;
    return st;
}

/* D, and its subgradient: what is left of each budget.  */
static double bound_at(dual *d, const double *price, double *left)
{
    double sum = 0;
    net(d, price, SIZE_MAX);
    for (size_t b = 0; b < d->n_budgets; b++) {
        left[b] = d->total[b];
        sum += price[b] * d->total[b];
    }
    for (size_t i = 0; i < d->n; i++) {
        const double *row = d->net + i * d->m;
        size_t best = d->m;
        for (size_t j = 0; j < d->m; j++)
            if (pm_is_allowed(d->q, i, j) && (best == d->m || row[j] > row[best])) best = j;
        if (best == d->m) continue; /* the host leaves nobody without experts */
        sum += row[best];
        for (size_t b = 0; b < d->n_budgets; b++) left[b] -= d->cost[b][i * d->m + best];
    }
    return sum;
}

static void keep_lower(const dual *d, const double *price, double at, double *best, double *lowest)
{
    if (!(at < *lowest)) return;
    *lowest = at;
    for (size_t b = 0; b < d->n_budgets; b++) best[b] = price[b];
}

/* Prices times scale are values of one mean call: steps are taken in that unit, 1/sqrt(t) long. */
static void descend(dual *d, double *price, double *best, double *lowest)
{
    double left[BUDGET_TERMS], reach = 0;
    for (size_t b = 0; b < d->n_budgets; b++) {
        price[b] = best[b];
        if (reach < price[b] * d->scale[b]) reach = price[b] * d->scale[b];
    }
    if (!(reach > 0)) reach = 0.1;
    for (size_t t = 1; t <= STEPS; t++) {
        double length = 0;
        keep_lower(d, price, bound_at(d, price, left), best, lowest);
        for (size_t b = 0; b < d->n_budgets; b++) {
            if (!(price[b] > 0) && left[b] > 0) left[b] = 0; /* at the wall */
            length += left[b] / d->scale[b] * (left[b] / d->scale[b]);
        }
        if (!(length > 0)) return;
        double step = 0.25 * reach / (sqrt((double)t) * sqrt(length));
        for (size_t b = 0; b < d->n_budgets; b++) {
            price[b] -= step * left[b] / (d->scale[b] * d->scale[b]);
            if (!(price[b] > 0)) price[b] = 0;
        }
    }
}

static pm_status price_several(dual *d, double *price)
{
    double best[BUDGET_TERMS] = {0}, left[BUDGET_TERMS], lowest = INFINITY;
    for (size_t round = 0; round < ROUNDS; round++) {
        double moved = 0;
        for (size_t b = 0; b < d->n_budgets; b++) {
            double was = price[b];
            pm_status st = price_one(d, price, b);
            if (st) return st;
            moved += fabs(price[b] - was) * d->scale[b];
        }
        keep_lower(d, price, bound_at(d, price, left), best, &lowest);
        pm_status st = d->c->host->progress(d->c, (double)round / (ROUNDS + 1), NULL, 0);
        if (st) return st;
        if (moved < 1e-12) break;
    }
    descend(d, price, best, &lowest);
    for (size_t b = 0; b < d->n_budgets; b++) price[b] = best[b];
    return PM_OK;
}

/* What the prefix spends of budget b at each of its prices, the others at theirs. */
static pm_status draw_curve(dual *d, const double *price, size_t b, struct budget_curve *out)
{
    const pm_host *h = d->c->host;
    size_t most = d->n * (d->m > 1 ? d->m - 1 : 1);
    struct budget_cells s = {d->n, d->m, d->net, d->cost[b], d->q->mask};
    struct budget_step *room = h->scratch(d->c, most, sizeof *room);
    out->slope = h->own(d->c, 2 * most + 1, sizeof *out->slope);
    if (!room || !out->slope) return PM_E_MEMORY;
    out->spend = out->slope + most;
    net(d, price, b);
    budget_curve_of(&s, room, out);
    return PM_OK;
}

pm_status budget_learn(pm_objective *o, pm_call *c, const pm_question *q)
{
    dual d = {.c = c, .q = q, .n = q->value.rows, .m = q->value.cols};
    const struct budget_params *p = c->params;
    double price[BUDGET_TERMS] = {0};
    d.budget = c->host->service(PM_BUDGET_SERVICE);
    if (!d.budget) return c->host->fail(c, PM_E_UNSUPPORTED, "this host lacks " PM_BUDGET_SERVICE);
    for (size_t k = 0; k < q->n_terms; k++)
        if (q->term[k]->sense == PM_BUDGET) d.term[d.n_budgets++] = k;
    if (d.n == 0 || d.n_budgets == 0) return PM_OK;
    pm_status st = lay(&d);
    if (!st) st = d.n_budgets == 1 ? price_one(&d, price, 0) : price_several(&d, price);
    for (size_t b = 0; b < d.n_budgets && !st; b++) {
        o->price[d.term[b]] = price[b];
        o->least[d.term[b]] = d.least[b] / (double)d.n;
        o->bound[d.term[b]] = q->term[d.term[b]]->bound;
        if (p->pace == PACE_RESOLVE) st = draw_curve(&d, price, b, &o->curve[d.term[b]]);
    }
    return st;
}
