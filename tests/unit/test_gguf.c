/* SPDX-License-Identifier: MIT
 *
 * GGUF: blocks against what the gguf package makes of them, to the bit; metadata of every type; files that are cut,
 * damaged or contradict themselves.
 */
#include "config.h"

#include "nn/gguf.h"
#include "nn_files.h"
#include "suite.h"

static str read_golden(const char *name)
{
    str s = STR_INIT;
    pm_err err = PM_ERR_INIT;
    arena *a = arena_open(0);
    ck_assert_msg(io_read(golden(a, name), 1 << 20, &s, &err) == PM_OK, "%s", err_text(&err));
    arena_close(a);
    return s;
}

START_TEST(blocks_to_the_bit)
{
    static const char *const type[] = {"Q8_0", "Q4_0", "Q4_1", "Q4_K", "Q6_K", "F16", "BF16"};
    enum { ROWS = 3, COLS = 512 };
    str file = read_golden("gguf/blocks.gguf"), want = read_golden("gguf/blocks.f32");
    arena *a = arena_open(0);
    pm_err err = PM_ERR_INIT;
    gguf *g;
    float row[COLS];
    ck_assert_msg(gguf_parse(file.at, file.len, "blocks.gguf", a, &g, &err) == PM_OK, "%s",
                  err_text(&err));
    ck_assert_uint_eq(want.len, 7 * ROWS * COLS * sizeof(float));
    for (size_t i = 0; i < 7; i++) {
        const nn_tensor *t = NULL;
        for (size_t k = 0; k < g->n_tensors; k++)
            if (strcmp(g->t[k].name, type[i]) == 0) t = &g->t[k];
        ck_assert_ptr_nonnull(t);
        ck_assert_str_eq(nn_type_name(t->type), type[i]);
        ck_assert_uint_eq(t->dim[0], ROWS);
        ck_assert_uint_eq(t->dim[1], COLS);
        for (size_t r = 0; r < ROWS; r++) {
            ck_assert_int_eq(nn_tensor_rows(t, r, r + 1, row, &err), PM_OK);
            ck_assert_mem_eq(row, want.at + (i * ROWS + r) * sizeof row, sizeof row);
        }
    }
    str_close(&file);
    str_close(&want);
    arena_close(a);
}
END_TEST

START_TEST(metadata)
{
    str file = read_golden("gguf/blocks.gguf");
    arena *a = arena_open(0);
    pm_err err = PM_ERR_INIT;
    gguf *g;
    ck_assert_int_eq(gguf_parse(file.at, file.len, "blocks.gguf", a, &g, &err), PM_OK);
    nn_source s = {.meta = g};
    static const struct {
        const char *key;
        double value;
    } number[] = {{"t.u8", 200},
                  {"t.i8", -100},
                  {"t.u16", 60000},
                  {"t.i16", -30000},
                  {"t.u32", 4000000000.0},
                  {"t.i32", -2000000000.0},
                  {"t.f32", 0.15625},
                  {"t.bool", 1},
                  {"t.u64", 1099511627776.0},
                  {"t.i64", -1099511627776.0},
                  {"t.f64", 0.1}};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        double v = 0;
        ck_assert_msg(nn_source_number(&s, number[i].key, &v), "%s", number[i].key);
        ck_assert_msg(v == number[i].value, "%s: %g", number[i].key, v);
    }
    nn_strings texts;
    pm_str text;
    const int32_t *ints;
    const float *reals;
    size_t n = 0;
    double v;
    ck_assert(nn_source_texts(&s, "t.texts", &texts));
    ck_assert_uint_eq(texts.n, 4);
    ck_assert_uint_eq(texts.at[0].len, 0);
    ck_assert(pm_str_equal(texts.at[2], "\xc4\xa0the"));
    ck_assert(nn_source_numbers(&s, "t.numbers", &ints, &n));
    ck_assert(n == 3 && ints[0] == 1 && ints[1] == -2 && ints[2] == 3);
    ck_assert(nn_source_reals(&s, "t.reals", &reals, &n));
    ck_assert(n == 2 && reals[0] == 0.5F && reals[1] == -1.5F);
    ck_assert(nn_source_text(&s, "t.text", &text) && pm_str_equal(text, "na\xc3\xafve"));
    ck_assert(!nn_source_text(&s, "t.u8", &text) && !nn_source_text(&s, "t.absent", &text));
    ck_assert(!nn_source_number(&s, "t.text", &v) && !nn_source_number(&s, "t.reals", &v));
    ck_assert(!nn_source_texts(&s, "t.numbers", &texts) &&
              !nn_source_numbers(&s, "t.reals", &ints, &n));
    str_close(&file);
    arena_close(a);
}
END_TEST

