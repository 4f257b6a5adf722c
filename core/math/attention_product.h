/* SPDX-License-Identifier: MIT
 *
 * Small products in registers, c = a b over sixteen lanes, with rows of a at a fixed stride; each number of c is one fma
 * chain from 0 (or from what c holds).  The including file defines TALL x WIDE, the register block.
 * Included by attention_body.h and attention_back_body.h only.
 */
#ifndef PM_MATH_ATTENTION_PRODUCT_H
#define PM_MATH_ATTENTION_PRODUCT_H

#define STRIDE ATTEND_STRIDE

typedef struct product {
    size_t rows, cols, depth;
    const float *a; /* element (r, t) at r * STRIDE + t; turned: at t * STRIDE + r */
    const float *b; /* [depth x cols] */
    size_t ldb;
    float *c; /* [rows x cols] */
    size_t ldc;
    bool more; /* adds to c */
} product;

LANES_INLINE void put(float *p, v16 v, size_t n)
{
    if (n == 16)
        v16_store(p, v);
    else
        v16_store_n(p, v, n);
}

LANES_INLINE v16 take(const float *p, size_t n)
{
    return n == 16 ? v16_load(p) : v16_load_n(p, n);
}

LANES_INLINE float first_lane(v16 v)
{
    float lane[16];
    v16_store(lane, v);
    return lane[0];
}

/* rows, vecs and turned are constants after inlining; n lanes of each vector (16 unless vecs is 1). */
LANES_INLINE void tile(const product *p, size_t i, size_t j, size_t rows, size_t vecs, size_t n,
                       bool turned)
{
    const float *a = turned ? p->a + i : p->a + i * STRIDE, *b = p->b + j;
    float *c = p->c + i * p->ldc + j;
    v16 s[TALL][4];
    LANES_UNROLL for (size_t r = 0; r < rows; r++) LANES_UNROLL for (size_t v = 0; v < vecs; v++)
        s[r][v] = v16_zero();
    if (p->more)
        LANES_UNROLL for (size_t r = 0; r < rows; r++)
            LANES_UNROLL for (size_t v = 0; v < vecs; v++)
                s[r][v] = take(c + r * p->ldc + 16 * v, n);
    for (size_t t = 0; t < p->depth; t++, a += turned ? STRIDE : 1, b += p->ldb) {
        v16 x[4];
        LANES_UNROLL for (size_t v = 0; v < vecs; v++) x[v] = take(b + 16 * v, n);
        LANES_UNROLL for (size_t r = 0; r < rows; r++)
        {
            v16 y = v16_set1(a[turned ? r : r * STRIDE]);
            LANES_UNROLL for (size_t v = 0; v < vecs; v++) s[r][v] = v16_fma(y, x[v], s[r][v]);
        }
    }
    LANES_UNROLL for (size_t r = 0; r < rows; r++) LANES_UNROLL for (size_t v = 0; v < vecs; v++)
        put(c + r * p->ldc + 16 * v, s[r][v], n);
}

/* Columns [j, j + 16 vecs) of the rows that fill tiles of TALL and of four; returns how many. */
LANES_INLINE size_t tile_column(const product *p, size_t j, size_t vecs, size_t n, bool turned)
{
    size_t i = 0;
    for (; i + TALL <= p->rows; i += TALL) tile(p, i, j, TALL, vecs, n, turned);
    for (; i + 4 <= p->rows; i += 4) tile(p, i, j, 4, vecs, n, turned);
    return i;
}

LANES_INLINE void product_any(const product *p, bool turned)
{
    size_t j = 0, i = p->rows / TALL * TALL + p->rows % TALL / 4 * 4;
    for (; i > 0 && j + 16 * WIDE <= p->cols; j += 16 * WIDE) tile_column(p, j, WIDE, 16, turned);
    for (; i > 0 && j < p->cols; j += 16)
        if (p->cols - j >= 16)
            tile_column(p, j, 1, 16, turned);
        else
            tile_column(p, j, 1, p->cols - j, turned);
    for (; i < p->rows; i++) {
        for (j = 0; j + 64 <= p->cols; j += 64) tile(p, i, j, 1, 4, 16, turned);
        for (; j + 16 <= p->cols; j += 16) tile(p, i, j, 1, 1, 16, turned);
        if (j < p->cols) tile(p, i, j, 1, 1, p->cols - j, turned);
    }
}

static void product_rows(const product *p)
{
    product_any(p, false);
}

/* out = by x for n numbers, zeros up to whole vectors. */
static void scaled_row(const float *x, float by, size_t n, float *out)
{
    const v16 v = v16_set1(by);
    size_t j = 0;
    for (; j + 16 <= n; j += 16) v16_store(out + j, v16_mul(v16_load(x + j), v));
    if (j < n) v16_store(out + j, v16_mul(v16_load_n(x + j, n - j), v));
}

/* out [cols][STRIDE]: the transposed rows, zeros up to whole vectors of them. */
static void turn_rows(const float *x, size_t ld, size_t rows, size_t cols, float *out)
{
    for (size_t i = 0; i < rows; i += 16) {
        const size_t n = rows - i < 16 ? rows - i : 16;
        size_t e = 0;
        for (; e + 16 <= cols && n == 16; e += 16)
            v16_turn(x + i * ld + e, ld, 16, 16, out + e * STRIDE + i, STRIDE);
        for (; e < cols; e += 16)
            v16_turn(x + i * ld + e, ld, n, cols - e < 16 ? cols - e : 16, out + e * STRIDE + i,
                     STRIDE);
    }
}

#endif
