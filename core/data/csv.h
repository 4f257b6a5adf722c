/* SPDX-License-Identifier: MIT
 *
 * Streaming CSV after RFC 4180, plain or gzip: quoted fields, doubled quotes, embedded newlines, CRLF,
 * a UTF-8 byte-order mark.  Errors by file, row and column.
 */
#ifndef PM_DATA_CSV_H
#define PM_DATA_CSV_H

#include "base/err.h"
#include "base/mem.h"

typedef struct csv csv;

PM_MUST_USE pm_status csv_open(const char *path, size_t max_row_bytes, csv **out, pm_err *err);
/* Next record's fields, valid until the next call; *n = 0 at the end. */
PM_MUST_USE pm_status csv_next(csv *c, const pm_str **fields, size_t *n, pm_err *err);
size_t csv_line(const csv *c); /* line on which the record began, from 1 */
void csv_close(csv *c);

/* A number cell: empty (or "NaN", "nan", "NA", "null") is NaN; false if it is anything else. */
bool csv_number(pm_str cell, double *out);

#endif
