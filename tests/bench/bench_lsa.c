/* SPDX-License-Identifier: MIT
 *
 * Embedder lsa: hashing n-grams, fitting, and one text to its embedding.  Texts are generated, or those of
 * POINTSMAN_CORPUS/prompts.jsonl.  Floors of the same run: reading the texts; reading rows of the projection at
 * random places.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "embedders/lsa_grams.h"
#include "math/probe.h"
#include "plug/embedder.h"
#include "plug/params.h"
#include "texts.h"

enum { TEXTS = 27000, HASHED = 4000, ROUNDS = 5 };

/* ---- hashing alone: a host that lends memory and nothing else ------------------------------------------- */

static void *lend(pm_call *c, size_t count, size_t bytes)
{
    return arena_alloc(c->impl, count, bytes);
}

static pm_status refuse(pm_call *c, pm_status s, const char *fmt, ...)
{
    (void)c, (void)fmt;
    return s;
}

typedef struct hashing {
    const bench_texts *x;
    arena *room;
    size_t distinct;
} hashing;

static void hash_all(void *arg)
{
    static const pm_host host = {.scratch = lend, .fail = refuse};
    hashing *h = arg;
    pm_call c = {.host = &host, .impl = h->room};
    size_t longest = 0, buckets = 262144;
    arena_reset(h->room);
    h->distinct = 0;
    for (size_t i = 0; i < h->x->n; i++)
        longest = h->x->text[i].len > longest ? h->x->text[i].len : longest;
    size_t most = grams_most(longest, buckets), n;
    uint32_t *key = lend(&c, most, sizeof *key);
    float *times = lend(&c, most, sizeof *times);
    grams *g = NULL;
    pm_err err = PM_ERR_INIT;
    bench_must(grams_open(&c, buckets, longest, &g), &err);
    for (size_t i = 0; i < h->x->n; i++) {
        bench_must(grams_count(g, h->x->text[i], NULL, key, times, &n), &err);
        h->distinct += n;
    }
}

static void record(bench *out, const bench_figure *f, const char *what)
{
    bench_figure named = *f;
    snprintf(named.what, sizeof named.what, "%s", what);
    bench_record(out, &named);
}

static void hash(bench *out, const bench_texts *all)
{
    bench_texts x = *all;
    char what[80];
    x.n = x.n < HASHED ? x.n : HASHED;
    x.bytes = 0;
    for (size_t i = 0; i < x.n; i++) x.bytes += x.text[i].len;
    hashing h = {&x, arena_open(0), 0};
    bench_work w = {hash_all, &h, 1, 0};
    bench_measure(&w, 1, ROUNDS, 3);
    snprintf(what, sizeof what, "hashing %s texts (%zu distinct n-grams each), 1 thread", x.what,
             h.distinct / x.n);
    record(out,
           &(bench_figure){.value = (double)x.bytes / w.median * 1e-6,
                           .unit = "MB/s",
                           .is_rate = true,
                           .floor = NAN,
                           .goal = 50,
                           .n = ROUNDS * 3},
           what);
    arena_close(h.room);
}

int main(void)
{
    bench out;
    compute c;
    pm_err err = PM_ERR_INIT;
    arena *room = arena_open(0);
    bench_must(compute_open(0, &c, &err), &err);
    bench_texts x = bench_texts_open(room, TEXTS);
    bench_open(&out, "lsa", &c);
    hash(&out, &x);
    bench_close(&out);
    arena_close(room);
    compute_close(&c);
    return 0;
}
