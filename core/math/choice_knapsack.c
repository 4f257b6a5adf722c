/* SPDX-License-Identifier: MIT
 *
 * Hulls prompt by prompt, then the segment at which the budget is spent, by selection among all of them.
 */
#include "math/choice_knapsack.h"

#include <math.h>

#include "base/rng.h"

#define LARGEST 1e100 /* of a cell: products of differences stay finite */

typedef struct cell {
    double cost, value;
    uint32_t col;
} cell;

typedef struct segment { /* from a vertex of a prompt's hull to the next dearer one */
    double slope, cost;  /* value per cost, and cost; both > 0 */
    uint32_t prompt, to;
} segment;

typedef struct solver {
    const choice_problem *p;
    cell *point; /* [m] candidates of the prompt at hand, then its hull */
    segment *seg;
    size_t n, capacity;
    double least, size; /* sums of the cheapest costs, and of their magnitudes */
    uint32_t *choice;
    pm_err *err;
} solver;

static const double *costs(const choice_problem *p, size_t i)
{
    return p->cost + i * p->cost_ld;
}

static double value_at(const choice_problem *p, size_t i, size_t j)
{
    return p->value[i * p->m + j];
}

/* ---- the hull of a prompt ---- */

/* The cheapest cell (then the most valuable) and the most valuable one (then the cheapest); equal: the lower column. */
static pm_status find_ends(const solver *s, size_t i, cell *cheap, cell *best)
{
    const choice_problem *p = s->p;
    const double *cost = costs(p, i);
    bool any = false;
    for (size_t j = 0; j < p->m; j++) {
        if (p->mask && p->mask[i * p->m + j]) continue;
        cell c = {cost[j], value_at(p, i, j), (uint32_t)j};
        if (!(fabs(c.cost) <= LARGEST) || !(fabs(c.value) <= LARGEST))
            return err_set(s->err, PM_E_ARG,
                           "budget: prompt %zu, column %zu has value %g and cost %g; want numbers "
                           "within 1e100",
                           i, j, c.value, c.cost);
        if (!any || c.cost < cheap->cost || (c.cost <= cheap->cost && c.value > cheap->value))
            *cheap = c;
        if (!any || c.value > best->value || (c.value >= best->value && c.cost < best->cost))
            *best = c;
        any = true;
    }
    return any ? PM_OK
               : err_set(s->err, PM_E_ARG, "budget: prompt %zu may go to none of %zu columns", i,
                         p->m);
}

static bool comes_first(const cell *a, const cell *b)
{
    if (a->cost < b->cost || a->cost > b->cost) return a->cost < b->cost;
    if (a->value < b->value || a->value > b->value) return a->value > b->value;
    return a->col < b->col;
}

static void sift(cell *at, size_t k, size_t n)
{
    cell moved = at[k];
    for (size_t child; (child = 2 * k + 1) < n; k = child) {
        if (child + 1 < n && comes_first(&at[child], &at[child + 1])) child++;
        if (!comes_first(&moved, &at[child])) break;
        at[k] = at[child];
    }
    at[k] = moved;
}

static void sort(cell *at, size_t n)
{
    for (size_t k = n / 2; k-- > 0;) sift(at, k, n);
    for (size_t k = n; k-- > 1;) {
        cell last = at[k];
        at[k] = at[0];
        at[0] = last;
        sift(at, 0, k);
    }
}

/* Cells above the line from `cheap` to `best`: the others are on no hull. */
static size_t candidates(const solver *s, size_t i, const cell *cheap, const cell *best)
{
    const choice_problem *p = s->p;
    const double *cost = costs(p, i);
    double dc = best->cost - cheap->cost, dv = best->value - cheap->value;
    size_t n = 0;
    for (size_t j = 0; j < p->m; j++) {
        double c = cost[j] - cheap->cost, v = value_at(p, i, j) - cheap->value;
        if (!(c > 0 && c < dc && v < dv && v * dc > dv * c)) continue;
        if (p->mask && p->mask[i * p->m + j]) continue;
        s->point[n++] = (cell){cost[j], value_at(p, i, j), (uint32_t)j};
    }
    return n;
}

/* Slopes of a prompt's segments fall strictly, as computed. */
static pm_status push_hull(solver *s, size_t i, cell from, cell best)
{
    size_t first = s->n, n = candidates(s, i, &from, &best);
    sort(s->point, n);
    if (!mem_grow(&s->seg, &s->capacity, s->n + n + 1, sizeof *s->seg))
        return err_set(s->err, PM_E_MEMORY, "budget: segments of %zu prompts", s->p->n);
    cell *hull =
        s->point; /* vertices replace the points they come from: never more than were read */
    for (size_t k = 0; k <= n; k++) {
        cell to = k < n ? s->point[k] : best;
        for (;;) {
            size_t depth = s->n - first;
            cell last = depth ? hull[depth - 1] : from;
            double cost = to.cost - last.cost, slope = (to.value - last.value) / cost;
            if (depth && (!(cost > 0) || !(slope < s->seg[s->n - 1].slope))) {
                if (!(cost > 0) && !(to.value > last.value)) break;
                s->n--;
                continue;
            }
            s->seg[s->n++] = (segment){slope, cost, (uint32_t)i, to.col};
            if (depth < n) hull[depth] = to;
            break;
        }
    }
    return PM_OK;
}

