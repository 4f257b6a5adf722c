/* SPDX-License-Identifier: MIT
 *
 * Speed of the JSON lines reader on text rows, beside two floors measured in the same run on the same
 * file: counting line ends in blocks with memchr, and getline.
 * Usage: bench_jsonl [MEGABYTES]
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "bench.h"
#include "data/jsonl.h"

enum { ROUNDS = 5, BLOCK = 1 << 18, GOAL = 400 };

/* Rows like those of real prompts: words, a line break in ten, quotes, one accent in a hundred words. */
static size_t make_rows(FILE *file, size_t bytes)
{
    size_t written = 0;
    for (uint64_t i = 0; written < bytes; i++) {
        uint64_t words = 10 + rng_below(1, 0, i, 300);
        written += (size_t)fprintf(file, "{\"id\": \"set/part/%06llu\", \"prompt\": \"",
                                   (unsigned long long)i);
        for (uint64_t w = 0; w < words; w++) {
            static const char *const ends[] = {" ", " ",  " ",  " ",   " ",
                                               " ", ", ", ". ", "\\n", "\\n"};
            uint64_t r = rng_bits(1, 1, i * 400 + w);
            size_t len = 2 + r % 9;
            fwrite(&"abcdefghijklmnopqrstuvwxyz"[(r >> 8) % 16], 1, len, file);
            const char *end = (r >> 16) % 100 == 0   ? "\xc3\xa9 "
                              : (r >> 16) % 100 == 1 ? "\\\" "
                                                     : ends[(r >> 32) % 10];
            fputs(end, file);
            written += len + strlen(end);
        }
        written += (size_t)fprintf(file,
                                   "\", \"domain\": \"set/part\", \"split\": \"train\", "
                                   "\"tokens_in\": %llu}\n",
                                   (unsigned long long)words);
    }
    return written;
}

typedef struct reading {
    const char *path;
    size_t lines;
} reading;

static void read_blocks(void *arg)
{
    static char block[BLOCK];
    reading *r = arg;
    FILE *file = fopen(r->path, "rb");
    size_t got;
    r->lines = 0;
    while (file && (got = fread(block, 1, BLOCK, file)) > 0)
        for (char *p = block; (p = memchr(p, '\n', (size_t)(block + got - p))); p++) r->lines++;
    if (file) fclose(file);
}

static void read_lines(void *arg)
{
    reading *r = arg;
    FILE *file = fopen(r->path, "rb");
    char *line = NULL;
    size_t room = 0;
    r->lines = 0;
    while (file && getline(&line, &room, file) > 0) r->lines++;
    free(line);
    if (file) fclose(file);
}

static void read_jsonl(void *arg)
{
    reading *r = arg;
    pm_err err = PM_ERR_INIT;
    jsonl *j;
    const jsonl_field *f;
    size_t n, text = 0;
    r->lines = 0;
    bench_must(jsonl_open(r->path, 0, &j, &err), &err);
    while (jsonl_next(j, &f, &n, &err) == PM_OK && f) {
        const jsonl_field *prompt = jsonl_find(f, n, "prompt");
        text += prompt ? prompt->text.len : 0;
        r->lines++;
    }
    jsonl_close(j);
    bench_must(text ? err.status : PM_E_FORMAT, &err);
}

static void record(bench *out, double mb, const bench_work *w, const bench_work *floor,
                   const char *floor_is)
{
    bench_figure f = {.value = mb / w->median,
                      .unit = "MB/s",
                      .is_rate = true,
                      .floor = mb / floor->median,
                      .floor_is = floor_is,
                      .goal = GOAL,
                      .n = ROUNDS};
    snprintf(f.what, sizeof f.what, "text rows, every field decoded, beside %s", floor_is);
    bench_record(out, &f);
}

int main(int argc, char **argv)
{
    size_t megabytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 100;
    const char *base = getenv("TMPDIR");
    char path[512];
    snprintf(path, sizeof path, "%.400s/bench_jsonl.XXXXXX", base && base[0] ? base : "/tmp");
    int fd = mkstemp(path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");
    if (!file || megabytes == 0 || megabytes > 10000) {
        fputs("usage: bench_jsonl [MEGABYTES]; needs room in $TMPDIR or /tmp\n", stderr);
        return 2;
    }
    size_t bytes = make_rows(file, megabytes * 1000000);
    if (fclose(file) != 0) perror(path);
    enum { BLOCKS, LINES, JSONL, N };
    reading r[N] = {{path, 0}, {path, 0}, {path, 0}};
    bench_work w[N] = {{read_blocks, &r[BLOCKS], 1, 0},
                       {read_lines, &r[LINES], 1, 0},
                       {read_jsonl, &r[JSONL], 1, 0}};
    bench_measure(w, N, ROUNDS, 1);
    remove(path);
    if (r[BLOCKS].lines != r[JSONL].lines || r[LINES].lines != r[JSONL].lines) {
        fprintf(stderr, "bench_jsonl: %zu, %zu and %zu rows\n", r[BLOCKS].lines, r[LINES].lines,
                r[JSONL].lines);
        return 1;
    }
    bench out;
    bench_open(&out, "jsonl", NULL);
    record(&out, (double)bytes / 1e6, &w[JSONL], &w[LINES], "getline alone");
    record(&out, (double)bytes / 1e6, &w[JSONL], &w[BLOCKS], "counting line ends");
    bench_close(&out);
    return 0;
}
