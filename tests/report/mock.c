/* SPDX-License-Identifier: MIT
 *
 * mock STORE N: puts a finished run "mock" with N invented test prompts into the store: rows, cells, objects, with
 * everything that a report can show (23 domains, 13 experts, four routers, a size sweep, histories, maps, curves).
 * Invented numbers, seeded: the same run every time.  Prints the run's key.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/io.h"
#include "base/rng.h"
#include "eval/store.h"

enum { M = 13, DOMAINS = 23, ROUTERS = 4, POINTS = 9, SEED = 1 };

static const char *const domain_name[DOMAINS] = {
    "bible",  "c",          "changelog", "cpp",     "essays",  "foldoc", "formal", "french",
    "german", "javascript", "legal",     "lisp",    "man",     "maths",  "perl",   "pgdoc",
    "poddoc", "python",     "quotes",    "science", "spanish", "tex",    "wordnet"};
static const char *const expert_name[M] = {
    "sys-code",    "script-code", "legal",         "literature",    "manuals",
    "dictionary",  "languages",   "maths-science", "general-small", "general-large",
    "old-general", "tiny-code",   "mid-prose"};
static const double expert_params[M] = {4.2e6, 4.2e6, 2.9e6, 3.4e6, 4.2e6, 4.2e6, 2.9e6,
                                        4e6,   1.1e5, 6e6,   4.4e6, 5e5,   1.4e6};
static const char *const router_name[ROUTERS] = {"knn", "loss_regression mlp", "best_expert",
                                                 "prior"};
static const double router_noise[ROUTERS] = {0.018, 0.024, 0.015, 0};
static const double weight[POINTS] = {0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2};

typedef struct mock {
    store *st;
    arena *a;
    size_t n;
    float *value, *domain, *predicted[ROUTERS], *choice[ROUTERS][POINTS];
    float size[M];
    float *domain_rule, *oracle, *single;
    store_row *row;
    size_t n_rows;
    const char *key;
} mock;

static void must(pm_status s, const pm_err *err)
{
    if (s == PM_OK) return;
    fprintf(stderr, "mock: %s\n", err_text(err));
    exit(1);
}

static float *floats(mock *k, size_t n)
{
    float *p = arena_alloc(k->a, n ? n : 1, sizeof *p);
    if (!p) exit(1);
    return p;
}

static double draw(uint32_t stream, size_t i)
{
    return rng_normal(SEED, stream, i);
}

/* What an expert loses on average in a domain: three good ones each, two domains without a specialist. */
static double affinity(size_t d, size_t j)
{
    double good = (j + d) % 5 == 0 ? -0.09 : (j * 7 + d * 3) % 11 == 0 ? -0.12 : 0;
    double small = j == 8 ? 0.7 : j == 11 ? 0.25 : j == 12 ? 0.12 : 0;
    return (d % 9 == 4 ? good / 3 : good) + small + 0.02 * draw(1, d * M + j) +
           (j == 9 ? -0.06 : 0);
}

static void make_values(mock *k)
{
    k->value = floats(k, k->n * M);
    k->domain = floats(k, k->n);
    for (size_t i = 0; i < k->n; i++) {
        size_t d = i * DOMAINS / k->n;
        double level = 1.65 + 0.2 * draw(2, d) + 0.25 * draw(3, i);
        k->domain[i] = i % 97 == 50 ? -1 : (float)d;
        for (size_t j = 0; j < M; j++)
            k->value[i * M + j] =
                (float)fmax(0.05, level + affinity(d, j) + 0.03 * draw(4, i * M + j));
        for (size_t r = 0; r < ROUTERS; r++)
            for (size_t j = 0; j < M; j++) {
                double own = router_name[r][0] == 'p'
                                 ? 1.65 + affinity(4, j)
                                 : 1.65 + 0.7 * (level - 1.65) + 0.9 * affinity(d, j) +
                                       router_noise[r] * draw(10 + (uint32_t)r, i * M + j);
                k->predicted[r][i * M + j] = (float)own;
            }
    }
    for (size_t j = 0; j < M; j++)
        k->size[j] =
            (float)((log10(expert_params[j]) - log10(1.1e5)) / (log10(6e6) - log10(1.1e5)));
}

static size_t least(const mock *k, const float *row, double w)
{
    size_t best = 0;
    for (size_t j = 1; j < M; j++)
        if ((double)row[j] + w * (double)k->size[j] < (double)row[best] + w * (double)k->size[best])
            best = j;
    return best;
}

