/* SPDX-License-Identifier: MIT
 *
 * The chain product in blocks that fit the cache: operands that are transposed, broadcast or scaled are
 * copied to the stack block by block, others are read in place.  A chain continues through float32
 * memory between blocks of the inner index, which does not change its bits.
 */
#include "math/gemm_chain.h"

#define BLOCK_P 128 /* inner index */
#define BLOCK_J 64  /* columns of a copied right operand */
#define BLOCK_I 48  /* rows of a copied left operand */

static void start(const gemm_job *g, size_t i0, size_t j0, size_t rows, size_t cols)
{
    for (size_t i = i0; i < i0 + rows; i++)
        for (size_t j = j0; j < j0 + cols; j++)
            pm_row(g->out, i)[j] = g->beta == 0 ? 0 : g->beta * pm_row(g->out, i)[j];
}

/* op(a)[i0.., p0..] times alpha, [rows x inner]. */
static pm_cmat left(const gemm_job *g, size_t i0, size_t p0, size_t rows, size_t inner, float *room)
{
    bool plain = g->ta == 'N' && g->alpha == 1;
    pm_cmat x = {g->a.at + i0 * g->a.ld + p0, rows, inner, g->a.ld};
    if (plain) return x;
    for (size_t i = 0; i < rows; i++)
        for (size_t p = 0; p < inner; p++) {
            float v = g->ta == 'N' ? pm_crow(g->a, i0 + i)[p0 + p] : pm_crow(g->a, p0 + p)[i0 + i];
            room[i * inner + p] = g->alpha * v;
        }
    x.at = room;
    x.ld = inner;
    return x;
}

/* op(b)[p0.., j0..], [inner x cols]. */
static pm_cmat right(const gemm_job *g, size_t p0, size_t j0, size_t inner, size_t cols,
                     float *room)
{
    pm_cmat w = {g->b.at + p0 * g->b.ld + j0, inner, cols, g->b.ld};
    if (g->tb == 'N') return w;
    for (size_t j = 0; j < cols; j++)
        for (size_t p = 0; p < inner; p++) room[p * cols + j] = pm_crow(g->b, j0 + j)[p0 + p];
    w.at = room;
    w.ld = cols;
    return w;
}

void gemm_chain_block(const gemm_job *g, size_t i0, size_t j0, size_t rows, size_t cols)
{
    float a_room[BLOCK_I * BLOCK_P], b_room[BLOCK_P * BLOCK_J];
    size_t wide = g->tb == 'N' ? 4 * BLOCK_J : BLOCK_J;
    start(g, i0, j0, rows, cols);
    for (size_t j = 0; j < cols; j += wide) {
        size_t nj = cols - j < wide ? cols - j : wide;
        for (size_t p = 0; p < g->inner; p += BLOCK_P) {
            size_t np = g->inner - p < BLOCK_P ? g->inner - p : BLOCK_P;
            pm_cmat w = right(g, p, j0 + j, np, nj, b_room);
            for (size_t i = 0; i < rows; i += BLOCK_I) {
                size_t ni = rows - i < BLOCK_I ? rows - i : BLOCK_I;
                pm_cmat x = left(g, i0 + i, p, ni, np, a_room);
                pm_mat part = {g->out.at + (i0 + i) * g->out.ld + j0 + j, ni, nj, g->out.ld};
                g->k->rows_gemm(&x, &w, &part);
            }
        }
    }
}
