/* SPDX-License-Identifier: MIT
 *
 * lexicographic: one criterion after another, each with a tolerance below its best; who falls out of a stage is
 * refused.  Weights play no part but for their sign.
 */
#include "lexicographic.h"

/* Higher is better.  A weight below 0 turns a term round. */
static double merit(const pm_question *q, const lexicographic_stage *s, size_t i, size_t j)
{
    if (s->term == STAGE_VALUE) return terms_value(q, i, j);
    const pm_term *t = q->term[s->term];
    double value = (double)pm_crow(t->value, i)[j];
    return terms_weight(t, i) < 0 ? value : 0 - value;
}

typedef struct row {
    const pm_question *q;
    size_t i;
    const lexicographic_stage *stage;
    size_t n_stages;
    uint8_t *alive; /* [m] */
} row;

/* The tolerance is below the best of the stage, not between pairs: who stays does not depend on the order in
 * which experts are looked at, and staying is transitive. */
static void pass(const row *r, const lexicographic_stage *s)
{
    double best = -INFINITY;
    for (size_t j = 0; j < r->q->value.cols; j++)
        if (r->alive[j] && merit(r->q, s, r->i, j) > best) best = merit(r->q, s, r->i, j);
    for (size_t j = 0; j < r->q->value.cols; j++)
        if (r->alive[j]) r->alive[j] = merit(r->q, s, r->i, j) >= best - s->tolerance;
}

/* The last stage, then all stages again without tolerance, then the prior. */
static int is_better(const row *r, size_t j, uint32_t choice)
{
    if (choice == PM_NO_COL) return 1;
    const lexicographic_stage *last = &r->stage[r->n_stages - 1];
    double a = merit(r->q, last, r->i, j), b = merit(r->q, last, r->i, choice);
    for (size_t s = 0; !(a > b || a < b) && s + 1 < r->n_stages; s++) {
        a = merit(r->q, &r->stage[s], r->i, j);
        b = merit(r->q, &r->stage[s], r->i, choice);
    }
    return terms_is_better(r->q, a, j, b, choice);
}

static void explain(const row *r, size_t j, pm_decisions *out)
{
    const lexicographic_stage *last = &r->stage[r->n_stages - 1];
    double utility = merit(r->q, last, r->i, j);
    terms_plain(r->q, r->i, j, utility, out);
    if (last->term == STAGE_VALUE) {
        if (out->value_part.at) pm_row(out->value_part, r->i)[j] = (float)utility;
    } else if (out->term_part) {
        pm_row(out->term_part[last->term], r->i)[j] = (float)utility;
    }
    if (!r->alive[j]) terms_rule_out(r->q, r->i, j, out);
}

static void decide_row(const row *r, pm_decisions *out)
{
    size_t m = r->q->value.cols;
    uint32_t choice = PM_NO_COL;
    for (size_t j = 0; j < m; j++) r->alive[j] = (uint8_t)pm_is_allowed(r->q, r->i, j);
    for (size_t s = 0; s + 1 < r->n_stages; s++) pass(r, &r->stage[s]);
    for (size_t j = 0; j < m; j++) {
        explain(r, j, out);
        if (r->alive[j] && is_better(r, j, choice)) choice = (uint32_t)j;
    }
    out->choice[r->i] = choice;
}

static pm_status refuse_distances(pm_call *c, const row *r)
{
    for (size_t s = 0; r->q->kind == PM_VALUE_RANK && s < r->n_stages; s++)
        if (r->stage[s].term == STAGE_VALUE && r->stage[s].tolerance > 0)
            return c->host->fail(c, PM_E_UNSUPPORTED,
                                 "tolerance: stage \"value\" has %g, but the router emits RANK, "
                                 "whose distances mean nothing; want 0",
                                 r->stage[s].tolerance);
    return PM_OK;
}

static pm_status decide(const pm_objective *o, pm_call *c, const pm_question *q, pm_decisions *out)
{
    lexicographic_stage *stage = c->host->scratch(c, 1 + q->n_terms, sizeof *stage);
    row r = {.q = q, .stage = stage};
    (void)o;
    pm_status st = terms_refuse_budget(c, q);
    if (st) return st;
    r.alive = c->host->scratch(c, q->value.cols, 1);
    if (!stage || !r.alive) return PM_E_MEMORY;
    st = lexicographic_read(c, q, stage, &r.n_stages);
    if (!st) st = refuse_distances(c, &r);
    if (st) return st;
    for (r.i = 0; r.i < q->value.rows; r.i++) decide_row(&r, out);
    return PM_OK;
}

static const pm_param params[] = {
    PM_PARAM_TEXT(struct lexicographic_params, order, "",
                  "stages in order, e.g. \"value, price\": value (the prediction) and soft "
                  "constraints by label or plugin; empty: value, then all soft ones as declared"),
    PM_PARAM_TEXT(struct lexicographic_params, tolerance, "",
                  "how far below the best of a stage an expert may stay, one number for each stage "
                  "but the last, in the stage's own unit, e.g. \"0.02\"; missing ones are 0"),
    PM_PARAM_END,
};

static const pm_objective_type lexicographic = {
    .size = sizeof lexicographic,
    .name = "lexicographic",
    .doc = "Stage by stage: experts within the stage's tolerance of its best go on, the last stage "
           "takes its best; equal ones go through the stages again without tolerance, then by "
           "prior. Terms count by their values, not their weights (a weight below 0 turns one "
           "round). Hard terms forbid. Zero tolerances need no common scale, so it alone reads "
           "RANK. Wins where criteria must not be traded (first good enough, then cheap); loses "
           "where a tiny difference in an early stage costs much in a later one. With a tolerance "
           "the choice is no longer an order of experts: adding one nobody takes can change who "
           "wins, and with three stages a better prediction can lose the place.",
    .source = "Lexicographic order with thresholds (Fishburn 1974, Management Science 20(11)); "
              "the tolerance from the best of a stage, not between pairs, avoids the cycles of "
              "lexicographic semiorders (Tversky 1969, Psychological Review 76(1))",
    .params = params,
    .params_bytes = sizeof(struct lexicographic_params),
    .accepts = PM_VALUE_BIT(PM_VALUE_LOSS) | PM_VALUE_BIT(PM_VALUE_QUALITY) |
               PM_VALUE_BIT(PM_VALUE_WINPROB) | PM_VALUE_BIT(PM_VALUE_BEST) |
               PM_VALUE_BIT(PM_VALUE_RANK),
    .offers = PM_OFFERS_UTILITY | PM_OFFERS_PARTS,
    .decide = decide,
};
PM_PLUGIN_OBJECTIVE(lexicographic, "1.0", "MIT")
