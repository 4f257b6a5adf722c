/* SPDX-License-Identifier: MIT
 *
 * Files for tests of model files: where the golden ones lie, safetensors made of a header as written, and opening
 * what has to open or to be refused.
 */
#ifndef PM_TEST_NN_FILES_H
#define PM_TEST_NN_FILES_H

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "nn/source.h"

static inline const char *golden(arena *a, const char *name)
{
    const char *root = getenv("srcdir");
    char path[512];
    snprintf(path, sizeof path, "%.300s/tests/golden/%.150s", root && root[0] ? root : ".", name);
    return arena_strdup(a, path);
}

/* 8 bytes of length, the header, `data` zeros. */
static inline void make_safetensors(str *out, const char *header, size_t data)
{
    uint64_t n = strlen(header);
    str_put(out, (const char *)&n, sizeof n);
    str_puts(out, header);
    for (size_t i = 0; i < data; i++) str_put(out, "", 1);
}

static inline nn_source *open_source(const char *path, arena *a)
{
    nn_source *s = NULL;
    pm_err err = PM_ERR_INIT;
    ck_assert_msg(nn_source_open(path, a, &s, &err) == PM_OK, "%s", err_text(&err));
    return s;
}

/* All weights of a source in a slab. */
static inline float *read_slab(const nn_source *s, arena *a, nn_weights *w)
{
    pm_err err = PM_ERR_INIT;
    ck_assert_msg(nn_source_weights(s, a, w, &err) == PM_OK, "%s", err_text(&err));
    float *slab = arena_alloc(a, w->layout->floats, sizeof *slab);
    ck_assert_msg(nn_weights_read(w, slab, &err) == PM_OK, "%s", err_text(&err));
    return slab;
}

static inline void says(const pm_err *err, const char *what)
{
    ck_assert_msg(strstr(err_text(err), what) != NULL, "'%s' is not in: %s", what, err_text(err));
}

#endif
