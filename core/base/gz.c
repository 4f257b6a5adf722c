/* SPDX-License-Identifier: MIT
 *
 * Gzip through zlib's inflate, with members one after another as gzip allows.  The first two bytes
 * decide: anything but the gzip magic passes through unchanged.
 */
#include "config.h"

#include "base/gz.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/io.h"
#include "base/mem.h"

#define STEP      ((size_t)64 << 10)
#define OUT_STEP  ((size_t)256 << 10)
#define GZIP_ONLY (15 + 16) /* zlib: largest window, gzip wrapper */

struct gz {
    FILE *file;
    char *path;
    bool packed;
    bool inside; /* of a member that has not ended */
    bool ended;
    z_stream z;
    unsigned char in[STEP];
};

static void *hook_alloc(void *unused, unsigned count, unsigned bytes)
{
    (void)unused;
    return mem_alloc(count, bytes);
}

static void hook_free(void *unused, void *p)
{
    (void)unused;
    mem_free(p);
}

/* Reads the next piece of the file into g->in; avail_in stays 0 at the end. */
static pm_status fill(gz *g, pm_err *err)
{
    g->z.next_in = g->in;
    g->z.avail_in = (uInt)fread(g->in, 1, sizeof g->in, g->file);
    if (g->z.avail_in == 0 && ferror(g->file)) {
        return err_set(err, PM_E_IO, "%s: cannot read: %s", g->path, strerror(errno));
    }
    return PM_OK;
}

pm_status gz_open(const char *path, gz **out, pm_err *err)
{
    *out = NULL;
    size_t len = strlen(path);
    gz *g = mem_alloc(1, sizeof *g + len + 1);
    if (!g) return err_set(err, PM_E_MEMORY, "%s: out of memory", path);
    g->path = (char *)(g + 1);
    memcpy(g->path, path, len + 1);
    g->file = fopen(path, "rb");
    pm_status s = PM_OK;
    if (!g->file) {
        s = err_set(err, PM_E_IO, "%s: cannot open: %s", path, strerror(errno));
    } else {
        s = fill(g, err);
    }
    if (s == PM_OK && g->z.avail_in >= 2 && g->in[0] == 0x1f && g->in[1] == 0x8b) {
        g->z.zalloc = hook_alloc;
        g->z.zfree = hook_free;
        if (inflateInit2(&g->z, GZIP_ONLY) == Z_OK) {
            g->packed = g->inside = true;
        } else {
            s = err_set(err, PM_E_MEMORY, "%s: out of memory", path);
        }
    }
    if (s != PM_OK) {
        gz_close(g);
        return s;
    }
    *out = g;
    return PM_OK;
}

void gz_close(gz *g)
{
    if (!g) return;
    if (g->packed) inflateEnd(&g->z);
    if (g->file) fclose(g->file);
    mem_free(g);
}

static pm_status damaged(const gz *g, pm_err *err)
{
    return err_set(err, PM_E_FORMAT, "%s: damaged gzip data near its byte %ld: %s", g->path,
                   ftell(g->file) - (long)g->z.avail_in,
                   g->z.msg ? g->z.msg : "unexpected content");
}

/* Between members: another member, the end of the file, or zero padding, which gzip ignores too. */
static pm_status next_member(gz *g, pm_err *err)
{
    for (;;) {
        if (g->z.avail_in == 0) {
            pm_status s = fill(g, err);
            if (s != PM_OK) return s;
            if (g->z.avail_in == 0) {
                g->ended = true;
                return PM_OK;
            }
        }
        if (*g->z.next_in != 0) break;
        g->z.next_in++;
        g->z.avail_in--;
    }
    if (inflateReset(&g->z) != Z_OK) return damaged(g, err);
    g->inside = true;
    return PM_OK;
}

