/* SPDX-License-Identifier: MIT
 *
 * Every script of tests/bad/lua is refused with exactly the lines that its "-- expect: " comments give
 * ("..." stands for anything, such as a path of this machine).
 */
#include "config.h"

#include <string.h>

#include "suite.h"

#include "base/io.h"
#include "bind/script.h"

#define LINES_MAX 40

typedef struct lines {
    char *at[LINES_MAX];
    size_t n;
} lines;

static compute machine;
static plug_env env;

static void setup(void)
{
    pm_err err = PM_ERR_INIT;
    ck_assert_int_eq(compute_open(1, &machine, &err), PM_OK);
    env = (plug_env){.compute = &machine};
    ck_assert_msg(registry_open(NULL, &env.registry, &err) == PM_OK, "%s", err_text(&err));
}

static void teardown(void)
{
    registry_close(env.registry);
    compute_close(&machine);
}

static const char *source(void)
{
    const char *srcdir = getenv("srcdir");
    return srcdir ? srcdir : ".";
}

/* Lines of text that begin with `head`, cut behind it. */
static lines lines_of(char *text, const char *head)
{
    lines out = {{NULL}, 0};
    for (char *line = strtok(text, "\n"); line && out.n < LINES_MAX; line = strtok(NULL, "\n"))
        if (strncmp(line, head, strlen(head)) == 0) out.at[out.n++] = line + strlen(head);
    return out;
}

/* Equal, where "..." in the pattern stands for anything. */
static bool fits(const char *pattern, const char *text)
{
    const char *dots = strstr(pattern, "...");
    if (!dots) return strcmp(pattern, text) == 0;
    if (strncmp(pattern, text, (size_t)(dots - pattern)) != 0) return false;
    if (!dots[3]) return true;
    for (text += dots - pattern; *text; text++)
        if (fits(dots + 3, text)) return true;
    return false;
}

static int check_one(const char *name)
{
    str file = STR_INIT, errors = STR_INIT;
    pm_err err = PM_ERR_INIT;
    script *s = NULL;
    script_options o = {
        .size = sizeof o, .memory_limit = (size_t)64 << 20, .instruction_limit = 50000000};
    ck_assert_int_eq(io_read(name, 1 << 20, &file, &err), PM_OK);
    lines want = lines_of(file.at, "-- expect: ");
    pm_status st = script_open(&env, name, &o, &s, &errors, &err);
    int bad = st == PM_OK || want.n == 0 || errors.failed;
    if (!bad && errors.len == 0) str_puts(&errors, err_text(&err));
    lines got = lines_of(errors.at ? errors.at : (char[]){""}, "");
    bad |= got.n != want.n;
    for (size_t i = 0; !bad && i < got.n; i++) bad = !fits(want.at[i], got.at[i]);
    if (bad) {
        printf("%s (status %d):\n", name, (int)st);
        for (size_t i = 0; i < want.n; i++) printf("  want %s\n", want.at[i]);
        for (size_t i = 0; i < got.n; i++) printf("  got  %s\n", got.at[i]);
    }
    script_close(s);
    str_close(&file);
    str_close(&errors);
    return bad;
}

START_TEST(test_every_file)
{
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/tests/bad/lua", source());
    arena *a = arena_open(0);
    char **name;
    size_t n, tried = 0;
    pm_err err = PM_ERR_INIT;
    int bad = 0;
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(io_list(".", a, &name, &n, &err), PM_OK);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(name[i]);
        if (len < 4 || strcmp(name[i] + len - 4, ".lua") != 0) continue;
        tried++;
        bad += check_one(name[i]);
    }
    printf("%zu scripts\n", tried);
    fflush(stdout);
    ck_assert_uint_ge(tried, 40);
    ck_assert_int_eq(bad, 0);
    arena_close(a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bad scripts");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_set_timeout(all, 60);
    tcase_add_test(all, test_every_file);
    suite_add_tcase(suite, all);
    return suite_main(suite);
}
