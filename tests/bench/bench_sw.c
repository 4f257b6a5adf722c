/* SPDX-License-Identifier: MIT
 *
 * Similarity-weighted ranking on battles of RouteLLM's shape, 55,000 prompts x 1536, between 64 models or 10 tiers: one
 * prompt and batches of them, from embedding to ratings, in float32, float16 and int8; and by how many Elo points the
 * smaller tables move the ratings.  Battles are made: prompts around 300 centres, models of random strength on each.
 * Floors of the same run: reading the table once; the multiply-adds of all pairs in registers.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "bench.h"
#include "math/bradley_terry.h"
#include "math/mat.h"
#include "math/neighbours_dense.h"
#include "math/probe.h"
#include "math/scan.h"
#include "math/tally.h"

enum { ROWS = 55000, QUERIES = 256, COLS = 1536, CENTRES = 300, MODELS = 64, TIERS = 10 };
enum { ROUNDS = 5, BLOCK = 4, BATCH_ROUNDS = 3 };

typedef struct
    battles { /* entries by prompt: class winner * players + loser, a tie is half of each */
    size_t players;
    uint64_t *start;
    uint32_t *cls;
    float *amount;
    pm_tally how;
} battles;

typedef struct ranking {
    compute c;
    arena *room, *scratch;
    arena **fit_room; /* [threads] */
    pm_mat x;
    const table *t;
    size_t bytes; /* of an element of t */
    const battles *b;
    size_t n, next; /* queries at a time */
    double *sum;    /* [QUERIES x players^2] */
    double *rating; /* [QUERIES x players] Elo points */
    float *s;       /* [ROWS rounded up] of the scan alone */
    float *query;   /* [COLS] a unit vector */
    int8_t *query_bytes;
    pm_err err;
} ranking;

/* ---- data ---- */

/* Every prompt shares a direction with all, and one with those of its centre; unit length. */
static void make_prompts(ranking *r)
{
    for (size_t i = 0; i < ROWS + QUERIES; i++) {
        size_t centre = (size_t)rng_below(1, 0, i, CENTRES);
        float *to = pm_row(r->x, i);
        for (size_t j = 0; j < COLS; j++)
            to[j] = (float)(rng_uniform(1, 1, j) + 1.5 * rng_uniform(1, 2, centre * COLS + j) +
                            2 * rng_uniform(1, 3, i * COLS + j) - 2.25);
        dense_normalise(to, COLS, to);
    }
}

static double strength(size_t player, size_t centre)
{
    return 2 * rng_uniform(2, 0, player) + 1.5 * rng_uniform(2, 1, player * CENTRES + centre);
}

static void add_entry(battles *b, uint64_t *n, size_t winner, size_t loser, float amount)
{
    b->cls[*n] = (uint32_t)(winner * b->players + loser);
    b->amount[(*n)++] = amount;
}

static void make_battles(arena *room, size_t players, battles *b)
{
    b->players = players;
    b->start = arena_alloc(room, ROWS + 1, sizeof *b->start);
    b->cls = arena_alloc(room, 2 * (size_t)ROWS, sizeof *b->cls);
    b->amount = arena_alloc(room, 2 * (size_t)ROWS, sizeof *b->amount);
    if (!b->start || !b->cls || !b->amount) exit(1);
    for (size_t i = 0; i < ROWS; i++) {
        uint64_t n = b->start[i];
        size_t centre = (size_t)rng_below(1, 0, i, CENTRES);
        size_t one = (size_t)rng_below(3, 0, i, players);
        size_t two = (one + 1 + (size_t)rng_below(3, 1, i, players - 1)) % players;
        double p = 1 / (1 + exp(strength(two, centre) - strength(one, centre)));
        double u = rng_uniform(3, 2, i);
        if (u < 0.2) {
            add_entry(b, &n, one, two, 0.5f);
            add_entry(b, &n, two, one, 0.5f);
        } else if (u < 0.2 + 0.8 * p) {
            add_entry(b, &n, one, two, 1);
        } else {
            add_entry(b, &n, two, one, 1);
        }
        b->start[i + 1] = n;
    }
    b->how = (pm_tally){.size = sizeof b->how,
                        .gamma = 10,
                        .start = b->start,
                        .cls = b->cls,
                        .amount = b->amount,
                        .n_classes = players * players};
}

