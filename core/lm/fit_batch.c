/* SPDX-License-Identifier: MIT
 *
 * Which sequences a step learns from, and those as packed arrays: sequences in an order drawn for each epoch, as many as fit
 * into batch_tokens, cut into micro batches of what fits into memory at once.
 */
#include <string.h>

#include "base/rng.h"
#include "lm/fit_private.h"

static pm_status no_memory(const fit_job *j, pm_err *err)
{
    return err_set(
        err, PM_E_MEMORY,
        "training - batches of %zu tokens do not fit into memory - choose smaller batch_tokens",
        j->o.batch_tokens);
}

/* ---- the order ---- */

/* The sequence at a position counted over all epochs. */
static uint32_t order_at(const fit_job *j, fit_order *o, size_t position)
{
    const uint32_t epoch = (uint32_t)(position / o->n);
    if (epoch != o->epoch) {
        for (size_t i = 0; i < o->n; i++) o->index[i] = (uint32_t)i;
        rng_shuffle(j->order_seed, epoch, o->index, o->n);
        o->epoch = epoch;
    }
    return o->index[position % o->n];
}

/* Does one more sequence of `len` tokens belong to a part that has n with `sum` already? */
static bool fits(size_t n, size_t sum, size_t len, size_t most)
{
    return n == 0 || sum + len <= most;
}

typedef struct sizes { /* of a batch that grows sequence by sequence */
    size_t n, tokens, micro_n, micro_tokens;
} sizes;

static void grow(fit_job *j, sizes *z, size_t len)
{
    if (!fits(z->micro_n, z->micro_tokens, len, j->o.micro_tokens))
        z->micro_n = z->micro_tokens = 0;
    z->n++;
    z->tokens += len;
    z->micro_n++;
    z->micro_tokens += len;
    if (z->micro_n > j->most_sequences) j->most_sequences = z->micro_n;
    if (z->micro_tokens > j->most_tokens) j->most_tokens = z->micro_tokens;
}

static void plan_tune(fit_job *j)
{
    sizes z = {0};
    for (size_t i = 0; i < j->tune.n; i++) {
        const size_t len = fit_len(&j->tune, i);
        if (!fits(z.n, z.tokens, len, j->o.batch_tokens)) z = (sizes){0};
        grow(j, &z, len);
    }
}

pm_status fit_plan(fit_job *j, pm_err *err)
{
    const double wanted = j->o.epochs * (double)j->train.n;
    fit_order o = {.n = j->train.n, .epoch = UINT32_MAX};
    sizes z = {0};
    o.index = mem_alloc(o.n, sizeof *o.index);
    if (!o.index) return no_memory(j, err);
    j->positions = wanted < 1                        ? 1
                   : wanted < (double)(SIZE_MAX / 2) ? (size_t)(wanted + .999999)
                                                     : SIZE_MAX / 2;
    j->steps = 1;
    for (size_t p = 0; p < j->positions; p++) {
        const size_t len = fit_len(&j->train, order_at(j, &o, p));
        if (!fits(z.n, z.tokens, len, j->o.batch_tokens)) {
            if (j->o.max_steps && j->steps == j->o.max_steps) break;
            z = (sizes){0};
            j->steps++;
        }
        grow(j, &z, len);
    }
    mem_free(o.index);
    plan_tune(j);
    return PM_OK;
}

/* ---- packing ---- */

static bool has_types(const fit_job *j)
{
    return j->l->config->n_types > 0 && j->o.goal != NN_GOAL_LM;
}

pm_status fit_batch_open(const fit_job *j, arena *a, fit_batch *b, fit_order *order, pm_err *err)
{
    size_t longest = 1;
    for (size_t i = 0; i < j->train.n; i++)
        if (fit_len(&j->train, i) > longest) longest = fit_len(&j->train, i);
    for (size_t i = 0; i < j->tune.n; i++)
        if (fit_len(&j->tune, i) > longest) longest = fit_len(&j->tune, i);
    const size_t t = j->o.batch_tokens > longest ? j->o.batch_tokens : longest;
    const size_t most = j->positions > j->tune.n ? j->positions : j->tune.n;
    const size_t n = t < most ? t : most, wide = j->l->config->n_outputs; /* a token or more each */
    *b = (fit_batch){.token_room = t, .sequence_room = n};
    b->sequence = arena_alloc(a, n, sizeof *b->sequence);
    b->epoch = arena_alloc(a, n, sizeof *b->epoch);
    b->start = arena_alloc(a, 2 * n, sizeof *b->start);
    b->micro = arena_alloc(a, n, sizeof *b->micro);
    b->weight = arena_alloc(a, n, sizeof *b->weight);
    b->id = arena_alloc(a, t, sizeof *b->id);
    b->at = arena_alloc(a, t, sizeof *b->at);
    b->target = arena_alloc(a, t, sizeof *b->target);
    b->type = arena_alloc(a, t, 1);
    b->goal = j->o.goal == NN_GOAL_LM ? NULL : arena_alloc(a, n, wide * sizeof *b->goal);
    b->mask.masked = arena_alloc(a, longest, 1);
    *order = (fit_order){.n = j->train.n, .epoch = UINT32_MAX};
    order->index = arena_alloc(a, j->train.n, sizeof(uint32_t));
    return arena_has_refused(a) ? no_memory(j, err) : PM_OK;
}

