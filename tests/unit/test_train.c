/* SPDX-License-Identifier: MIT
 *
 * Steps of fitting: normal numbers against Philox and the C library, gradients and Adam against plain loops, every
 * instruction set against every other.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "math/train.h"
#include "math_tools.h"
#include "suite.h"

typedef struct table {
    const char *name;
    const train_kernels *k;
} table;

/* Those that this CPU can run. */
static size_t tables(table out[3])
{
    size_t n = 0;
    out[n++] = (table){"plain", &train_plain};
#if defined(__x86_64__)
    cpu_features cpu = cpu_detect();
    if (cpu.avx2 && cpu.fma) out[n++] = (table){"avx2", &train_avx2};
    if (cpu.avx512 && cpu.fma) out[n++] = (table){"avx512", &train_avx512};
#endif
    return n;
}

/* ---- normal numbers -------------------------------------------------------------------------------------- */

START_TEST(normals_are_box_muller_of_philox)
{
    static const uint64_t at[] = {0, 16, 1u << 20, (uint64_t)1 << 32, ((uint64_t)7 << 40) + 32};
    table t[3];
    size_t n = tables(t);
    for (size_t k = 0; k < n; k++)
        for (size_t a = 0; a < sizeof at / sizeof *at; a++) {
            float z[TRAIN_NORMALS];
            uint64_t seed = 0x123456789abcdef0u + a;
            t[k].k->normals(seed, 77, at[a], z);
            for (uint32_t b = 0; b < 16; b++) {
                uint64_t block = at[a] + b;
                const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), 77, 2};
                const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
                uint32_t w[4];
                rng_philox(counter, key, w);
                for (size_t pair = 0; pair < 2; pair++) {
                    double u = ((double)(w[2 * pair] >> 1) + 0.5) / 2147483648.0;
                    double r = sqrt(-2 * log(u));
                    double turn = 6.283185307179586 * (double)w[2 * pair + 1] / 4294967296.0;
                    ck_assert_double_eq_tol((double)z[32 * pair + b], r * cos(turn), 3e-6);
                    ck_assert_double_eq_tol((double)z[32 * pair + 16 + b], r * sin(turn), 3e-6);
                }
            }
        }
}
END_TEST

START_TEST(normals_have_their_moments)
{
    enum { MANY = 4000 };
    double sum[4] = {0};
    for (uint64_t i = 0; i < MANY; i++) {
        float z[TRAIN_NORMALS];
        train_plain.normals(3, 1, 16 * i, z);
        for (size_t k = 0; k < TRAIN_NORMALS; k++)
            for (int p = 0; p < 4; p++) sum[p] += pow((double)z[k], p + 1);
    }
    const double n = (double)MANY * TRAIN_NORMALS; /* 256,000: six standard errors */
    ck_assert_double_lt(fabs(sum[0] / n), 6 / sqrt(n));
    ck_assert_double_lt(fabs(sum[1] / n - 1), 6 * sqrt(2 / n));
    ck_assert_double_lt(fabs(sum[2] / n), 6 * sqrt(15 / n));
    ck_assert_double_lt(fabs(sum[3] / n - 3), 6 * sqrt(96 / n));
}
END_TEST

/* ---- all instruction sets ----------------------------------------------------------------------------------- */

enum { ROWS = 37, X = 29, G = 150 };

static void fill(float *v, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) v[i] = (float)(2 * rng_uniform(seed, 1, i) - 1);
}

START_TEST(outer_is_the_sum_over_rows)
{
    static float x[ROWS * X], g[ROWS * G], first[X * G], out[X * G];
    table t[3];
    size_t n = tables(t);
    fill(x, ROWS * X, 1);
    fill(g, ROWS * G, 2);
    pm_cmat xm = {x, ROWS, X, X}, gm = {g, ROWS, G, G};
    pm_mat fm = {first, X, G, G}, om = {out, X, G, G};
    t[0].k->outer(&xm, &gm, &fm);
    for (size_t i = 0; i < X; i++)
        for (size_t j = 0; j < G; j++) {
            double sum = 0;
            for (size_t p = 0; p < ROWS; p++) sum += (double)x[p * X + i] * (double)g[p * G + j];
            ck_assert_double_eq_tol((double)first[i * G + j], sum, 1e-5);
        }
    for (size_t k = 1; k < n; k++) {
        memset(out, 0xff, sizeof out);
        t[k].k->outer(&xm, &gm, &om);
        ck_assert_msg(memcmp(out, first, sizeof out) == 0, "%s differs from plain", t[k].name);
    }
}
END_TEST

