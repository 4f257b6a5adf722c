/* SPDX-License-Identifier: MIT
 *
 * The run store: what is written comes back, reruns keep jobs, only whole results survive a kill, a damaged or
 * foreign object is refused, and a newer or foreign database is not touched.
 */
#include "config.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/io.h"
#include "eval/store.h"
#include "eval/store_sql.h"
#include "suite.h"

static char dir[256];
static arena *a;

#define MUST(call)                                                                                 \
    do {                                                                                           \
        pm_err must_err = PM_ERR_INIT;                                                             \
        pm_err *err = &must_err;                                                                   \
        ck_assert_msg((call) == PM_OK, "%s", err_text(err));                                       \
    } while (0)
#define REFUSED(call, status, part)                                                                \
    do {                                                                                           \
        pm_err must_err = PM_ERR_INIT;                                                             \
        pm_err *err = &must_err;                                                                   \
        ck_assert_int_eq((call), (status));                                                        \
        ck_assert_msg(strstr(err_text(err), part) != NULL, "%s", err_text(err));                   \
    } while (0)

static void setup(void)
{
    temp_folder_open(dir);
    a = arena_open(0);
}

static void teardown(void)
{
    arena_close(a);
    temp_folder_close(dir);
}

static const char *const key_a = "aaaa0000aaaa0000aaaa0000aaaa0000aaaa0000aaaa0000aaaa0000aaaa0000";
static const char *const key_b = "aaaa1111aaaa1111aaaa1111aaaa1111aaaa1111aaaa1111aaaa1111aaaa1111";

static store *open_store(void)
{
    store *s;
    MUST(store_open(dir, &s, err));
    return s;
}

static void begin(store *s, const char *key, const char *name)
{
    store_run r = {.key = key,
                   .name = name,
                   .script = "/somewhere/x.lua",
                   .script_sha256 = "feed",
                   .spec_json = "{\"k\":1}",
                   .data_hash = "d",
                   .version = "0.1",
                   .machine_json = "{}",
                   .started = "2024-01-01T00:00:00Z"};
    MUST(store_begin_run(s, &r, err));
}

static const store_row two_rows[] = {
    {"w=1", "knn", "router", 18446744073709551615u, "all", "quality", 0.1, 0.05, 0.15, 12, "k=5"},
    {"", "oracle", "ceiling", 0, "domain:a \"b\"", "quality", 1, (double)NAN, (double)NAN, 3, ""}};

START_TEST(rows_come_back)
{
    store *s = open_store();
    begin(s, key_a, "trial");
    MUST(store_finish_run(s, key_a, two_rows, 2, 1.5, err));
    store_close(s);
    s = open_store();
    store_row *row;
    size_t n;
    MUST(store_rows(s, key_a, a, &row, &n, err));
    ck_assert_uint_eq(n, 2);
    ck_assert_str_eq(row[0].point, "w=1");
    ck_assert_uint_eq(row[0].seed, 18446744073709551615u);
    ck_assert_double_eq(row[0].lo, 0.05);
    ck_assert_str_eq(row[0].setting, "k=5");
    ck_assert_str_eq(row[1].subset, "domain:a \"b\"");
    ck_assert(isnan(row[1].lo));
    /* A rerun replaces them. */
    begin(s, key_a, "trial");
    MUST(store_finish_run(s, key_a, two_rows, 1, 1, err));
    MUST(store_rows(s, key_a, a, &row, &n, err));
    ck_assert_uint_eq(n, 1);
    store_close(s);
}
END_TEST

