/* SPDX-License-Identifier: MIT
 *
 * budget: the mean of a constraint over a stream of prompts stays within a bound.  Every budget has a price, at which
 * its values are subtracted from the utility; what no longer fits the budget is refused, whatever it is worth.
 */
#include "budget.h"

#include <math.h>
#include <stdio.h>

static double weight_of(const pm_term *t, size_t i)
{
    return t->weight_row ? (double)t->weight_row[i] : t->weight;
}

double budget_worth(const pm_question *q, size_t i, size_t j)
{
    double v = (double)pm_crow(q->value, i)[j];
    if (q->kind == PM_VALUE_LOSS) v = -v;
    for (size_t k = 0; k < q->n_terms; k++)
        if (q->term[k]->sense == PM_SOFT)
            v -= weight_of(q->term[k], i) * (double)pm_crow(q->term[k]->value, i)[j];
    return v;
}

double budget_least(const pm_question *q, const pm_term *t, size_t i)
{
    double least = INFINITY;
    for (size_t j = 0; j < q->value.cols; j++)
        if (pm_is_allowed(q, i, j) && (double)pm_crow(t->value, i)[j] < least)
            least = (double)pm_crow(t->value, i)[j];
    return least;
}

/* ---- one decision after another ---- */

typedef struct run { /* a question being answered, from the state of before */
    const pm_objective *o;
    const struct budget_params *p;
    const pm_question *q;
    pm_decisions *out;
    uint64_t horizon, count;
    double spent[BUDGET_TERMS], meant[BUDGET_TERMS];
    double room[BUDGET_TERMS];  /* what the next decision may be at most, of each budget */
    double price[BUDGET_TERMS]; /* of the next decision */
    struct budget_curve own;    /* of the one prompt: where none was learned */
    struct budget_step *step;   /* [m] */
    double *value, *cost;       /* [m] */
} run;

static int is_budget(const run *r, size_t k)
{
    return r->q->term[k]->sense == PM_BUDGET;
}

static int has_learned(const run *r)
{
    return r->o->n_prefix > 0;
}

/* ---- prices ---- */

/* The curve that prices are read from: the prefix', else that of the prompt itself, which is then mixed alone. */
static const struct budget_curve *curve_of(run *r, size_t k, size_t i)
{
    const pm_question *q = r->q;
    size_t m = q->value.cols;
    if (r->o->curve[k].spend) return &r->o->curve[k];
    for (size_t j = 0; j < m; j++) {
        r->value[j] = budget_worth(q, i, j);
        r->cost[j] = (double)pm_crow(q->term[k]->value, i)[j];
    }
    const struct budget_cells s = {1, m, r->value, r->cost, q->mask ? q->mask + i * m : NULL};
    budget_curve_of(&s, r->step, &r->own);
    return &r->own;
}

/* Decisions before the curve was known did not aim by it: they say by how much predictions are off, but were not
 * corrected for that. */
static double ratio_of(const pm_objective *o, size_t k, uint64_t count, double spent, double meant)
{
    if (!o->curve[k].spend || count < o->n_prefix) return 1;
    return budget_ratio(&o->curve[k], spent, meant);
}

/* The relaxed problem of what is left, solved again: prices that would spend it on prompts like the prefix, of which
 * one is drawn; what was meant to be spent so far and what was corrects predictions that are off. */
static double price_again(run *r, pm_call *c, size_t k, size_t i)
{
    const struct budget_curve *v = curve_of(r, k, i);
    double left = budget_left(r->q->term[k]->bound, r->horizon, r->count, r->spent[k]);
    double target = left / ratio_of(r->o, k, r->count, r->spent[k], r->meant[k]);
    struct budget_prices p = budget_prices_at(v, target);
    uint64_t draw = r->q->x->id[i] ^ (r->count + 1) * UINT64_C(0x9e3779b97f4a7c15);
    r->meant[k] += budget_meant(v, target);
    return c->host->uniform(c, (uint32_t)k + 1, draw) < p.share ? p.cheaper : p.dearer;
}

/* Pacing by dual averaging: the price follows the gap between what was spent and what was allowed so far. */
static double price_of(run *r, pm_call *c, size_t k, size_t i)
{
    if (r->p->pace == PACE_RESOLVE) return price_again(r, c, k, i);
    double bound = r->q->term[k]->bound, learned = r->o->price[k];
    if (r->p->pace == PACE_DUAL || !(bound > 0)) return learned;
    double over = r->horizon ? (double)r->horizon : (double)r->count + 1;
    double gap = r->spent[k] / bound - (double)r->count;
    double price = learned * bound + r->p->step * gap / sqrt(over);
    return price > 0 ? price / bound : 0;
}

