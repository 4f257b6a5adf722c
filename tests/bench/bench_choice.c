/* SPDX-License-Identifier: MIT
 *
 * From text to choice: one prompt of 1 KB through the pipeline that serves (guard on, explanation filled), over
 * 11 experts, one thread: embedder lsa with rows of bytes, a router, objective penalty with constraint size.
 * Texts are those of texts.h.  Figures are the least of the rounds' medians.  Floors of the same run: the embedding
 * alone (and the router's table or weights read once); for the embedding, its rows of the projection read where they
 * lie.  What is fitted is fitted cheaply: the work of a choice depends on shapes, not on how good the fit is.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bed.h"
#include "math/probe.h"
#include "plug/params.h"
#include "texts.h"

enum { TEXTS = 27000, EXPERTS = 11, ASKED = 64, BYTES = 1024, LANES = 16, ROUNDS = 7, BLOCK = 9 };

typedef struct setting {
    bed *b;
    call_ctx *one; /* in the caller's thread */
    bench_texts texts;
    embedder *embed;
    pm_library lib;
    pm_prompts train; /* [TEXTS], embedded, with word features */
    pm_outcomes y;
    size_t dim, columns;
    pm_str *asked; /* [ASKED] */
    pm_prompts *x; /* [ASKED] of one prompt each: text alone */
    pm_csr *words; /* [ASKED] */
} setting;

static void *room(bed *b, size_t count, size_t bytes)
{
    void *at = arena_alloc(b->room, count, bytes);
    if (!at) exit(1);
    return at;
}

/* ---- what is asked, and by whom ------------------------------------------------------------------------------ */

static param_value word_param(const char *name, const char *text)
{
    return (param_value){.name = name, .kind = PARAM_TEXT, .text = text};
}

static param_value number_param(const char *name, double number)
{
    return (param_value){.name = name, .kind = PARAM_NUMBER, .number = number};
}

static void *built(bed *b, const plugin_entry *e, const param_value *p, size_t n)
{
    void *params = NULL;
    bench_must(
        params_build(e->params, e->params_bytes, p, n, b->room, &params, NULL, NULL, &b->err),
        &b->err);
    return params;
}

static void fit_embedder(setting *s)
{
    const param_value cheap[] = {number_param("oversampling", 32),
                                 number_param("power_iterations", 0)};
    bed *b = s->b;
    const plugin_entry *e = bed_plugin(b, PLUGIN_EMBEDDER, "lsa");
    embedder_spec spec = {e, built(b, e, cheap, 2), 1};
    bench_must(embedder_train(b->call, &spec, &s->train, &s->embed, &b->err), &b->err);
    s->dim = embedder_dim(s->embed);
    s->columns = embedder_sparse_dim(s->embed);
    size_t n = s->train.n;
    pm_mat made = {room(b, n, s->dim * sizeof(float)), n, s->dim, s->dim};
    bench_must(embedder_embed(s->embed, b->call, s->texts.text, n, made, &b->err), &b->err);
    s->train.embed = (pm_cmat){made.at, n, s->dim, s->dim};
    bench_must(
        embedder_sparse(s->embed, b->call, s->texts.text, n, b->room, &s->train.sparse, &b->err),
        &b->err);
}

/* What a router is given in training it is given in every choice: `given` is "embed", "sparse" or "both". */
static router *fitted(setting *s, const char *name, const char *given, const param_value *p,
                      size_t n)
{
    bed *b = s->b;
    const plugin_entry *e = bed_plugin(b, PLUGIN_ROUTER, name);
    pm_prompts x = s->train;
    pm_fit fit = {.size = sizeof fit, .lib = &s->lib, .x = &x, .y = &s->y};
    if (strcmp(given, "embed") == 0) x.sparse = (pm_csr){0};
    if (strcmp(given, "sparse") == 0) x.embed = (pm_cmat){0};
    router *r = NULL;
    bench_must(router_train(b->call, &(router_spec){e, built(b, e, p, n), 1}, &fit, &r, &b->err),
               &b->err);
    return r;
}

typedef struct head {
    const char *router, *layers, *reads, *given;
} head;

static router *fit_head(setting *s, const head *h)
{
    const param_value p[] = {word_param("head", h->layers),
                             word_param("features", h->reads),
                             number_param("epochs", 1),
                             {.name = "refit", .kind = PARAM_FLAG, .flag = false}};
    return fitted(s, h->router, h->given, p, sizeof p / sizeof *p);
}

