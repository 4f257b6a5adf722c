/* SPDX-License-Identifier: MIT
 *
 * lsa against an independent program (numpy, scipy, scikit-learn): hash, columns, sparse features,
 * singular values and the angles between embeddings; and what must be equal to the bit.
 */
#include "config.h"

#include "plugins_bed.h"

#include "embedders/lsa_grams.h"
#include "plug/checkpoint.h"
#include "plug/embedder.h"

#include "plugins_golden.inc"

enum { PICKED = 9 };
static const size_t picked[PICKED] = {0, 1, 2, 14, 21, 50, 99, 150, 199};

static bed b;

static void setup(void)
{
    bed_open(&b);
}
static void teardown(void)
{
    bed_close(&b);
}

static embedder *trained(const char *params, const pm_str *text, size_t n)
{
    const plugin_entry *e = bed_plugin(&b, PLUGIN_EMBEDDER, "lsa");
    embedder_spec spec = {e, bed_params(&b, e, params), 7};
    pm_prompts *x = bed_prompts(&b, n, 0, 0);
    embedder *out = NULL;
    x->text = text;
    bed_ok(&b, embedder_train(b.call, &spec, x, &out, &b.err));
    return out;
}

static pm_mat embedded(const embedder *e, const pm_str *text, size_t n)
{
    size_t d = embedder_dim(e);
    pm_mat out = {arena_alloc(b.room, n * d, sizeof(float)), n, d, d};
    bed_ok(&b, embedder_embed(e, b.call, text, n, out, &b.err));
    return out;
}

START_TEST(murmur3_is_the_published_one)
{
    for (size_t i = 0; i < sizeof golden_murmur / sizeof *golden_murmur; i++) {
        const char *text = golden_murmur[i].text;
        ck_assert_uint_eq(grams_murmur3((const unsigned char *)text, strlen(text)),
                          golden_murmur[i].hash);
    }
}
END_TEST

START_TEST(features_agree_with_scikit_learn)
{
    size_t n = 0;
    pm_str *text = bed_texts(&b, &n), some[PICKED];
    embedder *e = trained("dim=16 tolerance=1e-7", text, n);
    pm_csr rows;
    for (size_t i = 0; i < PICKED; i++) some[i] = text[picked[i]];
    ck_assert_uint_eq(embedder_sparse_dim(e), golden_lsa_columns);
    bed_ok(&b, embedder_sparse(e, b.call, some, PICKED, b.room, &rows, &b.err));
    float *dense = arena_alloc(b.room, PICKED * rows.cols, sizeof *dense), gram[PICKED * PICKED];
    for (size_t i = 0; i < PICKED; i++)
        for (uint64_t g = rows.start[i]; g < rows.start[i + 1]; g++) {
            ck_assert(g == rows.start[i] || rows.col[g] > rows.col[g - 1]);
            dense[i * rows.cols + rows.col[g]] = rows.val[g];
        }
    for (size_t i = 0; i < PICKED * PICKED; i++) {
        double sum = 0;
        for (size_t v = 0; v < rows.cols; v++)
            sum += (double)dense[i / PICKED * rows.cols + v] *
                   (double)dense[i % PICKED * rows.cols + v];
        gram[i] = (float)sum;
    }
    bed_near(gram, golden_lsa_sparse_gram, PICKED * PICKED, 1e-5, "inner products of features");
    embedder_close(e);
}
END_TEST

START_TEST(embeddings_agree_with_numpy)
{
    size_t n = 0;
    pm_str *text = bed_texts(&b, &n), some[PICKED];
    embedder *e = trained("dim=16 tolerance=1e-7", text, n);
    char path[300];
    pm_store *store = NULL;
    pm_tensor singular;
    snprintf(path, sizeof path, "%s/lsa", b.folder);
    bed_ok(&b, embedder_save(e, b.call, path, &b.err));
    bed_ok(&b, checkpoint_open(path, b.room, &store, &b.err));
    bed_ok(&b, checkpoint_tensor(store, "singular", PM_F32, &singular, &b.err));
    ck_assert_uint_eq(singular.dim[0], 16);
    bed_near(singular.ptr, golden_lsa_singular, 16, 1e-3, "singular values");
    checkpoint_close(store);
    for (size_t i = 0; i < PICKED; i++) some[i] = text[picked[i]];
    pm_mat x = embedded(e, some, PICKED);
    float cosine[PICKED * PICKED];
    for (size_t i = 0; i < PICKED * PICKED; i++) {
        double sum = 0;
        for (size_t t = 0; t < 16; t++)
            sum += (double)pm_row(x, i / PICKED)[t] * (double)pm_row(x, i % PICKED)[t];
        cosine[i] = (float)sum;
    }
    bed_near(cosine, golden_lsa_cosines, PICKED * PICKED, 2e-3, "cosines");
    embedder_close(e);
}
END_TEST

