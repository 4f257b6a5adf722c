/* SPDX-License-Identifier: MIT
 *
 * Nearest rows against a brute force over the canonical similarities, bit for bit: batch and single query,
 * every element type, every kernel set, any thread count; ties, zeros, hostile tables, no allocation.
 */
#include "math_tools.h"

#include "math/half.h"
#include "math/mat.h"
#include "math/neighbours.h"

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

/* Clustered rows, so that ranks are close together; with duplicates and zero rows. */
static pm_cmat rows_of(size_t n, size_t cols, uint64_t seed)
{
    float *at = tools_floats(room, n * cols, seed), *centre = tools_floats(room, 5 * cols, 99);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < cols; j++) {
            at[i * cols + j] = 0.3f * at[i * cols + j] + centre[i % 5 * cols + j];
            if (i % 11 == 10) at[i * cols + j] = at[(i - 7) * cols + j];
            if (i % 97 == 50) at[i * cols + j] = 0;
        }
    pm_cmat m = {at, n, cols, cols};
    return m;
}

static void unit(const float *x, size_t n, float *out)
{
    double sum = 0;
    for (size_t j = 0; j < n; j++) sum += (double)x[j] * (double)x[j];
    double scale = sum > 0 ? 1 / sqrt(sum) : 0;
    for (size_t j = 0; j < n; j++) out[j] = (float)((double)x[j] * scale);
}

static void stored(const table *t, size_t r, float *out)
{
    for (size_t j = 0; j < t->cols; j++)
        out[j] = t->store_as == PM_F32 ? ((const float *)t->at)[r * t->ld + j]
                 : t->store_as == PM_F16
                     ? half_to_float(((const uint16_t *)t->at)[r * t->ld + j])
                     : t->scale[r] * (float)((const int8_t *)t->at)[r * t->ld + j];
}

/* Insertion into a sorted list: slow and obvious. */
static void insert(uint32_t *index, float *sim, size_t k, uint32_t row, float s)
{
    size_t at = k;
    while (at > 0 && (index[at - 1] == PM_NO_COL || sim[at - 1] < s)) at--;
    if (at == k) return;
    memmove(index + at + 1, index + at, (k - 1 - at) * sizeof *index);
    memmove(sim + at + 1, sim + at, (k - 1 - at) * sizeof *sim);
    index[at] = row;
    sim[at] = s;
}

static void brute(const table *t, pm_cmat q, size_t k, uint32_t *index, float *sim)
{
    float *x = arena_alloc(room, t->cols, sizeof *x), *y = arena_alloc(room, t->cols, sizeof *y);
    for (size_t i = 0; i < q.rows * k; i++) {
        index[i] = PM_NO_COL;
        sim[i] = -2;
    }
    for (size_t i = 0; i < q.rows; i++) {
        unit(pm_crow(q, i), t->cols, x);
        for (size_t r = 0; r < t->rows; r++) {
            stored(t, r, y);
            float s = (float)c.k->dot64(x, y, t->cols);
            insert(index + i * k, sim + i * k, k, (uint32_t)r, s);
        }
    }
}

static void check_table(const table *t, pm_cmat q, size_t k)
{
    size_t cells = q.rows * k;
    uint32_t *index = arena_alloc(room, 2 * cells, sizeof *index), *want = index + cells;
    float *sim = arena_alloc(room, 2 * cells, sizeof *sim), *want_sim = sim + cells;
    brute(t, q, k, want, want_sim);
    const kernels *set[4];
    size_t n_sets = tools_kernels(set);
    for (size_t s = 0; s < n_sets; s++)
        for (int alone = 0; alone < 3; alone++) { /* all at once; one by one; without the pool */
            compute forced = c;
            forced.k = set[s];
            threads *pool = alone == 2 ? NULL : c.pool;
            size_t step = alone == 1 ? 1 : q.rows;
            memset(index, 0xee, cells * sizeof *index);
            for (size_t i = 0; i < q.rows; i += step)
                ck_assert_int_eq(table_best(&forced, pool, scratch, t, cmat_rows(q, i, step), k,
                                            index + i * k, sim + i * k, NULL),
                                 PM_OK);
            for (size_t i = 0; i < cells; i++)
                ck_assert_msg(index[i] == want[i] && tools_same_bits(&sim[i], &want_sim[i], 4),
                              "type %d %s way %d k %zu query %zu place %zu: %u %.9g wanted %u %.9g",
                              (int)t->store_as, set[s]->name, alone, k, i / k, i % k, index[i],
                              (double)sim[i], want[i], (double)want_sim[i]);
        }
}

