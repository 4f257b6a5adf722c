/* SPDX-License-Identifier: MIT
 *
 * One decision over 100 experts, from an embedding or from text, through the pipeline that serves: guard
 * on, explanation filled, one prompt at a time.  Floors of the same run: reading the router's own data.
 * Usage: bench_decide [linear|knn|text]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bed.h"
#include "data/jsonl.h"
#include "math/probe.h"
#include "plug/params.h"

enum { TRAIN = 36000, ASKED = 64, ROUNDS = 5, BLOCK = 21 };

/* Reading memory once, as a work. */
typedef struct reading {
    const compute *c;
    threads *pool; /* NULL: the caller alone */
    const void *at;
    size_t bytes;
} reading;

static void read_once(void *arg)
{
    const reading *r = arg;
    (void)probe_read_seconds(r->c, r->pool, r->at, r->bytes, 1);
}

/* Prompts of one embedding each, so that no decision sees the same one twice in a row. */
static pm_prompts *ask(bed *b)
{
    static const uint64_t id[1] = {7};
    pm_cmat v = bed_vectors(b, ASKED, 9);
    pm_prompts *x = arena_alloc(b->room, ASKED, sizeof *x);
    if (!x) exit(1);
    for (size_t i = 0; i < ASKED; i++)
        x[i] = (pm_prompts){
            .size = sizeof *x, .n = 1, .id = id, .embed = {pm_crow(v, i), 1, BED_DIM, BED_DIM}};
    return x;
}

static bed_decision decision(bed *b, const embedder *e, const router *r, bool parallel,
                             const pm_prompts *x, size_t n)
{
    bed_decision d = {.b = b, .p = bed_pipeline(b, e, r), .x = x, .n_x = n};
    bench_must(pipeline_ctx_open(&b->env, parallel, &d.ctx, &b->err), &b->err);
    return d;
}

static void record(bench *out, const char *what, double seconds, double unit, const char *unit_name,
                   double floor, const char *floor_is, double goal)
{
    bench_figure f = {.value = seconds / unit,
                      .unit = unit_name,
                      .floor = floor / unit,
                      .floor_is = floor_is,
                      .goal = goal / unit,
                      .n = ROUNDS * BLOCK};
    snprintf(f.what, sizeof f.what, "%s", what);
    bench_record(out, &f);
}

/* ---- stages of a linear decision ---------------------------------------------------------------------------- */

typedef struct stage {
    bed_decision *d;
    const router *r;
    pm_scores s;
    float value[BED_EXPERTS], penalty[BED_EXPERTS];
} stage;

static void stage_predict(void *arg)
{
    stage *s = arg;
    bed *b = s->d->b;
    bench_must(router_predict(s->r, b->call, &b->lib.view, s->d->x, &s->s, &b->err), &b->err);
}

static void stage_product(void *arg)
{
    stage *s = arg;
    const compute *c = &s->d->b->compute;
    static const float weight[BED_DIM * BED_EXPERTS];
    c->k->row_gemm(s->d->x->embed.at, weight, BED_DIM, BED_EXPERTS, BED_EXPERTS, NULL, s->value);
}

static void stage_constraint(void *arg)
{
    stage *s = arg;
    bed *b = s->d->b;
    pm_mat out = {s->penalty, 1, BED_EXPERTS, BED_EXPERTS};
    bench_must(constraint_eval(b->size, b->call, &b->lib.view, s->d->x, NULL, out, &b->err),
               &b->err);
}

static void stage_decide(void *arg)
{
    stage *s = arg;
    bed *b = s->d->b;
    pipeline_result out;
    bench_must(pipeline_decide(&s->d->p, s->d->ctx, s->d->x, &s->s, &out, &b->err), &b->err);
}

