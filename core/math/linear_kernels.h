/* SPDX-License-Identifier: MIT
 *
 * What linear.c asks of an instruction set: rows of x made ready, tiles of sums, and the finish.  Private to the floor.
 *
 * All of them share one layout.  Weights lie in panels of `width` columns, [panel][step][column] words of 32 bits; a word holds
 * one float, two bfloat16, two int16 or four int8 that follow one another in the inner dimension.  x is made ready
 * as rows of words likewise, so that one step of a tile is: spread one word of a row, multiply it with the words of
 * the panel's columns, add.  What is beyond n_in and n_out is zero.
 */
#ifndef PM_MATH_LINEAR_KERNELS_H
#define PM_MATH_LINEAR_KERNELS_H

#include "math/linear.h"

typedef enum linear_word {
    LINEAR_WORD_F32 = 1,
    LINEAR_WORD_BF16, /* pairs */
    LINEAR_WORD_I16,  /* pairs */
    LINEAR_WORD_I8,   /* fours */
} linear_word;

typedef enum linear_form {                   /* of rows made ready */
                           LINEAR_AS_IS = 0, /* floats, read where they lie */
                           LINEAR_ROUNDED,   /* floats that bfloat16 can hold */
                           LINEAR_HALVES,    /* bfloat16 */
                           LINEAR_I16,       /* int16 and int8 of a row's largest magnitude / 127 */
                           LINEAR_S8,
                           LINEAR_U8, /* the same + 128 */
} linear_form;

/* Rows made ready: [rows][ld] words, ld a multiple of 16.  Zeros (of the form) follow n_in up to `words`, and rows up to
 * `rows_up`. */
typedef struct linear_ready {
    const float *x;
    size_t ldx, rows, n_in;
    const float *even; /* linear.even */
    void *to;
    size_t ld, words, rows_up;
    float *
        scale; /* LINEAR_I8: of each row; not a number if the row holds anything that is not finite */
} linear_ready;

typedef struct linear_tile {
    const void *x; /* [rows][ldx] words */
    size_t ldx;
    const void *w; /* `panels` panels, one after another */
    size_t steps;  /* words of the inner dimension */
    size_t rows, panels;
    void *sums; /* [rows][panels * width] float or int32_t; 64-byte aligned */
} linear_tile;

/* Sums to outputs: scales, bias, activation, product, residual. */
typedef struct linear_finish {
    const void *sums;
    size_t lds, rows, cols;
    const linear *l;
    const float *row_scale; /* LINEAR_I8 */
    const linear_run *run;
    size_t row, col; /* where the sums lie in run->out */
} linear_finish;

#define LINEAR_TILE_MOST ((size_t)1024) /* sums of one tile */

/* One panel from floats that lie as [n_in][ld], `n` of them in its columns; float32 and bfloat16 only.  Columns beyond n
 * are zero up to a multiple of 16, further ones and steps beyond n_in are not written. */
typedef struct linear_columns {
    linear_word word;
    const float *at;
    size_t ld, n_in, n, width;
    uint32_t *to;
} linear_columns;

typedef struct linear_rows { /* of an instruction set; the same bits on all of them */
    void (*ready)(linear_form form, const linear_ready *r);
    void (*finish)(const linear_finish *f);
    void (*columns)(const linear_columns *w);
} linear_rows;

typedef struct linear_kernels {
    const char *name; /* "avx512 f32" */
    linear_word word;
    linear_form form;
    size_t width;    /* columns of a panel: divides LINEAR_COLS */
    size_t depth;    /* the inner dimension is rounded up to a multiple of it */
    size_t most;     /* rows of a tile */
    size_t round_to; /* rows that a tile reads are a multiple of it */
    /* Panels of a tile of so many rows.  Few rows have few sums to keep in registers: more columns hide the latency. */
    size_t (*panels)(size_t rows);
    void (*tile)(const linear_tile *t);
    const linear_rows *rows;
    void (*begin)(void), (*end)(void); /* around the tiles of one linear_block, or NULL */
} linear_kernels;

/* Those of this CPU and of the kernels in use (compute.k). */
const linear_kernels *linear_choose(const compute *c, linear_kind kind);
/* linear_pack for kernels given: for tests. */
PM_MUST_USE pm_status linear_pack_for(const linear_kernels *k, const compute *c, arena *a,
                                      size_t n_out, size_t n_in, linear_fetch rows, void *arg,
                                      const float *bias, linear_kind kind, linear *out,
                                      pm_err *err);

static inline size_t linear_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

static inline size_t linear_per_word(linear_word w)
{
    return w == LINEAR_WORD_F32 ? 1 : w == LINEAR_WORD_I8 ? 4 : 2;
}

/* Words of the inner dimension. */
static inline size_t linear_steps(const linear_kernels *k, size_t n_in)
{
    return linear_up(n_in, k->depth) / linear_per_word(k->word);
}

/* Words of a ready row for one word of weights. */
static inline size_t linear_x_words(const linear_kernels *k)
{
    return k->form == LINEAR_ROUNDED ? 2 : 1;
}

/* To bfloat16, nearest even; not a number stays so. */
static inline uint16_t linear_bf16(float f)
{
    uint32_t u;
    __builtin_memcpy(&u, &f, sizeof u);
    if ((u & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(u >> 16 | 0x40u);
    return (uint16_t)((u + 0x7fffu + (u >> 16 & 1u)) >> 16);
}

static inline float linear_from_bf16(uint16_t h)
{
    uint32_t u = (uint32_t)h << 16;
    float f;
    __builtin_memcpy(&f, &u, sizeof f);
    return f;
}

#define LINEAR_LEAST 1e-30f /* rows of x below it are zero to int8: their quotient would overflow */

extern const linear_rows linear_rows_scalar, linear_rows_avx2, linear_rows_avx512;
extern const linear_kernels linear_scalar_f32, linear_scalar_bf16, linear_scalar_i8;
#if defined(__x86_64__)
extern const linear_kernels linear_avx2_f32, linear_avx2_bf16, linear_avx2_i8, linear_avx_vnni_i8;
extern const linear_kernels linear_avx512_f32, linear_avx512_bf16, linear_avx512_i8;
extern const linear_kernels linear_avx512_vnni_i8, linear_avx512_dp;
extern const linear_kernels linear_amx_bf16, linear_amx_i8; /* if PM_HAVE_AMX */
#endif

#endif
