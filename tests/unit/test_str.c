/* SPDX-License-Identifier: MIT
 *
 * The growing string, JSON forms, shortest numbers in any locale, UTF-8, "did you mean".
 */
#include "config.h"

#include "suite.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"

START_TEST(appends_and_clears)
{
    str s = STR_INIT;
    ck_assert_str_eq(str_text(&s), "");
    for (int i = 0; i < 500; i++) str_printf(&s, "%d,", i);
    str_put(&s, "end", 2);
    str_puts(&s, "");
    ck_assert_uint_eq(s.len, strlen(str_text(&s)));
    ck_assert_str_eq(str_text(&s) + s.len - 6, "499,en");
    str_clear(&s);
    ck_assert_uint_eq(s.len, 0);
    ck_assert_str_eq(str_text(&s), "");
    str_put(&s, NULL, 0);
    ck_assert(!s.failed);
    str_close(&s);
    str_close(&s);
}
END_TEST

START_TEST(failed_allocation_is_remembered)
{
    str s = STR_INIT;
    str_puts(&s, "kept");
    char big[4096];
    memset(big, 'x', sizeof big);
    mem_fail_after(1);
    str_put(&s, big, sizeof big);
    ck_assert(s.failed);
    str_puts(&s, "ignored");
    ck_assert_str_eq(str_text(&s), "kept");
    str_clear(&s);
    str_puts(&s, "again");
    ck_assert_str_eq(str_text(&s), "again");
    str_close(&s);
}
END_TEST

static void json_is(const char *text, size_t len, const char *wanted)
{
    str s = STR_INIT;
    str_json(&s, text, len);
    ck_assert_str_eq(str_text(&s), wanted);
    str_close(&s);
}

