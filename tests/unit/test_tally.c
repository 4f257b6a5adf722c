/* SPDX-License-Identifier: MIT
 *
 * Similarity-weighted sums against the formula in double, and bit for bit against themselves: one query or many,
 * every kernel set, any thread count, every element type, odd shapes, several entries a row; bad input.
 */
#include "math_tools.h"

#include "math/half.h"
#include "math/mat.h"
#include "math/scan.h"
#include "math/tally.h"

static compute c;
static arena *room, *scratch;

static void setup(void)
{
    ck_assert_int_eq(compute_open(2, &c, NULL), PM_OK);
    room = arena_open(0);
    scratch = arena_open(0);
}
static void teardown(void)
{
    arena_close(room);
    arena_close(scratch);
    compute_close(&c);
}

static const pm_dtype types[] = {PM_F32, PM_F16, PM_I8};

/* Rows around five centres; some zero. */
static pm_cmat rows_of(size_t n, size_t cols, uint64_t seed)
{
    float *at = tools_floats(room, n * cols, seed), *centre = tools_floats(room, 5 * cols, 99);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < cols; j++)
            at[i * cols + j] = i % 97 == 50 ? 0 : at[i * cols + j] + centre[i % 5 * cols + j];
    return (pm_cmat){at, n, cols, cols};
}

static table table_of(pm_cmat rows, pm_dtype type)
{
    table t;
    ck_assert_int_eq(table_build(&c, room, rows, type, &t, NULL), PM_OK);
    return t;
}

/* Zero to three entries a row, classes and amounts at random; some amounts are halves. */
static pm_tally entries_of(size_t rows, size_t classes, bool has_start, uint64_t seed)
{
    uint64_t *start = arena_alloc(room, rows + 1, sizeof *start);
    for (size_t r = 0; r < rows; r++)
        start[r + 1] = start[r] + (has_start ? rng_below(seed, 1, r, 4) : 1);
    size_t n = (size_t)start[rows];
    uint32_t *cls = arena_alloc(room, n, sizeof *cls);
    float *amount = arena_alloc(room, n, sizeof *amount);
    double *base = arena_alloc(room, classes, sizeof *base);
    for (size_t e = 0; e < n; e++) {
        cls[e] = (uint32_t)rng_below(seed, 2, e, classes);
        amount[e] = e % 3 == 0 ? 0.5f : (float)rng_uniform(seed, 3, e);
    }
    for (size_t k = 0; k < classes; k++) base[k] = (double)k;
    return (pm_tally){.size = sizeof(pm_tally),
                      .gamma = 10,
                      .start = has_start ? start : NULL,
                      .cls = cls,
                      .amount = has_start ? amount : NULL,
                      .n_classes = classes,
                      .base = has_start ? base : NULL};
}

static void stored(const table *t, size_t r, float *out)
{
    for (size_t j = 0; j < t->cols; j++)
        out[j] = t->store_as == PM_F32 ? ((const float *)t->at)[r * t->ld + j]
                 : t->store_as == PM_F16
                     ? half_to_float(((const uint16_t *)t->at)[r * t->ld + j])
                     : t->scale[r] * (float)((const int8_t *)t->at)[r * t->ld + j];
}

/* The definition, in double; returns the maximum. */
static double formula(const table *t, const float *query, const pm_tally *how, double *out)
{
    double norm = 0, most = -2, *s = arena_alloc(room, t->rows, sizeof *s);
    float *x = arena_alloc(room, t->cols, sizeof *x);
    for (size_t j = 0; j < t->cols; j++) norm += (double)query[j] * (double)query[j];
    for (size_t r = 0; r < t->rows; r++) {
        stored(t, r, x);
        for (size_t j = 0; j < t->cols; j++) s[r] += (double)x[j] * (double)query[j];
        s[r] = norm > 0 ? s[r] / sqrt(norm) : 0;
        bool has = !how->start || how->start[r + 1] > how->start[r];
        if (has && s[r] > most) most = s[r];
    }
    for (size_t k = 0; k < how->n_classes; k++) out[k] = how->base ? how->base[k] : 0;
    for (size_t r = 0; r < t->rows; r++) {
        size_t lo = how->start ? (size_t)how->start[r] : r;
        size_t hi = how->start ? (size_t)how->start[r + 1] : r + 1;
        for (size_t e = lo; e < hi; e++)
            out[how->cls[e]] += pow(how->gamma, 1 + (most > 0 ? s[r] / most : 0)) *
                                (how->amount ? (double)how->amount[e] : 1);
    }
    return most;
}

