/* SPDX-License-Identifier: MIT
 *
 * JSON documents (configuration, manifests, headers): the only file that includes cJSON.h.  A
 * document is parsed into our own read-only nodes in an arena, with depth and size bounded,
 * duplicate keys refused and the place of a mistake reported as NAME:LINE:COLUMN.  Data rows do
 * not come this way: data/jsonl.h.
 */
#ifndef PM_BASE_JSON_H
#define PM_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

typedef enum json_kind {
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
} json_kind;

typedef struct json json;
struct json {
    json_kind kind;
    const char *key;   /* of an object's member, else NULL */
    double number;     /* NUMBER; BOOL 0 or 1 */
    const char *text;  /* STRING */
    size_t n;          /* children */
    const json *child; /* first child, or NULL */
    const json *next;  /* next sibling, or NULL */
};

/* Strict RFC 8259: nothing after the document, no repeated keys, no NUL, UTF-8 only, at most 64
 * deep and 64 MiB; a byte order mark is skipped.  Integers up to 2^53 are exact; a number beyond
 * double is refused.
 *
 * Errors  PM_E_FORMAT "NAME:LINE:COLUMN: what" (columns count code points), PM_E_MEMORY; json_read
 *         PM_E_IO.
 * Threads one parse at a time in a process (cJSON keeps its last error in a global). */
PM_MUST_USE pm_status json_parse(const char *text, size_t len, arena *a, const json **out,
                                 pm_err *err);
PM_MUST_USE pm_status json_read(const char *path, arena *a, const json **out, pm_err *err);

const json *json_get(const json *object, const char *key); /* NULL if absent or no object */
double json_number(const json *object, const char *key, double fallback);
const char *json_text(const json *object, const char *key, const char *fallback);
bool json_flag(const json *object, const char *key, bool fallback);

/* A value as JSON text on one line; numbers read back equal. */
void json_put(const json *value, str *out);

#endif
