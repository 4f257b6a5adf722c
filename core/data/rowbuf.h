/* SPDX-License-Identifier: MIT
 *
 * The buffer beneath the JSON lines and CSV readers: unpacked bytes of a file, read ahead in blocks,
 * of which the unread part stays together and is followed by readable padding.
 */
#ifndef PM_DATA_ROWBUF_H
#define PM_DATA_ROWBUF_H

#include <stdint.h>

#include "base/gz.h"

enum { ROWBUF_PAD = 16, ROWBUF_BLOCK = 1 << 18 };

typedef struct rowbuf {
    gz *in;
    char *path;
    char *at; /* [capacity] */
    size_t capacity;
    size_t begin, end; /* unread bytes; at[end] is '\n' and is followed by padding */
    bool eof;
    uint64_t bytes; /* read so far */
} rowbuf;

/* Opens and reads the first block; a UTF-8 byte-order mark is stepped over. */
PM_MUST_USE pm_status rowbuf_open(rowbuf *b, const char *path, pm_err *err);
/* Moves the unread part to the front and reads one more block; sets eof when none is left. */
PM_MUST_USE pm_status rowbuf_more(rowbuf *b, pm_err *err);
void rowbuf_close(rowbuf *b);

#endif