static pm_status read_packed(gz *g, pm_err *err)
{
    while (g->z.avail_out > 0 && !g->ended) {
        pm_status s = PM_OK;
        if (!g->inside) {
            if ((s = next_member(g, err)) != PM_OK) return s;
            continue;
        }
        if (g->z.avail_in == 0) {
            if ((s = fill(g, err)) != PM_OK) return s;
            if (g->z.avail_in == 0) {
                return err_set(
                    err, PM_E_FORMAT,
                    "%s: the gzip data ends early: the file is truncated; copy or fetch it again",
                    g->path);
            }
        }
        int z = inflate(&g->z, Z_NO_FLUSH);
        if (z == Z_STREAM_END) {
            g->inside = false;
        } else if (z == Z_MEM_ERROR) {
            return err_set(err, PM_E_MEMORY, "%s: out of memory", g->path);
        } else if (z != Z_OK && z != Z_BUF_ERROR) {
            return damaged(g, err);
        }
    }
    return PM_OK;
}

static pm_status read_plain(gz *g, pm_err *err)
{
    while (g->z.avail_out > 0 && !g->ended) {
        if (g->z.avail_in == 0) {
            pm_status s = fill(g, err);
            if (s != PM_OK) return s;
            g->ended = g->z.avail_in == 0;
        }
        uInt part = g->z.avail_in < g->z.avail_out ? g->z.avail_in : g->z.avail_out;
        if (part > 0) memcpy(g->z.next_out, g->z.next_in, part);
        g->z.next_in += part;
        g->z.avail_in -= part;
        g->z.next_out += part;
        g->z.avail_out -= part;
    }
    return PM_OK;
}

pm_status gz_read(gz *g, void *bytes, size_t len, size_t *got, pm_err *err)
{
    *got = 0;
    while (*got < len && !g->ended) {
        size_t left = len - *got;
        uInt part = left > INT_MAX ? INT_MAX : (uInt)left; /* zlib counts in unsigned int */
        g->z.next_out = (unsigned char *)bytes + *got;
        g->z.avail_out = part;
        pm_status s = g->packed ? read_packed(g, err) : read_plain(g, err);
        if (s != PM_OK) return s;
        *got += part - g->z.avail_out;
    }
    return PM_OK;
}

pm_status gz_read_all(const char *path, size_t max_bytes, str *out, pm_err *err)
{
    str_clear(out);
    gz *g = NULL;
    pm_status s = gz_open(path, &g, err);
    size_t got = STEP;
    while (s == PM_OK && got == STEP) {
        if (!mem_grow(&out->at, &out->capacity, out->len + STEP + 1, 1)) {
            s = err_set(err, PM_E_MEMORY, "%s: out of memory", path);
            break;
        }
        s = gz_read(g, out->at + out->len, STEP, &got, err);
        if (s != PM_OK) break;
        out->len += got;
        out->at[out->len] = '\0';
        if (out->len > max_bytes) {
            s = err_set(err, PM_E_FORMAT, "%s: unpacks to more than the %zu bytes allowed here",
                        path, max_bytes);
        }
    }
    gz_close(g);
    if (s != PM_OK) str_clear(out);
    return s;
}

/* One deflate pass into the stream of `o`; no name and no time, so that equal content gives equal
 * files. */
static pm_status pack(io_out *o, const char *path, const void *bytes, size_t len, pm_err *err)
{
    z_stream z = {.zalloc = hook_alloc, .zfree = hook_free};
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_ONLY, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
        return err_set(err, PM_E_MEMORY, "%s: out of memory", path);
    }
    unsigned char part[16384];
    const unsigned char *from = bytes;
    int state = Z_OK;
    bool written = true;
    while (state != Z_STREAM_END && written) {
        if (z.avail_in == 0 && len > 0) {
            z.next_in = (z_const Bytef *)(uintptr_t)from;
            z.avail_in = len > INT_MAX ? INT_MAX : (uInt)len;
            from += z.avail_in;
            len -= z.avail_in;
        }
        z.next_out = part;
        z.avail_out = sizeof part;
        state = deflate(&z, len == 0 ? Z_FINISH : Z_NO_FLUSH);
        size_t made = sizeof part - z.avail_out;
        written = fwrite(part, 1, made, io_out_file(o)) == made;
    }
    deflateEnd(&z);
    return written ? PM_OK : err_set(err, PM_E_IO, "%s: cannot write: %s", path, strerror(errno));
}

