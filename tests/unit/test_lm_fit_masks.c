/* SPDX-License-Identifier: MIT
 *
 * Masks of training: which words, which of their tokens, what the model sees in their place.
 */
#include "config.h"

#include "lm/fit_private.h"
#include "lm_bed.h"

enum { LEN = 62, WORDS = 20, EPOCHS = 2000, LONGEST = 5 };

static lm_bed b;
static nn_config config;
static nn_layout layout;
static fit_job job;
static uint32_t word[LEN], id[LEN], seen[LEN], at[LEN], target[LEN];
static uint8_t masked[LEN];
static size_t begin[WORDS + 1];

/* [CLS] 20 words of 1, 2, 3, 4, 5, 1 ... tokens [SEP]; words have the numbers of a document's middle. */
static void setup(void)
{
    lm_bed_open(&b);
    config = lm_bed_bert(b.wordpiece);
    lm_bed_ok(&b, nn_layout_of(&config, b.a, &layout, &b.err));
    job = (fit_job){.l = &layout, .t = b.wordpiece, .mask_seed = 77, .mask_id = 4};
    job.o.mask_share = .3;
    size_t i = 1;
    word[0] = word[LEN - 1] = LM_NO_WORD;
    for (size_t w = 0; w < WORDS; w++) {
        begin[w] = i;
        for (size_t k = 0; k <= w % LONGEST; k++) word[i++] = (uint32_t)(1000 + w);
    }
    begin[WORDS] = i;
    ck_assert_uint_eq(i, LEN - 1);
    for (i = 0; i < LEN; i++) id[i] = (uint32_t)(5 + i);
}

static void teardown(void)
{
    lm_bed_close(&b);
}

/* Draws masks; what is asked lies ascending, is what was there, and nothing else was touched. */
static size_t draw(uint32_t epoch)
{
    fit_mask m = {.id = seen, .at = at, .target = target, .masked = masked};
    memcpy(seen, id, sizeof id);
    const size_t n = fit_mask_words(&job, epoch, 3, word, LEN, &m);
    bool asked[LEN] = {false};
    for (size_t k = 0; k < n; k++) {
        ck_assert(k == 0 || at[k] > at[k - 1]);
        ck_assert_uint_eq(target[k], id[at[k]]);
        asked[at[k]] = true;
    }
    for (size_t i = 0; i < LEN; i++) ck_assert(asked[i] || seen[i] == id[i]);
    ck_assert(!asked[0] && !asked[LEN - 1]);
    return n;
}

/* The first asked token of a word, and that it is asked from there to its end; SIZE_MAX: not at all. */
static size_t asked_from(size_t w, size_t n)
{
    size_t first = SIZE_MAX, count = 0;
    for (size_t k = 0; k < n; k++)
        if (at[k] >= begin[w] && at[k] < begin[w + 1]) {
            if (!count++) first = at[k];
        }
    if (count) ck_assert_uint_eq(count, begin[w + 1] - first);
    return first;
}

START_TEST(words_are_those_of_the_law_of_scoring)
{
    const lm_masking law = {.share = .3, .draws = 1, .seed = 77};
    for (uint32_t epoch = 0; epoch < 50; epoch++)
        for (int in_turn = 0; in_turn < 2; in_turn++) {
            uint8_t want[WORDS];
            size_t words = 0;
            job.o.mask_in_turn = in_turn;
            const size_t n = draw(epoch);
            lm_mask_words(&law, 3, epoch, WORDS, want);
            for (size_t w = 0; w < WORDS; w++) {
                const size_t from = asked_from(w, n);
                ck_assert_int_eq(from != SIZE_MAX, want[w]);
                if (!in_turn && want[w]) ck_assert_uint_eq(from, begin[w]);
                words += want[w];
            }
            ck_assert_uint_eq(words, 6); /* .3 of 20 */
        }
}
END_TEST

START_TEST(together_masks_eight_of_ten_tokens)
{
    size_t n_asked = 0, n_masked = 0, n_kept = 0;
    job.o.mask_in_turn = false;
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++) {
        const size_t n = draw(epoch);
        for (size_t k = 0; k < n; k++) {
            n_masked += seen[at[k]] == job.mask_id;
            n_kept += seen[at[k]] == id[at[k]];
        }
        n_asked += n;
    }
    const double share = (double)n_masked / (double)n_asked,
                 kept = (double)n_kept / (double)n_asked;
    ck_assert(share > .79 &&
              share < .82); /* some 36,000 tokens; a random piece may be either, too */
    ck_assert(kept > .09 && kept < .12);
}
END_TEST

/* Words of five tokens: the first that is asked is each of them equally often; all from it on are masks. */
START_TEST(in_turn_masks_from_any_piece_on)
{
    size_t hits[LONGEST] = {0}, words = 0;
    job.o.mask_in_turn = true;
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++) {
        const size_t n = draw(epoch);
        for (size_t k = 0; k < n; k++) ck_assert_uint_eq(seen[at[k]], job.mask_id);
        for (size_t w = LONGEST - 1; w < WORDS; w += LONGEST) {
            const size_t from = asked_from(w, n);
            if (from == SIZE_MAX) continue;
            hits[from - begin[w]]++;
            words++;
        }
    }
    ck_assert(words > 2000); /* 2,400 expected */
    for (size_t k = 0; k < LONGEST; k++) {
        const double share = (double)hits[k] /
                             (double)words; /* .2; six standard deviations are .05 */
        ck_assert(share > .15 && share < .25);
    }
}
END_TEST

START_TEST(no_words_ask_nothing)
{
    fit_mask m = {.id = seen, .at = at, .target = target, .masked = masked};
    for (size_t i = 0; i < LEN; i++) word[i] = LM_NO_WORD;
    ck_assert_uint_eq(fit_mask_words(&job, 0, 0, word, LEN, &m), 0);
    word[7] = 0; /* one is masked whatever the share */
    ck_assert_uint_eq(fit_mask_words(&job, 0, 0, word, LEN, &m), 1);
    ck_assert_uint_eq(at[0], 7);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lm_fit_masks");
    TCase *c = tcase_create("masks");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, words_are_those_of_the_law_of_scoring);
    tcase_add_test(c, together_masks_eight_of_ten_tokens);
    tcase_add_test(c, in_turn_masks_from_any_piece_on);
    tcase_add_test(c, no_words_ask_nothing);
    suite_add_tcase(s, c);
    return suite_main(s);
}
