/* SPDX-License-Identifier: MIT
 *
 * int8 products of the weighted pass on a matrix unit: blocks of rows as tiles of 16 x 64 bytes, groups of queries as
 * tiles of 16 x 16 x 4 bytes, four tiles of sums.  On AMX, and emulated in the unit test, by the same steps.
 * Included by scan_amx.c and tests/unit/test_scan_bytes.c only.
 *
 * Over a tiny interface that the including file defines:
 *
 *     tiles                     the state, a local variable
 *     tile_zero(s, t)           tile t = 0
 *     tile_load(s, t, p)        tile t = the 16 rows of 64 bytes that lie at p
 *     tile_multiply(s, c, a, b) c[m][n] += sum over k, i of a[m][4 k + i] b[k][4 n + i]
 *     tile_store(s, t, p)       the other way
 *
 * Tile numbers are constants.  Rows are packed even where they could be loaded as they lie: strides of powers of two
 * put the rows of a tile into the same few cache sets.
 */
#include <string.h>

#define TILE_ROWS  16
#define TILE_WIDTH 64 /* bytes of a row of a tile */
#define TILE_BYTES ((size_t)TILE_ROWS * TILE_WIDTH)
#define TILE_SUMS  (SCAN_ROWS / TILE_ROWS) /* tiles of a block, one above the other */

static inline size_t tile_steps(size_t cols)
{
    return (cols + TILE_WIDTH - 1) / TILE_WIDTH;
}

/* The block as [steps][TILE_SUMS][16][64], zeros outside. */
static void tiles_prepare(scan_rows *rows, void *room)
{
    size_t steps = tile_steps(rows->cols);
    int8_t *to = room;
    for (size_t r = 0; r < SCAN_ROWS; r++) {
        const int8_t *x = (const int8_t *)rows->at + (r < rows->n ? r : 0) * rows->ld;
        int8_t *row = to + r * TILE_WIDTH; /* tiles of a step lie together: row r is row r */
        for (size_t k = 0; k < steps; k++, row += TILE_SUMS * TILE_BYTES) {
            size_t left = rows->cols - k * TILE_WIDTH;
            size_t n = r >= rows->n ? 0 : left < TILE_WIDTH ? left : TILE_WIDTH;
            if (n == TILE_WIDTH) {
                memcpy(row, x + k * TILE_WIDTH, TILE_WIDTH);
                continue;
            }
            memset(row, 0, TILE_WIDTH);
            memcpy(row, x + k * TILE_WIDTH, n);
        }
    }
    rows->at = room;
}

/* A group [SCAN_GROUP x ld] as [steps][16][SCAN_GROUP][4]: four columns of each query lie together. */
static void tiles_pack(const int8_t *bytes, size_t ld, int8_t *out)
{
    for (size_t k = 0; k < ld / 4; k++)
        for (size_t q = 0; q < SCAN_GROUP; q++)
            memcpy(out + (k * SCAN_GROUP + q) * 4, bytes + q * ld + 4 * k, 4);
}

#define TILE_STEP(t)                                                                               \
    tile_load(state, 4 + t % 2, x + t * TILE_BYTES);                                               \
    tile_multiply(state, t, 4 + t % 2, 6);

static void tiles_many(const scan_rows *rows, const scan_query *q, float *out)
{
    int32_t sum[SCAN_ROWS][SCAN_GROUP];
    const int8_t *x = rows->at, *y = q->bytes;
    tiles state;
    tile_zero(state, 0);
    tile_zero(state, 1);
    tile_zero(state, 2);
    tile_zero(state, 3);
    for (size_t k = tile_steps(rows->cols); k > 0; k--) {
        tile_load(state, 6, y);
        TILE_STEP(0)
        TILE_STEP(1)
        TILE_STEP(2)
        TILE_STEP(3)
        x += TILE_SUMS * TILE_BYTES;
        y += TILE_BYTES;
    }
    tile_store(state, 0, sum[0]);
    tile_store(state, 1, sum[TILE_ROWS]);
    tile_store(state, 2, sum[2 * TILE_ROWS]);
    tile_store(state, 3, sum[3 * TILE_ROWS]);
    for (size_t r = 0; r < rows->n; r++)
        for (size_t i = 0; i < SCAN_GROUP; i++)
            out[r * SCAN_GROUP + i] = rows->scale[r] * (q->step[i] * (float)sum[r][i]);
}
