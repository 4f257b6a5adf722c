/* SPDX-License-Identifier: MIT
 *
 * Flags in prompts: the grammar, what it makes of weights and of the text, hostile texts, no allocation.
 */
#include "config.h"

#include "suite.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "plug/flags.h"

static const pm_phrase of_size[] = {
    {"smallest model", 10}, {"small model", 0.1}, {"tiny \xC3\xA9t\xC3\xA9", 3}, {NULL, 0}};
static const pm_phrase of_trust[] = {{"secure", 1}, {"private", 0.5}, {NULL, 0}};
static const pm_phrase of_home[] = {{"private", 2}, {NULL, 0}};
static const pm_phrase of_age[] = {{"newest model", 4}, {"proven model", -4}, {NULL, 0}};
static const pm_phrase of_price[] = {{"cheap", 1}, {NULL, 0}};
static const flag_term terms[] = {
    {"size", "size", PM_SOFT, false, of_size},      {"trust", "security", PM_SOFT, false, of_trust},
    {"home", "residency", PM_SOFT, false, of_home}, {"age", "recency", PM_SOFT, true, of_age},
    {"price", "price", PM_HARD, false, of_price},   {"in", "attribute", PM_SOFT, false, NULL},
    {"out", "attribute", PM_SOFT, false, NULL},     {"limit", "latency", PM_BUDGET, false, NULL}};
enum { SIZE, TRUST, HOME, AGE, PRICE, IN, OUT, LIMIT, N_TERMS };

static flags *f;
static flags_ctx *ctx;
static flags_result r;
static pm_err err;

static void setup(void)
{
    err = (pm_err)PM_ERR_INIT;
    ck_assert_msg(flags_open(terms, N_TERMS, &f, &err) == PM_OK, "%s", err_text(&err));
    ck_assert_int_eq(flags_ctx_open(f, &ctx, &err), PM_OK);
}

static void teardown(void)
{
    flags_ctx_close(ctx);
    flags_close(f);
}

static void reads_as(const char *text, const char *want)
{
    ck_assert_int_eq(flags_read(f, ctx, FLAGS_WARN, pm_str_of(text), NULL, 0, &r, &err), PM_OK);
    ck_assert_msg(r.text.len == strlen(want) && memcmp(r.text.ptr, want, r.text.len) == 0,
                  "\"%s\" became \"%.*s\", wanted \"%s\"", text, (int)r.text.len, r.text.ptr, want);
}

static void counts(size_t read, size_t wrong, size_t text)
{
    ck_assert_uint_eq(r.n_read, read);
    ck_assert_uint_eq(r.n_wrong, wrong);
    ck_assert_uint_eq(r.n_text, text);
}

static void weighs(size_t term, double base, double want)
{
    ck_assert_double_eq_tol(flags_weight(&r, term, base), want, 1e-15);
}

START_TEST(short_forms_stand_at_the_end)
{
    reads_as("Explain tides. [smallest model]", "Explain tides.");
    counts(1, 0, 0);
    weighs(SIZE, 0, 10);
    weighs(SIZE, 0.5, 10.5);
    reads_as("Explain tides. --size=0.3", "Explain tides.");
    weighs(SIZE, 5, 0.3);
    reads_as("Explain tides.\n\n[small model]\n--trust=2\n", "Explain tides.");
    weighs(SIZE, 0, 0.1);
    weighs(TRUST, 1, 2);
    reads_as("--size=0.3", "");
    reads_as("[Small   MODEL, secure] --AGE=-2.5", "");
    counts(3, 0, 0);
    weighs(SIZE, 0, 0.1);
    weighs(TRUST, 0, 1);
    weighs(AGE, 1, -2.5);
    reads_as("x [tiny \xC3\xA9t\xC3\xA9]", "x");
    weighs(SIZE, 0, 3);
}
END_TEST

