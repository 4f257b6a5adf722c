/* SPDX-License-Identifier: MIT
 *
 * Rows of activations against their formulas in double, derivatives against finite differences of those, every
 * instruction set against every other, rows against rows alone.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "math/rows.h"
#include "math_tools.h"

static const size_t widths[] = {1, 7, 16, 33, 64, 100, 384, 577, 1536};
enum { N_WIDTHS = sizeof widths / sizeof *widths, ROWS = 5, LD = 1600 };

/* Runs `f` with every kernel set on copies of x [ROWS x LD]; all must give the first one's bits, which stay in x. */
typedef struct trial {
    float x[ROWS * LD], y[ROWS * LD], g[LD], b[LD], extra[2 * LD];
    uint32_t id[ROWS];
    size_t cols;
    int mode;
} trial;

typedef void trial_run(const compute *c, trial *t);

static void fill(trial *t, size_t cols, float size, uint64_t seed)
{
    memset(t, 0, sizeof *t);
    t->cols = cols;
    tools_fill(t->x, ROWS * LD, seed);
    tools_fill(t->y, ROWS * LD, seed + 1);
    tools_fill(t->g, LD, seed + 2);
    tools_fill(t->b, LD, seed + 3);
    for (size_t i = 0; i < ROWS * LD; i++) t->x[i] *= size;
    for (uint32_t r = 0; r < ROWS; r++) t->id[r] = (uint32_t)(rng_bits(seed, 9, r) % cols);
}

static void everywhere(trial_run *f, trial *t)
{
    const kernels *k[4];
    const size_t n = tools_kernels(k);
    trial *was = malloc(sizeof *t), *now = malloc(sizeof *t);
    ck_assert(was && now);
    memcpy(was, t, sizeof *t);
    for (size_t i = 0; i < n; i++) {
        memcpy(now, was, sizeof *t);
        f(&(compute){.k = k[i]}, now);
        if (i == 0) memcpy(t, now, sizeof *t);
        ck_assert_msg(tools_same_bits(t, now, sizeof *t), "%s, %zu columns", k[i]->name, t->cols);
    }
    free(was);
    free(now);
}

static pm_mat mat(float *at, size_t cols)
{
    return (pm_mat){at, ROWS, cols, LD};
}
static pm_cmat cmat(const float *at, size_t cols)
{
    return (pm_cmat){at, ROWS, cols, LD};
}

/* ---- norms --------------------------------------------------------------------------------------------- */

/* Modes: 0 layer norm, 1 without b, 2 RMS. */
static void norm(const compute *c, trial *t)
{
    if (t->mode == 2)
        rows_rms_norm(c, cmat(t->x, t->cols), t->g, 1e-5f, mat(t->x, t->cols), t->extra);
    else
        rows_layer_norm(c, cmat(t->x, t->cols), t->g, t->mode ? NULL : t->b, 1e-5f,
                        mat(t->x, t->cols), t->extra, t->extra + ROWS);
}

static void norm_in_double(const trial *t, const double *x, double *out)
{
    double m = 0, v = 0;
    for (size_t j = 0; j < t->cols && t->mode < 2; j++) m += x[j] / (double)t->cols;
    for (size_t j = 0; j < t->cols; j++) v += (x[j] - m) * (x[j] - m) / (double)t->cols;
    for (size_t j = 0; j < t->cols; j++)
        out[j] = (x[j] - m) / sqrt(v + (double)1e-5f) * (double)t->g[j] +
                 (t->mode == 0 ? (double)t->b[j] : 0);
}

static void widen(const float *x, size_t n, double *out)
{
    for (size_t j = 0; j < n; j++) out[j] = (double)x[j];
}

START_TEST(norms_are_their_formulas)
{
    trial *t = malloc(sizeof *t), *was = malloc(sizeof *t);
    double x[LD], want[LD];
    for (int mode = 0; mode < 3; mode++)
        for (size_t w = 0; w < N_WIDTHS; w++) {
            fill(t, widths[w], 3, w + 10);
            memset(t->x + LD, 0, LD * sizeof(float)); /* a row of zeros */
            t->mode = mode;
            memcpy(was, t, sizeof *t);
            everywhere(norm, t);
            for (size_t r = 0; r < ROWS; r++) {
                widen(was->x + r * LD, LD, x);
                norm_in_double(t, x, want);
                for (size_t j = 0; j < t->cols; j++)
                    ck_assert_double_eq_tol((double)t->x[r * LD + j], want[j],
                                            2e-6 * (1 + fabs(want[j])));
            }
        }
    free(t);
    free(was);
}
END_TEST