static void linear(bed *b, bench *out, const pm_prompts *x)
{
    router *r =
        bed_router(b, bed_linear.name, NULL, 0, bed_vectors(b, 2000, 1), bed_values(b, 2000, 1));
    bed_decision d = decision(b, NULL, r, false, x, ASKED);
    size_t bytes = sizeof(float) * BED_DIM * BED_EXPERTS;
    float *weights = arena_alloc(b->room, 1, bytes);
    if (!weights) exit(1);
    reading floor = {&b->compute, NULL, weights, bytes};
    stage s = {.d = &d, .r = r};
    s.s = (pm_scores){.size = sizeof s.s, .value = {s.value, 1, BED_EXPERTS, BED_EXPERTS}};
    enum { ALL, FLOOR, PREDICT, PRODUCT, CONSTRAINT, DECIDE, WORKS };
    bench_work w[WORKS] = {[ALL] = {bed_decide, &d, 200, 0},
                           [FLOOR] = {read_once, &floor, 500, 0},
                           [PREDICT] = {stage_predict, &s, 200, 0},
                           [PRODUCT] = {stage_product, &s, 200, 0},
                           [CONSTRAINT] = {stage_constraint, &s, 50, 0},
                           [DECIDE] = {stage_decide, &s, 200, 0}};
    bench_measure(w, WORKS, ROUNDS, BLOCK);
    const char *read = "reading the 384 x 100 float32 weights, 1 thread";
    record(out, "linear router, one decision", w[ALL].median, 1e-6, "us", w[FLOOR].median, read,
           5e-6);
    record(out, "  predict, guarded", w[PREDICT].median, 1e-9, "ns", w[FLOOR].median, read, NAN);
    record(out, "  predict, the product alone", w[PRODUCT].median, 1e-9, "ns", w[FLOOR].median,
           read, NAN);
    record(out, "  constraint size, computed anew", w[CONSTRAINT].median, 1e-9, "ns", NAN, NULL,
           NAN);
    record(out, "  constraints kept, decide, explain", w[DECIDE].median, 1e-9, "ns", NAN, NULL,
           NAN);
    pipeline_ctx_close(d.ctx);
    router_close(r);
}

/* ---- nearest neighbours --------------------------------------------------------------------------------------- */

static void knn(bed *b, bench *out, const pm_prompts *x)
{
    static const struct {
        const char *store;
        size_t bytes;
    } tables[] = {{"f32", 4}, {"f16", 2}, {"i8", 1}};
    pm_cmat rows = bed_vectors(b, TRAIN, 1), y = bed_values(b, TRAIN, 1);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        param_value p[] = {{.name = "k", .kind = PARAM_NUMBER, .number = 40},
                           {.name = "store", .kind = PARAM_TEXT, .text = tables[i].store}};
        router *r = bed_router(b, "knn", p, 2, rows, y);
        bed_decision d = decision(b, NULL, r, true, x, ASKED);
        /* Any memory of that size: no table is larger than the embeddings. */
        reading floor = {&b->compute, b->compute.pool, rows.at, tables[i].bytes * TRAIN * BED_DIM};
        bench_work w[2] = {{bed_decide, &d, 1, 0}, {read_once, &floor, 1, 0}};
        bench_measure(w, 2, ROUNDS, BLOCK);
        char what[80];
        snprintf(what, sizeof what, "knn %s table %d x %d, one decision", tables[i].store, TRAIN,
                 BED_DIM);
        record(out, what, w[0].median, 1e-3, "ms", w[1].median, "reading the table, all threads",
               1.2 * w[1].median);
        pipeline_ctx_close(d.ctx);
        router_close(r);
    }
}

/* ---- from text --------------------------------------------------------------------------------------------------- */

enum { MOST_TEXTS = 2000, LENGTH = 200 };

static size_t toy_texts(bed *b, pm_str *text)
{
    char path[1024];
    const char *folder = getenv("srcdir");
    jsonl *j;
    const jsonl_field *f;
    size_t fields, n = 0;
    snprintf(path, sizeof path, "%.900s/datasets/toy/prompts.jsonl", folder ? folder : ".");
    bench_must(jsonl_open(path, 0, &j, &b->err), &b->err);
    while (n < MOST_TEXTS && jsonl_next(j, &f, &fields, &b->err) == PM_OK && f) {
        const jsonl_field *prompt = jsonl_find(f, fields, "prompt");
        if (!prompt) continue;
        text[n++] =
            (pm_str){arena_strndup(b->room, prompt->text.ptr, prompt->text.len), prompt->text.len};
    }
    jsonl_close(j);
    return n;
}

