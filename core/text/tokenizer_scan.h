/* SPDX-License-Identifier: MIT
 *
 * The regular expressions that everybody uses to cut words, and which of them has a scanner of ours.
 */
#ifndef PM_TEXT_TOKENIZER_SCAN_H
#define PM_TEXT_TOKENIZER_SCAN_H

#include "text/tokenizer_private.h"

extern const char scan_gpt2[], scan_llama3[], scan_qwen2[];

/* CUT_REGEX where we have no scanner of it. */
cut_kind scan_known(pm_str pattern);

/* The end of the match that begins at s[at]; these expressions match everywhere, one match behind the other. */
size_t scan_next(cut_kind kind, const char *s, size_t len, size_t at);

#endif
