/* SPDX-License-Identifier: MIT
 *
 * Reading GGUF versions 2 and 3, little-endian: header, metadata, tensor infos, data (ggml's docs/gguf.md).  Every
 * length is compared with what is left of the file before anything is allocated or read by it.
 */
#include "nn/gguf.h"

#include <stdlib.h>
#include <string.h>

#include "base/tensors.h"

#define MIN_VALUE     13 /* bytes of the smallest key with its value */
#define MIN_TENSOR    24
#define MAX_NAME      ((size_t)1 << 16)
#define MAX_ALIGNMENT ((size_t)1 << 16)
#define ALIGN_DEFAULT ((size_t)32)

typedef struct cursor { /* the first mistake stays in st */
    const unsigned char *bytes;
    size_t len, at;
    const char *name;
    arena *a;
    pm_status st;
    pm_err *err;
} cursor;

static void cut_off(cursor *c, const char *what, uint64_t wanted)
{
    if (c->st == PM_OK)
        c->st = err_set(c->err, PM_E_FORMAT,
                        "%s: byte %zu: %s of %llu bytes; %zu are left: is the file cut off?",
                        c->name, c->at, what, (unsigned long long)wanted, c->len - c->at);
}

static uint64_t take_bits(cursor *c, size_t bytes)
{
    uint64_t v = 0;
    if (c->st != PM_OK) return 0;
    if (c->len - c->at < bytes) {
        cut_off(c, "a number", bytes);
        return 0;
    }
    for (size_t i = 0; i < bytes; i++) v |= (uint64_t)c->bytes[c->at + i] << 8 * i;
    c->at += bytes;
    return v;
}

static pm_str take_text(cursor *c, const char *what)
{
    uint64_t n = take_bits(c, 8);
    if (c->st == PM_OK && n > c->len - c->at) cut_off(c, what, n);
    if (c->st != PM_OK) return (pm_str){"", 0};
    pm_str s = {(const char *)c->bytes + c->at, (size_t)n};
    c->at += (size_t)n;
    return s;
}

/* A key or a tensor's name: text without NUL, for messages and comparisons. */
static const char *take_name(cursor *c, const char *what)
{
    size_t bad = 0, at = c->at;
    pm_str s = take_text(c, what);
    if (c->st != PM_OK) return "";
    if (s.len == 0 || s.len >= MAX_NAME || memchr(s.ptr, 0, s.len) ||
        !utf8_valid(s.ptr, s.len, &bad)) {
        c->st = err_set(c->err, PM_E_FORMAT, "%s: byte %zu: %s of %zu bytes is no name", c->name,
                        at, what, s.len);
        return "";
    }
    const char *kept = arena_strndup(c->a, s.ptr, s.len);
    if (!kept) c->st = err_set(c->err, PM_E_MEMORY, "%s: out of memory", c->name);
    return kept ? kept : "";
}

/* How many of something: as many as fit into the rest of the file. */
static size_t take_count(cursor *c, const char *what, size_t min_bytes)
{
    uint64_t n = take_bits(c, 8);
    if (c->st == PM_OK && n > (c->len - c->at) / min_bytes)
        c->st = err_set(c->err, PM_E_FORMAT, "%s: byte %zu: %llu %s; %zu bytes are left", c->name,
                        c->at - 8, (unsigned long long)n, what, c->len - c->at);
    return c->st == PM_OK ? (size_t)n : 0;
}

static void *take_room(cursor *c, size_t n, size_t bytes)
{
    void *room = c->st == PM_OK ? arena_alloc(c->a, n, bytes) : NULL;
    if (!room && c->st == PM_OK) c->st = err_set(c->err, PM_E_MEMORY, "%s: out of memory", c->name);
    return room;
}

/* ---- values ---------------------------------------------------------------------------------------------- */

/* 0 for strings and arrays. */
static size_t width_of(gguf_type t)
{
    static const unsigned char width[GGUF_N_TYPES] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    return width[t];
}

