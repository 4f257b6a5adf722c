/* SPDX-License-Identifier: MIT
 *
 * Datasets that are wrong on purpose: tests/bad/data/NAME, each with the exact message in expect.txt.
 */
#include "data_files.h"

#include "base/io.h"

static const char *source(void)
{
    const char *dir = getenv("srcdir");
    return dir ? dir : ".";
}

/* Reads NAME from inside tests/bad/data, so that messages hold no path of this machine. */
static void check_one(arena *a, const char *name)
{
    pm_err err = PM_ERR_INIT;
    str want = STR_INIT;
    dataset d;
    ck_assert_int_eq(io_read(io_join(a, name, "expect.txt"), 1 << 16, &want, &err), PM_OK);
    pm_status s = dataset_read(name, NULL, a, &d, &err);
    ck_assert_msg(s == PM_E_FORMAT || s == PM_E_IO, "%s: status %d", name, (int)s);
    while (want.len && want.at[want.len - 1] == '\n') want.at[--want.len] = '\0';
    ck_assert_msg(strcmp(err_text(&err), str_text(&want)) == 0, "%s\nfound:  %s\nwanted: %s", name,
                  err_text(&err), str_text(&want));
    str_close(&want);
}

START_TEST(each_says_what_it_should)
{
    pm_err err = PM_ERR_INIT;
    char **names;
    size_t n, checked = 0;
    arena *a = arena_open(0);
    ck_assert_int_eq(chdir(source()), 0);
    ck_assert_int_eq(chdir("tests/bad/data"), 0);
    ck_assert_int_eq(io_list(".", a, &names, &n, &err), PM_OK);
    for (size_t k = 0; k < n; k++) {
        if (!io_is_dir(names[k])) continue;
        check_one(a, names[k]);
        checked++;
    }
    ck_assert_uint_ge(checked, 70);
    arena_close(a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wrong datasets");
    TCase *cases = tcase_create("wrong datasets");
    tcase_add_test(cases, each_says_what_it_should);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