static void must(const table *t, pm_cmat q, const pm_tally *how, double *out, float *near)
{
    pm_err err = PM_ERR_INIT;
    pm_status s = table_tally(&c, c.pool, scratch, t, q, how, out, near, &err);
    ck_assert_msg(s == PM_OK, "%s", err_text(&err));
}

START_TEST(equals_the_formula)
{
    enum { ROWS = 5000, COLS = 100, CLASSES = 30, QUERIES = 20 };
    pm_cmat rows = rows_of(ROWS, COLS, 1), q = rows_of(QUERIES, COLS, 2);
    for (size_t i = 0; i < 6; i++) {
        table t = table_of(rows, types[i % 3]);
        pm_tally how = entries_of(ROWS, CLASSES, i < 3, 5);
        double out[QUERIES * CLASSES], want[CLASSES];
        float near[QUERIES], best[QUERIES];
        uint32_t at[QUERIES];
        must(&t, q, &how, out, near);
        for (size_t k = 0; k < QUERIES; k++) {
            double most = formula(&t, pm_crow(q, k), &how, want);
            ck_assert_double_eq_tol((double)near[k], most, 1e-6);
            for (size_t j = 0; j < CLASSES; j++)
                ck_assert_double_eq_tol(out[k * CLASSES + j] / want[j], 1,
                                        types[i % 3] == PM_I8 ? 1e-2 : 3e-6);
        }
        if (how.start) continue;
        ck_assert_int_eq(table_best(&c, c.pool, scratch, &t, q, 1, at, best, NULL), PM_OK);
        ck_assert(tools_same_bits(near, best, sizeof near));
    }
}
END_TEST

/* A shape on every kernel set, with 1 and 3 threads, alone and together: all of the same bits. */
static void same_everywhere(size_t rows, size_t cols, size_t queries, size_t classes, pm_dtype type)
{
    const kernels *sets[4], *kept = c.k;
    size_t n_sets = tools_kernels(sets), n = queries * classes;
    table t = table_of(rows_of(rows, cols, 3), type);
    pm_cmat q = rows_of(queries, cols, 4);
    pm_tally how = entries_of(rows, classes, rows % 2 == 1, 6);
    threads *pools[2] = {NULL, threads_open(3)};
    double *want = arena_alloc(room, n, sizeof *want), *out = arena_alloc(room, n, sizeof *out);
    float *near = arena_alloc(room, queries, sizeof *near),
          *nearest = arena_alloc(room, queries, sizeof *near);
    for (size_t s = 0; s < n_sets; s++)
        for (size_t p = 0; p < 2; p++) {
            c.k = sets[s];
            bool is_first = s == 0 && p == 0;
            ck_assert_int_eq(table_tally(&c, pools[p], scratch, &t, q, &how, is_first ? want : out,
                                         is_first ? near : nearest, NULL),
                             PM_OK);
            if (is_first) continue;
            ck_assert_msg(tools_same_bits(want, out, n * sizeof *out) &&
                              tools_same_bits(near, nearest, queries * sizeof *near),
                          "%zu x %zu, %zu queries, type %d, %s", rows, cols, queries, (int)type,
                          sets[s]->name);
        }
    c.k = kept;
    for (size_t i = 0; i < queries; i++) {
        must(&t, cmat_rows(q, i, 1), &how, out, nearest);
        ck_assert(tools_same_bits(want + i * classes, out, classes * sizeof *out));
        ck_assert(tools_same_bits(near + i, nearest, sizeof *near));
    }
    threads_close(pools[1]);
}

START_TEST(bits_do_not_depend_on_how)
{
    static const size_t shape[][4] = {{1, 1, 1, 1},      {63, 16, 2, 3},    {64, 64, 16, 5},
                                      {65, 63, 17, 100}, {131, 65, 5, 7},   {130, 130, 33, 9},
                                      {67, 257, 3, 1},   {9001, 24, 7, 40}, {4100, 7, 2, 5000}};
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
        for (size_t k = 0; k < 3; k++)
            same_everywhere(shape[i][0], shape[i][1], shape[i][2], shape[i][3], types[k]);
}
END_TEST

