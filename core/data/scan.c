/* SPDX-License-Identifier: MIT
 *
 * The JSON scanner: eight bytes a step through strings, escapes decoded where they stand.  Values
 * that nest are checked but not decoded.
 */
#include "data/scan.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "data/number.h"

bool scan_refuse(scan *s, const char *bad, const char *wanted)
{
    s->bad = bad;
    s->wanted = wanted;
    return false;
}

void scan_close(scan *s)
{
    mem_free(s->field);
    s->field = NULL;
}

void scan_space(scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\r' || *s->at == '\n'))
        s->at++;
}

bool scan_expect(scan *s, char c, const char *wanted)
{
    if (s->at >= s->end || *s->at != c) return scan_refuse(s, s->at, wanted);
    s->at++;
    return true;
}

/* ---- strings ---- */

#define EACH(byte) (0x0101010101010101u * (uint64_t)(byte))

/* The high bit of each byte of x that ends a plain run: '"', '\\' or below 0x20.  Borrows can flag
 * further bytes above the first true one, so only "any" and "the lowest" may be asked. */
static inline uint64_t stops(uint64_t x)
{
    uint64_t quote = x ^ EACH('"'), slash = x ^ EACH('\\');
    uint64_t low = (x - EACH(0x20)) & ~x;
    return (((quote - EACH(1)) & ~quote) | ((slash - EACH(1)) & ~slash) | low) & EACH(0x80);
}

static inline bool is_stop(unsigned char c)
{
    return c == '"' || c == '\\' || c < 0x20;
}

/* Moves the plain run at `from` down to `to` (to <= from), returns its length.  A word is stored
 * only when it is plain to its end: the store then overwrites nothing that is still to be read. */
static size_t move_run(char *to, const char *from, uint64_t *seen)
{
    size_t i = 0;
    for (;;) {
        uint64_t x;
        memcpy(&x, from + i, sizeof x);
        if (stops(x)) break;
        memcpy(to + i, &x, sizeof x);
        *seen |= x;
        i += sizeof x;
    }
    for (; !is_stop((unsigned char)from[i]); i++) {
        *seen |= (unsigned char)from[i] & 0x80u;
        to[i] = from[i];
    }
    return i;
}

static size_t run_length(const char *from, uint64_t *seen)
{
    size_t i = 0;
    uint64_t x, high = 0;
    for (memcpy(&x, from, sizeof x); !stops(x); memcpy(&x, from + i, sizeof x)) {
        high |= x;
        i += sizeof x;
    }
    for (; !is_stop((unsigned char)from[i]); i++) high |= (unsigned char)from[i] & 0x80u;
    *seen |= high;
    return i;
}

static int hex4(const char *p)
{
    int v = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int d = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
        if (d < 0) return -1;
        v = v * 16 + d;
    }
    return v;
}

static size_t put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xc0 | c >> 6);
        to[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xe0 | c >> 12);
        to[1] = (char)(0x80 | (c >> 6 & 0x3f));
        to[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | c >> 18);
    to[1] = (char)(0x80 | (c >> 12 & 0x3f));
    to[2] = (char)(0x80 | (c >> 6 & 0x3f));
    to[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* The \uXXXX (or pair of them) at *p, which points at the 'u'; a lone surrogate gives U+FFFD. */
static size_t escape_u(scan *s, const char **p, char to[4], bool *lone)
{
    static const char digits[] = "four hexadecimal digits after \\u";
    if (s->end - *p < 5) return (void)scan_refuse(s, *p, digits), 0;
    int c = hex4(*p + 1);
    if (c < 0) return (void)scan_refuse(s, *p, digits), 0;
    *p += 5;
    if (c < 0xd800 || c > 0xdfff) return put_utf8(to, (uint32_t)c);
    if (c < 0xdc00 && s->end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u') {
        int low = hex4(*p + 2);
        if (low >= 0xdc00 && low <= 0xdfff) {
            *p += 6;
            return put_utf8(to,
                            0x10000u + ((uint32_t)(c - 0xd800) << 10 | (uint32_t)(low - 0xdc00)));
        }
    }
    *lone = true;
    return put_utf8(to, 0xfffd);
}

/* The escape at *p (the backslash) into to[4]; its length, 0 if it is none. */
static size_t escape(scan *s, const char **p, char to[4], bool *lone)
{
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    if (s->end - *p < 2) return (void)scan_refuse(s, s->end, "the rest of an escape"), 0;
    char c = (*p)[1];
    if (c == 'u') {
        ++*p;
        return escape_u(s, p, to, lone);
    }
    const char *known = c ? strchr(from, c) : NULL;
    if (!known)
        return (void)scan_refuse(s, *p + 1, "one of \" \\ / b f n r t u after a backslash"), 0;
    to[0] = into[known - from];
    *p += 2;
    return 1;
}

/* Length of the valid UTF-8 sequence at p, 0 if there is none (overlong forms and surrogates too). */
static size_t sequence(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80) return 1;
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || left < n) return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f)) return 0;
    if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f)) return 0;
    return n;
}

