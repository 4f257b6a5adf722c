/* SPDX-License-Identifier: MIT
 *
 * The n-grams of a text as hashed keys and counts: words and pairs of words (keys [0, buckets)), and 3
 * to 5 characters (keys [buckets, 2 buckets)).  Private to the plugin lsa.
 *
 * Hashes, mod 2^64, over lower-case code points c, with the constants of lsa_grams.c:
 *   characters   h = sum of place[i] c_i (multiply-shift of vectors: Thorup 2015, "High speed hashing for integers
 *                and strings", section 3.2; five products give the hashes of all three lengths)
 *   a word       p = (..(c_1 s + c_2) s ..+ c_l) s,  h = mix(p);   a pair   h = mix(p_1 t + p_2)
 *   mix(x) = (x xor x >> 32) f;   bucket = ((h >> 32) buckets) >> 32
 */
#ifndef LSA_GRAMS_H
#define LSA_GRAMS_H

#include <pointsman/plugin.h>

/* Which keys have a column, and which: column of key k = before[k / 64] + kept bits below k in its group. */
typedef struct grams_index {
    const uint64_t *kept;   /* [2 buckets / 64, up] bit k % 64 of kept[k / 64] */
    const uint32_t *before; /* the same size: kept keys in earlier groups */
} grams_index;

typedef struct grams grams; /* room of one worker, reused from text to text */

/* Bound on the distinct keys of a text, and one to spare. */
size_t grams_most(size_t bytes, size_t buckets);

/* In the call's scratch: 12 bytes per 64 keys, and 16 bytes a byte of the longest text (at most 300 kB); the first
 * text with more than 50,000 n-grams adds 8 bytes a bucket.   buckets   1 .. 2^23, of each block. */
pm_status grams_open(pm_call *c, size_t buckets, size_t longest, grams **out);

/* The distinct keys of a text, ascending, and how often each occurs.
 *
 * only         NULL, or: columns instead of keys, and only of kept keys
 * key, times   [grams_most(text.len, buckets)], overwritten
 *
 * Errors  PM_E_ARG: the text is longer than 2^28 bytes.  Threads: one a `grams`. */
pm_status grams_count(grams *g, pm_str text, const grams_index *only, uint32_t *key, float *times,
                      size_t *n_out);

#endif
