/* SPDX-License-Identifier: MIT
 *
 * The directory of a zip archive and the bytes of its entries.  The file is mapped; every offset is checked against it in
 * 64 bits before it is followed.
 */
#include "base/zip.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

/* Sections 4.3.7, 4.3.12, 4.3.16, 4.3.15, 4.3.14: signatures and sizes without the parts of variable length. */
#define LOCAL_SIGN     0x04034b50u
#define CENTRAL_SIGN   0x02014b50u
#define END_SIGN       0x06054b50u
#define LOCATOR64_SIGN 0x07064b50u
#define END64_SIGN     0x06064b50u
#define LOCAL_SIZE     30u
#define CENTRAL_SIZE   46u
#define END_SIZE       22u
#define LOCATOR64_SIZE 20u
#define END64_SIZE     56u

#define DEFLATE_RATIO 1032u /* the most that deflate can make of a byte (zlib's own figure) */

struct zip {
    const uint8_t *at;
    uint64_t len;
    const char *name;
    io_map map;
    zip_entry *entry;
    size_t n;
    uint64_t directory; /* where it begins: files end before it */
};

static uint32_t u16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t u32(const uint8_t *p)
{
    return u16(p) | u16(p + 2) << 16;
}

static uint64_t u64(const uint8_t *p)
{
    return (uint64_t)u32(p) | (uint64_t)u32(p + 4) << 32;
}

#define REFUSE(z, ...) refuse(z, err, __VA_ARGS__)
static pm_status refuse(const zip *z, pm_err *err, const char *fmt, ...) PM_PRINTF(3, 4);
static pm_status refuse(const zip *z, pm_err *err, const char *fmt, ...)
{
    char why[400];
    va_list list;
    va_start(list, fmt);
    vsnprintf(why, sizeof why, fmt, list);
    va_end(list);
    return err_set(err, PM_E_FORMAT, "%s: not a sound zip archive: %s", z->name, why);
}

/* ---- the end: where the directory is ---- */

typedef struct ending {
    uint64_t n, size, at; /* entries; bytes and place of the directory */
    uint64_t limit;       /* the directory ends at or before it */
} ending;

static pm_status read_end64(const zip *z, uint64_t locator, ending *e, pm_err *err)
{
    const uint8_t *l = z->at + locator;
    const uint64_t at = u64(l + 8);
    if (u32(l + 4) != 0 || u32(l + 16) > 1)
        return err_set(err, PM_E_UNSUPPORTED, "%s: a zip archive in several parts", z->name);
    if (at > locator || locator - at < END64_SIZE || u32(z->at + at) != END64_SIGN)
        return REFUSE(z, "its zip64 end is not where its locator says");
    const uint8_t *p = z->at + at;
    if (u64(p + 24) != u64(p + 32))
        return err_set(err, PM_E_UNSUPPORTED, "%s: a zip archive in several parts", z->name);
    *e = (ending){u64(p + 32), u64(p + 40), u64(p + 48), at};
    return PM_OK;
}

/* The end record lies at the end, before a comment of up to 65535 bytes whose length it holds. */
static pm_status read_end(const zip *z, ending *e, pm_err *err)
{
    if (z->len < END_SIZE) return REFUSE(z, "%llu bytes are too few", (unsigned long long)z->len);
    uint64_t at = z->len - END_SIZE;
    const uint64_t lowest = at > 65535 ? at - 65535 : 0;
    while (u32(z->at + at) != END_SIGN || at + END_SIZE + u16(z->at + at + 20) != z->len) {
        if (at == lowest) return REFUSE(z, "no end record: is it cut off, or no archive at all?");
        at--;
    }
    const uint8_t *p = z->at + at;
    *e = (ending){u16(p + 10), u32(p + 12), u32(p + 16), at};
    if (at >= LOCATOR64_SIZE && u32(p - LOCATOR64_SIZE) == LOCATOR64_SIGN)
        return read_end64(z, at - LOCATOR64_SIZE, e, err);
    if (u16(p + 4) != 0 || u16(p + 6) != 0 || u16(p + 8) != u16(p + 10))
        return err_set(err, PM_E_UNSUPPORTED, "%s: a zip archive in several parts", z->name);
    return PM_OK;
}

