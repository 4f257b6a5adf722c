/* SPDX-License-Identifier: MIT
 *
 * Matrix views: slices, gathers, broadcast rows and the search for cells that are not finite.
 */
#include "math_tools.h"

#include "math/mat.h"

static arena *room;
static void setup(void)
{
    room = arena_open(0);
}
static void teardown(void)
{
    arena_close(room);
}

START_TEST(views_share_memory)
{
    pm_mat m = mat_new(room, 5, 3);
    for (size_t i = 0; i < 15; i++) ck_assert_float_eq(m.at[i], 0);
    mat_fill(mat_rows(m, 1, 2), 7);
    pm_cmat tail = cmat_rows(mat_const(m), 2, 3);
    ck_assert_float_eq(pm_crow(tail, 0)[2], 7);
    ck_assert_float_eq(pm_crow(tail, 1)[0], 0);
    ck_assert_uint_eq(cmat_rows(tail, 3, 0).rows, 0);
    ck_assert_ptr_null(mat_new(room, SIZE_MAX / 2, 8).at);
}
END_TEST

START_TEST(gathers)
{
    float at[6] = {1, 2, 3, 4, 5, 6}, out_at[6];
    pm_cmat m = {at, 2, 3, 3};
    pm_mat rows = {out_at, 2, 3, 3};
    mat_gather_rows(m, (const uint32_t[]){1, 0}, 2, rows);
    ck_assert_float_eq(out_at[0], 4);
    ck_assert_float_eq(out_at[5], 3);
    pm_mat cols = {out_at, 2, 2, 3}; /* the gap between rows stays */
    mat_gather_cols(m, (const uint32_t[]){2, 0}, 2, cols);
    ck_assert_float_eq(out_at[0], 3);
    ck_assert_float_eq(out_at[1], 1);
    ck_assert_float_eq(out_at[2], 6);
    ck_assert_float_eq(out_at[3], 6);
}
END_TEST

START_TEST(bad_cells_are_found)
{
    float at[6] = {1, 2, 3, 4, 5, NAN};
    size_t row = 9, col = 9;
    pm_cmat narrow = {at, 2, 2, 3}, whole = {at, 2, 3, 3};
    ck_assert(!mat_find_bad(narrow, &row, &col)); /* the NaN lies in the gap */
    ck_assert(mat_find_bad(whole, &row, &col));
    ck_assert(row == 1 && col == 2);
    at[5] = 6;
    at[2] = -INFINITY;
    ck_assert(mat_find_bad(whole, &row, &col));
    ck_assert(row == 0 && col == 2);
    ck_assert(mat_find_bad(cmat_broadcast(at, 1000, 3), &row, &col));
    ck_assert(row == 0 && col == 2);
}
END_TEST

START_TEST(out_of_range_aborts)
{
    pm_mat m = mat_new(room, 5, 3);
    (void)mat_rows(m, 4, 2);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("mat");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, views_share_memory);
    tcase_add_test(tc, gathers);
    tcase_add_test(tc, bad_cells_are_found);
    if (getenv("CK_FORK") == NULL) tcase_add_test_raise_signal(tc, out_of_range_aborts, 6);
    return tools_run(tc, "mat");
}
