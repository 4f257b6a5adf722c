/* SPDX-License-Identifier: MIT
 *
 * Walking UTF-8 (RFC 3629): overlong forms, surrogates and values past U+10FFFF are invalid, and an
 * invalid byte never swallows the bytes after it.  No tables of letters: that is another file's
 * work.
 */
#include "base/str.h"

#define REPLACEMENT 0xFFFDu

/* The code point at s[0..left) and its length, or length 0 when the bytes are invalid. */
static uint32_t decode(const unsigned char *s, size_t left, size_t *len)
{
    static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
    *len = 0;
    uint32_t c = s[0];
    size_t want = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
    if (want == 0 || want > left) return REPLACEMENT;
    if (want > 1) c &= 0x7Fu >> want;
    for (size_t k = 1; k < want; k++) {
        if ((s[k] & 0xC0u) != 0x80u) return REPLACEMENT;
        c = c << 6 | (s[k] & 0x3Fu);
    }
    if (c < smallest[want] || c > 0x10FFFFu || (c >= 0xD800u && c <= 0xDFFFu)) return REPLACEMENT;
    *len = want;
    return c;
}

uint32_t utf8_next(const char *s, size_t len, size_t *i)
{
    size_t step = 0;
    uint32_t c = decode((const unsigned char *)s + *i, len - *i, &step);
    *i += step > 0 ? step : 1;
    return c;
}

size_t utf8_count(const char *s, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; count++) (void)utf8_next(s, len, &i);
    return count;
}

bool utf8_valid(const char *s, size_t len, size_t *bad_at)
{
    for (size_t i = 0, step = 0; i < len; i += step) {
        (void)decode((const unsigned char *)s + i, len - i, &step);
        if (step == 0) {
            if (bad_at) *bad_at = i;
            return false;
        }
    }
    return true;
}

size_t utf8_repair(const char *s, size_t len, str *out)
{
    size_t replaced = 0;
    for (size_t i = 0, step = 0; i < len; i += step ? step : 1) {
        (void)decode((const unsigned char *)s + i, len - i, &step);
        str_put(out, step ? s + i : "\xef\xbf\xbd", step ? step : 3);
        replaced += step == 0;
    }
    return replaced;
}
