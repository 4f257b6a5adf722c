/* SPDX-License-Identifier: MIT
 *
 * The model of a tokenizer.json: its settings, and the tables that its pieces and merges make.
 */
#include "text/tokenizer_private.h"

#include "text/unicode.h"

static pm_str copy(arena *a, const char *text)
{
    return (pm_str){arena_strdup(a, text), strlen(text)};
}

static uint32_t find(const tokenizer *t, pm_str s)
{
    return s.ptr ? piece_map_find(&t->find, s.ptr, s.len) : PIECE_NONE;
}

static pm_status no_memory(pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "out of memory");
}

/* A tree of all pieces of the model: measured first in memory of its own, since it shares most of its bytes. */
static pm_status grow_tree(tokenizer *t, arena *a, pm_err *err)
{
    size_t bytes = 0, n = t->model.n;
    for (size_t i = 0; i < n; i++) bytes += t->piece[i].len;
    arena *spare = arena_open(0);
    piece_tree full;
    bool done = spare && piece_tree_open(&full, spare, bytes);
    for (size_t i = 0; done && i < n; i++)
        done = piece_tree_add(&full, t->piece[i].ptr, t->piece[i].len, (uint32_t)i);
    size_t nodes = done ? full.n : 0;
    arena_close(spare);
    if (!done)
        return err_set(err, PM_E_MEMORY, "out of memory for a tree of %zu bytes of pieces", bytes);
    if (!piece_tree_open(&t->model.tree, a, nodes)) return no_memory(err);
    for (size_t i = 0; i < n; i++)
        (void)piece_tree_add(&t->model.tree, t->piece[i].ptr, t->piece[i].len, (uint32_t)i);
    return PM_OK;
}

static void find_bytes(tokenizer *t)
{
    model *m = &t->model;
    m->has_bytes = true;
    for (unsigned b = 0; b < 256; b++) {
        char name[8];
        static const char digit[] = "0123456789ABCDEF";
        memcpy(name, "<0x00>", 7);
        name[3] = digit[b >> 4];
        name[4] = digit[b & 15];
        m->byte_id[b] = piece_map_find(&t->find, name, 6);
        m->has_bytes &= m->byte_id[b] != PIECE_NONE;
        char letter[4];
        m->letter[b] =
            piece_map_find(&t->find, letter, unicode_put(byte_letter((unsigned char)b), letter));
    }
}

static pm_status read_unknown(tokenizer *t, const json *from, arena *a, pm_err *err)
{
    model *m = &t->model;
    const char *name = json_text(from, "unk_token", NULL);
    m->unknown = PIECE_NONE;
    if (!name) return PM_OK;
    m->unknown_text = copy(a, name);
    if (!m->unknown_text.ptr) return no_memory(err);
    m->unknown = find(t, m->unknown_text);
    if (m->unknown != PIECE_NONE) return PM_OK;
    return err_set(err, PM_E_FORMAT, "model: unk_token \"%.100s\" is not in the vocabulary", name);
}

static pm_status wordpiece(tokenizer *t, const json *from, arena *a, pm_err *err)
{
    model *m = &t->model;
    double most = json_number(from, "max_input_chars_per_word", 100);
    m->prefix = copy(a, json_text(from, "continuing_subword_prefix", "##"));
    if (!m->prefix.ptr) return no_memory(err);
    if (!(most >= 0))
        return err_set(err, PM_E_FORMAT, "model: max_input_chars_per_word is %g", most);
    m->most_chars = most < 1e9 ? (size_t)most : (size_t)1e9;
    pm_status s = read_unknown(t, from, a, err);
    if (s == PM_OK && m->unknown == PIECE_NONE) {
        m->unknown_text = pm_str_of("[UNK]");
        m->unknown = find(t, m->unknown_text);
        if (m->unknown == PIECE_NONE)
            return err_set(err, PM_E_FORMAT,
                           "model: WordPiece wants an unk_token of its vocabulary");
    }
    if (s == PM_OK) s = grow_tree(t, a, err);
    for (size_t i = 0; s == PM_OK && i < m->prefix.len && m->rest != PIECE_NONE; i++)
        m->rest = piece_tree_step(&m->tree, m->rest, (unsigned char)m->prefix.ptr[i]);
    return s;
}

