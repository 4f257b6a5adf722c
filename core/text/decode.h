/* SPDX-License-Identifier: MIT
 *
 * From the bytes of a file to UTF-8: what is no text is told apart, old encodings are decoded, broken
 * bytes replaced.
 */
#ifndef PM_TEXT_DECODE_H
#define PM_TEXT_DECODE_H

#include "base/str.h"

typedef enum text_encoding {
    TEXT_UTF8,     /* valid: `out` is left alone, the bytes are the text */
    TEXT_REPAIRED, /* UTF-8 but for some bytes, which became U+FFFD in `out` */
    TEXT_LATIN1,   /* Latin-1 (or Windows-1252, its superset), decoded into `out` */
    TEXT_BINARY    /* no text */
} text_encoding;

/* Binary: a NUL, more than 1 control byte in 200, or more than 3 in 10 bytes invalid.  Else, where bytes are not
 * valid UTF-8: Latin-1 if invalid bytes outnumber the valid multi-byte sequences (text in UTF-8 with a few
 * broken bytes is repaired instead).  *repaired counts U+FFFD written.   Cost: linear. */
text_encoding text_decode(const char *bytes, size_t len, str *out, size_t *repaired);

/* Code points of valid UTF-8: faster than utf8_count. */
size_t text_chars(pm_str text);

#endif