/* ---- works ---- */

static pm_status rate(int worker, size_t lo, size_t hi, void *arg)
{
    ranking *r = arg;
    size_t k = r->b->players;
    for (size_t i = lo; i < hi; i++) {
        double *theta = r->rating + i * k;
        bt_counts w = {.k = k, .win = r->sum + i * k * k};
        memset(theta, 0, k * sizeof *theta);
        pm_status s = bt_fit(&w, r->fit_room[worker], theta, NULL, NULL);
        if (s != PM_OK) return s;
        for (size_t a = 0; a < k; a++) theta[a] *= 400 / log(10);
    }
    return PM_OK;
}

static void rank(void *arg)
{
    ranking *r = arg;
    size_t first = r->n == 1 ? r->next++ % QUERIES : 0;
    bench_must(table_tally(&r->c, r->c.pool, r->scratch, r->t,
                           cmat_rows(mat_const(r->x), ROWS + first, r->n), &r->b->how, r->sum, NULL,
                           &r->err),
               &r->err);
    bench_must(threads_for(r->c.pool, r->n, 4, rate, r), &r->err);
}

static void read_once(void *arg)
{
    const ranking *r = arg;
    (void)probe_read_seconds(&r->c, r->c.pool, r->t->at, ROWS * r->t->ld * r->bytes, 1);
}

static pm_status scan_rows_of(int worker, size_t lo, size_t hi, void *arg)
{
    const ranking *r = arg;
    const scan_kernels *k = r->c.k->scan;
    const float step = 1;
    const int32_t sum = 0;
    scan_query q = {r->query, r->query_bytes, &step, &sum, 1, COLS, COLS};
    scan_rows rows = {.at = (const char *)r->t->at + lo * r->t->ld * r->bytes,
                      .scale = r->t->scale ? r->t->scale + lo : NULL,
                      .n = hi - lo,
                      .ld = r->t->ld,
                      .cols = COLS};
    (void)worker;
    (r->bytes == 4 ? k->f32 : r->bytes == 2 ? k->f16 : k->i8).one(&rows, &q, r->s + lo);
    return PM_OK;
}

static void scan_alone(void *arg)
{
    ranking *r = arg;
    size_t grain = ((size_t)1 << 20) / (r->t->ld * r->bytes) + 1;
    (void)threads_for(r->c.pool, ROWS, grain, scan_rows_of, r);
}

/* ---- figures ---- */

static void single(ranking *r, bench *out, const char *type, const battles *b, const char *players)
{
    bench_work w[3] = {{rank, r, 1, 0}, {read_once, r, 1, 0}, {scan_alone, r, 1, 0}};
    r->n = 1;
    r->b = b;
    bench_measure(w, 3, ROUNDS, BLOCK);
    bench_figure f = {.value = w[0].median * 1e3,
                      .unit = "ms",
                      .floor = w[1].median * 1e3,
                      .floor_is = "reading the table, all threads",
                      .goal = 1.2e3 * w[1].median,
                      .n = (size_t)ROUNDS * BLOCK};
    snprintf(f.what, sizeof f.what, "%s, %s: 1 prompt x %d rows x %d", type, players, ROWS, COLS);
    bench_record(out, &f);
    f.value = 100 * fmax(0, 1 - w[2].median / w[0].median);
    f.unit = "%";
    f.floor = f.goal = NAN;
    f.floor_is = "";
    snprintf(f.what, sizeof f.what, "- everything but the scan");
    bench_record(out, &f);
}

static void batch(ranking *r, bench *out, const char *type, const battles *b, double peak)
{
    double goal = r->bytes == 4 ? 0.8 : r->bytes == 1 ? 0.15 : NAN;
    bench_work w = {rank, r, 1, 0};
    r->b = b;
    for (r->n = 64; r->n <= QUERIES; r->n *= 4) {
        bench_measure(&w, 1, BATCH_ROUNDS, 1);
        bench_figure f = {.value = w.median * 1e3 / (double)r->n,
                          .unit = "ms",
                          .floor = 2.0 * ROWS * COLS / peak * 1e-6 / (r->bytes == 1 ? 4 : 1),
                          .floor_is = r->bytes == 1
                                          ? "byte products, four for each float32 multiply-add"
                                          : "float32 multiply-adds, in registers",
                          .goal = goal,
                          .n = BATCH_ROUNDS};
        snprintf(f.what, sizeof f.what, "%s, %zu %s: %zu prompts at once, each", type, b->players,
                 b->players == TIERS ? "tiers" : "models", r->n);
        bench_record(out, &f);
    }
}

