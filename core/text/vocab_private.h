/* SPDX-License-Identifier: MIT
 *
 * The parts of learning a vocabulary: a bag of counted words, and the merges of pairs of symbols.  What splits texts into
 * words and what a tokeniser is made of is not here (tokenizer_private.h).
 */
#ifndef PM_TEXT_VOCAB_PRIVATE_H
#define PM_TEXT_VOCAB_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "base/threads.h"
#include "text/tokenizer.h"

/* ---- words and how often they occur: open addressing on the heap ---- */

typedef struct vocab_word {
    uint64_t count;
    size_t at; /* in bytes */
    uint32_t len, hash;
} vocab_word;
typedef struct vocab_bag {
    vocab_word *word; /* [n] in the order of their first occurrence */
    size_t n, word_room;
    char *bytes;
    size_t used, byte_room;
    uint32_t *slot; /* [slots] 1 + index of a word, 0: free */
    size_t slots;
} vocab_bag;

void vocab_bag_close(vocab_bag *b);
void vocab_bag_clear(vocab_bag *b); /* keeps its room */
/* Adds `count` to a word; *index (may be NULL) is its number.  False when memory is out or there are 2^32 words. */
bool vocab_bag_add(vocab_bag *b, const char *word, size_t len, uint64_t count, uint32_t *index);
bool vocab_bag_find(const vocab_bag *b, const char *word, size_t len, uint32_t *index);
/* Forgets words counted `least` times or less. */
void vocab_bag_prune(vocab_bag *b, uint64_t least);
static inline pm_str vocab_bag_at(const vocab_bag *b, size_t i)
{
    return (pm_str){b->bytes + b->word[i].at, b->word[i].len};
}

/* ---- progress: done in [from, from + share] of the whole ---- */

typedef struct vocab_told {
    pm_status (*progress)(void *arg, double done);
    void *arg;
    double from, share;
} vocab_told;
PM_MUST_USE pm_status vocab_tell(const vocab_told *t, double done, pm_err *err);

/* Adds the words of texts to `out`, as the normaliser and the pre-tokeniser of t make them (byte-level ones: raw bytes).
 * Words of more than 1,000 bytes are counted in parts; beyond four million words the rarest are forgotten. */
PM_MUST_USE pm_status vocab_count(const tokenizer *t, threads *pool, const pm_str *text, size_t n,
                                  const vocab_told *told, vocab_bag *out, pm_err *err);

/* ---- merges ---- */

typedef struct vocab_merge {
    uint32_t left, right, made;
} vocab_merge;

typedef struct vocab_merger vocab_merger;
/* Words as symbols: word w has symbols [start[w], start[w + 1]) of symbol, which is rewritten in place. */
typedef struct vocab_words {
    uint32_t *symbol;
    size_t *start;         /* [n + 1] */
    const uint64_t *count; /* [n] */
    size_t n;
} vocab_words;
PM_MUST_USE pm_status vocab_merger_open(const vocab_words *words, vocab_merger **out, pm_err *err);
void vocab_merger_close(vocab_merger *m);
/* The pair that is merged next, if any occurs at least min_count times: the most frequent one, of equals that of the
 * smallest (left, right). */
bool vocab_merger_next(vocab_merger *m, uint64_t min_count, uint32_t *left, uint32_t *right);
/* Merges that pair into symbol `made` where it was counted. */
PM_MUST_USE pm_status vocab_merger_do(vocab_merger *m, uint32_t made, pm_err *err);

#endif
