/* SPDX-License-Identifier: MIT
 *
 * The weight grid: checks, the order of precedence among experts, prompts laid out in lanes a run at a time (what
 * stays in the second-level cache), and tiles of points handed to threads.  A sum is one chain over all runs, so
 * neither runs nor threads show in the bits.
 */
#include "math/weight_grid.h"

#include <math.h>
#include <string.h>

#include "math/kernels.h"
#include "math/mat.h"
#include "math/weight_grid_tile.h"

#define RUN_BYTES ((size_t)512 << 10) /* of prompts in lanes: half of a usual second-level cache */

typedef struct grid_work {
    const weight_grid *g;
    const weight_grid_out *out;
    weight_tile t; /* of the run at hand; points are the worker's own */
    size_t n_cells, first;
    double *cell;
    float *worth;
    double *sum;     /* [tiles x WEIGHT_POINTS][2][WEIGHT_SUMS] */
    double **weight; /* [workers] rooms of a tile */
    double **product;
    void (*decide)(const weight_tile *t);
} grid_work;

/* ---- checks ---- */

static pm_status check_matrix(const char *what, size_t k, pm_cmat x, const weight_grid *g,
                              pm_err *err)
{
    if (x.rows != g->value.rows || x.cols != g->value.cols)
        return err_set(err, PM_E_SHAPE, "weight grid: %s %zu is %zu x %zu, wanted %zu x %zu", what,
                       k, x.rows, x.cols, g->value.rows, g->value.cols);
    size_t i, j;
    if (x.ld == 0) x.rows = 1;
    if (!mat_find_bad(x, &i, &j)) return PM_OK;
    return err_set(err, PM_E_ARG, "weight grid: %s %zu has %g at prompt %zu, expert %zu", what, k,
                   (double)pm_crow(x, i)[j], i, j);
}

static double most_of(pm_cmat x)
{
    double most = 0;
    for (size_t i = 0; i < (x.ld ? x.rows : 1); i++)
        for (size_t j = 0; j < x.cols; j++) most = fmax(most, fabs((double)pm_crow(x, i)[j]));
    return most;
}

/* Utilities must be finite at every point: then -INFINITY stands for forbidden cells alone. */
static pm_status check_weights(const weight_grid *g, double *room, pm_err *err)
{
    double value = most_of(g->value);
    for (size_t k = 0; k < g->n_terms; k++) room[k] = most_of(g->term[k]);
    for (size_t p = 0; p < g->n_points; p++) {
        double most = value;
        for (size_t k = 0; k < g->n_terms; k++) {
            double w = g->weight[p * g->n_terms + k];
            if (!isfinite(w))
                return err_set(err, PM_E_ARG, "weight grid: point %zu has weight %g for term %zu",
                               p, w, k);
            most += fabs(w) * room[k];
        }
        if (!isfinite(most))
            return err_set(err, PM_E_ARG,
                           "weight grid: weights of point %zu are so large that utilities are not "
                           "finite",
                           p);
    }
    return PM_OK;
}

static pm_status check_mask(const weight_grid *g, pm_err *err)
{
    size_t m = g->value.cols;
    for (size_t i = 0; g->mask && i < g->value.rows; i++) {
        size_t j = 0;
        while (j < m && g->mask[i * m + j]) j++;
        if (j == m)
            return err_set(err, PM_E_INFEASIBLE, "weight grid: prompt %zu has no allowed expert",
                           i);
    }
    return PM_OK;
}

static pm_status check(const weight_grid *g, arena *scratch, pm_err *err)
{
    if (g->value.cols == 0 || g->value.cols > 65536)
        return err_set(err, PM_E_SHAPE, "weight grid: %zu experts, wanted 1 to 65536",
                       g->value.cols);
    pm_status s = check_matrix("value", 0, g->value, g, err);
    for (size_t k = 0; k < g->n_terms && !s; k++) s = check_matrix("term", k, g->term[k], g, err);
    if (!s && g->worth.at) s = check_matrix("worth", 0, g->worth, g, err);
    if (!s && g->cost.at) s = check_matrix("cost", 0, g->cost, g, err);
    double *room = arena_alloc(scratch, g->n_terms, sizeof *room);
    if (!s && !room) s = err_set(err, PM_E_MEMORY, "weight grid");
    if (!s) s = check_weights(g, room, err);
    return s ? s : check_mask(g, err);
}

