/* SPDX-License-Identifier: MIT
 *
 * The records of a JSON file, one after the other, plain or gzip: objects in an array, objects that follow one
 * another (JSON lines, indented or not), or the array that is one member of an outer object.  Only one record is
 * in memory at a time.  Rows of our own format come through jsonl.h, which is faster and goes on after a mistake.
 */
#ifndef PM_DATA_RECORDS_H
#define PM_DATA_RECORDS_H

#include "data/jsonl.h"

typedef struct records records;

/* `member` NULL: the file is an array of objects, or objects in a row.  Else it is one object, and the records are
 * the array that is its member of that name; its other members are handed out by records_next too, as they come, one
 * at a time, with records_is_member true (nothing of an inner object or array is decoded).
 * max_bytes: a longer record or member is refused (0 = 64 MiB). */
PM_MUST_USE pm_status records_open(const char *path, const char *member, size_t max_bytes,
                                   records **out, pm_err *err);
/* The next record's fields, valid until the next call; at the end *n = 0 and *fields = NULL.  Strict JSON with the
 * limits and repairs of jsonl_next.
 * Errors  PM_E_FORMAT "path:line: column C: found F, wanted W"; nothing can be read after it.
 * Cost    two passes over the bytes of a record: one for its end, one for its fields. */
PM_MUST_USE pm_status records_next(records *r, const jsonl_field **fields, size_t *n, pm_err *err);
bool records_is_member(const records *r);  /* the last answer is a member of the outer object */
size_t records_line(const records *r);     /* on which the record began, from 1 */
size_t records_repaired(const records *r); /* as jsonl_repaired */
const char *records_path(const records *r);
void records_close(records *r);

/* The values of a RAW array or object of the last record, in order, decoded in place: once only, and only until the
 * next record.  key.ptr is NULL in an array.
 * each() answers false to stop, with its own word in *err.
 * Errors  PM_E_FORMAT "found F, wanted W". */
typedef bool (*records_each)(void *arg, const jsonl_field *f, size_t number, pm_err *err);
PM_MUST_USE pm_status records_values(records *r, pm_str raw, records_each each, void *arg,
                                     pm_err *err);
/* The same for JSON text from elsewhere (a cell of a CSV); `text` is a scratch copy, at least SCAN_PAD bytes longer
 * than len. `spare` takes repaired strings. */
PM_MUST_USE pm_status records_values_of(char *text, size_t len, arena *spare, records_each each,
                                        void *arg, pm_err *err);
/* The fields of a RAW object that records_values handed out, in place; *fields is valid until the next call. */
PM_MUST_USE pm_status records_object(records *r, pm_str raw, const jsonl_field **fields, size_t *n,
                                     pm_err *err);

#endif
