/* SPDX-License-Identifier: MIT
 *
 * Reading checkpoints: the file is mapped and its hash verified before anything in it is believed; then
 * the header is checked as if it came from an enemy, because a hash is no signature.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/tensors.h"
#include "plug/checkpoint_format.h"

static pm_status damaged(const pm_store *s, pm_err *err, const char *what)
{
    return err_set(err, PM_E_FORMAT, "%s: %s", s->path, what);
}

/* ---- frame and hash ------------------------------------------------------------------------------------ */

static pm_status check_frame(const pm_store *s, size_t *header, pm_err *err)
{
    const char *at = s->map.at;
    uint64_t n = 0;
    if (s->map.len < CHECKPOINT_DIGITS_AT + 64)
        return err_set(err, PM_E_FORMAT,
                       "%s: %zu bytes are too few for a checkpoint; is it cut off?", s->path,
                       s->map.len);
    memcpy(&n, at, sizeof n);
    if (memcmp(at + 8, CHECKPOINT_HEAD, sizeof CHECKPOINT_HEAD - 1) != 0)
        return damaged(s, err,
                       "is not a checkpoint of pointsman (it does not begin with its hash)");
    if (n > CHECKPOINT_MAX_HEADER || n > s->map.len - 8)
        return err_set(err, PM_E_FORMAT,
                       "%s: header of %llu bytes in a file of %zu; is it cut off?", s->path,
                       (unsigned long long)n, s->map.len);
    if (n < CHECKPOINT_DIGITS_AT - 8 + 64)
        return err_set(err, PM_E_FORMAT, "%s: header of %llu bytes is too short", s->path,
                       (unsigned long long)n);
    *header = (size_t)n;
    return PM_OK;
}

static pm_status check_hash(const pm_store *s, pm_err *err)
{
    static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
    const char *at = s->map.at;
    char found[65];
    sha256 hash;
    sha256_init(&hash);
    sha256_add(&hash, at, CHECKPOINT_DIGITS_AT);
    sha256_add(&hash, zeros, 64);
    sha256_add(&hash, at + CHECKPOINT_DIGITS_AT + 64, s->map.len - CHECKPOINT_DIGITS_AT - 64);
    sha256_hex(&hash, found);
    if (memcmp(found, at + CHECKPOINT_DIGITS_AT, 64) == 0) return PM_OK;
    return err_set(err, PM_E_FORMAT,
                   "%s: is damaged or cut off: sha256 is %.12s..., recorded %.12s...", s->path,
                   found, at + CHECKPOINT_DIGITS_AT);
}

/* ---- the header ------------------------------------------------------------------------------------------ */

static pm_status take_item(const pm_store *s, const tensor_entry *e, store_item *it, pm_err *err)
{
    *it = (store_item){.name = e->name, .bytes = e->end - e->begin, .offset = e->begin};
    it->t.dtype = checkpoint_dtype_parse(e->dtype);
    it->t.n_dims = (uint32_t)e->n_dims;
    memcpy(it->t.dim, e->dim, sizeof it->t.dim);
    if (it->t.dtype) return PM_OK;
    return err_set(err, PM_E_FORMAT,
                   "%s: entry '%.80s' has type %.20s, which checkpoints do not hold", s->path,
                   e->name, e->dtype);
}

static pm_status check_alignment(const pm_store *s, size_t header, pm_err *err)
{
    for (size_t i = 0; i < s->n; i++) {
        const store_item *it = &s->item[i];
        if (it->bytes && (8 + header + it->offset) % CHECKPOINT_ALIGN != 0)
            return err_set(err, PM_E_FORMAT, "%s: entry '%.80s' is not aligned to 64 bytes",
                           s->path, it->name);
    }
    return PM_OK;
}

static pm_status read_items(pm_store *s, const json *j, size_t data, pm_err *err)
{
    const json *about = json_get(j, "__metadata__");
    if (!about || strcmp(json_text(about, "format", ""), CHECKPOINT_FORMAT) != 0)
        return err_set(err, PM_E_FORMAT,
                       "%s: format is '%.40s'; this program reads " CHECKPOINT_FORMAT, s->path,
                       json_text(about, "format", ""));
    s->item = arena_alloc(s->a, j->n, sizeof *s->item);
    tensor_entry *e = arena_alloc(s->a, j->n, sizeof *e);
    size_t n = 0;
    if (!s->item || !e) return err_set(err, PM_E_MEMORY, "%s: out of memory", s->path);
    for (const json *m = j->child; m; m = m->next) {
        if (m == about) continue;
        pm_status st = tensor_entry_read(m, data, s->path, &e[n++], err);
        if (st != PM_OK) return st;
    }
    pm_status st = tensor_entries_cover(e, n, data, s->path, err);
    for (; s->n < n && st == PM_OK; s->n++) st = take_item(s, &e[s->n], &s->item[s->n], err);
    return st;
}

