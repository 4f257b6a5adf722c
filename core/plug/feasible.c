/* SPDX-License-Identifier: MIT
 *
 * Masks are made with GNU vectors, so that they are vector code at -O2 as well; a bound is first rounded down
 * to a float, which compares with floats as the double does.  Prompts without anybody are rare: they are looked
 * at one by one.
 */
#include "plug/feasible.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

#define LANES 4

typedef float lanes_f __attribute__((vector_size(4 * LANES)));
typedef int32_t lanes_i __attribute__((vector_size(4 * LANES)));

typedef struct hard_terms {
    size_t n, at[FEASIBLE_TERMS]; /* which of the terms, ascending */
    float bound[FEASIBLE_TERMS];
    const float *row[FEASIBLE_TERMS]; /* of the prompt at hand */
    bool per_prompt;
} hard_terms;

void feasible_close(feasible_room *r)
{
    mem_free(r->mask);
    mem_free(r->relaxed);
    mem_free(r->broken);
    mem_free(r->fell_back);
    *r = (feasible_room){0};
}

/* The largest float that is not above the bound. */
static float round_down(double bound)
{
    float f = (float)bound;
    return (double)f > bound ? nextafterf(f, -INFINITY) : f;
}

static void gather(const pm_term *const *term, size_t n_terms, hard_terms *out)
{
    out->n = 0;
    out->per_prompt = false;
    for (size_t k = 0; k < n_terms && k < FEASIBLE_TERMS; k++) {
        if (term[k]->sense != PM_HARD) continue;
        out->per_prompt |= term[k]->value.ld != 0;
        out->bound[out->n] = round_down(term[k]->bound);
        out->at[out->n++] = k;
    }
}

static void aim(hard_terms *h, const pm_term *const *term, size_t i)
{
    for (size_t k = 0; k < h->n; k++) h->row[k] = pm_crow(term[h->at[k]]->value, i);
}

enum { NOBODY = 1, SOMEBODY_MASKED = 2 }; /* what a row is found to be */

static unsigned mask_row(const hard_terms *h, size_t m, uint32_t *mask)
{
    lanes_i some = {0}, none = ~(lanes_i){0};
    size_t j = 0;
    for (; j + LANES <= m; j += LANES) {
        lanes_i by = {0};
        for (size_t k = h->n; k-- > 0;) {
            lanes_f v, b = {h->bound[k], h->bound[k], h->bound[k], h->bound[k]};
            int32_t id = (int32_t)h->at[k] + 1;
            memcpy(&v, h->row[k] + j, sizeof v);
            lanes_i over = (lanes_i)(v > b);
            by = (over & (lanes_i){id, id, id, id}) | (~over & by);
        }
        memcpy(mask + j, &by, sizeof by);
        some |= by;
        none &= by != 0;
    }
    uint32_t any = (uint32_t)(some[0] | some[1] | some[2] | some[3]);
    bool all = (none[0] & none[1] & none[2] & none[3]) != 0;
    for (; j < m; j++) {
        mask[j] = 0;
        for (size_t k = h->n; k-- > 0;)
            if (h->row[k][j] > h->bound[k]) mask[j] = (uint32_t)h->at[k] + 1;
        any |= mask[j];
        all &= mask[j] != 0;
    }
    return (all ? (unsigned)NOBODY : 0u) | (any ? (unsigned)SOMEBODY_MASKED : 0u);
}

typedef struct found {
    bool any; /* some cell is masked */
    size_t n_stuck, first_stuck;
} found;

static found mask_all(hard_terms *h, const pm_term *const *term, size_t n, size_t m, uint32_t *mask)
{
    found f = {false, 0, 0};
    unsigned is = 0;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || h->per_prompt) {
            aim(h, term, i);
            is = mask_row(h, m, mask + i * m);
        } else {
            memcpy(mask + i * m, mask, m * sizeof *mask);
        }
        f.any |= (is & SOMEBODY_MASKED) != 0;
        if (!(is & NOBODY)) continue;
        if (f.n_stuck++ == 0) f.first_stuck = i;
    }
    return f;
}

bool feasible_mask(const pm_question *q, uint32_t *mask)
{
    hard_terms h;
    gather(q->term, q->n_terms, &h);
    return mask_all(&h, q->term, q->value.rows, q->value.cols, mask).n_stuck == 0;
}

/* Bit k of broken[j]: hard term k forbids expert j for prompt i. */
static void find_broken(const pm_term *const *term, size_t n_terms, size_t i, size_t m,
                        uint64_t *broken)
{
    memset(broken, 0, m * sizeof *broken);
    for (size_t k = 0; k < n_terms && k < FEASIBLE_TERMS; k++) {
        if (term[k]->sense != PM_HARD) continue;
        const float *v = pm_crow(term[k]->value, i);
        for (size_t j = 0; j < m; j++)
            if ((double)v[j] > term[k]->bound) broken[j] |= (uint64_t)1 << k;
    }
}

/* ---- prompts without anybody -------------------------------------------------------------------------------- */

/* What is given up for them: terms in the order told until somebody is left; false: nobody ever is. */
static bool give_up(const pipeline_infeasible *p, const uint64_t *broken, size_t m, uint64_t *out)
{
    uint64_t given = 0, at_all = 0;
    for (size_t j = 0; j < m; j++) at_all |= broken[j];
    for (size_t k = 0; k < p->n_relax; k++) {
        uint64_t one = (uint64_t)1 << p->relax[k];
        if (!(at_all & one)) continue;
        given |= one;
        for (size_t j = 0; j < m; j++)
            if (!(broken[j] & ~given)) {
                *out = given;
                return true;
            }
    }
    return false;
}

