/* SPDX-License-Identifier: MIT
 *
 * The map of points: planted clusters stay together, equal points do not break it, bits do not depend on threads.
 */
#include "math_tools.h"

#include "math/mat.h"
#include "math/tsne.h"

enum { CLUSTERS = 4, EACH = 40, N = CLUSTERS * EACH, D = 10 };

static pm_mat planted(arena *a)
{
    pm_mat x = mat_new(a, N, D);
    ck_assert_ptr_nonnull(x.at);
    tools_fill(x.at, N * D, 7);
    for (size_t i = 0; i < N; i++) pm_row(x, i)[i % CLUSTERS] += 12;
    return x;
}

static pm_mat map_of(int n_threads, arena *a, pm_mat x, const tsne_spec *o)
{
    compute c;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(compute_open(n_threads, &c, &err), PM_OK);
    pm_mat out = mat_new(a, x.rows, 2);
    ck_assert_msg(tsne_map(&c, a, mat_const(x), o, out, &err) == PM_OK, "%s", err_text(&err));
    compute_close(&c);
    return out;
}

static double apart(pm_mat m, size_t i, size_t j)
{
    double u = (double)pm_row(m, i)[0] - (double)pm_row(m, j)[0];
    double v = (double)pm_row(m, i)[1] - (double)pm_row(m, j)[1];
    return u * u + v * v;
}

START_TEST(clusters_stay_together)
{
    arena *a = arena_open(0);
    tsne_spec o = TSNE_SPEC_DEFAULT;
    pm_mat y = map_of(2, a, planted(a), &o);
    size_t right = 0;
    for (size_t i = 0; i < N; i++) {
        size_t best = i ? 0 : 1;
        for (size_t j = 0; j < N; j++)
            if (j != i && apart(y, i, j) < apart(y, i, best)) best = j;
        right += best % CLUSTERS == i % CLUSTERS;
    }
    ck_assert_msg(right >= N - 1, "%zu of %d have a neighbour of their own cluster", right, N);
    double sum = 0;
    for (size_t i = 0; i < N; i++) sum += (double)pm_row(y, i)[0];
    ck_assert(fabs(sum / N) < 1e-3);
    arena_close(a);
}
END_TEST

START_TEST(threads_do_not_matter)
{
    arena *a = arena_open(0);
    tsne_spec o = TSNE_SPEC_DEFAULT;
    o.iterations = 60;
    pm_mat x = planted(a), one = map_of(1, a, x, &o), two = map_of(2, a, x, &o);
    ck_assert(tools_same_bits(one.at, two.at, N * 2 * sizeof(float)));
    arena_close(a);
}
END_TEST

START_TEST(equal_and_few_points)
{
    arena *a = arena_open(0);
    tsne_spec o = TSNE_SPEC_DEFAULT;
    for (size_t n = 0; n < 12; n++) {
        pm_mat x = mat_new(a, n, 3), y = map_of(1, a, x, &o);
        size_t row, col;
        ck_assert_msg(!mat_find_bad(mat_const(y), &row, &col), "%zu equal points", n);
    }
    arena_close(a);
}
END_TEST

START_TEST(shapes_are_checked)
{
    arena *a = arena_open(0);
    tsne_spec o = TSNE_SPEC_DEFAULT;
    pm_err err = PM_ERR_INIT;
    pm_mat x = mat_new(a, 5, 3);
    ck_assert_int_eq(tsne_map(NULL, a, mat_const(x), &o, mat_new(a, 4, 2), &err), PM_E_SHAPE);
    err_clear(&err);
    pm_cmat many = {x.at, 5001, 3, 0};
    ck_assert_int_eq(tsne_map(NULL, a, many, &o, mat_new(a, 5001, 2), &err), PM_E_SHAPE);
    err_clear(&err);
    arena_close(a);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("tsne");
    tcase_add_test(tc, clusters_stay_together);
    tcase_add_test(tc, threads_do_not_matter);
    tcase_add_test(tc, equal_and_few_points);
    tcase_add_test(tc, shapes_are_checked);
    return tools_run(tc, "tsne");
}
