/* SPDX-License-Identifier: MIT
 *
 * Who may serve whom: masks against plain loops, constraints given up in order, the fallback expert, minimal
 * conflicting sets against all subsets, and no hard constraint ever broken by a decision unless that is told.
 */
#include "plug_tools.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "plug/feasible.h"

enum { DRAWS = 10000, N = 3, M_MOST = 9, TERMS = 6 };

typedef struct draw { /* a random question */
    size_t m, n_terms;
    float value[N * M_MOST], cell[TERMS][N * M_MOST];
    pm_term term[TERMS];
    const pm_term *list[TERMS];
    pm_expert expert[M_MOST];
    const pm_expert *experts[M_MOST];
    char id[M_MOST][24];
    pm_library lib;
    size_t order[TERMS], n_order;
} draw;

static uint64_t counter;

static double uniform(void)
{
    return rng_uniform(20261122, 1, counter++);
}

static size_t below(size_t n)
{
    return (size_t)(uniform() * (double)n);
}

static void draw_term(draw *d, size_t k)
{
    static const pm_sense senses[] = {PM_HARD, PM_HARD, PM_HARD, PM_SOFT};
    static char names[TERMS][24];
    snprintf(names[k], sizeof names[k], "k%zu", k);
    for (size_t c = 0; c < (size_t)N * d->m; c++) d->cell[k][c] = (float)below(5) / 4;
    d->term[k] = (pm_term){.size = sizeof d->term[k],
                           .name = names[k],
                           .sense = senses[below(4)],
                           .weight = uniform(),
                           .bound = (double)below(5) / 4 - 0.25,
                           .value = {d->cell[k], N, d->m, below(2) ? d->m : 0}};
    d->list[k] = &d->term[k];
}

static void draw_question(draw *d)
{
    d->m = 1 + below(M_MOST);
    d->n_terms = below(TERMS + 1);
    for (size_t j = 0; j < d->m; j++) {
        snprintf(d->id[j], sizeof d->id[j], "e%zu", j);
        d->expert[j] = (pm_expert){.size = sizeof d->expert[j], .id = d->id[j]};
        d->experts[j] = &d->expert[j];
    }
    d->lib = (pm_library){.size = sizeof d->lib, .expert = d->experts, .n = d->m};
    for (size_t c = 0; c < (size_t)N * d->m; c++) d->value[c] = (float)uniform();
    for (size_t k = 0; k < d->n_terms; k++) draw_term(d, k);
    d->n_order = 0;
    for (size_t k = 0; k < d->n_terms; k++) {
        if (d->term[k].sense != PM_HARD || below(4) == 0) continue;
        size_t at = below(d->n_order + 1);
        memmove(d->order + at + 1, d->order + at, (d->n_order - at) * sizeof *d->order);
        d->order[at] = k;
        d->n_order++;
    }
}

static feasible_ask ask_of(const draw *d, const pipeline_infeasible *policy)
{
    return (feasible_ask){d->list, d->n_terms, N, &d->lib, policy};
}

static bool breaks(const draw *d, size_t k, size_t i, size_t j)
{
    return d->term[k].sense == PM_HARD &&
           (double)pm_crow(d->term[k].value, i)[j] > d->term[k].bound;
}

/* 1 + the first term that is broken and not given up. */
static uint32_t first_broken(const draw *d, size_t i, size_t j, uint64_t given)
{
    for (size_t k = 0; k < d->n_terms; k++)
        if (breaks(d, k, i, j) && !(given >> k & 1)) return (uint32_t)k + 1;
    return 0;
}

static bool nobody(const draw *d, size_t i, uint64_t given)
{
    for (size_t j = 0; j < d->m; j++)
        if (!first_broken(d, i, j, given)) return false;
    return true;
}

static size_t count_stuck(const draw *d, uint64_t given)
{
    size_t n = 0;
    for (size_t i = 0; i < N; i++) n += nobody(d, i, given);
    return n;
}

static void same_masks(const draw *d, const feasible_answer *a)
{
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < d->m; j++) {
            uint64_t given = a->relaxed ? a->relaxed[i] : 0;
            uint32_t found = a->mask ? a->mask[i * d->m + j] : 0;
            if (a->fell_back && a->fell_back[i])
                ck_assert_uint_eq(found, j == 0 ? 0 : PM_MASK_FALLBACK);
            else
                ck_assert_uint_eq(found, first_broken(d, i, j, given));
        }
}

