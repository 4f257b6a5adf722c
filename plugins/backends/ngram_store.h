/* SPDX-License-Identifier: MIT
 *
 * The trie in a checkpoint.  Private to the plugin ngram.
 */
#ifndef NGRAM_STORE_H
#define NGRAM_STORE_H

#include "ngram_trie.h"

/* Tensors byte.k, start.k, log_p.k, log_backoff.k of each level. */
pm_status ngram_store(const ngram_trie *t, pm_call *c, pm_store *s);

/* Mapped views of the same.  Shapes, ranges, order of bytes and signs are checked, so that scoring needs not.
 * Errors PM_E_FORMAT.  Cost one pass over the file. */
pm_status ngram_restore(ngram_trie *t, pm_call *c, pm_store *s, int order);

#endif
