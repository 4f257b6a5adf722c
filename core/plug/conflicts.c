/* SPDX-License-Identifier: MIT
 *
 * Minimal hitting sets by branch and bound, one size after another.  At an expert whom nothing chosen yet
 * forbids, some constraint that forbids him must be in: one branch for each, later ones without those tried
 * before, so that no set is met twice.
 */
#include "plug/conflicts.h"

#include <stdlib.h>

enum { WORK = 2000000 }; /* experts looked at, over the whole search */

typedef struct search {
    const uint64_t *broken; /* [n] none contains another */
    size_t n, work;
    conflicts *out;
} search;

static int count(uint64_t bits)
{
    return __builtin_popcountll(bits);
}

static int fewer_first(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    if (count(x) != count(y)) return count(x) - count(y);
    return x < y ? -1 : x > y;
}

/* Who breaks all that another breaks, and more, is excluded whenever the other is. */
static size_t keep_least(uint64_t *broken, size_t m)
{
    size_t kept = 0;
    qsort(broken, m, sizeof *broken, fewer_first);
    for (size_t j = 0; j < m; j++) {
        bool is_implied = false;
        for (size_t k = 0; k < kept && !is_implied; k++)
            is_implied = (broken[k] & broken[j]) == broken[k];
        if (!is_implied) broken[kept++] = broken[j];
    }
    return kept;
}

/* Every member is the only one that some expert breaks. */
static bool is_minimal(const search *s, uint64_t set)
{
    uint64_t needed = 0;
    for (size_t j = 0; j < s->n; j++) {
        uint64_t hit = s->broken[j] & set;
        if (count(hit) == 1) needed |= hit;
    }
    return needed == set;
}

static size_t first_left(search *s, uint64_t set, size_t from)
{
    while (from < s->n && (s->broken[from] & set)) from++;
    s->work += from + 1;
    return from;
}

static bool is_over(const search *s)
{
    return s->work > WORK || (s->out->n == CONFLICTS_TOLD && !s->out->is_all);
}

/* Sets of exactly `left` more members.  broken[0 .. from) are hit.  The depth is at most 64. */
static void grow(search *s, uint64_t set, uint64_t without, size_t left, size_t from)
{
    from = first_left(s, set, from);
    if (from == s->n) {
        if (left || !is_minimal(s, set)) return;
        if (s->out->n == CONFLICTS_TOLD)
            s->out->is_all = false;
        else
            s->out->set[s->out->n++] = set;
        return;
    }
    if (!left) return;
    for (uint64_t rest = s->broken[from] & ~without; rest && !is_over(s); rest &= rest - 1) {
        uint64_t one = rest & (~rest + 1);
        grow(s, set | one, without, left - 1, from);
        without |= one;
    }
}

/* The first constraint of whoever is left, again and again, then without what is not needed. */
static uint64_t any_set(const search *s)
{
    uint64_t set = 0;
    for (size_t j = 0; j < s->n; j++)
        if (!(s->broken[j] & set)) set |= s->broken[j] & (~s->broken[j] + 1);
    for (uint64_t rest = set; rest; rest &= rest - 1) {
        uint64_t without = set & ~(rest & (~rest + 1));
        size_t j = 0;
        while (j < s->n && (s->broken[j] & without)) j++;
        if (j == s->n) set = without;
    }
    return set;
}

void conflicts_find(uint64_t *broken, size_t m, conflicts *out)
{
    uint64_t all = 0;
    *out = (conflicts){.is_all = true};
    for (size_t j = 0; j < m; j++) {
        if (!broken[j]) return;
        all |= broken[j];
    }
    if (m == 0) return;
    search s = {broken, keep_least(broken, m), 0, out};
    for (size_t size = 1; size <= (size_t)count(all) && !is_over(&s); size++)
        grow(&s, 0, 0, size, 0);
    if (s.work > WORK) out->is_all = false;
    if (out->n == 0) out->set[out->n++] = any_set(&s);
}
