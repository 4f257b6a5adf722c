/* SPDX-License-Identifier: MIT
 *
 * What choices were worth, prompt by prompt: ties, deltas, losses, exact expectations, and wrong policies.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "eval_golden.h"
#include "suite.h"

static arena *a;

static void setup(void)
{
    a = arena_open(0);
}

static void teardown(void)
{
    arena_close(a);
}

static policy_cells measure(const eval_truth *t, const policy *p, double delta)
{
    policy_cells c;
    pm_err err = PM_ERR_INIT;
    ck_assert_msg(policy_measure(t, p, delta, a, &c, &err) == PM_OK, "%s", err_text(&err));
    return c;
}

static double mean(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i];
    return sum / (double)n;
}

START_TEST(cells_by_hand)
{
    const float v[] = {.5f, .5f, .2f, /* tied best */ .1f, .82f, .8f, /* within .02 */ 0, 0, 0};
    const float usd[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    const uint32_t choice[] = {1, 2, 2};
    eval_truth t = {.n = 3,
                    .m = 3,
                    .kind = PM_VALUE_QUALITY,
                    .value = {v, 3, 3, 3},
                    .cost_usd = {usd, 3, 3, 3}};
    policy p = {.label = "p", .choice = choice};
    policy_cells c = measure(&t, &p, 0.02);
    const double value[] = {.5, .8, 0}, accuracy[] = {1, 0, 1}, plain[] = {0, 0, 0};
    const double within[] = {1, 1, 1}, regret[] = {0, .02, 0}, cost[] = {2, 6, 9};
    const uint8_t disagree[] = {1, 1, 0};
    for (int i = 0; i < 3; i++) {
        ck_assert_double_eq_tol(c.value[i], value[i], 1e-7);
        ck_assert_double_eq(c.accuracy[i], accuracy[i]);
        ck_assert_double_eq(c.plain[i], plain[i]);
        ck_assert_double_eq(c.within[i], within[i]);
        ck_assert_double_eq_tol(c.regret[i], regret[i], 1e-7);
        ck_assert_double_eq(c.cost[i], cost[i]);
        ck_assert_uint_eq(c.disagree[i], disagree[i]);
    }
    c = measure(&t, &p, 0.01);
    ck_assert_double_eq(c.within[1], 0);
}
END_TEST

/* Seeds that agree, or that choose experts of equal outcome, leave the value to the bit. */
START_TEST(cells_of_several_seeds_are_their_mean)
{
    const float v[] = {.3f, .3f, .7f, .1f, .4f, .1f};
    const uint32_t one[] = {0, 0}, two[] = {1, 0}, three[] = {0, 1};
    const uint32_t *more[] = {two, three};
    eval_truth t = {.n = 2, .m = 3, .kind = PM_VALUE_QUALITY, .value = {v, 2, 3, 3}};
    policy p = {.label = "p", .choice = one, .more = more, .n_more = 2};
    double share[3];
    policy_cells c = measure(&t, &p, 0.02);
    ck_assert_double_eq(c.value[0], (double)v[0]);
    ck_assert_double_eq_tol(c.value[1], .2, 1e-7);
    ck_assert_double_eq(c.accuracy[1], 1.0 / 3);
    policy_shares(&t, &p, share);
    ck_assert_double_eq_tol(share[0], 4.0 / 6, 1e-15);
    ck_assert_double_eq_tol(share[1], 2.0 / 6, 1e-15);
    const uint32_t wrong[] = {0, 3};
    more[1] = wrong;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(policy_measure(&t, &p, 0.02, a, &c, &err), PM_E_ARG);
}
END_TEST

