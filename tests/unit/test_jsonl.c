/* SPDX-License-Identifier: MIT
 *
 * JSON lines: what is read, what is repaired, what is refused and where.
 */
#include "data_files.h"

#include "base/gz.h"
#include "data/jsonl.h"

static files f;

static void setup(void)
{
    files_open(&f);
}

static void teardown(void)
{
    files_close(&f);
}

static jsonl *open_text(const char *text, size_t len, size_t max_row)
{
    jsonl *j;
    ck_assert_int_eq(jsonl_open(files_put_bytes(&f, "x.jsonl", text, len), max_row, &j, &f.err),
                     PM_OK);
    return j;
}

static jsonl *open_of(const char *text)
{
    return open_text(text, strlen(text), 0);
}

/* The only field of the only row of {"k": VALUE}. */
static jsonl_field field_of(jsonl *j)
{
    const jsonl_field *field;
    size_t n;
    pm_status s = jsonl_next(j, &field, &n, &f.err);
    ck_assert_msg(s == PM_OK, "%s", err_text(&f.err));
    ck_assert_uint_eq(n, 1);
    return field[0];
}

static void must_text(const char *row, const char *want, size_t len, size_t repaired)
{
    jsonl *j = open_of(row);
    jsonl_field field = field_of(j);
    ck_assert_int_eq((int)field.kind, (int)JSONL_STRING);
    ck_assert_uint_eq(field.text.len, len);
    ck_assert_mem_eq(field.text.ptr, want, len);
    ck_assert_uint_eq(jsonl_repaired(j), repaired);
    jsonl_close(j);
}

START_TEST(kinds_of_values)
{
    jsonl *j =
        open_of("{\"a\": \"t\", \"b\": -12.5e1, \"c\": true, \"d\": null, \"e\": [1, {\"x\": []}], "
                "\"f\": {}, \"g\": false}\r\n\n  \n{}\n{\"h\":0}");
    const jsonl_field *field;
    size_t n;
    ck_assert_int_eq(jsonl_next(j, &field, &n, &f.err), PM_OK);
    ck_assert_uint_eq(n, 7);
    const jsonl_kind kinds[] = {JSONL_STRING, JSONL_NUMBER, JSONL_BOOL, JSONL_NULL,
                                JSONL_RAW,    JSONL_RAW,    JSONL_BOOL};
    for (size_t k = 0; k < n; k++) ck_assert_int_eq((int)field[k].kind, (int)kinds[k]);
    ck_assert_double_eq(jsonl_find(field, n, "b")->number, -125);
    ck_assert_double_eq(jsonl_find(field, n, "c")->number, 1);
    ck_assert_double_eq(jsonl_find(field, n, "g")->number, 0);
    ck_assert(pm_str_equal(jsonl_find(field, n, "e")->text, "[1, {\"x\": []}]"));
    ck_assert_ptr_null(jsonl_find(field, n, "z"));
    ck_assert_uint_eq(jsonl_line(j), 1);
    ck_assert_int_eq(jsonl_next(j, &field, &n, &f.err), PM_OK);
    ck_assert_uint_eq(n, 0);
    ck_assert_ptr_nonnull(field); /* an empty object is not the end */
    ck_assert_uint_eq(jsonl_line(j), 4);
    ck_assert_double_eq(field_of(j).number, 0);
    ck_assert_int_eq(jsonl_next(j, &field, &n, &f.err), PM_OK);
    ck_assert_ptr_null(field);
    ck_assert_int_eq(jsonl_next(j, &field, &n, &f.err), PM_OK);
    ck_assert_ptr_null(field);
    jsonl_close(j);
}
END_TEST