START_TEST(short_forms_elsewhere_are_text_and_told)
{
    static const char *const same[] = {"[small model] Explain tides.",
                                       "Run ls --size=3 in the shell.",
                                       "[secure] and --trust are words", "x[secure]"};
    static const size_t told[] = {1, 1, 2, 1};
    for (size_t k = 0; k < 4; k++) {
        pm_str text = pm_str_of(same[k]);
        reads_as(same[k], same[k]);
        counts(0, 0, told[k]);
        ck_assert_ptr_eq(r.text.ptr, text.ptr);
        ck_assert(!flags_weigh(f, &r));
    }
    reads_as("Explain [smal model]", "Explain [smal model]");
    counts(0, 0, 1);
    ck_assert_str_eq(r.found[0].meant, "small model");
    reads_as("Explain --siez", "Explain --siez");
    counts(0, 0, 1);
}
END_TEST

START_TEST(the_long_form_stands_anywhere)
{
    reads_as("Explain [flag: small model] tides.", "Explain tides.");
    reads_as("Explain [FLAG:secure], please", "Explain, please");
    reads_as("[flag: secure] Explain", "Explain");
    reads_as("[flag: secure] [flag: small model] Explain", "Explain");
    reads_as("[flag: secure]\nExplain", "Explain");
    reads_as("a\n[ flag : secure ]\r\nb", "a\nb");
    weighs(TRUST, 0, 1);
    reads_as("a[flag: secure][flag: small model, private]", "a");
    counts(3, 0, 0);
    weighs(TRUST, 0, 1.5);
    weighs(HOME, 0, 2); /* "private" speaks of both */
}
END_TEST

START_TEST(what_is_no_flag_comes_back_as_it_is)
{
    static const char *const same[] = {"",
                                       "   ",
                                       "plain\n",
                                       "int a[10]; a[size] = 1;",
                                       "- [ ] todo\n- [x] done",
                                       "see [1], [2] and [the docs](https://example.org)",
                                       "git commit --amend --no-edit",
                                       "\\[ x^2 \\] and \\\\[2pt]",
                                       "tar --verbose=3",
                                       "ends with --",
                                       "[flags: SYN]",
                                       "[small model",
                                       "small model]",
                                       "\xff\xfe[\x80]--\xc3",
                                       "[[small model]]",
                                       "[size]",
                                       "[]",
                                       "x --=3",
                                       "\\[small model] first"};
    for (size_t k = 0; k < sizeof same / sizeof *same; k++) {
        pm_str text = pm_str_of(same[k]);
        reads_as(same[k], same[k]);
        ck_assert_uint_eq(r.n_read + r.n_wrong, 0);
        ck_assert_ptr_eq(r.text.ptr, text.ptr);
    }
}
END_TEST

START_TEST(a_backslash_keeps_the_words)
{
    reads_as("write \\[flag: secure] so", "write [flag: secure] so");
    counts(0, 0, 0);
    reads_as("what is \\[small model]", "what is [small model]");
    counts(0, 0, 0);
    reads_as("what is \\--size=0.3", "what is --size=0.3");
    counts(0, 0, 0);
    reads_as("what is \\--size=0.3 [secure]", "what is --size=0.3");
    counts(1, 0, 0);
}
END_TEST

START_TEST(they_compose)
{
    reads_as("x [small model] [secure]", "x");
    weighs(SIZE, 1, 1.1);
    weighs(TRUST, 1, 2);
    weighs(AGE, 3, 3);
    reads_as("x [small model] [small model] [flag: smallest model]", "x");
    weighs(SIZE, 0, 0.1 + 0.1 + 10);
    reads_as("x --size=0.3 [small model]", "x");
    weighs(SIZE, 7, 0.3 + 0.1);
    reads_as("x --size", "x"); /* as the first phrase */
    weighs(SIZE, 1, 11);
    reads_as("x --in", "x"); /* without phrases */
    weighs(IN, 1, 2);
    reads_as("x --size=0.3 --size=0.3", "x");
    counts(2, 0, 0);
    reads_as("x --recency=1", "x"); /* the plugin's name */
    weighs(AGE, 0, 1);
}
END_TEST

