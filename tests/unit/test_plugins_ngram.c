/* SPDX-License-Identifier: MIT
 *
 * ngram against brute force, against an independent program, and against itself: what must sum to one, what must be
 * equal to the bit, what must be refused.
 */
#include "config.h"

#include <unistd.h>

#include "plugins_bed.h"

#include "base/io.h"
#include "base/rng.h"
#include "lm/lm.h"
#include "ngram_brute.h"
#include "ngram_golden.inc"
#include "plug/backend.h"

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

START_TEST(agrees_with_an_independent_program)
{
    size_t n = 0;
    pm_str *text = bed_texts(&b, &n);
    char params[64];
    snprintf(params, sizeof params, "order=%d min_count=%d", golden_ngram[_i].order,
             golden_ngram[_i].min_count);
    backend *m = trained(params, text, 150);
    pm_measured got = measured(m, text + 150, 20, 0);
    for (size_t i = 0; i < 20; i++)
        ck_assert_msg(
            fabs(got.value[i] - golden_ngram[_i].nats[i]) <= 1e-6 * golden_ngram[_i].nats[i],
            "%s, text %zu: %.10f, not %.10f", params, i, got.value[i], golden_ngram[_i].nats[i]);
    backend_close(m);
}
END_TEST

/* ---- what a model of language is ------------------------------------------------------------------------------- */

/* p of every byte after a context, by the losses of 257 texts. */
static double mass_after(const backend *m, pm_str context)
{
    pm_str text[257];
    double sum = 0;
    char *at = arena_alloc(b.room, 256 * (context.len + 1), 1);
    for (size_t w = 0; w < 256; w++) {
        text[w] = (pm_str){at + w * (context.len + 1), context.len + 1};
        if (context.len) memcpy(at + w * (context.len + 1), context.ptr, context.len);
        at[w * (context.len + 1) + context.len] = (char)w;
    }
    text[256] = context;
    pm_measured got = measured(m, text, 257, 0);
    for (size_t w = 0; w < 256; w++) sum += exp(got.value[256] - got.value[w]);
    return sum;
}

START_TEST(sums_to_one_after_any_context)
{
    size_t n = 0, contexts = suite_repeats(96, "most contexts");
    pm_str *text = bed_texts(&b, &n);
    for (int least = 1; least <= 3; least += 2) {
        char params[64];
        snprintf(params, sizeof params, "order=%d min_count=%d", _i, least);
        backend *m = trained(params, text, 100);
        for (uint64_t i = 0; i < contexts; i++) {
            const pm_str from = text[rng_below(3, 0, i, n)]; /* half of them were not learned */
            pm_str context = {from.ptr, (size_t)rng_below(3, 1, i, 12)};
            if (context.len > from.len) context.len = from.len;
            if (i % 3 == 2) context = made_up((uint32_t)i, context.len, 9);
            double sum = mass_after(m, context);
            ck_assert_msg(fabs(sum - 1) < 1e-6, "order %d: %.9f after \"%.*s\"", _i, sum,
                          (int)context.len, context.ptr);
        }
        backend_close(m);
    }
}
END_TEST

START_TEST(documents_share_no_context_and_texts_begin_without_one)
{
    const pm_str two[] = {TEXT("abcd"), TEXT("efgh")}, joined = TEXT("abcdefgh"), e = TEXT("de"),
                 d = TEXT("d");
    backend *m = trained("order=2", two, 2), *other = trained("order=2", &joined, 1);
    const pm_str text[] = {e, d, TEXT("e")};
    pm_measured apart = measured(m, text, 3, 0), as_one = measured(other, text, 3, 0);
    /* "de" was never seen: after d, which nothing followed, e is as likely as at the beginning. */
    ck_assert(fabs(apart.value[0] - apart.value[1] - apart.value[2]) < 1e-9);
    ck_assert(as_one.value[0] + 0.5 < as_one.value[1] + as_one.value[2]);
    backend_close(m);
    backend_close(other);
}
END_TEST

/* ---- parts ------------------------------------------------------------------------------------------------------- */

static void parts_are(const brute *want, pm_str text, const double *part, size_t n)
{
    size_t starts[400] = {0}, chars = 0;
    for (size_t i = 0; i < text.len; i++)
        if (((uint8_t)text.ptr[i] & 0xc0) != 0x80) starts[chars++] = i;
    starts[chars] = text.len;
    for (size_t p = 0; p < n; p++) {
        double nats = 0;
        for (size_t q = p * chars / n; q < (p + 1) * chars / n; q++)
            for (size_t i = starts[q]; i < starts[q + 1]; i++)
                nats -= log(brute_p(want, (pm_str){text.ptr, i}, (uint8_t)text.ptr[i]));
        ck_assert_msg(fabs(part[p] - nats) <= 1e-6 * nats, "part %zu of %zu: %.9g, not %.9g", p, n,
                      part[p], nats);
    }
}