START_TEST(masks_are_what_bounds_say)
{
    feasible_room room = {0};
    pm_err err = PM_ERR_INIT;
    static draw d;
    size_t stuck = 0, fine = 0;
    for (size_t t = 0; t < DRAWS; t++) {
        pipeline_infeasible policy = {0};
        feasible_answer a;
        draw_question(&d);
        feasible_ask ask = ask_of(&d, &policy);
        pm_status st = feasible_find(&room, &ask, &a, &err);
        ck_assert_uint_eq(a.n_stuck, count_stuck(&d, 0));
        ck_assert_int_eq(st, a.n_stuck ? PM_E_INFEASIBLE : PM_OK);
        stuck += a.n_stuck > 0;
        fine += a.mask != NULL;
        if (!a.n_stuck) same_masks(&d, &a);
        if (a.n_stuck) ck_assert(nobody(&d, a.first_stuck, 0));
    }
    ck_assert_uint_gt(stuck, DRAWS / 10); /* both happened often enough */
    ck_assert_uint_gt(fine, DRAWS / 10);
    feasible_close(&room);
}
END_TEST

/* The shortest beginning of the order that helps, without terms that forbid nobody here. */
static bool expected_relaxed(const draw *d, size_t i, uint64_t *out)
{
    *out = 0;
    for (size_t k = 0; k < d->n_order; k++) {
        bool at_all = false;
        for (size_t j = 0; j < d->m; j++) at_all |= breaks(d, d->order[k], i, j);
        if (!at_all) continue;
        *out |= (uint64_t)1 << d->order[k];
        if (!nobody(d, i, *out)) return true;
    }
    return false;
}

START_TEST(constraints_are_given_up_in_order)
{
    feasible_room room = {0};
    pm_err err = PM_ERR_INIT;
    static draw d;
    size_t helped = 0, lost = 0;
    for (size_t t = 0; t < DRAWS; t++) {
        draw_question(&d);
        pipeline_infeasible policy = {INFEASIBLE_RELAX, d.order, d.n_order, NULL};
        feasible_ask ask = ask_of(&d, &policy);
        feasible_answer a;
        pm_status st = feasible_find(&room, &ask, &a, &err);
        size_t hopeless = 0;
        for (size_t i = 0; i < N; i++) {
            uint64_t want = 0;
            if (!nobody(&d, i, 0)) {
                if (st == PM_OK && a.relaxed) ck_assert_uint_eq(a.relaxed[i], 0);
            } else if (!expected_relaxed(&d, i, &want)) {
                hopeless++;
            } else if (st == PM_OK) {
                ck_assert_uint_eq(a.relaxed[i], want);
                helped++;
            }
        }
        ck_assert_int_eq(st, hopeless ? PM_E_INFEASIBLE : PM_OK);
        if (hopeless) ck_assert_uint_eq(a.n_stuck, hopeless);
        if (!hopeless) same_masks(&d, &a);
        lost += hopeless > 0;
    }
    ck_assert_uint_gt(helped, DRAWS / 10);
    ck_assert_uint_gt(lost, DRAWS / 100);
    feasible_close(&room);
}
END_TEST

START_TEST(one_expert_stands_in)
{
    feasible_room room = {0};
    pm_err err = PM_ERR_INIT;
    static draw d;
    size_t fell = 0;
    for (size_t t = 0; t < DRAWS; t++) {
        draw_question(&d);
        pipeline_infeasible policy = {.policy = INFEASIBLE_FALLBACK, .fallback = "e0"};
        feasible_ask ask = ask_of(&d, &policy);
        feasible_answer a;
        ck_assert_int_eq(feasible_find(&room, &ask, &a, &err), PM_OK);
        same_masks(&d, &a);
        for (size_t i = 0; i < N; i++) {
            ck_assert_uint_eq(a.fell_back ? a.fell_back[i] : 0, nobody(&d, i, 0));
            fell += nobody(&d, i, 0);
        }
        policy.fallback = "nobody";
        pm_status st = feasible_find(&room, &ask, &a, &err);
        ck_assert_int_eq(st, count_stuck(&d, 0) ? PM_E_ARG : PM_OK);
    }
    ck_assert_uint_gt(fell, DRAWS / 10);
    feasible_close(&room);
}
END_TEST

