/* SPDX-License-Identifier: MIT
 *
 * Solvers.  Golden values: numpy 2.4.6 (linalg.eigvalsh, linalg.svd in double, signs turned so that the entry
 * of largest magnitude is positive) and scikit-learn 1.9.1 (linear_model.Ridge(alpha=0.7,
 * solver='cholesky'), one fit per column on its observed rows), on matrices made by cell_of() below.
 */
#include "math_tools.h"

#include "math/mat.h"
#include "math/solve.h"

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
    ck_assert_uint_eq(arena_used(scratch), 0); /* every solver gives its scratch back */
    arena_close(room);
    arena_close(scratch);
    compute_close(&c);
}

static float cell_of(size_t i, size_t j, size_t s)
{
    return (float)((double)((i * 7919 + j * 104729 + i * j * 31 + s) % 2003) / 2003 - 0.5);
}

static void near(double got, double want, double within)
{
    ck_assert_msg(fabs(got - want) <= within, "%.9g wanted %.9g", got, want);
}

START_TEST(cholesky_solves)
{
    enum { N = 23, M = 3 };
    double a[N * N], l[N * N], b[N * M], x[N * M];
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
            a[i * N + j] = i == j ? 3 : 0;
            for (size_t p = 0; p < N; p++)
                a[i * N + j] += (double)cell_of(i, p, 1) * (double)cell_of(j, p, 1);
        }
    for (size_t i = 0; i < N * M; i++) x[i] = b[i] = (double)i - 20;
    memcpy(l, a, sizeof l);
    ck_assert_int_eq(solve_cholesky(l, N, NULL), PM_OK);
    solve_cholesky_apply(l, N, x, M);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < M; j++) {
            double sum = 0;
            for (size_t p = 0; p < N; p++) sum += a[i * N + p] * x[p * M + j];
            near(sum, b[i * M + j], 1e-12);
        }
}
END_TEST

START_TEST(cholesky_names_the_pivot)
{
    double indefinite[9] = {4, 2, 2, 2, 1, 1, 2, 1, 5}; /* the second row is half the first */
    double hole[1] = {NAN};
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(solve_cholesky(indefinite, 3, &err), PM_E_DIVERGED);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "pivot 1 of 3"));
    ck_assert_int_eq(solve_cholesky(hole, 1, &err), PM_E_DIVERGED);
}
END_TEST

static const double ridge_plain[] = {0.7820913484149606,
                                     -0.04166844613716498,
                                     -0.014082145904599223,
                                     -0.04920146969798697,
                                     0.7611542276275995,
                                     -0.0452576175677936,
                                     -0.03864266755874132,
                                     -0.06788865155805583,
                                     0.4894279548775569,
                                     0.0,
                                     0.0,
                                     0.0,
                                     -0.07669850404128468,
                                     -0.05090097304150394,
                                     -0.23456716195196342,
                                     -0.04299941855059376,
                                     0.0314431359077619,
                                     0.07017215104344549,
                                     -0.005281749113001895,
                                     -0.023077615272130328,
                                     -0.11652349536953663};
static const double ridge_weighted[] = {0.891314406983294,
                                        -0.03365814860286712,
                                        -0.024152359844851763,
                                        -0.030458173677659184,
                                        0.889168433336036,
                                        -0.04446544028098258,
                                        -0.025067775084020066,
                                        -0.05080498645660002,
                                        0.6500313816086696,
                                        0.0,
                                        0.0,
                                        0.0,
                                        -0.06444664218723788,
                                        -0.035325837078935836,
                                        -0.21054744972697512,
                                        -0.0351172779467518,
                                        0.004536023000325167,
                                        0.045863904878329476,
                                        -0.001760068079837071,
                                        -0.012614497196231284,
                                        -0.08345186014966036};