START_TEST(cells_as_numpy)
{
    eval_truth t = golden_truth(PM_VALUE_QUALITY);
    policy p = {.label = "p", .choice = golden_choice};
    policy_cells c = measure(&t, &p, 0.02);
    ck_assert_double_eq_tol(mean(c.value, GOLDEN_N), 0.47333333333333333, 1e-7);
    ck_assert_double_eq_tol(mean(c.regret, GOLDEN_N), 0.22666666666666666, 1e-7);
    ck_assert_double_eq_tol(mean(c.plain, GOLDEN_N), 1.0 / 12, 1e-12);
    t.kind = PM_VALUE_LOSS; /* lower is better: the same numbers read the other way */
    c = measure(&t, &p, 0.02);
    ck_assert_double_eq_tol(mean(c.value, GOLDEN_N), 0.47333333333333333, 1e-7);
    ck_assert_double_eq_tol(mean(c.regret, GOLDEN_N), 0.2783333333333333, 1e-7);
    ck_assert_double_eq_tol(mean(c.plain, GOLDEN_N), 0.25, 1e-12);
    ck_assert_double_eq_tol(mean(c.within, GOLDEN_N), 0.5, 1e-12);
    for (int i = 0; i < GOLDEN_N; i++) ck_assert(c.regret[i] >= 0);
}
END_TEST

START_TEST(shares_are_exact_expectations)
{
    static const float third[] = {1.0f / 3, 1.0f / 3, 1.0f / 3};
    eval_truth t = golden_truth(PM_VALUE_QUALITY);
    policy p = {.label = "random", .share = {third, GOLDEN_N, GOLDEN_M, 0}};
    policy_cells c = measure(&t, &p, 0.02);
    for (size_t i = 0; i < GOLDEN_N; i++) {
        double want = 0;
        for (size_t j = 0; j < GOLDEN_M; j++) want += (double)golden_value[i * GOLDEN_M + j] / 3;
        ck_assert_double_eq_tol(c.value[i], want, 1e-9);
    }
    ck_assert_double_eq_tol(c.accuracy[0], 1, 1e-9); /* all tied */
    ck_assert_double_eq_tol(c.accuracy[1], 2.0 / 3, 1e-9);
    double share[GOLDEN_M];
    policy_shares(&t, &p, share);
    ck_assert_double_eq_tol(share[2], 1.0 / 3, 1e-9);
    ck_assert_double_eq_tol(policy_entropy(share, GOLDEN_M), 1, 1e-9);
}
END_TEST

START_TEST(entropy_of_choices)
{
    const double one[] = {1, 0, 0}, two[] = {.5, .5, 0, 0};
    ck_assert_double_eq(policy_entropy(one, 3), 0);
    ck_assert_double_eq_tol(policy_entropy(two, 4), 0.5, 1e-12);
    ck_assert_double_eq(policy_entropy(one, 1), 0);
}
END_TEST

static void refuse(const policy *p, pm_status want, const char *text)
{
    eval_truth t = golden_truth(PM_VALUE_QUALITY);
    policy_cells c;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(policy_measure(&t, p, 0, a, &c, &err), want);
    ck_assert_msg(strstr(err_text(&err), text) != NULL, "%s", err_text(&err));
}

START_TEST(wrong_policies_are_refused)
{
    static const float bad[GOLDEN_N * GOLDEN_M] = {0.5f, 0.25f, 0};
    uint32_t choice[GOLDEN_N] = {0};
    policy p = {.label = "p"};
    refuse(&p, PM_E_ARG, "neither choices nor shares");
    p.choice = choice;
    choice[3] = PM_NO_COL;
    refuse(&p, PM_E_ARG, "abstains on prompt 3");
    choice[3] = GOLDEN_M;
    refuse(&p, PM_E_ARG, "column 3 of 3 for prompt 3");
    p.share = (pm_cmat){bad, GOLDEN_N, GOLDEN_M, GOLDEN_M};
    refuse(&p, PM_E_ARG, "sum to 0.75");
    p.share.rows = 2;
    refuse(&p, PM_E_SHAPE, "2 x 3; want 12 x 3");
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("policy");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, cells_by_hand);
    tcase_add_test(c, cells_of_several_seeds_are_their_mean);
    tcase_add_test(c, cells_as_numpy);
    tcase_add_test(c, shares_are_exact_expectations);
    tcase_add_test(c, entropy_of_choices);
    tcase_add_test(c, wrong_policies_are_refused);
    Suite *s = suite_create("policy");
    suite_add_tcase(s, c);
    return suite_main(s);
}
