/* SPDX-License-Identifier: MIT
 *
 * The path from text to decision: a batch and one prompt at a time give the same bits, 100,000 routes
 * allocate nothing, rows that do not depend on the prompt follow the library that is served.
 */
#include "plug_tools.h"

#include <math.h>
#include <string.h>

static world w;
static pipeline p;
static pipeline_term term[2];
static embedder *embed;
static router *route;
static constraint *price, *length;
static objective *greedy;

/* The router is trained on what the embedder makes, as an experiment does. */
static void setup(void)
{
    static float made[WORLD_N * WORLD_D];
    world_open(&w, 2);
    embedder_spec es = {world_plugin(&w, PLUGIN_EMBEDDER, "tool_letters"), NULL, 1};
    ck_assert_int_eq(embedder_train(w.call, &es, &w.x, &embed, &w.err), PM_OK);
    pm_mat out = {made, WORLD_N, WORLD_D, WORLD_D};
    ck_assert_int_eq(embedder_embed(embed, w.call, w.x.text, WORLD_N, out, &w.err), PM_OK);
    w.x.embed = (pm_cmat){made, WORLD_N, WORLD_D, WORLD_D};
    route = world_router(&w, "tool_linear", FAULT_NONE);
    w.x.embed.at = NULL;
    constraint_spec ks = {world_plugin(&w, PLUGIN_CONSTRAINT, "tool_price"), NULL, 1};
    ck_assert_int_eq(constraint_build(w.call, &ks, NULL, &price, &w.err), PM_OK);
    ks.plugin = world_plugin(&w, PLUGIN_CONSTRAINT, "tool_length");
    ck_assert_int_eq(constraint_build(w.call, &ks, NULL, &length, &w.err), PM_OK);
    objective_spec os = {world_plugin(&w, PLUGIN_OBJECTIVE, "tool_greedy"), NULL, 1};
    ck_assert_int_eq(objective_build(w.call, &os, NULL, NULL, &greedy, &w.err), PM_OK);
    term[0] = (pipeline_term){"price", price, PM_HARD, 0, 4};
    term[1] = (pipeline_term){"length", length, PM_SOFT, 1e-4, INFINITY};
    p = (pipeline){.embed = embed,
                   .route = route,
                   .lib = &w.lib.view,
                   .term = term,
                   .n_terms = 2,
                   .decide = greedy,
                   .explain = true};
}

static void teardown(void)
{
    embedder_close(embed);
    router_close(route);
    constraint_close(price);
    constraint_close(length);
    objective_close(greedy);
    world_close(&w);
}

static pipeline_ctx *open_ctx(bool parallel)
{
    pipeline_ctx *c = NULL;
    ck_assert_int_eq(pipeline_ctx_open(&w.env, parallel, &c, &w.err), PM_OK);
    return c;
}

static void run(pipeline_ctx *c, const pm_prompts *x, pipeline_result *r)
{
    pm_status st = pipeline_run(&p, c, x, r, &w.err);
    ck_assert_msg(st == PM_OK, "%s", err_text(&w.err));
}

static pm_prompts one(size_t i)
{
    return (pm_prompts){.size = sizeof(pm_prompts), .n = 1, .id = &w.x.id[i], .text = &w.x.text[i]};
}

static void same_row(pm_cmat batch, size_t i, pm_cmat single)
{
    ck_assert_mem_eq(pm_crow(batch, i), single.at, WORLD_M * sizeof(float));
}

START_TEST(batch_equals_one_at_a_time)
{
    pipeline_ctx *all = open_ctx(true), *each = open_ctx(false);
    pipeline_result r, s;
    run(all, &w.x, &r);
    ck_assert_uint_eq(r.n, WORLD_N);
    ck_assert_int_eq(r.kind, PM_VALUE_QUALITY);
    for (size_t i = 0; i < WORLD_N; i++) {
        pm_prompts x = one(i);
        run(each, &x, &s);
        ck_assert_uint_eq(r.choice[i], s.choice[0]);
        same_row(r.value, i, s.value);
        same_row(r.spread, i, s.spread);
        same_row(r.utility, i, s.utility);
        same_row(r.value_part, i, s.value_part);
        for (size_t k = 0; k < 2; k++) same_row(r.term_part[k], i, s.term_part[k]);
        ck_assert_mem_eq(r.mask + i * WORLD_M, s.mask, WORLD_M * sizeof *s.mask);
        ck_assert_uint_eq(s.mask[4], 1);                                           /* 5 USD */
        ck_assert(pm_crow(s.term_value[1], 0)[2] == (float)(3 * w.x.text[i].len)); /* tokens_out */
    }
    ck_assert_uint_eq(r.term_value[0].ld, 0);
    pipeline_ctx_close(all);
    pipeline_ctx_close(each);
}
END_TEST

