/* SPDX-License-Identifier: MIT
 *
 * Rows of weighted n-grams for lsa: TF-IDF over the columns that training kept.
 */
#include "lsa.h"

#include <math.h>

size_t lsa_longest(const pm_str *text, size_t lo, size_t hi)
{
    size_t longest = 0;
    for (size_t i = lo; i < hi; i++) longest = text[i].len > longest ? text[i].len : longest;
    return longest;
}

pm_status lsa_index(pm_embedder *e, pm_call *c)
{
    size_t groups = (2 * e->buckets + 63) / 64;
    uint64_t *kept = c->host->own(c, groups, sizeof *kept);
    uint32_t *before = c->host->own(c, groups, sizeof *before);
    if (!kept || !before) return PM_E_MEMORY;
    e->words = 0;
    for (size_t v = 0; v < e->v; v++) {
        if (e->key[v] >= 2 * e->buckets || (v && e->key[v] <= e->key[v - 1]))
            return c->host->fail(c, PM_E_FORMAT, "'key' must ascend below %zu", 2 * e->buckets);
        kept[e->key[v] / 64] |= (uint64_t)1 << e->key[v] % 64;
        if (e->key[v] / 64 + 1 < groups) before[e->key[v] / 64 + 1]++;
        e->words += e->key[v] < e->buckets;
    }
    for (size_t g = 1; g < groups; g++) before[g] += before[g - 1];
    e->index = (grams_index){kept, before};
    return PM_OK;
}

pm_status weigher_open(const pm_embedder *e, pm_call *c, size_t longest, struct weigher *w)
{
    size_t most = grams_most(longest, e->buckets);
    pm_status st = grams_open(c, e->buckets, longest, &w->g);
    w->e = e;
    w->col = c->host->scratch(c, most, sizeof *w->col);
    w->val = c->host->scratch(c, most, sizeof *w->val);
    if (st != PM_OK || !w->col || !w->val) return PM_E_MEMORY;
    w->tf[0] = 1;
    for (size_t i = 1; i < LSA_FEW; i++) w->tf[i] = 1 + log((double)i);
    return PM_OK;
}

pm_status weigher_row(struct weigher *w, pm_str text)
{
    const pm_embedder *e = w->e;
    float *val = w->val;
    double scale[2] = {0, 0};
    pm_status st = grams_count(w->g, text, &e->index, w->col, val, &w->n);
    if (st != PM_OK) return st;
    size_t n[3] = {0, 0, w->n};
    while (n[1] < w->n && w->col[n[1]] < e->words) n[1]++;
    for (int b = 0; b < 2; b++) {
        double squares = 0;
        for (size_t i = n[b]; i < n[b + 1]; i++) {
            double times = (double)val[i];
            double tf = times < LSA_FEW ? w->tf[(size_t)times] : 1 + log(times);
            double weight = tf * (double)e->idf[w->col[i]];
            squares += weight * weight;
            val[i] = (float)weight;
        }
        scale[b] = squares > 0 ? sqrt(0.5 / squares) : 0;
        for (size_t i = n[b]; i < n[b + 1]; i++) val[i] = (float)((double)val[i] * scale[b]);
    }
    return PM_OK;
}
