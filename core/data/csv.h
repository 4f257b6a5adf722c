/* SPDX-License-Identifier: MIT
 *
 * Streaming CSV after RFC 4180, plain or gzip: quoted fields, doubled quotes, embedded newlines, CRLF,
 * a UTF-8 byte-order mark.  Errors by file, row and column.
 */
#ifndef PM_DATA_CSV_H
#define PM_DATA_CSV_H

#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

typedef struct csv csv;

/* Opens a file, gzip if its bytes say so.  max_row_bytes: a longer record is refused (0 = 16 MiB). */
PM_MUST_USE pm_status csv_open(const char *path, size_t max_row_bytes, csv **out, pm_err *err);
/* Next record's fields, valid until the next call; *n = 0 at the end.  Blank lines are skipped.
 * Errors  PM_E_FORMAT "path:line: ...": a quote that never closes, a quote inside an unquoted field,
 * text behind a closing quote, a carriage return without line feed, a record that is too long.  None
 * can be passed over: where the next record begins is unknown. */
PM_MUST_USE pm_status csv_next(csv *c, const pm_str **fields, size_t *n, pm_err *err);
size_t csv_line(const csv *c);    /* line on which the record began, from 1 */
uint64_t csv_bytes(const csv *c); /* read so far, after unpacking */
void csv_close(csv *c);

/* A number cell, spaces around it allowed: empty (or "NaN", "nan", "NA", "null") is NaN; false if it is
 * no decimal number or does not fit a double. */
bool csv_number(pm_str cell, double *out);

#endif
