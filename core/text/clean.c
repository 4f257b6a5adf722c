/* SPDX-License-Identifier: MIT
 *
 * Cleaning as a whole: the cleaner of a kind, then the tidying that all kinds share; and the few
 * functions on lines that the cleaners are made of.
 */
#include "text/clean.h"

#include <string.h>

#include "text/clean_private.h"

bool text_line(pm_str *rest, pm_str *line)
{
    if (rest->len == 0) return false;
    const char *end = memchr(rest->ptr, '\n', rest->len);
    size_t len = end ? (size_t)(end - rest->ptr) : rest->len;
    *line = (pm_str){rest->ptr, len};
    size_t step = end ? len + 1 : len;
    rest->ptr += step;
    rest->len -= step;
    if (line->len && line->ptr[line->len - 1] == '\r') line->len--;
    return true;
}

bool text_begins(pm_str s, const char *with)
{
    size_t len = strlen(with);
    return s.len >= len && memcmp(s.ptr, with, len) == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

pm_str text_trim(pm_str s)
{
    while (s.len && is_blank(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len && is_blank(s.ptr[s.len - 1])) s.len--;
    return s;
}

bool text_is_blank(pm_str s)
{
    return text_trim(s).len == 0;
}

static bool equal_fold(char a, char low)
{
    return a == low || (a >= 'A' && a <= 'Z' && a - 'A' + 'a' == low);
}

bool text_begins_fold(pm_str s, const char *with)
{
    size_t i = 0;
    while (with[i] && i < s.len && equal_fold(s.ptr[i], with[i])) i++;
    return !with[i];
}

bool text_holds_fold(pm_str s, const char *part)
{
    size_t len = strlen(part);
    for (; s.len >= len; s.ptr++, s.len--)
        if (equal_fold(s.ptr[0], part[0]) && text_begins_fold(s, part)) return true;
    return false;
}

void text_put_point(str *s, uint32_t c)
{
    char b[4];
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) c = 0xFFFD;
    if (c < 0x80) {
        b[0] = (char)c;
        str_put(s, b, 1);
    } else if (c < 0x800) {
        b[0] = (char)(0xC0 | c >> 6);
        b[1] = (char)(0x80 | (c & 0x3F));
        str_put(s, b, 2);
    } else if (c < 0x10000) {
        b[0] = (char)(0xE0 | c >> 12);
        b[1] = (char)(0x80 | (c >> 6 & 0x3F));
        b[2] = (char)(0x80 | (c & 0x3F));
        str_put(s, b, 3);
    } else {
        b[0] = (char)(0xF0 | c >> 18);
        b[1] = (char)(0x80 | (c >> 12 & 0x3F));
        b[2] = (char)(0x80 | (c >> 6 & 0x3F));
        b[3] = (char)(0x80 | (c & 0x3F));
        str_put(s, b, 4);
    }
}

/* The cleaner's text into `raw`. */
static const char *clean_kind(const text_source *from, str *raw)
{
    static void (*const cleaner[TEXT_KINDS])(const text_source *, str *) = {
        [TEXT_CODE] = clean_code,
        [TEXT_PERL] = clean_perl,
        [TEXT_POD] = clean_pod,
        [TEXT_HTML] = clean_html,
        [TEXT_FORTUNE] = clean_fortune,
        [TEXT_WORDNET] = clean_wordnet,
        [TEXT_DICTD] = clean_dictd,
        [TEXT_CHANGELOG] = clean_changelog,
        [TEXT_COPYRIGHT] = clean_copyright,
    };
    if (from->kind == TEXT_ROFF) return clean_roff(from, raw);
    cleaner[from->kind](from, raw);
    return NULL;
}

const char *text_clean(const text_source *from, str *out)
{
    str_clear(out);
    if (from->kind == TEXT_PLAIN) {
        text_tidy(from->text, out);
        return NULL;
    }
    str raw = STR_INIT;
    const char *why = clean_kind(from, &raw);
    if (!why) text_tidy((pm_str){str_text(&raw), raw.len}, out);
    out->failed = out->failed || raw.failed;
    str_close(&raw);
    return why;
}