START_TEST(json_text_is_escaped)
{
    json_is("", 0, "\"\"");
    json_is("plain", 5, "\"plain\"");
    json_is("a\"b\\c/", 6, "\"a\\\"b\\\\c/\"");
    json_is("\b\f\n\r\t\x01\x1f\x7f", 8, "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
    json_is("a\0b", 3, "\"a\\u0000b\"");
    json_is("\xC3\xA9\xF0\x9F\x98\x80", 6, "\"\xC3\xA9\xF0\x9F\x98\x80\"");
    json_is("x\xFFy\xC3", 4, "\"x\xEF\xBF\xBDy\xEF\xBF\xBD\"");
    json_is("\xEF\xBF\xBD", 3, "\"\xEF\xBF\xBD\"");
}
END_TEST

static void number_is(double v, const char *wanted)
{
    str s = STR_INIT;
    str_number(&s, v);
    ck_assert_str_eq(str_text(&s), wanted);
    str_close(&s);
}

static void float_is(float v, const char *wanted)
{
    str s = STR_INIT;
    str_float(&s, v);
    ck_assert_str_eq(str_text(&s), wanted);
    str_close(&s);
}

static void check_numbers(void)
{
    number_is(0, "0");
    number_is(-0.0, "-0");
    number_is(0.1, "0.1");
    number_is(0.1 + 0.2, "0.30000000000000004");
    number_is(1.0 / 3, "0.3333333333333333");
    number_is(9007199254740993.0, "9007199254740992");
    number_is(-1e300, "-1e+300");
    number_is(5e-324, "5e-324");
    number_is(DBL_MAX, "1.7976931348623157e+308");
    number_is(NAN, "null");
    number_is(INFINITY, "null");
    number_is(-INFINITY, "null");
    float_is(0.1f, "0.1");
    float_is(FLT_MAX, "3.4028235e+38");
    float_is(1e-45f, "1e-45");
    float_is(NAN, "null");
}

START_TEST(numbers_are_shortest)
{
    check_numbers();
}
END_TEST

START_TEST(numbers_ignore_the_locale)
{
    const char *const commas[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_AT.UTF-8"};
    for (size_t k = 0; k < 4; k++) {
        if (setlocale(LC_ALL, commas[k])) break;
    }
    check_numbers(); /* without such a locale here this repeats the test above */
    setlocale(LC_ALL, "C");
}
END_TEST

START_TEST(numbers_read_back_equal)
{
    for (uint64_t i = 0; i < 20000; i++) {
        uint64_t bits = rng_bits(7, 0, i);
        double v = 0;
        memcpy(&v, &bits, sizeof v);
        if (!isfinite(v)) continue;
        str s = STR_INIT;
        str_number(&s, v);
        ck_assert_double_eq(strtod(str_text(&s), NULL), v);
        ck_assert_uint_le(s.len, 24);
        str_close(&s);
    }
}
END_TEST

START_TEST(utf8_decodes_and_refuses)
{
    static const struct {
        const char *bytes;
        size_t len, step;
        uint32_t point;
    } row[] = {
        {"A", 1, 1, 'A'},
        {"\xC2\x80", 2, 2, 0x80},
        {"\xDF\xBF", 2, 2, 0x7FF},
        {"\xE0\xA0\x80", 3, 3, 0x800},
        {"\xED\x9F\xBF", 3, 3, 0xD7FF},
        {"\xEE\x80\x80", 3, 3, 0xE000},
        {"\xF0\x90\x80\x80", 4, 4, 0x10000},
        {"\xF4\x8F\xBF\xBF", 4, 4, 0x10FFFF},
        {"\xC0\x80", 2, 1, 0xFFFD}, /* overlong */
        {"\xC1\xBF", 2, 1, 0xFFFD},
        {"\xE0\x9F\xBF", 3, 1, 0xFFFD},
        {"\xF0\x8F\xBF\xBF", 4, 1, 0xFFFD},
        {"\xED\xA0\x80", 3, 1, 0xFFFD},     /* surrogate */
        {"\xF4\x90\x80\x80", 4, 1, 0xFFFD}, /* past the end */
        {"\xF5\x80\x80\x80", 4, 1, 0xFFFD},
        {"\xFF", 1, 1, 0xFFFD},
        {"\x80", 1, 1, 0xFFFD},
        {"\xE2\x82", 2, 1, 0xFFFD}, /* cut */
        {"\xE2\x82"
         "A",
         3, 1, 0xFFFD},
    };
    for (size_t k = 0; k < sizeof row / sizeof row[0]; k++) {
        size_t i = 0;
        ck_assert_uint_eq(utf8_next(row[k].bytes, row[k].len, &i), row[k].point);
        ck_assert_uint_eq(i, row[k].step);
        ck_assert_int_eq(utf8_valid(row[k].bytes, row[k].len, NULL), row[k].point != 0xFFFD);
    }
    size_t bad = 0;
    ck_assert(!utf8_valid("ab\xC3\xA9\xC3", 5, &bad));
    ck_assert_uint_eq(bad, 4);
    ck_assert(utf8_valid("", 0, &bad));
    str sound = STR_INIT;
    ck_assert_uint_eq(utf8_repair("a\xC3\xA9\xFF\xE2\x82z", 7, &sound), 3);
    ck_assert_str_eq(str_text(&sound), "a\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz");
    str_close(&sound);
    ck_assert_uint_eq(utf8_count("a\xC3\xA9\xF0\x9F\x98\x80\xFF", 8), 4);
}
END_TEST

START_TEST(distance_counts_edits)
{
    ck_assert_uint_eq(str_distance("", ""), 0);
    ck_assert_uint_eq(str_distance("abc", ""), 3);
    ck_assert_uint_eq(str_distance("", "abcd"), 4);
    ck_assert_uint_eq(str_distance("kitten", "sitting"), 3);
    ck_assert_uint_eq(str_distance("router", "rotuer"), 1);
    ck_assert_uint_eq(str_distance("lambda", "lambda"), 0);
    ck_assert_uint_eq(str_distance("ab", "ba"), 1);
    ck_assert_uint_eq(str_distance("flaw", "lawn"), 2);
    char longer[70];
    memset(longer, 'a', sizeof longer - 1);
    longer[69] = '\0';
    ck_assert_uint_eq(str_distance(longer, "a"), 64);
    longer[64] = '\0';
    ck_assert_uint_eq(str_distance(longer, longer), 0);
}
END_TEST

START_TEST(suggestions_are_near)
{
    const char *const names[] = {"knn", "random", NULL, "length", "cluster"};
    ck_assert_str_eq(str_suggest("kn", names, 5), "knn");
    ck_assert_str_eq(str_suggest("lenght", names, 5), "length");
    ck_assert_str_eq(str_suggest("clusters", names, 5), "cluster");
    ck_assert_ptr_null(str_suggest("transformer", names, 5));
    ck_assert_ptr_null(str_suggest("x", names, 0));
    const char *const tie[] = {"ab", "ac"};
    ck_assert_str_eq(str_suggest("aa", tie, 2), "ab");
}
END_TEST

START_TEST(views_compare_with_text)
{
    ck_assert(pm_str_equal(pm_str_of("abc"), "abc"));
    ck_assert(!pm_str_equal(pm_str_of("abc"), "abd"));
    ck_assert(!pm_str_equal(pm_str_of("ab"), "abc"));
    pm_str none = {NULL, 0};
    ck_assert(pm_str_equal(none, ""));
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("str");
    tcase_add_test(c, appends_and_clears);
    tcase_add_test(c, failed_allocation_is_remembered);
    tcase_add_test(c, json_text_is_escaped);
    tcase_add_test(c, numbers_are_shortest);
    tcase_add_test(c, numbers_ignore_the_locale);
    tcase_add_test(c, numbers_read_back_equal);
    tcase_add_test(c, utf8_decodes_and_refuses);
    tcase_add_test(c, distance_counts_edits);
    tcase_add_test(c, suggestions_are_near);
    tcase_add_test(c, views_compare_with_text);
    Suite *s = suite_create("str");
    suite_add_tcase(s, c);
    return suite_main(s);
}
