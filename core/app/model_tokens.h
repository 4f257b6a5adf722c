/* SPDX-License-Identifier: MIT
 *
 * What there is to say of a model's tokeniser without building the model.
 */
#ifndef PM_APP_MODEL_TOKENS_H
#define PM_APP_MODEL_TOKENS_H

#include "nn/source.h"

typedef struct model_tokens {
    const char
        *kind; /* "tokenizer.json (BPE)", "vocab.txt", "gpt2 (smollm)"; "" where there is none */
    size_t pieces;
} model_tokens;

/* Of the folder's tokenizer.json or vocab.txt, or of the GGUF file's metadata.  Errors as reading them says. */
PM_MUST_USE pm_status model_tokens_of(const char *path, const nn_source *s, arena *a,
                                      model_tokens *out, pm_err *err);

#endif
