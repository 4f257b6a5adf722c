/* SPDX-License-Identifier: MIT
 *
 * What every unit test shares: running one suite as a program, and a folder of its own that is
 * removed.
 */
#ifndef PM_TEST_SUITE_H
#define PM_TEST_SUITE_H

#include <check.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline int suite_main(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* make check-valgrind sets PM_TEST_QUICK: every step is slow then and the question is another.  Who does less
 * says what is left out. */
static inline bool suite_is_quick(const char *left_out)
{
    const char *quick = getenv("PM_TEST_QUICK");
    if (!quick || !*quick) return false;
    printf("PM_TEST_QUICK: without %s\n", left_out);
    return true;
}

/* How often a test repeats itself: `full` times, or a sixteenth of that. */
static inline size_t suite_repeats(size_t full, const char *of_what)
{
    return full >= 16 && suite_is_quick(of_what) ? full / 16 : full;
}

/* A new folder under $TMPDIR or /tmp. */
static inline void temp_folder_open(char path[256])
{
    const char *base = getenv("TMPDIR");
    snprintf(path, 256, "%.200s/pointsman-test.XXXXXX", base && base[0] ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(path));
}

static inline int folder_remove_one(const char *path, const struct stat *st, int kind,
                                    struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static inline void temp_folder_close(const char *path)
{
    nftw(path, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
