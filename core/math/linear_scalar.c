/* SPDX-License-Identifier: MIT
 *
 * Dense layers in plain C: the reference for the others and the only ones on a CPU that is not x86-64.  One row and one
 * panel at a time; fmaf() is correctly rounded whether or not the CPU has the instruction.
 */
#include "math/linear_rows.h"

#define WIDTH 16

static size_t one_panel(size_t rows)
{
    (void)rows;
    return 1;
}

static void tile_f32(const linear_tile *t)
{
    const float *x = t->x, *w = t->w;
    float *sum = t->sums;
    memset(sum, 0, WIDTH * sizeof *sum);
    for (size_t k = 0; k < t->steps; k++, w += WIDTH)
        for (size_t j = 0; j < WIDTH; j++) sum[j] = fmaf(x[k], w[j], sum[j]);
}

static void tile_bf16(const linear_tile *t)
{
    const float *x = t->x;
    const uint16_t *w = t->w;
    float *sum = t->sums;
    memset(sum, 0, WIDTH * sizeof *sum);
    for (size_t k = 0; k < t->steps; k++, w += 2 * WIDTH, x += 2)
        for (size_t i = 0; i < 2; i++)
            for (size_t j = 0; j < WIDTH; j++)
                sum[j] = fmaf(x[i], linear_from_bf16(w[2 * j + i]), sum[j]);
}

static void tile_i8(const linear_tile *t)
{
    const int8_t *x = t->x, *w = t->w;
    int32_t *sum = t->sums;
    memset(sum, 0, WIDTH * sizeof *sum);
    for (size_t k = 0; k < t->steps; k++, w += 4 * WIDTH, x += 4)
        for (size_t j = 0; j < WIDTH; j++)
            for (size_t i = 0; i < 4; i++) sum[j] += x[i] * w[4 * j + i];
}

const linear_rows linear_rows_scalar = {ready, finish, columns};

const linear_kernels linear_scalar_f32 = {.name = "scalar f32",
                                          .word = LINEAR_WORD_F32,
                                          .form = LINEAR_AS_IS,
                                          .width = WIDTH,
                                          .depth = 1,
                                          .most = 1,
                                          .round_to = 1,
                                          .panels = one_panel,
                                          .tile = tile_f32,
                                          .rows = &linear_rows_scalar};
const linear_kernels linear_scalar_bf16 = {.name = "scalar f32 of bf16",
                                           .word = LINEAR_WORD_BF16,
                                           .form = LINEAR_ROUNDED,
                                           .width = WIDTH,
                                           .depth = 2,
                                           .most = 1,
                                           .round_to = 1,
                                           .panels = one_panel,
                                           .tile = tile_bf16,
                                           .rows = &linear_rows_scalar};
const linear_kernels linear_scalar_i8 = {.name = "scalar i8",
                                         .word = LINEAR_WORD_I8,
                                         .form = LINEAR_S8,
                                         .width = WIDTH,
                                         .depth = 4,
                                         .most = 1,
                                         .round_to = 1,
                                         .panels = one_panel,
                                         .tile = tile_i8,
                                         .rows = &linear_rows_scalar};