/* Of the total, what later prompts need for their cheapest experts is held back.  Without a horizon, and before
 * prices are known, no more is there than so many decisions were allowed. */
static double room_of(const run *r, size_t k, size_t i)
{
    const pm_term *t = r->q->term[k];
    int by_allowance = !has_learned(r) && r->p->pace == PACE_DUAL &&
                       r->p->before == BEFORE_ALLOWANCE;
    if (!r->horizon || by_allowance) {
        double allowed = t->bound * (double)(r->count + 1);
        return allowed - r->spent[k] + 1e-9 * allowed;
    }
    double total = t->bound * (double)r->horizon;
    /* dearer than predicted so far: so, it is thought, will be the rest */
    double off = fmax(1, ratio_of(r->o, k, r->count, r->spent[k], r->meant[k]));
    uint64_t later = r->count + 1 < r->horizon ? r->horizon - r->count - 1 : 0;
    double least = has_learned(r) && t->value.ld ? r->o->least[k] : budget_least(r->q, t, i);
    return (total - r->spent[k]) / off - r->p->reserve * least * (double)later + 1e-9 * total;
}

static int fits(const run *r, size_t i, size_t j)
{
    for (size_t k = 0; k < r->q->n_terms; k++)
        if (is_budget(r, k) && (double)pm_crow(r->q->term[k]->value, i)[j] > r->room[k]) return 0;
    return 1;
}

/* Spending of a cell over all budgets, each in units of its bound. */
static double burden(const run *r, size_t i, size_t j)
{
    double sum = 0;
    for (size_t k = 0; k < r->q->n_terms; k++) {
        double bound = r->q->term[k]->bound;
        if (is_budget(r, k))
            sum += (double)pm_crow(r->q->term[k]->value, i)[j] / (bound > 0 ? bound : 1);
    }
    return sum;
}

/* The utility of cell (i, j); fills the parts that are asked for. */
static double utility_of(const run *r, size_t i, size_t j)
{
    const pm_question *q = r->q;
    double v = (double)pm_crow(q->value, i)[j], utility = q->kind == PM_VALUE_LOSS ? -v : v;
    if (r->out->value_part.at) pm_row(r->out->value_part, i)[j] = (float)utility;
    for (size_t k = 0; k < q->n_terms; k++) {
        const pm_term *t = q->term[k];
        double part = 0, value = (double)pm_crow(t->value, i)[j];
        if (t->sense == PM_SOFT) part = 0 - weight_of(t, i) * value;
        if (t->sense == PM_BUDGET) part = 0 - r->price[k] * value;
        utility += part;
        if (r->out->term_part) pm_row(r->out->term_part[k], i)[j] = (float)part;
    }
    return utility;
}

/* Exact ties: the expert that was better on train, then the lower column (which comes first). */
static int is_better(const pm_question *q, double u, size_t j, double best, uint32_t choice)
{
    if (choice == PM_NO_COL) return 1;
    if (u > best || u < best) return u > best;
    return q->prior && q->prior[j] > q->prior[choice];
}

/* The lightest burden that an allowed expert of prompt i is. */
static double lightest(const run *r, size_t i)
{
    double least = INFINITY;
    for (size_t j = 0; j < r->q->value.cols; j++) {
        double b = pm_is_allowed(r->q, i, j) ? burden(r, i, j) : INFINITY;
        if (b < least) least = b;
    }
    return least;
}

static int any_fits(const run *r, size_t i)
{
    for (size_t j = 0; j < r->q->value.cols; j++)
        if (pm_is_allowed(r->q, i, j) && fits(r, i, j)) return 1;
    return 0;
}

static uint32_t choose(const run *r, size_t i)
{
    const pm_question *q = r->q;
    size_t m = q->value.cols;
    int some = any_fits(r, i);
    double least = some ? 0 : lightest(r, i), best = 0;
    uint32_t choice = PM_NO_COL;
    for (size_t j = 0; j < m; j++) {
        double u = utility_of(r, i, j);
        int allowed = pm_is_allowed(q, i, j);
        int open = allowed && (some ? fits(r, i, j) : burden(r, i, j) <= least);
        if (allowed && !open && r->out->refused) r->out->refused[i * m + j] = 1;
        if (r->out->utility.at) pm_row(r->out->utility, i)[j] = open ? (float)u : -INFINITY;
        if (!open || !is_better(q, u, j, best, choice)) continue;
        best = u;
        choice = (uint32_t)j;
    }
    return choice;
}

