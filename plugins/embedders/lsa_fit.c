/* SPDX-License-Identifier: MIT
 *
 * Training of lsa: which n-grams get a column, their idf, and the singular vectors.
 */
#include <math.h>

#include "lsa.h"

struct counting { /* a chunk of texts; text i owns key and times from offset[i] on */
    const pm_embedder *e;
    const pm_str *text;
    size_t offset[LSA_CHUNK + 1], distinct[LSA_CHUNK];
    uint32_t *key;
    float *times;
};

static pm_status count_texts(pm_call *worker, size_t lo, size_t hi, void *arg)
{
    struct counting *a = arg;
    grams *g = NULL;
    pm_status st = grams_open(worker, a->e->buckets, lsa_longest(a->text, lo, hi), &g);
    for (size_t i = lo; st == PM_OK && i < hi; i++)
        st = grams_count(g, a->text[i], NULL, a->key + a->offset[i], a->times + a->offset[i],
                         &a->distinct[i]);
    return st;
}

/* Columns and weights instead of keys and times. */
static pm_status weigh_texts(pm_call *worker, size_t lo, size_t hi, void *arg)
{
    struct counting *a = arg;
    struct weigher w;
    pm_status st = weigher_open(a->e, worker, lsa_longest(a->text, lo, hi), &w);
    for (size_t i = lo; st == PM_OK && i < hi; i++) {
        st = weigher_row(&w, a->text[i]);
        if (st != PM_OK) return st;
        memcpy(a->key + a->offset[i], w.col, w.n * sizeof *w.col);
        memcpy(a->times + a->offset[i], w.val, w.n * sizeof *w.val);
        a->distinct[i] = w.n;
    }
    return st;
}

/* Runs `body` over all texts chunk by chunk, with each chunk's result handed to `use`. */
typedef void (*use_chunk)(const struct counting *a, size_t first, size_t n, void *arg);

static pm_status each_chunk(const pm_embedder *e, pm_call *c, const pm_prompts *x, pm_body body,
                            use_chunk use, void *arg)
{
    struct counting *a = c->host->scratch(c, 1, sizeof *a);
    size_t most = 0;
    for (size_t lo = 0; lo < x->n; lo += LSA_CHUNK) {
        size_t sum = 0;
        for (size_t i = lo; i < x->n && i < lo + LSA_CHUNK; i++)
            sum += grams_most(x->text[i].len, e->buckets);
        most = sum > most ? sum : most;
    }
    uint32_t *key = c->host->scratch(c, most, sizeof *key);
    float *times = c->host->scratch(c, most, sizeof *times);
    if (!a || !key || !times) return PM_E_MEMORY;
    for (size_t lo = 0; lo < x->n; lo += LSA_CHUNK) {
        size_t n = x->n - lo < LSA_CHUNK ? x->n - lo : LSA_CHUNK;
        a->e = e, a->text = x->text + lo, a->key = key, a->times = times;
        for (size_t i = 0; i < n; i++)
            a->offset[i + 1] = a->offset[i] + grams_most(a->text[i].len, e->buckets);
        pm_status st = c->host->parallel(c, n, LSA_GRAIN, body, a);
        if (st == PM_OK) st = c->host->progress(c, 0.05 * (double)(lo + n) / (double)x->n, NULL, 0);
        if (st != PM_OK) return st;
        use(a, lo, n, arg);
    }
    return PM_OK;
}

static void count_documents(const struct counting *a, size_t first, size_t n, void *df)
{
    (void)first;
    for (size_t i = 0; i < n; i++)
        for (size_t g = 0; g < a->distinct[i]; g++) ((uint32_t *)df)[a->key[a->offset[i] + g]]++;
}

struct filling {
    uint64_t *start;
    uint32_t *col;
    float *val;
};

static void fill_rows(const struct counting *a, size_t first, size_t n, void *arg)
{
    struct filling *f = arg;
    for (size_t i = 0; i < n; i++) {
        uint64_t at = f->start[first + i];
        memcpy(f->col + at, a->key + a->offset[i], a->distinct[i] * sizeof *f->col);
        memcpy(f->val + at, a->times + a->offset[i], a->distinct[i] * sizeof *f->val);
        f->start[first + i + 1] = at + a->distinct[i];
    }
}

