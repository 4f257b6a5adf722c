/* SPDX-License-Identifier: MIT
 *
 * The guard of routers: what it refuses before a call, what it catches after one, which libraries may be
 * served, and that a saved router is the same router.
 */
#include "plug_tools.h"

#include <math.h>
#include <string.h>

#include "base/io.h"

static world w;
static float cells[3][WORLD_N * WORLD_M];

static void setup(void)
{
    world_open(&w, 2);
}

static void teardown(void)
{
    world_close(&w);
}

static pm_scores room(size_t n, size_t m)
{
    pm_scores s = {.size = sizeof s, .reference_col = PM_NO_COL};
    s.value = (pm_mat){cells[0], n, m, m};
    return s;
}

static pm_status predict(const router *r, const pm_library *lib, pm_scores *s)
{
    err_clear(&w.err);
    return router_predict(r, w.call, lib, &w.x, s, &w.err);
}

/* ---- before the call ---------------------------------------------------------------------------------------- */

static pm_status train_on(const pm_fit *fit)
{
    router *r = NULL;
    router_spec spec = {world_plugin(&w, PLUGIN_ROUTER, "tool_linear"), NULL, 1};
    err_clear(&w.err);
    pm_status st = router_train(w.call, &spec, fit, &r, &w.err);
    router_close(r);
    return st;
}

START_TEST(refuses_bad_fits)
{
    pm_fit f = w.fit;
    pm_prompts x = w.x;
    pm_outcomes y = w.y;
    ck_assert_int_eq(train_on(&f), PM_OK);
    f.x = &x;
    f.y = &y;
    x.embed.at = NULL;
    ck_assert_int_eq(train_on(&f), PM_E_ARG);
    ck_says(w.err, "router \"tool_linear\" needs an embedding of each prompt; there is none");
    x = w.x;
    y.value.cols = 3;
    ck_assert_int_eq(train_on(&f), PM_E_SHAPE);
    ck_says(w.err, "outcome is [40 x 3]; want [40 x 5]");
    y = w.y;
    y.value.at = NULL;
    ck_assert_int_eq(train_on(&f), PM_E_ARG);
    ck_says(w.err, "needs outcome values");
    y = w.y;
    y.kind = PM_VALUE_RANK;
    ck_assert_int_eq(train_on(&f), PM_E_ARG);
    y = w.y;
    x.n = 0;
    x.embed.rows = 0;
    ck_assert_int_eq(train_on(&f), PM_E_ARG);
    ck_says(w.err, "at least one prompt");
    x = w.x;
    f.tune_x = &x;
    ck_assert_int_eq(train_on(&f), PM_E_ARG);
    ck_says(w.err, "tuning prompts are given without tuning outcomes");
    f.tune_x = NULL;
    const pm_battle odd = {0, 1, 1, 0, 1, 1};
    y.battle = &odd;
    y.n_battles = 1;
    ck_assert_int_eq(train_on(&f), PM_E_ARG);
    ck_says(w.err, "battle 0 is on prompt 0 of 40 between experts 1 and 1 of 5");
}
END_TEST

START_TEST(refuses_bad_numbers)
{
    static float value[WORLD_N * WORLD_M], embed[WORLD_N * WORLD_D];
    float weight[WORLD_N];
    pm_fit f = w.fit;
    pm_prompts x = w.x;
    pm_outcomes y = w.y;
    memcpy(value, y.value.at, sizeof value);
    memcpy(embed, x.embed.at, sizeof embed);
    x.embed.at = embed;
    y.value.at = value;
    f.x = &x;
    f.y = &y;
    value[7] = NAN; /* not observed: fine */
    ck_assert_int_eq(train_on(&f), PM_OK);
    value[7] = 1.25f;
    ck_assert_int_eq(train_on(&f), PM_E_ARG);
    ck_says(w.err, "outcome of prompt 1, expert 2 is 1.25; want [0, 1]");
    value[7] = INFINITY;
    ck_assert_int_eq(train_on(&f), PM_E_ARG);
    value[7] = 0;
    embed[WORLD_D * 3] = NAN;
    ck_assert_int_eq(train_on(&f), PM_E_ARG);
    ck_says(w.err, "embedding of prompt 3 is not finite");
    embed[WORLD_D * 3] = 0;
    for (size_t i = 0; i < WORLD_N; i++) weight[i] = 1;
    weight[39] = 0;
    f.weight = weight;
    ck_assert_int_eq(train_on(&f), PM_E_ARG);
    ck_says(w.err, "weight of prompt 39 is 0; want > 0");
}
END_TEST

