/* SPDX-License-Identifier: MIT
 *
 * The guard of objectives: pairing with routers, masks, utilities, parts, shares, infeasible prompts, and
 * objectives that learn.
 */
#include "plug_tools.h"

#include <math.h>
#include <string.h>

static world w;
static float price[WORLD_M], utility[WORLD_N * WORLD_M], part[2][WORLD_N * WORLD_M];
static uint32_t choice[WORLD_N], mask[WORLD_N * WORLD_M];
static uint8_t refused[WORLD_N * WORLD_M];
static uint64_t arrival[WORLD_N];
static pm_term term;
static const pm_term *terms[] = {&term};
static pm_mat term_part[1];

static void setup(void)
{
    world_open(&w, 1);
    for (size_t j = 0; j < WORLD_M; j++) price[j] = (float)(j + 1);
    for (size_t i = 0; i < WORLD_N; i++) arrival[i] = i;
    term = (pm_term){
        .size = sizeof term, .name = "price", .sense = PM_SOFT, .weight = 0.1, .bound = INFINITY};
    term.value = (pm_cmat){price, WORLD_N, WORLD_M, 0};
}

static void teardown(void)
{
    world_close(&w);
}

static pm_question ask(void)
{
    return (pm_question){.size = sizeof(pm_question),
                         .kind = PM_VALUE_QUALITY,
                         .value = w.y.value,
                         .lib = &w.lib.view,
                         .x = &w.x,
                         .term = terms,
                         .n_terms = 1,
                         .arrival = arrival};
}

static pm_decisions room(void)
{
    pm_mat whole = {NULL, WORLD_N, WORLD_M, WORLD_M};
    pm_decisions d = {
        .size = sizeof d, .choice = choice, .refused = refused, .term_part = term_part};
    whole.at = utility;
    d.utility = whole;
    whole.at = part[0];
    d.value_part = whole;
    whole.at = part[1];
    term_part[0] = whole;
    return d;
}

static objective *build(const char *name, misdeed f)
{
    tool_params p = tool_fault(f);
    objective_spec spec = {world_plugin(&w, PLUGIN_OBJECTIVE, name), &p, 1};
    objective *o = NULL;
    pm_status st = objective_build(w.call, &spec, NULL, NULL, &o, &w.err);
    ck_assert_msg(st == PM_OK, "%s", err_text(&w.err));
    return o;
}

/* As the pipeline asks: with the mask of the question's own hard terms. */
static pm_status decide(const objective *o, pm_question *q, pm_decisions *d)
{
    err_clear(&w.err);
    q->mask = mask;
    for (size_t k = 0; k < q->n_terms; k++)
        if (q->term[k]->value.cols != WORLD_M) q->mask = NULL;
    if (q->mask) (void)feasible_mask(q, mask);
    return objective_decide(o, w.call, q, d, &w.err);
}

START_TEST(pairs_are_refused_before_any_compute)
{
    const plugin_entry *greedy = world_plugin(&w, PLUGIN_OBJECTIVE, "tool_greedy");
    ck_assert_int_eq(
        objective_accepts(greedy, world_plugin(&w, PLUGIN_ROUTER, "tool_linear"), &w.err), PM_OK);
    ck_assert_int_eq(
        objective_accepts(greedy, world_plugin(&w, PLUGIN_ROUTER, "tool_rank"), &w.err), PM_E_ARG);
    ck_assert_str_eq(err_text(&w.err), "objective \"tool_greedy\" needs LOSS, QUALITY or WINPROB; "
                                       "router \"tool_rank\" emits RANK");
    pm_question q = ask();
    pm_decisions d = room();
    objective *o = build("tool_greedy", FAULT_NONE);
    q.kind = PM_VALUE_RANK;
    ck_assert_int_eq(decide(o, &q, &d), PM_E_ARG);
    ck_says(w.err,
            "objective \"tool_greedy\" needs LOSS, QUALITY or WINPROB; the router emits RANK");
    objective_close(o);
}
END_TEST

START_TEST(decides_and_explains)
{
    objective *o = build("tool_greedy", FAULT_NONE);
    pm_question q = ask();
    pm_decisions d = room();
    term.sense = PM_HARD;
    term.bound = 3;
    ck_assert_msg(decide(o, &q, &d) == PM_OK, "%s", err_text(&w.err));
    for (size_t i = 0; i < WORLD_N; i++) {
        ck_assert_uint_lt(choice[i], 3);
        ck_assert_uint_eq(mask[i * WORLD_M + 4], 1);
        ck_assert(utility[i * WORLD_M + 4] == -INFINITY);
    }
    objective_close(o);
}
END_TEST

static const struct {
    misdeed fault;
    const char *message;
} faults[] = {
    {FAULT_CHOICE, "choice of prompt 0 is column 5 of 5"},
    {FAULT_UNWRITTEN, "choice of prompt 0 was not written"},
    {FAULT_NAN, "utility of prompt 0, expert \"e0\""},
    {FAULT_PARTS, "parts of prompt 0, expert \"e1\" add up to"},
    {FAULT_MASK, "for prompt 0, whom it refuses"},
    {FAULT_FORBIDDEN, "chose expert \"e4\" for prompt 0, which \"price\" forbids"},
    {FAULT_WORSE, "for prompt 0 at utility"},
};