/* Texts of 1,024 bytes out of several that follow one another, cut between characters. */
static void cut_texts(setting *s)
{
    static const uint64_t id[1] = {7};
    bed *b = s->b;
    s->asked = room(b, ASKED, sizeof *s->asked);
    s->x = room(b, ASKED, sizeof *s->x);
    s->words = room(b, ASKED, sizeof *s->words);
    for (size_t i = 0, t = 0; i < ASKED; i++) {
        char *at = room(b, BYTES, 1);
        size_t len = 0;
        while (len < BYTES) {
            pm_str from = s->texts.text[t++ % s->texts.n];
            size_t part = from.len < BYTES - len ? from.len : BYTES - len;
            while (part && part < from.len && ((unsigned char)from.ptr[part] & 0xC0) == 0x80)
                part--;
            memcpy(at + len, from.ptr, part);
            len += part;
            if (len < BYTES) at[len++] = ' ';
        }
        s->asked[i] = (pm_str){at, BYTES};
        s->x[i] = (pm_prompts){.size = sizeof *s->x, .n = 1, .id = id, .text = &s->asked[i]};
        bench_must(
            embedder_sparse(s->embed, s->one, &s->asked[i], 1, b->room, &s->words[i], &b->err),
            &b->err);
    }
}

static void set(setting *s, bed *b)
{
    *s = (setting){.b = b, .texts = bench_texts_open(b->room, TEXTS)};
    size_t n = s->texts.n;
    uint64_t *id = room(b, n, sizeof *id);
    for (size_t i = 0; i < n; i++) id[i] = i;
    pm_cmat wide = bed_values(b, n, 1);
    s->lib = b->lib.view;
    s->lib.n = EXPERTS;
    s->train = (pm_prompts){.size = sizeof s->train, .n = n, .id = id, .text = s->texts.text};
    s->y = (pm_outcomes){.size = sizeof s->y, .kind = PM_VALUE_LOSS};
    s->y.value = (pm_cmat){wide.at, n, EXPERTS, wide.ld};
    bench_must(call_ctx_open(&b->env, false, &s->one, &b->err), &b->err);
    fit_embedder(s);
    cut_texts(s);
}

/* ---- works --------------------------------------------------------------------------------------------------- */

typedef struct features {
    setting *s;
    size_t next;
    pm_mat out;
    arena *scratch;
} features;

static void embed_one(void *arg)
{
    features *f = arg;
    setting *s = f->s;
    bench_must(
        embedder_embed(s->embed, s->one, &s->asked[f->next++ % ASKED], 1, f->out, &s->b->err),
        &s->b->err);
}

static void words_one(void *arg)
{
    features *f = arg;
    setting *s = f->s;
    pm_csr out;
    arena_reset(f->scratch);
    bench_must(embedder_sparse(s->embed, s->one, &s->asked[f->next++ % ASKED], 1, f->scratch, &out,
                               &s->b->err),
               &s->b->err);
}

/* Every cache line of the rows of one text's n-grams, where they lie in a table of the same shape. */
typedef struct rows {
    const setting *s;
    const unsigned char *at;
    size_t bytes; /* of a row */
    size_t next;
    uint64_t sum;
} rows;

static void read_rows(void *arg)
{
    rows *r = arg;
    const pm_csr *w = &r->s->words[r->next++ % ASKED];
    for (uint64_t g = w->start[0]; g < w->start[1]; g++)
        for (size_t t = 0; t < r->bytes; t += 64) r->sum += r->at[w->col[g] * r->bytes + t];
}

typedef struct table {
    const compute *c;
    const void *at;
    size_t bytes;
} table;

static void scan(void *arg)
{
    const table *t = arg;
    (void)probe_read_seconds(t->c, NULL, t->at, t->bytes, 1);
}

/* ---- figures ------------------------------------------------------------------------------------------------- */

enum { EMBED, WORDS, ROWS, WEIGHTS, SCAN, LINEAR, BOTH, MLP, BEST, KNN, WORKS };
enum { FIRST_ROUTER = LINEAR, ROUTERS = WORKS - FIRST_ROUTER };

static void record(bench *out, const char *what, double value, double floor, const char *floor_is,
                   double goal)
{
    bench_figure f = {.value = value * 1e6,
                      .unit = "us",
                      .floor = floor * 1e6,
                      .floor_is = floor_is,
                      .goal = goal * 1e6,
                      .n = (size_t)ROUNDS * BLOCK};
    snprintf(f.what, sizeof f.what, "%s", what);
    bench_record(out, &f);
}