START_TEST(same_bits_on_every_instruction_set)
{
    table t[3];
    size_t n = tables(t);
    float want[5][TRAIN_NORMALS], got[5][TRAIN_NORMALS], slope[53], toward[53];
    train_adam_step step = {0.01f, 1.5f, 0.25f};
    fill(slope, 53, 3);
    fill(toward, 53, 4);
    for (size_t k = 0; k < n; k++) {
        float(*to)[TRAIN_NORMALS] = k ? got : want;
        memset(to, 0, sizeof want);
        t[k].k->normals(9, 8, 1600, to[0]);
        t[k].k->mix(slope, 0.3f, toward, 0.7f, 53, to[1]);
        for (int round = 0; round < 3; round++) {
            t[k].k->adam(&step, slope, toward, 53, to[2], to[3], to[4]);
            t[k].k->adam(&step, slope, NULL, 53, to[2], to[3], to[4]);
        }
        if (k) ck_assert_msg(memcmp(got, want, sizeof got) == 0, "%s differs", t[k].name);
    }
}
END_TEST

/* ---- whole steps --------------------------------------------------------------------------------------------- */

START_TEST(adam_as_it_is_written)
{
    enum { IN = 200, OUT = 130, N = 9 };
    static float x[N * IN], g[N * OUT], w[IN * OUT], m[IN * OUT], s[IN * OUT];
    static double dw[IN * OUT], dm[IN * OUT], ds[IN * OUT];
    compute c;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(compute_open(2, &c, &err), PM_OK);
    fill(w, IN * OUT, 5);
    for (size_t i = 0; i < (size_t)IN * OUT; i++) dw[i] = (double)w[i];
    for (uint64_t step = 1; step <= 3; step++) {
        fill(x, N * IN, 10 + step);
        fill(g, N * OUT, 20 + step);
        train_layer l = {.x = {x, N, IN, IN}, .g = {g, N, OUT, OUT}, .w = {w, IN, OUT, OUT}};
        l.mean = m, l.square = s, l.lr = 0.02, l.l2 = 0.1, l.step = step;
        ck_assert_int_eq(train_adam(&c, c.pool, &l, &err), PM_OK);
        for (size_t i = 0; i < IN; i++)
            for (size_t j = 0; j < OUT; j++) {
                size_t at = i * OUT + j;
                double slope = 0.1 * dw[at];
                for (size_t p = 0; p < N; p++)
                    slope += (double)x[p * IN + i] * (double)g[p * OUT + j];
                dm[at] = 0.9 * dm[at] + 0.1 * slope;
                ds[at] = 0.999 * ds[at] + 0.001 * slope * slope;
                double mean = dm[at] / (1 - pow(0.9, (double)step));
                dw[at] -= 0.02 * mean / (sqrt(ds[at] / (1 - pow(0.999, (double)step))) + 1e-8);
            }
    }
    for (size_t i = 0; i < (size_t)IN * OUT; i++)
        ck_assert_double_eq_tol((double)w[i], dw[i], 2e-4); /* slopes near 0 lose digits */
    train_layer wrong = {.x = {x, N, IN, IN}, .g = {g, N, OUT, OUT}, .w = {w, OUT, IN, IN}};
    wrong.mean = m, wrong.square = s, wrong.step = 1;
    ck_assert_int_eq(train_adam(&c, NULL, &wrong, &err), PM_E_SHAPE);
    wrong.w = (pm_mat){w, IN, OUT, OUT}, wrong.step = 0;
    ck_assert_int_eq(train_adam(&c, NULL, &wrong, &err), PM_E_ARG);
    compute_close(&c);
}
END_TEST

/* A row's noise is its own, whatever the batch and the threads; without noise rows are only scaled. */
START_TEST(noise_belongs_to_the_row)
{
    enum { N = 11, D = 100 };
    static float rows[N * D], all[N * D], one[D];
    const float *from[N];
    compute c;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(compute_open(2, &c, &err), PM_OK);
    fill(rows, N * D, 6);
    for (size_t i = 0; i < N; i++) from[i] = rows + i * D;
    train_noise z = {4, 5, 1000, 0.5f};
    train_noisy_rows(&c, c.pool, from, 2, &z, (pm_mat){all, N, D, D});
    for (size_t i = 0; i < N; i++) {
        train_noise mine = {4, 5, 1000 + i, 0.5f};
        train_noisy_rows(&c, NULL, from + i, 2, &mine, (pm_mat){one, 1, D, D});
        ck_assert_int_eq(memcmp(one, all + i * D, sizeof one), 0);
        ck_assert(fabsf(one[0] - 2 * rows[i * D]) > 0);
    }
    z.alpha = 0;
    train_noisy_rows(&c, c.pool, from, 2, &z, (pm_mat){all, N, D, D});
    for (size_t i = 0; i < (size_t)N * D; i++) ck_assert(all[i] == 2 * rows[i]);
    compute_close(&c);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train");
    TCase *t = tcase_create("train");
    tcase_add_test(t, normals_are_box_muller_of_philox);
    tcase_add_test(t, normals_have_their_moments);
    tcase_add_test(t, outer_is_the_sum_over_rows);
    tcase_add_test(t, same_bits_on_every_instruction_set);
    tcase_add_test(t, adam_as_it_is_written);
    tcase_add_test(t, noise_belongs_to_the_row);
    suite_add_tcase(suite, t);
    return suite_main(suite);
}
