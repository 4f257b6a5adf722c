/* SPDX-License-Identifier: MIT
 *
 * JSON documents: values, strictness with places, the files of tests/bad/json, cut and flipped
 * texts, failing allocations.
 */
#include "config.h"

#include "suite.h"

#include <math.h>
#include <string.h>

#include "base/io.h"
#include "base/json.h"
#include "base/rng.h"

static const char sample[] =
    "{\n \"name\": \"knn\", \"k\": [1, -2.5, 3e2], \"deep\": {\"a\": {\"b\": [[], {}, null]}},\n"
    " \"text\": \"q\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00 \xC3\xA9\", \"yes\": true, "
    "\"no\": false,\n"
    " \"zero\": 0, \"big\": 9007199254740992, \"\": \"empty key\"}\n";

static arena *a;

static void setup(void)
{
    a = arena_open(0);
}

static void teardown(void)
{
    arena_close(a);
}

static const json *good(const char *text)
{
    const json *j = NULL;
    pm_err e = PM_ERR_INIT;
    pm_status s = json_parse(text, strlen(text), a, &j, &e);
    ck_assert_msg(s == PM_OK, "%s: %s", text, err_text(&e));
    return j;
}

START_TEST(values_are_read)
{
    const json *j = good(sample);
    ck_assert_int_eq(j->kind, JSON_OBJECT);
    ck_assert_uint_eq(j->n, 9);
    ck_assert_ptr_null(j->key);
    ck_assert_str_eq(json_text(j, "name", ""), "knn");
    const json *k = json_get(j, "k");
    ck_assert_uint_eq(k->n, 3);
    ck_assert_double_eq(k->child->number, 1);
    ck_assert_double_eq(k->child->next->number, -2.5);
    ck_assert_double_eq(k->child->next->next->number, 300);
    ck_assert_ptr_null(k->child->next->next->next);
    ck_assert_str_eq(json_text(j, "text", ""), "q\"\\/\b\f\n\r\t\xC3\xA9\xF0\x9F\x98\x80 \xC3\xA9");
    ck_assert(json_flag(j, "yes", false) && !json_flag(j, "no", true));
    ck_assert_double_eq(json_number(j, "big", 0), 9007199254740992.0);
    ck_assert_str_eq(json_text(j, "", "none"), "empty key");
    const json *b = json_get(json_get(json_get(j, "deep"), "a"), "b");
    ck_assert_int_eq(b->child->kind, JSON_ARRAY);
    ck_assert_ptr_null(b->child->child);
    ck_assert_int_eq(b->child->next->kind, JSON_OBJECT);
    ck_assert_int_eq(b->child->next->next->kind, JSON_NULL);
}
END_TEST

START_TEST(fallbacks)
{
    const json *j = good("{\"a\":\"text\",\"b\":1}");
    ck_assert_double_eq(json_number(j, "a", 7), 7);
    ck_assert_double_eq(json_number(j, "c", 7), 7);
    ck_assert_str_eq(json_text(j, "b", "x"), "x");
    ck_assert(json_flag(j, "b", true));
    ck_assert_ptr_null(json_get(NULL, "a"));
    ck_assert_ptr_null(json_get(good("[1]"), "a"));
}
END_TEST

START_TEST(bare_values_and_numbers)
{
    ck_assert_int_eq(good(" null ")->kind, JSON_NULL);
    ck_assert_str_eq(good("\"\"")->text, "");
    ck_assert_int_eq(good("\xEF\xBB\xBF[]")->kind, JSON_ARRAY);
    static const struct {
        const char *text;
        double v;
    } row[] = {{"0", 0},
               {"-0", 0},
               {"9007199254740991", 9007199254740991.0},
               {"-9007199254740992", -9007199254740992.0},
               {"0.1", 0.1},
               {"1E-2", 0.01},
               {"1e+2", 100},
               {"2.2250738585072014e-308", 2.2250738585072014e-308},
               {"1.7976931348623157e308", 1.7976931348623157e308},
               {"1e-999", 0}};
    for (size_t k = 0; k < sizeof row / sizeof row[0]; k++) {
        ck_assert_double_eq(good(row[k].text)->number, row[k].v);
    }
    for (uint64_t i = 0; i < 3000; i++) { /* what str_number writes is read back equal */
        uint64_t bits = rng_bits(5, 0, i);
        double v = 0;
        memcpy(&v, &bits, sizeof v);
        if (!isfinite(v)) continue;
        str s = STR_INIT;
        str_number(&s, v);
        ck_assert_double_eq(good(str_text(&s))->number, v);
        str_close(&s);
        arena_reset(a);
    }
}
END_TEST

START_TEST(written_text_is_read_back)
{
    for (uint64_t i = 0; i < 500; i++) {
        str s = STR_INIT, text = STR_INIT;
        for (uint64_t k = 0; k < 20; k++) {
            char c = (char)(1 + rng_below(6, (uint32_t)i, k, 126));
            str_put(&text, &c, 1);
        }
        str_json(&s, str_text(&text), text.len);
        ck_assert_str_eq(good(str_text(&s))->text, str_text(&text));
        str_close(&s);
        str_close(&text);
        arena_reset(a);
    }
}
END_TEST

