/* SPDX-License-Identifier: MIT
 *
 * The weight grid in plain C: the definition that the other instruction sets follow to the bit.
 */
#include <math.h>

#include "math/kernels.h"
#include "math/weight_grid_tile.h"

typedef struct best_so_far {
    double utility[WEIGHT_LANES];
    float worth[WEIGHT_LANES][2];
    uint16_t column[WEIGHT_LANES];
} best_so_far;

/* Utilities of the expert at position j; `cell` is its value and what its terms say. */
static void utilities(const weight_tile *t, size_t p, size_t j, const double *cell,
                      double u[WEIGHT_LANES])
{
    const double *weight = t->weight + p * (t->n_terms - t->n_rows);
    const double *product = t->product + (p * t->m + j) * t->n_rows;
    for (size_t l = 0; l < WEIGHT_LANES; l++) u[l] = cell[l];
    cell += WEIGHT_LANES;
    for (size_t k = 0; k < t->n_terms; k++) {
        if (t->is_row[k]) {
            double part = *product++;
            for (size_t l = 0; l < WEIGHT_LANES; l++) u[l] = u[l] - part;
            continue;
        }
        double w = *weight++;
        for (size_t l = 0; l < WEIGHT_LANES; l++) {
            double part = w * cell[l];
            u[l] = u[l] - part;
        }
        cell += WEIGHT_LANES;
    }
}

static void decide_block(const weight_tile *t, size_t p, size_t block)
{
    size_t stride = (1 + t->n_terms - t->n_rows) * WEIGHT_LANES;
    const double *cell = t->cell + block * t->m * stride;
    const float *worth = t->worth + block * t->m * WEIGHT_LANES * 2;
    best_so_far best = {0};
    for (size_t l = 0; l < WEIGHT_LANES; l++) best.utility[l] = -INFINITY;
    for (size_t j = 0; j < t->m; j++) {
        double u[WEIGHT_LANES];
        utilities(t, p, j, cell + j * stride, u);
        for (size_t l = 0; l < WEIGHT_LANES; l++) {
            if (!(u[l] > best.utility[l])) continue;
            best.utility[l] = u[l];
            best.worth[l][0] = worth[(j * WEIGHT_LANES + l) * 2];
            best.worth[l][1] = worth[(j * WEIGHT_LANES + l) * 2 + 1];
            best.column[l] = (uint16_t)t->column[j];
        }
    }
    double *sum = t->sum + p * 2 * WEIGHT_SUMS;
    for (size_t l = 0; l < WEIGHT_LANES; l++) {
        sum[l % WEIGHT_SUMS] += (double)best.worth[l][0];
        sum[WEIGHT_SUMS + l % WEIGHT_SUMS] += (double)best.worth[l][1];
    }
    if (t->choice && p < t->n_kept) weight_keep(t, p, block, best.column);
}

static void decide(const weight_tile *t)
{
    for (size_t block = 0; block < t->n_blocks; block++)
        for (size_t p = 0; p < t->n_kept; p++) decide_block(t, p, block);
}

const weight_kernels weight_scalar = {decide};
