/* SPDX-License-Identifier: MIT
 *
 * Tokenising on one core: WordPiece and byte-level BPE, of the model files that POINTSMAN_TOKENIZERS names (paths of
 * tokenizer.json with ':' between), else of two vocabularies learned here.  Floors of the same run: the check that
 * the bytes are UTF-8, which every text must pass.
 */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "bench.h"
#include "text/tokenizer.h"
#include "text/unicode.h"
#include "texts.h"

enum { TEXTS = 2000, LEARN = 300, ROUNDS = 7, MOST = 64 << 20 };

typedef struct trial {
    const tokenizer *t;
    token_room *r;
    const bench_texts *x;
    size_t tokens, valid;
} trial;

static void encode(void *arg)
{
    trial *w = arg;
    pm_err err = PM_ERR_INIT;
    tokens out;
    w->tokens = 0;
    for (size_t i = 0; i < w->x->n; i++) {
        bench_must(tokenizer_encode(w->t, w->r, w->x->text[i], NULL, NULL, &out, &err), &err);
        w->tokens += out.n;
    }
}

static void scan(void *arg)
{
    trial *w = arg;
    for (size_t i = 0; i < w->x->n; i++)
        w->valid += unicode_valid(w->x->text[i].ptr, w->x->text[i].len);
}

static void run(bench *b, const tokenizer *t, const bench_texts *x, const char *name)
{
    trial w = {.t = t, .r = token_room_open(), .x = x};
    if (!w.r) exit(1);
    bench_work work[2] = {{encode, &w, 1, 0}, {scan, &w, 1, 0}};
    bench_measure(work, 2, ROUNDS, 1);
    bench_figure f = {.value = 1e-6 * (double)x->bytes / work[0].median,
                      .unit = "MB/s",
                      .is_rate = true,
                      .floor = 1e-6 * (double)x->bytes / work[1].median,
                      .floor_is = "check of UTF-8",
                      .goal = 20,
                      .n = ROUNDS};
    snprintf(f.what, sizeof f.what, "%.40s: %.1f bytes a token, %s", name,
             (double)x->bytes / (double)w.tokens, x->what);
    bench_record(b, &f);
    token_room_close(w.r);
}

static void learned(bench *b, arena *a, const bench_texts *x, vocab_kind kind, const char *name)
{
    pm_err err = PM_ERR_INIT;
    tokenizer *t = NULL;
    const vocab_want want = {.kind = kind, .size = 8000, .lower_case = true};
    bench_must(vocab_train(&want, x->text, x->n < LEARN ? x->n : LEARN, a, &t, NULL, NULL, &err),
               &err);
    run(b, t, x, name);
}

static void of_file(bench *b, arena *a, const bench_texts *x, const char *path)
{
    pm_err err = PM_ERR_INIT;
    str text = STR_INIT;
    tokenizer *t = NULL;
    bench_must(io_read(path, MOST, &text, &err), &err);
    bench_must(tokenizer_parse(text.at, text.len, path, a, &t, &err), &err);
    run(b, t, x, path);
    str_close(&text);
}

int main(void)
{
    bench b;
    arena *a = arena_open(0);
    const char *files = getenv("POINTSMAN_TOKENIZERS");
    bench_texts x = bench_texts_open(a, TEXTS);
    bench_open(&b, "tokens", NULL);
    if (!files || !*files) {
        learned(&b, a, &x, VOCAB_WORDPIECE, "WordPiece, 8,000 learned");
        learned(&b, a, &x, VOCAB_BPE, "byte-level BPE, 8,000 learned");
    }
    for (const char *at = files; at && *at;) {
        size_t len = strcspn(at, ":");
        of_file(&b, a, &x, arena_strndup(a, at, len));
        at += len + (at[len] == ':');
    }
    bench_close(&b);
    arena_close(a);
    return 0;
}
