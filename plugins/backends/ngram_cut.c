/* SPDX-License-Identifier: MIT
 *
 * A trie without its rare n-grams.
 */
#include "ngram_cut.h"

pm_status ngram_occurrences(pm_call *c, const ngram_builder *b, const uint32_t **raw)
{
    const uint32_t *below = NULL;
    for (int k = b->order; k >= 0; k--) {
        const ngram_growing *l = &b->level[k];
        uint32_t *n = c->host->scratch(c, l->n, sizeof *n);
        if (!n) return PM_E_MEMORY;
        for (size_t x = 0; x < l->n; x++) {
            n[x] = l->times[x];
            for (uint32_t y = below ? l->start[x] : 0; below && y < l->start[x + 1]; y++)
                n[x] += below[y];
        }
        raw[k] = below = n;
    }
    return PM_OK;
}

/* The new place of every node of a level, [n + 1]; NULL without memory. */
static uint32_t *places(pm_call *c, size_t n, const uint32_t *raw, uint32_t least)
{
    uint32_t *at = c->host->scratch(c, n + 1, sizeof *at), kept = 0;
    for (size_t x = 0; at && x < n; x++) {
        at[x] = kept;
        kept += raw[x] >= least;
    }
    if (at) at[n] = kept;
    return at;
}

static pm_status cut_level(pm_call *c, const ngram_growing *l, const uint32_t *place,
                           const uint32_t *below, ngram_level *out)
{
    const size_t n = place[l->n];
    uint8_t *byte = c->host->own(c, n, sizeof *byte);
    float *p = c->host->own(c, n, sizeof *p);
    uint32_t *start = below ? c->host->own(c, n + 1, sizeof *start) : NULL;
    float *backoff = below ? c->host->own(c, n, sizeof *backoff) : NULL;
    if (!byte || !p || (below && (!start || !backoff))) return PM_E_MEMORY;
    for (size_t x = 0; x < l->n; x++) {
        const uint32_t to = place[x];
        if (place[x + 1] == to) continue;
        if (l->byte) {
            byte[to] = l->byte[x];
            p[to] = l->log_p[x];
        }
        if (below) {
            start[to] = below[l->start[x]];
            backoff[to] = l->log_backoff[x];
        }
    }
    if (below) start[n] = below[l->start[l->n]];
    *out = (ngram_level){n, byte, start, p, backoff};
    return PM_OK;
}

pm_status ngram_cut(pm_call *c, const ngram_builder *b, const ngram_cutting *cut, ngram_trie *out)
{
    uint32_t *below = NULL;
    out->order = b->order;
    for (int k = b->order; k >= 0; k--) {
        uint32_t *place = places(c, b->level[k].n, cut->raw[k], k < 3 ? 1 : cut->least);
        if (!place) return PM_E_MEMORY;
        pm_status st = cut_level(c, &b->level[k], place, below, &out->level[k]);
        if (st != PM_OK) return st;
        below = place;
    }
    return PM_OK;
}
