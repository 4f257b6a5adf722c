/* SPDX-License-Identifier: MIT
 *
 * What tokenisers ask of Unicode: classes of code points as Hugging Face `tokenizers` defines them, lower case,
 * decomposition and composition, repair of invalid UTF-8.  unicode.c is the only file that includes utf8proc.h.
 */
#ifndef PM_TEXT_UNICODE_H
#define PM_TEXT_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
    UNI_SPACE = 1,   /* White_Space */
    UNI_PUNCT = 2,   /* ASCII punctuation, or a category P* */
    UNI_OTHER = 4,   /* categories Cc, Cf, Cs, Co: controls, formats, private use */
    UNI_ACCENT = 8,  /* category Mn, in what BERT's normaliser knows of Unicode */
    UNI_NUMBER = 16, /* a category N* */
    UNI_LETTER = 32, /* a category L* */
    UNI_CJK = 64,    /* ideographs, in the ranges of BERT's reference */
    UNI_MARK = 128,  /* categories M* */
    UNI_WORD = 512,  /* \w beyond ASCII: alphabetic, marks, decimal digits, connectors */
    UNI_FIXED = 256  /* without a decomposition though Unicode has one */
};
unsigned unicode_class(uint32_t c);

/* The lower case of one code point without its neighbours (no final sigma): 1..3 code points. */
size_t unicode_lower(uint32_t c, uint32_t out[3]);

enum { UNICODE_MOST = 32 }; /* code points that one decomposes into */
/* The full canonical (or compatibility) decomposition; c itself where there is none. */
size_t unicode_decompose(uint32_t c, bool compatible, uint32_t out[UNICODE_MOST]);
unsigned unicode_combining(uint32_t c); /* canonical combining class */
/* True if nothing before c can combine with it: texts may be normalised in parts that begin with such. */
bool unicode_begins(uint32_t c);
/* Composes a decomposed, ordered run in place (UAX 15); how many code points are left. */
size_t unicode_compose(uint32_t *c, size_t n);

/* One code point of valid UTF-8, and its length. */
static inline uint32_t unicode_at(const char *s, size_t *len)
{
    const unsigned char *b = (const unsigned char *)s;
    if (b[0] < 0x80) return *len = 1, b[0];
    if (b[0] < 0xE0) return *len = 2, (b[0] & 0x1Fu) << 6 | (b[1] & 0x3Fu);
    if (b[0] < 0xF0) return *len = 3, (b[0] & 0xFu) << 12 | (b[1] & 0x3Fu) << 6 | (b[2] & 0x3Fu);
    return *len = 4,
           (b[0] & 7u) << 18 | (b[1] & 0x3Fu) << 12 | (b[2] & 0x3Fu) << 6 | (b[3] & 0x3Fu);
}
extern const unsigned char unicode_ascii[128]; /* their classes */

/* The class of the code point at s, and its length. */
static inline unsigned unicode_class_at(const char *s, size_t *len)
{
    unsigned char b = (unsigned char)*s;
    if (b < 0x80) return *len = 1, unicode_ascii[b];
    return unicode_class(unicode_at(s, len));
}

size_t unicode_put(uint32_t c, char out[4]);

bool unicode_valid(const char *s, size_t len); /* quick where it is ASCII */

/* Appends s with each maximal part of an invalid sequence (Unicode 14, section 3.9, "U+FFFD Substitution of Maximal
 * Subparts") replaced by U+FFFD; how many there were. */
size_t unicode_repair(const char *s, size_t len, str *out);

#endif
