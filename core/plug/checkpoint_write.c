/* SPDX-License-Identifier: MIT
 *
 * Writing checkpoints: tensors are collected, sorted by name, hashed and written in one go, so that equal
 * contents give equal bytes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/str.h"
#include "base/tensors.h"
#include "plug/checkpoint_format.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "tensors are stored as they lie in memory");

#define COPY_MAX ((size_t)1 << 20)

static const char *const dtypes[] = {NULL, "F32", "F64", "F16", "BF16", "I8",
                                     "U8", "I32", "U32", "I64", "U64"};

size_t pm_dtype_bytes(pm_dtype t)
{
    return t >= PM_F32 && t <= PM_U64 ? tensor_dtype_bytes(dtypes[t]) : 0;
}

const char *checkpoint_dtype_name(pm_dtype t)
{
    return t >= PM_F32 && t <= PM_U64 ? dtypes[t] : NULL;
}

pm_dtype checkpoint_dtype_parse(const char *name)
{
    for (int t = PM_F32; t <= PM_U64; t++)
        if (strcmp(dtypes[t], name) == 0) return (pm_dtype)t;
    return (pm_dtype)0;
}

bool checkpoint_bytes(const pm_tensor *t, size_t *out)
{
    size_t element = pm_dtype_bytes(t->dtype);
    if (element == 0 || t->n_dims > PM_MAX_DIMS) return false;
    return tensor_bytes(element, t->dim, t->n_dims, out);
}

int checkpoint_compare(const void *a, const void *b)
{
    return strcmp(((const store_item *)a)->name, ((const store_item *)b)->name);
}

pm_status checkpoint_create(arena *a, pm_store **out, pm_err *err)
{
    *out = arena_alloc(a, 1, sizeof **out);
    if (!*out) return err_set(err, PM_E_MEMORY, "out of memory for a checkpoint");
    (*out)->a = a;
    return PM_OK;
}

static bool is_name(const char *name)
{
    if (!name || name[0] < 'a' || name[0] > 'z') return false;
    size_t n = 0;
    for (; name[n]; n++) {
        char ch = name[n];
        bool known = (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '_' || ch == '.';
        if (!known || n >= 200) return false;
    }
    return true;
}

static pm_status check_new(const pm_store *s, const char *name, pm_err *err)
{
    if (!is_name(name))
        return err_set(err, PM_E_ARG, "checkpoint name '%.80s' is not [a-z][a-z0-9_.]*",
                       name ? name : "(null)");
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->item[i].name, name) == 0)
            return err_set(err, PM_E_ARG, "checkpoint holds '%s' already", name);
    return PM_OK;
}

static pm_status push(pm_store *s, const store_item *item, pm_err *err)
{
    if (s->n == s->capacity) { /* in an arena: the old array is left behind */
        size_t capacity = s->capacity ? 2 * s->capacity : 16;
        store_item *grown = arena_alloc(s->a, capacity, sizeof *grown);
        if (!grown) return err_set(err, PM_E_MEMORY, "out of memory for a checkpoint");
        if (s->n) memcpy(grown, s->item, s->n * sizeof *grown);
        s->item = grown;
        s->capacity = capacity;
    }
    s->item[s->n++] = *item;
    return PM_OK;
}

pm_status checkpoint_put_tensor(pm_store *s, const char *name, pm_tensor t, pm_err *err)
{
    pm_status st = check_new(s, name, err);
    if (st != PM_OK) return st;
    store_item it = {arena_strdup(s->a, name), t, 0, 0};
    if (!it.name) return err_set(err, PM_E_MEMORY, "out of memory for a checkpoint");
    if (!checkpoint_bytes(&t, &it.bytes))
        return err_set(err, PM_E_ARG,
                       "tensor '%s' has type %d and %u dimensions; its size is no size", name,
                       (int)t.dtype, t.n_dims);
    if (!t.ptr && it.bytes > 0)
        return err_set(err, PM_E_ARG, "tensor '%s' has %zu bytes at NULL", name, it.bytes);
    if (it.bytes > 0 && it.bytes <= COPY_MAX) {
        void *kept = arena_alloc(s->a, it.bytes, 1);
        if (!kept) return err_set(err, PM_E_MEMORY, "out of memory for tensor '%s'", name);
        it.t.ptr = memcpy(kept, t.ptr, it.bytes);
    }
    return push(s, &it, err);
}

