/* SPDX-License-Identifier: MIT
 *
 * Answers: a conversation is read once into a cache of keys and values, then tokens are picked one by one until the model
 * ends its turn.
 */
#include <string.h>

#include "base/rng.h"
#include "lm/chat.h"

#define ANSWER_STREAM 1u

static bool is_end(const lm *m, const chat_row *row, uint32_t id)
{
    uint32_t end;
    if (m->config.eos_id >= 0 && id == (uint32_t)m->config.eos_id) return true;
    return row->end && tokenizer_find(m->tok, pm_str_of(row->end), &end) && id == end;
}

/* The conversation's tokens as the room's only sequence, without the oldest turns that leave no room for the answer; a
 * system's turn before them stays.  `turn` is changed. */
static pm_status fit_turns(const lm *m, lm_room *r, const chat_row *row, pm_turn *turn, size_t n,
                           size_t most, lm_said *out, pm_err *err)
{
    const size_t kept = n > 1 && pm_str_equal(turn[0].role, "system");
    const pm_turn system = turn[0];
    size_t whole = 0;
    for (size_t first = 0; first + kept < n; first++) {
        lm_gather_begin(r);
        turn[first] = kept ? system : turn[first];
        pm_status s = lm_gather(r, NULL, NULL, 0, 0, err);
        if (!s) s = chat_encode(m, r, row, turn + first, n - first, err);
        if (s) return s;
        const size_t now = r->seq[0].n;
        if (first == 0) whole = now;
        out->tokens_in = now;
        out->tokens_cut = whole - now;
        if (now <= most) return PM_OK;
    }
    return err_set(
        err, PM_E_ARG,
        "%s: the last turn alone%s is %zu tokens; with the answer wanted, at most %zu fit", m->name,
        kept ? ", with the system's," : "", out->tokens_in, most);
}

typedef struct speaking {
    const lm *m;
    threads *pool;
    lm_room *r;
    const chat_row *row;
    const lm_say *how;
    nn_cache *cache;
    uint32_t *said; /* [max_new] */
    float *logits;  /* [n_vocab] */
} speaking;

static pm_status speak(const speaking *k, const uint32_t *id, size_t n, lm_said *out, pm_err *err)
{
    const nn_config *c = &k->m->config;
    pm_mat hidden;
    pm_status s = nn_extend(k->m->engine, k->pool, k->r->nn, k->cache, id, n, &hidden, err);
    out->tokens_out = 0;
    while (!s && out->tokens_out < k->how->max_new) {
        const pm_cmat last = {pm_row(hidden, hidden.rows - 1), 1, hidden.cols, hidden.ld};
        s = nn_logits(k->m->engine, k->pool, k->r->nn, last,
                      (pm_mat){k->logits, 1, c->n_vocab, c->n_vocab}, err);
        if (s) break;
        const double u = rng_uniform(k->how->seed, ANSWER_STREAM, out->tokens_out);
        const uint32_t next = nn_sample(&k->how->sampling, k->logits, c->n_vocab, u);
        if (is_end(k->m, k->row, next)) {
            out->ended = true;
            break;
        }
        k->said[out->tokens_out++] = next;
        if (out->tokens_out < k->how->max_new)
            s = nn_extend(k->m->engine, k->pool, k->r->nn, k->cache, &next, 1, &hidden, err);
    }
    return s ? s : tokenizer_decode(k->m->tok, k->said, out->tokens_out, true, out->text, err);
}

pm_status lm_generate(const lm *m, threads *pool, lm_room *r, const pm_turn *turn, size_t n_turns,
                      const lm_say *how, lm_said *out, pm_err *err)
{
    const chat_row *row;
    if (!m->config.causal || m->config.lm_head == NN_LM_NONE)
        return err_set(err, PM_E_UNSUPPORTED,
                       "%s does not write text: it is no causal language model", m->name);
    if (n_turns == 0) return err_set(err, PM_E_ARG, "%s: there is nothing to answer", m->name);
    if (how->max_new == 0 || how->max_new >= m->max_tokens)
        return err_set(err, PM_E_ARG, "%s: max_new = %zu; want 1 to %zu", m->name, how->max_new,
                       m->max_tokens - 1);
    out->ended = false;
    pm_status s = chat_find(m, how->chat, &row, err);
    pm_turn *turns = s ? NULL : mem_alloc(n_turns, sizeof *turns);
    if (!s && !turns) s = err_set(err, PM_E_MEMORY, "out of memory for %zu turns", n_turns);
    if (!s) memcpy(turns, turn, n_turns * sizeof *turns);
    if (!s) s = fit_turns(m, r, row, turns, n_turns, m->max_tokens - how->max_new, out, err);
    mem_free(turns);
    if (s) return s;
    const size_t n_in = r->seq[0].n;
    speaking k = {.m = m, .pool = pool, .r = r, .row = row, .how = how};
    k.said = mem_alloc(how->max_new, sizeof *k.said);
    k.logits = mem_alloc(m->config.n_vocab, sizeof *k.logits);
    s = k.said && k.logits
            ? nn_cache_open(m->engine, n_in + how->max_new, &k.cache, err)
            : err_set(err, PM_E_MEMORY, "out of memory for an answer of %zu tokens", how->max_new);
    if (!s) s = speak(&k, r->id, n_in, out, err);
    nn_cache_close(k.cache);
    mem_free(k.said);
    mem_free(k.logits);
    return s;
}
