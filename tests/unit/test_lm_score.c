/* SPDX-License-Identifier: MIT
 *
 * Nats of texts beside a brute force that masks, or cuts windows, by hand and takes log-softmax of all logits; masks
 * that models share; counts that add up.
 */
#include "config.h"

#include "lm_bed.h"

static lm_bed b;
static const char *const specials[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", NULL};

static void setup(void)
{
    lm_bed_open(&b);
}

static void teardown(void)
{
    lm_bed_close(&b);
}

typedef struct numbers { /* of one text */
    double nats, pieces, words, chars, right, part[4];
} numbers;

enum { PARTS = 4, MOST = 24 };

typedef struct table { /* what lm_score says of n texts */
    double nats[MOST], pieces[MOST], words[MOST], chars[MOST], right[MOST], part[MOST * PARTS];
} table;

static lm_scored asks(table *t)
{
    return (lm_scored){t->nats, t->pieces, t->words, t->chars, PARTS, t->part, t->right};
}

static size_t code_points(const char *at, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) n += ((unsigned char)at[i] & 0xc0) != 0x80;
    return n;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\v' || c == '\f' || c == '\r';
}

static size_t split(pm_str text, size_t *from, size_t *to)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (is_blank(text.ptr[i])) continue;
        if (i == 0 || is_blank(text.ptr[i - 1])) from[n++] = i;
        to[n - 1] = i + 1;
    }
    return n;
}

/* -log p of `target` after (or at) `row`, into the sums. */
static void take(numbers *out, const double *row, size_t v, uint32_t target, double share,
                 size_t before, size_t chars)
{
    size_t best = 0, part = 0;
    for (size_t k = 1; k < v; k++)
        if (row[k] > row[best]) best = k;
    while (part + 1 < PARTS && before >= (part + 1) * chars / PARTS) part++;
    out->nats -= share * row[target];
    out->part[part] -= share * row[target];
    out->right += share * (best == target);
    out->pieces += share;
}

static numbers masked_by_hand(const lm *m, pm_str text, const lm_masking *k, uint64_t id)
{
    numbers out = {0};
    const size_t v = lm_config(m)->n_vocab, chars = code_points(text.ptr, text.len);
    size_t *from = arena_alloc(b.a, text.len + 1, sizeof *from),
           *to = arena_alloc(b.a, text.len + 1, sizeof *to);
    uint8_t *masked = arena_alloc(b.a, text.len + 1, 1), *seen = arena_alloc(b.a, text.len + 1, 1);
    const size_t n_words = split(text, from, to);
    token_room *room = token_room_open();
    const token_options o = {.max = lm_max_tokens(m), .special_as_text = true};
    tokens t;
    lm_bed_ok(&b, tokenizer_encode(lm_tokenizer(m), room, text, NULL, &o, &t, &b.err));
    uint32_t *in = arena_alloc(b.a, t.n, sizeof *in);
    for (size_t d = 0; d < k->draws && t.n; d++) {
        lm_mask_words(k, id, d, n_words, masked);
        memset(seen, 0, n_words);
        memcpy(in, t.id, t.n * sizeof *in);
        size_t *word = arena_alloc(b.a, t.n, sizeof *word);
        for (size_t p = 0; p < t.n; p++) {
            word[p] = SIZE_MAX;
            for (size_t w = n_words; w-- > 0 && !t.special[p];)
                if (to[w] > t.from[p] && from[w] < t.to[p]) word[p] = w;
            if (word[p] != SIZE_MAX && masked[word[p]])
                in[p] = (uint32_t)lm_config(m)->mask_id;
            else
                word[p] = SIZE_MAX;
        }
        const double *log_p = lm_bed_log_p(&b, m, lm_bed_hidden(&b, m, in, t.type, t.n));
        const double share = 1 / (double)k->draws;
        for (size_t p = 0; p < t.n; p++) {
            if (word[p] == SIZE_MAX) continue;
            take(&out, log_p + p * v, v, t.id[p], share, code_points(text.ptr, t.from[p]), chars);
            if (seen[word[p]]++) continue;
            out.words += share;
            out.chars += share *
                         (double)code_points(text.ptr + from[word[p]], to[word[p]] - from[word[p]]);
        }
    }
    token_room_close(room);
    return out;
}

