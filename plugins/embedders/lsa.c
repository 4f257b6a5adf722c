/* SPDX-License-Identifier: MIT
 *
 * lsa: hashed word and character n-grams, TF-IDF, truncated SVD fitted on the training texts (latent
 * semantic analysis).  Texts are read in lsa_grams.c and weighed in lsa_weigh.c, training is lsa_fit.c; the
 * solver is the host's (pm.linalg/1).
 */
#include "lsa.h"

#include <math.h>

enum { AHEAD = 2 };

struct embedding {
    const pm_embedder *e;
    const pm_str *text;
    pm_mat out;
};

/* Asks for a row of V before it is needed: rows lie far apart, and waiting for them is most of the
 * work (0.69 ms a text of 1,800 n-grams without this and the blocks of add_row, 0.18 with). */
static void fetch(const float *row, size_t dims)
{
#if defined(__GNUC__)
    for (size_t t = 0; t < dims; t += 16) __builtin_prefetch(row + t);
#else
    (void)row, (void)dims;
#endif
}

/* Compiled for wider vectors too, chosen when the plugin is loaded.  Columns are added each on its own and
 * never fused, so the bits are the same. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDE
#endif

/* sum += value * row, in blocks of 8 that compilers turn into vectors at -O2. */
WIDE static void add_row(const float *restrict row, double value, size_t dims, double *restrict sum)
{
    size_t t = 0;
    for (; t + 8 <= dims; t += 8)
        for (size_t u = 0; u < 8; u++) sum[t + u] += value * (double)row[t + u];
    for (; t < dims; t++) sum[t] += value * (double)row[t];
}

/* sum = sum over the row's columns, ascending, of value * V[column]; in double. */
static void project(const pm_embedder *e, const struct weigher *w, double *sum)
{
    memset(sum, 0, e->dim * sizeof *sum);
    for (size_t g = 0; g < w->n; g++) {
        if (g + AHEAD < w->n) fetch(e->right + (size_t)w->col[g + AHEAD] * e->dim, e->dim);
        add_row(e->right + (size_t)w->col[g] * e->dim, (double)w->val[g], e->dim, sum);
    }
}

/* The same with rows of bytes, sums in float32. */
static pm_status project_bytes(const pm_embedder *e, pm_call *c, const struct weigher *w,
                               float *row, double *sum)
{
    const pm_linalg_service *linalg = c->host->service(PM_LINALG_SERVICE);
    const uint64_t start[2] = {0, w->n};
    if (!linalg || !PM_HAS(linalg, csr_i8))
        return c->host->fail(c, PM_E_UNSUPPORTED, "no " PM_LINALG_SERVICE " with csr_i8 here");
    pm_status st = linalg->csr_i8(c, &(pm_csr){start, w->col, w->val, 1, e->v}, e->bytes, e->scale,
                                  (pm_mat){row, 1, e->dim, e->dim});
    for (size_t t = 0; t < e->dim; t++) sum[t] = (double)row[t];
    return st;
}

static pm_status embed_texts(pm_call *worker, size_t lo, size_t hi, void *arg)
{
    const struct embedding *a = arg;
    const struct lsa_params *p = worker->params;
    const pm_embedder *e = a->e;
    double *sum = worker->host->scratch(worker, e->dim, sizeof *sum);
    struct weigher w;
    pm_status st = weigher_open(e, worker, lsa_longest(a->text, lo, hi), &w);
    if (st == PM_OK && !sum) st = PM_E_MEMORY;
    for (size_t i = lo; st == PM_OK && i < hi; i++) {
        float *out = pm_row(a->out, i);
        st = weigher_row(&w, a->text[i]);
        if (st == PM_OK && e->right) project(e, &w, sum);
        if (st == PM_OK && !e->right) st = project_bytes(e, worker, &w, out, sum);
        if (st != PM_OK) return st;
        double squares = 0;
        for (size_t t = 0; t < e->dim; t++) squares += sum[t] * sum[t];
        double scale = p->normalize && squares > 0 ? 1 / sqrt(squares) : 1;
        for (size_t t = 0; t < e->dim; t++) out[t] = (float)(sum[t] * scale);
    }
    return st;
}

