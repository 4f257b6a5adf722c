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

/* The child of `byte` among [lo, hi) of a level, or NGRAM_NONE.  Cost: 16 bytes a comparison. */
uint32_t ngram_child(const ngram_level *l, uint32_t lo, uint32_t hi, uint8_t byte);

/* N-grams of all orders. */
size_t ngram_count(const ngram_trie *t);

#endif
