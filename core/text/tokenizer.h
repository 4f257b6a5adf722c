/* SPDX-License-Identifier: MIT
 *
 * Tokenisers: text -> ids of a vocabulary and back, exactly as Hugging Face `tokenizers` computes them from a
 * tokenizer.json (WordPiece, byte-level BPE, Unigram), from a vocab.txt, or from the vocabulary of a GGUF file.
 * Read-only once built, so any number of threads may encode at once; what a call needs lies in its own
 * token_room.  Invalid UTF-8 is repaired first: each maximal bad part becomes U+FFFD.
 */
#ifndef PM_TEXT_TOKENIZER_H
#define PM_TEXT_TOKENIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/threads.h"

typedef struct tokenizer tokenizer;

/* From the text of a tokenizer.json.  `name` is for messages.  Everything lives in `a` (regular expressions are
 * freed with it).  Features that we do not have are refused by name, PM_E_UNSUPPORTED; a vocabulary with
 * holes, repeated ids or merges of unknown pieces: PM_E_FORMAT. */
PM_MUST_USE pm_status tokenizer_parse(const char *text, size_t len, const char *name, arena *a,
                                      tokenizer **out, pm_err *err);

/* The tokenizer.json of it: parses back to an equal tokeniser, and Hugging Face reads it. */
void tokenizer_put(const tokenizer *t, str *out);

/* BERT's tokeniser of a vocab.txt (one piece a line), lower-casing or not. */
PM_MUST_USE pm_status tokenizer_from_vocab(const char *text, size_t len, bool lower_case, arena *a,
                                           tokenizer **out, pm_err *err);

/* Of a GGUF file (tokenizer.ggml.*): model "gpt2" (byte-level BPE; `pre` names its regular expression: "gpt-2",
 * "smollm", "llama-bpe", "qwen2", ...).  Others are refused by name. */
typedef struct tokenizer_gguf {
    const char *model, *pre;
    const pm_str *piece; /* [n] */
    const int32_t *kind; /* [n] 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte */
    size_t n;
    const pm_str *merge; /* [n_merges] "left right" */
    size_t n_merges;
    int64_t bos, eos, unknown, pad; /* -1: none */
    bool add_bos, add_eos, add_space_prefix;
} tokenizer_gguf;
PM_MUST_USE pm_status tokenizer_from_gguf(const tokenizer_gguf *g, const char *name, arena *a,
                                          tokenizer **out, pm_err *err);

/* Per-call working memory; grows, is never shared between threads.  NULL when memory is out. */
typedef struct token_room token_room;
token_room *token_room_open(void);
void token_room_close(token_room *r);

typedef struct token_options {
    size_t max;      /* most tokens, special ones counted; 0: no limit.  Longer texts are cut at the
                              right (pairs: longest first), as tokenizers' truncation does */
    bool no_special; /* leave the post-processor ([CLS], [SEP], <s> ...) out */
    bool
        special_as_text; /* special added tokens within the text are plain text, so that a prompt cannot
                              forge them */
    size_t stride;       /* unused windows overlap; 0 */
} token_options;

typedef struct tokens {     /* views into the room: valid until its next use */
    const uint32_t *id;     /* [n] */
    const uint8_t *type;    /* [n] 0, or 1 for the second text of a pair */
    const uint8_t *special; /* [n] nonzero: put there by the post-processor */
    const uint32_t *from,
        *to;              /* [n] byte range in the (repaired) text; from == to for special ones */
    const uint32_t *word; /* [n] number of the pre-tokenised word, UINT32_MAX for special ones */
    size_t n;
    size_t n_whole; /* what n would be without the limit: n < n_whole says that it was cut */
} tokens;

/* pair: NULL or the second text. */
PM_MUST_USE pm_status tokenizer_encode(const tokenizer *t, token_room *r, pm_str text,
                                       const pm_str *pair, const token_options *o, tokens *out,
                                       pm_err *err);

/* Ids back to text, appended to `out`; skip_special leaves special tokens out.  As tokenizers' decode(). */
PM_MUST_USE pm_status tokenizer_decode(const tokenizer *t, const uint32_t *id, size_t n,
                                       bool skip_special, str *out, pm_err *err);

size_t tokenizer_size(const tokenizer *t); /* highest id + 1 */
pm_str tokenizer_piece(const tokenizer *t,
                       uint32_t id); /* as in the vocabulary; ptr NULL if a hole */
bool tokenizer_find(const tokenizer *t, pm_str piece, uint32_t *id); /* added tokens too */
bool tokenizer_is_special(const tokenizer *t, uint32_t id);
size_t tokenizer_max(const tokenizer *t); /* "truncation"."max_length" of the file; 0: none */
/* Of words that begin inside another (## of WordPiece): is id a continuation?  BPE: no leading blank. */
bool tokenizer_is_continuation(const tokenizer *t, uint32_t id);

/* ---- learning a vocabulary ---- */

typedef enum vocab_kind { VOCAB_WORDPIECE = 1, VOCAB_BPE } vocab_kind;
typedef struct vocab_want {
    vocab_kind kind;
    size_t size;      /* pieces in all, special ones counted */
    size_t min_count; /* pairs seen less often are not merged; 0: 2 */
    bool lower_case;  /* WordPiece: BERT's uncased normaliser */
    const char *const
        *special; /* NULL-terminated; NULL: [PAD] [UNK] [CLS] [SEP] [MASK], or <|endoftext|> */
    size_t max_alphabet; /* WordPiece: most single characters; 0: 1000 */
    threads *pool;       /* counts words; NULL: the caller alone */
} vocab_want;
/* A tokeniser whose vocabulary is learned from texts: BERT's (WordPiece) or GPT-2's (BPE on bytes: the 256 bytes are always
 * in it), with the special tokens first, then single characters in the order of code points, then (WordPiece) those that
 * continue a word, then what merges make.
 *
 * Merges by count, equal counts by the smaller pair of ids, as WordPieceTrainer and BpeTrainer of `tokenizers` (0.23)
 * merge; where that package's own order is that of a hash table (ids of "##x" pieces, and so ties between their pairs;
 * characters as rare as the last one that max_alphabet leaves out) ours is by code point.  The same result whatever the
 * threads.  Words beyond 1,000 bytes are counted in parts; past four
 * million different words the rarest are forgotten.
 *
 * progress may be NULL; returns PM_E_CANCELED to stop.
 * Errors  PM_E_ARG: no words in the texts, a size below special tokens and characters together, special tokens
 *         that repeat or (WordPiece) lack [UNK].  PM_E_MEMORY.
 * Cost    tokenisation of the texts, then about the length of the different words times log of the pairs. */
PM_MUST_USE pm_status vocab_train(const vocab_want *w, const pm_str *text, size_t n, arena *a,
                                  tokenizer **out, pm_status (*progress)(void *arg, double done),
                                  void *arg, pm_err *err);

#endif
