/* SPDX-License-Identifier: MIT
 *
 * The rules of a call: who may own memory and when, what a failing block says, cancellation, statuses
 * that are none, randomness and products through the host table.
 */
#include "plug_tools.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "plug/host.h"

static world w;

static void setup(void)
{
    world_open(&w, 2);
}

static void teardown(void)
{
    world_close(&w);
}

static pm_status train(misdeed f, router **out)
{
    tool_params p = tool_fault(f);
    router_spec spec = {world_plugin(&w, PLUGIN_ROUTER, "tool_linear"), &p, 17};
    err_clear(&w.err);
    return router_train(w.call, &spec, &w.fit, out, &w.err);
}

static const struct {
    misdeed fault;
    pm_status status;
    const char *message;
} builds[] = {
    {FAULT_OWN_BODY, PM_E_CONTRACT,
     "router \"tool_linear\".train: called own() inside a parallel body; allocate before the loop"},
    {FAULT_OTHER_CALL, PM_E_CONTRACT,
     "router \"tool_linear\".train: called scratch() with another thread's pm_call"},
    {FAULT_STATUS, PM_E_CONTRACT,
     "router \"tool_linear\".train: returned 7, which is no pm_status"},
    {FAULT_SILENT, PM_E_DIVERGED,
     "router \"tool_linear\".train: failed without saying why (E_DIVERGED: non-finite value "
     "appeared "
     "during fitting)"},
    {FAULT_LOUD, PM_E_DIVERGED, "router \"tool_linear\".train: step 12: weight is infinite"},
    {FAULT_BLOCK, PM_E_DIVERGED, "router \"tool_linear\".train: block 3 diverged"},
    {FAULT_LIE, PM_E_CONTRACT,
     "router \"tool_linear\": emits() says 5 (RANK), which value_kinds does not declare"},
};

START_TEST(failed_builds)
{
    for (int turn = 0; turn < 20;
         turn++) { /* threads take blocks in any order: the lowest speaks */
        router *r = NULL;
        ck_assert_int_eq(train(builds[_i].fault, &r), builds[_i].status);
        ck_says(w.err, builds[_i].message);
        ck_assert_ptr_null(r);
    }
}
END_TEST

START_TEST(own_in_predict)
{
    router *r = world_router(&w, "tool_linear", FAULT_OWN);
    float cell[WORLD_N * WORLD_M];
    pm_scores s = {.size = sizeof s, .value = {cell, WORLD_N, WORLD_M, WORLD_M}};
    ck_assert_int_eq(router_predict(r, w.call, &w.lib.view, &w.x, &s, &w.err), PM_E_CONTRACT);
    ck_says(w.err, "router \"tool_linear\".predict: called own() in a const method");
    router_close(r);
}
END_TEST

/* ---- progress and cancellation --------------------------------------------------------------------------- */

typedef struct watcher {
    int calls;
    double last;
    int cancel_at;
    char what[64];
} watcher;

static void watch(void *arg, const char *what, double done, const pm_metric *m, size_t n)
{
    watcher *v = arg;
    (void)m;
    (void)n;
    snprintf(v->what, sizeof v->what, "%s", what);
    v->last = done;
    if (++v->calls == v->cancel_at) atomic_store(&w.cancel, true);
}

START_TEST(canceled_builds)
{
    watcher v = {.cancel_at = 1 + _i / 2};
    w.env.progress = watch;
    w.env.progress_arg = &v;
    call_ctx_close(w.call);
    ck_assert_int_eq(call_ctx_open(&w.env, true, &w.call, NULL), PM_OK);
    router *r = NULL;
    /* a plugin that goes on regardless is canceled all the same */
    ck_assert_int_eq(train(_i % 2 ? FAULT_DEAF : FAULT_NONE, &r), PM_E_CANCELED);
    ck_assert_ptr_null(r);
    ck_assert_str_eq(v.what, "router tool_linear");
    ck_says(w.err, "canceled");
    atomic_store(&w.cancel, false);
    v.cancel_at = 0;
    ck_assert_int_eq(train(FAULT_NONE, &r), PM_OK);
    ck_assert(v.last == 0.8);
    router_close(r);
}
END_TEST

/* ---- the table, called directly --------------------------------------------------------------------------- */