START_TEST(refuses_bad_requests)
{
    router *r = world_router(&w, "tool_linear", FAULT_NONE);
    pm_scores s = room(WORLD_N, WORLD_M - 1);
    ck_assert_int_eq(predict(r, &w.lib.view, &s), PM_E_SHAPE);
    pm_prompts x = w.x;
    x.embed.cols = WORLD_D - 1;
    s = room(WORLD_N, WORLD_M);
    ck_assert_int_eq(router_predict(r, w.call, &w.lib.view, &x, &s, &w.err), PM_E_SHAPE);
    ck_says(w.err, "was trained on embeddings of 6 columns; these have 5");
    x.embed.at = NULL;
    ck_assert_int_eq(router_predict(r, w.call, &w.lib.view, &x, &s, &w.err), PM_E_ARG);
    x.n = 0;
    x.embed = (pm_cmat){cells[1], 0, WORLD_D, WORLD_D};
    s = room(0, WORLD_M);
    ck_assert_int_eq(router_predict(r, w.call, &w.lib.view, &x, &s, &w.err), PM_OK);
    router_close(r);
    r = world_router(&w, "tool_best", FAULT_NONE);
    s = room(WORLD_N, WORLD_M);
    s.spread = (pm_mat){cells[1], WORLD_N, WORLD_M, WORLD_M};
    ck_assert_int_eq(predict(r, &w.lib.view, &s), PM_E_UNSUPPORTED);
    ck_says(w.err, "offers no spread");
    router_close(r);
    r = world_router(&w, "tool_winprob", FAULT_NONE);
    s = room(WORLD_N, WORLD_M);
    ck_assert_int_eq(predict(r, &w.lib.view, &s), PM_E_ARG);
    ck_says(w.err, "needs a reference expert");
    router_close(r);
}
END_TEST

/* ---- after the call --------------------------------------------------------------------------------------------- */

static const struct {
    misdeed fault;
    const char *router, *message;
} faults[] = {
    {FAULT_UNWRITTEN, "tool_linear",
     "router \"tool_linear\": value of row 39, column 2 \"e2\" was not written"},
    {FAULT_NAN, "tool_linear", "router \"tool_linear\": value of row 39, column 4 \"e4\" is NaN"},
    {FAULT_RANGE, "tool_linear",
     "router \"tool_linear\": value of row 39, column 4 \"e4\" is 1.5; want [0, 1]"},
    {FAULT_RANGE, "tool_best",
     "router \"tool_best\": value of row 0 sums to 2.5; want 1 within 0.001"},
};

START_TEST(catches_faults)
{
    router *r = world_router(&w, faults[_i].router, faults[_i].fault);
    pm_scores s = room(WORLD_N, WORLD_M);
    ck_assert_int_eq(predict(r, &w.lib.view, &s), PM_E_CONTRACT);
    ck_assert_str_eq(err_text(&w.err), faults[_i].message);
    router_close(r);
}
END_TEST

START_TEST(nudges_what_is_nearly_right)
{
    router *r = world_router(&w, "tool_linear", FAULT_NEARLY);
    pm_scores s = room(WORLD_N, WORLD_M);
    ck_assert_int_eq(predict(r, &w.lib.view, &s), PM_OK);
    ck_assert(pm_row(s.value, WORLD_N - 1)[WORLD_M - 1] == 1.0f);
    router_close(r);
}
END_TEST