START_TEST(ridge_equals_scikit_learn)
{
    enum { N = 40, D = 6, M = 3 };
    float x[N * D], y[N * M], weight[N], w[D * M], intercept[M];
    for (size_t i = 0; i < N; i++) {
        weight[i] = (float)(1 + i % 5);
        for (size_t j = 0; j < D; j++) x[i * D + j] = cell_of(i, j, 0);
        for (size_t j = 0; j < M; j++) y[i * M + j] = j == 1 && i % 4 == 1 ? NAN : cell_of(i, j, 7);
    }
    pm_cmat xm = {x, N, D, D}, ym = {y, N, M, M};
    pm_mat wm = {w, D, M, M};
    for (int weighted = 0; weighted < 2; weighted++) {
        const double *golden = weighted ? ridge_weighted : ridge_plain;
        ck_assert_int_eq(
            solve_ridge(&c, scratch, xm, ym, weighted ? weight : NULL, 0.7, wm, intercept, NULL),
            PM_OK);
        for (size_t i = 0; i < D * M; i++) near((double)w[i], golden[i], 1e-6);
        for (size_t j = 0; j < M; j++) near((double)intercept[j], golden[D * M + j], 1e-6);
    }
}
END_TEST

START_TEST(ridge_does_not_depend_on_threads)
{
    size_t n = 700, d = 50, m = 4;
    pm_cmat x = {tools_floats(room, n * d, 1), n, d, d},
            y = {tools_floats(room, n * m, 2), n, m, m};
    pm_mat one = mat_new(room, d, m), two = mat_new(room, d, m);
    float b1[4], b2[4];
    compute alone = c;
    alone.pool = NULL;
    ck_assert_int_eq(solve_ridge(&c, scratch, x, y, NULL, 1, one, b1, NULL), PM_OK);
    ck_assert_int_eq(solve_ridge(&alone, scratch, x, y, NULL, 1, two, b2, NULL), PM_OK);
    ck_assert(tools_same_bits(one.at, two.at, d * m * sizeof(float)));
    ck_assert(tools_same_bits(b1, b2, sizeof b1));
}
END_TEST

START_TEST(ridge_refusals)
{
    float x[6] = {1, 2, 2, 4, 3, 6}, y[3] = {1, 2, 3}, w[2], b[1], weight[3] = {1, 0, 1};
    pm_cmat xm = {x, 3, 2, 2}, ym = {y, 3, 1, 1};
    pm_mat wm = {w, 2, 1, 1}, bad = {w, 1, 1, 1};
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(solve_ridge(&c, scratch, xm, ym, NULL, 1, bad, b, &err), PM_E_SHAPE);
    ck_assert_int_eq(solve_ridge(&c, scratch, xm, ym, NULL, -1, wm, b, &err), PM_E_ARG);
    ck_assert_int_eq(solve_ridge(&c, scratch, xm, ym, weight, 1, wm, b, &err), PM_E_ARG);
    ck_assert_int_eq(solve_ridge(&c, scratch, xm, ym, NULL, 0, wm, b, &err), PM_E_DIVERGED);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "lambda 0"));
    y[0] = y[1] = y[2] = NAN;
    ck_assert_int_eq(solve_ridge(&c, scratch, xm, ym, NULL, 1, wm, b, &err), PM_E_ARG);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "no observed cell"));
    x[3] = INFINITY;
    ck_assert_int_eq(solve_ridge(&c, scratch, xm, ym, NULL, 1, wm, b, &err), PM_E_ARG);
}
END_TEST

START_TEST(eigenvalues_equal_numpy)
{
    static const double golden[7] = {
        2.2360638657363525,      0.5047302202037633,  2.2097003450936135e-08, 4.41828504653846e-09,
        -1.2855890417846246e-08, -1.2213934555913273, -1.6167546537556916};
    double a[49], value[7];
    for (size_t i = 0; i < 7; i++)
        for (size_t j = 0; j < 7; j++)
            a[i * 7 + j] = (double)cell_of(i, j, 3) + (double)cell_of(j, i, 3);
    ck_assert_int_eq(solve_eigen(a, 7, value, scratch, NULL), PM_OK);
    for (size_t j = 0; j < 7; j++) near(value[j], golden[j], 1e-14);
}
END_TEST

