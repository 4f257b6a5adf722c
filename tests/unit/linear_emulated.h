/* SPDX-License-Identifier: MIT
 *
 * The dense layers of a matrix unit (math/linear_tiles.h) on tiles emulated here, because few CPUs have one: kernels like
 * those of linear_amx.c, for any CPU.  Tiles hold rubbish until they are zeroed or loaded.
 * Included by test_linear.c only.
 */
#include "math/linear_kernels.h"

typedef struct tiles {
    char at[8][16][64];
} tiles;

static void tile_clear(tiles *s, int t)
{
    memset(s->at[t], 0, sizeof s->at[t]);
}

static void tile_read(tiles *s, int t, const char *p, size_t stride)
{
    for (size_t r = 0; r < 16; r++) memcpy(s->at[t][r], p + r * stride, 64);
}

static void tile_write(const tiles *s, int t, char *p, size_t stride)
{
    for (size_t r = 0; r < 16; r++) memcpy(p + r * stride, s->at[t][r], 64);
}

/* Pairs in turn, each product added by itself. */
static void tile_dot_bf16(tiles *s, int c, int a, int b)
{
    for (size_t m = 0; m < 16; m++)
        for (size_t n = 0; n < 16; n++) {
            float sum;
            uint16_t x[2], y[2];
            memcpy(&sum, &s->at[c][m][4 * n], sizeof sum);
            for (size_t k = 0; k < 16; k++) {
                memcpy(x, &s->at[a][m][4 * k], sizeof x);
                memcpy(y, &s->at[b][k][4 * n], sizeof y);
                for (size_t i = 0; i < 2; i++)
                    sum = fmaf(linear_from_bf16(x[i]), linear_from_bf16(y[i]), sum);
            }
            memcpy(&s->at[c][m][4 * n], &sum, sizeof sum);
        }
}

static void tile_dot_i8(tiles *s, int c, int a, int b)
{
    for (size_t m = 0; m < 16; m++)
        for (size_t n = 0; n < 16; n++) {
            int32_t sum;
            memcpy(&sum, &s->at[c][m][4 * n], sizeof sum);
            for (size_t k = 0; k < 16; k++)
                for (size_t i = 0; i < 4; i++)
                    sum += (int8_t)s->at[a][m][4 * k + i] * (int8_t)s->at[b][k][4 * n + i];
            memcpy(&s->at[c][m][4 * n], &sum, sizeof sum);
        }
}

#define tile_zero(s, t)             tile_clear(&s, t)
#define tile_load(s, t, p, stride)  tile_read(&s, t, p, stride)
#define tile_store(s, t, p, stride) tile_write(&s, t, p, stride)

#define TILES                     tiles_bf16
#define tile_multiply(s, c, a, b) tile_dot_bf16(&s, c, a, b)
#include "math/linear_tiles.h"
#undef tile_multiply

#define TILES                     tiles_i8
#define tile_multiply(s, c, a, b) tile_dot_i8(&s, c, a, b)
#include "math/linear_tiles.h"

static size_t one_panel(size_t rows)
{
    (void)rows;
    return 1;
}

static const linear_kernels emulated_bf16 = {.name = "emulated tiles of bf16",
                                             .word = LINEAR_WORD_BF16,
                                             .form = LINEAR_HALVES,
                                             .width = 32,
                                             .depth = 32,
                                             .most = 32,
                                             .round_to = 16,
                                             .panels = one_panel,
                                             .tile = tiles_bf16,
                                             .rows = &linear_rows_scalar};
static const linear_kernels emulated_i8 = {.name = "emulated tiles of i8",
                                           .word = LINEAR_WORD_I8,
                                           .form = LINEAR_S8,
                                           .width = 32,
                                           .depth = 64,
                                           .most = 32,
                                           .round_to = 16,
                                           .panels = one_panel,
                                           .tile = tiles_i8,
                                           .rows = &linear_rows_scalar};
