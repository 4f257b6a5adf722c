/* SPDX-License-Identifier: MIT
 *
 * lsa: hashed word and character n-grams, TF-IDF, truncated SVD fitted on the training texts (latent
 * semantic analysis).  Texts are read in lsa_grams.c; the solver is the host's (pm.linalg/1).
 */
#include <math.h>
#include <pointsman/plugin.h>

#include "lsa_grams.h"

struct lsa_params {
    int64_t dim, buckets, min_df, normalize;
    double tolerance;
};

enum { CHUNK = 512, GRAIN = 8, AHEAD = 2 };

/* A key is a bucket of words, or buckets + a bucket of characters: one ascending range of columns. */
struct pm_embedder {
    size_t buckets, v, words; /* kept columns; the first `words` of them are of the word block */
    size_t dim;
    const uint32_t *key;    /* [v] ascending */
    const uint32_t *column; /* [2 buckets] column of a key, or PM_NO_COL */
    const float *idf;       /* [v] */
    const float *singular;  /* [dim] */
    const float *right;     /* [v x dim] */
};

/* One weighted row: (1 + ln tf) idf, each block to unit length, times sqrt(1/2).  col, val hold
 * grams_most(text); columns ascend. */
static pm_status weigh(const pm_embedder *e, pm_call *c, pm_str text, uint32_t *col, float *val,
                       size_t *n_out)
{
    size_t distinct = 0, n = 0;
    double squares[2] = {0, 0}, scale[2];
    pm_status st = grams_count(c, text, e->buckets, col, val, &distinct);
    if (st != PM_OK) return st;
    for (size_t i = 0; i < distinct; i++) {
        uint32_t column = e->column[col[i]];
        if (column == PM_NO_COL) continue;
        double times = (double)val[i], tf = times > 1 ? 1 + log(times) : 1; /* mostly once */
        double weight = tf * (double)e->idf[column];
        squares[column >= e->words] += weight * weight;
        col[n] = column;
        val[n++] = (float)weight;
    }
    for (int b = 0; b < 2; b++) scale[b] = squares[b] > 0 ? sqrt(0.5 / squares[b]) : 0;
    for (size_t i = 0; i < n; i++) val[i] = (float)(val[i] * scale[col[i] >= e->words]);
    *n_out = n;
    return PM_OK;
}

struct counting { /* a chunk of texts; text i owns key, times [offset[i] ..) */
    const pm_embedder *e;
    const pm_str *text;
    size_t offset[CHUNK + 1], distinct[CHUNK];
    int weighted; /* col and weight instead of key and times */
    uint32_t *key;
    float *times;
};

static pm_status count_texts(pm_call *worker, size_t lo, size_t hi, void *arg)
{
    struct counting *a = arg;
    pm_status st = PM_OK;
    for (size_t i = lo; st == PM_OK && i < hi; i++) {
        uint32_t *key = a->key + a->offset[i];
        float *times = a->times + a->offset[i];
        st = a->weighted
                 ? weigh(a->e, worker, a->text[i], key, times, &a->distinct[i])
                 : grams_count(worker, a->text[i], a->e->buckets, key, times, &a->distinct[i]);
    }
    return st;
}

/* Runs count_texts over all texts chunk by chunk, with each chunk's result handed to `use`. */
typedef void (*use_chunk)(const struct counting *a, size_t first, size_t n, void *arg);