static void refused(const char *text, size_t len, const char *wanted)
{
    const json *j = (const json *)a;
    pm_err e = PM_ERR_INIT;
    pm_status s = json_parse(text, len, a, &j, &e);
    ck_assert_msg(s == PM_E_FORMAT, "accepted: %.*s", (int)len, text);
    ck_assert_ptr_null(j);
    ck_assert_msg(strncmp(e.text, wanted, strlen(wanted)) == 0, "%.*s: '%s' - wanted '%s'",
                  (int)len, text, e.text, wanted);
}

START_TEST(mistakes_have_places)
{
    static const struct {
        const char *text, *wanted;
    } row[] = {
        {"", "json:1:1: the document ends"},
        {"[1,\n 2", "json:2:3: ',' or ']'"},
        {"[1,]", "json:1:4: no JSON value"},
        {"{\"a\":1,}", "json:1:8: a key in quotes"},
        {"{a:1}", "json:1:2: a key in quotes"},
        {"{\"a\" 1}", "json:1:6: ':' is missing"},
        {"{\"a\":1 \"b\":2}", "json:1:8: ',' or '}'"},
        {"[\"\xC3\xA9\xC3\xA9\", x]", "json:1:8: no JSON value"}, /* columns are code points */
        {"nul", "json:1:1: no JSON value"},
        {"nullx", "json:1:5: something follows"},
        {"1 2", "json:1:3: something follows"},
        {"01", "json:1:1: a number begins"},
        {"-", "json:1:2: a digit"},
        {"+1", "json:1:1: no JSON value"},
        {"1.", "json:1:3: a digit"},
        {"1.e3", "json:1:3: a digit"},
        {".5", "json:1:1: no JSON value"},
        {"1e", "json:1:3: a digit"},
        {"1e999", "json:1:1: a number too large"},
        {"-1.5e999", "json:1:1: a number too large"},
        {"0x10", "json:1:2: something follows"},
        {"NaN", "json:1:1: no JSON value"},
        {"[1234567890123456789012345678901234567890123456789012345678901234]",
         "json:1:2: a number longer"},
        {"\"abc", "json:1:1: a string without"},
        {"\"a\tb\"", "json:1:3: a control character"},
        {"\"\\x\"", "json:1:2: an unknown escape"},
        {"\"\\", "json:1:2: an unknown escape"},
        {"\"\\u12\"", "json:1:6: \\u wants four"},
        {"\"\\u0000\"", "json:1:2: \\u0000"},
        {"\"\\ud800\"", "json:1:2: half of a surrogate"},
        {"\"\\ud800\\n12345\"", "json:1:2: half of a surrogate"},
        {"\"\\ud800\\u0041\"", "json:1:2: half of a surrogate"},
        {"\"\\udc00\"", "json:1:2: half of a surrogate"},
        {"[\"\xFF\"]", "json:1:3: a byte that is not UTF-8"},
        {"[\v1]", "json:1:2: no JSON value"},
        {"{\"a\":1,\n\"b\":{\"a\":[{\"x\":0}]},\n \"a\":2}", "json:3:2: this key was given before"},
        {"{\"a\":1,\"\\u0061\":2}", "json:1:8: this key was given before"},
        {"[{\"c\":1},{\"z\":0,\"b\":1,\"b\":2,\"c\":0,\"z\":3}]",
         "json:1:23: this key was given before"},
    };
    for (size_t k = 0; k < sizeof row / sizeof row[0]; k++) {
        refused(row[k].text, strlen(row[k].text), row[k].wanted);
    }
    refused("[1\0]", 4, "json:1:3: ',' or ']'");
    refused("[\"a\0\"]", 6, "json:1:4: a control character");
}
END_TEST

START_TEST(depth_and_size_are_bounded)
{
    char text[300];
    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    text[128] = '\0';
    ck_assert_int_eq(good(text)->kind, JSON_ARRAY);
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    refused(text, 130, "json:1:65: nested more than 64 deep");
    size_t len = 3u << 20;
    char *deep = malloc(len);
    memset(deep, '[', len);
    refused(deep, len, "json:1:65: nested more than 64 deep");
    free(deep);
}
END_TEST

START_TEST(many_keys_are_quick_and_checked)
{
    str s = STR_INIT;
    str_puts(&s, "{");
    for (int i = 0; i < 50000; i++) str_printf(&s, "\"key%d\":%d,", i, i);
    size_t len = s.len;
    str_puts(&s, "\"last\":1}");
    const json *j = good(str_text(&s));
    ck_assert_double_eq(json_number(j, "key49999", 0), 49999);
    s.at[s.len = len] = '\0';
    str_puts(&s, "\"key25000\":1}");
    refused(str_text(&s), s.len, "json:1:");
    str_close(&s);
}
END_TEST