START_TEST(eigenvectors_diagonalise)
{
    static const size_t size[] = {1, 2, 3, 10, 61};
    for (size_t s = 0; s < sizeof size / sizeof *size; s++) {
        size_t n = size[s];
        double *a = arena_alloc(room, n * n, sizeof *a), *v = arena_alloc(room, n * n, sizeof *v);
        double *value = arena_alloc(room, n, sizeof *value);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j <= i; j++) /* a block of the matrix is diagonal: it splits */
                a[i * n + j] = a[j * n + i] = i < n / 3 && i != j ? 0
                                                                  : rng_uniform(1, 0, i * n + j);
        memcpy(v, a, n * n * sizeof *a);
        ck_assert_int_eq(solve_eigen(v, n, value, scratch, NULL), PM_OK);
        for (size_t j = 0; j < n; j++) {
            if (j > 0) ck_assert_double_ge(value[j - 1], value[j]);
            for (size_t i = 0; i < n; i++) {
                double av = 0, vv = 0;
                for (size_t p = 0; p < n; p++) {
                    av += a[i * n + p] * v[p * n + j];
                    vv += v[p * n + i] * v[p * n + j];
                }
                near(av, value[j] * v[i * n + j], 1e-13 * (double)n);
                near(vv, i == j, 1e-14 * (double)n);
            }
        }
    }
    double zero[9] = {0}, hole[1] = {NAN}, value[3];
    ck_assert_int_eq(solve_eigen(zero, 3, value, scratch, NULL), PM_OK);
    ck_assert(value[0] == 0 && value[2] == 0);
    ck_assert_int_eq(solve_eigen(hole, 1, value, scratch, NULL), PM_E_ARG);
}
END_TEST

/* The golden matrix, 12 x 9 with 27 cells; or its transpose. */
static pm_csr small_csr(bool transposed)
{
    size_t rows = transposed ? 9 : 12, cols = transposed ? 12 : 9, nnz = 0;
    uint64_t *start = arena_alloc(room, 13, sizeof *start);
    uint32_t *col = arena_alloc(room, 27, sizeof *col);
    float *val = arena_alloc(room, 27, sizeof *val);
    for (size_t r = 0; r < rows; r++) {
        for (size_t q = 0; q < cols; q++) {
            size_t i = transposed ? q : r, j = transposed ? r : q;
            if ((i * 3 + j * 5) % 4 != 0) continue;
            col[nnz] = (uint32_t)q;
            val[nnz++] = cell_of(i, j, 5);
        }
        start[r + 1] = nnz;
    }
    ck_assert_uint_eq(nnz, 27);
    pm_csr m = {start, col, val, rows, cols};
    return m;
}

static const double svd_values[9] = {0.7051410788917369,  0.6866736765513477,  0.6686618278728165,
                                     0.6377008201342739,  0.5356357933735082,  0.34309646561033363,
                                     0.25522872609880276, 0.12304081048408003, 0.08134529322737523};

static pm_status exact_svd(const compute *with, const pm_csr *a, size_t k, double tolerance,
                           float *singular, pm_mat right, pm_err *err)
{
    return solve_svd(
        with, scratch, a,
        &(svd_want){
            .k = k, .tolerance = tolerance, .seed = 1, .singular = singular, .right = right},
        err);
}

START_TEST(svd_equals_numpy)
{
    static const double v0[9] = {0.827407607694287, 0, 0, 0, 0.07038402662238501, 0, 0, 0,
                                 0.5571738862563793};
    static const double t1[12] = {0, 0.32242826733506696, 0, 0, 0, 0.5473605969840919, 0, 0,
                                  0, 0.7722929426665278,  0, 0};
    float singular[9];
    pm_csr a = small_csr(false), t = small_csr(true);
    pm_mat v = mat_new(room, 9, 9), tv = mat_new(room, 12, 4);
    ck_assert_int_eq(exact_svd(&c, &a, 9, 1e-6, singular, v, NULL), PM_OK);
    for (size_t j = 0; j < 9; j++) near((double)singular[j], svd_values[j], 1e-6);
    for (size_t i = 0; i < 9; i++) near((double)pm_row(v, i)[0], v0[i], 1e-5);
    ck_assert_int_eq(exact_svd(&c, &t, 4, 1e-6, singular, tv, NULL), PM_OK);
    for (size_t j = 0; j < 4; j++) near((double)singular[j], svd_values[j], 1e-6);
    for (size_t i = 0; i < 12; i++) near((double)pm_row(tv, i)[1], t1[i], 1e-5);
}
END_TEST