/* Keeps the keys of at least min_df texts; idf = ln((1 + n) / (1 + df)) + 1. */
static pm_status keep_columns(pm_embedder *e, pm_call *c, const uint32_t *df, size_t n,
                              size_t *cells)
{
    const struct lsa_params *p = c->params;
    size_t least = (size_t)p->min_df, v = 0;
    for (;;) {
        for (size_t k = v = 0; k < 2 * e->buckets; k++) v += df[k] >= least;
        if (v || least == 1) break;
        c->host->note(c, PM_NOTE_WARN, "no n-gram occurs in %zu of %zu texts; keeping all", least,
                      n);
        least = 1;
    }
    if (!v) return c->host->fail(c, PM_E_ARG, "none of %zu texts holds a word or 3 characters", n);
    uint32_t *key = c->host->own(c, v, sizeof *key);
    float *idf = c->host->own(c, v, sizeof *idf);
    if (!key || !idf) return PM_E_MEMORY;
    *cells = v = 0;
    for (size_t k = 0; k < 2 * e->buckets; k++) {
        if (df[k] < least) continue;
        key[v] = (uint32_t)k;
        idf[v++] = (float)(log((1 + (double)n) / (1 + (double)df[k])) + 1);
        *cells += df[k];
    }
    e->v = v, e->key = key, e->idf = idf;
    return lsa_index(e, c);
}

/* The weighted rows of all texts. */
static pm_status fit_features(pm_embedder *e, pm_call *c, const pm_prompts *x, pm_csr *out)
{
    size_t cells = 0;
    uint32_t *df = c->host->scratch(c, 2 * e->buckets, sizeof *df);
    if (!df) return PM_E_MEMORY;
    pm_status st = each_chunk(e, c, x, count_texts, count_documents, df);
    if (st == PM_OK) st = keep_columns(e, c, df, x->n, &cells);
    if (st != PM_OK) return st;
    struct filling f = {c->host->scratch(c, x->n + 1, sizeof *f.start),
                        c->host->scratch(c, cells, sizeof *f.col),
                        c->host->scratch(c, cells, sizeof *f.val)};
    if (!f.start || !f.col || !f.val) return PM_E_MEMORY;
    *out = (pm_csr){f.start, f.col, f.val, x->n, e->v};
    return each_chunk(e, c, x, weigh_texts, fill_rows, &f);
}

/* The projection, in the form that will be kept. */
static pm_status fit_projection(pm_embedder *e, pm_call *c, const pm_csr *rows)
{
    const struct lsa_params *p = c->params;
    const pm_linalg_service *linalg = c->host->service(PM_LINALG_SERVICE);
    if (!linalg || !PM_HAS(linalg, csr_i8))
        return c->host->fail(c, PM_E_UNSUPPORTED, "no " PM_LINALG_SERVICE " with svd here");
    float *singular = c->host->own(c, e->dim, sizeof *singular);
    pm_svd want = {.size = sizeof want,
                   .method = p->svd == LSA_SVD_EXACT ? PM_SVD_EXACT : PM_SVD_RANDOMISED,
                   .k = e->dim,
                   .tolerance = p->tolerance,
                   .oversampling = (size_t)p->oversampling,
                   .power_iterations = (size_t)p->power_iterations,
                   .singular = singular};
    if (p->rows == LSA_ROWS_I8) {
        want.right_i8 = c->host->own(c, e->v, e->dim);
        want.scale = c->host->own(c, e->v, sizeof *want.scale);
        if (!want.right_i8 || !want.scale) return PM_E_MEMORY;
    } else {
        want.right = (pm_mat){c->host->own(c, e->v * e->dim, sizeof(float)), e->v, e->dim, e->dim};
        if (!want.right.at) return PM_E_MEMORY;
    }
    if (!singular) return PM_E_MEMORY;
    e->singular = singular, e->right = want.right.at;
    e->bytes = want.right_i8, e->scale = want.scale;
    return linalg->svd(c, rows, &want);
}

pm_status lsa_train(pm_embedder *e, pm_call *c, const pm_fit *fit)
{
    const struct lsa_params *p = c->params;
    size_t n = fit->x->n;
    pm_csr rows;
    if (!fit->x->text || !n) return c->host->fail(c, PM_E_ARG, "no texts to train on");
    e->buckets = (size_t)p->buckets;
    pm_status st = fit_features(e, c, fit->x, &rows);
    if (st != PM_OK) return st;
    size_t rank = n < e->v ? n : e->v;
    e->dim = (size_t)p->dim < rank ? (size_t)p->dim : rank;
    if (e->dim < (size_t)p->dim)
        c->host->note(c, PM_NOTE_WARN, "dim = %zu, not %zu: %zu texts with %zu columns", e->dim,
                      (size_t)p->dim, n, e->v);
    return fit_projection(e, c, &rows);
}
