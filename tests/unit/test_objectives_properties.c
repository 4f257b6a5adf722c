/* SPDX-License-Identifier: MIT
 *
 * What must hold for objectives on random questions of every kind: hard constraints, explanations, monotonicity
 * in weights, invariances, permutations, and refusals that name both sides.
 */
#include "config.h"

#include "objectives_bed.h"

#include "base/rng.h"

static bed b;

static void setup(void)
{
    bed_open(&b);
}
static void teardown(void)
{
    bed_close(&b);
}

enum { SEEDS = 20, KINDS = 4 };

static const pm_value_kind kinds[KINDS] = {PM_VALUE_QUALITY, PM_VALUE_LOSS, PM_VALUE_WINPROB,
                                           PM_VALUE_BEST};

static const struct {
    const char *name, *params;
} all[] = {
    {"penalty", ""},
    {"willingness_to_pay", "lambda=0.25"},
    {"willingness_to_pay", "lambda=0"},
    {"willingness_to_pay", "lambda=40"},
    {"lexicographic", ""},
    {"lexicographic", "order=price,value tolerance=0.25,0"},
    {"lexicographic", "order=value,latency,length tolerance=0.1,0.3"},
    {"chance", "quality=0.5 loss=0.5 chance=0.6"},
    {"chance", "quality=0.9 loss=0.05 chance=0.99"},
    {"pareto", ""},
    {"pareto", "pick=value"},
    {"pareto", "pick=knee"},
    {"mixture", "lo=0 hi=4 share=0.3"},
    {"threshold", ""},
    {"threshold", "rule=cheapest alpha=0.8"},
};
enum { ALL = sizeof all / sizeof *all };

static bool accepts(const char *name, pm_value_kind kind)
{
    return bed_plugin(&b, PLUGIN_OBJECTIVE, name)->type.objective->accepts & PM_VALUE_BIT(kind);
}

static uint32_t offers(const char *name)
{
    return bed_plugin(&b, PLUGIN_OBJECTIVE, name)->type.objective->offers;
}

/* ---- every objective ------------------------------------------------------------------------------ */

static void within_the_mask(const asked *a, size_t i, uint32_t offered)
{
    double total = 0;
    ck_assert_uint_lt(a->choice[i], ASK_M);
    for (size_t k = ASK_SOFT; k < ASK_K; k++)
        ck_assert_double_le(ask_cell(a, k, i, a->choice[i]), a->term[k].bound);
    for (size_t j = 0; j < ASK_M; j++) {
        size_t c = i * ASK_M + j;
        if (a->mask[c]) {
            ck_assert(a->utility[c] == -INFINITY);
            ck_assert(!a->refused[c]);
            if (offered & PM_OFFERS_SHARE) ck_assert(a->share[c] == 0);
            if (offered & PM_OFFERS_FRONT) ck_assert(!a->front[c]);
        }
        if (a->refused[c]) ck_assert(a->utility[c] == -INFINITY);
        if (offered & PM_OFFERS_SHARE) total += (double)a->share[c];
    }
    ck_assert(!a->refused[i * ASK_M + a->choice[i]]);
    if (offered & PM_OFFERS_FRONT) ck_assert(a->front[i * ASK_M + a->choice[i]]);
    if (offered & PM_OFFERS_SHARE) ck_assert(fabs(total - 1) < 1e-6);
}

static void adds_up(const asked *a, size_t i)
{
    for (size_t j = 0; j < ASK_M; j++) {
        size_t c = i * ASK_M + j;
        double sum = (double)a->value_part[c];
        for (size_t k = 0; k < ASK_K; k++) sum += (double)a->term_part[k][c];
        if (isinf(a->utility[c])) continue;
        ck_assert_msg(fabs(sum - (double)a->utility[c]) < 1e-5, "cell %zu,%zu: %g, not %g", i, j,
                      sum, (double)a->utility[c]);
    }
}

START_TEST(hard_constraints_hold_and_parts_add_up)
{
    for (uint64_t seed = 0; seed < SEEDS * KINDS; seed++) {
        pm_value_kind kind = kinds[seed % KINDS];
        if (!accepts(all[_i].name, kind)) continue;
        asked *a = ask(&b, kind, seed);
        ask_decide(&b, a, all[_i].name, all[_i].params);
        for (size_t i = 0; i < ASK_N; i++) {
            within_the_mask(a, i, offers(all[_i].name));
            adds_up(a, i);
        }
    }
}
END_TEST