/* Ratings of all queries: kept for float32, compared with them for the others. */
static void compare(ranking *r, bench *out, const char *type, const battles *b, double *kept)
{
    size_t n = QUERIES * b->players;
    double most = 0;
    r->n = QUERIES;
    r->b = b;
    rank(r);
    if (r->bytes == 4) {
        memcpy(kept, r->rating, n * sizeof *kept);
        return;
    }
    for (size_t i = 0; i < n; i++) most = fmax(most, fabs(r->rating[i] - kept[i]));
    bench_figure f = {
        .value = most, .unit = "Elo", .floor = NAN, .floor_is = "", .goal = 0.1, .n = n};
    snprintf(f.what, sizeof f.what, "%s, %zu %s: most a rating differs from float32's", type,
             b->players, b->players == TIERS ? "tiers" : "models");
    bench_record(out, &f);
}

static void open_rooms(ranking *r)
{
    size_t n = (size_t)threads_count(r->c.pool);
    r->x = mat_new(r->room, ROWS + QUERIES, COLS);
    r->sum = arena_alloc(r->room, QUERIES * MODELS * MODELS, sizeof *r->sum);
    r->rating = arena_alloc(r->room, QUERIES * MODELS, sizeof *r->rating);
    r->s = arena_alloc(r->room, ROWS, sizeof *r->s);
    r->query = arena_alloc(r->room, COLS, sizeof *r->query);
    r->query_bytes = arena_alloc(r->room, COLS, 1);
    r->fit_room = arena_alloc(r->room, n, sizeof(arena *));
    if (!r->x.at || !r->sum || !r->rating || !r->s || !r->query || !r->query_bytes || !r->fit_room)
        exit(1);
    for (size_t w = 0; w < n; w++) r->fit_room[w] = arena_open(0);
}

int main(void)
{
    static const struct {
        pm_dtype type;
        const char *name;
        size_t bytes;
    } kinds[] = {{PM_F32, "float32", 4}, {PM_F16, "float16", 2}, {PM_I8, "int8", 1}};
    bench out;
    battles models, tiers;
    ranking r = {.room = arena_open(0), .scratch = arena_open(0)};
    probe_result limits;
    bench_must(compute_open(0, &r.c, &r.err), &r.err);
    bench_must(probe_machine(&r.c, &limits, &r.err), &r.err);
    open_rooms(&r);
    make_prompts(&r);
    memcpy(r.query, pm_row(r.x, ROWS), COLS * sizeof *r.query);
    make_battles(r.room, MODELS, &models);
    make_battles(r.room, TIERS, &tiers);
    double *kept_models = arena_alloc(r.room, QUERIES * MODELS, sizeof *kept_models);
    double *kept_tiers = arena_alloc(r.room, QUERIES * TIERS, sizeof *kept_tiers);
    if (!kept_models || !kept_tiers) return 1;
    bench_open(&out, "sw", &r.c);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        table t;
        arena_mark mark = arena_save(r.room);
        bench_must(table_build(&r.c, r.room, cmat_rows(mat_const(r.x), 0, ROWS), kinds[i].type, &t,
                               &r.err),
                   &r.err);
        r.t = &t;
        r.bytes = kinds[i].bytes;
        compare(&r, &out, kinds[i].name, &tiers, kept_tiers);
        compare(&r, &out, kinds[i].name, &models, kept_models);
        single(&r, &out, kinds[i].name, &tiers, "10 tiers");
        single(&r, &out, kinds[i].name, &models, "64 models");
        batch(&r, &out, kinds[i].name, &tiers, limits.fma_gflops_all);
        batch(&r, &out, kinds[i].name, &models, limits.fma_gflops_all);
        arena_release(r.room, mark);
    }
    bench_close(&out);
    for (size_t w = 0; w < (size_t)threads_count(r.c.pool); w++) arena_close(r.fit_room[w]);
    arena_close(r.room);
    arena_close(r.scratch);
    compute_close(&r.c);
    return 0;
}
