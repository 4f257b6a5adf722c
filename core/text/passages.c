/* SPDX-License-Identifier: MIT
 *
 * Passages: where to cut, and counting letters.
 */
#include "text/passages.h"

#include "text/clean_private.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* Whether a sentence ends before byte i: . ! ? (and a closing quote or bracket), then a blank; or a full stop of
 * Chinese and Japanese. */
static bool ends_sentence(pm_str s, size_t i)
{
    if (i >= 3 && memcmp(s.ptr + i - 3, "\xe3\x80\x82", 3) == 0) return true;
    if (i == 0 || i >= s.len || !is_blank(s.ptr[i])) return false;
    char c = s.ptr[i - 1];
    if (i > 1 && (c == '"' || c == ')' || c == '\'' || c == ']')) c = s.ptr[i - 2];
    return c == '.' || c == '!' || c == '?';
}

size_t text_passage(pm_str text, size_t least, size_t target)
{
    size_t chars = 0, best = 0, i = 0;
    while (i < text.len) {
        if (((unsigned char)text.ptr[i] & 0xC0u) != 0x80u) { /* a code point begins */
            if (chars > least && ends_sentence(text, i)) best = i;
            if (chars == target) break;
            chars++;
        }
        i++;
        if (text.ptr[i - 1] == '\n' && chars > least) best = i;
    }
    if (i == text.len) return text.len;
    if (best) return best;
    return i ? i : 1;
}

static bool is_letter(uint32_t c)
{
    if (c < 0x80) return (c | 32) >= 'a' && (c | 32) <= 'z';
    if (c < 0xC0) return c == 0xAA || c == 0xB5 || c == 0xBA;
    if (c == 0xD7 || c == 0xF7 || c == 0xFFFD) return false;
    if (c >= 0x2000 && c < 0x2C00) return false; /* punctuation, arrows, signs, boxes */
    if (c >= 0x2E00 && c < 0x2E80) return false; /* more punctuation */
    if (c >= 0x3000 && c < 0x3005) return false; /* CJK punctuation */
    if (c >= 0x3008 && c < 0x3021) return false;
    if (c >= 0xE000 && c < 0xF900) return false; /* private use */
    if (c >= 0xFF00 && c < 0xFF21) return false; /* wide signs and digits */
    return c < 0x1F000 || c >= 0x20000;          /* emoji */
}

text_shape text_shape_of(pm_str text)
{
    text_shape s = {0};
    for (size_t i = 0; i < text.len; s.chars++) {
        uint32_t c = utf8_next(text.ptr, text.len, &i);
        s.letters += is_letter(c);
        s.digits += c >= '0' && c <= '9';
    }
    return s;
}
