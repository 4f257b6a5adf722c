/* SPDX-License-Identifier: MIT
 *
 * Chooses by held-out squared error how each expert's amounts are expected, then fits on all rows.
 */
#include <math.h>

#include "expect_fold.h"

enum { FOLDS = 5, FEWEST = 10 }; /* known held-out cells below which the mean serves */

struct study {
    pm_call *c;
    struct expect_rows rows;
    struct expect_guesses guess;
    uint32_t *lambda[2], *k, *way; /* [m] settings: of ridge and log; neighbours; EXPECT_* */
    double *shrink;
};

/* ---- rows ------------------------------------------------------------------------------------------------ */

static uint64_t hash_of(pm_str text) /* FNV-1a, then the finaliser of MurmurHash3 */
{
    uint64_t h = 14695981039346656037u;
    for (size_t b = 0; b < text.len; b++) h = (h ^ (unsigned char)text.ptr[b]) * 1099511628211u;
    h = (h ^ h >> 33) * 0xff51afd7ed558ccdu;
    return h ^ h >> 33;
}

static void copy_part(struct expect_rows *a, const struct expect_features *f, const pm_prompts *x,
                      pm_cmat y, size_t at)
{
    expect_features_read(f, x, (pm_mat){pm_row(a->x, at), x->n, a->width, a->width});
    for (size_t i = 0; i < x->n; i++) {
        memcpy(pm_row(a->embed, at + i), pm_crow(x->embed, i), a->d * sizeof(float));
        memcpy(a->y + (at + i) * a->m, pm_crow(y, i), a->m * sizeof(float));
    }
}

/* Equal texts, and prompts of one document, are held out together. */
static void deal(struct expect_rows *a, const pm_fit *fit)
{
    size_t n = fit->x->n;
    a->n_folds = a->n > n ? 1 : FOLDS;
    for (size_t i = 0; i < a->n; i++) {
        uint64_t group = fit->group && i < n ? fit->group[i] : 0;
        pm_str key = {(const char *)&group, sizeof group};
        if (i < n && !fit->group) key = fit->x->text[i];
        a->fold[i] = (uint32_t)(hash_of(key) % FOLDS);
        if (a->n > n) a->fold[i] = i < n ? EXPECT_NEVER - 1 : 0;
    }
}

static pm_status open_rows(struct study *s, const struct expect_features *f,
                           const struct expect_goal *goal)
{
    struct expect_rows *a = &s->rows;
    const pm_fit *fit = goal->fit;
    size_t n = fit->x->n, tune = fit->tune_x && goal->tune.at ? fit->tune_x->n : 0;
    *a = (struct expect_rows){
        .n = n + tune, .m = fit->lib->n, .d = f->d, .width = f->d + EXPECT_SHAPES};
    float *x = s->c->host->scratch(s->c, a->n * a->width, sizeof *x);
    float *e = s->c->host->scratch(s->c, a->n * a->d + 1, sizeof *e);
    a->y = s->c->host->scratch(s->c, a->n * a->m, sizeof *a->y);
    a->fold = s->c->host->scratch(s->c, a->n, sizeof *a->fold);
    if (!x || !e || !a->y || !a->fold) return PM_E_MEMORY;
    a->x = (pm_mat){x, a->n, a->width, a->width};
    a->embed = (pm_mat){e, a->n, a->d, a->d};
    copy_part(a, f, fit->x, goal->y, 0);
    if (tune) copy_part(a, f, fit->tune_x, goal->tune, n);
    deal(a, fit);
    return PM_OK;
}

static float *blank(const struct study *s)
{
    size_t cells = s->rows.n * s->rows.m;
    float *at = s->c->host->scratch(s->c, cells, sizeof *at);
    for (size_t q = 0; at && q < cells; q++) at[q] = NAN;
    return at;
}

static pm_status guess_all(struct study *s)
{
    struct expect_guesses *g = &s->guess;
    int ok = (g->mean = blank(s)) != NULL;
    for (size_t l = 0; ok && l < EXPECT_LAMBDAS; l++)
        ok = (g->ridge[l] = blank(s)) && (g->log[l] = blank(s));
    for (size_t q = 0; ok && q < EXPECT_KS; q++) ok = (g->near[q] = blank(s)) != NULL;
    pm_status st = ok ? PM_OK : PM_E_MEMORY;
    for (uint32_t f = 0; f < s->rows.n_folds && st == PM_OK; f++)
        st = expect_fold_guess(s->c, &s->rows, f, g);
    return st;
}

