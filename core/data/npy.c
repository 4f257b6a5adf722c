/* SPDX-License-Identifier: MIT
 *
 * Reading .npy files: the header is Python's notation of a dictionary with three known keys, and is taken no
 * further than that.
 */
#include "data/npy.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "data/show.h"
#include "math/half.h"

#define NPY_WANTED "a matrix of little-endian float32 or float16 in C order"

typedef struct header {
    const char *path;
    const char *at, *end;
    size_t n, d, bytes; /* bytes of a value: 2 or 4 */
    bool has_descr, has_order, has_shape;
} header;

static pm_status bad_header(const header *h, pm_err *err)
{
    size_t left = (size_t)(h->end - h->at);
    return err_set(err, PM_E_FORMAT, "%s: header: found %s, wanted %s", h->path,
                   show_text((pm_str){h->at, left}).text, NPY_WANTED);
}

static void skip_space(header *h)
{
    while (h->at < h->end && (*h->at == ' ' || *h->at == '\n' || *h->at == '\t')) h->at++;
}

static bool take(header *h, char c)
{
    skip_space(h);
    if (h->at >= h->end || *h->at != c) return false;
    h->at++;
    return true;
}

static bool take_quoted(header *h, pm_str *out)
{
    skip_space(h);
    if (h->at >= h->end || (*h->at != '\'' && *h->at != '"')) return false;
    char quote = *h->at++;
    const char *stop = memchr(h->at, quote, (size_t)(h->end - h->at));
    if (!stop) return false;
    *out = (pm_str){h->at, (size_t)(stop - h->at)};
    h->at = stop + 1;
    return true;
}

static bool take_word(header *h, const char *word)
{
    skip_space(h);
    size_t len = strlen(word);
    if ((size_t)(h->end - h->at) < len || memcmp(h->at, word, len) != 0) return false;
    h->at += len;
    return true;
}

static bool take_count(header *h, size_t *out)
{
    skip_space(h);
    size_t v = 0, digits = 0;
    for (; h->at < h->end && *h->at >= '0' && *h->at <= '9'; h->at++, digits++) {
        if (v > (SIZE_MAX >> 1) / 10 - 10) return false;
        v = v * 10 + (size_t)(*h->at - '0');
    }
    (void)take_word(h, "L"); /* Python 2 */
    *out = v;
    return digits > 0;
}

static pm_status take_descr(header *h, pm_err *err)
{
    pm_str type;
    if (!take_quoted(h, &type)) return bad_header(h, err);
    h->has_descr = true;
    h->bytes = pm_str_equal(type, "<f4") ? 4 : pm_str_equal(type, "<f2") ? 2 : 0;
    if (h->bytes) return PM_OK;
    return err_set(err, PM_E_FORMAT,
                   "%s: found values of type %s, wanted \"<f4\" (float32) or \"<f2\" (float16), "
                   "little-endian",
                   h->path, show_text(type).text);
}

static pm_status take_order(header *h, pm_err *err)
{
    h->has_order = true;
    if (take_word(h, "False")) return PM_OK;
    if (!take_word(h, "True")) return bad_header(h, err);
    return err_set(err, PM_E_FORMAT,
                   "%s: found Fortran order (columns first), wanted C order (rows first)", h->path);
}

static pm_status take_shape(header *h, pm_err *err)
{
    size_t size[3] = {0}, n = 0;
    if (!take(h, '(')) return bad_header(h, err);
    while (n < 3 && take_count(h, &size[n])) {
        n++;
        if (!take(h, ',')) break;
    }
    bool closed = take(h, ')');
    h->has_shape = true;
    if (n > 2 || (closed && n < 2))
        return err_set(err, PM_E_FORMAT, "%s: found %zu dimension%s, wanted 2: prompts and values",
                       h->path, n,
                       n > 2    ? "s or more"
                       : n == 1 ? ""
                                : "s");
    if (!closed) return bad_header(h, err);
    h->n = size[0];
    h->d = size[1];
    return PM_OK;
}

static pm_status parse(header *h, pm_err *err)
{
    if (!take(h, '{')) return bad_header(h, err);
    while (!take(h, '}')) {
        pm_str key;
        if (!take_quoted(h, &key) || !take(h, ':')) return bad_header(h, err);
        pm_status s = pm_str_equal(key, "descr") && !h->has_descr           ? take_descr(h, err)
                      : pm_str_equal(key, "fortran_order") && !h->has_order ? take_order(h, err)
                      : pm_str_equal(key, "shape") && !h->has_shape         ? take_shape(h, err)
                                                                            : bad_header(h, err);
        if (s != PM_OK) return s;
        (void)take(h, ',');
    }
    return h->has_descr && h->has_order && h->has_shape ? PM_OK : bad_header(h, err);
}

/* ---- values ---- */