static bool all_valid(const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    for (size_t i = 0; i < len;) {
        uint64_t x;
        if (len - i >= sizeof x && (memcpy(&x, p + i, sizeof x), !(x & EACH(0x80)))) {
            i += sizeof x;
            continue;
        }
        size_t n = sequence(p + i, len - i);
        if (!n) return false;
        i += n;
    }
    return true;
}

/* A copy in the spare arena with U+FFFD for each byte that belongs to no sequence. */
static bool repair(scan *s, pm_str *t)
{
    char *to = arena_alloc(s->spare, t->len + SCAN_PAD, 3);
    if (!to) {
        s->no_memory = true;
        return scan_refuse(s, s->at, "memory");
    }
    size_t used = 0;
    for (size_t i = 0; i < t->len;) {
        size_t n = sequence((const unsigned char *)t->ptr + i, t->len - i);
        if (n) memcpy(to + used, t->ptr + i, n);
        used += n ? n : put_utf8(to + used, 0xfffd);
        i += n ? n : 1;
    }
    to[used] = '\n';
    t->ptr = to;
    t->len = used;
    s->repaired++;
    return true;
}

static bool string_ends(scan *s, const char *p)
{
    if (p >= s->end) return scan_refuse(s, s->end, "the closing quote of a string");
    if (*p == '"' || *p == '\\') return true;
    return scan_refuse(s, p, "no raw control character in a string (write it as an escape)");
}

/* The rest of a string that has escapes: decoded downwards from p on.  Returns the end of the
 * decoded text; s->at is then behind the closing quote. */
static char *decode(scan *s, char *p, uint64_t *seen, bool *lone)
{
    char *to = p;
    const char *from = p;
    for (;;) {
        if (from > s->end || !string_ends(s, from)) return NULL;
        if (*from == '"') break;
        char bytes[4];
        size_t n = escape(s, &from, bytes, lone);
        if (!n) return NULL;
        memcpy(to, bytes, n);
        to += n;
        n = move_run(to, from, seen);
        to += n;
        from += n;
    }
    s->at += from + 1 - s->at;
    return to;
}

/* The string whose opening quote is at s->at. */
static bool scan_string(scan *s, pm_str *out)
{
    char *start = s->at + 1;
    uint64_t seen = 0;
    bool lone = false;
    char *stop = start + run_length(start, &seen);
    if (!string_ends(s, stop)) return false;
    char *end = stop;
    if (*stop == '"')
        s->at = stop + 1;
    else if (!(end = decode(s, stop, &seen, &lone)))
        return false;
    out->ptr = start;
    out->len = (size_t)(end - start);
    if ((seen & EACH(0x80)) && !all_valid(out->ptr, out->len)) return repair(s, out);
    s->repaired += lone;
    return true;
}

/* Steps over a string without decoding it; its bytes' high bits join *seen. */
static bool skip_string(scan *s, uint64_t *seen)
{
    const char *p = s->at + 1;
    for (;;) {
        p += run_length(p, seen);
        if (!string_ends(s, p)) return false;
        if (*p == '"') break;
        char bytes[4];
        bool lone;
        if (!escape(s, &p, bytes, &lone)) return false;
        if (p > s->end) return scan_refuse(s, s->end, "the closing quote of a string");
    }
    s->at += p + 1 - s->at;
    return true;
}

/* ---- other values ---- */

static bool scan_word(scan *s, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0)
        return scan_refuse(s, s->at, "a JSON value");
    s->at += n;
    return true;
}

static bool scan_number(scan *s, jsonl_field *f)
{
    size_t n = number_parse(s->at, (size_t)(s->end - s->at), &f->number);
    if (!n)
        return scan_refuse(s, s->at,
                           *s->at == 'N' || *s->at == 'I' || *s->at == '-'
                               ? "a number (NaN and Infinity are not JSON: use null)"
                               : "a JSON value");
    if (isinf(f->number)) return scan_refuse(s, s->at, "a number that fits a double");
    const char *next = s->at + n;
    if (next < s->end && *next >= '0' && *next <= '9')
        return scan_refuse(s, s->at, "a number without leading zeros");
    f->kind = JSONL_NUMBER;
    f->text = (pm_str){s->at, n};
    s->at += n;
    return true;
}