/* ---- choices --------------------------------------------------------------------------------------------- */

/* Sum of squared errors of column j; *known: cells. */
static double error_of(const struct study *s, const float *guess, size_t j, size_t *known)
{
    double sum = 0;
    *known = 0;
    for (size_t i = 0; i < s->rows.n; i++) {
        size_t at = i * s->rows.m + j;
        double e = (double)guess[at] - (double)s->rows.y[at];
        if (e == e) sum += e * e, ++*known;
    }
    return sum;
}

static uint32_t least(const struct study *s, float *const *guess, size_t n, size_t j)
{
    size_t known, best = 0;
    for (size_t q = 1; q < n; q++)
        if (error_of(s, guess[q], j, &known) < error_of(s, guess[best], j, &known)) best = q;
    return (uint32_t)best;
}

/* What way `way` guesses for cell `at` of column j, settings as chosen. */
static double guess_of(const struct study *s, uint32_t way, size_t at, size_t j)
{
    const struct expect_guesses *g = &s->guess;
    double ridge = (double)g->ridge[s->lambda[0][j]][at], lg = (double)g->log[s->lambda[1][j]][at];
    double near = (double)g->near[s->k[j]][at];
    switch (way) {
    case EXPECT_RIDGE:
        return ridge;
    case EXPECT_LOG:
        return lg;
    case EXPECT_NEAR:
        return near;
    case EXPECT_BLEND:
        return (ridge + lg + near) / 3;
    default:
        return (double)g->mean[at];
    }
}

static void choose_column(struct study *s, size_t j)
{
    double error[EXPECT_WAYS] = {0}, along = 0, square = 0;
    size_t known, m = s->rows.m;
    error_of(s, s->guess.mean, j, &known);
    s->way[j] = EXPECT_MEAN;
    s->shrink[j] = 1;
    s->lambda[0][j] = least(s, s->guess.ridge, EXPECT_LAMBDAS, j);
    s->lambda[1][j] = least(s, s->guess.log, EXPECT_LAMBDAS, j);
    s->k[j] = least(s, s->guess.near, EXPECT_KS, j);
    if (known < FEWEST) return;
    for (uint32_t w = 0; w < EXPECT_WAYS; w++) {
        for (size_t at = j; at < s->rows.n * m; at += m) {
            double e = guess_of(s, w, at, j) - (double)s->rows.y[at];
            if (e == e) error[w] += e * e;
        }
        if (error[w] < error[s->way[j]]) s->way[j] = w;
    }
    for (size_t at = j; at < s->rows.n * m; at += m) {
        double mean = (double)s->guess.mean[at], p = guess_of(s, s->way[j], at, j) - mean;
        double y = (double)s->rows.y[at] - mean;
        if (p * y == p * y) along += p * y, square += p * p;
    }
    if (square > 0) s->shrink[j] = along < square ? (along > 0 ? along / square : 0) : 1;
}

static pm_status choose(struct study *s, struct expect_report *r)
{
    size_t m = s->rows.m;
    uint32_t *at = s->c->host->scratch(s->c, 4 * m, sizeof *at);
    s->shrink = s->c->host->scratch(s->c, m, sizeof *s->shrink);
    if (!at || !s->shrink) return PM_E_MEMORY;
    s->lambda[0] = at, s->lambda[1] = at + m, s->k = at + 2 * m, s->way = at + 3 * m;
    for (size_t j = 0; j < m; j++) choose_column(s, j);
    double n = 0, sum[4] = {0};
    for (size_t cell = 0; cell < s->rows.n * m; cell++) {
        size_t j = cell % m;
        double mean = (double)s->guess.mean[cell], y = (double)s->rows.y[cell];
        double p = mean + s->shrink[j] * (guess_of(s, s->way[j], cell, j) - mean);
        if (p != p || y != y) continue;
        n += 1;
        sum[0] += fabs(p - y), sum[1] += (p - y) * (p - y);
        sum[2] += fabs(mean - y), sum[3] += (mean - y) * (mean - y);
    }
    *r = (struct expect_report){sum[0] / n, sqrt(sum[1] / n), sum[2] / n, sqrt(sum[3] / n)};
    return PM_OK;
}

/* ---- the whole ------------------------------------------------------------------------------------------- */

static int any_way(const struct study *s, uint32_t way)
{
    for (size_t j = 0; j < s->rows.m; j++)
        if (s->way[j] == way || s->way[j] == EXPECT_BLEND) return 1;
    return 0;
}

