/* SPDX-License-Identifier: MIT
 *
 * Vectors of texts: what the engine gives for each text alone, whatever the batch; texts that are empty, damaged or far
 * too long; pairs and heads; cuts that add up; no allocation once warm.
 */
#include "config.h"

#include "lm_bed.h"

static lm_bed b;

static void setup(void)
{
    lm_bed_open(&b);
}

static void teardown(void)
{
    lm_bed_close(&b);
}

/* By hand: tokens, hidden states, pooled. */
static void by_hand(const lm *m, pm_str text, const pm_str *pair, nn_pool_kind how, bool normalise,
                    pm_mat out)
{
    token_room *room = token_room_open();
    nn_room *nn = nn_room_open();
    tokens t;
    const token_options o = {.max = lm_max_tokens(m)};
    lm_bed_ok(&b, tokenizer_encode(lm_tokenizer(m), room, text, pair, &o, &t, &b.err));
    const uint32_t start[] = {0, (uint32_t)t.n};
    const nn_batch batch = {1, start, t.id, lm_config(m)->n_types > 1 ? t.type : NULL};
    pm_mat h = lm_bed_hidden(&b, m, t.id, t.type, t.n);
    lm_bed_ok(&b,
              nn_pool(lm_engine(m), NULL, nn, &batch, lm_bed_view(h), how, normalise, out, &b.err));
    if (how == NN_POOL_MEAN && !normalise)
        for (size_t k = 0; k < h.cols; k++) {
            double sum = 0;
            for (size_t i = 0; i < h.rows; i++) sum += (double)pm_row(h, i)[k];
            ck_assert_double_eq_tol(sum / (double)h.rows, (double)out.at[k], 1e-5);
        }
    if (how == NN_POOL_FIRST && !normalise)
        ck_assert_int_eq(memcmp(out.at, h.at, h.cols * sizeof(float)), 0);
    if (how == NN_POOL_LAST && !normalise)
        ck_assert_int_eq(memcmp(out.at, pm_row(h, h.rows - 1), h.cols * sizeof(float)), 0);
    nn_room_close(nn);
    token_room_close(room);
}

/* Texts of all lengths, in an order of no meaning. */
static size_t some_texts(pm_str *out, size_t most)
{
    size_t n = 0;
    for (size_t i = 0; n < most; i++) {
        const pm_str t = b.text[i * 7 % b.n];
        const size_t len = i % 5 == 4 ? 0 : (i * i * 37) % (t.len < 900 ? t.len : 900);
        out[n++] = (pm_str){t.ptr, len};
    }
    return n;
}

static void check_model(lm *m)
{
    static const nn_pool_kind kind[] = {NN_POOL_MEAN, NN_POOL_FIRST, NN_POOL_LAST};
    enum { N = 40 };
    pm_str text[N], turned[N];
    const size_t n = some_texts(text, N), w = lm_config(m)->width;
    pm_mat all = lm_bed_mat(&b, n, w), other = lm_bed_mat(&b, n, w), one = lm_bed_mat(&b, 1, w);
    for (size_t i = 0; i < n; i++) turned[n - 1 - i] = text[i];
    for (size_t p = 0; p < 6; p++) {
        const nn_pool_kind how = kind[p / 2];
        lm_bed_ok(&b, lm_embed(m, b.c.pool, b.r, text, n, how, p % 2, all, NULL, &b.err));
        lm_bed_ok(&b, lm_embed(m, NULL, b.r, turned, n, how, p % 2, other, NULL, &b.err));
        for (size_t i = 0; i < n; i++) {
            ck_assert_int_eq(memcmp(pm_row(all, i), pm_row(other, n - 1 - i), w * sizeof(float)),
                             0);
            lm_bed_ok(&b, lm_embed(m, NULL, b.r, &text[i], 1, how, p % 2, one, NULL, &b.err));
            ck_assert_int_eq(memcmp(pm_row(all, i), one.at, w * sizeof(float)), 0);
            double square = 0;
            for (size_t k = 0; k < w; k++) square += (double)one.at[k] * (double)one.at[k];
            if (text[i].len == 0 && lm_config(m)->causal) {
                ck_assert(square == 0); /* no tokens: no vector */
                continue;
            }
            if (p % 2) ck_assert_double_eq_tol(square, 1, 1e-5);
            by_hand(m, text[i], NULL, how, p % 2, one);
            ck_assert_int_eq(memcmp(pm_row(all, i), one.at, w * sizeof(float)), 0);
        }
    }
    ck_assert(memcmp(pm_row(all, 1), pm_row(all, 2), w * sizeof(float)) != 0);
}

START_TEST(every_row_is_its_texts_own)
{
    for (nn_precision p = NN_EXACT; p <= NN_BYTES; p++)
        check_model(lm_bed_model(&b, lm_bed_bert(b.wordpiece), b.wordpiece,
                                 (lm_options){.precision = p, .max_tokens = p == 2 ? 16 : 0}));
    check_model(lm_bed_model(&b, lm_bed_llama(b.bpe), b.bpe, (lm_options){0}));
}
END_TEST

