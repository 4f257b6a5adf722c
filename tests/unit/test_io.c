/* SPDX-License-Identifier: MIT
 *
 * Files: reads and maps, writes that are all or nothing, folders, XDG places.
 */
#include "config.h"

#include "suite.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/io.h"

static char folder[256];

static void setup(void)
{
    temp_folder_open(folder);
}

static void teardown(void)
{
    temp_folder_close(folder);
}

static const char *in(const char *name)
{
    static char path[2][512];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static size_t names_in(const char *dir)
{
    arena *a = arena_open(0);
    char **names = NULL;
    size_t n = 0;
    ck_assert_int_eq(io_list(dir, a, &names, &n, NULL), PM_OK);
    arena_close(a);
    return n;
}

START_TEST(written_bytes_are_read_back)
{
    str s = STR_INIT;
    char bytes[200000];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)(i * 7);
    static const size_t len[] = {0, 1, 65535, 65536, 65537, sizeof bytes};
    for (size_t k = 0; k < sizeof len / sizeof len[0]; k++) {
        ck_assert_int_eq(io_write(in("f"), bytes, len[k], NULL), PM_OK);
        ck_assert_int_eq(io_read(in("f"), len[k], &s, NULL), PM_OK);
        ck_assert_uint_eq(s.len, len[k]);
        ck_assert_mem_eq(str_text(&s), bytes, len[k]);
        ck_assert_int_eq(str_text(&s)[s.len], 0);
        io_map m;
        ck_assert_int_eq(io_map_open(in("f"), &m, NULL), PM_OK);
        ck_assert_uint_eq(m.len, len[k]);
        ck_assert_ptr_nonnull(m.at);
        ck_assert_mem_eq(m.at, bytes, len[k]);
        io_map_close(&m);
        io_map_close(&m);
    }
    ck_assert_uint_eq(names_in(folder), 1);
    str_close(&s);
}
END_TEST

START_TEST(reading_refuses)
{
    str s = STR_INIT;
    io_map m;
    pm_err e = PM_ERR_INIT;
    ck_assert_int_eq(io_write(in("f"), "12345", 5, NULL), PM_OK);
    ck_assert_int_eq(io_read(in("f"), 4, &s, &e), PM_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(e.text, "larger than the 4 bytes"));
    ck_assert_str_eq(str_text(&s), "");
    ck_assert_int_eq(io_read(in("none"), 9, &s, &e), PM_E_IO);
    ck_assert_ptr_nonnull(strstr(e.text, "none: cannot open: "));
    ck_assert_int_eq(io_read(folder, 9, &s, &e), PM_E_IO);
    ck_assert_int_eq(io_map_open(in("none"), &m, &e), PM_E_IO);
    ck_assert_int_eq(io_map_open(folder, &m, &e), PM_E_IO);
    ck_assert_ptr_nonnull(strstr(e.text, "not a regular file"));
    ck_assert_int_eq(io_map_open("/dev/null", &m, &e), PM_E_IO);
    io_map_close(&m);
    str_close(&s);
    mem_fail_after(1);
    ck_assert_int_eq(io_read(in("f"), 9, &s, &e), PM_E_MEMORY);
    str_close(&s);
}
END_TEST

START_TEST(abandoned_and_failed_writes_leave_the_old_file)
{
    str s = STR_INIT;
    pm_err e = PM_ERR_INIT;
    ck_assert_int_eq(io_write(in("f"), "old", 3, NULL), PM_OK);
    io_out *o = NULL;
    ck_assert_int_eq(io_out_open(in("f"), &o, NULL), PM_OK);
    ck_assert_int_ge(fprintf(io_out_file(o), "new"), 0);
    ck_assert_uint_eq(names_in(folder), 2);
    io_out_abandon(o);
    io_out_abandon(NULL);
    ck_assert_uint_eq(names_in(folder), 1);
    ck_assert_int_eq(io_read(in("f"), 9, &s, NULL), PM_OK);
    ck_assert_str_eq(str_text(&s), "old");

    ck_assert_int_eq(io_mkdir(in("d/e"), NULL),
                     PM_OK); /* a folder that is not empty cannot be replaced */
    ck_assert_int_eq(io_write(in("d"), "x", 1, &e), PM_E_IO);
    ck_assert_ptr_nonnull(strstr(e.text, "cannot replace"));
    ck_assert_uint_eq(names_in(folder), 2);
    ck_assert_int_eq(io_write(in("none/f"), "x", 1, &e), PM_E_IO);
    ck_assert_ptr_nonnull(strstr(e.text, "cannot create"));
    mem_fail_after(1);
    ck_assert_int_eq(io_write(in("f"), "x", 1, &e), PM_E_MEMORY);
    str_close(&s);
}
END_TEST

START_TEST(a_full_disk_leaves_the_old_file)
{
    str s = STR_INIT;
    pm_err e = PM_ERR_INIT;
    char bytes[100000] = {0};
    ck_assert_int_eq(io_write(in("f"), "old", 3, NULL), PM_OK);
    struct rlimit before, small;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 5000;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    pm_status status = io_write(in("f"), bytes, sizeof bytes, &e);
    pm_status late =
        io_write(in("f"), bytes, 5001, NULL); /* still in the stream's buffer: fails at the flush */
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    ck_assert_int_eq(status, PM_E_IO);
    ck_assert_int_eq(late, PM_E_IO);
    ck_assert_ptr_nonnull(strstr(e.text, "cannot write"));
    ck_assert_uint_eq(names_in(folder), 1);
    ck_assert_int_eq(io_read(in("f"), 9, &s, NULL), PM_OK);
    ck_assert_str_eq(str_text(&s), "old");
    str_close(&s);
}
END_TEST

