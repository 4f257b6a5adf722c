/* SPDX-License-Identifier: MIT
 *
 * Error values: setting, wrapping, cutting, names; and that a broken assumption aborts.
 */
#include "config.h"

#include "suite.h"

#include <signal.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"

START_TEST(set_records_and_returns)
{
    pm_err e = PM_ERR_INIT;
    int line = __LINE__ + 1;
    ck_assert_int_eq(err_set(&e, PM_E_SHAPE, "row %d - found %s", 3, "4 columns"), PM_E_SHAPE);
    ck_assert_int_eq(e.status, PM_E_SHAPE);
    ck_assert_str_eq(err_text(&e), "row 3 - found 4 columns");
    ck_assert_int_eq(e.line, line);
    ck_assert_int_eq(e.frames, 1);
    ck_assert_ptr_nonnull(strstr(e.file, "test_err.c"));
    ck_assert_int_eq(err_set(NULL, PM_E_IO, "nobody listens"), PM_E_IO);
}
END_TEST

START_TEST(wrap_prepends_and_keeps_the_status)
{
    pm_err e = PM_ERR_INIT;
    ck_assert_int_eq(err_set(&e, PM_E_IO, "disk full"), PM_E_IO);
    ck_assert_int_eq(err_wrap(&e, PM_E_FORMAT, "%s", "saving"), PM_E_IO);
    ck_assert_int_eq(err_wrap(&e, PM_E_IO, "bundle \"%s\"", "out"), PM_E_IO);
    ck_assert_str_eq(err_text(&e), "bundle \"out\": saving: disk full");
    ck_assert_int_eq(e.frames, 3);
    ck_assert_int_eq(err_wrap(NULL, PM_E_ARG, "x"), PM_E_ARG);
    err_clear(&e);
    ck_assert_int_eq(e.status, PM_OK);
    ck_assert_int_eq(err_wrap(&e, PM_E_ARG, "weights"), PM_E_ARG);
    ck_assert_str_eq(err_text(&e), "weights: argument outside its documented domain");
}
END_TEST

START_TEST(a_place_is_named_once)
{
    static const struct {
        const char *context, *message, *want;
    } row[] = {
        {"f.lua:3: router \"x\"", "router \"x\": row 5", "f.lua:3: router \"x\": row 5"},
        {"f.lua:3: router \"x\"", "router \"x\".train: no", "f.lua:3: router \"x\".train: no"},
        {"router \"x\"", "router \"x\": row 5", "router \"x\": row 5"},
        {"router \"x\"", "router \"xy\": row 5", "router \"x\": router \"xy\": row 5"},
        {"a: b", "a: c", "a: b: a: c"},
        {"data", "data.csv: cut", "data: data.csv: cut"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        pm_err e = PM_ERR_INIT;
        err_set(&e, PM_E_ARG, "%s", row[i].message);
        err_wrap(&e, PM_E_ARG, "%s", row[i].context);
        ck_assert_str_eq(err_text(&e), row[i].want);
    }
}
END_TEST

START_TEST(a_message_may_quote_itself)
{
    pm_err e = PM_ERR_INIT;
    err_set(&e, PM_E_IO, "inner");
    err_set(&e, PM_E_IO, "outer(%s)", e.text);
    ck_assert_str_eq(e.text, "outer(inner)");
    err_wrap(&e, PM_E_IO, "<%s>", e.text);
    ck_assert_str_eq(e.text, "<outer(inner)>: outer(inner)");
}
END_TEST

START_TEST(long_messages_are_cut_visibly)
{
    char longer[2 * ERR_TEXT];
    for (size_t i = 0; i < sizeof longer - 1; i += 2) memcpy(longer + i, "\xC3\xA9", 2);
    for (size_t shift = 0; shift < 4; shift++) {
        longer[sizeof longer - 1 - shift] = '\0';
        pm_err e = PM_ERR_INIT;
        err_set(&e, PM_E_ARG, "%.*s%s", (int)shift, "abcd", longer);
        size_t len = strlen(e.text);
        ck_assert_uint_lt(len, ERR_TEXT);
        ck_assert_uint_gt(len, ERR_TEXT - 8);
        ck_assert_str_eq(e.text + len - 3, "...");
        ck_assert(utf8_valid(e.text, len, NULL));
        err_wrap(&e, PM_E_ARG, "context");
        len = strlen(e.text);
        ck_assert(strncmp(e.text, "context: ", 9) == 0);
        ck_assert_str_eq(e.text + len - 3, "...");
        ck_assert(utf8_valid(e.text, len, NULL));
    }
}
END_TEST

START_TEST(every_status_has_text_and_name)
{
    for (int s = PM_OK; s >= PM_STATUS_LAST_; s--) {
        ck_assert_str_ne(pm_status_text((pm_status)s), "unknown status");
        ck_assert_str_ne(pm_status_name((pm_status)s), "E_UNKNOWN");
    }
    ck_assert_str_eq(pm_status_name(PM_OK), "OK");
    ck_assert_str_eq(pm_status_name(PM_E_ARG), "E_ARG");
    ck_assert_str_eq(pm_status_text((pm_status)-99), "unknown status");
    ck_assert_str_eq(pm_status_name((pm_status)77), "E_UNKNOWN");
    ck_assert_str_eq(err_text(NULL), "unknown error");
}
END_TEST

START_TEST(broken_assumption_aborts)
{
    if (!freopen("/dev/null", "w", stderr)) return;
    PM_ASSERT(1 + 1 == 2);
    PM_ASSERT(1 + 1 == 3);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("err");
    tcase_add_test(c, set_records_and_returns);
    tcase_add_test(c, wrap_prepends_and_keeps_the_status);
    tcase_add_test(c, a_place_is_named_once);
    tcase_add_test(c, a_message_may_quote_itself);
    tcase_add_test(c, long_messages_are_cut_visibly);
    tcase_add_test(c, every_status_has_text_and_name);
    const char *fork_mode = getenv("CK_FORK");
    if (!fork_mode || strcmp(fork_mode, "no") != 0) {
        tcase_add_test_raise_signal(c, broken_assumption_aborts, SIGABRT);
    }
    Suite *s = suite_create("err");
    suite_add_tcase(s, c);
    return suite_main(s);
}
