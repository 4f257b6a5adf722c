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

typedef struct masks_by_hand {    /* of a draw, for each piece */
    size_t *word, *rank, longest; /* word SIZE_MAX: not masked; rank: number of the piece in it */
} masks_by_hand;

/* How often draw d (all draws: SIZE_MAX) masks each word. */
static size_t masked_words(const lm_masking *k, uint64_t id, size_t d, size_t n_words, size_t w)
{
    uint8_t *masked = arena_alloc(b.a, n_words + 1, 1);
    size_t times = 0;
    for (size_t draw = 0; draw < k->draws; draw++) {
        if (d != SIZE_MAX && draw != d) continue;
        lm_mask_words(k, id, draw, n_words, masked);
        times += masked[w];
    }
    return times;
}

static masks_by_hand find_masks(pm_str text, const tokens *t, const lm_masking *k, uint64_t id,
                                size_t d)
{
    size_t *from = arena_alloc(b.a, text.len + 1, sizeof *from),
           *to = arena_alloc(b.a, text.len + 1, sizeof *to);
    size_t *seen = arena_alloc(b.a, text.len + 1, sizeof *seen);
    const size_t n_words = split(text, from, to);
    masks_by_hand m = {arena_alloc(b.a, t->n, sizeof *m.word),
                       arena_alloc(b.a, t->n, sizeof *m.rank), 0};
    for (size_t p = 0; p < t->n; p++) {
        size_t w = n_words;
        for (size_t x = n_words; x-- > 0 && !t->special[p];)
            if (to[x] > t->from[p] && from[x] < t->to[p]) w = x;
        m.word[p] = w < n_words && masked_words(k, id, d, n_words, w) ? w : SIZE_MAX;
        if (m.word[p] == SIZE_MAX) continue;
        m.rank[p] = seen[w]++;
        if (seen[w] > m.longest) m.longest = seen[w];
    }
    return m;
}

/* Sequence `rank` of a draw: the only one, or that of the pieces of this rank. */
static void masked_sequence(const lm *m, pm_str text, const tokens *t, const lm_masking *k,
                            const masks_by_hand *h, size_t rank, numbers *out)
{
    const size_t v = lm_config(m)->n_vocab, chars = code_points(text.ptr, text.len);
    const double share = 1 / (double)k->draws;
    size_t *from = arena_alloc(b.a, text.len + 1, sizeof *from),
           *to = arena_alloc(b.a, text.len + 1, sizeof *to);
    uint32_t *in = arena_alloc(b.a, t->n, sizeof *in);
    (void)split(text, from, to);
    for (size_t p = 0; p < t->n; p++)
        in[p] = h->word[p] != SIZE_MAX && (!k->in_turn || h->rank[p] >= rank)
                    ? (uint32_t)lm_config(m)->mask_id
                    : t->id[p];
    const double *log_p = lm_bed_log_p(&b, m, lm_bed_hidden(&b, m, in, t->type, t->n));
    for (size_t p = 0; p < t->n; p++) {
        const size_t w = h->word[p];
        if (w == SIZE_MAX || (k->in_turn && h->rank[p] != rank)) continue;
        take(out, log_p + p * v, v, t->id[p], share, code_points(text.ptr, t->from[p]), chars);
        if (h->rank[p]) continue;
        out->words += share;
        out->chars += share * (double)code_points(text.ptr + from[w], to[w] - from[w]);
    }
}

static numbers masked_by_hand(const lm *m, pm_str text, const lm_masking *k, uint64_t id)
{
    numbers out = {0};
    token_room *room = token_room_open();
    const token_options o = {.max = lm_max_tokens(m), .special_as_text = true};
    tokens t;
    lm_bed_ok(&b, tokenizer_encode(lm_tokenizer(m), room, text, NULL, &o, &t, &b.err));
    for (size_t d = 0; d < k->draws && t.n; d++) {
        const masks_by_hand h = find_masks(text, &t, k, id, d);
        for (size_t rank = 0; rank < (k->in_turn ? h.longest : 1); rank++)
            masked_sequence(m, text, &t, k, &h, rank, &out);
    }
    token_room_close(room);
    return out;
}

/* Which share of the draws masks the word of bytes [lo, hi); k NULL: all words count. */
static double weight_by_hand(pm_str text, size_t lo, size_t hi, const lm_masking *k, uint64_t id)
{
    size_t *from = arena_alloc(b.a, text.len + 1, sizeof *from),
           *to = arena_alloc(b.a, text.len + 1, sizeof *to);
    const size_t n = split(text, from, to);
    for (size_t w = 0; w < n && k; w++)
        if (to[w] > lo && from[w] < hi)
            return (double)masked_words(k, id, SIZE_MAX, n, w) / (double)k->draws;
    return k ? 0 : 1;
}

