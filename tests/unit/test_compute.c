/* SPDX-License-Identifier: MIT
 *
 * CPU detection, the choice of kernels, and every kernel of every instruction set against the definition
 * in math/compute.h: to the bit where the header promises bits.
 */
#include "math_tools.h"

#include "math/half.h"

#define LONGEST 200

static const kernels *set[4];
static size_t n_sets;
static arena *room;

static void setup(void)
{
    n_sets = tools_kernels(set);
    room = arena_open(0);
}
static void teardown(void)
{
    arena_close(room);
}

START_TEST(detection_is_consistent)
{
    cpu_features cpu = cpu_detect();
    if (cpu.avx512_vnni || cpu.avx512_bf16) ck_assert(cpu.avx512);
    const kernels *best = kernels_choose(&cpu, NULL);
    ck_assert_ptr_eq(best, set[n_sets - 1]);
    ck_assert_ptr_null(kernels_choose(&cpu, "mmx"));
    cpu_features none = {0};
    ck_assert_str_eq(kernels_choose(&none, NULL)->name, "scalar");
    ck_assert_ptr_null(kernels_choose(&none, "avx2"));
    ck_assert_ptr_null(kernels_choose(&none, "avx512"));
}
END_TEST

START_TEST(open_honours_the_environment)
{
    compute c;
    pm_err err = PM_ERR_INIT;
    setenv("POINTSMAN_CPU", "scalar", 1);
    ck_assert_int_eq(compute_open(2, &c, &err), PM_OK);
    ck_assert_str_eq(c.k->name, "scalar");
    ck_assert_int_eq(threads_count(c.pool), 2);
    ck_assert_ptr_nonnull(c.blis);
    compute_close(&c);
    setenv("POINTSMAN_CPU", "pentium", 1);
    ck_assert_int_eq(compute_open(1, &c, &err), PM_E_ARG);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "pentium"));
    unsetenv("POINTSMAN_CPU");
    ck_assert_int_eq(compute_open(-1, &c, &err), PM_E_ARG);
}
END_TEST

START_TEST(dot64_is_eight_lanes_everywhere)
{
    float *a = tools_floats(room, LONGEST, 1), *b = tools_floats(room, LONGEST, 2);
    for (size_t n = 0; n <= LONGEST; n++) {
        double lane[8] = {0};
        for (size_t i = 0; i < n; i++) lane[i % 8] += (double)a[i] * (double)b[i];
        double want = ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
                      ((lane[1] + lane[5]) + (lane[3] + lane[7]));
        for (size_t s = 0; s < n_sets; s++) {
            double got = set[s]->dot64(a, b, n);
            ck_assert_msg(tools_same_bits(&got, &want, sizeof got), "%s n=%zu", set[s]->name, n);
        }
    }
}
END_TEST

START_TEST(dot_and_gemv_agree_with_double)
{
    float *a = tools_floats(room, 7 * LONGEST, 3), *b = tools_floats(room, LONGEST, 4), out[7];
    for (size_t n = 0; n <= LONGEST; n++)
        for (size_t s = 0; s < n_sets; s++) {
            set[s]->gemv(a, 7, n, LONGEST, b, out);
            for (size_t r = 0; r < 7; r++) {
                const float *row = a + r * LONGEST;
                float one = set[s]->dot(row, b, n);
                ck_assert(tools_same_bits(&one, &out[r], sizeof one));
                ck_assert_double_eq_tol((double)one, set[s]->dot64(row, b, n), 2e-5);
            }
        }
}
END_TEST

START_TEST(axpy_is_one_fused_step)
{
    float *x = tools_floats(room, LONGEST, 5), *y = tools_floats(room, LONGEST, 6);
    for (size_t n = 0; n <= LONGEST; n += 3)
        for (size_t s = 0; s < n_sets; s++) {
            float got[LONGEST];
            double got64[LONGEST];
            memcpy(got, y, sizeof got);
            for (size_t i = 0; i < LONGEST; i++) got64[i] = (double)y[i] / 3;
            set[s]->axpy(0.3f, x, got, n);
            set[s]->axpy64(0.7, x, got64, n);
            for (size_t i = 0; i < LONGEST; i++) {
                float want = i < n ? fmaf(0.3f, x[i], y[i]) : y[i];
                double want64 = i < n ? fma(0.7, (double)x[i], (double)y[i] / 3) : (double)y[i] / 3;
                ck_assert(tools_same_bits(&got[i], &want, sizeof want));
                ck_assert(tools_same_bits(&got64[i], &want64, sizeof want64));
            }
        }
}
END_TEST

