/* SPDX-License-Identifier: MIT
 *
 * The JSON scanner beneath jsonl.h: strict RFC 8259 over one buffer, strings decoded in place.  It
 * knows nothing of files and lines; a refusal says where, and what was wanted.
 */
#ifndef PM_DATA_SCAN_H
#define PM_DATA_SCAN_H

#include "data/jsonl.h"

enum {
    SCAN_PAD = 16,     /* bytes that must be readable after `end` */
    SCAN_DEPTH = 64,   /* nesting of a RAW value */
    SCAN_FIELDS = 1024 /* fields of one object */
};

typedef struct scan {
    char *at, *end;  /* *end is a byte that stands in no JSON token: '\n', ',' or ']' */
    arena *spare;    /* repaired strings; the caller resets it */
    size_t repaired; /* strings with U+FFFD put in */
    const char *bad; /* after false: the byte refused, `end` for "it stops too soon" */
    const char *wanted;
    bool no_memory;
    jsonl_field *field; /* of the last object; heap, closed by scan_close */
    size_t n_fields, capacity;
} scan;

/* The object at s->at into s->field; s->at is then behind its '}'. */
bool scan_object(scan *s);
/* The value at s->at, spaces before it allowed; f->key is left alone. */
bool scan_value(scan *s, jsonl_field *f);
void scan_space(scan *s);
/* Steps over `c`; false without it (wanted says so). */
bool scan_expect(scan *s, char c, const char *wanted);
bool scan_refuse(scan *s, const char *bad, const char *wanted); /* false */
void scan_close(scan *s);

#endif
