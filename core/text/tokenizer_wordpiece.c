/* SPDX-License-Identifier: MIT
 *
 * WordPiece: the longest piece that a word begins with, then the longest that continues it; a word with a rest is
 * unknown as a whole.  (Schuster and Nakajima 2012; the greedy search of BERT's reference)
 */
#include "text/tokenizer_private.h"

static bool longest(const model *m, const char *s, size_t len, size_t at, uint32_t *id, size_t *end)
{
    uint32_t node = at == 0 ? 0 : m->rest;
    *end = at;
    for (size_t i = at; i < len && node != PIECE_NONE; i++) {
        node = piece_tree_step(&m->tree, node, (unsigned char)s[i]);
        if (node == PIECE_NONE) break;
        if (m->tree.value[node] == PIECE_NONE) continue;
        *id = m->tree.value[node];
        *end = i + 1;
    }
    return *end > at;
}

void tokenizer_wordpiece(const tokenizer *t, token_room *r, const char *s, size_t len)
{
    const model *m = &t->model;
    size_t n = 0;
    for (size_t i = 0; i < len; i++) n += ((unsigned char)s[i] & 0xC0u) != 0x80u;
    bool known = n <= m->most_chars;
    for (size_t at = 0, end; at < len && known; at = end) {
        uint32_t id = 0;
        known = longest(m, s, len, at, &id, &end);
        if (known) piece_put(r, id, (uint32_t)end);
    }
    if (known) return;
    r->n_piece = 0;
    piece_put(r, m->unknown, (uint32_t)len);
}
