/* SPDX-License-Identifier: MIT
 *
 * Decimal numbers of data files.  The exact case covers nearly every cell that people write; strtod
 * takes the rest from a terminated copy.
 */
#include "data/number.h"

#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { EXACT_DIGITS = 15, EXACT_POWER = 22, SHORT_NUMBER = 64 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Length of the JSON number at s, and where its parts lie. */
typedef struct parts {
    size_t whole, whole_end; /* digits before the point */
    size_t frac, frac_end;   /* digits after it, empty if none */
    int exponent;            /* clamped to +-99999 */
    size_t end;              /* 0: no number */
} parts;

static void scan_exponent(const char *s, size_t len, parts *p)
{
    size_t i = p->end;
    if (i >= len || (s[i] != 'e' && s[i] != 'E')) return;
    i++;
    bool negative = i < len && s[i] == '-';
    if (i < len && (s[i] == '-' || s[i] == '+')) i++;
    if (i >= len || !is_digit(s[i])) return;
    int e = 0;
    for (; i < len && is_digit(s[i]); i++)
        if (e < 99999) e = e * 10 + (s[i] - '0');
    p->exponent = negative ? -e : e;
    p->end = i;
}

static parts scan_parts(const char *s, size_t len)
{
    parts p = {0};
    size_t i = len && s[0] == '-' ? 1 : 0;
    p.whole = i;
    if (i >= len || !is_digit(s[i])) return p;
    if (s[i] == '0')
        i++;
    else
        while (i < len && is_digit(s[i])) i++;
    p.whole_end = p.frac = p.frac_end = p.end = i;
    if (i + 1 < len && s[i] == '.' && is_digit(s[i + 1])) {
        p.frac = ++i;
        while (i < len && is_digit(s[i])) i++;
        p.frac_end = p.end = i;
    }
    scan_exponent(s, len, &p);
    return p;
}

static double by_strtod(const char *s, size_t len)
{
    char copy[SHORT_NUMBER], *long_copy = NULL, *at = copy;
    if (len >= sizeof copy) {
        long_copy = mem_alloc(len + 1, 1);
        if (!long_copy)
            len = sizeof copy - 1; /* digits beyond the 63rd move the last bit at most */
        else
            at = long_copy;
    }
    memcpy(at, s, len);
    at[len] = '\0';
    char *point = memchr(at, '.', len);
    if (point) *point = *localeconv()->decimal_point; /* strtod reads as the locale writes */
    double v = strtod(at, NULL);
    mem_free(long_copy);
    return v;
}

size_t number_parse(const char *s, size_t len, double *out)
{
    static const double power[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    parts p = scan_parts(s, len);
    if (!p.end) return 0;
    size_t digits = (p.whole_end - p.whole) + (p.frac_end - p.frac);
    int shift = p.exponent - (int)(digits <= EXACT_DIGITS ? p.frac_end - p.frac : 0);
    if (digits > EXACT_DIGITS || shift > EXACT_POWER || shift < -EXACT_POWER) {
        *out = by_strtod(s, p.end);
        return p.end;
    }
    uint64_t mantissa = 0;
    for (size_t i = p.whole; i < p.whole_end; i++)
        mantissa = mantissa * 10 + (uint64_t)(s[i] - '0');
    for (size_t i = p.frac; i < p.frac_end; i++) mantissa = mantissa * 10 + (uint64_t)(s[i] - '0');
    double v = shift < 0 ? (double)mantissa / power[-shift] : (double)mantissa * power[shift];
    *out = s[0] == '-' ? -v : v;
    return p.end;
}

size_t number_length(const char *s, size_t len)
{
    return scan_parts(s, len).end;
}

/* ---- arrays of floats ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Eight digits at once (Lemire 2018, "Quickly parsing eight digits"): false unless all of them are. */
static bool eight_digits(const char *s, uint64_t *value)
{
    uint64_t x;
    memcpy(&x, s, sizeof x);
    if (((x & 0xf0f0f0f0f0f0f0f0u) | ((x + 0x0606060606060606u) & 0xf0f0f0f0f0f0f0f0u) >> 4) !=
        0x3333333333333333u)
        return false;
    x = (x & 0x0f0f0f0f0f0f0f0fu) * 2561 >> 8;
    x = (x & 0x00ff00ff00ff00ffu) * 6553601 >> 16;
    *value = (x & 0x0000ffff0000ffffu) * 42949672960001u >> 32;
    return true;
}

static const char *take_digits(const char *at, const char *end, uint64_t *mantissa)
{
    uint64_t part;
    while (end - at >= 8 && eight_digits(at, &part)) {
        *mantissa = *mantissa * 100000000u + part;
        at += 8;
    }
    for (; at < end && is_digit(*at); at++) *mantissa = *mantissa * 10 + (uint64_t)(*at - '0');
    return at;
}

/* "-0.0123456789012345" and its like: up to 19 digits, no exponent.  The quotient of the rounded mantissa is off by
 * less than 2^-51 of itself, so it decides the float unless it lies that near to the middle of two. */
static const char *plain_float(const char *at, const char *end, float *out)
{
    static const double power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,
                                   1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19};
    uint64_t mantissa = 0, bits;
    bool negative = *at == '-';
    const char *whole = at + negative, *point = take_digits(whole, end, &mantissa), *stop = point;
    if (point == whole || (*whole == '0' && point - whole > 1)) return NULL;
    if (point < end && *point == '.') {
        stop = take_digits(point + 1, end, &mantissa);
        if (stop == point + 1) return NULL;
    }
    size_t behind = stop > point ? (size_t)(stop - point) - 1 : 0;
    if ((size_t)(point - whole) + behind > 19 || (stop < end && (*stop == 'e' || *stop == 'E')))
        return NULL;
    double v = (double)mantissa / power[behind];
    memcpy(&bits, &v, sizeof bits);
    uint64_t low = bits & 0x1fffffffu;
    if ((low > 0x10000000u - 8 && low < 0x10000000u + 8) || (v != 0 && v < 1e-37) || v > 1e38)
        return NULL;
    *out = (float)(negative ? -v : v);
    return stop;
}

bool number_array(const char *s, size_t len, float *out, size_t room, size_t *n, bool *full)
{
    const char *at = s, *end = s + len;
    *n = 0;
    *full = false;
    if (at == end || *at++ != '[') return false;
    while (at < end && is_space(*at)) at++;
    if (at < end && *at == ']') return true;
    for (size_t k = 0;; k++) {
        double v;
        if (k == room) {
            *full = true;
            return false;
        }
        while (at < end && is_space(*at)) at++;
        if (at == end) return false;
        const char *stop = plain_float(at, end, &out[k]);
        if (!stop) {
            size_t used = number_parse(at, (size_t)(end - at), &v);
            if (!used || fabs(v) > 3.4028234e38) return false;
            out[k] = (float)v;
            stop = at + used;
        }
        for (at = stop; at < end && is_space(*at);) at++;
        *n = k + 1;
        if (at == end) return false;
        if (*at == ']') return true;
        if (*at++ != ',') return false;
    }
}
