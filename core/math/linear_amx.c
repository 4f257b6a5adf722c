/* SPDX-License-Identifier: MIT
 *
 * Dense layers of bfloat16 and int8 on AMX (Intel SDM volume 1, chapter 18).  Asm instead of intrinsics: gcc 12 takes the
 * stores into a tile configuration for dead ones.
 */
#include "config.h"

#if defined(PM_HAVE_AMX)
#include "math/linear_kernels.h"

typedef struct tiles { /* the state is the CPU's */
    char none;
} tiles;

#define tile_zero(s, t)                                                                            \
    ((void)(s));                                                                                   \
    __asm__ volatile("tilezero %%tmm%c0" : : "i"(t))
#define tile_load(s, t, p, stride)                                                                 \
    __asm__ volatile("tileloadd (%1,%2,1), %%tmm%c0" : : "i"(t), "r"(p), "r"(stride) : "memory")
#define tile_store(s, t, p, stride)                                                                \
    __asm__ volatile("tilestored %%tmm%c0, (%1,%2,1)" : : "i"(t), "r"(p), "r"(stride) : "memory")

#define TILES tiles_bf16
#define tile_multiply(s, c, a, b)                                                                  \
    __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(c), "i"(a), "i"(b))
#include "math/linear_tiles.h"
#undef tile_multiply

#define TILES tiles_i8
#define tile_multiply(s, c, a, b)                                                                  \
    __asm__ volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(c), "i"(a), "i"(b))
#include "math/linear_tiles.h"

typedef struct tile_config { /* palette 1: eight tiles of at most 16 rows of 64 bytes */
    uint8_t palette, start_row, unused[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_config;

static void begin(void) /* a thread has no configuration at first */
{
    tile_config config = {.palette = 1};
    for (size_t t = 0; t < 8; t++) {
        config.rows[t] = 16;
        config.row_bytes[t] = 64;
    }
    __asm__ volatile("ldtilecfg %0" : : "m"(config));
}

static void end(void)
{
    __asm__ volatile("tilerelease");
}

static size_t one_panel(size_t rows)
{
    (void)rows;
    return 1;
}

const linear_kernels linear_amx_bf16 = {.name = "amx bf16",
                                        .word = LINEAR_WORD_BF16,
                                        .form = LINEAR_HALVES,
                                        .width = 32,
                                        .depth = 32,
                                        .most = 32,
                                        .round_to = 16,
                                        .panels = one_panel,
                                        .tile = tiles_bf16,
                                        .rows = &linear_rows_avx512,
                                        .begin = begin,
                                        .end = end};
const linear_kernels linear_amx_i8 = {.name = "amx i8",
                                      .word = LINEAR_WORD_I8,
                                      .form = LINEAR_S8,
                                      .width = 32,
                                      .depth = 64,
                                      .most = 32,
                                      .round_to = 16,
                                      .panels = one_panel,
                                      .tile = tiles_i8,
                                      .rows = &linear_rows_avx512,
                                      .begin = begin,
                                      .end = end};
#else
typedef int linear_amx_is_not_for_this_compiler;
#endif
