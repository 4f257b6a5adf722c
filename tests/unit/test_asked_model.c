/* SPDX-License-Identifier: MIT
 *
 * Model names, good and bad; calibration.json written, read and damaged.
 */
#include "config.h"

#include "suite.h"

#include <math.h>
#include <string.h>

#include "base/io.h"
#include "plug/asked_model.h"
#include "plug/calibration.h"

static const char *const known[] = {"mf",        "sw_ranking", "knn@price_0.05",
                                    "my-router", "mf-2",       "mf"};

static void reads(const char *text, size_t router, double alpha)
{
    asked_model m;
    pm_err err = PM_ERR_INIT;
    ck_assert_msg(asked_model_parse(text, known, 6, &m, &err) == PM_OK, "%s", err_text(&err));
    ck_assert_uint_eq(m.router, router);
    ck_assert_int_eq(m.has_alpha, alpha >= 0);
    ck_assert(!m.has_alpha || m.alpha == alpha);
}

static void refuses(const char *text, const char *why)
{
    asked_model m;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(asked_model_parse(text, known, 6, &m, &err), PM_E_ARG);
    ck_assert_msg(strstr(err_text(&err), why) != NULL, "%s: no \"%s\" in: %s", text, why,
                  err_text(&err));
}

START_TEST(names_that_are_good)
{
    reads("router-mf-0.11593", 0, 0.11593);
    reads("router-sw_ranking-1", 1, 1);
    reads("router-mf-0", 0, 0);
    reads("router-mf-1e-05", 0, 1e-05); /* split at most twice */
    reads("router-mf-.5", 0, 0.5);
    reads("router-knn@price_0.05-0.5", 2, 0.5);
    reads("router-my-router-0.25", 3, 0.25); /* a name with a dash */
    reads("router-my-router", 3, -1);        /* the calibrated alpha */
    reads("router-mf", 0, -1);
    reads("router-mf-2-0.5", 4, 0.5);
    reads("router-mf-2", 4, -1); /* 2 is no alpha: one reading */
}
END_TEST

START_TEST(names_that_are_bad)
{
    refuses("gpt-4", "want router-NAME-ALPHA");
    refuses("router", "want router-NAME-ALPHA");
    refuses("router-", "want router-NAME-ALPHA");
    refuses("", "want router-NAME-ALPHA");
    refuses("router-mg-0.5", "no router \"mg\"; did you mean \"mf\"?");
    refuses("router-my-ruter-0.5", "no router \"my-ruter\"; did you mean \"my-router\"?");
    refuses("router-causal_llm-0.5", "there are: \"mf\", \"sw_ranking\"");
    refuses("router-sw_ranking-1.01", "alpha is 1.01; want a number in [0, 1]");
    refuses("router-sw_ranking--0.5", "alpha is -0.5; want");
    refuses("router-sw_ranking-", "alpha \"\" is not a number");
    refuses("router-sw_ranking-nan", "alpha \"nan\" is not a number");
    refuses("router-sw_ranking-0x1", "is not a number");
    refuses("router-sw_ranking- 0.5", "is not a number");
    refuses("router-sw_ranking-0.5x", "is not a number");
    refuses("router-sw_ranking-0.5.5", "is not a number");
    refuses("ROUTER-mf-0.5", "want router-NAME-ALPHA");
}
END_TEST

START_TEST(names_that_can_be_read_twice)
{
    static const char *const two[] = {"a", "a-0.5"};
    asked_model m;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(asked_model_parse("router-a-0.5", two, 2, &m, &err), PM_E_ARG);
    ck_assert_ptr_nonnull(
        strstr(err_text(&err), "in two ways: as router \"a\" and as router \"a-0.5\""));
    ck_assert_int_eq(asked_model_parse("router-a-0.5-0.25", two, 2, &m, &err), PM_OK);
    ck_assert_uint_eq(m.router, 1);
}
END_TEST

/* ---- calibration.json ---------------------------------------------------------------------------- */

static void write_text(const char *path, const char *text)
{
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(io_write(path, text, strlen(text), &err), PM_OK);
}

static void read_fails(const char *dir, arena *a, pm_status status, const char *why)
{
    calibration c;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(calibration_read(dir, a, &c, &err), status);
    ck_assert_msg(strstr(err_text(&err), why) != NULL, "no \"%s\" in: %s", why, err_text(&err));
}

START_TEST(a_calibration_comes_back)
{
    char dir[256], text[4096];
    temp_folder_open(dir);
    arena *a = arena_open(0);
    pm_err err = PM_ERR_INIT;
    const char *file = io_join(a, dir, "calibration.json"), *of = io_join(a, dir, "bundle.json");
    static const double q[] = {0.1, 0.25, 1.0 / 3};
    calibration c = {0.123456789012345,
                     "{\"alpha\":0.123456789012345,\"rule\":\"pair\"}",
                     "share=0.5",
                     3,
                     "abc",
                     2.0 / 3,
                     (double)NAN,
                     3,
                     q};
    calibration back;
    write_text(of, "{}");
    read_fails(dir, a, PM_E_NOT_TRAINED, "is not calibrated");
    ck_assert_int_eq(calibration_write(dir, &c, &err), PM_OK);
    ck_assert_int_eq(calibration_read(dir, a, &back, &err), PM_OK);
    ck_assert(back.alpha == c.alpha && back.n == 3 && back.met == c.met && isnan(back.cost));
    ck_assert_str_eq(back.objective, c.objective);
    ck_assert_str_eq(back.target, "share=0.5");
    ck_assert_uint_eq(back.n_quantiles, 3);
    ck_assert_mem_eq(back.quantile, q, sizeof q);
    write_text(of, "{ }");
    read_fails(dir, a, PM_E_STALE, "another bundle");
    write_text(of, "{}");
    FILE *f = fopen(file, "r");
    size_t len = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[len] = 0;
    char *alpha = strstr(text, "0.123");
    alpha[0] = '7';
    write_text(file, text);
    read_fails(dir, a, PM_E_FORMAT, "alpha");
    alpha[0] = '0';
    char *first = strstr(text, "[0.1,");
    memcpy(first, "[0.9,", 5);
    write_text(file, text);
    read_fails(dir, a, PM_E_FORMAT, "ascending");
    write_text(file, "{\"format\":\"other\"}");
    read_fails(dir, a, PM_E_FORMAT, "is not a pointsman-calibration");
    write_text(file, "{");
    read_fails(dir, a, PM_E_FORMAT, "calibration.json");
    arena_close(a);
    temp_folder_close(dir);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("asked model");
    TCase *t = tcase_create("names");
    tcase_add_test(t, names_that_are_good);
    tcase_add_test(t, names_that_are_bad);
    tcase_add_test(t, names_that_can_be_read_twice);
    tcase_add_test(t, a_calibration_comes_back);
    suite_add_tcase(s, t);
    return suite_main(s);
}