START_TEST(one_text_and_many_are_equal_to_the_bit_also_loaded)
{
    size_t n = 0;
    pm_str *text = bed_texts(&b, &n);
    embedder *e = trained("dim=16", text, n), *again = NULL;
    pm_mat all = embedded(e, text, n);
    char path[300];
    snprintf(path, sizeof path, "%s/lsa", b.folder);
    bed_ok(&b, embedder_save(e, b.call, path, &b.err));
    embedder_close(e);
    bed_ok(&b, embedder_load(b.call, path, &again, &b.err));
    for (size_t i = 0; i < n; i += 7)
        ck_assert_mem_eq(embedded(again, text + i, 1).at, pm_row(all, i), 16 * sizeof(float));
    embedder_close(again);
}
END_TEST

START_TEST(strange_texts_are_read)
{
    size_t n = 0;
    pm_str *text = bed_texts(&b, &n);
    embedder *e = trained("dim=8 buckets=1024", text, n);
    static const char bytes[] =
        "\xff\xfe\xc3(\xe2\x82\xf0\x9f\x98\x80\0router\xed\xa0\x80 \xf4\x90\x80\x80";
    pm_str odd[] = {{bytes, sizeof bytes - 1}, {"", 0}, {NULL, 0}, {"\xc3", 1}, {" \n ", 3}};
    pm_mat x = embedded(e, odd, 5);
    for (size_t t = 0; t < 8; t++) ck_assert(pm_row(x, 1)[t] == 0 && pm_row(x, 2)[t] == 0);
    for (size_t i = 0; i < 40; i++) ck_assert(isfinite(x.at[i]));
    char *megabyte = arena_alloc(b.room, 1 << 20, 1);
    for (size_t i = 0; i < 1 << 20; i++) megabyte[i] = (char)(i % 251);
    embedded(e, &(pm_str){megabyte, 1 << 20}, 1);
    embedder_close(e);
}
END_TEST

START_TEST(few_texts_give_few_dimensions)
{
    pm_str text[] = {{"one two three", 13}, {"four", 4}};
    embedder *e = trained("", text, 2); /* nothing is shared: every n-gram is kept */
    ck_assert_uint_eq(embedder_dim(e), 2);
    pm_mat x = embedded(e, text, 2);
    double cosine = 0, norm = 0;
    for (size_t t = 0; t < 2; t++) {
        cosine += (double)pm_row(x, 0)[t] * (double)pm_row(x, 1)[t];
        norm += (double)pm_row(x, 0)[t] * (double)pm_row(x, 0)[t];
    }
    ck_assert_double_eq_tol(norm, 1, 1e-5);
    ck_assert_double_eq_tol(cosine, 0, 1e-4);
    embedder_close(e);
    embedder *none = NULL;
    const plugin_entry *entry = bed_plugin(&b, PLUGIN_EMBEDDER, "lsa");
    embedder_spec spec = {entry, bed_params(&b, entry, ""), 7};
    pm_prompts *x2 = bed_prompts(&b, 1, 0, 0);
    x2->text = &(pm_str){"?", 1};
    bed_fails(&b, embedder_train(b.call, &spec, x2, &none, &b.err), PM_E_ARG, "texts");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("embedder lsa");
    TCase *t = tcase_create("lsa");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, murmur3_is_the_published_one);
    tcase_add_test(t, features_agree_with_scikit_learn);
    tcase_add_test(t, embeddings_agree_with_numpy);
    tcase_add_test(t, one_text_and_many_are_equal_to_the_bit_also_loaded);
    tcase_add_test(t, strange_texts_are_read);
    tcase_add_test(t, few_texts_give_few_dimensions);
    suite_add_tcase(s, t);
    return suite_main(s);
}