START_TEST(equals_brute_force)
{
    static const size_t shape[][3] = {
        {500, 24, 40}, {333, 37, 1}, {30, 5, 7}, {7, 1, 3}, {40, 16, 60}};
    static const pm_dtype type[] = {PM_F32, PM_F16, PM_I8};
    for (size_t s = 0; s < sizeof shape / sizeof *shape; s++)
        for (size_t d = 0; d < 3; d++) {
            table t;
            ck_assert_int_eq(
                table_build(&c, room, rows_of(shape[s][0], shape[s][1], 1), type[d], &t, NULL),
                PM_OK);
            check_table(&t, rows_of(29, shape[s][1], 1 + s), shape[s][2]);
            arena_reset(room);
        }
}
END_TEST

START_TEST(few_queries_share_a_pass)
{
    table t;
    ck_assert_int_eq(table_build(&c, room, rows_of(2100, 33, 1), PM_F32, &t, NULL), PM_OK);
    for (size_t n = 1; n <= 13; n++) check_table(&t, rows_of(n, 33, 7), 5);
}
END_TEST

START_TEST(ties_go_to_the_earlier_row)
{
    float *at = arena_alloc(room, 3000 * 8, sizeof *at),
          q[16] = {0.1f, 0.9f, -0.2f, 0, 0, 0, 0, 0.4f};
    for (size_t i = 0; i < 3000; i++)
        for (size_t j = 0; j < 8; j++)
            at[i * 8 + j] = (float)(i % 3 == 0) * q[j] + (float)(j == i % 2);
    pm_cmat m = {at, 3000, 8, 8}, qm = {q, 2, 8, 8}; /* the second query is zero */
    for (int d = 0; d < 3; d++) {
        table t;
        ck_assert_int_eq(table_build(&c, room, m,
                                     d == 0   ? PM_F32
                                     : d == 1 ? PM_F16
                                              : PM_I8,
                                     &t, NULL),
                         0);
        check_table(&t, qm, 700);
        uint32_t index[4];
        float sim[4];
        ck_assert_int_eq(table_best(&c, c.pool, scratch, &t, qm, 2, index, sim, NULL), PM_OK);
        ck_assert(index[0] == 3 && index[1] == 9 && index[2] == 0 && index[3] == 1);
        ck_assert(sim[0] == sim[1] && sim[2] == 0 && sim[3] == 0);
    }
}
END_TEST

START_TEST(empty_tables_and_batches)
{
    table t;
    float q[3] = {1, 2, 3};
    pm_cmat none = {q, 0, 3, 3}, one = {q, 1, 3, 3};
    uint32_t index[2];
    float sim[2];
    ck_assert_int_eq(table_build(&c, room, none, PM_F32, &t, NULL), PM_OK);
    ck_assert_int_eq(table_best(&c, c.pool, scratch, &t, one, 2, index, sim, NULL), PM_OK);
    ck_assert(index[0] == PM_NO_COL && index[1] == PM_NO_COL && sim[0] == -2);
    ck_assert_int_eq(table_best(&c, c.pool, scratch, &t, none, 2, index, sim, NULL), PM_OK);
}
END_TEST