static pm_status unigram(tokenizer *t, const json *from, arena *a, pm_err *err)
{
    model *m = &t->model;
    double unknown = json_number(from, "unk_id", -1), least = 0;
    m->byte_fallback = json_flag(from, "byte_fallback", false);
    if (!(unknown >= 0 && unknown < (double)m->n))
        return err_set(err, PM_E_UNSUPPORTED,
                       "model: Unigram without an unk_id of its vocabulary is not supported");
    m->unknown = (uint32_t)unknown;
    for (size_t i = 0; i < m->n; i++) least = i == 0 || m->score[i] < least ? m->score[i] : least;
    m->unknown_score = least - 10;
    return grow_tree(t, a, err);
}

/* What the merges make: the left piece and the right one without its prefix, which must be a piece. */
static pm_status merged(const tokenizer *t, size_t k, str *text, uint32_t *made, pm_err *err)
{
    const model *m = &t->model;
    pm_str left = t->piece[m->merge[k][0]], right = t->piece[m->merge[k][1]];
    size_t skip = m->prefix.len < right.len ? m->prefix.len : right.len;
    str_clear(text);
    str_put(text, left.ptr, left.len);
    str_put(text, right.ptr + skip, right.len - skip);
    if (text->failed) return no_memory(err);
    *made = piece_map_find(&t->find, str_text(text), text->len);
    if (*made != PIECE_NONE) return PM_OK;
    return err_set(err, PM_E_FORMAT,
                   "model: merge %zu makes \"%.100s\", which is not in the vocabulary", k,
                   str_text(text));
}

static pm_status bpe(tokenizer *t, const json *from, arena *a, pm_err *err)
{
    model *m = &t->model;
    const char *prefix = json_text(from, "continuing_subword_prefix", "");
    const char *suffix = json_text(from, "end_of_word_suffix", "");
    if (json_number(from, "dropout", 0) != 0)
        return err_set(err, PM_E_UNSUPPORTED, "model: a dropout is not supported");
    if (*prefix) m->prefix = copy(a, prefix);
    if (*suffix) m->suffix = copy(a, suffix);
    m->byte_fallback = json_flag(from, "byte_fallback", false);
    m->fuse_unknown = json_flag(from, "fuse_unk", false);
    m->ignore_merges = json_flag(from, "ignore_merges", false);
    pm_status s = read_unknown(t, from, a, err);
    if (s != PM_OK) return s;
    arena *spare = arena_open(0);
    uint32_t *made = spare ? arena_alloc(spare, m->n_merges, sizeof *made) : NULL;
    str text = STR_INIT;
    if (!made) s = no_memory(err);
    for (size_t k = 0; s == PM_OK && k < m->n_merges; k++) s = merged(t, k, &text, &made[k], err);
    if (s == PM_OK && !tokenizer_index_merges(m, made, a)) s = no_memory(err);
    str_close(&text);
    arena_close(spare);
    /* The last step makes letters of bytes: the model may read the bytes themselves. */
    if (t->n_cut > 0 && t->cut[t->n_cut - 1].kind == STEP_BYTES && !m->prefix.ptr &&
        !m->suffix.ptr && !m->byte_fallback) {
        m->raw = true;
        t->n_cut--;
    }
    return s;
}

pm_status tokenizer_read_model(tokenizer *t, const json *from, arena *a, pm_err *err)
{
    find_bytes(t);
    switch (t->model.kind) {
    case MODEL_WORDPIECE:
        return wordpiece(t, from, a, err);
    case MODEL_UNIGRAM:
        return unigram(t, from, a, err);
    default:
        return bpe(t, from, a, err);
    }
}
