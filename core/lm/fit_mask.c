/* SPDX-License-Identifier: MIT
 *
 * Masks of whole words (Devlin et al. 2019, section 3.1, and the whole-word variant of its code), drawn as those of scoring
 * are: a share of the whitespace words, each as likely; of their tokens 80 % masked, 10 % random, 10 % kept.  In turn: from a
 * piece of chance on, all masked.
 */
#include "base/rng.h"
#include "lm/fit_private.h"

/* Whether a token begins a word of its sequence; words lie in order. */
static bool begins(const uint32_t *word, size_t i)
{
    return word[i] != LM_NO_WORD && (i == 0 || word[i] != word[i - 1]);
}

/* What the model sees in place of token i. */
static void cover(const fit_job *j, uint64_t seed, size_t i, uint32_t *id)
{
    const size_t of_tokenizer = tokenizer_size(j->t), of_model = j->l->config->n_vocab;
    const double u = rng_uniform(seed, 1, i);
    if (j->o.mask_in_turn || u < .8)
        *id = j->mask_id;
    else if (u < .9)
        *id = (uint32_t)rng_below(seed, 2, i, of_tokenizer < of_model ? of_tokenizer : of_model);
}

size_t fit_mask_words(const fit_job *j, uint32_t epoch, size_t sequence, const uint32_t *word,
                      size_t len, const fit_mask *m)
{
    const lm_masking how = {.share = j->o.mask_share, .draws = 1, .seed = j->mask_seed};
    const uint64_t seed = rng_bits(j->mask_seed, epoch, sequence);
    size_t n = 0, w = 0, asked = 0;
    for (size_t i = 0; i < len; i++) n += begins(word, i);
    if (!n) return 0;
    lm_mask_words(&how, sequence, epoch, n, m->masked);
    for (size_t i = 0, end; i < len; i = end) {
        for (end = i + 1; end < len && word[end] == word[i]; end++) {
        }
        if (word[i] == LM_NO_WORD || !m->masked[w++]) continue;
        size_t at = i; /* in turn: the word is known up to some piece, as it will be when scored */
        if (j->o.mask_in_turn) at += rng_below(seed, 3, i, end - i);
        for (; at < end; at++) {
            m->at[asked] = (uint32_t)at;
            m->target[asked++] = m->id[at];
            cover(j, seed, at, m->id + at);
        }
    }
    return asked;
}
