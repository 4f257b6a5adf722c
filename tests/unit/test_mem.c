/* SPDX-License-Identifier: MIT
 *
 * Arenas and heap blocks: alignment, zeroes, reuse without allocation, limits, overflow, failures.
 */
#include "config.h"

#include "suite.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"

static bool is_zero(const char *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (at[i]) return false;
    }
    return true;
}

START_TEST(arena_gives_zeroed_aligned_disjoint_blocks)
{
    arena *a = arena_open(0);
    char *last = NULL;
    for (size_t size = 0; size < 3000; size += 7) {
        char *p = arena_alloc(a, size, 3);
        ck_assert_ptr_nonnull(p);
        ck_assert_uint_eq((uintptr_t)p % MEM_ALIGN, 0);
        ck_assert(is_zero(p, size * 3));
        memset(p, 0xAB, size * 3);
        ck_assert_ptr_ne(p, last);
        last = p;
    }
    arena_close(a);
    arena_close(NULL);
}
END_TEST

START_TEST(reset_and_release_give_zeroes_again)
{
    arena *a = arena_open(100);
    memset(arena_alloc(a, 1000, 1), 1, 1000);
    arena_mark m = arena_save(a);
    size_t used = arena_used(a);
    for (int k = 0; k < 50; k++) memset(arena_alloc(a, 777, 1), 2, 777);
    ck_assert_uint_gt(arena_used(a), used);
    arena_release(a, m);
    ck_assert_uint_eq(arena_used(a), used);
    for (int k = 0; k < 50; k++) ck_assert(is_zero(arena_alloc(a, 777, 1), 777));
    size_t peak = arena_peak(a);
    arena_reset(a);
    ck_assert_uint_eq(arena_used(a), 0);
    ck_assert_uint_eq(arena_peak(a), peak);
    ck_assert(is_zero(arena_alloc(a, 1000, 1), 1000));
    arena_close(a);
}
END_TEST

START_TEST(mark_of_an_empty_arena_releases_everything)
{
    arena *a = arena_open(0);
    arena_mark m = arena_save(a);
    arena_reset(a);
    ck_assert_ptr_nonnull(arena_alloc(a, 5000, 4));
    ck_assert_ptr_nonnull(arena_alloc(a, 5000, 4));
    arena_release(a, m);
    ck_assert_uint_eq(arena_used(a), 0);
    arena_close(a);
}
END_TEST

static void one_round(arena *a, size_t round)
{
    size_t order = round % 4;
    for (size_t k = 0; k < 12; k++) {
        size_t size = (k * 5 + order * 3) % 12;
        ck_assert_ptr_nonnull(arena_alloc(a, size * size * 40 + 1, 8));
        arena_mark m = arena_save(a);
        ck_assert_ptr_nonnull(arena_strdup(a, "a text that is released at once"));
        ck_assert_ptr_nonnull(arena_alloc(a, 300 * order, 16));
        arena_release(a, m);
    }
    arena_reset(a);
}

START_TEST(nothing_is_allocated_after_warm_up)
{
    arena *a = arena_open(0);
    for (size_t round = 0; round < 8; round++) one_round(a, round);
    size_t before = mem_count();
    ck_assert_uint_gt(before, 0);
    for (size_t round = 0; round < 100000; round++) one_round(a, round);
    ck_assert_uint_eq(mem_count(), before);
    arena_close(a);
}
END_TEST

START_TEST(limit_is_kept_and_lifted)
{
    arena *a = arena_open(0);
    arena_set_limit(a, 1000);
    ck_assert_ptr_nonnull(arena_alloc(a, 1000, 1));
    ck_assert_ptr_null(arena_alloc(a, 1, 1));
    ck_assert_ptr_null(arena_strdup(a, "text"));
    arena_set_limit(a, 0);
    ck_assert_ptr_nonnull(arena_alloc(a, 1000, 1));
    arena_reset(a);
    arena_set_limit(a, 10);
    ck_assert_ptr_null(arena_alloc(a, 11, 1));
    ck_assert_ptr_nonnull(arena_alloc(a, 10, 1));
    arena_close(a);
}
END_TEST

START_TEST(overflow_is_refused)
{
    size_t out = 7;
    ck_assert(!mem_size(SIZE_MAX, 2, &out));
    ck_assert_uint_eq(out, 0);
    ck_assert(mem_size(1u << 16, 3, &out));
    ck_assert_uint_eq(out, 3u << 16);
    arena *a = arena_open(0);
    ck_assert_ptr_null(arena_alloc(a, SIZE_MAX / 2, 3));
    ck_assert_ptr_null(arena_alloc(a, SIZE_MAX, 1));
    ck_assert_ptr_null(arena_alloc(a, SIZE_MAX - 63, 1));
    ck_assert_ptr_null(arena_strndup(a, "x", SIZE_MAX));
    ck_assert_ptr_null(mem_alloc(SIZE_MAX, 8));
    ck_assert_ptr_null(mem_alloc(SIZE_MAX - 3, 1));
    ck_assert_ptr_null(arena_open(SIZE_MAX));
    ck_assert_ptr_nonnull(arena_alloc(a, 0, 0));
    arena_close(a);
}
END_TEST

