/* SPDX-License-Identifier: MIT
 *
 * Training and scoring of the backend ngram on one thread, orders 4 and 6, on made-up text (words drawn by Zipf's law)
 * and, where POINTSMAN_CORPUS names a file of text or a folder (see texts.h), on that: pieces of 4,000 bytes to learn
 * from, then prompts of 600 bytes.  Floors of the same run: copying 8 bytes a byte of text (the keys that training
 * sorts), and one independent random read a byte of text in a table of the model's size.
 */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/rng.h"
#include "bench.h"
#include "plug/backend.h"
#include "plug/params.h"
#include "texts.h"

enum { MOST = 18000000, PIECE = 4000, PROMPT = 600, ROUNDS = 5, VOCABULARY = 20000 };

typedef struct text {
    const char *name;
    char *at;
    size_t len, learned; /* [0, learned) is learned from, the rest scored */
} text;

typedef struct host {
    compute compute;
    registry *registry;
    plug_env env;
    call_ctx *call;
    const plugin_entry *ngram;
} host;

typedef struct trial {
    const host *h;
    int64_t order;
    pm_str *piece, *prompt;
    size_t n_pieces, n_prompts, learned, scored;
    backend *model;
    double *nats, *chars;
    uint64_t *id;
    char *from, *to; /* 8 bytes a byte learned */
    const uint32_t *table;
    size_t table_n;
    uint32_t sink;
    pm_err err;
} trial;

/* ---- texts ---------------------------------------------------------------------------------------------------- */

/* Word number r: letters by its digits, so that frequent words are short. */
static size_t word(char *to, uint64_t r)
{
    static const char letter[] = "etaoinshrdlucmfwygpbvkxqjz";
    size_t n = 0;
    for (r++; r; r /= 13, n++) to[n] = letter[(r * 7 + n * 5) % 26];
    to[n++] = ' ';
    return n;
}

static text make_text(arena *room, size_t len)
{
    text t = {.name = "made-up text", .at = arena_alloc(room, len + 32, 1)};
    if (!t.at) exit(1);
    for (uint64_t i = 0; t.len < len; i++) /* P(rank <= r) = ln r / ln V: Zipf's law */
        t.len += word(t.at + t.len, (uint64_t)pow(VOCABULARY, rng_uniform(3, 1, i)));
    return t;
}

/* The texts of a folder one after the other, in an order of chance, so that what is scored is like what was learned. */
static void read_folder(arena *room, text *t)
{
    bench_texts x = bench_texts_open(room, MOST / 400);
    for (size_t i = x.n; i > 1; i--) {
        size_t other = (size_t)rng_below(5, 0, i, (uint32_t)i);
        pm_str kept = x.text[i - 1];
        x.text[i - 1] = x.text[other];
        x.text[other] = kept;
    }
    for (size_t i = 0; i < x.n && t->len < MOST; i++) {
        size_t part = x.text[i].len < MOST - t->len ? x.text[i].len : MOST - t->len;
        memcpy(t->at + t->len, x.text[i].ptr, part);
        t->len += part;
        if (t->len < MOST) t->at[t->len++] = '\n';
    }
}

/* False: POINTSMAN_CORPUS is unset.  What it names and cannot be used ends the benchmark. */
static bool read_text(arena *room, text *t)
{
    const char *path = getenv("POINTSMAN_CORPUS");
    struct stat kind;
    *t = (text){.name = "real text", .at = arena_alloc(room, MOST, 1)};
    if (!path || !*path) return false;
    if (!t->at) exit(1);
    if (stat(path, &kind) == 0 && S_ISDIR(kind.st_mode)) {
        read_folder(room, t);
    } else {
        FILE *f = fopen(path, "rb");
        if (f) t->len = fread(t->at, 1, MOST, f);
        if (f) fclose(f);
    }
    if (t->len >= 100 * PIECE) return true;
    fprintf(stderr,
            "benchmark: POINTSMAN_CORPUS \"%s\": found %zu bytes of text, wanted a file or a "
            "folder with %d or more\n",
            path, t->len, 100 * PIECE);
    exit(1);
}

static pm_str *cut(arena *room, const char *at, size_t len, size_t piece, size_t *n)
{
    *n = len / piece;
    pm_str *out = arena_alloc(room, *n, sizeof *out);
    for (size_t i = 0; out && i < *n; i++) out[i] = (pm_str){at + i * piece, piece};
    return out;
}

/* ---- works ---------------------------------------------------------------------------------------------------- */

static void train(void *arg)
{
    trial *t = arg;
    const pm_expert expert = {.size = sizeof expert, .id = "bench"};
    const pm_corpus corpus = {sizeof corpus, t->piece, t->n_pieces};
    const pm_backend_fit fit = {.size = sizeof fit, .expert = &expert, .corpus = &corpus};
    const plugin_entry *e = t->h->ngram;
    const param_value order = {.name = "order", .kind = PARAM_NUMBER, .number = (double)t->order};
    void *params = NULL;
    arena *room = arena_open(0);
    if (t->model) backend_close(t->model);
    bench_must(
        params_build(e->params, e->params_bytes, &order, 1, room, &params, NULL, NULL, &t->err),
        &t->err);
    const backend_spec spec = {e, params, 1};
    bench_must(backend_train(t->h->call, &spec, &fit, &t->model, &t->err), &t->err);
    arena_close(room);
}

