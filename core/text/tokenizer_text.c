/* SPDX-License-Identifier: MIT
 *
 * The working memory of a call: text with, a byte, the range of the source that it came from; spans of it.
 */
#include "text/tokenizer_private.h"

#include "text/unicode.h"

token_room *token_room_open(void)
{
    token_room *r = mem_alloc(1, sizeof *r);
    if (!r) return NULL;
    r->regex = regex_room_open();
    r->words = mem_alloc(WORD_SLOTS, sizeof *r->words);
    if (r->regex && r->words) return r;
    token_room_close(r);
    return NULL;
}

static void text_close(text_room *t)
{
    mem_free(t->own);
    mem_free(t->from);
    mem_free(t->to);
}

static void list_close(token_list *l)
{
    mem_free(l->id);
    mem_free(l->from);
    mem_free(l->to);
    mem_free(l->word);
    mem_free(l->type);
    mem_free(l->special);
}

void token_room_close(token_room *r)
{
    if (!r) return;
    regex_room_close(r->regex);
    str_close(&r->repaired);
    str_close(&r->repaired_pair);
    str_close(&r->letters);
    text_close(&r->text);
    text_close(&r->other);
    list_close(&r->list);
    list_close(&r->second);
    list_close(&r->whole);
    mem_free(r->span.at);
    mem_free(r->spare.at);
    mem_free(r->words);
    mem_free(r->piece);
    mem_free(r->symbol);
    mem_free(r->heap);
    mem_free(r->path);
    mem_free(r->code);
    mem_free(r->rank);
    mem_free(r);
}

static bool reserve(token_room *r, text_room *t, size_t more)
{
    size_t need = t->n + more;
    if (need <= t->capacity && need <= t->from_capacity && need <= t->to_capacity) return true;
    bool done = mem_grow(&t->own, &t->capacity, need, 1) &&
                mem_grow(&t->from, &t->from_capacity, need, sizeof *t->from) &&
                mem_grow(&t->to, &t->to_capacity, need, sizeof *t->to);
    t->at = t->own;
    if (!done) r->failed = true;
    return done;
}

void text_begin(text_room *t)
{
    t->n = 0;
    t->same = false;
    t->at = t->own;
}

void text_put(token_room *r, text_room *t, const char *bytes, size_t n, uint32_t from, uint32_t to)
{
    if (!reserve(r, t, n)) return;
    for (size_t i = 0; i < n; i++) {
        t->own[t->n + i] = bytes[i];
        t->from[t->n + i] = from;
        t->to[t->n + i] = to;
    }
    t->n += n;
}

void text_copy(token_room *r, text_room *t, const text_room *in, size_t from, size_t to)
{
    if (from >= to || !reserve(r, t, to - from)) return;
    memcpy(t->own + t->n, in->at + from, to - from);
    if (!in->same) {
        memcpy(t->from + t->n, in->from + from, (to - from) * sizeof *t->from);
        memcpy(t->to + t->n, in->to + from, (to - from) * sizeof *t->to);
    } else {
        for (size_t i = from; i < to; i++) {
            t->from[t->n + i - from] = text_from(in, i);
            t->to[t->n + i - from] = text_to(in, i);
        }
    }
    t->n += to - from;
}

void span_put(token_room *r, span_room *s, text_span x)
{
    if (s->n == s->capacity && !mem_grow(&s->at, &s->capacity, s->n + 1, sizeof *s->at)) {
        r->failed = true;
        return;
    }
    s->at[s->n++] = x;
}

void piece_put(token_room *r, uint32_t id, uint32_t end)
{
    if (r->n_piece == r->piece_capacity &&
        !mem_grow(&r->piece, &r->piece_capacity, r->n_piece + 1, sizeof *r->piece)) {
        r->failed = true;
        return;
    }
    r->piece[r->n_piece++] = (piece_out){id, end};
}
