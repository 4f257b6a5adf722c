/* SPDX-License-Identifier: MIT
 *
 * The end of the truncated SVD: from a basis of the smaller side to singular values and the vectors of the right
 * side, in chunks, so that nothing of the larger side is held but what was asked for.
 */
#include <math.h>

#include "math/gemm.h"
#include "math/mat.h"
#include "math/solve_svd.h"

#define CHUNK 2048 /* outer vectors at a time */

typedef struct finish {
    svd *s;
    size_t first;     /* row of the chunk ... */
    pm_mat b;         /* ... [rows x l]: a_o' y, or rows of y */
    pm_mat out;       /* [rows x k] of V, before its signs */
    pm_mat partial;   /* [l x l] */
    double *farthest; /* [k] the entry of largest magnitude so far */
} finish;

/* Rows of b = a_o' y. */
static pm_status exchange_rows(int worker, size_t lo, size_t hi, void *arg)
{
    const finish *f = arg;
    const svd *s = f->s;
    (void)worker;
    for (size_t i = lo; i < hi; i++) {
        uint64_t e = s->start[f->first + i], end = s->start[f->first + i + 1];
        float *out = pm_row(f->b, i);
        size_t j = 0;
        for (; j + SPARSE_COLS <= s->l; j += SPARSE_COLS)
            s->c->k->gather(s->value + e, s->index + e, (size_t)(end - e), s->y.at + j, s->y.ld,
                            out + j);
        if (j == s->l) continue;
        memset(out + j, 0, (s->l - j) * sizeof *out);
        for (; e < end; e++)
            s->c->k->axpy(s->value[e], pm_row(s->y, s->index[e]) + j, out + j, s->l - j);
    }
    return PM_OK;
}

static pm_status exchange_chunk(finish *f, size_t first)
{
    const svd *s = f->s;
    f->first = first;
    f->b.rows = s->outer - first < CHUNK ? s->outer - first : CHUNK;
    return threads_for(s->c->pool, f->b.rows, 32, exchange_rows, f);
}

/* gram = B'B for B = (a_o' y)_o: float32 within a chunk, double from chunk to chunk. */
static pm_status outer_gram(finish *f, pm_err *err)
{
    svd *s = f->s;
    memset(s->gram, 0, s->l * s->l * sizeof *s->gram);
    for (size_t o = 0; o < s->outer; o += CHUNK) {
        pm_status st = exchange_chunk(f, o);
        if (st == PM_OK)
            st = gemm(s->c, s->c->pool, 'T', 'N', 1, mat_const(f->b), mat_const(f->b), 0,
                      f->partial, PM_GEMM_EXACT, err);
        if (st) return st;
        for (size_t i = 0; i < s->l; i++)
            for (size_t j = 0; j <= i; j++) s->gram[i * s->l + j] += pm_row(f->partial, i)[j];
    }
    return PM_OK;
}

/* Singular values from B itself rather than from M: where the basis is of Ritz vectors, B'B is graded, so that
 * small ones keep their digits.  turn = its eigenvectors. */
static pm_status final_values(finish *f, pm_err *err)
{
    svd *s = f->s;
    size_t l = s->l;
    pm_status st = outer_gram(f, err);
    if (st) return st;
    for (size_t i = 0; i < l; i++)
        for (size_t j = 0; j < l; j++)
            s->square[i * l + j] = i > j ? s->gram[i * l + j] : s->gram[j * l + i];
    st = solve_eigen(s->square, l, s->theta, s->scratch, err);
    if (st) return st;
    double top = sqrt(fmax(s->theta[0], 0));
    for (size_t j = 0; j < l; j++) {
        double value = sqrt(fmax(s->theta[j], 0));
        bool is_zero = !(value > 1e-5 * top);
        double scale = is_zero ? 0 : s->is_left ? 1 / value : 1;
        if (j < s->k) s->want->singular[j] = is_zero ? 0 : (float)value;
        for (size_t i = 0; i < l; i++)
            pm_row(s->turn, i)[j] = (float)(s->square[i * l + j] * scale);
    }
    return PM_OK;
}

