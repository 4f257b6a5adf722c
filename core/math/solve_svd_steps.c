/* SPDX-License-Identifier: MIT
 *
 * The steps of the truncated SVD that touch the matrix: products, Gram matrices, and
 * orthonormalisation.
 */
#include <math.h>

#include "base/rng.h"
#include "math/gemm.h"
#include "math/mat.h"
#include "math/solve_svd.h"

#define EXTRA 32          /* exact: vectors beyond k: the last ones converge slowest */
#define STRIP SPARSE_COLS /* columns of the block at a time: keeps the block's rows near */

/* ---- opening ---- */

/* Columns of A as compressed vectors, by counting sort. */
static bool transpose(svd *s, const pm_csr *a)
{
    size_t nnz = (size_t)(a->start[a->rows] - a->start[0]);
    uint64_t *start = arena_alloc(s->scratch, a->cols + 2, sizeof *start);
    uint32_t *index = arena_alloc(s->scratch, nnz, sizeof *index);
    float *value = arena_alloc(s->scratch, nnz, sizeof *value);
    if (!start || !index || !value) return false;
    for (uint64_t e = a->start[0]; e < a->start[a->rows]; e++) start[a->col[e] + 2]++;
    for (size_t c = 0; c < a->cols; c++) start[c + 2] += start[c + 1];
    for (size_t r = 0; r < a->rows; r++)
        for (uint64_t e = a->start[r]; e < a->start[r + 1]; e++) {
            uint64_t to = start[a->col[e] + 1]++;
            index[to] = (uint32_t)r;
            value[to] = a->val[e];
        }
    s->start = start;
    s->index = index;
    s->value = value;
    return true;
}

static void cut_parts(svd *s)
{
    uint64_t first = s->start[0], nnz = s->start[s->outer] - first;
    size_t o = 0;
    for (size_t p = 0; p < s->n_parts; p++) {
        s->part[p] = o;
        while (o < s->outer && s->start[o] - first < nnz / s->n_parts * (p + 1)) o++;
    }
    s->part[s->n_parts] = s->outer;
}

bool svd_block(svd *s, pm_mat *m, size_t rows)
{
    size_t ld = (s->l + 15) / 16 * 16;
    *m = mat_new(s->scratch, rows, ld);
    m->cols = s->l;
    return m->at != NULL;
}

bool svd_squares(svd *s)
{
    size_t l = s->l;
    s->gram = arena_alloc(s->scratch, l, l * sizeof *s->gram);
    s->square = arena_alloc(s->scratch, l + 2, l * sizeof *s->square);
    s->theta = arena_alloc(s->scratch, l, sizeof *s->theta);
    s->dropped = arena_alloc(s->scratch, l, 1);
    return s->gram && s->square && s->theta && s->dropped && svd_block(s, &s->turn, l);
}

pm_status svd_open(svd *s, const pm_csr *a, pm_err *err)
{
    s->is_left = a->rows <= a->cols;
    s->inner = s->is_left ? a->rows : a->cols;
    s->outer = s->is_left ? a->cols : a->rows;
    if (s->want->is_randomised) svd_krylov_shape(s, &s->n_blocks);
    if (!s->want->is_randomised) s->l = EXTRA < s->inner - s->k ? s->k + EXTRA : s->inner;
    bool have = true;
    if (s->is_left) {
        have = transpose(s, a);
    } else {
        s->start = a->start;
        s->index = a->col;
        s->value = a->val;
    }
    size_t l = s->l, bytes = s->inner * l * sizeof(float);
    s->n_parts = bytes > (size_t)64 << 20 ? 4 : 8;
    s->part = arena_alloc(s->scratch, s->n_parts + 1, sizeof *s->part);
    s->sum = arena_alloc(s->scratch, s->n_parts, sizeof *s->sum);
    s->sigma = arena_alloc(s->scratch, s->k, sizeof *s->sigma);
    have = have && s->part && s->sum && s->sigma && svd_squares(s);
    have = have && svd_block(s, &s->y, s->inner) && svd_block(s, &s->z, s->inner) &&
           svd_block(s, &s->next, s->inner);
    for (size_t p = 0; have && p < s->n_parts; p++) have = svd_block(s, &s->sum[p], s->inner);
    if (!have)
        return err_set(err, PM_E_MEMORY, "SVD: no memory for %zu blocks of [%zu x %zu]",
                       s->n_parts + 3, s->inner, l);
    cut_parts(s);
    return PM_OK;
}