static pm_status embed(const pm_embedder *e, pm_call *c, const pm_str *text, size_t n, pm_mat out)
{
    struct embedding a = {.e = e, .text = text, .out = out};
    return n < 2 ? embed_texts(c, 0, n, &a) : c->host->parallel(c, n, LSA_GRAIN, embed_texts, &a);
}

static size_t dim(const pm_embedder *e)
{
    return e->dim;
}

static size_t sparse_dim(const pm_embedder *e)
{
    return e->v;
}

struct sparse_rows {
    const pm_embedder *e;
    const pm_str *text;
    uint64_t *start;
    uint32_t *col; /* NULL: first pass, which writes the cells of row i to start[i + 1] */
    float *val;
};

static pm_status sparse_texts(pm_call *worker, size_t lo, size_t hi, void *arg)
{
    const struct sparse_rows *a = arg;
    struct weigher w;
    pm_status st = weigher_open(a->e, worker, lsa_longest(a->text, lo, hi), &w);
    for (size_t i = lo; st == PM_OK && i < hi; i++) {
        st = weigher_row(&w, a->text[i]);
        if (st != PM_OK) return st;
        if (!a->col) {
            a->start[i + 1] = w.n;
            continue;
        }
        memcpy(a->col + a->start[i], w.col, w.n * sizeof *w.col);
        memcpy(a->val + a->start[i], w.val, w.n * sizeof *w.val);
    }
    return st;
}

/* Twice over the texts, to count and to write: the rows of many texts need no bound that way. */
static pm_status sparse(const pm_embedder *e, pm_call *c, const pm_str *text, size_t n, pm_csr *out)
{
    struct sparse_rows a = {e, text, c->host->scratch(c, n + 1, sizeof(uint64_t)), NULL, NULL};
    if (!a.start) return PM_E_MEMORY;
    pm_status st = c->host->parallel(c, n, LSA_GRAIN, sparse_texts, &a);
    if (st != PM_OK) return st;
    for (size_t i = 0; i < n; i++) a.start[i + 1] += a.start[i];
    a.col = c->host->scratch(c, a.start[n], sizeof *a.col);
    a.val = c->host->scratch(c, a.start[n], sizeof *a.val);
    if (!a.col || !a.val) return PM_E_MEMORY;
    *out = (pm_csr){a.start, a.col, a.val, n, e->v};
    return c->host->parallel(c, n, LSA_GRAIN, sparse_texts, &a);
}

static pm_status save(const pm_embedder *e, pm_call *c, pm_store *s)
{
    pm_status st = c->host->put_tensor(c, s, "key", (pm_tensor){PM_U32, 1, {e->v}, e->key});
    if (st == PM_OK) st = c->host->put_tensor(c, s, "idf", (pm_tensor){PM_F32, 1, {e->v}, e->idf});
    if (st == PM_OK)
        st = c->host->put_tensor(c, s, "singular", (pm_tensor){PM_F32, 1, {e->dim}, e->singular});
    if (st == PM_OK && e->bytes)
        st = c->host->put_tensor(c, s, "scale", (pm_tensor){PM_F32, 1, {e->v}, e->scale});
    if (st != PM_OK) return st;
    pm_tensor right = {PM_F32, 2, {e->v, e->dim}, e->right};
    if (e->bytes) right.dtype = PM_I8, right.ptr = e->bytes;
    return c->host->put_tensor(c, s, "right", right);
}

static pm_status load(pm_embedder *e, pm_call *c, pm_store *s)
{
    const struct lsa_params *p = c->params;
    pm_tensor key = {0}, idf = {0}, singular = {0}, right = {0}, scale = {0};
    pm_dtype kind = p->rows == LSA_ROWS_I8 ? PM_I8 : PM_F32;
    pm_status st = c->host->view_tensor(c, s, "key", PM_U32, &key);
    if (st == PM_OK) st = c->host->view_tensor(c, s, "idf", PM_F32, &idf);
    if (st == PM_OK) st = c->host->view_tensor(c, s, "singular", PM_F32, &singular);
    if (st == PM_OK) st = c->host->view_tensor(c, s, "right", kind, &right);
    if (st == PM_OK && kind == PM_I8) st = c->host->view_tensor(c, s, "scale", PM_F32, &scale);
    if (st != PM_OK) return st;
    if (right.n_dims != 2 || right.dim[0] != key.dim[0] || idf.dim[0] != key.dim[0] ||
        right.dim[1] != singular.dim[0] || (kind == PM_I8 && scale.dim[0] != key.dim[0]))
        return c->host->fail(c, PM_E_FORMAT, "tensors disagree in shape");
    e->buckets = (size_t)p->buckets, e->v = key.dim[0], e->dim = right.dim[1];
    e->key = key.ptr, e->idf = idf.ptr, e->singular = singular.ptr;
    if (kind == PM_I8)
        e->bytes = right.ptr, e->scale = scale.ptr;
    else
        e->right = right.ptr;
    return lsa_index(e, c);
}

