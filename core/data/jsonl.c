/* SPDX-License-Identifier: MIT
 *
 * Streaming JSON lines: finds rows in the buffer, hands each to the scanner, and says file, line and
 * column of what it refuses.
 */
#include "data/jsonl.h"

#include <stdio.h>
#include <string.h>

#include "data/rowbuf.h"
#include "data/scan.h"

_Static_assert((int)ROWBUF_PAD >= (int)SCAN_PAD, "the scanner reads ahead");

enum { DEFAULT_ROW = 16 << 20 };

struct jsonl {
    rowbuf in;
    scan s, inner; /* inner: objects of a RAW array */
    size_t line, max_row;
    bool resumable;
};

static void close_all(jsonl *j)
{
    scan_close(&j->s);
    scan_close(&j->inner);
    arena_close(j->s.spare);
    rowbuf_close(&j->in);
}

pm_status jsonl_open(const char *path, size_t max_row_bytes, jsonl **out, pm_err *err)
{
    *out = NULL;
    jsonl *j = mem_alloc(1, sizeof *j);
    if (!j) return err_set(err, PM_E_MEMORY, "%s: no memory", path);
    j->max_row = max_row_bytes ? max_row_bytes : DEFAULT_ROW;
    j->resumable = true;
    pm_status s = rowbuf_open(&j->in, path, err);
    if (s == PM_OK && !(j->s.spare = arena_open(0)))
        s = err_set(err, PM_E_MEMORY, "%s: no memory", path);
    j->inner.spare = j->s.spare;
    if (s != PM_OK) {
        close_all(j);
        mem_free(j);
        return s;
    }
    *out = j;
    return PM_OK;
}

void jsonl_close(jsonl *j)
{
    if (!j) return;
    close_all(j);
    mem_free(j);
}

static pm_status refuse_row(jsonl *j, pm_err *err)
{
    j->resumable = true; /* the row is behind us already, the next can be read */
    return err_set(err, PM_E_FORMAT, "%s:%zu: row is longer than %zu bytes", j->in.path, j->line,
                   j->max_row);
}

/* Drops a row that is too long, up to and with its line end. */
static pm_status drop_row(jsonl *j, pm_err *err)
{
    for (;;) {
        char *at = j->in.at + j->in.begin;
        char *stop = memchr(at, '\n', j->in.end - j->in.begin);
        if (stop) {
            j->in.begin += (size_t)(stop - at) + 1;
            return refuse_row(j, err);
        }
        j->in.begin = j->in.end;
        if (j->in.eof) return refuse_row(j, err);
        pm_status s = rowbuf_more(&j->in, err);
        if (s != PM_OK) return s;
    }
}

/* The next line into s.at..s.end, line end excluded; *found = false at the end of the file. */
static pm_status next_line(jsonl *j, bool *found, pm_err *err)
{
    size_t looked = 0;
    *found = false;
    for (;;) {
        char *at = j->in.at + j->in.begin;
        size_t have = j->in.end - j->in.begin;
        char *stop = have > looked ? memchr(at + looked, '\n', have - looked) : NULL;
        size_t len = stop ? (size_t)(stop - at) : have;
        if (!stop && !j->in.eof && len <= j->max_row) {
            looked = have;
            pm_status s = rowbuf_more(&j->in, err);
            if (s != PM_OK) return s;
            continue;
        }
        if (!stop && !have) return PM_OK;
        j->line++;
        if (len > j->max_row) return drop_row(j, err);
        j->s.at = at;
        j->s.end = at + len;
        j->in.begin += len + (stop != NULL);
        *found = true;
        return PM_OK;
    }
}

static void describe(const scan *s, char out[32])
{
    unsigned char c = s->bad < s->end ? (unsigned char)*s->bad : 0;
    if (s->bad >= s->end)
        strcpy(out, "the end");
    else if (c == '"')
        strcpy(out, "'\"'");
    else if (c > 0x20 && c < 0x7f)
        snprintf(out, 32, "'%c'", c);
    else
        snprintf(out, 32, "byte 0x%02x", c);
}

static pm_status refuse(jsonl *j, const char *row, pm_err *err)
{
    char found[32];
    if (j->s.no_memory) return err_set(err, PM_E_MEMORY, "%s: no memory for a row", j->in.path);
    describe(&j->s, found);
    j->resumable = true;
    return err_set(err, PM_E_FORMAT, "%s:%zu: column %zu: found %s, wanted %s", j->in.path, j->line,
                   (size_t)(j->s.bad - row) + 1, found, j->s.wanted);
}