/* Windows as documented: the first begins with bos, every other half a window before what is not scored yet. */
static numbers causal_by_hand(const lm *m, pm_str text)
{
    numbers out = {0};
    const size_t v = lm_config(m)->n_vocab, chars = code_points(text.ptr, text.len),
                 most = lm_max_tokens(m);
    const int64_t bos = lm_config(m)->bos_id;
    token_room *room = token_room_open();
    const token_options o = {.no_special = true, .special_as_text = true};
    tokens t;
    lm_bed_ok(&b, tokenizer_encode(lm_tokenizer(m), room, text, NULL, &o, &t, &b.err));
    uint32_t *in = arena_alloc(b.a, most, sizeof *in);
    for (size_t done = 0; done < t.n;) {
        const size_t from = done == 0 ? 0 : done - most / 2;
        size_t n = 0, lead = from == 0 && bos >= 0;
        if (lead) in[n++] = (uint32_t)bos;
        for (size_t i = from; i < t.n && n < most; i++) in[n++] = t.id[i];
        const double *log_p = lm_bed_log_p(&b, m, lm_bed_hidden(&b, m, in, NULL, n));
        for (size_t row = 1; row < n; row++) {
            const size_t piece = from + row - lead;
            if (piece < done) continue;
            take(&out, log_p + (row - 1) * v, v, t.id[piece], 1,
                 code_points(text.ptr, t.from[piece]), chars);
        }
        done = from + n - lead;
    }
    const size_t skipped = bos < 0 && t.n ? t.to[0] : 0;
    size_t *word = arena_alloc(b.a, 2 * text.len + 2, sizeof *word);
    const pm_str rest = {text.ptr + skipped, text.len - skipped};
    out.words = (double)split(rest, word, word + text.len + 1);
    out.chars = (double)code_points(rest.ptr, rest.len);
    token_room_close(room);
    return out;
}

static void check_numbers(const table *t, size_t i, const numbers *want)
{
    double sum = 0;
    ck_assert_double_eq_tol(t->nats[i], want->nats, 1e-4 * (1 + want->nats));
    ck_assert_double_eq_tol(t->pieces[i], want->pieces, 1e-9);
    ck_assert_double_eq_tol(t->words[i], want->words, 1e-9);
    ck_assert_double_eq_tol(t->chars[i], want->chars, 1e-9);
    ck_assert_double_eq_tol(t->right[i], want->right, 1e-9);
    for (size_t p = 0; p < PARTS; p++) {
        ck_assert_double_eq_tol(t->part[i * PARTS + p], want->part[p], 1e-4 * (1 + want->nats));
        sum += t->part[i * PARTS + p];
    }
    ck_assert_double_eq_tol(sum, t->nats[i], 1e-9 * (1 + want->nats));
}

static void some_texts(pm_str *text, uint64_t *id, size_t longest)
{
    static const pm_str odd[] = {
        {"", 0},
        {"  \n ", 4},
        {"word", 4},
        {"na\xc3\xafve caf\xc3\xa9 \xe2\x82\xac 5, d\xc3\xa9j\xc3\xa0 vu", 29},
        {"[MASK] <|endoftext|> [CLS]", 26}};
    for (size_t i = 0; i < MOST; i++) {
        const pm_str t = b.text[(i * 5) % b.n];
        text[i] = i < 5 ? odd[i]
                        : (pm_str){t.ptr, t.len < longest ? t.len : 3 + i * longest / MOST};
        id[i] = 1000 + 17 * i;
    }
}

/* All texts at once and each alone: the same bits. */
static void check_alone(const lm *m, const pm_str *text, const uint64_t *id, const lm_masking *k,
                        const table *all)
{
    for (size_t i = 0; i < MOST; i++) {
        table one;
        lm_scored ask = asks(&one);
        lm_bed_ok(&b, lm_score(m, NULL, b.r, &text[i], &id[i], 1, k, &ask, NULL, &b.err));
        ck_assert(one.nats[0] == all->nats[i] && one.right[0] == all->right[i]);
        ck_assert_int_eq(memcmp(one.part, all->part + i * PARTS, sizeof(double) * PARTS), 0);
    }
}

static lm *masked_bpe(lm_options o)
{
    const tokenizer *t = lm_bed_vocab(&b, VOCAB_BPE, 400, specials);
    return lm_bed_model(&b, lm_bed_bert(t), t, o);
}