static void report(const setting *s, bench *out, const double *t)
{
    const char *rows_of = "reading its rows of the projection where they lie";
    size_t cells = 0;
    char what[80];
    for (size_t i = 0; i < ASKED; i++) cells += s->words[i].start[1];
    snprintf(what, sizeof what, "embedding alone: 1 KB, %zu n-grams, %zu x %zu bytes",
             cells / ASKED, s->columns, s->dim);
    record(out, what, t[EMBED], t[ROWS], rows_of, 80e-6);
    record(out, "word features alone", t[WORDS], NAN, NULL, NAN);
    record(out, "text to choice: loss_regression, linear on embeddings", t[LINEAR], t[EMBED],
           "the embedding alone", 150e-6);
    record(out, "  the same, given word features too (as experiments do)", t[BOTH],
           t[EMBED] + t[WORDS], "the embedding alone and the word features alone", 150e-6);
    record(out, "text to choice: loss_regression, mlp on embeddings", t[MLP], t[EMBED],
           "the embedding alone", 150e-6);
    record(out, "text to choice: best_expert, linear on word features", t[BEST],
           t[WORDS] + t[WEIGHTS], "the word features alone, and reading a cache line for each",
           150e-6);
    snprintf(what, sizeof what, "scan: reading the table of %zu x %zu float32 once", s->train.n,
             s->dim);
    record(out, what, t[SCAN], NAN, NULL, NAN);
    record(out, "text to choice: knn (k = 40) on embeddings", t[KNN], t[EMBED] + t[SCAN],
           "the embedding alone and the scan; the goal: 1.2 scans", t[EMBED] + 1.2 * t[SCAN]);
}

static void measure(setting *s, bench *out, router *const *r)
{
    bed *b = s->b;
    size_t wide = s->dim > LANES * sizeof(float) ? s->dim : LANES * sizeof(float);
    unsigned char *like = room(b, s->columns, wide);
    bed_decision d[ROUTERS];
    double least[WORKS];
    memset(like, 1, s->columns * wide);
    features f = {s, 0, {room(b, s->dim, sizeof(float)), 1, s->dim, s->dim}, arena_open(0)};
    if (!f.scratch) exit(1);
    rows projection = {s, like, s->dim, 0, 0}, weights = {s, like, LANES * sizeof(float), 0, 0};
    table t = {&b->compute, s->train.embed.at, s->train.n * s->dim * sizeof(float)};
    bench_work w[WORKS] = {[EMBED] = {embed_one, &f, ASKED, 0},
                           [WORDS] = {words_one, &f, ASKED, 0},
                           [ROWS] = {read_rows, &projection, ASKED, 0},
                           [WEIGHTS] = {read_rows, &weights, ASKED, 0},
                           [SCAN] = {scan, &t, 8, 0}};
    for (size_t k = 0; k < ROUTERS; k++) {
        d[k] =
            (bed_decision){.b = b, .p = bed_pipeline(b, s->embed, r[k]), .x = s->x, .n_x = ASKED};
        d[k].p.lib = &s->lib;
        bench_must(pipeline_ctx_open(&b->env, false, &d[k].ctx, &b->err), &b->err);
        w[FIRST_ROUTER + k] = (bench_work){bed_decide, &d[k], ASKED, 0};
    }
    for (size_t k = 0; k < WORKS; k++) least[k] = INFINITY;
    for (size_t round = 0; round < ROUNDS; round++) {
        bench_measure(w, WORKS, 1, BLOCK);
        for (size_t k = 0; k < WORKS; k++) least[k] = fmin(least[k], w[k].median);
    }
    report(s, out, least);
    for (size_t k = 0; k < ROUTERS; k++) pipeline_ctx_close(d[k].ctx);
    arena_close(f.scratch);
    if (projection.sum + weights.sum == 1) printf("\n"); /* the reading is not left out */
}

int main(void)
{
    bed b;
    bench out;
    setting s;
    bed_open(&b);
    bench_open(&out, "choice", &b.compute);
    out.n_threads = 1;
    set(&s, &b);
    static const head heads[] = {{"loss_regression", "linear", "embed", "embed"},
                                 {"loss_regression", "linear", "embed", "both"},
                                 {"loss_regression", "mlp", "embed", "embed"},
                                 {"best_expert", "linear", "sparse", "sparse"}};
    const param_value k = number_param("k", 40);
    router *r[ROUTERS] = {[KNN - FIRST_ROUTER] = fitted(&s, "knn", "embed", &k, 1)};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) r[i] = fit_head(&s, &heads[i]);
    measure(&s, &out, r);
    for (size_t i = 0; i < ROUTERS; i++) router_close(r[i]);
    embedder_close(s.embed);
    call_ctx_close(s.one);
    bench_close(&out);
    bed_close(&b);
    return 0;
}