static pm_call *begin(call_mode mode, arena *own)
{
    const call_setup s = {
        world_plugin(&w, PLUGIN_ROUTER, "tool_linear"), "test", mode, own, NULL, 99};
    return call_begin(w.call, &s);
}

START_TEST(memory)
{
    arena *own = arena_open(0);
    pm_call *c = begin(CALL_BUILD, own);
    unsigned char *a = c->host->own(c, 3, 100), *b = c->host->scratch(c, 1, 0);
    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_nonnull(b);
    ck_assert_uint_eq((uintptr_t)a % 64 + (uintptr_t)b % 64, 0);
    for (size_t i = 0; i < 300; i++) ck_assert_uint_eq(a[i], 0);
    ck_assert_ptr_null(c->host->scratch(c, SIZE_MAX, 2)); /* and it is remembered */
    ck_assert_int_eq(call_verdict(w.call, PM_OK, &w.err), PM_E_MEMORY);
    ck_says(w.err, "out of memory: scratch memory of");
    call_end(w.call);
    ck_assert_uint_gt(call_ctx_last(w.call).peak_own_bytes, 299);
    c = begin(CALL_CONST, NULL);
    ck_assert_ptr_null(c->host->own(c, 1, 1));
    ck_assert_int_eq(call_verdict(w.call, PM_OK, &w.err), PM_E_CONTRACT);
    call_end(w.call);
    ck_assert_ptr_null(c->host->scratch(c, 1, 1)); /* the call is over */
    arena_close(own);
}
END_TEST

typedef struct sums {
    double *out;
    size_t blocks;
} sums;

static pm_status add_block(pm_call *c, size_t lo, size_t hi, void *arg)
{
    sums *s = arg;
    double *own_copy = c->host->scratch(c, hi - lo, sizeof *own_copy);
    if (!own_copy) return PM_E_MEMORY;
    for (size_t i = lo; i < hi; i++) own_copy[i - lo] = c->host->uniform(c, 5, i);
    for (size_t i = lo; i < hi; i++) s->out[i] = own_copy[i - lo];
    return PM_OK;
}

static pm_status nested(pm_call *c, size_t lo, size_t hi, void *arg)
{
    (void)lo;
    (void)hi;
    return c->host->parallel(c, 10, 3, add_block, arg);
}

START_TEST(loops_and_randomness)
{
    double got[1000], again[10];
    sums s = {got, 0};
    pm_call *c = begin(CALL_CONST, NULL);
    ck_assert_int_eq(c->host->parallel(c, 1000, 7, add_block, &s), PM_OK);
    for (size_t i = 0; i < 1000; i++) ck_assert(got[i] == rng_uniform(99, 5, i));
    s.out = again;
    ck_assert_int_eq(c->host->parallel(c, 1, 1, nested, &s), PM_OK);
    ck_assert_mem_eq(got, again, sizeof again);
    ck_assert_int_eq(c->host->parallel(c, 0, 7, add_block, &s), PM_OK);
    ck_assert_int_eq(call_verdict(w.call, PM_OK, &w.err), PM_OK);
    ck_assert_int_eq(c->host->parallel(c, 10, 0, add_block, &s), PM_E_CONTRACT);
    ck_assert_int_eq(call_verdict(w.call, PM_OK, &w.err), PM_E_CONTRACT);
    call_end(w.call);
}
END_TEST

START_TEST(products_and_services)
{
    const float a[6] = {1, 2, 3, 4, 5, 6}, b[6] = {1, 0, 0, 1, 1, 1};
    float out[4] = {0};
    pm_call *c = begin(CALL_CONST, NULL);
    pm_cmat left = {a, 2, 3, 3}, right = {b, 3, 2, 2};
    ck_assert_int_eq(
        c->host->gemm(c, 'n', 'n', 1, left, right, 0, (pm_mat){out, 2, 2, 2}, PM_GEMM_ROWWISE),
        PM_OK);
    const float want[4] = {4, 5, 10, 11};
    ck_assert_mem_eq(out, want, sizeof want);
    ck_assert_int_eq(
        c->host->gemm(c, 'n', 'n', 1, left, left, 0, (pm_mat){out, 2, 2, 2}, PM_GEMM_EXACT),
        PM_E_SHAPE);
    ck_assert_int_eq(call_verdict(w.call, PM_E_SHAPE, &w.err), PM_E_SHAPE);
    ck_says(w.err, "router \"tool_linear\".test: ");
    ck_assert_ptr_nonnull(c->host->service(PM_TABLE_SERVICE));
    ck_assert_ptr_nonnull(c->host->service(PM_LINALG_SERVICE));
    ck_assert_ptr_null(c->host->service("pm.table/2"));
    ck_assert_ptr_null(c->host->service(NULL));
    call_end(w.call);
}
END_TEST

