/* SPDX-License-Identifier: MIT
 *
 * A set of 64-bit hashes, each with a mark: open addressing on the heap.  Exact in the 63 bits it keeps; equal hashes
 * of unequal texts are its only error.
 */
#ifndef PM_TEXT_KEYSET_H
#define PM_TEXT_KEYSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct keyset {
    uint64_t *slot; /* [slots] 0 = free; the top bit is the mark */
    size_t slots, n;
} keyset;
#define KEYSET_INIT                                                                                \
    {                                                                                              \
        NULL, 0, 0                                                                                 \
    }

void keyset_close(keyset *s);

/* Room for n keys without growing; false when memory is out. */
bool keyset_reserve(keyset *s, size_t n);
/* Adds a well-mixed hash; *was_there (may be NULL).  False when memory is out. */
bool keyset_add(keyset *s, uint64_t hash, bool *was_there);
bool keyset_mark(keyset *s, uint64_t hash); /* true if it was there and unmarked */
bool keyset_is_marked(const keyset *s, uint64_t hash);
void keyset_prefetch(const keyset *s, uint64_t hash);

#endif