static pm_status check_values(const char *path, pm_cmat m, pm_err *err)
{
    for (size_t i = 0; i < m.rows; i++) {
        const float *row = pm_crow(m, i);
        float sum = 0; /* 0 x a number is 0, 0 x NaN or infinity is NaN */
        for (size_t k = 0; k < m.cols; k++) sum += row[k] * 0.0f;
        if (sum == 0) continue;
        size_t k = 0;
        while (k < m.cols && isfinite(row[k])) k++;
        return err_set(err, PM_E_FORMAT, "%s: row %zu, value %zu: found %s, wanted a number", path,
                       i + 1, k + 1, k < m.cols && isnan(row[k]) ? "NaN" : "an infinity");
    }
    return PM_OK;
}

static pm_status widen(const char *path, const unsigned char *from, npy *x, pm_err *err)
{
    size_t count = x->mat.rows * x->mat.cols;
    x->own = mem_alloc(count, sizeof *x->own);
    if (!x->own) return err_set(err, PM_E_MEMORY, "%s: no memory for %zu values", path, count);
    for (size_t k = 0; k < count; k++)
        x->own[k] = half_to_float((uint16_t)(from[2 * k] | from[2 * k + 1] << 8));
    x->mat.at = x->own;
    return PM_OK;
}

static pm_status take_values(const header *h, size_t start, npy *x, pm_err *err)
{
    size_t count, bytes, have = x->map.len - start;
    const unsigned char *at = (const unsigned char *)x->map.at + start;
    if (!h->n || !h->d)
        return err_set(err, PM_E_FORMAT, "%s: found a matrix of %zu x %zu, wanted values", h->path,
                       h->n, h->d);
    if (!mem_size(h->n, h->d, &count) || !mem_size(count, h->bytes, &bytes) || bytes != have)
        return err_set(err, PM_E_FORMAT,
                       "%s: found %zu bytes of values, wanted %zu x %zu x %zu as its header says%s",
                       h->path, have, h->n, h->d, h->bytes,
                       count && count > have / h->bytes ? ": the file is cut short?" : "");
    x->mat = (pm_cmat){NULL, h->n, h->d, h->d};
    if (h->bytes == 2) {
        pm_status s = widen(h->path, at, x, err);
        if (s != PM_OK) return s;
    } else if (start % sizeof(float)) { /* files of old writers are not aligned */
        x->own = mem_alloc(count, sizeof *x->own);
        if (!x->own) return err_set(err, PM_E_MEMORY, "%s: no memory", h->path);
        memcpy(x->own, at, bytes);
        x->mat.at = x->own;
    } else {
        x->mat.at = (const float *)(const void *)at;
    }
    return check_values(h->path, x->mat, err);
}

static pm_status read_all(const char *path, npy *x, pm_err *err)
{
    const unsigned char *at = x->map.at;
    size_t have = x->map.len, start = 10;
    if (have < 10 || memcmp(at, "\x93NUMPY", 6) != 0)
        return err_set(err, PM_E_FORMAT, "%s: found no .npy file, wanted " NPY_WANTED, path);
    size_t len = (size_t)(at[8] | at[9] << 8);
    if (at[6] == 2 || at[6] == 3) {
        if (have < 12) return err_set(err, PM_E_FORMAT, "%s: the file is cut short", path);
        len |= (size_t)at[10] << 16 | (size_t)at[11] << 24;
        start = 12;
    } else if (at[6] != 1) {
        return err_set(err, PM_E_FORMAT, "%s: found version %d of .npy, wanted 1 or 2", path,
                       at[6]);
    }
    if (len > have - start)
        return err_set(err, PM_E_FORMAT,
                       "%s: found a header of %zu bytes, but %zu are left: the file is cut short",
                       path, len, have - start);
    header h = {
        .path = path, .at = (const char *)at + start, .end = (const char *)at + start + len};
    pm_status s = parse(&h, err);
    return s == PM_OK ? take_values(&h, start + len, x, err) : s;
}

pm_status npy_open(const char *path, npy *out, pm_err *err)
{
    *out = (npy){0};
    pm_status s = io_map_open(path, &out->map, err);
    if (s != PM_OK) return s;
    s = read_all(path, out, err);
    if (s != PM_OK) npy_close(out);
    return s;
}

void npy_close(npy *x)
{
    io_map_close(&x->map);
    mem_free(x->own);
    *x = (npy){0};
}

void npy_header(size_t n, size_t d, unsigned char out[NPY_HEADER])
{
    char text[NPY_HEADER];
    int len = snprintf(text, sizeof text,
                       "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }", n, d);
    memset(out, ' ', NPY_HEADER);
    memcpy(out, "\x93NUMPY\x01\x00", 8);
    out[8] = NPY_HEADER - 10;
    out[9] = 0;
    memcpy(out + 10, text, (size_t)len);
    out[NPY_HEADER - 1] = '\n';
}