START_TEST(refusals)
{
    table t, blank;
    pm_err err = PM_ERR_INIT;
    float q[3] = {1, 2, NAN};
    pm_cmat bad = {q, 1, 3, 3}, good = {q, 1, 2, 2};
    uint32_t index[1];
    float sim[1];
    ck_assert_int_eq(table_build(&c, room, bad, PM_F32, &t, &err), PM_E_ARG);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "row 0, column 2"));
    ck_assert_int_eq(table_build(&c, room, good, PM_U64, &t, &err), PM_E_ARG);
    ck_assert_int_eq(table_build(&c, room, good, PM_F32, &t, &err), PM_OK);
    ck_assert_int_eq(table_best(&c, NULL, scratch, &t, bad, 1, index, sim, &err), PM_E_SHAPE);
    ck_assert_int_eq(table_best(&c, NULL, scratch, &t, good, 0, index, sim, &err), PM_E_ARG);
    q[1] = INFINITY;
    ck_assert_int_eq(table_best(&c, NULL, scratch, &t, good, 1, index, sim, &err), PM_E_ARG);
    memset(&blank, 0, sizeof blank);
    ck_assert_int_eq(table_best(&c, NULL, scratch, &blank, good, 1, index, sim, &err),
                     PM_E_NOT_TRAINED);
    float *cell = (float *)(uintptr_t)t.at;
    cell[0] = 12; /* as a damaged checkpoint might */
    ck_assert_int_eq(table_index_dense(&c, room, &t, &err), PM_E_FORMAT);
    cell[0] = NAN;
    ck_assert_int_eq(table_index_dense(&c, room, &t, &err), PM_E_FORMAT);
}
END_TEST

START_TEST(nothing_is_allocated_once_warm)
{
    table t;
    ck_assert_int_eq(table_build(&c, room, rows_of(700, 48, 1), PM_F32, &t, NULL), PM_OK);
    pm_cmat q = rows_of(50, 48, 2);
    uint32_t index[50 * 9];
    float sim[50 * 9];
    ck_assert_int_eq(table_best(&c, c.pool, scratch, &t, q, 9, index, sim, NULL), PM_OK);
    size_t before = mem_count(), peak = arena_peak(scratch);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(table_best(&c, c.pool, scratch, &t, cmat_rows(q, 0, i % 2 ? 1 : 50), 9,
                                    index, sim, NULL),
                         0);
    ck_assert_uint_eq(mem_count(), before);
    ck_assert_uint_eq(arena_peak(scratch), peak);
    ck_assert_uint_eq(arena_used(scratch), 0);
}
END_TEST

/* Random sparse rows; every 13th is empty, every 7th repeats an earlier one. */
static pm_csr sparse_of(size_t n, size_t cols, size_t most, uint64_t seed, bool has_signs)
{
    uint64_t *start = arena_alloc(room, n + 1, sizeof *start);
    uint32_t *col = arena_alloc(room, n * most, sizeof *col);
    float *val = arena_alloc(room, n * most, sizeof *val);
    for (size_t i = 0; i < n; i++) {
        uint64_t e = start[i], like = i % 7 == 6 ? i - 5 : i;
        size_t gap = 1 + 2 * cols / most;
        for (size_t j = rng_below(seed, 1, like, gap); j < cols && e - start[i] < most && i % 13;) {
            double v = rng_uniform(seed, 2, like * cols + j) - (has_signs ? 0.5 : 0);
            col[e] = (uint32_t)j;
            val[e++] = (float)v;
            j += 1 + rng_below(seed, 3, like * cols + j, gap);
        }
        start[i + 1] = e;
    }
    pm_csr m = {start, col, val, n, cols};
    return m;
}

static void brute_sparse(const table *t, const pm_csr *q, size_t k, uint32_t *index, float *sim)
{
    double *x = arena_alloc(room, t->cols, sizeof *x);
    for (size_t i = 0; i < q->rows * k; i++) {
        index[i] = PM_NO_COL;
        sim[i] = -2;
    }
    for (size_t i = 0; i < q->rows; i++) {
        size_t n = (size_t)(q->start[i + 1] - q->start[i]);
        float *u = arena_alloc(room, n, sizeof *u);
        unit(q->val + q->start[i], n, u);
        memset(x, 0, t->cols * sizeof *x);
        for (size_t e = 0; e < n; e++) x[q->col[q->start[i] + e]] = (double)u[e];
        for (size_t r = 0; r < t->rows; r++) {
            double s = 0;
            for (uint64_t e = t->sparse.start[r]; e < t->sparse.start[r + 1]; e++)
                s += x[t->sparse.col[e]] * (double)t->sparse.val[e];
            insert(index + i * k, sim + i * k, k, (uint32_t)r, (float)s);
        }
    }
}

