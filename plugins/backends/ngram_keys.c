/* SPDX-License-Identifier: MIT
 *
 * Sorting the n-grams of a corpus by suffix.
 */
#include "ngram_keys.h"

#include <stdlib.h>

enum { BUCKETS = 65536, TOP = 48, SMALL = 40, DIGITS = 6 };

/* The key of the n-gram that ends at p: roll(key, byte) takes it one byte on. */
static inline uint64_t roll(uint64_t key, uint8_t byte)
{
    return key >> 8 | (uint64_t)byte << 56;
}

static uint64_t mask_of(int order)
{
    return ~UINT64_C(0) << (64 - 8 * order);
}

/* ---- sorting one bucket ------------------------------------------------------------------------------------- */

static void insertion(uint64_t *key, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        uint64_t k = key[i];
        size_t j = i;
        for (; j > 0 && key[j - 1] > k; j--) key[j] = key[j - 1];
        key[j] = k;
    }
}

/* Keys with equal top 16 bits; `digits` bytes below them count.  LSD, one byte a pass. */
static void sort_bucket(uint64_t *key, uint64_t *room, size_t n, int digits)
{
    uint32_t times[DIGITS][256];
    if (n < 2 || digits == 0) return;
    if (n < SMALL) {
        insertion(key, n);
        return;
    }
    memset(times, 0, (size_t)digits * sizeof *times);
    for (size_t i = 0; i < n; i++)
        for (int d = 0; d < digits; d++) times[d][key[i] >> (TOP - 8 - 8 * d) & 255]++;
    uint64_t *from = key, *to = room;
    for (int d = digits - 1; d >= 0; d--) {
        const int shift = TOP - 8 - 8 * d;
        uint32_t *at = times[d], sum = 0;
        if (at[from[0] >> shift & 255] == n) continue; /* all equal here */
        for (int b = 0; b < 256; b++) {
            uint32_t t = at[b];
            at[b] = sum;
            sum += t;
        }
        for (size_t i = 0; i < n; i++) to[at[from[i] >> shift & 255]++] = from[i];
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != key) memcpy(key, from, n * sizeof *key);
}

/* Body of a loop over last bytes. */
static pm_status sort_some(pm_call *w, size_t lo, size_t hi, void *arg)
{
    const ngram_keys *k = arg;
    const int digits = k->order > 2 ? k->order - 2 : 0;
    size_t most = 0;
    for (size_t b = lo << 8; b < hi << 8; b++)
        if (k->bucket[b + 1] - k->bucket[b] > most) most = k->bucket[b + 1] - k->bucket[b];
    uint64_t *room = w->host->scratch(w, most, sizeof *room);
    if (!room) return PM_E_MEMORY;
    for (size_t b = lo << 8; b < hi << 8; b++)
        sort_bucket(k->key + k->bucket[b], room, k->bucket[b + 1] - k->bucket[b], digits);
    return w->host->progress(w, .3, NULL, 0);
}

/* ---- n-grams at the beginning of documents -------------------------------------------------------------------- */

static int by_key_then_length(const void *a, const void *b)
{
    const ngram_first *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->length > y->length) - (x->length < y->length);
}

static pm_status collect_firsts(pm_call *c, const pm_corpus *corpus, ngram_keys *k)
{
    const size_t room = (size_t)k->order - 1;
    size_t n = 0, kept = 0;
    for (size_t d = 0; d < corpus->n; d++)
        n += corpus->document[d].len < room ? corpus->document[d].len : room;
    ngram_first *f = c->host->scratch(c, n, sizeof *f);
    if (!f) return PM_E_MEMORY;
    n = 0;
    for (size_t d = 0; d < corpus->n; d++) {
        uint64_t key = 0;
        for (size_t i = 0; i < corpus->document[d].len && i < room; i++) {
            key = roll(key, (uint8_t)corpus->document[d].ptr[i]);
            f[n++] = (ngram_first){key, (uint32_t)i + 1, 1};
        }
    }
    if (n > 1) qsort(f, n, sizeof *f, by_key_then_length);
    for (size_t i = 0; i < n; i++) {
        if (kept && by_key_then_length(&f[kept - 1], &f[i]) == 0)
            f[kept - 1].times++;
        else
            f[kept++] = f[i];
    }
    k->first = f;
    k->n_first = kept;
    return PM_OK;
}