START_TEST(masked_nats_equal_brute_force)
{
    const lm_options exact = {.precision = NN_EXACT};
    lm *const model[] = {lm_bed_model(&b, lm_bed_bert(b.wordpiece), b.wordpiece, exact),
                         masked_bpe(exact)};
    pm_str text[MOST];
    uint64_t id[MOST];
    some_texts(text, id, 110);
    for (size_t k = 0; k < 4; k++) {
        const lm *m = model[k % 2];
        const lm_masking masking = {.share = k < 2 ? .15 : .4, .draws = k < 2 ? 1 : 3, .seed = k};
        table got;
        lm_scored ask = asks(&got);
        lm_cut cut = {0};
        lm_bed_ok(&b, lm_score(m, b.c.pool, b.r, text, id, MOST, &masking, &ask, &cut, &b.err));
        ck_assert_uint_eq(cut.texts, MOST);
        ck_assert_uint_eq(cut.texts_cut, 0);
        for (size_t i = 0; i < MOST; i++) {
            const numbers want = masked_by_hand(m, text[i], &masking, id[i]);
            check_numbers(&got, i, &want);
            if (i >= 2) ck_assert(got.nats[i] > 0 && got.words[i] >= 1);
        }
        check_alone(m, text, id, &masking, &got);
    }
}
END_TEST

/* Two tokenisers, one choice of words. */
START_TEST(models_mask_the_same_words)
{
    lm *one = lm_bed_model(&b, lm_bed_bert(b.wordpiece), b.wordpiece, (lm_options){0}),
       *two = masked_bpe((lm_options){0});
    const lm_masking k = {.15, 2, 5};
    pm_str text[MOST];
    uint64_t id[MOST];
    table x, y;
    lm_scored ask_x = asks(&x), ask_y = asks(&y);
    some_texts(text, id, 110);
    lm_bed_ok(&b, lm_score(one, NULL, b.r, text, id, MOST, &k, &ask_x, NULL, &b.err));
    lm_bed_ok(&b, lm_score(two, NULL, b.r, text, id, MOST, &k, &ask_y, NULL, &b.err));
    ck_assert_int_eq(memcmp(x.words, y.words, sizeof x.words), 0);
    ck_assert_int_eq(memcmp(x.chars, y.chars, sizeof x.chars), 0);
    ck_assert_int_ne(memcmp(x.pieces, y.pieces, sizeof x.pieces), 0);
    /* without ids they are 0, 1 ...: other masks than 1000 ... */
    lm_bed_ok(&b, lm_score(two, NULL, b.r, text, NULL, MOST, &k, &ask_y, NULL, &b.err));
    ck_assert_int_ne(memcmp(x.chars, y.chars, sizeof x.chars), 0);
}
END_TEST

START_TEST(masks_depend_on_seed_id_and_draw_alone)
{
    enum { WORDS = 200 };
    uint8_t first[WORDS], other[WORDS];
    const lm_masking k = {.15, 4, 9};
    size_t hits[WORDS] = {0};
    for (size_t n = 1; n <= WORDS; n++)
        for (size_t s = 1; s < 20; s++) {
            const lm_masking some = {(double)s / 20, 1, s};
            size_t got = 0;
            lm_mask_words(&some, n, 0, n, first);
            for (size_t w = 0; w < n; w++) got += first[w];
            ck_assert_uint_eq(got, (size_t)ceil(some.share * (double)n));
        }
    lm_mask_words(&k, 3, 1, WORDS, first);
    lm_mask_words(&k, 3, 1, WORDS, other);
    ck_assert_int_eq(memcmp(first, other, WORDS), 0);
    lm_mask_words(&k, 3, 2, WORDS, other);
    ck_assert_int_ne(memcmp(first, other, WORDS), 0);
    lm_mask_words(&k, 4, 1, WORDS, other);
    ck_assert_int_ne(memcmp(first, other, WORDS), 0);
    lm_mask_words(&(lm_masking){.15, 4, 10}, 3, 1, WORDS, other);
    ck_assert_int_ne(memcmp(first, other, WORDS), 0);
    for (uint64_t id = 0; id < 4000; id++) {
        lm_mask_words(&k, id, 0, WORDS, other);
        for (size_t w = 0; w < WORDS; w++) hits[w] += other[w];
    }
    for (size_t w = 0; w < WORDS; w++) /* 600 each; six standard deviations are 135 */
        ck_assert(hits[w] > 465 && hits[w] < 735);
    lm_mask_words(&k, 1, 0, 0, other);
}
END_TEST

