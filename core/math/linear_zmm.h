/* SPDX-License-Identifier: MIT
 *
 * What the files of dense layers for AVX-512 share: the shapes of tiles.
 * Included by linear_avx512.c, linear_avx512_vnni.c and linear_avx512_dp.c only.
 */
/* clang-format off */
#define TILE_SHAPES(X)                                                                             \
    X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1) X(7, 1) X(8, 1) X(9, 1) X(10, 1) X(11, 1)      \
    X(12, 1) X(13, 1) X(14, 1) X(3, 2) X(4, 2) X(5, 2) X(6, 2) X(1, 4) X(2, 4) X(3, 4)
/* clang-format on */

static size_t panels_of(size_t rows)
{
    return rows <= 3 ? 4 : rows <= 6 ? 2 : 1;
}

/* Where a word is taken apart, two registers more are needed. */
static inline size_t panels_of_pairs(size_t rows)
{
    return rows <= 2 ? 4 : rows <= 5 ? 2 : 1;
}

static inline __attribute__((always_inline, unused)) __m512 spread_float(const char *p)
{
    float f;
    memcpy(&f, p, sizeof f);
    return _mm512_set1_ps(f);
}

static inline __attribute__((always_inline, unused)) __m512i spread_word(const char *p)
{
    int32_t v;
    memcpy(&v, p, sizeof v);
    return _mm512_set1_epi32(v);
}
