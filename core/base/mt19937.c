/* SPDX-License-Identifier: MIT
 *
 * MT19937 (Matsumoto and Nishimura 1998), initialised as their mt19937ar of 2002.
 */
#include "base/mt19937.h"

#define N      MT19937_WORDS
#define MIDDLE 397

static void seed_one(mt19937 *m, uint32_t seed)
{
    m->word[0] = seed;
    for (uint32_t i = 1; i < N; i++)
        m->word[i] = 1812433253u * (m->word[i - 1] ^ (m->word[i - 1] >> 30)) + i;
    m->at = N;
}

void mt19937_seed(mt19937 *m, const uint32_t *key, size_t n)
{
    size_t i = 1, j = 0;
    seed_one(m, 19650218u);
    for (size_t k = n > N ? n : N; k > 0; k--) {
        uint32_t before = m->word[i - 1];
        m->word[i] = (m->word[i] ^ ((before ^ (before >> 30)) * 1664525u)) + key[j] + (uint32_t)j;
        if (++i == N) {
            m->word[0] = m->word[N - 1];
            i = 1;
        }
        if (++j == n) j = 0;
    }
    for (size_t k = N - 1; k > 0; k--) {
        uint32_t before = m->word[i - 1];
        m->word[i] = (m->word[i] ^ ((before ^ (before >> 30)) * 1566083941u)) - (uint32_t)i;
        if (++i == N) {
            m->word[0] = m->word[N - 1];
            i = 1;
        }
    }
    m->word[0] = 0x80000000u;
    m->at = N;
}

static void turn(mt19937 *m)
{
    for (size_t k = 0; k < N; k++) {
        uint32_t y = (m->word[k] & 0x80000000u) | (m->word[(k + 1) % N] & 0x7fffffffu);
        m->word[k] = m->word[(k + MIDDLE) % N] ^ (y >> 1) ^ (y & 1u ? 0x9908b0dfu : 0u);
    }
    m->at = 0;
}

uint32_t mt19937_next(mt19937 *m)
{
    if (m->at >= N) turn(m);
    uint32_t y = m->word[m->at++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

double mt19937_double(mt19937 *m)
{
    double high = (double)(mt19937_next(m) >> 5), low = (double)(mt19937_next(m) >> 6);
    return (high * 67108864.0 + low) / 9007199254740992.0;
}
