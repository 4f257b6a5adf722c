/* SPDX-License-Identifier: MIT
 *
 * The int8 products of the weighted pass on AMX (Intel SDM volume 1, chapter 18).  Asm instead of intrinsics: gcc 12
 * takes the stores into a tile configuration for dead ones.
 */
#include "config.h"

#if defined(PM_HAVE_AMX)
#include "math/scan.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f"))), apply_to = function)
#else
#pragma GCC target("avx2,fma,avx512f")
#endif

typedef struct tiles { /* the state is the CPU's */
    char none;
} tiles;

#define TILE_STRIDE ((size_t)64)
#define tile_zero(s, t)                                                                            \
    ((void)(s));                                                                                   \
    __asm__ volatile("tilezero %%tmm%c0" : : "i"(t))
#define tile_load(s, t, p)                                                                         \
    __asm__ volatile("tileloadd (%1,%2,1), %%tmm%c0"                                               \
                     :                                                                             \
                     : "i"(t), "r"(p), "r"(TILE_STRIDE)                                            \
                     : "memory")
#define tile_store(s, t, p)                                                                        \
    __asm__ volatile("tilestored %%tmm%c0, (%1,%2,1)"                                              \
                     :                                                                             \
                     : "i"(t), "r"(p), "r"(TILE_STRIDE)                                            \
                     : "memory")
#define tile_multiply(s, c, a, b)                                                                  \
    __asm__ volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(c), "i"(a), "i"(b))

#include "math/scan_tiles.h"

typedef struct tile_config { /* palette 1: eight tiles of at most 16 rows of 64 bytes */
    uint8_t palette, start_row, unused[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_config;

/* Before every block: a thread has no configuration at first, and release() drops it. */
void scan_amx_prepare(scan_rows *rows, void *room)
{
    tile_config config = {.palette = 1};
    for (size_t t = 0; t < 8; t++) {
        config.rows[t] = TILE_ROWS;
        config.row_bytes[t] = TILE_WIDTH;
    }
    __asm__ volatile("ldtilecfg %0" : : "m"(config));
    tiles_prepare(rows, room);
}

void scan_amx_release(void)
{
    __asm__ volatile("tilerelease");
}

void scan_amx_pack(const int8_t *bytes, size_t ld, int8_t *out)
{
    tiles_pack(bytes, ld, out);
}

void scan_amx_many(const scan_rows *rows, const scan_query *q, float *out)
{
    tiles_many(rows, q, out);
}

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int scan_amx_is_not_for_this_compiler;
#endif