/* Columns of every chosen penalty, each from a fit of all columns with it. */
static pm_status fit_linear(struct expect *e, const struct study *s)
{
    pm_call *c = s->c;
    const struct expect_rows *a = &s->rows;
    size_t m = a->m;
    float *weight = c->host->own(c, a->width * 2 * m, sizeof *weight), *w;
    float *intercept = c->host->own(c, 2 * m, sizeof *intercept);
    double *factor = c->host->own(c, m, sizeof *factor);
    struct expect_linear f = {.intercept = c->host->scratch(c, 2 * m, sizeof(float)),
                              .smear = c->host->scratch(c, m, sizeof(double))};
    struct expect_means means;
    struct expect_chosen rows;
    w = c->host->scratch(c, a->width * 2 * m, sizeof *w);
    if (!weight || !intercept || !factor || !w || !f.intercept || !f.smear) return PM_E_MEMORY;
    f.w = (pm_mat){w, a->width, 2 * m, 2 * m};
    e->weight = weight, e->intercept = intercept, e->smear = factor;
    if (!any_way(s, EXPECT_RIDGE) && !any_way(s, EXPECT_LOG)) return PM_OK;
    pm_status st = expect_means_of(c, a, EXPECT_NEVER, &means);
    if (st == PM_OK) st = expect_choose(c, a, &means, EXPECT_NEVER, &rows);
    for (uint32_t l = 0; l < EXPECT_LAMBDAS && st == PM_OK; l++) {
        int wanted = 0;
        for (size_t j = 0; j < 2 * m; j++) wanted |= s->lambda[j / m][j % m] == l;
        if (!wanted) continue;
        st = expect_linear_fit(c, &rows, &means, expect_lambda[l], &f);
        for (size_t j = 0; j < 2 * m && st == PM_OK; j++) {
            if (s->lambda[j / m][j % m] != l) continue;
            for (size_t t = 0; t < a->width; t++) weight[t * 2 * m + j] = w[t * 2 * m + j];
            intercept[j] = f.intercept[j];
            if (j >= m) factor[j - m] = f.smear[j - m];
        }
    }
    return st;
}

static pm_status keep_near(struct expect *e, const struct study *s)
{
    const struct expect_rows *a = &s->rows;
    const pm_table_service *tables = s->c->host->service(PM_TABLE_SERVICE);
    if (!any_way(s, EXPECT_NEAR)) return PM_OK;
    float *seen = s->c->host->own(s->c, a->n * a->m, sizeof *seen);
    if (!seen) return PM_E_MEMORY;
    memcpy(seen, a->y, a->n * a->m * sizeof *seen);
    pm_table *table = NULL;
    pm_status st = tables->build(s->c, (pm_cmat){a->embed.at, a->n, a->d, a->d}, PM_F32, &table);
    e->near = table;
    e->seen = seen;
    return st;
}

static pm_status keep_columns(struct expect *e, const struct study *s)
{
    size_t m = s->rows.m;
    struct expect_means means;
    double *at = s->c->host->own(s->c, 3 * m, sizeof *at);
    uint32_t *word = s->c->host->own(s->c, 2 * m, sizeof *word);
    if (!at || !word) return PM_E_MEMORY;
    pm_status st = expect_means_of(s->c, &s->rows, EXPECT_NEVER, &means);
    if (st != PM_OK) return st;
    for (size_t j = 0; j < m; j++) {
        at[j] = means.mean[j], at[m + j] = means.most[j], at[2 * m + j] = s->shrink[j];
        word[j] = s->way[j], word[m + j] = expect_k[s->k[j]];
    }
    e->m = m;
    e->mean = at, e->most = at + m, e->shrink = at + 2 * m;
    e->way = word, e->k = word + m;
    return PM_OK;
}

pm_status expect_learn(struct expect *e, pm_call *c, const struct expect_goal *goal,
                       struct expect_report *report)
{
    struct study s = {.c = c};
    pm_status st = expect_features_learn(&e->f, c, goal->fit->x);
    if (st == PM_OK) st = open_rows(&s, &e->f, goal);
    if (st == PM_OK) st = guess_all(&s);
    if (st == PM_OK) st = choose(&s, report);
    if (st == PM_OK) st = keep_columns(e, &s);
    if (st == PM_OK) st = fit_linear(e, &s);
    return st == PM_OK ? keep_near(e, &s) : st;
}