/* What is decided: no hard constraint is broken but those that were given up, and that is told. */
START_TEST(decisions_keep_hard_constraints)
{
    static world w;
    world_open(&w, 1);
    objective_spec spec = {world_plugin(&w, PLUGIN_OBJECTIVE, "tool_greedy"), NULL, 1};
    objective *o = NULL;
    ck_assert_int_eq(objective_build(w.call, &spec, NULL, NULL, &o, &w.err), PM_OK);
    feasible_room room = {0};
    static draw d;
    static const uint64_t arrival[N] = {0, 1, 2};
    pm_prompts x = w.x;
    x.n = N;
    size_t decided = 0;
    for (size_t t = 0; t < DRAWS; t++) {
        draw_question(&d);
        pipeline_infeasible policy = {INFEASIBLE_RELAX, d.order, d.n_order, NULL};
        feasible_ask ask = ask_of(&d, &policy);
        feasible_answer a;
        if (feasible_find(&room, &ask, &a, &w.err) != PM_OK) continue;
        uint32_t choice[N];
        pm_question q = {.size = sizeof q,
                         .kind = PM_VALUE_QUALITY,
                         .value = {d.value, N, d.m, d.m},
                         .lib = &d.lib,
                         .x = &x,
                         .term = d.list,
                         .n_terms = d.n_terms,
                         .arrival = arrival,
                         .reference_col = PM_NO_COL,
                         .mask = a.mask};
        pm_decisions out = {.size = sizeof out, .choice = choice};
        pm_status st = objective_decide(o, w.call, &q, &out, &w.err);
        ck_assert_msg(st == PM_OK, "%s", err_text(&w.err));
        for (size_t i = 0; i < N; i++)
            for (size_t k = 0; k < d.n_terms; k++)
                if (breaks(&d, k, i, choice[i])) ck_assert(a.relaxed && (a.relaxed[i] >> k & 1));
        decided++;
    }
    ck_assert_uint_gt(decided, DRAWS / 2);
    feasible_close(&room);
    objective_close(o);
    world_close(&w);
}
END_TEST

/* ---- minimal conflicting sets ---------------------------------------------------------------------------------- */

static bool hits(const uint64_t *broken, size_t m, uint64_t set)
{
    for (size_t j = 0; j < m; j++)
        if (!(broken[j] & set)) return false;
    return true;
}

static bool is_minimal(const uint64_t *broken, size_t m, uint64_t set)
{
    if (!hits(broken, m, set)) return false;
    for (uint64_t rest = set; rest; rest &= rest - 1)
        if (hits(broken, m, set & ~(rest & (~rest + 1)))) return false;
    return true;
}

START_TEST(minimal_sets_are_all_there_are)
{
    size_t many = 0;
    for (size_t t = 0; t < DRAWS; t++) {
        uint64_t broken[8], again[8];
        size_t m = 1 + below(8), terms = 1 + below(7), want = 0, sizes[8] = {0}, found_size = 0;
        double share = uniform();
        for (size_t j = 0; j < m; j++) {
            broken[j] = 0;
            for (size_t k = 0; k < terms; k++) broken[j] |= (uint64_t)(uniform() < share) << k;
        }
        memcpy(again, broken, sizeof broken);
        for (uint64_t set = 1; set < (uint64_t)1 << terms; set++)
            if (is_minimal(broken, m, set)) {
                want++;
                sizes[__builtin_popcountll(set)]++;
            }
        conflicts c;
        conflicts_find(again, m, &c);
        ck_assert_uint_eq(c.n, want < CONFLICTS_TOLD ? want : CONFLICTS_TOLD);
        ck_assert_int_eq(c.is_all, want <= CONFLICTS_TOLD);
        many += want > 2;
        for (size_t s = 0; s < c.n; s++) {
            size_t size = (size_t)__builtin_popcountll(c.set[s]);
            ck_assert(is_minimal(broken, m, c.set[s]));
            ck_assert_uint_ge(size, found_size); /* smallest first */
            ck_assert_uint_gt(sizes[size]--, 0);
            for (size_t e = 0; e < s; e++) ck_assert_uint_ne(c.set[e], c.set[s]);
            for (size_t less = 1; less < size; less++) ck_assert_uint_eq(sizes[less], 0);
            found_size = size;
        }
    }
    ck_assert_uint_gt(many, DRAWS / 20);
}
END_TEST