static pm_status read_header(pm_store *s, pm_err *err)
{
    size_t header = 0;
    const json *j = NULL;
    pm_status st = check_frame(s, &header, err);
    if (st == PM_OK) st = check_hash(s, err);
    if (st != PM_OK) return st;
    const char *text = (const char *)s->map.at + 8;
    st = json_parse(text, header, s->a, &j, err);
    if (st != PM_OK) return err_wrap(err, st, "%s: header", s->path);
    if (j->kind != JSON_OBJECT) return damaged(s, err, "header is not an object");
    st = read_items(s, j, s->map.len - 8 - header, err);
    if (st != PM_OK) return st;
    size_t kept = 0;
    for (size_t i = 0; i < s->n; i++) {
        store_item it = s->item[i];
        if (strncmp(it.name, CHECKPOINT_PAD, sizeof CHECKPOINT_PAD - 1) == 0) continue;
        it.t.ptr = text + header + it.offset;
        s->item[kept++] = it;
    }
    s->n = kept;
    qsort(s->item, s->n, sizeof *s->item, checkpoint_compare);
    return check_alignment(s, header, err);
}

pm_status checkpoint_open(const char *path, arena *a, pm_store **out, pm_err *err)
{
    *out = NULL;
    pm_store *s = arena_alloc(a, 1, sizeof *s);
    if (!s) return err_set(err, PM_E_MEMORY, "%s: out of memory", path);
    s->a = a;
    s->path = arena_strdup(a, path);
    if (!s->path) return err_set(err, PM_E_MEMORY, "%s: out of memory", path);
    pm_status st = io_map_open(path, &s->map, err);
    if (st != PM_OK) return st;
    st = read_header(s, err);
    if (st != PM_OK) {
        checkpoint_close(s);
        return st;
    }
    *out = s;
    return PM_OK;
}

void checkpoint_close(pm_store *s)
{
    if (!s) return;
    io_map_close(&s->map);
    s->map = (io_map){0};
    s->n = 0;
}

/* ---- asking ------------------------------------------------------------------------------------------------- */

static const store_item *find(const pm_store *s, const char *name)
{
    size_t lo = 0, hi = s->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int order = strcmp(name, s->item[mid].name);
        if (order == 0) return &s->item[mid];
        if (order > 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

static pm_status absent(const pm_store *s, const char *what, const char *name, pm_err *err)
{
    const char *names[64];
    size_t n = 0;
    for (; n < s->n && n < 64; n++) names[n] = s->item[n].name;
    const char *near = str_suggest(name, names, n);
    return err_set(err, PM_E_FORMAT, "%s: holds no %s '%.80s'%s%s%s", s->path, what, name,
                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

pm_status checkpoint_tensor(pm_store *s, const char *name, pm_dtype want, pm_tensor *out,
                            pm_err *err)
{
    const store_item *it = find(s, name);
    if (!it) return absent(s, "tensor", name, err);
    if (want && it->t.dtype != want)
        return err_set(err, PM_E_FORMAT, "%s: tensor '%.80s' holds %s; want %s", s->path, name,
                       checkpoint_dtype_name(it->t.dtype),
                       checkpoint_dtype_name(want) ? checkpoint_dtype_name(want)
                                                   : "an unknown type");
    *out = it->t;
    return PM_OK;
}

pm_status checkpoint_text(pm_store *s, const char *name, pm_str *out, pm_err *err)
{
    const store_item *it = find(s, name);
    if (!it) return absent(s, "text", name, err);
    if (it->t.dtype != PM_U8 || it->t.n_dims != 1)
        return err_set(err, PM_E_FORMAT, "%s: '%.80s' is a tensor, not a text", s->path, name);
    out->ptr = it->t.ptr;
    out->len = it->bytes;
    return PM_OK;
}

bool checkpoint_has(pm_store *s, const char *name)
{
    return find(s, name) != NULL;
}
