/* SPDX-License-Identifier: MIT
 *
 * Vectors of texts, and what a head says of them.
 */
#include <string.h>

#include "lm/model.h"

typedef struct pooling { /* texts whose sequences are gathered: [first, ...) */
    const lm *m;
    threads *pool;
    lm_room *r;
    nn_pool_kind how;
    bool normalise, is_head;
    pm_mat out;
    size_t first;
} pooling;

/* Rows of a batch come in its order and go to where their texts are. */
static pm_status take_pooled(void *arg, const lm_ran *ran, pm_err *err)
{
    const pooling *p = arg;
    lm_room *r = p->r;
    const size_t n = ran->batch->n, width = p->m->config.width, cols = p->out.cols;
    size_t want = n * (width + (p->is_head ? cols : 0));
    if (!mem_grow(&r->nats, &r->cap_nats, want / 2 + 1, sizeof *r->nats))
        return err_set(err, PM_E_MEMORY, "out of memory for %zu vectors", n);
    pm_mat pooled = {(float *)(void *)r->nats, n, width, width};
    pm_mat rows = pooled;
    pm_status s = nn_pool(p->m->engine, p->pool, r->nn, ran->batch, ran->hidden, p->how,
                          p->normalise, pooled, err);
    if (!s && p->is_head) {
        rows = (pm_mat){pooled.at + n * width, n, cols, cols};
        s = nn_outputs(p->m->engine, r->nn, (pm_cmat){pooled.at, n, width, width}, rows, err);
    }
    for (size_t i = 0; i < n && !s; i++)
        memcpy(pm_row(p->out, p->first + r->seq[ran->seq[i]].owner), pm_row(rows, i),
               cols * sizeof(float));
    return s;
}

static pm_status pool_texts(pooling *p, const pm_str *text, const pm_str *pair, size_t n,
                            lm_cut *cut, pm_err *err)
{
    const token_options o = {.max = p->m->max_tokens};
    lm_room *r = p->r;
    pm_status s = PM_OK;
    for (size_t i = 0; i < n && !s;) {
        lm_gather_begin(r);
        p->first = i;
        for (; i < n && r->n_id < LM_GATHER_TOKENS && !s; i++) {
            tokens t;
            s = tokenizer_encode(p->m->tok, r->tok, text[i], pair ? &pair[i] : NULL, &o, &t, err);
            if (s) break;
            lm_count_cut(cut, &t);
            if (t.n ==
                0) /* a tokeniser without special tokens, and an empty text: its vector is zero */
                memset(pm_row(p->out, i), 0, p->out.cols * sizeof(float));
            else
                s = lm_gather(r, t.id, t.type, t.n, (uint32_t)(i - p->first), err);
        }
        if (!s) s = lm_run(p->m, p->pool, r, take_pooled, p, err);
    }
    return s;
}

pm_status lm_embed(const lm *m, threads *pool, lm_room *r, const pm_str *text, size_t n,
                   nn_pool_kind how, bool normalise, pm_mat out, lm_cut *cut, pm_err *err)
{
    if (out.rows < n || out.cols != m->config.width)
        return err_set(err, PM_E_SHAPE,
                       "%s: vectors are [%zu x %zu]; there is room for [%zu x %zu]", m->name, n,
                       m->config.width, out.rows, out.cols);
    pooling p = {m, pool, r, how, normalise, false, out, 0};
    return pool_texts(&p, text, NULL, n, cut, err);
}

pm_status lm_outputs(const lm *m, threads *pool, lm_room *r, const pm_str *text, const pm_str *pair,
                     size_t n, nn_pool_kind how, pm_mat out, lm_cut *cut, pm_err *err)
{
    if (m->config.n_outputs == 0)
        return err_set(err, PM_E_UNSUPPORTED, "%s has no classification or regression head",
                       m->name);
    if (out.rows < n || out.cols != m->config.n_outputs)
        return err_set(err, PM_E_SHAPE,
                       "%s: outputs are [%zu x %zu]; there is room for [%zu x %zu]", m->name, n,
                       m->config.n_outputs, out.rows, out.cols);
    pooling p = {m, pool, r, how, false, true, out, 0};
    return pool_texts(&p, text, pair, n, cut, err);
}
