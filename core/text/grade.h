/* SPDX-License-Identifier: MIT
 *
 * How hard English prose is to read: counts of sentences, words and syllables, and the grade level of Kincaid et al.
 * (1975) and reading ease of Flesch (1948) made of them.  By rules that can be written down, not by a dictionary;
 * of other languages and of code the numbers say little.
 */
#ifndef PM_TEXT_GRADE_H
#define PM_TEXT_GRADE_H

#include "base/str.h"

typedef struct text_counts {
    size_t sentences, words, syllables;
} text_counts;

/* What is counted.
 *   word      a run of letters, digits and apostrophes with a letter or digit in it (bytes of 0x80 and above are letters)
 *   sentence  ends behind a word at '.', '!' or '?' (or several), then closing quotes or brackets, then a blank or
 *             the end; at an empty line; at the end of the text
 *   syllables of a word: runs of a, e, i, o, u, y and bytes of 0x80 and above, the run at the end left out where it is
 *             an e alone (but not "le" after a consonant: "table"), or the e of "ed" (but not after t or d) or of "es"
 *             (but not after c, g, h, s, x, z); at least 1.  A number is one.
 * Bytes that are not UTF-8 count as letters.  Cost: one pass. */
text_counts text_count(pm_str text);

/* Grade level .39 words / sentences + 11.8 syllables / words - 15.59: years of school in the United States
 * (J. P. Kincaid, R. P. Fishburne, R. L. Rogers, B. S. Chissom, Derivation of new readability formulas, 1975).
 * NaN without a word; below 0 for the simplest of sentences. */
double text_grade(text_counts n);

/* Reading ease 206.835 - 1.015 words / sentences - 84.6 syllables / words (R. Flesch, A new readability yardstick,
 * 1948): 100 very easy, 0 very hard.  NaN without a word. */
double text_ease(text_counts n);

#endif
