/* SPDX-License-Identifier: MIT
 *
 * Words as hashes, and shingles (k words in a row) as hashes of those: how much two texts share is counted in
 * shingles.
 */
#ifndef PM_TEXT_WORDS_H
#define PM_TEXT_WORDS_H

#include "base/str.h"

typedef struct text_hashes { /* on the heap; reused from text to text */
    uint64_t *at;
    size_t n, capacity;
} text_hashes;
#define TEXT_HASHES_INIT                                                                           \
    {                                                                                              \
        NULL, 0, 0                                                                                 \
    }
void text_hashes_close(text_hashes *h);

/* The words of a text: runs of letters, digits and _ (bytes of 0x80 and above count as letters), capitals of ASCII
 * made small.  Scripts without blanks between words give one word a run.  False when memory is out. */
bool text_words(pm_str text, text_hashes *words);

/* Shingle i is the hash of words i .. i + k - 1: n - k + 1 of them, none if there are fewer words.  A polynomial
 * in the words' hashes modulo 2^64, mixed, so that a step costs two products whatever k. */
bool text_shingles(const text_hashes *words, size_t k, text_hashes *out);

#endif