START_TEST(a_failed_attempt_leaves_what_is_done)
{
    store *s = open_store();
    store_run r;
    store_row *row;
    size_t n;
    begin(s, key_a, "trial");
    MUST(store_fail_run(s, key_a, 2, "x.lua:3: no such thing", err));
    MUST(store_find_run(s, key_a, a, &r, err));
    ck_assert_str_eq(r.status, "failed");
    ck_assert_str_eq(r.message, "x.lua:3: no such thing");
    begin(s, key_a, "trial"); /* tried again: it ends well */
    MUST(store_finish_run(s, key_a, two_rows, 2, 1.5, err));
    MUST(store_find_run(s, key_a, a, &r, err));
    ck_assert_str_eq(r.status, "done");
    ck_assert_str_eq(r.message, "");
    ck_assert_str_eq(r.later_started, "");
    begin(s, key_a, "trial"); /* begun anew, whether it is stopped or fails */
    MUST(store_find_run(s, key_a, a, &r, err));
    ck_assert_str_eq(r.status, "done");
    ck_assert_double_eq(r.seconds, 1.5);
    ck_assert_str_eq(r.later_started, "2024-01-01T00:00:00Z");
    ck_assert_str_eq(r.later_message, "");
    MUST(store_fail_run(s, key_a, 9, "no memory", err));
    MUST(store_find_run(s, key_a, a, &r, err));
    MUST(store_rows(s, key_a, a, &row, &n, err));
    ck_assert_str_eq(r.status, "done");
    ck_assert_str_eq(r.message, "");
    ck_assert_str_eq(r.later_message, "no memory");
    ck_assert_double_eq(r.seconds, 1.5);
    ck_assert_uint_eq(n, 2);
    begin(s, key_a, "trial");
    MUST(store_finish_run(s, key_a, two_rows, 1, 3, err));
    MUST(store_find_run(s, key_a, a, &r, err));
    MUST(store_rows(s, key_a, a, &row, &n, err));
    ck_assert_str_eq(r.later_started, "");
    ck_assert_double_eq(r.seconds, 3);
    ck_assert_uint_eq(n, 1);
    store_close(s);
}
END_TEST

/* A store of the first version is brought up to ours with what it holds. */
START_TEST(an_older_store_is_migrated)
{
    sql *db;
    store_run r;
    store_close(open_store());
    MUST(sql_open(io_join(a, dir, "store.sqlite"), 1000, &db, err));
    MUST(sql_exec(db,
                  "DROP TABLE attempt; ALTER TABLE run DROP COLUMN message;"
                  "INSERT INTO run (key, seq, name, status) VALUES ('feed', 1, 'old', 'done');"
                  "PRAGMA user_version = 1;",
                  err));
    sql_close(db);
    store *s = open_store();
    MUST(store_find_run(s, "feed", a, &r, err));
    ck_assert_str_eq(r.message, "");
    ck_assert_str_eq(r.later_started, "");
    store_close(s);
}
END_TEST

START_TEST(a_run_whose_process_died_is_interrupted)
{
    store_run r;
    pid_t child = fork();
    if (child == 0) {
        begin(open_store(), key_a, "trial");
        raise(SIGKILL);
    }
    int how;
    waitpid(child, &how, 0);
    ck_assert(WIFSIGNALED(how));
    store *s = open_store(), *other = open_store();
    MUST(store_find_run(s, key_a, a, &r, err));
    ck_assert_str_eq(r.status, "interrupted");
    ck_assert(isnan(r.seconds));
    begin(s, key_a, "trial"); /* taken up again: others see it at work */
    MUST(store_find_run(other, key_a, a, &r, err));
    ck_assert_str_eq(r.status, "running");
    ck_assert(r.is_at_work);
    MUST(store_finish_run(s, key_a, two_rows, 2, 1, err));
    begin(s, key_a, "trial"); /* attempted again, and given up */
    MUST(store_find_run(other, key_a, a, &r, err));
    ck_assert_str_eq(r.status, "done");
    ck_assert(r.is_at_work);
    store_close(s);
    MUST(store_find_run(other, key_a, a, &r, err));
    ck_assert_str_eq(r.status, "done");
    ck_assert(!r.is_at_work);
    store_close(other);
}
END_TEST