/* Texts of 200 bytes: toy prompts joined and cut. */
static void cut_texts(bed *b, const pm_str *from, size_t n, pm_str *to)
{
    for (size_t i = 0; i < ASKED; i++) {
        char *at = arena_alloc(b->room, LENGTH, 1);
        size_t len = 0;
        if (!at) exit(1);
        for (size_t t = i * 7; len < LENGTH; t++) {
            pm_str s = from[t % n];
            size_t part = s.len < LENGTH - len ? s.len : LENGTH - len;
            memcpy(at + len, s.ptr, part);
            len += part;
            if (len < LENGTH) at[len++] = ' ';
        }
        to[i] = (pm_str){at, LENGTH};
    }
}

typedef struct embedding {
    bed *b;
    const embedder *e;
    const pm_str *text;
    size_t next;
    pm_mat out;
} embedding;

static void embed_one(void *arg)
{
    embedding *a = arg;
    bench_must(embedder_embed(a->e, a->b->call, &a->text[a->next++ % ASKED], 1, a->out, &a->b->err),
               &a->b->err);
}

/* From text over the toy prompts' own embedder: `dim` is bounded by its 597 texts. */
static void from_text(bed *b, bench *out, const pm_prompts *vectors)
{
    (void)vectors;
    static pm_str toy[MOST_TEXTS], asked[ASKED];
    static const uint64_t id[1] = {7};
    size_t n = toy_texts(b, toy);
    embedder *e = NULL;
    pm_prompts train = {.size = sizeof train, .n = n, .text = toy};
    uint64_t *ids = arena_alloc(b->room, n, sizeof *ids);
    train.id = ids;
    embedder_spec spec = {.plugin = bed_plugin(b, PLUGIN_EMBEDDER, "lsa")};
    bench_must(embedder_train(b->call, &spec, &train, &e, &b->err), &b->err);
    size_t dim = embedder_dim(e);
    pm_mat made = {arena_alloc(b->room, n * dim, sizeof(float)), n, dim, dim};
    bench_must(embedder_embed(e, b->call, toy, n, made, &b->err), &b->err);
    router *r = bed_router(b, bed_linear.name, NULL, 0, (pm_cmat){made.at, n, dim, dim},
                           bed_values(b, n, 5));
    cut_texts(b, toy, n, asked);
    pm_prompts *x = arena_alloc(b->room, ASKED, sizeof *x);
    for (size_t i = 0; i < ASKED; i++)
        x[i] = (pm_prompts){.size = sizeof *x, .n = 1, .id = id, .text = &asked[i]};
    bed_decision d = decision(b, e, r, false, x, ASKED);
    embedding one = {b, e, asked, 0, {made.at, 1, dim, dim}};
    pm_csr grams;
    bench_must(embedder_sparse(e, b->call, asked, ASKED, b->room, &grams, &b->err), &b->err);
    size_t bytes = grams.start[ASKED] / ASKED * dim * sizeof(float);
    float *rows = arena_alloc(b->room, 1, bytes);
    if (!rows) exit(1);
    reading floor = {&b->compute, NULL, rows, bytes};
    bench_work w[3] = {
        {bed_decide, &d, 20, 0}, {embed_one, &one, 20, 0}, {read_once, &floor, 20, 0}};
    bench_measure(w, 3, ROUNDS, BLOCK);
    char what[80], read[120];
    snprintf(what, sizeof what, "lsa (%zu dimensions), embedding %d characters", dim, LENGTH);
    snprintf(read, sizeof read, "reading %zu rows of its matrix (mean of the texts), 1 thread",
             (size_t)grams.start[ASKED] / ASKED);
    record(out, what, w[1].median, 1e-6, "us", w[2].median, read, NAN);
    record(out, "text to decision: lsa, linear router", w[0].median, 1e-6, "us", w[2].median, read,
           NAN);
    pipeline_ctx_close(d.ctx);
    router_close(r);
    embedder_close(e);
}

int main(int argc, char **argv)
{
    static void (*const part[])(bed *, bench *, const pm_prompts *) = {linear, knn, from_text};
    static const char *const name[] = {"linear", "knn", "text"};
    bed b;
    bench out;
    bed_open(&b);
    bench_open(&out, "decide", &b.compute);
    const pm_prompts *x = ask(&b);
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        if (argc < 2 || strcmp(argv[1], name[i]) == 0) part[i](&b, &out, x);
    bench_close(&out);
    bed_close(&b);
    return 0;
}