static void norm_back(const compute *c, trial *t)
{
    const pm_cmat x = cmat(t->x, t->cols), dy = cmat(t->y, t->cols);
    const pm_mat dx = mat(t->y, t->cols);
    float out[ROWS * LD], mean[ROWS], rstd[ROWS];
    if (t->mode == 2) {
        rows_rms_norm(c, x, t->g, 1e-5f, mat(out, t->cols), rstd);
        rows_rms_norm_back(c, x, dy, t->g, rstd, dx, t->extra);
    } else {
        rows_layer_norm(c, x, t->g, t->b, 1e-5f, mat(out, t->cols), mean, rstd);
        rows_layer_norm_back(c, x, dy, t->g, mean, rstd, dx, t->extra,
                             t->mode ? NULL : t->extra + LD);
    }
}

/* d/dx[j] and d/dg[j] of sum(dy norm(x)), by central differences in double. */
static double norm_slope(trial *t, const float *row, const float *dy, size_t j, bool of_g)
{
    double x[LD], up[LD], down[LD], h = 1e-5, sum = 0;
    widen(row, t->cols, x);
    if (of_g) {
        norm_in_double(t, x, up);
        return (double)dy[j] * (up[j] - (t->mode == 0 ? (double)t->b[j] : 0)) / (double)t->g[j];
    }
    x[j] += h;
    norm_in_double(t, x, up);
    x[j] -= 2 * h;
    norm_in_double(t, x, down);
    for (size_t i = 0; i < t->cols; i++) sum += (double)dy[i] * (up[i] - down[i]);
    return sum / (2 * h);
}

START_TEST(norm_derivatives_are_differences)
{
    trial *t = malloc(sizeof *t), *was = malloc(sizeof *t);
    for (int mode = 0; mode < 3; mode++)
        for (size_t w = 1; w < N_WIDTHS; w++) {
            fill(t, widths[w], 1, w + 40);
            t->mode = mode;
            memcpy(was, t, sizeof *t);
            everywhere(norm_back, t);
            for (size_t j = 0; j < t->cols; j += 1 + t->cols / 9) {
                double dg = 0, db = 0;
                for (size_t r = 0; r < ROWS; r++) {
                    const float *x = was->x + r * LD, *dy = was->y + r * LD;
                    ck_assert_double_eq_tol((double)t->y[r * LD + j],
                                            norm_slope(was, x, dy, j, false), 1e-5);
                    dg += norm_slope(was, x, dy, j, true);
                    db += (double)dy[j];
                }
                ck_assert_double_eq_tol((double)t->extra[j], dg, 1e-5);
                ck_assert_double_eq_tol((double)t->extra[LD + j], mode == 0 ? db : 0, 1e-5);
            }
        }
    free(t);
    free(was);
}
END_TEST

/* ---- activations ------------------------------------------------------------------------------------------ */

static double act_in_double(linear_act a, double x)
{
    switch (a) {
    case LINEAR_GELU:
        return 0.5 * x * erfc(-x * 0.70710678118654752);
    case LINEAR_GELU_TANH:
        return x / (1 + exp(-1.5957691216057307 * (x + 0.044715 * x * x * x)));
    case LINEAR_SILU:
        return x / (1 + exp(-x));
    case LINEAR_RELU:
        return x > 0 ? x : 0;
    case LINEAR_TANH:
        return tanh(x);
    case LINEAR_NONE:
        break;
    }
    return x;
}

static void activate(const compute *c, trial *t)
{
    rows_act_back(c, (linear_act)t->mode, t->x, t->y, t->y, t->cols);
    rows_act(c, (linear_act)t->mode, t->x, t->x, t->cols);
}

START_TEST(activations_and_their_slopes)
{
    trial *t = malloc(sizeof *t), *was = malloc(sizeof *t);
    for (int a = LINEAR_NONE; a <= LINEAR_TANH; a++)
        for (uint64_t s = 0; s < 40; s++) {
            const float size = s % 4 == 0 ? 1 : s % 4 == 1 ? 6 : s % 4 == 2 ? 14 : 200;
            fill(t, ROWS * LD - (size_t)s, size, s);
            t->mode = a;
            memcpy(was, t, sizeof *t);
            everywhere(activate, t);
            for (size_t i = 0; i < t->cols; i += 7) {
                const double x = (double)was->x[i], want = act_in_double((linear_act)a, x),
                             h = 1e-5;
                const double e = fabs((double)t->x[i] - want),
                             inner = fabs(1.6 * x + 0.07 * x * x * x);
                const double some = 6e-7 + (a == LINEAR_GELU_TANH ? 2e-7 * inner : 0);
                ck_assert_msg(e <= some * fabs(want) + 1e-32, "act %d of %.9g: %.9g, wanted %.9g",
                              a, x, (double)t->x[i], want);
                if (a == LINEAR_RELU && fabs(x) < 1e-4) continue;
                const double slope =
                    (act_in_double((linear_act)a, x + h) - act_in_double((linear_act)a, x - h)) /
                    (2 * h);
                ck_assert_double_eq_tol((double)t->y[i], slope * (double)was->y[i], 2.5e-6);
            }
        }
    free(t);
    free(was);
}
END_TEST

