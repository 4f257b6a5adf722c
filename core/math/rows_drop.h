/* SPDX-License-Identifier: MIT
 *
 * Masks of dropout: element e of (seed, stream) is kept when word e % 64 / 16 of Philox block e / 64 * 16 + e % 16
 * (domain 3) is not below p 2^32.  The including file defines DROP_LANES and drop_mul, the 64-bit products of low halves.
 * Included by rows_body.h and attention_body.h only.
 */
#ifndef PM_MATH_ROWS_DROP_H
#define PM_MATH_ROWS_DROP_H

typedef uint32_t drop_u __attribute__((vector_size(4 * DROP_LANES)));
typedef uint64_t drop_l __attribute__((vector_size(4 * DROP_LANES)));
typedef float drop_f __attribute__((vector_size(4 * DROP_LANES)));

/* 64-bit lanes hold one word in their low half; even and odd words apart, so that products stay in place. */
typedef struct drop_words {
    drop_l even, odd;
} drop_words;

LANES_INLINE drop_words drop_times(drop_words a, uint32_t m)
{
    drop_l by = (drop_l){0} + m;
    return (drop_words){drop_mul(a.even, by), drop_mul(a.odd, by)};
}

LANES_INLINE drop_words drop_mixed(drop_words high, drop_words b, uint32_t key)
{
    return (drop_words){(high.even >> 32) ^ b.even ^ key, (high.odd >> 32) ^ b.odd ^ key};
}

LANES_INLINE drop_u drop_joined(drop_words a)
{
    return (drop_u)((a.even & 0xffffffffu) | (a.odd << 32));
}

/* Of DROP_LANES blocks; the low half of `block` is a multiple of them. */
LANES_INLINE void drop_philox(const attention_drop *d, uint64_t block, drop_u out[4])
{
    drop_l even = {0}, none = {0};
    for (uint32_t k = 0; k < DROP_LANES / 2; k++) even[k] = (uint64_t)(uint32_t)block + 2 * k;
    drop_words c0 = {even, even + 1}, c1 = {none + (block >> 32), none + (block >> 32)};
    drop_words c2 = {none + d->stream, none + d->stream}, c3 = {none + 3, none + 3};
    uint32_t k0 = (uint32_t)d->seed, k1 = (uint32_t)(d->seed >> 32);
    for (int round = 0; round < 10; round++) {
        drop_words p0 = drop_times(c0, 0xD2511F53u), p1 = drop_times(c2, 0xCD9E8D57u);
        c0 = drop_mixed(p1, c1, k0);
        c2 = drop_mixed(p0, c3, k1);
        c1 = p1;
        c3 = p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = drop_joined(c0), out[1] = drop_joined(c1), out[2] = drop_joined(c2),
    out[3] = drop_joined(c3);
}

/* The 64 elements of a group, in place. */
LANES_INLINE void drop_group(const attention_drop *d, uint64_t group, uint32_t below, float scale,
                             float *x)
{
    for (size_t b = 0; b < 16; b += DROP_LANES) {
        drop_u word[4];
        drop_philox(d, group * 16 + b, word);
        LANES_UNROLL for (size_t w = 0; w < 4; w++)
        {
            drop_f v;
            memcpy(&v, x + 16 * w + b, sizeof v);
            v = (drop_f)((drop_u)(v * scale) & (drop_u)(word[w] >= below));
            memcpy(x + 16 * w + b, &v, sizeof v);
        }
    }
}

/* Elements [first, first + n). */
static void drop_span(float *x, size_t n, const attention_drop *d, uint64_t first)
{
    const uint32_t below = (uint32_t)((double)d->p * 0x1p32);
    const float scale = 1 / (1 - d->p);
    for (size_t i = 0; i < n;) {
        const size_t at = (size_t)((first + i) % 64), some = n - i < 64 - at ? n - i : 64 - at;
        if (some == 64)
            drop_group(d, (first + i) / 64, below, scale, x + i);
        else {
            float part[64] = {0};
            memcpy(part + at, x + i, some * sizeof *x);
            drop_group(d, (first + i) / 64, below, scale, part);
            memcpy(x + i, part + at, some * sizeof *x);
        }
        i += some;
    }
}

#endif