START_TEST(permuting_experts_permutes_choices)
{
    static const uint32_t col[ASK_M] = {5, 2, 7, 0, 3, 6, 1, 4};
    for (uint64_t seed = 0; seed < SEEDS * KINDS; seed++) {
        pm_value_kind kind = kinds[seed % KINDS];
        if (!accepts(all[_i].name, kind)) continue;
        asked *a = ask(&b, kind, seed), *p = ask_permuted(&b, a, col);
        ask_decide(&b, a, all[_i].name, all[_i].params);
        ask_decide(&b, p, all[_i].name, all[_i].params);
        for (size_t i = 0; i < ASK_N; i++)
            ck_assert_msg(col[p->choice[i]] == a->choice[i], "%s %s, seed %d, prompt %zu: %u, %u",
                          all[_i].name, all[_i].params, (int)seed, i, col[p->choice[i]],
                          a->choice[i]);
    }
}
END_TEST

START_TEST(other_kinds_are_refused_naming_both_sides)
{
    static const pm_value_kind every[] = {PM_VALUE_QUALITY, PM_VALUE_LOSS, PM_VALUE_WINPROB,
                                          PM_VALUE_BEST, PM_VALUE_RANK};
    for (size_t k = 0; k < sizeof every / sizeof *every; k++) {
        const char *name = all[_i].name, *word = value_kind_name(every[k]);
        if (accepts(name, every[k])) continue;
        const plugin_entry *e = bed_plugin(&b, PLUGIN_OBJECTIVE, name);
        pm_router_type type = {.size = sizeof type, .value_kinds = PM_VALUE_BIT(every[k])};
        plugin_entry toy = {.kind = PLUGIN_ROUTER, .name = "toy", .type.router = &type};
        asked *a = ask(&b, every[k], 1);
        ask_refused(&b, a, name, all[_i].params, PM_E_ARG, word);
        bed_fails(&b, objective_accepts(e, &toy, &b.err), PM_E_ARG, "router \"toy\" emits");
        ck_assert(strstr(err_text(&b.err), word) && strstr(err_text(&b.err), name));
    }
}
END_TEST

START_TEST(budgets_are_refused)
{
    asked *a = ask(&b, PM_VALUE_QUALITY, 1);
    a->term[1].sense = PM_BUDGET;
    ask_refused(&b, a, all[_i].name, all[_i].params, PM_E_UNSUPPORTED,
                "\"latency\" has sense \"budget\"");
}
END_TEST

/* ---- penalty ---------------------------------------------------------------------------------------- */

static double total(const asked *a, size_t k)
{
    double sum = 0;
    for (size_t i = 0; i < ASK_N; i++) sum += ask_cell(a, k, i, a->choice[i]);
    return sum;
}

static void weigh(asked *a, size_t k, double factor, const float *row)
{
    a->term[k].weight *= factor;
    for (size_t i = 0; k == 2 && i < ASK_N; i++) a->weight_row[i] = (float)factor * row[i];
}

START_TEST(raising_a_weight_never_raises_its_total)
{
    size_t moved = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        for (size_t k = 0; k < ASK_SOFT; k++) {
            double last = INFINITY, first = 0;
            for (int step = 0; step < 9; step++) {
                asked *a = ask(&b, kinds[_i], seed);
                float row[ASK_N];
                memcpy(row, a->weight_row, sizeof row);
                weigh(a, k, step ? ldexp(1, step - 4) : 0, row);
                ask_decide(&b, a, "penalty", "");
                ck_assert_msg(total(a, k) <= last, "term %zu, step %d: %g after %g", k, step,
                              total(a, k), last);
                last = total(a, k);
                if (!step) first = last;
            }
            moved += last < first;
        }
    ck_assert_uint_gt(moved, SEEDS); /* the weights do something */
}
END_TEST

static void same(const asked *a, const asked *other, const char *what)
{
    for (size_t i = 0; i < ASK_N; i++)
        ck_assert_msg(a->choice[i] == other->choice[i], "%s: prompt %zu", what, i);
}

/* All numbers are multiples of 1/64 and factors are small, so that nothing is rounded. */
START_TEST(penalty_keeps_its_choices_under_what_changes_nothing)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        asked *a = ask(&b, kinds[_i], seed), *shifted = ask(&b, kinds[_i], seed),
              *scaled = ask(&b, kinds[_i], seed);
        float row[ASK_N];
        memcpy(row, a->weight_row, sizeof row);
        for (size_t c = 0; c < ASK_N * ASK_M; c++) {
            shifted->value[c] += (float)(c / ASK_M % 5);
            scaled->value[c] *= 3;
        }
        for (size_t k = 0; k < ASK_SOFT; k++) weigh(scaled, k, 3, row);
        ask_decide(&b, a, "penalty", "");
        ask_decide(&b, shifted, "penalty", "");
        ask_decide(&b, scaled, "penalty", "");
        same(a, shifted, "a constant added to a row");
        same(a, scaled, "values and weights times 3");
    }
}
END_TEST

