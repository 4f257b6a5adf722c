/* SPDX-License-Identifier: MIT
 *
 * Router checks that build again: seeds, other instances, other orders, threads, cancellation, leaks.
 */
#include "app/conform_router.h"

enum { OTHER_SEED = 7919 };

static pm_status build_seeded(trial *t, call_ctx *c, uint64_t seed, router **out, pm_err *err)
{
    router_spec spec = {t->e, t->params, seed};
    *out = NULL;
    return router_train(c, &spec, &t->data->fit, out, err);
}

/* The instance built here predicts what the first one did. */
static void same_as_first(trial *t, conform_result *r, const router *built, const char *what)
{
    const router_trial *rt = router_trial_of(t);
    router_ask ask = {built, &t->data->lib, &t->data->test_x};
    same_spec same = {NULL, NULL, 0, what};
    pm_scores got;
    if (router_answers(t, r, &ask, &got)) router_same(r, &rt->want, &got, &same);
}

void router_same_seed(trial *t, conform_result *r)
{
    pm_err err = PM_ERR_INIT;
    router *other = NULL, *again = NULL;
    if (build_seeded(t, t->c, t->seed + OTHER_SEED, &other, &err) != PM_OK)
        check_fail_err(r, "train with another seed", &err);
    else if (build_seeded(t, t->c, t->seed, &again, &err) != PM_OK)
        check_fail_err(r, "train again with the first seed", &err);
    else
        same_as_first(t, r, again, "built again with the same seed");
    router_close(other);
    router_close(again);
}

/* A problem of the same size on which everything is different. */
static const toy *other_problem(trial *t, arena *a)
{
    toy_shape shape = router_shape(t);
    shape.seed += OTHER_SEED;
    shape.best = 1;
    return toy_make(a, &shape);
}

void router_independent(trial *t, conform_result *r)
{
    const router_trial *rt = router_trial_of(t);
    const toy *data = other_problem(t, t->a);
    pm_err err = PM_ERR_INIT;
    router *other = NULL;
    pm_scores first, again;
    same_spec same = {NULL, NULL, 0, "the second instance, after the first was used"};
    if (!data) {
        check_fail(r, "out of memory");
    } else if (router_build(t, &data->fit, &other, &err) != PM_OK) {
        check_fail_err(r, "train on other data", &err);
    } else {
        same_as_first(t, r, rt->built, "after another instance was built on other data");
        router_ask ask = {other, &data->lib, &data->test_x};
        if (r->passed && router_answers(t, r, &ask, &first))
            same_as_first(t, r, rt->built, "after another instance was used");
        if (r->passed && router_answers(t, r, &ask, &again)) router_same(r, &first, &again, &same);
    }
    router_close(other);
    if (r->passed) same_as_first(t, r, rt->built, "after another instance was closed");
}

void router_column_order(trial *t, conform_result *r)
{
    const router_trial *rt = router_trial_of(t);
    size_t m = t->data->lib.n;
    uint32_t *col = toy_order(t->a, t->seed, m);
    const toy *data = col ? toy_with_columns(t->a, t->data, col, m) : NULL;
    same_spec same = {NULL, col, 1e-5, "built on experts in another order"};
    pm_err err = PM_ERR_INIT;
    router *built = NULL;
    pm_scores got;
    if (!data || !router_room(t, t->a, data->test_x.n, m, &got)) {
        check_fail(r, "out of memory");
        return;
    }
    for (uint32_t j = 0; j < m; j++) /* the same expert is the reference */
        if (got.reference_col != PM_NO_COL && col[j] == rt->want.reference_col) {
            got.reference_col = j;
            break;
        }
    if (router_build(t, &data->fit, &built, &err) != PM_OK)
        check_fail_err(r, "train", &err);
    else if (router_predict(built, t->c, &data->lib, &data->test_x, &got, &err) != PM_OK)
        check_fail_err(r, "predict", &err);
    else
        router_same(r, &rt->want, &got, &same);
    router_close(built);
}

/* ---- threads ---------------------------------------------------------------------------------------- */