START_TEST(what_computed_nothing_keeps_the_first_start_and_time)
{
    store *s = open_store();
    store_run r,
        again = {
            .key = key_a, .name = "trial", .script = "y.lua", .started = "2025-05-05T00:00:00Z"};
    begin(s, key_a, "trial");
    MUST(store_refresh_run(s, key_a, two_rows, 2, 7, err)); /* all its jobs were others' */
    for (int computed = 0; computed < 2; computed++) {
        MUST(store_begin_run(s, &again, err));
        MUST((computed ? store_finish_run : store_refresh_run)(s, key_a, two_rows, 2, 0.5, err));
        MUST(store_find_run(s, key_a, a, &r, err));
        ck_assert_str_eq(r.status, "done");
        ck_assert_str_eq(r.script, "y.lua");
        ck_assert_str_eq(r.started, computed ? "2025-05-05T00:00:00Z" : "2024-01-01T00:00:00Z");
        ck_assert_double_eq(r.seconds, computed ? 0.5 : 7);
    }
    store_close(s);
}
END_TEST

START_TEST(runs_are_found_by_key_prefix_or_name)
{
    store *s = open_store();
    store_run r, *all;
    size_t n;
    begin(s, key_a, "trial");
    begin(s, key_b, "trial");
    MUST(store_runs(s, a, &all, &n, err));
    ck_assert_uint_eq(n, 2);
    ck_assert_str_eq(all[0].key, key_b);
    ck_assert_str_eq(all[0].status, "running");
    MUST(store_find_run(s, "aaaa0", a, &r, err));
    ck_assert_str_eq(r.key, key_a);
    MUST(store_find_run(s, "trial", a, &r, err));
    ck_assert_str_eq(r.key, key_b);
    REFUSED(store_find_run(s, "aaaa", a, &r, err), PM_E_ARG, "2 runs have keys that begin");
    REFUSED(store_find_run(s, "tial", a, &r, err), PM_E_ARG, "did you mean \"trial\"?");
    REFUSED(store_finish_run(s, "zz", two_rows, 2, 0, err), PM_E_ARG, "not begun");
    store_close(s);
}
END_TEST

START_TEST(a_failing_transaction_leaves_the_old_rows)
{
    store *s = open_store();
    store_row twice[2] = {two_rows[0], two_rows[0]};
    store_row *row;
    size_t n;
    begin(s, key_a, "trial");
    MUST(store_finish_run(s, key_a, two_rows, 2, 1, err));
    REFUSED(store_finish_run(s, key_a, twice, 2, 1, err), PM_E_IO, "row \"knn\", quality");
    MUST(store_rows(s, key_a, a, &row, &n, err));
    ck_assert_uint_eq(n, 2);
    store_close(s);
}
END_TEST

START_TEST(exports_are_canonical)
{
    store *s = open_store();
    str one = STR_INIT, two = STR_INIT;
    store_row swapped[2] = {two_rows[1], two_rows[0]};
    begin(s, key_a, "trial");
    MUST(store_finish_run(s, key_a, two_rows, 2, 1, err));
    MUST(store_export(s, key_a, true, &one, err));
    begin(s, key_a, "trial");
    MUST(store_finish_run(s, key_a, swapped, 2, 99, err));
    MUST(store_export(s, key_a, true, &two, err));
    ck_assert_str_eq(str_text(&one), str_text(&two));
    ck_assert_ptr_null(strstr(str_text(&one), "somewhere"));
    ck_assert_ptr_null(strstr(str_text(&one), "seconds"));
    ck_assert_ptr_nonnull(strstr(str_text(&one), "\"subset\":\"domain:a \\\"b\\\"\""));
    ck_assert_ptr_nonnull(strstr(str_text(&one), "\"seed\":18446744073709551615"));
    str_clear(&two);
    MUST(store_export(s, key_a, false, &two, err));
    ck_assert_ptr_nonnull(strstr(str_text(&two), "\"script\":\"/somewhere/x.lua\""));
    ck_assert_ptr_nonnull(strstr(str_text(&two), "\"spec\":{\"k\":1}"));
    str_close(&one);
    str_close(&two);
    store_close(s);
}
END_TEST