START_TEST(strings_are_copied_and_terminated)
{
    arena *a = arena_open(0);
    const char *whole = arena_strdup(a, "prompt");
    const char *part = arena_strndup(a, "prompt", 3);
    const char *none = arena_strndup(a, NULL, 0);
    ck_assert_str_eq(whole, "prompt");
    ck_assert_str_eq(part, "pro");
    ck_assert_str_eq(none, "");
    ck_assert_uint_eq((uintptr_t)arena_alloc(a, 1, 1) % MEM_ALIGN, 0);
    arena_close(a);
}
END_TEST

START_TEST(grow_keeps_content_and_zeroes_the_rest)
{
    int *numbers = NULL;
    size_t capacity = 0;
    for (int i = 0; i < 1000; i++) {
        ck_assert(mem_grow(&numbers, &capacity, (size_t)i + 1, sizeof *numbers));
        ck_assert_int_eq(numbers[i], 0);
        numbers[i] = i;
    }
    for (int i = 0; i < 1000; i++) ck_assert_int_eq(numbers[i], i);
    ck_assert(!mem_grow(&numbers, &capacity, SIZE_MAX, sizeof *numbers));
    ck_assert_int_eq(numbers[999], 999);
    mem_free(numbers);
    mem_free(NULL);
}
END_TEST

START_TEST(resize_follows_realloc)
{
    char *p = mem_resize(NULL, 10);
    ck_assert_ptr_nonnull(p);
    memcpy(p, "123456789", 10);
    p = mem_resize(p, 100000);
    ck_assert_str_eq(p, "123456789");
    mem_fail_after(1);
    ck_assert_ptr_null(mem_resize(p, 200000));
    ck_assert_str_eq(p, "123456789");
    ck_assert_ptr_null(mem_resize(p, 0));
}
END_TEST

START_TEST(the_nth_allocation_fails_once)
{
    mem_fail_after(3);
    void *p[4] = {NULL};
    for (int k = 0; k < 4; k++) p[k] = mem_alloc(1, 1);
    ck_assert(p[0] && p[1] && !p[2] && p[3]);
    for (int k = 0; k < 4; k++) mem_free(p[k]);
    mem_fail_after(1);
    ck_assert_ptr_null(arena_open(0));
    mem_fail_after(2);
    ck_assert_ptr_null(arena_open(10));
    arena *a = arena_open(0);
    mem_fail_after(1);
    ck_assert_ptr_null(arena_alloc(a, 1, 1));
    ck_assert_ptr_nonnull(arena_alloc(a, 1, 1));
    mem_fail_after(1);
    mem_fail_after(0);
    ck_assert_ptr_nonnull(arena_alloc(a, 1, 1 << 20));
    arena_close(a);
}
END_TEST

typedef struct called {
    char order[8];
    size_t n;
} called;

static void call_a(void *arg)
{
    called *c = arg;
    c->order[c->n++] = 'a';
}

static void call_b(void *arg)
{
    called *c = arg;
    c->order[c->n++] = 'b';
}

START_TEST(deferred_calls_come_with_the_memory)
{
    called c = {{0}, 0};
    arena *a = arena_open(0);
    ck_assert(arena_defer(a, call_a, &c));
    arena_mark mark = arena_save(a);
    ck_assert(arena_defer(a, call_a, &c) && arena_defer(a, call_b, &c));
    ck_assert_uint_eq(c.n, 0);
    arena_release(a, mark);
    ck_assert_str_eq(c.order, "ba"); /* those behind the mark, the last one first */
    ck_assert(arena_defer(a, call_b, &c));
    arena_reset(a);
    ck_assert_str_eq(c.order, "baba");
    ck_assert(arena_defer(a, call_a, &c));
    arena_close(a);
    ck_assert_str_eq(c.order, "babaa");
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("mem");
    tcase_add_test(c, arena_gives_zeroed_aligned_disjoint_blocks);
    tcase_add_test(c, reset_and_release_give_zeroes_again);
    tcase_add_test(c, mark_of_an_empty_arena_releases_everything);
    tcase_add_test(c, nothing_is_allocated_after_warm_up);
    tcase_add_test(c, limit_is_kept_and_lifted);
    tcase_add_test(c, overflow_is_refused);
    tcase_add_test(c, strings_are_copied_and_terminated);
    tcase_add_test(c, grow_keeps_content_and_zeroes_the_rest);
    tcase_add_test(c, resize_follows_realloc);
    tcase_add_test(c, the_nth_allocation_fails_once);
    tcase_add_test(c, deferred_calls_come_with_the_memory);
    tcase_set_timeout(c, 60);
    Suite *s = suite_create("mem");
    suite_add_tcase(s, c);
    return suite_main(s);
}