pm_status checkpoint_put_text(pm_store *s, const char *name, pm_str v, pm_err *err)
{
    pm_tensor t = {.dtype = PM_U8, .n_dims = 1, .dim = {v.len}, .ptr = v.ptr};
    return checkpoint_put_tensor(s, name, t, err);
}

/* ---- the file ---------------------------------------------------------------------------------------- */

static const char zeros[64] = {0};

static size_t padding(size_t bytes)
{
    return (CHECKPOINT_ALIGN - bytes % CHECKPOINT_ALIGN) % CHECKPOINT_ALIGN;
}

static void put_entry(str *head, const char *name, const pm_tensor *t, size_t offset, size_t bytes)
{
    tensor_entry e = {.name = name, .dtype = checkpoint_dtype_name(t->dtype), .n_dims = t->n_dims};
    memcpy(e.dim, t->dim, sizeof e.dim);
    e.begin = offset;
    e.end = offset + bytes;
    str_puts(head, ",");
    tensor_entry_put(&e, head);
}

/* The whole header with zeros for the hash; sets the items' offsets. */
static void put_header(pm_store *s, str *head)
{
    size_t at = 0;
    str_puts(head, CHECKPOINT_HEAD);
    for (int i = 0; i < 64; i++) str_puts(head, "0");
    str_puts(head, "\",\"format\":\"" CHECKPOINT_FORMAT "\"}");
    for (size_t i = 0; i < s->n; i++) {
        store_item *it = &s->item[i];
        it->offset = at;
        put_entry(head, it->name, &it->t, at, it->bytes);
        at += it->bytes;
        size_t gap = padding(it->bytes);
        if (gap && i + 1 < s->n) {
            char name[32];
            pm_tensor t = {.dtype = PM_U8, .n_dims = 1, .dim = {gap}};
            snprintf(name, sizeof name, CHECKPOINT_PAD "%zu", i);
            put_entry(head, name, &t, at, gap);
            at += gap;
        }
    }
    str_puts(head, "}");
    while ((8 + head->len) % CHECKPOINT_ALIGN != 0 && !head->failed) str_puts(head, " ");
}

typedef pm_status (*sink)(void *arg, const void *bytes, size_t len);

static pm_status to_hash(void *arg, const void *bytes, size_t len)
{
    sha256_add(arg, bytes, len);
    return PM_OK;
}

static pm_status to_file(void *arg, const void *bytes, size_t len)
{
    return len == 0 || fwrite(bytes, 1, len, arg) == len ? PM_OK : PM_E_IO;
}

/* Length, header and data, in file order. */
static pm_status pour(const pm_store *s, const str *head, sink to, void *arg)
{
    uint64_t length = head->len;
    pm_status st = to(arg, &length, sizeof length);
    if (st == PM_OK) st = to(arg, head->at, head->len);
    for (size_t i = 0; i < s->n && st == PM_OK; i++) {
        st = to(arg, s->item[i].t.ptr, s->item[i].bytes);
        if (st == PM_OK && i + 1 < s->n) st = to(arg, zeros, padding(s->item[i].bytes));
    }
    return st;
}

pm_status checkpoint_commit(pm_store *s, const char *path, pm_err *err)
{
    str head = STR_INIT;
    if (s->n) qsort(s->item, s->n, sizeof *s->item, checkpoint_compare);
    put_header(s, &head);
    if (head.failed || head.len > CHECKPOINT_MAX_HEADER) {
        pm_status st = head.failed ? PM_E_MEMORY : PM_E_ARG;
        str_close(&head);
        return err_set(err, st, "%s: header of %zu tensors cannot be made", path, s->n);
    }
    sha256 hash;
    char hex[65];
    sha256_init(&hash);
    (void)pour(s, &head, to_hash, &hash);
    sha256_hex(&hash, hex);
    memcpy(head.at + CHECKPOINT_DIGITS_AT - 8, hex, 64);
    io_out *o = NULL;
    pm_status st = io_out_open(path, &o, err);
    if (st == PM_OK) {
        st = pour(s, &head, to_file, io_out_file(o));
        if (st == PM_OK) {
            st = io_out_commit(o, err);
        } else {
            const char *why = strerror(errno);
            io_out_abandon(o);
            st = err_set(err, PM_E_IO, "%s: cannot write: %s", path, why);
        }
    }
    str_close(&head);
    return st;
}
