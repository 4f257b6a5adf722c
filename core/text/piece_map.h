/* SPDX-License-Identifier: MIT
 *
 * Tables of pieces: bytes -> id (open addressing), and a tree of prefixes in one hash table of (node, byte) for
 * longest match and for all prefixes of a text.
 */
#ifndef PM_TEXT_PIECE_MAP_H
#define PM_TEXT_PIECE_MAP_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "pointsman/plugin.h"

#define PIECE_NONE UINT32_MAX

static inline uint64_t piece_mix(uint64_t a, uint64_t b)
{
    uint64_t h = (a ^ b) * 0x9E3779B97F4A7C15u;
    return h ^ h >> 29;
}

/* Every bit of eight bytes at a time; not for strangers' tables without a bound on probes. */
static inline uint64_t piece_hash(const char *s, size_t len)
{
    uint64_t h = 0x51ED270B27A3F1C5u ^ len, w;
    for (; len >= 8; s += 8, len -= 8) {
        memcpy(&w, s, 8);
        h = piece_mix(h, w);
    }
    w = 0;
    if (len >= 4) {
        uint32_t head, tail;
        memcpy(&head, s, 4);
        memcpy(&tail, s + len - 4, 4);
        w = (uint64_t)head << 32 | tail;
    } else if (len > 0) {
        w = (uint64_t)(unsigned char)s[0] << 16 | (uint64_t)(unsigned char)s[len / 2] << 8 |
            (unsigned char)s[len - 1];
    }
    h = piece_mix(h, w);

    h *= 0xFF51AFD7ED558CCDu;
    return h ^ h >> 32;
}

typedef struct piece_map {
    const pm_str *piece; /* [ids]; the caller's */
    uint64_t *slot;      /* high half: hash; low: id + 1, 0 empty */
    size_t mask;
} piece_map;

bool piece_map_open(piece_map *m, arena *a, const pm_str *piece, size_t most);
/* Adds id; PIECE_NONE, or the id that has these bytes already. */
uint32_t piece_map_add(piece_map *m, uint32_t id);
uint32_t piece_map_find(const piece_map *m, const char *s, size_t len); /* PIECE_NONE */

typedef struct piece_tree {
    uint64_t *slot; /* high half: node * 256 + byte; low: the child, never 0 */
    size_t mask;
    uint32_t *value; /* [nodes] PIECE_NONE: no piece ends here */
    size_t n, most;
} piece_tree;

/* Room for pieces of `bytes` bytes in all. */
bool piece_tree_open(piece_tree *t, arena *a, size_t bytes);
/* False when the room is used up. */
bool piece_tree_add(piece_tree *t, const char *s, size_t len, uint32_t value);
uint32_t piece_tree_step(const piece_tree *t, uint32_t node, unsigned char byte); /* PIECE_NONE */

#endif
