/* SPDX-License-Identifier: MIT
 *
 * Philox4x32-10 after Salmon, Moraes, Dror and Shaw (SC 2011); checked against the known answers
 * that its authors publish with Random123.  Only integer steps, so every machine agrees;
 * rng_normal also uses log and cos and is as stable as the C library's.
 */
#include "base/rng.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"

#define ROUNDS 10
#define MUL_0  0xD2511F53u
#define MUL_1  0xCD9E8D57u
#define WEYL_0 0x9E3779B9u /* golden ratio */
#define WEYL_1 0xBB67AE85u /* sqrt(3) - 1 */

#define TAU 6.283185307179586476925286766559

__extension__ typedef unsigned __int128 wide;

void rng_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t p0 = (uint64_t)MUL_0 * c0;
        uint64_t p1 = (uint64_t)MUL_1 * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        uint32_t n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += WEYL_0;
        k1 += WEYL_1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* Both 64-bit halves of value i; `domain` keeps draws and derived seeds apart. */
static void draw(uint64_t seed, uint32_t stream, uint32_t domain, uint64_t i, uint64_t half[2])
{
    const uint32_t counter[4] = {(uint32_t)i, (uint32_t)(i >> 32), stream, domain};
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint32_t out[4];
    rng_philox(counter, key, out);
    half[0] = out[0] | (uint64_t)out[1] << 32;
    half[1] = out[2] | (uint64_t)out[3] << 32;
}

static double unit(uint64_t bits)
{
    return (double)(bits >> 11) * 0x1p-53;
}

uint64_t rng_bits(uint64_t seed, uint32_t stream, uint64_t i)
{
    uint64_t half[2];
    draw(seed, stream, 0, i, half);
    return half[0];
}

double rng_uniform(uint64_t seed, uint32_t stream, uint64_t i)
{
    return unit(rng_bits(seed, stream, i));
}

uint64_t rng_below(uint64_t seed, uint32_t stream, uint64_t i, uint64_t bound)
{
    /* 128 random bits times the bound: the bias of any value is at most 2^-64. */
    uint64_t half[2];
    draw(seed, stream, 0, i, half);
    wide low = (wide)half[1] * bound;
    return (uint64_t)(((wide)half[0] * bound + (low >> 64)) >> 64);
}

double rng_normal(uint64_t seed, uint32_t stream, uint64_t i)
{
    uint64_t half[2];
    draw(seed, stream, 0, i, half);
    double u = 1.0 - unit(half[0]); /* (0,1]: its logarithm is finite */
    return sqrt(-2.0 * log(u)) * cos(TAU * unit(half[1]));
}

void rng_shuffle(uint64_t seed, uint32_t stream, uint32_t *index, size_t n)
{
    for (size_t i = n; i-- > 1;) {
        size_t j = (size_t)rng_below(seed, stream, i, (uint64_t)i + 1);
        uint32_t held = index[i];
        index[i] = index[j];
        index[j] = held;
    }
}

uint64_t rng_derive(uint64_t seed, const char *name)
{
    uint64_t half[2];
    draw(seed, 0, 1, fnv1a(name, strlen(name)), half);
    return half[0];
}