static const char *const rows_words[] = {"int8", "float32", NULL};
static const char *const svd_words[] = {"randomised", "exact", NULL};
static const pm_param params[] = {
    PM_PARAM(PM_P_I64, struct lsa_params, dim, 256, 1, 4096,
             "dimensions of the embedding (count); fewer where texts or columns are fewer"),
    PM_PARAM(PM_P_I64, struct lsa_params, buckets, 262144, 16, 4194304,
             "hash buckets of each of the two blocks (count)"),
    PM_PARAM(PM_P_I64, struct lsa_params, min_df, 2, 1, 1000000,
             "training texts that must hold an n-gram for it to be kept (count)"),
    PM_PARAM(PM_P_BOOL, struct lsa_params, normalize, 1, 0, 1,
             "scale every embedding to unit length (flag)"),
    PM_PARAM(PM_P_F64, struct lsa_params, tolerance, 1e-4, 1e-10, 0.1,
             "exact: stop when singular values move by less than this (relative)"),
    PM_PARAM_WORDS(PM_P_CHOICE, struct lsa_params, rows, LSA_ROWS_I8, 0, 1, rows_words,
                   "rows of the projection: bytes with a scale each, or \"float32\""),
    PM_PARAM_WORDS(
        PM_P_CHOICE, struct lsa_params, svd, LSA_SVD_RANDOMISED, 0, 1, svd_words,
        "\"randomised\" Krylov space, or \"exact\" to the tolerance (10 times slower or more)"),
    PM_PARAM(PM_P_I64, struct lsa_params, oversampling, 608, 0, 8192,
             "randomised: dimensions of the Krylov space beyond dim (count)"),
    PM_PARAM(
        PM_P_I64, struct lsa_params, power_iterations, 8, 0, 64,
        "randomised: powers in the Krylov space (count); more are nearer to exact, and slower"),
    PM_PARAM_END,
};

static const pm_embedder_type lsa = {
    .size = sizeof lsa,
    .name = "lsa",
    .doc = "Latent semantic analysis of hashed word and character n-grams. Words and pairs of "
           "words, and runs of 3 to 5 characters, are hashed to two blocks of buckets; weight (1 "
           "+ ln tf)(ln((1 + n) / (1 + df)) + 1); each block to unit length, times sqrt(1/2); "
           "projected on the leading right singular vectors of the training texts. Lower-cased "
           "(ASCII, Latin-1, Latin Extended-A, Greek, Cyrillic, letter by letter); a run of two "
           "or more white spaces is one blank for characters; words are letters, digits and "
           "underscores, where every code point from U+0080 on counts as a letter unless it is "
           "known punctuation, symbol, space or accent (combining marks of Indic scripts stay "
           "inside words; no Unicode tables are used). Also offers the weighted sparse features. "
           "Wins without any pretrained model, on topic and format; loses on meaning across "
           "wordings and languages.",
    .source =
        "Deerwester et al. 1990; weighting as scikit-learn's TfidfTransformer(sublinear_tf); "
        "hashing: multiply-shift of vectors (Thorup 2015, section 3.2) and polynomials, without "
        "signs",
    .params = params,
    .params_bytes = sizeof(struct lsa_params),
    .state_bytes = sizeof(pm_embedder),
    .train = lsa_train,
    .save = save,
    .load = load,
    .dim = dim,
    .embed = embed,
    .sparse_dim = sparse_dim,
    .sparse = sparse,
};
PM_PLUGIN_EMBEDDER(lsa, "1.0", "MIT")
