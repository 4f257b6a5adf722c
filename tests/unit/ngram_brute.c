/* SPDX-License-Identifier: MIT
 *
 * Kneser-Ney by brute force; see ngram_brute.h.
 */
#include "config.h"

#include "ngram_brute.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { ROOM = 1 << 18, MOST = 8 };

typedef struct gram { /* an n-gram: how often it occurs, and what stands before it */
    uint8_t at[MOST];
    uint8_t len;
    size_t raw;
    bool before[257]; /* 256: the beginning of a document */
} gram;

struct brute {
    int order;
    size_t least;
    gram *grams;
    size_t n;
    uint32_t *slot; /* [ROOM] 1 + index */
    double d[MOST + 1][4];
};

static uint32_t *slot_of(const brute *b, const uint8_t *at, size_t len)
{
    uint64_t h = len * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (size_t i = 0; i < len; i++) h = (h ^ at[i]) * UINT64_C(0x100000001b3);
    for (size_t s = (h ^ h >> 29) % ROOM;; s = (s + 1) % ROOM) {
        const gram *g = b->slot[s] ? &b->grams[b->slot[s] - 1] : NULL;
        if (!g || (g->len == len && memcmp(g->at, at, len) == 0)) return &b->slot[s];
    }
}

static gram *find(const brute *b, const uint8_t *at, size_t len)
{
    uint32_t *slot = slot_of(b, at, len);
    return *slot ? &b->grams[*slot - 1] : NULL;
}

static size_t count(const brute *b, const gram *g)
{
    size_t n = 0;
    if (g->len == b->order) return g->raw;
    for (size_t i = 0; i < 257; i++) n += g->before[i];
    return n;
}

static bool is_kept(const brute *b, const gram *g)
{
    return g->len < 3 || g->raw >= b->least;
}

static void add(brute *b, const uint8_t *text, size_t end, size_t len)
{
    const uint8_t *at = text + end - len;
    uint32_t *slot = slot_of(b, at, len);
    if (!*slot) {
        gram *g = &b->grams[b->n++];
        memcpy(g->at, at, len);
        g->len = (uint8_t)len;
        *slot = (uint32_t)b->n;
        if (b->n > ROOM / 2) abort();
    }
    gram *g = &b->grams[*slot - 1];
    g->raw++;
    g->before[end > len ? at[-1] : 256] = true;
}

static void set_discounts(brute *b, int k)
{
    size_t n[5] = {0};
    for (size_t i = 0; i < b->n; i++)
        if (b->grams[i].len == k && count(b, &b->grams[i]) <= 4) n[count(b, &b->grams[i])]++;
    double n1 = (double)n[1], n2 = (double)n[2], y = n1 / (n1 + 2 * n2);
    b->d[k][1] = 1 - 2 * y * n2 / n1;
    b->d[k][2] = 2 - 3 * y * (double)n[3] / n2;
    b->d[k][3] = 3 - 4 * y * (double)n[4] / (double)n[3];
    for (int i = 1; i <= 3; i++)
        if (!(b->d[k][i] > 0.05 && b->d[k][i] < i)) b->d[k][i] = 0.5 * i;
}

brute *brute_train(arena *a, const pm_str *document, size_t n, int order, size_t least)
{
    brute *b = arena_alloc(a, 1, sizeof *b);
    *b = (brute){.order = order, .least = least};
    b->grams = arena_alloc(a, ROOM / 2 + 1, sizeof *b->grams);
    b->slot = arena_alloc(a, ROOM, sizeof *b->slot);
    for (size_t d = 0; d < n; d++)
        for (size_t end = 1; end <= document[d].len; end++)
            for (size_t len = 1; len <= (size_t)order && len <= end; len++)
                add(b, (const uint8_t *)document[d].ptr, end, len);
    for (int k = 1; k <= order; k++) set_discounts(b, k);
    return b;
}

static double p_of(const brute *b, const uint8_t *context, size_t len, uint8_t byte)
{
    uint8_t at[MOST] = {0};
    double total = 0, freed = 0, here = 0;
    double lower = len ? p_of(b, context + 1, len - 1, byte) : 1.0 / 256;
    if (len == 0) lower = 1.0 / 256;
    if (len) memcpy(at, context, len);
    for (int w = 0; w < 256; w++) {
        at[len] = (uint8_t)w;
        const gram *g = find(b, at, len + 1);
        if (!g) continue;
        double c = (double)count(b, g), d = b->d[len + 1][c < 3 ? (int)c : 3];
        total += c;
        if (!is_kept(b, g)) d = c;
        freed += d;
        if (w == byte) here = c - d;
    }
    return total > 0 ? here / total + freed / total * lower : lower;
}

double brute_p(const brute *b, pm_str context, uint8_t byte)
{
    size_t len = context.len < (size_t)b->order - 1 ? context.len : (size_t)b->order - 1;
    const uint8_t *end = (const uint8_t *)context.ptr + context.len;
    /* A context that was left out has only n-grams that were left out. */
    return p_of(b, end - len, len, byte);
}

double brute_nats(const brute *b, pm_str text)
{
    double sum = 0;
    for (size_t i = 0; i < text.len; i++)
        sum -= log(brute_p(b, (pm_str){text.ptr, i}, (uint8_t)text.ptr[i]));
    return sum;
}

size_t brute_count(const brute *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++) n += is_kept(b, &b->grams[i]);
    return n;
}
