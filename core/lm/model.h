/* SPDX-License-Identifier: MIT
 *
 * Private to the floor: what a language model is made of, and the room of a call.
 */
#ifndef PM_LM_MODEL_H
#define PM_LM_MODEL_H

#include "lm/lm.h"

struct lm {
    const compute *c;
    arena *a;
    const char *name;
    nn_config config;
    nn_layout layout;
    nn_source *source; /* NULL: weights lie in a slab */
    nn_weights weights;
    const tokenizer *tok;
    nn_engine *engine;
    size_t max_tokens;
    nn_precision precision;
    nn_pool_kind pooling;
    const char *chat; /* template text of the files, or NULL */
};

typedef struct lm_seq { /* a sequence of the room's `id` */
    size_t at;          /* first token in room->id */
    uint32_t n;
    uint32_t owner;             /* whose: text number, or text * draws + draw */
    uint32_t ask, n_ask;        /* in room->ask */
    uint32_t part_at, reserved; /* free for callers */
} lm_seq;

typedef struct lm_ask { /* one token whose nats are wanted */
    uint32_t at;        /* in its sequence: row whose hidden state predicts it */
    uint32_t target;
    uint32_t span; /* of the text: parts */
    double weight; /* of its nats in the text's */
} lm_ask;

struct lm_room {
    token_room *tok;
    nn_room *nn;
    uint32_t *id; /* of all sequences gathered */
    uint8_t *type;
    size_t n_id, cap_id, cap_type;
    lm_seq *seq;
    size_t n_seq, cap_seq;
    lm_ask *ask;
    size_t n_ask, cap_ask;
    uint32_t *order; /* of sequences: longest first */
    size_t cap_order;
    uint32_t *start, *batch_id, *at, *target, *best;
    uint8_t *batch_type;
    double *nats;
    size_t cap_start, cap_batch, cap_batch_type, cap_at, cap_target, cap_best, cap_nats;
    uint8_t *masked; /* words of the text in hand */
    double *weight;  /* of its bytes */
    size_t cap_masked, cap_weight;
    str text;
};

/* Most tokens of one batch; results do not depend on it. */
#define LM_BATCH_TOKENS ((size_t)8192)
/* Sequences are gathered until there are so many tokens, then sorted and run. */
#define LM_GATHER_TOKENS ((size_t)1 << 17)

void lm_gather_begin(lm_room *r);
/* A sequence of n tokens; type NULL: zeros.  Its asked tokens are added by lm_gather_ask right after. */
PM_MUST_USE pm_status lm_gather(lm_room *r, const uint32_t *id, const uint8_t *type, size_t n,
                                uint32_t owner, pm_err *err);
/* More tokens at the end of the last sequence. */
PM_MUST_USE pm_status lm_gather_more(lm_room *r, const uint32_t *id, size_t n, pm_err *err);
PM_MUST_USE pm_status lm_gather_ask(lm_room *r, const lm_ask *ask, pm_err *err);

/* Sorts what was gathered by length and runs it in batches: `take` sees each batch's hidden states. */
typedef struct lm_ran {
    const nn_batch *batch;
    const uint32_t *seq; /* [batch->n] numbers in room->seq */
    pm_cmat hidden;
} lm_ran;
typedef pm_status (*lm_take)(void *arg, const lm_ran *ran, pm_err *err);
PM_MUST_USE pm_status lm_run(const lm *m, threads *pool, lm_room *r, lm_take take, void *arg,
                             pm_err *err);

/* What a text became: adds to `cut`. */
void lm_count_cut(lm_cut *cut, const tokens *t);

#endif