/* A number inside a RAW value: the rules of scan_number, its value only where it could be too large. */
static bool skip_number(scan *s)
{
    jsonl_field unused;
    size_t n = number_length(s->at, (size_t)(s->end - s->at));
    if (!n || n > 300 || memchr(s->at, 'e', n) || memchr(s->at, 'E', n))
        return scan_number(s, &unused);
    const char *next = s->at + n;
    if (next < s->end && *next >= '0' && *next <= '9')
        return scan_refuse(s, s->at, "a number without leading zeros");
    s->at += n;
    return true;
}

static bool skip_value(scan *s, int depth, uint64_t *seen);

static bool skip_members(scan *s, int depth, uint64_t *seen, bool object)
{
    char close = object ? '}' : ']';
    s->at++;
    scan_space(s);
    if (s->at < s->end && *s->at == close) {
        s->at++;
        return true;
    }
    for (;;) {
        scan_space(s);
        if (object) {
            if (s->at >= s->end || *s->at != '"') return scan_refuse(s, s->at, "a quoted key");
            if (!skip_string(s, seen)) return false;
            scan_space(s);
            if (!scan_expect(s, ':', "':' after a key")) return false;
        }
        if (!skip_value(s, depth, seen)) return false;
        scan_space(s);
        if (s->at < s->end && *s->at == close) break;
        if (!scan_expect(s, ',', object ? "',' or '}'" : "',' or ']'")) return false;
    }
    s->at++;
    return true;
}

static bool skip_value(scan *s, int depth, uint64_t *seen)
{
    scan_space(s);
    if (s->at >= s->end) return scan_refuse(s, s->end, "a JSON value");
    switch (*s->at) {
    case '"':
        return skip_string(s, seen);
    case '{':
    case '[':
        if (depth >= SCAN_DEPTH) return scan_refuse(s, s->at, "at most 64 levels of nesting");
        return skip_members(s, depth + 1, seen, *s->at == '{');
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    default:
        return skip_number(s);
    }
}

static bool scan_raw(scan *s, jsonl_field *f)
{
    const char *start = s->at;
    uint64_t seen = 0;
    if (!skip_value(s, 0, &seen)) return false;
    f->kind = JSONL_RAW;
    f->text = (pm_str){start, (size_t)(s->at - start)};
    if ((seen & EACH(0x80)) && !all_valid(start, f->text.len)) return repair(s, &f->text);
    return true;
}

bool scan_value(scan *s, jsonl_field *f)
{
    scan_space(s);
    if (s->at >= s->end) return scan_refuse(s, s->end, "a JSON value");
    const char *start = s->at;
    f->number = 0;
    switch (*start) {
    case '"':
        f->kind = JSONL_STRING;
        return scan_string(s, &f->text);
    case '{':
    case '[':
        return scan_raw(s, f);
    case 't':
    case 'f':
        f->kind = JSONL_BOOL;
        f->number = *start == 't';
        if (!scan_word(s, *start == 't' ? "true" : "false")) return false;
        break;
    case 'n':
        f->kind = JSONL_NULL;
        if (!scan_word(s, "null")) return false;
        break;
    default:
        return scan_number(s, f);
    }
    f->text = (pm_str){start, (size_t)(s->at - start)};
    return true;
}

/* ---- objects ---- */

static bool same(pm_str a, pm_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static bool scan_field(scan *s)
{
    scan_space(s);
    if (s->at >= s->end || *s->at != '"') return scan_refuse(s, s->at, "a quoted key");
    if (s->n_fields == SCAN_FIELDS) return scan_refuse(s, s->at, "at most 1024 fields");
    if (!mem_grow(&s->field, &s->capacity, s->n_fields + 1, sizeof *s->field)) {
        s->no_memory = true;
        return scan_refuse(s, s->at, "memory");
    }
    const char *start = s->at;
    jsonl_field *f = &s->field[s->n_fields];
    if (!scan_string(s, &f->key)) return false;
    for (size_t k = 0; k < s->n_fields; k++)
        if (same(s->field[k].key, f->key))
            return scan_refuse(s, start, "each key once (this one is there already)");
    scan_space(s);
    if (!scan_expect(s, ':', "':' after a key") || !scan_value(s, f)) return false;
    s->n_fields++;
    return true;
}

bool scan_object(scan *s)
{
    s->n_fields = 0;
    scan_space(s);
    if (!scan_expect(s, '{', "an object: {\"id\": ...}")) return false;
    scan_space(s);
    if (s->at < s->end && *s->at == '}') {
        s->at++;
        return true;
    }
    for (;;) {
        if (!scan_field(s)) return false;
        scan_space(s);
        if (s->at < s->end && *s->at == '}') break;
        if (!scan_expect(s, ',', "',' or '}'")) return false;
    }
    s->at++;
    return true;
}
