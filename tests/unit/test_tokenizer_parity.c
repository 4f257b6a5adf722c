/* SPDX-License-Identifier: MIT
 *
 * Id by id, range by range, the tokenisers that tests/golden/tokenizer_parity.py recorded from the Hugging Face package:
 * small ones learned there, and those of two real models where POINTSMAN_MODELS or the cache has them.
 */
#include "config.h"

#include <string.h>

#include "suite.h"

#include "base/gz.h"
#include "base/hash.h"
#include "base/io.h"
#include "nn/source.h"
#include "text/tokenizer.h"

enum { CUT = 24, MOST = 64 << 20 };

typedef struct strings {
    str all;
    pm_str *at;
    size_t n;
} strings;

static char *path_of(const char *name, const char *end)
{
    static char path[600];
    const char *src = getenv("srcdir");
    snprintf(path, sizeof path, "%s/tests/golden/tokenizers/%s%s", src ? src : ".", name, end);
    return path;
}

static strings read_strings(arena *a)
{
    pm_err err = PM_ERR_INIT;
    strings s = {.all = STR_INIT};
    ck_assert_msg(gz_read_all(path_of("strings", ".gz"), MOST, &s.all, &err) == PM_OK, "%s",
                  err.text);
    s.at = arena_alloc(a, s.all.len / 4, sizeof *s.at);
    for (size_t i = 0; i + 4 <= s.all.len;) {
        uint32_t len;
        memcpy(&len, s.all.at + i, 4);
        s.at[s.n++] = (pm_str){s.all.at + i + 4, len};
        i += 4 + len;
    }
    ck_assert_uint_ge(s.n, 5000);
    return s;
}

static void add(str *out, uint32_t v)
{
    str_put(out, (const char *)&v, 4);
}

static uint32_t digest(const str *s)
{
    char hex[65];
    sha256_of(str_text(s), s->len, hex);
    return (uint32_t)(sha256_u64(hex) >> 32);
}

/* What the script wrote of string i. */
static void encode(const tokenizer *t, token_room *r, const strings *s, size_t i, uint32_t got[2],
                   bool ranges)
{
    pm_err err = PM_ERR_INIT;
    tokens x;
    str ids = STR_INIT, rest = STR_INIT, back = STR_INIT;
    ck_assert_msg(tokenizer_encode(t, r, s->at[i], NULL, NULL, &x, &err) == PM_OK, "%s", err.text);
    ck_assert_uint_eq(x.n, x.n_whole);
    for (size_t k = 0; k < x.n; k++) {
        add(&ids, x.id[k]);
        add(&rest, x.id[k]);
        add(&rest, ranges ? x.from[k] : 0);
        add(&rest, ranges ? x.to[k] : 0);
        add(&rest, x.word[k]);
    }
    ck_assert_int_eq(tokenizer_decode(t, x.id, x.n, i % 2 == 1, &back, &err), PM_OK);
    const token_options cut = {.max = CUT};
    const pm_str second = s->at[(i * 7 + 1) % s->n];
    ck_assert_int_eq(tokenizer_encode(t, r, s->at[i], &second, &cut, &x, &err), PM_OK);
    ck_assert_uint_le(x.n, CUT);
    for (size_t k = 0; k < x.n; k++) {
        add(&rest, x.id[k]);
        add(&rest, x.type[k]);
    }
    str_put(&rest, str_text(&back), back.len);
    got[0] = digest(&ids);
    got[1] = digest(&rest);
    str_close(&ids);
    str_close(&rest);
    str_close(&back);
}

static void compare(const tokenizer *t, const char *name, const strings *s)
{
    pm_err err = PM_ERR_INIT;
    str want = STR_INIT;
    token_room *r = token_room_open();
    /* normal forms: our ranges are coarser */
    bool ranges = strcmp(name, "unigram") != 0 && strcmp(name, "bpe_suffix") != 0;
    size_t ids = 0, rest = 0, first = 0, n = suite_repeats(s->n, "most strings");
    ck_assert_msg(gz_read_all(path_of(name, ".ids.gz"), MOST, &want, &err) == PM_OK, "%s",
                  err.text);
    ck_assert_uint_eq(want.len, 8 * s->n);
    for (size_t i = 0; i < n; i++) {
        uint32_t got[2], wanted[2];
        encode(t, r, s, i, got, ranges);
        memcpy(wanted, want.at + 8 * i, 8);
        if (ids + rest == 0) first = i;
        ids += got[0] != wanted[0];
        rest += got[1] != wanted[1];
    }
    ck_assert_msg(ids + rest == 0,
                  "%s: ids of %zu, ranges, pairs or decoded text of %zu strings differ; first: %zu",
                  name, ids, rest, first);
    token_room_close(r);
    str_close(&want);
}