/* ---- the others against penalty ------------------------------------------------------------------------ */

START_TEST(others_meet_penalty_where_they_should)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        asked *a = ask(&b, kinds[_i], seed), *other = ask(&b, kinds[_i], seed);
        ask_decide(&b, a, "penalty", "");
        ask_decide(&b, other, "willingness_to_pay", "lambda=1");
        same(a, other, "willingness_to_pay, lambda 1");
        ask_decide(&b, other, "mixture", "lo=1 hi=1");
        same(a, other, "mixture of one setting");
        ask_decide(&b, other, "pareto", "");
        for (size_t i = 0; i < ASK_N; i++)
            ck_assert(a->utility[i * ASK_M + a->choice[i]] ==
                      other->utility[i * ASK_M + other->choice[i]]);
        float row[ASK_N];
        memcpy(row, a->weight_row, sizeof row);
        for (size_t k = 0; k < ASK_SOFT; k++) weigh(a, k, 0.25, row);
        ask_decide(&b, a, "penalty", "");
        ask_decide(&b, other, "willingness_to_pay", "lambda=4");
        same(a, other, "willingness_to_pay, lambda 4: weights / 4");
    }
}
END_TEST

static double chosen_value(const asked *a)
{
    double sum = 0;
    for (size_t i = 0; i < ASK_N; i++) sum += ask_worth(a, i, a->choice[i]);
    return sum;
}

static double chosen_penalty(const asked *a)
{
    double sum = 0;
    for (size_t i = 0; i < ASK_N; i++)
        for (size_t k = 0; k < ASK_SOFT; k++)
            sum += ask_weight(a, k, i) * ask_cell(a, k, i, a->choice[i]);
    return sum;
}

START_TEST(paying_more_buys_no_less)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        double value = -INFINITY, price = -INFINITY;
        for (int step = 0; step < 10; step++) {
            char params[40];
            asked *a = ask(&b, kinds[_i], seed);
            snprintf(params, sizeof params, "lambda=%g", step ? ldexp(1, step - 5) : 0);
            ask_decide(&b, a, "willingness_to_pay", params);
            /* At lambda 0 values play no part, not even among equal penalties. */
            if (step > 1) ck_assert_double_ge(chosen_value(a), value);
            ck_assert_double_ge(chosen_penalty(a), price);
            value = chosen_value(a);
            price = chosen_penalty(a);
        }
    }
}
END_TEST

/* ---- lexicographic ----------------------------------------------------------------------------------------- */

START_TEST(lexicographic_reads_order_alone_at_zero_tolerance)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        asked *a = ask(&b, kinds[_i], seed), *bent = ask(&b, kinds[_i], seed);
        for (size_t c = 0; c < ASK_N * ASK_M; c++) {
            bent->value[c] = bent->value[c] * bent->value[c];
            for (size_t k = 0; k < ASK_SOFT; k++) bent->cell[k][c] = expf(bent->cell[k][c]);
        }
        ask_decide(&b, a, "lexicographic", "order=value,length,price");
        ask_decide(&b, bent, "lexicographic", "order=value,length,price");
        same(a, bent, "monotone maps");
        for (size_t k = 0; k < ASK_SOFT; k++) bent->term[k].weight *= 7;
        ask_decide(&b, bent, "lexicographic", "order=value,length,price");
        same(a, bent, "weights");
        bent->q.kind = PM_VALUE_RANK;
        for (size_t c = 0; kinds[_i] == PM_VALUE_LOSS && c < ASK_N * ASK_M; c++)
            bent->value[c] = -bent->value[c];
        ask_decide(&b, bent, "lexicographic", "order=value,length,price");
        same(a, bent, "as ranks");
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("objectives, properties");
    TCase *t = tcase_create("properties");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, hard_constraints_hold_and_parts_add_up, 0, ALL);
    tcase_add_loop_test(t, permuting_experts_permutes_choices, 0, ALL);
    tcase_add_loop_test(t, other_kinds_are_refused_naming_both_sides, 0, ALL);
    tcase_add_loop_test(t, budgets_are_refused, 0, ALL);
    tcase_add_loop_test(t, raising_a_weight_never_raises_its_total, 0, KINDS);
    tcase_add_loop_test(t, penalty_keeps_its_choices_under_what_changes_nothing, 0, KINDS);
    tcase_add_loop_test(t, others_meet_penalty_where_they_should, 0, KINDS);
    tcase_add_loop_test(t, paying_more_buys_no_less, 0, KINDS);
    tcase_add_loop_test(t, lexicographic_reads_order_alone_at_zero_tolerance, 0, KINDS);
    suite_add_tcase(s, t);
    return suite_main(s);
}
