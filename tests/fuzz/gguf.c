/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: any bytes as a GGUF file; of what opens as a model all weights and the vocabulary are read.
 */
#include <stdlib.h>

#include "nn/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static size_t read_vocabulary(const nn_source *s)
{
    nn_strings texts;
    const int32_t *ints;
    const float *reals;
    size_t n = 0, sum = 0;
    if (nn_source_texts(s, "tokenizer.ggml.tokens", &texts))
        for (size_t i = 0; i < texts.n; i++)
            for (size_t k = 0; k < texts.at[i].len; k++) sum += (unsigned char)texts.at[i].ptr[k];
    if (nn_source_numbers(s, "tokenizer.ggml.token_type", &ints, &n))
        for (size_t i = 0; i < n; i++) sum += (size_t)ints[i];
    if (nn_source_reals(s, "tokenizer.ggml.scores", &reals, &n))
        for (size_t i = 0; i < n; i++) sum += reals[i] > 0 ? 1 : 0;
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
    arena *a = arena_open(0);
    nn_source *s = NULL;
    nn_weights w;
    size_t bad = 0;
    pm_err err = PM_ERR_INIT;
    if (!a) return 0;
    pm_status st = nn_source_parse_gguf(at, len, "x", a, &s, &err);
    if (st == PM_OK) {
        (void)read_vocabulary(s);
        st = nn_source_verify(s, NULL, NULL, &bad, &err);
        if (st == PM_OK) st = nn_source_weights(s, a, &w, &err);
    }
    if (st == PM_OK) {
        float *slab = arena_alloc(a, w.layout->floats, sizeof *slab);
        if (slab) st = nn_weights_read(&w, slab, &err);
    }
    if (st != PM_OK && !err.text[0]) abort(); /* refused without a word */
    arena_close(a);
    return 0;
}
