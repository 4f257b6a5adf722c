/* SPDX-License-Identifier: MIT
 *
 * Learning a vocabulary: count words, choose the characters, merge pairs until there are pieces enough, make a tokeniser
 * of them.
 */
#include <string.h>

#include "text/tokenizer_private.h"
#include "text/vocab_private.h"

enum { CODES = 0x110000, LETTERS = 256, TELL_EVERY = 256 };

typedef struct training {
    const vocab_want *want;
    const char *const *special;
    size_t n_special;
    vocab_told told;
    vocab_bag words, pieces; /* pieces: index = id */
    uint64_t *seen;          /* [CODES] how often each character occurs */
    uint32_t *first,
        *within; /* [CODES] 1 + id of a character, at the start of a word or in it; 0: none */
    vocab_words symbols;
    uint64_t *counts;
    vocab_merge *merge;
    size_t n_merges, merge_room;
    str spelt;
} training;

pm_status vocab_tell(const vocab_told *t, double done, pm_err *err)
{
    const pm_status s = t->progress ? t->progress(t->arg, t->from + t->share * done) : PM_OK;
    return s ? err_set(err, s, "vocabulary - learning it was stopped") : PM_OK;
}

static pm_status no_memory(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "vocabulary - memory is out - learn from less text");
}

/* ---- what is wanted ---- */

