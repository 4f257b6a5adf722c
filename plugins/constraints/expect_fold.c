/* SPDX-License-Identifier: MIT
 *
 * Fits on some rows, guesses for others; see expect_fold.h.
 */
#include "expect_fold.h"

#include <math.h>

const double expect_lambda[EXPECT_LAMBDAS] = {0.03, 0.3, 3, 30, 300};
const uint32_t expect_k[EXPECT_KS] = {5, 10, 20, 40, 80};

double expect_raw(double answer, double most)
{
    return answer > 0 ? (answer < most ? answer : most) : 0;
}

double expect_log(double answer, double smear, double offset, double most)
{
    double edge = log(most + offset) + 1;
    return expect_raw(smear * exp(answer < edge ? answer : edge), most);
}

pm_status expect_means_of(pm_call *c, const struct expect_rows *a, uint32_t fold,
                          struct expect_means *out)
{
    double *at = c->host->scratch(c, 4 * a->m, sizeof *at), *n = at ? at + 3 * a->m : NULL;
    if (!at) return PM_E_MEMORY;
    *out = (struct expect_means){at, at + a->m, at + 2 * a->m};
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; a->fold[i] != fold && j < a->m; j++) {
            double y = (double)a->y[i * a->m + j];
            if (y != y) continue;
            out->mean[j] += y, n[j] += 1;
            out->most[j] = y > out->most[j] ? y : out->most[j];
        }
    for (size_t j = 0; j < a->m; j++) {
        out->mean[j] = n[j] > 0 ? out->mean[j] / n[j] : (double)NAN;
        out->offset[j] = out->mean[j] > 0 ? out->mean[j] / 1000 : 1;
    }
    return PM_OK;
}

/* ---- ridge ---------------------------------------------------------------------------------------------- */

pm_status expect_choose(pm_call *c, const struct expect_rows *a, const struct expect_means *means,
                        uint32_t fold, struct expect_chosen *out)
{
    size_t n = 0, m = a->m;
    for (size_t i = 0; i < a->n; i++) n += a->fold[i] != fold;
    float *x = c->host->scratch(c, n * a->width + 1, sizeof *x);
    float *y = c->host->scratch(c, n * 2 * m + 1, sizeof *y);
    if (!x || !y) return PM_E_MEMORY;
    *out = (struct expect_chosen){fold, n, {x, n, a->width, a->width}, {y, n, 2 * m, 2 * m}};
    for (size_t i = 0, r = 0; i < a->n; i++) {
        if (a->fold[i] == fold) continue;
        memcpy(pm_row(out->x, r), pm_row(a->x, i), a->width * sizeof *x);
        float *to = pm_row(out->y, r++);
        for (size_t j = 0; j < m; j++) {
            float v = a->y[i * m + j];
            if (means->mean[j] != means->mean[j]) v = 0; /* a solver wants something */
            to[j] = v;
            to[m + j] = v == v ? (float)log((double)v + means->offset[j]) : v;
        }
    }
    return PM_OK;
}

/* smear_j = sum y / sum exp(answer) over the known cells that were fitted. */
static pm_status smear(pm_call *c, const struct expect_chosen *rows,
                       const struct expect_means *means, struct expect_linear *f)
{
    size_t m = rows->y.cols / 2;
    float *at = c->host->scratch(c, rows->n * 2 * m + 1, sizeof *at);
    double *sum = c->host->scratch(c, m, sizeof *sum);
    if (!at || !sum) return PM_E_MEMORY;
    pm_cmat x = {rows->x.at, rows->n, rows->x.cols, rows->x.ld};
    pm_cmat w = {f->w.at, f->w.rows, f->w.cols, f->w.ld};
    pm_status st = c->host->gemm(c, 'n', 'n', 1, x, w, 0, (pm_mat){at, rows->n, 2 * m, 2 * m},
                                 PM_GEMM_ROWWISE);
    if (st != PM_OK) return st;
    memset(f->smear, 0, m * sizeof *f->smear);
    for (size_t i = 0; i < rows->n; i++)
        for (size_t j = 0; j < m; j++) {
            double y = (double)pm_row(rows->y, i)[j];
            double answer = (double)at[i * 2 * m + m + j] + (double)f->intercept[m + j];
            if (y != y) continue;
            f->smear[j] += y;
            sum[j] += expect_log(answer, 1, means->offset[j], (double)INFINITY);
        }
    for (size_t j = 0; j < m; j++) f->smear[j] = sum[j] > 0 ? f->smear[j] / sum[j] : 0;
    return PM_OK;
}

pm_status expect_linear_fit(pm_call *c, const struct expect_chosen *rows,
                            const struct expect_means *means, double lambda,
                            struct expect_linear *out)
{
    const pm_linalg_service *solve = c->host->service(PM_LINALG_SERVICE);
    if (!solve) return c->host->fail(c, PM_E_UNSUPPORTED, "this host has no " PM_LINALG_SERVICE);
    pm_cmat x = {rows->x.at, rows->n, rows->x.cols, rows->x.ld};
    pm_cmat y = {rows->y.at, rows->n, rows->y.cols, rows->y.ld};
    pm_status st = solve->ridge(c, x, y, NULL, lambda, out->w, out->intercept);
    if (st == PM_OK) st = c->host->progress(c, 0, NULL, 0);
    return st == PM_OK ? smear(c, rows, means, out) : st;
}

/* ---- a fold --------------------------------------------------------------------------------------------- */

struct held { /* the rows that are guessed */
    size_t n;
    uint32_t *row;
    pm_mat x, embed;
    float *answer; /* [n x 2 m] */
};

