/* SPDX-License-Identifier: MIT
 *
 * threshold: the strong expert iff P(strong beats weak) >= alpha; of many experts, the cheapest that clears
 * alpha.  Hard terms forbid experts; soft terms count against an expert, see `doc`.  Keeps no budget; stateless.
 */
#include "threshold.h"

#include <float.h>
#include <math.h>

typedef struct asked { /* one call */
    pm_call *c;
    const pm_question *q;
    const struct threshold_params *p;
    pm_decisions *out;
    size_t strong, weak; /* rule pair; weak == m: there is one expert alone */
    double *cheap;       /* [m] of the prompt at hand */
    double *total,
        *above; /* [m] rule cheapest: cheap + soft terms; height over the line, < 0: does not clear */
} asked;

static double term_of(const pm_term *t, size_t i, size_t j)
{
    double weight = t->weight_row ? (double)t->weight_row[i] : t->weight;
    return t->sense == PM_SOFT ? weight * (double)pm_crow(t->value, i)[j] : 0;
}

static double terms_of(const pm_question *q, size_t i, size_t j)
{
    double sum = 0;
    for (size_t k = 0; k < q->n_terms; k++) sum += term_of(q->term[k], i, j);
    return sum;
}

static int is_allowed(const asked *a, size_t i, size_t j)
{
    return j < a->q->value.cols && pm_is_allowed(a->q, i, j);
}

/* Writes cell (i, j): part of the value, and of the soft terms where they count. */
static void put_cell(const asked *a, size_t i, size_t j, double part, int with_terms)
{
    const pm_question *q = a->q;
    pm_decisions *out = a->out;
    double utility = part;
    for (size_t k = 0; k < q->n_terms; k++) {
        double t = with_terms ? 0 - term_of(q->term[k], i, j) : 0;
        utility += t;
        if (out->term_part) pm_row(out->term_part[k], i)[j] = (float)t;
    }
    if (out->value_part.at) pm_row(out->value_part, i)[j] = (float)part;
    if (out->utility.at) pm_row(out->utility, i)[j] = (float)utility;
}

/* Exact ties: the expert that was better on train, then the lower column (which comes first). */
static int has_better_prior(const pm_question *q, size_t j, size_t than)
{
    return q->prior && q->prior[j] > q->prior[than];
}

/* ---- rule "pair" ---------------------------------------------------------------------------------- */

static size_t dearest(const asked *a)
{
    size_t best = 0;
    for (size_t j = 1; j < a->q->value.cols; j++)
        if (a->cheap[j] > a->cheap[best]) best = j;
    return best;
}

static size_t of_best_prior(const pm_question *q)
{
    size_t best = 0;
    for (size_t j = 1; j < q->value.cols; j++)
        if (has_better_prior(q, j, best)) best = j;
    return best;
}

/* The cheapest of the others; m where there are none. */
static size_t cheapest_but(const asked *a, size_t one)
{
    size_t m = a->q->value.cols, best = m;
    for (size_t j = 0; j < m; j++)
        if (j != one && (best == m || a->cheap[j] < a->cheap[best])) best = j;
    return best;
}

static pm_status find(const asked *a, const char *what, const char *id, size_t *col)
{
    const pm_library *lib = a->q->lib;
    for (*col = 0; *col < lib->n; ++*col)
        if (strcmp(lib->expert[*col]->id, id) == 0) return PM_OK;
    return a->c->host->fail(
        a->c, PM_E_ARG,
        "%s = \"%s\" is none of the %zu experts (the first is \"%s\"); name one "
        "of them",
        what, id, lib->n, lib->expert[0]->id);
}

/* Who is strong and who is weak: as named, else by train and by what is cheap. */
static pm_status choose_pair(asked *a, size_t i)
{
    const struct threshold_params *p = a->p;
    pm_status st = PM_OK;
    if (!p->strong[0] || !p->weak[0]) st = threshold_cheap(a->c, a->q, i, a->cheap);
    if (!st && p->strong[0]) st = find(a, "strong", p->strong, &a->strong);
    if (!st && p->weak[0]) st = find(a, "weak", p->weak, &a->weak);
    if (st) return st;
    if (!p->strong[0]) a->strong = a->q->prior ? of_best_prior(a->q) : dearest(a);
    if (!p->weak[0]) a->weak = cheapest_but(a, a->strong);
    if (a->strong != a->weak) return PM_OK;
    return a->c->host->fail(
        a->c, PM_E_ARG, "strong and weak are the same expert \"%s\"%s; name two",
        a->q->lib->expert[a->strong]->id, p->strong[0] ? "" : " (strong is the best on train)");
}

/* Nobody of the pair is allowed: the best prediction among the others, soft terms subtracted. */
static uint32_t choose_other(const asked *a, size_t i)
{
    const pm_question *q = a->q;
    uint32_t choice = PM_NO_COL;
    double best = 0;
    for (size_t j = 0; j < q->value.cols; j++) {
        double worth = threshold_worth(q, i, j), utility = worth - terms_of(q, i, j);
        put_cell(a, i, j, worth, 1);
        if (!is_allowed(a, i, j)) continue;
        if (choice != PM_NO_COL && utility <= best &&
            !(utility >= best && has_better_prior(q, j, choice)))
            continue;
        best = utility;
        choice = (uint32_t)j;
    }
    return choice;
}

