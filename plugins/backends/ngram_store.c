/* SPDX-License-Identifier: MIT
 *
 * Saving and loading: the arrays as they are.
 */
#include "ngram_store.h"

#include <stdio.h>

enum { NAME = 24 };

static const char *name_of(char name[NAME], const char *what, int k)
{
    snprintf(name, NAME, "%s.%d", what, k);
    return name;
}

static pm_status put(pm_call *c, pm_store *s, const char *what, int k, pm_tensor t)
{
    char name[NAME];
    return c->host->put_tensor(c, s, name_of(name, what, k), t);
}

pm_status ngram_store(const ngram_trie *t, pm_call *c, pm_store *s)
{
    pm_status st = PM_OK;
    for (int k = 0; k <= t->order && st == PM_OK; k++) {
        const ngram_level *l = &t->level[k];
        if (k > 0) st = put(c, s, "byte", k, (pm_tensor){PM_U8, 1, {l->n}, l->byte});
        if (k > 0 && st == PM_OK)
            st = put(c, s, "log_p", k, (pm_tensor){PM_F32, 1, {l->n}, l->log_p});
        if (k < t->order && st == PM_OK)
            st = put(c, s, "start", k, (pm_tensor){PM_U32, 1, {l->n + 1}, l->start});
        if (k < t->order && st == PM_OK)
            st = put(c, s, "log_backoff", k, (pm_tensor){PM_F32, 1, {l->n}, l->log_backoff});
    }
    return st;
}

/* ---- loading ------------------------------------------------------------------------------------------------------ */

static pm_status view(pm_call *c, pm_store *s, const char *what, int k, pm_dtype type, size_t n,
                      const void **at)
{
    char name[NAME];
    pm_tensor t;
    pm_status st = c->host->view_tensor(c, s, name_of(name, what, k), type, &t);
    if (st != PM_OK) return st;
    if (t.n_dims != 1 || t.dim[0] != n)
        return c->host->fail(c, PM_E_FORMAT, "'%s' has %u dimensions of %zu; want 1 of %zu", name,
                             t.n_dims, t.n_dims ? t.dim[0] : (size_t)0, n);
    *at = t.ptr;
    return PM_OK;
}

static pm_status check_logs(pm_call *c, const char *what, int k, const float *v, size_t n)
{
    for (size_t x = 0; x < n; x++)
        if (!(v[x] <= 0 && v[x] > -1000))
            return c->host->fail(c, PM_E_FORMAT, "'%s.%d' has %g at %zu; want (-1000, 0]", what, k,
                                 (double)v[x], x);
    return PM_OK;
}

/* Children of one node: their bytes ascend. */
static pm_status check_children(pm_call *c, const ngram_level *upper, const ngram_level *l, int k)
{
    if (upper->start[0] != 0 || upper->start[upper->n] != l->n)
        return c->host->fail(c, PM_E_FORMAT, "'start.%d' is not a division of %zu n-grams", k - 1,
                             l->n);
    for (size_t x = 0; x < upper->n; x++) {
        const uint32_t lo = upper->start[x], hi = upper->start[x + 1];
        if (hi < lo || hi > l->n)
            return c->host->fail(c, PM_E_FORMAT, "'start.%d' falls or is too large at %zu", k - 1,
                                 x);
        for (uint32_t y = lo; y + 1 < hi; y++)
            if (l->byte[y + 1] <= l->byte[y])
                return c->host->fail(c, PM_E_FORMAT, "'byte.%d' does not ascend at %zu", k,
                                     (size_t)y);
    }
    return PM_OK;
}

static pm_status restore_level(ngram_trie *t, pm_call *c, pm_store *s, int k)
{
    ngram_level *l = &t->level[k];
    const void *byte = NULL, *p = NULL, *start = NULL, *backoff = NULL;
    pm_status st = PM_OK;
    l->n = k ? t->level[k - 1].start[t->level[k - 1].n] : 1;
    if (k > 0) st = view(c, s, "byte", k, PM_U8, l->n, &byte);
    if (k > 0 && st == PM_OK) st = view(c, s, "log_p", k, PM_F32, l->n, &p);
    if (k < t->order && st == PM_OK) st = view(c, s, "start", k, PM_U32, l->n + 1, &start);
    if (k < t->order && st == PM_OK) st = view(c, s, "log_backoff", k, PM_F32, l->n, &backoff);
    if (st != PM_OK) return st;
    l->byte = byte;
    l->start = start;
    l->log_p = p;
    l->log_backoff = backoff;
    if (k > 0) st = check_children(c, &t->level[k - 1], l, k);
    if (k > 0 && st == PM_OK) st = check_logs(c, "log_p", k, l->log_p, l->n);
    if (k < t->order && st == PM_OK) st = check_logs(c, "log_backoff", k, l->log_backoff, l->n);
    return st;
}

pm_status ngram_restore(ngram_trie *t, pm_call *c, pm_store *s, int order)
{
    t->order = order;
    for (int k = 0; k <= order; k++) {
        pm_status st = restore_level(t, c, s, k);
        if (st != PM_OK) return st;
    }
    return PM_OK;
}