static pm_status decide_row(run *r, pm_call *c, size_t i)
{
    for (size_t k = 0; k < r->q->n_terms; k++) {
        if (!is_budget(r, k)) continue;
        r->room[k] = room_of(r, k, i);
        r->price[k] = price_of(r, c, k, i);
    }
    uint32_t choice = r->out->choice[i] = choose(r, i);
    if (choice == PM_NO_COL)
        return c->host->fail(c, PM_E_INFEASIBLE, "prompt %zu: none of %zu experts is allowed", i,
                             r->q->value.cols);
    for (size_t k = 0; k < r->q->n_terms; k++)
        if (is_budget(r, k)) r->spent[k] += (double)pm_crow(r->q->term[k]->value, i)[choice];
    r->count++;
    return PM_OK;
}

/* ---- the interface ---- */

static uint64_t budgets_of(const pm_question *q)
{
    uint64_t bits = 0;
    for (size_t k = 0; k < q->n_terms && k < BUDGET_TERMS; k++)
        if (q->term[k]->sense == PM_BUDGET) bits |= UINT64_C(1) << k;
    return bits;
}

static pm_status check(const pm_objective *o, pm_call *c, const pm_question *q)
{
    if (q->n_terms > BUDGET_TERMS)
        return c->host->fail(c, PM_E_UNSUPPORTED, "%zu constraints; want at most %d", q->n_terms,
                             BUDGET_TERMS);
    uint64_t budgets = budgets_of(q);
    if (o->n_prefix && budgets && o->budgets != budgets)
        return c->host->fail(c, PM_E_ARG,
                             "prices were learned for other budgets than those asked now: build it "
                             "again");
    for (size_t k = 0; k < q->n_terms; k++)
        if (q->term[k]->sense == PM_BUDGET && !(q->term[k]->bound >= 0))
            return c->host->fail(c, PM_E_ARG,
                                 "constraint \"%s\" has a budget of %g a prompt; want 0 or more",
                                 q->term[k]->name, q->term[k]->bound);
    return PM_OK;
}

static pm_status make_room(run *r, pm_call *c)
{
    size_t m = r->q->value.cols;
    r->step = c->host->scratch(c, m, sizeof *r->step);
    r->value = c->host->scratch(c, 4 * m + 1, sizeof *r->value);
    if (!r->step || !r->value) return PM_E_MEMORY;
    r->cost = r->value + m;
    r->own.slope = r->cost + m;
    r->own.spend = r->own.slope + m;
    return PM_OK;
}

static pm_status decide(const pm_objective *o, pm_call *c, const pm_question *q, pm_decisions *out)
{
    run r = {.o = o, .p = c->params, .q = q, .out = out, .count = o->count};
    pm_status st = check(o, c, q);
    if (!st && r.p->pace == PACE_RESOLVE) st = make_room(&r, c);
    r.horizon = (uint64_t)r.p->horizon;
    if (!r.horizon && PM_HAS(q, horizon)) r.horizon = q->horizon;
    if (!r.horizon) r.horizon = o->horizon;
    for (size_t k = 0; k < BUDGET_TERMS; k++) {
        r.spent[k] = o->spent[k];
        r.meant[k] = o->meant[k];
    }
    for (size_t i = 0; i < q->value.rows && !st; i++) st = decide_row(&r, c, i);
    return st;
}

static pm_status build(pm_objective *fresh, pm_call *c, const pm_question *q,
                       const pm_outcomes *seen)
{
    (void)seen; /* prices are learned from predictions: what will decide */
    if (!q) return PM_OK;
    pm_status st = check(fresh, c, q);
    if (!st) st = budget_learn(fresh, c, q);
    if (st) return st;
    fresh->budgets = budgets_of(q);
    fresh->n_prefix = q->value.rows;
    fresh->horizon = PM_HAS(q, horizon) ? q->horizon : 0;
    return PM_OK;
}

/* What the decision that is being observed was meant to spend: as it was priced. */
static double meant_of(const pm_objective *o, const struct budget_params *p, size_t k)
{
    uint64_t horizon = p->horizon ? (uint64_t)p->horizon : o->horizon;
    double left = budget_left(o->bound[k], horizon, o->count, o->spent[k]);
    return budget_meant(&o->curve[k], left / ratio_of(o, k, o->count, o->spent[k], o->meant[k]));
}