START_TEST(parts_are_those_of_the_contract)
{
    static const size_t n_parts[] = {1, 2, 3, 7, 100};
    enum { UNICODE = 4 };
    backend *m = trained("order=4", proverbs, PROVERBS);
    brute *want = brute_train(b.room, proverbs, PROVERBS, 4, 1);
    for (size_t k = 0; k < sizeof n_parts / sizeof *n_parts; k++) {
        const size_t n = n_parts[k];
        pm_measured got = measured(m, proverbs, PROVERBS, n);
        for (size_t i = 0; i < PROVERBS; i++) {
            double sum = 0;
            for (size_t p = 0; p < n; p++) sum += got.part[i * n + p];
            ck_assert(fabs(sum - got.value[i]) <= 1e-12 * got.value[i]);
            if (i <= UNICODE) parts_are(want, proverbs[i], got.part + i * n, n);
        }
    }
    backend_close(m);
}
END_TEST

START_TEST(bytes_and_code_points_are_counted)
{
    const pm_str text[] = {TEXT(""), TEXT("abc"), TEXT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
                           TEXT("\x80\x80")};
    const double bytes[] = {0, 3, 9, 2}, chars[] = {0, 3, 3, 0};
    backend *m = trained("", proverbs, PROVERBS);
    pm_measured got = measured(m, text, 4, 2);
    ck_assert_mem_eq(got.tokens, bytes, sizeof bytes);
    ck_assert_mem_eq(got.chars, chars, sizeof chars);
    ck_assert(got.value[0] <= 0 && got.part[0] <= 0 &&
              got.part[1] <= 0); /* nothing costs nothing */
    ck_assert(fabs(got.part[6] + got.part[7] - got.value[3]) < 1e-12);
    backend_close(m);
}
END_TEST

/* As masked models are asked: nats of single code points, times the share of draws that mask their word. */
START_TEST(masked_words_alone)
{
    static const pm_str text[] = {TEXT("no tide to save in time"), TEXT("time"), TEXT(" "),
                                  TEXT("\xc3\xa9t\xc3\xa9 a na\xc3\xafve  man"),
                                  TEXT("stitch in nine\n\tsaves men and time and tide and no man "
                                       "waits for it a stitch in time")};
    const lm_masking k = {.share = .4, .draws = 3, .seed = 5};
    backend *all = trained("order=4", proverbs, PROVERBS),
            *some = trained("order=4 words=masked mask_share=.4 mask_draws=3 mask_seed=5", proverbs,
                            PROVERBS);
    const pm_measured got = measured(some, text, 5, 4);
    const uint64_t *id = bed_prompts(&b, 5, 0, 0)->id;
    double below = 0;
    for (size_t i = 0; i < 5; i++) {
        double weight[128], nats = 0, bytes = 0, chars = 0, parts = 0;
        size_t points = 0, at = 0;
        for (size_t c = 0; c < text[i].len; c++) points += (text[i].ptr[c] & 0xc0) != 0x80;
        const pm_measured whole = measured(all, text + i, 1, points);
        lm_mask_weigh(&k, id[i], text[i], weight);
        for (size_t c = 0; c < text[i].len; c++) {
            const bool begins = (text[i].ptr[c] & 0xc0) != 0x80;
            bytes += weight[c];
            chars += begins ? weight[c] : 0;
            nats += begins ? weight[c] * whole.part[at++] : 0;
        }
        for (size_t p = 0; p < 4; p++) parts += got.part[i * 4 + p];
        ck_assert_double_eq_tol(got.value[i], nats, 1e-9);
        ck_assert_double_eq_tol(parts, nats, 1e-9);
        ck_assert_double_eq_tol(got.tokens[i], bytes, 1e-9);
        ck_assert_double_eq_tol(got.chars[i], chars, 1e-9);
        below += whole.value[0] - nats;
    }
    ck_assert(got.value[1] > 0 && below > 1); /* a single word is masked in each draw */
    backend_close(some);
    backend_close(all);
}
END_TEST

/* ---- size and threads --------------------------------------------------------------------------------------------- */

START_TEST(ten_megabytes)
{
    const size_t len = suite_is_quick("the long text") ? 100000 : 10000000, half = len / 2;
    const pm_str whole = made_up(5, len, 6);
    backend *m = trained("order=7", &(pm_str){whole.ptr, half}, 1);
    pm_measured all = measured(m, &whole, 1, 16);
    double sum = 0;
    for (size_t p = 0; p < 16; p++) sum += all.part[p];
    ck_assert(fabs(sum - all.value[0]) < 1e-9 * sum);
    ck_assert(all.tokens[0] >= (double)len && all.value[0] / (double)len < log(6));
    backend_close(m);
}
END_TEST

typedef struct said {
    double done, params, bytes;
    bool fell;
} said;

static void listen(void *arg, const char *what, double done, const pm_metric *m, size_t n)
{
    said *s = arg;
    ck_assert_str_eq(what, "backend ngram");
    if (done < s->done) s->fell = true;
    s->done = done;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(m[i].name, "params") == 0) s->params = m[i].value;
        if (strcmp(m[i].name, "bytes") == 0) s->bytes = m[i].value;
    }
}

