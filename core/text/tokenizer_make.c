/* SPDX-License-Identifier: MIT
 *
 * Tokenisers of other files: BERT's vocab.txt and the vocabulary of a GGUF file.  Both are written as the frame of a
 * tokenizer.json and built from that.
 */
#include "text/tokenizer_private.h"
#include "text/tokenizer_scan.h"

static pm_status no_memory(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "out of memory");
}

static void put_added(str *out, bool comma, size_t id, pm_str content, bool special)
{
    str_printf(out, "%s{\"id\":%zu,\"content\":", comma ? "," : "", id);
    str_json(out, content.ptr, content.len);
    str_printf(out,
               ",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,"
               "\"special\":%s}",
               special ? "true" : "false");
}

/* ---- vocab.txt ---- */

static pm_status lines(const char *text, size_t len, arena *temp, tokenizer_parts *p, pm_err *err)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) n += text[i] == '\n';
    pm_str *piece = arena_alloc(temp, n + 1, sizeof *piece);
    if (!piece) return no_memory(err);
    p->n = 0;
    for (size_t i = 0; i < len;) {
        const char *end = memchr(text + i, '\n', len - i);
        size_t stop = end ? (size_t)(end - text) : len, to = stop;
        while (to > i && text[to - 1] == '\r') to--;
        piece[p->n++] = (pm_str){text + i, to - i};
        i = stop + 1;
    }
    p->piece = piece;
    return PM_OK;
}