START_TEST(tables_need_a_build)
{
    const pm_table_service *t = w.call->slot[0].call.host->service(PM_TABLE_SERVICE);
    const float rows[8] = {1, 0, 0, 1, -1, 0, 3, 3};
    const pm_cmat view = {rows, 4, 2, 2};
    pm_table *table = NULL;
    pm_call *c = begin(CALL_CONST, NULL);
    ck_assert_int_eq(t->build(c, view, PM_F32, &table), PM_E_CONTRACT);
    call_end(w.call);
    arena *own = arena_open(0);
    c = begin(CALL_BUILD, own);
    ck_assert_int_eq(t->build(c, view, PM_F32, &table), PM_OK);
    ck_assert_uint_eq(t->rows(table), 4);
    ck_assert_uint_eq(t->cols(table), 2);
    call_end(w.call);
    uint32_t index[5];
    float near[5];
    const float query[2] = {2, 0};
    c = begin(CALL_CONST, NULL);
    ck_assert_int_eq(t->best(table, c, (pm_cmat){query, 1, 2, 2}, 5, index, near), PM_OK);
    call_end(w.call);
    const uint32_t want[5] = {0, 3, 1, 2, PM_NO_COL};
    ck_assert_mem_eq(index, want, sizeof want);
    ck_assert_float_eq(near[0], 1);
    ck_assert_float_eq(near[4], -2);
    const uint32_t cls[4] = {0, 1, 0, 1};
    pm_tally how = {sizeof how, 10, NULL, cls, NULL, 2, NULL};
    double total[2];
    c = begin(CALL_CONST, NULL);
    ck_assert_int_eq(t->tally(table, c, (pm_cmat){query, 1, 2, 2}, &how, total, near), PM_OK);
    ck_assert_double_eq_tol(total[0], 100 + 1, 1e-4); /* rows along and against the query */
    ck_assert_double_eq_tol(total[1], 10 + pow(10, 1 + sqrt(0.5)), 1e-4);
    ck_assert_float_eq(near[0], 1);
    how.size = 8;
    ck_assert_int_eq(t->tally(table, c, (pm_cmat){query, 1, 2, 2}, &how, total, near), PM_E_ARG);
    ck_assert_int_eq(call_verdict(w.call, PM_E_ARG, &w.err), PM_E_ARG);
    ck_says(w.err, "incomplete pm_tally");
    call_end(w.call);
    arena_close(own);
}
END_TEST

START_TEST(long_messages_are_cut)
{
    char text[5000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    pm_call *c = begin(CALL_CONST, NULL);
    ck_assert_int_eq(c->host->fail(c, PM_E_ARG, "%s", text), PM_E_ARG);
    ck_assert_int_eq(call_verdict(w.call, PM_E_ARG, &w.err), PM_E_ARG);
    ck_says(w.err, "xxx");
    call_end(w.call);
    c = begin(CALL_CONST, NULL); /* no stale text */
    ck_assert_int_eq(call_verdict(w.call, PM_E_ARG, &w.err), PM_E_ARG);
    ck_says(w.err, "failed without saying why");
    ck_assert_int_eq(c->host->fail(c, PM_OK, "fine"), PM_E_CONTRACT);
    call_end(w.call);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("host");
    TCase *t = tcase_create("host");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, failed_builds, 0, (int)(sizeof builds / sizeof builds[0]));
    tcase_add_test(t, own_in_predict);
    tcase_add_loop_test(t, canceled_builds, 0, 10);
    tcase_add_test(t, memory);
    tcase_add_test(t, loops_and_randomness);
    tcase_add_test(t, products_and_services);
    tcase_add_test(t, tables_need_a_build);
    tcase_add_test(t, long_messages_are_cut);
    suite_add_tcase(s, t);
    return suite_main(s);
}