static pm_status each_chunk(const pm_embedder *e, pm_call *c, const pm_prompts *x, int weighted,
                            use_chunk use, void *arg)
{
    struct counting *a = c->host->scratch(c, 1, sizeof *a);
    size_t most = 0;
    for (size_t lo = 0; lo < x->n; lo += CHUNK) {
        size_t sum = 0;
        for (size_t i = lo; i < x->n && i < lo + CHUNK; i++) sum += grams_most(x->text[i]);
        most = sum > most ? sum : most;
    }
    uint32_t *key = c->host->scratch(c, most, sizeof *key);
    float *times = c->host->scratch(c, most, sizeof *times);
    if (!a || !key || !times) return PM_E_MEMORY;
    for (size_t lo = 0; lo < x->n; lo += CHUNK) {
        size_t n = x->n - lo < CHUNK ? x->n - lo : CHUNK;
        a->e = e, a->text = x->text + lo, a->weighted = weighted, a->key = key, a->times = times;
        for (size_t i = 0; i < n; i++) a->offset[i + 1] = a->offset[i] + grams_most(a->text[i]);
        pm_status st = c->host->parallel(c, n, GRAIN, count_texts, a);
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

/* Points e->column back from e->key; refuses keys out of order or range. */
static pm_status index_columns(pm_embedder *e, pm_call *c)
{
    uint32_t *column = c->host->own(c, 2 * e->buckets, sizeof *column);
    if (!column) return PM_E_MEMORY;
    memset(column, 0xff, 2 * e->buckets * sizeof *column); /* PM_NO_COL */
    e->words = 0;
    for (size_t v = 0; v < e->v; v++) {
        if (e->key[v] >= 2 * e->buckets || (v && e->key[v] <= e->key[v - 1]))
            return c->host->fail(c, PM_E_FORMAT, "'key' must ascend below %zu", 2 * e->buckets);
        column[e->key[v]] = (uint32_t)v;
        e->words += e->key[v] < e->buckets;
    }
    e->column = column;
    return PM_OK;
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
    return index_columns(e, c);
}

static pm_status train(pm_embedder *e, pm_call *c, const pm_fit *fit)
{
    const struct lsa_params *p = c->params;
    const pm_linalg_service *linalg = c->host->service(PM_LINALG_SERVICE);
    size_t n = fit->x->n, cells = 0;
    if (!linalg) return c->host->fail(c, PM_E_UNSUPPORTED, "no " PM_LINALG_SERVICE " here");
    if (!fit->x->text || !n) return c->host->fail(c, PM_E_ARG, "no texts to train on");
    e->buckets = (size_t)p->buckets;
    uint32_t *df = c->host->scratch(c, 2 * e->buckets, sizeof *df);
    if (!df) return PM_E_MEMORY;
    pm_status st = each_chunk(e, c, fit->x, 0, count_documents, df);
    if (st == PM_OK) st = keep_columns(e, c, df, n, &cells);
    if (st != PM_OK) return st;
    struct filling f = {c->host->scratch(c, n + 1, sizeof *f.start),
                        c->host->scratch(c, cells, sizeof *f.col),
                        c->host->scratch(c, cells, sizeof *f.val)};
    if (!f.start || !f.col || !f.val) return PM_E_MEMORY;
    st = each_chunk(e, c, fit->x, 1, fill_rows, &f);
    if (st != PM_OK) return st;
    size_t rank = n < e->v ? n : e->v;
    e->dim = (size_t)p->dim < rank ? (size_t)p->dim : rank;
    if (e->dim < (size_t)p->dim)
        c->host->note(c, PM_NOTE_WARN, "dim = %zu, not %zu: %zu texts with %zu columns", e->dim,
                      (size_t)p->dim, n, e->v);
    float *singular = c->host->own(c, e->dim, sizeof *singular);
    float *right = c->host->own(c, e->v * e->dim, sizeof *right);
    if (!singular || !right) return PM_E_MEMORY;
    e->singular = singular, e->right = right;
    return linalg->svd_csr(c, &(pm_csr){f.start, f.col, f.val, n, e->v}, e->dim, p->tolerance,
                           singular, (pm_mat){right, e->v, e->dim, e->dim});
}

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

/* out_i = sum over the row's columns, ascending, of value * V[column]; sums in double. */
static pm_status embed_texts(pm_call *worker, size_t lo, size_t hi, void *arg)
{
    const struct embedding *a = arg;
    const struct lsa_params *p = worker->params;
    const pm_embedder *e = a->e;
    double *sum = worker->host->scratch(worker, e->dim, sizeof *sum);
    if (!sum) return PM_E_MEMORY;
    for (size_t i = lo; i < hi; i++) {
        size_t cells = 0, most = grams_most(a->text[i]);
        uint32_t *col = worker->host->scratch(worker, most, sizeof *col);
        float *val = worker->host->scratch(worker, most, sizeof *val);
        if (!col || !val) return PM_E_MEMORY;
        pm_status st = weigh(e, worker, a->text[i], col, val, &cells);
        if (st != PM_OK) return st;
        memset(sum, 0, e->dim * sizeof *sum);
        for (size_t g = 0; g < cells; g++) {
            if (g + AHEAD < cells) fetch(e->right + (size_t)col[g + AHEAD] * e->dim, e->dim);
            add_row(e->right + (size_t)col[g] * e->dim, (double)val[g], e->dim, sum);
        }
        double squares = 0;
        for (size_t t = 0; t < e->dim; t++) squares += sum[t] * sum[t];
        double scale = p->normalize && squares > 0 ? 1 / sqrt(squares) : 1;
        for (size_t t = 0; t < e->dim; t++) pm_row(a->out, i)[t] = (float)(sum[t] * scale);
    }
    return PM_OK;
}

static pm_status embed(const pm_embedder *e, pm_call *c, const pm_str *text, size_t n, pm_mat out)
{
    struct embedding a = {.e = e, .text = text, .out = out};
    return n < 2 ? embed_texts(c, 0, n, &a) : c->host->parallel(c, n, GRAIN, embed_texts, &a);
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
    for (size_t i = lo; i < hi; i++) {
        size_t cells = 0, most = grams_most(a->text[i]);
        uint32_t *col = worker->host->scratch(worker, most, sizeof *col);
        float *val = worker->host->scratch(worker, most, sizeof *val);
        if (!col || !val) return PM_E_MEMORY;
        pm_status st = weigh(a->e, worker, a->text[i], col, val, &cells);
        if (st != PM_OK) return st;
        if (!a->col) {
            a->start[i + 1] = cells;
            continue;
        }
        memcpy(a->col + a->start[i], col, cells * sizeof *col);
        memcpy(a->val + a->start[i], val, cells * sizeof *val);
    }
    return PM_OK;
}

/* Twice over the texts, to count and to write: the rows of many texts need no bound that way. */
static pm_status sparse(const pm_embedder *e, pm_call *c, const pm_str *text, size_t n, pm_csr *out)
{
    struct sparse_rows a = {e, text, c->host->scratch(c, n + 1, sizeof(uint64_t)), NULL, NULL};
    if (!a.start) return PM_E_MEMORY;
    pm_status st = c->host->parallel(c, n, GRAIN, sparse_texts, &a);
    if (st != PM_OK) return st;
    for (size_t i = 0; i < n; i++) a.start[i + 1] += a.start[i];
    a.col = c->host->scratch(c, a.start[n], sizeof *a.col);
    a.val = c->host->scratch(c, a.start[n], sizeof *a.val);
    if (!a.col || !a.val) return PM_E_MEMORY;
    *out = (pm_csr){a.start, a.col, a.val, n, e->v};
    return c->host->parallel(c, n, GRAIN, sparse_texts, &a);
}

static pm_status save(const pm_embedder *e, pm_call *c, pm_store *s)
{
    pm_status st = c->host->put_tensor(c, s, "key", (pm_tensor){PM_U32, 1, {e->v}, e->key});
    if (st == PM_OK) st = c->host->put_tensor(c, s, "idf", (pm_tensor){PM_F32, 1, {e->v}, e->idf});
    if (st == PM_OK)
        st = c->host->put_tensor(c, s, "singular", (pm_tensor){PM_F32, 1, {e->dim}, e->singular});
    if (st != PM_OK) return st;
    return c->host->put_tensor(c, s, "right", (pm_tensor){PM_F32, 2, {e->v, e->dim}, e->right});
}

static pm_status load(pm_embedder *e, pm_call *c, pm_store *s)
{
    const struct lsa_params *p = c->params;
    pm_tensor key = {0}, idf = {0}, singular = {0}, right = {0};
    pm_status st = c->host->view_tensor(c, s, "key", PM_U32, &key);
    if (st == PM_OK) st = c->host->view_tensor(c, s, "idf", PM_F32, &idf);
    if (st == PM_OK) st = c->host->view_tensor(c, s, "singular", PM_F32, &singular);
    if (st == PM_OK) st = c->host->view_tensor(c, s, "right", PM_F32, &right);
    if (st != PM_OK) return st;
    if (right.n_dims != 2 || right.dim[0] != key.dim[0] || idf.dim[0] != key.dim[0] ||
        right.dim[1] != singular.dim[0])
        return c->host->fail(c, PM_E_FORMAT, "tensors disagree in shape");
    e->buckets = (size_t)p->buckets, e->v = key.dim[0], e->dim = right.dim[1];
    e->key = key.ptr, e->idf = idf.ptr, e->singular = singular.ptr, e->right = right.ptr;
    return index_columns(e, c);
}

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
             "stop when singular values move by less than this (relative)"),
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
        "Deerwester et al. 1990; weighting and hashing as scikit-learn's HashingVectorizer and "
        "TfidfTransformer(sublinear_tf); MurmurHash3_x86_32 (Appleby)",
    .params = params,
    .params_bytes = sizeof(struct lsa_params),
    .state_bytes = sizeof(pm_embedder),
    .train = train,
    .save = save,
    .load = load,
    .dim = dim,
    .embed = embed,
    .sparse_dim = sparse_dim,
    .sparse = sparse,
};
PM_PLUGIN_EMBEDDER(lsa, "1.0", "MIT")