static void make_choices(mock *k)
{
    k->oracle = floats(k, k->n);
    k->single = floats(k, k->n);
    k->domain_rule = floats(k, k->n);
    for (size_t i = 0; i < k->n; i++) {
        float rule[M];
        size_t d = i * DOMAINS / k->n;
        for (size_t j = 0; j < M; j++) rule[j] = (float)(1.65 + affinity(d, j));
        k->oracle[i] = (float)least(k, k->value + i * M, 0);
        k->domain_rule[i] = (float)least(k, rule, 0);
        k->single[i] = 9;
        for (size_t r = 0; r < ROUTERS; r++)
            for (size_t p = 0; p < POINTS; p++)
                k->choice[r][p][i] = (float)least(k, k->predicted[r] + i * M, weight[p]);
    }
}

/* ---- rows ---- */

static const char *point_text(mock *k, size_t p)
{
    char text[32];
    snprintf(text, sizeof text, "size=%g", weight[p]);
    return arena_strdup(k->a, text);
}

static void put(mock *k, store_row like, const char *metric, double value, double half)
{
    like.metric = metric;
    like.value = value;
    like.lo = value - half;
    like.hi = value + half;
    like.n = k->n;
    k->row[k->n_rows++] = like;
}

static double cell(const mock *k, size_t i, float j)
{
    return (double)k->value[i * M + (size_t)j];
}

static void score(mock *k, const char *role, const char *label, const char *point,
                  const float *choice)
{
    double sum = 0, single = 0, knn = 0, best = 0, hit = 0, square = 0;
    for (size_t i = 0; i < k->n; i++) {
        double v = cell(k, i, choice[i]), o = cell(k, i, k->oracle[i]);
        sum += v;
        square += v * v;
        single += cell(k, i, k->single[i]);
        knn += cell(k, i, k->choice[0][0][i]);
        best += o;
        hit += v <= o + 1e-9;
    }
    double n = (double)k->n, mean = sum / n;
    double half = 1.96 * sqrt(fmax(0, square / n - mean * mean) / n);
    store_row r = {
        .point = point, .label = label, .role = role, .seed = SEED, .subset = "all", .setting = ""};
    put(k, r, "loss", mean, half);
    put(k, r, "diff_best_single", (sum - single) / n, choice == k->single ? 0 : half / 6);
    put(k, r, "diff_rival:knn", (sum - knn) / n, choice == k->choice[0][0] ? 0 : half / 8);
    put(k, r, "selection_accuracy", hit / n, 0.02);
    put(k, r, "regret", (sum - best) / n, half / 9);
    put(k, r, "gap_recovered", (single - sum) / (single - best), 0.03);
}

static void make_rows(mock *k)
{
    k->row = arena_alloc(k->a, 4000, sizeof *k->row);
    if (!k->row) exit(1);
    score(k, "baseline", "best single (train)", "", k->single);
    score(k, "baseline", "domain majority", "", k->domain_rule);
    score(k, "ceiling", "oracle", "", k->oracle);
    for (size_t j = 0; j < M; j++) {
        float *c = floats(k, k->n);
        for (size_t i = 0; i < k->n; i++) c[i] = (float)j;
        score(k, "expert", expert_name[j], "", c);
    }
    for (size_t r = 0; r < ROUTERS; r++)
        for (size_t p = 0; p < POINTS; p++)
            score(k, "router", router_name[r], point_text(k, p), k->choice[r][p]);
    static const int sizes[] = {500, 2000, 8000, 27000};
    for (size_t r = 0; r < ROUTERS; r++)
        for (size_t s = 0; s < 4; s++) {
            char point[32];
            snprintf(point, sizeof point, "train=%d", sizes[s]);
            store_row row = {.point = arena_strdup(k->a, point),
                             .label = router_name[r],
                             .role = "curve",
                             .seed = SEED,
                             .subset = "all",
                             .setting = ""};
            put(k, row, "loss", 1.53 + 0.02 * (double)r + 1.2 / sqrt(sizes[s]), 0.006);
        }
    store_row about = {.point = "",
                       .label = "run",
                       .role = "about",
                       .subset = "intervals",
                       .setting = "paired, by group of prompts"};
    put(k, about, "resamples", 2000, NAN);
    about.setting = "";
    put(k, about, "level", 0.95, NAN);
}

/* ---- cells ---- */