/* Sparse rows x cols = L R with L, R of the given rank, so that the truth is known to be that rank. */
static pm_csr random_csr(size_t rows, size_t cols, size_t rank, uint64_t seed)
{
    uint64_t *start = arena_alloc(room, rows + 1, sizeof *start);
    uint32_t *col = arena_alloc(room, rows * cols, sizeof *col);
    float *val = arena_alloc(room, rows * cols, sizeof *val);
    uint64_t nnz = 0;
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < cols; j++) {
            double sum = 0;
            if (rank == 0 && rng_uniform(seed, 1, i * cols + j) < 0.1)
                sum = rng_uniform(seed, 2, i * cols + j);
            for (size_t p = 0; p < rank; p++) /* small integers: the product is exact in float32 */
                sum += ((double)rng_below(seed, 3, i * rank + p, 5) - 2) *
                       ((double)rng_below(seed, 4, j * rank + p, 5) - 2);
            if (sum == 0) continue;
            col[nnz] = (uint32_t)j;
            val[nnz++] = (float)sum;
        }
        start[i + 1] = nnz;
    }
    pm_csr m = {start, col, val, rows, cols};
    return m;
}

/* |A'A v - s^2 v| and V'V, in double. */
static void check_svd(const pm_csr *a, size_t k, const float *s, pm_mat v, size_t nonzero,
                      double within)
{
    double *av = arena_alloc(room, a->rows, sizeof *av), *w = arena_alloc(room, a->cols, sizeof *w);
    double top = (double)s[0];
    for (size_t j = 0; j < k; j++) {
        if (j > 0) ck_assert_float_ge(s[j - 1], s[j]);
        ck_assert_msg((s[j] > 0) == (j < nonzero), "value %zu of %zu is %g", j, nonzero,
                      (double)s[j]);
        memset(av, 0, a->rows * sizeof *av);
        memset(w, 0, a->cols * sizeof *w);
        for (size_t r = 0; r < a->rows; r++)
            for (uint64_t e = a->start[r]; e < a->start[r + 1]; e++)
                av[r] += (double)a->val[e] * (double)pm_row(v, a->col[e])[j];
        for (size_t r = 0; r < a->rows; r++)
            for (uint64_t e = a->start[r]; e < a->start[r + 1]; e++)
                w[a->col[e]] += (double)a->val[e] * av[r];
        double lost = 0, largest = 0;
        for (size_t i = 0; i < a->cols; i++) {
            double x = (double)pm_row(v, i)[j], gap = w[i] - (double)s[j] * (double)s[j] * x;
            lost += gap * gap;
            if (fabs(x) > fabs(largest)) largest = x;
        }
        ck_assert_double_le(sqrt(lost), within * top * top);
        ck_assert_msg(largest > 0 || j >= nonzero, "sign of column %zu", j);
        for (size_t q = 0; q <= j; q++) {
            double dot = 0;
            for (size_t i = 0; i < a->cols; i++)
                dot += (double)pm_row(v, i)[j] * (double)pm_row(v, i)[q];
            near(dot, q == j && j < nonzero, 1e-5);
        }
    }
}

