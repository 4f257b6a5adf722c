/* SPDX-License-Identifier: MIT
 *
 * The growing string, its JSON forms, and edit distance.  Numbers are written without regard to the
 * process' locale, because a host application may have set one.
 */
#include "base/str.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

#define NAME_MAX_BYTES 64

void str_close(str *s)
{
    mem_free(s->at);
    *s = (str)STR_INIT;
}

void str_clear(str *s)
{
    s->len = 0;
    s->failed = false;
    if (s->at) s->at[0] = '\0';
}

/* Room for `more` bytes and the NUL. */
static bool reserve(str *s, size_t more)
{
    if (s->failed) return false;
    if (more > PTRDIFF_MAX - s->len - 1 || !mem_grow(&s->at, &s->capacity, s->len + more + 1, 1)) {
        s->failed = true;
    }
    return !s->failed;
}

void str_put(str *s, const char *text, size_t len)
{
    if (!reserve(s, len)) return;
    if (len > 0) memcpy(s->at + s->len, text, len);
    s->len += len;
    s->at[s->len] = '\0';
}

void str_puts(str *s, const char *text)
{
    str_put(s, text, strlen(text));
}

void str_printf(str *s, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (len < 0) {
        s->failed = true;
    } else if (reserve(s, (size_t)len)) {
        vsnprintf(s->at + s->len, (size_t)len + 1, fmt, again);
        s->len += (size_t)len;
    }
    va_end(again);
}

static void put_escaped(str *s, unsigned char c)
{
    switch (c) {
    case '"':
        str_puts(s, "\\\"");
        break;
    case '\\':
        str_puts(s, "\\\\");
        break;
    case '\b':
        str_puts(s, "\\b");
        break;
    case '\f':
        str_puts(s, "\\f");
        break;
    case '\n':
        str_puts(s, "\\n");
        break;
    case '\r':
        str_puts(s, "\\r");
        break;
    case '\t':
        str_puts(s, "\\t");
        break;
    default:
        str_printf(s, "\\u%04x", c);
        break;
    }
}

/* Length of the run of ASCII that JSON takes as it is, eight bytes a step: most of every text. */
static size_t plain_run(const char *text, size_t len)
{
    const uint64_t each = 0x0101010101010101u;
    size_t i = 0;
    for (uint64_t x; len - i >= sizeof x; i += sizeof x) {
        memcpy(&x, text + i, sizeof x);
        uint64_t quote = x ^ each * '"', slash = x ^ each * '\\';
        if ((x | (x - each * 0x20) | (quote - each) | (slash - each)) & each * 0x80) break;
    }
    for (; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\') break;
    }
    return i;
}

void str_json(str *s, const char *text, size_t len)
{
    str_put(s, "\"", 1);
    size_t start = 0, i = 0;
    for (;;) {
        i += plain_run(text + i, len - i);
        if (i == len) break;
        size_t at = i;
        unsigned char c = (unsigned char)text[at];
        uint32_t point = utf8_next(text, len, &i);
        bool invalid = point == 0xFFFDu && i - at == 1;
        if (!invalid && c >= 0x20 && c != '"' && c != '\\') continue;
        str_put(s, text + start, at - start);
        if (invalid) {
            str_puts(s, "\xEF\xBF\xBD");
        } else {
            put_escaped(s, c);
        }
        start = i;
    }
    if (len > start) str_put(s, text + start, len - start);
    str_put(s, "\"", 1);
}

/* Appends a number in the locale's form with a point instead of its decimal sign. */
static void put_pointed(str *s, const char *text)
{
    const char *sign = localeconv()->decimal_point;
    const char *found = sign[0] ? strstr(text, sign) : NULL;
    if (!found) {
        str_puts(s, text);
        return;
    }
    str_put(s, text, (size_t)(found - text));
    str_put(s, ".", 1);
    str_puts(s, found + strlen(sign));
}

void str_number(str *s, double v)
{
    if (!isfinite(v)) {
        str_puts(s, "null");
        return;
    }
    char text[40];
    /* 15 digits always survive in a normal double; subnormals have fewer to give. */
    for (int digits = fabs(v) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v) break;
    }
    put_pointed(s, text);
}

/* The digits of v as a whole number over a power of ten, when one of at most nine digits reads back equal; the
 * quotient is correctly rounded because both are exact (Clinger 1990).  *power: digits behind the point. */
static bool short_decimal(double v, uint32_t *digits, int *power)
{
    static const double ten[] = {1e0, 1e1, 1e2, 1e3,  1e4,  1e5,  1e6,
                                 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13};
    for (int k = 0; k < (int)(sizeof ten / sizeof *ten); k++) {
        double scaled = rint(v * ten[k]), back = scaled / ten[k];
        if (scaled >= 1e9) return false;
        uint64_t bits;
        memcpy(&bits, &back, sizeof bits);
        /* half way between two floats the double says nothing about the decimal */
        if ((double)(float)back != v || (bits & 0x1fffffffu) == 0x10000000u) continue;
        *digits = (uint32_t)scaled;
        *power = k;
        return true;
    }
    return false;
}

/* What "%.*g" writes of numbers from 1e-4 to below 1e6. */
static void put_decimal(str *s, uint32_t digits, int power, bool negative)
{
    char text[24], *at = text + sizeof text;
    int behind = 0;
    for (; power > 0; power--, behind++) {
        *--at = (char)('0' + digits % 10);
        digits /= 10;
    }
    if (behind) *--at = '.';
    do *--at = (char)('0' + digits % 10);
    while (digits /= 10);
    if (negative) *--at = '-';
    str_put(s, at, (size_t)(text + sizeof text - at));
}

void str_float(str *s, float v)
{
    if (!isfinite(v)) {
        str_puts(s, "null");
        return;
    }
    uint32_t whole;
    int power;
    double size = fabs((double)v);
    if ((size == 0 || (size >= 1e-4 && size < 1e6)) && short_decimal(size, &whole, &power)) {
        put_decimal(s, whole, power, signbit(v));
        return;
    }
    char text[40];
    for (int digits = fabsf(v) < FLT_MIN ? 1 : 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)v);
        if (strtof(text, NULL) == v) break;
    }
    put_pointed(s, text);
}

const char *str_text(const str *s)
{
    return s->at ? s->at : "";
}

bool pm_str_equal(pm_str a, const char *b)
{
    size_t len = strlen(b);
    return a.len == len && (len == 0 || memcmp(a.ptr, b, len) == 0);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t str_distance(const char *a, const char *b)
{
    size_t na = strlen(a), nb = strlen(b);
    if (na > NAME_MAX_BYTES || nb > NAME_MAX_BYTES) return NAME_MAX_BYTES;
    size_t row[3][NAME_MAX_BYTES + 1] = {
        {0}}; /* row i % 3 of the table; transposition needs two back */
    for (size_t j = 0; j <= nb; j++) row[0][j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t *now = row[i % 3], *last = row[(i + 2) % 3], *older = row[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t cost = a[i - 1] != b[j - 1];
            now[j] = least(least(last[j] + 1, now[j - 1] + 1), last[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                now[j] = least(now[j], older[j - 2] + 1);
            }
        }
    }
    return row[na % 3][nb];
}

const char *str_suggest(const char *name, const char *const *candidates, size_t n)
{
    const char *best = NULL;
    size_t bound = 1 + strlen(name) / 3;
    for (size_t c = 0; c < n; c++) {
        if (!candidates[c]) continue;
        size_t d = str_distance(name, candidates[c]);
        if (d > bound || (best && d == bound)) continue;
        bound = d;
        best = candidates[c];
    }
    return best;
}