static void refuses(const char *text, flag_kind kind, const char *why)
{
    pm_err said = PM_ERR_INIT;
    ck_assert_int_eq(flags_read(f, ctx, FLAGS_ERROR, pm_str_of(text), NULL, 0, &r, &said),
                     PM_E_ARG);
    ck_assert_msg(strstr(err_text(&said), why) != NULL, "%s: %s", text, err_text(&said));
    size_t k = 0;
    while (k < r.n_found && !flag_is_wrong(r.found[k].kind)) k++;
    ck_assert_uint_lt(k, r.n_found);
    ck_assert_int_eq(r.found[k].kind, kind);
    ck_assert_int_eq(flags_read(f, ctx, FLAGS_WARN, pm_str_of(text), NULL, 0, &r, &said), PM_OK);
    ck_assert_uint_eq(r.n_wrong, 1);
}

START_TEST(nothing_wrong_is_silent)
{
    refuses("x [flag: smalest model]", FLAG_UNKNOWN, "did you mean \"smallest model\"?");
    refuses("x [flag: qqqqqq] y", FLAG_UNKNOWN, "\"qqqqqq\" at byte 9: unknown flag; known:");
    refuses("x [flag: ]", FLAG_UNKNOWN, "unknown flag");
    refuses("x [flag: secure,]", FLAG_UNKNOWN, "unknown flag");
    refuses("x --siez=0.3", FLAG_UNKNOWN, "did you mean --size?");
    refuses("x [flag: secure", FLAG_UNCLOSED, "no \"]\"");
    refuses("x --size=nan", FLAG_BAD_NUMBER, "wanted a finite number as in --size=0.3");
    refuses("x --size=0x1", FLAG_BAD_NUMBER, "finite number");
    refuses("x --size=1e39", FLAG_BAD_NUMBER, "finite number");
    refuses("x --size=inf", FLAG_BAD_NUMBER, "finite number");
    refuses("x --size=", FLAG_BAD_NUMBER, "finite number");
    refuses("x --size=1,5", FLAG_BAD_NUMBER, "finite number");
    refuses("x --size=-1", FLAG_NEGATIVE, "size knows no weight below 0");
    refuses("x [cheap]", FLAG_BOUND, "price is hard; it has a bound, not a weight");
    refuses("x --price=1", FLAG_BOUND, "price is hard; it has a bound, not a weight");
    refuses("x --limit=1", FLAG_BOUND, "limit is a budget; it has a bound, not a weight");
    refuses("x --attribute=1", FLAG_SEVERAL, "name one by its label");
    refuses("x --size=1 --size=2", FLAG_CONTRADICTS, "contradicts what was said of size before");
    refuses("x [newest model] [proven model]", FLAG_CONTRADICTS, "contradicts");
}
END_TEST

START_TEST(a_warning_lets_the_last_one_win)
{
    reads_as("x --size=1 --size=2", "x");
    weighs(SIZE, 0, 2);
    reads_as("x [newest model] [proven model]", "x");
    weighs(AGE, 1, -3);
    reads_as("x [flag: qqq] y", "x y");
    reads_as("x [flag: secure", "x [flag: secure");
    reads_as("x --size=nan", "x");
    ck_assert(!flags_weigh(f, &r));
}
END_TEST

START_TEST(of_a_conversation_the_last_turn_counts)
{
    pm_turn turn[] = {{pm_str_of("system"), pm_str_of("be kind [secure]")},
                      {pm_str_of("user"), pm_str_of("one --size=1")},
                      {pm_str_of("assistant"), pm_str_of("fine [secure]")},
                      {pm_str_of("user"), pm_str_of("two --size=2")},
                      {pm_str_of("assistant"), pm_str_of("so")}};
    pm_str text = pm_str_of("ignored");
    ck_assert_int_eq(flags_read(f, ctx, FLAGS_ERROR, text, turn, 5, &r, &err), PM_OK);
    ck_assert_uint_eq(r.text.len, 8);
    ck_assert_int_eq(memcmp(r.text.ptr, "one\n\ntwo", 8), 0);
    ck_assert_uint_eq(r.n_turns, 5);
    ck_assert(pm_str_equal(r.turn[0].text, "be kind [secure]"));
    ck_assert(pm_str_equal(r.turn[1].text, "one"));
    ck_assert(pm_str_equal(r.turn[2].text, "fine [secure]"));
    ck_assert(pm_str_equal(r.turn[3].text, "two"));
    ck_assert_uint_eq(r.n_earlier, 1);
    counts(1, 0, 0);
    weighs(SIZE, 0, 2);
}
END_TEST