/* strong: P - alpha - its terms; weak: 0 - its terms; everyone else is below both. */
static uint32_t choose_of_pair(const asked *a, size_t i)
{
    const pm_question *q = a->q;
    size_t s = a->strong, w = a->weak;
    int strong_ok = is_allowed(a, i, s), weak_ok = is_allowed(a, i, w);
    if (!strong_ok && !weak_ok) return choose_other(a, i);
    double p = w < q->value.cols ? (double)threshold_beats(q, i, s, w) : 1;
    double over = p - (double)(float)a->p->alpha;
    double us = over - terms_of(q, i, s), uw = w < q->value.cols ? 0 - terms_of(q, i, w) : us;
    double least = !weak_ok ? us : !strong_ok ? uw : us < uw ? us : uw;
    for (size_t j = 0; j < q->value.cols; j++) {
        int in_pair = j == s || j == w;
        put_cell(a, i, j, j == s ? over : j == w ? 0 : least - 1, in_pair);
    }
    return (uint32_t)(strong_ok && (!weak_ok || us >= uw) ? s : w);
}

/* ---- rule "cheapest" ------------------------------------------------------------------------------- */

static size_t best_value(const asked *a, size_t i)
{
    size_t m = a->q->value.cols, best = m;
    for (size_t j = 0; j < m; j++)
        if (is_allowed(a, i, j) &&
            (best == m || threshold_worth(a->q, i, j) > threshold_worth(a->q, i, best)))
            best = j;
    return best;
}

/* How far expert j is from being beaten with probability alpha by the best of those that are dearer. */
static double unbeaten(const asked *a, size_t i, size_t j)
{
    size_t m = a->q->value.cols, best = m;
    for (size_t k = 0; k < m; k++)
        if (a->total[k] > a->total[j] && is_allowed(a, i, k) &&
            (best == m || threshold_worth(a->q, i, k) > threshold_worth(a->q, i, best)))
            best = k;
    if (best == m) return 0;
    float p = threshold_beats(a->q, i, best, j), alpha = (float)a->p->alpha;
    return p < alpha ? 0 : (double)alpha - (double)p - (double)FLT_MIN;
}

/* Is allowed expert j the better choice?  Clearing, then cheaper (or, where nobody clears, nearer to the line),
 * then the better prediction. */
static int is_preferred(const asked *a, size_t i, size_t j, size_t than)
{
    int clears = a->above[j] >= 0, other = a->above[than] >= 0;
    if (clears != other) return clears;
    if (!clears && (a->above[j] > a->above[than] || a->above[j] < a->above[than]))
        return a->above[j] > a->above[than];
    if (a->total[j] < a->total[than] || a->total[j] > a->total[than])
        return a->total[j] < a->total[than];
    double v = threshold_worth(a->q, i, j), u = threshold_worth(a->q, i, than);
    return v > u || (v >= u && has_better_prior(a->q, j, than));
}

/* Clearing experts: minus what they cost and minus their terms; the others are below all of them. */
static uint32_t choose_cheapest(const asked *a, size_t i)
{
    const pm_question *q = a->q;
    size_t m = q->value.cols, best = best_value(a, i), choice = m;
    double least = 0; /* of those that clear */
    int any = 0;
    for (size_t j = 0; j < m; j++) a->total[j] = a->cheap[j] + terms_of(q, i, j);
    for (size_t j = 0; j < m; j++) {
        a->above[j] = a->p->clears == CLEARS_UNBEATEN ? unbeaten(a, i, j)
                                                      : threshold_margin(q, a->p, i, j, best);
        if (!is_allowed(a, i, j)) continue;
        if (a->above[j] >= 0 && (!any || -a->total[j] < least)) least = -a->total[j];
        any |= a->above[j] >= 0;
        if (choice == m || is_preferred(a, i, j, choice)) choice = j;
    }
    for (size_t j = 0; j < m; j++) {
        int clears = a->above[j] >= 0;
        put_cell(a, i, j, clears ? 0 - a->cheap[j] : least - 1 + a->above[j], clears);
    }
    return (uint32_t)choice;
}

/* ---- the call --------------------------------------------------------------------------------------- */

static pm_status refuse_budget(pm_call *c, const pm_question *q)
{
    for (size_t k = 0; k < q->n_terms; k++)
        if (q->term[k]->sense != PM_SOFT && q->term[k]->sense != PM_HARD)
            return c->host->fail(
                c, PM_E_UNSUPPORTED,
                "constraint \"%s\" has sense \"budget\", which a threshold for one prompt at a "
                "time "
                "cannot keep; use \"hard\" with a bound, or calibrate alpha for a mean cost",
                q->term[k]->name);
    return PM_OK;
}

