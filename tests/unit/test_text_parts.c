/* SPDX-License-Identifier: MIT
 *
 * Decoding, sets of hashes, words and shingles, repeated paragraphs, passages.
 */
#include "text_tools.h"

#include "base/mem.h"
#include "base/rng.h"
#include "text/decode.h"
#include "text/paragraphs.h"
#include "text/passages.h"
#include "text/words.h"

/* ---- decoding ---- */

static text_encoding decoded(const char *bytes, size_t len, const char *want, size_t repaired)
{
    str out = STR_INIT;
    size_t n;
    text_encoding e = text_decode(bytes, len, &out, &n);
    if (want) ck_assert_str_eq(str_text(&out), want);
    ck_assert_uint_eq(n, repaired);
    str_close(&out);
    return e;
}

#define DECODED(bytes, want, repaired) decoded(bytes, sizeof(bytes) - 1, want, repaired)

START_TEST(encodings)
{
    ck_assert_int_eq(DECODED("", NULL, 0), TEXT_UTF8);
    ck_assert_int_eq(DECODED("plain\n", NULL, 0), TEXT_UTF8);
    ck_assert_int_eq(DECODED("caf\xc3\xa9", NULL, 0), TEXT_UTF8);
    ck_assert_int_eq(
        DECODED("caf\xe9 \x93ol\xe9\x94 \x80 in Latin-1",
                "caf\xc3\xa9 \xe2\x80\x9col\xc3\xa9\xe2\x80\x9d \xe2\x82\xac in Latin-1", 0),
        TEXT_LATIN1);
    ck_assert_int_eq(
        DECODED("not \x81 assigned, long enough", "not \xef\xbf\xbd assigned, long enough", 1),
        TEXT_LATIN1);
    ck_assert_int_eq(DECODED("caf\xc3\xa9 na\xc3\xafve, and one \xe9",
                             "caf\xc3\xa9 na\xc3\xafve, and one \xef\xbf\xbd", 1),
                     TEXT_REPAIRED);
}
END_TEST

START_TEST(binaries)
{
    ck_assert_int_eq(DECODED("a\0b", NULL, 0), TEXT_BINARY);
    ck_assert_int_eq(DECODED("\x01\x02\x03 text", NULL, 0), TEXT_BINARY);
    ck_assert_int_eq(DECODED("\x89\xa0\xff\xfe\xfd\xe0\xe1\xe2 mojibake", NULL, 0), TEXT_BINARY);
    str s = STR_INIT;
    for (int i = 0; i < 300; i++) str_puts(&s, "abc\n");
    str_puts(&s, "\x02"); /* one stray byte does not make it so */
    ck_assert_int_eq(decoded(str_text(&s), s.len, NULL, 0), TEXT_UTF8);
    str_close(&s);
}
END_TEST

START_TEST(counting)
{
    ck_assert_uint_eq(text_chars(pm_str_of("")), 0);
    ck_assert_uint_eq(text_chars(pm_str_of("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80")), 4);
}
END_TEST

/* ---- sets and shingles ---- */

START_TEST(sets)
{
    keyset s = KEYSET_INIT;
    bool was = true;
    ck_assert(!keyset_mark(&s, 1) && !keyset_is_marked(&s, 1));
    for (uint64_t k = 0; k < 5000; k++) {
        ck_assert(keyset_add(&s, rng_bits(1, 0, k) >> 1, &was));
        ck_assert(!was);
    }
    ck_assert_uint_eq(s.n, 5000);
    for (uint64_t k = 0; k < 5000; k += 2) ck_assert(keyset_mark(&s, rng_bits(1, 0, k) >> 1));
    ck_assert(!keyset_mark(&s, rng_bits(1, 0, 0) >> 1)); /* already */
    ck_assert(!keyset_mark(&s, rng_bits(2, 0, 0) >> 1)); /* not there */
    ck_assert(keyset_reserve(&s, 100000));               /* growing keeps marks */
    for (uint64_t k = 0; k < 5000; k++) {
        ck_assert_int_eq(keyset_is_marked(&s, rng_bits(1, 0, k) >> 1), k % 2 == 0);
        ck_assert(keyset_add(&s, rng_bits(1, 0, k) >> 1, &was) && was);
    }
    ck_assert(keyset_add(&s, 0, &was) && !was);
    ck_assert(keyset_add(&s, 0, &was) && was);
    keyset_close(&s);
}
END_TEST

static size_t shingles(const char *text, size_t k, text_hashes *out)
{
    text_hashes words = TEXT_HASHES_INIT;
    ck_assert(text_words(pm_str_of(text), &words));
    ck_assert(text_shingles(&words, k, out));
    size_t n = words.n;
    text_hashes_close(&words);
    return n;
}

