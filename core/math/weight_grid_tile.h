/* SPDX-License-Identifier: MIT
 *
 * What weight_grid.c hands to the kernels of each instruction set: a run of prompts, laid out in lanes, and a
 * tile of weight points.  Private to the floor.
 */
#ifndef PM_MATH_WEIGHT_GRID_TILE_H
#define PM_MATH_WEIGHT_GRID_TILE_H

#include <stddef.h>
#include <stdint.h>

#define WEIGHT_LANES  16 /* prompts of a block */
#define WEIGHT_SUMS   8  /* lanes of a sum */
#define WEIGHT_POINTS 32 /* points of a tile: what stays in the first-level cache beside a block */
#define WEIGHT_PAD    4  /* tiles are padded to a multiple of this */

typedef struct weight_tile {
    size_t m, n_terms, n_rows; /* n_rows of the terms have one row for all prompts */
    const uint8_t *is_row;     /* [n_terms] */
    const uint32_t *column;    /* [m] in order of precedence: what position j stands for */
    /* Prompts: */
    size_t n_blocks, n_prompts;
    const double *cell; /* [n_blocks][m][1 + n_terms - n_rows][WEIGHT_LANES] value, then terms */
    const float *worth; /* [n_blocks][m][WEIGHT_LANES][2] worth and cost */
    /* Points: */
    size_t n_points; /* a multiple of WEIGHT_PAD, of which n_kept are real */
    size_t n_kept;
    const double *weight;  /* [n_points][n_terms - n_rows] */
    const double *product; /* [n_points][m][n_rows] weight times value */
    double *sum;           /* [n_points][2][WEIGHT_SUMS] added to */
    void *choice;          /* of the first point and prompt, or NULL */
    size_t choice_ld, choice_bytes;
} weight_tile;

typedef struct weight_kernels {
    void (*decide)(const weight_tile *t);
} weight_kernels;

extern const weight_kernels weight_scalar;
#if defined(__x86_64__)
extern const weight_kernels weight_avx2;
extern const weight_kernels weight_avx512;
#endif

/* Keeps the choices of a block at point p. */
static inline void weight_keep(const weight_tile *t, size_t p, size_t block,
                               const uint16_t column[WEIGHT_LANES])
{
    size_t first = block * WEIGHT_LANES, at = p * t->choice_ld + first;
    size_t n = t->n_prompts - first < WEIGHT_LANES ? t->n_prompts - first : WEIGHT_LANES;
    if (t->choice_bytes == 1)
        for (size_t l = 0; l < n; l++) ((uint8_t *)t->choice)[at + l] = (uint8_t)column[l];
    else
        for (size_t l = 0; l < n; l++) ((uint16_t *)t->choice)[at + l] = column[l];
}

#endif
