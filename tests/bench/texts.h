/* SPDX-License-Identifier: MIT
 *
 * Texts for benchmarks: real ones where POINTSMAN_CORPUS names a folder (its prompts.jsonl, or the documents of its
 * domains, cut), else made-up words.
 */
#ifndef PM_BENCH_TEXTS_H
#define PM_BENCH_TEXTS_H

#include "base/mem.h"
#include "bench.h"

typedef struct bench_texts {
    pm_str *text;
    uint32_t *domain; /* hash of its label; generated: the topic */
    size_t n, bytes;
    const char *what; /* "generated", "prompts.jsonl" or "corpus" */
} bench_texts;

/* At most `most` texts, in the order of prompts.jsonl, or pieces of a corpus in an order of chance; a folder that is
 * neither ends the benchmark with the reason.  Generated ones have about 550 characters: words drawn after
 * Zipf's law from one vocabulary that all share and one of the text's topic. */
bench_texts bench_texts_open(arena *a, size_t most);

#endif