static const char *const bert_special[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", NULL};
static const char *const gpt_special[] = {"<|endoftext|>", NULL};

static bool has_special(const training *r, const char *name)
{
    uint32_t id;
    return vocab_bag_find(&r->pieces, name, strlen(name), &id) && id < r->n_special;
}

static pm_status put_special(training *r, pm_err *err)
{
    for (; r->special[r->n_special]; r->n_special++) {
        const char *name = r->special[r->n_special];
        uint32_t id;
        if (!vocab_bag_add(&r->pieces, name, strlen(name), 1, &id)) return no_memory(err);
        if (id != r->n_special || !*name)
            return err_set(err, PM_E_ARG,
                           "vocabulary - special token %zu is \"%s\" - wanted names that are not "
                           "empty and differ",
                           r->n_special, name);
    }
    if (r->want->kind == VOCAB_WORDPIECE && !has_special(r, "[UNK]"))
        return err_set(
            err, PM_E_ARG,
            "vocabulary - the special tokens lack \"[UNK]\" - a WordPiece vocabulary needs it for "
            "characters that it does not have");
    return PM_OK;
}

/* ---- characters ---- */

/* The next symbol of a word: a byte's letter, or a code point. */
static uint32_t next_code(const training *r, pm_str word, size_t *at)
{
    if (r->want->kind == VOCAB_BPE) return byte_letter((unsigned char)word.ptr[(*at)++]);
    return utf8_next(word.ptr, word.len, at);
}

static bool put_code(training *r, const char *prefix, uint32_t code, uint32_t *id)
{
    char text[8];
    size_t n = strlen(prefix);
    memcpy(text, prefix, n);
    if (code < 0x80) {
        text[n++] = (char)code;
    } else if (code < 0x800) {
        text[n++] = (char)(0xC0 | code >> 6);
        text[n++] = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        text[n++] = (char)(0xE0 | code >> 12);
        text[n++] = (char)(0x80 | (code >> 6 & 0x3F));
        text[n++] = (char)(0x80 | (code & 0x3F));
    } else {
        text[n++] = (char)(0xF0 | code >> 18);
        text[n++] = (char)(0x80 | (code >> 12 & 0x3F));
        text[n++] = (char)(0x80 | (code >> 6 & 0x3F));
        text[n++] = (char)(0x80 | (code & 0x3F));
    }
    return vocab_bag_add(&r->pieces, text, n, 1, id);
}

/* The smallest count that a character needs to be among the `most` most frequent ones; of equals at the border the
 * lower code points are in: *equal of them. */
static uint64_t least_count(const training *r, size_t most, size_t *equal)
{
    uint64_t lo = 1, hi = UINT64_MAX / 2;
    *equal = 0;
    while (lo < hi) { /* the smallest bound with at most `most` characters at or above it */
        const uint64_t mid = lo + (hi - lo) / 2;
        size_t n = 0;
        for (size_t c = 0; c < CODES; c++) n += r->seen[c] >= mid;
        if (n <= most)
            hi = mid;
        else
            lo = mid + 1;
    }
    for (size_t c = 0; c < CODES; c++) *equal += r->seen[c] >= lo;
    *equal = most - *equal;
    return lo;
}

static void count_codes(training *r, bool *inside)
{
    for (size_t w = 0; w < r->words.n; w++) {
        const pm_str word = vocab_bag_at(&r->words, w);
        for (size_t at = 0; at < word.len;) {
            const bool begins = at == 0;
            const uint32_t code = next_code(r, word, &at);
            r->seen[code] += r->words.word[w].count;
            if (!begins) inside[code] = true;
        }
    }
    if (r->want->kind == VOCAB_BPE)
        for (unsigned b = 0; b < LETTERS; b++)
            r->seen[byte_letter((unsigned char)b)] = UINT64_MAX / 2;
}

static bool put_codes(training *r, const bool *inside)
{
    const bool bpe = r->want->kind == VOCAB_BPE;
    const size_t most = bpe ? LETTERS : r->want->max_alphabet ? r->want->max_alphabet : 1000;
    size_t equal;
    const uint64_t least = least_count(r, most, &equal);
    uint32_t id;
    for (uint32_t c = 0; c < CODES; c++) {
        if (!r->seen[c] || r->seen[c] < least - 1) continue;
        if (r->seen[c] < least && (!equal || !equal--)) continue;
        if (!put_code(r, "", c, &id)) return false;
        r->first[c] = id + 1;
        if (bpe) r->within[c] = id + 1;
    }
    for (uint32_t c = 0; c < CODES && !bpe; c++) {
        if (!inside[c] || !r->first[c]) continue;
        if (!put_code(r, "##", c, &id)) return false;
        r->within[c] = id + 1;
    }
    return true;
}

static pm_status choose_codes(training *r, pm_err *err)
{
    bool *inside = mem_alloc(CODES, sizeof *inside), ok;
    r->seen = mem_alloc(CODES, sizeof *r->seen);
    r->first = mem_alloc(CODES, sizeof *r->first);
    r->within = mem_alloc(CODES, sizeof *r->within);
    ok = inside && r->seen && r->first && r->within;
    if (ok) count_codes(r, inside);
    ok = ok && put_codes(r, inside);
    mem_free(inside);
    if (!ok) return no_memory(err);
    if (r->pieces.n > r->want->size)
        return err_set(err, PM_E_ARG,
                       "vocabulary.size - found %zu - %zu special tokens and %zu single characters "
                       "are in it in any case - "
                       "choose %zu or more%s",
                       r->want->size, r->n_special, r->pieces.n - r->n_special, r->pieces.n,
                       r->want->kind == VOCAB_BPE ? "" : ", or a smaller max_alphabet");
    return PM_OK;
}

/* ---- merges ---- */

static pm_status make_symbols(training *r, pm_err *err)
{
    const size_t n = r->words.n;
    vocab_words *s = &r->symbols;
    size_t used = 0;
    s->n = n;
    s->symbol = mem_alloc(r->words.used, sizeof *s->symbol);
    s->start = mem_alloc(n + 1, sizeof *s->start);
    s->count = r->counts = mem_alloc(n, sizeof *r->counts);
    if (!s->symbol || !s->start || !r->counts) return no_memory(err);
    for (size_t w = 0; w < n; w++) {
        const pm_str word = vocab_bag_at(&r->words, w);
        r->counts[w] = r->words.word[w].count;
        for (size_t at = 0; at < word.len;) {
            const uint32_t *id = at ? r->within : r->first;
            const uint32_t code = next_code(r, word, &at);
            if (id[code]) s->symbol[used++] = id[code] - 1;
        }
        s->start[w + 1] = used;
    }
    return PM_OK;
}

/* left + right, without the mark of a continuation within. */
static bool join(training *r, uint32_t left, uint32_t right, uint32_t *made)
{
    const pm_str a = vocab_bag_at(&r->pieces, left), b = vocab_bag_at(&r->pieces, right);
    const bool marked = r->want->kind == VOCAB_WORDPIECE && b.len >= 2 && !memcmp(b.ptr, "##", 2);
    str_clear(&r->spelt);
    str_put(&r->spelt, a.ptr, a.len);
    str_put(&r->spelt, b.ptr + 2 * marked, b.len - 2 * marked);
    return !r->spelt.failed && vocab_bag_add(&r->pieces, r->spelt.at, r->spelt.len, 1, made) &&
           mem_grow(&r->merge, &r->merge_room, r->n_merges + 1, sizeof *r->merge);
}

static pm_status merge_all(training *r, pm_err *err)
{
    const size_t size = r->want->size, before = r->pieces.n;
    const uint64_t least = r->want->min_count ? r->want->min_count : 2;
    vocab_merger *m = NULL;
    pm_status s = vocab_merger_open(&r->symbols, &m, err);
    vocab_merge g;
    while (!s && r->pieces.n < size && vocab_merger_next(m, least, &g.left, &g.right)) {
        if (!join(r, g.left, g.right, &g.made)) {
            s = no_memory(err);
            break;
        }
        r->merge[r->n_merges++] = g;
        s = vocab_merger_do(m, g.made, err);
        if (!s && r->n_merges % TELL_EVERY == 0)
            s = vocab_tell(&r->told, (double)(r->pieces.n - before) / (double)(size - before), err);
    }
    vocab_merger_close(m);
    return s;
}

/* A pair may have been merged twice: the later one counts, as in tokenizers. */
static bool keep_last(training *r)
{
    vocab_bag pairs = {0};
    size_t kept = r->n_merges, i = r->n_merges;
    bool ok = true;
    while (ok && i--) {
        const size_t before = pairs.n;
        ok = vocab_bag_add(&pairs, (const char *)(r->merge + i), 2 * sizeof(uint32_t), 1, NULL);
        if (pairs.n > before) r->merge[--kept] = r->merge[i];
    }
    vocab_bag_close(&pairs);
    r->n_merges -= kept;
    if (r->n_merges) memmove(r->merge, r->merge + kept, r->n_merges * sizeof *r->merge);
    return ok;
}

/* ---- a tokeniser of it ---- */

static void put_frame(const training *r, str *out)
{
    uint32_t cls = 0, sep = 0;
    const bool bert = r->want->kind == VOCAB_WORDPIECE;
    const bool ends = bert && vocab_bag_find(&r->pieces, "[CLS]", 5, &cls) &&
                      vocab_bag_find(&r->pieces, "[SEP]", 5, &sep);
    str_puts(out, "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[");
    for (size_t i = 0; i < r->n_special; i++) {
        str_printf(out, "%s{\"id\":%zu,\"content\":", i ? "," : "", i);
        str_json(out, r->special[i], strlen(r->special[i]));
        str_puts(out, ",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":"
                      "false,\"special\":true}");
    }
    if (!bert) {
        str_puts(out, "],\"normalizer\":null,\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_"
                      "prefix_space\":false,"
                      "\"trim_offsets\":true,\"use_regex\":true},\"post_processor\":null,"
                      "\"decoder\":{\"type\":"
                      "\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":true,\"use_regex\":"
                      "true},\"model\":{"
                      "\"type\":\"BPE\",\"dropout\":null,\"unk_token\":null,\"continuing_subword_"
                      "prefix\":null,"
                      "\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,"
                      "\"ignore_merges\":false}}");
        return;
    }
    str_printf(out,
               "],\"normalizer\":{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_"
               "chars\":true,"
               "\"strip_accents\":null,\"lowercase\":%s},\"pre_tokenizer\":{\"type\":"
               "\"BertPreTokenizer\"},"
               "\"post_processor\":",
               r->want->lower_case ? "true" : "false");
    if (ends)
        str_printf(out,
                   "{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\",%u],\"cls\":[\"[CLS]\",%u]}",
                   sep, cls);
    else
        str_puts(out, "null");
    str_puts(out, ",\"decoder\":{\"type\":\"WordPiece\",\"prefix\":\"##\",\"cleanup\":true},"
                  "\"model\":{\"type\":"
                  "\"WordPiece\",\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\","
                  "\"max_input_chars_per_word\":100}}");
}

/* With the pieces and merges so far. */
static pm_status build(const training *r, arena *a, tokenizer **out, pm_err *err)
{
    str frame = STR_INIT;
    pm_str *piece = mem_alloc(r->pieces.n, sizeof *piece),
           (*merge)[2] = mem_alloc(r->n_merges, sizeof *merge);
    pm_status s = PM_E_MEMORY;
    put_frame(r, &frame);
    if (piece && merge && !frame.failed) {
        for (size_t i = 0; i < r->pieces.n; i++) piece[i] = vocab_bag_at(&r->pieces, i);
        for (size_t i = 0; i < r->n_merges; i++) {
            merge[i][0] = piece[r->merge[i].left];
            merge[i][1] = piece[r->merge[i].right];
        }
        const tokenizer_parts p = {.frame = frame.at, .piece = piece, .n = r->pieces.n};
        tokenizer_parts full = p;
        if (r->want->kind == VOCAB_BPE) {
            full.merge = (const pm_str(*)[2])merge;
            full.n_merges = r->n_merges;
        }
        s = tokenizer_build(&full, "learned vocabulary", a, out, err);
    } else {
        s = no_memory(err);
    }
    mem_free(piece);
    mem_free(merge);
    str_close(&frame);
    return s;
}

/* ---- in all ---- */

/* The words as the tokeniser will see them: by one that has no pieces yet. */
static pm_status count_words(training *r, const pm_str *text, size_t n, pm_err *err)
{
    arena *scratch = arena_open(0);
    tokenizer *cutter = NULL;
    training bare = *r;
    uint32_t id;
    bool ok = scratch != NULL;
    bare.pieces = (vocab_bag){0};
    for (size_t i = 0; ok && i < r->n_special; i++)
        ok = vocab_bag_add(&bare.pieces, r->special[i], strlen(r->special[i]), 1, &id);
    for (unsigned b = 0; ok && r->want->kind == VOCAB_BPE && b < LETTERS; b++)
        ok = put_code(&bare, "", byte_letter((unsigned char)b), &id);
    pm_status s = ok ? build(&bare, scratch, &cutter, err) : no_memory(err);
    if (!s) s = vocab_count(cutter, r->want->pool, text, n, &r->told, &r->words, err);
    vocab_bag_close(&bare.pieces);
    arena_close(scratch);
    if (!s && !r->words.n)
        s = err_set(err, PM_E_ARG,
                    "vocabulary - found no words in %zu texts - wanted a corpus to learn from", n);
    return s;
}

static void training_close(training *r)
{
    vocab_bag_close(&r->words);
    vocab_bag_close(&r->pieces);
    mem_free(r->seen);
    mem_free(r->first);
    mem_free(r->within);
    mem_free(r->symbols.symbol);
    mem_free(r->symbols.start);
    mem_free(r->counts);
    mem_free(r->merge);
    str_close(&r->spelt);
}

pm_status vocab_train(const vocab_want *w, const pm_str *text, size_t n, arena *a, tokenizer **out,
                      pm_status (*progress)(void *arg, double done), void *arg, pm_err *err)
{
    training r = {.want = w, .told = {progress, arg, 0, .6}};
    if (w->kind != VOCAB_WORDPIECE && w->kind != VOCAB_BPE)
        return err_set(err, PM_E_ARG,
                       "vocabulary.kind - found %d - wanted VOCAB_WORDPIECE or VOCAB_BPE",
                       (int)w->kind);
    r.special = w->special ? w->special : w->kind == VOCAB_BPE ? gpt_special : bert_special;
    pm_status s = put_special(&r, err);
    if (!s) s = count_words(&r, text, n, err);
    if (!s) s = choose_codes(&r, err);
    if (!s) s = make_symbols(&r, err);
    vocab_bag_close(&r.words);
    r.told.from = .6;
    r.told.share = .4;
    if (!s) s = merge_all(&r, err);
    if (!s && !keep_last(&r)) s = no_memory(err);
    if (!s) s = build(&r, a, out, err);
    training_close(&r);
    return s;
}
