/* SPDX-License-Identifier: MIT
 *
 * Routers fitted by gradients, over 11 experts: predicting one prompt from its features (guard on), and
 * fitting 27,000 prompts.  Features are made: embeddings around 300 centres, word features whose columns
 * thin out as words do.  Floors of the same run: reading the weights that a prompt needs; reading, or reading
 * and writing, those of every prompt of every epoch.
 * Usage: bench_heads [predict|fit]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "bed.h"
#include "math/probe.h"
#include "plug/params.h"

enum { EXPERTS = 11, DIM = 256, WORDS = 860, LANES = 16, EPOCHS = 15 };
enum { FEW = 2000, MANY = 27000, HELD = 200, ASKED = 64, ROUNDS = 5, BLOCK = 11 };
static const size_t columns = 1u << 18;

typedef struct problem {
    pm_library lib;
    pm_prompts x, tune;
    pm_outcomes y, tune_y;
} problem;

static void *room(bed *b, size_t count, size_t bytes)
{
    void *at = arena_alloc(b->room, count, bytes);
    if (!at) exit(1);
    return at;
}

/* WORDS ascending columns, one from each of as many ranges; low columns are drawn more often. */
static pm_csr make_words(bed *b, size_t n, uint64_t seed)
{
    uint64_t *start = room(b, n + 1, sizeof *start);
    uint32_t *col = room(b, n * WORDS, sizeof *col);
    float *val = room(b, n * WORDS, sizeof *val);
    for (size_t i = 0; i < n; i++) {
        for (size_t w = 0; w < WORDS; w++) {
            double u = rng_uniform(seed, 1, i * WORDS + w);
            size_t lo = columns * w / WORDS, width = columns * (w + 1) / WORDS - lo;
            col[i * WORDS + w] = (uint32_t)(lo + (size_t)(u * u * u * (double)width));
            val[i * WORDS + w] = (float)(1 / sqrt(WORDS));
        }
        start[i + 1] = (i + 1) * WORDS;
    }
    return (pm_csr){start, col, val, n, columns};
}

static pm_prompts make_prompts(bed *b, size_t n, uint64_t seed)
{
    uint64_t *id = room(b, n, sizeof *id);
    pm_prompts x = {.size = sizeof x, .n = n, .id = id};
    pm_cmat wide = bed_vectors(b, n, seed);
    for (size_t i = 0; i < n; i++) id[i] = i;
    x.embed = (pm_cmat){wide.at, n, DIM, wide.ld};
    x.sparse = make_words(b, n, seed);
    return x;
}

static pm_outcomes make_outcomes(bed *b, size_t n, uint64_t seed)
{
    pm_cmat wide = bed_values(b, n, seed);
    pm_outcomes y = {.size = sizeof y, .kind = PM_VALUE_LOSS};
    y.value = (pm_cmat){wide.at, n, EXPERTS, wide.ld};
    return y;
}

static problem make(bed *b, size_t n)
{
    problem p = {.x = make_prompts(b, n, 1),
                 .tune = make_prompts(b, HELD, 2),
                 .y = make_outcomes(b, n, 1),
                 .tune_y = make_outcomes(b, HELD, 2)};
    p.lib = b->lib.view;
    p.lib.n = EXPERTS;
    return p;
}

static router *train(bed *b, const problem *p, const char *head, const char *features,
                     double epochs)
{
    param_value v[] = {{.name = "head", .kind = PARAM_TEXT, .text = head},
                       {.name = "features", .kind = PARAM_TEXT, .text = features},
                       {.name = "epochs", .kind = PARAM_NUMBER, .number = epochs},
                       {.name = "patience", .kind = PARAM_NUMBER, .number = epochs},
                       {.name = "refit", .kind = PARAM_FLAG, .flag = false}};
    const plugin_entry *e = bed_plugin(b, PLUGIN_ROUTER, "loss_regression");
    void *params = NULL;
    router *r = NULL;
    bench_must(params_build(e->params, e->params_bytes, v, sizeof v / sizeof *v, b->room, &params,
                            NULL, NULL, &b->err),
               &b->err);
    pm_fit fit = {.size = sizeof fit,
                  .lib = &p->lib,
                  .x = &p->x,
                  .y = &p->y,
                  .tune_x = &p->tune,
                  .tune_y = &p->tune_y};
    bench_must(router_train(b->call, &(router_spec){e, params, 1}, &fit, &r, &b->err), &b->err);
    return r;
}

/* ---- predicting ------------------------------------------------------------------------------------------ */

typedef struct asking {
    bed *b;
    const router *r;
    const problem *p;
    size_t next;
    float value[EXPERTS];
} asking;

static pm_prompts one_of(const pm_prompts *x, size_t i)
{
    pm_prompts one = *x;
    one.n = 1;
    one.id += i;
    one.embed.at = pm_crow(x->embed, i);
    one.embed.rows = 1;
    one.sparse.start += i;
    one.sparse.rows = 1;
    return one;
}

