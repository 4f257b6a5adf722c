/* SPDX-License-Identifier: MIT
 *
 * Encoding: the stages one after the other, a memory of words already tokenised, truncation, and the template of
 * special tokens.
 */
#include "text/tokenizer_private.h"

#include "text/unicode.h"

/* ---- lists of tokens ---- */

static bool list_grow(token_room *r, token_list *l, size_t n)
{

    if (mem_grow(&l->id, &l->room[0], n, sizeof *l->id) &&
        mem_grow(&l->from, &l->room[1], n, sizeof *l->from) &&
        mem_grow(&l->to, &l->room[2], n, sizeof *l->to) &&
        mem_grow(&l->word, &l->room[3], n, sizeof *l->word) &&
        mem_grow(&l->type, &l->room[4], n, 1) && mem_grow(&l->special, &l->room[5], n, 1)) {
        l->capacity = l->room[0];
        for (int k = 1; k < 6; k++)
            if (l->room[k] < l->capacity) l->capacity = l->room[k];
        return true;
    }
    r->failed = true;
    return false;
}

static inline bool list_room(token_room *r, token_list *l, size_t n)
{
    return n <= l->capacity || list_grow(r, l, n);
}

static void list_put(token_list *l, uint32_t id, uint32_t from, uint32_t to, uint32_t word)
{
    size_t i = l->n++;
    l->id[i] = id;
    l->from[i] = from;
    l->to[i] = to;
    l->word[i] = word;
}

/* ---- words ---- */

static void model_pieces(const tokenizer *t, token_room *r, const char *s, size_t len)
{
    r->n_piece = 0;
    if (t->model.kind == MODEL_WORDPIECE)
        tokenizer_wordpiece(t, r, s, len);
    else if (t->model.kind == MODEL_BPE)
        tokenizer_bpe(t, r, s, len);
    else
        tokenizer_unigram(t, r, s, len);
}

static word_slot *slot_of(token_room *r, const char *s, size_t len)
{
    return &r->words[piece_hash(s, len) & (WORD_SLOTS - 1)];
}

static void put_words(const text_room *in, token_list *l, const text_span *x, uint32_t word,
                      const uint32_t *id, const uint32_t *end, size_t n)
{
    uint32_t from = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t at = x->from + from, to = x->from + end[i];
        bool any = to > at;
        list_put(l, id[i], text_from(in, any ? at : to - (to > x->from)), text_to(in, to - 1),
                 word);
        from = end[i];
    }
}

static void word(const tokenizer *t, token_room *r, token_list *l, const text_span *x,
                 uint32_t number)
{
    const char *s = r->text.at + x->from;
    size_t len = x->to - x->from;
    if (len == 0) return;
    word_slot *slot = len <= WORD_BYTES ? slot_of(r, s, len) : NULL;
    if (slot && slot->n > 0 && slot->len == len && memcmp(slot->byte, s, len) == 0) {
        uint32_t end[WORD_TOKENS];
        if (!list_room(r, l, l->n + slot->n)) return;
        for (size_t i = 0; i < slot->n; i++) end[i] = slot->end[i];
        put_words(&r->text, l, x, number, slot->id, end, slot->n);
        return;
    }
    model_pieces(t, r, s, len);
    if (r->failed || !list_room(r, l, l->n + r->n_piece)) return;
    for (size_t i = 0; i < r->n_piece; i++) {
        const piece_out *p = &r->piece[i];
        uint32_t before = i > 0 ? r->piece[i - 1].end : 0;
        if (p->end == before && i > 0) { /* several tokens of one code point: bytes */
            size_t last = l->n - 1;
            list_put(l, p->id, l->from[last], l->to[last], number);
            continue;
        }
        text_span part = {x->from + before, x->from + p->end, PIECE_NONE, false};
        uint32_t end = part.to - part.from;
        put_words(&r->text, l, &part, number, &p->id, &end, 1);
    }
    if (!slot || r->n_piece == 0 || r->n_piece > WORD_TOKENS) return;
    for (size_t i = 1; i < r->n_piece; i++)
        if (r->piece[i].end == r->piece[i - 1].end) return;
    slot->len = (uint8_t)len;
    slot->n = (uint8_t)r->n_piece;
    memcpy(slot->byte, s, len);
    for (size_t i = 0; i < r->n_piece; i++) {
        slot->id[i] = r->piece[i].id;
        slot->end[i] = (uint8_t)r->piece[i].end;
    }
}