static double number_of(gguf_type t, uint64_t bits)
{
    float f;
    double d;
    uint32_t half = (uint32_t)bits;
    switch (t) {
    case GGUF_I8:
        return (double)(int8_t)bits;
    case GGUF_I16:
        return (double)(int16_t)bits;
    case GGUF_I32:
        return (double)(int32_t)bits;
    case GGUF_I64:
        return (double)(int64_t)bits;
    case GGUF_F32:
        memcpy(&f, &half, sizeof f);
        return (double)f;
    case GGUF_F64:
        memcpy(&d, &bits, sizeof d);
        return d;
    default:
        return (double)bits;
    }
}

static gguf_type take_type(cursor *c, const char *key)
{
    uint64_t t = take_bits(c, 4);
    if (c->st == PM_OK && t >= GGUF_N_TYPES)
        c->st = err_set(c->err, PM_E_FORMAT, "%s: '%.80s' has a value of type %llu; want 0 to %d",
                        c->name, key, (unsigned long long)t, GGUF_N_TYPES - 1);
    return c->st == PM_OK ? (gguf_type)t : GGUF_U8;
}

static void take_array(cursor *c, gguf_value *v)
{
    v->element = take_type(c, v->key);
    if (c->st == PM_OK && v->element == GGUF_ARRAY)
        c->st = err_set(c->err, PM_E_UNSUPPORTED,
                        "%s: '%.80s' is an array of arrays, which is not read", c->name, v->key);
    size_t width = width_of(v->element);
    v->n = take_count(c, "elements of an array", width ? width : 8);
    if (c->st != PM_OK) return;
    v->at = c->bytes + c->at;
    if (v->element == GGUF_STRING) {
        pm_str *texts = take_room(c, v->n, sizeof *texts);
        for (size_t i = 0; i < v->n && c->st == PM_OK; i++)
            texts[i] = take_text(c, "a string of an array");
        v->texts = texts;
        return;
    }
    if (width == 4) {
        void *aligned = take_room(c, v->n, width);
        if (aligned && v->n) memcpy(aligned, v->at, v->n * width);
        v->aligned = aligned;
    }
    c->at += v->n * width;
}

static void take_value(cursor *c, gguf_value *v)
{
    *v = (gguf_value){.key = take_name(c, "a key")};
    v->type = take_type(c, v->key);
    if (c->st != PM_OK) return;
    if (v->type == GGUF_STRING) {
        v->text = take_text(c, "a string");
    } else if (v->type == GGUF_ARRAY) {
        take_array(c, v);
    } else {
        uint64_t bits = take_bits(c, width_of(v->type));
        v->number = number_of(v->type, bits);
        if (c->st == PM_OK && v->type == GGUF_BOOL && bits > 1)
            c->st = err_set(c->err, PM_E_FORMAT, "%s: '%.80s' is a flag of value %llu; want 0 or 1",
                            c->name, v->key, (unsigned long long)bits);
    }
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const gguf_value *)a)->key, ((const gguf_value *)b)->key);
}

static void take_values(cursor *c, gguf *g, size_t n)
{
    g->value = take_room(c, n, sizeof *g->value);
    for (; g->n < n && c->st == PM_OK; g->n++) take_value(c, &g->value[g->n]);
    if (c->st != PM_OK || n == 0) return;
    qsort(g->value, n, sizeof *g->value, compare_keys);
    for (size_t i = 1; i < n && c->st == PM_OK; i++)
        if (compare_keys(&g->value[i - 1], &g->value[i]) == 0)
            c->st = err_set(c->err, PM_E_FORMAT, "%s: the key '%.80s' is there twice", c->name,
                            g->value[i].key);
}

/* ---- tensors --------------------------------------------------------------------------------------------- */

