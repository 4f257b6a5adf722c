/* SPDX-License-Identifier: MIT
 *
 * The n-grams of a text as a trie of suffixes, level by level in plain arrays.  A node of level k is an n-gram of k
 * bytes, found by its last byte, then the byte before, and so on: the children of a node are its extensions to the
 * left.  So one walk from the root over the bytes before a position passes every n-gram that ends there, and a node
 * of level k is also the context of k bytes of the n-grams of level k + 1.  Private to the plugin ngram.
 */
#ifndef NGRAM_TRIE_H
#define NGRAM_TRIE_H

#include <pointsman/plugin.h>

enum { NGRAM_MAX_ORDER = 8 };
#define NGRAM_NONE UINT32_MAX

typedef struct ngram_level { /* level 0 is the empty n-gram: one node, without byte and log_p */
    size_t n;                /* nodes                                                             */
    const uint8_t *byte;     /* [n] first byte of the n-gram: ascending among the children of one */
    const uint32_t
        *start;         /* [n + 1] children of node x: [start[x], start[x + 1]) of the next level */
    const float *log_p; /* [n] ln p(last byte | the bytes before it), interpolated           */
    const float
        *log_backoff; /* [n] ln gamma of the node as a context: 0 where it never was one   */
} ngram_level;

typedef struct ngram_trie { /* start and log_backoff: levels 0 .. order - 1 */
    int order;
    ngram_level level[NGRAM_MAX_ORDER + 1];
} ngram_trie;

/* N-grams of all orders. */
size_t ngram_count(const ngram_trie *t);

#if defined(__SSE2__) && defined(__GNUC__)
typedef char bytes16 __attribute__((vector_size(16)));

/* Bit i: byte i of the 16 from `at` is `byte`. */
static inline unsigned equal16(const uint8_t *at, uint8_t byte)
{
    const char w = (char)byte;
    const bytes16 want = {w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w};
    bytes16 have;
    memcpy(&have, at, sizeof have);
    return (unsigned)__builtin_ia32_pmovmskb128((bytes16)(have == want));
}
#endif

/* The child of `byte` among [lo, hi) of a level, or NGRAM_NONE.  Cost: 16 bytes a comparison. */
static inline uint32_t ngram_child(const ngram_level *l, uint32_t lo, uint32_t hi, uint8_t byte)
{
#if defined(__SSE2__) && defined(__GNUC__)
    for (; lo < hi && l->n - lo >= 16; lo += 16) { /* never reads behind the level */
        const unsigned hit = equal16(l->byte + lo, byte);
        if (hit) {
            const uint32_t at = lo + (uint32_t)__builtin_ctz(hit);
            return at < hi ? at : NGRAM_NONE;
        }
    }
#endif
    for (; lo < hi; lo++)
        if (l->byte[lo] == byte) return lo;
    return NGRAM_NONE;
}

#endif