static void tokenize(const tokenizer *t, token_room *r, token_list *l)
{
    l->n = 0;
    for (size_t i = 0; i < r->span.n && !r->failed; i++) {
        const text_span *x = &r->span.at[i];
        if (x->id == PIECE_NONE) {
            word(t, r, l, x, (uint32_t)i);
        } else if (list_room(r, l, l->n + 1)) {
            bool any = x->to > x->from;
            list_put(l, x->id, any ? text_from(&r->text, x->from) : 0,
                     any ? text_to(&r->text, x->to - 1) : 0, (uint32_t)i);
        }
    }
}

/* ---- one text ---- */

static void encode_one(const tokenizer *t, token_room *r, pm_str text, const token_options *o,
                       token_list *l)
{
    r->text.same = true;
    r->text.at = text.ptr;
    r->text.n = text.len;
    r->span.n = 0;
    bool as_text = o && o->special_as_text;
    if (text.len > 0) span_put(r, &r->span, (text_span){0, (uint32_t)text.len, PIECE_NONE, false});
    if (t->has_raw) tokenizer_find_added(t, r, false, as_text);
    tokenizer_normalize(t, r);
    if (t->has_normal) tokenizer_find_added(t, r, true, as_text);
    tokenizer_cut(t, r);
    if (!r->failed && !r->limit) tokenize(t, r, l);
}

static pm_str repaired(token_room *r, pm_str text, str *own)
{
    if (unicode_valid(text.ptr, text.len)) return text;
    str_clear(own);
    (void)unicode_repair(text.ptr, text.len, own);
    if (own->failed) r->failed = true;
    return (pm_str){str_text(own), own->len};
}

/* ---- truncation and template ---- */

/* How many tokens of each text may stay, longest first. (truncate_encodings of tokenizers) */
static void share(size_t most, size_t *first, size_t *second, bool pair)
{
    if (*first + *second <= most) return;
    if (!pair || most == 0) {
        *first = most;
        *second = 0;
        return;
    }
    bool swap = *first > *second;
    size_t a = swap ? *second : *first;
    size_t b = a > most ? a : (most - a > a ? most - a : a);
    if (a + b > most) {
        a = most / 2;
        b = a + most % 2;
    }
    *first = swap ? b : a;
    *second = swap ? a : b;
}

static bool is_blank(uint32_t c)
{
    return c == 0x120 || (unicode_class(c) & UNI_SPACE) != 0;
}

/* Offsets without the blanks that a piece begins or ends with. (process_offsets of tokenizers' ByteLevel) */
static void trim(const tokenizer *t, pm_str text, token_list *l, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        pm_str p = t->piece[l->id[i]];
        size_t lead = 0, tail = 0, width;
        for (size_t k = 0; k < p.len && is_blank(unicode_at(p.ptr + k, &width)); k += width) lead++;
        for (size_t k = p.len; k > 0; tail++) {
            do k--;
            while (k > 0 && ((unsigned char)p.ptr[k] & 0xC0u) == 0x80u);
            if (!is_blank(unicode_at(p.ptr + k, &width))) break;
        }
        /* one blank may be the one that was put in front; more of them are the text's */
        if (lead == 1 && t->trim_prefix && (i == 0 || l->from[i] == 0)) lead = 0;
        for (; lead > 0 && l->from[i] < l->to[i]; lead--) {
            (void)unicode_at(text.ptr + l->from[i], &width);
            l->from[i] += (uint32_t)width;
        }
        for (; tail > 0 && l->to[i] > l->from[i]; tail--) {
            do l->to[i]--;
            while (((unsigned char)text.ptr[l->to[i]] & 0xC0u) == 0x80u);
        }
    }
}

