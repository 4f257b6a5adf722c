/* SPDX-License-Identifier: MIT
 *
 * From sorted n-grams to the nodes of the trie and their counts.  Private to the plugin ngram.
 */
#ifndef NGRAM_BUILD_H
#define NGRAM_BUILD_H

#include "ngram_keys.h"
#include "ngram_trie.h"

typedef struct ngram_growing { /* a level while it is built */
    size_t n;
    uint8_t *byte;
    uint32_t *start;
    float *log_p, *log_backoff;
    uint32_t *
        times; /* [n] highest order: occurrences; below: occurrences at the beginning of a document */
} ngram_growing;

typedef struct ngram_builder {
    int order;
    ngram_growing level[NGRAM_MAX_ORDER + 1];
} ngram_builder;

/* Nodes, children and times of every level; log_p and log_backoff are allocated and zero.
 * keep   what stays is allocated with own(), else everything is scratch
 * Errors PM_E_CANCELED, PM_E_MEMORY.   Threads  the host's; the result is the same for any number. */
pm_status ngram_build(pm_call *c, const ngram_keys *keys, int keep, ngram_builder *out);

/* What a node counts for (Chen and Goodman 1999, section 3): in the highest order how often the n-gram occurs, below
 * how many different bytes, or the beginning of a document, stand before it. */
static inline uint32_t ngram_times(const ngram_builder *b, int k, size_t x)
{
    const ngram_growing *l = &b->level[k];
    return k == b->order ? l->times[x] : l->start[x + 1] - l->start[x] + (l->times[x] > 0);
}

#endif
