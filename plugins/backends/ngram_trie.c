/* SPDX-License-Identifier: MIT
 *
 * The size of a trie.
 */
#include "ngram_trie.h"

size_t ngram_count(const ngram_trie *t)
{
    size_t n = 0;
    for (int k = 1; k <= t->order; k++) n += t->level[k].n;
    return n;
}