START_TEST(allocates_nothing)
{
    pipeline_ctx *c = open_ctx(false);
    pipeline_result r;
    for (size_t i = 0; i < WORLD_N; i++) {
        pm_prompts x = one(i);
        run(c, &x, &r);
    }
    size_t before = mem_count();
    for (size_t i = 0; i < 100000; i++) {
        pm_prompts x = one(i % WORLD_N);
        if (pipeline_run(&p, c, &x, &r, &w.err) != PM_OK) ck_abort_msg("%s", err_text(&w.err));
    }
    ck_assert_uint_eq(mem_count() - before, 0);
    pipeline_ctx_close(c);
}
END_TEST

START_TEST(allocates_nothing_for_a_subset)
{
    static const char *const ids[] = {"e3", "e0"};
    static const double prices[] = {4, 1};
    library some;
    world_library(&w, ids, prices, 2, &some);
    p.lib = &some.view;
    pipeline_ctx *c = open_ctx(false);
    pipeline_result r;
    pm_prompts x = one(5);
    run(c, &x, &r);
    ck_assert_uint_eq(r.m, 2);
    size_t before = mem_count();
    for (size_t i = 0; i < 10000; i++) run(c, &x, &r);
    ck_assert_uint_eq(mem_count() - before, 0);
    pipeline_ctx_close(c);
}
END_TEST

START_TEST(prices_follow_the_library)
{
    static const char *const ids[] = {"e0", "e1", "e2", "e3", "e4"};
    static const double cheap[] = {1, 1, 1, 1, 1};
    library sale;
    world_library(&w, ids, cheap, WORLD_M, &sale);
    pipeline_ctx *c = open_ctx(false);
    pipeline_result r;
    pm_prompts x = one(0);
    for (int turn = 0; turn < 4; turn++) {
        p.lib = turn % 2 ? &sale.view : &w.lib.view;
        run(c, &x, &r);
        ck_assert(r.term_value[0].at[4] == (turn % 2 ? 1.0f : 5.0f));
        ck_assert(turn % 2 ? r.mask == NULL : r.mask[4] == 1);
    }
    /* another constraint in the same place: its own row */
    tool_params twice = {0, 2, "plain"};
    constraint_spec ks = {world_plugin(&w, PLUGIN_CONSTRAINT, "tool_price"), &twice, 1};
    constraint *k = NULL;
    ck_assert_int_eq(constraint_build(w.call, &ks, NULL, &k, &w.err), PM_OK);
    term[0].k = k;
    run(c, &x, &r);
    ck_assert(r.term_value[0].at[4] == 2.0f);
    constraint_close(k);
    pipeline_ctx_close(c);
}
END_TEST

START_TEST(second_half_alone)
{
    pipeline_ctx *c = open_ctx(false);
    pipeline_result r;
    run(c, &w.x, &r);
    uint32_t choice[WORLD_N];
    static float value[WORLD_N * WORLD_M], tokens[WORLD_N * WORLD_M];
    memcpy(choice, r.choice, sizeof choice);
    memcpy(value, r.value.at, sizeof value);
    for (size_t i = 0; i < WORLD_N * WORLD_M; i++) tokens[i] = (float)(i % WORLD_M + 1);
    pm_scores s = {.size = sizeof s, .kind = PM_VALUE_QUALITY, .reference_col = PM_NO_COL};
    s.value = (pm_mat){value, WORLD_N, WORLD_M, WORLD_M};
    s.tokens_out = (pm_mat){tokens, WORLD_N, WORLD_M, WORLD_M};
    ck_assert_int_eq(pipeline_decide(&p, c, &w.x, &s, &r, &w.err), PM_OK);
    ck_assert_mem_eq(choice, r.choice, sizeof choice);
    p.n_terms = 0;
    ck_assert_int_eq(pipeline_decide(&p, c, &w.x, &s, &r, &w.err), PM_OK);
    pipeline_ctx_close(c);
}
END_TEST

