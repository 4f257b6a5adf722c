/* SPDX-License-Identifier: MIT
 *
 * Tiles of sums in registers, written once: rows of x against the columns of one panel or of several.  Each sum is one chain
 * over the inner dimension, ascending, from zero, so that its bits do not depend on the shape of the tile.
 * Included by linear_avx2.c, linear_avx_vnni.c, linear_avx512.c, linear_avx512_vnni.c and linear_avx512_dp.c only.
 *
 * Over what the including file defines, and this file undefines at its end:
 *
 *     TILE              the name of the function
 *     TILE_SHAPES(X)    X(rows, panels) for every shape; registers hold rows * panels * TILE_VECS sums
 *     TILE_VECS         vectors of a panel
 *     t_sum, t_word     types of vectors of sums and of words
 *     t_zero()  t_load(p)  t_spread(p)  t_store(p, v)
 *     TILE_PARTS        1, or 2 where a word is multiplied in two steps with two words of x; t_part(word, part)
 *     t_step(sum, x, w)
 */
#define TILE_JOIN2(a, b, c, d) a##_##b##_##c##d
#define TILE_JOIN(a, b, c, d)  TILE_JOIN2(a, b, c, d)
#define TILE_ANY               TILE_JOIN(TILE, any, , )
#define TILE_BYTES             (sizeof(t_word))

static inline __attribute__((always_inline)) void TILE_ANY(const linear_tile *t, const size_t rows,
                                                           const size_t panels)
{
    const size_t vecs = panels * TILE_VECS, half = rows / 2;
    const size_t apart = t->steps * TILE_VECS * TILE_BYTES;           /* of two panels */
    const char *w = t->w, *x = t->x, *x_half = x + half * t->ldx * 4; /* short offsets */
    const size_t ld = t->ldx * 4;
    t_sum sum[32];
    KERNEL_UNROLL for (size_t r = 0; r < rows; r++) KERNEL_UNROLL for (size_t v = 0; v < vecs; v++)
        sum[r * vecs + v] = t_zero();
    for (size_t k = t->steps; k > 0; k--) {
        t_word word[8];
        KERNEL_UNROLL for (size_t v = 0; v < vecs; v++)
            word[v] = t_load(w + v / TILE_VECS * apart + v % TILE_VECS * TILE_BYTES);
        KERNEL_UNROLL for (size_t h = 0; h < TILE_PARTS; h++)
            KERNEL_UNROLL for (size_t r = 0; r < rows; r++)
        {
            const char *at = r < half ? x + r * ld : x_half + (r - half) * ld;
            t_word one = t_spread(at + 4 * h);
            KERNEL_UNROLL for (size_t v = 0; v < vecs; v++)
                sum[r * vecs + v] = t_step(sum[r * vecs + v], one, t_part(word[v], h));
        }
        w += TILE_VECS * TILE_BYTES;
        x += 4 * TILE_PARTS;
        x_half += 4 * TILE_PARTS;
    }
    char *out = t->sums;
    KERNEL_UNROLL for (size_t r = 0; r < rows; r++) KERNEL_UNROLL for (size_t v = 0; v < vecs; v++)
        t_store(out + (r * vecs + v) * TILE_BYTES, sum[r * vecs + v]);
}

#define TILE_ONE(rows, panels)                                                                     \
    static __attribute__((noinline)) void TILE_JOIN(TILE, rows, panels, )(const linear_tile *t)    \
    {                                                                                              \
        TILE_ANY(t, rows, panels);                                                                 \
    }
TILE_SHAPES(TILE_ONE)

#define TILE_CASE(rows, panels)                                                                    \
    case rows * 8 + panels:                                                                        \
        TILE_JOIN(TILE, rows, panels, )(t);                                                        \
        break;

static void TILE(const linear_tile *t)
{
    switch (t->rows * 8 + t->panels) {
        TILE_SHAPES(TILE_CASE)
    default:
        PM_ASSERT(t == NULL); /* not a tile of TILE_SHAPES */
    }
}

#undef TILE
#undef TILE_VECS
#undef TILE_PARTS
#undef TILE_JOIN2
#undef TILE_JOIN
#undef TILE_ANY
#undef TILE_BYTES
#undef TILE_ONE
#undef TILE_CASE
#undef t_sum
#undef t_word
#undef t_zero
#undef t_load
#undef t_spread
#undef t_store
#undef t_part
#undef t_step