/* ---- entries ---- */

static bool is_safe(const char *name, size_t len)
{
    if (len == 0 || name[0] == '/' || memchr(name, '\0', len) || memchr(name, '\\', len) ||
        memchr(name, ':', len))
        return false;
    for (size_t i = 0; i < len;) {
        const char *slash = memchr(name + i, '/', len - i);
        const size_t part = slash ? (size_t)(slash - name) - i : len - i;
        if (part == 0 || (part == 1 && name[i] == '.') ||
            (part == 2 && name[i] == '.' && name[i + 1] == '.'))
            return false;
        i += part + 1;
    }
    return true;
}

/* Sizes that do not fit 32 bits stand in extra field 1, in this order and only those (4.5.3). */
static pm_status read_extra64(const zip *z, const uint8_t *p, size_t len, zip_entry *e, pm_err *err)
{
    uint64_t *const field[] = {&e->bytes, &e->packed, &e->at};
    for (size_t i = 0; i + 4 <= len;) {
        const size_t size = u16(p + i + 2), kind = u16(p + i);
        const uint8_t *q = p + i + 4;
        if (size > len - i - 4) break;
        i += 4 + size;
        if (kind != 1) continue;
        size_t used = 0;
        for (size_t k = 0; k < 3; k++) {
            if (*field[k] != UINT32_MAX) continue;
            if (size - used < 8) return REFUSE(z, "'%.100s' lacks its zip64 sizes", e->name);
            *field[k] = u64(q + used);
            used += 8;
        }
        return PM_OK;
    }
    return PM_OK;
}

static pm_status check_entry(const zip *z, const zip_entry *e, uint32_t flags, uint32_t mode,
                             pm_err *err)
{
    if ((mode & 0xf000u) == 0xa000u) return REFUSE(z, "'%.100s' is a symbolic link", e->name);
    if (flags & 1)
        return err_set(err, PM_E_UNSUPPORTED, "%s: '%.100s' is encrypted", z->name, e->name);
    if (e->at > z->directory || z->directory - e->at < LOCAL_SIZE ||
        e->packed > z->directory - e->at - LOCAL_SIZE)
        return REFUSE(z, "'%.100s' does not lie within the file", e->name);
    if (e->method == 0 ? e->bytes != e->packed : e->bytes / DEFLATE_RATIO > e->packed)
        return REFUSE(z, "'%.100s' says that %llu bytes unpack to %llu", e->name,
                      (unsigned long long)e->packed, (unsigned long long)e->bytes);
    return PM_OK;
}

/* The record at *at, which must end by `end`; moves on. */
static pm_status read_entry(zip *z, uint64_t *at, uint64_t end, arena *a, zip_entry *e, pm_err *err)
{
    const uint8_t *p = z->at + *at;
    if (end - *at < CENTRAL_SIZE || u32(p) != CENTRAL_SIGN)
        return REFUSE(z, "its directory is damaged at byte %llu", (unsigned long long)*at);
    const size_t name = u16(p + 28), extra = u16(p + 30), comment = u16(p + 32);
    if (end - *at - CENTRAL_SIZE < name + extra + comment)
        return REFUSE(z, "its directory is cut off at byte %llu", (unsigned long long)*at);
    const char *text = (const char *)p + CENTRAL_SIZE;
    if (!is_safe(text, name))
        return REFUSE(z, "it names '%.*s', a path that leads out of the folder it is unpacked to",
                      name > 100 ? 100 : (int)name, text);
    *e = (zip_entry){.name = arena_strndup(a, text, name),
                     .bytes = u32(p + 24),
                     .packed = u32(p + 20),
                     .crc = u32(p + 16),
                     .method = u16(p + 10),
                     .is_dir = text[name - 1] == '/',
                     .at = u32(p + 42)};
    if (!e->name) return err_set(err, PM_E_MEMORY, "%s: out of memory", z->name);
    pm_status s = read_extra64(z, p + CENTRAL_SIZE + name, extra, e, err);
    if (s == PM_OK) s = check_entry(z, e, u16(p + 8), u32(p + 38) >> 16, err);
    *at += CENTRAL_SIZE + name + extra + comment;
    return s;
}

