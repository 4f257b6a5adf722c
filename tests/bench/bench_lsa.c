/* SPDX-License-Identifier: MIT
 *
 * Embedder lsa: hashing n-grams, fitting, one text to its embedding, and neighbours on the
 * sparse features.  Texts are generated, or those of the folder POINTSMAN_CORPUS (see texts.h).  Floors of the same run: reading the rows of the projection where they lie.
 * Usage: bench_lsa [quality]   `quality`, minutes: what randomised SVD and rows of bytes change in rankings.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "embedders/lsa_grams.h"
#include "math/mat.h"
#include "math/neighbours.h"
#include "math/probe.h"
#include "math/solve.h"
#include "plug/embedder.h"
#include "plug/params.h"
#include "texts.h"

enum {
    TEXTS = 27000,
    HASHED = 4000,
    ROUNDS = 5,
    ASKED = 64,
    BYTES = 1024,
    K = 40,
    QUERIES = 2000,
    MORE = 10000
};

/* ---- hashing alone: a host that lends memory and nothing else ------------------------------------------- */

static void *lend(pm_call *c, size_t count, size_t bytes)
{
    return arena_alloc(c->impl, count, bytes);
}

static pm_status refuse(pm_call *c, pm_status s, const char *fmt, ...)
{
    (void)c, (void)fmt;
    return s;
}

typedef struct hashing {
    const bench_texts *x;
    arena *room;
    size_t distinct;
} hashing;

static void hash_all(void *arg)
{
    static const pm_host host = {.scratch = lend, .fail = refuse};
    hashing *h = arg;
    pm_call c = {.host = &host, .impl = h->room};
    size_t longest = 0, buckets = 262144;
    arena_reset(h->room);
    h->distinct = 0;
    for (size_t i = 0; i < h->x->n; i++)
        longest = h->x->text[i].len > longest ? h->x->text[i].len : longest;
    size_t most = grams_most(longest, buckets), n;
    uint32_t *key = lend(&c, most, sizeof *key);
    float *times = lend(&c, most, sizeof *times);
    grams *g = NULL;
    pm_err err = PM_ERR_INIT;
    bench_must(grams_open(&c, buckets, longest, &g), &err);
    for (size_t i = 0; i < h->x->n; i++) {
        bench_must(grams_count(g, h->x->text[i], NULL, key, times, &n), &err);
        h->distinct += n;
    }
}

static void record(bench *out, const bench_figure *f, const char *what)
{
    bench_figure named = *f;
    snprintf(named.what, sizeof named.what, "%s", what);
    bench_record(out, &named);
}

static void hash(bench *out, const bench_texts *all)
{
    bench_texts x = *all;
    char what[80];
    x.n = x.n < HASHED ? x.n : HASHED;
    x.bytes = 0;
    for (size_t i = 0; i < x.n; i++) x.bytes += x.text[i].len;
    hashing h = {&x, arena_open(0), 0};
    bench_work w = {hash_all, &h, 1, 0};
    bench_measure(&w, 1, ROUNDS, 3);
    snprintf(what, sizeof what, "hashing %s texts (%zu distinct n-grams each), 1 thread", x.what,
             h.distinct / x.n);
    record(out,
           &(bench_figure){.value = (double)x.bytes / w.median * 1e-6,
                           .unit = "MB/s",
                           .is_rate = true,
                           .floor = NAN,
                           .goal = 50,
                           .n = ROUNDS * 3},
           what);
    arena_close(h.room);
}

/* ---- the embedder behind the guard ---------------------------------------------------------------------- */

typedef struct lab {
    compute compute;
    registry *registry;
    plug_env env;
    call_ctx *many, *one; /* batches; one text in the caller's thread */
    arena *room;
    pm_err err;
} lab;

static void lab_open(lab *l)
{
    memset(l, 0, sizeof *l);
    bench_must(compute_open(0, &l->compute, &l->err), &l->err);
    bench_must(registry_open("plugins/embedders", &l->registry, &l->err), &l->err);
    l->env = (plug_env){.compute = &l->compute, .registry = l->registry};
    bench_must(call_ctx_open(&l->env, true, &l->many, &l->err), &l->err);
    bench_must(call_ctx_open(&l->env, false, &l->one, &l->err), &l->err);
    l->room = arena_open(0);
    if (!l->room) exit(1);
}

static void lab_close(lab *l)
{
    arena_close(l->room);
    call_ctx_close(l->one);
    call_ctx_close(l->many);
    registry_close(l->registry);
    compute_close(&l->compute);
}