START_TEST(off_looks_at_nothing)
{
    pm_str text = pm_str_of("x [flag: qqq]");
    ck_assert_int_eq(flags_read(f, ctx, FLAGS_OFF, text, NULL, 0, &r, &err), PM_OK);
    ck_assert_ptr_eq(r.text.ptr, text.ptr);
    ck_assert_uint_eq(r.text.len, text.len);
    weighs(SIZE, 0.25, 0.25);
}
END_TEST

START_TEST(words_that_nobody_can_type_are_refused)
{
    static const struct {
        pm_phrase phrase;
        const char *why;
    } bad[] = {{{"  ", 1}, "wanted 1 to 120 bytes"},
               {{"a]b", 1}, "wanted no bracket"},
               {{"a, b", 1}, "wanted no bracket"},
               {{"a", -1}, "wanted a weight >= 0"},
               {{"a", INFINITY}, "wanted a finite weight"}};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        pm_phrase list[2] = {bad[k].phrase, {NULL, 0}};
        flag_term one = {"size", "size", PM_SOFT, false, list};
        flags *made;
        ck_assert_int_eq(flags_open(&one, 1, &made, &err), PM_E_ARG);
        ck_assert_msg(strstr(err_text(&err), bad[k].why) != NULL, "%s", err_text(&err));
    }
}
END_TEST

/* ---- properties ------------------------------------------------------------------------------------------- */

static size_t any(uint64_t seed, uint64_t i, size_t n)
{
    return (size_t)(rng_uniform(seed, 7, i) * (double)n);
}

/* Texts of pieces that begin, end or resemble flags; with flags between them that are known to be some. */
static size_t make(uint64_t seed, char *out, bool plain)
{
    static const char *const piece[] = {
        "a",        " ", "\n", "word", "--", "\\",    "]",      "small",   ",",       "=",   "-",
        "\xC3\xA9", "9", "[",  "flag", ": ", "model", "[flag:", "--size=", "secure]", "\xff"};
    size_t len = 0, n = any(seed, 0, 40);
    for (size_t k = 0; k < n; k++) {
        const char *p = piece[any(seed, k + 1, plain ? 13 : 21)];
        memcpy(out + len, p, strlen(p));
        len += strlen(p);
    }
    return len;
}

static bool is_part(pm_str part, pm_str whole)
{
    size_t k = 0;
    for (size_t i = 0; i < whole.len && k < part.len; i++) k += whole.ptr[i] == part.ptr[k];
    return k == part.len;
}

START_TEST(only_flags_are_removed)
{
    static const char *const flag[] = {" [small model]", "\n--size=0.5", " [flag: secure]",
                                       "\t[flag: nonsense]"};
    char text[512];
    size_t repeats = suite_repeats(100000, "most random texts");
    for (uint64_t seed = 0; seed < repeats; seed++) {
        pm_str whole = {text, make(seed, text, false)};
        ck_assert_int_eq(flags_read(f, ctx, FLAGS_WARN, whole, NULL, 0, &r, &err), PM_OK);
        ck_assert(is_part(r.text, whole));
        ck_assert(r.n_read + r.n_wrong > 0 || r.text.ptr == whole.ptr ||
                  memchr(text, '\\', whole.len));
        /* and behind a text without any flag */
        size_t len = make(seed, text, true), n = any(seed, 99, 4);
        ck_assert_int_eq(flags_read(f, ctx, FLAGS_WARN, (pm_str){text, len}, NULL, 0, &r, &err),
                         PM_OK);
        if (r.n_read + r.n_wrong || r.text.ptr != text) continue;
        while (len && strchr(" \n", text[len - 1])) len--;
        size_t end = len;
        for (size_t k = 0; k < n; k++) {
            const char *p = flag[any(seed, 100 + k, 4)];
            memcpy(text + end, p, strlen(p));
            end += strlen(p);
        }
        ck_assert_int_eq(flags_read(f, ctx, FLAGS_WARN, (pm_str){text, end}, NULL, 0, &r, &err),
                         PM_OK);
        ck_assert_uint_eq(r.n_read + r.n_wrong, n);
        ck_assert_uint_eq(r.text.len, len);
        ck_assert_ptr_eq(r.text.ptr, text);
    }
}
END_TEST

