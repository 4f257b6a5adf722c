/* SPDX-License-Identifier: MIT
 *
 * Tiles of sums on a matrix unit: up to 32 rows of x against a panel of 32 columns, as four tiles of 16 x 16 sums.  On
 * AMX, and emulated in the unit test, by the same steps.
 * Included by linear_amx.c and tests/unit/test_linear_tiles.c only.
 *
 * Over a tiny interface that the including file defines, before it for each kind of product:
 *
 *     TILES                           the name of the function
 *     tiles                           the state, a local variable
 *     tile_zero(s, t)                 tile t = 0
 *     tile_load(s, t, p, stride)      tile t = 16 rows of 64 bytes, `stride` bytes apart
 *     tile_multiply(s, c, a, b)       c[m][n] += sum over the words k of a[m][k] b[k][n]
 *     tile_store(s, t, p, stride)     the other way
 *
 * Tile numbers are constants.  Both factors are loaded as they lie: rows of words made ready (whose stride avoids powers of
 * two, which would put the rows of a tile into the same few cache sets), and 16 steps of a panel.
 */
#define TILES_SIDE ((size_t)16)

static void TILES(const linear_tile *t)
{
    const size_t row = 4 * TILES_SIDE,
                 panel = 2 * row; /* bytes of 16 words, and of a step of the panel */
    const size_t ld = t->ldx * 4;
    const char *x = t->x, *lower = x + TILES_SIDE * ld, *w = t->w;
    char *out = t->sums;
    const bool two = t->rows > TILES_SIDE;
    tiles state;
    tile_zero(state, 0);
    tile_zero(state, 1);
    tile_zero(state, 2);
    tile_zero(state, 3);
    for (size_t k = t->steps / TILES_SIDE; k > 0; k--) {
        tile_load(state, 4, x, ld);
        tile_load(state, 6, w, panel);
        tile_load(state, 7, w + row, panel);
        tile_multiply(state, 0, 4, 6);
        tile_multiply(state, 1, 4, 7);
        if (two) {
            tile_load(state, 5, lower, ld);
            tile_multiply(state, 2, 5, 6);
            tile_multiply(state, 3, 5, 7);
        }
        x += row;
        lower += row;
        w += TILES_SIDE * panel;
    }
    tile_store(state, 0, out, panel);
    tile_store(state, 1, out + row, panel);
    if (!two) return;
    out += TILES_SIDE * panel;
    tile_store(state, 2, out, panel);
    tile_store(state, 3, out + row, panel);
}
#undef TILES
#undef TILES_SIDE
