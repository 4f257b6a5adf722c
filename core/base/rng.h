/* SPDX-License-Identifier: MIT
 *
 * Counter-based random numbers: value = f(seed, stream, i), a pure function, bit-stable on every
 * machine and whatever the thread count.  Philox4x32-10 (Salmon et al. 2011, "Parallel random
 * numbers: as easy as 1, 2, 3", section 4.3).
 */
#ifndef PM_BASE_RNG_H
#define PM_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

void rng_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

uint64_t rng_bits(uint64_t seed, uint32_t stream, uint64_t i);
double rng_uniform(uint64_t seed, uint32_t stream, uint64_t i); /* [0,1), 53 bits */
uint64_t rng_below(uint64_t seed, uint32_t stream, uint64_t i,
                   uint64_t bound);                            /* unbiased to 2^-64 */
double rng_normal(uint64_t seed, uint32_t stream, uint64_t i); /* Box-Muller */

/* Fisher-Yates on index[n]; uses counters 0..n-1 of the stream. */
void rng_shuffle(uint64_t seed, uint32_t stream, uint32_t *index, size_t n);

/* A seed for a named part, so that parts do not share streams: hash of (seed, name). */
uint64_t rng_derive(uint64_t seed, const char *name);

#endif
