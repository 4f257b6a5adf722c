/* SPDX-License-Identifier: MIT
 *
 * The log sink and the progress line, read back from a stderr that is a file, and so no terminal.
 */
#include "config.h"

#include "suite.h"

#include <string.h>

#include "base/json.h"
#include "base/log.h"

static char folder[256], path[300];
static char heard[20000];

static void setup(void)
{
    temp_folder_open(folder);
    snprintf(path, sizeof path, "%s/stderr", folder);
    log_open(LOG_WARN, false);
    unsetenv("POINTSMAN_PROGRESS");
    if (!freopen(path, "w", stderr)) ck_abort();
}

static void teardown(void)
{
    temp_folder_close(folder);
}

static const char *said(void)
{
    fflush(stderr);
    FILE *f = fopen(path, "r");
    heard[fread(heard, 1, sizeof heard - 1, f)] = '\0';
    fclose(f);
    return heard;
}

START_TEST(levels_are_kept)
{
    log_line(LOG_INFO, "not by default");
    log_line(LOG_WARN, "row %d", 3);
    log_open(LOG_DEBUG, false);
    log_line(LOG_DEBUG, "fine");
    log_open(LOG_SILENT, false);
    log_line(LOG_ERROR, "unheard");
    log_line(LOG_SILENT, "no level of a line");
    ck_assert_str_eq(said(), "warning: row 3\ndebug: fine\n");
    ck_assert(!log_colour());
}
END_TEST

START_TEST(what_is_read_again_is_told_once)
{
    for (int k = 0; k < 3; k++)
        for (int line = 1; line <= 2; line++) log_once(LOG_WARN, "odd.lua:%d", line);
    log_line(LOG_WARN, "odd.lua:1"); /* not once: said again */
    ck_assert_str_eq(said(), "warning: odd.lua:1\nwarning: odd.lua:2\nwarning: odd.lua:1\n");
    log_open(LOG_SILENT, false);
    log_once(LOG_WARN, "odd.lua:3");
    log_open(LOG_WARN, false);
    log_once(LOG_WARN, "odd.lua:3"); /* what was not heard is still to be said */
    ck_assert_ptr_nonnull(strstr(said(), "odd.lua:3"));
}
END_TEST

START_TEST(lines_may_be_json)
{
    log_open(LOG_INFO, true);
    log_line(LOG_ERROR, "a \"quoted\"\nline");
    arena *a = arena_open(0);
    const json *j = NULL;
    const char *text = said();
    ck_assert_int_eq(json_parse(text, strlen(text), a, &j, NULL), PM_OK);
    ck_assert_str_eq(json_text(j, "level", ""), "error");
    ck_assert_str_eq(json_text(j, "text", ""), "a \"quoted\"\nline");
    ck_assert_uint_eq(strlen(json_text(j, "time", "")), 20);
    arena_close(a);
}
END_TEST

START_TEST(long_lines_are_cut_visibly)
{
    char longer[10000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    log_line(LOG_WARN, "%s", longer);
    const char *text = said();
    ck_assert_uint_lt(strlen(text), 5000);
    ck_assert_str_eq(text + strlen(text) - 4, "...\n");
}
END_TEST

START_TEST(progress_is_for_terminals)
{
    progress_show("train", 0.5);
    progress_end();
    ck_assert_str_eq(said(), "");
}
END_TEST

START_TEST(progress_can_be_asked_for)
{
    setenv("POINTSMAN_PROGRESS", "1", 1);
    progress_show("train", 0.25);
    for (int k = 0; k < 1000; k++) progress_show("train", 0.26); /* too soon: not shown again */
    log_line(LOG_WARN, "a line on the way");
    progress_show("evaluate", 7); /* another job begins at once; shares are kept in [0, 1] */
    progress_end();
    const char *text = said();
    ck_assert_ptr_nonnull(strstr(text, "train  25%"));
    ck_assert_ptr_nonnull(strstr(text, "\r\033[Kwarning: a line on the way\n"));
    ck_assert_ptr_nonnull(strstr(text, "evaluate 100%"));
    ck_assert_str_eq(text + strlen(text) - 4, "\r\033[K");
    size_t shown = 0;
    for (const char *at = text; (at = strstr(at, "train")) != NULL; at++) shown++;
    ck_assert_uint_lt(shown, 100);
    setenv("POINTSMAN_PROGRESS", "0", 1);
    progress_show("silent", 0.5);
    ck_assert_ptr_null(strstr(said(), "silent"));
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("log");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, levels_are_kept);
    tcase_add_test(c, what_is_read_again_is_told_once);
    tcase_add_test(c, lines_may_be_json);
    tcase_add_test(c, long_lines_are_cut_visibly);
    tcase_add_test(c, progress_is_for_terminals);
    tcase_add_test(c, progress_can_be_asked_for);
    Suite *s = suite_create("log");
    suite_add_tcase(s, c);
    return suite_main(s);
}