START_TEST(printed_flags_read_the_same)
{
    static const char *const text[] = {"x [small model, private] --age=-0.1", "x --size --trust",
                                       "x --size=0.30000000000000004 [FLAG:  Newest   model]"};
    for (size_t k = 0; k < 3; k++) {
        double set[N_TERMS], add[N_TERMS];
        str again = STR_INIT;
        ck_assert_int_eq(flags_read(f, ctx, FLAGS_ERROR, pm_str_of(text[k]), NULL, 0, &r, &err),
                         PM_OK);
        memcpy(set, r.set, sizeof set);
        memcpy(add, r.add, sizeof add);
        for (size_t e = 0; e < r.n_found; e++) {
            str_puts(&again, " ");
            flags_print(f, &r.found[e], &again);
        }
        reads_as(str_text(&again), "");
        ck_assert_int_eq(memcmp(set, r.set, sizeof set), 0);
        ck_assert_int_eq(memcmp(add, r.add, sizeof add), 0);
        str_close(&again);
    }
}
END_TEST

/* ---- hostile texts ---------------------------------------------------------------------------------------- */

START_TEST(ten_megabytes_of_anything)
{
    static const char *const unit[] = {"[",         "]",          "[flag:",    "[flag: secure]",
                                       "--size=1 ", "\\[flag:",   " --siez=1", "[small model] ",
                                       "[a,b,,c]",  "[flag: ,,]", "\xff",      "-"};
    size_t total = suite_repeats(10u << 20, "megabytes");
    char *text = mem_alloc(total + 64, 1);
    ck_assert_ptr_nonnull(text);
    for (size_t k = 0; k < sizeof unit / sizeof *unit; k++) {
        size_t n = strlen(unit[k]), len = 0;
        for (; len + n <= total; len += n) memcpy(text + len, unit[k], n);
        ck_assert_int_eq(flags_read(f, ctx, FLAGS_WARN, (pm_str){text, len}, NULL, 0, &r, &err),
                         PM_OK);
        ck_assert_uint_le(r.text.len, len);
        ck_assert_uint_le(r.n_found, FLAGS_KEPT);
    }
    mem_free(text);
}
END_TEST

START_TEST(the_first_wrong_one_is_kept)
{
    str text = STR_INIT;
    for (int k = 0; k < 100; k++) str_puts(&text, "[flag: secure] ");
    str_puts(&text, "[flag: qqqqqq]");
    refuses(str_text(&text), FLAG_UNKNOWN, "qqqqqq");
    str_close(&text);
}
END_TEST

START_TEST(a_second_reading_allocates_nothing)
{
    const char *text = "Explain [flag: small model] tides. [secure] --age=2";
    reads_as(text, "Explain tides.");
    size_t before = mem_count();
    for (int k = 0; k < 1000; k++) reads_as(text, "Explain tides.");
    ck_assert_uint_eq(mem_count(), before);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("flags");
    TCase *c = tcase_create("flags");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, short_forms_stand_at_the_end);
    tcase_add_test(c, short_forms_elsewhere_are_text_and_told);
    tcase_add_test(c, the_long_form_stands_anywhere);
    tcase_add_test(c, what_is_no_flag_comes_back_as_it_is);
    tcase_add_test(c, a_backslash_keeps_the_words);
    tcase_add_test(c, they_compose);
    tcase_add_test(c, nothing_wrong_is_silent);
    tcase_add_test(c, a_warning_lets_the_last_one_win);
    tcase_add_test(c, of_a_conversation_the_last_turn_counts);
    tcase_add_test(c, off_looks_at_nothing);
    tcase_add_test(c, words_that_nobody_can_type_are_refused);
    tcase_add_test(c, only_flags_are_removed);
    tcase_add_test(c, printed_flags_read_the_same);
    tcase_add_test(c, ten_megabytes_of_anything);
    tcase_add_test(c, the_first_wrong_one_is_kept);
    tcase_add_test(c, a_second_reading_allocates_nothing);
    suite_add_tcase(suite, c);
    return suite_main(suite);
}