START_TEST(gather_and_scatter_are_axpys)
{
    enum { ROWS = 9, LD = SPARSE_COLS + 5 };
    static const uint32_t at[] = {3, 0, 8, 3, 5};
    float *val = tools_floats(room, 5, 13), *base = tools_floats(room, ROWS * LD, 14);
    float want[SPARSE_COLS] = {0}, out[SPARSE_COLS], there[ROWS * LD], want_there[ROWS * LD];
    memcpy(want_there, base, sizeof there);
    for (size_t e = 0; e < 5; e++) set[0]->axpy(val[e], base + at[e] * LD, want, SPARSE_COLS);
    for (size_t e = 0; e < 5; e++) set[0]->axpy(val[e], want, want_there + at[e] * LD, SPARSE_COLS);
    for (size_t s = 0; s < n_sets; s++) {
        memcpy(there, base, sizeof there);
        set[s]->gather(val, at, 5, base, LD, out);
        set[s]->scatter(val, at, 5, out, there, LD);
        ck_assert(tools_same_bits(out, want, sizeof want));
        ck_assert(tools_same_bits(there, want_there, sizeof there));
    }
}
END_TEST

START_TEST(gather_of_bytes_is_the_fmaf_chain)
{
    enum { ROWS = 40, COLS = 300, LD = COLS + 3, N = 33 };
    static const size_t cols[] = {1, 5, 8, 15, 16, 31, 128, 255, 256, 257, COLS};
    int8_t base[ROWS * LD];
    uint32_t at[N];
    float *val = tools_floats(room, N, 13), want[COLS], got[COLS];
    for (size_t i = 0; i < ROWS * LD; i++) base[i] = (int8_t)(i * 2654435761u >> 24);
    for (size_t e = 0; e < N; e++) at[e] = (uint32_t)(e * 7 % ROWS);
    for (size_t n = 0; n < sizeof cols / sizeof *cols; n++)
        for (size_t s = 0; s < n_sets; s++) {
            for (size_t j = 0; j < COLS; j++) want[j] = got[j] = (float)j;
            for (size_t e = 0; e < N; e++)
                for (size_t j = 0; j < cols[n]; j++)
                    want[j] = fmaf(val[e], (float)base[at[e] * LD + j], want[j]);
            set[s]->gather_i8(val, at, N, base, LD, cols[n], got);
            ck_assert_msg(tools_same_bits(want, got, sizeof want), "%s, %zu columns", set[s]->name,
                          cols[n]);
        }
}
END_TEST

START_TEST(chain_gemm_is_the_fmaf_chain)
{
    enum { ROWS = 15, INNER = 37, COLS = 150 };
    float *x = tools_floats(room, ROWS * INNER, 7), *w = tools_floats(room, INNER * COLS, 8);
    float *init = tools_floats(room, COLS, 9);
    for (size_t n = 1; n <= COLS; n++) {
        float want[ROWS][COLS];
        for (size_t i = 0; i < ROWS; i++)
            for (size_t j = 0; j < n; j++) {
                want[i][j] = init[j];
                for (size_t p = 0; p < INNER; p++)
                    want[i][j] = fmaf(x[i * INNER + p], w[p * COLS + j], want[i][j]);
            }
        for (size_t s = 0; s < n_sets; s++) {
            float got[ROWS][COLS], one[COLS];
            pm_cmat xm = {x, ROWS, INNER, INNER}, wm = {w, INNER, n, COLS};
            pm_mat om = {&got[0][0], ROWS, n, COLS};
            for (size_t i = 0; i < ROWS; i++) memcpy(got[i], init, sizeof got[i]);
            set[s]->rows_gemm(&xm, &wm, &om);
            for (size_t i = 0; i < ROWS; i++) {
                ck_assert(tools_same_bits(got[i], want[i], n * sizeof(float)));
                set[s]->row_gemm(x + i * INNER, w, INNER, n, COLS, init, one);
                ck_assert(tools_same_bits(one, want[i], n * sizeof(float)));
            }
            set[s]->row_gemm(x, w, 0, n, COLS, NULL, one);
            ck_assert(one[0] == 0 && one[n - 1] == 0);
        }
    }
}
END_TEST

