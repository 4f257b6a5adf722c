/* SPDX-License-Identifier: MIT
 *
 * Promises of objectives, each worked out again here: the additive formula, shares, fronts, and choices that do
 * not depend on what else is asked for.
 */
#include <math.h>
#include <string.h>

#include "app/conform_objective.h"

enum { PROMPTS = 20 };

static const pm_value_kind KINDS[] = {PM_VALUE_QUALITY, PM_VALUE_LOSS, PM_VALUE_WINPROB,
                                      PM_VALUE_BEST, PM_VALUE_RANK};
enum { N_KINDS = sizeof KINDS / sizeof *KINDS };

static bool offers(const trial *t, uint32_t what)
{
    return t->e->type.objective->offers & what;
}

/* A question of the k-th kind, or NULL: not accepted, or no memory (told). */
static quiz *of_kind(trial *t, conform_result *r, size_t k)
{
    if (!(t->e->type.objective->accepts & PM_VALUE_BIT(KINDS[k]))) return NULL;
    quiz *z = quiz_make(t, PROMPTS, KINDS[k]);
    if (!z) check_fail(r, "out of memory");
    return z;
}

static bool decide_into(trial *t, conform_result *r, const quiz *z, pm_decisions *d)
{
    pm_err err = PM_ERR_INIT;
    if (objective_decide(t->base, t->c, &z->q, d, &err) != PM_OK) check_fail_err(r, "decide", &err);
    return r->passed;
}

static bool decide(trial *t, conform_result *r, const quiz *z, pm_decisions *d)
{
    if (quiz_room(t, &z->q, d)) return decide_into(t, r, z, d);
    check_fail(r, "out of memory");
    return false;
}

static double worth(const quiz *z, size_t i, size_t j)
{
    double v = (double)pm_crow(z->q.value, i)[j];
    return z->q.kind == PM_VALUE_LOSS ? -v : v;
}

/* ---- additive ----------------------------------------------------------------------------------------------- */

static double formula(const quiz *z, size_t i, size_t j)
{
    double u = worth(z, i, j);
    for (size_t k = 0; k < z->q.n_terms; k++) {
        const pm_term *term = z->q.term[k];
        if (term->sense == PM_SOFT) u -= term->weight * (double)pm_crow(term->value, i)[j];
    }
    return u;
}

static uint32_t best_by_formula(const quiz *z, size_t i)
{
    uint32_t best = PM_NO_COL;
    for (uint32_t j = 0; j < z->q.value.cols; j++) {
        if (!pm_is_allowed(&z->q, i, j)) continue;
        double u = formula(z, i, j), top = best == PM_NO_COL ? -INFINITY : formula(z, i, best);
        if (u > top || (u == top && z->q.prior[j] > z->q.prior[best])) best = j;
    }
    return best;
}

static void compare(const quiz *z, const pm_decisions *d, conform_result *r)
{
    for (size_t i = 0; i < PROMPTS && r->passed; i++) {
        uint32_t want = best_by_formula(z, i);
        if (d->choice[i] != want)
            check_fail(r,
                       "promises to be additive: prompt %zu (%s) goes to %u, by the formula to %u",
                       i, value_kind_name(z->q.kind), d->choice[i], want);
        for (size_t j = 0; d->utility.at && r->passed && j < z->q.value.cols; j++)
            if (pm_is_allowed(&z->q, i, j) && pm_row(d->utility, i)[j] != (float)formula(z, i, j))
                check_fail(
                    r,
                    "promises to be additive: prompt %zu, expert %zu has utility %.9g, by the "
                    "formula %.9g",
                    i, j, (double)pm_row(d->utility, i)[j], formula(z, i, j));
    }
}

/* With a soft and a hard term, and with both of them soft, at weights from none to overwhelming. */
void objective_is_additive(trial *t, conform_result *r)
{
    static const double weights[] = {0, 0.3, 1, 7};
    const pm_objective_type *type = t->e->type.objective;
    if (!PM_HAS(type, additive) || !type->additive) {
        check_skip(r, "it does not promise to be");
        return;
    }
    for (size_t round = 0; round < 8 * N_KINDS && r->passed; round++) {
        quiz *z = of_kind(t, r, round / 8);
        pm_decisions d;
        if (!z) continue;
        z->soft.weight = weights[round % 4];
        if (round % 8 >= 4) {
            z->hard.sense = PM_SOFT;
            z->hard.weight = 0.7;
            z->q.mask = NULL;
        }
        if (decide(t, r, z, &d)) compare(z, &d, r);
    }
}

/* ---- lean ----------------------------------------------------------------------------------------------------- */