START_TEST(svd_of_larger_matrices)
{
    static const size_t shape[][4] = {
        {300, 500, 20, 0}, {500, 300, 20, 0}, {200, 150, 30, 12}, {60, 400, 60, 7}, {5, 3, 3, 0}};
    for (size_t s = 0; s < sizeof shape / sizeof *shape; s++) {
        size_t k = shape[s][2], rank = shape[s][3];
        pm_csr a = random_csr(shape[s][0], shape[s][1], rank, 3);
        float *one = arena_alloc(room, k, sizeof *one), *two = arena_alloc(room, k, sizeof *two);
        pm_mat v = mat_new(room, a.cols, k), v2 = mat_new(room, a.cols, k);
        ck_assert_int_eq(exact_svd(&c, &a, k, 1e-4, one, v, NULL), PM_OK);
        size_t nonzero = rank ? rank : a.rows == 5 ? 0 : k;
        while (a.rows == 5 && nonzero < k && one[nonzero] > 0) nonzero++;
        check_svd(&a, k, one, v, nonzero, 1e-3);
        compute alone = c;
        alone.pool = NULL;
        ck_assert_int_eq(exact_svd(&alone, &a, k, 1e-4, two, v2, NULL), PM_OK);
        ck_assert(tools_same_bits(one, two, k * sizeof *one));
        ck_assert(tools_same_bits(v.at, v2.at, a.cols * k * sizeof(float)));
        arena_reset(room);
    }
}
END_TEST

/* V in bytes is V to half a step of each row, and `right` the same as alone. */
static void check_bytes(const svd_want *w, pm_mat right)
{
    for (size_t i = 0; i < right.rows; i++)
        for (size_t j = 0; j < w->k; j++) {
            double step = (double)w->scale[i], v = (double)pm_row(right, i)[j];
            ck_assert_double_le(fabs(step * w->right_i8[i * w->k + j] - v), 0.5001 * step);
        }
}

START_TEST(randomised_svd_is_near_the_exact_one)
{
    static const size_t shape[][4] = {
        {300, 500, 20, 0}, {500, 300, 20, 0}, {200, 150, 12, 12}, {60, 400, 7, 7}, {5, 3, 3, 0}};
    static const double within[] = {5e-3, 5e-3, 1e-4, 1e-4, 1e-4};
    for (size_t s = 0; s < sizeof shape / sizeof *shape; s++) {
        size_t k = shape[s][2];
        pm_csr a = random_csr(shape[s][0], shape[s][1], shape[s][3], 3);
        float *exact = arena_alloc(room, k, sizeof *exact), *near_it = arena_alloc(room, k, 4),
              *again = arena_alloc(room, k, sizeof *again);
        pm_mat v = mat_new(room, a.cols, k), v2 = mat_new(room, a.cols, k),
               v3 = {arena_alloc(room, a.cols * k, sizeof(float)), a.cols, k, k};
        svd_want w = {.k = k,
                      .is_randomised = true,
                      .oversampling = 180,
                      .power_iterations = 4,
                      .seed = 5,
                      .singular = near_it,
                      .right = v2};
        w.right_i8 = arena_alloc(room, a.cols, k);
        w.scale = arena_alloc(room, a.cols, sizeof *w.scale);
        ck_assert_int_eq(exact_svd(&c, &a, k, 1e-6, exact, v, NULL), PM_OK);
        ck_assert_int_eq(solve_svd(&c, scratch, &a, &w, NULL), PM_OK);
        for (size_t j = 0; j < k; j++)
            near((double)near_it[j], (double)exact[j], within[s] * (double)exact[0] + 1e-9);
        check_bytes(&w, v2);
        compute alone = c;
        alone.pool = NULL;
        int8_t *bytes = w.right_i8;
        w.singular = again, w.right = v3, w.right_i8 = NULL;
        ck_assert_int_eq(solve_svd(&alone, scratch, &a, &w, NULL), PM_OK);
        ck_assert(tools_same_bits(near_it, again, k * sizeof *again));
        for (size_t i = 0; i < a.cols; i++)
            ck_assert(tools_same_bits(pm_row(v2, i), pm_row(v3, i), k * sizeof(float)));
        w.right = (pm_mat){NULL, 0, 0, 0}; /* bytes alone are the same bytes */
        w.right_i8 = arena_alloc(room, a.cols, k);
        ck_assert_int_eq(solve_svd(&alone, scratch, &a, &w, NULL), PM_OK);
        ck_assert_mem_eq(w.right_i8, bytes, a.cols * k);
        arena_reset(room);
    }
}
END_TEST