START_TEST(half_is_exact)
{
    for (uint32_t h = 0; h < 65536; h++) {
        float f = half_to_float((uint16_t)h);
        if (isnan(f)) continue;
        bool same = half_from_float(f) == h; /* one assertion a number: they are slow */
        if (isinf(f) || (h & 0x7fff) == 0x7bff) {
            ck_assert_uint_eq(half_from_float(f), h);
            continue;
        }
        float up = half_to_float((uint16_t)(h + 1)), middle = f + (up - f) / 2; /* exact in float */
        same = same && half_from_float(middle) == h + (h & 1);                  /* ties to even */
        same = same && half_from_float(nextafterf(middle, f)) == h;
        same = same && half_from_float(nextafterf(middle, up)) == h + 1;
        if (!same) ck_abort_msg("half %#x is not exact, or rounds otherwise", h);
    }
    ck_assert_uint_eq(half_from_float(65520.0f), 0x7c00);
    ck_assert_uint_eq(half_from_float(65519.0f), 0x7bff);
    ck_assert(isnan(half_to_float(half_from_float(NAN))));
}
END_TEST

START_TEST(narrow_dots)
{
    float *b = tools_floats(room, LONGEST, 10), *v = tools_floats(room, LONGEST, 11);
    uint16_t h[LONGEST];
    int8_t p[LONGEST], q[LONGEST];
    for (size_t i = 0; i < LONGEST; i++) {
        h[i] = half_from_float(v[i]);
        p[i] = (int8_t)(rng_bits(1, 0, i) & 0xff);
        q[i] = (int8_t)(rng_bits(2, 0, i) & 0xff);
    }
    for (size_t n = 0; n <= LONGEST; n++) {
        double want = 0;
        int whole = 0;
        for (size_t i = 0; i < n; i++) {
            want += (double)half_to_float(h[i]) * (double)b[i];
            whole += p[i] * q[i];
        }
        for (size_t s = 0; s < n_sets; s++) {
            ck_assert_double_eq_tol((double)set[s]->dot_f16(h, b, n), want, 2e-5);
            ck_assert_float_eq(set[s]->dot_i8(p, q, n), (float)whole);
        }
    }
}
END_TEST

/* Rows at once against rows one by one; int8 to the last unit, at the widths where lanes end. */
START_TEST(narrow_tables)
{
    enum { ROWS = 11, WIDE = LONGEST + 5 };
    float *b = tools_floats(room, LONGEST, 12), *v = tools_floats(room, ROWS * WIDE, 13);
    static uint16_t h[ROWS * WIDE];
    static int8_t p[ROWS * WIDE], q[2][LONGEST];
    for (size_t i = 0; i < ROWS * WIDE; i++) {
        h[i] = half_from_float(v[i]);
        p[i] = i % 3 ? (int8_t)(rng_bits(3, 0, i) & 0xff) : -128;
    }
    for (size_t i = 0; i < LONGEST; i++) {
        q[0][i] = (int8_t)(rng_bits(4, 0, i) & 0xff);
        q[1][i] = -128;
    }
    float out[ROWS], sum[2][ROWS], *const sums[2] = {sum[0], sum[1]};
    const int8_t *const parts[2] = {q[0], q[1]};
    for (size_t n = 0; n <= LONGEST; n++)
        for (size_t s = 0; s < n_sets; s++) {
            set[s]->gemv_f16(h, ROWS, n, WIDE, b, out);
            set[s]->gemv_i8(p, ROWS, n, WIDE, parts, sums);
            for (size_t r = 0; r < ROWS; r++) {
                ck_assert_double_eq_tol((double)out[r], (double)set[0]->dot_f16(h + r * WIDE, b, n),
                                        2e-5);
                for (size_t k = 0; k < 2; k++)
                    ck_assert_float_eq(sum[k][r], set[0]->dot_i8(p + r * WIDE, q[k], n));
            }
        }
}
END_TEST

