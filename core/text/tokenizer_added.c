/* SPDX-License-Identifier: MIT
 *
 * Added tokens within texts: the leftmost and of those the longest, with the conditions and the appetite for blanks
 * that each states.  (AddedVocabulary::find_matches of tokenizers)
 */
#include "text/tokenizer_private.h"

#include "text/unicode.h"

static size_t before(const char *s, size_t at)
{
    do at--;
    while (at > 0 && ((unsigned char)s[at] & 0xC0u) == 0x80u);
    return at;
}

/* \w: alphabetic, marks, decimal digits and connectors */
static bool is_word(uint32_t c)
{
    if (c == '_' || c == 0x200C || c == 0x200D) return true;
    return (unicode_class(c) & (c < 128 ? UNI_LETTER | UNI_NUMBER : UNI_WORD)) != 0;
}

static bool alone(const char *s, size_t len, size_t from, size_t to)
{
    size_t n;
    if (from > 0 && is_word(unicode_at(s + before(s, from), &n))) return false;
    return to >= len || !is_word(unicode_at(s + to, &n));
}

static bool blank(const char *s, size_t at, size_t *n)
{
    return (unicode_class(unicode_at(s + at, n)) & UNI_SPACE) != 0;
}

/* The longest added token at s[at]; its index, or PIECE_NONE. */
static uint32_t match(const piece_tree *tree, const char *s, size_t len, size_t at, size_t *end)
{
    uint32_t node = 0, found = PIECE_NONE;
    for (size_t i = at; i < len; i++) {
        node = piece_tree_step(tree, node, (unsigned char)s[i]);
        if (node == PIECE_NONE) break;
        if (tree->value[node] == PIECE_NONE) continue;
        found = tree->value[node];
        *end = i + 1;
    }
    return found;
}

static void put(token_room *r, const text_span *x, size_t from, size_t to, uint32_t id)
{
    span_put(r, &r->spare,
             (text_span){x->from + (uint32_t)from, x->from + (uint32_t)to, id, false});
}

static void search(const tokenizer *t, token_room *r, const text_span *x, bool normalized,
                   bool special_as_text)
{
    const piece_tree *tree = normalized ? &t->added_normal : &t->added_raw;
    const bool *first = normalized ? t->normal_first : t->raw_first;
    const char *s = r->text.at + x->from;
    size_t len = x->to - x->from, done = 0, to = 0, n;
    for (size_t at = 0; at < len; at++) {
        if (!first[(unsigned char)s[at]]) continue;
        uint32_t k = match(tree, s, len, at, &to);
        if (k == PIECE_NONE) continue;
        const added_token *a = &t->added[k];
        size_t from = at, end = to;
        at = to - 1; /* the search goes on behind it in any case */
        if (special_as_text && a->special) continue;
        if (a->single_word && !alone(s, len, from, end)) continue;
        while (a->lstrip && from > done && blank(s, before(s, from), &n)) from = before(s, from);
        while (a->rstrip && end < len && blank(s, end, &n)) end += n;
        if (done < from) put(r, x, done, from, PIECE_NONE);
        put(r, x, from, end, a->id);
        done = end;
    }
    if (done < len) put(r, x, done, len, PIECE_NONE);
}

void tokenizer_find_added(const tokenizer *t, token_room *r, bool normalized, bool special_as_text)
{
    r->spare.n = 0;
    for (size_t i = 0; i < r->span.n && !r->failed; i++) {
        if (r->span.at[i].id == PIECE_NONE)
            search(t, r, &r->span.at[i], normalized, special_as_text);
        else
            span_put(r, &r->spare, r->span.at[i]);
    }
    span_room old = r->span;
    r->span = r->spare;
    r->spare = old;
}