pm_status gz_write_all(const char *path, const void *bytes, size_t len, pm_err *err)
{
    io_out *o = NULL;
    pm_status s = io_out_open(path, &o, err);
    if (s != PM_OK) return s;
    s = pack(o, path, bytes, len, err);
    if (s != PM_OK) {
        io_out_abandon(o);
        return s;
    }
    return io_out_commit(o, err);
}

/* ---- writing a stream ---- */

struct gz_out {
    int fd;
    char *path;
    bool packed;
    z_stream z;
    size_t n; /* bytes in `buffer` */
    unsigned char buffer[OUT_STEP];
};

static pm_status out_failed(const gz_out *o, pm_err *err)
{
    return err_set(err, PM_E_IO, "%s: cannot write: %s", o->path, strerror(errno));
}

pm_status gz_out_open(const char *path, bool packed, gz_out **out, pm_err *err)
{
    *out = NULL;
    size_t len = strlen(path);
    gz_out *o = mem_alloc(1, sizeof *o + len + 1);
    if (!o) return err_set(err, PM_E_MEMORY, "%s: out of memory", path);
    o->path = (char *)(o + 1);
    memcpy(o->path, path, len + 1);
    o->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    pm_status s = PM_OK;
    if (o->fd < 0) {
        s = err_set(err, PM_E_IO, "%s: cannot create: %s", path, strerror(errno));
    } else if (packed) {
        o->z.zalloc = hook_alloc;
        o->z.zfree = hook_free;
        o->packed = deflateInit2(&o->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_ONLY, 8,
                                 Z_DEFAULT_STRATEGY) == Z_OK;
        if (!o->packed) s = err_set(err, PM_E_MEMORY, "%s: out of memory", path);
    }
    if (s != PM_OK) {
        gz_out_abandon(o);
        return s;
    }
    *out = o;
    return PM_OK;
}

