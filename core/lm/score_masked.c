/* SPDX-License-Identifier: MIT
 *
 * Masked language modelling as a score: for each draw of masked words, one sequence in which every piece of such a word
 * is the mask token, and those pieces are asked for (whole-word masking; Tryage's masked loss, arXiv 2308.11601, with
 * masks that all experts share).  In turn: a sequence for the first pieces of all masked words, one for the second ones, in which the
 * first are seen, and so on: the chain rule within words (Kauf and Ivanova 2023, arXiv 2305.10588), for all words of a draw at once.
 */
#include <string.h>

#include "lm/score.h"

/* present[w]: word w has a piece within the limit. */
static void find_present(pm_str text, const tokens *t, size_t n_words, uint8_t *present)
{
    lm_words w = {.text = text};
    if (n_words) memset(present, 0, n_words);
    for (size_t p = 0; p < t->n; p++) {
        const uint32_t of = score_word_of(&w, t, p);
        if (of != LM_NO_WORD) present[of] = 1;
    }
}

typedef struct walk { /* along the pieces of a text */
    lm_words word;
    uint32_t last;            /* word of the masked piece before */
    size_t rank;              /* of a piece in its word */
    size_t chars, code, seen; /* code points of the text, and those before byte `seen` */
} walk;

/* Piece p is asked for: what it is counted under. */
static pm_status ask_piece(const score_job *j, pm_str text, const tokens *t, size_t p, size_t i,
                           walk *k, pm_err *err)
{
    lm_scored *o = j->out;
    const double share = 1 / (double)j->masking->draws;
    if (o->part && t->from[p] > k->seen) { /* a normaliser may turn pieces of a word round */
        k->code += utf8_count(text.ptr + k->seen, t->from[p] - k->seen);
        k->seen = t->from[p];
    }
    const uint32_t span = score_span(k->code, k->chars, o->n_parts);
    if (o->pieces) o->pieces[i] += share;
    if (k->rank == 0 && o->words) o->words[i] += share;
    if (k->rank == 0 && o->chars)
        o->chars[i] += share *
                       (double)utf8_count(text.ptr + k->word.from, k->word.to - k->word.from);
    return lm_gather_ask(j->r, &(lm_ask){(uint32_t)p, t->id[p], span, share}, err);
}

/* One sequence; in turn: of the pieces of that rank.  *longest: pieces of the longest masked word. */
static pm_status gather_sequence(const score_job *j, pm_str text, const tokens *t, size_t i,
                                 size_t rank, size_t *longest, pm_err *err)
{
    lm_room *r = j->r;
    walk k = {.word = {.text = text}, .last = LM_NO_WORD};
    k.chars = j->out->part ? utf8_count(text.ptr, text.len) : 0;
    pm_status s = lm_gather(r, t->id, t->type, t->n, (uint32_t)i, err);
    if (s) return s;
    uint32_t *id = r->id + r->seq[r->n_seq - 1].at;
    for (size_t p = 0; p < t->n && !s; p++) {
        const uint32_t of = score_word_of(&k.word, t, p);
        if (of == LM_NO_WORD || !r->masked[of]) continue;
        k.rank = of == k.last ? k.rank + 1 : 0;
        k.last = of;
        if (k.rank >= *longest) *longest = k.rank + 1;
        if (j->masking->in_turn && k.rank < rank) continue;
        if (!j->masking->in_turn || k.rank == rank) s = ask_piece(j, text, t, p, i, &k, err);
        id[p] = (uint32_t)j->m->config.mask_id;
    }
    return s;
}

static pm_status gather_draw(const score_job *j, pm_str text, const tokens *t, size_t i,
                             pm_err *err)
{
    size_t longest = 0;
    pm_status s = gather_sequence(j, text, t, i, 0, &longest, err);
    for (size_t rank = 1; j->masking->in_turn && rank < longest && !s; rank++)
        s = gather_sequence(j, text, t, i, rank, &longest, err);
    return s;
}

pm_status score_gather_masked(const score_job *j, pm_str text, uint64_t id, size_t i, pm_err *err)
{
    const token_options o = {.max = j->m->max_tokens, .special_as_text = true};
    lm_room *r = j->r;
    size_t n_words = 0;
    tokens t;
    pm_status s = tokenizer_encode(j->m->tok, r->tok, text, NULL, &o, &t, err);
    if (s) return s;
    lm_count_cut(j->cut, &t);
    if (t.n == 0) return PM_OK; /* a tokeniser without special tokens, and an empty text */
    for (size_t at = 0; lm_next_word(text, &at, NULL);) n_words++;
    if (!mem_grow(&r->masked, &r->cap_masked, 2 * n_words + 1, 1)) /* never NULL */
        return err_set(err, PM_E_MEMORY, "out of memory for the words of a text");
    uint8_t *present = r->masked + n_words;
    find_present(text, &t, n_words, present);
    for (size_t d = 0; d < j->masking->draws && !s; d++) {
        size_t first = n_words, n_present = 0;
        lm_mask_words(j->masking, id, d, n_words, r->masked);
        for (size_t w = n_words; w-- > 0;) {
            n_present += r->masked[w] && present[w];
            if (present[w]) first = w;
        }
        /* Every chosen word lies beyond the limit, or this tokeniser drops it: the first that is there. */
        if (n_present == 0 && first < n_words) r->masked[first] = 1;
        s = gather_draw(j, text, &t, i, err);
    }
    return s;
}
