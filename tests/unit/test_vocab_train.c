/* SPDX-License-Identifier: MIT
 *
 * Learning vocabularies: the pieces and merges of `tokenizers` (recorded), any number of threads, written and read back,
 * bad input, stopping.
 */
#include "config.h"

#include "base/threads.h"
#include "suite.h"
#include "text/tokenizer_private.h"
#include "text/vocab_private.h"
#include "toy_texts.h"
#include "vocab_golden.inc"

typedef struct bed {
    arena *a;
    pm_str *text;
    size_t n;
    pm_err err;
} bed;

static bed bed_open(void)
{
    bed b = {.a = arena_open(0)};
    b.text = toy_texts(b.a, &b.n);
    return b;
}

static tokenizer *learn(bed *b, const vocab_want *w)
{
    tokenizer *t = NULL;
    ck_assert_msg(!vocab_train(w, b->text, b->n, b->a, &t, NULL, NULL, &b->err), "%s",
                  err_text(&b->err));
    return t;
}

static bool is(pm_str s, const char *text)
{
    return pm_str_equal(s, text);
}

static void pieces_are(const tokenizer *t, const char *const *golden, size_t n)
{
    ck_assert_uint_eq(tokenizer_size(t), n);
    for (size_t i = 0; i < n; i++) {
        const pm_str p = tokenizer_piece(t, (uint32_t)i);
        ck_assert_msg(is(p, golden[i]), "piece %zu: found %.*s, wanted %s", i, (int)p.len, p.ptr,
                      golden[i]);
    }
}

START_TEST(wordpieces_are_those_of_tokenizers)
{
    bed b = bed_open();
    const vocab_want w = {.kind = VOCAB_WORDPIECE, .size = 1200, .lower_case = true};
    pieces_are(learn(&b, &w), golden_wordpiece, sizeof golden_wordpiece / sizeof *golden_wordpiece);
    const vocab_want few = {
        .kind = VOCAB_WORDPIECE, .size = 300, .lower_case = true, .max_alphabet = 20};
    pieces_are(learn(&b, &few), golden_few_letters,
               sizeof golden_few_letters / sizeof *golden_few_letters);
    arena_close(b.a);
}
END_TEST

START_TEST(merges_are_those_of_tokenizers)
{
    bed b = bed_open();
    const vocab_want w = {.kind = VOCAB_BPE, .size = 1300};
    const tokenizer *t = learn(&b, &w);
    const size_t n = sizeof golden_bpe / sizeof *golden_bpe;
    ck_assert_uint_eq(t->model.n_merges, n);
    ck_assert(is(tokenizer_piece(t, 0), "<|endoftext|>"));
    for (size_t i = 0; i < n; i++) {
        const pm_str left = tokenizer_piece(t, t->model.merge[i][0]),
                     right = tokenizer_piece(t, t->model.merge[i][1]);
        char text[256];
        snprintf(text, sizeof text, "%.*s %.*s", (int)left.len, left.ptr, (int)right.len,
                 right.ptr);
        ck_assert_msg(!strcmp(text, golden_bpe[i]), "merge %zu: found %s, wanted %s", i, text,
                      golden_bpe[i]);
    }
    arena_close(b.a);
}
END_TEST

START_TEST(threads_and_cuts_do_not_matter)
{
    bed b = bed_open();
    threads *pool = threads_open(3);
    const vocab_want one = {.kind = VOCAB_WORDPIECE, .size = 900};
    vocab_want three = one;
    three.pool = pool;
    str first = STR_INIT, second = STR_INIT;
    tokenizer_put(learn(&b, &one), &first);
    for (size_t i = 0; i < b.n / 2; i++) { /* another order of the texts */
        const pm_str held = b.text[i];
        b.text[i] = b.text[b.n - 1 - i];
        b.text[b.n - 1 - i] = held;
    }
    tokenizer_put(learn(&b, &three), &second);
    ck_assert_str_eq(str_text(&first), str_text(&second));
    str_close(&first);
    str_close(&second);
    threads_close(pool);
    arena_close(b.a);
}
END_TEST

