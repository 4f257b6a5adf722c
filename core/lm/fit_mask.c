/* SPDX-License-Identifier: MIT
 *
 * Whole-word masks as BERT has them (Devlin et al. 2019, section 3.1, and the whole-word variant of its code): words in an
 * order of chance until the share of tokens is reached; of their tokens 80 % masked, 10 % random, 10 % kept.
 */
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "lm/fit_private.h"

/* begin[w]: first token of each word of the sequence, special tokens left out; begin[n] closes the last. */
static size_t find_words(const uint32_t *word, size_t len, const fit_mask *m, size_t *total)
{
    size_t n = 0;
    *total = 0;
    for (size_t i = 0; i < len; i++) {
        if (word[i] == UINT32_MAX) continue;
        ++*total;
        if (i == 0 || word[i] != word[i - 1]) m->begin[n++] = (uint32_t)i;
    }
    return n;
}

static size_t choose(const uint32_t *word, size_t len, size_t n, size_t want, const fit_mask *m)
{
    size_t chosen = 0;
    memset(m->chosen, 0, len);
    for (size_t k = 0; k < n && chosen < want; k++) {
        const size_t begin = m->begin[m->order[k]];
        size_t end = begin + 1;
        while (end < len && word[end] == word[begin]) end++;
        if (chosen && chosen + end - begin > want) continue; /* too long for what is left */
        memset(m->chosen + begin, 1, end - begin);
        chosen += end - begin;
    }
    return chosen;
}

size_t fit_mask_words(const fit_job *j, uint32_t epoch, size_t sequence, const uint32_t *word,
                      size_t len, const fit_mask *m)
{
    const uint64_t seed = rng_bits(j->mask_seed, epoch, sequence);
    const size_t of_tokenizer = tokenizer_size(j->t), of_model = j->l->config->n_vocab;
    size_t total, asked = 0;
    const size_t n = find_words(word, len, m, &total);
    const double share = floor(j->o.mask_share * (double)total + .5);
    if (!n) return 0;
    for (size_t w = 0; w < n; w++) m->order[w] = (uint32_t)w;
    rng_shuffle(seed, 0, m->order, n);
    (void)choose(word, len, n, share < 1 ? 1 : (size_t)share, m);
    for (size_t i = 0; i < len; i++) {
        if (!m->chosen[i]) continue;
        const double u = rng_uniform(seed, 1, i);
        m->at[asked] = (uint32_t)i;
        m->target[asked++] = m->id[i];
        if (u < .8)
            m->id[i] = j->mask_id;
        else if (u < .9)
            m->id[i] =
                (uint32_t)rng_below(seed, 2, i, of_tokenizer < of_model ? of_tokenizer : of_model);
    }
    return asked;
}