START_TEST(masked_texts_are_cut_and_counted)
{
    lm *m = lm_bed_model(&b, lm_bed_bert(b.wordpiece), b.wordpiece,
                         (lm_options){.precision = NN_EXACT, .max_tokens = 12});
    pm_str text[MOST];
    uint64_t id[MOST];
    table got;
    lm_scored ask = asks(&got);
    const lm_masking k = {.15, 2, 1};
    lm_cut cut = {0};
    token_room *room = token_room_open();
    size_t cuts = 0, whole = 0, left_out = 0;
    some_texts(text, id, 300);
    lm_bed_ok(&b, lm_score(m, b.c.pool, b.r, text, id, MOST, &k, &ask, &cut, &b.err));
    for (size_t i = 0; i < MOST; i++) {
        const token_options o = {.max = 12, .special_as_text = true};
        tokens t;
        lm_bed_ok(&b, tokenizer_encode(b.wordpiece, room, text[i], NULL, &o, &t, &b.err));
        whole += t.n_whole;
        cuts += t.n < t.n_whole;
        left_out += t.n_whole - t.n;
        if (i < 2) continue;
        /* never nothing: the first word stands in where all chosen ones are beyond the limit */
        ck_assert(got.nats[i] > 0 && got.words[i] >= 1 && got.pieces[i] >= 1);
        ck_assert(got.pieces[i] <= 10);
    }
    ck_assert(cuts > 5);
    ck_assert_uint_eq(cut.texts, MOST);
    ck_assert_uint_eq(cut.texts_cut, cuts);
    ck_assert_uint_eq(cut.tokens, whole);
    ck_assert_uint_eq(cut.tokens_cut, left_out);
    check_alone(m, text, id, &k, &got);
    token_room_close(room);
}
END_TEST

START_TEST(causal_nats_equal_brute_force)
{
    pm_str text[MOST];
    uint64_t id[MOST];
    some_texts(text, id, 900);
    for (size_t k = 0; k < 4; k++) {
        nn_config c = lm_bed_llama(b.bpe);
        if (k % 2) c.bos_id = -1;
        lm *m = lm_bed_model(&b, c, b.bpe,
                             (lm_options){.precision = NN_EXACT, .max_tokens = k < 2 ? 0 : 15});
        table got;
        lm_scored ask = asks(&got);
        lm_cut cut = {0};
        size_t n_tokens = 0;
        lm_bed_ok(&b, lm_score(m, b.c.pool, b.r, text, id, MOST, NULL, &ask, &cut, &b.err));
        for (size_t i = 0; i < MOST; i++) {
            const numbers want = causal_by_hand(m, text[i]);
            check_numbers(&got, i, &want);
            n_tokens += (size_t)want.pieces + (k % 2 && text[i].len > 0);
        }
        ck_assert_uint_eq(cut.texts, MOST);
        ck_assert_uint_eq(cut.texts_cut + cut.tokens_cut, 0);
        ck_assert_uint_eq(cut.tokens, n_tokens);
        check_alone(m, text, id, NULL, &got);
    }
}
END_TEST

START_TEST(damaged_text_is_repaired_first)
{
    lm *m = lm_bed_model(&b, lm_bed_llama(b.bpe), b.bpe, (lm_options){0}),
       *k = lm_bed_model(&b, lm_bed_bert(b.wordpiece), b.wordpiece, (lm_options){0});
    const lm_masking masking = {.5, 1, 1};
    const pm_str text[] = {{"a\xff\xc3 b\xe2\x82 tail", 12},
                           {"a\xef\xbf\xbd\xef\xbf\xbd b\xef\xbf\xbd tail", 17}};
    const uint64_t id[] = {4, 4};
    table got;
    lm_scored ask = asks(&got);
    for (size_t i = 0; i < 2; i++) {
        lm_bed_ok(&b, lm_score(i ? k : m, NULL, b.r, text, id, 2, i ? &masking : NULL, &ask, NULL,
                               &b.err));
        ck_assert_double_eq(got.chars[0], got.chars[1]);
        ck_assert_double_eq(got.nats[0], got.nats[1]);
        ck_assert_int_eq(memcmp(got.part, got.part + PARTS, PARTS * sizeof(double)), 0);
    }
}
END_TEST