/* What was learned encodes and decodes; its file reads back as the same. */
static void holds(bed *b, const vocab_want *w, bool exact)
{
    tokenizer *t = learn(b, w), *again = NULL;
    token_room *room = token_room_open();
    str file = STR_INIT, text = STR_INIT;
    tokenizer_put(t, &file);
    ck_assert_msg(!tokenizer_parse(file.at, file.len, "learned", b->a, &again, &b->err), "%s",
                  err_text(&b->err));
    for (size_t i = 0; i < b->n; i += 7) {
        const token_options o = {.no_special = exact};
        tokens x;
        ck_assert_int_eq(tokenizer_encode(t, room, b->text[i], NULL, &o, &x, &b->err), PM_OK);
        uint32_t *id = arena_alloc(b->a, x.n, sizeof *id);
        const size_t n = x.n;
        memcpy(id, x.id, n * sizeof *id);
        ck_assert(n < b->text[i].len);
        ck_assert_int_eq(tokenizer_encode(again, room, b->text[i], NULL, &o, &x, &b->err), PM_OK);
        ck_assert(x.n == n && !memcmp(id, x.id, n * sizeof *id));
        str_clear(&text);
        ck_assert_int_eq(tokenizer_decode(t, id, n, true, &text, &b->err), PM_OK);
        if (exact)
            ck_assert(text.len == b->text[i].len && !memcmp(text.at, b->text[i].ptr, text.len));
        if (!exact) ck_assert(tokenizer_is_special(t, id[0]) && tokenizer_is_special(t, id[n - 1]));
    }
    str_close(&file);
    str_close(&text);
    token_room_close(room);
}

START_TEST(what_was_learned_is_a_tokenizer)
{
    bed b = bed_open();
    const vocab_want word = {.kind = VOCAB_WORDPIECE, .size = 500, .lower_case = true};
    const vocab_want bytes = {.kind = VOCAB_BPE, .size = 700};
    holds(&b, &word, false);
    holds(&b, &bytes, true);
    arena_close(b.a);
}
END_TEST

START_TEST(own_special_tokens_come_first)
{
    static const char *const special[] = {"<s>", "[UNK]", "</s>", NULL};
    bed b = bed_open();
    const vocab_want w = {.kind = VOCAB_WORDPIECE, .size = 200, .special = special};
    const tokenizer *t = learn(&b, &w);
    for (uint32_t i = 0; i < 3; i++)
        ck_assert(is(tokenizer_piece(t, i), special[i]) && tokenizer_is_special(t, i));
    ck_assert_uint_eq(tokenizer_size(t), 200);
    arena_close(b.a);
}
END_TEST

static void refused(bed *b, const vocab_want *w, pm_status s, const char *says)
{
    tokenizer *t = NULL;
    err_clear(&b->err);
    ck_assert_int_eq(vocab_train(w, b->text, b->n, b->a, &t, NULL, NULL, &b->err), s);
    ck_assert_msg(strstr(err_text(&b->err), says) != NULL, "%s", err_text(&b->err));
}

START_TEST(bad_input_is_refused)
{
    static const char *const twice[] = {"[UNK]", "[UNK]", NULL}, *const none[] = {"[PAD]", NULL};
    bed b = bed_open();
    const pm_str *all = b.text;
    const size_t n = b.n;
    pm_str blank[] = {{"", 0}, {" \n\t ", 4}};
    vocab_want w = {.kind = VOCAB_WORDPIECE, .size = 300};
    b.text = blank;
    for (b.n = 0; b.n <= 2; b.n++) refused(&b, &w, PM_E_ARG, "no words");
    b.text = (pm_str *)all;
    b.n = n;
    w.size = 20;
    refused(&b, &w, PM_E_ARG, "single characters");
    w.size = 300;
    w.special = twice;
    refused(&b, &w, PM_E_ARG, "special token 1");
    w.special = none;
    refused(&b, &w, PM_E_ARG, "[UNK]");
    w = (vocab_want){.kind = VOCAB_BPE, .size = 256};
    refused(&b, &w, PM_E_ARG, "choose 257");
    w.kind = (vocab_kind)9;
    refused(&b, &w, PM_E_ARG, "kind");
    arena_close(b.a);
}
END_TEST

