/* SPDX-License-Identifier: MIT
 *
 * Training a language model: from scratch or from files, on plain text (masked or causal) or on labelled texts.
 * Deterministic: same seed, texts and options, same bytes, whatever the threads, and whether or not it was interrupted.
 */
#ifndef PM_LM_FIT_H
#define PM_LM_FIT_H

#include "lm/lm.h"
#include "nn/adamw.h"
#include "nn/graph.h"

typedef struct lm_fit_options {
    nn_goal goal;
    bool
        masked; /* GOAL_LM: masked (BERT: of the chosen pieces 80 % masked, 10 % random, 10 % kept, whole
                                  words), else causal */
    double mask_share; /* .15, of the whitespace words */
    bool
        mask_in_turn; /* for scoring in turn: words are masked from a piece of chance on, no 80 / 10 / 10 */
    nn_pool_kind pool; /* of heads */
    size_t
        max_tokens; /* a sequence; documents are cut into pieces of it, none are dropped (LM); labelled texts
                                  longer than it are cut, and counted */
    size_t batch_tokens;  /* a step, all accumulated batches together */
    size_t micro_tokens;  /* at once in memory; 0: batch_tokens, at most 8192 */
    double epochs;        /* over the data; whichever ends first with max_steps */
    uint64_t max_steps;   /* 0: no limit */
    nn_schedule schedule; /* .steps is filled in */
    nn_adamw adamw;
    double clip; /* global norm; 0: none */
    double
        tune_share; /* LM: share of documents held out for early stopping and the curve; labelled: see tune */
    uint64_t tune_every; /* steps between measurements on the tuning part; 0: steps / 20 */
    size_t
        patience; /* measurements without a better one before it stops; 0: never.  The best weights are kept */
    size_t lora_rank; /* 0: all weights learn */
    double lora_alpha;
    bool bf16_ok;
    uint64_t seed;
    const char *checkpoint;    /* path of a file to resume from and to write to, or NULL */
    double checkpoint_seconds; /* 0: 60 */
} lm_fit_options;
extern const lm_fit_options LM_FIT_DEFAULT;

typedef struct lm_fit_data {
    const pm_str *text; /* [n] */
    const pm_str *pair; /* [n] or NULL */
    size_t n;
    pm_cmat target;                      /* labelled goals: [n x n_outputs] */
    const float *weight;                 /* [n] or NULL */
    const pm_str *tune_text, *tune_pair; /* [n_tune] or NULL; labelled goals */
    size_t n_tune;
    pm_cmat tune_target;
} lm_fit_data;

typedef struct lm_fit_watch { /* all may be NULL */
    /* After every step or so: what is done in [0, 1], the running loss, tokens a second, seconds left.  PM_E_CANCELED
     * stops, after a checkpoint. */
    pm_status (*progress)(void *arg, double done, double loss, double tokens_per_second,
                          double seconds_left);
    /* A point of a curve ("train_loss", "tune_loss", "rate") at a step: the same points for the same bytes. */
    void (*point)(void *arg, const char *curve, double step, double value);
    void *arg;
} lm_fit_watch;

typedef struct lm_fit_result {
    float *slab; /* in the arena: the weights (adapters merged) */
    uint64_t steps, best_step, tokens;
    double loss, tune_loss; /* at the best step; nats a token, or of the goal */
    bool stopped_early, resumed;
    lm_cut cut;
} lm_fit_result;

/* start [slab of the layout] is copied, not changed. */
PM_MUST_USE pm_status lm_fit(const compute *c, const nn_layout *l, const float *start,
                             const tokenizer *t, const lm_fit_data *data, const lm_fit_options *o,
                             const lm_fit_watch *watch, arena *a, lm_fit_result *out, pm_err *err);

#endif