/* ---- softmax ------------------------------------------------------------------------------------------------ */

/* Modes: 0 softmax of x and its derivative over y, 1 cross-entropy, 2 the same with weights, 3 logsumexp. */
static void soften(const compute *c, trial *t)
{
    if (t->mode == 0) {
        rows_softmax(c, mat(t->x, t->cols));
        rows_softmax_back(c, cmat(t->x, t->cols), mat(t->y, t->cols));
    } else if (t->mode == 3)
        rows_logsumexp(c, cmat(t->x, t->cols), t->extra, t->id);
    else
        rows_cross_entropy(c, mat(t->x, t->cols), t->id, t->mode == 2 ? t->b : NULL, t->extra);
}

static void check_softened(const trial *t, const trial *was, size_t r)
{
    const float *x = was->x + r * LD;
    double most = -INFINITY, sum = 0, dot = 0;
    uint32_t best = 0;
    for (uint32_t j = 0; j < t->cols; j++)
        if ((double)x[j] > most) most = (double)x[j], best = j;
    for (size_t j = 0; j < t->cols; j++) sum += exp((double)x[j] - most);
    for (size_t j = 0; j < t->cols; j++)
        dot += exp((double)x[j] - most) / sum * (double)was->y[r * LD + j];
    const double weight = t->mode == 2 ? (double)was->b[r] : 1,
                 tight = 1e-6 + 2e-7 * (fabs(most) + fabs(most - (double)x[was->id[r]]));
    for (size_t j = 0; j < t->cols && t->mode < 3; j++) {
        const double p = exp((double)x[j] - most) / sum;
        const double want = t->mode == 0 ? p : weight * (p - (j == was->id[r]));
        ck_assert_double_eq_tol((double)t->x[r * LD + j], want, 1e-6);
        if (t->mode == 0)
            ck_assert_double_eq_tol((double)t->y[r * LD + j],
                                    p * ((double)was->y[r * LD + j] - dot), 1e-6);
    }
    if (t->mode == 3) {
        ck_assert_double_eq_tol((double)t->extra[r], most + log(sum), tight);
        ck_assert_uint_eq(t->id[r], best);
    } else if (t->mode > 0)
        ck_assert_double_eq_tol((double)t->extra[r], most + log(sum) - (double)x[was->id[r]],
                                tight);
}

START_TEST(softmaxes_are_their_formulas)
{
    static const float sizes[] = {1, 20, 1e4f};
    trial *t = malloc(sizeof *t), *was = malloc(sizeof *t);
    for (int mode = 0; mode < 4; mode++)
        for (size_t w = 0; w < N_WIDTHS; w++)
            for (size_t s = 0; s < 3; s++) {
                fill(t, widths[w], sizes[s], w + 70);
                for (size_t j = 0; j < t->cols; j++) t->x[2 * LD + j] = -3; /* all the same */
                t->mode = mode;
                memcpy(was, t, sizeof *t);
                everywhere(soften, t);
                for (size_t r = 0; r < ROWS; r++) check_softened(t, was, r);
            }
    free(t);
    free(was);
}
END_TEST

/* ---- positions, pooling, lengths ----------------------------------------------------------------------------- */

enum { HEADS = 3, POSITIONS = 9 };

static void rotate(const compute *c, trial *t)
{
    const uint32_t at[ROWS] = {0, 1, 8, 3, 3};
    rows_rotary(c, mat(t->x, HEADS * t->cols), HEADS, t->cols, t->g, at, t->mode);
}

START_TEST(rotary_turns_pairs_and_back)
{
    static const size_t dims[] = {2, 8, 32, 50, 64, 128};
    static const uint32_t at[ROWS] = {0, 1, 8, 3, 3};
    trial *t = malloc(sizeof *t), *was = malloc(sizeof *t);
    for (size_t w = 0; w < sizeof dims / sizeof *dims; w++) {
        const size_t d = dims[w], half = d / 2;
        fill(t, d, 1, w);
        for (size_t p = 0; p < POSITIONS; p++)
            for (size_t i = 0; i < half; i++) {
                const double turn = (double)p * pow(100, -2 * (double)i / (double)d);
                t->g[p * d + i] = (float)cos(turn);
                t->g[p * d + half + i] = (float)sin(turn);
            }
        t->mode = 1;
        memcpy(was, t, sizeof *t);
        everywhere(rotate, t);
        for (size_t r = 0; r < ROWS; r++)
            for (size_t i = 0; i < HEADS * d; i++) {
                const size_t e = i % d, pair = e % half;
                const float *x = was->x + r * LD + i - e, *cs = was->g + at[r] * d;
                const double c = (double)cs[pair], s = (double)cs[half + pair], a = (double)x[pair],
                             b = (double)x[half + pair];
                ck_assert_double_eq_tol((double)t->x[r * LD + i],
                                        e < half ? a * c - b * s : b * c + a * s, 3e-7);
            }
        t->mode = -1; /* the transposed rotation is the inverse one */
        everywhere(rotate, t);
        for (size_t i = 0; i < ROWS * LD; i++) ck_assert_float_eq_tol(t->x[i], was->x[i], 1e-6f);
    }
    free(t);
    free(was);
}
END_TEST

