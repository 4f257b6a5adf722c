/* SPDX-License-Identifier: MIT
 *
 * Ridge regression by normal equations in double, one factorisation for each pattern of observed rows.
 */
#include <math.h>

#include "math/mat.h"
#include "math/solve.h"

#define CHUNK 256 /* rows centred at a time */
#define GRAIN 16  /* rows of the Gram matrix that one thread owns */

typedef struct ridge {
    const compute *c;
    pm_cmat x, y;
    const float *weight;
    double lambda;
    /* the columns that are solved together, and what they share */
    uint32_t *col;
    size_t n_cols;
    double *mean_x, *mean_y; /* [d], [n_cols] */
    double *gram, *right;    /* [d x d] lower, [d x n_cols] */
    /* a chunk of centred observed rows */
    pm_mat cx, cy;
    double *w; /* [CHUNK] */
    size_t n_chunk;
} ridge;

static double weight_of(const ridge *g, size_t i)
{
    return g->weight ? (double)g->weight[i] : 1;
}

static pm_status check(const ridge *g, pm_mat w_out, pm_err *err)
{
    size_t row, col;
    bool fits = g->y.rows == g->x.rows && w_out.rows == g->x.cols && w_out.cols == g->y.cols;
    if (!fits)
        return err_set(err, PM_E_SHAPE,
                       "ridge: x [%zu x %zu], y [%zu x %zu], w [%zu x %zu] do not fit", g->x.rows,
                       g->x.cols, g->y.rows, g->y.cols, w_out.rows, w_out.cols);
    if (!(g->lambda >= 0) || !isfinite(g->lambda))
        return err_set(err, PM_E_ARG, "ridge: lambda: found %g, wanted 0 or more", g->lambda);
    if (mat_find_bad(g->x, &row, &col))
        return err_set(err, PM_E_ARG, "ridge: x: row %zu, column %zu is not finite", row, col);
    for (size_t i = 0; i < g->x.rows; i++)
        if (!(weight_of(g, i) > 0) || !isfinite(weight_of(g, i)))
            return err_set(err, PM_E_ARG, "ridge: weight of row %zu: found %g, wanted above 0", i,
                           weight_of(g, i));
    for (size_t i = 0; i < g->y.rows; i++)
        for (size_t j = 0; j < g->y.cols; j++)
            if (isinf(pm_crow(g->y, i)[j]))
                return err_set(err, PM_E_ARG, "ridge: y: row %zu, column %zu is infinite", i, j);
    return PM_OK;
}

static bool is_observed(const ridge *g, size_t i)
{
    return !isnan(pm_crow(g->y, i)[g->col[0]]);
}

/* The columns not yet done that are observed on the same rows as `first`. */
static void gather_columns(ridge *g, size_t first, uint8_t *done)
{
    g->n_cols = 0;
    for (size_t j = first; j < g->y.cols; j++) {
        bool same = !done[j];
        for (size_t i = 0; same && i < g->y.rows; i++)
            same = isnan(pm_crow(g->y, i)[j]) == isnan(pm_crow(g->y, i)[first]);
        if (!same) continue;
        done[j] = 1;
        g->col[g->n_cols++] = (uint32_t)j;
    }
}

static pm_status means(ridge *g, pm_err *err)
{
    size_t d = g->x.cols;
    double total = 0;
    memset(g->mean_x, 0, d * sizeof *g->mean_x);
    memset(g->mean_y, 0, g->n_cols * sizeof *g->mean_y);
    for (size_t i = 0; i < g->x.rows; i++) {
        if (!is_observed(g, i)) continue;
        double w = weight_of(g, i);
        total += w;
        g->c->k->axpy64(w, pm_crow(g->x, i), g->mean_x, d);
        for (size_t j = 0; j < g->n_cols; j++)
            g->mean_y[j] += w * (double)pm_crow(g->y, i)[g->col[j]];
    }
    if (total == 0)
        return err_set(err, PM_E_ARG, "ridge: y: column %u has no observed cell", g->col[0]);
    for (size_t j = 0; j < d; j++) g->mean_x[j] /= total;
    for (size_t j = 0; j < g->n_cols; j++) g->mean_y[j] /= total;
    return PM_OK;
}