static int by_place(const void *a, const void *b)
{
    const uint64_t x = ((const zip_entry *)a)->at, y = ((const zip_entry *)b)->at;
    return (x > y) - (x < y);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const zip_entry *)a)->name, ((const zip_entry *)b)->name);
}

/* Entries that share bytes are how a small archive unpacks to anything (Fifield 2019). */
static pm_status check_apart(zip *z, pm_err *err)
{
    qsort(z->entry, z->n, sizeof *z->entry, by_place);
    for (size_t i = 1; i < z->n; i++) {
        const zip_entry *e = &z->entry[i - 1];
        if (z->entry[i].at - e->at < LOCAL_SIZE + strlen(e->name) ||
            z->entry[i].at - e->at - LOCAL_SIZE - strlen(e->name) < e->packed)
            return REFUSE(z, "'%.100s' and '%.100s' overlap", e->name, e[1].name);
    }
    qsort(z->entry, z->n, sizeof *z->entry, by_name);
    for (size_t i = 1; i < z->n; i++)
        if (strcmp(z->entry[i - 1].name, z->entry[i].name) == 0)
            return REFUSE(z, "it holds '%.100s' twice", z->entry[i].name);
    return PM_OK;
}

static pm_status read_directory(zip *z, arena *a, pm_err *err)
{
    ending e = {0, 0, 0, 0};
    pm_status s = read_end(z, &e, err);
    if (s != PM_OK) return s;
    if (e.at > e.limit || e.size > e.limit - e.at || e.n > e.size / CENTRAL_SIZE)
        return REFUSE(z, "its end says %llu entries in %llu bytes at byte %llu",
                      (unsigned long long)e.n, (unsigned long long)e.size,
                      (unsigned long long)e.at);
    z->directory = e.at;
    z->entry = arena_alloc(a, (size_t)e.n, sizeof *z->entry);
    if (!z->entry) return err_set(err, PM_E_MEMORY, "%s: out of memory", z->name);
    uint64_t at = e.at;
    for (; s == PM_OK && z->n < e.n; z->n += s == PM_OK)
        s = read_entry(z, &at, e.at + e.size, a, &z->entry[z->n], err);
    return s == PM_OK ? check_apart(z, err) : s;
}

pm_status zip_parse(const void *bytes, size_t len, const char *name, arena *a, zip **out,
                    pm_err *err)
{
    *out = NULL;
    zip *z = arena_alloc(a, 1, sizeof *z);
    const char *kept = arena_strdup(a, name);
    if (!z || !kept) return err_set(err, PM_E_MEMORY, "%s: out of memory", name);
    *z = (zip){.at = bytes, .len = len, .name = kept};
    pm_status s = read_directory(z, a, err);
    if (s == PM_OK) *out = z;
    return s;
}

static void unmap(void *map)
{
    io_map_close(map);
}

pm_status zip_open(const char *path, arena *a, zip **out, pm_err *err)
{
    *out = NULL;
    io_map *map = arena_alloc(a, 1, sizeof *map);
    if (!map) return err_set(err, PM_E_MEMORY, "%s: out of memory", path);
    pm_status s = io_map_open(path, map, err);
    if (s != PM_OK) return s;
    if (!arena_defer(a, unmap, map)) {
        io_map_close(map);
        return err_set(err, PM_E_MEMORY, "%s: out of memory", path);
    }
    return zip_parse(map->at, map->len, path, a, out, err);
}

