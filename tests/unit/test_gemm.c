/* SPDX-License-Identifier: MIT
 *
 * Matrix products against sums in double, for every transposition, stride and hint; bits where the header
 * promises bits; refusals.
 */
#include "math_tools.h"

#include "math/gemm.h"
#include "math/mat.h"

static compute c;
static arena *room;

static void setup(void)
{
    ck_assert_int_eq(compute_open(2, &c, NULL), PM_OK);
    room = arena_open(0);
}
static void teardown(void)
{
    arena_close(room);
    compute_close(&c);
}

static double cell(char ta, char tb, pm_cmat a, pm_cmat b, size_t inner, size_t i, size_t j)
{
    double sum = 0;
    for (size_t p = 0; p < inner; p++) {
        float x = ta == 'T' ? pm_crow(a, p)[i] : pm_crow(a, i)[p];
        float y = tb == 'T' ? pm_crow(b, j)[p] : pm_crow(b, p)[j];
        sum += (double)x * (double)y;
    }
    return sum;
}

static void try_shape(char ta, char tb, size_t m, size_t n, size_t p, pm_gemm_hint hint)
{
    size_t ar = ta == 'T' ? p : m, ac = ta == 'T' ? m : p, br = tb == 'T' ? n : p,
           bc = tb == 'T' ? p : n;
    pm_cmat a = {tools_floats(room, ar * (ac + 3), 1), ar, ac, ac + 3};
    pm_cmat b = {tools_floats(room, br * (bc + 5), 2), br, bc, bc + 5};
    pm_mat out = {tools_floats(room, m * (n + 7), 3), m, n, n + 7};
    pm_mat before = {tools_floats(room, m * (n + 7), 3), m, n, n + 7};
    ck_assert_int_eq(gemm(&c, c.pool, ta, tb, 0.5f, a, b, -2, out, hint, NULL), PM_OK);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n + 7; j++) {
            double want = (double)pm_row(before, i)[j];
            if (j < n) want = 0.5 * cell(ta, tb, a, b, p, i, j) - 2 * want;
            if (fabs((double)pm_row(out, i)[j] - want) < 1e-4 + 1e-6 * (double)p) continue;
            ck_abort_msg("%c%c %zu %zu %zu hint %d at %zu,%zu: %g wanted %g", ta, tb, m, n, p,
                         (int)hint, i, j, (double)pm_row(out, i)[j], want);
        }
    arena_reset(room);
}

START_TEST(products_agree_with_double)
{
    static const size_t shape[][3] = {{1, 1, 1},     {3, 5, 7},      {64, 33, 130}, {65, 70, 129},
                                      {200, 150, 1}, {130, 300, 64}, {300, 2, 257}, {2, 500, 300}};
    for (size_t s = 0; s < sizeof shape / sizeof *shape; s++)
        for (int t = 0; t < 4; t++)
            for (int hint = 0; hint < 3; hint++)
                try_shape(t & 1 ? 'T' : 'N', t & 2 ? 'T' : 'N', shape[s][0], shape[s][1],
                          shape[s][2], (pm_gemm_hint)hint);
}
END_TEST

START_TEST(bits_do_not_depend_on_threads)
{
    pm_cmat a = {tools_floats(room, 700 * 90, 1), 700, 90, 90};
    pm_cmat b = {tools_floats(room, 90 * 400, 2), 90, 400, 400};
    for (int hint = 0; hint < 3; hint++) {
        pm_mat one = mat_new(room, 700, 400), two = mat_new(room, 700, 400);
        ck_assert_int_eq(gemm(&c, NULL, 'N', 'N', 1, a, b, 0, one, (pm_gemm_hint)hint, NULL),
                         PM_OK);
        ck_assert_int_eq(gemm(&c, c.pool, 'N', 'N', 1, a, b, 0, two, (pm_gemm_hint)hint, NULL),
                         PM_OK);
        ck_assert(tools_same_bits(one.at, two.at, 700 * 400 * sizeof(float)));
    }
}
END_TEST

/* Batch, kernels and threads do not change a row's bits: all are the chain in the header. */
/* Rounded to bfloat16 (at most 2^-9 of each factor) or not, as the CPU likes: random errors grow with the root. */
static void try_panels(char ta, char tb, const size_t *shape, float beta)
{
    size_t m = shape[0], n = shape[1], p = shape[2], ac = ta == 'T' ? m : p, bc = tb == 'T' ? p : n;
    pm_cmat a = {tools_floats(room, m * p + 3 * (m + p), 1), ta == 'T' ? p : m, ac, ac + 3};
    pm_cmat b = {tools_floats(room, n * p + 5 * (n + p), 2), tb == 'T' ? n : p, bc, bc + 5};
    pm_mat out = {tools_floats(room, m * (n + 7), 3), m, n, n + 7}, alone = out;
    pm_mat before = {tools_floats(room, m * (n + 7), 3), m, n, n + 7};
    alone.at = tools_floats(room, m * (n + 7), 3);
    ck_assert_int_eq(gemm(&c, c.pool, ta, tb, 1, a, b, beta, out, PM_GEMM_BF16_OK, NULL), PM_OK);
    ck_assert_int_eq(gemm(&c, NULL, ta, tb, 1, a, b, beta, alone, PM_GEMM_BF16_OK, NULL), PM_OK);
    ck_assert(tools_same_bits(out.at, alone.at, m * (n + 7) * sizeof(float)));
    for (size_t i = 0; i < m; i += 1 + m / 50)
        for (size_t j = 0; j < n + 7; j++) {
            double want = (double)pm_row(before, i)[j], got = (double)pm_row(out, i)[j];
            if (j < n) want = cell(ta, tb, a, b, p, i, j) + (double)beta * want;
            ck_assert_msg(fabs(got - want) <= (j < n ? 0.01 * sqrt((double)p) : 0),
                          "%c%c %zu %zu %zu at %zu,%zu: %g wanted %g", ta, tb, m, n, p, i, j, got,
                          want);
        }
    arena_reset(room);
}

