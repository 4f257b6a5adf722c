/* SPDX-License-Identifier: MIT
 *
 * What the files of the inference engine share: packed layers, rooms of callers, and teams, which run the stages of
 * a forward pass with one wake-up of the pool instead of one a stage.  Private to core/nn/engine_*.c.
 */
#ifndef PM_NN_ENGINE_OWN_H
#define PM_NN_ENGINE_OWN_H

#include <stdatomic.h>

#include "nn/engine.h"

typedef struct engine_norm {
    const float *gain, *shift; /* shift NULL: none */
} engine_norm;

typedef struct engine_layer {
    linear qkv; /* q, k and v stacked */
    linear o, gate, up, down;
    engine_norm norm_1, norm_2;
} engine_layer;

struct nn_engine {
    const compute *c;
    nn_config config;
    nn_weights weights;
    nn_precision precision;
    size_t tokens;          /* parameter of the token embedding */
    const float *positions; /* [n_positions x width], offset taken off; NULL: rotary */
    const float *types;     /* [n_types x width] or NULL */
    const float *rope;      /* [n_positions x head_dim] or NULL */
    engine_norm embed_norm, final_norm;
    engine_layer *layer;
    linear lm_dense, lm_out;
    engine_norm lm_norm;
    linear pooler, head_dense, head_out;
    size_t bytes;
};

/* Columns of what q, k and v give, and of queries and of keys alone. */
static inline size_t engine_q_cols(const nn_engine *e)
{
    return e->config.n_heads * e->config.head_dim;
}
static inline size_t engine_kv_cols(const nn_engine *e)
{
    return e->config.n_kv_heads * e->config.head_dim;
}

/* x becomes its norm, of the config's kind. */
void engine_normalise(const nn_engine *e, const engine_norm *n, pm_cmat x, pm_mat out);

/* ---- rooms ---- */

struct nn_room {
    void *hidden, *scratch; /* hidden states outlive the calls that read them */
    size_t hidden_bytes, scratch_bytes;
};

/* Cuts a block into aligned pieces; with at NULL it only adds sizes up. */
typedef struct carver {
    char *at;
    size_t used;
    bool overflow;
} carver;
void *carve(carver *k, size_t count, size_t bytes);
/* At least so many bytes; contents are lost when they grow.  False: memory is out. */
bool room_hidden(nn_room *r, size_t count, size_t bytes);
bool room_scratch(nn_room *r, const carver *k);

/* ---- teams ---- */

/* Stages that several workers run in step: each runs the same code and meets the same stages in order; blocks of a
 * stage are handed out, and nobody goes on before all of them are done.  Who comes late finds finished stages and
 * passes them; so a team needs no fixed number of members. */
typedef struct team_stage {
    _Alignas(64) atomic_size_t next;
    atomic_size_t done;
} team_stage;

typedef struct team_member {
    team_stage *stage; /* NULL: alone */
    size_t at;
    int worker;
} team_member;

typedef void (*team_body)(void *arg, size_t lo, size_t hi, int worker);
void team_for(team_member *m, size_t n, size_t grain, team_body body, void *arg);

/* ---- passes: sequences through the layers ---- */

typedef struct engine_pass {
    const nn_engine *e;
    size_t n;              /* sequences */
    const uint32_t *start; /* [n + 1]; rows of x are tokens start[0] .. start[n] of the batch */
    pm_mat x;
    const uint32_t *position; /* of each row */
    nn_cache *cache;          /* of the one sequence, or NULL */
    size_t wanted;            /* blocks of a product, for the threads to share */
    float *qkv, *att, *mid, *normed;
    char *room; /* one of room_each for every worker */
    size_t room_each;
} engine_pass;

enum { ENGINE_PANEL = 512 }; /* rows that go through the inner layer together */

/* Cuts the buffers of passes with so many rows at most, for `workers` workers; n_k: most keys of one sequence. */
void pass_carve(const nn_engine *e, carver *k, size_t rows, size_t n_k, size_t workers,
                engine_pass *out);
size_t pass_stages(const nn_engine *e, size_t rows); /* most stages of a pass */
void pass_run(const engine_pass *p, team_member *m);

/* Runs one pass with everybody in the pool. */
void pass_together(const engine_pass *p, threads *pool, team_stage *stage);

struct nn_cache {
    const nn_engine *e;
    size_t len, most;
    float *k, *v; /* [n_layers x most x kv columns] */
};

/* Rows [lo, hi) of out become embeddings of id at those positions (type NULL: zeros), normed if the config says so. */
PM_MUST_USE pm_status engine_embed(const nn_engine *e, const uint32_t *id, const uint8_t *type,
                                   const uint32_t *position, size_t lo, size_t hi, pm_mat out,
                                   pm_err *err);
PM_MUST_USE pm_status engine_check_ids(const nn_engine *e, const uint32_t *id, const uint8_t *type,
                                       size_t n, pm_err *err);

#endif