START_TEST(fills_what_is_asked)
{
    router *r = world_router(&w, "tool_linear", FAULT_NONE);
    pm_scores s = room(WORLD_N, WORLD_M);
    s.spread = (pm_mat){cells[1], WORLD_N, WORLD_M, WORLD_M};
    s.tokens_out = (pm_mat){cells[2], WORLD_N, WORLD_M, WORLD_M};
    ck_assert_int_eq(predict(r, &w.lib.view, &s), PM_OK);
    ck_assert_int_eq(s.kind, PM_VALUE_QUALITY);
    ck_assert(cells[1][7] == 0.25f && cells[2][3] == 4.0f);
    ck_assert_uint_eq(router_latent_dim(r), WORLD_D);
    pm_mat out = {cells[0], WORLD_N, WORLD_D - 1, WORLD_D - 1};
    ck_assert_int_eq(router_latent(r, w.call, &w.x, out, &w.err), PM_E_SHAPE);
    router_close(r);
    w.y.kind = PM_VALUE_LOSS; /* the same plugin, other labels */
    r = world_router(&w, "tool_linear", FAULT_NONE);
    ck_assert_int_eq(router_kind(r), PM_VALUE_LOSS);
    router_close(r);
}
END_TEST

/* ---- which libraries may be served ----------------------------------------------------------------------------- */

START_TEST(serves_subsets_in_any_order)
{
    static const char *const ids[] = {"e4", "e1", "e2"};
    static const double price[] = {50, 20, 30}; /* not read by the router */
    static const size_t column[] = {4, 1, 2};
    library some;
    world_library(&w, ids, price, 3, &some);
    router *r = world_router(&w, "tool_linear", FAULT_NONE);
    pm_scores s = room(WORLD_N, WORLD_M);
    static float all[WORLD_N * WORLD_M];
    ck_assert_int_eq(predict(r, &w.lib.view, &s), PM_OK);
    memcpy(all, cells[0], sizeof all);
    for (int turn = 0; turn < 3;
         turn++) { /* the mapping is kept between calls, and dropped in time */
        s = room(WORLD_N, 3);
        s.spread = (pm_mat){cells[1], WORLD_N, 3, 3};
        ck_assert_int_eq(predict(r, &some.view, &s), PM_OK);
        for (size_t i = 0; i < WORLD_N; i++)
            for (size_t j = 0; j < 3; j++)
                ck_assert(pm_row(s.value, i)[j] == all[i * WORLD_M + column[j]]);
        if (turn == 1) continue;
        s = room(WORLD_N, WORLD_M);
        ck_assert_int_eq(predict(r, &w.lib.view, &s), PM_OK);
        ck_assert_mem_eq(cells[0], all, sizeof all);
    }
    router_close(r);
}
END_TEST

START_TEST(maps_the_reference_and_shares)
{
    static const char *const ids[] = {"e4", "e1"};
    static const double price[] = {5, 2};
    library some;
    world_library(&w, ids, price, 2, &some);
    router *r = world_router(&w, "tool_winprob", FAULT_NONE);
    pm_scores s = room(WORLD_N, 2);
    s.reference_col = 1; /* e1 */
    ck_assert_int_eq(predict(r, &some.view, &s), PM_OK);
    ck_assert(cells[0][0] == 0.4f && cells[0][1] == 0.5f);
    ck_assert_uint_eq(s.reference_col, 1);
    router_close(r);
    r = world_router(&w, "tool_best", FAULT_NONE);
    s = room(WORLD_N, 2);
    ck_assert_int_eq(predict(r, &some.view, &s), PM_OK);
    ck_assert_float_eq_tol(cells[0][0], 5.0f / 7, 1e-6f); /* 5 : 2 of the full shares */
    ck_assert_float_eq_tol(cells[0][1], 2.0f / 7, 1e-6f);
    router_close(r);
}
END_TEST