START_TEST(empty_and_damaged_texts_have_vectors_too)
{
    lm *m = lm_bed_model(&b, lm_bed_bert(b.wordpiece), b.wordpiece, (lm_options){0});
    static const pm_str text[] = {{"", 0},
                                  {" \t\n ", 4},
                                  {NULL, 0},
                                  {"a \xff\xc3 b\xe2\x82", 8},
                                  {"a \xef\xbf\xbd\xef\xbf\xbd b\xef\xbf\xbd", 13},
                                  {"x\0y", 3}};
    pm_mat out = lm_bed_mat(&b, 6, 64), want = lm_bed_mat(&b, 1, 64);
    const uint32_t bare[] = {(uint32_t)lm_config(m)->cls_id, (uint32_t)lm_config(m)->sep_id};
    const uint8_t type[] = {0, 0};
    lm_cut cut = {0};
    lm_bed_ok(&b, lm_embed(m, b.c.pool, b.r, text, 6, NN_POOL_LAST, false, out, &cut, &b.err));
    pm_mat h = lm_bed_hidden(&b, m, bare, type, 2);
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(memcmp(pm_row(out, i), pm_row(h, 1), 64 * sizeof(float)), 0);
    ck_assert_int_eq(memcmp(pm_row(out, 3), pm_row(out, 4), 64 * sizeof(float)), 0);
    by_hand(m, text[5], NULL, NN_POOL_LAST, false, want);
    ck_assert_int_eq(memcmp(pm_row(out, 5), want.at, 64 * sizeof(float)), 0);
    ck_assert_uint_eq(cut.texts, 6);
    ck_assert_uint_eq(cut.texts_cut + cut.tokens_cut, 0);
    lm_bed_ok(&b, lm_embed(m, NULL, b.r, text, 0, NN_POOL_MEAN, true, out, &cut, &b.err));
    ck_assert_uint_eq(cut.texts, 6);
}
END_TEST

static pm_str repeated(size_t len)
{
    char *at = arena_alloc(b.a, len, 1);
    for (size_t i = 0, k = 0; i < len; i += b.text[k].len, k = (k + 1) % b.n) {
        const size_t some = b.text[k].len < len - i ? b.text[k].len : len - i;
        memcpy(at + i, b.text[k].ptr, some);
    }
    return (pm_str){at, len};
}

/* However long: the vector of what fits, one cut text, and tokens that add up. */
START_TEST(long_texts_are_cut_and_counted_once)
{
    lm *m = lm_bed_model(&b, lm_bed_bert(b.wordpiece), b.wordpiece, (lm_options){0});
    const size_t length[] = {10000, 10000000};
    token_room *room = token_room_open();
    pm_mat out = lm_bed_mat(&b, 2, 64);
    for (size_t k = 0; k < 2; k++) {
        const pm_str text[] = {repeated(length[k]), {"a short one", 11}};
        lm_cut cut = {0};
        tokens t, whole;
        token_options o = {.max = lm_max_tokens(m)};
        lm_bed_ok(&b, lm_embed(m, b.c.pool, b.r, text, 2, NN_POOL_MEAN, true, out, &cut, &b.err));
        lm_bed_ok(&b, tokenizer_encode(b.wordpiece, room, text[0], NULL, &o, &t, &b.err));
        ck_assert_uint_eq(t.n, 64);
        const size_t fits = t.to[t.n - 2], n_whole = t.n_whole;
        lm_bed_ok(&b, tokenizer_encode(b.wordpiece, room, text[1], NULL, &o, &whole, &b.err));
        ck_assert_uint_eq(cut.texts, 2);
        ck_assert_uint_eq(cut.texts_cut, 1);
        ck_assert_uint_eq(cut.tokens, n_whole + whole.n);
        ck_assert_uint_eq(cut.tokens_cut, n_whole - 64);
        pm_mat prefix = lm_bed_mat(&b, 1, 64);
        lm_bed_ok(&b, lm_embed(m, NULL, b.r, &(pm_str){text[0].ptr, fits}, 1, NN_POOL_MEAN, true,
                               prefix, &cut, &b.err));
        ck_assert_int_eq(memcmp(out.at, prefix.at, 64 * sizeof(float)), 0);
        ck_assert_uint_eq(cut.texts, 3);
        ck_assert_uint_eq(cut.texts_cut, 1);
    }
    token_room_close(room);
}
END_TEST

