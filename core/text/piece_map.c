/* SPDX-License-Identifier: MIT
 *
 * Both tables are at most half full, so that a search ends soon.
 */
#include "text/piece_map.h"

static size_t table_size(size_t n)
{
    size_t size = 16;
    while (size < 2 * n) size *= 2;
    return size;
}

bool piece_map_open(piece_map *m, arena *a, const pm_str *piece, size_t most)
{
    size_t size = table_size(most);
    *m = (piece_map){.piece = piece, .mask = size - 1};
    m->slot = arena_alloc(a, size, sizeof *m->slot);
    return m->slot != NULL;
}

static size_t place(const piece_map *m, const char *s, size_t len, uint64_t h)
{
    size_t i = h & m->mask;
    uint32_t tag = (uint32_t)(h >> 32);
    for (;; i = (i + 1) & m->mask) {
        uint64_t at = m->slot[i];
        if (at == 0) return i;
        if ((uint32_t)(at >> 32) != tag) continue;
        pm_str p = m->piece[(uint32_t)at - 1];
        if (p.len == len && memcmp(p.ptr, s, len) == 0) return i;
    }
}

uint32_t piece_map_add(piece_map *m, uint32_t id)
{
    pm_str p = m->piece[id];
    uint64_t h = piece_hash(p.ptr, p.len);
    size_t i = place(m, p.ptr, p.len, h);
    if (m->slot[i] != 0) return (uint32_t)m->slot[i] - 1;
    m->slot[i] = h >> 32 << 32 | (id + 1);
    return PIECE_NONE;
}

uint32_t piece_map_find(const piece_map *m, const char *s, size_t len)
{
    if (!m->slot) return PIECE_NONE;
    uint64_t at = m->slot[place(m, s, len, piece_hash(s, len))];
    return at == 0 ? PIECE_NONE : (uint32_t)at - 1;
}

/* A slot is (node * 256 + byte) in 32 high bits (so at most 2^24 nodes) and the child's number, never 0, below. */
enum { NODES_MOST = 1 << 24 };

bool piece_tree_open(piece_tree *t, arena *a, size_t bytes)
{
    size_t nodes = bytes + 1, size = table_size(nodes);
    *t = (piece_tree){.mask = size - 1, .most = nodes, .n = 1};
    if (nodes > NODES_MOST) return false;
    t->slot = arena_alloc(a, size, sizeof *t->slot);
    t->value = arena_alloc(a, nodes, sizeof *t->value);
    if (!t->slot || !t->value) return false;
    memset(t->value, 0xFF, nodes * sizeof *t->value);
    return true;
}

static size_t edge(const piece_tree *t, uint32_t node, unsigned char byte)
{
    uint32_t key = node << 8 | byte;
    size_t i = (size_t)((key * 0x9E3779B97F4A7C15u) >> 24) & t->mask;
    while (t->slot[i] != 0 && (uint32_t)(t->slot[i] >> 32) != key) i = (i + 1) & t->mask;
    return i;
}

bool piece_tree_add(piece_tree *t, const char *s, size_t len, uint32_t value)
{
    uint32_t node = 0;
    for (size_t k = 0; k < len; k++) {
        size_t i = edge(t, node, (unsigned char)s[k]);
        if (t->slot[i] == 0) {
            if (t->n == t->most) return false;
            t->slot[i] = (uint64_t)(node << 8 | (unsigned char)s[k]) << 32 | t->n++;
        }
        node = (uint32_t)t->slot[i];
    }
    t->value[node] = value;
    return true;
}

uint32_t piece_tree_step(const piece_tree *t, uint32_t node, unsigned char byte)
{
    uint64_t at = t->slot[edge(t, node, byte)];
    return at == 0 ? PIECE_NONE : (uint32_t)at;
}
