/* SPDX-License-Identifier: MIT
 *
 * IEEE 754 binary16 in software: conversions only, exact to the bit (round to nearest, ties to even).
 */
#ifndef PM_MATH_HALF_H
#define PM_MATH_HALF_H

#include <stdint.h>
#include <string.h>

static inline float half_to_float(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, mant = h & 0x3ffu, exp = (h >> 10) & 0x1fu;
    uint32_t bits;
    float f;
    if (exp == 0x1f) {
        bits = sign | 0x7f800000u | mant << 13;
    } else if (exp != 0) {
        bits = sign | (exp + 112u) << 23 | mant << 13;
    } else { /* zero or subnormal: mant * 2^-24 */
        f = (float)mant * 0x1p-24f;
        return sign ? -f : f;
    }
    memcpy(&f, &bits, sizeof f);
    return f;
}

static inline uint16_t half_from_float(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000u, mag = bits & 0x7fffffffu, rest;
    if (mag >= 0x7f800000u) return (uint16_t)(sign | 0x7c00u | (mag > 0x7f800000u ? 0x200u : 0u));
    if (mag >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* rounds past 65504 */
    if (mag >= 0x38800000u) {                                  /* normal */
        rest = mag + 0xfffu + (mag >> 13 & 1u);
        return (uint16_t)(sign | ((rest - 0x38000000u) >> 13));
    }
    float a;
    memcpy(&a, &mag, sizeof a);
    a += 0.5f; /* the sum's last bit is worth 2^-24: the addition rounds to nearest even */
    memcpy(&rest, &a, sizeof rest);
    return (uint16_t)(sign | (rest - 0x3f000000u));
}

#endif
