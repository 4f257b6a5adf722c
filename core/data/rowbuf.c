/* SPDX-License-Identifier: MIT
 *
 * The buffer beneath the JSON lines and CSV readers.
 */
#include "data/rowbuf.h"

#include <string.h>

#include "base/mem.h"

static pm_status out_of_memory(const rowbuf *b, pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "%s: no memory for a row", b->path ? b->path : "file");
}

pm_status rowbuf_more(rowbuf *b, pm_err *err)
{
    size_t unread = b->end - b->begin, got = 0;
    if (b->eof) return PM_OK;
    if (b->begin) memmove(b->at, b->at + b->begin, unread);
    b->begin = 0;
    b->end = unread;
    if (!mem_grow(&b->at, &b->capacity, unread + ROWBUF_BLOCK + ROWBUF_PAD, 1))
        return out_of_memory(b, err);
    pm_status s = gz_read(b->in, b->at + unread, ROWBUF_BLOCK, &got, err);
    if (s != PM_OK) return s;
    b->end += got;
    b->bytes += got;
    b->eof = got < ROWBUF_BLOCK;
    memset(b->at + b->end, '\n', ROWBUF_PAD);
    return PM_OK;
}

pm_status rowbuf_open(rowbuf *b, const char *path, pm_err *err)
{
    memset(b, 0, sizeof *b);
    size_t len = strlen(path);
    b->path = mem_alloc(len + 1, 1);
    if (!b->path) return out_of_memory(b, err);
    memcpy(b->path, path, len);
    pm_status s = gz_open(path, &b->in, err);
    if (s == PM_OK) s = rowbuf_more(b, err);
    if (s != PM_OK) {
        rowbuf_close(b);
        return s;
    }
    if (b->end >= 3 && memcmp(b->at, "\xef\xbb\xbf", 3) == 0) b->begin = 3;
    return PM_OK;
}

void rowbuf_close(rowbuf *b)
{
    gz_close(b->in);
    mem_free(b->at);
    mem_free(b->path);
    memset(b, 0, sizeof *b);
}