pm_status jsonl_next(jsonl *j, const jsonl_field **fields, size_t *n, pm_err *err)
{
    *fields = NULL;
    *n = 0;
    j->resumable = false;
    for (;;) {
        bool found;
        pm_status st = next_line(j, &found, err);
        if (st != PM_OK || !found) return st;
        const char *row = j->s.at;
        scan_space(&j->s);
        if (j->s.at == j->s.end) continue;
        arena_reset(j->s.spare);
        if (!scan_object(&j->s)) return refuse(j, row, err);
        scan_space(&j->s);
        if (j->s.at != j->s.end) {
            (void)scan_refuse(&j->s, j->s.at, "nothing more on the line: one object a row");
            return refuse(j, row, err);
        }
        static const jsonl_field none = {0};
        *fields = j->s.n_fields ? j->s.field : &none;
        *n = j->s.n_fields;
        j->resumable = true;
        return PM_OK;
    }
}

static pm_status refuse_inner(const scan *s, pm_err *err)
{
    char found[32];
    if (s->no_memory) return err_set(err, PM_E_MEMORY, "no memory for an array");
    describe(s, found);
    return err_set(err, PM_E_FORMAT, "found %s, wanted %s", found, s->wanted);
}

pm_status jsonl_objects(jsonl *j, pm_str raw, jsonl_each each, void *arg, pm_err *err)
{
    scan *s = &j->inner;
    s->at = (char *)raw.ptr;
    s->end = s->at + raw.len;
    if (!scan_expect(s, '[', "an array of objects")) return refuse_inner(s, err);
    scan_space(s);
    if (s->at < s->end && *s->at == ']') return PM_OK;
    for (;;) {
        scan_space(s);
        if (!scan_object(s)) return refuse_inner(s, err);
        if (!each(arg, s->field, s->n_fields, err)) return err ? err->status : PM_E_FORMAT;
        scan_space(s);
        if (s->at < s->end && *s->at == ']') return PM_OK;
        if (!scan_expect(s, ',', "',' or ']'")) return refuse_inner(s, err);
    }
}

pm_status jsonl_object(jsonl *j, pm_str raw, const jsonl_field **fields, size_t *n, pm_err *err)
{
    scan *s = &j->inner;
    s->at = (char *)raw.ptr;
    s->end = s->at + raw.len;
    if (!scan_object(s)) return refuse_inner(s, err);
    *fields = s->field;
    *n = s->n_fields;
    return PM_OK;
}

pm_status jsonl_texts(jsonl *j, pm_str raw, jsonl_each_text each, void *arg, pm_err *err)
{
    scan *s = &j->inner;
    s->at = (char *)raw.ptr;
    s->end = s->at + raw.len;
    if (!scan_expect(s, '[', "an array of texts")) return refuse_inner(s, err);
    scan_space(s);
    if (s->at < s->end && *s->at == ']') return PM_OK;
    for (;;) {
        jsonl_field f = {0};
        scan_space(s);
        const char *start = s->at;
        if (!scan_value(s, &f)) return refuse_inner(s, err);
        if (f.kind != JSONL_STRING) {
            (void)scan_refuse(s, start, "a text");
            return refuse_inner(s, err);
        }
        if (!each(arg, f.text)) return PM_OK;
        scan_space(s);
        if (s->at < s->end && *s->at == ']') return PM_OK;
        if (!scan_expect(s, ',', "',' or ']'")) return refuse_inner(s, err);
    }
}

bool jsonl_resumable(const jsonl *j)
{
    return j->resumable;
}

uint64_t jsonl_bytes(const jsonl *j)
{
    return j->in.bytes;
}

size_t jsonl_line(const jsonl *j)
{
    return j->line;
}

size_t jsonl_repaired(const jsonl *j)
{
    return j->s.repaired + j->inner.repaired;
}

const jsonl_field *jsonl_find(const jsonl_field *f, size_t n, const char *key)
{
    for (size_t k = 0; k < n; k++)
        if (pm_str_equal(f[k].key, key)) return &f[k];
    return NULL;
}

void jsonl_put_member(str *out, const jsonl_field *f)
{
    if (out->len) str_puts(out, ", ");
    str_json(out, f->key.ptr, f->key.len);
    str_puts(out, ": ");
    if (f->kind == JSONL_STRING)
        str_json(out, f->text.ptr, f->text.len);
    else
        str_put(out, f->text.ptr, f->text.len);
}