size_t zip_count(const zip *z)
{
    return z->n;
}

const zip_entry *zip_at(const zip *z, size_t i)
{
    return &z->entry[i];
}

const zip_entry *zip_find(const zip *z, const char *name)
{
    const zip_entry key = {.name = name};
    return z->n ? bsearch(&key, z->entry, z->n, sizeof key, by_name) : NULL;
}

/* ---- bytes ---- */

typedef struct summed { /* passes on, adding up */
    uint32_t crc;
    uint64_t bytes;
    gz_sink sink;
    void *arg;
} summed;

static pm_status sum_up(void *arg, const void *bytes, size_t len, pm_err *err)
{
    summed *m = arg;
    m->crc = gz_crc32(m->crc, bytes, len);
    m->bytes += len;
    return m->sink(m->arg, bytes, len, err);
}

/* Where the bytes begin: behind a local header that says the same name and method. */
static pm_status locate(const zip *z, const zip_entry *e, const uint8_t **out, pm_err *err)
{
    const uint8_t *p = z->at + e->at;
    const size_t name = strlen(e->name);
    if (u32(p) != LOCAL_SIGN || u16(p + 8) != e->method || u16(p + 26) != name ||
        z->directory - e->at - LOCAL_SIZE < name || memcmp(p + LOCAL_SIZE, e->name, name) != 0)
        return REFUSE(z, "the header of '%.100s' is not what the directory says", e->name);
    const uint64_t begin = e->at + LOCAL_SIZE + name + u16(p + 28);
    if (begin > z->directory || z->directory - begin < e->packed)
        return REFUSE(z, "'%.100s' does not lie within the file", e->name);
    *out = z->at + begin;
    return PM_OK;
}

pm_status zip_read(const zip *z, const zip_entry *e, gz_sink sink, void *arg, pm_err *err)
{
    char who[400];
    const uint8_t *from = NULL;
    summed m = {0, 0, sink, arg};
    snprintf(who, sizeof who, "%.250s, '%.100s'", z->name, e->name);
    if (e->method != 0 && e->method != 8)
        return err_set(err, PM_E_UNSUPPORTED,
                       "%s is packed by method %u; read are 0 (stored) and 8 (deflated)", who,
                       e->method);
    pm_status s = locate(z, e, &from, err);
    if (s != PM_OK) return s;
    if (e->method == 0)
        s = e->bytes ? sum_up(&m, from, (size_t)e->packed, err) : PM_OK;
    else
        s = gz_inflate_raw(from, (size_t)e->packed, who, e->bytes, sum_up, &m, err);
    if (s != PM_OK) return s;
    if (m.bytes != e->bytes)
        return err_set(err, PM_E_FORMAT, "%s: %llu bytes, the directory says %llu", who,
                       (unsigned long long)m.bytes, (unsigned long long)e->bytes);
    if (m.crc != e->crc)
        return err_set(err, PM_E_FORMAT, "%s: damaged: its CRC-32 is %08x, the directory says %08x",
                       who, (unsigned)m.crc, (unsigned)e->crc);
    return PM_OK;
}

static pm_status write_out(void *arg, const void *bytes, size_t len, pm_err *err)
{
    if (fwrite(bytes, 1, len, arg) == len) return PM_OK;
    return err_set(err, PM_E_IO, "cannot write: %s", strerror(errno));
}

pm_status zip_to_file(const zip *z, const zip_entry *e, const char *path, pm_err *err)
{
    io_out *o = NULL;
    pm_status s = io_out_open(path, &o, err);
    if (s != PM_OK) return s;
    s = zip_read(z, e, write_out, io_out_file(o), err);
    if (s == PM_OK) return io_out_commit(o, err);
    io_out_abandon(o);
    return s;
}