/* ---- damaged --------------------------------------------------------------------------------------------- */

/* Opens the file's bytes in a block of exactly their size and, if they open, reads all weights. */
static pm_status swallow(const char *at, size_t len, pm_err *err)
{
    arena *a = arena_open(0);
    nn_source *s = NULL;
    nn_weights w;
    char *exact = malloc(len ? len : 1);
    ck_assert_ptr_nonnull(exact);
    if (len) memcpy(exact, at, len);
    pm_status st = nn_source_parse_gguf(exact, len, "x.gguf", a, &s, err);
    if (st == PM_OK) st = nn_source_weights(s, a, &w, err);
    if (st == PM_OK) {
        float *slab = arena_alloc(a, w.layout->floats, sizeof *slab);
        st = nn_weights_read(&w, slab, err);
    }
    arena_close(a);
    free(exact);
    return st;
}

START_TEST(cut_and_padded)
{
    str file = read_golden("gguf/qwen2.gguf");
    pm_err err = PM_ERR_INIT;
    ck_assert_msg(swallow(file.at, file.len, &err) == PM_OK, "%s", err_text(&err));
    size_t step = suite_is_quick("most cuts") ? 997 : 7;
    for (size_t n = 0; n < file.len - 32; n += n < 4096 ? 1 : step)
        ck_assert_msg(swallow(file.at, n, &err) != PM_OK, "cut at %zu", n);
    for (size_t i = 0; i < 64; i++) str_put(&file, "", 1);
    ck_assert_int_eq(swallow(file.at, file.len, &err), PM_E_FORMAT);
    says(&err, "follow the last tensor");
    str_close(&file);
}
END_TEST

START_TEST(flipped_bits)
{
    str file = read_golden("gguf/qwen2.gguf");
    pm_err err = PM_ERR_INIT;
    size_t head = suite_is_quick("most flips") ? 200 : 5000;
    for (size_t bit = 0; bit < 8 * head; bit++) {
        file.at[bit / 8] = (char)(file.at[bit / 8] ^ 1 << bit % 8);
        (void)!swallow(file.at, file.len, &err);
        file.at[bit / 8] = (char)(file.at[bit / 8] ^ 1 << bit % 8);
    }
    str_close(&file);
}
END_TEST

/* ---- contradicting themselves ---------------------------------------------------------------------------- */

static void put_bits(str *s, uint64_t v, size_t bytes)
{
    str_put(s, (const char *)&v, bytes);
}

static void put_name(str *s, const char *name)
{
    put_bits(s, strlen(name), 8);
    str_puts(s, name);
}

static void put_head(str *s, uint64_t tensors, uint64_t values)
{
    str_puts(s, "GGUF");
    put_bits(s, 3, 4);
    put_bits(s, tensors, 8);
    put_bits(s, values, 8);
}

static void put_tensor(str *s, const char *name, const uint64_t dim[4], size_t n_dims,
                       uint64_t type, uint64_t offset)
{
    put_name(s, name);
    put_bits(s, n_dims, 4);
    for (size_t d = 0; d < n_dims && d < 4; d++) put_bits(s, dim[d], 8);
    put_bits(s, type, 4);
    put_bits(s, offset, 8);
}

static void put_data(str *s, size_t bytes)
{
    while (s->len % 32 != 0) str_put(s, "", 1);
    for (size_t i = 0; i < bytes; i++) str_put(s, "", 1);
}

static void refused(str *s, pm_status status, const char *why)
{
    pm_err err = PM_ERR_INIT;
    gguf *g;
    arena *a = arena_open(0);
    char *exact = malloc(s->len);
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, s->at, s->len);
    ck_assert_int_eq(gguf_parse(exact, s->len, "x.gguf", a, &g, &err), status);
    says(&err, why);
    says(&err, "x.gguf");
    free(exact);
    arena_close(a);
    str_clear(s);
}

