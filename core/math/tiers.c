/* SPDX-License-Identifier: MIT
 *
 * Tiers by dynamic programme: best[t][j] = least sum of variances of the first j + 1 players in t + 1 segments.
 */
#include "math/tiers.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

typedef struct plan {
    size_t k, n; /* players; tiers, at most k */
    const double *rating;
    uint32_t *order;   /* [k] players, best first */
    double *variance;  /* [k x k] of segment lo..hi */
    double *best, *at; /* [k] each: previous and current row of the programme */
    uint32_t *cut;     /* [n x k] last player of the segment before, no_cut: none */
} plan;

static const uint32_t no_cut = UINT32_MAX;

static pm_status take_memory(plan *p, arena *scratch, pm_err *err)
{
    size_t cells = 0;
    if (p->k < UINT32_MAX && mem_size(p->k, p->k, &cells)) {
        p->order = arena_alloc(scratch, p->k, sizeof *p->order);
        p->variance = arena_alloc(scratch, cells, sizeof *p->variance);
        p->best = arena_alloc(scratch, p->k, sizeof *p->best);
        p->at = arena_alloc(scratch, p->k, sizeof *p->at);
        p->cut = arena_alloc(scratch, p->n, p->k * sizeof *p->cut);
    }
    if (p->order && p->variance && p->best && p->at && p->cut) return PM_OK;
    return err_set(err, PM_E_MEMORY, "tiers of %zu players", p->k);
}

static void sort(plan *p)
{
    for (size_t i = 0; i < p->k; i++) {
        size_t to = i;
        for (; to > 0 && p->rating[p->order[to - 1]] < p->rating[i]; to--)
            p->order[to] = p->order[to - 1];
        p->order[to] = (uint32_t)i;
    }
}

/* Welford's recurrence: equal ratings have variance 0 to the bit, so that ties are ties. */
static void measure(plan *p)
{
    for (size_t lo = 0; lo < p->k; lo++) {
        double mean = 0, squares = 0;
        for (size_t hi = lo; hi < p->k; hi++) {
            double x = p->rating[p->order[hi]], n = (double)(hi - lo + 1), from = x - mean;
            mean += from / n;
            squares += from * (x - mean);
            p->variance[lo * p->k + hi] = squares / n;
        }
    }
}

static void cut_all(plan *p)
{
    size_t k = p->k;
    for (size_t j = 0; j < k; j++) p->at[j] = p->variance[j], p->cut[j] = no_cut;
    for (size_t t = 1; t < p->n; t++) {
        double *before = p->at;
        p->at = p->best, p->best = before;
        p->at[0] = 0, p->cut[t * k] = no_cut;
        for (size_t j = 1; j < k; j++) {
            p->at[j] = INFINITY;
            for (size_t l = 0; l < j; l++) {
                double sum = before[l] + p->variance[(l + 1) * k + j];
                if (sum < p->at[j]) p->at[j] = sum, p->cut[t * k + j] = (uint32_t)l;
            }
        }
    }
}

/* Walks the cuts from the last player up, then numbers the segments from the best. */
static void number(const plan *p, uint32_t *tier)
{
    uint32_t segment = 0;
    size_t t = p->n - 1;
    for (size_t j = p->k; j-- > 0;) {
        uint32_t cut = p->cut[t * p->k + j], last = cut == no_cut ? 0 : cut + 1;
        for (size_t i = last; i <= j; i++) tier[p->order[i]] = segment;
        j = last;
        segment++;
        t -= t > 0;
    }
    for (size_t i = 0; i < p->k; i++) tier[i] = segment - 1 - tier[i];
}

pm_status tiers_of(const double *rating, size_t k, size_t n_tiers, arena *scratch, uint32_t *tier,
                   pm_err *err)
{
    if (k == 0 || n_tiers == 0)
        return err_set(err, PM_E_ARG, "%zu tiers of %zu players; want at least 1 of 1", n_tiers, k);
    for (size_t i = 0; i < k; i++)
        if (!isfinite(rating[i]))
            return err_set(err, PM_E_ARG, "tiers: rating of player %zu is %g; want a number", i,
                           rating[i]);
    plan p = {.k = k, .n = n_tiers < k ? n_tiers : k, .rating = rating};
    arena_mark mark = arena_save(scratch);
    pm_status st = take_memory(&p, scratch, err);
    if (st == PM_OK) {
        sort(&p);
        measure(&p);
        cut_all(&p);
        number(&p, tier);
    }
    arena_release(scratch, mark);
    return st;
}