static pm_status push_prompt(solver *s, size_t i)
{
    cell cheap = {0}, best = {0};
    pm_status st = find_ends(s, i, &cheap, &best);
    if (st) return st;
    s->choice[i] = cheap.col;
    s->least += cheap.cost;
    s->size += fabs(cheap.cost);
    return best.value > cheap.value ? push_hull(s, i, cheap, best) : PM_OK;
}

/* ---- the segment at which the budget is spent ---- */

static bool is_steeper(const segment *a, const segment *b)
{
    if (a->slope < b->slope || a->slope > b->slope) return a->slope > b->slope;
    return a->prompt < b->prompt;
}

static void swap(segment *a, segment *b)
{
    segment c = *a;
    *a = *b;
    *b = c;
}

/* Moves what is steeper than a pivot to the front of [lo, hi); the pivot follows.  Where it is. */
static size_t partition(segment *seg, size_t lo, size_t hi)
{
    size_t at = lo, pick = lo + (size_t)(rng_bits(1, 0, hi - lo) % (hi - lo));
    swap(&seg[pick], &seg[hi - 1]);
    for (size_t k = lo; k + 1 < hi; k++)
        if (is_steeper(&seg[k], &seg[hi - 1])) swap(&seg[k], &seg[at++]);
    swap(&seg[at], &seg[hi - 1]);
    return at;
}

/* The steepest segments that fit into `rest` come to the front; how many.  *rest is what they leave. */
static size_t take(segment *seg, size_t n, double *rest)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t at = partition(seg, lo, hi);
        double sum = 0;
        for (size_t k = lo; k < at; k++) sum += seg[k].cost;
        if (sum > *rest) {
            hi = at;
            continue;
        }
        *rest -= sum;
        if (seg[at].cost > *rest) return at;
        *rest -= seg[at].cost;
        lo = at + 1;
    }
    return lo;
}

static void settle(solver *s, double rest, choice_optimum *out)
{
    const choice_problem *p = s->p;
    size_t n = take(s->seg, s->n, &rest);
    for (size_t k = 0; k < n; k++) { /* of a prompt's segments the dearest is where it ends */
        const segment *g = &s->seg[k];
        const double *cost = costs(p, g->prompt);
        if (cost[g->to] > cost[s->choice[g->prompt]]) s->choice[g->prompt] = g->to;
    }
    if (n < s->n) {
        const segment *g = &s->seg[n]; /* take() leaves the steepest of the others there */
        out->price = g->slope;
        out->share = rest > 0 ? rest / g->cost : 0;
        if (out->share > 0) out->split = g->prompt, out->split_to = g->to;
    }
    for (size_t i = 0; i < p->n; i++) {
        out->value += value_at(p, i, s->choice[i]);
        out->spend += costs(p, i)[s->choice[i]];
    }
    if (out->split == SIZE_MAX) return;
    const double *cost = costs(p, out->split);
    uint32_t from = s->choice[out->split];
    out->value += out->share *
                  (value_at(p, out->split, out->split_to) - value_at(p, out->split, from));
    out->spend += out->share * (cost[out->split_to] - cost[from]);
}

static pm_status solve(solver *s, choice_optimum *out)
{
    const choice_problem *p = s->p;
    for (size_t i = 0; i < p->n; i++) {
        pm_status st = push_prompt(s, i);
        if (st) return st;
    }
    out->least = s->least;
    double rest = p->budget - s->least;
    if (rest < -1e-12 * s->size)
        return err_set(s->err, PM_E_INFEASIBLE,
                       "budget: %.9g for %zu prompts is less than their cheapest experts cost "
                       "together; want at least %.9g",
                       p->budget, p->n, s->least);
    settle(s, rest > 0 ? rest : 0, out);
    return PM_OK;
}

pm_status choice_knapsack(const choice_problem *p, arena *scratch, uint32_t *choice,
                          choice_optimum *out, pm_err *err)
{
    *out = (choice_optimum){.split = SIZE_MAX};
    if (p->n == 0) return PM_OK;
    if (p->m == 0 || p->m >= UINT32_MAX || p->n >= UINT32_MAX || isnan(p->budget) ||
        (p->cost_ld && p->cost_ld < p->m))
        return err_set(err, PM_E_ARG,
                       "budget: %zu prompts x %zu columns, rows of %zu costs, budget %g", p->n,
                       p->m, p->cost_ld, p->budget);
    arena_mark mark = arena_save(scratch);
    solver s = {.p = p, .choice = choice, .err = err};
    s.point = arena_alloc(scratch, p->m, sizeof *s.point);
    pm_status st = s.point ? solve(&s, out)
                           : err_set(err, PM_E_MEMORY, "budget: %zu columns", p->m);
    mem_free(s.seg);
    arena_release(scratch, mark);
    return st;
}
