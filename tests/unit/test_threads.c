/* SPDX-License-Identifier: MIT
 *
 * The pool: every index once, fixed blocks, the lowest failure wins, nesting and sharing without
 * deadlock, no allocation, no threads for one worker.
 */
#include "config.h"

#include "suite.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/threads.h"

#define N 1000

typedef struct visit {
    size_t grain;
    int workers;
    unsigned char seen[N];
} visit;

static pm_status mark(int worker, size_t lo, size_t hi, void *arg)
{
    visit *v = arg;
    if (worker < 0 || worker >= v->workers || lo % v->grain != 0 || hi <= lo) return PM_E_CONTRACT;
    for (size_t i = lo; i < hi; i++) v->seen[i]++;
    return PM_OK;
}

START_TEST(every_index_is_visited_once)
{
    static const size_t grain[] = {1, 3, 7, 100, 333, 999, 1000, 5000};
    for (int workers = 1; workers <= 5; workers++) {
        threads *t = threads_open(workers);
        ck_assert_int_eq(threads_count(t), workers);
        for (size_t g = 0; g < sizeof grain / sizeof grain[0]; g++) {
            visit v = {.grain = grain[g], .workers = workers, .seen = {0}};
            ck_assert_int_eq(threads_for(t, N, grain[g], mark, &v), PM_OK);
            for (size_t i = 0; i < N; i++) ck_assert_int_eq(v.seen[i], 1);
        }
        threads_close(t);
    }
}
END_TEST

START_TEST(edges)
{
    visit v = {.grain = N, .workers = 1, .seen = {0}};
    ck_assert_int_eq(threads_count(NULL), 1);
    ck_assert_int_eq(threads_for(NULL, N, 0, mark, &v), PM_OK);
    ck_assert_int_eq(v.seen[N - 1], 1);
    threads *t = threads_open(2);
    ck_assert_int_eq(threads_for(t, 0, 1, mark, &v), PM_OK);
    threads_close(t);
    threads_close(NULL);
}
END_TEST

static pm_status fail_some(int worker, size_t lo, size_t hi, void *arg)
{
    (void)worker;
    (void)hi;
    atomic_fetch_add((atomic_size_t *)arg, 1);
    return lo == 630 ? PM_E_SHAPE : lo == 650 ? PM_E_IO : lo > 650 ? PM_E_ARG : PM_OK;
}

START_TEST(the_lowest_failure_wins)
{
    for (int workers = 1; workers <= 4; workers++) {
        threads *t = threads_open(workers);
        for (int k = 0; k < 200; k++) {
            atomic_size_t calls = 0;
            ck_assert_int_eq(threads_for(t, N, 10, fail_some, &calls), PM_E_SHAPE);
            ck_assert(calls >= 64 && calls < 100);
        }
        threads_close(t);
    }
}
END_TEST

typedef struct nest {
    threads *t;
    atomic_size_t sum;
    atomic_bool wrong;
} nest;

typedef struct inner {
    nest *outer;
    int worker;
} inner;

static pm_status add_inner(int worker, size_t lo, size_t hi, void *arg)
{
    inner *in = arg;
    if (worker != in->worker) in->outer->wrong = true; /* a nested loop keeps its caller's number */
    atomic_fetch_add(&in->outer->sum, hi - lo);
    return PM_OK;
}

static pm_status add_outer(int worker, size_t lo, size_t hi, void *arg)
{
    nest *o = arg;
    for (size_t i = lo; i < hi; i++) {
        inner in = {o, worker};
        pm_status s = threads_for(o->t, 50, 3, add_inner, &in);
        if (s != PM_OK) return s;
    }
    return PM_OK;
}

START_TEST(nested_loops_run_in_the_caller)
{
    nest o = {.t = threads_open(3)};
    ck_assert_int_eq(threads_for(o.t, 200, 1, add_outer, &o), PM_OK);
    ck_assert_uint_eq(o.sum, 200 * 50);
    ck_assert(!o.wrong);
    threads_close(o.t);
}
END_TEST

static pm_status add(int worker, size_t lo, size_t hi, void *arg)
{
    (void)worker;
    atomic_fetch_add((atomic_size_t *)arg, hi - lo);
    return PM_OK;
}

static void *rival(void *arg)
{
    for (int k = 0; k < 300; k++) {
        atomic_size_t sum = 0;
        if (threads_for(arg, 400, 3, add, &sum) != PM_OK || sum != 400) return arg;
    }
    return NULL;
}

START_TEST(several_callers_share_a_pool)
{
    threads *t = threads_open(3);
    pthread_t id[3];
    for (int k = 0; k < 3; k++) ck_assert_int_eq(pthread_create(&id[k], NULL, rival, t), 0);
    for (int k = 0; k < 3; k++) {
        void *wrong = NULL;
        pthread_join(id[k], &wrong);
        ck_assert_ptr_null(wrong);
    }
    threads_close(t);
}
END_TEST

START_TEST(loops_allocate_nothing)
{
    threads *t = threads_open(2);
    size_t before = mem_count();
    for (int k = 0; k < 2000; k++) {
        atomic_size_t sum = 0;
        ck_assert_int_eq(threads_for(t, 100, 9, add, &sum), PM_OK);
        ck_assert_uint_eq(sum, 100);
    }
    ck_assert_uint_eq(mem_count(), before);
    threads_close(t);
}
END_TEST

static pm_status same_thread(int worker, size_t lo, size_t hi, void *arg)
{
    (void)lo;
    (void)hi;
    return worker == 0 && pthread_equal(pthread_self(), *(pthread_t *)arg) ? PM_OK : PM_E_CONTRACT;
}

START_TEST(one_worker_is_the_caller)
{
    threads *t = threads_open(1);
    pthread_t self = pthread_self();
    ck_assert_int_eq(threads_for(t, 1000, 1, same_thread, &self), PM_OK);
    threads_close(t);
}
END_TEST

START_TEST(count_comes_from_the_environment)
{
    setenv("POINTSMAN_JOBS", "3", 1);
    threads *t = threads_open(0);
    ck_assert_int_eq(threads_count(t), 3);
    threads_close(t);
    static const char *const wrong[] = {"", "0", "-2", "many", "3x"};
    for (size_t k = 0; k < 5; k++) {
        setenv("POINTSMAN_JOBS", wrong[k], 1);
        t = threads_open(0);
        ck_assert_int_ge(threads_count(t), 1);
        threads_close(t);
    }
    unsetenv("POINTSMAN_JOBS");
    mem_fail_after(1);
    ck_assert_ptr_null(threads_open(2));
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("threads");
    tcase_add_test(c, every_index_is_visited_once);
    tcase_add_test(c, edges);
    tcase_add_test(c, the_lowest_failure_wins);
    tcase_add_test(c, nested_loops_run_in_the_caller);
    tcase_add_test(c, several_callers_share_a_pool);
    tcase_add_test(c, loops_allocate_nothing);
    tcase_add_test(c, one_worker_is_the_caller);
    tcase_add_test(c, count_comes_from_the_environment);
    tcase_set_timeout(c, 60);
    Suite *s = suite_create("threads");
    suite_add_tcase(s, c);
    return suite_main(s);
}