START_TEST(files_are_read_with_their_names)
{
    char folder[256], path[300], wanted[400];
    temp_folder_open(folder);
    snprintf(path, sizeof path, "%s/f.json", folder);
    const json *j = NULL;
    pm_err e = PM_ERR_INIT;
    ck_assert_int_eq(io_write(path, sample, strlen(sample), NULL), PM_OK);
    ck_assert_int_eq(json_read(path, a, &j, &e), PM_OK);
    ck_assert_uint_eq(j->n, 9);
    ck_assert_int_eq(io_write(path, "{\n\"a\": tru}", 11, NULL), PM_OK);
    ck_assert_int_eq(json_read(path, a, &j, &e), PM_E_FORMAT);
    snprintf(wanted, sizeof wanted, "%s:2:6: no JSON value begins like this", path);
    ck_assert_str_eq(e.text, wanted);
    ck_assert_int_eq(json_read(folder, a, &j, &e), PM_E_IO);
    temp_folder_close(folder);
}
END_TEST

/* tests/bad/json/NAME.LINE.COLUMN.json: each is refused at that place. */
START_TEST(bad_files_are_refused_at_their_place)
{
    const char *source = getenv("srcdir");
    const char *dir = io_join(a, source ? source : ".", "tests/bad/json");
    char **names = NULL;
    size_t n = 0;
    ck_assert_int_eq(io_list(dir, a, &names, &n, NULL), PM_OK);
    ck_assert_uint_ge(n, 8);
    for (size_t k = 0; k < n; k++) {
        unsigned line = 0, column = 0;
        ck_assert_int_eq(sscanf(names[k], "%*[a-z-].%u.%u.json", &line, &column), 2);
        const char *path = io_join(a, dir, names[k]);
        char wanted[1024];
        snprintf(wanted, sizeof wanted, "%s:%u:%u: ", path, line, column);
        const json *j = NULL;
        pm_err e = PM_ERR_INIT;
        ck_assert_int_eq(json_read(path, a, &j, &e), PM_E_FORMAT);
        ck_assert_msg(strncmp(e.text, wanted, strlen(wanted)) == 0, "%s", e.text);
    }
}
END_TEST

START_TEST(every_truncation_is_refused)
{
    size_t len = strlen(sample) - 2; /* without the last brace */
    for (size_t k = 0; k <= len; k++) {
        char *cut = malloc(k + 1); /* exact room: a read past the end is seen by the tools */
        memcpy(cut, sample, k);
        const json *j = NULL;
        ck_assert_int_eq(json_parse(cut, k, a, &j, NULL), PM_E_FORMAT);
        free(cut);
        arena_reset(a);
    }
}
END_TEST

START_TEST(flipped_bits_never_crash)
{
    size_t len = strlen(sample), accepted = 0;
    char *text = malloc(len);
    for (uint64_t k = 0; k < 20000; k++) {
        memcpy(text, sample, len);
        for (uint32_t flip = 0; flip <= k % 3; flip++) {
            size_t bit = (size_t)rng_below(11, flip, k, len * 8);
            text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        }
        const json *j = NULL;
        pm_status s = json_parse(text, len, a, &j, NULL);
        ck_assert(s == PM_E_FORMAT || s == PM_OK);
        ck_assert_int_eq(s == PM_OK, j != NULL);
        accepted += s == PM_OK;
        arena_reset(a);
    }
    ck_assert(accepted > 0 && accepted < 15000);
    free(text);
}
END_TEST

START_TEST(every_failing_allocation_is_reported)
{
    pm_status s = PM_E_MEMORY;
    size_t n = 1;
    for (; s != PM_OK && n < 1000; n++) {
        arena *fresh = arena_open(0);
        const json *j = NULL;
        pm_err e = PM_ERR_INIT;
        mem_fail_after(n);
        s = json_parse(sample, strlen(sample), fresh, &j, &e);
        mem_fail_after(0);
        if (s != PM_OK) {
            ck_assert_int_eq(s, PM_E_MEMORY);
            ck_assert_str_eq(e.text, "json: out of memory");
            ck_assert_ptr_null(j);
        }
        arena_close(fresh);
    }
    ck_assert_int_eq(s, PM_OK);
    ck_assert_uint_gt(n, 20);
    arena_set_limit(a, 300);
    const json *j = NULL;
    ck_assert_int_eq(json_parse(sample, strlen(sample), a, &j, NULL), PM_E_MEMORY);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("json");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, values_are_read);
    tcase_add_test(c, fallbacks);
    tcase_add_test(c, bare_values_and_numbers);
    tcase_add_test(c, written_text_is_read_back);
    tcase_add_test(c, mistakes_have_places);
    tcase_add_test(c, depth_and_size_are_bounded);
    tcase_add_test(c, many_keys_are_quick_and_checked);
    tcase_add_test(c, files_are_read_with_their_names);
    tcase_add_test(c, bad_files_are_refused_at_their_place);
    tcase_add_test(c, every_truncation_is_refused);
    tcase_add_test(c, flipped_bits_never_crash);
    tcase_add_test(c, every_failing_allocation_is_reported);
    tcase_set_timeout(c, 60);
    Suite *s = suite_create("json");
    suite_add_tcase(s, c);
    return suite_main(s);
}
