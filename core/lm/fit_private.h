/* SPDX-License-Identifier: MIT
 *
 * The parts of lm_fit: texts as sequences, masks, batches, the state that is saved, the checkpoint file.
 */
#ifndef PM_LM_FIT_PRIVATE_H
#define PM_LM_FIT_PRIVATE_H

#include "lm/fit.h"

/* ---- texts as sequences (fit_data.c) ---- */

/* Sequence s has tokens [start[s], start[s + 1]).  Causal: one more token lies after the last, a target. */
typedef struct fit_set {
    uint32_t *id;
    uint32_t *word; /* number of its whitespace word, LM_NO_WORD for special tokens; masked only */
    uint8_t *type;
    size_t tokens;
    size_t *start; /* [n + 1] */
    size_t n;
    size_t id_room, word_room, type_room, start_room;
} fit_set;

typedef struct fit_job { /* what does not change during a fit */
    const compute *c;
    const nn_layout *l;
    const tokenizer *t;
    const lm_fit_data *data;
    lm_fit_options o; /* defaults filled in */
    const lm_fit_watch *watch;
    fit_set train, tune;
    uint32_t mask_id, separator; /* UINT32_MAX: none */
    lm_cut cut;
    uint64_t mask_seed, order_seed, drop_seed;
    size_t positions; /* sequences in all epochs together */
    uint64_t steps;
    size_t most_tokens, most_sequences; /* of a micro batch, tuning counted */
} fit_job;

/* ---- options (fit_options.c) ---- */

PM_MUST_USE pm_status fit_check(fit_job *j, pm_err *err); /* fills in defaults */
void fit_schedule(fit_job *j);                            /* what depends on the number of steps */

PM_MUST_USE pm_status fit_data_read(fit_job *j, pm_err *err);
void fit_data_close(fit_job *j);
static inline size_t fit_len(const fit_set *s, size_t i)
{
    return s->start[i + 1] - s->start[i];
}

/* ---- masks (fit_mask.c) ---- */

#define FIT_TUNE_EPOCH UINT32_MAX /* masks of the tuning part: always the same */
typedef struct fit_mask {         /* of one sequence; room for its length */
    uint32_t *id;                 /* [len] in: its tokens; out: what the model sees */
    uint32_t *at, *target;        /* out: positions within it, ascending, and what was there */
    uint8_t *masked;              /* scratch [len]: words */
} fit_mask;
/* The mask_share of its words (at least one), whole; a pure function of (mask_seed, epoch, sequence).  Returns how many tokens
 * are asked. */
size_t fit_mask_words(const fit_job *j, uint32_t epoch, size_t sequence, const uint32_t *word,
                      size_t len, const fit_mask *m);

/* ---- batches (fit_batch.c) ---- */

typedef struct fit_micro { /* a part of a batch that is computed at once */
    size_t first, n;       /* sequences of the batch */
    size_t from, tokens, asked_from, asked;
} fit_micro;
typedef struct fit_batch {
    uint32_t *sequence; /* [n] of the set */
    uint32_t *epoch;    /* [n] */
    size_t n, tokens, asked;
    double items; /* what the loss is a mean of */
    uint32_t *id, *start, *at, *target;
    uint8_t *type;
    float *goal, *weight;
    fit_micro *micro;
    size_t n_micro;
    fit_mask mask;
    size_t token_room, sequence_room;
} fit_batch;

/* Fills j->positions, steps and the largest sizes; the state's room is made after it. */
PM_MUST_USE pm_status fit_plan(fit_job *j, pm_err *err);

typedef struct fit_order { /* where sequences are drawn from: epoch after epoch */
    uint32_t *index;       /* [n] of the current epoch */
    size_t n, at;          /* next position, counted over all epochs */
    uint32_t epoch;        /* that index is of; UINT32_MAX: none yet */
} fit_order;
/* The next batch of training, or of the tuning part from sequence *at on (returns with no sequences at the end). */
void fit_batch_next(const fit_job *j, fit_order *order, fit_batch *b);
void fit_batch_tune(const fit_job *j, size_t *at, fit_batch *b);
nn_step fit_batch_step(const fit_job *j, const fit_batch *b, size_t micro, bool tune);
PM_MUST_USE pm_status fit_batch_open(const fit_job *j, arena *a, fit_batch *b, fit_order *order,
                                     pm_err *err);

/* ---- the state and its file (fit_state.c) ---- */

typedef struct fit_point {
    double curve, step, value; /* curve: index of fit_curve */
} fit_point;
extern const char *const fit_curve[3];
enum { CURVE_TRAIN, CURVE_TUNE, CURVE_RATE };

typedef struct fit_numbers { /* saved as they are: 8 bytes each */
    uint64_t step, position, tokens, best_step, worse, measured, stopped;
    double sum, sum_n; /* of losses since the last point */
    double last_loss;  /* the train_loss point before */
    double best_loss, best_tune;
} fit_numbers;

typedef struct fit_state {
    size_t n;                                   /* floats that learn */
    float *value, *mean, *square, *best, *grad; /* [n] */
    float *slab; /* [layout] weights: value itself, or frozen under adapters */
    nn_lora lora;
    bool has_lora, has_best;
    fit_numbers num;
    fit_point *point;
    size_t n_points, point_room;
    char key[65]; /* SHA-256 of options, data, layout and first weights */
} fit_state;

void fit_key(const fit_job *j, const float *start, char key[65]);
PM_MUST_USE pm_status fit_save(const fit_job *j, const fit_state *s, pm_err *err);
/* *resumed: the file was there and of this fit; a foreign or broken one is said on the log and left alone until the next
 * save. */
PM_MUST_USE pm_status fit_load(const fit_job *j, fit_state *s, bool *resumed, pm_err *err);
PM_MUST_USE pm_status fit_point_add(const fit_job *j, fit_state *s, int curve, double value,
                                    pm_err *err);

#endif