static pm_status observe(pm_objective *o, pm_call *c, const pm_feedback *seen)
{
    const struct budget_params *p = c->params;
    size_t n = seen->term ? seen->n_terms : 0;
    if (n > BUDGET_TERMS)
        return c->host->fail(c, PM_E_ARG, "%zu constraints; want at most %d", n, BUDGET_TERMS);
    for (size_t k = 0; k < n; k++)
        if (!isfinite(seen->term[k]))
            return c->host->fail(c, PM_E_ARG,
                                 "constraint %zu of the feedback is %g; want what was spent, or "
                                 "what was predicted where that is not known",
                                 k + 1, seen->term[k]);
    for (size_t k = 0; k < n; k++) {
        if (o->curve[k].spend) o->meant[k] += meant_of(o, p, k);
        o->spent[k] += seen->term[k];
    }
    o->count++;
    return PM_OK;
}

/* One tensor: how dear, slopes, spending. */
static pm_status save_curve(const struct budget_curve *v, pm_call *c, pm_store *s, size_t k)
{
    char name[32];
    double *all = c->host->scratch(c, 2 * v->n + 2, sizeof *all);
    if (!all) return PM_E_MEMORY;
    snprintf(name, sizeof name, "curve.%zu", k);
    all[0] = v->dear;
    memcpy(all + 1, v->slope, v->n * sizeof *all);
    memcpy(all + 1 + v->n, v->spend, (v->n + 1) * sizeof *all);
    return c->host->put_tensor(c, s, name, (pm_tensor){PM_F64, 1, {2 * v->n + 2}, all});
}

static pm_status load_curve(struct budget_curve *v, pm_call *c, pm_store *s, size_t k)
{
    char name[32];
    pm_tensor t = {0};
    snprintf(name, sizeof name, "curve.%zu", k);
    if (!c->host->has(c, s, name)) return PM_OK;
    pm_status st = c->host->view_tensor(c, s, name, PM_F64, &t);
    if (st) return st;
    size_t n = t.n_dims == 1 ? t.dim[0] : 0;
    if (n < 2 || n % 2) return c->host->fail(c, PM_E_FORMAT, "%s: %zu numbers", name, n);
    double *all = c->host->own(c, n, sizeof *all);
    int wrong = 0;
    if (!all) return PM_E_MEMORY;
    memcpy(all, t.ptr, n * sizeof *all);
    *v = (struct budget_curve){n / 2 - 1, all + 1, all + n / 2, all[0]};
    for (size_t e = 0; e < n; e++) wrong |= !isfinite(all[e]);
    for (size_t e = 0; e < v->n; e++)
        wrong |= !(v->slope[e] > 0 && v->spend[e] < v->spend[e + 1] &&
                   (e == 0 || v->slope[e] < v->slope[e - 1]));
    return wrong ? c->host->fail(c, PM_E_FORMAT, "%s is no falling staircase", name) : PM_OK;
}

static pm_status save(const pm_objective *o, pm_call *c, pm_store *s)
{
    const uint64_t number[] = {o->horizon, o->count, o->budgets, o->n_prefix};
    const struct {
        const char *name;
        const double *at;
    } rows[] = {{"price", o->price},
                {"spent", o->spent},
                {"least", o->least},
                {"bound", o->bound},
                {"meant", o->meant}};
    pm_status st = c->host->put_tensor(c, s, "numbers", (pm_tensor){PM_U64, 1, {4}, number});
    for (size_t k = 0; k < sizeof rows / sizeof *rows && !st; k++)
        st = c->host->put_tensor(c, s, rows[k].name,
                                 (pm_tensor){PM_F64, 1, {BUDGET_TERMS}, rows[k].at});
    for (size_t k = 0; k < BUDGET_TERMS && !st; k++)
        if (o->curve[k].spend) st = save_curve(&o->curve[k], c, s, k);
    return st;
}

static pm_status get(pm_call *c, pm_store *s, const char *name, pm_dtype type, size_t n, void *to)
{
    pm_tensor t = {0};
    pm_status st = c->host->view_tensor(c, s, name, type, &t);
    if (st) return st;
    if (t.n_dims != 1 || t.dim[0] != n)
        return c->host->fail(c, PM_E_FORMAT, "%s: want %zu numbers", name, n);
    memcpy(to, t.ptr, n * 8);
    return PM_OK;
}

