/* SPDX-License-Identifier: MIT
 *
 * The loss of texts under a trie.  Private to the plugin ngram.
 */
#ifndef NGRAM_SCORE_H
#define NGRAM_SCORE_H

#include "ngram_trie.h"

typedef struct ngram_model {
    ngram_trie trie;
    const uint32_t
        *pair; /* [65536] node of level 2 of (byte before << 8 | last byte), or NGRAM_NONE */
    uint32_t one[256]; /* node of level 1, or NGRAM_NONE */
} ngram_model;

/* Fills one and pair from the trie.  pair is own() memory.  Errors PM_E_MEMORY. */
pm_status ngram_index(pm_call *c, ngram_model *m);

/* Code points of a text: bytes that continue none. */
size_t ngram_code_points(pm_str text);

/* Nats of a text, -sum_i w_i ln p(b_i | up to order - 1 bytes before it in this text).
 *
 * weight [text.len] w, or NULL: 1 each
 * part   [n_parts] nats of the code points [p c / n_parts, (p + 1) c / n_parts), or NULL
 *
 * Cost   order - 2 searches a byte; those of 128 bytes are under way at once, so that one does not wait for another's
 *        memory.   Threads  safe.   Result  depends on the text alone. */
double ngram_nats(const ngram_model *m, pm_str text, const double *weight, double *part,
                  size_t n_parts);

#endif