START_TEST(csr_times_bytes_is_the_product)
{
    static const size_t dims[] = {1, 7, 16, 33, 64, 256, 300};
    pm_csr a = random_csr(30, 5000, 0, 8);
    for (size_t d = 0; d < sizeof dims / sizeof *dims; d++) {
        size_t k = dims[d];
        int8_t *bytes = arena_alloc(room, a.cols, k);
        float *scale = arena_alloc(room, a.cols, sizeof *scale);
        pm_mat out = mat_new(room, a.rows, k);
        for (size_t i = 0; i < a.cols * k; i++) bytes[i] = (int8_t)(rng_below(6, 0, i, 255) - 127);
        for (size_t i = 0; i < a.cols; i++) scale[i] = (float)rng_uniform(6, 1, i);
        out.at[0] = NAN; /* whatever is there */
        solve_csr_i8(&c, &a, bytes, scale, out);
        for (size_t i = 0; i < a.rows; i++)
            for (size_t j = 0; j < k; j++) {
                double sum = 0, size = 0;
                for (uint64_t e = a.start[i]; e < a.start[i + 1]; e++) {
                    double v = (double)a.val[e] * (double)scale[a.col[e]] * bytes[a.col[e] * k + j];
                    sum += v;
                    size += fabs(v);
                }
                ck_assert_double_le(fabs((double)pm_row(out, i)[j] - sum), 1e-4 * size);
            }
    }
}
END_TEST

static pm_status stop(void *arg, double done)
{
    (*(int *)arg)++;
    return done >= 0 ? PM_E_CANCELED : PM_OK;
}

START_TEST(svd_refusals)
{
    pm_err err = PM_ERR_INIT;
    float s[20];
    pm_csr a = random_csr(300, 500, 0, 3), zero = {a.start, a.col, a.val, 0, 0};
    pm_mat v = mat_new(room, 500, 20);
    int calls = 0;
    svd_want stopped = {
        .k = 20, .tolerance = 1e-9, .singular = s, .right = v, .progress = stop, .arg = &calls};
    ck_assert_int_eq(solve_svd(&c, scratch, &a, &stopped, &err), PM_E_CANCELED);
    ck_assert_int_eq(calls, 1);
    ck_assert_int_eq(exact_svd(&c, &a, 301, 1e-3, s, v, &err), PM_E_ARG);
    ck_assert_int_eq(exact_svd(&c, &a, 19, 1e-3, s, v, &err), PM_E_SHAPE);
    ck_assert_int_eq(exact_svd(&c, &a, 20, 0, s, v, &err), PM_E_ARG);
    ck_assert_int_eq(exact_svd(&c, &zero, 1, 1e-3, s, v, &err), PM_E_ARG);
    ((float *)(uintptr_t)a.val)[3] = NAN;
    ck_assert_int_eq(exact_svd(&c, &a, 20, 1e-3, s, v, &err), PM_E_FORMAT);
    uint64_t none[4] = {0}; /* a matrix without entries */
    pm_csr empty = {none, a.col, a.val, 3, 500};
    v.cols = v.ld = 3;
    ck_assert_int_eq(exact_svd(&c, &empty, 3, 1e-3, s, v, &err), PM_OK);
    ck_assert(s[0] == 0 && s[2] == 0 && v.at[0] == 0);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("solve");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, cholesky_solves);
    tcase_add_test(tc, cholesky_names_the_pivot);
    tcase_add_test(tc, ridge_equals_scikit_learn);
    tcase_add_test(tc, ridge_does_not_depend_on_threads);
    tcase_add_test(tc, ridge_refusals);
    tcase_add_test(tc, eigenvalues_equal_numpy);
    tcase_add_test(tc, eigenvectors_diagonalise);
    tcase_add_test(tc, svd_equals_numpy);
    tcase_add_test(tc, svd_of_larger_matrices);
    tcase_add_test(tc, randomised_svd_is_near_the_exact_one);
    tcase_add_test(tc, csr_times_bytes_is_the_product);
    tcase_add_test(tc, svd_refusals);
    return tools_run(tc, "solve");
}
