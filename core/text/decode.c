/* SPDX-License-Identifier: MIT
 *
 * Telling binary from text and one encoding from another by counting bytes.
 */
#include "text/decode.h"

#include <string.h>

#include "text/clean_private.h"

typedef struct census {
    size_t high;             /* bytes of 0x80 and above */
    size_t control;          /* bytes that text does not have */
    size_t sequences, wrong; /* valid multi-byte sequences, bytes in none */
} census;

static bool is_strange(unsigned char c)
{
    return c < 0x20 && c != '\n' && c != '\t' && c != '\r' && c != '\f' && c != '\b' && c != '\v' &&
           c != 0x1b;
}

static census take_census(const char *s, size_t len)
{
    census c = {0};
    for (size_t i = 0; i < len; i++) {
        unsigned char b = (unsigned char)s[i];
        c.high += b >> 7;
        c.control += is_strange(b);
    }
    if (!c.high) return c;
    for (size_t i = 0; i < len;) {
        if ((unsigned char)s[i] < 0x80) {
            i++;
            continue;
        }
        size_t at = i;
        (void)utf8_next(s, len, &i);
        if (i - at > 1)
            c.sequences++;
        else
            c.wrong++;
    }
    return c;
}

/* Windows-1252, 0x80..0x9f (WHATWG encoding standard, index windows-1252); 0: not assigned. */
static const uint16_t windows[32] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

static size_t decode_latin1(const char *s, size_t len, str *out)
{
    size_t repaired = 0, start = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char b = (unsigned char)s[i];
        if (b < 0x80) continue;
        str_put(out, s + start, i - start);
        uint32_t point = b >= 0xA0 ? b : windows[b - 0x80];
        repaired += point == 0;
        text_put_point(out, point ? point : 0xFFFD);
        start = i + 1;
    }
    str_put(out, s + start, len - start);
    return repaired;
}

text_encoding text_decode(const char *bytes, size_t len, str *out, size_t *repaired)
{
    *repaired = 0;
    if (len && memchr(bytes, '\0', len)) return TEXT_BINARY;
    census c = take_census(bytes, len);
    if (c.control > len / 200 || c.wrong > len / 10 * 3) return TEXT_BINARY;
    if (!c.wrong) return TEXT_UTF8;
    str_clear(out);
    if (c.wrong > c.sequences) {
        *repaired = decode_latin1(bytes, len, out);
        return TEXT_LATIN1;
    }
    *repaired = utf8_repair(bytes, len, out);
    return TEXT_REPAIRED;
}

size_t text_chars(pm_str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) n += ((unsigned char)text.ptr[i] & 0xC0u) != 0x80u;
    return n;
}