/* ---- all of it ---------------------------------------------------------------------------------------------------- */

static pm_status measure(pm_call *c, const pm_corpus *corpus, ngram_keys *k)
{
    const size_t order = (size_t)k->order;
    for (size_t d = 0; d < corpus->n; d++) {
        const size_t len = corpus->document[d].len;
        if (len >= UINT32_MAX || k->bytes + len >= UINT32_MAX)
            return c->host->fail(c, PM_E_ARG,
                                 "the text has 4 GiB or more; want less, or several experts");
        k->bytes += len;
        k->n += len >= order ? len - order + 1 : 0;
    }
    if (k->bytes == 0)
        return c->host->fail(
            c, PM_E_ARG, "nothing to learn from: %zu documents without a byte of text", corpus->n);
    return PM_OK;
}

/* Calls for every n-gram of full order: counts its bucket (key NULL) or puts it there. */
static void pass(const pm_str text, int order, size_t *bucket, uint64_t *key)
{
    const uint64_t mask = mask_of(order);
    const uint8_t *at = (const uint8_t *)text.ptr;
    uint64_t k = 0;
    size_t i = 0;
    if (text.len < (size_t)order) return;
    for (; i + 1 < (size_t)order; i++) k = roll(k, at[i]);
    if (!key)
        for (; i < text.len; i++) {
            k = roll(k, at[i]);
            bucket[(k & mask) >> TOP]++;
        }
    else
        for (; i < text.len; i++) {
            k = roll(k, at[i]);
            key[bucket[(k & mask) >> TOP]++] = k & mask;
        }
}

static pm_status each_document(pm_call *c, const pm_corpus *corpus, ngram_keys *k, uint64_t *key)
{
    size_t since = 0;
    for (size_t d = 0; d < corpus->n; d++) {
        pass(corpus->document[d], k->order, k->bucket, key);
        since += corpus->document[d].len;
        if (since >= (size_t)1 << 22) {
            pm_status st = c->host->progress(c, key ? .1 : 0, NULL, 0);
            if (st != PM_OK) return st;
            since = 0;
        }
    }
    return PM_OK;
}

pm_status ngram_keys_sort(pm_call *c, const pm_corpus *corpus, int order, ngram_keys *out)
{
    *out = (ngram_keys){.order = order};
    pm_status st = measure(c, corpus, out);
    if (st != PM_OK) return st;
    out->bucket = c->host->scratch(c, BUCKETS + 1, sizeof *out->bucket);
    out->key = c->host->scratch(c, out->n, sizeof *out->key);
    if (!out->bucket || !out->key) return PM_E_MEMORY;
    st = each_document(c, corpus, out, NULL);
    if (st != PM_OK) return st;
    size_t sum = 0;
    for (size_t b = 0; b < BUCKETS; b++) {
        size_t n = out->bucket[b];
        out->bucket[b] = sum;
        sum += n;
    }
    st = each_document(c, corpus, out, out->key);
    if (st != PM_OK) return st;
    memmove(out->bucket + 1, out->bucket,
            BUCKETS * sizeof *out->bucket); /* ends are now beginnings */
    out->bucket[0] = 0;
    st = collect_firsts(c, corpus, out);
    if (st == PM_OK) st = c->host->parallel(c, 256, 1, sort_some, out);
    return st;
}

static const ngram_first *first_from(const ngram_keys *k, size_t last_byte)
{
    size_t lo = 0, hi = k->n_first;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (k->first[mid].key >> 56 < last_byte)
            lo = mid + 1;
        else
            hi = mid;
    }
    return k->first + lo;
}

ngram_cursor ngram_cursor_of(const ngram_keys *k, size_t lo, size_t hi)
{
    return (ngram_cursor){k->key + k->bucket[lo << 8], k->key + k->bucket[hi << 8],
                          first_from(k, lo), first_from(k, hi), (uint32_t)k->order};
}