START_TEST(a_left_temporary_is_no_hindrance)
{
    char name[64];
    snprintf(name, sizeof name, "f.tmp.%ld", (long)getpid());
    FILE *f = fopen(in(name), "w");
    ck_assert_ptr_nonnull(f);
    fclose(f);
    ck_assert_int_eq(io_write(in("f"), "x", 1, NULL), PM_OK);
    ck_assert_uint_eq(names_in(folder), 2);
}
END_TEST

START_TEST(a_bare_name_is_written_here)
{
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(io_write("bare", "x", 1, NULL), PM_OK);
    ck_assert(io_exists(in("bare")));
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(folders)
{
    pm_err e = PM_ERR_INIT;
    ck_assert_int_eq(io_mkdir(in("a/b//c/"), NULL), PM_OK);
    ck_assert_int_eq(io_mkdir(in("a/b/c"), NULL), PM_OK);
    ck_assert(io_is_dir(in("a/b/c")) && io_exists(in("a")) && !io_exists(in("x")));
    ck_assert_int_eq(io_write(in("a/f"), "", 0, NULL), PM_OK);
    ck_assert(io_exists(in("a/f")) && !io_is_dir(in("a/f")));
    ck_assert_int_eq(io_mkdir(in("a/f/g"), &e), PM_E_IO);
    ck_assert_ptr_nonnull(strstr(e.text, "a/f: cannot make the folder"));
    arena *a = arena_open(0);
    char **names = NULL;
    size_t n = 9;
    ck_assert_int_eq(io_write(in("a/B"), "", 0, NULL), PM_OK);
    ck_assert_int_eq(io_list(in("a"), a, &names, &n, NULL), PM_OK);
    ck_assert_uint_eq(n, 3);
    ck_assert_str_eq(names[0], "B");
    ck_assert_str_eq(names[1], "b");
    ck_assert_str_eq(names[2], "f");
    ck_assert_int_eq(io_list(in("a/b/c"), a, &names, &n, NULL), PM_OK);
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(io_list(in("x"), a, &names, &n, &e), PM_E_IO);
    for (size_t k = 1; k <= 3; k++) {
        arena *fresh = arena_open(0);
        mem_fail_after(k);
        pm_status s = io_list(in("a"), fresh, &names, &n, &e);
        mem_fail_after(0);
        ck_assert(s == PM_E_MEMORY || (s == PM_OK && n == 3));
        arena_close(fresh);
    }
    arena_close(a);
}
END_TEST

START_TEST(lines_are_read)
{
    static const char text[] = "one\n\r\n\nwith \0 in it\r\nlast";
    ck_assert_int_eq(io_write(in("f"), text, sizeof text - 1, NULL), PM_OK);
    static const struct {
        const char *line;
        size_t len;
    } row[] = {{"one", 3}, {"", 0}, {"", 0}, {"with \0 in it", 12}, {"last", 4}};
    FILE *f = fopen(in("f"), "r");
    str s = STR_INIT;
    bool more = false;
    for (size_t k = 0; k < 5; k++) {
        ck_assert_int_eq(io_line(f, "f", 13, &s, &more, NULL), PM_OK);
        ck_assert(more);
        ck_assert_uint_eq(s.len, row[k].len);
        ck_assert_mem_eq(str_text(&s), row[k].line, s.len);
    }
    ck_assert_int_eq(io_line(f, "f", 13, &s, &more, NULL), PM_OK);
    ck_assert(!more);
    rewind(f);
    pm_err e = PM_ERR_INIT;
    ck_assert_int_eq(io_line(f, "f", 2, &s, &more, &e), PM_E_FORMAT);
    ck_assert_str_eq(e.text, "f: a line longer than 2 bytes");
    fclose(f);
    f = fopen(folder, "r");
    if (f) {
        ck_assert_int_eq(io_line(f, "folder", 9, &s, &more, &e), PM_E_IO);
        fclose(f);
    }
    str_close(&s);
}
END_TEST

START_TEST(joins_and_places)
{
    arena *a = arena_open(0);
    ck_assert_str_eq(io_join(a, "x", "y"), "x/y");
    ck_assert_str_eq(io_join(a, "x/", "y"), "x/y");
    ck_assert_str_eq(io_join(a, "/", "y"), "/y");
    ck_assert_str_eq(io_join(a, "", "y"), "y");
    setenv("HOME", "/h", 1);
    setenv("XDG_DATA_HOME", "/data", 1);
    setenv("XDG_STATE_HOME", "relative/is/ignored", 1);
    unsetenv("XDG_CACHE_HOME");
    ck_assert_str_eq(io_xdg(a, IO_DATA_HOME), "/data/pointsman");
    ck_assert_str_eq(io_xdg(a, IO_STATE_HOME), "/h/.local/state/pointsman");
    ck_assert_str_eq(io_xdg(a, IO_CACHE_HOME), "/h/.cache/pointsman");
    unsetenv("XDG_DATA_HOME");
    ck_assert_str_eq(io_xdg(a, IO_DATA_HOME), "/h/.local/share/pointsman");
    unsetenv("HOME");
    const char *place = io_xdg(a, IO_CACHE_HOME);
    ck_assert(place && place[0] == '/');
    arena_close(a);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("io");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, written_bytes_are_read_back);
    tcase_add_test(c, reading_refuses);
    tcase_add_test(c, abandoned_and_failed_writes_leave_the_old_file);
    tcase_add_test(c, a_full_disk_leaves_the_old_file);
    tcase_add_test(c, a_left_temporary_is_no_hindrance);
    tcase_add_test(c, a_bare_name_is_written_here);
    tcase_add_test(c, folders);
    tcase_add_test(c, lines_are_read);
    tcase_add_test(c, joins_and_places);
    Suite *s = suite_create("io");
    suite_add_tcase(s, c);
    return suite_main(s);
}