START_TEST(sparse_equals_brute_force)
{
    for (int has_signs = 0; has_signs < 2; has_signs++)
        for (size_t k = 1; k <= 450; k = k * 7 + 1) {
            table t;
            pm_csr rows = sparse_of(400, 300, 12, 1, has_signs),
                   q = sparse_of(40, 300, 12, 2, has_signs);
            ck_assert_int_eq(table_build_sparse(room, &rows, &t, NULL), PM_OK);
            size_t cells = q.rows * k;
            uint32_t *index = arena_alloc(room, 2 * cells, sizeof *index), *want = index + cells;
            float *sim = arena_alloc(room, 2 * cells, sizeof *sim), *want_sim = sim + cells;
            brute_sparse(&t, &q, k, want, want_sim);
            for (int alone = 0; alone < 2; alone++) {
                for (size_t i = 0; i < q.rows; i += alone ? 1 : q.rows) {
                    pm_csr part = {q.start + i, q.col, q.val, alone ? 1 : q.rows, q.cols};
                    ck_assert_int_eq(table_best_sparse(&c, c.pool, scratch, &t, &part, k,
                                                       index + i * k, sim + i * k, NULL),
                                     PM_OK);
                }
                for (size_t i = 0; i < cells; i++)
                    ck_assert_msg(index[i] == want[i] && sim[i] == want_sim[i],
                                  "k %zu query %zu place %zu: %u %.9g wanted %u %.9g", k, i / k,
                                  i % k, index[i], (double)sim[i], want[i], (double)want_sim[i]);
            }
            arena_reset(room);
        }
}
END_TEST

START_TEST(sparse_refusals)
{
    table t;
    pm_err err = PM_ERR_INIT;
    uint64_t start[3] = {0, 2, 3};
    uint32_t col[3] = {1, 0, 2}, index[4];
    float val[3] = {1, 1, 1}, sim[4];
    pm_csr m = {start, col, val, 2, 3};
    ck_assert_int_eq(table_build_sparse(room, &m, &t, &err), PM_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "row 0: column 0"));
    col[0] = 0;
    col[1] = 3;
    ck_assert_int_eq(table_build_sparse(room, &m, &t, &err), PM_E_FORMAT);
    col[1] = 1;
    val[2] = NAN;
    ck_assert_int_eq(table_build_sparse(room, &m, &t, &err), PM_E_ARG);
    val[2] = 1;
    ck_assert_int_eq(table_build_sparse(room, &m, &t, &err), PM_OK);
    size_t before;
    ck_assert_int_eq(table_best_sparse(&c, NULL, scratch, &t, &m, 2, index, sim, &err), PM_OK);
    before = mem_count();
    ck_assert_int_eq(table_best_sparse(&c, NULL, scratch, &t, &m, 2, index, sim, &err), PM_OK);
    ck_assert_uint_eq(mem_count(), before);
    ck_assert(index[0] == 0 && index[1] == 1 && index[2] == 1 && index[3] == 0);
    m.cols = 4;
    ck_assert_int_eq(table_best_sparse(&c, NULL, scratch, &t, &m, 2, index, sim, &err), PM_E_SHAPE);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("neighbours");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, equals_brute_force);
    tcase_add_test(tc, few_queries_share_a_pass);
    tcase_add_test(tc, ties_go_to_the_earlier_row);
    tcase_add_test(tc, empty_tables_and_batches);
    tcase_add_test(tc, refusals);
    tcase_add_test(tc, nothing_is_allocated_once_warm);
    tcase_add_test(tc, sparse_equals_brute_force);
    tcase_add_test(tc, sparse_refusals);
    return tools_run(tc, "neighbours");
}