static pm_status check_row(const asked *a, size_t i)
{
    const pm_question *q = a->q;
    for (size_t j = 0; j < q->value.cols; j++)
        if (!isfinite(pm_crow(q->value, i)[j]))
            return a->c->host->fail(a->c, PM_E_ARG,
                                    "prompt %zu: the prediction for expert \"%s\" is %g; want a "
                                    "finite number",
                                    i, q->lib->expert[j]->id, (double)pm_crow(q->value, i)[j]);
    return PM_OK;
}

static pm_status decide_row(asked *a, size_t i)
{
    const pm_question *q = a->q;
    int again = i == 0 || q->cost_usd.ld != 0; /* costs may differ from prompt to prompt */
    int is_pair = a->p->rule == RULE_PAIR;
    pm_status st = check_row(a, i);
    if (!st && again) st = is_pair ? choose_pair(a, i) : threshold_cheap(a->c, q, i, a->cheap);
    if (st) return st;
    a->out->choice[i] = is_pair ? choose_of_pair(a, i) : choose_cheapest(a, i);
    return PM_OK;
}

static pm_status decide(const pm_objective *o, pm_call *c, const pm_question *q, pm_decisions *out)
{
    size_t m = q->value.cols;
    asked a = {.c = c, .q = q, .p = c->params, .out = out};
    (void)o;
    pm_status st = refuse_budget(c, q);
    if (st) return st;
    a.cheap = c->host->scratch(c, 3 * m, sizeof *a.cheap);
    if (!a.cheap) return PM_E_MEMORY;
    a.total = a.cheap + m;
    a.above = a.total + m;
    for (size_t i = 0; i < q->value.rows && !st; i++) st = decide_row(&a, i);
    return st;
}

static const char *const rules[] = {"pair", "cheapest", NULL};
static const char *const clears_words[] = {"relative", "absolute", "unbeaten", NULL};
static const char *const cheap_words[] = {"auto",  "cost",  "price", "params",
                                          "order", "terms", NULL};

static const pm_param params[] = {
    PM_PARAM(
        PM_P_F64, struct threshold_params, alpha, 0.5, 0, 1,
        "threshold: a probability, or a share of the best prediction; pair, unbeaten: higher is "
        "cheaper; relative, absolute: higher is dearer"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct threshold_params, rule, RULE_PAIR, 0, 1, rules,
                   "pair: strong iff P(strong beats weak) >= alpha; cheapest: the cheapest expert "
                   "that clears alpha"),
    PM_PARAM_TEXT(struct threshold_params, strong, "",
                  "pair: id of the strong expert; empty: the best on train, else the dearest"),
    PM_PARAM_TEXT(struct threshold_params, weak, "",
                  "pair: id of the weak expert; empty: the cheapest of the others"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct threshold_params, clears, CLEARS_RELATIVE, 0, 2,
                   clears_words,
                   "cheapest: value >= alpha * best; value >= alpha; or no dearer expert beats it "
                   "with probability >= alpha (the pair rule for many)"),
    PM_PARAM_WORDS(
        PM_P_CHOICE, struct threshold_params, cheap, CHEAP_AUTO, 0, 5, cheap_words,
        "what cheap means: expected USD of a call; price_in + price_out; params in "
        "billions; order of the library; soft terms alone; auto: the first of these that "
        "is known of all"),
    PM_PARAM_END,
};

static const pm_objective_type threshold = {
    .size = sizeof threshold,
    .name = "threshold",
    .doc =
        "Rule pair: the strong expert iff P(strong beats weak) >= alpha, else the weak one. "
        "P by kind: WINPROB by odds against the reference (Bradley-Terry), QUALITY .5 + (q_s - "
        "q_w) / 2, BEST p_s / (p_s + p_w), LOSS sigmoid(l_w - l_s), nats. Rule cheapest: the "
        "cheapest expert that clears alpha (a loss counts as exp(-loss)); where nobody clears, "
        "the best prediction. Comparisons are made in float32. Soft terms: in a pair, P must "
        "exceed alpha by the difference of the weighted terms; in the other rule they are added "
        "to the cost. Hard terms forbid; where both of a pair are forbidden, the best prediction "
        "among the rest. Wins where one number must steer the share of strong calls; loses "
        "where alpha is not calibrated on prompts like those served. P ranks prompts; it is not "
        "a calibrated probability.",
    .source = "RouteLLM (Ong et al. 2024, arXiv 2406.18665 v4), section 2, R_alpha; >= as in the "
              "released code; kinds other than win probabilities, many experts and terms are ours",
    .params = params,
    .params_bytes = sizeof(struct threshold_params),
    .accepts = PM_VALUE_BIT(PM_VALUE_LOSS) | PM_VALUE_BIT(PM_VALUE_QUALITY) |
               PM_VALUE_BIT(PM_VALUE_WINPROB) | PM_VALUE_BIT(PM_VALUE_BEST),
    .offers = PM_OFFERS_UTILITY | PM_OFFERS_PARTS,
    .decide = decide,
};
PM_PLUGIN_OBJECTIVE(threshold, "1.0", "MIT")
