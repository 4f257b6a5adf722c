/* SPDX-License-Identifier: MIT
 *
 * Streaming JSON lines, plain or gzip: one flat object a row, values handed out in place without
 * building a tree.  Our own scanner, because data rows are many and simple; strict (RFC 8259), except
 * that what is not Unicode in a string becomes U+FFFD and is counted.
 */
#ifndef PM_DATA_JSONL_H
#define PM_DATA_JSONL_H

#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

typedef enum jsonl_kind {
    JSONL_NULL,
    JSONL_BOOL,
    JSONL_NUMBER,
    JSONL_STRING,
    JSONL_RAW
} jsonl_kind;

typedef struct jsonl_field {
    pm_str key;      /* decoded */
    jsonl_kind kind; /* RAW: an array or object, `text` is its source */
    pm_str text;     /* decoded string, or source text */
    double number;   /* NUMBER, BOOL */
} jsonl_field;

typedef struct jsonl jsonl;

/* Opens a file, gzip if its bytes say so.  max_row_bytes: a longer row is refused (0 = 16 MiB). */
PM_MUST_USE pm_status jsonl_open(const char *path, size_t max_row_bytes, jsonl **out, pm_err *err);
/* The next row's fields, valid until the next call; *n = 0 and *fields = NULL at the end.  Blank lines
 * are skipped; an empty object has *n = 0 and *fields not NULL.  At most 1024 fields a row and 64 levels
 * of nesting in a RAW value, whose own keys are not compared.
 * Errors  PM_E_FORMAT "path:line: column C: found F, wanted W"; while jsonl_resumable() a further call
 * goes on with the next row.  PM_E_MEMORY; PM_E_IO.
 * Cost    one pass, no allocation per row after warm-up. */
PM_MUST_USE pm_status jsonl_next(jsonl *j, const jsonl_field **fields, size_t *n, pm_err *err);
bool jsonl_resumable(const jsonl *j);  /* the last error concerned one row, not the stream */
uint64_t jsonl_bytes(const jsonl *j);  /* read so far, after unpacking */
size_t jsonl_line(const jsonl *j);     /* number of the row just read, from 1 */
size_t jsonl_repaired(const jsonl *j); /* strings with invalid UTF-8 or lone surrogates -> U+FFFD */
/* The objects of a RAW array in a row, with the same rules.  `raw` is decoded in place: once only.
 * each() is called per object; false stops, with its own word in *err.
 * Errors  PM_E_FORMAT "found F, wanted W": not an array of flat objects. */
typedef bool (*jsonl_each)(void *arg, const jsonl_field *f, size_t n, pm_err *err);
PM_MUST_USE pm_status jsonl_objects(jsonl *j, pm_str raw, jsonl_each each, void *arg, pm_err *err);
/* The members of one RAW object in a row, valid until the next call of these two; same rules. */
PM_MUST_USE pm_status jsonl_object(jsonl *j, pm_str raw, const jsonl_field **fields, size_t *n,
                                   pm_err *err);
/* The texts of a RAW array, which may be a member of jsonl_object()'s object; false stops, and is no error. */
typedef bool (*jsonl_each_text)(void *arg, pm_str text);
PM_MUST_USE pm_status jsonl_texts(jsonl *j, pm_str raw, jsonl_each_text each, void *arg,
                                  pm_err *err);

const jsonl_field *jsonl_find(const jsonl_field *f, size_t n, const char *key);
void jsonl_close(jsonl *j);

/* Appends the field as a member of an object, "key": value, behind ", " if there is something. */
void jsonl_put_member(str *out, const jsonl_field *f);

#endif