/* A thousand experts, sixty-four constraints, sparse and dense: sets are found in bounded work. */
START_TEST(thousand_experts)
{
    enum { MANY = 1000 };
    static uint64_t broken[MANY], copy[MANY];
    for (size_t per = 1; per <= 32; per *= 2) {
        for (size_t j = 0; j < MANY; j++) {
            broken[j] = 0;
            while ((size_t)__builtin_popcountll(broken[j]) < per)
                broken[j] |= (uint64_t)1 << below(64);
        }
        memcpy(copy, broken, sizeof broken);
        conflicts c;
        conflicts_find(copy, MANY, &c);
        ck_assert_uint_gt(c.n, 0);
        for (size_t s = 0; s < c.n; s++) ck_assert(is_minimal(broken, MANY, c.set[s]));
    }
    broken[500] = 0;
    conflicts none;
    conflicts_find(broken, MANY, &none);
    ck_assert_uint_eq(none.n, 0);
}
END_TEST

/* ---- bounds ----------------------------------------------------------------------------------------------------- */

static void one_expert_a_value(draw *d, double bound, const float *value, size_t m)
{
    draw_question(d);
    while (d->m < m) draw_question(d);
    d->lib.n = d->m = m;
    d->n_terms = 1;
    memcpy(d->cell[0], value, m * sizeof *value);
    d->term[0] = (pm_term){.size = sizeof d->term[0],
                           .name = "k0",
                           .sense = PM_HARD,
                           .bound = bound,
                           .value = {d->cell[0], N, m, 0}};
    d->list[0] = &d->term[0];
}

START_TEST(bounds_are_compared_as_doubles)
{
    static draw d;
    static const struct {
        double bound;
        uint32_t mask[5];
    } cases[] = {
        {0.1, {0, 1, 1, 1, 1}}, /* 0.1f is a little above 0.1 */
        {0.1f, {0, 0, 1, 1, 1}},       {-1, {1, 1, 1, 1, 1}},       {0, {0, 1, 1, 1, 1}},
        {1e300, {0, 0, 0, 0, 0}},      {INFINITY, {0, 0, 0, 0, 0}}, {-INFINITY, {1, 1, 1, 1, 1}},
        {0.99999999, {0, 0, 0, 1, 1}},
    };
    static const float value[5] = {0, 0.1f, 0.5f, 1, 3e38f};
    feasible_room room = {0};
    pm_err err = PM_ERR_INIT;
    for (size_t t = 0; t < sizeof cases / sizeof *cases; t++) {
        uint32_t mask[N * 5];
        one_expert_a_value(&d, cases[t].bound, value, 5);
        pm_question q = {.value = {d.value, N, 5, 5}, .term = d.list, .n_terms = 1};
        ck_assert_int_eq(feasible_mask(&q, mask), cases[t].mask[0] == 0);
        for (size_t i = 0; i < N; i++)
            ck_assert_mem_eq(mask + 5 * i, cases[t].mask, sizeof cases[t].mask);
    }
    one_expert_a_value(&d, NAN, value, 5);
    pipeline_infeasible policy = {0};
    feasible_ask ask = ask_of(&d, &policy);
    feasible_answer a;
    ck_assert_int_eq(feasible_find(&room, &ask, &a, &err), PM_E_ARG);
    ck_says(err, "constraint \"k0\": the bound is NaN; want a number");
    d.term[0].sense = PM_SOFT; /* it has no bound to speak of */
    ck_assert_int_eq(feasible_find(&room, &ask, &a, &err), PM_OK);
    static const size_t order[] = {1, 0};
    d.term[0].sense = PM_HARD, d.term[0].bound = -1;
    policy = (pipeline_infeasible){INFEASIBLE_RELAX, order, 1, NULL};
    ck_assert_int_eq(feasible_find(&room, &ask, &a, &err), PM_E_ARG);
    ck_says(err, "cannot be relaxed");
    feasible_close(&room);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("feasible");
    TCase *t = tcase_create("feasible");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, masks_are_what_bounds_say);
    tcase_add_test(t, constraints_are_given_up_in_order);
    tcase_add_test(t, one_expert_stands_in);
    tcase_add_test(t, decisions_keep_hard_constraints);
    tcase_add_test(t, minimal_sets_are_all_there_are);
    tcase_add_test(t, thousand_experts);
    tcase_add_test(t, bounds_are_compared_as_doubles);
    suite_add_tcase(s, t);
    return suite_main(s);
}