static void predict_one(void *arg)
{
    asking *a = arg;
    pm_prompts one = one_of(&a->p->x, a->next++ % ASKED);
    pm_scores s = {.size = sizeof s, .value = {a->value, 1, EXPERTS, EXPERTS}};
    bench_must(router_predict(a->r, a->b->call, &a->p->lib, &one, &s, &a->b->err), &a->b->err);
}

typedef struct reading {
    const compute *c;
    const float *dense; /* read from end to end */
    size_t bytes;
    const float *rows; /* [columns x LANES]; those of one prompt's words are read */
    const pm_csr *words;
    size_t next;
    float sum;
} reading;

static void read_once(void *arg)
{
    reading *r = arg;
    if (r->bytes) (void)probe_read_seconds(r->c, NULL, r->dense, r->bytes, 1);
    if (!r->rows) return;
    size_t i = r->next++ % ASKED;
    for (uint64_t g = r->words->start[i]; g < r->words->start[i + 1]; g++)
        r->sum += r->rows[(size_t)r->words->col[g] * LANES];
}

static void predict(bed *b, bench *out)
{
    static const struct {
        const char *head, *features;
        size_t dense; /* weights read of those of embeddings */
        bool sparse;
    } kinds[] = {{"linear", "embed", DIM * LANES, false},
                 {"linear", "sparse", 0, true},
                 {"mlp", "embed", DIM * 256 + 256 * LANES, false},
                 {"mlp", "both", DIM * 256 + 256 * LANES, true}};
    problem p = make(b, FEW);
    float *weights = room(b, columns, LANES * sizeof *weights);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        router *r = train(b, &p, kinds[k].head, kinds[k].features, 1);
        asking a = {.b = b, .r = r, .p = &p};
        reading floor = {.c = &b->compute,
                         .dense = weights,
                         .bytes = kinds[k].dense * sizeof(float),
                         .rows = kinds[k].sparse ? weights : NULL,
                         .words = &p.x.sparse};
        bench_work w[2] = {{predict_one, &a, 64, 0}, {read_once, &floor, 64, 0}};
        bench_measure(w, 2, ROUNDS, BLOCK);
        bench_figure f = {.value = w[0].median * 1e6,
                          .unit = "us",
                          .floor = w[1].median * 1e6,
                          .floor_is = "reading the weights that the prompt needs, 1 thread",
                          .goal = 70, /* of 150 from text, 80 are the embedding's */
                          .n = (size_t)ROUNDS * BLOCK};
        snprintf(f.what, sizeof f.what, "predict: %s on %s, %d experts", kinds[k].head,
                 strcmp(kinds[k].features, "embed") == 0    ? "256 dimensions"
                 : strcmp(kinds[k].features, "sparse") == 0 ? "860 words"
                                                            : "both",
                 EXPERTS);
        bench_record(out, &f);
        router_close(r);
    }
}

/* ---- fitting ------------------------------------------------------------------------------------------------ */

/* What fitting on words cannot avoid: a cache line read forward, read and written back, once a word and epoch. */
static double touch_all(const pm_csr *words, float *rows)
{
    double start = bench_now();
    float sum = 0;
    for (size_t i = 0; i < words->rows; i++) {
        for (uint64_t g = words->start[i]; g < words->start[i + 1]; g++)
            sum += rows[(size_t)words->col[g] * LANES];
        for (uint64_t g = words->start[i]; g < words->start[i + 1]; g++)
            rows[(size_t)words->col[g] * LANES] += sum * 1e-20f;
    }
    return bench_now() - start;
}

static void fit(bed *b, bench *out)
{
    static const struct {
        const char *head, *features;
    } kinds[] = {{"linear", "embed"}, {"linear", "sparse"}, {"mlp", "embed"}, {"mlp", "both"}};
    problem p = make(b, MANY);
    float *rows = room(b, columns, LANES * sizeof *rows);
    double floor = touch_all(&p.x.sparse, rows) * EPOCHS / threads_count(b->compute.pool);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        bool words = strcmp(kinds[k].features, "embed") != 0;
        double start = bench_now();
        router_close(train(b, &p, kinds[k].head, kinds[k].features, EPOCHS));
        bench_figure f = {
            .value = bench_now() - start,
            .unit = "s",
            .floor = words ? floor : NAN,
            .floor_is = "touching a cache line of every word's weights twice an epoch",
            .goal = 10,
            .n = 1};
        snprintf(f.what, sizeof f.what, "fit %d prompts, %d epochs: %s on %s", MANY, EPOCHS,
                 kinds[k].head, kinds[k].features);
        bench_record(out, &f);
    }
}

int main(int argc, char **argv)
{
    static void (*const part[])(bed *, bench *) = {predict, fit};
    static const char *const name[] = {"predict", "fit"};
    bed b;
    bench out;
    bed_open(&b);
    bench_open(&out, "heads", &b.compute);
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        if (argc < 2 || strcmp(argv[1], name[i]) == 0) part[i](&b, &out);
    bench_close(&out);
    bed_close(&b);
    return 0;
}