START_TEST(says_what_is_missing)
{
    pipeline_ctx *c = open_ctx(false);
    pipeline_result r;
    term[0].sense = PM_BUDGET;
    ck_assert_int_eq(pipeline_run(&p, c, &w.x, &r, &w.err), PM_E_ARG);
    ck_says(w.err, "constraint \"tool_price\" cannot be budget");
    term[0].sense = PM_HARD;
    p.embed = NULL;
    ck_assert_int_eq(pipeline_run(&p, c, &w.x, &r, &w.err), PM_E_ARG);
    ck_says(w.err, "router \"tool_linear\" needs embeddings, and there is no embedder");
    p.embed = embed;
    pm_prompts x = w.x;
    x.text = NULL;
    ck_assert_int_eq(pipeline_run(&p, c, &x, &r, &w.err), PM_E_ARG);
    ck_says(w.err, "there are no texts to embed");
    term[0].bound = 0;
    ck_assert_int_eq(pipeline_run(&p, c, &w.x, &r, &w.err), PM_E_INFEASIBLE);
    x = w.x;
    x.n = 0;
    term[0].bound = 4;
    ck_assert_int_eq(pipeline_run(&p, c, &x, &r, &w.err), PM_OK);
    pipeline_ctx_close(c);
}
END_TEST

/* The bits of the embedder, whoever brings them; what is not like them is refused. */
START_TEST(vectors_may_come_with_the_prompts)
{
    static float made[WORLD_N * WORLD_D];
    pipeline_ctx *all = open_ctx(true), *each = open_ctx(false);
    pipeline_result r, s;
    pm_mat out = {made, WORLD_N, WORLD_D, WORLD_D};
    ck_assert_int_eq(embedder_embed(embed, w.call, w.x.text, WORLD_N, out, &w.err), PM_OK);
    run(all, &w.x, &r);
    p.embed = NULL;
    p.given_dim = WORLD_D;
    for (size_t i = 0; i < WORLD_N; i++) {
        pm_prompts x = one(i);
        x.embed = (pm_cmat){made + i * WORLD_D, 1, WORLD_D, WORLD_D};
        run(each, &x, &s);
        ck_assert_uint_eq(r.choice[i], s.choice[0]);
        same_row(r.value, i, s.value);
    }
    pm_prompts x = w.x;
    ck_assert_int_eq(pipeline_run(&p, each, &x, &s, &w.err), PM_E_ARG);
    ck_says(w.err, "router \"tool_linear\" was trained on given vectors");
    x.embed = (pm_cmat){made, WORLD_N, WORLD_D - 1, WORLD_D};
    ck_assert_int_eq(pipeline_run(&p, each, &x, &s, &w.err), PM_E_ARG);
    ck_says(w.err, "numbers, wanted");
    x.embed.cols = WORLD_D;
    made[2 * WORLD_D + 1] = NAN;
    ck_assert_int_eq(pipeline_run(&p, each, &x, &s, &w.err), PM_E_ARG);
    ck_says(w.err, "vector: value 2 of prompt 3: found NaN, wanted a number");
    pipeline_ctx_close(all);
    pipeline_ctx_close(each);
}
END_TEST

START_TEST(win_probabilities_have_a_reference)
{
    static const float prior[WORLD_M] = {0.1f, 0.2f, 0.9f, 0.3f, 0.4f};
    router *win = world_router(&w, "tool_winprob", FAULT_NONE);
    pipeline_ctx *c = open_ctx(false);
    pipeline_result r;
    p.route = win;
    p.n_terms = 0;
    run(c, &w.x, &r);
    ck_assert(r.value.at[0] == 0.5f); /* no prior: the first */
    p.prior = prior;
    run(c, &w.x, &r);
    ck_assert(r.value.at[2] == 0.5f && r.value.at[0] == 0);
    pipeline_ctx_close(c);
    router_close(win);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pipeline");
    TCase *t = tcase_create("pipeline");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, batch_equals_one_at_a_time);
    tcase_add_test(t, allocates_nothing);
    tcase_add_test(t, allocates_nothing_for_a_subset);
    tcase_add_test(t, prices_follow_the_library);
    tcase_add_test(t, second_half_alone);
    tcase_add_test(t, says_what_is_missing);
    tcase_add_test(t, vectors_may_come_with_the_prompts);
    tcase_add_test(t, win_probabilities_have_a_reference);
    suite_add_tcase(s, t);
    return suite_main(s);
}
