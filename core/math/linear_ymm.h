/* SPDX-License-Identifier: MIT
 *
 * What the files of dense layers for 256 bits share: the shapes of tiles.  Six rows of sixteen sums fill 12 of the 16
 * registers.
 * Included by linear_avx2.c and linear_avx_vnni.c only.
 */
#define TILE_SHAPES(X) X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1) X(1, 4) X(2, 2) X(3, 2)

static size_t panels_of(size_t rows)
{
    return rows == 1 ? 4 : rows <= 3 ? 2 : 1;
}

/* Where a word is taken apart, two registers more are needed. */
static inline size_t panels_of_pairs(size_t rows)
{
    return rows == 1 ? 4 : rows == 2 ? 2 : 1;
}

static inline __attribute__((always_inline, unused)) __m256 spread_float(const char *p)
{
    float f;
    memcpy(&f, p, sizeof f);
    return _mm256_set1_ps(f);
}

static inline __attribute__((always_inline, unused)) __m256i spread_word(const char *p)
{
    int32_t v;
    memcpy(&v, p, sizeof v);
    return _mm256_set1_epi32(v);
}