/* Parameters are words by name: "svd", "exact", NULL. */
static embedder *fitted(lab *l, const bench_texts *x, size_t n, const char *const *words)
{
    const plugin_entry *e = registry_find(l->registry, PLUGIN_EMBEDDER, "lsa");
    param_value value[8];
    size_t n_values = 0;
    void *params = NULL;
    embedder *out = NULL;
    uint64_t *id = arena_alloc(l->room, n, sizeof *id);
    if (!e || !id) exit(1);
    for (; *words; words += 2)
        value[n_values++] = (param_value){.name = words[0],
                                          .kind = *words[1] <= '9' ? PARAM_NUMBER : PARAM_TEXT,
                                          .number = atof(words[1]),
                                          .text = words[1]};
    pm_prompts train = {.size = sizeof train, .n = n, .text = x->text, .id = id};
    bench_must(params_build(e->params, e->params_bytes, value, n_values, l->room, &params, NULL,
                            NULL, &l->err),
               &l->err);
    bench_must(embedder_train(l->many, &(embedder_spec){e, params, 1}, &train, &out, &l->err),
               &l->err);
    return out;
}

/* Seconds of all threads: on a busy machine the time that it would take alone is that by the threads. */
static double processor(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static embedder *fit(lab *l, bench *out, const bench_texts *x)
{
    static const char *const defaults[] = {NULL};
    char what[80];
    size_t n = x->n < TEXTS ? x->n : TEXTS;
    double start = bench_now(), busy = processor();
    embedder *e = fitted(l, x, n, defaults);
    double seconds = bench_now() - start;
    busy = processor() - busy;
    snprintf(what, sizeof what, "fitting %zu dimensions on %zu %s texts", embedder_dim(e), n,
             x->what);
    record(out,
           &(bench_figure){
               .value = seconds, .unit = "s", .floor = NAN, .goal = n == TEXTS ? 20 : NAN, .n = 1},
           what);
    record(out, &(bench_figure){.value = busy, .unit = "s", .floor = NAN, .goal = NAN, .n = 1},
           "  processor time of all threads");
    return e;
}

/* ---- one text ------------------------------------------------------------------------------------------- */

typedef struct asking {
    lab *l;
    const embedder *e;
    pm_str text[ASKED];
    pm_csr row[ASKED];
    int8_t *bytes; /* a projection of the same shape */
    float *scale;
    pm_mat out;
    size_t next;
    uint64_t sum;
} asking;

static void embed_one(void *arg)
{
    asking *a = arg;
    bench_must(embedder_embed(a->e, a->l->one, &a->text[a->next++ % ASKED], 1, a->out, &a->l->err),
               &a->l->err);
}

static void project_one(void *arg)
{
    asking *a = arg;
    solve_csr_i8(&a->l->compute, &a->row[a->next++ % ASKED], a->bytes, a->scale, a->out);
}

/* Every cache line of the rows, and nothing else. */
static void read_rows(void *arg)
{
    asking *a = arg;
    const pm_csr *r = &a->row[a->next++ % ASKED];
    for (uint64_t e = r->start[0]; e < r->start[1]; e++)
        for (size_t t = 0; t < a->out.cols; t += 64)
            a->sum += (uint64_t)a->bytes[r->col[e] * a->out.cols + t];
}

/* Texts of 1,024 bytes that were not fitted on, where there are enough. */
static void cut_texts(asking *a, const bench_texts *x, size_t fitted_on)
{
    size_t t = x->n > fitted_on + 4 * ASKED ? fitted_on : 0;
    for (size_t i = 0; i < ASKED; i++) {
        char *at = arena_alloc(a->l->room, BYTES, 1);
        size_t len = 0;
        if (!at) exit(1);
        for (; len < BYTES; t++) {
            pm_str s = x->text[t % x->n];
            size_t part = s.len < BYTES - len ? s.len : BYTES - len;
            memcpy(at + len, s.ptr, part);
            len += part;
        }
        a->text[i] = (pm_str){at, BYTES};
        bench_must(
            embedder_sparse(a->e, a->l->one, &a->text[i], 1, a->l->room, &a->row[i], &a->l->err),
            &a->l->err);
    }
}

static void one_text(lab *l, bench *out, const bench_texts *x, const embedder *e)
{
    size_t dim = embedder_dim(e), v = embedder_sparse_dim(e), cells = 0;
    asking a = {.l = l, .e = e, .out = mat_new(l->room, 1, dim)};
    a.bytes = arena_alloc(l->room, v, dim);
    a.scale = arena_alloc(l->room, v, sizeof *a.scale);
    if (!a.bytes || !a.scale || !a.out.at) exit(1);
    for (size_t i = 0; i < v * dim; i++) a.bytes[i] = (int8_t)(i * 2654435761u >> 24);
    for (size_t i = 0; i < v; i++) a.scale[i] = 1e-3f;
    cut_texts(&a, x, TEXTS);
    for (size_t i = 0; i < ASKED; i++) cells += a.row[i].start[1];
    bench_work w[3] = {{embed_one, &a, 64, 0}, {project_one, &a, 64, 0}, {read_rows, &a, 64, 0}};
    bench_measure(w, 3, ROUNDS, 15);
    char what[80];
    bench_figure f = {.value = w[0].median * 1e6,
                      .unit = "us",
                      .floor = w[2].median * 1e6,
                      .floor_is = "reading its rows of the projection, in that order, 1 thread",
                      .goal = 80,
                      .n = ROUNDS * 15};
    snprintf(what, sizeof what, "text of 1 KB (%zu kept n-grams) to %zu dimensions, 1 thread",
             cells / ASKED, dim);
    record(out, &f, what);
    f.value = w[1].median * 1e6;
    f.goal = 50;
    snprintf(what, sizeof what, "  projection alone, %zu rows of %zu bytes each", v, dim);
    record(out, &f, what);
    if (a.sum == 1) printf("\n"); /* the reading is not left out */
}

/* ---- neighbours on the sparse features ------------------------------------------------------------------- */

typedef struct sparse_search {
    lab *l;
    arena *scratch;
    table t;
    pm_csr query;
    uint32_t *index;
    float *similarity;
    size_t next, postings;
} sparse_search;

static void find(sparse_search *s, const pm_csr *query)
{
    bench_must(table_best_sparse(&s->l->compute, s->l->compute.pool, s->scratch, &s->t, query, K,
                                 s->index, s->similarity, &s->l->err),
               &s->l->err);
}

static void find_one(void *arg)
{
    sparse_search *s = arg;
    pm_csr one = s->query;
    one.start += s->next++ % (s->query.rows < ASKED ? s->query.rows : ASKED);
    one.rows = 1;
    find(s, &one);
}

/* The postings that one query reads, on the average of those asked, as one stretch of memory. */
static void read_postings(void *arg)
{
    const sparse_search *s = arg;
    (void)probe_read_seconds(&s->l->compute, NULL, s->t.post_val, s->postings * 8, 1);
}

static void neighbours(lab *l, bench *out, const bench_texts *x, const embedder *e)
{
    size_t rows = x->n < TEXTS ? x->n / 2 : TEXTS, asked = x->n - rows;
    sparse_search s = {.l = l, .scratch = arena_open(0)};
    pm_csr all;
    bench_must(embedder_sparse(e, l->many, x->text, x->n, l->room, &all, &l->err), &l->err);
    pm_csr first = all;
    first.rows = rows;
    s.query = all;
    s.query.start += rows;
    s.query.rows = asked;
    bench_must(table_build_sparse(l->room, &first, &s.t, &l->err), &l->err);
    s.index = arena_alloc(l->room, asked, K * sizeof *s.index);
    s.similarity = arena_alloc(l->room, asked, K * sizeof *s.similarity);
    if (!s.index || !s.similarity || !s.scratch) exit(1);
    size_t few = asked < ASKED ? asked : ASKED;
    for (uint64_t c = s.query.start[0]; c < s.query.start[few]; c++)
        s.postings += (size_t)(s.t.post_start[all.col[c] + 1] - s.t.post_start[all.col[c]]) / few;
    bench_work one[2] = {{find_one, &s, 8, 0}, {read_postings, &s, 8, 0}};
    double start = bench_now(), busy = processor();
    find(&s, &s.query); /* seconds long: once, and nothing to warm */
    double took = bench_now() - start;
    busy = processor() - busy;
    bench_measure(one, 2, ROUNDS, 5);
    char what[80];
    bench_figure f = {
        .value = took, .unit = "s", .floor = NAN, .goal = rows == TEXTS ? 10 : NAN, .n = 1};
    snprintf(what, sizeof what, "sparse knn: %zu queries x %zu rows, k = %d", asked, rows, K);
    record(out, &f, what);
    record(out, &(bench_figure){.value = busy, .unit = "s", .floor = NAN, .goal = NAN, .n = 1},
           "  processor time of all threads");
    f = (bench_figure){.value = one[0].median * 1e3,
                       .unit = "ms",
                       .floor = one[1].median * 1e3,
                       .floor_is = "reading as many postings in one stretch, 1 thread",
                       .goal = NAN,
                       .n = ROUNDS * 5};
    snprintf(what, sizeof what, "sparse knn: 1 query, %zu postings", s.postings);
    record(out, &f, what);
    arena_close(s.scratch);
}

/* ---- quality ----------------------------------------------------------------------------------------------- */

enum { NEAR = 20 };

typedef struct ranking {
    pm_mat x;
    uint32_t *near;
    double seconds;
} ranking;

/* The NEAR nearest fitted texts of each of the QUERIES after them. */
static ranking ranked(lab *l, const bench_texts *x, size_t n, const char *const *words)
{
    ranking r;
    table t;
    double start = processor();
    embedder *e = fitted(l, x, n, words);
    r.seconds = processor() - start;
    size_t asked = x->n - n < QUERIES ? x->n - n : QUERIES, dim = embedder_dim(e);
    r.x = mat_new(l->room, n + asked, dim);
    r.near = arena_alloc(l->room, asked * NEAR, sizeof *r.near);
    float *similarity = arena_alloc(l->room, asked * NEAR, sizeof *similarity);
    if (!r.x.at || !r.near || !similarity) exit(1);
    pm_mat dense = {arena_alloc(l->room, n + asked, dim * sizeof(float)), n + asked, dim, dim};
    bench_must(embedder_embed(e, l->many, x->text, n + asked, dense, &l->err), &l->err);
    for (size_t i = 0; i < n + asked; i++)
        memcpy(pm_row(r.x, i), pm_row(dense, i), dim * sizeof(float));
    bench_must(
        table_build(&l->compute, l->room, cmat_rows(mat_const(r.x), 0, n), PM_F32, &t, &l->err),
        &l->err);
    bench_must(table_best(&l->compute, l->compute.pool, l->room, &t,
                          cmat_rows(mat_const(r.x), n, asked), NEAR, r.near, similarity, &l->err),
               &l->err);
    embedder_close(e);
    return r;
}

/* Share of the queries whose domain is that of most of their neighbours (equal counts: of the nearer). */
static double domain_accuracy(const bench_texts *x, size_t n, size_t asked, const uint32_t *near)
{
    size_t right = 0;
    for (size_t q = 0; q < asked; q++) {
        size_t most = 0, best = 0;
        for (size_t a = 0; a < NEAR; a++) {
            size_t votes = 0;
            for (size_t b = 0; b < NEAR; b++)
                votes += x->domain[near[q * NEAR + a]] == x->domain[near[q * NEAR + b]];
            if (votes > most) most = votes, best = near[q * NEAR + a];
        }
        right += x->domain[best] == x->domain[n + q];
    }
    return (double)right / (double)asked;
}

static void quality(lab *l, const bench_texts *x)
{
    static const char *const exact[] = {"svd", "exact", "rows", "float32", NULL};
    static const char *const other[][7] = {
        {"svd", "exact", NULL},
        {"rows", "float32", NULL},
        {"rows", "float32", "power_iterations", "5", "oversampling", "320", NULL},
        {"rows", "float32", "power_iterations", "0", "oversampling", "32", NULL},
        {NULL},
    };
    size_t n = x->n > QUERIES ? x->n - QUERIES : x->n, asked = x->n - n;
    n = n < TEXTS ? n : TEXTS;
    asked = x->n - n < QUERIES ? x->n - n : QUERIES;
    ranking whole = ranked(l, x, n, exact);
    printf("%zu %s texts; exact SVD, float32: %.1f processor seconds, domain right %.4f\n", n,
           x->what, whole.seconds, domain_accuracy(x, n, asked, whole.near));
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        ranking r = ranked(l, x, n, other[i]);
        size_t same = 0, first = 0;
        for (size_t q = 0; q < asked; q++) {
            first += r.near[q * NEAR] == whole.near[q * NEAR];
            for (size_t a = 0; a < NEAR; a++)
                for (size_t b = 0; b < NEAR; b++)
                    same += r.near[q * NEAR + a] == whole.near[q * NEAR + b];
        }
        for (const char *const *w = other[i]; *w; w++) printf("%s ", *w);
        printf("(else as by default): %.1f processor seconds, overlap@%d %.4f, same nearest %.4f, "
               "domain right "
               "%.4f\n",
               r.seconds, NEAR, (double)same / (double)(asked * NEAR),
               (double)first / (double)asked, domain_accuracy(x, n, asked, r.near));
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    bench out;
    lab l;
    lab_open(&l);
    bench_texts x = bench_texts_open(l.room, TEXTS + MORE);
    if (argc > 1 && strcmp(argv[1], "quality") == 0) {
        quality(&l, &x);
    } else {
        bench_open(&out, "lsa", &l.compute);
        hash(&out, &x);
        embedder *e = fit(&l, &out, &x);
        one_text(&l, &out, &x, e);
        neighbours(&l, &out, &x, e);
        embedder_close(e);
        bench_close(&out);
    }
    lab_close(&l);
    return 0;
}