START_TEST(words_and_shingles)
{
    text_hashes a = TEXT_HASHES_INIT, b = TEXT_HASHES_INIT;
    ck_assert_uint_eq(shingles("", 2, &a), 0);
    ck_assert_uint_eq(a.n, 0);
    ck_assert_uint_eq(shingles("int  foo_1(A, \"caf\xc3\xa9\");", 2, &a), 4);
    ck_assert_uint_eq(a.n, 3);
    shingles("INT foo_1 a caf\xc3\xa9", 2, &b);
    ck_assert_mem_eq(a.at, b.at, 3 * sizeof *a.at); /* neither case nor signs count */
    shingles("foo_1 int a caf\xc3\xa9", 2, &b);
    ck_assert(a.at[0] != b.at[0] && a.at[1] != b.at[1] && a.at[2] == b.at[2]); /* order does */
    /* A rolled shingle is that of its words alone. */
    shingles("one two three four five six seven eight nine", 4, &a);
    shingles("six seven eight nine", 4, &b);
    ck_assert_uint_eq(a.n, 6);
    ck_assert_uint_eq(b.n, 1);
    ck_assert(a.at[5] == b.at[0]);
    /* Words of eight letters and more, and those that share a beginning. */
    shingles("abcdefgh abcdefghi abcdefghabcdefgh abcdefgh1", 1, &a);
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < i; j++) ck_assert(a.at[i] != a.at[j]);
    text_hashes_close(&a);
    text_hashes_close(&b);
}
END_TEST

START_TEST(paragraphs)
{
    paragraph_set s = PARAGRAPH_SET_INIT;
    str out = STR_INIT;
    size_t dropped = 0;
    ck_assert(text_drop_paragraphs(
        &s,
        pm_str_of("Permission is hereby granted, free of charge, to any person.\n\nShort one.\n"),
        &out, &dropped));
    ck_assert_str_eq(
        str_text(&out),
        "Permission is hereby granted, free of charge, to any person.\n\nShort one.\n");
    ck_assert_uint_eq(dropped, 0);
    str_clear(&out);
    ck_assert(text_drop_paragraphs(&s,
                                   pm_str_of("New.\n\n  permission is hereby\n  granted free of "
                                             "charge to ANY person\n\nShort one.\n\n"),
                                   &out, &dropped));
    ck_assert_str_eq(str_text(&out), "New.\n\nShort one.\n");
    ck_assert_uint_eq(dropped, 1);
    paragraph_set_close(&s);
    str_close(&out);
}
END_TEST

/* ---- passages ---- */

START_TEST(where_to_cut)
{
    ck_assert_uint_eq(text_passage(pm_str_of("short"), 3, 10), 5);
    ck_assert_uint_eq(text_passage(pm_str_of("one. two three"), 2, 9), 4);
    ck_assert_uint_eq(text_passage(pm_str_of("one. two\nthree. four"), 2, 16), 15);
    ck_assert_uint_eq(text_passage(pm_str_of("one. two\nthree four"), 2, 14), 9);
    ck_assert_uint_eq(text_passage(pm_str_of("one. two three four"), 6, 12),
                      12); /* no end past 6 */
    ck_assert_uint_eq(text_passage(pm_str_of("(He left!) Then he"), 4, 14), 10);
    ck_assert_uint_eq(text_passage(pm_str_of("v1.2.3 is out now"), 2, 10), 10);
    ck_assert_uint_eq(text_passage(pm_str_of("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"), 1, 2),
                      4); /* code points, not bytes */
    ck_assert_uint_eq(
        text_passage(pm_str_of("\xe4\xb8\x80\xe3\x80\x82\xe4\xba\x8c\xe4\xba\x8c"), 1, 3), 6);
    ck_assert_uint_eq(text_passage(pm_str_of(""), 1, 3), 0);
    ck_assert_uint_eq(text_passage(pm_str_of("abc"), 0, 0), 1); /* never nothing */
}
END_TEST

START_TEST(passages_make_up_the_text)
{
    str s = STR_INIT;
    for (uint64_t i = 0; i < 3000; i++)
        str_puts(&s, ((const char *const[]){"a", "\xc3\xa9", ". ", "\n", "\xe2\x82\xac",
                                            "b"})[rng_below(3, 0, i, 6)]);
    pm_str rest = {str_text(&s), s.len};
    while (rest.len) {
        size_t len = text_passage(rest, 20, 50);
        pm_str part = {rest.ptr, len};
        ck_assert(len > 0 && len <= rest.len);
        ck_assert(utf8_valid(part.ptr, part.len, NULL));
        ck_assert_uint_le(text_chars(part), 50);
        rest.ptr += len;
        rest.len -= len;
    }
    str_close(&s);
}
END_TEST

START_TEST(shapes)
{
    text_shape s = text_shape_of(
        pm_str_of("aZ9 \xc3\xa9\xc3\x97\xe2\x82\xac\xce\xb1\xe4\xb8\x80\xe3\x80\x82\xef\xbf\xbd"));
    ck_assert_uint_eq(s.chars, 11);
    ck_assert_uint_eq(s.letters, 5);
    ck_assert_uint_eq(s.digits, 1);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("parts");
    tcase_add_test(c, encodings);
    tcase_add_test(c, binaries);
    tcase_add_test(c, counting);
    tcase_add_test(c, sets);
    tcase_add_test(c, words_and_shingles);
    tcase_add_test(c, paragraphs);
    tcase_add_test(c, where_to_cut);
    tcase_add_test(c, passages_make_up_the_text);
    tcase_add_test(c, shapes);
    tcase_set_timeout(c, 60);
    Suite *s = suite_create("text parts");
    suite_add_tcase(s, c);
    return suite_main(s);
}