static const char *object(mock *k, const float *at, size_t rows, size_t cols)
{
    pm_err err = PM_ERR_INIT;
    char hex[65];
    must(store_put_matrix(k->st, (pm_cmat){at, rows, cols, cols}, hex, &err), &err);
    return arena_strdup(k->a, hex);
}

static const char *prompts(mock *k)
{
    pm_err err = PM_ERR_INIT;
    str text = STR_INIT;
    char hex[65];
    for (size_t i = 0; i < k->n; i++)
        str_printf(&text,
                   "{\"id\":\"p%zu\",\"domain\":\"%s\",\"group\":\"file "
                   "%zu\",\"chars\":600,\"text\":\"prompt %zu "
                   "<b>&amp;</b> \\u201cquoted\\u201d\\n\\n #include <stdio.h> caf\\u00e9 http "
                   "words that go on "
                   "until an excerpt is cut somewhere after two hundred and twenty characters, "
                   "which takes a "
                   "while when every word is short and none of them says anything at all\"}\n",
                   i, domain_name[i * DOMAINS / k->n], i / 12, i);
    char *path = store_temporary(k->st, k->a);
    must(io_write(path, text.at, text.len, &err), &err);
    must(store_put_file(k->st, path, hex, &err), &err);
    str_close(&text);
    return arena_strdup(k->a, hex);
}

static void put_latent(mock *k, str *out)
{
    size_t s = k->n < 1500 ? k->n : 1500;
    float *sample = floats(k, s), *map = floats(k, 2 * s);
    for (size_t q = 0; q < s; q++) {
        size_t i = q * k->n / s, d = i * DOMAINS / k->n;
        sample[q] = (float)i;
        map[2 * q] = (float)(30 * cos(0.9 * (double)d) * (1 + 0.08 * (double)d) + 5 * draw(20, q));
        map[2 * q + 1] =
            (float)(30 * sin(0.9 * (double)d) * (1 + 0.08 * (double)d) + 5 * draw(21, q));
    }
    str_printf(out,
               ",\"latent\":{\"of\":\"router\",\"dim\":256,\"sample\":\"%s\",\"map\":\"%s\","
               "\"silhouette\":0.21,"
               "\"knn_accuracy\":0.86,\"k\":10}",
               object(k, sample, s, 1), object(k, map, s, 2));
}

static void put_router(mock *k, size_t r, str *out)
{
    bool is_class = router_name[r][0] == 'b';
    str_printf(out,
               "%s{\"label\":\"%s\",\"plugin\":\"%.15s\",\"setting\":\"k=80\",\"kind\":\"%s\","
               "\"predicted\":\"%s\",\"spread\":\"\",\"choices\":[",
               r ? "," : "", router_name[r], router_name[r], is_class ? "best" : "loss",
               object(k, k->predicted[r], k->n, M));
    for (size_t p = 0; p < POINTS; p++)
        str_printf(out, "%s\"%s\"", p ? "," : "", object(k, k->choice[r][p], k->n, 1));
    str_printf(out, "],\"seconds\":%g,\"history\":[", 1.5 + (double)r);
    for (int e = 1; (r == 1 || r == 2) && e <= 12; e++)
        str_printf(out, "%s{\"epoch\":%d,\"train\":%.4f,\"tune\":%.4f}", e > 1 ? "," : "", e,
                   0.9 / e + 0.1, 0.8 / e + 0.15 + 0.012 * e);
    str_puts(out, "]");
    if (r == 1)
        put_latent(k, out);
    else
        str_puts(out, ",\"latent\":null");
    str_puts(out, "}");
}

static void put_heads(mock *k, str *out)
{
    str_printf(
        out,
        "{\"seed\":%d,\"kind\":\"loss\",\"n\":%zu,\"m\":%d,\"cluster_count\":%zu,\"experts\":[",
        SEED, k->n, M, k->n / 12 + 1);
    for (size_t j = 0; j < M; j++)
        str_printf(out, "%s{\"id\":\"%s\",\"params\":%g}", j ? "," : "", expert_name[j],
                   expert_params[j]);
    str_puts(out, "],\"domains\":[");
    for (size_t d = 0; d < DOMAINS; d++) str_printf(out, "%s\"%s\"", d ? "," : "", domain_name[d]);
    str_printf(out, "],\"domain\":\"%s\",\"prompts\":\"%s\",\"value\":\"%s\",\"cost\":\"\",",
               object(k, k->domain, k->n, 1), prompts(k), object(k, k->value, k->n, M));
    str_printf(out,
               "\"terms\":[{\"label\":\"size\",\"plugin\":\"size\",\"sense\":\"soft\",\"unit\":"
               "\"parameters\",\"value\":\"%s\"}],\"points\":[",
               object(k, k->size, 1, M));
    for (size_t p = 0; p < POINTS; p++) str_printf(out, "%s\"%s\"", p ? "," : "", point_text(k, p));
    str_printf(
        out,
        "],\"policies\":[{\"label\":\"oracle\",\"role\":\"ceiling\",\"point\":\"\",\"choice\":\"%"
        "s\"},"
        "{\"label\":\"best single "
        "(train)\",\"role\":\"baseline\",\"point\":\"\",\"choice\":\"%s\"},"
        "{\"label\":\"domain majority\",\"role\":\"baseline\",\"point\":\"\",\"choice\":\"%s\"}],",
        object(k, k->oracle, k->n, 1), object(k, k->single, k->n, 1),
        object(k, k->domain_rule, k->n, 1));
}

