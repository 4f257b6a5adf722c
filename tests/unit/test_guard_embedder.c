/* SPDX-License-Identifier: MIT
 *
 * The guard of embedders.
 */
#include "plug_tools.h"

#include <string.h>

static world w;

static void setup(void)
{
    world_open(&w, 1);
}

static void teardown(void)
{
    world_close(&w);
}

static pm_status train(misdeed f, embedder **out)
{
    tool_params p = tool_fault(f);
    embedder_spec spec = {world_plugin(&w, PLUGIN_EMBEDDER, "tool_letters"), &p, 1};
    err_clear(&w.err);
    return embedder_train(w.call, &spec, &w.x, out, &w.err);
}

START_TEST(embeds_alike_after_loading)
{
    static float one[WORLD_N * WORLD_D], two[WORLD_N * WORLD_D];
    embedder *e = NULL, *back = NULL;
    char *path = world_path(&w, "e.safetensors");
    ck_assert_int_eq(train(FAULT_NONE, &e), PM_OK);
    ck_assert_uint_eq(embedder_dim(e), WORLD_D);
    ck_assert_uint_eq(embedder_sparse_dim(e), 26);
    ck_assert_int_eq(embedder_save(e, w.call, path, &w.err), PM_OK);
    ck_assert_msg(embedder_load(w.call, path, &back, &w.err) == PM_OK, "%s", err_text(&w.err));
    pm_mat a = {one, WORLD_N, WORLD_D, WORLD_D}, b = {two, WORLD_N, WORLD_D, WORLD_D};
    ck_assert_int_eq(embedder_embed(e, w.call, w.x.text, WORLD_N, a, &w.err), PM_OK);
    ck_assert_int_eq(embedder_embed(back, w.call, w.x.text, WORLD_N, b, &w.err), PM_OK);
    ck_assert_mem_eq(one, two, sizeof one);
    a.cols = 3;
    ck_assert_int_eq(embedder_embed(e, w.call, w.x.text, WORLD_N, a, &w.err), PM_E_SHAPE);
    embedder_close(e);
    embedder_close(back);
}
END_TEST

START_TEST(copies_sparse_features)
{
    embedder *e = NULL;
    pm_csr m;
    arena *a = arena_open(0);
    ck_assert_int_eq(train(FAULT_NONE, &e), PM_OK);
    ck_assert_int_eq(embedder_sparse(e, w.call, w.x.text, WORLD_N, a, &m, &w.err), PM_OK);
    ck_assert_uint_eq(m.rows, WORLD_N);
    ck_assert_uint_eq(m.cols, 26);
    ck_assert_int_eq(embedder_sparse(e, w.call, w.x.text, 0, a, &m, &w.err), PM_OK);
    ck_assert_uint_eq(m.rows, 0);
    embedder_close(e);
    ck_assert_int_eq(train(FAULT_RANGE, &e), PM_OK);
    ck_assert_int_eq(embedder_sparse(e, w.call, w.x.text, WORLD_N, a, &m, &w.err), PM_E_CONTRACT);
    ck_says(w.err, "sparse row 0 has column 26 out of order or outside [0, 26)");
    embedder_close(e);
    arena_close(a);
}
END_TEST

static const struct {
    misdeed fault;
    const char *message;
} faults[] = {
    {FAULT_UNWRITTEN, "embedder \"tool_letters\": embedding of row 0, column 3 was not written"},
    {FAULT_NAN, "embedder \"tool_letters\": embedding of row 0, column 0 is NaN"},
};

START_TEST(catches_faults)
{
    static float out[WORLD_N * WORLD_D];
    embedder *e = NULL;
    ck_assert_int_eq(train(faults[_i].fault, &e), PM_OK);
    pm_mat m = {out, WORLD_N, WORLD_D, WORLD_D};
    ck_assert_int_eq(embedder_embed(e, w.call, w.x.text, WORLD_N, m, &w.err), PM_E_CONTRACT);
    ck_assert_str_eq(err_text(&w.err), faults[_i].message);
    embedder_close(e);
}
END_TEST

START_TEST(refuses_bad_builds)
{
    embedder *e = NULL;
    ck_assert_int_eq(train(FAULT_LIE, &e), PM_E_CONTRACT);
    ck_says(w.err, "dim() says 0");
    w.x.text = NULL;
    ck_assert_int_eq(train(FAULT_NONE, &e), PM_E_ARG);
    ck_says(w.err, "embedder \"tool_letters\" needs at least one text to train on");
    ck_assert_ptr_null(e);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("guard_embedder");
    TCase *t = tcase_create("guard_embedder");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, embeds_alike_after_loading);
    tcase_add_test(t, copies_sparse_features);
    tcase_add_loop_test(t, catches_faults, 0, (int)(sizeof faults / sizeof faults[0]));
    tcase_add_test(t, refuses_bad_builds);
    suite_add_tcase(s, t);
    return suite_main(s);
}