static nn_type type_of(cursor *c, const char *tensor, uint64_t t)
{
    static const struct {
        unsigned char number;
        nn_type type;
    } known[] = {{0, NN_F32},   {1, NN_F16},   {2, NN_Q4_0}, {3, NN_Q4_1}, {8, NN_Q8_0},
                 {12, NN_Q4_K}, {14, NN_Q6_K}, {24, NN_I8},  {25, NN_I16}, {26, NN_I32},
                 {27, NN_I64},  {28, NN_F64},  {30, NN_BF16}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].number == t) return known[i].type;
    c->st =
        err_set(c->err, PM_E_UNSUPPORTED,
                "%s: tensor '%.80s' has type %llu of ggml; F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q4_K "
                "and Q6_K are read",
                c->name, tensor, (unsigned long long)t);
    return (nn_type)0;
}

/* The info of a tensor; its offset goes to *offset.  Dimensions are slowest first afterwards. */
static void take_tensor(cursor *c, nn_tensor *t, size_t *offset)
{
    size_t elements = 1, block = 0, count = 1;
    *t = (nn_tensor){.name = take_name(c, "a tensor's name")};
    uint64_t n = take_bits(c, 4);
    if (c->st == PM_OK && (n == 0 || n > PM_MAX_DIMS))
        c->st = err_set(c->err, PM_E_FORMAT, "%s: tensor '%.80s' has %llu dimensions; want 1 to %d",
                        c->name, t->name, (unsigned long long)n, PM_MAX_DIMS);
    if (c->st != PM_OK) return;
    t->n_dims = (size_t)n;
    for (size_t d = 0; d < t->n_dims; d++) t->dim[t->n_dims - 1 - d] = (size_t)take_bits(c, 8);
    uint64_t type = take_bits(c, 4), at = take_bits(c, 8);
    if (c->st == PM_OK) t->type = type_of(c, t->name, type);
    if (c->st != PM_OK) return;
    *offset = (size_t)at;
    (void)nn_type_block(t->type, &elements, &block);
    size_t fast = t->dim[t->n_dims - 1];
    bool ok = tensor_bytes(1, t->dim, t->n_dims, &count) &&
              mem_size(count / elements, block, &t->bytes);
    if (!ok || count == 0 || t->bytes > c->len)
        c->st = err_set(c->err, PM_E_FORMAT, "%s: tensor '%.80s' of shape %s does not fit the file",
                        c->name, t->name, nn_shape_of(t->dim, t->n_dims).text);
    else if (fast % elements != 0)
        c->st = err_set(c->err, PM_E_FORMAT,
                        "%s: tensor '%.80s' has rows of %zu; %s wants multiples of %zu", c->name,
                        t->name, fast, nn_type_name(t->type), elements);
}

static size_t padded(size_t n, size_t alignment)
{
    return (n + alignment - 1) / alignment * alignment;
}

typedef struct spot {
    size_t offset, index;
} spot;

