/* SPDX-License-Identifier: MIT
 *
 * Normalisation: each step rewrites every text span of the room, and every byte keeps the range of the source that
 * it came from.
 */
#include "text/tokenizer_private.h"

#include "text/unicode.h"

typedef struct work {
    token_room *r;
    const text_room *in;
    text_room *out;
    size_t from, to; /* the span in `in` */
} work;

/* The source of `in`'s bytes [from, to). */
static void put(const work *w, const char *bytes, size_t n, size_t from, size_t to)
{
    text_put(w->r, w->out, bytes, n, text_from(w->in, from), text_to(w->in, to - 1));
}

static void put_code(const work *w, uint32_t c, size_t from, size_t to)
{
    char bytes[4];
    put(w, bytes, unicode_put(c, bytes), from, to);
}

/* ---- code point by code point ---- */

/* The plain letters of ASCII that a step passes on, small where it says so; how many bytes that were. */
static size_t ascii_run(const work *w, size_t at, bool lower)
{
    size_t end = at;
    while (end < w->to && (unsigned char)w->in->at[end] >= 0x20 &&
           (unsigned char)w->in->at[end] < 0x7F)
        end++;
    size_t out = w->out->n;
    text_copy(w->r, w->out, w->in, at, end);
    for (size_t i = out; lower && i < w->out->n; i++) {
        char *c = &w->out->own[i];
        if (*c >= 'A' && *c <= 'Z') *c = (char)(*c + 32);
    }
    return end - at;
}

static void bert_one(const work *w, unsigned flags, uint32_t c, size_t from, size_t to)
{
    unsigned class = unicode_class(c);
    bool blank = (flags & BERT_CLEAN) && (c == '\t' || c == '\n' || c == '\r');
    if ((flags & BERT_CLEAN) && !blank && (c == 0xFFFD || (class & UNI_OTHER))) return;
    if (blank || ((flags & BERT_CLEAN) && (class & UNI_SPACE))) {
        put(w, " ", 1, from, to);
        return;
    }
    if ((flags & BERT_CJK) && (class & UNI_CJK)) put(w, " ", 1, from, to);
    uint32_t part[UNICODE_MOST] = {c}, lower[3];
    size_t n = flags & BERT_ACCENTS ? unicode_decompose(c, false, part) : 1;
    for (size_t i = 0; i < n; i++) {
        if ((flags & BERT_ACCENTS) && (unicode_class(part[i]) & UNI_ACCENT)) continue;
        size_t m = flags & BERT_LOWER ? unicode_lower(part[i], lower) : 0;
        if (m == 0) put_code(w, part[i], from, to);
        for (size_t k = 0; k < m; k++) put_code(w, lower[k], from, to);
    }
    if ((flags & BERT_CJK) && (class & UNI_CJK)) put(w, " ", 1, from, to);
}

