/* SPDX-License-Identifier: MIT
 *
 * The Mersenne Twister as Python seeds and reads it: only to reproduce numbers that others drew with
 * random.seed(k).  Randomness of our own comes from base/rng.h.
 */
#ifndef PM_BASE_MT19937_H
#define PM_BASE_MT19937_H

#include <stddef.h>
#include <stdint.h>

#define MT19937_WORDS 624

typedef struct mt19937 {
    uint32_t word[MT19937_WORDS];
    size_t at;
} mt19937;

/* init_by_array(key [n]); Python's random.seed(k) for 0 <= k < 2^32 is key = {k}. */
void mt19937_seed(mt19937 *m, const uint32_t *key, size_t n);
uint32_t mt19937_next(mt19937 *m);
double mt19937_double(mt19937 *m); /* [0, 1), 53 bits: Python's random.random() */

#endif
