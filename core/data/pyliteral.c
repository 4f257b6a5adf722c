/* SPDX-License-Identifier: MIT
 *
 * Python list literals of texts.
 */
#include "data/pyliteral.h"

#include <stdio.h>
#include <string.h>

typedef struct reading {
    const char *at, *begin, *end;
    str *out; /* where the text at hand goes; NULL: nowhere */
    str key;
    pyliteral *told;
    pm_err *err;
} reading;

static pm_status refuse(const reading *r, const char *wanted)
{
    char found[24] = "the end";
    unsigned char c = r->at < r->end ? (unsigned char)*r->at : 0;
    if (r->at < r->end)
        snprintf(found, sizeof found, c > 0x20 && c < 0x7f ? "'%c'" : "byte 0x%02x", c);
    return err_set(r->err, PM_E_FORMAT, "character %zu: found %s, wanted %s",
                   utf8_count(r->begin, (size_t)(r->at - r->begin)) + 1, found, wanted);
}

static void space(reading *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
        r->at++;
}

static bool next_is(reading *r, char c)
{
    space(r);
    if (r->at >= r->end || *r->at != c) return false;
    r->at++;
    return true;
}

/* ---- texts ---- */

static void put_code(str *out, uint32_t c)
{
    char bytes[4];
    size_t n = 1;
    if ((c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff) c = 0xfffd;
    if (c < 0x80) {
        bytes[0] = (char)c;
    } else if (c < 0x800) {
        n = 2;
        bytes[0] = (char)(0xc0 | c >> 6);
    } else if (c < 0x10000) {
        n = 3;
        bytes[0] = (char)(0xe0 | c >> 12);
        bytes[1] = (char)(0x80 | (c >> 6 & 0x3f));
    } else {
        n = 4;
        bytes[0] = (char)(0xf0 | c >> 18);
        bytes[1] = (char)(0x80 | (c >> 12 & 0x3f));
        bytes[2] = (char)(0x80 | (c >> 6 & 0x3f));
    }
    if (n > 1) bytes[n - 1] = (char)(0x80 | (c & 0x3f));
    str_put(out, bytes, n);
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return 99;
}

/* `most` digits of that base, at least `least` of them. */
static pm_status digits(reading *r, int base, int least, int most, str *out)
{
    uint32_t code = 0;
    int n = 0;
    while (n < most && r->at < r->end && digit_of(*r->at) < base) {
        code = code * (uint32_t)base + (uint32_t)digit_of(*r->at++);
        n++;
    }
    if (n < least) return refuse(r, "more digits of an escape");
    put_code(out, code);
    return PM_OK;
}

static pm_status escape(reading *r, str *out)
{
    static const char from[] = "\\'\"abfnrtv", into[] = "\\'\"\a\b\f\n\r\t\v";
    if (r->at >= r->end) return refuse(r, "the rest of an escape");
    char c = *r->at;
    if (c >= '0' && c <= '7') return digits(r, 8, 1, 3, out);
    r->at++;
    if (c == 'x') return digits(r, 16, 2, 2, out);
    if (c == 'u') return digits(r, 16, 4, 4, out);
    if (c == 'U') return digits(r, 16, 8, 8, out);
    const char *known = c ? strchr(from, c) : NULL;
    if (known) {
        str_put(out, &into[known - from], 1);
        return PM_OK;
    }
    if (c == '\n') return PM_OK;
    str_put(out, "\\", 1); /* Python keeps the backslash of an escape that it does not know */
    str_put(out, &c, 1);
    return PM_OK;
}

/* The text whose quote is at r->at. */
static pm_status text(reading *r, str *out)
{
    char quote = *r->at++;
    while (r->at < r->end && *r->at != quote) {
        const char *from = r->at;
        while (r->at < r->end && *r->at != quote && *r->at != '\\') r->at++;
        if (utf8_valid(from, (size_t)(r->at - from), NULL))
            str_put(out, from, (size_t)(r->at - from));
        else
            (void)utf8_repair(from, (size_t)(r->at - from), out);
        if (r->at >= r->end || *r->at == quote) break;
        r->at++;
        pm_status s = escape(r, out);
        if (s != PM_OK) return s;
    }
    if (r->at >= r->end) return refuse(r, "the closing quote");
    r->at++;
    return PM_OK;
}

static bool at_quote(reading *r)
{
    space(r);
    return r->at < r->end && (*r->at == '\'' || *r->at == '"');
}

/* A text of the list: a blank line stands before all but the first. */
static pm_status listed(reading *r)
{
    if (r->told->n++) str_puts(r->out, "\n\n");
    size_t before = r->out->len;
    pm_status s = text(r, r->out);
    if (s == PM_OK)
        r->told->characters += utf8_count(str_text(r->out) + before, r->out->len - before);
    return s;
}

/* {'role': 'user', 'content': '...'} behind its '{'. */
static pm_status message(reading *r)
{
    bool has_content = false;
    while (!next_is(r, '}')) {
        if (!at_quote(r)) return refuse(r, "a quoted key or '}'");
        str_clear(&r->key);
        pm_status s = text(r, &r->key);
        if (s != PM_OK) return s;
        if (!next_is(r, ':')) return refuse(r, "':' after a key");
        if (!at_quote(r)) return refuse(r, "a text");
        bool content = strcmp(str_text(&r->key), "content") == 0;
        has_content |= content;
        str_clear(&r->key);
        s = content ? listed(r) : text(r, &r->key);
        if (s != PM_OK) return s;
        if (next_is(r, ',')) continue;
        if (!next_is(r, '}')) return refuse(r, "',' or '}'");
        break;
    }
    return has_content ? PM_OK : refuse(r, "a message with 'content'");
}

static pm_status list(reading *r, char close)
{
    while (!next_is(r, close)) {
        pm_status s;
        if (next_is(r, '{'))
            s = message(r);
        else
            s = at_quote(r) ? listed(r) : refuse(r, "a quoted text");
        if (s != PM_OK) return s;
        if (next_is(r, ',')) continue;
        if (!next_is(r, close)) return refuse(r, "',' or the end of the list");
        break;
    }
    return PM_OK;
}

bool pyliteral_begins(pm_str cell)
{
    size_t i = 0;
    if (cell.len < 2 || (cell.ptr[0] != '[' && cell.ptr[0] != '(')) return false;
    for (i = 1; i < cell.len && cell.ptr[i] == ' ';) i++;
    return i < cell.len && strchr("'\"{])", cell.ptr[i]) != NULL && cell.ptr[i] != '\0';
}

pm_status pyliteral_texts(pm_str literal, str *out, pyliteral *told, pm_err *err)
{
    reading r = {literal.ptr, literal.ptr, literal.ptr + literal.len, out, STR_INIT, told, err};
    pm_status s;
    told->n = told->characters = 0;
    if (next_is(&r, '['))
        s = list(&r, ']');
    else if (next_is(&r, '('))
        s = list(&r, ')');
    else
        s = at_quote(&r) ? listed(&r) : refuse(&r, "a list of texts");
    space(&r);
    if (s == PM_OK && r.at != r.end) s = refuse(&r, "nothing behind the list");
    if (s == PM_OK && (out->failed || r.key.failed))
        s = err_set(err, PM_E_MEMORY, "no memory for a text");
    str_close(&r.key);
    return s;
}
