/* SPDX-License-Identifier: MIT
 *
 * SHA-256's compression on CPUs that have instructions for it.
 */
#ifndef PM_BASE_HASH_SHANI_H
#define PM_BASE_HASH_SHANI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool sha256_has_ni(
    void); /* CPUID says SHA, SSSE3 and SSE4.1; a few nanoseconds after the first call */
/* n blocks of 64 bytes into h, as the plain C form does.  Only where sha256_has_ni(). */
void sha256_blocks_ni(uint32_t h[8], const uint8_t *block, size_t n);
/* The plain C form, for tests of the other. */
void sha256_blocks_plain(uint32_t h[8], const uint8_t *block, size_t n);

#endif