START_TEST(lying_heads)
{
    str s = STR_INIT;
    put_head(&s, 1ULL << 60, 0);
    refused(&s, PM_E_FORMAT, "tensors");
    put_head(&s, 0, UINT64_MAX);
    refused(&s, PM_E_FORMAT, "keys");
    put_head(&s, 0, 0);
    s.at[0] = 'g';
    refused(&s, PM_E_FORMAT, "'GGUF'");
    put_head(&s, 0, 0);
    s.at[4] = 1;
    refused(&s, PM_E_UNSUPPORTED, "version 1");
    put_head(&s, 0, 0);
    memcpy(s.at + 4, "\0\0\0\3", 4);
    refused(&s, PM_E_UNSUPPORTED, "big-endian");
    str_close(&s);
}
END_TEST

START_TEST(lying_values)
{
    str s = STR_INIT;
    put_head(&s, 0, 1); /* a string longer than the file */
    put_name(&s, "key");
    put_bits(&s, GGUF_STRING, 4);
    put_bits(&s, UINT64_MAX - 8, 8);
    refused(&s, PM_E_FORMAT, "a string of");
    put_head(&s, 0, 1); /* a gigantic array */
    put_name(&s, "key");
    put_bits(&s, GGUF_ARRAY, 4);
    put_bits(&s, GGUF_U8, 4);
    put_bits(&s, 1ULL << 62, 8);
    refused(&s, PM_E_FORMAT, "elements of an array");
    put_head(&s, 0, 1);
    put_name(&s, "key");
    put_bits(&s, GGUF_ARRAY, 4);
    put_bits(&s, GGUF_ARRAY, 4);
    put_bits(&s, 0, 8);
    refused(&s, PM_E_UNSUPPORTED, "'key' is an array of arrays");
    put_head(&s, 0, 1);
    put_name(&s, "key");
    put_bits(&s, 13, 4);
    put_bits(&s, 0, 8);
    refused(&s, PM_E_FORMAT, "type 13");
    put_head(&s, 0, 1);
    put_name(&s, "flag");
    put_bits(&s, GGUF_BOOL, 4);
    put_bits(&s, 2, 1);
    refused(&s, PM_E_FORMAT, "'flag' is a flag of value 2");
    put_head(&s, 0, 2);
    for (int i = 0; i < 2; i++) {
        put_name(&s, "twin");
        put_bits(&s, GGUF_U32, 4);
        put_bits(&s, 1, 4);
    }
    refused(&s, PM_E_FORMAT, "'twin' is there twice");
    put_head(&s, 0, 1);
    put_name(&s, "general.alignment");
    put_bits(&s, GGUF_U32, 4);
    put_bits(&s, 24, 4);
    refused(&s, PM_E_FORMAT, "power of two");
    put_head(&s, 0, 1); /* a key without a name, and one that is no text */
    put_name(&s, "");
    put_bits(&s, 0, 8);
    refused(&s, PM_E_FORMAT, "no name");
    put_head(&s, 0, 1);
    put_name(&s, "\xff\xfe");
    put_bits(&s, 0, 8);
    refused(&s, PM_E_FORMAT, "no name");
    str_close(&s);
}
END_TEST

