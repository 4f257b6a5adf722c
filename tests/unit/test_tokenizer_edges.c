/* SPDX-License-Identifier: MIT
 *
 * Tokenisers at their edges: what is refused and with which words, long texts, limits, special tokens in prompts,
 * memory, scanners against the regular expressions that they stand for.
 */
#include "config.h"

#include <string.h>

#include "suite.h"

#include "base/rng.h"
#include "text/tokenizer.h"
#include "text/tokenizer_scan.h"
#include "text/unicode.h"

static const char vocab[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\ncat\n##s\nsat\na\n##a\n.\n";

static tokenizer *bert(arena *a)
{
    pm_err err = PM_ERR_INIT;
    tokenizer *t = NULL;
    ck_assert_msg(tokenizer_from_vocab(vocab, sizeof vocab - 1, true, a, &t, &err) == PM_OK, "%s",
                  err.text);
    return t;
}

static tokenizer *parsed(const char *text, arena *a)
{
    pm_err err = PM_ERR_INIT;
    tokenizer *t = NULL;
    ck_assert_msg(tokenizer_parse(text, strlen(text), "test", a, &t, &err) == PM_OK, "%s",
                  err.text);
    return t;
}

static const struct refusal {
    const char *text, *says;
    pm_status status;
} refusals[] = {
    {"", "value is expected", PM_E_FORMAT},
    {"[]", "\"model\" is missing", PM_E_FORMAT},
    {"{\"model\":{\"type\":\"WordLevel\",\"vocab\":{}}}", "WordLevel", PM_E_UNSUPPORTED},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":[]}}", "wrong kind", PM_E_FORMAT},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":7},\"merges\":[]}}", "holes",
     PM_E_FORMAT},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":0},\"merges\":[]}}", "\"a\" and \"b\"",
     PM_E_FORMAT},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1e300},\"merges\":[]}}", "whole number",
     PM_E_FORMAT},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":-1},\"merges\":[]}}", "whole number",
     PM_E_FORMAT},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a c\"]}}", "\"c\"",
     PM_E_FORMAT},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a a\"]}}", "makes \"aa\"",
     PM_E_FORMAT},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a\"]}}", "left right",
     PM_E_FORMAT},
    {"{\"added_tokens\":[{\"id\":1,\"content\":\"x\"},{\"id\":2,\"content\":\"x\"}],\"model\":{"
     "\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}",
     "id 1 and id 2", PM_E_FORMAT},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":\"a a\"}}", "not a list",
     PM_E_FORMAT},
    {"{\"model\":{\"type\":7,\"vocab\":{\"a\":0},\"merges\":[]}}", "not supported",
     PM_E_UNSUPPORTED},
    {"{\"truncation\":3,\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}",
     "wanted an object", PM_E_FORMAT},
    {"{\"normalizer\":{\"type\":\"Sequence\"},\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},"
     "\"merges\":[]}}",
     "missing, wanted a list", PM_E_FORMAT},
    {"{\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"A\","
     "\"type_id\":2}}]},\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}",
     "type_id 2", PM_E_UNSUPPORTED},
    {"{\"model\":{\"type\":\"BPE\",\"dropout\":0.1,\"vocab\":{\"a\":0},\"merges\":[]}}", "dropout",
     PM_E_UNSUPPORTED},
    {"{\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"u\",\"vocab\":{\"a\":0}}}", "\"u\"",
     PM_E_FORMAT},
    {"{\"normalizer\":{\"type\":\"Precompiled\"},\"model\":{\"type\":\"BPE\",\"vocab\":{},"
     "\"merges\":[]}}",
     "Precompiled", PM_E_UNSUPPORTED},
    {"{\"pre_tokenizer\":{\"type\":\"UnicodeScripts\"},\"model\":{\"type\":\"BPE\",\"vocab\":{},"
     "\"merges\":[]}}",
     "UnicodeScripts", PM_E_UNSUPPORTED},
    {"{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(\"},\"behavior\":"
     "\"Isolated\"},"
     "\"model\":{\"type\":\"BPE\",\"vocab\":{},\"merges\":[]}}",
     "regular expression", PM_E_UNSUPPORTED},
    {"{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a{1,2}+\"},\"behavior\":"
     "\"Isolated\"},\"model\":{\"type\":\"BPE\",\"vocab\":{},\"merges\":[]}}",
     "repeats", PM_E_UNSUPPORTED},
    {"{\"decoder\":{\"type\":\"CTC\"},\"model\":{\"type\":\"BPE\",\"vocab\":{},\"merges\":[]}}",
     "CTC", PM_E_UNSUPPORTED},
    {"{\"post_processor\":{\"type\":\"BertProcessing\",\"cls\":[\"c\",9],\"sep\":[\"s\",0]},"
     "\"model\":{"
     "\"type\":\"BPE\",\"vocab\":{\"s\":0},\"merges\":[]}}",
     "id 9", PM_E_FORMAT},
    {"{\"added_tokens\":[{\"id\":5,\"content\":\"x\"}],\"model\":{\"type\":\"BPE\",\"vocab\":{"
     "\"a\":0},"
     "\"merges\":[]}}",
     "holes", PM_E_FORMAT},
    {"{\"added_tokens\":[{\"id\":5,\"content\":\"a\"}],\"model\":{\"type\":\"BPE\",\"vocab\":{"
     "\"a\":0},"
     "\"merges\":[]}}",
     "vocabulary says 0", PM_E_FORMAT},
    {"{\"model\":{\"type\":\"Unigram\",\"unk_id\":4,\"vocab\":[[\"a\",-1]]}}", "unk_id",
     PM_E_UNSUPPORTED},
    {"{\"model\":{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"a\"]]}}", "[piece, score]",
     PM_E_FORMAT},
    {"{\"truncation\":{\"max_length\":5,\"strategy\":\"OnlyFirst\"},\"model\":{\"type\":\"BPE\","
     "\"vocab\":{},"
     "\"merges\":[]}}",
     "OnlyFirst", PM_E_UNSUPPORTED},
};