/* ---- layout ---- */

/* Columns by prior, then by number: among equal utilities the first one met wins. */
static void precedence(const weight_grid *g, uint32_t *column)
{
    for (size_t j = 0; j < g->value.cols; j++) {
        size_t at = j;
        for (; g->prior && at > 0 && g->prior[j] > g->prior[column[at - 1]]; at--)
            column[at] = column[at - 1];
        column[at] = (uint32_t)j;
    }
}

static void lay_cell(grid_work *k, size_t block, size_t j, size_t l, size_t i)
{
    const weight_grid *g = k->g;
    size_t m = g->value.cols, col = k->t.column[j];
    double *cell = k->cell + (block * m + j) * (1 + k->n_cells) * WEIGHT_LANES + l;
    float *worth = k->worth + ((block * m + j) * WEIGHT_LANES + l) * 2;
    double value = (double)pm_crow(g->value, i)[col];
    if (g->is_loss) value = -value;
    *cell = g->mask && g->mask[i * m + col] ? -INFINITY : value;
    for (size_t c = 0; c < g->n_terms; c++)
        if (!k->t.is_row[c]) *(cell += WEIGHT_LANES) = (double)pm_crow(g->term[c], i)[col];
    worth[0] = g->worth.at ? pm_crow(g->worth, i)[col] : 0;
    worth[1] = g->cost.at ? pm_crow(g->cost, i)[col] : 0;
}

/* Prompts [first, first + n) in lanes; lanes beyond them hold zeros. */
static void lay_run(grid_work *k, size_t first, size_t n)
{
    size_t m = k->g->value.cols, blocks = (n + WEIGHT_LANES - 1) / WEIGHT_LANES;
    size_t cells = m * (1 + k->n_cells) * WEIGHT_LANES;
    if (n % WEIGHT_LANES) {
        memset(k->cell + (blocks - 1) * cells, 0, cells * sizeof *k->cell);
        memset(k->worth + (blocks - 1) * m * WEIGHT_LANES * 2, 0,
               m * WEIGHT_LANES * 2 * sizeof *k->worth);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++)
            lay_cell(k, i / WEIGHT_LANES, j, i % WEIGHT_LANES, first + i);
    k->t.n_blocks = blocks;
    k->t.n_prompts = n;
    k->first = first;
}

/* Weights of the points of a tile, and products where a term has one row. */
static void lay_points(const grid_work *k, size_t first, size_t n, double *weight, double *product)
{
    const weight_grid *g = k->g;
    for (size_t p = 0; p < n; p++) {
        const double *w = g->weight + (first + p) * g->n_terms;
        for (size_t c = 0; c < g->n_terms; c++)
            if (!k->t.is_row[c]) *weight++ = w[c];
        for (size_t j = 0; j < g->value.cols; j++)
            for (size_t c = 0; c < g->n_terms; c++)
                if (k->t.is_row[c]) *product++ = w[c] * (double)g->term[c].at[k->t.column[j]];
    }
}

static pm_status decide_tile(int worker, size_t lo, size_t hi, void *arg)
{
    const grid_work *k = arg;
    const weight_grid *g = k->g;
    for (size_t tile = lo; tile < hi; tile++) {
        size_t first = tile * WEIGHT_POINTS;
        size_t n = g->n_points - first < WEIGHT_POINTS ? g->n_points - first : WEIGHT_POINTS;
        weight_tile t = k->t;
        t.weight = k->weight[worker];
        t.product = k->product[worker];
        t.n_kept = n;
        t.n_points = (n + WEIGHT_PAD - 1) / WEIGHT_PAD * WEIGHT_PAD;
        t.sum = k->sum + first * 2 * WEIGHT_SUMS;
        if (k->out->choice)
            t.choice = (char *)k->out->choice + (first * t.choice_ld + k->first) * t.choice_bytes;
        lay_points(k, first, n, k->weight[worker], k->product[worker]);
        k->decide(&t);
    }
    return PM_OK;
}

/* ---- the whole ---- */

