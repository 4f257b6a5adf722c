/* SPDX-License-Identifier: MIT
 *
 * Which words of a text are masked: decided on whitespace words, before any tokeniser sees them, so that every model masks
 * the same ones.
 */
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "lm/lm.h"

static bool is_blank(char ch)
{
    return ch == ' ' || (ch >= '\t' && ch <= '\r');
}

bool lm_next_word(pm_str text, size_t *at, size_t *from)
{
    size_t i = *at;
    while (i < text.len && is_blank(text.ptr[i])) i++;
    if (from) *from = i;
    if (i == text.len) return false;
    while (i < text.len && !is_blank(text.ptr[i])) i++;
    *at = i;
    return true;
}

uint32_t lm_word_of(lm_words *w, size_t from, size_t to)
{
    if (from >= to) return LM_NO_WORD;
    while (w->to <= from) {
        if (!lm_next_word(w->text, &w->to, &w->from)) w->from = w->to = SIZE_MAX;
        w->n++;
    }
    return w->from < to ? w->n - 1 : LM_NO_WORD;
}

/* Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S): every set of `want` words is as likely. */
typedef struct sampling {
    uint64_t seed;
    size_t want, left, w;
} sampling;

static sampling sample(const lm_masking *k, uint64_t id, size_t draw, size_t n_words)
{
    const size_t want = (size_t)ceil(k->share * (double)n_words);
    return (sampling){rng_bits(k->seed, (uint32_t)draw, id), want < 1 ? 1 : want, n_words, 0};
}

static bool takes_next(sampling *s)
{
    const size_t w = s->w++, left = s->left--;
    if (!s->want || rng_uniform(s->seed, 0, w) * (double)left >= (double)s->want) return false;
    s->want--;
    return true;
}

void lm_mask_words(const lm_masking *k, uint64_t id, size_t draw, size_t n_words, uint8_t *masked)
{
    sampling s = sample(k, id, draw, n_words);
    for (size_t w = 0; w < n_words; w++) masked[w] = takes_next(&s);
}

void lm_mask_weigh(const lm_masking *k, uint64_t id, pm_str text, double *weight)
{
    size_t n_words = 0, from;
    for (size_t i = 0; lm_next_word(text, &i, NULL);) n_words++;
    for (size_t i = 0; i < text.len; i++) weight[i] = 0;
    for (size_t d = 0; d < k->draws; d++) {
        sampling s = sample(k, id, d, n_words);
        for (size_t i = 0; lm_next_word(text, &i, &from);)
            if (takes_next(&s))
                for (size_t b = from; b < i; b++) weight[b] += 1 / (double)k->draws;
    }
}
