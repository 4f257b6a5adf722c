/* SPDX-License-Identifier: MIT
 *
 * Reading zip archives (wheels and what lies within them): stored and deflated files, zip64.  Nothing is taken on
 * trust: names, places, sizes and sums are checked before a byte is written anywhere.  Neither writing nor encryption.
 */
#ifndef PM_BASE_ZIP_H
#define PM_BASE_ZIP_H

#include <stdint.h>

#include "base/gz.h"
#include "base/mem.h"

typedef struct zip_entry {
    const char *name; /* relative, '/' between folders, no "..", unique */
    uint64_t bytes, packed;
    uint32_t crc;
    unsigned method; /* 0 stored, 8 deflated; others are refused when they are read */
    bool is_dir;
    uint64_t at; /* of its local header */
} zip_entry;

typedef struct zip
    zip; /* lives in the arena; read-only, so any number of threads may read entries */

/* The central directory (PKWARE APPNOTE 6.3, sections 4.3 to 4.5).  PM_E_FORMAT for what is cut off, contradicts itself,
 * overlaps, names a file twice or names one outside of its folder ("../x", "/x", "C:x", a symbolic link);
 * PM_E_UNSUPPORTED for archives in several parts. */
PM_MUST_USE pm_status zip_open(const char *path, arena *a, zip **out, pm_err *err);
/* Of bytes in memory, which must stay.  `name` is for messages. */
PM_MUST_USE pm_status zip_parse(const void *bytes, size_t len, const char *name, arena *a,
                                zip **out, pm_err *err);
size_t zip_count(const zip *z);
const zip_entry *zip_at(const zip *z, size_t i);           /* sorted by name */
const zip_entry *zip_find(const zip *z, const char *name); /* NULL: none */

/* The bytes of an entry, piece after piece.  PM_E_FORMAT after the last if size or CRC are not the directory's: what the
 * sink was given is to be thrown away then. */
PM_MUST_USE pm_status zip_read(const zip *z, const zip_entry *e, gz_sink sink, void *arg,
                               pm_err *err);
/* Into a file, which appears whole or not at all. */
PM_MUST_USE pm_status zip_to_file(const zip *z, const zip_entry *e, const char *path, pm_err *err);

#endif
