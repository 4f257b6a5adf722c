/* SPDX-License-Identifier: MIT
 *
 * Every script of tests/bad/lua is refused with exactly the lines that its "-- expect: " comments give
 * ("..." stands for anything, such as a path of this machine).
 */
#include "script_tools.h"

static int check_one(bench *b, const char *name)
{
    str errors = STR_INIT;
    pm_err err = PM_ERR_INIT;
    script *s = NULL;
    script_options o = {
        .size = sizeof o, .memory_limit = (size_t)64 << 20, .instruction_limit = 50000000};
    pm_status st = script_open(&b->env, name, &o, &s, &errors, &err);
    if (errors.len == 0) str_puts(&errors, st == PM_OK ? "nothing is wrong" : err_text(&err));
    int bad = expect_lines(name, &errors);
    script_close(s);
    str_close(&errors);
    return bad;
}

START_TEST(test_every_file)
{
    bench b;
    size_t tried;
    bench_open(&b);
    int bad = for_every_file(&b, "tests/bad/lua", check_one, &tried);
    ck_assert_uint_ge(tried, 80);
    ck_assert_int_eq(bad, 0);
    bench_close(&b);
}
END_TEST

static const char *const lost_file = "absent.lua";

START_TEST(test_files_that_are_none)
{
    bench b;
    pm_err err = PM_ERR_INIT;
    script *s = NULL;
    bench_open(&b);
    ck_assert_int_eq(script_open(&b.env, io_join(b.a, b.folder, lost_file), NULL, &s, NULL, &err),
                     PM_E_IO);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "absent.lua: no such file"));
    ck_assert_int_eq(script_open(&b.env, b.folder, NULL, &s, NULL, &err), PM_E_IO);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "a folder; want a script"));
    script_options o = {.size = sizeof o, .lua_dir = b.folder};
    const char *path = bench_write(&b, "a.lua", "return 1\n");
    ck_assert_int_eq(script_open(&b.env, path, &o, &s, NULL, &err), PM_E_IO);
    ck_assert_ptr_nonnull(strstr(err_text(&err), "pointsman.lua is not in"));
    bench_close(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bad scripts");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, test_every_file);
    tcase_add_test(all, test_files_that_are_none);
    suite_add_tcase(suite, all);
    return suite_main(suite);
}
