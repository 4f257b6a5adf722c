/* SPDX-License-Identifier: MIT
 *
 * Texts for benchmarks: a real prompts file where POINTSMAN_CORPUS names its folder, else made-up words.
 */
#ifndef PM_BENCH_TEXTS_H
#define PM_BENCH_TEXTS_H

#include "base/mem.h"
#include "bench.h"

typedef struct bench_texts {
    pm_str *text;
    uint32_t *domain; /* hash of its label; generated: the topic */
    size_t n, bytes;
    const char *what; /* "generated" or "prompts.jsonl" */
} bench_texts;

/* At most `most` texts, in the order of the file; generated ones have about 550 characters: words drawn after
 * Zipf's law from one vocabulary that all share and one of the text's topic. */
bench_texts bench_texts_open(arena *a, size_t most);

#endif
