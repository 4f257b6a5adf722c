/* SPDX-License-Identifier: MIT
 *
 * ngram against brute force, against an independent program, and against itself: what must sum to one, what must be
 * equal to the bit, what must be refused.
 */
#include "config.h"

#include <unistd.h>

#include "plugins_bed.h"

#include "base/rng.h"
#include "ngram_brute.h"
#include "plug/backend.h"
#include "plug/checkpoint.h"

static bed b;

static void setup(void)
{
    bed_open(&b);
}
static void teardown(void)
{
    bed_close(&b);
}

static pm_status train(const char *params, const pm_str *text, size_t n, backend **out)
{
    const plugin_entry *e = bed_plugin(&b, PLUGIN_BACKEND, "ngram");
    const pm_corpus corpus = {sizeof corpus, text, n};
    const pm_backend_fit fit = {
        .size = sizeof fit, .expert = bed_library(&b, 1)->expert[0], .corpus = &corpus};
    const backend_spec spec = {e, bed_params(&b, e, params), 7};
    return backend_train(b.call, &spec, &fit, out, &b.err);
}

static backend *trained(const char *params, const pm_str *text, size_t n)
{
    backend *out = NULL;
    bed_ok(&b, train(params, text, n, &out));
    return out;
}

static pm_measured measured(const backend *model, const pm_str *text, size_t n, size_t n_parts)
{
    pm_prompts *x = bed_prompts(&b, n, 0, 0);
    pm_measured out = {.size = sizeof out, .n_parts = n_parts};
    x->text = text;
    out.value = arena_alloc(b.room, n, sizeof *out.value);
    out.tokens = arena_alloc(b.room, n, sizeof *out.tokens);
    out.chars = arena_alloc(b.room, n, sizeof *out.chars);
    if (n_parts) out.part = arena_alloc(b.room, n * n_parts, sizeof *out.part);
    bed_ok(&b, backend_score(model, b.call, x, &out, &b.err));
    ck_assert_int_eq(out.kind, PM_VALUE_LOSS);
    return out;
}

/* ---- texts ---------------------------------------------------------------------------------------------------- */

#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof literal - 1                                                                \
    }
static const pm_str proverbs[] = {
    TEXT("a stitch in time saves nine; a stitch in nine saves time"),
    TEXT("time and tide wait for no man. no time to wait, no tide to save"),
    TEXT(""),
    TEXT("a"),
    TEXT("\xc3\xa9t\xc3\xa9 \xe2\x82\xac 5, na\xc3\xafve caf\xc3\xa9 \xf0\x9f\x98\x80 "
         "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82"),
    TEXT("nine men wait; nine men save; no man is in time"),
    TEXT("a\0b\0\0c\0\0\0\xff\xff\xff\xfe"),
    TEXT("\0"),
    TEXT("\0\0\0\0\0\0\0\0\0\0\0\0"),
    TEXT("ab"),
};
enum { PROVERBS = sizeof proverbs / sizeof *proverbs };

/* Bytes from a few, so that n-grams repeat; every third text has other ones. */
static pm_str made_up(uint32_t stream, size_t len, uint64_t letters)
{
    char *at = arena_alloc(b.room, len + 1, 1);
    for (size_t i = 0; i < len; i++) {
        uint64_t draw = rng_below(11, stream, i, letters * letters);
        at[i] = (char)('a' + (int)(draw / letters * (draw % letters) / letters));
    }
    return (pm_str){at, len};
}

/* ---- brute force ------------------------------------------------------------------------------------------------- */

static void agrees(const pm_str *corpus, size_t n, int order, int least, const pm_str *text,
                   size_t n_text)
{
    char params[64];
    snprintf(params, sizeof params, "order=%d min_count=%d", order, least);
    backend *m = trained(params, corpus, n);
    brute *want = brute_train(b.room, corpus, n, order, (size_t)least);
    pm_measured got = measured(m, text, n_text, 0);
    for (size_t i = 0; i < n_text; i++) {
        double nats = brute_nats(want, text[i]);
        ck_assert_msg(fabs(got.value[i] - nats) <= 1e-6 * nats,
                      "order %d, text %zu: %.12g nats, brute force has %.12g", order, i,
                      got.value[i], nats);
        ck_assert(got.tokens[i] >= (double)text[i].len && got.tokens[i] <= (double)text[i].len);
    }
    backend_close(m);
}

START_TEST(equals_brute_force_on_proverbs)
{
    for (int least = 1; least <= 3; least++)
        agrees(proverbs, PROVERBS, _i, least, proverbs, PROVERBS);
}
END_TEST

START_TEST(equals_brute_force_on_made_up_texts)
{
    pm_str corpus[12], text[6];
    for (uint32_t i = 0; i < 12; i++) corpus[i] = made_up(i, 100 + 97 * i, 3 + i % 4);
    for (uint32_t i = 0; i < 6; i++) text[i] = made_up(100 + i, 300, 3 + i);
    for (int least = 1; least <= 2; least++) agrees(corpus, 12, _i, least, text, 6);
}
END_TEST

START_TEST(equals_brute_force_on_tiny_corpora)
{
    const pm_str one = TEXT("x"), same = TEXT("aaaaaaaaaaaaaaaaaaaa"),
                 pair[] = {TEXT("ab"), TEXT("ba")};
    agrees(&one, 1, _i, 1, proverbs, PROVERBS);
    agrees(&same, 1, _i, 1, proverbs, PROVERBS);
    agrees(pair, 2, _i, 1, proverbs, PROVERBS);
    agrees(pair, 2, _i, 2, proverbs, PROVERBS);
}
END_TEST

START_TEST(the_same_from_a_checkpoint_alone_and_in_a_batch)
{
    char path[300];
    backend *m = trained("order=5", proverbs, PROVERBS), *again = NULL;
    pm_measured all = measured(m, proverbs, PROVERBS, 3);
    snprintf(path, sizeof path, "%s/ngram", b.folder);
    bed_ok(&b, backend_save(m, b.call, path, &b.err));
    bed_ok(&b, backend_load(b.call, path, &again, &b.err));
    pm_measured loaded = measured(again, proverbs, PROVERBS, 3);
    ck_assert_mem_eq(all.value, loaded.value, PROVERBS * sizeof *all.value);
    ck_assert_mem_eq(all.part, loaded.part, PROVERBS * 3 * sizeof *all.part);
    for (size_t i = 0; i < PROVERBS; i++) {
        pm_measured one = measured(again, proverbs + i, 1, 3);
        ck_assert_mem_eq(all.value + i, one.value, sizeof *all.value);
        ck_assert_mem_eq(all.part + 3 * i, one.part, 3 * sizeof *all.part);
    }
    backend_close(again);
    backend_close(m);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("backend ngram");
    TCase *t = tcase_create("ngram");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, equals_brute_force_on_proverbs, 1, 9);
    tcase_add_loop_test(t, equals_brute_force_on_made_up_texts, 1, 9);
    tcase_add_loop_test(t, equals_brute_force_on_tiny_corpora, 1, 9);
    tcase_add_test(t, the_same_from_a_checkpoint_alone_and_in_a_batch);
    suite_add_tcase(s, t);
    return suite_main(s);
}