/* Broken bytes, one endless word, and nothing that repeats. */
START_TEST(odd_texts_are_learned_from)
{
    arena *a = arena_open(0);
    const size_t len = 300000;
    char *x = arena_alloc(a, len, 1);
    for (size_t i = 0; i < len; i++) x[i] = (char)('a' + i * i % 7);
    pm_str text[] = {{x, len}, {"\xff\xfe\x80 caf\xc3\xa9 \xc3", 11}, {"z", 1}};
    bed b = {.a = a, .text = text, .n = 3};
    const vocab_want w = {.kind = VOCAB_WORDPIECE, .size = 400},
                     v = {.kind = VOCAB_BPE, .size = 400};
    ck_assert_uint_gt(tokenizer_size(learn(&b, &w)), 20);
    ck_assert_uint_gt(tokenizer_size(learn(&b, &v)), 270);
    b.text = text + 2;
    b.n = 1;
    ck_assert_uint_eq(tokenizer_size(learn(&b, &w)),
                      6); /* fewer pieces than wanted: there are no more */
    arena_close(a);
}
END_TEST

static pm_status stop_at(void *arg, double done)
{
    return done >= *(double *)arg ? PM_E_CANCELED : PM_OK;
}

START_TEST(it_can_be_stopped)
{
    bed b = bed_open();
    const vocab_want w = {.kind = VOCAB_BPE, .size = 1500};
    for (double at = 0; at < .9; at += .4) {
        tokenizer *t = NULL;
        ck_assert_int_eq(vocab_train(&w, b.text, b.n, b.a, &t, stop_at, &at, &b.err),
                         PM_E_CANCELED);
    }
    arena_close(b.a);
}
END_TEST

START_TEST(rare_words_are_forgotten_by_count)
{
    vocab_bag bag = {0};
    uint32_t at;
    char word[16];
    for (int i = 0; i < 5000; i++) {
        const int n = snprintf(word, sizeof word, "w%d", i);
        ck_assert(vocab_bag_add(&bag, word, (size_t)n, (uint64_t)(i % 5 + 1), NULL));
    }
    vocab_bag_prune(&bag, 3);
    ck_assert_uint_eq(bag.n, 2000);
    ck_assert(!vocab_bag_find(&bag, "w0", 2, &at) && vocab_bag_find(&bag, "w4", 2, &at));
    ck_assert(bag.word[at].count == 5 && is(vocab_bag_at(&bag, at), "w4"));
    ck_assert(vocab_bag_add(&bag, "w0", 2, 1, &at) && at == 2000);
    vocab_bag_close(&bag);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("vocab_train");
    TCase *tc = tcase_create("vocab_train");
    tcase_set_timeout(tc, 300);
    suite_add_tcase(s, tc);
    tcase_add_test(tc, wordpieces_are_those_of_tokenizers);
    tcase_add_test(tc, merges_are_those_of_tokenizers);
    tcase_add_test(tc, threads_and_cuts_do_not_matter);
    tcase_add_test(tc, what_was_learned_is_a_tokenizer);
    tcase_add_test(tc, own_special_tokens_come_first);
    tcase_add_test(tc, bad_input_is_refused);
    tcase_add_test(tc, odd_texts_are_learned_from);
    tcase_add_test(tc, it_can_be_stopped);
    tcase_add_test(tc, rare_words_are_forgotten_by_count);
    return suite_main(s);
}