START_TEST(refused)
{
    const struct refusal *x = &refusals[_i];
    pm_err err = PM_ERR_INIT;
    arena *a = arena_open(0);
    tokenizer *t = NULL;
    ck_assert_msg(tokenizer_parse(x->text, strlen(x->text), "f.json", a, &t, &err) == x->status,
                  "%s: status %d: %s", x->text, (int)err.status, err.text);
    ck_assert_msg(strstr(err.text, x->says) && strncmp(err.text, "f.json", 6) == 0, "%s: %s",
                  x->text, err.text);
    ck_assert_ptr_null(t);
    arena_close(a);
}
END_TEST

static void ids_are(const tokenizer *t, token_room *r, const char *text, const token_options *o,
                    const uint32_t *want, size_t n)
{
    pm_err err = PM_ERR_INIT;
    tokens x;
    ck_assert_int_eq(tokenizer_encode(t, r, pm_str_of(text), NULL, o, &x, &err), PM_OK);
    ck_assert_uint_eq(x.n, n);
    for (size_t i = 0; i < n; i++) ck_assert_uint_eq(x.id[i], want[i]);
}

START_TEST(vocab_txt)
{
    arena *a = arena_open(0);
    token_room *r = token_room_open();
    tokenizer *t = bert(a);
    const token_options plain = {.special_as_text = true}, bare = {.no_special = true};
    const uint32_t whole[] = {2, 5, 6, 7, 8, 11, 3}, inner[] = {2, 5, 3, 6, 3}, few[] = {5, 6};
    ids_are(t, r, "The  C\xc3\xa2ts\tsat.", NULL, whole, 7);
    ids_are(t, r, "the[SEP]cat", NULL, inner, 5);
    ids_are(t, r, "the cat", &bare, few, 2);
    tokens x;
    pm_err err = PM_ERR_INIT; /* a prompt cannot forge a special token */
    ck_assert_int_eq(tokenizer_encode(t, r, pm_str_of("the[SEP]cat"), NULL, &plain, &x, &err),
                     PM_OK);
    for (size_t i = 1; i + 1 < x.n; i++)
        ck_assert(!tokenizer_is_special(t, x.id[i]) || x.id[i] == 1);
    uint32_t id = 0;
    ck_assert(tokenizer_find(t, pm_str_of("##s"), &id) && id == 7);
    ck_assert(tokenizer_is_continuation(t, 7) && !tokenizer_is_continuation(t, 6));
    ck_assert(tokenizer_is_special(t, 4) && !tokenizer_is_special(t, 5));
    ck_assert_ptr_null(tokenizer_piece(t, 12).ptr);
    ck_assert_int_eq(tokenizer_from_vocab("a\na\n", 4, true, a, &t, &err), PM_E_FORMAT);
    token_room_close(r);
    arena_close(a);
}
END_TEST

