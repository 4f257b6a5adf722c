/* SPDX-License-Identifier: MIT
 *
 * Streams the records of a JSON file: first the end of a record (counting brackets outside strings), then its
 * fields in place.
 */
#include "data/records.h"

#include <stdio.h>
#include <string.h>

#include "data/rowbuf.h"
#include "data/scan.h"

enum { DEFAULT_RECORD = 64 << 20 };

typedef enum state { START, IN_ROW, IN_ARRAY, IN_OUTER, ENDED } state;

struct records {
    rowbuf in;
    scan s, inner;
    state at;
    bool first; /* no comma is due */
    bool found; /* the array of records in the outer object */
    bool is_member;
    str member, key;
    size_t max_bytes;
    size_t line, column; /* of in.begin: lines from 1, bytes of the line that are behind us */
    size_t record_line;
    size_t *line_end; /* offsets of the line ends in the piece at hand */
    size_t n_line_ends, room_line_ends;
    jsonl_field one; /* a member of the outer object */
};

pm_status records_open(const char *path, const char *member, size_t max_bytes, records **out,
                       pm_err *err)
{
    *out = NULL;
    records *r = mem_alloc(1, sizeof *r);
    if (!r) return err_set(err, PM_E_MEMORY, "%s: no memory", path);
    r->max_bytes = max_bytes ? max_bytes : DEFAULT_RECORD;
    r->line = 1;
    if (member) str_puts(&r->member, member);
    pm_status s = rowbuf_open(&r->in, path, err);
    if (s == PM_OK && (!(r->s.spare = arena_open(0)) || r->member.failed))
        s = err_set(err, PM_E_MEMORY, "%s: no memory", path);
    r->inner.spare = r->s.spare;
    if (s != PM_OK) {
        records_close(r);
        return s;
    }
    *out = r;
    return PM_OK;
}

void records_close(records *r)
{
    if (!r) return;
    scan_close(&r->s);
    scan_close(&r->inner);
    arena_close(r->s.spare);
    rowbuf_close(&r->in);
    str_close(&r->member);
    str_close(&r->key);
    mem_free(r->line_end);
    mem_free(r);
}

/* ---- steps over bytes ---- */

static void describe(const char *bad, const char *end, char out[32])
{
    unsigned char c = bad < end ? (unsigned char)*bad : 0;
    if (bad >= end)
        strcpy(out, "the end");
    else if (c == '"')
        strcpy(out, "'\"'");
    else if (c > 0x20 && c < 0x7f)
        snprintf(out, 32, "'%c'", c);
    else
        snprintf(out, 32, "byte 0x%02x", c);
}

/* Steps over `len` bytes whose line ends nobody has counted. */
static void step(records *r, size_t len)
{
    const char *at = r->in.at + r->in.begin, *end = at + len;
    for (const char *q = at; (q = memchr(q, '\n', (size_t)(end - q))); q++) {
        r->line++;
        r->column = 0;
        at = q + 1;
    }
    r->column += (size_t)(end - at);
    r->in.begin += len;
}

/* Steps over white space; *c is the byte that follows, 0 at the end of the file. */
static pm_status peek(records *r, char *c, pm_err *err)
{
    for (;;) {
        size_t len = 0, have = r->in.end - r->in.begin;
        const char *at = r->in.at + r->in.begin;
        while (len < have &&
               (at[len] == ' ' || at[len] == '\n' || at[len] == '\r' || at[len] == '\t'))
            len++;
        *c = len < have ? at[len] : 0;
        step(r, len);
        if (len < have) {
            if (!*c) *c = 1; /* a NUL byte is no end */
            return PM_OK;
        }
        if (r->in.eof) return PM_OK;
        pm_status s = rowbuf_more(&r->in, err);
        if (s != PM_OK) return s;
    }
}

static pm_status refuse_here(const records *r, const char *wanted, pm_err *err)
{
    char found[32];
    describe(r->in.at + r->in.begin, r->in.at + r->in.end, found);
    return err_set(err, PM_E_FORMAT, "%s:%zu: column %zu: found %s, wanted %s", r->in.path, r->line,
                   r->column + 1, found, wanted);
}

