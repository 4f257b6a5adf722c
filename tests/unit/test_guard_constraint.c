/* SPDX-License-Identifier: MIT
 *
 * The guard of constraints, and of backends beside it.
 */
#include "plug_tools.h"

#include <math.h>
#include <string.h>

static world w;
static float cell[WORLD_N * WORLD_M];

static void setup(void)
{
    world_open(&w, 1);
}

static void teardown(void)
{
    world_close(&w);
}

static constraint *build(const char *name, misdeed f, const pm_fit *fit)
{
    tool_params p = tool_fault(f);
    constraint_spec spec = {world_plugin(&w, PLUGIN_CONSTRAINT, name), &p, 1};
    constraint *k = NULL;
    pm_status st = constraint_build(w.call, &spec, fit, &k, &w.err);
    ck_assert_msg(st == PM_OK, "%s", err_text(&w.err));
    return k;
}

static pm_status eval(const constraint *k, const pm_library *lib, size_t rows)
{
    pm_mat out = {cell, rows, lib->n, lib->n};
    err_clear(&w.err);
    return constraint_eval(k, w.call, lib, &w.x, NULL, out, &w.err);
}

START_TEST(one_row_or_all)
{
    constraint *k = build("tool_price", FAULT_NONE, NULL);
    ck_assert(!constraint_is_per_prompt(k));
    ck_assert_int_eq(eval(k, &w.lib.view, 1), PM_OK);
    for (size_t j = 0; j < WORLD_M; j++) ck_assert(cell[j] == (float)(j + 1));
    ck_assert_int_eq(eval(k, &w.lib.view, WORLD_N), PM_E_SHAPE);
    ck_says(w.err, "[40 x 5]; want [1 x 5]");
    constraint_close(k);
    k = build("tool_length", FAULT_NONE, NULL);
    ck_assert(constraint_is_per_prompt(k));
    ck_assert_int_eq(eval(k, &w.lib.view, WORLD_N), PM_OK);
    ck_assert(cell[0] == (float)w.x.text[0].len);
    pm_prompts x = w.x;
    x.text = NULL;
    pm_mat out = {cell, WORLD_N, WORLD_M, WORLD_M};
    ck_assert_int_eq(constraint_eval(k, w.call, &w.lib.view, &x, NULL, out, &w.err), PM_E_ARG);
    ck_says(w.err, "constraint \"tool_length\" needs prompt text");
    constraint_close(k);
}
END_TEST

static const struct {
    misdeed fault;
    pm_status status;
    const char *message;
} faults[] = {
    {FAULT_UNWRITTEN, PM_E_CONTRACT,
     "constraint \"tool_price\": value of row 0, column 1 \"e1\" was not written"},
    {FAULT_NAN, PM_E_CONTRACT, "constraint \"tool_price\": value of row 0, column 1 \"e1\" is NaN"},
    {FAULT_RANGE, PM_E_CONTRACT,
     "constraint \"tool_price\": value of row 0, column 1 \"e1\" is -1; want [0, inf]"},
    {FAULT_LOUD, PM_E_ARG, "constraint \"tool_price\".eval: no price today"},
};

START_TEST(catches_faults)
{
    constraint *k = build("tool_price", faults[_i].fault, NULL);
    ck_assert_int_eq(eval(k, &w.lib.view, 1), faults[_i].status);
    ck_assert_str_eq(err_text(&w.err), faults[_i].message);
    constraint_close(k);
}
END_TEST

START_TEST(names_the_missing_attribute)
{
    const pm_expert bare = {.size = sizeof bare, .id = "bare"};
    const pm_expert *list[] = {w.lib.view.expert[0], &bare};
    const pm_library lib = {sizeof lib, 5, 2, list};
    constraint *k = build("tool_price", FAULT_NONE, NULL);
    for (int turn = 0; turn < 2; turn++) { /* a failure is not remembered as a success */
        ck_assert_int_eq(eval(k, &lib, 1), PM_E_ARG);
        ck_assert_str_eq(err_text(&w.err),
                         "constraint \"tool_price\": expert \"bare\" has no attribute tool_price");
    }
    constraint_close(k);
}
END_TEST

START_TEST(learned_ones)
{
    constraint_spec spec = {world_plugin(&w, PLUGIN_CONSTRAINT, "tool_learned"), NULL, 1};
    constraint *k = NULL;
    ck_assert_int_eq(constraint_build(w.call, &spec, NULL, &k, &w.err), PM_E_ARG);
    ck_says(w.err, "constraint \"tool_learned\" needs something to fit");
    k = build("tool_learned", FAULT_NONE, &w.fit);
    char *path = world_path(&w, "k.safetensors");
    ck_assert_int_eq(constraint_save(k, w.call, path, &w.err), PM_OK);
    constraint_close(k);
    ck_assert_msg(constraint_load(w.call, path, &k, &w.err) == PM_OK, "%s", err_text(&w.err));
    ck_assert_int_eq(eval(k, &w.lib.view, 1), PM_OK);
    ck_assert(cell[4] == (float)WORLD_N);
    constraint_close(k);
}
END_TEST

