/* SPDX-License-Identifier: MIT
 *
 * Interpolated modified Kneser-Ney as the textbook has it: a map from strings to counts, and a recursion.  Slow, and
 * shares nothing with the plugin that it is compared with.
 */
#ifndef PM_TEST_NGRAM_BRUTE_H
#define PM_TEST_NGRAM_BRUTE_H

#include <pointsman/plugin.h>

#include "base/mem.h"

typedef struct brute brute;

/* Trained on documents, without a shared context.  n-grams of 3 bytes and more that occur less often than `least` are
 * left out. */
brute *brute_train(arena *a, const pm_str *document, size_t n, int order, size_t least);

/* p(byte | the last bytes of `context`). */
double brute_p(const brute *b, pm_str context, uint8_t byte);

/* Nats of a text that begins without a context. */
double brute_nats(const brute *b, pm_str text);

/* How many n-grams of all orders are kept. */
size_t brute_count(const brute *b);

#endif
