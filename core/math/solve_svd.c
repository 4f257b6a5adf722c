/* SPDX-License-Identifier: MIT
 *
 * Truncated SVD of a sparse matrix by subspace iteration on its smaller side, filtered until it rests; the randomised
 * one is solve_svd_krylov.c.  With A's vectors
 * taken along the smaller side ("inner"), the operator is M = sum over o of a_o a_o', o along the larger
 * side: A' and A'A-type products are one pass over the compressed vectors a_o, nothing of the larger side
 * is stored until the end.
 */
#include <math.h>

#include "base/rng.h"
#include "math/gemm.h"
#include "math/mat.h"
#include "math/solve.h"
#include "math/solve_svd.h"

#define ROUNDS 100
#define MOST_GROWTH                                                                                \
    1e8 /* of the filter: beyond, float32 noise of the largest drowns the smallest */

static double chebyshev(double x, int degree)
{
    double before = 1, t = x;
    for (int i = 1; i < degree; i++) {
        double next = 2 * x * t - before;
        before = t;
        t = next;
    }
    return t;
}

/* Ritz values of the block and rotation of y and z = M y onto the Ritz vectors. */
static pm_status ritz(svd *s, pm_err *err)
{
    size_t l = s->l;
    pm_status st = svd_gram(s, s->y, s->z);
    if (st) return st;
    for (size_t i = 0; i < l; i++)
        for (size_t j = 0; j < l; j++) {
            double both = i > j ? s->gram[i * l + j] : s->gram[j * l + i];
            s->square[i * l + j] = both;
        }
    st = solve_eigen(s->square, l, s->theta, s->scratch, err);
    if (st) return st;
    for (size_t i = 0; i < l; i++)
        for (size_t j = 0; j < l; j++) pm_row(s->turn, i)[j] = (float)s->square[i * l + j];
    st = svd_turn(s, &s->y, err);
    return st ? st : svd_turn(s, &s->z, err);
}

/* The largest relative move of the first k singular values; keeps them.  Gram-type noise of float32 is let
 * pass: it moves values far below the largest although they have settled. */
static double moved(svd *s)
{
    double worst = 0, top = sqrt(fmax(s->theta[0], 0));
    for (size_t j = 0; j < s->k; j++) {
        double now = sqrt(fmax(s->theta[j], 0)), size = fmax(now, 1e-30);
        double noise = 1e-6 * top * (top / size), by = fabs(now - s->sigma[j]) - noise;
        if (by > worst * now) worst = now > 0 ? by / now : worst;
        s->sigma[j] = now;
    }
    return worst;
}

/* y = T_d((M - centre) / centre) y with the unwanted end of the spectrum in [0, 2 centre]; z = M y is given. */
static pm_status filter(svd *s, double cut, int degree)
{
    float centre = (float)(cut / 2);
    size_t cells = s->y.rows * s->y.ld;
    for (size_t i = 0; i < cells; i++) s->next.at[i] = (s->z.at[i] - centre * s->y.at[i]) / centre;
    for (int d = 1; d < degree; d++) { /* y: T_(d-1), next: T_d */
        pm_status st = svd_apply(s, s->next, s->z);
        if (st) return st;
        for (size_t i = 0; i < cells; i++) {
            float t = 2 * ((s->z.at[i] - centre * s->next.at[i]) / centre) - s->y.at[i];
            s->y.at[i] = s->next.at[i];
            s->next.at[i] = t;
        }
    }
    pm_mat swap = s->y;
    s->y = s->next;
    s->next = swap;
    return PM_OK;
}

static pm_status improve(svd *s, pm_err *err)
{
    double cut = s->theta[s->l - 1], top = s->theta[0];
    if (cut > 1e-7 * top && cut > 0) {
        int degree = 1;
        while (degree < 8 && chebyshev(2 * top / cut - 1, degree + 1) < MOST_GROWTH) degree++;
        pm_status st = filter(s, cut, degree);
        if (st) return st;
    } else { /* the block holds the whole range: one plain step */
        pm_mat swap = s->y;
        s->y = s->z;
        s->z = swap;
    }
    return svd_orthonormal(s, err);
}

pm_status svd_report(const svd *s, double done, pm_err *err)
{
    if (!s->want->progress) return PM_OK;
    pm_status st = s->want->progress(s->want->arg, done);
    return st ? err_set(err, st, "SVD: stopped at %.0f %%", 100 * done) : PM_OK;
}

static pm_status report(double worst, double first, const svd *s, pm_err *err)
{
    double done = 0;
    if (worst < first && worst > 0) done = log(first / worst) / log(first / s->want->tolerance);
    return svd_report(s, done < 0 ? 0 : done > 0.95 ? 0.95 : done, err);
}

static pm_status iterate(svd *s, pm_err *err)
{
    double first = 0;
    for (size_t i = 0; i < s->inner; i++)
        for (size_t j = 0; j < s->l; j++)
            pm_row(s->next, i)[j] = (float)(2 * rng_uniform(s->want->seed, 0, i * s->l + j) - 1);
    pm_status st = svd_apply(s, s->next, s->y);
    if (st == PM_OK) st = svd_orthonormal(s, err);
    for (int round = 0; st == PM_OK && round < ROUNDS; round++) {
        st = svd_apply(s, s->y, s->z);
        if (st == PM_OK) st = ritz(s, err);
        if (st) break;
        double worst = moved(s);
        if (round == 0) worst = INFINITY;
        if (round == 1) first = worst;
        if (worst <= s->want->tolerance || s->l == s->inner || s->theta[0] <= 0) return PM_OK;
        st = report(worst, first, s, err);
        if (st == PM_OK) st = improve(s, err);
    }
    return st ? st
              : err_set(err, PM_E_DIVERGED, "SVD: singular values still move after %d rounds",
                        ROUNDS);
}

static pm_status check(const pm_csr *a, const svd_want *w, pm_err *err)
{
    size_t small = a->rows < a->cols ? a->rows : a->cols;
    if (w->k == 0 || w->k > small)
        return err_set(err, PM_E_ARG, "SVD: k: found %zu, wanted 1 to %zu (the smaller side)", w->k,
                       small);
    if (w->right.at && (w->right.rows != a->cols || w->right.cols != w->k))
        return err_set(err, PM_E_SHAPE, "SVD: right is [%zu x %zu], wanted [%zu x %zu]",
                       w->right.rows, w->right.cols, a->cols, w->k);
    if (!w->is_randomised && !(w->tolerance > 0))
        return err_set(err, PM_E_ARG, "SVD: tolerance: found %g, wanted above 0", w->tolerance);
    for (size_t r = 0; r < a->rows; r++)
        for (uint64_t e = a->start[r]; e < a->start[r + 1]; e++)
            if (a->col[e] >= a->cols || !isfinite(a->val[e]))
                return err_set(err, PM_E_FORMAT, "SVD: row %zu: column %u of %zu holds %g", r,
                               a->col[e], a->cols, (double)a->val[e]);
    return PM_OK;
}

pm_status solve_svd(const compute *c, arena *scratch, const pm_csr *a, const svd_want *want,
                    pm_err *err)
{
    pm_status st = check(a, want, err);
    if (st) return st;
    arena_mark mark = arena_save(scratch);
    svd s = {.c = c, .scratch = scratch, .k = want->k, .want = want};
    st = svd_open(&s, a, err);
    if (st == PM_OK) st = want->is_randomised ? svd_krylov(&s, s.n_blocks, err) : iterate(&s, err);
    if (st == PM_OK) st = svd_finish(&s, err);
    arena_release(scratch, mark);
    return st;
}
