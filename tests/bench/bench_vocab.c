/* SPDX-License-Identifier: MIT
 *
 * Learning vocabularies of 16,000 pieces, WordPiece and byte-level BPE, on all threads, from texts of POINTSMAN_CORPUS or
 * made-up ones (see texts.h).  Floor of the same run: reading the texts once.
 */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "text/tokenizer.h"
#include "texts.h"

enum { PIECES = 16000, ROUNDS = 3, MOST = 60000 };

typedef struct trial {
    bench_texts texts;
    vocab_want want;
    uint64_t sum;
    size_t pieces;
} trial;

static void learn(void *arg)
{
    trial *t = arg;
    arena *a = arena_open(0);
    tokenizer *made = NULL;
    pm_err err = PM_ERR_INIT;
    if (!a) exit(1);
    bench_must(vocab_train(&t->want, t->texts.text, t->texts.n, a, &made, NULL, NULL, &err), &err);
    t->pieces = tokenizer_size(made);
    arena_close(a);
}

static void read_all(void *arg)
{
    trial *t = arg;
    for (size_t i = 0; i < t->texts.n; i++)
        for (size_t k = 0; k < t->texts.text[i].len; k++)
            t->sum += (unsigned char)t->texts.text[i].ptr[k];
}

int main(void)
{
    static const char *const name[] = {"", "WordPiece", "byte-level BPE"};
    compute c;
    pm_err err = PM_ERR_INIT;
    arena *room = arena_open(0);
    bench b;
    bench_must(compute_open(0, &c, &err), &err);
    bench_open(&b, "vocab", &c);
    const bench_texts texts = bench_texts_open(room, MOST);
    for (int kind = VOCAB_WORDPIECE; kind <= VOCAB_BPE; kind++) {
        trial t = {.texts = texts};
        t.want = (vocab_want){
            .kind = (vocab_kind)kind, .size = PIECES, .lower_case = true, .pool = c.pool};
        bench_work w[] = {{learn, &t, 1, 0}, {read_all, &t, 1, 0}};
        bench_measure(w, 2, ROUNDS, 1);
        const double mb = (double)texts.bytes / 1e6;
        bench_figure f = {.value = mb / w[0].median,
                          .unit = "MB/s",
                          .is_rate = true,
                          .floor = mb / w[1].median,
                          .floor_is = "one core reads the texts",
                          .goal = 5,
                          .n = ROUNDS};
        snprintf(f.what, sizeof f.what, "%s, %zu pieces of %.1f MB (%s)", name[kind], t.pieces, mb,
                 texts.what);
        bench_record(&b, &f);
    }
    bench_close(&b);
    compute_close(&c);
    arena_close(room);
    return 0;
}