START_TEST(catches_faults)
{
    objective *o = build("tool_greedy", faults[_i].fault);
    pm_question q = ask();
    pm_decisions d = room();
    if (faults[_i].fault == FAULT_FORBIDDEN) {
        term.sense = PM_HARD;
        term.bound = 4;
    }
    ck_assert_int_eq(decide(o, &q, &d), PM_E_CONTRACT);
    ck_says(w.err, faults[_i].message);
    ck_says(w.err, "objective \"tool_greedy\": ");
    /* nor does a choice alone pass */
    pm_decisions bare = {.size = sizeof bare, .choice = choice};
    bool seen = faults[_i].fault == FAULT_CHOICE || faults[_i].fault == FAULT_UNWRITTEN ||
                faults[_i].fault == FAULT_FORBIDDEN;
    ck_assert_int_eq(decide(o, &q, &bare), seen ? PM_E_CONTRACT : PM_OK);
    objective_close(o);
}
END_TEST

START_TEST(infeasible_prompts)
{
    objective *o = build("tool_greedy", FAULT_NONE);
    pm_question q = ask();
    pm_decisions d = room();
    term.sense = PM_HARD;
    term.bound = 0.5;
    ck_assert_int_eq(decide(o, &q, &d), PM_E_INFEASIBLE);
    ck_says(w.err, "objective \"tool_greedy\": the mask leaves prompt 0 nobody");
    objective_close(o);
}
END_TEST

START_TEST(refuses_bad_questions)
{
    objective *o = build("tool_greedy", FAULT_NONE);
    pm_question q = ask();
    pm_decisions d = room();
    term.weight = NAN;
    ck_assert_int_eq(decide(o, &q, &d), PM_E_ARG);
    term.weight = 1;
    term.sense = (pm_sense)9;
    ck_assert_int_eq(decide(o, &q, &d), PM_E_ARG);
    term.sense = PM_SOFT;
    term.value.cols = 2;
    ck_assert_int_eq(decide(o, &q, &d), PM_E_SHAPE);
    term.value.cols = WORLD_M;
    q.arrival = NULL;
    ck_assert_int_eq(decide(o, &q, &d), PM_E_SHAPE);
    q = ask();
    d.utility.cols = 1;
    ck_assert_int_eq(decide(o, &q, &d), PM_E_SHAPE);
    d = room();
    d.choice = NULL;
    ck_assert_int_eq(decide(o, &q, &d), PM_E_ARG);
    objective_close(o);
}
END_TEST

START_TEST(shares)
{
    static float share[WORLD_N * WORLD_M];
    objective *o = build("tool_drawn", FAULT_NONE);
    pm_question q = ask();
    pm_decisions d = room();
    term.sense = PM_HARD;
    term.bound = 2;
    d.share = (pm_mat){share, WORLD_N, WORLD_M, WORLD_M};
    ck_assert_msg(decide(o, &q, &d) == PM_OK, "%s", err_text(&w.err));
    ck_assert(share[0] == 0.5f && share[2] == 0);
    ck_assert_ptr_null(d.utility.at); /* not offered: taken out */
    ck_assert_ptr_null(d.term_part);
    objective_close(o);
    o = build("tool_drawn", FAULT_RANGE);
    ck_assert_int_eq(decide(o, &q, &d), PM_E_CONTRACT);
    ck_says(w.err, "shares of prompt 0 sum to 1.79");
    objective_close(o);
}
END_TEST

START_TEST(learning_ones)
{
    objective *o = build("tool_bandit", FAULT_NONE), *back = NULL;
    pm_question q = ask();
    pm_decisions d = {.size = sizeof d, .choice = choice};
    const pm_feedback paid = {.size = sizeof paid, .cost_usd = 6};
    char *path = world_path(&w, "o.safetensors");
    for (uint32_t step = 0; step < 3; step++) {
        ck_assert_int_eq(decide(o, &q, &d), PM_OK);
        ck_assert_uint_eq(choice[0], step == 2);
        ck_assert_int_eq(objective_observe(o, w.call, &paid, &w.err), PM_OK);
    }
    ck_assert_int_eq(objective_save(o, w.call, path, &w.err), PM_OK);
    objective_close(o);
    ck_assert_msg(objective_load(w.call, path, &back, &w.err) == PM_OK, "%s", err_text(&w.err));
    ck_assert_int_eq(decide(back, &q, &d), PM_OK);
    ck_assert_uint_eq(choice[0], 1);
    objective_close(back);
    o = build("tool_greedy", FAULT_NONE);
    ck_assert_int_eq(objective_observe(o, w.call, &paid, &w.err), PM_E_UNSUPPORTED);
    ck_assert_int_eq(objective_save(o, w.call, path, &w.err), PM_OK); /* parameters alone */
    objective_close(o);
    ck_assert_int_eq(objective_load(w.call, path, &o, &w.err), PM_OK);
    objective_close(o);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("guard_objective");
    TCase *t = tcase_create("guard_objective");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, pairs_are_refused_before_any_compute);
    tcase_add_test(t, decides_and_explains);
    tcase_add_loop_test(t, catches_faults, 0, (int)(sizeof faults / sizeof faults[0]));
    tcase_add_test(t, infeasible_prompts);
    tcase_add_test(t, refuses_bad_questions);
    tcase_add_test(t, shares);
    tcase_add_test(t, learning_ones);
    suite_add_tcase(s, t);
    return suite_main(s);
}
