/* SPDX-License-Identifier: MIT
 *
 * Pre-tokenisation: each step cuts the text spans of the room into smaller ones.  A cutter finds matches; what
 * becomes of the matches and of what lies between them is the step's behaviour.
 */
#include "text/tokenizer_private.h"
#include "text/tokenizer_scan.h"
#include "text/unicode.h"

typedef struct cutting {
    token_room *r;
    const step *s;
    const char *text; /* the span's */
    size_t len;
    uint32_t base;   /* where it begins in the room's text */
    uint32_t from;   /* MERGED: of what waits for its neighbour */
    bool waits, was; /* something waits; was it a match */
} cutting;

static void emit(cutting *c, size_t from, size_t to)
{
    if (from < to)
        span_put(c->r, &c->r->spare,
                 (text_span){c->base + (uint32_t)from, c->base + (uint32_t)to, PIECE_NONE, false});
}

/* The parts of a span come in their order; match says which kind.  (normalizer.rs of tokenizers 0.x: split) */
static void piece_of(cutting *c, size_t from, size_t to, bool match)
{
    match ^= c->s->invert;
    switch (c->s->behaviour) {
    case CUT_REMOVED:
        if (!match) emit(c, from, to);
        return;
    case CUT_ISOLATED:
        emit(c, from, to);
        return;
    case CUT_CONTIGUOUS:
        if (c->waits && c->was != match) emit(c, c->from, from);
        if (!c->waits || c->was != match) c->from = (uint32_t)from;
        c->waits = true;
        c->was = match;
        return;
    case CUT_WITH_PREVIOUS: /* a match joins what is no match before it */
        if (c->waits && !(match && !c->was)) {
            emit(c, c->from, from);
            c->waits = false;
        }
        if (!c->waits) c->from = (uint32_t)from;
        c->waits = true;
        c->was = match;
        return;
    case CUT_WITH_NEXT: /* a match is joined by what is no match behind it */
        if (c->waits && !(c->was && !match)) {
            emit(c, c->from, from);
            c->waits = false;
        }
        if (!c->waits) c->from = (uint32_t)from;
        c->waits = true;
        c->was = match;
        return;
    }
}

static void end_of(cutting *c)
{
    if (c->waits) emit(c, c->from, c->len);
}

static bool next_text(const cutting *c, size_t at, size_t *from, size_t *to)
{
    pm_str p = c->s->text;
    while (at + p.len <= c->len) {
        const char *hit = memchr(c->text + at, p.ptr[0], c->len - at - p.len + 1);
        if (!hit) return false;
        at = (size_t)(hit - c->text);
        if (memcmp(hit, p.ptr, p.len) == 0) {
            *from = at;
            *to = at + p.len;
            return true;
        }
        at++;
    }
    return false;
}

static void by_matches(cutting *c)
{
    size_t at = 0, done = 0, from, to, n;
    while (at <= c->len) {
        if (c->s->re) {
            regex_found f = regex_next(c->s->re, c->r->regex, c->text, c->len, at, &from, &to);
            if (f == REGEX_LIMIT) c->r->limit = true;
            if (f != REGEX_MATCH) break;
        } else if (!next_text(c, at, &from, &to)) {
            break;
        }
        if (done < from) piece_of(c, done, from, false);
        piece_of(c, from, to, true);
        done = at = to;
        if (from == to) {
            if (at >= c->len) break;
            (void)unicode_at(c->text + at, &n);
            at += n;
        }
    }
    if (done < c->len) piece_of(c, done, c->len, false);
}

static void by_class(cutting *c)
{
    size_t done = 0, n;
    for (size_t i = 0; i < c->len; i += n) {
        if (!(unicode_class_at(c->text + i, &n) & c->s->flags)) continue;
        if (done < i) piece_of(c, done, i, false);
        piece_of(c, i, i + n, true);
        done = i + n;
    }
    if (done < c->len) piece_of(c, done, c->len, false);
}

/* BertPreTokenizer: words end at blanks, which go, and at punctuation, which stands alone. */
static void by_bert(cutting *c)
{
    size_t done = 0, n;
    for (size_t i = 0; i < c->len; i += n) {
        unsigned class = unicode_class_at(c->text + i, &n);
        if (!(class & (UNI_SPACE | UNI_PUNCT))) continue;
        emit(c, done, i);
        if (!(class & UNI_SPACE)) emit(c, i, i + n);
        done = i + n;
    }
    emit(c, done, c->len);
}

static void by_scanner(cutting *c)
{
    for (size_t at = 0, to; at < c->len; at = to) {
        to = scan_next(c->s->cut, c->text, c->len, at);
        emit(c, at, to);
    }
}

static void cut_span(const step *s, token_room *r, const text_span *x)
{
    cutting c = {
        .r = r, .s = s, .text = r->text.at + x->from, .len = x->to - x->from, .base = x->from};
    if (s->cut == CUT_CLASS)
        by_class(&c);
    else if (s->cut == CUT_BERT)
        by_bert(&c);
    else if (s->cut >= CUT_GPT2)
        by_scanner(&c);
    else
        by_matches(&c);
    end_of(&c);
}

static void cut_all(const step *s, token_room *r)
{
    r->spare.n = 0;
    for (size_t i = 0; i < r->span.n && !r->failed && !r->limit; i++) {
        if (r->span.at[i].id == PIECE_NONE)
            cut_span(s, r, &r->span.at[i]);
        else
            span_put(r, &r->spare, r->span.at[i]);
    }
    span_room old = r->span;
    r->span = r->spare;
    r->spare = old;
}

/* Metaspace: blanks become the replacement, one goes in front where the scheme says so. */
static void metaspace(const step *s, token_room *r)
{
    step blank = {.kind = STEP_REPLACE, .text = {" ", 1}, .with = s->text};
    tokenizer_rewrite(&blank, r);
    text_begin(&r->other);
    for (size_t i = 0; i < r->span.n && !r->failed; i++) {
        text_span *x = &r->span.at[i];
        size_t at = r->other.n, len = x->to - x->from, n;
        bool begins = len >= s->text.len &&
                      memcmp(r->text.at + x->from, s->text.ptr, s->text.len) == 0;
        bool wanted = (s->flags & META_ALWAYS) ||
                      ((s->flags & META_FIRST) && len > 0 && text_from(&r->text, x->from) == 0);
        if (x->id == PIECE_NONE && len > 0 && !begins && wanted) {
            (void)unicode_at(r->text.at + x->from, &n);
            text_put(r, &r->other, s->text.ptr, s->text.len, text_from(&r->text, x->from),
                     text_to(&r->text, x->from + n - 1));
        }
        text_copy(r, &r->other, &r->text, x->from, x->to);
        x->from = (uint32_t)at;
        x->to = (uint32_t)r->other.n;
    }
    text_room old = r->text;
    r->text = r->other;
    r->other = old;
    const step cut = {
        .kind = STEP_CUT, .cut = CUT_TEXT, .behaviour = CUT_WITH_NEXT, .text = s->text};
    if ((s->flags & META_SPLIT) && !r->failed) cut_all(&cut, r);
}

void tokenizer_cut(const tokenizer *t, token_room *r)
{
    for (size_t i = 0; i < t->n_cut && !r->failed && !r->limit; i++) {
        const step *s = &t->cut[i];
        if (s->kind == STEP_CUT)
            cut_all(s, r);
        else if (s->kind == STEP_METASPACE)
            metaspace(s, r);
        else
            tokenizer_rewrite(s, r);
    }
}
