/* SPDX-License-Identifier: MIT
 *
 * Numbers of a latent space.  Golden silhouette: scikit-learn 1.9.1, silhouette_score; neighbours: the same rule in
 * numpy 2.
 */
#include "config.h"

#include <math.h>

#include "eval/latent.h"
#include "math/mat.h"
#include "suite.h"

enum { N = 40, D = 3 };

static float x[N * D];
static uint32_t domain[N];
static uint64_t cluster[N];

static void setup(void)
{
    for (int i = 0; i < N; i++) {
        domain[i] = (uint32_t)(i % 3);
        cluster[i] = (uint64_t)(i / 4);
        for (int j = 0; j < D; j++)
            x[i * D + j] = (float)(((i * 7 + j * 13) % 17) / 17.0 + (i % 3 == j ? 0.25 : 0.0));
    }
}

static latent_score score(const latent_question *q, pm_status want)
{
    arena *a = arena_open(0);
    latent_score out;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(latent_measure(NULL, a, q, &out, &err), want);
    err_clear(&err);
    arena_close(a);
    return out;
}

START_TEST(as_scikit_learn)
{
    latent_question q = {{x, N, D, D}, domain, cluster, 3, 5};
    latent_score s = score(&q, PM_OK);
    ck_assert_double_eq_tol(s.silhouette, -0.019118195476402484, 1e-6);
    ck_assert_double_eq_tol(s.knn_accuracy, 0.95, 1e-12);
    ck_assert_double_eq_tol(s.majority, 14.0 / 40, 1e-12);
    ck_assert_uint_eq(s.n, N);
}
END_TEST

START_TEST(points_without_domain_are_left_out)
{
    latent_question q = {{x, N, D, D}, domain, NULL, 3, 5};
    for (int i = 0; i < N; i++)
        if (domain[i] == 2) domain[i] = UINT32_MAX;
    latent_score s = score(&q, PM_OK);
    ck_assert_uint_eq(s.n, 27);
    ck_assert_uint_eq(s.n_domains, 2);
}
END_TEST

START_TEST(neighbours_of_the_same_document_do_not_count)
{
    /* Every document sits on one spot, its domain shared by nobody near. */
    for (int i = 0; i < N; i++) {
        cluster[i] = (uint64_t)(i / 2);
        domain[i] = (uint32_t)((i / 2) % 2);
        for (int j = 0; j < D; j++) x[i * D + j] = (float)(i / 2);
    }
    latent_question q = {{x, N, D, D}, domain, cluster, 2, 1};
    ck_assert(score(&q, PM_OK).knn_accuracy == 0.0);
    q.cluster = NULL;
    ck_assert(score(&q, PM_OK).knn_accuracy == 1.0);
}
END_TEST

START_TEST(one_domain_is_refused)
{
    latent_question q = {{x, N, D, D}, domain, NULL, 3, 5};
    for (int i = 0; i < N; i++) domain[i] = 1;
    score(&q, PM_E_ARG);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("latent");
    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, as_scikit_learn);
    tcase_add_test(tc, points_without_domain_are_left_out);
    tcase_add_test(tc, neighbours_of_the_same_document_do_not_count);
    tcase_add_test(tc, one_domain_is_refused);
    Suite *s = suite_create("latent");
    suite_add_tcase(s, tc);
    return suite_main(s);
}