static void put_sequence(token_list *out, const token_list *in, size_t n, uint8_t type)
{
    size_t at = out->n;
    memcpy(out->id + at, in->id, n * sizeof *in->id);
    memcpy(out->from + at, in->from, n * sizeof *in->from);
    memcpy(out->to + at, in->to, n * sizeof *in->to);
    memcpy(out->word + at, in->word, n * sizeof *in->word);
    memset(out->type + at, type, n);
    memset(out->special + at, 0, n);
    out->n += n;
}

static void put_special(token_list *out, uint32_t id, uint8_t type)
{
    out->type[out->n] = type;
    out->special[out->n] = 1;
    list_put(out, id, 0, 0, UINT32_MAX);
}

static bool assemble(const tokenizer *t, token_room *r, size_t n_first, size_t n_second, bool pair,
                     bool special)
{
    static const template_item plain[] = {{ITEM_FIRST, 0, 0}, {ITEM_SECOND, 0, 1}};
    const template_item *item = !t->has_template ? plain : pair ? t->pair : t->single;
    size_t n = !t->has_template ? (pair ? 2 : 1) : pair ? t->n_pair : t->n_single;
    if (!list_room(r, &r->whole, n_first + n_second + n)) return false;
    r->whole.n = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t type = t->type_zero ? 0 : item[i].type;
        if (item[i].kind == ITEM_FIRST && n_first > 0)
            put_sequence(&r->whole, &r->list, n_first, type);
        else if (item[i].kind == ITEM_SECOND && n_second > 0)
            put_sequence(&r->whole, &r->second, n_second, type);
        else if (item[i].kind == ITEM_SPECIAL && special)
            put_special(&r->whole, item[i].id, type);
    }
    return true;
}

static pm_status troubles(const token_room *r, pm_err *err)
{
    if (r->failed) return err_set(err, PM_E_MEMORY, "tokenizer: out of memory");
    return err_set(err, PM_E_UNSUPPORTED,
                   "tokenizer: a regular expression of the pre-tokeniser gave up on this text");
}

static pm_status check_length(pm_str text, pm_err *err)
{
    if (text.len <= (size_t)1 << 29) return PM_OK;
    return err_set(err, PM_E_ARG, "tokenizer: a text of %zu bytes - wanted at most 2^29", text.len);
}

pm_status tokenizer_encode(const tokenizer *t, token_room *r, pm_str text, const pm_str *pair,
                           const token_options *o, tokens *out, pm_err *err)
{
    pm_status s = check_length(text, err);
    *out = (tokens){.n = 0};
    if (s == PM_OK && pair) s = check_length(*pair, err);
    if (s != PM_OK) return s;
    if (r->print != t->print) memset(r->words, 0, WORD_SLOTS * sizeof *r->words);
    r->print = t->print;
    r->failed = r->limit = false;
    pm_str first = repaired(r, text, &r->repaired), second = {NULL, 0};
    if (!r->failed) encode_one(t, r, first, o, &r->list);
    r->second.n = 0;
    if (pair) second = repaired(r, *pair, &r->repaired_pair);
    if (pair && !r->failed && !r->limit) encode_one(t, r, second, o, &r->second);
    if (r->failed || r->limit) return troubles(r, err);
    bool special = !(o && o->no_special);
    size_t n_special = !special ? 0 : pair ? t->special_pair : t->special_single;
    size_t n_first = r->list.n, n_second = r->second.n, max = o ? o->max : 0;
    out->n_whole = n_first + n_second + n_special;
    if (max > 0) share(max > n_special ? max - n_special : 0, &n_first, &n_second, pair != NULL);
    if (t->trim) trim(t, first, &r->list, n_first);
    if (t->trim && pair) trim(t, second, &r->second, n_second);
    if (!assemble(t, r, n_first, n_second, pair != NULL, special)) return troubles(r, err);
    const token_list *l = &r->whole;
    out->id = l->id, out->type = l->type, out->special = l->special;
    out->from = l->from, out->to = l->to, out->word = l->word;
    out->n = l->n;
    return PM_OK;
}
