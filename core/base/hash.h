/* SPDX-License-Identifier: MIT
 *
 * SHA-256 (FIPS 180-4) for content and provenance, FNV-1a for tables in memory, SHA-1 for folds that others can
 * deal out alike.
 */
#ifndef PM_BASE_HASH_H
#define PM_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

typedef struct sha256 {
    uint32_t h[8];
    uint64_t length;
    uint8_t block[64];
    size_t used;
    int kernel; /* 0: not chosen yet */
} sha256;

void sha256_init(sha256 *s);
void sha256_add(sha256 *s, const void *bytes, size_t len);
void sha256_hex(sha256 *s, char hex[65]); /* finishes; NUL-terminated lower case */
void sha256_of(const void *bytes, size_t len, char hex[65]);
PM_MUST_USE pm_status sha256_file(const char *path, char hex[65], pm_err *err);

uint64_t sha256_u64(const char hex[65]); /* the first 16 digits as a number */
/* SHA-1 (FIPS 180-4, section 6.1) as a number of 160 bits, modulo n in [1, 2^32).  It is no defence against chosen
 * texts and names nothing here: it is how other people's cross-validation folds are defined. */
uint32_t sha1_mod(const void *bytes, size_t len, uint32_t n);
void sha1_of(const void *bytes, size_t len, uint8_t digest[20]);

uint64_t fnv1a(const void *bytes, size_t len);

#endif
