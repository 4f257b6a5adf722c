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

void lm_mask_words(const lm_masking *k, uint64_t id, size_t draw, size_t n_words, uint8_t *masked)
{
    const uint64_t seed = rng_bits(k->seed, (uint32_t)draw, id);
    size_t want = (size_t)ceil(k->share * (double)n_words), left = n_words;
    memset(masked, 0, n_words);
    if (want < 1) want = 1;
    /* Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S): every set of `want` words is as likely. */
    for (size_t w = 0; w < n_words && want; w++, left--)
        if (rng_uniform(seed, 0, w) * (double)left < (double)want) {
            masked[w] = 1;
            want--;
        }
}