/* Tokens, types and what is asked of sequence k of the batch; starts and positions count from the micro batch. */
static void pack_lm(const fit_job *j, const fit_set *s, fit_batch *b, fit_micro *m, size_t k)
{
    const size_t from = s->start[b->sequence[k]], len = fit_len(s, b->sequence[k]);
    const size_t at = m->from + m->tokens, ask = m->asked_from + m->asked;
    size_t asked = len;
    if (j->o.masked) {
        fit_mask mask = b->mask;
        mask.id = b->id + at;
        mask.at = b->at + ask;
        mask.target = b->target + ask;
        asked = fit_mask_words(j, b->epoch[k], b->sequence[k], s->word + from, len, &mask);
    } else {
        memcpy(b->target + ask, s->id + from + 1, len * sizeof *s->id);
        for (size_t i = 0; i < len; i++) b->at[ask + i] = (uint32_t)i;
    }
    for (size_t i = 0; i < asked; i++) b->at[ask + i] += (uint32_t)m->tokens;
    m->asked += asked;
}

static void pack_label(const fit_job *j, bool tune, fit_batch *b, size_t k)
{
    const lm_fit_data *d = j->data;
    const size_t wide = j->l->config->n_outputs;
    const pm_cmat from = tune ? d->tune_target : d->target;
    memcpy(b->goal + k * wide, from.at + b->sequence[k] * from.ld, wide * sizeof *b->goal);
    b->weight[k] = d->weight && !tune ? d->weight[b->sequence[k]] : 1;
    b->items += (double)b->weight[k];
}

static void pack(const fit_job *j, bool tune, fit_batch *b)
{
    const fit_set *s = tune ? &j->tune : &j->train;
    fit_micro *m = NULL;
    b->n_micro = b->tokens = b->asked = 0;
    b->items = 0;
    for (size_t k = 0; k < b->n; k++) {
        const size_t from = s->start[b->sequence[k]], len = fit_len(s, b->sequence[k]);
        if (!m || !fits(m->n, m->tokens, len, j->o.micro_tokens)) {
            m = b->micro + b->n_micro++;
            *m = (fit_micro){.first = k, .from = b->tokens, .asked_from = b->asked};
            b->start[k + b->n_micro - 1] = 0; /* n + 1 starts a micro batch */
        }
        memcpy(b->id + b->tokens, s->id + from, len * sizeof *s->id);
        if (has_types(j)) memcpy(b->type + b->tokens, s->type + from, len);
        if (j->o.goal == NN_GOAL_LM)
            pack_lm(j, s, b, m, k);
        else
            pack_label(j, tune, b, k);
        m->n++;
        m->tokens += len;
        b->tokens += len;
        b->start[k + b->n_micro] = (uint32_t)m->tokens;
        b->asked = m->asked_from + m->asked;
    }
    if (j->o.goal == NN_GOAL_LM) b->items = (double)b->asked;
}

void fit_batch_next(const fit_job *j, fit_order *o, fit_batch *b)
{
    size_t sum = 0;
    b->n = 0;
    while (o->at < j->positions && b->n < b->sequence_room) {
        const uint32_t s = order_at(j, o, o->at);
        const size_t len = fit_len(&j->train, s);
        if (!fits(b->n, sum, len, j->o.batch_tokens)) break;
        b->sequence[b->n] = s;
        b->epoch[b->n++] = (uint32_t)(o->at / o->n);
        sum += len;
        o->at++;
    }
    pack(j, false, b);
}

void fit_batch_tune(const fit_job *j, size_t *at, fit_batch *b)
{
    size_t sum = 0;
    b->n = 0;
    for (; *at < j->tune.n && b->n < b->sequence_room; ++*at) {
        const size_t len = fit_len(&j->tune, *at);
        if (!fits(b->n, sum, len, j->o.batch_tokens)) break;
        b->sequence[b->n] = (uint32_t)*at;
        b->epoch[b->n++] = FIT_TUNE_EPOCH;
        sum += len;
    }
    pack(j, true, b);
}

nn_step fit_batch_step(const fit_job *j, const fit_batch *b, size_t micro, bool tune)
{
    const fit_micro *m = b->micro + micro;
    const size_t wide = j->l->config->n_outputs;
    nn_step s = {.goal = j->o.goal, .pool = j->o.pool, .bf16_ok = j->o.bf16_ok, .training = !tune};
    s.batch = (nn_batch){m->n, b->start + m->first + micro, b->id + m->from,
                         has_types(j) ? b->type + m->from : NULL};
    if (j->o.goal == NN_GOAL_LM) {
        s.asked = (nn_asked){m->asked, b->at + m->asked_from, b->target + m->asked_from};
    } else {
        s.target = (pm_cmat){b->goal + m->first * wide, m->n, wide, wide};
        s.weight = b->weight + m->first;
    }
    s.scale = b->items > 0 ? 1 / b->items : 0;
    s.seed = j->drop_seed;
    return s;
}
