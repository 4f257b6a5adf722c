/* SPDX-License-Identifier: MIT
 *
 * Nats of texts: gathers what is asked, runs it in batches, adds up each text's own in its own order, so that sums do
 * not depend on batches.
 */
#include "lm/score.h"

#include <string.h>

#include "text/unicode.h"

uint32_t score_span(size_t k, size_t chars, size_t n_parts)
{
    if (n_parts < 2 || chars == 0) return 0;
    size_t p = k * n_parts / chars; /* off by one at most, since spans are cut by p * chars / n */
    while (p + 1 < n_parts && (p + 1) * chars / n_parts <= k) p++;
    while (p > 0 && p * chars / n_parts > k) p--;
    return (uint32_t)(p < n_parts ? p : n_parts - 1);
}

uint32_t score_word_of(lm_words *w, const tokens *t, size_t p)
{
    return t->special[p] ? LM_NO_WORD : lm_word_of(w, t->from[p], t->to[p]);
}

static void add(double *v, size_t i, double x)
{
    if (v) v[i] += x;
}

static pm_status take_nats(void *arg, const lm_ran *ran, pm_err *err)
{
    const score_job *j = arg;
    lm_room *r = j->r;
    size_t n = 0;
    for (size_t s = 0; s < ran->batch->n; s++) n += r->seq[ran->seq[s]].n_ask;
    if (n == 0) return PM_OK;
    if (!mem_grow(&r->at, &r->cap_at, n, sizeof *r->at) ||
        !mem_grow(&r->target, &r->cap_target, n, sizeof *r->target) ||
        !mem_grow(&r->best, &r->cap_best, n, sizeof *r->best) ||
        !mem_grow(&r->nats, &r->cap_nats, n, sizeof *r->nats))
        return err_set(err, PM_E_MEMORY, "out of memory for %zu tokens", n);
    size_t k = 0;
    for (size_t s = 0; s < ran->batch->n; s++) {
        const lm_seq *q = &r->seq[ran->seq[s]];
        for (uint32_t e = 0; e < q->n_ask; e++, k++) {
            r->at[k] = ran->batch->start[s] + r->ask[q->ask + e].at;
            r->target[k] = r->ask[q->ask + e].target;
        }
    }
    const nn_asked asked = {n, r->at, r->target};
    pm_status st = nn_nats(j->m->engine, j->pool, r->nn, ran->hidden, &asked, r->nats,
                           j->out->right ? r->best : NULL, err);
    if (st) return st;
    k = 0;
    for (size_t s = 0; s < ran->batch->n; s++) {
        const lm_seq *q = &r->seq[ran->seq[s]];
        for (uint32_t e = 0; e < q->n_ask; e++, k++) {
            const lm_ask *a = &r->ask[q->ask + e];
            const double nats = r->nats[k] * a->weight;
            add(j->out->nats, q->owner, nats);
            if (j->out->part) add(j->out->part, q->owner * j->out->n_parts + a->span, nats);
            if (j->out->right && r->best[k] == r->target[k]) j->out->right[q->owner] += a->weight;
        }
    }
    return PM_OK;
}

static void clear(const lm_scored *o, size_t n)
{
    double *const all[] = {o->nats, o->pieces, o->words, o->chars, o->right};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        if (all[k]) memset(all[k], 0, n * sizeof(double));
    if (o->part) memset(o->part, 0, n * o->n_parts * sizeof(double));
}

static pm_status check(const lm *m, const lm_masking *k, pm_err *err)
{
    const nn_config *c = &m->config;
    if (c->lm_head == NN_LM_NONE)
        return err_set(err, PM_E_UNSUPPORTED,
                       "%s has no language-model head: it gives vectors, no probabilities of text",
                       m->name);
    if (!c->causal && !k)
        return err_set(err, PM_E_UNSUPPORTED,
                       "%s guesses masked words; it cannot score a text from left to right",
                       m->name);
    if (!c->causal && c->mask_id < 0)
        return err_set(err, PM_E_UNSUPPORTED, "%s: its files name no mask token", m->name);
    if (k && (!(k->share > 0 && k->share <= 1) || k->draws < 1 || k->draws > 1000))
        return err_set(err, PM_E_ARG,
                       "masks: a share of %g and %zu draws; want (0, 1] and 1 to 1000", k->share,
                       k->draws);
    return PM_OK;
}

/* The text as tokenisers see it: repaired, so that byte ranges mean the same to all. */
static pm_str repaired(lm_room *r, pm_str text)
{
    size_t bad;
    if (utf8_valid(text.ptr, text.len, &bad)) return text;
    str_clear(&r->text);
    (void)unicode_repair(text.ptr, text.len, &r->text);
    return (pm_str){str_text(&r->text), r->text.len};
}

pm_status lm_score(const lm *m, threads *pool, lm_room *r, const pm_str *text, const uint64_t *id,
                   size_t n, const lm_masking *masking, lm_scored *out, lm_cut *cut, pm_err *err)
{
    score_job j = {m, pool, r, masking, out, cut};
    pm_status s = check(m, masking, err);
    if (s) return s;
    clear(out, n);
    for (size_t i = 0; i < n && !s;) {
        lm_gather_begin(r);
        for (; i < n && r->n_id < LM_GATHER_TOKENS && !s; i++)
            s = (m->config.causal ? score_gather_causal : score_gather_masked)(
                &j, repaired(r, text[i]), id ? id[i] : i, i, err);
        if (!s) s = lm_run(m, pool, r, take_nats, &j, err);
    }
    return s;
}
