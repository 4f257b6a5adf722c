/* SPDX-License-Identifier: MIT
 *
 * Looking up a child in a level of the trie.
 */
#include "ngram_trie.h"

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

uint32_t ngram_child(const ngram_level *l, uint32_t lo, uint32_t hi, uint8_t byte)
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

size_t ngram_count(const ngram_trie *t)
{
    size_t n = 0;
    for (int k = 1; k <= t->order; k++) n += t->level[k].n;
    return n;
}
