/* SPDX-License-Identifier: MIT
 *
 * Speed of the JSON lines reader on text rows, beside two floors measured in the same run on the same
 * file: counting line ends in blocks with memchr, and getline.  One JSON line on standard output.
 * Usage: bench_jsonl [MEGABYTES]
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/rng.h"
#include "data/jsonl.h"

enum { RUNS = 5, BLOCK = 1 << 18 };

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

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

static double time_blocks(const char *path, size_t *lines)
{
    static char block[BLOCK];
    FILE *file = fopen(path, "rb");
    double start = seconds();
    size_t got;
    *lines = 0;
    while (file && (got = fread(block, 1, BLOCK, file)) > 0)
        for (char *p = block; (p = memchr(p, '\n', (size_t)(block + got - p))); p++) ++*lines;
    double took = seconds() - start;
    if (file) fclose(file);
    return took;
}

static double time_getline(const char *path, size_t *lines)
{
    FILE *file = fopen(path, "rb");
    char *line = NULL;
    size_t room = 0;
    double start = seconds();
    *lines = 0;
    while (file && getline(&line, &room, file) > 0) ++*lines;
    double took = seconds() - start;
    free(line);
    if (file) fclose(file);
    return took;
}

static double time_jsonl(const char *path, size_t *lines)
{
    pm_err err = PM_ERR_INIT;
    jsonl *j;
    double start = seconds();
    *lines = 0;
    if (jsonl_open(path, 0, &j, &err) != PM_OK) {
        fprintf(stderr, "bench_jsonl: %s\n", err_text(&err));
        exit(1);
    }
    const jsonl_field *f;
    size_t n, text = 0;
    while (jsonl_next(j, &f, &n, &err) == PM_OK && f) {
        const jsonl_field *prompt = jsonl_find(f, n, "prompt");
        text += prompt ? prompt->text.len : 0;
        ++*lines;
    }
    jsonl_close(j);
    double took = seconds() - start;
    if (err.status != PM_OK || !text) {
        fprintf(stderr, "bench_jsonl: %s\n", err_text(&err));
        exit(1);
    }
    return took;
}

static double least(double (*run)(const char *, size_t *), const char *path, size_t *lines)
{
    double best = run(path, lines);
    for (int k = 1; k < RUNS; k++) {
        double took = run(path, lines);
        if (took < best) best = took;
    }
    return best;
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
    size_t bytes = make_rows(file, megabytes * 1000000), lines[3];
    if (fclose(file) != 0) perror(path);
    double blocks = least(time_blocks, path, &lines[0]);
    double by_line = least(time_getline, path, &lines[1]);
    double parsed = least(time_jsonl, path, &lines[2]);
    remove(path);
    if (lines[0] != lines[2] || lines[1] != lines[2]) {
        fprintf(stderr, "bench_jsonl: %zu, %zu and %zu rows\n", lines[0], lines[1], lines[2]);
        return 1;
    }
    double mb = (double)bytes / 1e6;
    printf("{\"bench\": \"jsonl\", \"bytes\": %zu, \"rows\": %zu, \"mb_per_s\": %.0f, "
           "\"floor_getline_mb_per_s\": %.0f, \"floor_memchr_mb_per_s\": %.0f, \"runs\": %d}\n",
           bytes, lines[2], mb / parsed, mb / by_line, mb / blocks, RUNS);
    return 0;
}
