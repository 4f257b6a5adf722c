/* SPDX-License-Identifier: MIT
 *
 * Reading plain or gzip files alike as a stream of bytes, and what archives need of zlib: gz.c is the only file that
 * includes zlib.h.
 */
#ifndef PM_BASE_GZ_H
#define PM_BASE_GZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

typedef struct gz gz;

PM_MUST_USE pm_status gz_open(const char *path, gz **out, pm_err *err);
/* Up to `len` bytes; *got < len only at the end.  A truncated or damaged gzip file is
 * PM_E_FORMAT. */
PM_MUST_USE pm_status gz_read(gz *g, void *bytes, size_t len, size_t *got, pm_err *err);
void gz_close(gz *g);

/* Whole content, at most max_bytes (a bomb is refused). */
PM_MUST_USE pm_status gz_read_all(const char *path, size_t max_bytes, str *out, pm_err *err);
PM_MUST_USE pm_status gz_write_all(const char *path, const void *bytes, size_t len, pm_err *err);

/* The same as a stream into a file that is made new: gzip when `packed`, else as it is.  Close in any case;
 * PM_E_IO of writes that failed is told by the close at the latest. */
typedef struct gz_out gz_out;
PM_MUST_USE pm_status gz_out_open(const char *path, bool packed, gz_out **out, pm_err *err);
PM_MUST_USE pm_status gz_out_put(gz_out *o, const void *bytes, size_t len, pm_err *err);
PM_MUST_USE pm_status gz_out_close(gz_out *o, pm_err *err); /* flushed to disk */
void gz_out_abandon(gz_out *o); /* closes; the file stays, NULL is fine */

/* ---- for archives (base/zip.c) ---- */

/* Called with piece after piece of what is unpacked; anything but PM_OK ends it. */
typedef pm_status (*gz_sink)(void *arg, const void *bytes, size_t len, pm_err *err);
/* Deflate data without any wrapper (RFC 1951), at most max_bytes of output: more is a bomb, PM_E_FORMAT, as are data
 * that end early, are damaged, or go on behind their end.  `name` is for messages. */
PM_MUST_USE pm_status gz_inflate_raw(const void *bytes, size_t len, const char *name,
                                     uint64_t max_bytes, gz_sink sink, void *arg, pm_err *err);
uint32_t gz_crc32(uint32_t crc, const void *bytes, size_t len); /* of RFC 1952; begins with 0 */

#endif
