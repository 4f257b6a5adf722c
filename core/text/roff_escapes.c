/* SPDX-License-Identifier: MIT
 *
 * The escapes of roff (groff(7), section "Escape short reference"): characters become characters, fonts, sizes, motions
 * and registers go.
 */
#include <string.h>

#include "text/roff.h"

/* A name as most escapes take it: x, (xx or [name]; i stands behind the letter. */
static pm_str name_at(pm_str s, size_t *i)
{
    pm_str name = {s.ptr + *i, 0};
    if (*i >= s.len) return name;
    if (s.ptr[*i] == '(') {
        name.ptr++;
        name.len = s.len - *i - 1 < 2 ? s.len - *i - 1 : 2;
        *i += 1 + name.len;
    } else if (s.ptr[*i] == '[') {
        const char *end = memchr(s.ptr + *i, ']', s.len - *i);
        name.ptr++;
        name.len = end ? (size_t)(end - name.ptr) : s.len - *i - 1;
        *i += 1 + name.len + (end != NULL);
    } else {
        name.len = 1;
        *i += 1;
    }
    return name;
}

/* 'text' with any byte as the quote. */
static pm_str quoted_at(pm_str s, size_t *i)
{
    if (*i >= s.len) return (pm_str){"", 0};
    char quote = s.ptr[(*i)++];
    size_t start = *i;
    while (*i < s.len && s.ptr[*i] != quote) (*i)++;
    pm_str text = {s.ptr + start, *i - start};
    if (*i < s.len) (*i)++;
    return text;
}

/* \s: a sign, then one digit, or two of which the first is 1 to 3; or a name. */
static void skip_size(pm_str s, size_t *i)
{
    if (*i < s.len && (s.ptr[*i] == '+' || s.ptr[*i] == '-')) (*i)++;
    if (*i < s.len && s.ptr[*i] == '\'') {
        (void)quoted_at(s, i);
    } else if (*i + 1 < s.len && s.ptr[*i] >= '1' && s.ptr[*i] <= '3' && s.ptr[*i + 1] >= '0' &&
               s.ptr[*i + 1] <= '9') {
        *i += 2;
    } else {
        (void)name_at(s, i);
    }
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

static uint32_t hex_of(const char *s, size_t len)
{
    uint32_t v = 0;
    for (size_t k = 0; k < len && v < 0x110000; k++)
        v = v * 16 + (uint32_t)(s[k] <= '9' ? s[k] - '0' : (s[k] | 32) - 'a' + 10);
    return v;
}

/* u00E9, u0065_0301 (each part a code point), charNNN. */
static bool put_numbered(pm_str name, str *out)
{
    if (name.len > 4 && memcmp(name.ptr, "char", 4) == 0) {
        uint32_t v = 0;
        for (size_t k = 4; k < name.len && k < 8; k++) {
            if (name.ptr[k] < '0' || name.ptr[k] > '9') return false;
            v = v * 10 + (uint32_t)(name.ptr[k] - '0');
        }
        text_put_point(out, v);
        return true;
    }
    if (name.len < 5 || name.ptr[0] != 'u') return false;
    for (size_t k = 1; k < name.len; k++)
        if (!is_hex(name.ptr[k]) && name.ptr[k] != '_') return false;
    for (size_t k = 1; k < name.len;) {
        size_t len = 0;
        while (k + len < name.len && name.ptr[k + len] != '_') len++;
        if (len) text_put_point(out, hex_of(name.ptr + k, len));
        k += len + 1;
    }
    return true;
}

static void put_char(pm_str name, str *out)
{
    uint32_t point = roff_char(name);
    if (point)
        text_put_point(out, point);
    else if (!put_numbered(name, out) && name.len == 1)
        str_put(out, name.ptr, 1);
}

/* Strings that macro packages define: quotes and signs; others are unknown here. */
static void put_string(pm_str name, str *out)
{
    if (pm_str_equal(name, "lq")) text_put_point(out, 0x201C);
    if (pm_str_equal(name, "rq")) text_put_point(out, 0x201D);
    if (pm_str_equal(name, "Aq")) str_puts(out, "'");
    if (pm_str_equal(name, "R")) text_put_point(out, 0xAE);
    if (pm_str_equal(name, "Tm")) text_put_point(out, 0x2122);
    if (pm_str_equal(name, "--")) str_puts(out, "-");
    if (pm_str_equal(name, "C+")) str_puts(out, "C++");
}

/* The escape behind a backslash; i at its letter, then behind it. */
static void take_escape(pm_str s, size_t *i, str *out)
{
    char c = s.ptr[(*i)++];
    switch (c) {
    case '(':
    case '[':
        (*i)--;
        put_char(name_at(s, i), out);
        break;
    case '-':
    case '_':
    case '.':
        str_put(out, &c, 1);
        break;
    case 'e':
    case 'E':
    case '\\':
        str_put(out, "\\", 1);
        break;
    case '\'':
        text_put_point(out, 0xB4);
        break;
    case '`':
        str_put(out, "`", 1);
        break;
    case ' ':
    case '~':
    case '0':
        str_put(out, " ", 1);
        break;
    case 't':
        str_put(out, "\t", 1);
        break;
    case '*':
        put_string(name_at(s, i), out);
        break;
    case 'f':
    case 'F':
    case 'n':
    case 'g':
    case 'k':
    case 'm':
    case 'M':
    case 'V':
    case 'Y':
        if (c == 'n' && *i < s.len && (s.ptr[*i] == '+' || s.ptr[*i] == '-')) (*i)++;
        (void)name_at(s, i);
        break;
    case 's':
        skip_size(s, i);
        break;
    case 'N': {
        pm_str number = quoted_at(s, i);
        if (number.len == 2 && memcmp(number.ptr, "39", 2) == 0) str_put(out, "'", 1);
        if (number.len == 2 && memcmp(number.ptr, "34", 2) == 0) str_put(out, "\"", 1);
        break;
    }
    case 'Z':
    case 'o':
        (void)roff_put(quoted_at(s, i), out);
        break;
    default:
        if (strchr("hvwlLDbABRSHxX", c))
            (void)quoted_at(s, i);
        else if (!strchr("&)/,|^%:{}!c\"zdurpa\n", c))
            str_put(out, &c, 1);
        break;
    }
}

bool roff_put(pm_str s, str *out)
{
    bool joined = false;
    for (size_t i = 0; i < s.len && !out->failed;) {
        const char *slash = memchr(s.ptr + i, '\\', s.len - i);
        size_t len = slash ? (size_t)(slash - s.ptr) - i : s.len - i;
        str_put(out, s.ptr + i, len);
        i += len;
        if (!slash || ++i >= s.len) break;
        if (s.ptr[i] == '"' || s.ptr[i] == '#') break; /* a comment */
        joined = s.ptr[i] == 'c' && i + 1 == s.len;
        take_escape(s, &i, out);
    }
    return joined;
}