START_TEST(refuses_strangers_and_changed_attributes)
{
    static const char *const ids[] = {"e0", "new"};
    static const double price[] = {1, 2};
    library other;
    world_library(&w, ids, price, 2, &other);
    router *r = world_router(&w, "tool_linear", FAULT_NONE);
    pm_scores s = room(WORLD_N, 2);
    ck_assert_int_eq(predict(r, &other.view, &s), PM_E_STALE);
    ck_says(w.err, "router \"tool_linear\": expert \"new\" was not among the 5");
    pm_expert copy = *w.lib.view.expert[1];
    pm_attr attr[2] = {{"tool_note", PM_ATTR_TEXT, 0, "rewritten"},
                       {"tool_price", PM_ATTR_NUMBER, 2, NULL}};
    copy.attr = attr;
    copy.n_attr = 2;
    const pm_expert *list[] = {w.lib.view.expert[0], &copy};
    pm_library changed = {sizeof changed, 0, 2, list};
    ck_assert_int_eq(predict(r, &changed, &s), PM_E_STALE);
    ck_says(w.err, "expert \"e1\": tool_note is \"rewritten\" but was \"plain \"text\"\" when");
    attr[0].text = "plain \"text\"";
    ck_assert_int_eq(predict(r, &changed, &s), PM_OK);
    copy.attr = &attr[1];
    copy.n_attr = 1;
    ck_assert_int_eq(predict(r, &changed, &s), PM_E_STALE);
    ck_says(w.err, "tool_note is absent but was");
    router_close(r);
}
END_TEST

/* ---- update ---------------------------------------------------------------------------------------------------- */

START_TEST(updates)
{
    static const char *const ids[] = {"e0", "e1", "e2", "e3", "e4", "new"};
    static const double price[] = {1, 2, 3, 4, 5, 6};
    library after;
    world_library(&w, ids, price, 6, &after);
    const pm_change added = {PM_ADDED, PM_NO_COL, 5};
    pm_delta d = {.size = sizeof d,
                  .before = &w.lib.view,
                  .after = &after.view,
                  .change = &added,
                  .n_changes = 1};
    router *r = world_router(&w, "tool_linear", FAULT_NONE), *next = NULL;
    ck_assert_int_eq(router_update(w.call, r, &d, 3, &next, &w.err), PM_OK);
    static float wide[WORLD_N * 6];
    pm_scores s = room(WORLD_N, WORLD_M);
    ck_assert_int_eq(predict(r, &w.lib.view, &s), PM_OK); /* the old one is untouched */
    router_close(r);
    s.value = (pm_mat){wide, WORLD_N, 6, 6};
    ck_assert_int_eq(predict(next, &after.view, &s), PM_OK);
    for (size_t i = 0; i < WORLD_N; i++) {
        ck_assert_mem_eq(wide + i * 6, cells[0] + i * WORLD_M, WORLD_M * sizeof(float));
        ck_assert(wide[i * 6 + 5] == wide[i * 6]);
    }
    d.before = &after.view;
    r = next;
    d.change = &(pm_change){PM_ADDED, PM_NO_COL, 9};
    ck_assert_int_eq(router_update(w.call, r, &d, 3, &next, &w.err), PM_E_ARG);
    d.before = &w.lib.view;
    ck_assert_int_eq(router_update(w.call, r, &d, 3, &next, &w.err), PM_E_STALE);
    router_close(r);
    r = world_router(&w, "tool_best", FAULT_NONE);
    ck_assert_int_eq(router_update(w.call, r, &d, 3, &next, &w.err), PM_E_UNSUPPORTED);
    ck_says(w.err, "cannot update; train it again");
    router_close(r);
}
END_TEST

/* ---- save and load ----------------------------------------------------------------------------------------------- */