static void score(void *arg)
{
    trial *t = arg;
    const pm_prompts x = {.size = sizeof x, .n = t->n_prompts, .id = t->id, .text = t->prompt};
    pm_measured out = {.size = sizeof out, .value = t->nats, .chars = t->chars};
    bench_must(backend_score(t->model, t->h->call, &x, &out, &t->err), &t->err);
}

static void copy(void *arg)
{
    const trial *t = arg;
    memcpy(t->to, t->from, t->learned * 8);
}

static void read_at_random(void *arg)
{
    trial *t = arg;
    uint64_t state = 1;
    uint32_t sum = 0;
    for (size_t i = 0; i < t->scored; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        sum += t->table[(size_t)((state >> 32) * t->table_n >> 32)];
    }
    t->sink += sum;
}

static void both(trial *t, bench *out, const char *name)
{
    bench_work w[4] = {
        {train, t, 1, 0}, {score, t, 1, 0}, {copy, t, 1, 0}, {read_at_random, t, 1, 0}};
    bench_measure(w, 4, ROUNDS, 1);
    bench_figure f = {.value = 1e-6 * (double)t->learned / w[0].median,
                      .unit = "MB/s",
                      .is_rate = true,
                      .floor = 1e-6 * (double)t->learned / w[2].median,
                      .floor_is = "copying 8 bytes a byte",
                      .goal = t->order == 4 ? 35 : 15,
                      .n = ROUNDS};
    snprintf(f.what, sizeof f.what, "%s: train order %d on %.1f MB", name, (int)t->order,
             1e-6 * (double)t->learned);
    bench_record(out, &f);
    f.value = 1e-6 * (double)t->scored / w[1].median;
    f.floor = 1e-6 * (double)t->scored / w[3].median;
    f.floor_is = "one random read a byte";
    f.goal = t->order == 4 ? 20 : 4.5;
    snprintf(f.what, sizeof f.what, "%s: score order %d, %zu prompts of %d bytes", name,
             (int)t->order, t->n_prompts, PROMPT);
    bench_record(out, &f);
}

static void run(const host *h, bench *out, text *in, int64_t order)
{
    arena *room = arena_open(0);
    in->learned = in->len / 4 * 3;
    trial t = {.h = h, .order = order};
    t.piece = cut(room, in->at, in->learned, PIECE, &t.n_pieces);
    t.prompt = cut(room, in->at + in->learned, in->len - in->learned, PROMPT, &t.n_prompts);
    t.learned = t.n_pieces * PIECE;
    t.scored = t.n_prompts * PROMPT;
    t.id = arena_alloc(room, t.n_prompts, sizeof *t.id);
    t.nats = arena_alloc(room, t.n_prompts, sizeof *t.nats);
    t.chars = arena_alloc(room, t.n_prompts, sizeof *t.chars);
    t.from = arena_alloc(room, t.learned, 8);
    t.to = arena_alloc(room, t.learned, 8);
    t.table_n = order == 4 ? 1000000 : 8000000; /* 4 and 32 MB: about the models' sizes */
    t.table = arena_alloc(room, t.table_n, sizeof *t.table);
    if (!t.piece || !t.prompt || !t.id || !t.nats || !t.chars || !t.from || !t.to || !t.table)
        exit(1);
    memset(t.from, 1, t.learned * 8);
    both(&t, out, in->name);
    double nats = 0, chars = 0;
    for (size_t i = 0; i < t.n_prompts; i++) nats += t.nats[i], chars += t.chars[i];
    fprintf(stderr, "%s, order %d: %.4f nats a character\n", in->name, (int)order, nats / chars);
    backend_close(t.model);
    arena_close(room);
}

static void open_host(host *h) /* from the build folder: reads plugins/KIND/.libs */
{
    pm_err err = PM_ERR_INIT;
    bench_must(compute_open(1, &h->compute, &err), &err);
    bench_must(registry_open("plugins/backends", &h->registry, &err), &err);
    h->env = (plug_env){.compute = &h->compute, .registry = h->registry};
    bench_must(call_ctx_open(&h->env, true, &h->call, &err), &err);
    h->ngram = registry_find(h->registry, PLUGIN_BACKEND, "ngram");
    if (h->ngram) return;
    fprintf(stderr, "benchmark: no backend ngram in plugins/backends; run from the build folder\n");
    exit(1);
}

int main(void)
{
    bench out;
    host h = {0};
    text t;
    open_host(&h);
    arena *room = arena_open(0);
    bench_open(&out, "ngram", &h.compute);
    t = make_text(room, MOST);
    run(&h, &out, &t, 4);
    run(&h, &out, &t, 6);
    if (read_text(room, &t)) {
        run(&h, &out, &t, 4);
        run(&h, &out, &t, 6);
    }
    bench_close(&out);
    arena_close(room);
    call_ctx_close(h.call);
    registry_close(h.registry);
    compute_close(&h.compute);
    return 0;
}