/* Centres the next observed rows from *at on. */
static void next_chunk(ridge *g, size_t *at)
{
    g->n_chunk = 0;
    for (; *at < g->x.rows && g->n_chunk < CHUNK; (*at)++) {
        if (!is_observed(g, *at)) continue;
        float *x = pm_row(g->cx, g->n_chunk), *y = pm_row(g->cy, g->n_chunk);
        for (size_t j = 0; j < g->x.cols; j++)
            x[j] = (float)((double)pm_crow(g->x, *at)[j] - g->mean_x[j]);
        for (size_t j = 0; j < g->n_cols; j++)
            y[j] = (float)((double)pm_crow(g->y, *at)[g->col[j]] - g->mean_y[j]);
        g->w[g->n_chunk++] = weight_of(g, *at);
    }
}

/* Rows [lo, hi) of both sums; every cell is added up in the order of the rows. */
static pm_status add_chunk(int worker, size_t lo, size_t hi, void *arg)
{
    const ridge *g = arg;
    size_t d = g->x.cols;
    (void)worker;
    for (size_t r = 0; r < g->n_chunk; r++) {
        const float *x = pm_row(g->cx, r), *y = pm_row(g->cy, r);
        for (size_t i = lo; i < hi; i++) {
            double alpha = g->w[r] * (double)x[i];
            g->c->k->axpy64(alpha, x, g->gram + i * d, i + 1);
            g->c->k->axpy64(alpha, y, g->right + i * g->n_cols, g->n_cols);
        }
    }
    return PM_OK;
}

static pm_status solve_group(ridge *g, pm_mat w_out, float *intercept, pm_err *err)
{
    size_t d = g->x.cols;
    pm_status s = means(g, err);
    if (s) return s;
    memset(g->gram, 0, d * d * sizeof *g->gram);
    memset(g->right, 0, d * g->n_cols * sizeof *g->right);
    for (size_t at = 0; at < g->x.rows;) {
        next_chunk(g, &at);
        s = threads_for(g->c->pool, d, GRAIN, add_chunk, g);
        if (s) return s;
    }
    for (size_t i = 0; i < d; i++) {
        g->gram[i * d + i] += g->lambda;
        for (size_t j = 0; j < i; j++) g->gram[j * d + i] = g->gram[i * d + j];
    }
    s = solve_cholesky(g->gram, d, err);
    if (s) return err_wrap(err, s, "ridge: lambda %g: X'X + lambda I", g->lambda);
    solve_cholesky_apply(g->gram, d, g->right, g->n_cols);
    for (size_t j = 0; j < g->n_cols; j++) {
        double shift = 0;
        for (size_t i = 0; i < d; i++) {
            pm_row(w_out, i)[g->col[j]] = (float)g->right[i * g->n_cols + j];
            shift += g->mean_x[i] * g->right[i * g->n_cols + j];
        }
        intercept[g->col[j]] = (float)(g->mean_y[j] - shift);
    }
    return PM_OK;
}

pm_status solve_ridge(const compute *c, arena *scratch, pm_cmat x, pm_cmat y, const float *weight,
                      double lambda, pm_mat w_out, float *intercept, pm_err *err)
{
    ridge g = {.c = c, .x = x, .y = y, .weight = weight, .lambda = lambda};
    pm_status s = check(&g, w_out, err);
    if (s) return s;
    size_t d = x.cols, m = y.cols;
    arena_mark mark = arena_save(scratch);
    uint8_t *done = arena_alloc(scratch, m, 1);
    g.col = arena_alloc(scratch, m, sizeof *g.col);
    g.mean_x = arena_alloc(scratch, d, sizeof *g.mean_x);
    g.mean_y = arena_alloc(scratch, m, sizeof *g.mean_y);
    g.gram = arena_alloc(scratch, d, d * sizeof *g.gram);
    g.right = arena_alloc(scratch, d, m * sizeof *g.right);
    g.cx = mat_new(scratch, CHUNK, d);
    g.cy = mat_new(scratch, CHUNK, m);
    g.w = arena_alloc(scratch, CHUNK, sizeof *g.w);
    if (!done || !g.col || !g.mean_x || !g.mean_y || !g.gram || !g.right || !g.cx.at || !g.cy.at ||
        !g.w)
        s = err_set(err, PM_E_MEMORY, "ridge: no memory for [%zu x %zu]", d, d);
    for (size_t j = 0; j < m && s == PM_OK; j++) {
        if (done[j]) continue;
        gather_columns(&g, j, done);
        s = solve_group(&g, w_out, intercept, err);
    }
    arena_release(scratch, mark);
    return s;
}