START_TEST(saved_is_the_same)
{
    router *r = world_router(&w, "tool_linear", FAULT_NONE), *back = NULL;
    char *path = world_path(&w, "r.safetensors"), *twice = world_path(&w, "r2.safetensors");
    str one = STR_INIT, two = STR_INIT;
    ck_assert_int_eq(router_save(r, w.call, path, &w.err), PM_OK);
    ck_assert_msg(router_load(w.call, path, &back, &w.err) == PM_OK, "%s", err_text(&w.err));
    ck_assert_str_eq(router_params_json(r), router_params_json(back));
    ck_assert_str_eq(router_members(r), router_members(back));
    ck_assert(router_wants_embed(back) && !router_wants_sparse(back));
    pm_scores s = room(WORLD_N, WORLD_M);
    ck_assert_int_eq(predict(r, &w.lib.view, &s), PM_OK);
    s.value.at = cells[1];
    ck_assert_int_eq(predict(back, &w.lib.view, &s), PM_OK);
    ck_assert_mem_eq(cells[0], cells[1], sizeof cells[0]);
    ck_assert_int_eq(router_save(back, w.call, twice, &w.err), PM_OK); /* and the bytes agree */
    ck_assert_int_eq(io_read(path, 1 << 20, &one, NULL), PM_OK);
    ck_assert_int_eq(io_read(twice, 1 << 20, &two, NULL), PM_OK);
    ck_assert_uint_eq(one.len, two.len);
    ck_assert_mem_eq(one.at, two.at, one.len);
    str_close(&one);
    str_close(&two);
    router_close(r);
    router_close(back);
}
END_TEST

START_TEST(loading_says_what_is_wrong)
{
    char *path = world_path(&w, "r.safetensors");
    router *r = world_router(&w, "tool_linear", FAULT_MISSING), *back = NULL;
    ck_assert_int_eq(router_save(r, w.call, path, &w.err), PM_OK);
    ck_assert_int_eq(router_load(w.call, path, &back, &w.err), PM_E_FORMAT);
    ck_says(w.err, "holds no tensor 'ww'; did you mean 'w'?");
    ck_says(w.err, "router \"tool_linear\".load");
    objective *o = NULL;
    ck_assert_int_eq(objective_load(w.call, path, &o, &w.err), PM_E_FORMAT);
    ck_says(w.err, "holds a router; want a objective");
    router_close(r);
    r = world_router(&w, "tool_linear", FAULT_RESERVED);
    ck_assert_int_eq(router_save(r, w.call, path, &w.err), PM_E_CONTRACT);
    ck_says(w.err, "names in host. are the host's");
    router_close(r);
    /* a host that lacks the plugin */
    r = world_router(&w, "tool_linear", FAULT_NONE);
    ck_assert_int_eq(router_save(r, w.call, path, &w.err), PM_OK);
    router_close(r);
    registry *empty;
    ck_assert_int_eq(registry_open(NULL, &empty, NULL), PM_OK);
    plug_env env = w.env;
    env.registry = empty;
    call_ctx *c;
    ck_assert_int_eq(call_ctx_open(&env, false, &c, NULL), PM_OK);
    ck_assert_int_eq(router_load(c, path, &back, &w.err), PM_E_UNSUPPORTED);
    ck_says(w.err, "was made by router \"tool_linear\": unknown router 'tool_linear'");
    call_ctx_close(c);
    registry_close(empty);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("guard_router");
    TCase *t = tcase_create("guard_router");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, refuses_bad_fits);
    tcase_add_test(t, refuses_bad_numbers);
    tcase_add_test(t, refuses_bad_requests);
    tcase_add_loop_test(t, catches_faults, 0, (int)(sizeof faults / sizeof faults[0]));
    tcase_add_test(t, nudges_what_is_nearly_right);
    tcase_add_test(t, fills_what_is_asked);
    tcase_add_test(t, serves_subsets_in_any_order);
    tcase_add_test(t, maps_the_reference_and_shares);
    tcase_add_test(t, refuses_strangers_and_changed_attributes);
    tcase_add_test(t, updates);
    tcase_add_test(t, saved_is_the_same);
    tcase_add_test(t, loading_says_what_is_wrong);
    suite_add_tcase(s, t);
    return suite_main(s);
}