START_TEST(many_queries_go_in_passes)
{
    for (size_t k = 0; k < 3; k++) same_everywhere(70, 20, 270, 3, types[k]);
}
END_TEST

START_TEST(weights_are_powers)
{
    const kernels *sets[4];
    size_t n_sets = tools_kernels(sets);
    float s[4096], w[4096], first[4096];
    for (size_t i = 0; i < 4096; i++) s[i] = (float)i / 2048 - 0.999f;
    s[0] = -INFINITY;
    s[1] = -3e38f;
    for (size_t k = 0; k < n_sets; k++) {
        sets[k]->scan->weigh(s, 4096, 1 / 0.9f, (float)log2(10), w);
        for (size_t i = 2; i < 4096; i++) {
            double x = (double)s[i] / 0.9;
            ck_assert_double_eq_tol((double)w[i] / pow(10, x < 1 ? x : 1), 1, 1e-6);
        }
        ck_assert(w[0] >= 0 && w[0] < 1e-35f && w[1] >= 0 && w[1] < 1e-35f);
        if (k == 0) memcpy(first, w, sizeof w);
        ck_assert(tools_same_bits(w, first, sizeof w));
    }
}
END_TEST

/* Where nothing is similar every row weighs gamma: a zero query, and rows that all point away. */
START_TEST(without_a_positive_maximum)
{
    const float at[6] = {-1, 0, -2, -2, 0, 0}, query[4] = {0, 0, 1, 0};
    const uint32_t cls[3] = {0, 1, 1};
    const uint64_t start[4] = {0, 1, 2, 2}, none[4] = {0};
    pm_tally how = {sizeof how, 10, NULL, cls, NULL, 2, NULL};
    for (size_t k = 0; k < 3; k++) {
        table t = table_of((pm_cmat){at, 3, 2, 2}, types[k]);
        double out[4];
        float near[2];
        how.start = NULL;
        must(&t, (pm_cmat){query, 2, 2, 2}, &how, out, near);
        for (size_t i = 0; i < 2; i++) {
            ck_assert_double_eq_tol(out[2 * i], 10, 1e-12);
            ck_assert_double_eq_tol(out[2 * i + 1], 20, 1e-12);
            ck_assert_float_eq(near[i], 0);
        }
        how.start = start; /* the zero row has no entries */
        must(&t, (pm_cmat){query, 2, 2, 2}, &how, out, near);
        ck_assert_double_eq_tol(out[3], 10, 1e-12);
        ck_assert(near[1] < -0.7f && near[1] > -0.72f);
        how.start = none;
        must(&t, (pm_cmat){query, 2, 2, 2}, &how, out, near);
        ck_assert_double_eq(out[2], 0);
        ck_assert_float_eq(near[1], 0);
    }
}
END_TEST

/* Nearest rows that int8 cannot tell apart: the maximum is still the exact one. */
START_TEST(the_maximum_is_exact)
{
    enum { ROWS = 3000, COLS = 48 };
    float *at = tools_floats(room, ROWS * COLS, 7), *centre = tools_floats(room, COLS, 8);
    for (size_t i = 0; i < ROWS * COLS; i++) at[i] = centre[i % COLS] + 0.002f * at[i];
    pm_cmat rows = {at, ROWS, COLS, COLS}, q = {centre, 1, COLS, COLS};
    pm_tally how = entries_of(ROWS, 3, false, 1);
    for (size_t k = 0; k < 3; k++) {
        table t = table_of(rows, types[k]);
        double out[3];
        float near, best;
        uint32_t index;
        must(&t, q, &how, out, &near);
        ck_assert_int_eq(table_best(&c, c.pool, scratch, &t, q, 1, &index, &best, NULL), PM_OK);
        ck_assert(tools_same_bits(&near, &best, sizeof near));
    }
}
END_TEST

static void refused(const table *t, pm_cmat q, const pm_tally *how, pm_status want,
                    const char *says)
{
    double out[8];
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(table_tally(&c, c.pool, scratch, t, q, how, out, NULL, &err), want);
    ck_assert_msg(strstr(err_text(&err), says) != NULL, "%s", err_text(&err));
}