/* What is cut is told; of a pair the longer one gives way. */
START_TEST(limits)
{
    arena *a = arena_open(0);
    token_room *r = token_room_open();
    tokenizer *t = bert(a);
    tokens x;
    pm_err err = PM_ERR_INIT;
    const pm_str one = pm_str_of("the cat sat. the cat sat."), two = pm_str_of("cat");
    for (size_t max = 0; max < 14; max++) {
        const token_options o = {.max = max};
        ck_assert_int_eq(tokenizer_encode(t, r, one, &two, &o, &x, &err), PM_OK);
        ck_assert_uint_eq(x.n_whole, 8 + 1 + 3);
        ck_assert_uint_eq(x.n, max == 0 ? 12 : max < 3 ? 3 : max > 12 ? 12 : max);
        if (max == 6) ck_assert_uint_eq(x.id[4], 6);
        if (max == 6) ck_assert_uint_eq(x.type[4], 1);
    }
    ck_assert_int_eq(tokenizer_encode(t, r, pm_str_of(""), NULL, NULL, &x, &err), PM_OK);
    ck_assert_uint_eq(x.n, 2);
    token_room_close(r);
    arena_close(a);
}
END_TEST

static const char bytes[] =
    "{\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false},\"decoder\":{\"type\":"
    "\"ByteLevel\"},\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"aa\":1,\"aaaa\":2,"
    "\"\xc4\xa0\":3,"
    "\"b\":4,\"ab\":5},\"merges\":[\"a a\",\"aa aa\",[\"a\",\"b\"]]}}";

/* Ten million characters, as one word; a million blanks, each a token. */
START_TEST(long_texts)
{
    size_t n = suite_is_quick("texts of ten million characters") ? 100000 : 10000000;
    arena *a = arena_open(0);
    token_room *r = token_room_open();
    char *text = malloc(n);
    tokens x;
    pm_err err = PM_ERR_INIT;
    ck_assert_ptr_nonnull(text);
    tokenizer *t = parsed(bytes, a), *b = bert(a);
    memset(text, 'a', n);
    ck_assert_int_eq(tokenizer_encode(t, r, (pm_str){text, n}, NULL, NULL, &x, &err), PM_OK);
    ck_assert_uint_eq(x.n, n / 4);
    ck_assert_uint_eq(x.to[x.n - 1], n);
    ck_assert_int_eq(tokenizer_encode(b, r, (pm_str){text, n}, NULL, NULL, &x, &err), PM_OK);
    ck_assert_uint_eq(x.n, 3);
    ck_assert_uint_eq(x.id[1], 1);
    n /= 10;
    memset(text, ' ', n);
    ck_assert_int_eq(tokenizer_encode(t, r, (pm_str){text, n}, NULL, NULL, &x, &err), PM_OK);
    ck_assert_uint_eq(x.n, n);
    ck_assert_int_eq(tokenizer_encode(b, r, (pm_str){text, n}, NULL, NULL, &x, &err), PM_OK);
    ck_assert_uint_eq(x.n, 2);
    free(text);
    token_room_close(r);
    arena_close(a);
}
END_TEST

START_TEST(no_allocation)
{
    arena *a = arena_open(0);
    token_room *r = token_room_open();
    tokenizer *t[2] = {bert(a), parsed(bytes, a)};
    tokens x;
    pm_err err = PM_ERR_INIT;
    const pm_str text = pm_str_of(
        "The cats sat \xff on \xc3\xa9 [SEP] aaaabab   aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    for (int k = 0; k < 2; k++) {
        size_t before = 0;
        for (int turn = 0; turn < 3; turn++) {
            if (turn == 1) before = mem_count();
            ck_assert_int_eq(tokenizer_encode(t[k], r, text, &text, NULL, &x, &err), PM_OK);
        }
        ck_assert_uint_eq(mem_count(), before);
    }
    token_room_close(r);
    arena_close(a);
}
END_TEST

