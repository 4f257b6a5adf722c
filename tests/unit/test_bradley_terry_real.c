/* SPDX-License-Identifier: MIT
 *
 * Bradley-Terry coefficients of 74,498 real battles against scikit-learn's.  Needs the folder of real sets in
 * POINTSMAN_DATA; skipped without.
 */
#include "data_files.h"

#include <math.h>

#include "math/bradley_terry.h"

static const double want[] = {
#include "bradley_terry_real.inc"
};

START_TEST(coefficients)
{
    pm_err err = PM_ERR_INIT;
    dataset d;
    arena *a = arena_open(0);
    char dir[512];
    snprintf(dir, sizeof dir, "%s/alpaca_battles", getenv("POINTSMAN_DATA"));
    ck_assert_msg(dataset_read(dir, NULL, a, &d, &err) == PM_OK, "%s", err_text(&err));
    size_t m = d.m;
    ck_assert_uint_eq(m, sizeof want / sizeof *want);
    double *win = arena_alloc(a, m * m, sizeof *win), *theta = arena_alloc(a, m, sizeof *theta);
    for (size_t e = 0; e < d.n_battles; e++) {
        const pm_battle *b = &d.battle[e];
        win[b->a * m + b->b] += (double)b->outcome;
        win[b->b * m + b->a] += 1 - (double)b->outcome;
    }
    bt_counts w = {.k = m, .win = win};
    bt_report report;
    ck_assert_msg(bt_fit(&w, a, theta, &report, &err) == PM_OK, "%s", err_text(&err));
    ck_assert(!report.is_separated);
    ck_assert_uint_eq(report.n_parts, 1);
    double most = 0;
    for (size_t j = 0; j < m; j++) most = fmax(most, fabs(theta[j] / log(10) - want[j]));
    printf("largest difference of a coefficient: %.3g\n", most);
    ck_assert_msg(most < 1e-3, "%g", most);
    arena_close(a);
}
END_TEST

int main(void)
{
    if (!getenv("POINTSMAN_DATA")) {
        puts(
            "test_bradley_terry_real: skipped: POINTSMAN_DATA does not name a folder of data sets");
        return 77;
    }
    Suite *suite = suite_create("Bradley-Terry on real battles");
    TCase *cases = tcase_create("Bradley-Terry on real battles");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, coefficients);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
