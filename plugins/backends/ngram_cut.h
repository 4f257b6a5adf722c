/* SPDX-License-Identifier: MIT
 *
 * Leaving out n-grams that occur too seldom.  Private to the plugin ngram.
 */
#ifndef NGRAM_CUT_H
#define NGRAM_CUT_H

#include "ngram_estimate.h"

/* Occurrences in the text of every node: raw[k] is [level[k].n], k = 0 .. order; scratch.
 * Errors PM_E_MEMORY.  Cost O(n-grams). */
pm_status ngram_occurrences(pm_call *c, const ngram_builder *b, const uint32_t **raw);

/* The trie of the nodes of orders below 3 and of those that occur often enough, in own() memory.  An n-gram
 * never occurs more often than its parent, so that no node is left without one.
 * Errors PM_E_MEMORY.  Cost O(n-grams). */
pm_status ngram_cut(pm_call *c, const ngram_builder *b, const ngram_cutting *cut, ngram_trie *out);

#endif
