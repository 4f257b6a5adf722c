/* SPDX-License-Identifier: MIT
 *
 * Unigram: the way through a word whose pieces have the largest sum of log probabilities (Kudo 2018, Viterbi);
 * code points without a piece cost 10 more than the rarest piece, and neighbours among them are one token.
 */
#include "text/tokenizer_private.h"
#include "text/unicode.h"

static void offer(path_node *to, double score, uint32_t id, size_t from)
{
    if (to->from != PIECE_NONE && !(score > to->score)) return;
    *to = (path_node){score, id, (uint32_t)from};
}

static bool find_path(const tokenizer *t, token_room *r, const char *s, size_t len)
{
    const model *m = &t->model;
    if (!mem_grow(&r->path, &r->path_capacity, len + 1, sizeof *r->path)) {
        r->failed = true;
        return false;
    }
    for (size_t i = 0; i <= len; i++) r->path[i] = (path_node){0, 0, PIECE_NONE};
    for (size_t i = 0, n; i < len; i += n) {
        double here = r->path[i].score;
        bool single = false;
        uint32_t node = 0;
        (void)unicode_at(s + i, &n);
        for (size_t k = i; k < len; k++) {
            node = piece_tree_step(&m->tree, node, (unsigned char)s[k]);
            if (node == PIECE_NONE) break;
            uint32_t id = m->tree.value[node];
            if (id == PIECE_NONE) continue;
            offer(&r->path[k + 1], m->score[id] + here, id, i);
            single |= k + 1 - i == n;
        }
        if (!single) offer(&r->path[i + n], m->unknown_score + here, m->unknown, i);
    }
    return true;
}

/* One piece of the text: by its bytes where the vocabulary knows none. */
static void put_part(const tokenizer *t, token_room *r, const char *s, size_t from, size_t to)
{
    const model *m = &t->model;
    uint32_t id = piece_map_find(&t->find, s + from, to - from);
    if (id == PIECE_NONE && m->byte_fallback && m->has_bytes) {
        for (size_t i = from; i < to; i++)
            piece_put(r, m->byte_id[(unsigned char)s[i]], (uint32_t)to);
        return;
    }
    piece_put(r, id != PIECE_NONE ? id : m->unknown, (uint32_t)to);
}

void tokenizer_unigram(const tokenizer *t, token_room *r, const char *s, size_t len)
{
    if (!find_path(t, r, s, len)) return;
    /* The path is turned round in place: `from` of a node becomes where the piece that begins there ends. */
    uint32_t next = (uint32_t)len;
    for (uint32_t end = (uint32_t)len;;) {
        uint32_t from = r->path[end].from;
        r->path[end].from = next;
        next = end;
        if (end == 0) break;
        end = from;
    }
    for (size_t at = 0; at < len;) {
        size_t to = r->path[at].from;
        bool unknown = r->path[to].id == t->model.unknown;
        size_t stop = to;
        while (unknown && stop < len && r->path[r->path[stop].from].id == t->model.unknown)
            stop = r->path[stop].from;
        put_part(t, r, s, at, stop);
        at = stop;
    }
}