/* Random texts of what the expressions tell apart. */
START_TEST(scanners)
{
    static const char *const part[] = {
        "a",    "Z",        "\xc3\xa9",    "\xe4\xb8\xad", "1",
        "23",   "\xc2\xb2", " ",           "  ",           "\n",
        "\r",   "\t",       "\xc2\xa0",    "\xe2\x80\x83", "'",
        "'s",   "'LL",      "'re",         "'\xc5\xbf",    ".",
        "--",   "_",        "\xcc\x81",    "\xe2\x82\xac", "\xf0\x9f\x98\x80",
        "\x01", "!\n",      "\xe1\xa0\x8e"};
    static const char *const pattern[] = {scan_gpt2, scan_llama3, scan_qwen2};
    arena *a = arena_open(0);
    regex_room *room = regex_room_open();
    pm_err err = PM_ERR_INIT;
    const regex *re = NULL;
    cut_kind kind = scan_known(pm_str_of(pattern[_i]));
    ck_assert_int_ne(kind, CUT_REGEX);
    ck_assert_int_eq(regex_compile(pattern[_i], strlen(pattern[_i]), a, &re, &err), PM_OK);
    size_t n = suite_repeats(60000, "most texts");
    for (size_t i = 0; i < n; i++) {
        char text[128] = "";
        for (size_t k = 0; k < 1 + i % 13; k++)
            strcat(text, part[rng_below(7, (uint32_t)_i, i * 16 + k, sizeof part / sizeof *part)]);
        size_t len = strlen(text), from, to;
        for (size_t at = 0; at < len; at = to) {
            ck_assert_int_eq(regex_next(re, room, text, len, at, &from, &to), REGEX_MATCH);
            ck_assert_uint_eq(from, at);
            ck_assert_msg(scan_next(kind, text, len, at) == to,
                          "\"%s\" at %zu: wanted %zu, found %zu", text, at, to,
                          scan_next(kind, text, len, at));
        }
    }
    regex_room_close(room);
    arena_close(a);
}
END_TEST

START_TEST(gguf)
{
    static const char *const piece[] = {"a", "b", "ab", "\xc4\xa0", "<|end|>", "[tool]"};
    static const int32_t kind[] = {1, 1, 1, 1, 3, 4};
    arena *a = arena_open(0);
    token_room *r = token_room_open();
    pm_str p[6], merge = pm_str_of("a b");
    for (int i = 0; i < 6; i++) p[i] = pm_str_of(piece[i]);
    tokenizer_gguf g = {.model = "gpt2",
                        .pre = "smollm",
                        .piece = p,
                        .kind = kind,
                        .n = 6,
                        .merge = &merge,
                        .n_merges = 1,
                        .bos = 4,
                        .eos = 4,
                        .unknown = -1,
                        .pad = -1,
                        .add_bos = true};
    tokenizer *t = NULL;
    pm_err err = PM_ERR_INIT;
    ck_assert_msg(tokenizer_from_gguf(&g, "m.gguf", a, &t, &err) == PM_OK, "%s", err.text);
    const uint32_t want[] = {4, 2, 3, 2, 5, 4};
    ids_are(t, r, "ab ab[tool]<|end|>", NULL, want, 6);
    g.pre = "smolm";
    ck_assert_int_eq(tokenizer_from_gguf(&g, "m.gguf", a, &t, &err), PM_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.text, "did you mean \"smollm\""));
    g.model = "llama";
    ck_assert_int_eq(tokenizer_from_gguf(&g, "m.gguf", a, &t, &err), PM_E_UNSUPPORTED);
    token_room_close(r);
    arena_close(a);
}
END_TEST

START_TEST(repair)
{
    static const struct {
        const char *in, *out;
    } x[] = {{"a\xff", "a\xef\xbf\xbd"},
             {"\xe2\x82", "\xef\xbf\xbd"},
             {"\xe2\x82z", "\xef\xbf\xbdz"},
             {"\xf0\x80\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
             {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
             {"\xf1\x80\x80\xe1\x80\xc2", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}};
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) {
        str s = STR_INIT;
        (void)unicode_repair(x[i].in, strlen(x[i].in), &s);
        ck_assert_str_eq(str_text(&s), x[i].out);
        ck_assert(unicode_valid(s.at, s.len) && !unicode_valid(x[i].in, strlen(x[i].in)));
        str_close(&s);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tokenizer_edges");
    TCase *c = tcase_create("edges");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, refused, 0, (int)(sizeof refusals / sizeof *refusals));
    tcase_add_test(c, vocab_txt);
    tcase_add_test(c, limits);
    tcase_add_test(c, long_texts);
    tcase_add_test(c, no_allocation);
    tcase_add_loop_test(c, scanners, 0, 3);
    tcase_add_test(c, gguf);
    tcase_add_test(c, repair);
    suite_add_tcase(s, c);
    return suite_main(s);
}