START_TEST(stateless_ones_keep_their_parameters)
{
    tool_params p = {0, 2.5, "kept"};
    constraint_spec spec = {world_plugin(&w, PLUGIN_CONSTRAINT, "tool_price"), &p, 1};
    constraint *k = NULL;
    char *path = world_path(&w, "k.safetensors");
    ck_assert_int_eq(constraint_build(w.call, &spec, NULL, &k, &w.err), PM_OK);
    ck_assert_int_eq(constraint_save(k, w.call, path, &w.err), PM_OK);
    constraint_close(k);
    ck_assert_int_eq(constraint_load(w.call, path, &k, &w.err), PM_OK);
    ck_assert_str_eq(constraint_params_json(k), "{\"fault\":0,\"scale\":2.5,\"label\":\"kept\"}");
    ck_assert_int_eq(eval(k, &w.lib.view, 1), PM_OK);
    ck_assert(cell[1] == 5.0f);
    constraint_close(k);
}
END_TEST

START_TEST(parts_of_losses)
{
    static const struct {
        misdeed fault;
        pm_status status;
        const char *message;
    } row[] = {
        {FAULT_NONE, PM_OK, ""},
        {FAULT_NEARLY, PM_E_CONTRACT, "backend \"tool_echo\": the parts of prompt 1 add up to"},
        {FAULT_NAN, PM_E_CONTRACT, "backend \"tool_echo\": 1 of 2 parts of prompt 1 were written"},
        {FAULT_OTHER_CALL, PM_E_CONTRACT, "backend \"tool_echo\": part 0 of prompt 1 is -1"},
    };
    tool_params p = tool_fault(row[_i].fault);
    backend_spec spec = {world_plugin(&w, PLUGIN_BACKEND, "tool_echo"), &p, 1};
    backend *b = NULL;
    double value[WORLD_N], part[2 * WORLD_N];
    pm_measured out = {.size = sizeof out, .value = value, .n_parts = 2, .part = part};
    ck_assert_int_eq(backend_train(w.call, &spec, NULL, &b, &w.err), PM_OK);
    ck_assert_int_eq(backend_score(b, w.call, &w.x, &out, &w.err), row[_i].status);
    if (row[_i].status != PM_OK) ck_says(w.err, row[_i].message);
    if (row[_i].status == PM_OK) ck_assert(isnan(part[0]) && isnan(part[1]) && part[2] <= 0);
    backend_close(b);
}
END_TEST

START_TEST(backends)
{
    static const struct {
        misdeed fault;
        pm_status status;
        const char *message;
    } row[] = {
        {FAULT_NONE, PM_OK, ""},
        {FAULT_UNWRITTEN, PM_E_CONTRACT,
         "backend \"tool_echo\": value of prompt 2 was not written"},
        {FAULT_RANGE, PM_E_CONTRACT, "backend \"tool_echo\": value of prompt 0 is -1"},
    };
    tool_params p = tool_fault(row[_i].fault);
    backend_spec spec = {world_plugin(&w, PLUGIN_BACKEND, "tool_echo"), &p, 1};
    backend *b = NULL;
    double value[WORLD_N], cost[WORLD_N];
    pm_measured out = {.size = sizeof out, .value = value, .cost_usd = cost};
    ck_assert_int_eq(backend_train(w.call, &spec, NULL, &b, &w.err), PM_OK);
    ck_assert_int_eq(backend_score(b, w.call, &w.x, &out, &w.err), row[_i].status);
    if (row[_i].status != PM_OK) ck_says(w.err, row[_i].message);
    if (row[_i].status == PM_OK) ck_assert(value[3] == (double)w.x.text[3].len && isnan(cost[3]));
    backend_close(b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("guard_constraint");
    TCase *t = tcase_create("guard_constraint");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, one_row_or_all);
    tcase_add_loop_test(t, catches_faults, 0, (int)(sizeof faults / sizeof faults[0]));
    tcase_add_test(t, names_the_missing_attribute);
    tcase_add_test(t, learned_ones);
    tcase_add_test(t, stateless_ones_keep_their_parameters);
    tcase_add_loop_test(t, backends, 0, 3);
    tcase_add_loop_test(t, parts_of_losses, 0, 4);
    suite_add_tcase(s, t);
    return suite_main(s);
}