static void write_cells(mock *k, const char *dir)
{
    pm_err err = PM_ERR_INIT;
    str out = STR_INIT;
    put_heads(k, &out);
    str_puts(&out, "\"routers\":[");
    for (size_t r = 0; r < ROUTERS; r++) put_router(k, r, &out);
    str_puts(&out, "],\"noise\":{\"accuracy\":0.756,\"draws\":20},\"timings\":[{\"what\":"
                   "\"corpus\",\"seconds\":9.5}");
    for (size_t j = 0; j < M; j++)
        str_printf(&out, ",{\"what\":\"expert %s\",\"seconds\":%.2f}", expert_name[j],
                   0.4 + expert_params[j] * 4e-7);
    str_puts(&out, "]}\n");
    must(io_mkdir(dir, &err), &err);
    must(io_write(io_join(k->a, dir, "cells-1.json"), out.at, out.len, &err), &err);
    str_close(&out);
}

static void begin(mock *k)
{
    pm_err err = PM_ERR_INIT;
    char hex[65];
    sha256_of("mock", 4, hex);
    k->key = arena_strdup(k->a, hex);
    store_run run = {
        .key = k->key,
        .name = "mock",
        .script = "experiments/mock.lua",
        .script_sha256 = hex,
        .data_hash = hex,
        .version = "0.1.0",
        .machine_json = "{\"cpu\":\"invented\",\"kernels\":\"scalar\",\"threads\":1}",
        .started = "2026-01-01T00:00:00Z",
        .spec_json =
            "{\"name\":\"mock\",\"asks\":\"Can a router that reads text pick "
            "the expert with the least loss, "
            "and what does a smaller model "
            "cost?\",\"experts\":[{\"id\":\"sys-code\"}],\"constraints\":[{\"use\":{\"label\":"
            "\"size\",\"params\":{\"scale\":\"log\"}}}],\"objective\":{\"plugin\":"
            "\"penalty\"},\"routers\":["
            "{\"is_rival\":true,\"use\":{\"label\":\"knn\",\"plugin\":"
            "\"knn\"}},{\"use\":{\"label\":\"loss_regression mlp\","
            "\"plugin\":\"loss_regression\"}},{\"use\":{\"label\":\"best_"
            "expert\",\"plugin\":\"best_expert\"}},"
            "{\"use\":{\"label\":\"prior\",\"plugin\":\"prior\"}}]}"};
    must(store_begin_run(k->st, &run, &err), &err);
}

int main(int argc, char **argv)
{
    pm_err err = PM_ERR_INIT;
    mock k = {.a = arena_open(0), .n = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 0};
    if (argc != 3 || k.n < DOMAINS) {
        fprintf(stderr, "usage: mock STORE N, with N of %d or more\n", DOMAINS);
        return 2;
    }
    must(store_open(argv[1], &k.st, &err), &err);
    for (size_t r = 0; r < ROUTERS; r++) {
        k.predicted[r] = floats(&k, k.n * M);
        for (size_t p = 0; p < POINTS; p++) k.choice[r][p] = floats(&k, k.n);
    }
    make_values(&k);
    make_choices(&k);
    make_rows(&k);
    begin(&k);
    str folder = STR_INIT;
    str_printf(&folder, "%s/runs/mock-%.8s", argv[1], k.key);
    write_cells(&k, str_text(&folder));
    str_close(&folder);
    must(store_finish_run(k.st, k.key, k.row, k.n_rows, 12.5, &err), &err);
    printf("%s\n", k.key);
    store_close(k.st);
    arena_close(k.a);
    return 0;
}