static pm_status expect(records *r, char want, const char *wanted, pm_err *err)
{
    char c;
    pm_status s = peek(r, &c, err);
    if (s != PM_OK) return s;
    if (c != want) return refuse_here(r, wanted, err);
    step(r, 1);
    return PM_OK;
}

/* How far the search for a value's end has come. */
typedef struct extent {
    size_t looked, depth;
    bool quoted;
} extent;

static bool is_behind_word(char c)
{
    return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool ends_string(const char *at, const char *quote)
{
    const char *p = quote;
    while (p > at && p[-1] == '\\') p--;
    return (quote - p) % 2 == 0;
}

/* True when the value that begins at at[0] ends within at[have]: e->looked is its length then. */
static bool find_end(extent *e, const char *at, size_t have)
{
    while (e->looked < have) {
        if (e->quoted) {
            const char *q = memchr(at + e->looked, '"', have - e->looked);
            e->looked = q ? (size_t)(q - at) + 1 : have;
            if (!q) return false;
            e->quoted = !ends_string(at, q);
            if (!e->quoted && !e->depth) return true;
            continue;
        }
        char c = at[e->looked];
        if (!e->depth && e->looked && is_behind_word(c)) return true;
        e->looked++;
        if (c == '"') e->quoted = true;
        if (c == '{' || c == '[') e->depth++;
        if ((c == '}' || c == ']') && e->depth && --e->depth == 0) return true;
    }
    return false;
}

/* The length of the value at in.begin, all of it in the buffer; what the file has of it when it stops too soon. */
static pm_status whole_value(records *r, size_t *len, pm_err *err)
{
    extent e = {0};
    for (;;) {
        bool ended = find_end(&e, r->in.at + r->in.begin, r->in.end - r->in.begin);
        if (e.looked > r->max_bytes)
            return err_set(err, PM_E_FORMAT,
                           "%s:%zu: a record of more than %zu bytes (a quote that never closes?)",
                           r->in.path, r->line, r->max_bytes);
        *len = e.looked;
        if (ended || r->in.eof) return PM_OK;
        pm_status s = rowbuf_more(&r->in, err);
        if (s != PM_OK) return s;
    }
}

/* ---- one value ---- */

/* Remembers the line ends of the piece before it is decoded in place. */
static bool note_lines(records *r, const char *at, size_t len)
{
    r->n_line_ends = 0;
    const char *end = at + len;
    for (const char *q = at; (q = memchr(q, '\n', (size_t)(end - q))); q++) {
        if (!mem_grow(&r->line_end, &r->room_line_ends, r->n_line_ends + 1, sizeof *r->line_end))
            return false;
        r->line_end[r->n_line_ends++] = (size_t)(q - at);
    }
    return true;
}

static pm_status refuse_inside(const records *r, const char *piece, pm_err *err)
{
    char found[32];
    if (r->s.no_memory) return err_set(err, PM_E_MEMORY, "%s: no memory for a record", r->in.path);
    describe(r->s.bad, r->s.end, found);
    size_t bad = (size_t)(r->s.bad - piece), k = 0;
    while (k < r->n_line_ends && r->line_end[k] < bad) k++;
    size_t column = k ? bad - r->line_end[k - 1] : r->column + bad + 1;
    return err_set(err, PM_E_FORMAT, "%s:%zu: column %zu: found %s, wanted %s", r->in.path,
                   r->line + k, column, found, r->s.wanted);
}

/* Decodes the value at in.begin: an object's fields into r->s.field, or any value into `any`. */
static pm_status decode(records *r, jsonl_field *any, pm_err *err)
{
    size_t len = 0;
    pm_status st = whole_value(r, &len, err);
    if (st != PM_OK) return st;
    char *piece = r->in.at + r->in.begin, *end = piece + len, kept = *end;
    if (!note_lines(r, piece, len))
        return err_set(err, PM_E_MEMORY, "%s: no memory for a record", r->in.path);
    arena_reset(r->s.spare);
    r->s.at = piece;
    r->s.end = end;
    *end = '\n';
    bool good = any ? scan_value(&r->s, any) : scan_object(&r->s);
    if (good && r->s.at != end) good = scan_refuse(&r->s, r->s.at, "the value's end");
    if (!good) st = refuse_inside(r, piece, err);
    *end = kept;
    if (!good) return st;
    r->record_line = r->line;
    r->line += r->n_line_ends;
    r->column = r->n_line_ends ? len - r->line_end[r->n_line_ends - 1] - 1 : r->column + len;
    r->in.begin += len;
    return PM_OK;
}

static pm_status give_object(records *r, const jsonl_field **fields, size_t *n, pm_err *err)
{
    static const jsonl_field none = {0};
    char c;
    pm_status s = peek(r, &c, err);
    if (s != PM_OK) return s;
    if (c != '{') return refuse_here(r, "an object: {\"name\": ...}", err);
    s = decode(r, NULL, err);
    if (s != PM_OK) return s;
    r->is_member = false;
    *fields = r->s.n_fields ? r->s.field : &none;
    *n = r->s.n_fields;
    return PM_OK;
}

/* ---- the file ---- */

static pm_status finish(records *r, pm_err *err)
{
    char c;
    pm_status s = peek(r, &c, err);
    if (s != PM_OK) return s;
    if (c) return refuse_here(r, "nothing more in the file", err);
    r->at = ENDED;
    return PM_OK;
}

static pm_status begin(records *r, pm_err *err)
{
    char c;
    pm_status s = peek(r, &c, err);
    if (s != PM_OK) return s;
    r->first = true;
    if (r->member.len) {
        r->at = IN_OUTER;
        return expect(r, '{', "an object", err);
    }
    r->at = c == '[' ? IN_ARRAY : c ? IN_ROW : ENDED;
    if (c == '[') step(r, 1);
    return PM_OK;
}

/* The next element of the array; nothing given: it has ended. */
static pm_status next_element(records *r, const jsonl_field **fields, size_t *n, pm_err *err)
{
    char c;
    pm_status s = peek(r, &c, err);
    if (s != PM_OK) return s;
    if (c == ']') {
        step(r, 1);
        r->first = false;
        r->at = IN_OUTER;
        return r->member.len ? PM_OK : finish(r, err);
    }
    if (!r->first) s = expect(r, ',', "',' or ']' behind a record", err);
    if (s != PM_OK) return s;
    r->first = false;
    return give_object(r, fields, n, err);
}

static pm_status read_key(records *r, pm_err *err)
{
    char c;
    jsonl_field key;
    pm_status s = peek(r, &c, err);
    if (s != PM_OK) return s;
    if (c != '"') return refuse_here(r, "a quoted key", err);
    s = decode(r, &key, err);
    if (s != PM_OK) return s;
    str_clear(&r->key);
    str_put(&r->key, key.text.ptr, key.text.len);
    if (r->key.failed) return err_set(err, PM_E_MEMORY, "%s: no memory", r->in.path);
    return expect(r, ':', "':' after a key", err);
}

/* The next member of the outer object; nothing given: it has ended, or the records begin. */
static pm_status next_member(records *r, const jsonl_field **fields, size_t *n, pm_err *err)
{
    char c;
    pm_status s = peek(r, &c, err);
    if (s != PM_OK) return s;
    if (c == '}') {
        if (!r->found)
            return err_set(err, PM_E_FORMAT, "%s:%zu: found no \"%s\", wanted an array of records",
                           r->in.path, r->line, str_text(&r->member));
        step(r, 1);
        return finish(r, err);
    }
    if (!r->first) s = expect(r, ',', "',' or '}' behind a member", err);
    if (s == PM_OK) s = read_key(r, err);
    if (s != PM_OK) return s;
    r->first = false;
    s = peek(r, &c, err);
    if (s != PM_OK) return s;
    if (strcmp(str_text(&r->key), str_text(&r->member)) == 0) {
        if (r->found) return refuse_here(r, "each key once (the records are there already)", err);
        r->found = r->first = true;
        r->at = IN_ARRAY;
        return expect(r, '[', "an array of records", err);
    }
    s = decode(r, &r->one, err);
    if (s != PM_OK) return s;
    r->one.key = (pm_str){str_text(&r->key), r->key.len};
    r->is_member = true;
    *fields = &r->one;
    *n = 1;
    return PM_OK;
}

pm_status records_next(records *r, const jsonl_field **fields, size_t *n, pm_err *err)
{
    *fields = NULL;
    *n = 0;
    pm_status s = r->at == START ? begin(r, err) : PM_OK;
    while (s == PM_OK && !*fields && r->at != ENDED) {
        char c;
        switch (r->at) {
        case IN_ARRAY:
            s = next_element(r, fields, n, err);
            break;
        case IN_OUTER:
            s = next_member(r, fields, n, err);
            break;
        default:
            s = peek(r, &c, err);
            if (s == PM_OK && !c)
                r->at = ENDED;
            else if (s == PM_OK)
                s = give_object(r, fields, n, err);
        }
    }
    if (s != PM_OK) r->at = ENDED;
    return s;
}

bool records_is_member(const records *r)
{
    return r->is_member;
}

size_t records_line(const records *r)
{
    return r->record_line;
}

size_t records_repaired(const records *r)
{
    return r->s.repaired + r->inner.repaired;
}

const char *records_path(const records *r)
{
    return r->in.path;
}

/* ---- inside a record ---- */

static pm_status refuse_value(const scan *s, pm_err *err)
{
    char found[32];
    if (s->no_memory) return err_set(err, PM_E_MEMORY, "no memory for a value");
    describe(s->bad, s->end, found);
    return err_set(err, PM_E_FORMAT, "found %s, wanted %s", found, s->wanted);
}

static bool scan_item(scan *s, bool keyed, jsonl_field *f)
{
    f->key = (pm_str){NULL, 0};
    if (!keyed) return scan_value(s, f);
    scan_space(s);
    if (s->at >= s->end || *s->at != '"') return scan_refuse(s, s->at, "a quoted key");
    if (!scan_value(s, f)) return false;
    pm_str key = f->text;
    scan_space(s);
    if (!scan_expect(s, ':', "':' after a key") || !scan_value(s, f)) return false;
    f->key = key;
    return true;
}

static pm_status values(scan *s, records_each each, void *arg, pm_err *err)
{
    scan_space(s);
    bool keyed = s->at < s->end && *s->at == '{';
    char close = keyed ? '}' : ']';
    if (!keyed && !scan_expect(s, '[', "an array")) return refuse_value(s, err);
    s->at += keyed;
    scan_space(s);
    if (s->at < s->end && *s->at == close) return PM_OK;
    for (size_t k = 0;; k++) {
        jsonl_field f;
        if (!scan_item(s, keyed, &f)) return refuse_value(s, err);
        if (!each(arg, &f, k, err)) return err ? err->status : PM_E_FORMAT;
        scan_space(s);
        if (s->at < s->end && *s->at == close) return PM_OK;
        if (!scan_expect(s, ',', keyed ? "',' or '}'" : "',' or ']'")) return refuse_value(s, err);
    }
}

pm_status records_values(records *r, pm_str raw, records_each each, void *arg, pm_err *err)
{
    scan s = {
        (char *)raw.ptr, (char *)raw.ptr + raw.len, r->s.spare, 0, NULL, NULL, false, NULL, 0, 0};
    pm_status status = values(&s, each, arg, err);
    r->s.repaired += s.repaired;
    return status;
}

pm_status records_values_of(char *text, size_t len, arena *spare, records_each each, void *arg,
                            pm_err *err)
{
    scan s = {text, text + len, spare, 0, NULL, NULL, false, NULL, 0, 0};
    text[len] = '\n';
    pm_status status = values(&s, each, arg, err);
    if (status != PM_OK) return status;
    s.at++;
    scan_space(&s);
    if (s.at == s.end) return PM_OK;
    (void)scan_refuse(&s, s.at, "nothing behind the array");
    return refuse_value(&s, err);
}

pm_status records_object(records *r, pm_str raw, const jsonl_field **fields, size_t *n, pm_err *err)
{
    scan *s = &r->inner;
    s->at = (char *)raw.ptr;
    s->end = s->at + raw.len;
    if (!scan_object(s)) return refuse_value(s, err);
    *fields = s->field;
    *n = s->n_fields;
    return PM_OK;
}