START_TEST(long_int8_dot_does_not_overflow)
{
    size_t n = 300001;
    int8_t *p = arena_alloc(room, n, 1);
    memset(p, -128, n);
    for (size_t s = 0; s < n_sets; s++)
        ck_assert_float_eq(set[s]->dot_i8(p, p, n), (float)(16384.0 * (double)n));
}
END_TEST

START_TEST(above_finds_all_and_only)
{
    float *v = tools_floats(room, LONGEST, 12);
    v[5] = v[77] = 0.5f; /* equal is not above */
    v[9] = NAN;          /* never above */
    for (size_t n = 0; n <= LONGEST; n++)
        for (size_t s = 0; s < n_sets; s++) {
            uint32_t hit[LONGEST];
            size_t found = set[s]->above(v, n, 0.5f, hit), at = 0;
            for (size_t i = 0; i < n; i++)
                if (v[i] > 0.5f) {
                    ck_assert_uint_lt(at, found);
                    ck_assert_uint_eq(hit[at++], i);
                }
            ck_assert_uint_eq(at, found);
        }
}
END_TEST

START_TEST(fix_tile_is_exact)
{
    static const size_t counts[] = {1, 4, FIX_QUERY};
    enum { PAIRS = 21 };
    int16_t panel[PAIRS * 2 * FIX_ROWS], query[PAIRS * 2 * FIX_QUERY];
    for (size_t i = 0; i < sizeof panel / sizeof *panel; i++)
        panel[i] = (int16_t)((int)rng_below(3, 0, i, 9001) - 4500);
    for (size_t i = 0; i < sizeof query / sizeof *query; i++)
        query[i] = (int16_t)((int)rng_below(4, 0, i, 9001) - 4500);
    for (size_t c = 0; c < 3; c++)
        for (size_t s = 0; s < n_sets; s++) {
            size_t n = counts[c];
            float out[FIX_QUERY * FIX_ROWS], bound[FIX_QUERY];
            uint32_t bits[FIX_QUERY];
            for (size_t q = 0; q < n; q++) bound[q] = q == 0 ? -INFINITY : 0.01f * (float)q;
            set[s]->fix_tile(panel, query, PAIRS, n, bound, out, bits);
            for (size_t q = 0; q < n; q++)
                for (size_t r = 0; r < FIX_ROWS; r++) {
                    int32_t sum = 0;
                    for (size_t p = 0; p < PAIRS; p++)
                        for (size_t h = 0; h < 2; h++)
                            sum += panel[(p * FIX_ROWS + r) * 2 + h] * query[(p * n + q) * 2 + h];
                    float want = (float)sum * (1.0f / ((float)FIX_ONE * FIX_ONE));
                    ck_assert_float_eq(out[q * FIX_ROWS + r], want);
                    ck_assert_uint_eq(bits[q] >> r & 1, want > bound[q]);
                }
        }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("compute");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, detection_is_consistent);
    tcase_add_test(tc, open_honours_the_environment);
    tcase_add_test(tc, dot64_is_eight_lanes_everywhere);
    tcase_add_test(tc, dot_and_gemv_agree_with_double);
    tcase_add_test(tc, axpy_is_one_fused_step);
    tcase_add_test(tc, gather_and_scatter_are_axpys);
    tcase_add_test(tc, gather_of_bytes_is_the_fmaf_chain);
    tcase_add_test(tc, chain_gemm_is_the_fmaf_chain);
    tcase_add_test(tc, half_is_exact);
    tcase_add_test(tc, narrow_dots);
    tcase_add_test(tc, narrow_tables);
    tcase_add_test(tc, long_int8_dot_does_not_overflow);
    tcase_add_test(tc, above_finds_all_and_only);
    tcase_add_test(tc, fix_tile_is_exact);
    return tools_run(tc, "compute");
}
