/* SPDX-License-Identifier: MIT
 *
 * What the AVX2 and AVX-512 kernels of the weight grid share, over a handful of vector operations that the
 * including file defines: LANES, POINTS and VECS of a register tile; vec (doubles), bits (64-bit lanes), wins;
 * v_load, v_set1, v_sub, v_mul, v_above, v_pick, b_load, b_set1, b_pick, b_keep, add_worth.
 * Included by weight_grid_avx2.c and weight_grid_avx512.c only.
 */

typedef struct points_at { /* where POINTS points stand in their tables */
    const double *weight, *product;
    size_t next_weight, next_product; /* from one point to the next */
} points_at;

/* Utilities u of one expert: its value, then its terms in their order; returns the cells of the next. */
static inline __attribute__((always_inline)) const double *
utilities(const weight_tile *t, const points_at *at, const double *cell, vec u[POINTS][VECS])
{
    const double *weight = at->weight, *product = at->product;
    KERNEL_UNROLL for (size_t v = 0; v < VECS; v++)
    {
        vec value = v_load(cell + v * LANES);
        KERNEL_UNROLL for (size_t a = 0; a < POINTS; a++) u[a][v] = value;
    }
    cell += WEIGHT_LANES;
    for (size_t k = 0; k < t->n_terms; k++) {
        if (t->is_row[k]) {
            KERNEL_UNROLL for (size_t a = 0; a < POINTS; a++)
            {
                vec part = v_set1(product[a * at->next_product]);
                KERNEL_UNROLL for (size_t v = 0; v < VECS; v++) u[a][v] = v_sub(u[a][v], part);
            }
            product++;
            continue;
        }
        vec c[VECS];
        KERNEL_UNROLL for (size_t v = 0; v < VECS; v++) c[v] = v_load(cell + v * LANES);
        KERNEL_UNROLL for (size_t a = 0; a < POINTS; a++)
        {
            vec w = v_set1(weight[a * at->next_weight]);
            KERNEL_UNROLL for (size_t v = 0; v < VECS; v++)
                u[a][v] = v_sub(u[a][v], v_mul(w, c[v]));
        }
        weight++;
        cell += WEIGHT_LANES;
    }
    return cell;
}

typedef struct best_so_far {
    vec utility[POINTS][VECS];
    bits worth[POINTS][VECS], column[POINTS][VECS];
} best_so_far;

static inline __attribute__((always_inline)) void keep(const weight_tile *t, size_t block, size_t p,
                                                       size_t from, const best_so_far *best)
{
    KERNEL_UNROLL for (size_t a = 0; a < POINTS; a++)
    {
        double *sum = t->sum + (p + a) * 2 * WEIGHT_SUMS;
        KERNEL_UNROLL for (size_t v = 0; v < VECS; v++)
            add_worth(best->worth[a][v], sum + (from + v * LANES) % WEIGHT_SUMS);
        if (!t->choice || p + a >= t->n_kept) continue;
        KERNEL_UNROLL for (size_t v = 0; v < VECS; v++)
            keep_columns(t, p + a, block, from + v * LANES, best->column[a][v]);
    }
}

/* POINTS points by VECS vectors of prompts, so that a load serves several of them. */
static inline __attribute__((always_inline)) void decide_at(const weight_tile *t, size_t block,
                                                            size_t p, size_t from)
{
    size_t n_cells = t->n_terms - t->n_rows, m = t->m;
    const double *cell = t->cell + block * m * (1 + n_cells) * WEIGHT_LANES + from;
    const double *worth = (const double *)(const void *)t->worth + block * m * WEIGHT_LANES + from;
    points_at at = {t->weight + p * n_cells, t->product + p * m * t->n_rows, n_cells,
                    m * t->n_rows};
    best_so_far best;
    KERNEL_UNROLL for (size_t a = 0; a < POINTS; a++)
        KERNEL_UNROLL for (size_t v = 0; v < VECS; v++)
    {
        best.utility[a][v] = v_set1(-INFINITY);
        best.worth[a][v] = best.column[a][v] = b_set1(0);
    }
    for (size_t j = 0; j < m; j++) {
        vec u[POINTS][VECS];
        cell = utilities(t, &at, cell, u);
        at.product += t->n_rows;
        bits me = b_set1(t->column[j]);
        KERNEL_UNROLL for (size_t v = 0; v < VECS; v++)
        {
            bits mine = b_load(worth + v * LANES);
            KERNEL_UNROLL for (size_t a = 0; a < POINTS; a++)
            {
                wins is = v_above(u[a][v], best.utility[a][v]);
                best.utility[a][v] = v_pick(is, u[a][v], best.utility[a][v]);
                best.worth[a][v] = b_pick(is, mine, best.worth[a][v]);
                best.column[a][v] = b_pick(is, me, best.column[a][v]);
            }
        }
        worth += WEIGHT_LANES;
    }
    keep(t, block, p, from, &best);
}

static void decide(const weight_tile *t)
{
    for (size_t block = 0; block < t->n_blocks; block++)
        for (size_t from = 0; from < WEIGHT_LANES; from += VECS * LANES)
            for (size_t p = 0; p < t->n_kept; p += POINTS) decide_at(t, block, p, from);
}
