/* SPDX-License-Identifier: MIT
 *
 * The randomised SVD: an orthonormal basis Q of the block Krylov space [Y, M Y, .. M^q Y], Y = A Omega, and the
 * leading eigenvectors of Q' M Q (Musco and Musco 2015, algorithm 2; with q = 0 and a block of full width, Halko,
 * Martinsson and Tropp 2011, algorithm 4.1).  For as many products with A, a narrow block and many powers come
 * much nearer to the singular vectors than a wide block and few.
 */
#include "math/gemm.h"
#include "math/mat.h"
#include "math/solve_svd.h"

#define LEAST_WIDTH 32 /* of a block */

typedef struct krylov {
    svd *s;
    size_t n_blocks, total; /* total = n_blocks x s->l */
    pm_mat basis;           /* [inner x total] */
    pm_mat part;            /* [total x l] products of the basis with a block */
    double *t;              /* [total x total] lower: Q' M Q */
} krylov;

static pm_mat columns(pm_mat m, size_t first, size_t n)
{
    return (pm_mat){m.at + first, m.rows, n, m.ld};
}

/* part = Q' w and w -= Q part, Q the blocks [0, n). */
static pm_status project_out(krylov *v, size_t n, pm_mat w, pm_err *err)
{
    const svd *s = v->s;
    pm_cmat q = mat_const(columns(v->basis, 0, n * s->l));
    pm_mat part = mat_rows(v->part, 0, n * s->l);
    pm_status st =
        gemm(s->c, s->c->pool, 'T', 'N', 1, q, mat_const(w), 0, part, PM_GEMM_EXACT, err);
    if (st) return st;
    return gemm(s->c, s->c->pool, 'N', 'N', -1, q, mat_const(part), 1, w, PM_GEMM_EXACT, err);
}

static void lengths(const svd *s, pm_mat w, double *length)
{
    memset(length, 0, s->l * sizeof *length);
    for (size_t i = 0; i < w.rows; i++)
        for (size_t j = 0; j < s->l; j++)
            length[j] += (double)pm_row(w, i)[j] * (double)pm_row(w, i)[j];
}

/* s->z = M q_b becomes s->y = block b + 1: what of it is new.  Columns of which next to nothing is new are
 * rounding, and become zero. */
static pm_status next_block(krylov *v, size_t b, pm_err *err)
{
    svd *s = v->s;
    size_t l = s->l;
    double *before = s->square, *after = s->square + l;
    lengths(s, s->z, before);
    pm_status st = project_out(v, b + 1, s->z, err);
    if (st) return st;
    for (size_t i = 0; i < (b + 1) * l; i++)
        for (size_t j = 0; j < l; j++)
            v->t[(b * l + j) * v->total + i] = (double)pm_row(v->part, i)[j];
    if (b + 1 == v->n_blocks) return PM_OK;
    lengths(s, s->z, after);
    for (size_t j = 0; j < l; j++)
        for (size_t i = 0; !(after[j] > 1e-9 * before[j]) && i < s->inner; i++)
            pm_row(s->z, i)[j] = 0;
    pm_mat swap = s->y;
    s->y = s->z;
    s->z = swap;
    for (int round = 0; st == PM_OK && round < 2; round++) {
        st = svd_orthonormal(s, err);
        if (st == PM_OK && round == 0) st = project_out(v, b + 1, s->y, err);
    }
    return st;
}

static pm_status grow_basis(krylov *v, pm_err *err)
{
    svd *s = v->s;
    pm_status st = svd_sketch(s, s->y);
    if (st == PM_OK) st = svd_orthonormal(s, err);
    for (size_t b = 0; st == PM_OK && b < v->n_blocks; b++) {
        for (size_t i = 0; i < s->inner; i++)
            memcpy(pm_row(v->basis, i) + b * s->l, pm_row(s->y, i), s->l * sizeof(float));
        st = svd_apply(s, s->y, s->z);
        if (st == PM_OK) st = next_block(v, b, err);
        if (st == PM_OK) st = svd_report(s, (double)(b + 1) / (double)(v->n_blocks + 1), err);
    }
    return st;
}

/* y [inner x k] = the leading Ritz vectors; the block is as wide as what was asked for from here on. */
static pm_status take_leading(krylov *v, pm_err *err)
{
    svd *s = v->s;
    size_t n = v->total;
    double *value = arena_alloc(s->scratch, n, sizeof *value);
    pm_mat turn = mat_new(s->scratch, n, s->k);
    if (!value || !turn.at) return err_set(err, PM_E_MEMORY, "SVD: no memory for a basis");
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) v->t[j * n + i] = v->t[i * n + j];
    pm_status st = solve_eigen(v->t, n, value, s->scratch, err);
    if (st) return st;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < s->k; j++) pm_row(turn, i)[j] = (float)v->t[i * n + j];
    s->l = s->k;
    if (!svd_squares(s) || !svd_block(s, &s->y, s->inner))
        return err_set(err, PM_E_MEMORY, "SVD: no memory for %zu vectors", s->k);
    return gemm(s->c, s->c->pool, 'N', 'N', 1, mat_const(v->basis), mat_const(turn), 0, s->y,
                PM_GEMM_EXACT, err);
}

/* Equal singular values, as of documents that share nothing, show only one vector each for each column of the
 * block: hence a least width, and one block where it can hold everything. */
void svd_krylov_shape(svd *s, size_t *n_blocks)
{
    size_t extra = s->want->oversampling, most = s->inner - s->k;
    size_t total = s->k + (extra < most ? extra : most), q = s->want->power_iterations;
    size_t at_most = total / LEAST_WIDTH + (total < LEAST_WIDTH);
    *n_blocks = q + 1 < at_most ? q + 1 : at_most;
    s->l = (total + *n_blocks - 1) / *n_blocks;
    if (s->l * *n_blocks < s->inner) return;
    s->l = s->inner;
    *n_blocks = 1;
}

pm_status svd_krylov(svd *s, size_t n_blocks, pm_err *err)
{
    krylov v = {.s = s, .n_blocks = n_blocks, .total = n_blocks * s->l};
    size_t ld = (v.total + 15) / 16 * 16;
    v.basis = mat_new(s->scratch, s->inner, ld);
    v.basis.cols = v.total;
    v.part = mat_new(s->scratch, v.total, s->l);
    v.t = arena_alloc(s->scratch, v.total, v.total * sizeof *v.t);
    if (!v.basis.at || !v.part.at || !v.t)
        return err_set(err, PM_E_MEMORY, "SVD: no memory for a basis of [%zu x %zu]", s->inner,
                       v.total);
    pm_status st = grow_basis(&v, err);
    return st ? st : take_leading(&v, err);
}
