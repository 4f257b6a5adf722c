/* SPDX-License-Identifier: MIT
 *
 * Importing: text rows of the long form and the folder they make, embeddings as text, each beside floors of the same
 * run; and the peak memory of a million-row import beside the tables it makes, in a process of its own.
 * Usage: bench_import [MEGABYTES]
 */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/rng.h"
#include "bench.h"
#include "data/dataset.h"
#include "data/import.h"

enum { ROUNDS = 3, GOAL = 400, MODELS = 4, DIMS = 768, WIDE = 10, QUERIES = 100000, TABLES = 3 };

typedef struct place {
    char dir[256], runs[320], rows[320], vectors[320], base[320], out[320], many[320];
    size_t runs_bytes, vectors_bytes, n_vectors;
    float *values; /* what the vectors are */
} place;

static void must(bool good, const char *what)
{
    if (good) return;
    perror(what);
    exit(1);
}

static void in(const place *p, const char *name, char out[320])
{
    snprintf(out, 320, "%.255s/%s", p->dir, name);
}

/* ---- what is imported ---- */

/* A text for each query, an answer of each model: the text stands in every row, as exports have it. */
static void make_runs(place *p, size_t bytes)
{
    static char text[4096];
    FILE *file = fopen(p->runs, "wb");
    must(file, p->runs);
    for (uint64_t i = 0; p->runs_bytes < bytes; i++) {
        size_t len = 0;
        uint64_t words = 20 + rng_below(1, 0, i, 300);
        for (uint64_t w = 0; w < words && len < sizeof text - 16; w++) {
            uint64_t r = rng_bits(1, 1, i * 400 + w);
            size_t n = 2 + r % 9;
            memcpy(text + len, &"abcdefghijklmnopqrstuvwxyz"[(r >> 8) % 16], n);
            len += n;
            const char *end = (r >> 32) % 20 == 0 ? "\\n" : (r >> 32) % 50 == 1 ? "\\\" " : " ";
            memcpy(text + len, end, strlen(end));
            len += strlen(end);
        }
        for (int j = 0; j < MODELS; j++)
            p->runs_bytes += (size_t)fprintf(
                file,
                "{\"query_id\": \"set/%06llu\", \"model\": \"model-%d\", \"score\": %d, \"cost\": "
                "%.6g, \"prompt\": \"%.*s\", \"domain\": \"set\"}\n",
                (unsigned long long)i, j, (int)(rng_bits(1, 2, i * MODELS + (uint64_t)j) % 2),
                rng_uniform(1, 3, i), (int)len, text);
    }
    must(fclose(file) == 0, p->runs);
}

static void make_rows(const place *p)
{
    FILE *file = fopen(p->rows, "wb");
    must(file, p->rows);
    fputs("query_id,model,score,cost,tokens,prompt\n", file);
    for (unsigned i = 0; i < QUERIES; i++)
        for (unsigned j = 0; j < WIDE; j++)
            fprintf(file, "q%06u,model-%u,%.4f,%.6f,%u,what is %u?\n", i, j,
                    rng_uniform(2, 0, i * WIDE + j), rng_uniform(2, 1, i), i % 997, i);
    must(fclose(file) == 0, p->rows);
}

static void make_vectors(place *p, size_t bytes)
{
    static const char *const names[] = {"prompts.jsonl", "scores.csv"};
    FILE *file = fopen(p->vectors, "wb"), *of[2];
    char path[320];
    must(file && mkdtemp(strcpy(p->base, p->many)), p->vectors);
    for (int k = 0; k < 2; k++) {
        snprintf(path, sizeof path, "%.290s/%s", p->base, names[k]);
        must((of[k] = fopen(path, "wb")) != NULL, path);
    }
    fputs("id,m\n", of[1]);
    for (uint64_t i = 0; p->vectors_bytes < bytes; i++, p->n_vectors++) {
        fprintf(of[0], "{\"id\": \"v%llu\", \"prompt\": \"\"}\n", (unsigned long long)i);
        fprintf(of[1], "v%llu,1\n", (unsigned long long)i);
        p->vectors_bytes +=
            (size_t)fprintf(file, "{\"id\": \"v%llu\", \"embedding\": [", (unsigned long long)i);
        for (uint64_t k = 0; k < DIMS; k++)
            p->vectors_bytes += (size_t)fprintf(file, "%s%.9g", k ? ", " : "",
                                                (double)(float)rng_normal(3, 0, i * DIMS + k) / 30);
        p->vectors_bytes += (size_t)fprintf(file, "]}\n");
    }
    must(fclose(file) == 0 && fclose(of[0]) == 0 && fclose(of[1]) == 0, p->vectors);
}

/* ---- the works ---- */

static void import(const char *format, const char *input, const char *out, const char *folder_name)
{
    static import_counts counts;
    pm_err err = PM_ERR_INIT;
    folder *f;
    folder_options o = {sizeof o, false, true};
    import_value value = {"folder", folder_name};
    import_job job = {.size = sizeof job,
                      .input = &input,
                      .n_inputs = 1,
                      .value = &value,
                      .n_values = folder_name ? 1 : 0};
    memset(&counts, 0, sizeof counts);
    bench_must(folder_open(out, &o, &f, &err), &err);
    bench_must(import_find(format)->run(&job, f, &counts, &err), &err);
    bench_must(folder_finish(f, &err), &err);
}

static void import_runs(void *arg)
{
    const place *p = arg;
    import("long", p->runs, p->out, NULL);
}

static void read_folder(void *arg)
{
    const place *p = arg;
    pm_err err = PM_ERR_INIT;
    dataset d;
    arena *a = arena_open(0);
    bench_must(dataset_read(p->out, NULL, a, &d, &err), &err);
    arena_close(a);
}