/* ---- z = M y ---- */

typedef struct apply {
    const svd *s;
    pm_mat y, z;
    bool is_sketch; /* signs instead of a_o' y: y is not read */
} apply;

/* Signs of the random vector w_o, columns [j, j + n). */
static void signs(const svd *s, size_t o, size_t j, size_t n, float *b)
{
    const size_t words = (s->l + 63) / 64;
    uint64_t bits = 0;
    for (size_t t = 0; t < n; t++) {
        size_t column = j + t;
        if (t == 0 || column % 64 == 0)
            bits = rng_bits(s->want->seed, 1, o * words + column / 64) >> column % 64;
        b[t] = bits & 1 ? 1.0f : -1.0f;
        bits >>= 1;
    }
}

static void apply_vector(const apply *a, size_t o, size_t j, size_t n, pm_mat sum)
{
    const svd *s = a->s;
    const kernels *k = s->c->k;
    float b[STRIP] = {0};
    uint64_t first = s->start[o], end = s->start[o + 1];
    if (a->is_sketch) signs(s, o, j, n, b);
    if (n == STRIP) {
        size_t count = (size_t)(end - first);
        if (!a->is_sketch)
            k->gather(s->value + first, s->index + first, count, a->y.at + j, a->y.ld, b);
        k->scatter(s->value + first, s->index + first, count, b, sum.at + j, sum.ld);
        return;
    }
    for (uint64_t e = first; !a->is_sketch && e < end; e++)
        k->axpy(s->value[e], pm_row(a->y, s->index[e]) + j, b, n);
    for (uint64_t e = first; e < end; e++) k->axpy(s->value[e], b, pm_row(sum, s->index[e]) + j, n);
}

static pm_status apply_parts(int worker, size_t lo, size_t hi, void *arg)
{
    const apply *a = arg;
    const svd *s = a->s;
    (void)worker;
    for (size_t p = lo; p < hi; p++) {
        memset(s->sum[p].at, 0, s->inner * s->sum[p].ld * sizeof(float));
        for (size_t j = 0; j < s->l; j += STRIP) {
            size_t n = s->l - j < STRIP ? s->l - j : STRIP;
            for (size_t o = s->part[p]; o < s->part[p + 1]; o++)
                apply_vector(a, o, j, n, s->sum[p]);
        }
    }
    return PM_OK;
}

static pm_status apply_add(int worker, size_t lo, size_t hi, void *arg)
{
    const apply *a = arg;
    const svd *s = a->s;
    (void)worker;
    for (size_t i = lo; i < hi; i++) {
        memcpy(pm_row(a->z, i), pm_row(s->sum[0], i), s->l * sizeof(float));
        for (size_t p = 1; p < s->n_parts; p++)
            s->c->k->axpy(1, pm_row(s->sum[p], i), pm_row(a->z, i), s->l);
    }
    return PM_OK;
}

static pm_status run(svd *s, apply *a)
{
    pm_status st = threads_for(s->c->pool, s->n_parts, 1, apply_parts, a);
    return st ? st : threads_for(s->c->pool, s->inner, 256, apply_add, a);
}

pm_status svd_apply(svd *s, pm_mat y, pm_mat z)
{
    return run(s, &(apply){s, y, z, false});
}

pm_status svd_sketch(svd *s, pm_mat z)
{
    return run(s, &(apply){s, z, z, true});
}

/* ---- Gram matrices and orthonormal columns ---- */