static int compare_spots(const void *a, const void *b)
{
    const spot *x = a, *y = b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Tensors follow each other, each at the next multiple of the alignment, up to the end of the file. */
static void place_tensors(cursor *c, gguf *g, spot *s, size_t alignment)
{
    size_t begin = padded(c->at, alignment), at = 0, end = 0;
    if (g->n_tensors && begin > c->len) cut_off(c, "data", 1);
    if (c->st != PM_OK) return;
    size_t data = begin < c->len ? c->len - begin : 0;
    if (g->n_tensors) qsort(s, g->n_tensors, sizeof *s, compare_spots);
    for (size_t i = 0; i < g->n_tensors; i++) {
        nn_tensor *t = &g->t[s[i].index];
        if (s[i].offset != at) {
            c->st = err_set(c->err, PM_E_FORMAT,
                            "%s: tensor '%.80s' begins at %zu of the data; want %zu", c->name,
                            t->name, s[i].offset, at);
            return;
        }
        if (t->bytes > data - at) {
            c->st = err_set(c->err, PM_E_FORMAT,
                            "%s: tensor '%.80s' ends beyond the file's %zu bytes; is it cut off?",
                            c->name, t->name, c->len);
            return;
        }
        t->at = c->bytes + begin + at;
        end = at + t->bytes;
        at = padded(end, alignment);
        if (at > data) at = i + 1 < g->n_tensors ? at : data;
        if (at > data) { /* the next one cannot begin */
            c->st = err_set(c->err, PM_E_FORMAT, "%s: ends after tensor '%.80s'; is it cut off?",
                            c->name, t->name);
            return;
        }
    }
    if (data > padded(end, alignment))
        c->st = err_set(c->err, PM_E_FORMAT, "%s: %zu bytes follow the last tensor", c->name,
                        data - end);
}

static size_t alignment_of(cursor *c, const gguf *g)
{
    const gguf_value *v = gguf_find(g, "general.alignment");
    if (!v) return ALIGN_DEFAULT;
    double x = v->number;
    bool ok = v->type == GGUF_U32 && x >= 1 && x <= (double)MAX_ALIGNMENT;
    if (ok && ((size_t)x & ((size_t)x - 1)) == 0) return (size_t)x;
    c->st = err_set(c->err, PM_E_FORMAT, "%s: general.alignment: %g; want a power of two up to %zu",
                    c->name, x, MAX_ALIGNMENT);
    return ALIGN_DEFAULT;
}

static void take_tensors(cursor *c, gguf *g, size_t n)
{
    size_t alignment = c->st == PM_OK ? alignment_of(c, g) : 1;
    spot *spots = take_room(c, n, sizeof *spots);
    g->t = take_room(c, n, sizeof *g->t);
    for (; g->n_tensors < n && c->st == PM_OK; g->n_tensors++) {
        spots[g->n_tensors].index = g->n_tensors;
        take_tensor(c, &g->t[g->n_tensors], &spots[g->n_tensors].offset);
    }
    if (c->st == PM_OK) place_tensors(c, g, spots, alignment);
    if (c->st != PM_OK || n == 0) return;
    qsort(g->t, n, sizeof *g->t, nn_tensor_order);
    for (size_t i = 1; i < n && c->st == PM_OK; i++)
        if (nn_tensor_order(&g->t[i - 1], &g->t[i]) == 0)
            c->st = err_set(c->err, PM_E_FORMAT, "%s: tensor '%.80s' is there twice", c->name,
                            g->t[i].name);
}

/* ---- the file -------------------------------------------------------------------------------------------- */

static void check_version(cursor *c)
{
    uint64_t magic = take_bits(c, 4), version = take_bits(c, 4);
    if (c->st != PM_OK) return;
    if (magic != 0x46554747)
        c->st = err_set(c->err, PM_E_FORMAT, "%s: does not begin with 'GGUF'", c->name);
    else if (version != 2 && version != 3)
        c->st = err_set(c->err, PM_E_UNSUPPORTED, "%s: version %llu of GGUF%s; 2 and 3 are read",
                        c->name, (unsigned long long)version,
                        version && (version & 0xffff) == 0 ? ", big-endian" : "");
}

pm_status gguf_parse(const void *bytes, size_t len, const char *name, arena *a, gguf **out,
                     pm_err *err)
{
    cursor c = {.bytes = bytes, .len = len, .name = name, .a = a, .err = err};
    gguf *g = take_room(&c, 1, sizeof *g);
    check_version(&c);
    size_t tensors = take_count(&c, "tensors", MIN_TENSOR);
    size_t values = take_count(&c, "keys", MIN_VALUE);
    if (c.st == PM_OK) take_values(&c, g, values);
    if (c.st == PM_OK) take_tensors(&c, g, tensors);
    if (c.st == PM_OK) *out = g;
    return c.st;
}

const gguf_value *gguf_find(const gguf *g, const char *key)
{
    gguf_value want = {.key = key};
    return g->n ? bsearch(&want, g->value, g->n, sizeof want, compare_keys) : NULL;
}
