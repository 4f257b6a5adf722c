/* SPDX-License-Identifier: MIT
 *
 * Writing zip archives for tests: stored or deflated entries, and every field of them open to damage.
 */
#ifndef PM_TEST_ZIP_TOOLS_H
#define PM_TEST_ZIP_TOOLS_H

#include <stdio.h>
#include <string.h>

#include "base/gz.h"
#include "base/io.h"

typedef struct zip_made { /* an archive in the making */
    str out, directory;
    size_t n;
} zip_made;

static inline void zip_put(str *to, uint64_t v, size_t bytes)
{
    for (size_t k = 0; k < bytes; k++) {
        char b = (char)(v >> 8 * k);
        str_put(to, &b, 1);
    }
}

/* Raw deflate data: what gzip wraps in ten bytes before (no name, no time) and eight behind. */
static inline void zip_deflate(const char *folder, const void *bytes, size_t len, str *packed)
{
    char path[300];
    str file = STR_INIT;
    snprintf(path, sizeof path, "%s/deflated.gz", folder);
    ck_assert_int_eq(gz_write_all(path, bytes, len, NULL), PM_OK);
    ck_assert_int_eq(io_read(path, (size_t)1 << 30, &file, NULL), PM_OK);
    remove(path);
    str_put(packed, str_text(&file) + 10, file.len - 18);
    str_close(&file);
}

/* packed NULL: stored.  `unix_mode` of the external attributes, 0: none. */
typedef struct zip_item {
    const char *name;
    const void *bytes;
    size_t len;
    const str *packed;
    unsigned unix_mode, flags;
    uint64_t says; /* bytes that the directory says, 0: len */
} zip_item;

static inline void zip_add(zip_made *z, const zip_item *i)
{
    const size_t name = strlen(i->name), packed = i->packed ? i->packed->len : i->len;
    const uint64_t at = z->out.len, says = i->says ? i->says : i->len;
    const unsigned method = i->packed ? 8 : 0;
    str *const to[] = {&z->out, &z->directory};
    for (size_t k = 0; k < 2; k++) {
        zip_put(to[k], k ? 0x02014b50u : 0x04034b50u, 4);
        if (k) zip_put(to[k], 0x0314, 2);
        zip_put(to[k], 20, 2);
        zip_put(to[k], i->flags, 2);
        zip_put(to[k], method, 2);
        zip_put(to[k], 0, 4); /* time and day */
        zip_put(to[k], gz_crc32(0, i->bytes, i->len), 4);
        zip_put(to[k], packed, 4);
        zip_put(to[k], says, 4);
        zip_put(to[k], name, 2);
        zip_put(to[k], 0, 2); /* extra field */
        if (k) {
            zip_put(to[k], 0, 6); /* comment, disk, internal attributes */
            zip_put(to[k], (uint64_t)i->unix_mode << 16, 4);
            zip_put(to[k], at, 4);
        }
        str_put(to[k], i->name, name);
    }
    str_put(&z->out, i->packed ? str_text(i->packed) : i->bytes, packed);
    z->n++;
}

/* Appends the directory and its end; the archive is z->out. */
static inline void zip_end(zip_made *z)
{
    const uint64_t at = z->out.len;
    str_put(&z->out, str_text(&z->directory), z->directory.len);
    zip_put(&z->out, 0x06054b50u, 4);
    zip_put(&z->out, 0, 4);
    zip_put(&z->out, z->n, 2);
    zip_put(&z->out, z->n, 2);
    zip_put(&z->out, z->directory.len, 4);
    zip_put(&z->out, at, 4);
    zip_put(&z->out, 0, 2);
}

static inline void zip_made_close(zip_made *z)
{
    str_close(&z->out);
    str_close(&z->directory);
}

#endif