static pm_status hold(pm_call *c, const struct expect_rows *a, uint32_t fold, struct held *h)
{
    *h = (struct held){0};
    for (size_t i = 0; i < a->n; i++) h->n += a->fold[i] == fold;
    h->row = c->host->scratch(c, h->n + 1, sizeof *h->row);
    float *x = c->host->scratch(c, h->n * a->width + 1, sizeof *x);
    float *e = c->host->scratch(c, h->n * a->d + 1, sizeof *e);
    h->answer = c->host->scratch(c, h->n * 2 * a->m + 1, sizeof *h->answer);
    if (!h->row || !x || !e || !h->answer) return PM_E_MEMORY;
    h->x = (pm_mat){x, h->n, a->width, a->width};
    h->embed = (pm_mat){e, h->n, a->d, a->d};
    for (size_t i = 0, r = 0; i < a->n; i++) {
        if (a->fold[i] != fold) continue;
        memcpy(pm_row(h->x, r), pm_row(a->x, i), a->width * sizeof *x);
        memcpy(pm_row(h->embed, r), pm_row(a->embed, i), a->d * sizeof *e);
        h->row[r++] = (uint32_t)i;
    }
    return PM_OK;
}

static pm_status guess_linear(pm_call *c, const struct expect_rows *a, const struct held *h,
                              const struct expect_means *means, struct expect_guesses *out)
{
    size_t m = a->m;
    struct expect_chosen rows;
    struct expect_linear f = {.intercept = c->host->scratch(c, 2 * m, sizeof(float)),
                              .smear = c->host->scratch(c, m, sizeof(double))};
    float *w = c->host->scratch(c, a->width * 2 * m, sizeof *w);
    if (!w || !f.intercept || !f.smear) return PM_E_MEMORY;
    f.w = (pm_mat){w, a->width, 2 * m, 2 * m};
    pm_status st = expect_choose(c, a, means, a->fold[h->row[0]], &rows);
    pm_cmat x = {h->x.at, h->n, a->width, a->width}, cw = {w, a->width, 2 * m, 2 * m};
    for (size_t l = 0; l < EXPECT_LAMBDAS && st == PM_OK; l++) {
        st = expect_linear_fit(c, &rows, means, expect_lambda[l], &f);
        if (st == PM_OK)
            st = c->host->gemm(c, 'n', 'n', 1, x, cw, 0, (pm_mat){h->answer, h->n, 2 * m, 2 * m},
                               PM_GEMM_ROWWISE);
        for (size_t r = 0; r < h->n && st == PM_OK; r++)
            for (size_t j = 0; j < m; j++) {
                const float *at = h->answer + r * 2 * m;
                size_t to = (size_t)h->row[r] * m + j;
                double raw = (double)at[j] + (double)f.intercept[j];
                double lg = (double)at[m + j] + (double)f.intercept[m + j];
                out->ridge[l][to] = (float)expect_raw(raw, means->most[j]);
                out->log[l][to] =
                    (float)expect_log(lg, f.smear[j], means->offset[j], means->most[j]);
            }
    }
    return st;
}

static pm_status guess_near(pm_call *c, const struct expect_rows *a, const struct held *h,
                            const struct expect_means *means, struct expect_guesses *out)
{
    const pm_table_service *tables = c->host->service(PM_TABLE_SERVICE);
    if (!tables) return c->host->fail(c, PM_E_UNSUPPORTED, "this host has no " PM_TABLE_SERVICE);
    uint32_t fold = a->fold[h->row[0]];
    size_t n = 0, m = a->m;
    for (size_t i = 0; i < a->n; i++) n += a->fold[i] != fold;
    float *e = c->host->scratch(c, n * a->d + 1, sizeof *e);
    float *seen = c->host->scratch(c, n * m + 1, sizeof *seen), *to[EXPECT_KS];
    if (!e || !seen) return PM_E_MEMORY;
    for (size_t i = 0, r = 0; i < a->n; i++) {
        if (a->fold[i] == fold) continue;
        memcpy(e + r * a->d, pm_row(a->embed, i), a->d * sizeof *e);
        memcpy(seen + r++ * m, a->y + i * m, m * sizeof *seen);
    }
    for (size_t q = 0; q < EXPECT_KS; q++)
        if (!(to[q] = c->host->scratch(c, h->n * m + 1, sizeof **to))) return PM_E_MEMORY;
    struct expect_nearest near = {NULL, seen, m, means->mean};
    pm_table *table = NULL;
    pm_status st = tables->build(c, (pm_cmat){e, n, a->d, a->d}, PM_F32, &table);
    near.table = table;
    if (st == PM_OK)
        st = expect_near(&near, c, (pm_cmat){h->embed.at, h->n, a->d, a->d}, expect_k, EXPECT_KS,
                         to);
    for (size_t q = 0; q < EXPECT_KS && st == PM_OK; q++)
        for (size_t r = 0; r < h->n; r++)
            memcpy(out->near[q] + (size_t)h->row[r] * m, to[q] + r * m, m * sizeof **to);
    return st;
}

pm_status expect_fold_guess(pm_call *c, const struct expect_rows *a, uint32_t fold,
                            struct expect_guesses *out)
{
    struct held h;
    struct expect_means means;
    pm_status st = hold(c, a, fold, &h);
    if (st == PM_OK) st = expect_means_of(c, a, fold, &means);
    if (st != PM_OK || h.n == 0 || h.n == a->n) return st;
    for (size_t r = 0; r < h.n; r++)
        for (size_t j = 0; j < a->m; j++)
            out->mean[(size_t)h.row[r] * a->m + j] = (float)means.mean[j];
    st = guess_linear(c, a, &h, &means, out);
    return st == PM_OK ? guess_near(c, a, &h, &means, out) : st;
}