static void nmt_one(const work *w, uint32_t c, size_t from, size_t to)
{
    if ((c >= 1 && c <= 8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F ||
        c == 0x9F)
        return;
    bool blank = c == 9 || c == 0xA || c == 0xC || c == 0xD || c == 0x1680 ||
                 (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 || c == 0x2581 ||
                 c == 0xFEFF || c == 0xFFFD;
    put_code(w, blank ? ' ' : c, from, to);
}

static void one(const work *w, const step *s, uint32_t c, size_t from, size_t to)
{
    uint32_t lower[3];
    switch (s->kind) {
    case STEP_BERT:
        bert_one(w, s->flags, c, from, to);
        return;
    case STEP_NMT:
        nmt_one(w, c, from, to);
        return;
    case STEP_LOWERCASE:
        for (size_t k = 0, n = unicode_lower(c, lower); k < n; k++) put_code(w, lower[k], from, to);
        return;
    case STEP_STRIP_ACCENTS:
        if (!(unicode_class(c) & UNI_MARK)) put_code(w, c, from, to);
        return;
    default: /* STEP_BYTES */
        for (size_t k = from; k < to; k++)
            put_code(w, byte_letter((unsigned char)w->in->at[k]), from, to);
    }
}

static void each(const work *w, const step *s)
{
    bool plain = s->kind == STEP_BERT || s->kind == STEP_LOWERCASE;
    bool lower = s->kind == STEP_LOWERCASE || (s->flags & BERT_LOWER);
    for (size_t i = w->from, n; i < w->to; i += n) {
        if (plain && (n = ascii_run(w, i, lower)) > 0) continue;
        uint32_t c = unicode_at(w->in->at + i, &n);
        one(w, s, c, i, i + n);
    }
}

/* ---- normal forms ---- */

static void order_few(uint32_t *c, uint32_t *class, size_t n)
{
    for (size_t a = 1; a < n; a++) {
        for (size_t b = a; b > 0 && class[b - 1] > class[b]; b--) {
            uint32_t x = c[b], y = class[b];
            c[b] = c[b - 1], class[b] = class[b - 1];
            c[b - 1] = x, class[b - 1] = y;
        }
    }
}

/* By counting, through `spare` of the same length: a run may have millions of marks. */
static void order_many(uint32_t *c, const uint32_t *class, size_t n, uint32_t *spare)
{
    size_t begin[257] = {0};
    for (size_t i = 0; i < n; i++) begin[class[i] + 1]++;
    for (size_t i = 1; i < 257; i++) begin[i] += begin[i - 1];
    for (size_t i = 0; i < n; i++) spare[begin[class[i]]++] = c[i];
    memcpy(c, spare, n * sizeof *c);
}

/* Puts the marks behind each letter into the order of their classes; stable.  c has room for 2 n. */
static void order(uint32_t *c, uint32_t *class, size_t n)
{
    for (size_t i = 0, end; i < n; i = end + (end == i)) {
        for (end = i; end < n && class[end] != 0;) end++;
        if (end - i <= 32)
            order_few(c + i, class + i, end - i);
        else
            order_many(c + i, class + i, end - i, c + n);
    }
}

static bool room_for(token_room *r, size_t n)
{
    if (mem_grow(&r->code, &r->code_capacity, n, sizeof *r->code) &&
        mem_grow(&r->rank, &r->rank_capacity, n, sizeof *r->rank))
        return true;
    r->failed = true;
    return false;
}

/* One part: begins where nothing before combines with it. */
static void normal_part(const work *w, const step *s, size_t from, size_t to)
{
    token_room *r = w->r;
    bool compatible = s->kind == STEP_NFKC || s->kind == STEP_NFKD;
    size_t n = 0, width;
    for (size_t i = from; i < to; i += width) {
        uint32_t part[UNICODE_MOST], c = unicode_at(w->in->at + i, &width);
        size_t m = unicode_decompose(c, compatible, part);
        if (!room_for(r, 2 * (n + m))) return;
        for (size_t k = 0; k < m; k++, n++) {
            r->code[n] = part[k];
            r->rank[n] = unicode_combining(part[k]);
        }
    }
    order(r->code, r->rank, n);
    if (s->kind == STEP_NFC || s->kind == STEP_NFKC) n = unicode_compose(r->code, n);
    bool same = true; /* then every byte keeps its own place */
    size_t at = from;
    for (size_t k = 0; k < n && same; k++) {
        char bytes[4];
        size_t m = unicode_put(r->code[k], bytes);
        same = at + m <= to && memcmp(w->in->at + at, bytes, m) == 0;
        at += m;
    }
    if (same && at == to) {
        text_copy(r, w->out, w->in, from, to);
        return;
    }
    for (size_t k = 0; k < n; k++) put_code(w, r->code[k], from, to);
}

static void normal_form(const work *w, const step *s)
{
    for (size_t i = w->from, n; i < w->to;) {
        size_t from = i;
        (void)unicode_at(w->in->at + i, &n);
        i += n;
        while (i < w->to && !unicode_begins(unicode_at(w->in->at + i, &n))) i += n;
        if (i - from == 1)
            text_copy(w->r, w->out, w->in, from, i);
        else
            normal_part(w, s, from, i);
    }
}

/* ---- whole spans ---- */

static void strip(const work *w, unsigned flags)
{
    size_t from = w->from, to = w->to, n;
    while ((flags & STRIP_LEFT) && from < to &&
           (unicode_class(unicode_at(w->in->at + from, &n)) & UNI_SPACE))
        from += n;
    while ((flags & STRIP_RIGHT) && to > from) {
        size_t at = to - 1;
        while (((unsigned char)w->in->at[at] & 0xC0u) == 0x80u) at--;
        if (!(unicode_class(unicode_at(w->in->at + at, &n)) & UNI_SPACE)) break;
        to = at;
    }
    text_copy(w->r, w->out, w->in, from, to);
}

static bool find(const work *w, const step *s, size_t at, size_t *from, size_t *to)
{
    const char *text = w->in->at + w->from;
    size_t len = w->to - w->from;
    if (!s->re) {
        for (; at + s->text.len <= len; at++) {
            const char *hit = memchr(text + at, s->text.ptr[0], len - at - s->text.len + 1);
            if (!hit) return false;
            at = (size_t)(hit - text);
            if (memcmp(hit, s->text.ptr, s->text.len) != 0) continue;
            *from = at;
            *to = at + s->text.len;
            return true;
        }
        return false;
    }
    regex_found f = regex_next(s->re, w->r->regex, text, len, at, from, to);
    if (f == REGEX_LIMIT) w->r->limit = true;
    return f == REGEX_MATCH;
}

static void replace(const work *w, const step *s)
{
    size_t at = 0, from, to, len = w->to - w->from;
    while (at < len && find(w, s, at, &from, &to)) {
        text_copy(w->r, w->out, w->in, w->from + at, w->from + from);
        if (to > from) {
            put(w, s->with.ptr, s->with.len, w->from + from, w->from + to);
            at = to;
            continue;
        }
        size_t n = 0; /* an empty match: the content goes in front of the next code point */
        if (from == len) return;
        (void)unicode_at(w->in->at + w->from + from, &n);
        put(w, s->with.ptr, s->with.len, w->from + from, w->from + from + n);
        text_copy(w->r, w->out, w->in, w->from + from, w->from + from + n);
        at = from + n;
    }
    if (at < len) text_copy(w->r, w->out, w->in, w->from + at, w->to);
}

static void prepend(const work *w, pm_str text)
{
    if (w->from == w->to) return;
    size_t n;
    (void)unicode_at(w->in->at + w->from, &n);
    put(w, text.ptr, text.len, w->from, w->from + n);
    text_copy(w->r, w->out, w->in, w->from, w->to);
}

static void rewrite(const work *w, const step *s)
{
    switch (s->kind) {
    case STEP_NFC:
    case STEP_NFD:
    case STEP_NFKC:
    case STEP_NFKD:
        normal_form(w, s);
        return;
    case STEP_STRIP:
        strip(w, s->flags);
        return;
    case STEP_PREPEND:
        prepend(w, s->text);
        return;
    case STEP_PREFIX_SPACE:
        if (w->from < w->to && w->in->at[w->from] != ' ')
            prepend(w, pm_str_of(" "));
        else
            text_copy(w->r, w->out, w->in, w->from, w->to);
        return;
    case STEP_REPLACE:
        replace(w, s);
        return;
    default:
        each(w, s);
    }
}

/* ASCII without control characters keeps its length: what BERT's normaliser or the lower case makes of it, byte by
 * byte, so that the source of each byte need not be written.  False: there is something else. */
static bool rewrite_plain(const step *s, token_room *r)
{
    if ((s->kind != STEP_BERT && s->kind != STEP_LOWERCASE) || !r->text.same || r->span.n != 1 ||
        r->span.at[0].id != PIECE_NONE)
        return false;
    unsigned char map[256] = {0}, other = 0;
    bool bert = s->kind == STEP_BERT, lower = !bert || (s->flags & BERT_LOWER);
    for (unsigned c = 1; c < 127; c++)
        map[c] = (unsigned char)(lower && c >= 'A' && c <= 'Z' ? c + 32 : c);
    if (bert && (s->flags & BERT_CLEAN)) {
        for (unsigned c = 0; c < 32; c++) map[c] = 0;
        map['\t'] = map['\n'] = map['\r'] = ' ';
    }
    const unsigned char *in = (const unsigned char *)r->text.at;
    size_t n = r->text.n;
    if (!mem_grow(&r->other.own, &r->other.capacity, n, 1)) {
        r->failed = true;
        return true;
    }
    r->other.at = r->other.own;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = map[in[i]];
        r->other.own[i] = (char)c;
        other |= c == 0;
    }
    if (other) return false;
    r->other.n = n;
    r->other.same = true;
    text_room old = r->text;
    r->text = r->other;
    r->other = old;
    return true;
}

/* Rewrites every text span by one step. */
void tokenizer_rewrite(const step *s, token_room *r)
{
    if (rewrite_plain(s, r)) return;
    text_begin(&r->other);
    for (size_t i = 0; i < r->span.n && !r->failed; i++) {
        text_span *x = &r->span.at[i];
        size_t at = r->other.n;
        const work w = {r, &r->text, &r->other, x->from, x->to};
        if (x->id == PIECE_NONE)
            rewrite(&w, s);
        else
            text_copy(r, &r->other, &r->text, x->from, x->to);
        x->from = (uint32_t)at;
        x->to = (uint32_t)r->other.n;
    }
    text_room old = r->text;
    r->text = r->other;
    r->other = old;
}

void tokenizer_normalize(const tokenizer *t, token_room *r)
{
    for (size_t i = 0; i < t->n_normal && !r->failed; i++) tokenizer_rewrite(&t->normal[i], r);
}

bool tokenizer_normalize_text(const tokenizer *t, token_room *r, pm_str text, str *out)
{
    r->failed = r->limit = false;
    r->text.same = true;
    r->text.at = text.ptr;
    r->text.n = text.len;
    r->span.n = 0;
    span_put(r, &r->span, (text_span){0, (uint32_t)text.len, PIECE_NONE, false});
    tokenizer_normalize(t, r);
    if (r->failed || r->limit || r->span.n == 0) return false;
    str_put(out, r->text.at, r->text.n);
    return !out->failed;
}
