/* SPDX-License-Identifier: MIT
 *
 * Whitespace words and which of them are masked.
 */
#include "config.h"

#include "lm/lm.h"
#include "suite.h"

START_TEST(masks_depend_on_seed_id_and_draw_alone)
{
    enum { WORDS = 200 };
    uint8_t first[WORDS], other[WORDS];
    const lm_masking k = {.share = .15, .draws = 4, .seed = 9};
    size_t hits[WORDS] = {0};
    for (size_t n = 1; n <= WORDS; n++)
        for (size_t s = 1; s < 20; s++) {
            const lm_masking some = {.share = (double)s / 20, .draws = 1, .seed = s};
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
    lm_mask_words(&(lm_masking){.share = .15, .draws = 4, .seed = 10}, 3, 1, WORDS, other);
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

/* The number of draws that mask the word of byte c, by lm_next_word and lm_mask_words. */
static size_t times_masked(const lm_masking *k, uint64_t id, pm_str text, size_t c)
{
    uint8_t masked[64];
    size_t n = 0, of = SIZE_MAX, from, times = 0;
    for (size_t at = 0; lm_next_word(text, &at, &from); n++)
        if (c >= from && c < at) of = n;
    ck_assert_uint_le(n, 64);
    for (size_t d = 0; d < k->draws && of != SIZE_MAX; d++) {
        lm_mask_words(k, id, d, n, masked);
        times += masked[of];
    }
    return times;
}

START_TEST(weights_are_shares_of_draws)
{
    static const pm_str text[] = {{"", 0},
                                  {" \n ", 3},
                                  {"word", 4},
                                  {"  na\xc3\xafve  caf\xc3\xa9 \xe2\x82\xac 5,\td b c d e ", 34}};
    const lm_masking k = {.share = .4, .draws = 8, .seed = 3};
    size_t some = 0, none = 0;
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        for (uint64_t id = 0; id < 50; id++) {
            double weight[64];
            lm_mask_weigh(&k, id, text[i], weight);
            for (size_t c = 0; c < text[i].len; c++) {
                const size_t times = times_masked(&k, id, text[i], c);
                ck_assert_double_eq_tol(weight[c], (double)times / 8, 1e-12);
                some += times > 0 && times < 8;
                none += times == 0;
            }
        }
    ck_assert(some > 0 && none > 0);
}
END_TEST

START_TEST(pieces_belong_to_the_first_word_they_touch)
{
    static const char text[] = "  ab c\n d  "; /* words [2, 4) [5, 6) [8, 9) */
    static const size_t piece[][2] = {{0, 1}, {1, 3}, {3, 4},  {3, 3},
                                      {4, 6}, {6, 7}, {7, 11}, {10, 11}};
    static const uint32_t want[] = {LM_NO_WORD, 0, 0, LM_NO_WORD, 1, LM_NO_WORD, 2, LM_NO_WORD};
    lm_words w = {.text = {text, sizeof text - 1}};
    for (size_t p = 0; p < sizeof want / sizeof *want; p++)
        ck_assert_uint_eq(lm_word_of(&w, piece[p][0], piece[p][1]), want[p]);
    ck_assert_uint_eq(lm_word_of(&(lm_words){.text = {"", 0}}, 0, 1), LM_NO_WORD);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lm_words");
    TCase *c = tcase_create("words");
    tcase_add_test(c, masks_depend_on_seed_id_and_draw_alone);
    tcase_add_test(c, weights_are_shares_of_draws);
    tcase_add_test(c, pieces_belong_to_the_first_word_they_touch);
    suite_add_tcase(s, c);
    return suite_main(s);
}