START_TEST(strings)
{
    must_text("{\"k\": \"\"}", "", 0, 0);
    must_text("{\"k\": \"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "\"\\/\b\f\n\r\t", 8, 0);
    must_text("{\"k\": \"0123456\\n0123456789abcdef\\t!\"}", "0123456\n0123456789abcdef\t!", 26, 0);
    must_text("{\"k\": \"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"}",
              "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 10, 0);
    must_text("{\"k\": \"a\\u0000b\"}", "a\0b", 3, 0);
    must_text("\xef\xbb\xbf{\"k\": \"bom\"}", "bom", 3, 0);
    must_text("{\"\\u006b\": \"\xe4\xbd\xa0\xe5\xa5\xbd\"}", "\xe4\xbd\xa0\xe5\xa5\xbd", 6, 0);
}
END_TEST

START_TEST(repairs)
{
    must_text("{\"k\": \"a\\ud800b\"}",
              "a\xef\xbf\xbd"
              "b",
              5, 1);
    must_text("{\"k\": \"\\udc00\\ud83d\"}", "\xef\xbf\xbd\xef\xbf\xbd", 6, 1);
    must_text("{\"k\": \"\\ud83d\\u0041\"}",
              "\xef\xbf\xbd"
              "A",
              4, 1);
    must_text("{\"k\": \"caf\xe9 au lait\"}", "caf\xef\xbf\xbd au lait", 14, 1);
    must_text("{\"k\": \"\xc0\xaf\"}", "\xef\xbf\xbd\xef\xbf\xbd", 6, 1); /* overlong */
    must_text("{\"k\": \"\xed\xa0\x80\"}", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 9,
              1); /* surrogate */
    must_text("{\"k\": \"\xf4\x90\x80\x80 \\n\"}",
              "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \n", 14, 1); /* above U+10FFFF */
    must_text("{\"k\": \"end \xe2\x82\"}", "end \xef\xbf\xbd\xef\xbf\xbd", 10, 1);
}
END_TEST

/* Every string of every length around the word size, with and without an escape at each place. */
START_TEST(word_edges)
{
    for (size_t len = 0; len < 40; len++)
        for (size_t at = 0; at <= len; at++) {
            char row[128], want[64];
            size_t n = 0, w = 0;
            n += (size_t)sprintf(row, "{\"k\": \"");
            for (size_t i = 0; i < len; i++) {
                want[w++] = i == at ? '\n' : (char)('a' + i % 26);
                if (i == at) row[n++] = '\\';
                row[n++] = i == at ? 'n' : (char)('a' + i % 26);
            }
            strcpy(row + n, "\"}");
            must_text(row, want, w, 0);
        }
}
END_TEST

START_TEST(numbers)
{
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0", 0},
                {"-0.5", -0.5},
                {"1E3", 1000},
                {"0.1", 0.1},
                {"1e-7", 1e-7},
                {"123456789012345678", 123456789012345678.0},
                {"5e-324", 5e-324},
                {"0.30000000000000004", 0.30000000000000004},
                {"1e23", 1e23},
                {"1e-400", 0},
                {"8.41e21", 8.41e21},
                {"9007199254740993", 9007199254740992.0}};
    for (size_t k = 0; k < sizeof good / sizeof *good; k++) {
        char row[64];
        snprintf(row, sizeof row, "{\"k\": %s}", good[k].text);
        jsonl *j = open_of(row);
        jsonl_field field = field_of(j);
        ck_assert_double_eq(field.number, good[k].value);
        ck_assert(pm_str_equal(field.text, good[k].text));
        jsonl_close(j);
    }
}
END_TEST