START_TEST(jobs_come_back)
{
    store *s = open_store();
    const char *result;
    MUST(store_job_find(s, "k", a, &result, err));
    ck_assert_ptr_null(result);
    MUST(store_job_done(s, "k", "router", "{\"a\":1}", 0.5, err));
    MUST(store_job_done(s, "k", "router", "{\"a\":2}", 0.5, err));
    store_close(s);
    s = open_store();
    MUST(store_job_find(s, "k", a, &result, err));
    ck_assert_str_eq(result, "{\"a\":2}");
    store_close(s);
}
END_TEST

/* ---- objects ---- */

static pm_cmat numbers(float *at, size_t rows, size_t cols)
{
    for (size_t k = 0; k < rows * cols; k++) at[k] = (float)k / 7;
    return (pm_cmat){at, rows, cols, cols};
}

START_TEST(matrices_come_back)
{
    store *s = open_store();
    float at[12];
    char hex[65], same[65];
    pm_mat back;
    pm_cmat m = numbers(at, 3, 4);
    MUST(store_put_matrix(s, m, hex, err));
    MUST(store_put_matrix(s, m, same, err));
    ck_assert_str_eq(hex, same);
    MUST(store_get_matrix(s, hex, a, &back, err));
    ck_assert_uint_eq(back.rows, 3);
    ck_assert_mem_eq(back.at, at, sizeof at);
    m.ld = 0; /* a broadcast row is written out */
    MUST(store_put_matrix(s, m, same, err));
    MUST(store_get_matrix(s, same, a, &back, err));
    ck_assert_float_eq(pm_row(back, 2)[3], at[3]);
    MUST(store_put_matrix(s, (pm_cmat){at, 0, 4, 4}, same, err));
    MUST(store_get_matrix(s, same, a, &back, err));
    ck_assert_uint_eq(back.rows, 0);
    store_close(s);
}
END_TEST

START_TEST(damaged_objects_are_refused_and_replaced)
{
    store *s = open_store();
    float at[12];
    char hex[65];
    pm_mat back;
    pm_cmat m = numbers(at, 3, 4);
    MUST(store_put_matrix(s, m, hex, err));
    const char *path = store_object_path(s, hex, a);
    for (long cut = 79; cut >= 0; cut -= 13) { /* every prefix, then a flipped bit */
        ck_assert_int_eq(truncate(path, cut), 0);
        REFUSED(store_get_matrix(s, hex, a, &back, err), PM_E_FORMAT, "damaged");
        REFUSED(store_check_object(s, hex, err), PM_E_FORMAT, "damaged");
    }
    MUST(store_put_matrix(s, m, hex, err));
    MUST(store_get_matrix(s, hex, a, &back, err));
    ck_assert_int_eq(remove(path), 0);
    REFUSED(store_get_matrix(s, hex, a, &back, err), PM_E_IO, "missing");
    REFUSED(store_get_matrix(s, "../../etc/passwd", a, &back, err), PM_E_FORMAT, "not an object");
    ck_assert_ptr_null(store_object_path(s, "..", a));
    store_close(s);
}
END_TEST

