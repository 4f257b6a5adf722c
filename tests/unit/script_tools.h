/* SPDX-License-Identifier: MIT
 *
 * What the tests of floor bind share: an environment with the built plugins, scripts written into a folder,
 * expectations in comments.
 */
#ifndef PM_TEST_SCRIPT_TOOLS_H
#define PM_TEST_SCRIPT_TOOLS_H

#include "config.h"

#include "suite.h"

#include <string.h>

#include "base/io.h"
#include "bind/script.h"

#define LINES_MAX 40

typedef struct lines {
    char *at[LINES_MAX];
    size_t n;
} lines;

typedef struct bench { /* opened by each test */
    compute machine;
    plug_env env;
    char folder[256];
    arena *a;
} bench;

static inline void bench_open(bench *b)
{
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(compute_open(2, &b->machine, &err), PM_OK);
    b->env = (plug_env){.compute = &b->machine};
    ck_assert_msg(registry_open(NULL, &b->env.registry, &err) == PM_OK, "%s", err_text(&err));
    temp_folder_open(b->folder);
    b->a = arena_open(0);
}

static inline void bench_close(bench *b)
{
    arena_close(b->a);
    temp_folder_close(b->folder);
    registry_close(b->env.registry);
    compute_close(&b->machine);
}

static inline const char *source_folder(void)
{
    const char *srcdir = getenv("srcdir");
    return srcdir ? srcdir : ".";
}

/* Writes FOLDER/name; its path lives in the bench's arena. */
static inline const char *bench_write(bench *b, const char *name, const char *text)
{
    pm_err err = PM_ERR_INIT;
    const char *path = io_join(b->a, b->folder, name);
    ck_assert_int_eq(io_write(path, text, strlen(text), &err), PM_OK);
    return path;
}

static inline script *bench_script(bench *b, const char *path, const script_options *o)
{
    pm_err err = PM_ERR_INIT;
    str errors = STR_INIT;
    script *s = NULL;
    ck_assert_msg(script_open(&b->env, path, o, &s, &errors, &err) == PM_OK, "%s%s",
                  str_text(&errors), err_text(&err));
    str_close(&errors);
    return s;
}

/* Lines of text (which is cut up) that begin with `head`, behind it. */
static inline lines lines_of(char *text, const char *head)
{
    lines out = {{NULL}, 0};
    for (char *line = text ? strtok(text, "\n") : NULL; line && out.n < LINES_MAX;
         line = strtok(NULL, "\n"))
        if (strncmp(line, head, strlen(head)) == 0) out.at[out.n++] = line + strlen(head);
    return out;
}

/* Equal, where "..." in the pattern stands for anything. */
static inline bool line_fits(const char *pattern, const char *text)
{
    const char *dots = strstr(pattern, "...");
    if (!dots) return strcmp(pattern, text) == 0;
    if (strncmp(pattern, text, (size_t)(dots - pattern)) != 0) return false;
    if (!dots[3]) return true;
    for (text += dots - pattern; *text; text++)
        if (line_fits(dots + 3, text)) return true;
    return false;
}

/* Compares a message with the "-- expect: " comments of the file `name`; 1 and both on stdout if they differ. */
static inline int expect_lines(const char *name, str *message)
{
    str file = STR_INIT;
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(io_read(name, 1 << 20, &file, &err), PM_OK);
    lines want = lines_of(file.at, "-- expect: "), got = lines_of(message->at, "");
    int bad = want.n == 0 || got.n != want.n;
    for (size_t i = 0; !bad && i < got.n; i++) bad = !line_fits(want.at[i], got.at[i]);
    if (bad) {
        printf("%s (differs):\n", name);
        for (size_t i = 0; i < want.n; i++) printf("  want %s\n", want.at[i]);
        for (size_t i = 0; i < got.n; i++) printf("  got  %s\n", got.at[i]);
    }
    str_close(&file);
    return bad;
}

/* Calls check(b, name) for every .lua file of a folder of the source, from within it; sum of what it says. */
static inline int for_every_file(bench *b, const char *folder,
                                 int (*check)(bench *b, const char *name), size_t *tried)
{
    char **name;
    size_t n;
    int bad = 0;
    pm_err err = PM_ERR_INIT;
    const char *path = io_join(b->a, source_folder(), folder);
    *tried = 0;
    ck_assert_msg(chdir(path) == 0, "%s", path);
    ck_assert_int_eq(io_list(".", b->a, &name, &n, &err), PM_OK);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(name[i]);
        if (len < 4 || strcmp(name[i] + len - 4, ".lua") != 0) continue;
        ++*tried;
        bad += check(b, name[i]);
    }
    printf("%zu scripts\n", *tried);
    fflush(stdout);
    return bad;
}

#endif
