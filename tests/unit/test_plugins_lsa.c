/* SPDX-License-Identifier: MIT
 *
 * lsa against an independent program (numpy, scikit-learn): n-grams, columns, sparse features,
 * singular values and the angles between embeddings; and what must be equal to the bit.
 */
#include "config.h"

#include "plugins_bed.h"

#include "base/rng.h"
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

/* ---- n-grams, behind a host that lends memory and nothing else ---- */

enum { BUCKETS = 262144 };

static void *lend(pm_call *c, size_t count, size_t bytes)
{
    return arena_alloc(c->impl, count, bytes);
}

static pm_status refuse(pm_call *c, pm_status s, const char *fmt, ...)
{
    (void)c, (void)fmt;
    return s;
}

static const pm_host lender = {.scratch = lend, .fail = refuse};

struct counted {
    uint32_t *key;
    float *times;
    size_t n;
};

static struct counted counted(grams *g, pm_str text, size_t buckets, const grams_index *only)
{
    size_t most = grams_most(text.len, buckets);
    struct counted c = {arena_alloc(b.room, most, sizeof *c.key),
                        arena_alloc(b.room, most, sizeof *c.times), 0};
    ck_assert_int_eq(grams_count(g, text, only, c.key, c.times, &c.n), PM_OK);
    return c;
}

START_TEST(n_grams_agree_with_python)
{
    pm_call call = {.host = &lender, .impl = b.room};
    grams *g = NULL;
    size_t at = 0, n_golden = sizeof golden_grams / sizeof *golden_grams;
    ck_assert_int_eq(grams_open(&call, BUCKETS, 100, &g), PM_OK);
    for (size_t t = 0; t < sizeof golden_gram_texts / sizeof *golden_gram_texts; t++) {
        const char *text = golden_gram_texts[t];
        struct counted c = counted(g, (pm_str){text, strlen(text)}, BUCKETS, NULL);
        for (size_t i = 0; i < c.n; i++, at++) {
            ck_assert_uint_lt(at, n_golden);
            ck_assert_uint_eq(golden_grams[at].text, t);
            ck_assert_uint_eq(golden_grams[at].key, c.key[i]);
            ck_assert_float_eq((float)golden_grams[at].times, c.times[i]);
        }
    }
    ck_assert_uint_eq(at, n_golden);
}
END_TEST

/* A text of lower-case words on both sides of every boundary inside: windows of characters, the room for keys. */
static pm_str long_text(size_t len)
{
    char *at = arena_alloc(b.room, len, 1);
    for (size_t i = 0; i < len; i++) {
        uint64_t r = rng_below(4, 0, i, 40);
        at[i] = r < 26 ? (char)('a' + r) : r < 30 ? 'e' : r < 36 ? ' ' : r < 38 ? '\n' : '?';
    }
    return (pm_str){at, len};
}

/* The i-th output of SplitMix64 from 0, made odd. */
static uint64_t constant(uint64_t i)
{
    uint64_t z = (i + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) | 1;
}

static void tally_one(float *tally, size_t buckets, size_t first, uint64_t hash)
{
    tally[first + ((hash >> 32) * buckets >> 32)]++;
}

static uint64_t mixed(uint64_t x)
{
    return (x ^ x >> 32) * constant(7);
}

/* How often each key of a text of long_text comes, by lsa_grams.h read literally. */
static float *tallied(pm_str text, size_t buckets)
{
    float *tally = arena_alloc(b.room, 2 * buckets, sizeof *tally);
    char *flat = arena_alloc(b.room, text.len + 1, 1);
    size_t n = 0;
    uint64_t word = 0, before = 0;
    for (size_t i = 0; i <= text.len; i++) {
        char at = i < text.len ? text.ptr[i] : '?';
        bool space = at == ' ' || at == '\n';
        if (i < text.len && space && n && (flat[n - 1] == ' ' || flat[n - 1] == '\n'))
            flat[n - 1] = ' ';
        else if (i < text.len)
            flat[n++] = at;
        if (at >= 'a' && at <= 'z') {
            word = (word + (unsigned char)at) * constant(5);
        } else if (word) {
            tally_one(tally, buckets, 0, mixed(word));
            if (before) tally_one(tally, buckets, 0, mixed(before * constant(6) + word));
            before = word;
            word = 0;
        }
    }
    for (size_t i = 0; i < n; i++)
        for (size_t len = 3; len <= 5 && i + len <= n; len++) {
            uint64_t hash = 0;
            for (size_t c = 0; c < len; c++) hash += constant(c) * (unsigned char)flat[i + c];
            tally_one(tally, buckets, buckets, hash);
        }
    return tally;
}

START_TEST(long_texts_are_counted_in_full)
{
    pm_call call = {.host = &lender, .impl = b.room};
    grams *g = NULL;
    pm_str text = long_text(30000); /* 90,000 n-grams: more than are kept one by one */
    size_t buckets = 1000, at = 0;
    ck_assert_int_eq(grams_open(&call, buckets, text.len, &g), PM_OK);
    for (int round = 0; round < 2; round++) { /* the second in the room that the first has left */
        struct counted c = counted(g, text, buckets, NULL);
        float *tally = tallied(text, buckets);
        at = 0;
        for (size_t k = 0; k < 2 * buckets; k++) {
            if (tally[k] == 0) continue;
            ck_assert_uint_lt(at, c.n);
            ck_assert_uint_eq(c.key[at], k);
            ck_assert_float_eq(c.times[at++], tally[k]);
        }
        ck_assert_uint_eq(at, c.n);
        text.len = 5000; /* kept one by one */
    }
}
END_TEST

