/* SPDX-License-Identifier: MIT
 *
 * All n-grams of the highest order of a corpus, sorted by suffix: the key of an n-gram holds its last byte in the most
 * significant place, then the byte before it, and so on (an n-gram of at most 8 bytes fits exactly).  Documents share
 * no contexts: n-grams that begin a document and are shorter than the order come in a list of their own.
 * Private to the plugin ngram.
 */
#ifndef NGRAM_KEYS_H
#define NGRAM_KEYS_H

#include <pointsman/plugin.h>

typedef struct ngram_first { /* an n-gram at the beginning of documents: nothing stands before it */
    uint64_t key;            /* low bytes beyond `length` are zero */
    uint32_t length, times;
} ngram_first;

typedef struct ngram_keys {
    int order;
    uint64_t *key; /* [n] ascending, equal keys are occurrences of one n-gram */
    size_t n;
    size_t *bucket;     /* [65537] keys of top 16 bits b: [bucket[b], bucket[b + 1]) */
    ngram_first *first; /* [n_first] ascending by (key, length), each once; length < order */
    size_t n_first;
    size_t bytes; /* of the text */
} ngram_keys;

/* Counts, scatters and sorts (MSD by two bytes, then LSD by the rest).  Memory is the call's scratch: 8 bytes a byte of
 * text, and 16 a byte within `order` of a document's beginning.
 *
 * Errors  PM_E_ARG: no byte of text, or 4 GiB and more.  PM_E_CANCELED.  PM_E_MEMORY.
 * Cost    O(bytes order).   Threads  sorting uses the host's; the result is the same for any number. */
pm_status ngram_keys_sort(pm_call *c, const pm_corpus *corpus, int order, ngram_keys *out);

/* Walks keys and firsts together, ascending; equal n-grams once. */
typedef struct ngram_cursor {
    const uint64_t *key, *key_end;
    const ngram_first *first, *first_end;
    uint32_t order;
} ngram_cursor;

/* The n-grams whose last byte is in [lo, hi). */
ngram_cursor ngram_cursor_of(const ngram_keys *k, size_t lo, size_t hi);

/* The next n-gram, its length and how often it occurs; 0 at the end.  Of equal keys the shorter n-gram comes first. */
static inline int ngram_next(ngram_cursor *at, ngram_first *out)
{
    if (at->first < at->first_end && (at->key == at->key_end || at->first->key <= *at->key)) {
        *out = *at->first++;
        return 1;
    }
    if (at->key == at->key_end) return 0;
    uint64_t key = *at->key;
    const uint64_t *begin = at->key;
    do at->key++;
    while (at->key < at->key_end && *at->key == key);
    *out = (ngram_first){key, at->order, (uint32_t)(at->key - begin)};
    return 1;
}

#endif