START_TEST(lying_tensors)
{
    str s = STR_INIT;
    const uint64_t good[4] = {8, 4, 1, 1}, odd[4] = {33, 1, 1, 1};
    const uint64_t huge[4] = {1ULL << 40, 1ULL << 40, 1ULL << 40, 4}, none[4] = {0, 4, 1, 1};
    put_head(&s, 1, 0);
    put_tensor(&s, "a", good, 2, 0, 0);
    put_data(&s, 127);
    refused(&s, PM_E_FORMAT, "beyond the file's");
    put_head(&s, 1, 0);
    put_tensor(&s, "a", huge, 4, 0, 0);
    put_data(&s, 128);
    refused(&s, PM_E_FORMAT, "does not fit");
    put_head(&s, 1, 0);
    put_tensor(&s, "a", none, 2, 0, 0);
    put_data(&s, 128);
    refused(&s, PM_E_FORMAT, "does not fit");
    put_head(&s, 1, 0);
    put_tensor(&s, "a", good, 5, 0, 0);
    put_data(&s, 128);
    refused(&s, PM_E_FORMAT, "5 dimensions");
    put_head(&s, 1, 0);
    put_tensor(&s, "a", odd, 1, 8, 0);
    put_data(&s, 128);
    refused(&s, PM_E_FORMAT, "rows of 33; Q8_0 wants multiples of 32");
    put_head(&s, 1, 0);
    put_tensor(&s, "a", good, 2, 13, 0); /* Q5_K */
    put_data(&s, 128);
    refused(&s, PM_E_UNSUPPORTED, "'a' has type 13");
    put_head(&s, 1, 0);
    put_tensor(&s, "a", good, 2, 0, 16); /* misaligned */
    put_data(&s, 160);
    refused(&s, PM_E_FORMAT, "'a' begins at 16");
    put_head(&s, 2, 0); /* overlapping */
    put_tensor(&s, "a", good, 2, 0, 0);
    put_tensor(&s, "b", good, 2, 0, 96);
    put_data(&s, 256);
    refused(&s, PM_E_FORMAT, "'b' begins at 96 of the data; want 128");
    put_head(&s, 2, 0); /* a hole */
    put_tensor(&s, "a", good, 2, 0, 0);
    put_tensor(&s, "b", good, 2, 0, 160);
    put_data(&s, 288);
    refused(&s, PM_E_FORMAT, "want 128");
    put_head(&s, 2, 0);
    put_tensor(&s, "a", good, 2, 0, 0);
    put_tensor(&s, "a", good, 2, 0, 128);
    put_data(&s, 256);
    refused(&s, PM_E_FORMAT, "'a' is there twice");
    put_head(&s, 1, 0);
    put_tensor(&s, "a", good, 2, 0, UINT64_MAX - 31);
    put_data(&s, 128);
    refused(&s, PM_E_FORMAT, "begins at");
    str_close(&s);
}
END_TEST

/* A model whose metadata lack or deny something: a byte of a key or a value changed in the golden file. */
START_TEST(lying_models)
{
    static const struct {
        const char *find, *put, *why;
        size_t skip; /* bytes from the key's end to the byte that `put` replaces */
    } change[] = {
        {"llama.block_count", "\3", "blk.2.", 4},
        {"llama.block_count", "\1", "has 1 layers", 4},
        {"llama.embedding_length", "\7", "do not divide", 4},
        {"llama.attention.head_count", "\0", "heads", 4},
        {"llama.feed_forward_length", "\51", "want [41, 24]", 4},
        {"llama.context_length", "\0", "positions", 4},
        {"general.architecture", "n", "'nlama'", 12},
        {"tokenizer.ggml.bos_token_id", "\x7f", "bos_token_id: 127", 4},
        {"llama.rope.freq_bas", "X", NULL, 0}, /* the default */
        {"llama.attention.layer_norm_rms_epsilo", "m", "has no llama.attention.layer_norm", 0},
        {"blk.0.ffn_gat", "i", "holds no tensor 'blk.0.ffn_gate.weight'", 0},
        {"token_emb", "x", "token_embd.weight", 0}};
    str file = read_golden("gguf/llama.gguf");
    pm_err err = PM_ERR_INIT;
    char *at = memmem(file.at, file.len, change[_i].find, strlen(change[_i].find));
    ck_assert_ptr_nonnull(at);
    at[strlen(change[_i].find) + change[_i].skip] = change[_i].put[0];
    pm_status st = swallow(file.at, file.len, &err);
    if (change[_i].why) {
        ck_assert_int_ne(st, PM_OK);
        says(&err, change[_i].why);
        says(&err, "x.gguf");
    } else {
        ck_assert_msg(st == PM_OK, "%s", err_text(&err));
    }
    str_close(&file);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("gguf");
    TCase *t = tcase_create("all");
    suite_add_tcase(s, t);
    tcase_add_test(t, blocks_to_the_bit);
    tcase_add_test(t, metadata);
    tcase_add_test(t, cut_and_padded);
    tcase_add_test(t, flipped_bits);
    tcase_add_test(t, lying_heads);
    tcase_add_test(t, lying_values);
    tcase_add_test(t, lying_tensors);
    tcase_add_loop_test(t, lying_models, 0, 12);
    return suite_main(s);
}
