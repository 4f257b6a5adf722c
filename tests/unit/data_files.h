/* SPDX-License-Identifier: MIT
 *
 * What the tests of the data floor share: a folder, files in it, and reading a dataset from it.
 */
#ifndef PM_TEST_DATA_FILES_H
#define PM_TEST_DATA_FILES_H

#include "config.h"

#include "suite.h"

#include <string.h>

#include "data/dataset.h"

typedef struct files {
    char dir[256];
    arena *a;
    pm_err err;
} files;

static inline void files_open(files *f)
{
    memset(f, 0, sizeof *f);
    temp_folder_open(f->dir);
    f->a = arena_open(0);
    ck_assert_ptr_nonnull(f->a);
}

static inline void files_close(files *f)
{
    arena_close(f->a);
    temp_folder_close(f->dir);
}

/* The path of a file in the folder, in the arena. */
static inline const char *files_path(files *f, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", f->dir, name);
    return arena_strdup(f->a, path);
}

static inline const char *files_put_bytes(files *f, const char *name, const void *bytes, size_t len)
{
    const char *path = files_path(f, name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, len, file), len);
    ck_assert_int_eq(fclose(file), 0);
    return path;
}

static inline const char *files_put(files *f, const char *name, const char *text)
{
    return files_put_bytes(f, name, text, strlen(text));
}

/* Three prompts, two models. */
static inline void files_put_small(files *f)
{
    files_put(f, "prompts.jsonl",
              "{\"id\": \"a\", \"prompt\": \"one\", \"domain\": \"x\", \"split\": \"train\"}\n"
              "{\"id\": \"b\", \"prompt\": \"two\", \"domain\": \"y\", \"split\": \"train\"}\n"
              "{\"id\": \"c\", \"prompt\": \"three\", \"domain\": \"x\", \"split\": \"test\"}\n");
    files_put(f, "scores.csv", "id,small,large\na,0,1\nb,0.25,\nc,1,0.5\n");
}

static inline pm_status files_read(files *f, dataset *d)
{
    err_clear(&f->err);
    return dataset_read(f->dir, NULL, f->a, d, &f->err);
}

static inline void files_must_read(files *f, dataset *d)
{
    pm_status s = files_read(f, d);
    ck_assert_msg(s == PM_OK, "%s", err_text(&f->err));
}

/* The message must hold `part`. */
static inline void files_must_say(const files *f, const char *part)
{
    ck_assert_msg(strstr(err_text(&f->err), part) != NULL, "\"%s\" is not in: %s", part,
                  err_text(&f->err));
}

#endif