static void pool(const compute *c, trial *t)
{
    const uint32_t start[] = {0, 1, 1, 5};
    rows_mean(c, cmat(t->x, t->cols), start, (pm_mat){t->y, 3, t->cols, LD});
    rows_normalise(c, mat(t->x, t->cols));
}

START_TEST(means_and_lengths)
{
    trial *t = malloc(sizeof *t), *was = malloc(sizeof *t);
    for (size_t w = 0; w < N_WIDTHS; w++) {
        fill(t, widths[w], 2, w);
        memset(t->x + 3 * LD, 0, LD * sizeof(float));
        memcpy(was, t, sizeof *t);
        everywhere(pool, t);
        for (size_t j = 0; j < t->cols; j++) {
            double sum = 0;
            for (size_t r = 1; r < 5; r++) sum += (double)was->x[r * LD + j];
            ck_assert_float_eq(t->y[j], was->x[j]);
            ck_assert_float_eq(t->y[LD + j], 0); /* no rows */
            ck_assert_double_eq_tol((double)t->y[2 * LD + j], sum / 4, 1e-6);
        }
        for (size_t r = 0; r < ROWS; r++) {
            double length = 0;
            for (size_t j = 0; j < t->cols; j++) length += pow((double)was->x[r * LD + j], 2);
            length = fmax(sqrt(length), 1e-12);
            for (size_t j = 0; j < t->cols; j++)
                ck_assert_double_eq_tol((double)t->x[r * LD + j],
                                        (double)was->x[r * LD + j] / length, 3e-7);
        }
    }
    free(t);
    free(was);
}
END_TEST

/* ---- dropout --------------------------------------------------------------------------------------------------- */

/* As rows.h says it, by base/rng.h. */
static bool kept(uint64_t seed, uint32_t stream, float p, uint64_t e)
{
    const uint64_t block = e / 64 * 16 + e % 16;
    const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), stream, 3};
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint32_t out[4];
    rng_philox(counter, key, out);
    return out[e % 64 / 16] >= (uint32_t)((double)p * 0x1p32);
}

static uint64_t first_of(int mode)
{
    return mode == 0 ? 0 : mode == 1 ? 37 : (uint64_t)0xfffffffffULL;
}

static void drop(const compute *c, trial *t)
{
    rows_dropout(c, t->x, t->cols, 0.25f, 0x1234567890abcdefu, 5, first_of(t->mode));
}

START_TEST(dropout_is_a_function_of_the_place)
{
    trial *t = malloc(sizeof *t), *was = malloc(sizeof *t);
    for (int mode = 0; mode < 3; mode++) {
        size_t live = 0;
        fill(t, 5001, 1, 3);
        t->mode = mode;
        memcpy(was, t, sizeof *t);
        everywhere(drop, t);
        for (size_t i = 0; i < t->cols; i++) {
            bool stays = kept(0x1234567890abcdefu, 5, 0.25f, first_of(mode) + i);
            ck_assert_float_eq(t->x[i], stays ? was->x[i] * (1 / 0.75f) : 0);
            live += stays;
        }
        ck_assert_double_eq_tol((double)live, 5001 * 0.75, 6 * sqrt(5001 * 0.75 * 0.25));
    }
    compute c = {.k = kernels_choose(&(const cpu_features){.avx2 = false}, "scalar")};
    memcpy(t, was, sizeof *t);
    rows_dropout(&c, t->x, t->cols, 0, 1, 2, 0);
    ck_assert(tools_same_bits(t, was, sizeof *t));
    free(t);
    free(was);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("rows");
    tcase_add_test(tc, norms_are_their_formulas);
    tcase_add_test(tc, norm_derivatives_are_differences);
    tcase_add_test(tc, activations_and_their_slopes);
    tcase_add_test(tc, softmaxes_are_their_formulas);
    tcase_add_test(tc, rotary_turns_pairs_and_back);
    tcase_add_test(tc, means_and_lengths);
    tcase_add_test(tc, dropout_is_a_function_of_the_place);
    return tools_run(tc, "rows");
}
