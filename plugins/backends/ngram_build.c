/* SPDX-License-Identifier: MIT
 *
 * Nodes of the trie: two walks over the sorted n-grams, one that counts and one that fills.
 */
#include "ngram_build.h"

typedef struct build_job {
    const ngram_keys *keys;
    ngram_builder *to;
    uint32_t (*count)[NGRAM_MAX_ORDER +
                      2]; /* [256] nodes of each level by last byte, then where they begin */
} build_job;

static inline uint32_t common_bytes(uint64_t a, uint64_t b)
{
#if defined(__GNUC__)
    return a == b ? 8 : (uint32_t)__builtin_clzll(a ^ b) / 8;
#else
    uint32_t same = 0;
    while (same < 8 && (a ^ b) >> (56 - 8 * same) == 0) same++;
    return same;
#endif
}

static pm_status count_some(pm_call *w, size_t lo, size_t hi, void *arg)
{
    const build_job *job = arg;
    for (size_t last = lo; last < hi; last++) {
        uint32_t *n = job->count[last], open = 0;
        ngram_cursor at = ngram_cursor_of(job->keys, last, last + 1);
        ngram_first g;
        uint64_t before = 0;
        while (ngram_next(&at, &g)) {
            uint32_t same = common_bytes(g.key, before);
            for (uint32_t k = (same < open ? same : open) + 1; k <= g.length; k++) n[k]++;
            before = g.key;
            open = g.length;
        }
    }
    return w->host->progress(w, .4, NULL, 0);
}

static pm_status fill_some(pm_call *w, size_t lo, size_t hi, void *arg)
{
    const build_job *job = arg;
    ngram_growing *l = job->to->level;
    const uint32_t order = (uint32_t)job->to->order;
    for (size_t last = lo; last < hi; last++) {
        uint32_t *next = job->count[last], open = 0;
        ngram_cursor at = ngram_cursor_of(job->keys, last, last + 1);
        ngram_first g;
        uint64_t before = 0;
        while (ngram_next(&at, &g)) {
            uint32_t same = common_bytes(g.key, before);
            for (uint32_t k = (same < open ? same : open) + 1; k <= g.length; k++) {
                uint32_t x = next[k]++;
                l[k].byte[x] = (uint8_t)(g.key >> (64 - 8 * k));
                if (k < order) l[k].start[x] = next[k + 1];
            }
            l[g.length].times[next[g.length] - 1] += g.times;
            before = g.key;
            open = g.length;
        }
    }
    return w->host->progress(w, .5, NULL, 0);
}

static pm_status make_room(pm_call *c, int keep, ngram_builder *b)
{
    void *(*room)(pm_call *, size_t, size_t) = keep ? c->host->own : c->host->scratch;
    for (int k = 0; k <= b->order; k++) {
        ngram_growing *l = &b->level[k];
        l->times = c->host->scratch(c, l->n, sizeof *l->times);
        if (!l->times) return PM_E_MEMORY;
        if (k > 0) {
            l->byte = room(c, l->n, sizeof *l->byte);
            l->log_p = room(c, l->n, sizeof *l->log_p);
            if (!l->byte || !l->log_p) return PM_E_MEMORY;
        }
        if (k < b->order) {
            l->start = room(c, l->n + 1, sizeof *l->start);
            l->log_backoff = room(c, l->n, sizeof *l->log_backoff);
            if (!l->start || !l->log_backoff) return PM_E_MEMORY;
        }
    }
    return PM_OK;
}

pm_status ngram_build(pm_call *c, const ngram_keys *keys, int keep, ngram_builder *out)
{
    *out = (ngram_builder){.order = keys->order};
    build_job job = {keys, out, c->host->scratch(c, 256, sizeof *job.count)};
    if (!job.count) return PM_E_MEMORY;
    pm_status st = c->host->parallel(c, 256, 1, count_some, &job);
    if (st != PM_OK) return st;
    for (int k = 1; k <= keys->order; k++)
        for (int last = 0; last < 256; last++) {
            uint32_t n = job.count[last][k];
            job.count[last][k] = (uint32_t)out->level[k].n;
            out->level[k].n += n;
        }
    out->level[0].n = 1;
    st = make_room(c, keep, out);
    if (st == PM_OK) st = c->host->parallel(c, 256, 1, fill_some, &job);
    if (st != PM_OK) return st;
    for (int k = 0; k < keys->order; k++)
        out->level[k].start[out->level[k].n] = (uint32_t)out->level[k + 1].n;
    return PM_OK;
}