static tokenizer *small(const char *name, arena *a)
{
    pm_err err = PM_ERR_INIT;
    str text = STR_INIT;
    tokenizer *t = NULL;
    ck_assert_msg(gz_read_all(path_of(name, ".json.gz"), MOST, &text, &err) == PM_OK, "%s",
                  err.text);
    ck_assert_msg(tokenizer_parse(text.at, text.len, name, a, &t, &err) == PM_OK, "%s", err.text);
    str_close(&text);
    return t;
}

static const char *const names[] = {"wordpiece_uncased", "wordpiece_cased", "bytes_gpt2",
                                    "bytes_llama3",      "bytes_prefix",    "unigram",
                                    "bpe_fallback",      "bpe_suffix"};

START_TEST(small_vocabularies)
{
    arena *a = arena_open(0);
    strings s = read_strings(a);
    compare(small(names[_i], a), names[_i], &s);
    str_close(&s.all);
    arena_close(a);
}
END_TEST

/* Written and read again, a tokeniser is the same one. */
START_TEST(written)
{
    pm_err err = PM_ERR_INIT;
    arena *a = arena_open(0);
    strings s = read_strings(a);
    str text = STR_INIT;
    tokenizer *again = NULL;
    tokenizer_put(small(names[_i], a), &text);
    ck_assert_msg(tokenizer_parse(text.at, text.len, "written", a, &again, &err) == PM_OK, "%s",
                  err.text);
    compare(again, names[_i], &s);
    str_close(&text);
    str_close(&s.all);
    arena_close(a);
}
END_TEST

/* ---- real models ---- */

static char *model_file(arena *a, const char *model, const char *file)
{
    const char *root = getenv("POINTSMAN_MODELS");
    if (!root || !*root) {
        char *cache = io_xdg(a, IO_CACHE_HOME);
        root = cache ? io_join(a, cache, "models") : "";
    }
    char *path = io_join(a, io_join(a, root, model), file);
    if (access(path, R_OK) == 0) return path;
    printf("skipped: %s is not here (POINTSMAN_MODELS)\n", path);
    return NULL;
}

START_TEST(minilm)
{
    pm_err err = PM_ERR_INIT;
    arena *a = arena_open(0);
    char *path = model_file(a, "all-MiniLM-L6-v2", "tokenizer.json");
    if (path) {
        strings s = read_strings(a);
        str text = STR_INIT;
        tokenizer *t = NULL;
        ck_assert_int_eq(io_read(path, MOST, &text, &err), PM_OK);
        ck_assert_msg(tokenizer_parse(text.at, text.len, path, a, &t, &err) == PM_OK, "%s",
                      err.text);
        ck_assert_uint_eq(tokenizer_max(t), 128);
        ck_assert_uint_eq(tokenizer_size(t), 30522);
        compare(t, "minilm", &s);
        str_close(&text);
        str_close(&s.all);
    }
    arena_close(a);
}
END_TEST

static tokenizer *of_gguf(const char *path, arena *a)
{
    pm_err err = PM_ERR_INIT;
    nn_source *f = NULL;
    nn_strings piece, merge;
    pm_str model, pre;
    tokenizer_gguf g = {.bos = 1, .eos = 2, .unknown = 0, .pad = 2};
    tokenizer *t = NULL;
    size_t n = 0;
    ck_assert_msg(nn_source_open(path, a, &f, &err) == PM_OK, "%s", err.text);
    ck_assert(nn_source_text(f, "tokenizer.ggml.model", &model));
    ck_assert(nn_source_text(f, "tokenizer.ggml.pre", &pre));
    ck_assert(nn_source_texts(f, "tokenizer.ggml.tokens", &piece));
    ck_assert(nn_source_texts(f, "tokenizer.ggml.merges", &merge));
    ck_assert(nn_source_numbers(f, "tokenizer.ggml.token_type", &g.kind, &n));
    g.model = arena_strndup(a, model.ptr, model.len);
    g.pre = arena_strndup(a, pre.ptr, pre.len);
    g.piece = piece.at;
    g.n = piece.n;
    g.merge = merge.at;
    g.n_merges = merge.n;
    ck_assert_uint_eq(n, g.n);
    ck_assert_msg(tokenizer_from_gguf(&g, path, a, &t, &err) == PM_OK, "%s", err.text);
    return t;
}

START_TEST(smollm2)
{
    arena *a = arena_open(0);
    char *path = model_file(a, "SmolLM2-135M-Instruct", "SmolLM2-135M-Instruct.Q4_1.gguf");
    if (path) {
        strings s = read_strings(a);
        compare(of_gguf(path, a), "smollm2", &s);
        str_close(&s.all);
    }
    arena_close(a);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tokenizer_parity");
    TCase *c = tcase_create("parity");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, small_vocabularies, 0, (int)(sizeof names / sizeof *names));
    tcase_add_loop_test(c, written, 0, (int)(sizeof names / sizeof *names));
    tcase_add_test(c, minilm);
    tcase_add_test(c, smollm2);
    suite_add_tcase(s, c);
    return suite_main(s);
}