START_TEST(refusals)
{
    static const struct {
        const char *row, *says;
    } bad[] = {
        {"{\"k\": 01}", "column 7: found '0', wanted a number without leading zeros"},
        {"{\"k\": +1}", "column 7: found '+', wanted a JSON value"},
        {"{\"k\": .5}", "column 7: found '.', wanted a JSON value"},
        {"{\"k\": 1.}", "column 8: found '.', wanted ',' or '}'"},
        {"{\"k\": 1e}", "column 8: found 'e', wanted ',' or '}'"},
        {"{\"k\": -}", "column 7: found '-', wanted a number"},
        {"{\"k\": 1e999}", "column 7: found '1', wanted a number that fits a double"},
        {"{\"k\": 0x10}", "column 8: found 'x', wanted ',' or '}'"},
        {"{\"k\": NaN}", "column 7: found 'N', wanted a number (NaN and Infinity are not JSON"},
        {"{\"k\": tru}", "column 7: found 't', wanted a JSON value"},
        {"{\"k\": True}", "column 7: found 'T', wanted a JSON value"},
        {"{\"k\": 'x'}", "column 7: found ''', wanted a JSON value"},
        {"{k: 1}", "column 2: found 'k', wanted a quoted key"},
        {"{\"k\" 1}", "column 6: found '1', wanted ':' after a key"},
        {"{\"k\": 1,}", "column 9: found '}', wanted a quoted key"},
        {"{\"k\": 1 \"l\": 2}", "column 9: found '\"', wanted ',' or '}'"},
        {"{\"k\": [1,]}", "column 10: found ']', wanted a JSON value"},
        {"{\"k\": [1 2]}", "column 10: found '2', wanted ',' or ']'"},
        {"{\"k\": {\"a\": 1,}}", "column 15: found '}', wanted a quoted key"},
        {"{\"k\": {1: 2}}", "column 8: found '1', wanted a quoted key"},
        {"{\"k\": [\"a\\x\"]}", "column 11: found 'x', wanted one of"},
        {"{\"k\": 1, \"\\u006b\": 2}", "column 10: found '\"', wanted each key once"},
        {"{\"k\": \"a\\", "found the end, wanted the rest of an escape"},
        {"{\"k\": \"a\\u12", "found 'u', wanted four hexadecimal digits"},
        {"{\"k\": \"a\\u123\"}", "found 'u', wanted four hexadecimal digits"},
        {"{\"k\": \"a\x01\"}", "column 9: found byte 0x01, wanted no raw control character"},
        {"{\"k\": \"a", "column 9: found the end, wanted the closing quote"},
        {"{\"k\": ", "column 7: found the end, wanted a JSON value"},
        {"{\"k\"", "column 5: found the end, wanted ':'"},
        {"{", "column 2: found the end, wanted a quoted key"},
        {"[1]", "column 1: found '[', wanted an object"},
        {"{} {}", "column 4: found '{', wanted nothing more on the line"},
        {"{\"k\": /* x */ 1}", "column 7: found '/', wanted a JSON value"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        char text[128];
        snprintf(text, sizeof text, "{}\n%s\n{\"after\": 1}\n", bad[k].row);
        jsonl *j = open_of(text);
        const jsonl_field *field;
        size_t n;
        ck_assert_int_eq(jsonl_next(j, &field, &n, &f.err), PM_OK);
        ck_assert_int_eq(jsonl_next(j, &field, &n, &f.err), PM_E_FORMAT);
        files_must_say(&f, bad[k].says);
        files_must_say(&f, "x.jsonl:2: ");
        ck_assert(jsonl_resumable(j));
        ck_assert(pm_str_equal(field_of(j).key, "after"));
        jsonl_close(j);
    }
}
END_TEST

START_TEST(limits)
{
    const jsonl_field *field;
    size_t n;
    char row[4096] = "{\"k\": ";
    for (int d = 0; d < 64; d++) strcat(row, "[");
    for (int d = 0; d < 64; d++) strcat(row, "]");
    strcat(row, "}\n");
    jsonl *j = open_of(row);
    ck_assert_int_eq((int)field_of(j).kind, (int)JSONL_RAW);
    jsonl_close(j);

    j = open_text("{\"k\": \"0123456789\"}\n{\"k\": 1}\n", 29, 12);
    ck_assert_int_eq(jsonl_next(j, &field, &n, &f.err), PM_E_FORMAT);
    files_must_say(&f, "x.jsonl:1: row is longer than 12 bytes");
    ck_assert(jsonl_resumable(j));
    ck_assert_double_eq(field_of(j).number, 1);
    ck_assert_uint_eq(jsonl_line(j), 2);
    jsonl_close(j);

    str many = STR_INIT;
    for (int k = 0; k < 1100; k++) str_printf(&many, "%s\"k%d\": 1", k ? ", " : "{", k);
    str_puts(&many, "}");
    j = open_of(str_text(&many));
    ck_assert_int_eq(jsonl_next(j, &field, &n, &f.err), PM_E_FORMAT);
    files_must_say(&f, "wanted at most 1024 fields");
    jsonl_close(j);
    str_close(&many);
}
END_TEST

/* Rows of many lengths over several read-ahead blocks, one far longer than a block; plain and gzip. */
START_TEST(blocks)
{
    str text = STR_INIT;
    for (int i = 0; i < 3000; i++) {
        int pad = i == 1234 ? 900000 : i * 37 % 501;
        str_printf(&text, "{\"i\": %d, \"text\": \"", i);
        for (int k = 0; k < pad; k++) str_put(&text, &"abc\xc3\xa9xyz"[k % 8], 1);
        str_puts(&text, "\\n\"}\n");
    }
    ck_assert_int_eq(gz_write_all(files_path(&f, "x.jsonl.gz"), text.at, text.len, &f.err), PM_OK);
    const char *paths[] = {files_put_bytes(&f, "x.jsonl", text.at, text.len),
                           files_path(&f, "x.jsonl.gz")};
    for (int p = 0; p < 2; p++) {
        jsonl *j;
        const jsonl_field *field;
        size_t n, repaired = 0;
        ck_assert_int_eq(jsonl_open(paths[p], 0, &j, &f.err), PM_OK);
        for (int i = 0; i < 3000; i++) {
            ck_assert_int_eq(jsonl_next(j, &field, &n, &f.err), PM_OK);
            ck_assert_uint_eq(n, 2);
            ck_assert_double_eq(field[0].number, i);
            size_t pad = i == 1234 ? 900000 : (size_t)(i * 37 % 501);
            repaired += pad % 8 == 4; /* cut between the two bytes of e acute */
            ck_assert_uint_eq(field[1].text.len, pad + 1 + (pad % 8 == 4 ? 2 : 0));
        }
        ck_assert_int_eq(jsonl_next(j, &field, &n, &f.err), PM_OK);
        ck_assert_ptr_null(field);
        ck_assert_uint_eq(jsonl_bytes(j), text.len);
        ck_assert_uint_eq(jsonl_repaired(j), repaired);
        jsonl_close(j);
    }
    str_close(&text);
}
END_TEST

static bool count_each(void *arg, const jsonl_field *field, size_t n, pm_err *err)
{
    (void)err;
    *(size_t *)arg += n == 1 && pm_str_equal(field[0].text, "\n");
    return true;
}

START_TEST(arrays)
{
    jsonl *j =
        open_of("{\"k\": [{\"a\": \"\\n\"}, {\"b\":\"\\n\"} ]}\n{\"k\": [ ]}\n{\"k\": [1]}\n");
    size_t count = 0;
    jsonl_field field = field_of(j);
    ck_assert_int_eq(jsonl_objects(j, field.text, count_each, &count, &f.err), PM_OK);
    ck_assert_uint_eq(count, 2);
    field = field_of(j);
    ck_assert_int_eq(jsonl_objects(j, field.text, count_each, &count, &f.err), PM_OK);
    ck_assert_uint_eq(count, 2);
    field = field_of(j);
    ck_assert_int_eq(jsonl_objects(j, field.text, count_each, &count, &f.err), PM_E_FORMAT);
    jsonl_close(j);
    ck_assert_int_eq(jsonl_open(files_path(&f, "absent"), 0, &j, &f.err), PM_E_IO);
    ck_assert_ptr_null(j);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("jsonl");
    TCase *cases = tcase_create("jsonl");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, kinds_of_values);
    tcase_add_test(cases, strings);
    tcase_add_test(cases, repairs);
    tcase_add_test(cases, word_edges);
    tcase_add_test(cases, numbers);
    tcase_add_test(cases, refusals);
    tcase_add_test(cases, limits);
    tcase_add_test(cases, blocks);
    tcase_add_test(cases, arrays);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