START_TEST(files_become_objects)
{
    store *s = open_store();
    char hex[65], other[65];
    pm_mat back;
    const char *path = store_temporary(s, a);
    MUST(io_write(path, "hello", 5, err));
    MUST(store_put_file(s, path, hex, err));
    ck_assert(!io_exists(path));
    ck_assert_str_eq(hex, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    MUST(store_check_object(s, hex, err));
    MUST(io_write(path, "hello", 5, err));
    MUST(store_put_file(s, path, other, err));
    ck_assert_str_eq(hex, other);
    REFUSED(store_get_matrix(s, hex, a, &back, err), PM_E_FORMAT, "no matrix");
    store_close(s);
}
END_TEST

/* ---- kills ---- */

static void write_until_killed(void)
{
    store *s;
    pm_err err = PM_ERR_INIT;
    float at[4096];
    if (store_open(dir, &s, &err)) _exit(2);
    for (unsigned k = 0;; k++) {
        char hex[65], key[32], result[128];
        for (unsigned i = 0; i < 4096; i++) at[i] = (float)(k * 4096 + i);
        snprintf(key, sizeof key, "job-%u", k);
        if (store_put_matrix(s, (pm_cmat){at, 64, 64, 64}, hex, &err)) _exit(3);
        snprintf(result, sizeof result, "%s", hex);
        if (store_job_done(s, key, "test", result, 0, &err)) _exit(4);
    }
}

/* Whatever the moment, every job that is there names an object that is whole, and no temporary stays. */
START_TEST(kills_leave_whole_jobs)
{
    size_t found = 0;
    for (int round = 0; round < 8; round++) {
        pid_t child = fork();
        if (child == 0) write_until_killed();
        usleep((useconds_t)(20000 + 9000 * round));
        kill(child, SIGKILL);
        int how;
        waitpid(child, &how, 0);
        ck_assert(WIFSIGNALED(how));
        store *s = open_store();
        for (unsigned k = 0;; k++) {
            char key[32];
            const char *result;
            snprintf(key, sizeof key, "job-%u", k);
            MUST(store_job_find(s, key, a, &result, err));
            if (!result) break;
            MUST(store_check_object(s, result, err));
            found++;
        }
        store_close(s);
    }
    ck_assert_uint_gt(found, 0);
    char **name;
    size_t n;
    MUST(io_list(io_join(a, dir, "objects"), a, &name, &n, err));
    for (size_t k = 0; k < n; k++) ck_assert_msg(strlen(name[k]) == 64, "%s stayed", name[k]);
}
END_TEST

/* ---- databases of others ---- */

START_TEST(a_newer_store_is_refused)
{
    sql *db;
    store *s = open_store();
    store_close(s);
    MUST(sql_open(io_join(a, dir, "store.sqlite"), 1000, &db, err));
    MUST(sql_exec(db, "PRAGMA user_version = 99", err));
    sql_close(db);
    REFUSED(store_open(dir, &s, err), PM_E_FORMAT, "version 99 is newer");
}
END_TEST

START_TEST(what_is_no_database_is_refused)
{
    store *s;
    const char *path = io_join(a, dir, "store.sqlite");
    char junk[4096];
    memset(junk, 'x', sizeof junk);
    MUST(io_write(path, junk, sizeof junk, err));
    REFUSED(store_open(dir, &s, err), PM_E_FORMAT, "store.sqlite");
    REFUSED(store_open(path, &s, err), PM_E_IO, "");
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("store");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, rows_come_back);
    tcase_add_test(c, a_failed_attempt_leaves_what_is_done);
    tcase_add_test(c, an_older_store_is_migrated);
    tcase_add_test(c, a_run_whose_process_died_is_interrupted);
    tcase_add_test(c, what_computed_nothing_keeps_the_first_start_and_time);
    tcase_add_test(c, runs_are_found_by_key_prefix_or_name);
    tcase_add_test(c, a_failing_transaction_leaves_the_old_rows);
    tcase_add_test(c, exports_are_canonical);
    tcase_add_test(c, jobs_come_back);
    tcase_add_test(c, matrices_come_back);
    tcase_add_test(c, damaged_objects_are_refused_and_replaced);
    tcase_add_test(c, files_become_objects);
    tcase_add_test(c, kills_leave_whole_jobs);
    tcase_add_test(c, a_newer_store_is_refused);
    tcase_add_test(c, what_is_no_database_is_refused);
    Suite *s = suite_create("store");
    suite_add_tcase(s, c);
    return suite_main(s);
}
