/* SPDX-License-Identifier: MIT
 *
 * Inference: packed weights, a packed batch of sequences without padding, no allocation after warm-up.  The
 * engine is read-only once built; each caller brings a room.  What a sequence gives does not depend, to the
 * bit, on the batch it is in nor on the threads.
 */
#ifndef PM_NN_ENGINE_H
#define PM_NN_ENGINE_H

#include "nn/source.h"

typedef enum nn_precision {
    NN_EXACT = 1, /* float32 throughout */
    NN_FAST, /* bfloat16 products where the CPU is faster so (AMX, AMD's AVX512-BF16), else float32 */
    NN_BYTES /* int8 weights and activations where they keep the meaning: attention's output and the way into the inner
              * layer, whose columns are evened out by the norm before it if that follows a layer; the rest as NN_FAST */
} nn_precision;

typedef struct nn_engine nn_engine;
/* Everything in `a`.  w and what it reads from must live as long (embeddings are looked up there).  c->pool packs. */
PM_MUST_USE pm_status nn_engine_build(const compute *c, arena *a, const nn_weights *w,
                                      nn_precision p, nn_engine **out, pm_err *err);
size_t nn_engine_bytes(const nn_engine *e); /* packed */

typedef struct nn_batch { /* n sequences back to back */
    size_t n;
    const uint32_t *start; /* [n + 1]; each sequence has 1 .. n_positions tokens */
    const uint32_t *id;    /* [start[n]] < n_vocab */
    const uint8_t *type;   /* [start[n]] or NULL: zeros */
} nn_batch;

/* Working memory of one caller, for any engine; grows when a batch asks for more, else allocates nothing.  NULL when
 * memory is out. */
typedef struct nn_room nn_room;
nn_room *nn_room_open(void);
void nn_room_close(nn_room *r);

/* Last hidden states, after the final norm: *out [tokens x width] lives in the room until its next use.  pool NULL: the
 * caller alone.  PM_E_ARG names a sequence that is empty or too long and an id beyond the vocabulary. */
PM_MUST_USE pm_status nn_hidden(const nn_engine *e, threads *pool, nn_room *r, const nn_batch *b,
                                pm_mat *out, pm_err *err);

/* Nats of chosen tokens under the language-model head, without a matrix of all logits: for entry t, -log p(target[t] |
 * hidden state row at[t]).  best [n] or NULL: the likeliest id.  at ascending. */
typedef struct nn_asked {
    size_t n;
    const uint32_t *at, *target;
} nn_asked;
PM_MUST_USE pm_status nn_nats(const nn_engine *e, threads *pool, nn_room *r, pm_cmat hidden,
                              const nn_asked *asked, double *nats, uint32_t *best, pm_err *err);
/* logits [rows x n_vocab] of hidden rows; for tests and for the last token of generation. */
PM_MUST_USE pm_status nn_logits(const nn_engine *e, threads *pool, nn_room *r, pm_cmat hidden,
                                pm_mat out, pm_err *err);

/* Pooled texts: out [n x width]. */
typedef enum nn_pool_kind {
    NN_POOL_MEAN = 1,
    NN_POOL_FIRST,
    NN_POOL_LAST,
    NN_POOL_POOLER
} nn_pool_kind;
PM_MUST_USE pm_status nn_pool(const nn_engine *e, threads *pool, nn_room *r, const nn_batch *b,
                              pm_cmat hidden, nn_pool_kind kind, bool normalise, pm_mat out,
                              pm_err *err);
/* The classification or regression head: out [n x n_outputs] of pooled texts [n x width] (before any activation). */
PM_MUST_USE pm_status nn_outputs(const nn_engine *e, nn_room *r, pm_cmat pooled, pm_mat out,
                                 pm_err *err);

/* ---- decoding with a cache of keys and values ---- */
typedef struct nn_cache nn_cache;
PM_MUST_USE pm_status nn_cache_open(const nn_engine *e, size_t max_tokens, nn_cache **out,
                                    pm_err *err);
void nn_cache_close(nn_cache *k);
void nn_cache_cut(nn_cache *k, size_t n); /* keeps the first n tokens */
size_t nn_cache_len(const nn_cache *k);
/* Feeds n tokens after what the cache holds; hidden [n x width] in the room.  Same bits as nn_hidden of the whole
 * sequence at those rows. */
PM_MUST_USE pm_status nn_extend(const nn_engine *e, threads *pool, nn_room *r, nn_cache *k,
                                const uint32_t *id, size_t n, pm_mat *hidden, pm_err *err);

/* How to pick the next token from logits [n_vocab]: greedy when temperature is 0; else top_k (0: all), then top_p
 * (nucleus, Holtzman et al. 2020), then a draw with uniform u. */
typedef struct nn_sampling {
    double temperature, top_p;
    size_t top_k;
} nn_sampling;
uint32_t nn_sample(const nn_sampling *s, float *logits, size_t n, double u);

#endif
