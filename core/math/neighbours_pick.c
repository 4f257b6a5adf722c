/* SPDX-License-Identifier: MIT
 *
 * The k best of a stream: selection among approximations, a heap of canonical similarities.
 */
#include "math/neighbours_pick.h"

#include <math.h>

size_t pick_room(size_t k, size_t rows)
{
    size_t room = k > 64 ? 4 * k : 256;
    return room < rows ? room : rows;
}

void pick_start(pick *p, double e)
{
    p->n = p->n_best = 0;
    p->e = e;
    p->bound = -INFINITY;
}

/* The order of answers: larger similarity first, then the earlier row. */
static bool is_worse(float a, uint32_t row_a, float b, uint32_t row_b)
{
    return a < b || (a == b && row_a > row_b);
}

/* Puts (s, row) where the hole at i leads, worst on top. */
static void sift_down(pick *p, size_t i, size_t n, float s, uint32_t row)
{
    for (;;) {
        size_t c = 2 * i + 1;
        if (c >= n) break;
        if (c + 1 < n && is_worse(p->best[c + 1], p->best_row[c + 1], p->best[c], p->best_row[c]))
            c++;
        if (!is_worse(p->best[c], p->best_row[c], s, row)) break;
        p->best[i] = p->best[c];
        p->best_row[i] = p->best_row[c];
        i = c;
    }
    p->best[i] = s;
    p->best_row[i] = row;
}

static void settle_one(pick *p, float s, uint32_t row)
{
    if (p->n_best == p->k) {
        if (is_worse(p->best[0], p->best_row[0], s, row)) sift_down(p, 0, p->k, s, row);
        return;
    }
    size_t i = p->n_best++;
    for (; i > 0; i = (i - 1) / 2) {
        size_t up = (i - 1) / 2;
        if (!is_worse(s, row, p->best[up], p->best_row[up])) break;
        p->best[i] = p->best[up];
        p->best_row[i] = p->best_row[up];
    }
    p->best[i] = s;
    p->best_row[i] = row;
}

/* The value that would stand at position k (from 0) in descending order; disturbs v.  Hoare 1961 in
 * Wirth's form. */
static float select_kth(float *v, size_t n, size_t k)
{
    ptrdiff_t lo = 0, hi = (ptrdiff_t)n - 1, want = (ptrdiff_t)k;
    while (lo < hi) {
        float pivot = v[want];
        ptrdiff_t i = lo, j = hi;
        while (i <= j) {
            while (v[i] > pivot) i++;
            while (v[j] < pivot) j--;
            if (i > j) break;
            float t = v[i];
            v[i++] = v[j];
            v[j--] = t;
        }
        if (j < want) lo = i;
        if (want < i) hi = j;
    }
    return v[want];
}

/* Raises the bound as far as the candidates and the settled rows allow, and drops what is below.  The k
 * rows of the best approximations are all at least a_k - e, so the true k-th is too, and a row that reaches
 * it has an approximation of at least a_k - 2 e; against a settled k-th b_k it is b_k - e. */
static void drop_hopeless(pick *p)
{
    double cut = -INFINITY;
    if (p->n >= p->k) {
        memcpy(p->sorted, p->approx, p->n * sizeof *p->sorted);
        cut = (double)select_kth(p->sorted, p->n, p->k - 1) - 2 * p->e;
    }
    if (p->n_best == p->k && (double)p->best[0] - p->e > cut) cut = (double)p->best[0] - p->e;
    float bound = nextafterf((float)cut, -INFINITY); /* "above" is strict, the cut is not */
    if (bound > p->bound) p->bound = bound;
    size_t kept = 0;
    for (size_t i = 0; i < p->n; i++) {
        p->row[kept] = p->row[i];
        p->approx[kept] = p->approx[i];
        kept += p->approx[i] > p->bound;
    }
    p->n = kept;
}

static void settle(pick *p, pick_exact exact, const void *query)
{
    for (size_t i = 0; i < p->n; i++)
        settle_one(p, exact(query, p->row[i], p->approx[i]), p->row[i]);
    p->n = 0;
}

void pick_full(pick *p, pick_exact exact, const void *query)
{
    drop_hopeless(p);
    if (p->n <= p->room / 2) return;
    settle(p, exact, query);
    drop_hopeless(p);
}

void pick_end(pick *p, pick_exact exact, const void *query, size_t k_asked, uint32_t *index,
              float *similarity)
{
    drop_hopeless(p);
    settle(p, exact, query);
    for (size_t n = p->n_best; n > 0; n--) { /* the worst of the heap goes last */
        index[n - 1] = p->best_row[0];
        similarity[n - 1] = p->best[0];
        sift_down(p, 0, n - 1, p->best[n - 1], p->best_row[n - 1]);
    }
    for (size_t i = p->n_best; i < k_asked; i++) {
        index[i] = PM_NO_COL;
        similarity[i] = -2;
    }
}