static pm_status load(pm_objective *fresh, pm_call *c, pm_store *s)
{
    uint64_t number[4] = {0};
    pm_status st = get(c, s, "numbers", PM_U64, 4, number);
    if (!st) st = get(c, s, "price", PM_F64, BUDGET_TERMS, fresh->price);
    if (!st) st = get(c, s, "spent", PM_F64, BUDGET_TERMS, fresh->spent);
    if (!st) st = get(c, s, "least", PM_F64, BUDGET_TERMS, fresh->least);
    if (!st) st = get(c, s, "bound", PM_F64, BUDGET_TERMS, fresh->bound);
    if (!st) st = get(c, s, "meant", PM_F64, BUDGET_TERMS, fresh->meant);
    for (size_t k = 0; k < BUDGET_TERMS && !st; k++) st = load_curve(&fresh->curve[k], c, s, k);
    if (st) return st;
    fresh->horizon = number[0];
    fresh->count = number[1];
    fresh->budgets = number[2];
    fresh->n_prefix = number[3];
    for (size_t k = 0; k < BUDGET_TERMS; k++)
        if (!(fresh->price[k] >= 0 && isfinite(fresh->price[k]) && isfinite(fresh->spent[k]) &&
              isfinite(fresh->least[k]) && isfinite(fresh->bound[k]) && isfinite(fresh->meant[k])))
            return c->host->fail(c, PM_E_FORMAT, "price or spending %zu is no number", k + 1);
    return PM_OK;
}

static const char *const paces[] = {"resolve", "dual", "adaptive", NULL};
static const char *const befores[] = {"allowance", "total", NULL};

static const pm_param params[] = {
    PM_PARAM(PM_P_I64, struct budget_params, horizon, 0, 0, 1e15,
             "prompts that the budget is for; 0: as told with the question (an experiment tells "
             "the length of its stream), else the allowance grows by the bound with each prompt"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct budget_params, pace, PACE_RESOLVE, 0, 2, paces,
                   "resolve: the prefix' problem is solved again before every decision, for what "
                   "is left of the budget; dual: prices learned once, on the prefix; adaptive: "
                   "they follow the gap between spending and allowance"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct budget_params, before, BEFORE_ALLOWANCE, 0, 1, befores,
                   "pace dual before prices are learned: the best that fits the allowance so far, "
                   "or that fits the total"),
    PM_PARAM(PM_P_F64, struct budget_params, step, 1, 0, 1e6,
             "pace adaptive: price of one allowance, in units of value, when spending is ahead by "
             "the square root of the horizon in allowances"),
    PM_PARAM(PM_P_F64, struct budget_params, reserve, 1, 0, 1,
             "share of the cheapest experts' expected spending on later prompts that is held back"),
    PM_PARAM_END,
};

static const pm_objective_type budget = {
    .size = sizeof budget,
    .name = "budget",
    .doc = "Keeps the mean of every budget constraint over a stream within its bound. It maximises "
           "utility = value - sum of weight_k * C_k over soft terms - sum of price_k * B_k over "
           "budgets. Prices are the duals of the relaxed problem (a multiple-choice knapsack) on "
           "a prefix of the stream, for what is left of the budget (pace resolve: of two prices "
           "that spend less and more than that one is drawn for each prompt, so that also a "
           "prompt-blind router reaches its best mixture), for the whole (pace dual), or they "
           "follow the spending (pace adaptive). An expert "
           "that no longer fits the rest of the budget, what later prompts need at least held "
           "back, is refused; where none fits, the cheapest serves. Before prices are learned: "
           "a mixture of two experts on the hull of each prompt (resolve), else the best within "
           "the allowance so far. Value: LOSS counts as -loss; QUALITY, WINPROB "
           "and BEST as they are. Wins where a total must be kept over many prompts that come in "
           "no particular order; loses where the prefix is unlike the rest, or "
           "where the budget is for every single prompt (then: a hard constraint).",
    .source =
        "Re-solving (Jasin and Kumar 2012; Arlotto and Gurvich 2019): pace resolve; "
        "PORT (arXiv 2509.02718): duals once, on a prefix: pace dual; dual averaging (Xiao 2010) "
        "as in "
        "dual mirror descent for budgets (Balseiro, Lu and Mirrokni 2020): pace adaptive; the "
        "hard stop, the reserve and several budgets are ours",
    .params = params,
    .params_bytes = sizeof(struct budget_params),
    .accepts = PM_VALUE_BIT(PM_VALUE_LOSS) | PM_VALUE_BIT(PM_VALUE_QUALITY) |
               PM_VALUE_BIT(PM_VALUE_WINPROB) | PM_VALUE_BIT(PM_VALUE_BEST),
    .offers = PM_OFFERS_UTILITY | PM_OFFERS_PARTS,
    .state_bytes = sizeof(pm_objective),
    .decide = decide,
    .build = build,
    .observe = observe,
    .save = save,
    .load = load,
    .senses = PM_SENSE_BIT(PM_SOFT) | PM_SENSE_BIT(PM_HARD) | PM_SENSE_BIT(PM_BUDGET),
};
PM_PLUGIN_OBJECTIVE(budget, "1.0", "MIT")
