/* SPDX-License-Identifier: MIT
 *
 * Texts for benchmarks; see texts.h.
 */
#include "texts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/rng.h"
#include "data/jsonl.h"

enum { TOPICS = 200, SHARED = 20000, OWN = 2000, LENGTH = 550, LONGEST = 1024 };

/* A word of 2 to 9 letters out of syllables; the same number, the same word. */
static size_t word(uint64_t number, char *out)
{
    static const char *const part[] = {"re", "con", "ta", "ing", "st", "er",  "in", "al",
                                       "on", "de",  "mi", "es",  "or", "ver", "un", "pl"};
    size_t len = 0, parts = 1 + (size_t)rng_below(2, 0, number, 3);
    for (size_t p = 0; p < parts; p++) {
        const char *s = part[rng_below(2, 1 + (uint32_t)p, number, 16)];
        memcpy(out + len, s, strlen(s));
        len += strlen(s);
    }
    if (rng_below(2, 9, number, 3)) out[len++] = (char)('a' + rng_below(2, 10, number, 26));
    return len;
}

/* Rank r of n with probability about 1 / r. */
static uint64_t zipf(uint32_t stream, uint64_t i, size_t n)
{
    return (uint64_t)exp(rng_uniform(3, stream, i) * log((double)n)) - 1;
}

static uint32_t topic_of(uint64_t i)
{
    return (uint32_t)rng_below(3, 0, i, TOPICS);
}

static pm_str made(arena *a, uint64_t i)
{
    char *at = arena_alloc(a, LENGTH + 32, 1);
    size_t len = 0, topic = topic_of(i);
    if (!at) exit(1);
    for (uint64_t w = i * LENGTH; len < LENGTH; w++) {
        bool own = rng_uniform(3, 1, w) < 0.4;
        len += word(own ? SHARED + OWN * topic + zipf(2, w, OWN) : zipf(2, w, SHARED), at + len);
        if (rng_below(3, 4, w, 12) == 0) at[len++] = '.';
        at[len++] = rng_below(3, 5, w, 15) ? ' ' : '\n';
    }
    return (pm_str){at, len};
}

static size_t from_file(arena *a, const char *folder, bench_texts *out, size_t most)
{
    char path[LONGEST];
    jsonl *j = NULL;
    const jsonl_field *f = NULL;
    size_t fields = 0;
    pm_err err = PM_ERR_INIT;
    snprintf(path, sizeof path, "%s/prompts.jsonl", folder);
    bench_must(jsonl_open(path, 0, &j, &err), &err);
    while (out->n < most && jsonl_next(j, &f, &fields, &err) == PM_OK && f) {
        const jsonl_field *prompt = jsonl_find(f, fields, "prompt");
        if (!prompt) continue;
        const jsonl_field *domain = jsonl_find(f, fields, "domain");
        if (domain) out->domain[out->n] = (uint32_t)fnv1a(domain->text.ptr, domain->text.len);
        char *copy = arena_strndup(a, prompt->text.ptr, prompt->text.len);
        if (!copy) exit(1);
        out->text[out->n++] = (pm_str){copy, prompt->text.len};
    }
    jsonl_close(j);
    return out->n;
}

bench_texts bench_texts_open(arena *a, size_t most)
{
    const char *folder = getenv("POINTSMAN_CORPUS");
    bench_texts out = {arena_alloc(a, most, sizeof(pm_str)), arena_alloc(a, most, sizeof(uint32_t)),
                       0, 0, "generated"};
    if (!out.text || !out.domain) exit(1);
    if (folder && from_file(a, folder, &out, most) > 0) out.what = "prompts.jsonl";
    while (out.n < most && strcmp(out.what, "generated") == 0) {
        out.text[out.n] = made(a, out.n);
        out.domain[out.n] = topic_of(out.n);
        out.n++;
    }
    for (size_t i = 0; i < out.n; i++) out.bytes += out.text[i].len;
    return out;
}
