/* SPDX-License-Identifier: MIT
 *
 * Modified Kneser-Ney, level by level from the shortest n-grams on.
 */
#include "ngram_estimate.h"

#include <math.h>

typedef struct context { /* of the n-grams of one level */
    double freed;        /* mass that goes to the lower order: counts, then gamma */
    uint32_t times;      /* c(h .) */
} context;

typedef struct estimate {
    ngram_builder *b;
    const ngram_cutting *cut;
    ngram_room room;
    int k;
    double discount[4]; /* by min(count, 3) */
    context *context;   /* [level k - 1] */
    uint32_t *of;       /* [level k] the context of each node */
    uint32_t *of_lower; /* [level k - 1] */
    double *p, *p_lower;
} estimate;

/* Equation (3) of the header. */
static void set_discounts(estimate *e)
{
    size_t n[5] = {0};
    const ngram_growing *l = &e->b->level[e->k];
    for (size_t x = 0; x < l->n; x++) {
        uint32_t times = ngram_times(e->b, e->k, x);
        if (times <= 4) n[times]++;
    }
    const double y = n[1] ? (double)n[1] / ((double)n[1] + 2.0 * (double)n[2]) : 0;
    for (int i = 1; i <= 3; i++) {
        double d = n[i] ? i - (i + 1) * y * (double)n[i + 1] / (double)n[i] : 0;
        e->discount[i] = d > .05 && d < i ? d : .5 * i;
    }
}

static int is_cut(const estimate *e, size_t x)
{
    return e->cut->raw && e->k >= 3 && e->cut->raw[e->k][x] < e->cut->least;
}

static double discount_of(const estimate *e, uint32_t times)
{
    return e->discount[times < 3 ? times : 3];
}

/* The context of a child is the child, by the same byte, of its parent's context. */
static void find_contexts(estimate *e)
{
    const ngram_growing *l = e->b->level;
    const int k = e->k;
    if (k == 1) return; /* the empty one: zero */
    const ngram_level in = {.n = l[k - 1].n, .byte = l[k - 1].byte};
    for (size_t parent = 0; parent < l[k - 1].n; parent++) {
        const uint32_t q = e->of_lower[parent], lo = l[k - 2].start[q], hi = l[k - 2].start[q + 1];
        uint32_t from = lo;
        for (uint32_t x = l[k - 1].start[parent]; x < l[k - 1].start[parent + 1]; x++) {
            e->of[x] = ngram_child(&in, from, hi, l[k].byte[x]);
            from = e->of[x] + 1; /* both lists ascend */
        }
    }
}

static void sum_contexts(estimate *e)
{
    const ngram_growing *l = &e->b->level[e->k], *lower = &e->b->level[e->k - 1];
    for (size_t x = 0; x < l->n; x++) {
        const uint32_t times = ngram_times(e->b, e->k, x);
        context *h = &e->context[e->of[x]];
        h->times += times;
        h->freed += is_cut(e, x) ? (double)times : discount_of(e, times);
    }
    for (size_t q = 0; q < lower->n; q++) { /* equation (2) */
        context *h = &e->context[q];
        h->freed = h->times ? h->freed / (double)h->times : 1;
        lower->log_backoff[q] = (float)log(h->freed);
    }
}

/* Equation (1). */
static void set_probabilities(estimate *e)
{
    const ngram_growing *l = &e->b->level[e->k], *lower = &e->b->level[e->k - 1];
    for (size_t parent = 0; parent < lower->n; parent++)
        for (uint32_t x = lower->start[parent]; x < lower->start[parent + 1]; x++) {
            const uint32_t times = ngram_times(e->b, e->k, x);
            const context *h = &e->context[e->of[x]];
            double p = ((double)times - discount_of(e, times)) / (double)h->times +
                       h->freed * e->p_lower[parent];
            l->log_p[x] = (float)log(p < 1 ? p : 1);
            if (e->p) e->p[x] = p;
        }
}

/* Zeroed memory out of what is free, else scratch. */
static void *take(pm_call *c, ngram_room *room, size_t count, size_t bytes)
{
    const size_t whole = (count * bytes + 63) & ~(size_t)63; /* count is below 2^32 */
    if (whole > room->bytes) return c->host->scratch(c, count, bytes);
    void *at = room->at;
    room->at = (char *)at + whole;
    room->bytes -= whole;
    return memset(at, 0, whole);
}

static pm_status next_level(pm_call *c, estimate *e)
{
    const ngram_builder *b = e->b;
    const int k = ++e->k;
    e->of_lower = e->of;
    e->p_lower = k > 1 ? e->p : e->p_lower;
    e->of = take(c, &e->room, b->level[k].n, sizeof *e->of);
    e->p = k < b->order ? take(c, &e->room, b->level[k].n, sizeof *e->p) : NULL;
    e->context = take(c, &e->room, b->level[k - 1].n, sizeof *e->context);
    return e->of && e->context && (e->p || k == b->order) ? PM_OK : PM_E_MEMORY;
}

pm_status ngram_estimate(pm_call *c, ngram_builder *b, const ngram_cutting *cut, ngram_room room)
{
    double bottom = 1.0 / 256;
    estimate e = {.b = b, .cut = cut, .room = room, .p_lower = &bottom};
    while (e.k < b->order) {
        pm_status st = next_level(c, &e);
        if (st != PM_OK) return st;
        set_discounts(&e);
        find_contexts(&e);
        sum_contexts(&e);
        set_probabilities(&e);
        st = c->host->progress(c, .5 + .5 * e.k / (b->order + 1), NULL, 0);
        if (st != PM_OK) return st;
    }
    return PM_OK;
}