static pm_status gram_rows(int worker, size_t lo, size_t hi, void *arg)
{
    const apply *a = arg;
    const svd *s = a->s;
    (void)worker;
    for (size_t r = 0; r < a->y.rows; r++)
        for (size_t i = lo; i < hi; i++)
            s->c->k->axpy64((double)pm_row(a->y, r)[i], pm_row(a->z, r), s->gram + i * s->l, i + 1);
    return PM_OK;
}

static pm_status gram_add(svd *s, pm_mat x, pm_mat y)
{
    apply a = {s, x, y, false};
    return threads_for(s->c->pool, s->l, 16, gram_rows, &a);
}

pm_status svd_gram(svd *s, pm_mat x, pm_mat y)
{
    memset(s->gram, 0, s->l * s->l * sizeof *s->gram);
    return gram_add(s, x, y);
}

pm_status svd_turn(svd *s, pm_mat *m, pm_err *err)
{
    pm_status st = gemm(s->c, s->c->pool, 'N', 'N', 1, mat_const(*m), mat_const(s->turn), 0,
                        s->next, PM_GEMM_EXACT, err);
    pm_mat swap = *m;
    *m = s->next;
    s->next = swap;
    return st;
}

/* Cholesky of the lower `gram`, by rows, leaving out columns that depend on earlier ones (their rows and
 * columns of the factor are those of the unit matrix).  Then turn = D L^-T with zero columns for those. */
static void cholesky_turn(svd *s)
{
    size_t l = s->l;
    double *g = s->gram, *inverse = s->square;
    for (size_t i = 0; i < l; i++) {
        double *row = g + i * l, whole = row[i], pivot = whole;
        for (size_t j = 0; j < i; j++) {
            double v = row[j];
            for (size_t p = 0; p < j; p++) v -= row[p] * g[j * l + p];
            row[j] = s->dropped[j] ? 0 : v / g[j * l + j];
            pivot -= row[j] * row[j];
        }
        s->dropped[i] = !(pivot > 1e-11 * whole);
        row[i] = s->dropped[i] ? 1 : sqrt(pivot);
        for (size_t j = 0; s->dropped[i] && j < i; j++) row[j] = 0;
    }
    /* Rows of L^-1, forwards: row i = (e_i - sum_j L[i][j] row j) / L[i][i]. */
    for (size_t i = 0; i < l; i++) {
        double *out = inverse + i * l;
        memset(out, 0, l * sizeof *out);
        out[i] = 1;
        for (size_t j = 0; j < i; j++) {
            double f = g[i * l + j];
            const double *in = inverse + j * l;
            for (size_t p = 0; p <= j; p++) out[p] -= f * in[p];
        }
        for (size_t p = 0; p <= i; p++) out[p] /= g[i * l + i];
    }
    for (size_t i = 0; i < l; i++)
        for (size_t j = 0; j < l; j++)
            pm_row(s->turn, i)[j] = j < i || s->dropped[j] ? 0 : (float)inverse[j * l + i];
}

/* Columns are brought to length 1 first, so that the factor sees angles only; the second round removes
 * what float32 left of the first. */
pm_status svd_orthonormal(svd *s, pm_err *err)
{
    size_t l = s->l;
    for (int round = 0; round < 2; round++) {
        double *length = s->theta;
        memset(length, 0, l * sizeof *length);
        for (size_t i = 0; i < s->inner; i++)
            for (size_t j = 0; j < l; j++)
                length[j] += (double)pm_row(s->y, i)[j] * (double)pm_row(s->y, i)[j];
        for (size_t j = 0; j < l; j++) {
            if (!isfinite(length[j]))
                return err_set(err, PM_E_DIVERGED, "SVD: vector %zu of the block is not finite", j);
            length[j] = length[j] > 0 ? 1 / sqrt(length[j]) : 0;
        }
        for (size_t i = 0; i < s->inner; i++)
            for (size_t j = 0; j < l; j++)
                pm_row(s->y, i)[j] = (float)((double)pm_row(s->y, i)[j] * length[j]);
        pm_status st = svd_gram(s, s->y, s->y);
        if (st) return st;
        cholesky_turn(s);
        st = svd_turn(s, &s->y, err);
        if (st) return st;
    }
    return PM_OK;
}
