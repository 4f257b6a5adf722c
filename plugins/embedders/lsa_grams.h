/* SPDX-License-Identifier: MIT
 *
 * The n-grams of a text as hashed keys and counts: words and pairs of words (keys [0, buckets)), and 3
 * to 5 characters (keys [buckets, 2 buckets)).  Private to the plugin lsa.
 */
#ifndef LSA_GRAMS_H
#define LSA_GRAMS_H

#include <pointsman/plugin.h>

/* MurmurHash3_x86_32 of `len` bytes, seed 0 (A. Appleby, public domain). */
uint32_t grams_murmur3(const unsigned char *at, size_t len);

/* Bound on the keys of a text: words and pairs of them, and 3 lengths of characters. */
size_t grams_most(pm_str text);

/* The distinct keys of a text, ascending, and how often each occurs.
 *
 * buckets      1 .. 2^23, of each block        key, times   [grams_most(text)], overwritten
 *
 * Errors  PM_E_ARG: the text is longer than 2^28 bytes.  Scratch: about 30 bytes a byte of text.
 * Threads: safe.  Source: scikit-learn's HashingVectorizer (word 1-2, char 3-5, no signs). */
pm_status grams_count(pm_call *c, pm_str text, size_t buckets, uint32_t *key, float *times,
                      size_t *n_out);

#endif