static void mask_without(const uint64_t *broken, uint64_t given, size_t m, uint32_t *mask)
{
    for (size_t j = 0; j < m; j++) {
        uint64_t left = broken[j] & ~given;
        mask[j] = left ? (uint32_t)__builtin_ctzll(left) + 1 : 0;
    }
}

static bool is_stuck(const uint32_t *mask, size_t m)
{
    for (size_t j = 0; j < m; j++)
        if (!mask[j]) return false;
    return true;
}

static pm_status starve(const feasible_ask *a, pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "out of memory for masks of %zu prompts x %zu experts", a->n,
                   a->lib->n);
}

/* Counts anew: only those for whom it does not help. */
static pm_status relax(feasible_room *r, const feasible_ask *a, feasible_answer *out, pm_err *err)
{
    size_t m = a->lib->n, lost = 0, first = 0;
    if (!mem_grow(&r->relaxed, &r->relaxed_capacity, a->n, sizeof *r->relaxed) ||
        !mem_grow(&r->broken, &r->broken_capacity, m, sizeof *r->broken))
        return starve(a, err);
    memset(r->relaxed, 0, a->n * sizeof *r->relaxed);
    for (size_t i = out->first_stuck; i < a->n; i++) {
        uint32_t *mask = r->mask + i * m;
        if (!is_stuck(mask, m)) continue;
        find_broken(a->term, a->n_terms, i, m, r->broken);
        if (give_up(a->policy, r->broken, m, &r->relaxed[i]))
            mask_without(r->broken, r->relaxed[i], m, mask);
        else if (lost++ == 0)
            first = i;
    }
    if (!lost) {
        out->relaxed = r->relaxed;
        return PM_OK;
    }
    out->first_stuck = first;
    out->n_stuck = lost;
    return err_set(err, PM_E_INFEASIBLE,
                   "prompt %zu: nobody is left when all of the order is given up", first);
}

static pm_status fall_back(feasible_room *r, const feasible_ask *a, feasible_answer *out,
                           pm_err *err)
{
    size_t m = a->lib->n, to = 0;
    const char *id = a->policy->fallback ? a->policy->fallback : "";
    while (to < m && strcmp(a->lib->expert[to]->id, id) != 0) to++;
    if (to == m)
        return err_set(err, PM_E_ARG, "fallback expert \"%s\" is none of the %zu that are served",
                       id, m);
    if (!mem_grow(&r->fell_back, &r->fell_capacity, a->n, 1)) return starve(a, err);
    memset(r->fell_back, 0, a->n);
    for (size_t i = out->first_stuck; i < a->n; i++) {
        uint32_t *mask = r->mask + i * m;
        if (!is_stuck(mask, m)) continue;
        for (size_t j = 0; j < m; j++) mask[j] = j == to ? 0 : PM_MASK_FALLBACK;
        r->fell_back[i] = 1;
    }
    out->fell_back = r->fell_back;
    return PM_OK;
}

static pm_status check(const feasible_ask *a, const hard_terms *h, pm_err *err)
{
    const pipeline_infeasible *p = a->policy;
    for (size_t k = 0; k < a->n_terms; k++) {
        if (a->term[k]->sense != PM_HARD) continue;
        if (isnan(a->term[k]->bound))
            return err_set(err, PM_E_ARG, "constraint \"%s\": the bound is NaN; want a number",
                           a->term[k]->name);
        if (k >= FEASIBLE_TERMS)
            return err_set(err, PM_E_ARG,
                           "constraint \"%s\" is number %zu; hard ones must be among the first %d",
                           a->term[k]->name, k + 1, FEASIBLE_TERMS);
    }
    for (size_t k = 0; h->n && p->policy == INFEASIBLE_RELAX && k < p->n_relax; k++)
        if (p->relax[k] >= a->n_terms || a->term[p->relax[k]]->sense != PM_HARD)
            return err_set(err, PM_E_ARG, "constraint \"%s\" cannot be relaxed: it is not hard",
                           p->relax[k] < a->n_terms ? a->term[p->relax[k]]->name : "?");
    return PM_OK;
}

pm_status feasible_find(feasible_room *r, const feasible_ask *a, feasible_answer *out, pm_err *err)
{
    size_t m = a->lib->n, cells;
    hard_terms h;
    *out = (feasible_answer){0};
    gather(a->term, a->n_terms, &h);
    pm_status st = check(a, &h, err);
    if (st != PM_OK) return st;
    if (h.n == 0 || a->n == 0) return PM_OK;
    if (!mem_size(a->n, m, &cells) ||
        !mem_grow(&r->mask, &r->mask_capacity, cells + 1, sizeof *r->mask))
        return starve(a, err);
    found f = mask_all(&h, a->term, a->n, m, r->mask);
    out->mask = f.any ? r->mask : NULL;
    out->n_stuck = f.n_stuck;
    out->first_stuck = f.first_stuck;
    if (!f.n_stuck) return PM_OK;
    if (a->policy->policy == INFEASIBLE_RELAX) return relax(r, a, out, err);
    if (a->policy->policy == INFEASIBLE_FALLBACK) return fall_back(r, a, out, err);
    return err_set(err, PM_E_INFEASIBLE, "prompt %zu: hard constraints leave none of %zu experts",
                   f.first_stuck, m);
}