static pm_status bert_frame(const tokenizer_parts *p, bool lower, str *frame, pm_err *err)
{
    static const char *const name[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    size_t id[5];
    bool comma = false;
    str_puts(frame, "{\"added_tokens\":[");
    for (int k = 0; k < 5; k++) {
        for (id[k] = 0; id[k] < p->n && !pm_str_equal(p->piece[id[k]], name[k]);) id[k]++;
        if (id[k] == p->n && k >= 1 && k <= 3)
            return err_set(err, PM_E_FORMAT, "vocab.txt: the piece %s is missing", name[k]);
        if (id[k] == p->n) continue;
        put_added(frame, comma, id[k], pm_str_of(name[k]), true);
        comma = true;
    }
    const char *flag = lower ? "true" : "false";
    str_printf(frame,
               "],\"normalizer\":{\"type\":\"BertNormalizer\",\"clean_text\":true,"
               "\"handle_chinese_chars\":true,\"strip_accents\":null,\"lowercase\":%s},"
               "\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},\"post_processor\":{\"type\":"
               "\"BertProcessing\",\"sep\":[\"[SEP]\",%zu],\"cls\":[\"[CLS]\",%zu]},"
               "\"decoder\":{\"type\":\"WordPiece\",\"prefix\":\"##\",\"cleanup\":true},"
               "\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\","
               "\"continuing_subword_prefix\":\"##\",\"max_input_chars_per_word\":100}}",
               flag, id[3], id[2]);
    return frame->failed ? no_memory(err) : PM_OK;
}

pm_status tokenizer_from_vocab(const char *text, size_t len, bool lower_case, arena *a,
                               tokenizer **out, pm_err *err)
{
    *out = NULL;
    arena *temp = arena_open(0);
    if (!temp) return no_memory(err);
    tokenizer_parts p = {.n = 0};
    str frame = STR_INIT;
    size_t bad = 0;
    pm_status s = utf8_valid(text, len, &bad)
                      ? lines(text, len, temp, &p, err)
                      : err_set(err, PM_E_FORMAT, "vocab.txt: byte %zu is not UTF-8", bad);
    if (s == PM_OK) s = bert_frame(&p, lower_case, &frame, err);
    p.frame = str_text(&frame);
    if (s == PM_OK) s = tokenizer_build(&p, "vocab.txt", a, out, err);
    str_close(&frame);
    arena_close(temp);
    return s;
}

/* ---- GGUF ---- */

typedef struct recipe { /* of tokenizer.ggml.pre */
    const char *name;
    const char *regex; /* NULL: GPT-2's */
    bool digits;       /* each digit alone before that */
    bool nfc, ignore_merges;
} recipe;

static const recipe recipes[] = {{"gpt-2", NULL, false, false, false},
                                 {"phi-2", NULL, false, false, false},
                                 {"olmo", NULL, false, false, false},
                                 {"jais", NULL, false, false, false},
                                 {"mpt", NULL, false, false, false},
                                 {"trillion", NULL, false, false, false},
                                 {"smollm", NULL, true, false, false},
                                 {"starcoder", NULL, true, false, false},
                                 {"refact", NULL, true, false, false},
                                 {"codeshell", NULL, true, false, false},
                                 {"command-r", NULL, true, true, false},
                                 {"llama-bpe", scan_llama3, false, false, true},
                                 {"llama3", scan_llama3, false, false, true},
                                 {"llama-v3", scan_llama3, false, false, true},
                                 {"dbrx", scan_llama3, false, false, false},
                                 {"qwen2", scan_qwen2, false, true, false},
                                 {"deepseek-r1-qwen", scan_qwen2, false, true, false},
                                 {"stablelm2", scan_qwen2, false, false, false}};

static pm_status find_recipe(const tokenizer_gguf *g, const recipe **out, pm_err *err)
{
    enum { N = sizeof recipes / sizeof *recipes };
    const char *names[N + 1];
    const char *kind = g->model ? g->model : "(none)", *pre = g->pre ? g->pre : "(none)";
    if (strcmp(kind, "gpt2") != 0)
        return err_set(err, PM_E_UNSUPPORTED,
                       "tokenizer.ggml.model \"%.60s\" is not supported - wanted \"gpt2\"", kind);
    for (size_t i = 0; i < N; i++) {
        names[i] = recipes[i].name;
        if (strcmp(recipes[i].name, pre) != 0) continue;
        *out = &recipes[i];
        return PM_OK;
    }
    names[N] = NULL;
    const char *near = str_suggest(pre, names, N);
    return err_set(err, PM_E_UNSUPPORTED,
                   "tokenizer.ggml.pre \"%.60s\" is not supported - wanted \"gpt-2\", \"smollm\", "
                   "\"llama-bpe\", \"qwen2\" or one like them%s%s%s",
                   pre, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static void put_cutter(str *frame, const recipe *r)
{
    str_puts(frame, "\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[");
    if (r->digits) str_puts(frame, "{\"type\":\"Digits\",\"individual_digits\":true},");
    if (r->regex) {
        str_puts(frame, "{\"type\":\"Split\",\"pattern\":{\"Regex\":");
        str_json(frame, r->regex, strlen(r->regex));
        str_puts(frame, "},\"behavior\":\"Isolated\",\"invert\":false},");
    }
}

static bool is_id(const tokenizer_gguf *g, int64_t id)
{
    return id >= 0 && (uint64_t)id < g->n;
}

/* A template with the tokens that the file wants before and behind a text. */
static void put_template(str *frame, const tokenizer_gguf *g)
{
    bool bos = g->add_bos && is_id(g, g->bos), eos = g->add_eos && is_id(g, g->eos);
    str_puts(frame, "\"post_processor\":");
    if (!bos && !eos) {
        str_puts(frame, "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":false,"
                        "\"use_regex\":true},");
        return;
    }
    str_puts(frame, "{\"type\":\"TemplateProcessing\"");
    for (int pair = 0; pair < 2; pair++) {
        str_printf(frame, ",\"%s\":[", pair ? "pair" : "single");
        for (int k = 0; k <= pair; k++) {
            if (k) str_puts(frame, ",");
            if (bos) str_printf(frame, "{\"SpecialToken\":{\"id\":\"bos\",\"type_id\":%d}},", k);
            str_printf(frame, "{\"Sequence\":{\"id\":\"%c\",\"type_id\":%d}}", k ? 'B' : 'A', k);
            if (eos) str_printf(frame, ",{\"SpecialToken\":{\"id\":\"eos\",\"type_id\":%d}}", k);
        }
        str_puts(frame, "]");
    }
    str_puts(frame, ",\"special_tokens\":{");
    for (int k = 0; k < 2; k++) {
        if (!(k ? eos : bos)) continue;
        size_t id = (size_t)(k ? g->eos : g->bos);
        const char *name = k ? "eos" : "bos";
        str_printf(frame, "%s\"%s\":{\"id\":\"%s\",\"ids\":[%zu],\"tokens\":[", k && bos ? "," : "",
                   name, name, id);
        str_json(frame, g->piece[id].ptr, g->piece[id].len);
        str_puts(frame, "]}");
    }
    str_puts(frame, "}},");
}

static void put_frame(str *frame, const tokenizer_gguf *g, const recipe *r)
{
    static const char *const word[] = {"false", "true"};
    bool comma = false;
    str_puts(frame, "{\"added_tokens\":[");
    for (size_t i = 0; i < g->n; i++) {
        if (!g->kind || (g->kind[i] != 3 && g->kind[i] != 4)) continue;
        put_added(frame, comma, i, g->piece[i], g->kind[i] == 3);
        comma = true;
    }
    str_puts(frame, r->nfc ? "],\"normalizer\":{\"type\":\"NFC\"}," : "],\"normalizer\":null,");
    put_cutter(frame, r);
    str_printf(frame,
               "{\"type\":\"ByteLevel\",\"add_prefix_space\":%s,\"trim_offsets\":true,"
               "\"use_regex\":%s}]},",
               word[g->add_space_prefix], word[!r->regex]);
    put_template(frame, g);
    str_printf(
        frame,
        "\"decoder\":{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":true,"
        "\"use_regex\":true},\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":null,"
        "\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,"
        "\"byte_fallback\":false,\"ignore_merges\":%s}}",
        word[r->ignore_merges]);
}

/* "left right": pieces have no blanks but the first byte may be one, so the search begins behind it. */
static pm_status split_merges(const tokenizer_gguf *g, arena *temp, tokenizer_parts *p, pm_err *err)
{
    pm_str(*merge)[2] = arena_alloc(temp, g->n_merges, sizeof *merge);
    if (!merge) return no_memory(err);
    for (size_t k = 0; k < g->n_merges; k++) {
        pm_str m = g->merge[k];
        const char *blank = m.len > 1 ? memchr(m.ptr + 1, ' ', m.len - 1) : NULL;
        if (!blank)
            return err_set(err, PM_E_FORMAT,
                           "tokenizer.ggml.merges: item %zu is not \"left right\"", k);
        size_t at = (size_t)(blank - m.ptr);
        merge[k][0] = (pm_str){m.ptr, at};
        merge[k][1] = (pm_str){blank + 1, m.len - at - 1};
    }
    p->merge = (const pm_str(*)[2])merge;
    p->n_merges = g->n_merges;
    return PM_OK;
}

pm_status tokenizer_from_gguf(const tokenizer_gguf *g, const char *name, arena *a, tokenizer **out,
                              pm_err *err)
{
    *out = NULL;
    const recipe *r = NULL;
    pm_status s = find_recipe(g, &r, err);
    for (size_t i = 0; s == PM_OK && i < g->n; i++)
        if (!utf8_valid(g->piece[i].ptr, g->piece[i].len, &(size_t){0}))
            s = err_set(err, PM_E_FORMAT, "tokenizer.ggml.tokens: item %zu is not UTF-8", i);
    if (s != PM_OK) return err_wrap(err, s, "%s", name);
    arena *temp = arena_open(0);
    if (!temp) return no_memory(err);
    tokenizer_parts p = {.piece = g->piece, .n = g->n};
    str frame = STR_INIT;
    put_frame(&frame, g, r);
    p.frame = str_text(&frame);
    s = frame.failed ? no_memory(err) : split_merges(g, temp, &p, err);
    if (s == PM_OK)
        s = tokenizer_build(&p, name, a, out, err);
    else
        s = err_wrap(err, s, "%s", name);
    str_close(&frame);
    arena_close(temp);
    return s;
}
