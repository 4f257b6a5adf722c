/* SPDX-License-Identifier: MIT
 *
 * Texts for benchmarks; see texts.h.
 */
#include "config.h"

#include "texts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/rng.h"
#include "data/corpus.h"
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

static bool from_prompts(arena *a, const char *folder, bench_texts *out, size_t most)
{
    char path[LONGEST];
    jsonl *j = NULL;
    const jsonl_field *f = NULL;
    size_t fields = 0;
    pm_err err = PM_ERR_INIT;
    snprintf(path, sizeof path, "%.1000s/prompts.jsonl", folder);
    if (access(path, F_OK) != 0) return false;
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
    out->what = "prompts.jsonl";
    return out->n > 0;
}

/* Cuts at most `most` pieces of LENGTH bytes, between characters, in an order of chance: every domain has its share. */
static void cut_documents(const corpus_text *from, bench_texts *out, size_t most, arena *a)
{
    size_t n = 0;
    for (size_t d = 0; d < from->n_documents; d++) n += from->document[d].text.len / LENGTH + 1;
    bench_texts all = {arena_alloc(a, n, sizeof(pm_str)), arena_alloc(a, n, sizeof(uint32_t)), 0, 0,
                       "corpus"};
    if (!all.text || !all.domain) exit(1);
    for (size_t d = 0; d < from->n_documents; d++) {
        pm_str t = from->document[d].text;
        for (size_t at = 0, end; at + LENGTH / 2 < t.len; at = end) {
            end = at + LENGTH < t.len ? at + LENGTH : t.len;
            while (end < t.len && ((unsigned char)t.ptr[end] & 0xC0) == 0x80) end--;
            all.domain[all.n] = from->document[d].domain;
            all.text[all.n++] = (pm_str){t.ptr + at, end - at};
        }
    }
    for (; out->n < most && out->n < all.n; out->n++) { /* the rest of a shuffle */
        size_t other = out->n + (size_t)rng_below(4, 0, out->n, (uint32_t)(all.n - out->n));
        out->text[out->n] = all.text[other];
        out->domain[out->n] = all.domain[other];
        all.text[other] = all.text[out->n];
        all.domain[other] = all.domain[out->n];
    }
    out->what = all.what;
}

static void from_corpus(arena *a, const char *folder, bench_texts *out, size_t most)
{
    corpus_spec spec = CORPUS_SPEC_DEFAULT;
    corpus_text text;
    pm_err err = PM_ERR_INIT;
    spec.min_domains = 1;
    bench_must(corpus_read(folder, &spec, a, &text, &err), &err);
    cut_documents(&text, out, most, a);
}

bench_texts bench_texts_open(arena *a, size_t most)
{
    const char *folder = getenv("POINTSMAN_CORPUS");
    struct stat kind;
    bench_texts out = {arena_alloc(a, most, sizeof(pm_str)), arena_alloc(a, most, sizeof(uint32_t)),
                       0, 0, "generated"};
    if (!out.text || !out.domain) exit(1);
    bool file = folder && stat(folder, &kind) == 0 && S_ISREG(kind.st_mode);
    if (file) fprintf(stderr, "POINTSMAN_CORPUS is a file, not a folder: generated texts\n");
    if (folder && *folder && !file && !from_prompts(a, folder, &out, most))
        from_corpus(a, folder, &out, most);
    while (out.n < most && strcmp(out.what, "generated") == 0) {
        out.text[out.n] = made(a, out.n);
        out.domain[out.n] = topic_of(out.n);
        out.n++;
    }
    for (size_t i = 0; i < out.n; i++) out.bytes += out.text[i].len;
    return out;
}
