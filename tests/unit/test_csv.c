/* SPDX-License-Identifier: MIT
 *
 * CSV: records, quotes, line ends, number cells, refusals.
 */
#include "data_files.h"

#include <math.h>

#include "base/gz.h"
#include "data/csv.h"

static files f;

static void setup(void)
{
    files_open(&f);
}

static void teardown(void)
{
    files_close(&f);
}

static csv *open_of(const char *text, size_t max_row)
{
    csv *c;
    ck_assert_int_eq(csv_open(files_put(&f, "x.csv", text), max_row, &c, &f.err), PM_OK);
    return c;
}

/* The next record is these fields, joined by '|', and began on `line`. */
static void must_record(csv *c, const char *joined, size_t line)
{
    const pm_str *field;
    size_t n;
    str got = STR_INIT;
    pm_status s = csv_next(c, &field, &n, &f.err);
    ck_assert_msg(s == PM_OK, "%s", err_text(&f.err));
    for (size_t k = 0; k < n; k++) {
        if (k) str_puts(&got, "|");
        str_put(&got, field[k].ptr, field[k].len);
    }
    ck_assert_str_eq(str_text(&got), joined);
    if (n) ck_assert_uint_eq(csv_line(c), line);
    str_close(&got);
}

START_TEST(records)
{
    csv *c = open_of("\xef\xbb\xbfid,a,b\r\n1,,x\n\n\"q\",\"say \"\"hi\"\", "
                     "ok\",\"two\nlines\"\r\n\"\",\" \",\n,\n"
                     "last,\xc3\xa9,",
                     0);
    must_record(c, "id|a|b", 1);
    must_record(c, "1||x", 2);
    must_record(c, "q|say \"hi\", ok|two\nlines", 4);
    must_record(c, "| |", 6);
    must_record(c, "|", 7);
    must_record(c, "last|\xc3\xa9|", 8);
    must_record(c, "", 0);
    must_record(c, "", 0);
    csv_close(c);
}
END_TEST

START_TEST(refusals)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"a,b\n\"x,1\ny,2\n", "x.csv:2: field 1: found no closing quote"},
        {"a,b\nx\"y,1\n", "x.csv:2: field 1: found a quote inside an unquoted field"},
        {"a,b\nz, \"y\"\n", "x.csv:2: field 2: found a quote inside an unquoted field"},
        {"a,b\n\"x\"y,1\n", "x.csv:2: field 1: found text behind a closing quote"},
        {"a,b\nx\ry,1\n", "x.csv:2: field 1: found a carriage return without line feed"},
        {"a,b\n0123456789012345678901234567890123456789,1\n",
         "x.csv:2: record is longer than 30 bytes"},
        {"a,b\n\"0123456789\n0123456789\n01234567890123456789,1\n", "(a quote that never closes?)"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        csv *c = open_of(bad[k].text, 30);
        const pm_str *field;
        size_t n;
        must_record(c, "a|b", 1);
        ck_assert_int_eq(csv_next(c, &field, &n, &f.err), PM_E_FORMAT);
        files_must_say(&f, bad[k].says);
        csv_close(c);
    }
}
END_TEST

START_TEST(number_cells)
{
    static const char *const empty[] = {"", " ", "NaN", "nan", "NA", "null"};
    static const char *const bad[] = {"x",     "1x",  "inf", "-inf", "Infinity",
                                      "1e999", "0x1", "1,5", "+-1",  "--1",
                                      ".",     "1 2", "N/A", "None", "01"};
    double v;
    for (size_t k = 0; k < sizeof empty / sizeof *empty; k++) {
        ck_assert(csv_number(pm_str_of(empty[k]), &v));
        ck_assert(isnan(v));
    }
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        ck_assert_msg(!csv_number(pm_str_of(bad[k]), &v), "%s", bad[k]);
    ck_assert(csv_number(pm_str_of(" 0.25\t"), &v) && v == 0.25);
    ck_assert(csv_number(pm_str_of("+3"), &v) && v == 3);
    ck_assert(csv_number(pm_str_of("-1.5E-3"), &v) && v == -1.5e-3);
}
END_TEST

/* Records over several read-ahead blocks, quoted line ends among them; plain and gzip. */
START_TEST(blocks)
{
    str text = STR_INIT;
    for (int i = 0; i < 4000; i++) {
        str_printf(&text, "%d,\"", i);
        for (int k = 0; k < i % 400; k++) str_puts(&text, k % 50 == 7 ? "\n\"\"" : "y");
        str_puts(&text, "\",z\r\n");
    }
    ck_assert_int_eq(gz_write_all(files_path(&f, "x.csv.gz"), text.at, text.len, &f.err), PM_OK);
    const char *paths[] = {files_put_bytes(&f, "x.csv", text.at, text.len),
                           files_path(&f, "x.csv.gz")};
    for (int p = 0; p < 2; p++) {
        csv *c;
        const pm_str *field;
        size_t n, line = 1;
        ck_assert_int_eq(csv_open(paths[p], 0, &c, &f.err), PM_OK);
        for (int i = 0; i < 4000; i++) {
            double v;
            ck_assert_int_eq(csv_next(c, &field, &n, &f.err), PM_OK);
            ck_assert_uint_eq(n, 3);
            ck_assert(csv_number(field[0], &v) && v == i);
            size_t breaks = (size_t)(i % 400 + 42) / 50;
            ck_assert_uint_eq(field[1].len, (size_t)(i % 400) + breaks);
            ck_assert(pm_str_equal(field[2], "z"));
            ck_assert_uint_eq(csv_line(c), line);
            line += 1 + breaks;
        }
        ck_assert_int_eq(csv_next(c, &field, &n, &f.err), PM_OK);
        ck_assert_uint_eq(n, 0);
        ck_assert_uint_eq(csv_bytes(c), text.len);
        csv_close(c);
    }
    str_close(&text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("csv");
    TCase *cases = tcase_create("csv");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, records);
    tcase_add_test(cases, refusals);
    tcase_add_test(cases, number_cells);
    tcase_add_test(cases, blocks);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
