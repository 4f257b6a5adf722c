/* SPDX-License-Identifier: MIT
 *
 * Streaming CSV: first the end of a record (counting quotes), then its fields in place.
 */
#include "data/csv.h"

#include <math.h>
#include <string.h>

#include "data/number.h"
#include "data/rowbuf.h"

enum { DEFAULT_ROW = 16 << 20 };

struct csv {
    rowbuf in;
    pm_str *field;
    size_t n_fields, capacity;
    size_t line, next_line, max_row;
};

pm_status csv_open(const char *path, size_t max_row_bytes, csv **out, pm_err *err)
{
    *out = NULL;
    csv *c = mem_alloc(1, sizeof *c);
    if (!c) return err_set(err, PM_E_MEMORY, "%s: no memory", path);
    c->max_row = max_row_bytes ? max_row_bytes : DEFAULT_ROW;
    c->next_line = 1;
    pm_status s = rowbuf_open(&c->in, path, err);
    if (s != PM_OK) {
        mem_free(c);
        return s;
    }
    *out = c;
    return PM_OK;
}

void csv_close(csv *c)
{
    if (!c) return;
    rowbuf_close(&c->in);
    mem_free(c->field);
    mem_free(c);
}

/* How far the search for a record's end has come. */
typedef struct search {
    size_t looked;
    bool quoted;
    size_t lines; /* line ends inside quotes */
} search;

/* The first line end outside quotes in at[len], or NULL.  One quote opens, the next closes; a doubled
 * one does both, which comes to the same. */
static char *record_end(search *f, char *at, size_t len)
{
    while (f->looked < len) {
        char *from = at + f->looked;
        char *stop = memchr(from, '\n', len - f->looked);
        char *limit = stop ? stop : at + len;
        for (char *q = from; (q = memchr(q, '"', (size_t)(limit - q))); q++) f->quoted = !f->quoted;
        f->looked = (size_t)(limit - at) + (stop != NULL);
        if (stop && !f->quoted) return stop;
        f->lines += stop != NULL;
    }
    return NULL;
}

/* The next record's bytes without line end; *at = NULL at the end of the file. */
static pm_status next_record(csv *c, char **at, size_t *len, pm_err *err)
{
    search f = {0};
    *at = NULL;
    c->line = c->next_line;
    for (;;) {
        char *start = c->in.at + c->in.begin;
        size_t have = c->in.end - c->in.begin;
        char *stop = record_end(&f, start, have);
        *len = stop ? (size_t)(stop - start) : have;
        if (*len > c->max_row)
            return err_set(err, PM_E_FORMAT, "%s:%zu: record is longer than %zu bytes%s",
                           c->in.path, c->line, c->max_row,
                           f.quoted ? " (a quote that never closes?)" : "");
        if (!stop && !c->in.eof) {
            pm_status s = rowbuf_more(&c->in, err);
            if (s != PM_OK) return s;
            continue;
        }
        if (!stop && !have) return PM_OK;
        c->in.begin += *len + (stop != NULL);
        c->next_line += f.lines + 1;
        *at = start;
        return PM_OK;
    }
}

static pm_status refuse(const csv *c, const char *what, pm_err *err)
{
    return err_set(err, PM_E_FORMAT, "%s:%zu: field %zu: %s", c->in.path, c->line, c->n_fields + 1,
                   what);
}

/* The quoted field at *p (its quote), undoubled in place; *p is then behind the closing quote. */
static pm_status quoted_field(csv *c, char **p, char *end, pm_str *out, pm_err *err)
{
    char *from = *p + 1, *to = from;
    out->ptr = from;
    for (;;) {
        char *q = memchr(from, '"', (size_t)(end - from));
        if (!q) return refuse(c, "found no closing quote", err);
        memmove(to, from, (size_t)(q - from));
        to += q - from;
        from = q + 1;
        if (from == end || *from != '"') break;
        *to++ = '"';
        from++;
    }
    out->len = (size_t)(to - out->ptr);
    *p = from;
    if (from < end && *from != ',')
        return refuse(c, "found text behind a closing quote, wanted ',' or the line end", err);
    return PM_OK;
}

static pm_status plain_field(csv *c, char **p, char *end, pm_str *out, pm_err *err)
{
    char *stop = memchr(*p, ',', (size_t)(end - *p));
    if (!stop) stop = end;
    out->ptr = *p;
    out->len = (size_t)(stop - *p);
    *p = stop;
    if (memchr(out->ptr, '"', out->len))
        return refuse(
            c, "found a quote inside an unquoted field (quote the field, double the quote)", err);
    if (memchr(out->ptr, '\r', out->len))
        return refuse(c, "found a carriage return without line feed", err);
    return PM_OK;
}

static pm_status split(csv *c, char *at, char *end, pm_err *err)
{
    for (char *p = at;; p++) {
        if (!mem_grow(&c->field, &c->capacity, c->n_fields + 1, sizeof *c->field))
            return err_set(err, PM_E_MEMORY, "%s: no memory for a record", c->in.path);
        pm_str *f = &c->field[c->n_fields];
        pm_status s = p < end && *p == '"' ? quoted_field(c, &p, end, f, err)
                                           : plain_field(c, &p, end, f, err);
        if (s != PM_OK) return s;
        c->n_fields++;
        if (p == end) return PM_OK;
    }
}

pm_status csv_next(csv *c, const pm_str **fields, size_t *n, pm_err *err)
{
    *fields = NULL;
    *n = 0;
    for (;;) {
        char *at;
        size_t len;
        pm_status s = next_record(c, &at, &len, err);
        if (s != PM_OK || !at) return s;
        if (len && at[len - 1] == '\r') len--;
        if (!len) continue;
        c->n_fields = 0;
        s = split(c, at, at + len, err);
        if (s != PM_OK) return s;
        *fields = c->field;
        *n = c->n_fields;
        return PM_OK;
    }
}

size_t csv_line(const csv *c)
{
    return c->line;
}

uint64_t csv_bytes(const csv *c)
{
    return c->in.bytes;
}

bool csv_number(pm_str cell, double *out)
{
    static const char *const empty[] = {"", "NaN", "nan", "NA", "null"};
    while (cell.len && (*cell.ptr == ' ' || *cell.ptr == '\t')) {
        cell.ptr++;
        cell.len--;
    }
    while (cell.len && (cell.ptr[cell.len - 1] == ' ' || cell.ptr[cell.len - 1] == '\t'))
        cell.len--;
    for (size_t k = 0; k < sizeof empty / sizeof *empty; k++)
        if (pm_str_equal(cell, empty[k])) {
            *out = (double)NAN;
            return true;
        }
    if (cell.len && *cell.ptr == '+') {
        cell.ptr++;
        cell.len--;
        if (cell.len && *cell.ptr == '-') return false;
    }
    return number_parse(cell.ptr, cell.len, out) == cell.len && cell.len && isfinite(*out);
}
