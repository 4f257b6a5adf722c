/* SPDX-License-Identifier: MIT
 *
 * SHA-256 (FIPS 180-4, section 6.2) in plain C, SHA-1 (section 6.1), and FNV-1a with its 64-bit constants.  Where the CPU
 * has instructions for SHA-256, hash_shani.c does its blocks.
 * SHA-256 names content; SHA-1 deals out folds; FNV-1a only spreads keys over tables and is no defence against
 * chosen keys.
 */
#include "base/hash.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hash_shani.h"

static const uint32_t round_constant[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turn(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

/* One step.  The eight working letters stay where they are and the names turn: a is v[-r mod 8].
 * With r constant after unrolling, nothing is moved; twice as fast as shifting the array. */
static inline void one_round(uint32_t v[8], size_t r, uint32_t word)
{
    uint32_t a = v[(8 - r) % 8], b = v[(9 - r) % 8], c = v[(10 - r) % 8];
    uint32_t e = v[(12 - r) % 8], f = v[(13 - r) % 8], g = v[(14 - r) % 8];
    uint32_t *d = &v[(11 - r) % 8], *h = &v[(15 - r) % 8];
    uint32_t s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    uint32_t first = *h + s1 + ((e & f) ^ (~e & g)) + word;
    uint32_t s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    *d += first;
    *h = first + s0 + ((a & b) ^ (a & c) ^ (b & c));
}

static void compress(uint32_t h[8], const uint8_t block[64])
{
    uint32_t w[64];
    for (size_t t = 0; t < 16; t++) {
        const uint8_t *b = block + 4 * t;
        w[t] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    }
    for (size_t t = 16; t < 64; t++) {
        uint32_t s0 = turn(w[t - 15], 7) ^ turn(w[t - 15], 18) ^ w[t - 15] >> 3;
        uint32_t s1 = turn(w[t - 2], 17) ^ turn(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    uint32_t v[8];
    memcpy(v, h, sizeof v);
    for (size_t t = 0; t < 64; t += 8) {
#pragma GCC unroll 8
        for (size_t r = 0; r < 8; r++) one_round(v, r, round_constant[t + r] + w[t + r]);
    }
    for (size_t k = 0; k < 8; k++) h[k] += v[k];
}

void sha256_blocks_plain(uint32_t h[8], const uint8_t *block, size_t n)
{
    for (; n > 0; n--, block += 64) compress(h, block);
}

enum { PLAIN = 1, INSTRUCTIONS, MANY_BLOCKS = 64 };

/* Whether there are instructions is asked when many blocks come at once, once a hash: nothing is remembered between
 * hashes, and a short text does not wait for CPUID. */
static void blocks(sha256 *s, const uint8_t *block, size_t n)
{
    if (s->kernel == 0 && n >= MANY_BLOCKS) s->kernel = sha256_has_ni() ? INSTRUCTIONS : PLAIN;
    if (s->kernel == INSTRUCTIONS)
        sha256_blocks_ni(s->h, block, n);
    else
        sha256_blocks_plain(s->h, block, n);
}

void sha256_init(sha256 *s)
{
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(s->h, start, sizeof start);
    s->length = 0;
    s->used = 0;
    s->kernel = 0;
}

void sha256_add(sha256 *s, const void *bytes, size_t len)
{
    const uint8_t *from = bytes;
    s->length += len;
    while (len > 0) {
        if (s->used == 0 && len >= sizeof s->block) {
            const size_t n = len / sizeof s->block;
            blocks(s, from, n);
            from += n * sizeof s->block;
            len -= n * sizeof s->block;
            continue;
        }
        size_t part = sizeof s->block - s->used;
        if (part > len) part = len;
        memcpy(s->block + s->used, from, part);
        s->used += part;
        from += part;
        len -= part;
        if (s->used == sizeof s->block) {
            blocks(s, s->block, 1);
            s->used = 0;
        }
    }
}

void sha256_hex(sha256 *s, char hex[65])
{
    static const char digit[] = "0123456789abcdef";
    uint64_t bits = s->length * 8;
    static const uint8_t pad[64] = {0x80};
    size_t fill = s->used < 56 ? 56 - s->used : 120 - s->used;
    sha256_add(s, pad, fill);
    uint8_t tail[8];
    for (int k = 0; k < 8; k++) tail[k] = (uint8_t)(bits >> (56 - 8 * k));
    sha256_add(s, tail, sizeof tail);
    for (int k = 0; k < 64; k++) hex[k] = digit[s->h[k / 8] >> (28 - 4 * (k % 8)) & 15u];
    hex[64] = '\0';
}

void sha256_of(const void *bytes, size_t len, char hex[65])
{
    sha256 s;
    sha256_init(&s);
    sha256_add(&s, bytes, len);
    sha256_hex(&s, hex);
}

pm_status sha256_file(const char *path, char hex[65], pm_err *err)
{
    FILE *f = fopen(path, "rb");
    if (!f) return err_set(err, PM_E_IO, "%s: cannot open: %s", path, strerror(errno));
    sha256 s;
    sha256_init(&s);
    uint8_t part[65536];
    size_t got = 0;
    while ((got = fread(part, 1, sizeof part, f)) > 0) sha256_add(&s, part, got);
    int bad = ferror(f) ? errno : 0;
    fclose(f);
    if (bad) return err_set(err, PM_E_IO, "%s: cannot read: %s", path, strerror(bad));
    sha256_hex(&s, hex);
    return PM_OK;
}

uint64_t sha256_u64(const char hex[65])
{
    uint64_t value = 0;
    for (int k = 0; k < 16; k++) {
        char c = hex[k];
        value = value << 4 | (uint64_t)(c >= 'a' ? c - 'a' + 10 : c - '0');
    }
    return value;
}

/* ---- SHA-1 ---- */

static uint32_t turn_left(uint32_t x, int n)
{
    return x << n | x >> (32 - n);
}

static void sha1_block(uint32_t h[5], const uint8_t block[64])
{
    static const uint32_t constant[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    uint32_t w[80];
    for (size_t t = 0; t < 16; t++) {
        const uint8_t *b = block + 4 * t;
        w[t] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    }
    for (size_t t = 16; t < 80; t++)
        w[t] = turn_left(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (size_t t = 0; t < 80; t++) {
        uint32_t f = t < 20   ? (b & c) ^ (~b & d)
                     : t < 40 ? b ^ c ^ d
                     : t < 60 ? (b & c) ^ (b & d) ^ (c & d)
                              : b ^ c ^ d;
        uint32_t next = turn_left(a, 5) + f + e + constant[t / 20] + w[t];
        e = d;
        d = c;
        c = turn_left(b, 30);
        b = a;
        a = next;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
}

void sha1_of(const void *bytes, size_t len, uint8_t digest[20])
{
    uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    const uint8_t *from = bytes;
    size_t whole = len / 64, rest = len % 64;
    for (size_t k = 0; k < whole; k++) sha1_block(h, from + 64 * k);
    uint8_t tail[128] = {0};
    if (rest) memcpy(tail, from + 64 * whole, rest);
    tail[rest] = 0x80;
    size_t end = rest < 56 ? 64 : 128;
    uint64_t bits = (uint64_t)len * 8;
    for (size_t k = 0; k < 8; k++) tail[end - 8 + k] = (uint8_t)(bits >> (56 - 8 * k));
    for (size_t k = 0; k < end; k += 64) sha1_block(h, tail + k);
    for (size_t k = 0; k < 20; k++) digest[k] = (uint8_t)(h[k / 4] >> (24 - 8 * (k % 4)));
}

uint32_t sha1_mod(const void *bytes, size_t len, uint32_t n)
{
    uint8_t digest[20];
    uint64_t left = 0;
    sha1_of(bytes, len, digest);
    for (size_t k = 0; k < sizeof digest; k++) left = (left << 8 | digest[k]) % n;
    return (uint32_t)left;
}

uint64_t fnv1a(const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t k = 0; k < len; k++) h = (h ^ at[k]) * 0x100000001b3u;
    return h;
}
