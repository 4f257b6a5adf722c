/* SPDX-License-Identifier: MIT
 *
 * What every unit test shares: running one suite as a program, and a folder of its own that is
 * removed.
 */
#ifndef PM_TEST_SUITE_H
#define PM_TEST_SUITE_H

#include <check.h>
#include <ftw.h>
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

/* A new folder under $TMPDIR or /tmp. */
static inline void folder_open(char path[256])
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

static inline void folder_close(const char *path)
{
    nftw(path, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