START_TEST(rounded_products_are_near)
{
    static const size_t shape[][3] = {
        {200, 129, 130}, {64, 512, 65}, {133, 97, 777}, {512, 61, 100}, {1000, 64, 33}};
    for (size_t s = 0; s < sizeof shape / sizeof *shape; s++)
        for (int t = 0; t < 8; t++)
            try_panels(t & 1 ? 'T' : 'N', t & 2 ? 'T' : 'N', shape[s], t & 4 ? 1.0f : 0.0f);
}
END_TEST

START_TEST(rowwise_is_bit_stable)
{
    enum { M = 90, P = 300, N = 77 };
    pm_cmat a = {tools_floats(room, M * P, 1), M, P, P};
    pm_cmat b = {tools_floats(room, P * N, 2), P, N, N},
            bt = {tools_floats(room, P * N, 2), N, P, P};
    const kernels *set[4];
    size_t n_sets = tools_kernels(set);
    for (int t = 0; t < 2; t++) {
        float want[N];
        for (size_t j = 0; j < N; j++) {
            want[j] = 0;
            for (size_t p = 0; p < P; p++)
                want[j] = fmaf(pm_crow(a, 41)[p], t ? bt.at[j * P + p] : b.at[p * N + j], want[j]);
        }
        for (size_t s = 0; s < n_sets; s++) {
            compute forced = c;
            forced.k = set[s];
            pm_mat all = mat_new(room, M, N), one = mat_new(room, 1, N);
            mat_fill(all, NAN); /* beta = 0 does not read */
            mat_fill(one, NAN);
            char tb = t ? 'T' : 'N';
            pm_cmat w = t ? bt : b;
            ck_assert_int_eq(gemm(&forced, c.pool, 'N', tb, 1, a, w, 0, all, PM_GEMM_ROWWISE, NULL),
                             0);
            ck_assert_int_eq(gemm(&forced, NULL, 'N', tb, 1, cmat_rows(a, 41, 1), w, 0, one,
                                  PM_GEMM_ROWWISE, NULL),
                             0);
            ck_assert(tools_same_bits(pm_row(all, 41), want, sizeof want));
            ck_assert(tools_same_bits(one.at, want, sizeof want));
        }
    }
}
END_TEST

START_TEST(broadcast_and_empty_operands)
{
    float row[4] = {1, 2, 3, 4}, out_at[6] = {9, 9, 9, 9, 9, 9};
    pm_cmat a = cmat_broadcast(row, 3, 4), b = cmat_broadcast(row, 4, 2);
    pm_mat out = {out_at, 3, 2, 2};
    ck_assert_int_eq(gemm(&c, c.pool, 'N', 'N', 1, a, b, 0, out, PM_GEMM_EXACT, NULL), PM_OK);
    for (size_t i = 0; i < 6; i++) ck_assert_float_eq(out_at[i], i % 2 ? 20 : 10);
    pm_cmat a0 = {row, 3, 0, 0}, b0 = {row, 0, 2, 2};
    ck_assert_int_eq(gemm(&c, c.pool, 'N', 'N', 1, a0, b0, 0, out, PM_GEMM_EXACT, NULL), PM_OK);
    for (size_t i = 0; i < 6; i++) ck_assert_float_eq(out_at[i], 0);
    out.rows = a0.rows = 0;
    ck_assert_int_eq(gemm(&c, c.pool, 'N', 'N', 1, a0, b0, 0, out, PM_GEMM_EXACT, NULL), PM_OK);
}
END_TEST

START_TEST(refusals_name_the_shapes)
{
    float at[12] = {0};
    pm_cmat a = {at, 2, 3, 3}, b = {at, 4, 3, 3}, short_row = {at, 3, 3, 2};
    pm_mat out = {at, 2, 3, 3};
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(gemm(&c, NULL, 'N', 'N', 1, a, b, 0, out, PM_GEMM_EXACT, &err), PM_E_SHAPE);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "[2 x 3] times [4 x 3]"));
    ck_assert_int_eq(gemm(&c, NULL, 'N', 'X', 1, a, b, 0, out, PM_GEMM_EXACT, &err), PM_E_ARG);
    ck_assert_int_eq(gemm(&c, NULL, 'N', 'N', 1, a, short_row, 0, out, PM_GEMM_EXACT, &err),
                     PM_E_SHAPE);
}
END_TEST

START_TEST(gemv_is_dot_per_row)
{
    pm_cmat a = {tools_floats(room, 3000 * 70, 1), 3000, 65, 70};
    float *x = tools_floats(room, 65, 2), *y = tools_floats(room, 3000, 3);
    gemv(&c, c.pool, a, x, y);
    for (size_t i = 0; i < 3000; i++) ck_assert_float_eq(y[i], c.k->dot(pm_crow(a, i), x, 65));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("gemm");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, products_agree_with_double);
    tcase_add_test(tc, bits_do_not_depend_on_threads);
    tcase_add_test(tc, rounded_products_are_near);
    tcase_add_test(tc, rowwise_is_bit_stable);
    tcase_add_test(tc, broadcast_and_empty_operands);
    tcase_add_test(tc, refusals_name_the_shapes);
    tcase_add_test(tc, gemv_is_dot_per_row);
    return tools_run(tc, "gemm");
}
