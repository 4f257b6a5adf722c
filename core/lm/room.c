/* SPDX-License-Identifier: MIT
 *
 * The room of a call: sequences are gathered in it, sorted by length and run in batches.  It grows to what was needed
 * once and allocates nothing after that.
 */
#include <stdlib.h>
#include <string.h>

#include "lm/model.h"

lm_room *lm_room_open(void)
{
    lm_room *r = mem_alloc(1, sizeof *r);
    if (!r) return NULL;
    r->tok = token_room_open();
    r->nn = nn_room_open();
    if (r->tok && r->nn) return r;
    lm_room_close(r);
    return NULL;
}

void lm_room_close(lm_room *r)
{
    if (!r) return;
    token_room_close(r->tok);
    nn_room_close(r->nn);
    void *const all[] = {r->id, r->type, r->seq,  r->ask,        r->order,  r->start,  r->batch_id,
                         r->at, r->best, r->nats, r->batch_type, r->target, r->masked, r->weight};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) mem_free(all[i]);
    str_close(&r->text);
    mem_free(r);
}

void lm_count_cut(lm_cut *cut, const tokens *t)
{
    if (!cut) return;
    cut->texts++;
    cut->tokens += t->n_whole;
    if (t->n_whole <= t->n) return;
    cut->texts_cut++;
    cut->tokens_cut += t->n_whole - t->n;
}

void lm_gather_begin(lm_room *r)
{
    r->n_id = r->n_seq = r->n_ask = 0;
}

static pm_status no_memory(size_t n, pm_err *err)
{
    return err_set(err, PM_E_MEMORY, "out of memory for %zu tokens", n);
}

pm_status lm_gather(lm_room *r, const uint32_t *id, const uint8_t *type, size_t n, uint32_t owner,
                    pm_err *err)
{
    if (!mem_grow(&r->id, &r->cap_id, r->n_id + n, sizeof *r->id) ||
        !mem_grow(&r->type, &r->cap_type, r->n_id + n, sizeof *r->type) ||
        !mem_grow(&r->seq, &r->cap_seq, r->n_seq + 1, sizeof *r->seq))
        return no_memory(r->n_id + n, err);
    if (n) memcpy(r->id + r->n_id, id, n * sizeof *id);
    if (n && type)
        memcpy(r->type + r->n_id, type, n);
    else if (n)
        memset(r->type + r->n_id, 0, n);
    r->seq[r->n_seq++] =
        (lm_seq){.at = r->n_id, .n = (uint32_t)n, .owner = owner, .ask = (uint32_t)r->n_ask};
    r->n_id += n;
    return PM_OK;
}

pm_status lm_gather_more(lm_room *r, const uint32_t *id, size_t n, pm_err *err)
{
    if (!mem_grow(&r->id, &r->cap_id, r->n_id + n, sizeof *r->id) ||
        !mem_grow(&r->type, &r->cap_type, r->n_id + n, sizeof *r->type))
        return no_memory(r->n_id + n, err);
    if (n == 0) return PM_OK;
    memcpy(r->id + r->n_id, id, n * sizeof *id);
    memset(r->type + r->n_id, 0, n);
    r->seq[r->n_seq - 1].n += (uint32_t)n;
    r->n_id += n;
    return PM_OK;
}

pm_status lm_gather_ask(lm_room *r, const lm_ask *ask, pm_err *err)
{
    if (!mem_grow(&r->ask, &r->cap_ask, r->n_ask + 1, sizeof *r->ask))
        return no_memory(r->n_ask, err);
    r->ask[r->n_ask++] = *ask;
    r->seq[r->n_seq - 1].n_ask++;
    return PM_OK;
}

/* Longest first, equal lengths in the order gathered: counting sort over lengths would need a table as long as the longest;
 * a heap sort on (length, number) keys needs nothing. */
static bool comes_before(const lm_seq *seq, uint32_t x, uint32_t y)
{
    return seq[x].n != seq[y].n ? seq[x].n > seq[y].n : x < y;
}

static void sift(const lm_seq *seq, uint32_t *order, size_t root, size_t n)
{
    for (;;) {
        size_t child = 2 * root + 1;
        if (child >= n) return;
        if (child + 1 < n && comes_before(seq, order[child], order[child + 1])) child++;
        if (!comes_before(seq, order[root], order[child])) return;
        const uint32_t t = order[root];
        order[root] = order[child];
        order[child] = t;
        root = child;
    }
}

static void sort_order(const lm_seq *seq, uint32_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
    for (size_t root = n / 2; root-- > 0;) sift(seq, order, root, n);
    for (size_t end = n; end-- > 1;) {
        const uint32_t t = order[0];
        order[0] = order[end];
        order[end] = t;
        sift(seq, order, 0, end);
    }
}

static pm_status run_batch(const lm *m, threads *pool, lm_room *r, const uint32_t *seq, size_t n,
                           lm_take take, void *arg, pm_err *err)
{
    size_t total = 0;
    for (size_t s = 0; s < n; s++) total += r->seq[seq[s]].n;
    if (!mem_grow(&r->start, &r->cap_start, n + 1, sizeof *r->start) ||
        !mem_grow(&r->batch_id, &r->cap_batch, total, sizeof *r->batch_id) ||
        !mem_grow(&r->batch_type, &r->cap_batch_type, total, sizeof *r->batch_type))
        return no_memory(total, err);
    uint32_t at = 0;
    for (size_t s = 0; s < n; s++) {
        const lm_seq *q = &r->seq[seq[s]];
        r->start[s] = at;
        memcpy(r->batch_id + at, r->id + q->at, q->n * sizeof *r->id);
        memcpy(r->batch_type + at, r->type + q->at, q->n);
        at += q->n;
    }
    r->start[n] = at;
    const nn_batch batch = {n, r->start, r->batch_id, m->config.n_types > 1 ? r->batch_type : NULL};
    pm_mat hidden;
    pm_status s = nn_hidden(m->engine, pool, r->nn, &batch, &hidden, err);
    if (s) return s;
    return take(arg, &(lm_ran){&batch, seq, {hidden.at, hidden.rows, hidden.cols, hidden.ld}}, err);
}

pm_status lm_run(const lm *m, threads *pool, lm_room *r, lm_take take, void *arg, pm_err *err)
{
    pm_status s = PM_OK;
    if (!mem_grow(&r->order, &r->cap_order, r->n_seq, sizeof *r->order))
        return no_memory(r->n_id, err);
    sort_order(r->seq, r->order, r->n_seq);
    for (size_t lo = 0, hi; lo < r->n_seq && !s; lo = hi) {
        size_t total = r->seq[r->order[lo]].n;
        for (hi = lo + 1; hi < r->n_seq; hi++) {
            total += r->seq[r->order[hi]].n;
            if (total > LM_BATCH_TOKENS) break;
        }
        s = run_batch(m, pool, r, r->order + lo, hi - lo, take, arg, err);
    }
    return s;
}