START_TEST(tells_its_size)
{
    size_t n = 0;
    pm_str *text = bed_texts(&b, &n);
    char params[64];
    double bytes = 0;
    said s = {0};
    for (size_t i = 0; i < 150; i++) bytes += (double)text[i].len;
    snprintf(params, sizeof params, "order=%d min_count=%d", golden_ngram[_i].order,
             golden_ngram[_i].min_count);
    call_ctx_close(b.call);
    b.env.progress = listen;
    b.env.progress_arg = &s;
    bed_ok(&b, call_ctx_open(&b.env, true, &b.call, &b.err));
    backend_close(trained(params, text, 150));
    ck_assert(fabs(s.params - golden_ngram[_i].n_grams) < 0.5);
    ck_assert(fabs(s.bytes - bytes) < 0.5);
    ck_assert(fabs(s.done - 1) < 1e-9 && !s.fell);
}
END_TEST

static void file_of(const char *name, const pm_str *text, size_t n, str *out)
{
    char path[300];
    backend *m = trained("order=6", text, n);
    snprintf(path, sizeof path, "%s/%s", b.folder, name);
    bed_ok(&b, backend_save(m, b.call, path, &b.err));
    bed_ok(&b, io_read(path, SIZE_MAX / 2, out, &b.err));
    backend_close(m);
}

START_TEST(one_thread_and_two_give_the_same_bytes)
{
    enum { TEXTS = 200 };
    pm_str text[TEXTS];
    str two = STR_INIT, one = STR_INIT;
    for (uint32_t i = 0; i < TEXTS; i++) text[i] = made_up(i, 40 + 7 * i, 20);
    backend *m = trained("", text, TEXTS);
    pm_measured before = measured(m, text, TEXTS, 2);
    backend_close(m);
    file_of("two", text, TEXTS, &two);
    call_ctx_close(b.call);
    compute_close(&b.compute);
    ck_assert_int_eq(compute_open(1, &b.compute, &b.err), PM_OK);
    bed_ok(&b, call_ctx_open(&b.env, true, &b.call, &b.err));
    file_of("one", text, TEXTS, &one);
    m = trained("", text, TEXTS);
    pm_measured after = measured(m, text, TEXTS, 2);
    ck_assert_uint_eq(one.len, two.len);
    ck_assert_mem_eq(one.at, two.at, one.len);
    ck_assert_mem_eq(before.value, after.value, TEXTS * sizeof *before.value);
    ck_assert_mem_eq(before.part, after.part, 2 * TEXTS * sizeof *before.part);
    str_close(&one);
    str_close(&two);
    backend_close(m);
}
END_TEST

/* ---- what is refused ------------------------------------------------------------------------------------------------ */

START_TEST(nothing_to_learn_from_is_an_error)
{
    const pm_str empty[] = {TEXT(""), TEXT("")};
    backend *m = NULL;
    bed_fails(&b, train("", empty, 2, &m), PM_E_ARG,
              "nothing to learn from: 2 documents without a byte of text");
    bed_fails(&b, train("", empty, 0, &m), PM_E_ARG, "the corpus is empty");
    const pm_backend_fit fit = {.size = sizeof fit,
                                .expert = bed_library(&b, 1)->expert[0],
                                .x = bed_prompts(&b, 4, 0, 0),
                                .y = bed_outcomes(&b, 4, 1, 0, false)};
    const plugin_entry *e = bed_plugin(&b, PLUGIN_BACKEND, "ngram");
    const backend_spec spec = {e, bed_params(&b, e, ""), 7};
    bed_fails(&b, backend_train(b.call, &spec, &fit, &m, &b.err), PM_E_UNSUPPORTED,
              "cannot replay recorded outcomes");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("backend ngram");
    TCase *t = tcase_create("ngram");
    const int golden = (int)(sizeof golden_ngram / sizeof *golden_ngram);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, equals_brute_force_on_proverbs, 1, 9);
    tcase_add_loop_test(t, equals_brute_force_on_made_up_texts, 1, 9);
    tcase_add_loop_test(t, equals_brute_force_on_tiny_corpora, 1, 9);
    tcase_add_loop_test(t, agrees_with_an_independent_program, 0, golden);
    tcase_add_loop_test(t, sums_to_one_after_any_context, 1, 9);
    tcase_add_test(t, documents_share_no_context_and_texts_begin_without_one);
    tcase_add_test(t, parts_are_those_of_the_contract);
    tcase_add_test(t, bytes_and_code_points_are_counted);
    tcase_add_test(t, masked_words_alone);
    tcase_add_test(t, the_same_from_a_checkpoint_alone_and_in_a_batch);
    tcase_add_test(t, ten_megabytes);
    tcase_add_loop_test(t, tells_its_size, 0, golden);
    tcase_add_test(t, one_thread_and_two_give_the_same_bytes);
    tcase_add_test(t, nothing_to_learn_from_is_an_error);
    suite_add_tcase(s, t);
    return suite_main(s);
}