START_TEST(features_agree_with_scikit_learn)
{
    size_t n = 0;
    pm_str *text = bed_texts(&b, &n), some[PICKED];
    embedder *e = trained("dim=16", text, n);
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
    embedder *e = trained("dim=16 svd=exact tolerance=1e-7 rows=float32", text, n);
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
    static const char *const params[] = {"dim=16", "dim=16 rows=float32", "dim=19 svd=exact"};
    size_t n = 0;
    pm_str *text = bed_texts(&b, &n);
    for (size_t p = 0; p < sizeof params / sizeof *params; p++) {
        embedder *e = trained(params[p], text, n), *again = NULL;
        pm_mat all = embedded(e, text, n);
        char path[300];
        snprintf(path, sizeof path, "%s/lsa%zu", b.folder, p);
        bed_ok(&b, embedder_save(e, b.call, path, &b.err));
        embedder_close(e);
        bed_ok(&b, embedder_load(b.call, path, &again, &b.err));
        for (size_t i = 0; i < n; i += 7)
            ck_assert_mem_eq(embedded(again, text + i, 1).at, pm_row(all, i),
                             all.cols * sizeof(float));
        embedder_close(again);
    }
}
END_TEST

/* The same projection in bytes and in float32: every embedding within half a step of each row, and small. */
START_TEST(rows_of_bytes_lose_little)
{
    size_t n = 0;
    pm_str *text = bed_texts(&b, &n);
    embedder *bytes = trained("dim=64", text, n), *whole = trained("dim=64 rows=float32", text, n);
    pm_mat x = embedded(bytes, text, n), y = embedded(whole, text, n);
    char path[300];
    pm_store *store = NULL;
    pm_tensor right, scale;
    snprintf(path, sizeof path, "%s/lsa", b.folder);
    bed_ok(&b, embedder_save(bytes, b.call, path, &b.err));
    bed_ok(&b, checkpoint_open(path, b.room, &store, &b.err));
    bed_ok(&b, checkpoint_tensor(store, "right", PM_I8, &right, &b.err));
    bed_ok(&b, checkpoint_tensor(store, "scale", PM_F32, &scale, &b.err));
    ck_assert_uint_eq(right.dim[0], scale.dim[0]);
    ck_assert_uint_eq(right.dim[1], 64);
    double lost = 0;
    for (size_t i = 0; i < n; i++) {
        double gap = 0;
        for (size_t t = 0; t < 64; t++) {
            double by = (double)pm_row(x, i)[t] - (double)pm_row(y, i)[t];
            gap += by * by;
        }
        ck_assert_double_le(sqrt(gap), 0.02);
        lost = fmax(lost, gap);
    }
    ck_assert_msg(lost > 0, "rows=float32 changes nothing");
    checkpoint_close(store);
    embedder_close(bytes);
    embedder_close(whole);
}
END_TEST

START_TEST(every_thread_count_gives_the_same_bits)
{
    size_t n = 0;
    pm_str *text = bed_texts(&b, &n);
    const plugin_entry *e = bed_plugin(&b, PLUGIN_EMBEDDER, "lsa");
    embedder_spec spec = {e, bed_params(&b, e, "dim=24"), 7};
    pm_prompts *x = bed_prompts(&b, n, 0, 0);
    x->text = text;
    embedder *parallel = trained("dim=24", text, n), *alone = NULL;
    call_ctx *one = NULL;
    bed_ok(&b, call_ctx_open(&b.env, false, &one, &b.err));
    bed_ok(&b, embedder_train(one, &spec, x, &alone, &b.err));
    pm_mat many = embedded(parallel, text, n), few = {arena_alloc(b.room, n * 24, 4), n, 24, 24};
    bed_ok(&b, embedder_embed(alone, one, text, n, few, &b.err));
    ck_assert_mem_eq(many.at, few.at, n * 24 * sizeof(float));
    embedder_close(parallel);
    embedder_close(alone);
    call_ctx_close(one);
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
    char *huge = arena_alloc(b.room, 10000000, 1);
    for (size_t i = 0; i < 10000000; i++) huge[i] = (char)('a' + i * i % 29);
    embedded(e, (pm_str[]){{huge, 10000000}, {"after", 5}}, 2);
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
    tcase_add_test(t, n_grams_agree_with_python);
    tcase_add_test(t, long_texts_are_counted_in_full);
    tcase_add_test(t, features_agree_with_scikit_learn);
    tcase_add_test(t, embeddings_agree_with_numpy);
    tcase_add_test(t, one_text_and_many_are_equal_to_the_bit_also_loaded);
    tcase_add_test(t, rows_of_bytes_lose_little);
    tcase_add_test(t, every_thread_count_gives_the_same_bits);
    tcase_add_test(t, strange_texts_are_read);
    tcase_add_test(t, few_texts_give_few_dimensions);
    suite_add_tcase(s, t);
    return suite_main(s);
}