void router_thread_count(trial *t, conform_result *r)
{
    const router_trial *rt = router_trial_of(t);
    char *two = trial_path(t, "two"), *one = trial_path(t, "one");
    pm_err err = PM_ERR_INIT;
    router *built = NULL;
    if (build_seeded(t, t->c_one, t->seed, &built, &err) != PM_OK) {
        check_fail_err(r, "train with one thread", &err);
    } else {
        same_as_first(t, r, built, "built with one thread instead of two");
        if (r->passed && (router_save(built, t->c_one, one, &err) != PM_OK ||
                          router_save(rt->built, t->c, two, &err) != PM_OK))
            check_fail_err(r, "save", &err);
        if (r->passed) check_same_file(r, two, one, "checkpoints of two threads and of one");
    }
    router_close(built);
}

typedef struct crowd { /* two threads, two instances, two orders of the prompts */
    const router *built[2];
    const pm_library *lib;
    const pm_prompts *x[2];
    const uint32_t *row[2];
    pm_scores want[2]; /* of each instance, prompts in their first order */
    pm_scores got[2];  /* of each thread */
    conform_result seen[2];
} crowd;

static pm_status crowd_predicts(void *arg, call_ctx *c, int worker, size_t i)
{
    crowd *k = arg;
    size_t who = i % 4 == 3, order = i / 2 % 2;
    same_spec same = {k->row[order], NULL, 0, "two threads at once"};
    pm_err err = PM_ERR_INIT;
    conform_result *seen = &k->seen[worker];
    pm_status s = router_predict(k->built[who], c, k->lib, k->x[order], &k->got[worker], &err);
    if (s != PM_OK)
        check_fail_err(seen, "predict on two threads at once", &err);
    else if (!router_same(seen, &k->want[who], &k->got[worker], &same))
        s = PM_E_CONTRACT;
    return s;
}

/* Enough calls for a race to show, within a fifth of a second a thread. */
static size_t crowd_size(const trial *t)
{
    double seconds = call_ctx_last(t->c).seconds;
    double calls = seconds > 0 ? 0.2 / seconds : 2000;
    return calls < 64 ? 64 : calls > 2000 ? 2000 : (size_t)calls;
}

static void crowd_run(trial *t, conform_result *r, crowd *k)
{
    at_once job = {crowd_predicts, k, crowd_size(t)};
    pm_err err = PM_ERR_INIT;
    k->seen[0].passed = k->seen[1].passed = true;
    pm_status s = trial_at_once(t, &job, &err);
    for (int w = 1; w >= 0; w--)
        if (!k->seen[w].passed) check_fail(r, "%s", k->seen[w].why);
    if (s != PM_OK && r->passed) check_fail_err(r, "two threads at once", &err);
}

void router_concurrent(trial *t, conform_result *r)
{
    const router_trial *rt = router_trial_of(t);
    const toy *d = t->data;
    size_t n = d->test_x.n;
    toy_shape shape = router_shape(t);
    shape.best = 2;
    const toy *data = toy_make(t->a, &shape);
    uint32_t *row = toy_order(t->a, t->seed, n);
    pm_prompts *x = row ? toy_rows(t->a, &d->test_x, row, n) : NULL;
    pm_err err = PM_ERR_INIT;
    router *other = NULL;
    crowd k = {
        .built = {rt->built, NULL}, .lib = &d->lib, .x = {&d->test_x, x}, .row = {NULL, row}};
    if (!data || !x || !router_room(t, t->a, n, d->lib.n, &k.got[0]) ||
        !router_room(t, t->a, n, d->lib.n, &k.got[1])) {
        check_fail(r, "out of memory");
    } else if (router_build(t, &data->fit, &other, &err) != PM_OK) {
        check_fail_err(r, "train", &err);
    } else {
        router_ask ask = {other, &d->lib, &d->test_x};
        k.built[1] = other;
        k.want[0] = rt->want;
        if (router_answers(t, r, &ask, &k.want[1])) crowd_run(t, r, &k);
    }
    router_close(other);
}

/* ---- cancellation and leaks --------------------------------------------------------------------------- */

static pm_status build_and_drop(trial *t, pm_err *err)
{
    router *built = NULL;
    pm_status s = router_build(t, &t->data->fit, &built, err);
    router_close(built);
    return s;
}

void router_cancel(trial *t, conform_result *r)
{
    check_cancel(t, r, build_and_drop);
}

void router_cancel_leak(trial *t, conform_result *r)
{
    check_leak(t, r, build_and_drop, true);
}

void router_build_leak(trial *t, conform_result *r)
{
    check_leak(t, r, build_and_drop, false);
}