static pm_status put_raw(gz_out *o, const unsigned char *at, size_t len, pm_err *err)
{
    while (len) {
        ssize_t n = write(o->fd, at, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return out_failed(o, err);
        at += n;
        len -= (size_t)n;
    }
    return PM_OK;
}

/* Deflates what zlib was given into the file; the whole rest with Z_FINISH. */
static pm_status put_packed(gz_out *o, int flush, pm_err *err)
{
    int state = Z_OK;
    do {
        o->z.next_out = o->buffer;
        o->z.avail_out = sizeof o->buffer;
        state = deflate(&o->z, flush);
        pm_status s = put_raw(o, o->buffer, sizeof o->buffer - o->z.avail_out, err);
        if (s != PM_OK) return s;
    } while (flush == Z_FINISH ? state != Z_STREAM_END : o->z.avail_in > 0 || o->z.avail_out == 0);
    return PM_OK;
}

pm_status gz_out_put(gz_out *o, const void *bytes, size_t len, pm_err *err)
{
    const unsigned char *from = bytes;
    while (o->packed && len) {
        o->z.next_in = (z_const Bytef *)(uintptr_t)from;
        o->z.avail_in = len > INT_MAX ? INT_MAX : (uInt)len;
        from += o->z.avail_in;
        len -= o->z.avail_in;
        pm_status s = put_packed(o, Z_NO_FLUSH, err);
        if (s != PM_OK) return s;
    }
    if (o->n + len > sizeof o->buffer) {
        pm_status s = put_raw(o, o->buffer, o->n, err);
        o->n = 0;
        if (s != PM_OK) return s;
    }
    if (len > sizeof o->buffer) return put_raw(o, from, len, err);
    if (len) memcpy(o->buffer + o->n, from, len);
    o->n += len;
    return PM_OK;
}

pm_status gz_out_close(gz_out *o, pm_err *err)
{
    pm_status s = o->packed ? put_packed(o, Z_FINISH, err) : put_raw(o, o->buffer, o->n, err);
    if (s == PM_OK && fsync(o->fd) != 0) s = out_failed(o, err);
    if (close(o->fd) != 0 && s == PM_OK) s = out_failed(o, err);
    o->fd = -1;
    gz_out_abandon(o);
    return s;
}

void gz_out_abandon(gz_out *o)
{
    if (!o) return;
    if (o->fd >= 0) close(o->fd);
    if (o->packed) deflateEnd(&o->z);
    mem_free(o);
}

/* ---- for archives ---- */

typedef struct raw {
    z_stream z;
    const unsigned char *from;
    size_t left;
    uint64_t room; /* bytes that may still come */
    const char *name;
    unsigned char out[STEP];
} raw;

/* Unpacks until the stream ends; zlib counts in unsigned int, so input is handed over in parts. */
static pm_status inflate_all(raw *r, gz_sink sink, void *arg, pm_err *err)
{
    for (int state = Z_OK; state != Z_STREAM_END;) {
        if (r->z.avail_in == 0 && r->left > 0) {
            r->z.next_in = (z_const Bytef *)(uintptr_t)r->from;
            r->z.avail_in = r->left > INT_MAX ? INT_MAX : (uInt)r->left;
            r->from += r->z.avail_in;
            r->left -= r->z.avail_in;
        }
        r->z.next_out = r->out;
        r->z.avail_out = sizeof r->out;
        state = inflate(&r->z, Z_NO_FLUSH);
        const size_t made = sizeof r->out - r->z.avail_out;
        if (state == Z_MEM_ERROR) return err_set(err, PM_E_MEMORY, "%s: out of memory", r->name);
        if (state != Z_OK && state != Z_STREAM_END && !(state == Z_BUF_ERROR && made))
            return err_set(err, PM_E_FORMAT, "%s: %s", r->name,
                           state == Z_BUF_ERROR ? "the packed data end early"
                                                : "the packed data are damaged");
        if (made > r->room)
            return err_set(err, PM_E_FORMAT, "%s: unpacks to more than its directory says",
                           r->name);
        r->room -= made;
        pm_status s = made ? sink(arg, r->out, made, err) : PM_OK;
        if (s != PM_OK) return s;
    }
    if (r->z.avail_in || r->left)
        return err_set(err, PM_E_FORMAT, "%s: %zu bytes follow the end of the packed data", r->name,
                       (size_t)r->z.avail_in + r->left);
    return PM_OK;
}

pm_status gz_inflate_raw(const void *bytes, size_t len, const char *name, uint64_t max_bytes,
                         gz_sink sink, void *arg, pm_err *err)
{
    raw *r = mem_alloc(1, sizeof *r);
    if (!r) return err_set(err, PM_E_MEMORY, "%s: out of memory", name);
    r->z.zalloc = hook_alloc;
    r->z.zfree = hook_free;
    r->from = bytes;
    r->left = len;
    r->room = max_bytes;
    r->name = name;
    pm_status s = inflateInit2(&r->z, -15) == Z_OK
                      ? PM_OK
                      : err_set(err, PM_E_MEMORY, "%s: out of memory", name);
    if (s == PM_OK) {
        s = inflate_all(r, sink, arg, err);
        inflateEnd(&r->z);
    }
    mem_free(r);
    return s;
}

uint32_t gz_crc32(uint32_t crc, const void *bytes, size_t len)
{
    return (uint32_t)crc32_z(crc, bytes, len);
}