/* The entry of largest magnitude (the first of equals) of columns [lo, hi). */
static pm_status track(int worker, size_t lo, size_t hi, void *arg)
{
    const finish *f = arg;
    (void)worker;
    for (size_t i = 0; i < f->out.rows; i++)
        for (size_t j = lo; j < hi; j++) {
            double v = (double)pm_row(f->out, i)[j];
            if (fabs(v) > fabs(f->farthest[j])) f->farthest[j] = v;
        }
    return PM_OK;
}

static pm_status quantise(int worker, size_t lo, size_t hi, void *arg)
{
    const finish *f = arg;
    const svd_want *w = f->s->want;
    (void)worker;
    for (size_t i = lo; i < hi; i++) {
        const float *v = pm_row(f->out, i);
        int8_t *to = w->right_i8 + (f->first + i) * w->k;
        float top = 0;
        for (size_t j = 0; j < w->k; j++) top = fmaxf(top, fabsf(v[j]));
        float step = top / 127;
        w->scale[f->first + i] = step;
        for (size_t j = 0; j < w->k; j++) {
            float q = step > 0 ? v[j] / step : 0;
            to[j] = (int8_t)(q < 0 ? q - 0.5f : q + 0.5f);
        }
    }
    return PM_OK;
}

/* The entry of largest magnitude of every column becomes positive. */
static pm_status turn_signs(int worker, size_t lo, size_t hi, void *arg)
{
    const finish *f = arg;
    const svd_want *w = f->s->want;
    (void)worker;
    for (size_t i = lo; i < hi; i++)
        for (size_t j = 0; j < w->k; j++) {
            if (f->farthest[j] >= 0) continue;
            if (w->right.at) pm_row(w->right, i)[j] = -pm_row(w->right, i)[j];
            if (w->right_i8) w->right_i8[i * w->k + j] = (int8_t)-w->right_i8[i * w->k + j];
        }
    return PM_OK;
}

/* Rows [first, first + CHUNK) of V. */
static pm_status write_chunk(finish *f, size_t first, pm_mat room, pm_err *err)
{
    svd *s = f->s;
    threads *pool = s->c->pool;
    pm_mat turn = s->turn;
    size_t total = s->is_left ? s->outer : s->inner;
    size_t rows = total - first < CHUNK ? total - first : CHUNK;
    pm_status st = s->is_left ? exchange_chunk(f, first) : PM_OK;
    if (st) return st;
    f->first = first;
    f->out = s->want->right.at ? mat_rows(s->want->right, first, rows) : mat_rows(room, 0, rows);
    turn.cols = s->k;
    pm_cmat from = mat_const(s->is_left ? f->b : mat_rows(s->y, first, rows));
    st = gemm(s->c, pool, 'N', 'N', 1, from, mat_const(turn), 0, f->out, PM_GEMM_EXACT, err);
    if (st == PM_OK) st = threads_for(pool, s->k, 16, track, f);
    if (st == PM_OK && s->want->right_i8) st = threads_for(pool, rows, 64, quantise, f);
    return st;
}

pm_status svd_finish(svd *s, pm_err *err)
{
    finish f = {.s = s, .farthest = s->sigma};
    pm_mat room = {NULL, 0, 0, 0};
    bool have = svd_block(s, &f.b, s->outer < CHUNK ? s->outer : CHUNK) &&
                svd_block(s, &f.partial, s->l) && (s->want->right.at || svd_block(s, &room, CHUNK));
    if (!have) return err_set(err, PM_E_MEMORY, "SVD: no memory for the result");
    room.cols = s->k;
    pm_status st = final_values(&f, err);
    for (size_t j = 0; j < s->k; j++) f.farthest[j] = 0;
    size_t rows = s->is_left ? s->outer : s->inner;
    for (size_t o = 0; st == PM_OK && o < rows; o += CHUNK) st = write_chunk(&f, o, room, err);
    return st ? st : threads_for(s->c->pool, rows, 1024, turn_signs, &f);
}
