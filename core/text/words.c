/* SPDX-License-Identifier: MIT
 *
 * Words and shingles.  A word's hash takes in eight bytes at a time, since every corpus passes through here whole.
 */
#include "text/words.h"

#include <string.h>

#include "base/mem.h"

#define FACTOR 0x9E3779B97F4A7C15u /* odd; 2^64 / golden ratio */

/* The finaliser of MurmurHash3 (Appleby, public domain): every bit depends on every bit. */
static uint64_t mix(uint64_t h)
{
    h ^= h >> 33;
    h *= 0xFF51AFD7ED558CCDu;
    h ^= h >> 33;
    h *= 0xC4CEB9FE1A85EC53u;
    return h ^ h >> 33;
}

/* What a byte is within words: itself, with ASCII capitals made small; 0: between words. */
static const unsigned char letter[256] = {
#define ROW(a) a, a + 1, a + 2, a + 3, a + 4, a + 5, a + 6, a + 7
    ['0'] = '0',
    '1',
    '2',
    '3',
    '4',
    '5',
    '6',
    '7',
    '8',
    '9',
    ['A'] = ROW('a'),
    ROW('i'),
    ROW('q'),
    'y',
    'z',
    ['_'] = '_',
    ['a'] = ROW('a'),
    ROW('i'),
    ROW('q'),
    'y',
    'z',
    [0x80] = ROW(0x80),
    ROW(0x88),
    ROW(0x90),
    ROW(0x98),
    ROW(0xA0),
    ROW(0xA8),
    ROW(0xB0),
    ROW(0xB8),
    ROW(0xC0),
    ROW(0xC8),
    ROW(0xD0),
    ROW(0xD8),
    ROW(0xE0),
    ROW(0xE8),
    ROW(0xF0),
    ROW(0xF8),
#undef ROW
};

void text_hashes_close(text_hashes *h)
{
    mem_free(h->at);
    *h = (text_hashes)TEXT_HASHES_INIT;
}

bool text_words(pm_str text, text_hashes *words)
{
    const unsigned char *s = (const unsigned char *)text.ptr;
    words->n = 0;
    for (size_t i = 0; i < text.len;) {
        while (i < text.len && !letter[s[i]]) i++;
        if (i == text.len) break;
        uint64_t h = 0, part = 0;
        unsigned shift = 0;
        for (unsigned char c; i < text.len && (c = letter[s[i]]) != 0; i++) {
            part |= (uint64_t)c << shift;
            shift += 8;
            if (shift == 64) {
                h = mix(h ^ part) * FACTOR;
                part = shift = 0;
            }
        }
        if (!mem_grow(&words->at, &words->capacity, words->n + 1, sizeof *words->at)) return false;
        words->at[words->n++] = mix((h ^ part) + FACTOR);
    }
    return true;
}

bool text_shingles(const text_hashes *words, size_t k, text_hashes *out)
{
    out->n = 0;
    if (words->n < k || k == 0) return true;
    size_t n = words->n - k + 1;
    if (!mem_grow(&out->at, &out->capacity, n, sizeof *out->at)) return false;
    uint64_t sum = 0, top = 1; /* top = FACTOR^(k-1): weight of the word that leaves */
    for (size_t i = 0; i < k; i++) {
        sum = sum * FACTOR + words->at[i];
        if (i) top *= FACTOR;
    }
    for (size_t i = 0;; i++) {
        out->at[i] = mix(sum);
        if (i + 1 == n) break;
        sum = (sum - words->at[i] * top) * FACTOR + words->at[i + k];
    }
    out->n = n;
    return true;
}