/* Windows as documented: the first begins with bos, every other half a window before what is not scored yet. */
static numbers causal_by_hand(const lm *m, pm_str text, const lm_masking *k, uint64_t id)
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
            const double weight = weight_by_hand(text, t.from[piece], t.to[piece], k, id);
            if (weight > 0)
                take(&out, log_p + (row - 1) * v, v, t.id[piece], weight,
                     code_points(text.ptr, t.from[piece]), chars);
        }
        done = from + n - lead;
    }
    const size_t skipped = bos < 0 && t.n ? t.to[0] : 0;
    size_t *word = arena_alloc(b.a, 2 * text.len + 2, sizeof *word);
    const pm_str rest = {text.ptr + skipped, text.len - skipped};
    const size_t n_words = split(rest, word, word + text.len + 1);
    for (size_t w = 0; w < n_words; w++) {
        const size_t lo = skipped + word[w], hi = skipped + (word + text.len + 1)[w];
        const double weight = weight_by_hand(text, lo, hi, k, id);
        out.words += weight;
        out.chars += weight * (double)code_points(text.ptr + lo, hi - lo);
    }
    if (!k) out.chars = (double)code_points(rest.ptr, rest.len);
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
                         masked_bpe(exact),
                         lm_bed_model(&b, lm_bed_two_sided(b.wordpiece), b.wordpiece, exact)};
    pm_str text[MOST];
    uint64_t id[MOST];
    some_texts(text, id, 110);
    for (size_t k = 0; k < 12; k++) {
        const lm *m = model[k % 3];
        const lm_masking masking = {.share = k % 6 < 3 ? .15 : .4,
                                    .draws = k % 6 < 3 ? 1 : 3,
                                    .seed = k,
                                    .in_turn = k >= 6};
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
    const lm_masking k = {.share = .15, .draws = 2, .seed = 5};
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

START_TEST(masked_texts_are_cut_and_counted)
{
    lm *m = lm_bed_model(&b, lm_bed_bert(b.wordpiece), b.wordpiece,
                         (lm_options){.precision = NN_EXACT, .max_tokens = 12});
    pm_str text[MOST];
    uint64_t id[MOST];
    table got;
    lm_scored ask = asks(&got);
    const lm_masking k = {.share = .15, .draws = 2, .seed = 1};
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

static void check_causal(size_t k, const lm_masking *masking)
{
    pm_str text[MOST];
    uint64_t id[MOST];
    nn_config c = lm_bed_llama(b.bpe);
    some_texts(text, id, 900);
    if (k % 2) c.bos_id = -1;
    lm *m = lm_bed_model(&b, c, b.bpe,
                         (lm_options){.precision = NN_EXACT, .max_tokens = k < 2 ? 0 : 15});
    table got;
    lm_scored ask = asks(&got);
    lm_cut cut = {0};
    size_t n_tokens = 0;
    lm_bed_ok(&b, lm_score(m, b.c.pool, b.r, text, id, MOST, masking, &ask, &cut, &b.err));
    for (size_t i = 0; i < MOST; i++) {
        const numbers want = causal_by_hand(m, text[i], masking, id[i]);
        check_numbers(&got, i, &want);
        n_tokens += (size_t)want.pieces + (k % 2 && text[i].len > 0);
    }
    ck_assert_uint_eq(cut.texts, MOST);
    ck_assert_uint_eq(cut.texts_cut + cut.tokens_cut, 0);
    if (!masking) ck_assert_uint_eq(cut.tokens, n_tokens);
    check_alone(m, text, id, masking, &got);
}

START_TEST(causal_nats_equal_brute_force)
{
    for (size_t k = 0; k < 4; k++) check_causal(k, NULL);
}
END_TEST

START_TEST(causal_nats_of_masked_words_equal_brute_force)
{
    for (size_t k = 0; k < 4; k++)
        check_causal(k, &(lm_masking){.share = .15, .draws = 1 + k, .seed = k});
}
END_TEST

START_TEST(damaged_text_is_repaired_first)
{
    lm *m = lm_bed_model(&b, lm_bed_llama(b.bpe), b.bpe, (lm_options){0}),
       *k = lm_bed_model(&b, lm_bed_bert(b.wordpiece), b.wordpiece, (lm_options){0});
    const lm_masking masking = {.share = .5, .draws = 1, .seed = 1};
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
    const lm_masking k = {.share = .15, .draws = 1, .seed = 0}, zero = {.draws = 1},
                     nan = {.share = (double)NAN, .draws = 1}, no_draw = {.share = .15};
    const pm_str text = {"some text", 9};
    table t;
    lm_scored o = asks(&t);
    lm_bed_fails(&b, lm_score(none, NULL, b.r, &text, NULL, 1, &k, &o, NULL, &b.err),
                 PM_E_UNSUPPORTED, "has no language-model head");
    lm_bed_fails(&b, lm_score(masked, NULL, b.r, &text, NULL, 1, NULL, &o, NULL, &b.err),
                 PM_E_UNSUPPORTED, "cannot score a text from left to right");
    lm_bed_fails(&b, lm_score(causal, NULL, b.r, &text, NULL, 1, &no_draw, &o, NULL, &b.err),
                 PM_E_ARG, "0 draws");
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
    const lm_masking k = {.share = .15, .draws = 2, .seed = 1};
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
    tcase_add_test(c, masked_texts_are_cut_and_counted);
    tcase_add_test(c, causal_nats_equal_brute_force);
    tcase_add_test(c, causal_nats_of_masked_words_equal_brute_force);
    tcase_add_test(c, damaged_text_is_repaired_first);
    tcase_add_test(c, wrong_models_say_so);
    tcase_add_test(c, a_warm_room_allocates_nothing);
    suite_add_tcase(s, c);
    return suite_main(s);
}