START_TEST(wrong_models_say_so)
{
    nn_config bare = lm_bed_bert(b.wordpiece), unmasked = lm_bed_bert(b.bpe);
    bare.lm_head = NN_LM_NONE;
    unmasked.mask_id = -1;
    lm *const none = lm_bed_model(&b, bare, b.wordpiece, (lm_options){0}),
              *const masked =
                  lm_bed_model(&b, lm_bed_bert(b.wordpiece), b.wordpiece, (lm_options){0}),
              *const causal = lm_bed_model(&b, lm_bed_llama(b.bpe), b.bpe, (lm_options){0}),
              *const no_mask = lm_bed_model(&b, unmasked, b.bpe, (lm_options){0});
    const lm_masking k = {.15, 1, 0}, zero = {0, 1, 0}, nan = {(double)NAN, 1, 0},
                     no_draw = {.15, 0, 0};
    const pm_str text = {"some text", 9};
    table t;
    lm_scored o = asks(&t);
    lm_bed_fails(&b, lm_score(none, NULL, b.r, &text, NULL, 1, &k, &o, NULL, &b.err),
                 PM_E_UNSUPPORTED, "has no language-model head");
    lm_bed_fails(&b, lm_score(masked, NULL, b.r, &text, NULL, 1, NULL, &o, NULL, &b.err),
                 PM_E_UNSUPPORTED, "cannot score a text from left to right");
    lm_bed_fails(&b, lm_score(causal, NULL, b.r, &text, NULL, 1, &k, &o, NULL, &b.err),
                 PM_E_UNSUPPORTED, "no masked words to guess");
    lm_bed_fails(&b, lm_score(no_mask, NULL, b.r, &text, NULL, 1, &k, &o, NULL, &b.err),
                 PM_E_UNSUPPORTED, "name no mask token");
    lm_bed_fails(&b, lm_score(masked, NULL, b.r, &text, NULL, 1, &zero, &o, NULL, &b.err), PM_E_ARG,
                 "share of 0");
    lm_bed_fails(&b, lm_score(masked, NULL, b.r, &text, NULL, 1, &nan, &o, NULL, &b.err), PM_E_ARG,
                 "share of");
    lm_bed_fails(&b, lm_score(masked, NULL, b.r, &text, NULL, 1, &no_draw, &o, NULL, &b.err),
                 PM_E_ARG, "0 draws");
}
END_TEST

START_TEST(a_warm_room_allocates_nothing)
{
    lm *m = lm_bed_model(&b, lm_bed_bert(b.wordpiece), b.wordpiece, (lm_options){0}),
       *c = lm_bed_model(&b, lm_bed_llama(b.bpe), b.bpe, (lm_options){0});
    const lm_masking k = {.15, 2, 1};
    pm_str text[MOST];
    uint64_t id[MOST];
    table t;
    lm_scored o = asks(&t);
    size_t before = 0;
    some_texts(text, id, 300);
    for (size_t again = 0; again < 2; again++) {
        before = mem_count();
        lm_bed_ok(&b, lm_score(m, b.c.pool, b.r, text, id, MOST, &k, &o, NULL, &b.err));
        lm_bed_ok(&b, lm_score(c, b.c.pool, b.r, text, id, MOST, NULL, &o, NULL, &b.err));
    }
    ck_assert_uint_eq(mem_count(), before);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lm_score");
    TCase *c = tcase_create("nats");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 120);
    tcase_add_test(c, masked_nats_equal_brute_force);
    tcase_add_test(c, models_mask_the_same_words);
    tcase_add_test(c, masks_depend_on_seed_id_and_draw_alone);
    tcase_add_test(c, masked_texts_are_cut_and_counted);
    tcase_add_test(c, causal_nats_equal_brute_force);
    tcase_add_test(c, damaged_text_is_repaired_first);
    tcase_add_test(c, wrong_models_say_so);
    tcase_add_test(c, a_warm_room_allocates_nothing);
    suite_add_tcase(s, c);
    return suite_main(s);
}
