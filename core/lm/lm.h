/* SPDX-License-Identifier: MIT
 *
 * Language models: a tokeniser, weights and what is computed with both: vectors of texts, nats of texts, answers, and
 * training.  Floor lm is the only one that sees text and nn together.  A model is built once and read-only ever
 * after; every call brings its own room.
 */
#ifndef PM_LM_LM_H
#define PM_LM_LM_H

#include "nn/engine.h"
#include "text/tokenizer.h"

typedef struct lm lm;

typedef struct lm_options {
    nn_precision precision; /* 0: NN_FAST */
    size_t
        max_tokens; /* texts are cut there; 0: what the files say (sentence_bert_config.json, tokenizer.json),
                               else n_positions */
    size_t n_outputs; /* a fresh head with so many columns; 0: the file's own, if any */
    uint64_t seed;    /* of a fresh head */
} lm_options;

/* From files: a folder (config.json, model.safetensors, tokenizer.json or vocab.txt) or a .gguf.  Lives in `a`. */
PM_MUST_USE pm_status lm_open(const compute *c, const char *path, const lm_options *o, arena *a,
                              lm **out, pm_err *err);
/* From a config, a slab of its weights (borrowed) and a tokeniser: trained models and checkpoints. */
PM_MUST_USE pm_status lm_of(const compute *c, const nn_config *config, const float *slab,
                            const tokenizer *t, const lm_options *o, arena *a, lm **out,
                            pm_err *err);
PM_MUST_USE pm_status lm_write(const lm *m, const char *dir,
                               pm_err *err); /* a folder that lm_open and transformers read */

/* The tokeniser alone of a GGUF file, built: for whoever checks files. */
PM_MUST_USE pm_status lm_gguf_tokenizer(nn_source *s, const char *name, arena *a,
                                        const tokenizer **out, pm_err *err);

const nn_config *lm_config(const lm *m);
const nn_weights *lm_weights(const lm *m);
const tokenizer *lm_tokenizer(const lm *m);
const nn_engine *lm_engine(const lm *m);
size_t lm_max_tokens(const lm *m);
nn_pool_kind lm_pooling(const lm *m); /* what the files say; NN_POOL_MEAN where they say nothing */
const char *lm_chat_template(const lm *m); /* the files' own text, or NULL */
const char *lm_name(const lm *m);

typedef struct lm_room lm_room; /* token_room, nn_room, buffers; one a caller */
lm_room *lm_room_open(void);
void lm_room_close(lm_room *r);

/* What limits did to texts: added to by every call that may cut. */
typedef struct lm_cut {
    uint64_t texts, texts_cut, tokens, tokens_cut;
} lm_cut;

/* out [n x width].  Texts are sorted into batches by length; row i depends on text i alone, to the bit.  An empty
 * text is its special tokens alone. */
PM_MUST_USE pm_status lm_embed(const lm *m, threads *pool, lm_room *r, const pm_str *text, size_t n,
                               nn_pool_kind how, bool normalise, pm_mat out, lm_cut *cut,
                               pm_err *err);
/* The head's outputs of texts (pairs: pair != NULL): out [n x n_outputs]. */
PM_MUST_USE pm_status lm_outputs(const lm *m, threads *pool, lm_room *r, const pm_str *text,
                                 const pm_str *pair, size_t n, nn_pool_kind how, pm_mat out,
                                 lm_cut *cut, pm_err *err);

/* ---- nats of texts ---- */

/* Which whitespace words of a text are masked: a pure function of (seed, id, draw) and their number, the same for every
 * model: ceil(share n) of n words (at least one), every such set as likely. */
typedef struct lm_masking {
    double share; /* .15 is BERT's */
    size_t draws; /* independent masks a text; nats are their mean */
    uint64_t seed;
    bool
        in_turn; /* pieces of a word are guessed from left to right, each knowing those before it */
} lm_masking;
/* The next whitespace word of a text from byte *at on: [*from, *at) afterwards.  False: there is none. */
bool lm_next_word(pm_str text, size_t *at, size_t *from);
/* The whitespace word that a piece belongs to: the first that its bytes [from, to) touch, counted from 0, or
 * LM_NO_WORD.  Pieces are asked in the order of the text; [w->from, w->to) is the word's place.  Begins as
 * {.text = text}. */
#define LM_NO_WORD UINT32_MAX
typedef struct lm_words {
    pm_str text;
    size_t from, to;
    uint32_t n; /* words passed, the one in hand counted */
} lm_words;
uint32_t lm_word_of(lm_words *w, size_t from, size_t to);
void lm_mask_words(const lm_masking *k, uint64_t id, size_t draw, size_t n_words, uint8_t *masked);
/* weight [text.len]: in which share of the draws the word of each byte is masked; 0 between words. */
void lm_mask_weigh(const lm_masking *k, uint64_t id, pm_str text, double *weight);

typedef struct lm_scored { /* [n] each, or NULL: not asked */
    double *
        nats; /* masked: summed over masked pieces, mean over draws; causal: of all tokens but a first one without
                        anything before it (a bos token is put first where the model has one) */
    double *pieces; /* pieces that those nats are of (mean over draws) */
    double *words;  /* whitespace words that they are of */
    double *chars;  /* code points of these */
    size_t n_parts; /* 0: not asked */
    double *
        part; /* [n x n_parts] nats of n_parts consecutive spans of the text, by code points: a piece counts where
                        it begins; each row adds up to nats */
    double *right; /* pieces whose likeliest guess is right */
} lm_scored;
/* Each piece of a masked word is replaced by the mask token (whole-word masking); pieces of other words stay.  masking
 * NULL: causal models alone, all of the text; with it they are asked for the masked words alone, and read them
 * unmasked.  Texts longer than max_tokens: causal in windows that overlap by half (every token is scored once, with at
 * least half a window before it, none are cut); masked: cut, and counted.  id [n]: of the texts. */
PM_MUST_USE pm_status lm_score(const lm *m, threads *pool, lm_room *r, const pm_str *text,
                               const uint64_t *id, size_t n, const lm_masking *masking,
                               lm_scored *out, lm_cut *cut, pm_err *err);

/* ---- answers ---- */

typedef struct lm_say {
    nn_sampling sampling;
    size_t max_new; /* most tokens of the answer */
    uint64_t seed;
    const char
        *chat; /* template by name ("chatml", "llama-3", "plain" ...); NULL: the model's own */
} lm_say;
typedef struct lm_said {
    str *text;                                /* appended to */
    size_t tokens_in, tokens_out, tokens_cut; /* cut: of the oldest turns, when they do not fit */
    bool ended;                               /* by the model's end token, not by max_new */
} lm_said;
PM_MUST_USE pm_status lm_generate(const lm *m, threads *pool, lm_room *r, const pm_turn *turn,
                                  size_t n_turns, const lm_say *how, lm_said *out, pm_err *err);

#endif