START_TEST(bad_input_is_refused)
{
    float at[6] = {1, 0, 0, 1, 1, 1}, query[2] = {1, 1}, amount[3] = {1, 1, 1};
    uint32_t cls[3] = {0, 1, 1};
    uint64_t start[4] = {0, 2, 1, 3};
    double base[2] = {0, INFINITY};
    table t = table_of((pm_cmat){at, 3, 2, 2}, PM_F32), empty = {0};
    pm_cmat q = {query, 1, 2, 2};
    pm_tally good = {sizeof good, 10, NULL, cls, amount, 2, NULL}, how = good;
    refused(&t, (pm_cmat){query, 1, 1, 1}, &good, PM_E_SHAPE, "1 columns, the table has 2");
    refused(&empty, q, &good, PM_E_UNSUPPORTED, "sparse");
    empty.store_as = PM_I8;
    refused(&empty, q, &good, PM_E_NOT_TRAINED, "no index");
    empty.cols = TALLY_I8_COLS + 1;
    refused(&empty, q, &good, PM_E_UNSUPPORTED, "at most 65536");
    how.gamma = 0.5;
    refused(&t, q, &how, PM_E_ARG, "gamma: found 0.5");
    how.gamma = NAN;
    refused(&t, q, &how, PM_E_ARG, "gamma");
    how = good;
    how.n_classes = 0;
    refused(&t, q, &how, PM_E_ARG, "no classes");
    how.n_classes = 1;
    refused(&t, q, &how, PM_E_ARG, "entry 1 has class 1 of 1");
    how = good;
    how.start = start;
    refused(&t, q, &how, PM_E_ARG, "the entries of row 1");
    start[1] = 5;
    refused(&t, q, &how, PM_E_ARG, "the entries of row 0");
    how = good;
    amount[2] = NAN;
    refused(&t, q, &how, PM_E_ARG, "amount of entry 2");
    amount[2] = 1;
    how.base = base;
    refused(&t, q, &how, PM_E_ARG, "base[1]");
    query[1] = INFINITY;
    refused(&t, q, &good, PM_E_ARG, "column 1 is not finite");
}
END_TEST

START_TEST(empty_shapes)
{
    float none = 0;
    double out[2] = {7, 7}, base[2] = {1, 2};
    float near = 5;
    uint32_t cls = 0;
    pm_tally how = {sizeof how, 10, NULL, &cls, NULL, 2, base};
    table t = table_of((pm_cmat){&none, 0, 4, 4}, PM_F32);
    float query[4] = {1, 2, 3, 4};
    must(&t, (pm_cmat){query, 1, 4, 4}, &how, out, &near);
    ck_assert_double_eq(out[0], 1);
    ck_assert_double_eq(out[1], 2);
    ck_assert_float_eq(near, 0);
    must(&t, (pm_cmat){query, 0, 4, 4}, &how, out, &near);
    table flat = table_of((pm_cmat){&none, 1, 0, 0}, PM_I8);
    must(&flat, (pm_cmat){query, 1, 0, 0}, &how, out, &near);
    ck_assert_double_eq_tol(out[0], 11, 1e-12);
}
END_TEST

START_TEST(nothing_is_allocated_once_warm)
{
    pm_tally how = entries_of(3000, 50, true, 6);
    double *out = arena_alloc(room, 20 * 50, sizeof *out);
    for (size_t k = 0; k < 3; k++) {
        table t = table_of(rows_of(3000, 40, 3), types[k]);
        pm_cmat q = rows_of(20, 40, 4);
        for (size_t n = 1; n <= 20; n += 19) {
            must(&t, cmat_rows(q, 0, n), &how, out, NULL);
            size_t before = mem_count();
            must(&t, cmat_rows(q, 0, n), &how, out, NULL);
            ck_assert_uint_eq(mem_count(), before);
        }
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("tally");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, equals_the_formula);
    tcase_add_test(tc, bits_do_not_depend_on_how);
    tcase_add_test(tc, many_queries_go_in_passes);
    tcase_add_test(tc, weights_are_powers);
    tcase_add_test(tc, without_a_positive_maximum);
    tcase_add_test(tc, the_maximum_is_exact);
    tcase_add_test(tc, bad_input_is_refused);
    tcase_add_test(tc, empty_shapes);
    tcase_add_test(tc, nothing_is_allocated_once_warm);
    return tools_run(tc, "tally");
}
