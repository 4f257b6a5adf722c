/* SPDX-License-Identifier: MIT
 *
 * Scanners of known regular expressions, equal to PCRE2's matches (the unit test compares them): a third of the time
 * of encoding went into those.  Each expression matches at every place, so that a text is its matches in a row.
 */
#include "text/tokenizer_scan.h"

#include "text/unicode.h"

const char scan_gpt2[] =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const char scan_llama3[] =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| "
    "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const char scan_qwen2[] = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| "
                          "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

cut_kind scan_known(pm_str pattern)
{
    if (pm_str_equal(pattern, scan_gpt2)) return CUT_GPT2;
    if (pm_str_equal(pattern, scan_llama3)) return CUT_LLAMA3;
    if (pm_str_equal(pattern, scan_qwen2)) return CUT_QWEN2;
    return CUT_REGEX;
}

enum { LETTER = UNI_LETTER, NUMBER = UNI_NUMBER, SPACE = UNI_SPACE };

/* The end of a run of code points of the classes, or (not) of none of them. */
static size_t run(const char *s, size_t len, size_t at, unsigned classes, bool not )
{
    for (size_t n; at < len; at += n)
        if (((unicode_class_at(s + at, &n) & classes) != 0) == not ) break;
    return at;
}

/* 's 't 're 've 'm 'll 'd at s[at]; how long, 0: none.  Whatever the case: also the long s, which folds to s. */
static size_t contraction(const char *s, size_t len, size_t at, bool any_case)
{
    if (at + 1 >= len || s[at] != '\'') return 0;
    const char *p = s + at + 1;
    size_t left = len - at - 1;
    if (any_case && left >= 2 && memcmp(p, "\xc5\xbf", 2) == 0) return 3;
    char a = any_case && p[0] >= 'A' && p[0] <= 'Z' ? (char)(p[0] + 32) : p[0];
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
    if (left < 2) return 0;
    char b = any_case && p[1] >= 'A' && p[1] <= 'Z' ? (char)(p[1] + 32) : p[1];
    bool two = (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l');
    return two ? 3 : 0;
}

/* \s+(?!\S)|\s+ : all blanks, but the last one stays with what follows. */
static size_t blanks(const char *s, size_t len, size_t at)
{
    size_t end = at, last = at;
    for (size_t n; end < len && (unicode_class_at(s + end, &n) & SPACE); end += n) last = end;
    return end == len || last == at ? end : last;
}

static size_t gpt2(const char *s, size_t len, size_t at)
{
    size_t n = contraction(s, len, at, false);
    if (n > 0) return at + n;
    size_t from = at + (s[at] == ' ' && at + 1 < len);
    unsigned class = unicode_class_at(s + from, &n);
    if (class & LETTER) return run(s, len, from + n, LETTER, false);
    if (class & NUMBER) return run(s, len, from + n, NUMBER, false);
    if (!(class & SPACE)) return run(s, len, from + n, SPACE | LETTER | NUMBER, true);
    return blanks(s, len, at);
}

/* \s*[\r\n]+ at a blank: up to the last line end of the run; at where there is none. */
static size_t lines(const char *s, size_t len, size_t at)
{
    size_t end = at;
    for (size_t i = at, n; i < len && (unicode_class_at(s + i, &n) & SPACE); i += n)
        if (s[i] == '\n' || s[i] == '\r') end = i + 1;
    return end;
}

static size_t numbers(const char *s, size_t len, size_t at, int most)
{
    size_t n;
    for (int k = 0; k < most && at < len && (unicode_class_at(s + at, &n) & NUMBER); k++) at += n;
    return at;
}

static size_t llama3(const char *s, size_t len, size_t at, int digits)
{
    size_t n = contraction(s, len, at, true), m;
    if (n > 0) return at + n;
    unsigned class = unicode_class_at(s + at, &n);
    if (class & LETTER) return run(s, len, at + n, LETTER, false);
    if (class & NUMBER) return numbers(s, len, at, digits);
    bool line = s[at] == '\n' || s[at] == '\r';
    if (!line && at + n < len && (unicode_class_at(s + at + n, &m) & LETTER))
        return run(s, len, at + n + m, LETTER, false);
    size_t from = at + (s[at] == ' ' && at + 1 < len);
    if (!(unicode_class_at(s + from, &m) & (SPACE | LETTER | NUMBER))) {
        size_t end = run(s, len, from + m, SPACE | LETTER | NUMBER, true);
        while (end < len && (s[end] == '\r' || s[end] == '\n')) end++;
        return end;
    }
    size_t end = lines(s, len, at);
    return end > at ? end : blanks(s, len, at);
}

size_t scan_next(cut_kind kind, const char *s, size_t len, size_t at)
{
    if (kind == CUT_GPT2) return gpt2(s, len, at);
    return llama3(s, len, at, kind == CUT_LLAMA3 ? 3 : 1);
}
