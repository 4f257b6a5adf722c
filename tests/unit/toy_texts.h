/* SPDX-License-Identifier: MIT
 *
 * The documents of datasets/toy_corpus, sorted by folder and name.
 */
#ifndef PM_TESTS_TOY_TEXTS_H
#define PM_TESTS_TOY_TEXTS_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

static inline pm_str *toy_texts(arena *a, size_t *n)
{
    enum { MOST = 400 };
    pm_str *text = arena_alloc(a, MOST, sizeof *text);
    const char *src = getenv("srcdir");
    char *root = io_join(a, src ? src : ".", "datasets/toy_corpus");
    char **folder, **file;
    size_t folders, files;
    *n = 0;
    ck_assert_int_eq(io_list(root, a, &folder, &folders, NULL), PM_OK);
    for (size_t d = 0; d < folders; d++) {
        char *dir = io_join(a, root, folder[d]);
        if (!io_is_dir(dir)) continue;
        ck_assert_int_eq(io_list(dir, a, &file, &files, NULL), PM_OK);
        for (size_t f = 0; f < files && *n < MOST; f++) {
            str s = STR_INIT;
            if (!strstr(file[f], ".txt")) continue;
            ck_assert_int_eq(io_read(io_join(a, dir, file[f]), 1 << 20, &s, NULL), PM_OK);
            text[(*n)++] = (pm_str){arena_strndup(a, s.at, s.len), s.len};
            str_close(&s);
        }
    }
    ck_assert(*n > 50);
    return text;
}

#endif
