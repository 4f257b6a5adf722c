/* SPDX-License-Identifier: MIT
 *
 * Private to the floor: nats of texts.  score.c adds up what score_masked.c and score_causal.c ask for.
 */
#ifndef PM_LM_SCORE_H
#define PM_LM_SCORE_H

#include "lm/model.h"

typedef struct score_job {
    const lm *m;
    threads *pool;
    lm_room *r;
    const lm_masking *masking; /* NULL: causal, all words */
    lm_scored *out;
    lm_cut *cut;
} score_job;

/* Sequences of text i and the tokens asked of them; words, chars and pieces are added to out. */
pm_status score_gather_masked(const score_job *j, pm_str text, uint64_t id, size_t i, pm_err *err);
pm_status score_gather_causal(const score_job *j, pm_str text, uint64_t id, size_t i, pm_err *err);

/* In which of n_parts spans of `chars` code points code point k lies: span p = [p c / n, (p + 1) c / n). */
uint32_t score_span(size_t k, size_t chars, size_t n_parts);

/* The whitespace word of piece p, asked in order. */
uint32_t score_word_of(lm_words *w, const tokens *t, size_t p);

#endif
