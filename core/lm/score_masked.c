/* SPDX-License-Identifier: MIT
 *
 * Masked language modelling as a score: for each draw of masked words, one sequence in which every piece of such a word
 * is the mask token, and those pieces are asked for (whole-word masking; Tryage's masked loss, arXiv 2308.11601, with
 * masks that all experts share).
 */
#include <string.h>

#include "lm/score.h"

#define NO_WORD UINT32_MAX

/* The whitespace words of a text, into the room; false when memory is out. */
static bool find_words(lm_room *r, pm_str text, size_t *n_words)
{
    size_t n = 0, i = 0;
    while (lm_next_word(text, &i, NULL)) n++;
    if (!mem_grow(&r->word_from, &r->cap_from, n, sizeof *r->word_from) ||
        !mem_grow(&r->word_to, &r->cap_to, n, sizeof *r->word_to) ||
        !mem_grow(&r->masked, &r->cap_masked, 2 * n + 1, 1)) /* never NULL */
        return false;
    size_t from;
    for (n = i = 0; lm_next_word(text, &i, &from); n++) {
        r->word_from[n] = (uint32_t)from;
        r->word_to[n] = (uint32_t)i;
    }
    *n_words = n;
    return true;
}

/* The word that piece p belongs to: the first that its bytes touch; `w` only moves on. */
static uint32_t word_of(const lm_room *r, const tokens *t, size_t p, size_t n_words, size_t *w)
{
    if (t->special[p] || t->from[p] == t->to[p]) return NO_WORD;
    while (*w < n_words && r->word_to[*w] <= t->from[p]) (*w)++;
    return *w < n_words && r->word_from[*w] < t->to[p] ? (uint32_t)*w : NO_WORD;
}

/* present[w]: word w has a piece within the limit. */
static void find_present(const lm_room *r, const tokens *t, size_t n_words, uint8_t *present)
{
    if (n_words) memset(present, 0, n_words);
    for (size_t p = 0, w = 0; p < t->n; p++) {
        const uint32_t of = word_of(r, t, p, n_words, &w);
        if (of != NO_WORD) present[of] = 1;
    }
}

static pm_status gather_draw(const score_job *j, pm_str text, const tokens *t, size_t n_words,
                             size_t i, pm_err *err)
{
    lm_room *r = j->r;
    lm_scored *o = j->out;
    const double share = 1 / (double)j->masking->draws;
    const size_t chars = o->part ? utf8_count(text.ptr, text.len) : 0;
    pm_status s = lm_gather(r, t->id, t->type, t->n, (uint32_t)i, err);
    if (s) return s;
    uint32_t *id = r->id + r->seq[r->n_seq - 1].at, last = NO_WORD;
    size_t code = 0, seen = 0; /* code points before byte `seen` */
    for (size_t p = 0, w = 0; p < t->n && !s; p++) {
        const uint32_t of = word_of(r, t, p, n_words, &w);
        if (of == NO_WORD || !r->masked[of]) continue;
        if (o->part && t->from[p] > seen) { /* a normaliser may turn pieces of a word round */
            code += utf8_count(text.ptr + seen, t->from[p] - seen);
            seen = t->from[p];
        }
        s = lm_gather_ask(r, (uint32_t)p, t->id[p], score_span(code, chars, o->n_parts), err);
        id[p] = (uint32_t)j->m->config.mask_id;
        if (o->pieces) o->pieces[i] += share;
        if (of == last) continue;
        last = of;
        if (o->words) o->words[i] += share;
        if (o->chars)
            o->chars[i] += share * (double)utf8_count(text.ptr + r->word_from[of],
                                                      r->word_to[of] - r->word_from[of]);
    }
    return s;
}

pm_status score_gather_masked(const score_job *j, pm_str text, uint64_t id, size_t i, pm_err *err)
{
    const token_options o = {.max = j->m->max_tokens, .special_as_text = true};
    lm_room *r = j->r;
    size_t n_words;
    tokens t;
    pm_status s = tokenizer_encode(j->m->tok, r->tok, text, NULL, &o, &t, err);
    if (s) return s;
    lm_count_cut(j->cut, &t);
    if (t.n == 0) return PM_OK; /* a tokeniser without special tokens, and an empty text */
    if (!find_words(r, text, &n_words))
        return err_set(err, PM_E_MEMORY, "out of memory for the words of a text");
    uint8_t *present = r->masked + n_words;
    find_present(r, &t, n_words, present);
    for (size_t d = 0; d < j->masking->draws && !s; d++) {
        size_t first = n_words, n_present = 0;
        lm_mask_words(j->masking, id, d, n_words, r->masked);
        for (size_t w = n_words; w-- > 0;) {
            n_present += r->masked[w] && present[w];
            if (present[w]) first = w;
        }
        /* Every chosen word lies beyond the limit, or this tokeniser drops it: the first that is there. */
        if (n_present == 0 && first < n_words) r->masked[first] = 1;
        s = gather_draw(j, text, &t, n_words, i, err);
    }
    return s;
}