static void import_vectors(void *arg)
{
    const place *p = arg;
    char out[340];
    snprintf(out, sizeof out, "%.300s.out", p->base);
    import("embeddings", p->vectors, out, p->base);
}

static void read_bytes(const char *path)
{
    static char block[1 << 18];
    FILE *file = fopen(path, "rb");
    size_t got, lines = 0;
    while (file && (got = fread(block, 1, sizeof block, file)) > 0)
        for (char *at = block; (at = memchr(at, '\n', (size_t)(block + got - at))); at++) lines++;
    if (file) fclose(file);
    must(lines > 0, path);
}

static void read_runs(void *arg)
{
    read_bytes(((const place *)arg)->runs);
}

static void read_vectors(void *arg)
{
    read_bytes(((const place *)arg)->vectors);
}

static void read_written(void *arg)
{
    const place *p = arg;
    char path[360];
    snprintf(path, sizeof path, "%.310s/prompts.jsonl", p->out);
    read_bytes(path);
}

static void copy_vectors(void *arg)
{
    const place *p = arg;
    size_t bytes = p->n_vectors * DIMS * sizeof(float);
    float *to = malloc(bytes);
    must(to, "memory");
    memcpy(to, p->values, bytes);
    __asm__ volatile("" : : "r"(to) : "memory");
    free(to);
}

/* ---- figures ---- */

static void record(bench *b, const char *what, double mb, const bench_work *w,
                   const bench_work *floor, const char *floor_is, double goal)
{
    bench_figure f = {.value = mb / w->median,
                      .unit = "MB/s",
                      .is_rate = true,
                      .floor = mb / floor->median,
                      .floor_is = floor_is,
                      .goal = goal,
                      .n = ROUNDS};
    snprintf(f.what, sizeof f.what, "%s", what);
    bench_record(b, &f);
}

/* Peak resident bytes of the import of a million rows, in a child. */
static double peak_of(const place *p)
{
    struct rusage used;
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        import("long", p->rows, p->out, NULL);
        _exit(0);
    }
    must(child > 0 && wait4(child, &status, 0, &used) == child && status == 0, "the child");
    return (double)used.ru_maxrss * 1024;
}

static void record_peak(bench *b, double peak)
{
    double tables = (double)QUERIES * WIDE * TABLES * sizeof(float);
    bench_figure f = {.what = "peak of importing a million rows, beside its tables in float32",
                      .value = peak / 1e6,
                      .unit = "MB",
                      .floor = tables / 1e6,
                      .floor_is = "the tables alone",
                      .goal = 3 * tables / 1e6,
                      .n = 1};
    bench_record(b, &f);
}

static void remove_all(const place *p)
{
    char command[400];
    snprintf(command, sizeof command, "rm -rf '%.255s'", p->dir);
    must(system(command) == 0, command);
}

static double written_bytes(const place *p)
{
    char path[360];
    io_map m;
    pm_err err = PM_ERR_INIT;
    snprintf(path, sizeof path, "%.310s/prompts.jsonl", p->out);
    bench_must(io_map_open(path, &m, &err), &err);
    double bytes = (double)m.len;
    io_map_close(&m);
    return bytes;
}

int main(int argc, char **argv)
{
    static place p;
    size_t megabytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 100;
    const char *base = getenv("TMPDIR");
    snprintf(p.dir, sizeof p.dir, "%.200s/bench_import.XXXXXX", base && *base ? base : "/tmp");
    must(megabytes && megabytes <= 10000 && mkdtemp(p.dir), "usage: bench_import [MEGABYTES]");
    in(&p, "runs.jsonl", p.runs);
    in(&p, "rows.csv", p.rows);
    in(&p, "vectors.jsonl", p.vectors);
    in(&p, "out", p.out);
    in(&p, "base.XXXXXX", p.many);
    bench b;
    make_rows(&p);
    double peak = peak_of(&p); /* first, while this process is small: a child begins as large */
    make_runs(&p, megabytes * 1000000);
    make_vectors(&p, megabytes * 1000000);
    p.values = calloc(p.n_vectors * DIMS, sizeof *p.values);
    must(p.values, "memory");
    enum { RUNS, RUNS_FLOOR, FOLDER, FOLDER_FLOOR, VECTORS, VECTORS_FLOOR, COPY, N };
    import_runs(&p);
    bench_work w[N] = {{import_runs, &p, 1, 0},    {read_runs, &p, 1, 0},
                       {read_folder, &p, 1, 0},    {read_written, &p, 1, 0},
                       {import_vectors, &p, 1, 0}, {read_vectors, &p, 1, 0},
                       {copy_vectors, &p, 1, 0}};
    bench_measure(w, N, ROUNDS, 1);
    double runs = (double)p.runs_bytes / 1e6, vectors = (double)p.vectors_bytes / 1e6;
    bench_open(&b, "import", NULL);
    record(&b, "long form: JSON lines of text into a folder", runs, &w[RUNS], &w[RUNS_FLOOR],
           "counting line ends", GOAL);
    record(&b, "reading that folder", written_bytes(&p) / 1e6, &w[FOLDER], &w[FOLDER_FLOOR],
           "counting line ends", GOAL);
    record(&b, "embeddings: JSON lines of floats into embeddings.npy", vectors, &w[VECTORS],
           &w[VECTORS_FLOOR], "counting line ends", (double)NAN);
    record(&b, "embeddings, beside copying what they become", vectors, &w[VECTORS], &w[COPY],
           "memcpy of the vectors", (double)NAN);
    record_peak(&b, peak);
    bench_close(&b);
    free(p.values);
    remove_all(&p);
    return 0;
}