void objective_is_lean(trial *t, conform_result *r)
{
    for (size_t k = 0; k < N_KINDS && r->passed; k++) {
        quiz *z = of_kind(t, r, k);
        pm_decisions whole;
        if (!z || !decide(t, r, z, &whole)) continue;
        pm_decisions bare = {.size = sizeof bare,
                             .choice = arena_alloc(t->a, PROMPTS, sizeof *bare.choice)};
        if (!bare.choice) {
            check_fail(r, "out of memory");
            return;
        }
        if (!decide_into(t, r, z, &bare)) return;
        for (size_t i = 0; i < PROMPTS && r->passed; i++)
            if (bare.choice[i] != whole.choice[i])
                check_fail(r, "prompt %zu goes to %u, and to %u when nothing else is asked for", i,
                           whole.choice[i], bare.choice[i]);
    }
}

/* ---- spread ---------------------------------------------------------------------------------------------------- */

/* Declared: such routers are refused, naming both sides, and so are such questions. */
static void refuses_routers(trial *t, conform_result *r, pm_value_kind kind)
{
    pm_err err = PM_ERR_INIT;
    pm_router_type type = {.size = sizeof type, .name = "toy", .value_kinds = PM_VALUE_BIT(kind)};
    plugin_entry fake = {.kind = PLUGIN_ROUTER, .name = "toy", .doc = "", .source = ""};
    fake.type.router = &type;
    if (objective_accepts(t->e, &fake, &err) == PM_OK)
        check_fail(r, "is paired with a router without spread");
    else if (!strstr(err.text, "\"toy\"") || !strstr(err.text, t->e->name))
        check_fail(r, "the refusal does not name both sides: %s", err.text);
}

void objective_without_spread(trial *t, conform_result *r)
{
    const pm_objective_type *type = t->e->type.objective;
    bool needs = PM_HAS(type, needs_spread) && type->needs_spread;
    for (size_t k = 0; k < N_KINDS && r->passed; k++) {
        quiz *z = of_kind(t, r, k);
        pm_decisions d;
        pm_err err = PM_ERR_INIT;
        if (!z) continue;
        z->q.spread = (pm_cmat){NULL, 0, 0, 0};
        z->q.spread_kind = PM_SPREAD_NONE;
        if (needs) refuses_routers(t, r, KINDS[k]);
        if (!needs)
            (void)decide(t, r, z, &d);
        else if (!quiz_room(t, &z->q, &d))
            check_fail(r, "out of memory");
        else if (r->passed && objective_decide(t->base, t->c, &z->q, &d, &err) == PM_OK)
            check_fail(r, "decides without the spread that it needs");
    }
}

/* ---- shares and fronts ------------------------------------------------------------------------------------------ */

void objective_shares(trial *t, conform_result *r)
{
    if (!offers(t, PM_OFFERS_SHARE)) check_skip(r, "shares are not offered");
    for (size_t k = 0; k < N_KINDS && r->passed && !r->skipped; k++) {
        quiz *z = of_kind(t, r, k);
        pm_decisions d;
        if (!z || !decide(t, r, z, &d)) continue;
        for (size_t i = 0; i < PROMPTS && r->passed; i++) {
            double sum = 0;
            for (size_t j = 0; j < z->value.cols; j++) {
                double p = (double)pm_row(d.share, i)[j];
                bool out = !pm_is_allowed(&z->q, i, j) ||
                           (d.refused && d.refused[i * z->value.cols + j]);
                if (p < 0 || (out && p != 0))
                    check_fail(r, "prompt %zu: expert %zu%s has share %g", i, j,
                               out ? ", whom nobody may choose," : "", p);
                sum += p;
            }
            if (fabs(sum - 1) > 1e-6) check_fail(r, "prompt %zu: shares sum to %.9g", i, sum);
        }
    }
}

/* Nowhere worse than j, and somewhere better. */
static bool dominates(const quiz *z, size_t i, size_t by, size_t j)
{
    bool better = worth(z, i, by) > worth(z, i, j);
    if (!pm_is_allowed(&z->q, i, by) || worth(z, i, by) < worth(z, i, j)) return false;
    for (size_t k = 0; k < z->q.n_terms; k++) {
        const float *row = pm_crow(z->q.term[k]->value, i);
        if (z->q.term[k]->sense != PM_SOFT) continue;
        if (row[by] > row[j]) return false;
        better |= row[by] < row[j];
    }
    return better;
}

void objective_front(trial *t, conform_result *r)
{
    if (!offers(t, PM_OFFERS_FRONT)) check_skip(r, "a front is not offered");
    for (size_t k = 0; k < N_KINDS && r->passed && !r->skipped; k++) {
        quiz *z = of_kind(t, r, k);
        pm_decisions d;
        if (!z || !decide(t, r, z, &d)) continue;
        size_t m = z->value.cols;
        for (size_t cell = 0; cell < PROMPTS * m && r->passed; cell++) {
            size_t i = cell / m, j = cell % m, by = 0;
            while (by < m && !dominates(z, i, by, j)) by++;
            bool want = by == m && pm_is_allowed(&z->q, i, j);
            if ((d.front[cell] != 0) != want)
                check_fail(r, "prompt %zu: expert %zu is %son the front%s", i, j,
                           want ? "not " : "", want ? " though nobody beats it" : "");
        }
    }
}
