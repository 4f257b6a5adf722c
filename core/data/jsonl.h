/* SPDX-License-Identifier: MIT
 *
 * Streaming JSON lines, plain or gzip: one flat object a row, values handed out in place without
 * building a tree.  Our own scanner (goal 400 MB/s), because data rows are many and simple.
 */
#ifndef PM_DATA_JSONL_H
#define PM_DATA_JSONL_H

#include "base/err.h"
#include "base/mem.h"

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

PM_MUST_USE pm_status jsonl_open(const char *path, size_t max_row_bytes, jsonl **out, pm_err *err);
/* The next row's fields, valid until the next call; *n = 0 and *fields = NULL at the end.  Blank lines are
 * skipped.  Errors  PM_E_FORMAT "path:line: ..." with column, found and wanted. */
PM_MUST_USE pm_status jsonl_next(jsonl *j, const jsonl_field **fields, size_t *n, pm_err *err);
size_t jsonl_line(const jsonl *j);     /* number of the row just read, from 1 */
size_t jsonl_repaired(const jsonl *j); /* strings with invalid UTF-8 or lone surrogates -> U+FFFD */
const jsonl_field *jsonl_find(const jsonl_field *f, size_t n, const char *key);
void jsonl_close(jsonl *j);

#endif