START_TEST(heads_see_pairs)
{
    nn_config c = lm_bed_bert(b.wordpiece);
    c.n_outputs = 3;
    c.pooler = true;
    lm *m = lm_bed_model(&b, c, b.wordpiece, (lm_options){.max_tokens = 40});
    enum { N = 12 };
    pm_str text[N], pair[N];
    nn_room *nn = nn_room_open();
    pm_mat out = lm_bed_mat(&b, N, 3), swapped = lm_bed_mat(&b, N, 3), one = lm_bed_mat(&b, 1, 64),
           want = lm_bed_mat(&b, 1, 3);
    lm_cut cut = {0};
    for (size_t i = 0; i < N; i++) {
        text[i] = (pm_str){b.text[i].ptr, 20 + 8 * i};
        pair[i] = (pm_str){b.text[N + i].ptr, 60 - 4 * i};
    }
    lm_bed_ok(&b, lm_outputs(m, b.c.pool, b.r, text, pair, N, NN_POOL_POOLER, out, &cut, &b.err));
    lm_bed_ok(&b, lm_outputs(m, NULL, b.r, pair, text, N, NN_POOL_POOLER, swapped, NULL, &b.err));
    ck_assert_uint_eq(cut.texts, N);
    ck_assert(cut.texts_cut > 0 && cut.texts_cut < N);
    for (size_t i = 0; i < N; i++) {
        by_hand(m, text[i], &pair[i], NN_POOL_POOLER, false, one);
        lm_bed_ok(&b, nn_outputs(lm_engine(m), nn, lm_bed_view(one), want, &b.err));
        ck_assert_int_eq(memcmp(pm_row(out, i), want.at, 3 * sizeof(float)), 0);
        ck_assert(memcmp(pm_row(out, i), pm_row(swapped, i), 3 * sizeof(float)) != 0);
    }
    lm_bed_ok(&b, lm_outputs(m, NULL, b.r, text, NULL, N, NN_POOL_POOLER, swapped, NULL, &b.err));
    by_hand(m, text[3], NULL, NN_POOL_POOLER, false, one);
    lm_bed_ok(&b, nn_outputs(lm_engine(m), nn, lm_bed_view(one), want, &b.err));
    ck_assert_int_eq(memcmp(pm_row(swapped, 3), want.at, 3 * sizeof(float)), 0);
    nn_room_close(nn);
}
END_TEST

START_TEST(what_does_not_fit_is_said)
{
    lm *m = lm_bed_model(&b, lm_bed_bert(b.wordpiece), b.wordpiece, (lm_options){0});
    const pm_str text[] = {{"one", 3}, {"two", 3}};
    pm_mat few = lm_bed_mat(&b, 1, 64), narrow = lm_bed_mat(&b, 2, 63);
    lm_bed_fails(&b, lm_embed(m, NULL, b.r, text, 2, NN_POOL_MEAN, 0, few, NULL, &b.err),
                 PM_E_SHAPE, "[2 x 64]; there is room for [1 x 64]");
    lm_bed_fails(&b, lm_embed(m, NULL, b.r, text, 2, NN_POOL_MEAN, 0, narrow, NULL, &b.err),
                 PM_E_SHAPE, "[2 x 63]");
    lm_bed_fails(&b, lm_outputs(m, NULL, b.r, text, NULL, 2, NN_POOL_MEAN, few, NULL, &b.err),
                 PM_E_UNSUPPORTED, "no classification or regression head");
    err_clear(&b.err);
    ck_assert(lm_embed(m, NULL, b.r, text, 1, NN_POOL_POOLER, 0, few, NULL, &b.err) != PM_OK);
    ck_assert_msg(strstr(err_text(&b.err), "pooler"), "%s", err_text(&b.err));
}
END_TEST

START_TEST(a_warm_room_allocates_nothing)
{
    lm *m = lm_bed_model(&b, lm_bed_bert(b.wordpiece), b.wordpiece, (lm_options){0});
    enum { N = 60 };
    pm_str text[N];
    const size_t n = some_texts(text, N);
    pm_mat out = lm_bed_mat(&b, n, 64);
    for (size_t threads_on = 0; threads_on < 2; threads_on++) {
        threads *pool = threads_on ? b.c.pool : NULL;
        lm_bed_ok(&b, lm_embed(m, pool, b.r, text, n, NN_POOL_MEAN, true, out, NULL, &b.err));
        const size_t before = mem_count();
        lm_bed_ok(&b, lm_embed(m, pool, b.r, text, n, NN_POOL_MEAN, true, out, NULL, &b.err));
        lm_bed_ok(&b, lm_embed(m, pool, b.r, text + 5, 1, NN_POOL_MEAN, true, out, NULL, &b.err));
        ck_assert_uint_eq(mem_count(), before);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lm_embed");
    TCase *c = tcase_create("vectors");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 120);
    tcase_add_test(c, every_row_is_its_texts_own);
    tcase_add_test(c, empty_and_damaged_texts_have_vectors_too);
    tcase_add_test(c, long_texts_are_cut_and_counted_once);
    tcase_add_test(c, heads_see_pairs);
    tcase_add_test(c, what_does_not_fit_is_said);
    tcase_add_test(c, a_warm_room_allocates_nothing);
    suite_add_tcase(s, c);
    return suite_main(s);
}
