/* SPDX-License-Identifier: MIT
 *
 * Sentences, words and syllables of English prose; see grade.h.
 */
#include "text/grade.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

static bool is_letter(unsigned char c)
{
    return c >= 0x80 || isalpha(c);
}

static bool is_vowel(unsigned char c)
{
    return c >= 0x80 || (c && strchr("aeiouyAEIOUY", c));
}

/* Is the vowel run that ends the word silent?  `at` is its last vowel, an e standing alone. */
static bool is_silent(const unsigned char *w, size_t len, size_t at)
{
    unsigned char before = at ? (unsigned char)tolower(w[at - 1]) : 0;
    unsigned char last = (unsigned char)tolower(w[len - 1]);
    if (at + 1 == len) return !(before == 'l' && at >= 2 && !is_vowel(w[at - 2]));
    if (at + 2 != len) return false;
    if (last == 'd') return before != 't' && before != 'd';
    return last == 's' && !(before && strchr("cghsxz", before));
}

static size_t syllables(const unsigned char *w, size_t len)
{
    size_t n = 0, begin = 0, end = 0; /* the last run of vowels */
    for (size_t i = 0; i < len; i++) {
        if (!is_vowel(w[i])) continue;
        if (i == 0 || !is_vowel(w[i - 1])) n++, begin = i;
        end = i;
    }
    bool alone = n > 1 && begin == end && tolower(w[end]) == 'e';
    if (alone && is_silent(w, len, end)) n--;
    return n ? n : 1;
}

/* Bytes of the word at `i`, 0: there is none.  *is_number: no letter is in it. */
static size_t word_at(pm_str text, size_t i, bool *is_number)
{
    size_t len = 0, known = 0;
    *is_number = true;
    for (; i + len < text.len; len++) {
        unsigned char c = (unsigned char)text.ptr[i + len];
        if (is_letter(c)) *is_number = false;
        if (is_letter(c) || isdigit(c))
            known++;
        else if (c != '\'')
            break;
    }
    return known ? len : 0;
}

/* Does the sentence end with the mark at `i`? */
static bool ends_at(pm_str text, size_t i)
{
    while (i < text.len && strchr(".!?", text.ptr[i]) && text.ptr[i]) i++;
    while (i < text.len && text.ptr[i] && strchr("\"')]}*", text.ptr[i])) i++;
    return i == text.len || isspace((unsigned char)text.ptr[i]);
}

/* An empty line after the line feed at `i`. */
static bool is_gap(pm_str text, size_t i)
{
    for (i++; i < text.len && text.ptr[i] != '\n'; i++)
        if (!isspace((unsigned char)text.ptr[i])) return false;
    return i < text.len;
}

text_counts text_count(pm_str text)
{
    text_counts n = {0, 0, 0};
    bool open = false; /* words since the last end of a sentence */
    for (size_t i = 0; i < text.len;) {
        bool is_number;
        size_t len = word_at(text, i, &is_number);
        if (len) {
            n.words++;
            n.syllables += is_number ? 1 : syllables((const unsigned char *)text.ptr + i, len);
            open = true;
            i += len;
            continue;
        }
        char c = text.ptr[i];
        bool mark = c == '.' || c == '!' || c == '?';
        if (open && ((mark && ends_at(text, i)) || (c == '\n' && is_gap(text, i)))) {
            n.sentences++;
            open = false;
        }
        i++;
    }
    n.sentences += open;
    return n;
}

double text_grade(text_counts n)
{
    if (!n.words) return (double)NAN;
    double words = (double)n.words;
    return .39 * words / (double)n.sentences + 11.8 * (double)n.syllables / words - 15.59;
}

double text_ease(text_counts n)
{
    if (!n.words) return (double)NAN;
    double words = (double)n.words;
    return 206.835 - 1.015 * words / (double)n.sentences - 84.6 * (double)n.syllables / words;
}
