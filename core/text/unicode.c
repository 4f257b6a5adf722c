/* SPDX-License-Identifier: MIT
 *
 * Unicode by utf8proc.  Where the tables of `tokenizers` are older or newer than utf8proc's, docs/tokenizers.md
 * lists what differs.
 */
#include "text/unicode.h"

#include <string.h>

#include <utf8proc.h>

#include "text/unicode_older.h"

const unsigned char unicode_ascii[128] = {
#define O  UNI_OTHER
#define S  UNI_SPACE
#define P  UNI_PUNCT
#define N  UNI_NUMBER
#define L  UNI_LETTER
#define OS (O | S)
    O, O, O, O, O, O, O, O, O, OS, OS, OS, OS, OS, O, O, O, O, O, O, O, O, O, O, O, O,
    O, O, O, O, O, O, S, P, P, P,  P,  P,  P,  P,  P, P, P, P, P, P, P, P, N, N, N, N,
    N, N, N, N, N, N, P, P, P, P,  P,  P,  P,  L,  L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L,  L,  L,  L,  P,  P, P, P, P, P, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L,  L,  L,  L,  L,  L, L, L, L, L, P, P, P, P, O,
#undef O
#undef S
#undef P
#undef N
#undef L
#undef OS
};

static bool is_space(uint32_t c)
{
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/* The fifth range begins at 2B920 in the reference, where Unicode's begins at 2B820; so it is here. */
static bool is_cjk(uint32_t c)
{
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
           (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B81F) ||
           (c >= 0x2B920 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0x2F800 && c <= 0x2FA1F);
}

static unsigned class_of(uint32_t c)
{
    unsigned k = (is_space(c) ? UNI_SPACE : 0u) | (is_cjk(c) ? UNI_CJK : 0u);
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
        return k | UNI_LETTER | UNI_WORD;
    case UTF8PROC_CATEGORY_MN:
        return k | UNI_ACCENT | UNI_MARK | UNI_WORD;
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
        return k | UNI_MARK | UNI_WORD;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
        return k | UNI_NUMBER | UNI_WORD;
    case UTF8PROC_CATEGORY_NO:
        return k | UNI_NUMBER;
    case UTF8PROC_CATEGORY_PC:
        return k | UNI_PUNCT | UNI_WORD;
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
        return k | UNI_PUNCT;
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
        return k | UNI_OTHER;
    case UTF8PROC_CATEGORY_SO: /* letters in circles and squares are alphabetic */
        return k | ((c >= 0x24B6 && c <= 0x24E9) || (c >= 0x1F130 && c <= 0x1F149) ||
                            (c >= 0x1F150 && c <= 0x1F169) || (c >= 0x1F170 && c <= 0x1F189)
                        ? UNI_WORD
                        : 0u);
    default:
        return k;
    }
}

unsigned unicode_class(uint32_t c)
{
    if (c < 128) return unicode_ascii[c];
    unsigned k = class_of(c);
    if (c == 0x166D || c == 0x111C9) k |= UNI_PUNCT; /* were so until Unicode 9 and 12 */
    if (c == 0x1734) k |= UNI_ACCENT;                /* until 14 */
    return (k & ~unicode_older(c)) | (unicode_older(c) & UNI_FIXED);
}

size_t unicode_lower(uint32_t c, uint32_t out[3])
{
    if (c < 128) {
        out[0] = c >= 'A' && c <= 'Z' ? c + 32 : c;
        return 1;
    }
    if (c == 0x130) { /* the one capital with two code points: SpecialCasing.txt */
        out[0] = 'i';
        out[1] = 0x307;
        return 2;
    }
    out[0] = (uint32_t)utf8proc_tolower((utf8proc_int32_t)c);
    return 1;
}

size_t unicode_decompose(uint32_t c, bool compatible, uint32_t out[UNICODE_MOST])
{
    if (c < 0xA0 || (c > 0x32FE && unicode_older(c) & UNI_FIXED)) {
        out[0] = c;
        return 1;
    }
    utf8proc_int32_t to[UNICODE_MOST];
    int class = 0;
    int options = UTF8PROC_DECOMPOSE | (compatible ? UTF8PROC_COMPAT : 0);
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)c, to, UNICODE_MOST,
                                                 (utf8proc_option_t)options, &class);
    if (n < 1 || n > UNICODE_MOST) {
        out[0] = c;
        return 1;
    }
    for (utf8proc_ssize_t i = 0; i < n; i++) out[i] = (uint32_t)to[i];
    return (size_t)n;
}

unsigned unicode_combining(uint32_t c)
{
    if (c < 0x300) return 0;
    return (unsigned)utf8proc_get_property((utf8proc_int32_t)c)->combining_class;
}

bool unicode_begins(uint32_t c)
{
    if (c < 0x300) return true;
    if ((c >= 0x1161 && c <= 0x1175) || (c >= 0x11A8 && c <= 0x11C2)) return false; /* Hangul */
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return k != UTF8PROC_CATEGORY_MN && k != UTF8PROC_CATEGORY_MC && k != UTF8PROC_CATEGORY_ME &&
           unicode_combining(c) == 0;
}

size_t unicode_compose(uint32_t *c, size_t n)
{
    utf8proc_ssize_t left =
        utf8proc_normalize_utf32((utf8proc_int32_t *)c, (utf8proc_ssize_t)n,
                                 (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    return left < 0 ? n : (size_t)left;
}

size_t unicode_put(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6) out[i] = (char)(0x80u | (c & 0x3Fu));
    out[0] = (char)((n == 2 ? 0xC0u : n == 3 ? 0xE0u : 0xF0u) | c);
    return n;
}

/* How many bytes at s are one code point (*good), or the maximal part of a bad one. */
static size_t part(const unsigned char *s, size_t left, bool *good)
{
    *good = s[0] < 0x80;
    if (*good || s[0] < 0xC2 || s[0] > 0xF4) return 1;
    size_t want = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    unsigned low = s[0] == 0xE0 ? 0xA0 : s[0] == 0xF0 ? 0x90 : 0x80;
    unsigned high = s[0] == 0xED ? 0x9F : s[0] == 0xF4 ? 0x8F : 0xBF;
    for (size_t i = 1; i < want; i++, low = 0x80, high = 0xBF)
        if (i >= left || s[i] < low || s[i] > high) return i;
    *good = true;
    return want;
}

bool unicode_valid(const char *s, size_t len)
{
    for (size_t i = 0; i < len;) {
        uint64_t w = 0;
        if (len - i >= 8) {
            memcpy(&w, s + i, 8);
            if ((w & 0x8080808080808080u) == 0) {
                i += 8;
                continue;
            }
        }
        bool good;
        i += part((const unsigned char *)s + i, len - i, &good);
        if (!good) return false;
    }
    return true;
}

size_t unicode_repair(const char *s, size_t len, str *out)
{
    size_t replaced = 0, kept = 0;
    for (size_t i = 0; i < len;) {
        bool good;
        size_t n = part((const unsigned char *)s + i, len - i, &good);
        if (!good) {
            str_put(out, s + kept, i - kept);
            str_put(out, "\xef\xbf\xbd", 3);
            kept = i + n;
            replaced++;
        }
        i += n;
    }
    str_put(out, s + kept, len - kept);
    return replaced;
}
