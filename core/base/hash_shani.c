/* SPDX-License-Identifier: MIT
 *
 * SHA-256's compression with the SHA extensions (Intel SDM, SHA256RNDS2, SHA256MSG1, SHA256MSG2).  The eight letters are
 * held as ABEF and CDGH, as the instruction wants them; a step of it is two rounds.
 */
#include "base/hash_shani.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

bool sha256_has_ni(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1)) return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

static const uint32_t constant[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

#define SHA_TARGET __attribute__((target("sha,ssse3,sse4.1")))

/* Four rounds with the words w of step t; the lower half of the sum first. */
SHA_TARGET static inline void four_rounds(__m128i *abef, __m128i *cdgh, __m128i w, size_t t)
{
    const __m128i sum =
        _mm_add_epi32(w, _mm_loadu_si128((const __m128i *)(const void *)(constant + 4 * t)));
    *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, sum);
    *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(sum, 0x0e));
}

/* The next four words of the schedule, of the sixteen before: w[t-16..], w[t-12..], w[t-8..], w[t-4..]. */
SHA_TARGET static inline __m128i next_words(const __m128i w[4], size_t t)
{
    const __m128i a = w[t % 4], b = w[(t + 1) % 4], c = w[(t + 2) % 4], d = w[(t + 3) % 4];
    const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8(d, c, 4));
    return _mm_sha256msg2_epu32(sum, d);
}

SHA_TARGET void sha256_blocks_ni(uint32_t h[8], const uint8_t *block, size_t n)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)h), 0xb1);
    __m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)(h + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(low, high, 8);
    __m128i cdgh = _mm_blend_epi16(high, low, 0xf0);
    for (; n > 0; n--, block += 64) {
        const __m128i abef_was = abef, cdgh_was = cdgh;
        __m128i w[4];
#pragma GCC unroll 16
        for (size_t t = 0; t < 16; t++) {
            if (t < 4)
                w[t] = _mm_shuffle_epi8(
                    _mm_loadu_si128((const __m128i *)(const void *)(block + 16 * t)), swap);
            else
                w[t % 4] = next_words(w, t);
            four_rounds(&abef, &cdgh, w[t % 4], t);
        }
        abef = _mm_add_epi32(abef, abef_was);
        cdgh = _mm_add_epi32(cdgh, cdgh_was);
    }
    low = _mm_shuffle_epi32(abef, 0x1b);
    high = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)(void *)h, _mm_blend_epi16(low, high, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(h + 4), _mm_alignr_epi8(high, low, 8));
}

#else

bool sha256_has_ni(void)
{
    return false;
}

void sha256_blocks_ni(uint32_t h[8], const uint8_t *block, size_t n)
{
    sha256_blocks_plain(h, block, n);
}

#endif