static bool make_room(grid_work *k, size_t workers, size_t blocks, size_t tiles, arena *a)
{
    const weight_grid *g = k->g;
    size_t m = g->value.cols, cells, bytes;
    if (!mem_size(blocks * m, (1 + k->n_cells) * WEIGHT_LANES, &cells)) return false;
    k->cell = arena_alloc(a, cells, sizeof *k->cell);
    k->worth = arena_alloc(a, blocks * m, WEIGHT_LANES * 2 * sizeof *k->worth);
    k->sum = arena_alloc(a, tiles * WEIGHT_POINTS, 2 * WEIGHT_SUMS * sizeof *k->sum);
    k->weight = arena_alloc(a, workers, sizeof *k->weight);
    k->product = arena_alloc(a, workers, sizeof *k->product);
    if (!k->cell || !k->worth || !k->sum || !k->weight || !k->product) return false;
    if (!mem_size(m * k->t.n_rows, sizeof(double), &bytes)) return false;
    for (size_t w = 0; w < workers; w++) {
        k->weight[w] = arena_alloc(a, WEIGHT_POINTS, k->n_cells * sizeof(double));
        k->product[w] = arena_alloc(a, WEIGHT_POINTS, bytes);
        if (!k->weight[w] || !k->product[w]) return false;
    }
    return true;
}

static void put_means(const grid_work *k)
{
    double n = (double)k->g->value.rows;
    for (size_t p = 0; p < k->g->n_points; p++) {
        const double *sum = k->sum + p * 2 * WEIGHT_SUMS;
        if (k->out->worth) k->out->worth[p] = kernel_tree8(sum) / n;
        if (k->out->cost) k->out->cost[p] = kernel_tree8(sum + WEIGHT_SUMS) / n;
    }
}

static pm_status run_all(const compute *c, grid_work *k, arena *a, pm_err *err)
{
    const weight_grid *g = k->g;
    size_t n = g->value.rows, m = g->value.cols;
    size_t tiles = (g->n_points + WEIGHT_POINTS - 1) / WEIGHT_POINTS;
    size_t block_bytes = m * (2 + k->n_cells) * WEIGHT_LANES * sizeof(double);
    size_t blocks = RUN_BYTES / block_bytes, all = (n + WEIGHT_LANES - 1) / WEIGHT_LANES;
    if (blocks > all) blocks = all;
    if (blocks == 0) blocks = 1;
    if (!make_room(k, (size_t)threads_count(c->pool), blocks, tiles, a))
        return err_set(err, PM_E_MEMORY, "weight grid of %zu points", g->n_points);
    k->t.cell = k->cell;
    k->t.worth = k->worth;
    pm_status s = PM_OK;
    for (size_t first = 0; first < n && !s; first += blocks * WEIGHT_LANES) {
        size_t left = n - first;
        lay_run(k, first, left < blocks * WEIGHT_LANES ? left : blocks * WEIGHT_LANES);
        s = threads_for(c->pool, tiles, 1, decide_tile, k);
    }
    if (!s) put_means(k);
    return s;
}

static pm_status decide(const compute *c, const weight_grid *g, const weight_grid_out *out,
                        arena *a, pm_err *err)
{
    pm_status s = check(g, a, err);
    if (s) return s;
    grid_work k = {.g = g, .out = out, .decide = c->k->weights->decide};
    uint32_t *column = arena_alloc(a, g->value.cols, sizeof *column);
    uint8_t *is_row = arena_alloc(a, g->n_terms, sizeof *is_row);
    if (!column || !is_row) return err_set(err, PM_E_MEMORY, "weight grid");
    precedence(g, column);
    k.t = (weight_tile){.m = g->value.cols,
                        .n_terms = g->n_terms,
                        .is_row = is_row,
                        .column = column,
                        .choice_ld = g->value.rows,
                        .choice_bytes = weight_grid_bytes(g->value.cols)};
    for (size_t i = 0; i < g->n_terms; i++) {
        is_row[i] = g->term[i].ld == 0;
        k.t.n_rows += is_row[i];
    }
    k.n_cells = g->n_terms - k.t.n_rows;
    return run_all(c, &k, a, err);
}

pm_status weight_grid_decide(const compute *c, const weight_grid *g, const weight_grid_out *out,
                             pm_err *err)
{
    if (g->n_points == 0 || g->value.rows == 0)
        return err_set(err, PM_E_SHAPE, "weight grid: %zu points, %zu prompts; wanted one or more",
                       g->n_points, g->value.rows);
    arena *a = arena_open(0);
    if (!a) return err_set(err, PM_E_MEMORY, "weight grid");
    pm_status s = decide(c, g, out, a, err);
    arena_close(a);
    return s;
}
